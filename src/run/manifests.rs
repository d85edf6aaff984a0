//! What manifests declare, read beside the loop for as long as the screen waits for it.

use std::sync::Arc;

use tokio::task::AbortHandle;

use crate::live::read::Reader;
use crate::manifests::Manifests;
use crate::tui::declaring::{ManifestsWanted, ReadingState};
use crate::tui::event::Event;

use super::Program;
use super::questions::Done;

/// A reading that goes on.
pub(super) struct RunningRead {
    number: u64,
    task: AbortHandle,
}

impl Program {
    /// Begins the reading that the screen waits for, and ends the one that it waits for no more.
    pub(super) fn read_manifests(&mut self) {
        let wanted = self.app.wants_manifests();
        let number = wanted.as_ref().map(|it| it.number);
        if let Some(left) = self.declaring.take_if(|it| Some(it.number) != number) {
            left.task.abort();
        }
        if let (Some(wanted), None) = (wanted, &self.declaring) {
            self.declaring = self.reading(wanted);
        }
    }

    /// Reads them; nothing before there is a connection.
    fn reading(&mut self, wanted: ManifestsWanted) -> Option<RunningRead> {
        let (number, server) = (wanted.number, self.feed.number);
        let said = move |reading| Done::Said(server, Event::Declared { number, reading });
        if let Some(documents) = self.feed.documents.clone() {
            let missing = self.feed.not_read.clone();
            let task = self.tasks.spawn_blocking(move || {
                let mut found = documents.manifests(&wanted.namespace);
                found.missing.extend(missing);
                said(ReadingState::Done(Arc::new(found)))
            });
            return Some(RunningRead { number, task });
        }
        let client = self.feed.client.clone()?;
        let tell = self.job.sender();
        let task = self.tasks.spawn(async move {
            let progress = |done, of| {
                // The loop has ended: nobody waits for it.
                let _ = tell.send(Event::Declared { number, reading: ReadingState::Progress(done, of) });
            };
            let found = Reader::new(client, wanted.namespaces).manifests_told(&progress).await;
            said(ReadingState::Done(Arc::new(found.unwrap_or_else(|fault| {
                let missing = [format!("what manifests declare cannot be read: {fault}")].into();
                Manifests { missing, ..Manifests::default() }
            }))))
        });
        Some(RunningRead { number, task })
    }
}

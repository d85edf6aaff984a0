//! What is asked in the background, of a server or of files, and how a finished task is taken in.
//!
//! A server that was left may still answer: its answer carries the server's number and is dropped.

use std::sync::Arc;
use std::time::Duration;

use crate::ask::{Fault, FaultKind};
use crate::live;
use crate::live::connect::Connected;
use crate::live::fault::LiveFault;
use crate::live::files::SourceTexts as Documents;
use crate::live::read::Reader;
use crate::model::id::ObjectId;
use crate::rbac::review::Review;
use crate::rbac::version::Version;
use crate::tui::event::{Effect, Event, FAILED};

use super::Program;
use super::feed::ServedDemo;
use super::stage::Edit;

/// What a finished task brings.
pub(super) enum Done {
    Event(Event),
    /// What one server said of itself, by the number of the server: worth nothing once another one is followed.
    Said(u64, Event),
    /// What a job came to, and how long that took.
    Job(Event, Duration),
    /// The credentials of the server of this number are taken anew.
    Renewed(u64),
    Connected(Result<Box<Connected>, LiveFault>),
    /// The stage is kept, and these words are said.
    StageKept(String),
    /// What the editor is to be given.
    ToEdit(Edit),
    Served(Result<ServedDemo, Fault>),
}

impl Program {
    /// Takes what a task brought.
    pub(super) fn done(&mut self, done: Result<Done, tokio::task::JoinError>) -> Vec<Effect> {
        self.draw_soon();
        match done {
            Ok(Done::Event(event)) => return self.app.update(event),
            Ok(Done::Said(number, event)) if number == self.feed.number => return self.app.update(event),
            Ok(Done::Said(..)) => {}
            Ok(Done::Job(event, took)) => return self.job_done(event, took),
            Ok(Done::StageKept(words)) => self.stage_kept(words),
            Ok(Done::ToEdit(edit)) => self.editing = Some(edit),
            Ok(Done::Renewed(number)) => self.read_again(number),
            Ok(Done::Connected(Ok(connected))) => self.connected(*connected),
            Ok(Done::Connected(Err(fault))) => self.tell(Event::Connection(not_connected(&fault))),
            Ok(Done::Served(Ok(ServedDemo { server, client, writer }))) => {
                self.feed.server = Some(server);
                let title = self.app.title();
                (self.feed.writer, self.feed.address) = (writer, title.clone());
                self.follow(client, Vec::new());
                self.begin_stage(&title);
            }
            Ok(Done::Served(Err(fault))) => self.tell(Event::Connection(fault.whole())),
            Err(error) if error.is_panic() => {
                self.tell(Event::Notice(FAILED.into()));
            }
            Err(_) => {}
        }
        Vec::new()
    }

    pub(super) fn fetch(&mut self, id: ObjectId) {
        if let Some(documents) = self.feed.documents.clone() {
            self.tasks.spawn_blocking(move || {
                let object = document(&documents, &id);
                Done::Event(Event::Object { id, object })
            });
            return;
        }
        let client = self.feed.client.clone();
        self.tasks.spawn(async move {
            let object = match client {
                Some(client) => live::object(&client, &id, live::ManagedFields::Kept).await.map_err(Fault::from),
                None => Err(Fault::of(FaultKind::Connection, "not connected")),
            };
            Done::Event(Event::Object { id, object })
        });
    }

    /// Asks what the server serves and of which version it is; one that does not tell is read with Kubernetes' own
    /// names, and what its version decides stays open.
    pub(super) fn inquire(&mut self) {
        let (Some(client), number) = (self.feed.client.clone(), self.feed.number) else { return };
        let reader = Reader::new(client, Vec::new());
        let other = reader.clone();
        self.tasks.spawn(async move {
            let version = other.server_version().await.as_deref().and_then(Version::parse);
            Done::Said(number, Event::Version(version))
        });
        self.tasks.spawn(async move {
            let event = match reader.served().await {
                Ok(served) => Event::Served(Arc::new(served)),
                Err(fault) => Event::Failed(Fault::from(fault).about("what the server serves is not known")),
            };
            Done::Said(number, event)
        });
    }

    /// Puts a question to the server.
    pub(super) fn ask(&mut self, review: Review) {
        let (Some(client), number) = (self.feed.client.clone(), self.feed.number) else { return };
        self.tasks.spawn(async move {
            let reply = Reader::new(client, Vec::new()).review(&review).await;
            Done::Said(number, Event::Told { review, reply })
        });
    }
}

/// One object as its file has it now.
fn document(documents: &Documents, id: &ObjectId) -> Result<serde_json::Value, Fault> {
    let whole = documents.whole(id, live::ManagedFields::Kept);
    let implied = || Fault::of(FaultKind::Input, "no file holds it: it is implied by other objects");
    Ok(whole.ok_or_else(implied)??)
}

/// Why there is no connection, and what to do.
fn not_connected(fault: &LiveFault) -> String {
    match &fault.hint {
        Some(hint) => format!("not connected: {fault} ({hint})"),
        None => format!("not connected: {fault}"),
    }
}

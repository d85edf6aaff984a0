//! The stage of a session: its file, what is staged from files, the objects as they are, and the editor.
//!
//! ```text
//! Effect::KeepStage ──► one write at a time, the latest wins ──► its file ──► Event::Notice, once it is kept
//! Effect::Edit ──► the object, fetched ──► the editor has the terminal ──► Event::Edited
//! ```
//!
//! The file is that of one cluster, by its server's address, and its owner's alone; see [`state`]. It is written anew at
//! every step, beside the loop, and put in its place when it is whole, so that a killed program loses nothing that it
//! said was staged.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::ask::{Fault, FaultKind, QuestionLine};
use crate::change::meanwhile::{Met, met};
use crate::change::stage::{Fetched, StagedItem};
use crate::change::{Saved, Stage};
use crate::live::files::{Changes, FilesError, ReadOptions, SourceTexts as Documents};
use crate::live::{self, ManagedFields};
use crate::model::cluster::Cluster;
use crate::model::id::ObjectId;
use crate::terminal::{editor, state};
use crate::tui::event::{Event, Then};
use crate::tui::staging;

use super::Program;
use super::questions::Done;

/// How many bytes of a kept stage are read.
const MOST: u64 = 64 << 20;

/// What is kept of the stage, and where.
#[derive(Default)]
pub(super) struct Keeping {
    /// The file's name; empty while it is not known which cluster it is.
    name: String,
    /// What is to be written next, and the words that are said then.
    next: Option<(String, String)>,
    is_writing: bool,
    /// What `--stage` named, until the cluster is there.
    pub(super) files: Vec<(String, Vec<Saved>)>,
}

/// What the editor is to be given.
pub(super) struct Edit {
    id: ObjectId,
    fetched: Fetched,
    text: String,
}

/// How objects are fetched: from a server or from files.
#[derive(Clone)]
struct Fetching {
    client: Option<kube::Client>,
    documents: Option<Arc<Documents>>,
}

/// The name of the file of a cluster: its address, as far as a name can hold it, and what tells it from others like it.
fn file_name(cluster: &str) -> String {
    let plain: String = cluster.chars().take(80).map(|it| if it.is_ascii_alphanumeric() { it } else { '-' }).collect();
    // FNV-1a: the same in every version of this program.
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = cluster.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    format!("stage-{plain}-{hash:016x}.json")
}

/// The stage that is kept under a name; one that is none is put aside, so that it is not written over.
fn kept(name: &str) -> Result<Option<Stage>, Fault> {
    let fault = |what: String| Fault::of(FaultKind::Input, what);
    let Some(text) = state::kept(name, MOST).map_err(|it| fault(it.to_string()))? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| match state::put_aside(name) {
        Ok(path) => fault(format!("{error}; it is {} now", path.display())),
        Err(_) => fault(error.to_string()),
    })
}

/// What files want to be changed, each whole.
pub(crate) fn read(path: &Path, namespace: &str) -> Result<Vec<Saved>, FilesError> {
    let reading = ReadOptions { namespace: namespace.to_owned(), ..ReadOptions::default() };
    Changes::read(path, &reading)?.whole(&Cluster::default())
}

impl Fetching {
    /// How an object is now.
    async fn fetch(&self, id: &ObjectId) -> Fetched {
        if let Some(documents) = self.documents.clone() {
            let id = id.clone();
            let read = tokio::task::spawn_blocking(move || documents.whole(&id, ManagedFields::Kept)).await;
            return match read {
                Ok(Some(Ok(object))) => Fetched::There(object),
                Ok(None) => Fetched::Absent,
                Ok(Some(Err(error))) => Fetched::Unseen(Fault::from(error).to_string()),
                Err(error) => Fetched::Unseen(error.to_string()),
            };
        }
        let Some(client) = &self.client else { return Fetched::Unseen("not connected".to_owned()) };
        match live::found(client, id, ManagedFields::Kept).await {
            Ok(Some(object)) => Fetched::There(object),
            Ok(None) => Fetched::Absent,
            Err(fault) => Fetched::Unseen(fault.to_string()),
        }
    }

    /// Changes with their objects as they are now; where somebody else changed meanwhile what one changes, as they were.
    async fn items(&self, changes: Vec<Saved>, origin: &str) -> Result<Vec<StagedItem>, Fault> {
        let mut items = Vec::new();
        for saved in changes {
            let id = saved.change.id().map_err(|it| Fault::from(it).at(origin))?;
            let (change, fetched) = match self.fetch(&id).await {
                Fetched::Unseen(why) => (saved.change, Fetched::Unseen(why)),
                found => match met(&saved, found.object()) {
                    Met::AsMeant => (saved.change, found),
                    Met::Moved(item, _) => (item.change().clone(), found),
                    Met::Clash(item, _) => (saved.change, item.fetched().clone()),
                },
            };
            items.push(StagedItem::new(change, fetched, origin)?);
        }
        Ok(items)
    }
}

impl Program {
    fn fetching(&self) -> Fetching {
        Fetching { client: self.feed.client.clone(), documents: self.feed.documents.clone() }
    }

    /// Takes in what was kept of this cluster's stage, and stages what `--stage` named.
    pub(super) fn begin_stage(&mut self, cluster: &str) {
        let name = file_name(cluster);
        if self.keeping.name == name {
            return;
        }
        self.keep_now();
        self.keeping.name = name;
        let effects = self.app.update(Event::StageKept(kept(&self.keeping.name)));
        // Nothing that is asked for here ends the program or takes the terminal.
        let _ = self.perform(effects);
        for (origin, changes) in std::mem::take(&mut self.keeping.files) {
            self.stage_changes(changes, origin);
        }
    }

    /// Fetches the objects of changes that the session begins with, and stages them.
    fn stage_changes(&mut self, changes: Vec<Saved>, origin: String) {
        let (fetching, number) = (self.fetching(), self.feed.number);
        self.tasks.spawn(async move {
            let items = fetching.items(changes, &origin).await;
            Done::Said(number, Event::Staged { items, then: Then::WhatIf })
        });
    }

    /// The same for files.
    pub(super) fn stage_files(&mut self, path: PathBuf) {
        let (fetching, number, namespace) = (self.fetching(), self.feed.number, self.app.namespace().to_string());
        self.tasks.spawn(async move {
            let origin = path.display().to_string();
            let changes = tokio::task::spawn_blocking(move || read(&path, &namespace)).await;
            let items = match changes {
                Ok(Ok(changes)) => fetching.items(changes, &origin).await,
                Ok(Err(error)) => Err(error.into()),
                Err(error) => Err(Fault::of(FaultKind::System, error.to_string())),
            };
            Done::Said(number, Event::Staged { items, then: Then::Stay })
        });
    }

    /// Fetches the objects that a fix must hold whole.
    pub(super) fn wholes(&mut self, line: Box<QuestionLine>, ids: Vec<ObjectId>) {
        let (fetching, number) = (self.fetching(), self.feed.number);
        self.tasks.spawn(async move {
            let fetched = futures::future::join_all(ids.iter().map(|it| fetching.fetch(it))).await;
            let held = ids.into_iter().zip(fetched).collect();
            Done::Said(number, Event::Wholes { line, held })
        });
    }

    /// Fetches the objects of staged changes, to compare them.
    pub(super) fn compare(&mut self, ids: BTreeSet<ObjectId>) {
        for id in ids {
            let (fetching, number) = (self.fetching(), self.feed.number);
            self.tasks.spawn(async move {
                let object = match fetching.fetch(&id).await {
                    Fetched::There(object) => Ok(Some(object)),
                    Fetched::Absent => Ok(None),
                    Fetched::Unseen(why) => Err(Fault::of(FaultKind::Input, why)),
                };
                Done::Said(number, Event::Compared { id, object })
            });
        }
    }

    /// Keeps the stage for the next session; while one write goes on the next waits, and only the latest.
    pub(super) fn keep_stage(&mut self, text: String, words: String) {
        self.keeping.next = Some((text, words));
        self.keep_next();
    }

    fn keep_next(&mut self) {
        if self.keeping.is_writing || self.keeping.name.is_empty() {
            return;
        }
        let Some((text, words)) = self.keeping.next.take() else { return };
        self.keeping.is_writing = true;
        let name = self.keeping.name.clone();
        self.tasks.spawn_blocking(move || {
            Done::StageKept(match state::keep(&name, &text) {
                Ok(_) => words,
                Err(error) => format!("{words}, but it cannot be kept for another session: {error}"),
            })
        });
    }

    /// Says what was kept, and goes on with what has been staged meanwhile.
    pub(super) fn stage_kept(&mut self, words: String) {
        self.keeping.is_writing = false;
        self.tell(Event::Notice(words));
        self.keep_next();
    }

    /// Writes what waits to be kept, before the program ends or goes to another cluster.
    pub(super) fn keep_now(&mut self) {
        if let (Some((text, _)), false) = (self.keeping.next.take(), self.keeping.name.is_empty()) {
            // Whoever leaves is not held by a disk that takes nothing.
            let _ = state::keep(&self.keeping.name, &text);
        }
    }

    /// Leaves this cluster's stage as it is kept.
    pub(super) fn leave_stage(&mut self) {
        self.keep_now();
        self.keeping.name.clear();
    }

    /// Fetches what is to be edited; the editor comes then.
    pub(super) fn fetch_to_edit(&mut self, id: ObjectId, text: Option<String>) {
        let fetching = self.fetching();
        self.tasks.spawn(async move {
            let fetched = fetching.fetch(&id).await;
            let whole = |object: &Value| staging::written(&id, object);
            let text = match (text, &fetched) {
                (Some(text), _) => Ok(text),
                (None, Fetched::There(object)) => Ok(whole(object)),
                (None, Fetched::Absent) => Err(Fault::of(FaultKind::Input, format!("{id} is not there"))),
                (None, Fetched::Unseen(why)) => Err(Fault::of(FaultKind::Input, format!("{id} cannot be read: {why}"))),
            };
            match text {
                Ok(text) => Done::ToEdit(Edit { id, fetched, text }),
                Err(fault) => Done::Event(Event::Failed(fault)),
            }
        });
    }

    /// Gives the terminal to the editor and takes it back; keys must not be read meanwhile.
    pub(super) fn edit(&mut self, edit: Edit) -> io::Result<()> {
        let Edit { id, fetched, text } = edit;
        self.guard = None;
        let name: String = id.name.chars().filter(|it| it.is_ascii_alphanumeric() || *it == '-').take(40).collect();
        let after = editor::edit(&name, &text);
        self.take_back()?;
        let effects = self.app.update(Event::Edited { id, fetched, before: text, after });
        self.perform(effects)?;
        self.draw()
    }
}

/// Why a file of the operator's was not written.
pub(super) fn not_kept(error: io::Error) -> Fault {
    Fault::of(FaultKind::Output, format!("not kept: {error}"))
}

/// Keeps what was exported, and says where.
pub(super) fn export(extension: &str, text: &str) -> Result<String, Fault> {
    let stem = format!("stage-{}", Timestamp::now().strftime("%Y%m%d-%H%M%S"));
    let kept = state::keep_anew(&stem, extension, text);
    kept.map(|path| format!("kept {}", path.display())).map_err(not_kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cluster_has_a_file_of_its_own_whose_name_is_one() {
        let names: BTreeSet<String> =
            ["https://10.0.0.1:6443", "https://10-0-0-1:6443", "", "demo story", &"x".repeat(500)]
                .into_iter()
                .map(file_name)
                .collect();
        assert_eq!(names.len(), 5);
        assert!(
            names
                .iter()
                .all(|it| it.len() < 120 && it.chars().all(|it| it.is_ascii_alphanumeric() || ".-".contains(it)))
        );
    }
}

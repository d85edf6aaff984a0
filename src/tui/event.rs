//! What reaches the screen's state, and what it asks of the world in return.
//!
//! ```text
//! keys, resizes, deltas, time ──Event──► App::update ──Effect──► run: fetch, copy, dump, suspend, quit
//! ```
//!
//! Both are plain data, so a test is a list of events. Time is an event too: nothing here reads a clock.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;

use super::applying::{ApplyOrder, Attempt, Sent};
use super::declaring::ReadingState;
use super::job::Said;
use super::proposing::FetchedObjects;
use crate::ask::{Fault, QuestionLine};
use crate::change::record::Record;
use crate::change::stage::{Fetched, StagedItem};
use crate::change::{Change, Stage};
use crate::model::cluster::Delta;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::rbac::Served;
use crate::rbac::review::{Reply, Review};
use crate::rbac::version::Version;

/// One thing that happened outside.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    Key(KeyEvent),
    /// Pasted text: typed into a field as it is, never run.
    Paste(String),
    Mouse(MouseEvent),
    Resize(u16, u16),
    /// Steps of the cluster, as many as were waiting.
    Deltas(Vec<Delta>),
    /// One object as the server (or the file) has it, or why it could not be had.
    Object {
        id: ObjectId,
        object: Result<serde_json::Value, Fault>,
    },
    /// How far the listing of a kind has come; `None`: it is done.
    Progress {
        kind: Kind,
        progress: Option<Progress>,
    },
    /// The time; sent at most once a second, and only while something on the screen ages.
    Tick(Timestamp),
    /// A word to the operator: what was copied, what was kept.
    Notice(String),
    /// Why something that was wanted was not done.
    Failed(Fault),
    /// The contexts that the kubeconfig offers.
    Contexts(Vec<Name>),
    /// Whether the connection checks nobody's certificate: that stands in the first row for as long as it holds.
    Insecure(bool),
    /// The names of all that the server serves.
    Served(Arc<Served>),
    /// Of which version the server is, if it says so.
    Version(Option<Version>),
    /// The server's own word, which is asked for once.
    Told {
        review: Review,
        reply: Reply,
    },
    /// What is said of the job of this number.
    Job {
        number: u64,
        said: Said,
    },
    /// The stage that was kept in another session, or why it could not be read.
    StageKept(Result<Option<Stage>, Fault>),
    /// Changes that were asked for, with their objects as they are; or why there are none.
    Staged {
        items: Result<Vec<StagedItem>, Fault>,
        then: Then,
    },
    /// The objects that a fix must hold whole, as they are.
    Wholes {
        line: Box<QuestionLine>,
        held: FetchedObjects,
    },
    /// How far the reading of what manifests declare has come, by its number.
    Declared {
        number: u64,
        reading: ReadingState,
    },
    /// How the object of a staged change is by now: `None` where it is not there.
    Compared {
        id: ObjectId,
        object: Result<Option<serde_json::Value>, Fault>,
    },
    /// What was saved in the editor, and what stood there before; or why there is nothing.
    Edited {
        id: ObjectId,
        fetched: Fetched,
        before: String,
        after: Result<String, Fault>,
    },
    /// What the server says of all changes that were to be tried, or why they cannot be applied.
    Tried {
        number: u64,
        attempt: Result<Box<Attempt>, Vec<String>>,
    },
    /// How far changes are that are being applied.
    Making(Box<Record>),
    /// What came of them; or why nothing was sent.
    Applied(Result<Box<Sent>, Fault>),
    /// Whether the context may be written to, and whether it is one of production.
    Writing {
        writes: bool,
        production: bool,
    },
    /// Another cluster takes the place of this one: everything known is forgotten.
    Switched {
        context: Name,
    },
    /// How the cluster is reached has changed: words for the status line, empty when all is well.
    Connection(String),
}

impl Event {
    /// What came of something that was wanted, in words.
    pub fn came(of: Result<String, Fault>) -> Self {
        match of {
            Ok(words) => Event::Notice(words),
            Err(fault) => Event::Failed(fault),
        }
    }
}

/// What follows when changes are staged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Then {
    /// Nothing more.
    Stay,
    /// Answers are for the staged cluster.
    WhatIf,
}

/// What is said of a panic in the background.
pub const FAILED: &str = "something failed behind the screen; a report was kept";

/// How much of a kind has been read, and how much is left where the server says so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    pub read: usize,
    pub remaining: Option<u64>,
}

/// One thing that the screen wants done.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    Quit,
    /// Give the terminal back to the shell until the job is continued.
    Suspend,
    /// Forget what the terminal shows and draw everything.
    Redraw,
    /// Fetch one whole object; answered by [`Event::Object`].
    Fetch(ObjectId),
    /// Put this on the operator's clipboard; answered by [`Event::Notice`].
    Copy(String),
    /// Keep this screen as files; answered by [`Event::Notice`].
    Dump {
        text: String,
        svg: String,
    },
    /// Keep the stage for the next session; answered by [`Event::Notice`] with these words once it is kept.
    KeepStage {
        text: String,
        words: String,
    },
    /// Read files that are to be staged, and their objects as they are; answered by [`Event::Staged`].
    StageFiles(PathBuf),
    /// Fetch objects that a fix must hold whole; answered by [`Event::Wholes`].
    Wholes {
        line: Box<QuestionLine>,
        ids: Vec<ObjectId>,
    },
    /// Fetch the objects of staged changes; each answered by [`Event::Compared`].
    Compare(BTreeSet<ObjectId>),
    /// Give the terminal to the editor, with this text or that of the whole object; answered by [`Event::Edited`].
    Edit {
        id: ObjectId,
        text: Option<String>,
    },
    /// Keep what is exported of the stage as a file; answered by [`Event::Notice`].
    Export {
        extension: &'static str,
        text: String,
    },
    /// Let the server try these changes; answered by [`Event::Tried`] with this number.
    Try {
        number: u64,
        changes: Vec<Change>,
        origin: Vec<String>,
    },
    /// The same for what takes back what was applied last.
    TryUndo {
        number: u64,
    },
    /// Apply what was tried and confirmed; answered by [`Event::Making`] and [`Event::Applied`].
    Make(Box<ApplyOrder>),
    /// Capture the mouse, or leave it to the terminal.
    Mouse(Mouse),
    /// Put a question to the server itself; answered by [`Event::Told`].
    Ask(Review),
    /// Drop all connections and read everything again.
    Resync,
    /// Leave this cluster for that of another context; answered by [`Event::Switched`].
    Switch(Name),
}

/// Who gets the mouse.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mouse {
    /// The terminal: text can be selected.
    #[default]
    Terminal,
    /// The program: clicks and the wheel move the selection.
    Program,
}

/// An age as kubectl writes it, coarse: it changes rarely, so that an idle screen stays untouched.
///
/// `<10s`, `20s`, `1m20s`, `12m`, `2h`, `4d`.
pub fn age(age: Duration) -> String {
    match age.as_secs() {
        0..10 => "<10s".into(),
        it @ 10..60 => format!("{}s", it / 10 * 10),
        it @ 60..600 => match it % 60 / 20 * 20 {
            0 => format!("{}m", it / 60),
            seconds => format!("{}m{seconds}s", it / 60),
        },
        it @ 600..3600 => format!("{}m", it / 60),
        it @ 3600..86400 => format!("{}h", it / 3600),
        it => format!("{}d", it / 86400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_change_rarely() {
        let words = [3, 14, 59, 60, 85, 3599, 7200, 200_000].map(|it| age(Duration::from_secs(it)));
        assert_eq!(words, ["<10s", "10s", "50s", "1m", "1m20s", "59m", "2h", "2d"]);
    }
}

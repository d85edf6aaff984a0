//! What manifests declare, read once for the question that is shown: the screen says what it waits for, the loop reads.
//!
//! ```text
//! f on a namespace ──► App::wants_manifests ──the loop reads──► Event::Declared, step by step ──► the job that answers
//!                            Esc ──► wanted no more: the reading ends
//! ```
//!
//! It is as of when it was read: a question that is opened again is read for anew, one that is only changed is not.

use std::sync::Arc;

use super::app::App;
use crate::manifests::Manifests;
use crate::model::name::Name;

/// What a reading has come to.
#[derive(Clone, PartialEq, Debug)]
pub enum ReadingState {
    /// So many kinds of so many.
    Progress(usize, usize),
    Done(Arc<Manifests>),
}

/// What was read, told apart from other readings by its number.
#[derive(Clone, Debug)]
pub struct ReadManifests {
    number: u64,
    pub manifests: Arc<Manifests>,
}

impl PartialEq for ReadManifests {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

/// What is to be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ManifestsWanted {
    pub number: u64,
    /// Where to look when a kind may not be listed as a whole.
    pub namespaces: Vec<Name>,
    /// Where objects of files are that name no namespace.
    pub namespace: Name,
}

/// What is known of the reading that is wanted.
#[derive(Clone, Debug, Default)]
pub struct Declaring {
    number: u64,
    progress: Option<(usize, usize)>,
    read: Option<ReadManifests>,
}

impl Declaring {
    /// Forgets what was read: the next question reads anew.
    pub fn renew(&mut self) {
        *self = self.ended();
    }

    /// The same with nothing read; numbers are not given twice.
    pub fn ended(&self) -> Self {
        Self { number: self.number + 1, progress: None, read: None }
    }

    /// What was read.
    pub fn read(&self) -> Option<&ReadManifests> {
        self.read.as_ref()
    }

    /// Takes in how far a reading is; of one that is not wanted any more nothing.
    pub fn hear(&mut self, number: u64, reading: ReadingState) {
        if number != self.number {
            return;
        }
        match reading {
            ReadingState::Progress(done, of) => self.progress = Some((done, of)),
            ReadingState::Done(manifests) => self.read = Some(ReadManifests { number, manifests }),
        }
    }

    /// What is said while it goes on.
    pub fn waiting(&self) -> String {
        let far = self.progress.map(|(done, of)| format!(" ({done} of {of} kinds)")).unwrap_or_default();
        format!("reading what manifests declare{far}; Esc leaves it")
    }
}

impl App {
    /// What manifests are to be read, if the shown question waits for that.
    pub fn wants_manifests(&self) -> Option<ManifestsWanted> {
        let here = self.focus.shown.view().wants_manifests(self)?;
        let declaring = &self.answers.declaring;
        let namespaces = here.only.into_iter().chain(self.focus.scope.namespaces.iter().cloned()).collect();
        let wanted = ManifestsWanted { number: declaring.number, namespaces, namespace: here.namespace };
        declaring.read.is_none().then_some(wanted)
    }
}

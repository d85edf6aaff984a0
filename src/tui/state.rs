//! The parts of the screen's state: what is shown, where one was, what is being typed, how it all began.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::abilities::Abilities;
use super::access::WhoAsked;
use super::answers::Tracing;
use super::choking::Choking;
use super::declaring::Declaring;
use super::event::{Mouse, Progress};
use super::field::Field;
use super::impact::ShownImpact;
use super::job::Jobs;
use super::layout::{ListShare, ScreenSide};
use super::mapping::Mapping;
use super::matrix::MatrixState;
use super::page::{PagePosition, PageReader};
use super::picker::Picker;
use super::proposing::Proposing;
use super::reaching::ReachAnswers;
use super::status::Origin;
use super::theme::Theme;
use super::viewer::Viewer;
pub use super::views::Shown;
use super::what_if::Base;
use super::working::{KeptAnswers, Working};
use crate::ask::item::Item;
use crate::ask::scope::ListScope;
use crate::ask::world::SelfCheck;
use crate::ask::{Fault, World};
use crate::model::cluster::FactChange;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::net::Settings;
use crate::people::People;
use crate::rbac::Identity;
use crate::rbac::review::Review;

/// What the program looks at, how fresh that is, and how it is reached.
pub struct Session {
    pub world: World,
    /// While frozen: the cluster as it goes on behind the picture, and since when.
    pub behind: Option<(World, Option<Timestamp>)>,
    /// While what is staged is taken for applied: the cluster as it is.
    pub what_if: Option<Base>,
    /// Why the cluster is not reached; empty when it is.
    pub connection: String,
    /// Anyone in between could answer as the server.
    pub insecure: bool,
    /// What is staged may be applied here.
    pub writes: bool,
    /// The context is one of production: its name is asked for before anything is changed.
    pub production: bool,
    pub progress: BTreeMap<Kind, Progress>,
    pub contexts: Vec<Name>,
    pub now: Option<Timestamp>,
    /// What was put to the server: nothing is asked twice.
    pub asking: BTreeSet<Review>,
    pub fetched: Option<FetchedObject>,
    /// Whom the operator sees with, for as long as the program runs.
    pub acting: Option<Identity>,
    /// Changes that the lists have not taken in yet: that waits for the next key or frame, so a burst is one sorting.
    pub pending: Vec<FactChange>,
    pub stale_lists: bool,
    pub stale_answers: bool,
}

impl Session {
    /// Nothing but a world is known, and nothing of it is on the screen yet.
    pub fn of(world: World) -> Self {
        Self {
            world,
            behind: None,
            what_if: None,
            connection: String::new(),
            insecure: false,
            writes: false,
            production: false,
            progress: BTreeMap::new(),
            contexts: Vec::new(),
            now: None,
            asking: BTreeSet::new(),
            fetched: None,
            acting: None,
            pending: Vec::new(),
            stale_lists: true,
            stale_answers: true,
        }
    }
}

/// Where one is: in which pane or answer, narrowed to what, and where one was before.
#[derive(Default)]
pub struct Focus {
    pub pane: usize,
    pub side: ScreenSide,
    pub share: ListShare,
    pub shown: Shown,
    /// The page of the selected object that is shown.
    pub tab: usize,
    /// How many columns of the pane in front are scrolled away.
    pub shift: usize,
    pub scope: ListScope,
    pub back: Vec<HistoryEntry>,
    pub forward: Vec<HistoryEntry>,
}

/// What is being typed and chosen, and what was said of it.
#[derive(Default)]
pub struct Input {
    pub picker: Option<Picker>,
    pub typing: Option<Typing>,
    pub search: String,
    /// The lines that were typed behind `:`, those of earlier sessions first.
    pub history: Vec<String>,
    /// How many of them are of earlier sessions.
    pub recalled: usize,
    /// A word in the last row, until the next key.
    pub notice: Option<String>,
    /// Kept text of the last copy, since a clipboard cannot answer.
    pub register: String,
    pub mouse: Mouse,
}

/// What answers keep while they are shown: lines, cursors, what was worked out.
#[derive(Default)]
pub struct Answers {
    pub explain: PageReader,
    /// What the explanation is of: it is made anew when that or the cluster changes.
    pub explained: Option<(Item, usize)>,
    /// The page of the answer that is shown, where that is one.
    pub reader: PageReader,
    /// The question about everybody that the reader shows the answer to, and as of when ([`World::access`]).
    pub asked: Option<(WhoAsked, u64)>,
    pub yaml: Viewer,
    pub matrix: MatrixState,
    pub mapping: Mapping,
    pub reaching: ReachAnswers,
    /// What is worked out beside the loop.
    pub jobs: Jobs,
    pub abilities: Abilities,
    pub impact: ShownImpact,
    pub proposing: Proposing,
    pub choking: Choking,
    /// What manifests declare, read for the question that is shown.
    pub declaring: Declaring,
    /// Pages that were worked out beside the loop.
    pub working: KeptAnswers,
    /// Who could open the flow of the verdict that is shown, if that is a deny.
    pub denied: Option<Working>,
    pub tracing: Tracing,
}

/// A place in the program to come back to.
#[derive(Clone, PartialEq, Debug)]
pub struct HistoryEntry {
    pub pane: usize,
    pub side: ScreenSide,
    pub shown: Shown,
    pub item: Option<Item>,
    pub scope: ListScope,
    /// Where in the answer.
    pub reading: PagePosition,
}

impl HistoryEntry {
    /// Whether it is the same place, wherever in the answer.
    pub fn is_at(&self, other: &HistoryEntry) -> bool {
        let of = |it: &HistoryEntry| HistoryEntry { reading: PagePosition::default(), ..it.clone() };
        of(self) == of(other)
    }
}

/// One line that is being typed at the bottom.
#[derive(Clone, Debug)]
pub enum Typing {
    /// The filter of the pane in front.
    Filter(Field),
    /// A search in a page or YAML.
    Search(Field),
    /// What narrows the permissions that are shown.
    Narrow(Field),
    /// Whom to see with.
    Acting(Field),
    /// The word that confirms what is to be applied.
    Confirm(Field),
}

/// A fetched object.
#[derive(Clone, Debug)]
pub struct FetchedObject {
    pub id: ObjectId,
    pub object: Result<serde_json::Value, Fault>,
}

/// How the program was started: what never changes afterwards.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The context, the files, or the demo's name.
    pub title: Name,
    pub origin: Origin,
    /// Whether what is staged may be applied where it begins: `--write`, or the configuration.
    pub writes: bool,
    pub theme: Theme,
    /// Where one starts; empty: all namespaces.
    pub namespaces: BTreeSet<Name>,
    /// What was told beyond the cluster's objects.
    pub settings: Settings,
    pub check: SelfCheck,
    /// `--directory`.
    pub people: Option<Arc<People>>,
}

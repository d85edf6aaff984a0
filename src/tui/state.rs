//! The parts of the screen's state: what is shown, where one was, what is being typed, how it all began.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::field::Field;
use super::layout::Side;
use super::status::Origin;
use super::theme::Theme;
pub use super::views::Shown;
use crate::ask::item::Item;
use crate::ask::scope::Scope;
use crate::ask::world::SelfCheck;
use crate::model::id::ObjectId;
use crate::model::name::Name;
use crate::net::Settings;
use crate::people::People;

/// A place in the program to come back to.
#[derive(Clone, PartialEq, Debug)]
pub struct Stop {
    pub pane: usize,
    pub side: Side,
    pub shown: Shown,
    pub item: Option<Item>,
    pub scope: Scope,
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
}

/// A fetched object.
#[derive(Clone, Debug)]
pub struct Fetched {
    pub id: ObjectId,
    pub object: Result<serde_json::Value, String>,
}

/// How the program was started: what never changes afterwards.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The context, the files, or the demo's name.
    pub title: Name,
    pub origin: Origin,
    pub theme: Theme,
    /// Where one starts; empty: all namespaces.
    pub namespaces: BTreeSet<Name>,
    /// What was told beyond the cluster's objects.
    pub settings: Settings,
    pub check: SelfCheck,
    /// `--directory`.
    pub people: Option<Arc<People>>,
}

//! Changes that wait to be made: each with the whole object as it was fetched and as it is wanted.
//!
//! ```text
//! fetched + wanted ──Item::new──► stage ⇄ undo, redo      changes(), in the order in which they are made
//!                                   └──► clash(item, the object as it is now): what somebody else did meanwhile
//! ```
//!
//! Laws: `undo` after `stage` is what was before; what is written as JSON is read back as it was; no change that opens
//! comes after one that cuts.

#[cfg(test)]
mod laws;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::edits::{Change, Op, Unfit};
use super::object::meaning;
use super::order::rank;
use crate::model::id::ObjectId;

/// How many steps back are kept.
const STEPS: usize = 100;

/// The object as it was when its change was staged.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fetched {
    /// It was not there.
    Absent,
    /// It was this, whole: with its uid, its resourceVersion and who manages it.
    There(Value),
    /// It could not be fetched: why.
    Unseen(String),
}

impl Fetched {
    /// The object; `None` where it was not there or could not be fetched.
    pub fn object(&self) -> Option<&Value> {
        if let Fetched::There(object) = self { Some(object) } else { None }
    }
}

/// One change that waits.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "KeptItem", into = "KeptItem")]
pub struct StagedItem {
    id: ObjectId,
    change: Change,
    fetched: Fetched,
    origin: String,
}

/// The same as it is kept: what it is about is read from the object again.
#[derive(Clone, Serialize, Deserialize)]
struct KeptItem {
    change: Change,
    fetched: Fetched,
    origin: String,
}

impl TryFrom<KeptItem> for StagedItem {
    type Error = Unfit;

    fn try_from(it: KeptItem) -> Result<Self, Unfit> {
        StagedItem::new(it.change, it.fetched, it.origin)
    }
}

impl From<StagedItem> for KeptItem {
    fn from(it: StagedItem) -> Self {
        Self { change: it.change, fetched: it.fetched, origin: it.origin }
    }
}

impl StagedItem {
    /// A change of an object that was fetched; `origin` is the file, or what else it comes from.
    ///
    /// What is created and is there already is updated; what is updated and is not there is created.
    ///
    /// # Errors
    /// Its object is of no kind that is read, or has no name.
    pub fn new(change: Change, fetched: Fetched, origin: impl Into<String>) -> Result<Self, Unfit> {
        let id = change.id()?;
        let op = match (change.op, &fetched) {
            (Op::Create, Fetched::There(_)) => Op::Update,
            (Op::Update, Fetched::Absent) => Op::Create,
            (op, _) => op,
        };
        Ok(Self { id, change: Change { op, ..change }, fetched, origin: origin.into() })
    }

    /// What it is about.
    pub fn id(&self) -> &ObjectId {
        &self.id
    }

    /// What is done.
    pub fn op(&self) -> Op {
        self.change.op
    }

    /// The change itself, with the whole object as it is wanted.
    pub fn change(&self) -> &Change {
        &self.change
    }

    /// The file, or what else it comes from.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The object as it was fetched; `None` where it was not there or could not be.
    pub fn before(&self) -> Option<&Value> {
        self.fetched.object()
    }

    /// How it was found when the change was staged.
    pub fn fetched(&self) -> &Fetched {
        &self.fetched
    }

    /// The object as it is wanted; `None`: it is deleted.
    pub fn after(&self) -> Option<&Value> {
        (self.change.op != Op::Delete).then_some(&self.change.object)
    }

    /// Whether nothing would be changed by it.
    pub fn is_nothing(&self) -> bool {
        match (self.change.op, &self.fetched) {
            (Op::Delete, Fetched::Absent) => true,
            (Op::Update, Fetched::There(object)) => meaning(object) == meaning(&self.change.object),
            _ => false,
        }
    }
}

/// All changes that wait, in the order in which they were staged.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "KeptStage", into = "KeptStage")]
pub struct Stage {
    items: Vec<Arc<StagedItem>>,
    past: Vec<Vec<Arc<StagedItem>>>,
    future: Vec<Vec<Arc<StagedItem>>>,
}

impl Stage {
    /// The changes, in the order in which they were staged.
    pub fn items(&self) -> &[Arc<StagedItem>] {
        &self.items
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The change of this object.
    pub fn of(&self, id: &ObjectId) -> Option<&StagedItem> {
        self.items.iter().find(|it| it.id == *id).map(|it| &**it)
    }

    /// Stages changes, each in place of one of the same object; what would change nothing takes that one back.
    ///
    /// Whether anything is staged otherwise than before: only then is there something to undo.
    pub fn stage(&mut self, changes: impl IntoIterator<Item = StagedItem>) -> bool {
        let mut items = self.items.clone();
        for item in changes {
            let at = items.iter().position(|it| it.id == item.id);
            match (at, item.is_nothing()) {
                (Some(at), true) => drop(items.remove(at)),
                (Some(at), false) => items[at] = Arc::new(item),
                (None, true) => {}
                (None, false) => items.push(Arc::new(item)),
            }
        }
        self.go(items)
    }

    /// Puts a change in the place of that of the same object, as no step of its own; one that would change nothing goes.
    pub fn rebase(&mut self, item: StagedItem) {
        let Some(at) = self.items.iter().position(|it| it.id == item.id) else { return };
        if item.is_nothing() {
            drop(self.items.remove(at));
        } else {
            self.items[at] = Arc::new(item);
        }
    }

    /// Takes the change of an object back; whether there was one.
    pub fn unstage(&mut self, id: &ObjectId) -> bool {
        let items = self.items.iter().filter(|it| it.id != *id).cloned().collect();
        self.go(items)
    }

    /// Takes all changes back; whether there were any.
    pub fn clear(&mut self) -> bool {
        self.go(Vec::new())
    }

    fn go(&mut self, items: Vec<Arc<StagedItem>>) -> bool {
        if items == self.items {
            return false;
        }
        self.past.push(std::mem::replace(&mut self.items, items));
        if self.past.len() > STEPS {
            self.past.remove(0);
        }
        self.future.clear();
        true
    }

    /// Goes one step of staging back; whether there was one.
    pub fn undo(&mut self) -> bool {
        let Some(before) = self.past.pop() else { return false };
        self.future.push(std::mem::replace(&mut self.items, before));
        true
    }

    /// Goes forward again; whether something was undone.
    pub fn redo(&mut self) -> bool {
        let Some(after) = self.future.pop() else { return false };
        self.past.push(std::mem::replace(&mut self.items, after));
        true
    }

    /// The changes in the order in which they are made: none that opens comes after one that cuts.
    ///
    /// What cuts before what opens would cut for a moment what is meant to go on. A policy that allows something comes
    /// before one that only denies, what is deleted comes last, and roles come before the bindings that name them.
    pub fn in_order(&self) -> Vec<&StagedItem> {
        let mut items: Vec<&StagedItem> = self.items.iter().map(|it| &**it).collect();
        items.sort_by_key(|it| rank(&it.change, &it.id));
        items
    }

    /// The changes themselves, in the order in which they are made.
    pub fn changes(&self) -> Vec<Change> {
        self.in_order().into_iter().map(|it| it.change.clone()).collect()
    }
}

/// A stage as it is kept: each change once, states as lists of numbers.
#[derive(Clone, Serialize, Deserialize)]
struct KeptStage {
    version: String,
    changes: Vec<Arc<StagedItem>>,
    now: Vec<usize>,
    past: Vec<Vec<usize>>,
    future: Vec<Vec<usize>>,
}

/// What a kept stage calls its shape.
const VERSION: &str = "kreach/stage/v1";

impl From<Stage> for KeptStage {
    fn from(stage: Stage) -> Self {
        let mut changes: Vec<Arc<StagedItem>> = Vec::new();
        let mut numbers = |state: &Vec<Arc<StagedItem>>| {
            let number = |it: &Arc<StagedItem>| {
                changes.iter().position(|known| known == it).unwrap_or_else(|| {
                    changes.push(it.clone());
                    changes.len() - 1
                })
            };
            state.iter().map(number).collect::<Vec<usize>>()
        };
        let now = numbers(&stage.items);
        let past = stage.past.iter().map(&mut numbers).collect();
        let future = stage.future.iter().map(&mut numbers).collect();
        Self { version: VERSION.to_owned(), changes, now, past, future }
    }
}

impl TryFrom<KeptStage> for Stage {
    type Error = Unfit;

    fn try_from(kept: KeptStage) -> Result<Self, Unfit> {
        if kept.version != VERSION {
            return Err(Unfit(format!("it is of version {:?}, not {VERSION}", kept.version)));
        }
        let item = |at: &usize| kept.changes.get(*at).cloned().ok_or_else(|| Unfit(format!("there is no change {at}")));
        let state = |it: &Vec<usize>| {
            let items = it.iter().map(item).collect::<Result<Vec<_>, _>>()?;
            let different: BTreeSet<&ObjectId> = items.iter().map(|it| &it.id).collect();
            if different.len() < items.len() { Err(Unfit("an object is changed twice".to_owned())) } else { Ok(items) }
        };
        let states = |it: &Vec<Vec<usize>>| it.iter().map(state).collect::<Result<Vec<_>, _>>();
        Ok(Self { items: state(&kept.now)?, past: states(&kept.past)?, future: states(&kept.future)? })
    }
}

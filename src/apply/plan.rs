//! From changes to steps: each object is fetched, and what somebody else did meanwhile stops everything.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Applier, Stopped};
use crate::change::plan::{self, Step, TakeOver};
use crate::change::stage::{Fetched, Item};
use crate::change::{Change, Stage};
use crate::live::fault::Fault;
use crate::live::{self, ManagedFields};
use crate::model::id::ObjectId;

impl Applier {
    /// One object as it is now; `None`: it is not there.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn now(&self, id: &ObjectId) -> Result<Option<Value>, Fault> {
        match live::object(&self.client, id, ManagedFields::Kept).await {
            Ok(object) => Ok(Some(object)),
            Err(fault) if fault.status() == Some(404) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// The steps that make these changes of the objects as they are now, in the order in which they are made.
    ///
    /// # Errors
    /// An object is not the one any more that its change was made for, or cannot be read, or is changed twice.
    pub async fn plan(&self, changes: Vec<Change>, take_over: TakeOver) -> Result<Vec<Step>, Stopped> {
        let mut seen: BTreeSet<ObjectId> = BTreeSet::new();
        let mut items = Vec::new();
        for change in changes {
            let id = change.id().map_err(|it| Stopped::no(it.to_string(), ""))?;
            let now = self.now(&id).await?;
            if !seen.insert(id.clone()) {
                return Err(Stopped::no(format!("{id} is changed twice"), "apply one change after the other"));
            }
            let fetched = now.map_or(Fetched::Absent, Fetched::There);
            items.push(Item::new(change, fetched, "").map_err(|it| Stopped::no(it.to_string(), ""))?);
        }
        steps(items, take_over)
    }
}

fn steps(items: Vec<Item>, take_over: TakeOver) -> Result<Vec<Step>, Stopped> {
    let mut stage = Stage::default();
    stage.stage(items);
    let (mut steps, mut conflicts) = (Vec::new(), Vec::new());
    for item in stage.in_order() {
        match plan::step(item.change(), item.id(), item.before(), take_over) {
            Ok(step) => steps.extend(step),
            Err(conflict) => conflicts.push(format!("{}: conflict: {}", conflict.id, conflict.what)),
        }
    }
    if conflicts.is_empty() {
        return Ok(steps);
    }
    let hint = "make the change again on the object as it is now, or take it over with --force-conflicts";
    Err(Stopped::No { what: conflicts, hint: hint.to_owned() })
}

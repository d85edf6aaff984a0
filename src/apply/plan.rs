//! From changes to steps: each object is fetched, and what somebody else did meanwhile stops everything.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Applier, Stopped};
use crate::change::Change;
use crate::change::plan::{self, PlanStep, TakeOver};
use crate::live::fault::LiveFault;
use crate::live::{self, ManagedFields};
use crate::model::id::ObjectId;

impl Applier {
    /// One object as it is now; `None`: it is not there.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn now(&self, id: &ObjectId) -> Result<Option<Value>, LiveFault> {
        live::found(&self.client, id, ManagedFields::Kept).await
    }

    /// The steps that make these changes of the objects as they are now.
    ///
    /// # Errors
    /// An object is not the one any more that its change was made for, or cannot be read, or is changed twice.
    pub async fn plan(&self, changes: Vec<Change>, take_over: TakeOver) -> Result<Vec<PlanStep>, Stopped> {
        let mut seen: BTreeSet<ObjectId> = BTreeSet::new();
        let (mut steps, mut conflicts) = (Vec::new(), Vec::new());
        for change in changes {
            let id = change.id().map_err(|it| Stopped::no(it.to_string(), ""))?;
            if !seen.insert(id.clone()) {
                return Err(Stopped::no(format!("{id} is changed twice"), "apply one change after the other"));
            }
            let now = self.now(&id).await?;
            match plan::step(&change, &id, now.as_ref(), take_over) {
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
}

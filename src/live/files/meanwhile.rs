//! Files that were written a while ago, met with the objects of the cluster as they are by now.

use std::collections::BTreeMap;

use serde_json::Value;

use super::onto::named;
use super::{Changes, FilesError};
use crate::change::meanwhile::{Met, met, outdated};
use crate::change::object::word;
use crate::change::{Op, Saved};
use crate::live::ManagedFields;
use crate::model::cluster::Cluster;
use crate::model::id::ObjectId;

/// Objects as they are by now; `None`: one is not there.
pub type ObjectsByNow = BTreeMap<ObjectId, Option<Value>>;

impl Changes {
    /// The objects that may be other ones by now than those that the changes were made for.
    pub fn outdated(&self, cluster: &Cluster) -> Vec<ObjectId> {
        let is_other = |id: &ObjectId, object: &Value| {
            let said = word(object, "resourceVersion").and_then(|it| it.parse().ok()).unwrap_or(0);
            said == 0 || cluster.version(id) != Some(said)
        };
        match self {
            Changes::Fix { changes, .. } => {
                let known = |Saved { change, .. }: &Saved| {
                    let is_new = |id: &ObjectId| change.op == Op::Create && cluster.version(id).is_none();
                    change.id().ok().filter(|id| !is_new(id) && is_other(id, &change.object))
                };
                changes.iter().filter_map(known).collect()
            }
            Changes::Manifests(loaded) => {
                let of_another = |id: &ObjectId| {
                    let said = loaded.cluster.version(id).filter(|it| *it != 0);
                    said.zip(cluster.version(id)).is_some_and(|(said, now)| said < now)
                };
                named(loaded).into_iter().filter(of_another).collect()
            }
        }
    }

    /// The same changes for the objects as they are by now, and what is to be said of those that are other ones.
    ///
    /// # Errors
    /// Somebody else changed meanwhile what one of them changes.
    pub fn meet(self, now: &ObjectsByNow) -> Result<(Self, Vec<String>), FilesError> {
        let mut notes = Vec::new();
        match self {
            Changes::Manifests(loaded) => {
                for (id, now) in named(&loaded).iter().filter_map(|it| Some((it, now.get(it)?))) {
                    let object = loaded.source.whole(id, ManagedFields::LeftOut).and_then(Result::ok);
                    let words = object.and_then(|it| outdated(&it, now.as_ref()));
                    notes.extend(words.map(|it| format!("{id}: {it}")));
                }
                Ok((Changes::Manifests(loaded), notes))
            }
            Changes::Fix { label, changes } => {
                let (mut all, mut clashes) = (Vec::new(), Vec::new());
                for saved in changes {
                    let known = saved.change.id().ok().and_then(|id| now.get(&id).map(|now| (id, now)));
                    let Some((id, now)) = known else {
                        all.push(saved);
                        continue;
                    };
                    match met(&saved, now.as_ref()) {
                        Met::AsMeant => {
                            let words = outdated(&saved.change.object, now.as_ref()).filter(|_| saved.before.is_none());
                            notes.extend(words.map(|it| format!("{id}: {it}")));
                            all.push(saved);
                        }
                        Met::Moved(item, words) => {
                            notes.push(format!("{id}: {words}"));
                            all.push(Saved { change: item.change().clone(), before: Some(now.clone()) });
                        }
                        Met::Clash(_, words) => clashes.push(format!("{id}: {words}")),
                    }
                }
                match clashes.is_empty() {
                    true => Ok((Changes::Fix { label, changes: all }, notes)),
                    false => Err(FilesError::Clash { label, what: clashes.join("; ") }),
                }
            }
        }
    }
}

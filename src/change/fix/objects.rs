//! The objects that a draft changes, as it goes on: each is taken up whole, changed in place and handed in once.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Draft, WholeObjects};
use crate::change::edits::{Change, Op};
use crate::kinds::WRITTEN_POLICY;
use crate::kinds::written_policy;
use crate::model::cluster::Cluster;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;

/// What a draft is made of while it is made.
#[derive(Clone, Debug)]
pub struct Desk<'a> {
    pub cluster: &'a Cluster,
    manifests: &'a WholeObjects,
    changed: BTreeMap<ObjectId, Change>,
    what: Vec<String>,
    notes: Vec<String>,
}

impl<'a> Desk<'a> {
    /// Nothing is changed yet.
    pub fn new(cluster: &'a Cluster, manifests: &'a WholeObjects) -> Self {
        Self { cluster, manifests, changed: BTreeMap::new(), what: Vec::new(), notes: Vec::new() }
    }

    /// The object as it is by now.
    pub fn object(&self, id: &ObjectId) -> Option<&Value> {
        self.changed.get(id).map(|it| &it.object).or_else(|| self.manifests.get(id))
    }

    /// The object, to be changed; `None`: it is not there whole.
    pub fn change(&mut self, id: &ObjectId) -> Option<&mut Value> {
        if !self.changed.contains_key(id) {
            let object = self.manifests.get(id)?.clone();
            self.changed.insert(id.clone(), Change { op: Op::Update, object });
        }
        self.changed.get_mut(id).map(|it| &mut it.object)
    }

    /// A new object.
    pub fn create(&mut self, id: ObjectId, object: Value) {
        self.changed.insert(id, Change { op: Op::Create, object });
    }

    /// An object less; `None`: it is not there whole.
    pub fn delete(&mut self, id: &ObjectId) -> Option<()> {
        let object = self.object(id)?.clone();
        self.changed.insert(id.clone(), Change { op: Op::Delete, object });
        Some(())
    }

    /// Says what was done.
    pub fn say(&mut self, what: impl Into<String>) {
        self.what.push(what.into());
    }

    /// Says what should be known.
    pub fn note(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !self.notes.contains(&what) {
            self.notes.push(what);
        }
    }

    /// A name that no object of this kind has there: this one, else with a number behind it.
    pub fn name(&self, kind: Kind, namespace: &str, wanted: &str) -> Name {
        let wanted = as_name(wanted);
        let taken = |name: &str| {
            let id = ObjectId::new(kind, namespace, name);
            crate::change::edits::exists(self.cluster, &id)
                || self.changed.contains_key(&id)
                || self.cluster.unreadable.contains(&id)
        };
        let numbered = (2..).map(|it| format!("{wanted}-{it}"));
        std::iter::once(wanted.clone()).chain(numbered).find(|it| !taken(it)).unwrap_or_default().into()
    }

    /// A new NetworkPolicy with this spec, which is called as this says.
    pub fn policy(&mut self, namespace: &Name, wanted: &str, spec: Value) -> ObjectId {
        let name = self.name(WRITTEN_POLICY.kind, namespace, wanted);
        let id = ObjectId::new(WRITTEN_POLICY.kind, namespace.clone(), name.clone());
        self.create(id.clone(), written_policy::policy(namespace, &name, spec));
        id
    }

    /// What was made of it; deletions come last.
    pub fn draft(self) -> Draft {
        let mut changes: Vec<Change> = self.changed.into_values().collect();
        changes.sort_by_key(|it| it.op);
        Draft { changes, what: self.what, notes: self.notes, ..Draft::default() }
    }
}

/// A text as the name of an object: what may not stand in one is a dash.
fn as_name(text: &str) -> String {
    const LONGEST: usize = 200;
    let letter = |it: char| if it.is_ascii_alphanumeric() { it.to_ascii_lowercase() } else { '-' };
    let name: String = text.chars().map(letter).take(LONGEST).collect();
    name.split('-').filter(|it| !it.is_empty()).collect::<Vec<_>>().join("-")
}

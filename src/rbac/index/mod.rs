//! The index: who is bound to what where, so that a question is a few look-ups.
//!
//! ```text
//! user, group ──► (namespace, binding)… ──► role ──► rules, each with a mask of its words
//!    [keys]          [bindings]            [roles]
//! namespace ──► bindings, by name                         (who can, there)          [namespaces]
//! resource ──► roles ──► bindings ──► subjects            (who can, everywhere)     [words]
//! ```
//!
//! It shares all facts with the cluster, and holds numbers in few large pieces of memory (`lists`, `slots`) beside
//! them. The law: `build(after)` equals (`same`) `build(before)` with `apply(after, changes)`.

mod bindings;
mod keys;
mod lists;
mod namespaces;
mod roles;
mod same;
mod slots;
mod words;

use std::collections::BTreeSet;

use crate::model::cluster::{Cluster, FactChange};
use crate::model::coverage::CoverageMap;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::role::SharedRole;

use super::aggregation::{Aggregation, Effective, Lag};
use super::marks::{self, Marks};
use bindings::Bindings;
use namespaces::NamespaceNumbers;
use words::{ResourceWords, SeenWords};

pub(super) use bindings::{BindingEntry, role_of};
pub use keys::SubjectKey;
pub(super) use keys::{BindingPlace, KeySlot, SubjectKeys};
pub(super) use roles::{RoleEntry, Roles};

/// Namespace (empty: cluster-wide) and name.
pub(super) type RoleName = (Name, Name);

/// A place in one of the tables; freed places are used again.
pub(super) type Slot = u32;

/// The number of bindings of the whole cluster among namespaces.
pub(super) const CLUSTER: u32 = 0;

/// The four kinds that RBAC is written in.
pub const KINDS: [Kind; 4] = [Kind::CLUSTER_ROLE_BINDING, Kind::ROLE_BINDING, Kind::CLUSTER_ROLE, Kind::ROLE];

/// The index over one cluster's RBAC.
#[derive(Clone, Debug, Default)]
pub struct Index {
    pub(super) namespaces: NamespaceNumbers,
    pub(super) bindings: Bindings,
    pub(super) roles: Roles,
    pub(super) keys: SubjectKeys,
    pub(super) words: ResourceWords,
    aggregation: Aggregation,
    pub(super) marks: Marks,
    pub(super) coverage: CoverageMap,
    /// Objects of [`KINDS`] that exist and could not be read.
    pub(super) unreadable: BTreeSet<ObjectId>,
}

impl Index {
    /// The index over a cluster.
    pub fn build(cluster: &Cluster) -> Self {
        let mut index = Self {
            aggregation: Aggregation::build(cluster.roles.of("").iter()),
            marks: Marks::build(cluster),
            coverage: cluster.coverage.clone(),
            unreadable: unreadable(cluster),
            ..Self::default()
        };
        index.roles.reserve(cluster.roles.len());
        index.bindings.reserve(cluster.bindings.len());
        index.keys.reserve(cluster.bindings.len());
        let mut seen = SeenWords::default();
        for role in cluster.roles.iter() {
            index.put_role(cluster, role, &mut seen);
        }
        // They come in the order of names.
        for binding in cluster.bindings.iter() {
            index.push_binding(binding);
        }
        index
    }

    /// Takes in what changed; `cluster` is the state after all of it.
    pub fn apply(&mut self, cluster: &Cluster, changes: &[FactChange]) {
        for change in changes {
            match change {
                FactChange::Role(diff) => self.change_role(cluster, diff),
                FactChange::Binding(diff) => self.change_binding(diff),
                FactChange::Pod(diff) => {
                    let any = diff.before.as_ref().or(diff.after.as_ref());
                    let any = any.filter(|it| *it.namespace() == "kube-system");
                    let mark = any.and(diff.after.as_ref()).and_then(|it| marks::of_pod(it));
                    self.change_mark(mark, any.map(|it| it.pod_id().object()));
                }
                FactChange::Node(diff) => self.change_mark(
                    diff.after.as_ref().and_then(|it| marks::of_node(it)),
                    diff.before
                        .as_ref()
                        .or(diff.after.as_ref())
                        .map(|it| ObjectId::new(Kind::NODE, "", it.meta.name.clone())),
                ),
                FactChange::Coverage(_) => self.coverage = cluster.coverage.clone(),
                FactChange::Readable(_) => self.unreadable = unreadable(cluster),
                _ => {}
            }
        }
    }

    /// What other authorizers showed of themselves; a server's own word is told here.
    pub fn marks(&self) -> &Marks {
        &self.marks
    }

    /// The same, to be told more.
    pub fn marks_mut(&mut self) -> &mut Marks {
        &mut self.marks
    }

    fn change_mark(&mut self, mark: Option<marks::AuthorizerMark>, id: Option<ObjectId>) {
        if let Some(id) = id.filter(|_| mark.is_some() || !self.marks.is_empty()) {
            self.marks.set(id, mark);
        }
    }

    /// The role of a binding, if it is there.
    pub(super) fn role_entry(&self, entry: &BindingEntry) -> Option<&RoleEntry> {
        entry.role().map(|it| self.roles.get(it)).filter(|it| it.role.is_some())
    }

    /// The role at a namespace (empty: a ClusterRole) and name, with the rules that decide.
    pub fn role(&self, namespace: &Name, name: &Name) -> Option<(&SharedRole, Effective)> {
        let slot = self.roles.find(self.namespaces.find(namespace)?, name)?;
        let entry = self.roles.get(slot);
        Some((entry.role.as_ref()?, entry.effective()?))
    }

    /// Aggregated ClusterRoles whose stored rules are not those of their members (rule 44).
    pub fn lagging(&self) -> Vec<Name> {
        let lags = |name: &&Name| self.role(&Name::empty(), name).is_some_and(|(_, it)| it.lags == Lag::Differs);
        self.aggregation.names().filter(lags).cloned().collect()
    }

    /// The names of all aggregated ClusterRoles.
    pub(super) fn aggregation_names(&self) -> impl Iterator<Item = &Name> {
        self.aggregation.names()
    }

    /// Every key that some binding names, sorted.
    pub fn keys(&self) -> BTreeSet<SubjectKey> {
        self.keys.all().map(|(_, key)| key).collect()
    }

    /// How many bindings and roles it holds.
    pub fn counts(&self) -> (usize, usize) {
        (self.bindings.len(), self.roles.held())
    }
}

fn unreadable(cluster: &Cluster) -> BTreeSet<ObjectId> {
    cluster.unreadable.iter().filter(|it| KINDS.contains(&it.kind)).cloned().collect()
}

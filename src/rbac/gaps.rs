//! What we do not know and what could therefore turn a "no" into a "yes" (reliability.md §4.3).
//!
//! RBAC only adds, so an allow needs nothing from here. A deny does: a kind that is not read, an object that could not
//! be read, a bound role that is not there because roles are not read, and other authorizers.

use crate::model::coverage::Coverage;
use crate::model::evidence::Gap;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::role::RoleSource;

use super::identity::Identity;
use super::index::{BindingEntry, Index, role_of};

impl Index {
    /// What could allow this identity a request in a namespace (empty: cluster-wide) although nothing known does.
    pub(super) fn gaps<'a>(
        &'a self,
        identity: &Identity,
        namespace: &str,
        bindings: impl Iterator<Item = &'a BindingEntry>,
    ) -> Vec<Gap> {
        let mut gaps = self.binding_gaps(namespace);
        gaps.extend(self.role_gaps(bindings));
        if identity.is_node() {
            let what = "the Node authorizer grants to nodes what their pods need; it is not modeled".into();
            gaps.push(Gap::Authorizer { what, seen: None });
        }
        gaps.extend(self.marks.gaps(identity));
        gaps
    }

    /// Bindings that are not read, cluster-wide and in this namespace.
    pub(super) fn binding_gaps(&self, namespace: &str) -> Vec<Gap> {
        let mut gaps = self.uncovered(Kind::CLUSTER_ROLE_BINDING, "");
        if !namespace.is_empty() {
            gaps.extend(self.uncovered(Kind::ROLE_BINDING, namespace));
        }
        let counts = |it: &&ObjectId| {
            it.kind == Kind::CLUSTER_ROLE_BINDING || it.kind == Kind::ROLE_BINDING && it.namespace == *namespace
        };
        gaps.extend(self.unreadable.iter().filter(counts).cloned().map(Gap::Unreadable));
        gaps
    }

    /// Bindings that are not read anywhere.
    pub(super) fn all_binding_gaps(&self) -> Vec<Gap> {
        let mut gaps = self.uncovered(Kind::CLUSTER_ROLE_BINDING, "");
        gaps.extend(self.hole(Kind::ROLE_BINDING));
        let is_binding = |it: &&ObjectId| matches!(it.kind, Kind::CLUSTER_ROLE_BINDING | Kind::ROLE_BINDING);
        gaps.extend(self.unreadable.iter().filter(is_binding).cloned().map(Gap::Unreadable));
        gaps
    }

    /// Roles of these bindings that are not read, each once.
    pub(super) fn role_gaps<'a>(&self, bindings: impl Iterator<Item = &'a BindingEntry>) -> Vec<Gap> {
        if self.roles_are_complete() {
            return Vec::new();
        }
        let mut entries: Vec<&BindingEntry> = bindings.collect();
        // The order of slots is history's; answers are in the order of names.
        entries.sort_by_key(|it| (&it.binding.meta.namespace, &it.binding.meta.name));
        let mut gaps: Vec<Gap> = Vec::new();
        for entry in entries {
            if let Some(gap) = self.role_gap(entry).filter(|it| !gaps.contains(it)) {
                gaps.push(gap);
            }
        }
        gaps
    }

    fn roles_are_complete(&self) -> bool {
        self.coverage.hole(Kind::CLUSTER_ROLE).is_none()
            && self.coverage.hole(Kind::ROLE).is_none()
            && !self.unreadable.iter().any(|it| matches!(it.kind, Kind::CLUSTER_ROLE | Kind::ROLE))
    }

    /// A role that is not held where roles are not fully read, or held and no longer believed.
    pub(super) fn role_gap(&self, entry: &BindingEntry) -> Option<Gap> {
        let (namespace, name) = role_of(&entry.binding)?;
        let kind = if namespace.is_empty() { Kind::CLUSTER_ROLE } else { Kind::ROLE };
        let id = ObjectId::new(kind, namespace.clone(), name);
        if self.unreadable.contains(&id) {
            return Some(Gap::Unreadable(id));
        }
        let coverage = self.coverage.of(kind, &namespace);
        let held = entry.role().and_then(|it| self.roles.get(it).role.as_ref());
        let is_computed = held.is_some_and(|it| it.aggregates().is_some() && it.origin == RoleSource::Manifest);
        if is_computed && let Some(member) = self.unreadable.iter().find(|it| it.kind == Kind::CLUSTER_ROLE) {
            // Any ClusterRole may be a member.
            return Some(Gap::Unreadable(member.clone()));
        }
        let is_believed = held.is_some() && !is_computed && !matches!(coverage, Coverage::Forbidden { .. });
        (!coverage.is_complete() && !is_believed).then(|| Gap::Uncovered {
            kind,
            namespace,
            coverage: coverage.clone(),
        })
    }

    fn uncovered(&self, kind: Kind, namespace: &str) -> Vec<Gap> {
        let coverage = self.coverage.of(kind, namespace);
        if coverage.is_complete() {
            return Vec::new();
        }
        vec![Gap::Uncovered { kind, namespace: namespace.into(), coverage: coverage.clone() }]
    }

    /// The first place where a kind is not fully read.
    pub(super) fn hole(&self, kind: Kind) -> Option<Gap> {
        let (namespace, coverage): (Name, &Coverage) = self.coverage.hole(kind)?;
        Some(Gap::Uncovered { kind, namespace, coverage: coverage.clone() })
    }
}

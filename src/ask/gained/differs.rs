//! What of two worlds differs that ways rest on, and whom that may concern.

use std::collections::BTreeSet;

use crate::ask::World;
use crate::change::grants::OtherRoles;
use crate::escalate::{Foothold, Ground, Held, Region};
use crate::model::cluster::Cluster;
use crate::model::name::Name;
use crate::model::role::{Binding, SharedBinding, Subject, SubjectKind};
use crate::rbac::grant::named;
use crate::rbac::identity::canonical;

/// What differs.
#[derive(PartialEq, Eq, Debug)]
pub enum Differs {
    Nothing,
    /// Roles and bindings alone, and so the rights of these.
    Rights(BTreeSet<Subject>),
    /// More than that: everybody may be concerned.
    Anything,
}

impl Differs {
    /// What of these two does.
    ///
    /// Ways to what is worth reaching rest on roles and bindings, on who and what is there (pods, accounts, nodes, Services,
    /// workloads, namespaces), and on what the labels of namespaces let in. No policy makes or bars one: they decide of
    /// connections alone. What is told of namespaces may be a policy in one that nothing else names.
    pub fn of(before: &World, after: &World) -> Self {
        let (old, new) = (&before.cluster, &after.cluster);
        let is_there = old.pods.is_same(&new.pods)
            && old.namespaces.is_same(&new.namespaces)
            && old.nodes.is_same(&new.nodes)
            && old.services.is_same(&new.services)
            && old.endpoint_slices.is_same(&new.endpoint_slices)
            && old.service_accounts.is_same(&new.service_accounts)
            && old.workloads.is_same(&new.workloads);
        let is_known =
            old.coverage == new.coverage && old.unreadable == new.unreadable && before.version == after.version;
        if !is_there || !is_known || has_other_spaces(old, new) {
            return Differs::Anything;
        }
        if old.roles.is_same(&new.roles) && old.bindings.is_same(&new.bindings) {
            return Differs::Nothing;
        }
        let mut subjects = BTreeSet::new();
        add(before, after, &mut subjects);
        add(after, before, &mut subjects);
        // Whom these groups take in is everybody, or everybody of a sort.
        let is_wide = |it: &Subject| it.kind() == SubjectKind::Group && it.name().starts_with("system:");
        if subjects.iter().any(is_wide) { Differs::Anything } else { Differs::Rights(subjects) }
    }

    /// Whether it is somebody whose own rights differ.
    pub fn names(&self, foothold: &Foothold) -> bool {
        matches!((self, foothold), (Differs::Rights(all), Foothold::Subject(it)) if all.contains(it))
    }

    /// Whether whoever holds this acts as somebody whose rights differ, or may write what differs, or an account that a
    /// binding names and that is not there.
    pub fn concerns(&self, ground: &Ground<'_>, held: &Held) -> bool {
        let Differs::Rights(all) = self else { return *self == Differs::Anything };
        let is_held = |it: &Subject| held.is_held(ground, &Region::One(Foothold::Subject(it.clone())));
        let writes = || held.rights().iter().any(|it| WRITTEN.contains(&it.need.resource));
        all.iter().any(is_held) || writes()
    }
}

/// Whoever may do something to these may find something else to do it to.
const WRITTEN: [&str; 6] = ["roles", "clusterroles", "rolebindings", "clusterrolebindings", "serviceaccounts", "*"];

/// Whether another namespace is there because a policy names it.
fn has_other_spaces(a: &Cluster, b: &Cluster) -> bool {
    let is_same = a.policies.namespaces().eq(b.policies.namespaces());
    !is_same && a.namespace_names() != b.namespace_names()
}

/// Whom bindings of the one name that are not on the other side, or give something else there.
fn add(own: &World, other: &World, subjects: &mut BTreeSet<Subject>) {
    let roles = OtherRoles::of(&own.cluster, &other.cluster);
    for namespace in own.cluster.bindings.namespaces() {
        let (mine, theirs) = (own.cluster.bindings.of(namespace), other.cluster.bindings.of(namespace));
        if roles.is_empty() && std::ptr::eq(mine, theirs) {
            continue;
        }
        let is_other = |it: &&SharedBinding| !is_same(own, other, namespace, it, roles.has(it));
        let differing = mine.iter().filter(is_other);
        subjects.extend(differing.flat_map(|it| it.subjects.iter().map(|one| canonical(&named(one, it)))));
    }
}

/// Whether the other side has a binding that gives the same to the same.
fn is_same(own: &World, other: &World, namespace: &Name, binding: &Binding, is_other_role: bool) -> bool {
    let theirs = other.cluster.bindings.get(namespace, &binding.meta.name);
    theirs.is_some_and(|it| {
        let is_like = it.role == binding.role && it.subjects == binding.subjects;
        is_like && (!is_other_role || own.rbac().rules_of(binding) == other.rbac().rules_of(it))
    })
}

//! What subjects may do in one cluster and not in the other: effective rights, not objects.
//!
//! ```text
//! bindings that give something else ──► their subjects and what they give ──► may they do it on the other side?
//! ```
//!
//! A right that is held through another binding, a wider rule or an implicit group on the other side is no difference, and a
//! binding that gives nothing is none. Only what differs is asked for: whoever holds the same bindings holds the same.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;

use super::{Side, Sides};
use crate::model::cluster::Cluster;
use crate::model::evidence::{Gap, Outcome};
use crate::model::name::Name;
use crate::model::role::{Binding, SharedRole, Subject, SubjectKind};
use crate::rbac::Identity;
use crate::rbac::covers::Tuple;
use crate::rbac::grant::{Grant, named};
use crate::rbac::identity::{How, MASTERS};
use crate::rbac::resource_or_url::ResourceOrUrl;
use crate::rbac::rights;

/// How what a subject may do differs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum GrantChange {
    Given,
    Taken,
    /// One side grants it; on the other it may be granted by what was not read.
    Unsure,
}

impl GrantChange {
    /// As JSON and scripts know it.
    pub const fn as_str(self) -> &'static str {
        match self {
            GrantChange::Given => "given",
            GrantChange::Taken => "taken",
            GrantChange::Unsure => "unsure",
        }
    }
}

/// What one subject may do to one thing, in one place, on one side alone.
#[derive(Clone, PartialEq, Debug)]
pub struct GrantRow {
    pub subject: Subject,
    pub change: GrantChange,
    /// Empty: in the whole cluster.
    pub scope: Name,
    /// The name is empty where every object is meant, or as well the object without a name.
    pub what: ResourceOrUrl,
    pub is_named: bool,
    pub verbs: BTreeSet<Name>,
    /// The grants of the side that has it.
    pub by: Vec<Grant>,
    /// Why it is not sure that the other side has it not.
    pub gaps: Vec<Gap>,
}

impl GrantRow {
    /// The rights that it speaks of, a verb each.
    pub fn parts(&self) -> impl Iterator<Item = Tuple> {
        self.verbs.iter().map(|verb| match &self.what {
            ResourceOrUrl::Url(url) => Tuple::Url { verb: verb.clone(), url: url.clone() },
            ResourceOrUrl::Resource { group, resource, name } => Tuple::Resource {
                verb: verb.clone(),
                group: group.clone(),
                resource: resource.clone(),
                name: self.is_named.then(|| name.clone()),
            },
        })
    }
}

/// What a row speaks of.
type GrantRowKey = (Subject, GrantChange, Name, bool, ResourceOrUrl);

/// Verbs, grants and gaps of a row in the making.
type GrantRowParts = (BTreeSet<Name>, Vec<Grant>, Vec<Gap>);

/// What a subject is given by bindings that differ: where, and what.
type Rights = BTreeSet<(Name, Tuple)>;

/// The rights that differ, by subject.
pub(super) fn compare(sides: &Sides<'_>) -> Vec<GrantRow> {
    let mut rows: BTreeMap<GrantRowKey, GrantRowParts> = BTreeMap::new();
    let [before, after] = sides.both();
    for (holds, lacks, change) in [(after, before, GrantChange::Given), (before, after, GrantChange::Taken)] {
        for (subject, rights) in differing(holds, lacks) {
            let identity = Identity::new(&subject, &[]);
            if !identity.is_in(MASTERS) {
                of_subject(holds, lacks, change, &identity, rights, &mut rows);
            }
        }
    }
    let row = |((subject, change, scope, is_named, what), (verbs, by, gaps)): (GrantRowKey, GrantRowParts)| GrantRow {
        subject,
        change,
        scope,
        what,
        is_named,
        verbs,
        by,
        gaps,
    };
    rows.into_iter().map(row).collect()
}

/// What bindings of one side give that are not on the other, or give something else there.
fn differing(holds: &Side<'_>, lacks: &Side<'_>) -> BTreeMap<Subject, Rights> {
    let mut found: BTreeMap<Subject, Rights> = BTreeMap::new();
    let roles = OtherRoles::of(holds.cluster, lacks.cluster);
    for namespace in holds.cluster.bindings.namespaces() {
        let (own, others) = (holds.cluster.bindings.of(namespace), lacks.cluster.bindings.of(namespace));
        let has_same_bindings = std::ptr::eq(own, others);
        if has_same_bindings && roles.is_empty() {
            continue;
        }
        for binding in own {
            let is_other_role = roles.has(binding);
            if has_same_bindings && !is_other_role {
                continue;
            }
            let other = lacks.cluster.bindings.get(namespace, &binding.meta.name);
            let is_like = other.is_some_and(|it| is_same(it, binding));
            let rules = holds.rbac.rules_of(binding);
            if is_like && (!is_other_role || other.is_some_and(|it| lacks.rbac.rules_of(it) == rules)) {
                continue;
            }
            let parts: BTreeSet<Tuple> =
                rules.iter().flat_map(|it| it.iter()).flat_map(|it| rights::given(binding, it, holds.served)).collect();
            for subject in subjects(binding) {
                let rights = parts.iter().map(|it| (namespace.clone(), it.clone()));
                found.entry(subject).or_default().extend(rights);
            }
        }
    }
    found
}

/// Whether a binding gives to the same subjects by the same role, whatever else it says.
fn is_same(a: &Binding, b: &Binding) -> bool {
    a.role == b.role && a.subjects == b.subjects
}

/// Whom a binding names, each once; who has no name is nobody.
fn subjects(binding: &Binding) -> BTreeSet<Subject> {
    let is_somebody = |it: &Subject| match it.kind() {
        SubjectKind::ServiceAccount => !it.namespace().is_empty() && !it.name().is_empty(),
        SubjectKind::Other(_) => false,
        SubjectKind::User | SubjectKind::Group => !it.name().is_empty(),
    };
    let all = binding.subjects.iter().map(|it| named(it, binding)).filter(is_somebody);
    all.map(|it| Identity::new(&it, &[]).subject).collect()
}

fn of_subject(
    holds: &Side<'_>,
    lacks: &Side<'_>,
    change: GrantChange,
    identity: &Identity,
    rights: Rights,
    rows: &mut BTreeMap<GrantRowKey, GrantRowParts>,
) {
    let mut lacking: Vec<(Name, Tuple, Vec<Gap>)> = Vec::new();
    for (scope, part) in rights {
        let access = lacks.rbac.can(identity, &rights::request(&part, &scope));
        // Rights are compared as RBAC gives them: what another authorizer may add, it may add on both sides.
        let gaps: Vec<Gap> = access.gaps.iter().filter(|it| !matches!(it, Gap::Authorizer { .. })).cloned().collect();
        if access.outcome() != Outcome::Allow {
            lacking.push((scope, part, gaps));
        }
    }
    for (scope, part, gaps) in widest(lacking) {
        let access = holds.rbac.can(identity, &rights::request(&part, &scope));
        let by = access.grants.into_iter().filter(|it| identity.how(it.subject()) == How::Itself);
        let change = if gaps.is_empty() { change } else { GrantChange::Unsure };
        let (verb, is_named, what) = parted(part);
        let key = (identity.subject.clone(), change, scope, is_named, what);
        let (verbs, grants, all_gaps) = rows.entry(key).or_default();
        verbs.insert(verb);
        by.for_each(|it| push_grant(grants, it));
        gaps.into_iter().for_each(|it| {
            if !all_gaps.contains(&it) {
                all_gaps.push(it)
            }
        });
    }
}

/// Those that are in no other: beside every verb no single one is told, beside the whole cluster no namespace.
fn widest(all: Vec<(Name, Tuple, Vec<Gap>)>) -> Vec<(Name, Tuple, Vec<Gap>)> {
    let is_wide = |(scope, part, _): &(Name, Tuple, Vec<Gap>)| scope.is_empty() || has_star(part);
    let wide: Vec<(Name, Tuple)> = all.iter().filter(|it| is_wide(it)).map(|it| (it.0.clone(), it.1.clone())).collect();
    let is_within = |(scope, part, _): &(Name, Tuple, Vec<Gap>)| {
        wide.iter().any(|(place, it)| {
            let is_other = (place, it) != (scope, part);
            is_other && (place.is_empty() || place == scope) && rights::holds(it, part)
        })
    };
    let kept: Vec<bool> = all.iter().map(|it| !is_within(it)).collect();
    all.into_iter().zip(kept).filter(|it| it.1).map(|it| it.0).collect()
}

/// Whether a part speaks of more than one thing.
fn has_star(part: &Tuple) -> bool {
    match part {
        Tuple::Url { verb, url } => *verb == "*" || url.ends_with('*'),
        Tuple::Resource { verb, group, resource, name } => {
            *verb == "*" || *group == "*" || resource.starts_with('*') || name.is_none()
        }
    }
}

fn parted(part: Tuple) -> (Name, bool, ResourceOrUrl) {
    match part {
        Tuple::Url { verb, url } => (verb, false, ResourceOrUrl::Url(url)),
        Tuple::Resource { verb, group, resource, name } => {
            (verb, name.is_some(), ResourceOrUrl::Resource { group, resource, name: name.unwrap_or_else(Name::empty) })
        }
    }
}

fn push_grant(all: &mut Vec<Grant>, grant: Grant) {
    let is_same =
        |it: &Grant| it.binding.id() == grant.binding.id() && (it.subject, it.rule) == (grant.subject, grant.rule);
    if !all.iter().any(is_same) {
        all.push(grant);
    }
}

/// The roles that are others on two sides: bindings to all the rest give the same on both.
pub struct OtherRoles {
    /// By namespace (empty: ClusterRoles) and name.
    names: FxHashSet<(Name, Name)>,
}

impl OtherRoles {
    /// Of these two.
    pub fn of(own: &Cluster, other: &Cluster) -> Self {
        let mut names = FxHashSet::default();
        for (own, other) in [(own, other), (other, own)] {
            for namespace in own.roles.namespaces().filter(|it| !std::ptr::eq(own.roles.of(it), other.roles.of(it))) {
                let is_other = |it: &&SharedRole| other.roles.same(*it).is_none_or(|role| !is_same_role(role, it));
                let others = own.roles.of(namespace).iter().filter(is_other);
                names.extend(others.map(|it| (namespace.clone(), it.meta.name.clone())));
            }
        }
        // What takes its rules from others may have other ones; the order does not matter to whether there is one.
        if names.iter().any(|it| it.0.is_empty()) {
            let of = |it: &Cluster| {
                let aggregated = it.roles.of("").iter().filter(|it| it.aggregates().is_some());
                aggregated.map(|it| (Name::empty(), it.meta.name.clone())).collect::<Vec<_>>()
            };
            names.extend([own, other].into_iter().flat_map(of));
        }
        Self { names }
    }

    /// Whether all roles are the same.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether the role of a binding may give something else.
    pub fn has(&self, binding: &Binding) -> bool {
        let home = if binding.role.kind == *"Role" { binding.meta.namespace.clone() } else { Name::empty() };
        !self.is_empty() && self.names.contains(&(home, binding.role.name.clone()))
    }
}

/// Whether two roles give the same, to those who are bound to them and to roles that take them in.
fn is_same_role(a: &SharedRole, b: &SharedRole) -> bool {
    let is_alike = || (a.origin, &a.rules, a.aggregates()) == (b.origin, &b.rules, b.aggregates());
    SharedRole::ptr_eq(a, b) || is_alike() && a.labels() == b.labels()
}

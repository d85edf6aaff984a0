//! Guards of rights: those that whoever changes them lives by, those of the control plane, and those that give more than
//! they say.

use std::collections::BTreeSet;

use super::{GuardedChange, is_about_rights};
use crate::ask::World;
use crate::ask::diff::right;
use crate::change::edits::{Change, Op};
use crate::change::object::mark;
use crate::change::{GrantChange, GrantRow};
use crate::model::evidence::Outcome;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::role::{Role, RoleRef, SharedBinding, Subject, SubjectKind};
use crate::rbac::covers::Tuple;
use crate::rbac::identity::{Identity, MASTERS, canonical};
use crate::rbac::{defaults, rights};

/// The rows that somebody gains by, or may.
fn given<'a>(seen: &GuardedChange<'a>) -> impl Iterator<Item = &'a GrantRow> {
    seen.impact.grants.iter().filter(|it| it.change != GrantChange::Taken)
}

/// The rows that somebody loses by, or may.
fn taken<'a>(seen: &GuardedChange<'a>) -> impl Iterator<Item = &'a GrantRow> {
    seen.impact.grants.iter().filter(|it| it.change != GrantChange::Given)
}

/// `sa:ci/runner can then get secrets in shop`; of what is not sure `can then perhaps`.
fn gets(row: &GrantRow) -> String {
    let can = if row.change == GrantChange::Given { "can then" } else { "can then perhaps" };
    format!("{} {can} {}", row.subject, right(row))
}

/// The first in words, and how many more there are.
fn told(mut all: impl Iterator<Item = String>) -> Option<String> {
    let first = all.next()?;
    match all.count() {
        0 => Some(first),
        more => Some(format!("{first}, and {more} more")),
    }
}

pub(super) fn no_identity(seen: &GuardedChange<'_>) -> Option<&'static str> {
    if !is_about_rights(seen) {
        return None;
    }
    let Some(me) = seen.before.told.me() else {
        return Some("the server does not say who you are (SelfSubjectReview)");
    };
    (me.identity(&[]).is_in(MASTERS) && taken(seen).next().is_some())
        .then_some("you are in system:masters, which no binding gives or takes; others may lose access")
}

pub(super) fn own_access_is_lost(seen: &GuardedChange<'_>) -> Option<String> {
    let me = seen.before.told.me()?.identity(&[]);
    let is_mine = |it: &&GrantRow| match &it.subject {
        Subject::Group(name) => me.is_in(name),
        other => canonical(other) == me.subject,
    };
    let row = taken(seen).filter(is_mine).find(|it| is_gone(seen.after, &me, it))?;
    Some(format!("you can no longer {}", right(row)))
}

/// Whether something of a row is held no longer, by any other grant either.
fn is_gone(after: &World, me: &Identity, row: &GrantRow) -> bool {
    let may = |it: Tuple| after.rbac().can(me, &rights::request(&it, &row.scope)).outcome();
    row.parts().any(|it| may(it) != Outcome::Allow)
}

/// Subjects that a cluster role binding lets do everything, and that are not the system's own.
fn administrators(world: &World) -> BTreeSet<String> {
    let all = world.cluster.bindings.of("").iter();
    let is_all = |it: &SharedBinding| {
        let has = |list: &[Name]| list.iter().any(|it| it == "*");
        let rules = world.rbac().rules_of(it);
        rules
            .iter()
            .flat_map(|it| it.iter())
            .any(|it| has(&it.verbs) && has(&it.groups) && has(&it.resources) && it.names.is_empty())
    };
    let subjects = all.filter(|it| is_all(it)).flat_map(|it| it.subjects.iter());
    subjects.filter(|it| !it.name().starts_with("system:")).map(ToString::to_string).collect()
}

pub(super) fn last_administrator_goes(seen: &GuardedChange<'_>) -> Option<String> {
    if !is_about_rights(seen) {
        return None;
    }
    let before = administrators(seen.before);
    let is_last = !before.is_empty() && administrators(seen.after).is_empty();
    is_last.then(|| {
        format!("{} is the last that a binding lets do everything", before.into_iter().next().unwrap_or_default())
    })
}

pub(super) fn system_loses(seen: &GuardedChange<'_>) -> Option<String> {
    let is_system = |it: &Subject| match it.kind() {
        SubjectKind::ServiceAccount => *it.namespace() == *"kube-system",
        _ => it.name().starts_with("system:"),
    };
    if let Some(row) = taken(seen).find(|it| is_system(&it.subject)) {
        return Some(format!("{} can no longer {}", row.subject, right(row)));
    }
    let changed = seen.changes.iter().filter(|it| it.op != Op::Create).filter_map(|it| Some((it, it.id().ok()?)));
    let (_, id) = changed.into_iter().find(|(change, id)| is_bootstrap(change, id))?;
    Some(format!("{id} is one that the API server made and restores"))
}

/// Whether the API server makes a role or a binding at its start: as it says there, or by its name.
fn is_bootstrap(change: &Change, id: &ObjectId) -> bool {
    const RIGHTS: [Kind; 4] = [Kind::ROLE, Kind::CLUSTER_ROLE, Kind::ROLE_BINDING, Kind::CLUSTER_ROLE_BINDING];
    let says = |list, key| mark(&change.object, list, key).is_some();
    let named = || RoleRef { kind: "ClusterRole".into(), name: id.name.clone() };
    RIGHTS.contains(&id.kind)
        && (says("labels", "kubernetes.io/bootstrapping")
            || says("annotations", "rbac.authorization.kubernetes.io/autoupdate")
            || id.name.starts_with("system:")
            || id.kind == Kind::CLUSTER_ROLE && defaults::rules(&named(), "").is_some())
}

/// Groups that everybody is in, and the user that whoever has no name is.
const EVERYONE: [&str; 4] =
    ["system:authenticated", "system:unauthenticated", "system:serviceaccounts", "system:anonymous"];

fn is_everyone(it: &GrantRow) -> bool {
    EVERYONE.contains(&it.subject.name().as_str())
}

pub(super) fn everyone_gets(seen: &GuardedChange<'_>) -> Option<String> {
    told(given(seen).filter(|it| is_everyone(it)).map(gets))
}

/// A right that lets its holder come to hold more than it says.
struct Risky {
    verbs: Verbs,
    group: &'static str,
    /// `*` for whichever.
    resource: &'static str,
}

enum Verbs {
    /// Whichever.
    All,
    Writes,
    /// This one, or one that begins so and goes on after a colon.
    One(&'static str),
}

const fn risky(verbs: Verbs, group: &'static str, resource: &'static str) -> Risky {
    Risky { verbs, group, resource }
}

/// The good practices of RBAC in the Kubernetes documentation: "privilege escalation risks". Reading `nodes/proxy` is
/// writing: it runs commands through the kubelet.
const RISKY: &[Risky] = &[
    risky(Verbs::One("escalate"), "rbac.authorization.k8s.io", "*"),
    risky(Verbs::One("bind"), "rbac.authorization.k8s.io", "*"),
    risky(Verbs::One("impersonate"), "*", "*"),
    risky(Verbs::All, "", "secrets"),
    risky(Verbs::All, "", "nodes/proxy"),
    risky(Verbs::All, "", "serviceaccounts/token"),
    risky(Verbs::Writes, "admissionregistration.k8s.io", "*"),
];

impl Verbs {
    fn hold(&self, verb: &str) -> bool {
        match self {
            Verbs::All => true,
            Verbs::Writes => !["get", "list", "watch"].contains(&verb),
            Verbs::One(word) => verb.strip_prefix(word).is_some_and(|it| it.is_empty() || it.starts_with(':')),
        }
    }
}

impl Risky {
    fn is(&self, verb: &str, group: &str, resource: &str) -> bool {
        let is = |wanted: &str, held: &str| wanted == "*" || wanted == held;
        self.verbs.hold(verb) && is(self.group, group) && is(self.resource, resource)
    }
}

/// Whether a right is one of them, or says `*` where it could say what it means.
fn is_risky(part: &Tuple) -> bool {
    match part {
        Tuple::Url { verb, url } => verb == "*" || url == "*",
        Tuple::Resource { verb, group, resource, .. } => {
            let says_all = resource == "*" || resource.starts_with("*/");
            verb == "*" || group == "*" || says_all || RISKY.iter().any(|it| it.is(verb, group, resource))
        }
    }
}

/// What everybody gets is said by that guard.
pub(super) fn risky_is_given(seen: &GuardedChange<'_>) -> Option<String> {
    told(given(seen).filter(|it| !is_everyone(it) && it.parts().any(|it| is_risky(&it))).map(gets))
}

pub(super) fn aggregated_is_edited(seen: &GuardedChange<'_>) -> Option<String> {
    let changed = seen.changes.iter().filter_map(|it| it.id().ok()).filter(|it| it.kind == Kind::CLUSTER_ROLE);
    told(changed.filter_map(|id| {
        let [before, after] = [seen.before, seen.after].map(|it| it.cluster.roles.get("", &id.name));
        if let (before, Some(after)) = (before, after)
            && is_overwritten(before.map(|it| &**it), after)
        {
            return Some(format!("rules of {id} come from the roles that it selects"));
        }
        let is_same = match (before, after) {
            (Some(before), Some(after)) => before.rules == after.rules && before.labels() == after.labels(),
            (before, after) => before.is_none() && after.is_none(),
        };
        let roles: BTreeSet<String> = [(seen.before, before), (seen.after, after)]
            .into_iter()
            .filter_map(|(world, role)| Some(filled(world, role?)))
            .flatten()
            .collect();
        let first = roles.into_iter().next().filter(|_| !is_same)?;
        Some(format!("{id} is part of clusterrole/{first}: its rules are those of everybody who holds that"))
    }))
}

/// Whether an aggregated role says rules that it did not before, or selects others.
fn is_overwritten(before: Option<&Role>, after: &Role) -> bool {
    let Some(selectors) = after.aggregates() else { return false };
    match before {
        Some(before) => before.rules != after.rules || before.aggregates() != Some(selectors),
        None => !after.rules.is_empty(),
    }
}

/// The aggregated ClusterRoles that a role is part of: those that are there, and Kubernetes' own.
fn filled(world: &World, role: &Role) -> BTreeSet<String> {
    let aggregated = world.cluster.roles.of("").iter().filter(|it| it.meta.name != role.meta.name);
    let selects = |it: &Role| it.aggregates().is_some_and(|all| all.iter().any(|it| it.matches(role.labels())));
    let there = aggregated.filter(|it| selects(it)).map(|it| it.meta.name.to_string());
    let is_of = |it: &&str| {
        let key = format!("rbac.authorization.k8s.io/aggregate-to-{it}");
        role.labels().get(&key).is_some_and(|it| it == "true")
    };
    there.chain(["admin", "edit", "view"].iter().filter(|it| is_of(it)).map(ToString::to_string)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_is_one_of_its_own_or_goes_on_after_a_colon() {
        let is = |verb: &str| {
            let (group, resource) = (Name::from("authentication.k8s.io"), Name::from("users"));
            is_risky(&Tuple::Resource { verb: Name::from(verb), group, resource, name: None })
        };
        assert!(is("impersonate") && is("impersonate:user-info"));
        assert!(!is("impersonate-on:user-info:list") && !is("get"));
    }
}

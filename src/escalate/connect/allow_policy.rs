//! N50: with policies that allow everything, at the target, at the source, or at both.

use crate::kinds::{Intern, WRITTEN_POLICY};
use crate::model::cluster::Delta;
use crate::model::evidence::Outcome;
use crate::model::id::ObjectId;
use crate::model::name::Name;
use crate::net::verdict::End;
use crate::rbac::powers::Need;

use super::super::edges::{Edge, MoveTrace};
use super::super::moves::new_name;
use super::super::powers::{Asks, Permission};
use super::super::rights::Right;
use super::super::step::Step;
use super::{Case, edge};

pub(super) static ALLOW_POLICY: Edge = edge(
    "N50",
    "write a network policy",
    "every connection to and from pods of the namespace, since policies add",
    "create, update, patch, delete or deletecollection networkpolicies",
    "policies of other kinds, which may deny all the same",
    MoveTrace::Object,
    Asks::Anybody(&[&CREATES, &CHANGES, &DELETES]),
);

const NETWORKING: &str = "networking.k8s.io";
static CREATES: Permission =
    Permission::of(&[Need { verbs: &["create"], group: NETWORKING, resource: "networkpolicies" }]);
static CHANGES: Permission =
    Permission::of(&[Need { verbs: &["patch", "update"], group: NETWORKING, resource: "networkpolicies" }]);
static DELETES: Permission = Permission::of(&[
    Need { verbs: &["delete"], group: NETWORKING, resource: "networkpolicies" },
    Need { verbs: &[COLLECTION], group: NETWORKING, resource: "networkpolicies" },
]);
/// All of a namespace at once: such a request has no name.
const COLLECTION: &str = "deletecollection";

pub(super) fn steps(case: &Case<'_>, steps: &mut Vec<Step>) {
    if [&CREATES, &CHANGES, &DELETES].into_iter().all(|it| case.rights(it).next().is_none()) {
        return;
    }
    let target = case.target_pod().map(|it| it.namespace().clone());
    for (held, from) in case.distinct_places() {
        let source = match &from {
            End::Pod(id) => Some(id.namespace.clone()),
            _ => None,
        };
        let mut writes: Vec<Delta> = Vec::new();
        let mut step = Step::new(&ALLOW_POLICY, &held, case.to());
        for namespace in target.iter().chain(source.iter().filter(|it| Some(*it) != target.as_ref())) {
            let Some((right, name, more)) = opening(case, namespace) else { continue };
            step = step.with(right.foothold(case.held)).because(right.because(case.held, namespace, &name));
            writes.extend(more);
            if case.tried(&writes, &from) == Outcome::Allow {
                let step = writes.into_iter().fold(step, Step::writing);
                steps.push(step.because(case.connects(&from)));
                return;
            }
        }
    }
}

/// How somebody opens a namespace: a new policy, a changed one, or those deleted that may be.
fn opening<'a>(case: &Case<'a>, namespace: &Name) -> Option<(&'a Right, Name, Vec<Delta>)> {
    let here = |it: &&Right| it.is_in(namespace);
    if let Some(right) = case.held.right_in(&CREATES, namespace) {
        return Some((right, Name::empty(), vec![open_policy(namespace, "reach-open")?]));
    }
    for right in case.rights(&CREATES).filter(here) {
        if let Some(name) = new_name(case.ground, right, namespace) {
            let write = open_policy(namespace, &name)?;
            return Some((right, name, vec![write]));
        }
    }
    let policies = || {
        let all = case.ground.cluster.policies.of(namespace).iter();
        all.filter(|it| it.kind == WRITTEN_POLICY.kind)
    };
    for right in case.rights(&CHANGES).filter(here) {
        if let Some(policy) = policies().find(|it| right.is_of(&it.meta.name)) {
            let name = policy.meta.name.clone();
            let write = open_policy(namespace, &name)?;
            return Some((right, name, vec![write]));
        }
    }
    case.rights(&DELETES).filter(here).find_map(|right| {
        let is_collection = right.need.verbs == [COLLECTION];
        let gone: Vec<ObjectId> = policies().map(|it| it.id()).filter(|it| right.is_of(&it.name)).collect();
        let first = gone.first()?.name.clone();
        match is_collection {
            true if !right.is_of_all() => None,
            true => Some((right, Name::empty(), gone.into_iter().map(Delta::Gone).collect())),
            false => Some((right, first, gone.into_iter().map(Delta::Gone).collect())),
        }
    })
}

/// A NetworkPolicy that allows everything for all pods of a namespace.
fn open_policy(namespace: &str, name: &str) -> Option<Delta> {
    let open = r#""podSelector":{},"policyTypes":["Ingress","Egress"],"ingress":[{}],"egress":[{}]"#;
    let json = format!(r#"{{"metadata":{{"name":"{name}"}},"spec":{{{open}}}}}"#);
    WRITTEN_POLICY.read_json(&json, namespace, &mut Intern::new()).delta()
}

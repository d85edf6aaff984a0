//! Who starts where everybody is asked about, and what stays whatever is cut.

use std::collections::BTreeSet;

use super::super::Ground;
use super::super::closure::{chained, spread};
use super::super::foothold::Foothold;
use super::super::goal::Goal;
use super::super::held::Held;
use super::super::region::{Region, Which};
use super::super::step::Certainty;
use super::ways::ProvenWay;
use crate::model::name::Name;
use crate::model::role::Subject;

/// Everybody whom bindings name, and every service account; of the accounts of a namespace that no binding names one
/// stands for all. Members of `system:masters` are apart: nothing that is cut ends their ways.
pub(super) fn everyone(ground: &Ground<'_>) -> Vec<Foothold> {
    let named = ground.named();
    let mut all: BTreeSet<Subject> = named.users.iter().chain(&named.groups).cloned().collect();
    for (namespace, names) in &named.accounts {
        all.extend(names.iter().map(|it| account(namespace, it)));
    }
    for namespace in ground.all_namespaces().iter() {
        let place = ground.place(namespace);
        let is_named = |it: &&Name| named.accounts.get(namespace).is_some_and(|all| all.contains(*it));
        all.extend(place.accounts().into_iter().find(|it| !is_named(it)).map(|it| account(namespace, it)));
    }
    all.into_iter().map(Foothold::Subject).filter(|it| *it != Foothold::masters()).collect()
}

fn account(namespace: &Name, name: &Name) -> Subject {
    Subject::ServiceAccount { namespace: namespace.clone(), name: name.clone() }
}

/// Whether some rule of theirs gives everything somewhere.
pub(super) fn holds_everything(ground: &Ground<'_>, foothold: &Foothold) -> bool {
    let Foothold::Subject(subject) = foothold else { return true };
    if !ground.groups.is_empty() {
        return true;
    }
    let grants = ground.grants(subject);
    grants.all.iter().any(|it| it.role.as_ref().is_some_and(|(_, powers)| powers.everything))
}

/// Root on a node, and code in a pod, that lead there still: one of each.
pub(super) fn nodes_and_pods(ground: &Ground<'_>, goal: &Goal) -> Vec<ProvenWay> {
    if matches!(goal, Goal::Connects { .. }) {
        return Vec::new();
    }
    let way = |region: Region| {
        let held = Held::of_region(ground, &region, goal.wanted());
        let is_there = goal.met_by(ground, &region).is_some();
        let (held, found) = spread(ground, held, Some(goal), Certainty::Certain, None);
        let path = chained(held.way_to(ground, &found.filter(|_| !is_there)?));
        let who = path.first()?.from.clone();
        Some((who, path))
    };
    [Region::Nodes, Region::Pods(Name::empty(), Which::Running)].into_iter().filter_map(way).collect()
}

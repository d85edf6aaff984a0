//! Whom bindings let do something in some namespaces, found from the bindings: nobody else is looked at.
//!
//! ```text
//! patch pods, in shop  →  bindings of the cluster and of shop whose roles give it  →  user:ana, sa:ci/runner, group:dev
//! ```
//!
//! Whoever may do it through a group that they are in by themselves is found as that group.

use std::collections::{BTreeMap, BTreeSet};

use super::Ground;
use super::powers::PowerSet;
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::identity::MASTERS;

/// Everybody whom bindings of the cluster or of these namespaces give one of these powers, but those who may do
/// everything; those who hold the same together.
pub fn holders<'n>(
    ground: &Ground<'_>,
    powers: PowerSet,
    namespaces: impl IntoIterator<Item = &'n Name>,
) -> Vec<Vec<Subject>> {
    let mut chosen = ground.bound().nobody();
    chosen.add(powers, namespaces);
    chosen.classes()
}

/// Everybody whom bindings of these namespaces name, whatever they give, and the service accounts there.
pub fn at_home<'n>(ground: &Ground<'_>, namespaces: impl IntoIterator<Item = &'n Name>) -> BTreeSet<Subject> {
    let mut chosen = ground.bound().nobody();
    let mut accounts = BTreeSet::new();
    for namespace in namespaces {
        chosen.add_if(namespace, |_| true);
        let place = ground.place(namespace);
        let account = |name: &Name| Subject::ServiceAccount { namespace: namespace.clone(), name: name.clone() };
        accounts.extend(place.accounts().into_iter().map(account));
    }
    accounts.extend(chosen.subjects().cloned());
    accounts
}

/// Who holds `*` on everything in the whole cluster, by the group of the API server's own or by a binding.
pub fn always(ground: &Ground<'_>) -> BTreeSet<Subject> {
    let mut chosen = ground.bound().nobody();
    chosen.add_if(&Name::empty(), |it| it.everything);
    let mut subjects: BTreeSet<Subject> = chosen.subjects().cloned().collect();
    subjects.insert(Subject::Group(MASTERS.into()));
    subjects
}

/// Whether somebody holds `*` on everything in the whole cluster.
pub fn is_always(ground: &Ground<'_>, subject: &Subject) -> bool {
    let is_masters = matches!(subject, Subject::Group(it) if it == MASTERS);
    let gives = |it: &super::terrain::Granted| {
        it.scope().is_empty() && it.role.as_ref().is_some_and(|(_, powers)| powers.everything)
    };
    is_masters || ground.grants(subject).all.iter().any(gives)
}

/// Those of them who may not do everything, those who hold the same together.
pub fn classes(ground: &Ground<'_>, subjects: impl IntoIterator<Item = Subject>) -> Vec<Vec<Subject>> {
    let mut classes: BTreeMap<Vec<(Name, usize)>, Vec<Subject>> = BTreeMap::new();
    for subject in subjects.into_iter().filter(|it| !is_always(ground, it)) {
        classes.entry(ground.grants(&subject).key()).or_default().push(subject);
    }
    // The same order in every run, wherever roles stand in memory.
    let mut all: Vec<Vec<Subject>> = classes.into_values().collect();
    all.sort();
    all
}

/// What somebody holds that leads anywhere: over the whole cluster, over namespaces, over objects that are named.
///
/// Who holds less comes first when they are compared.
pub fn power(ground: &Ground<'_>, subject: &Subject) -> [usize; 3] {
    let mut counts = [0; 3];
    for granted in &ground.grants(subject).all {
        let Some((_, powers)) = &granted.role else { continue };
        let [of_all, named] = powers.counts;
        counts[usize::from(!granted.scope().is_empty())] += of_all;
        counts[2] += named;
    }
    counts
}

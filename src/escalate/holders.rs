//! Whom bindings let do something in some namespaces, found from the bindings: nobody else is looked at.
//!
//! ```text
//! patch pods, in shop  →  bindings of the cluster and of shop whose roles give it  →  user:ana, sa:ci/runner, group:dev
//! ```
//!
//! Whoever may do it through a group that they are in by themselves is found as that group.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::Ground;
use super::powers::{Permission, RolePowers};
use crate::model::name::Name;
use crate::model::role::{Binding, Subject};
use crate::rbac::grant::named;
use crate::rbac::identity::{MASTERS, canonical};

/// Everybody whom bindings of the cluster or of these namespaces give one of these permissions.
pub fn holders<'n>(
    ground: &Ground<'_>,
    permissions: &[&'static Permission],
    namespaces: impl IntoIterator<Item = &'n Name>,
) -> BTreeSet<Subject> {
    let mut wanted = vec![false; super::powers::count()];
    permissions.iter().for_each(|it| wanted[it.number()] = true);
    let gives = |it: &RolePowers| it.gives.iter().any(|it| wanted[usize::from(it.power)]);
    let mut found = Found { ground, cluster_roles: FxHashMap::default(), subjects: BTreeSet::new() };
    found.add(&Name::empty(), &gives);
    namespaces.into_iter().for_each(|it| found.add(it, &gives));
    found.subjects
}

/// Everybody whom bindings of these namespaces name, whatever they give, and the service accounts there.
pub fn at_home<'n>(ground: &Ground<'_>, namespaces: impl IntoIterator<Item = &'n Name>) -> BTreeSet<Subject> {
    let mut found = Found { ground, cluster_roles: FxHashMap::default(), subjects: BTreeSet::new() };
    for namespace in namespaces {
        found.add(namespace, &|_| true);
        let place = ground.place(namespace);
        let account = |name: &Name| Subject::ServiceAccount { namespace: namespace.clone(), name: name.clone() };
        found.subjects.extend(place.accounts().into_iter().map(account));
    }
    found.subjects
}

/// Who holds `*` on everything in the whole cluster, by the group of the API server's own or by a binding.
pub fn always(ground: &Ground<'_>) -> BTreeSet<Subject> {
    let mut found = Found { ground, cluster_roles: FxHashMap::default(), subjects: BTreeSet::new() };
    found.add(&Name::empty(), &|it| it.everything);
    found.subjects.insert(Subject::Group(MASTERS.into()));
    found.subjects
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
        for it in &powers.gives {
            let is_named = !powers.rules[usize::from(it.rule)].names.is_empty();
            counts[if is_named { 2 } else { usize::from(!granted.scope().is_empty()) }] += 1;
        }
    }
    counts
}

struct Found<'a> {
    ground: &'a Ground<'a>,
    /// Whether a ClusterRole gives what is asked for; many bindings name one.
    cluster_roles: FxHashMap<Name, bool>,
    subjects: BTreeSet<Subject>,
}

impl Found<'_> {
    /// The subjects of the bindings of a namespace (empty: of the cluster) whose roles give it.
    fn add(&mut self, namespace: &Name, gives: &dyn Fn(&RolePowers) -> bool) {
        for binding in self.ground.cluster.bindings.of(namespace).iter() {
            if self.gives(binding, gives) {
                self.subjects.extend(binding.subjects.iter().map(|it| canonical(&named(it, binding))));
            }
        }
    }

    fn gives(&mut self, binding: &Binding, gives: &dyn Fn(&RolePowers) -> bool) -> bool {
        let of = |namespace: &Name| self.ground.role_powers(namespace, &binding.role.name).is_some_and(|it| gives(&it));
        match (&*binding.role.kind, binding.meta.namespace.is_empty()) {
            ("ClusterRole", _) => match self.cluster_roles.get(&binding.role.name) {
                Some(known) => *known,
                None => {
                    let found = of(&Name::empty());
                    self.cluster_roles.insert(binding.role.name.clone(), found);
                    found
                }
            },
            ("Role", false) => of(&binding.meta.namespace),
            _ => false,
        }
    }
}

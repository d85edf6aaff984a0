//! Whom bindings name and what these give them, by namespace: what is asked of everybody is looked up here, and nobody else
//! is looked at.
//!
//! ```text
//! shop   rolebinding/shop/dev   gives create pods, patch pods   names group:dev, user:ana
//!                                                                     both of class 4: they hold the same everywhere
//! ```
//!
//! It is worked out once, for every copy of the cluster, and anew once a role or a binding has changed.

use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use super::super::Ground;
use super::super::holders::is_always;
use super::super::powers::{PowerSet, RolePowers};
use crate::model::name::Name;
use crate::model::role::{Binding, Subject};
use crate::rbac::grant::named;
use crate::rbac::identity::canonical;

/// Everybody whom bindings name whose roles are there.
#[derive(Debug, Default)]
pub struct Bound {
    /// In order.
    subjects: Vec<Subject>,
    /// Of each the number that all have who hold the same; `None`: they may do everything.
    classes: Vec<Option<u32>>,
    count: usize,
    /// By namespace, of the bindings of the cluster by the empty name.
    bindings: FxHashMap<Name, Vec<Giving>>,
}

/// What a binding gives, and to whom.
#[derive(Debug)]
struct Giving {
    powers: Arc<RolePowers>,
    /// Places among the subjects.
    whom: Box<[u32]>,
}

/// Some of them.
pub struct Chosen<'b> {
    bound: &'b Bound,
    places: FixedBitSet,
}

impl Ground<'_> {
    /// Everybody whom bindings name.
    pub fn bound(&self) -> &Bound {
        self.terrain.bound.get_or_init(|| Bound::of(self))
    }
}

impl Bound {
    fn of(ground: &Ground<'_>) -> Self {
        let mut found = Bound::default();
        let mut numbers: FxHashMap<Subject, u32> = FxHashMap::default();
        let mut cluster_roles: FxHashMap<Name, Option<Arc<RolePowers>>> = FxHashMap::default();
        for binding in ground.cluster.bindings.iter() {
            let Some(powers) = powers_of(ground, binding, &mut cluster_roles) else { continue };
            let whom = binding.subjects.iter().map(|it| {
                let next = numbers.len() as u32;
                *numbers.entry(canonical(&named(it, binding))).or_insert(next)
            });
            let giving = Giving { powers, whom: whom.collect() };
            found.bindings.entry(binding.meta.namespace.clone()).or_default().push(giving);
        }
        found.sort(numbers);
        found.fold(ground);
        found
    }

    /// Puts them in order, who were numbered as they came.
    fn sort(&mut self, numbers: FxHashMap<Subject, u32>) {
        // They are sorted: the order does not matter.
        let mut all: Vec<(Subject, u32)> = numbers.into_iter().collect();
        all.sort_unstable();
        let mut places = vec![0; all.len()];
        (0..).zip(&all).for_each(|(place, (_, number))| places[*number as usize] = place);
        // Each is renumbered by itself: the order does not matter.
        for giving in self.bindings.values_mut().flatten() {
            giving.whom.iter_mut().for_each(|it| *it = places[*it as usize]);
        }
        self.subjects = all.into_iter().map(|it| it.0).collect();
    }

    /// Numbers what they hold.
    fn fold(&mut self, ground: &Ground<'_>) {
        let mut numbers: FxHashMap<Vec<(Name, usize)>, u32> = FxHashMap::default();
        let class = |it: &Subject| {
            let next = numbers.len() as u32;
            (!is_always(ground, it)).then(|| *numbers.entry(ground.grants(it).key()).or_insert(next))
        };
        self.classes = self.subjects.iter().map(class).collect();
        self.count = numbers.len();
    }

    /// They, in order.
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// Of each of them the number of those who hold the same; `None`: they may do everything.
    pub fn classes(&self) -> &[Option<u32>] {
        &self.classes
    }

    /// How many such numbers there are.
    pub fn class_count(&self) -> usize {
        self.count
    }

    /// None of them yet.
    pub fn nobody(&self) -> Chosen<'_> {
        Chosen { bound: self, places: FixedBitSet::with_capacity(self.subjects.len()) }
    }
}

impl<'b> Chosen<'b> {
    /// Chooses whom bindings of the cluster or of these namespaces give one of these powers.
    pub fn add<'n>(&mut self, powers: PowerSet, namespaces: impl IntoIterator<Item = &'n Name>) {
        let gives = |it: &RolePowers| it.powers.meets(powers);
        self.add_if(&Name::empty(), gives);
        namespaces.into_iter().for_each(|it| self.add_if(it, gives));
    }

    /// Chooses whom bindings of a namespace (empty: of the cluster) name whose roles are such.
    pub fn add_if(&mut self, namespace: &Name, is_such: impl Fn(&RolePowers) -> bool) {
        let all = self.bound.bindings.get(namespace).into_iter().flatten();
        for giving in all.filter(|it| is_such(&it.powers)) {
            self.places.extend(giving.whom.iter().map(|it| *it as usize));
        }
    }

    /// The places of those who are chosen among all subjects.
    pub fn into_places(self) -> FixedBitSet {
        self.places
    }

    /// Those who are chosen, in order.
    pub fn subjects(&self) -> impl Iterator<Item = &'b Subject> {
        let bound = self.bound;
        self.places.ones().map(|it| &bound.subjects[it])
    }

    /// Those of them who may not do everything, those who hold the same together, by name.
    pub fn classes(&self) -> Vec<Vec<Subject>> {
        let mut places: Vec<Option<usize>> = vec![None; self.bound.count];
        let mut all: Vec<Vec<Subject>> = Vec::new();
        for (subject, class) in self.places.ones().map(|it| (&self.bound.subjects[it], self.bound.classes[it])) {
            let Some(class) = class else { continue };
            let place = *places[class as usize].get_or_insert_with(|| {
                all.push(Vec::new());
                all.len() - 1
            });
            all[place].push(subject.clone());
        }
        all
    }
}

/// What the role of a binding gives; `None`: it is not there. Many bindings name one ClusterRole.
fn powers_of(
    ground: &Ground<'_>,
    binding: &Binding,
    cluster_roles: &mut FxHashMap<Name, Option<Arc<RolePowers>>>,
) -> Option<Arc<RolePowers>> {
    let of = |namespace: &Name| ground.role_powers(namespace, &binding.role.name);
    match (&*binding.role.kind, binding.meta.namespace.is_empty()) {
        ("ClusterRole", _) => {
            let known = cluster_roles.entry(binding.role.name.clone());
            known.or_insert_with(|| of(&Name::empty())).clone()
        }
        ("Role", false) => of(&binding.meta.namespace),
        _ => None,
    }
}

//! The rights of everybody whom bindings name, class by class: a role in one scope is looked at once for all who hold it.
//!
//! ```text
//! clusterrole/edit, whole cluster   patch pods, of all        classes 4, 9, 12
//! role/shop/dev, in shop            create pods, of all       classes 4, 7        not 4, who may everywhere
//! ```
//!
//! They are those of [`super::Own`].

use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use super::Ground;
use super::own::{OwnRight, grants};
use super::powers::{Permission, PowerSet, RolePowers, is_of_one_identity};
use super::rights::Right;
use crate::model::name::Name;

/// What they hold of some powers.
pub struct ClassRights {
    /// Rights of the whole cluster to all objects, with the classes that have one by the same request.
    of_all: Vec<(Right, FixedBitSet)>,
    /// Rights of the whole cluster to objects that are named.
    named: Vec<(Right, Arc<[u32]>)>,
    /// By namespace the roles that are held there.
    inside: FxHashMap<Name, Vec<RoleInNamespace>>,
    /// By class the requests that it may make everywhere, for all objects.
    everywhere: Vec<Vec<u16>>,
}

/// A role that gives some of these powers in a namespace, and the classes that hold it there.
struct RoleInNamespace {
    powers: Arc<RolePowers>,
    classes: Vec<u32>,
}

/// The roles of the whole cluster that are held, and by which classes.
type ByRole = FxHashMap<usize, RoleInNamespace>;

impl ClassRights {
    /// Of these powers.
    pub fn of(ground: &Ground<'_>, powers: PowerSet) -> Self {
        let bound = ground.bound();
        let mut firsts = vec![None; bound.class_count()];
        for (subject, class) in bound.subjects().iter().zip(bound.classes()) {
            if let Some(class) = class {
                firsts[*class as usize].get_or_insert(subject);
            }
        }
        let mut all: FxHashMap<Name, ByRole> = FxHashMap::default();
        for (class, subject) in (0..).zip(firsts).filter_map(|(class, it)| Some((class, it?))) {
            let held = grants(ground, subject);
            for (scope, role) in held.all.iter().filter_map(|it| Some((it.scope(), &it.role.as_ref()?.1))) {
                if role.powers.meets(powers) {
                    put(&mut all, scope, role, class);
                }
            }
        }
        let mut found = Self {
            of_all: Vec::new(),
            named: Vec::new(),
            inside: FxHashMap::default(),
            everywhere: vec![Vec::new(); bound.class_count()],
        };
        // Each of them is looked at by itself, and what is found of them counted: the order does not matter.
        let of_cluster = all.remove(&Name::empty()).unwrap_or_default().into_values();
        of_cluster.for_each(|it| found.add_of_cluster(it, powers));
        // As above: the order does not matter.
        found.inside = all.into_iter().map(|(scope, roles)| (scope, roles.into_values().collect())).collect();
        found
    }

    fn add_of_cluster(&mut self, role: RoleInNamespace, powers: PowerSet) {
        let classes: Arc<[u32]> = role.classes.as_slice().into();
        for gives in role.powers.gives.iter().filter(|it| powers.has(it.power)) {
            let right = OwnRight::of(&Name::empty(), &role.powers, *gives).right();
            if !right.is_of_all() {
                self.named.push((right, classes.clone()));
                continue;
            }
            let at = self.of_all.iter().position(|it| it.0.slot == gives.slot).unwrap_or_else(|| {
                self.of_all.push((right, FixedBitSet::with_capacity(self.everywhere.len())));
                self.of_all.len() - 1
            });
            for class in &*classes {
                self.of_all[at].1.insert(*class as usize);
                self.everywhere[*class as usize].push(gives.slot);
            }
        }
    }

    /// Rights of a power to all objects of the whole cluster: one right stands for those that every class has of its own.
    pub fn of_all(&self, permission: &'static Permission) -> impl Iterator<Item = (&Right, &FixedBitSet)> {
        let power = permission.number() as u16;
        self.of_all.iter().filter(move |it| it.0.power == power).map(|it| (&it.0, &it.1))
    }

    /// Rights of a power to objects of the whole cluster that are named.
    pub fn named(&self, permission: &'static Permission) -> impl Iterator<Item = (&Right, &[u32])> {
        let power = permission.number() as u16;
        self.named.iter().filter(move |it| it.0.power == power).map(|it| (&it.0, &*it.1))
    }

    /// The namespaces in which something is held.
    pub fn namespaces(&self) -> impl Iterator<Item = &Name> {
        // Whoever asks counts: the order does not matter.
        self.inside.keys()
    }

    /// Tells rights of a power that hold in a namespace, each with the classes that have it and may not do it everywhere.
    pub fn inside(
        &self,
        namespace: &Name,
        permission: &'static Permission,
        tell: &mut dyn FnMut(&Right, &mut dyn Iterator<Item = u32>),
    ) {
        let power = permission.number() as u16;
        let is_told = is_of_one_identity(power);
        for role in self.inside.get(namespace).into_iter().flatten().filter(|it| it.powers.powers.has(power)) {
            for gives in role.powers.gives.iter().filter(|it| it.power == power) {
                let is_new = |it: &u32| is_told || !self.everywhere[*it as usize].contains(&gives.slot);
                let right = OwnRight::of(namespace, &role.powers, *gives).right();
                tell(&right, &mut role.classes.iter().copied().filter(is_new));
            }
        }
    }
}

fn put(all: &mut FxHashMap<Name, ByRole>, scope: &Name, role: &Arc<RolePowers>, class: u32) {
    let roles = match all.get_mut(scope) {
        Some(roles) => roles,
        None => all.entry(scope.clone()).or_default(),
    };
    let new = || RoleInNamespace { powers: role.clone(), classes: Vec::new() };
    let classes = &mut roles.entry(Arc::as_ptr(role) as usize).or_insert_with(new).classes;
    // By several bindings somebody holds it once.
    if classes.last() != Some(&class) {
        classes.push(class);
    }
}

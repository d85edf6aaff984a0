//! Which rights are held: of a power, in a namespace, on an object.

use std::sync::Arc;

use super::super::powers::{Permission, RolePowers};
use super::super::rights::Right;
use super::{Held, Stand};
use crate::model::name::Name;

impl Held {
    /// The rights of a power that came behind this many.
    pub fn rights_of(&self, power: &'static Permission, before: usize) -> impl Iterator<Item = &Right> {
        let all = &self.by_power[power.number()];
        let first = all.partition_point(|it| (*it as usize) < before);
        all[first..].iter().map(|it| &self.rights[*it as usize])
    }

    /// The first right of a power that is for every object of a namespace.
    pub fn right_in(&self, power: &'static Permission, namespace: &Name) -> Option<&Right> {
        self.of_all(power, namespace).min().map(|it| &self.rights[it as usize])
    }

    /// By request the first rights for every object of a namespace.
    fn of_all(&self, power: &'static Permission, namespace: &Name) -> impl Iterator<Item = u32> {
        power.slots().flat_map(|slot| {
            let here = self.in_namespace.get(&(slot, namespace.clone()));
            self.everywhere[usize::from(slot)].into_iter().chain(here.copied())
        })
    }

    /// The same, or one for some objects alone.
    pub fn any_right_in(&self, power: &'static Permission, namespace: &Name) -> Option<&Right> {
        let naming = self.naming.get(&(power.number() as u16)).into_iter().flatten();
        let naming = || naming.map(|it| &self.rights[*it as usize]).find(|it| it.is_in(namespace));
        self.right_in(power, namespace).or_else(naming)
    }

    /// The first right of a power that is for this object of a namespace.
    pub fn right_on(&self, power: &'static Permission, namespace: &Name, name: &str) -> Option<&Right> {
        let naming = self.naming.get(&(power.number() as u16)).into_iter().flatten();
        let naming = || naming.map(|it| &self.rights[*it as usize]).find(|it| it.is_in(namespace) && it.is_of(name));
        self.right_in(power, namespace).or_else(naming)
    }

    /// The rights of a power that hold in a namespace; of those that are for all objects the first of the namespace's and
    /// of the cluster's.
    pub fn rights_in(&self, power: &'static Permission, namespace: &Name) -> impl Iterator<Item = &Right> {
        let naming = self.naming.get(&(power.number() as u16)).into_iter().flatten().copied();
        let all = self.of_all(power, namespace).chain(naming).map(|it| &self.rights[it as usize]);
        all.filter(|it| it.is_in(namespace))
    }

    /// Where whoever has a right has a power that is looked up: by the rules that give the right, else by others of theirs.
    pub fn beside(&self, right: &Right, power: &'static Permission) -> Option<u32> {
        let number = power.number() as u16;
        let of_actor = |it: &&u32| self.stands[**it as usize].actor == right.actor;
        let lent = self.lent.iter().filter(of_actor).copied();
        [right.stand, right.actor].into_iter().chain(lent).find(|it| self.gives(&self.stands[*it as usize], number))
    }

    /// Whether the rules that are had at a stand give a power.
    fn gives(&self, stand: &Stand, power: u16) -> bool {
        let gives = |it: &Arc<RolePowers>| it.gives.iter().any(|it| it.power == power);
        let bound = stand.grants.iter().flat_map(|it| &it.all).filter_map(|it| Some(&it.role.as_ref()?.1));
        self.is_master(stand) || bound.chain(stand.role.iter().map(|it| &it.1)).any(gives)
    }
}

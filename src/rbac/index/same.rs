//! When two indexes are the same: what they hold is compared, with names in place of numbers.
//!
//! It serves the law of the index in tests; no answer needs it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::name::Name;
use crate::rbac::aggregation::Effective;

use super::{Index, RoleName, Slot, SubjectKey};

/// Equal when every answer rests on the same: numbers of places, which depend on history, do not count.
impl PartialEq for Index {
    fn eq(&self, other: &Self) -> bool {
        self.shape() == other.shape()
            && self.aggregation == other.aggregation
            && self.marks == other.marks
            && self.coverage == other.coverage
            && self.unreadable == other.unreadable
    }
}

/// The rules that decide for a role, their masks, and the bindings that refer to it.
type RoleShape = (Option<Effective>, Vec<u32>, BTreeSet<RoleName>);

/// A binding's role, and the keys at its subjects.
type BindingShape = (Option<RoleName>, Vec<(usize, SubjectKey)>);

/// What an index holds. All of it is gathered in sorted collections.
#[derive(PartialEq)]
struct IndexShape {
    roles: BTreeMap<RoleName, RoleShape>,
    bindings: BTreeMap<RoleName, BindingShape>,
    keys: BTreeMap<SubjectKey, BTreeSet<RoleName>>,
    /// In their order there.
    namespaces: BTreeMap<Name, Vec<RoleName>>,
    words: BTreeMap<Name, BTreeSet<(RoleName, u16)>>,
    urls: BTreeSet<RoleName>,
}

impl Index {
    fn shape(&self) -> IndexShape {
        let words = self.words.all().filter(|(_, role_uses)| !role_uses.is_empty());
        IndexShape {
            roles: self.roles.all().map(|slot| (self.id_of_role(slot), self.shape_of_role(slot))).collect(),
            bindings: self.shape_of_bindings(),
            keys: self
                .keys
                .all()
                .map(|(slot, key)| (key, self.ids(self.keys.rows(slot).iter().map(|it| it.1))))
                .collect(),
            namespaces: self.shape_of_namespaces(),
            words: words
                .map(|(word, role_uses)| {
                    (word.clone(), role_uses.iter().map(|it| (self.id_of_role(it.role), it.verb_mask.bits())).collect())
                })
                .collect(),
            urls: self.words.urls().iter().map(|it| self.id_of_role(*it)).collect(),
        }
    }

    fn shape_of_role(&self, slot: Slot) -> RoleShape {
        let entry = self.roles.get(slot);
        let masks = self.roles.masks(entry).iter().map(|it| it.bits()).collect();
        (entry.effective(), masks, self.ids(self.roles.bindings(entry).iter().copied()))
    }

    fn shape_of_bindings(&self) -> BTreeMap<RoleName, BindingShape> {
        let keys: BTreeMap<Slot, SubjectKey> = self.keys.all().collect();
        let shape = |it| {
            let named = self.bindings.keys(it).filter_map(|(at, key)| Some((at, keys.get(&key)?.clone())));
            (it.role().map(|it| self.id_of_role(it)), named.collect())
        };
        let meta = |it: &super::BindingEntry| (it.binding.meta.namespace.clone(), it.binding.meta.name.clone());
        self.bindings.all().map(|it| (meta(it), shape(it))).collect()
    }

    fn shape_of_namespaces(&self) -> BTreeMap<Name, Vec<RoleName>> {
        let ids = |it: u32| self.namespaces.bindings(it).iter().filter_map(|it| self.id_of(*it)).collect::<Vec<_>>();
        let all = self.namespaces.all().map(|it| (self.namespaces.name(it).clone(), ids(it)));
        all.filter(|(_, ids)| !ids.is_empty()).collect()
    }

    fn ids(&self, slots: impl Iterator<Item = Slot>) -> BTreeSet<RoleName> {
        slots.filter_map(|it| self.id_of(it)).collect()
    }

    fn id_of(&self, slot: Slot) -> Option<RoleName> {
        let meta = &self.bindings.get(slot)?.binding.meta;
        Some((meta.namespace.clone(), meta.name.clone()))
    }

    fn id_of_role(&self, slot: Slot) -> RoleName {
        let (namespace, name) = self.roles.get(slot).id();
        (self.namespaces.name(namespace).clone(), name.clone())
    }
}

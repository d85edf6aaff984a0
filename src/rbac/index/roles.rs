//! The roles of the index: they come, change and go, and a change reaches those that aggregate them.
//!
//! ```text
//! (namespace 1, reader) ──► the role, a mask for each of its rules, the bindings that refer to it
//! ```
//!
//! A role that is only referred to has a place as well, so that it is bound once it comes.

use std::collections::BTreeSet;

use crate::model::cluster::{BeforeAfter, Cluster};
use crate::model::items::Items;
use crate::model::name::Name;
use crate::model::role::{RoleRule, SharedRole};
use crate::rbac::aggregation::{AggregatedFrom, Effective};
use crate::rbac::mask::Mask;

use super::lists::{ListPool, ListSpan, push};
use super::slots::{Slots, hash_of};
use super::words::SeenWords;
use super::{Index, Slot};

/// A role that is held, or that some binding refers to.
#[derive(Clone, Debug, Default)]
pub(in crate::rbac) struct RoleEntry {
    pub role: Option<SharedRole>,
    /// Of an aggregated role the rules that decide; of others they are its own.
    computed: Option<Box<Effective>>,
    name: Name,
    /// One for each rule that decides.
    masks: ListSpan,
    /// Sorted.
    bindings: ListSpan,
    namespace: u32,
}

impl RoleEntry {
    /// The number of its namespace, and its name.
    pub fn id(&self) -> (u32, &Name) {
        (self.namespace, &self.name)
    }

    fn hash(&self) -> u64 {
        hash(self.namespace, &self.name)
    }

    /// The rules that decide; `None`: the role is not held.
    pub fn rules(&self) -> Option<&Items<RoleRule>> {
        let role = self.role.as_ref()?;
        Some(self.computed.as_ref().map_or(&role.rules, |it| &it.rules))
    }

    /// The ClusterRole that gave a rule to an aggregated one.
    pub fn member(&self, rule: usize) -> Option<AggregatedFrom> {
        self.computed.as_ref()?.members.as_ref()?[rule].clone()
    }

    /// The rules that decide, and where they come from.
    pub fn effective(&self) -> Option<Effective> {
        let role = self.role.as_ref()?;
        Some(self.computed.as_ref().map_or_else(|| Effective::own(role), |it| (**it).clone()))
    }
}

/// All roles by place.
#[derive(Clone, Debug, Default)]
pub(in crate::rbac) struct Roles {
    slots: Slots,
    entries: Vec<RoleEntry>,
    free: Vec<Slot>,
    masks: ListPool<Mask>,
    bindings: ListPool<Slot>,
}

fn hash(namespace: u32, name: &str) -> u64 {
    hash_of(namespace, &[name])
}

impl Roles {
    /// The role at a place.
    #[inline]
    pub fn get(&self, slot: Slot) -> &RoleEntry {
        &self.entries[slot as usize]
    }

    /// A mask for each rule that decides.
    #[inline]
    pub fn masks(&self, entry: &RoleEntry) -> &[Mask] {
        self.masks.get(entry.masks)
    }

    /// The bindings that refer to a role.
    pub fn bindings(&self, entry: &RoleEntry) -> &[Slot] {
        self.bindings.get(entry.bindings)
    }

    /// The place of a role, held or referred to, by its namespace's number and its name.
    pub fn find(&self, namespace: u32, name: &str) -> Option<Slot> {
        self.find_hashed(hash(namespace, name), namespace, name)
    }

    fn find_hashed(&self, hash: u64, namespace: u32, name: &str) -> Option<Slot> {
        self.slots.find(hash, |it| {
            let entry = &self.entries[it as usize];
            entry.namespace == namespace && entry.name == *name
        })
    }

    /// The places in use, in no order.
    pub fn all(&self) -> impl Iterator<Item = Slot> {
        let is_used = |it: &RoleEntry| it.role.is_some() || !self.bindings(it).is_empty();
        self.entries.iter().enumerate().filter(move |(_, it)| is_used(it)).map(|(slot, _)| slot as Slot)
    }

    /// How many are held.
    pub fn held(&self) -> usize {
        self.entries.iter().filter(|it| it.role.is_some()).count()
    }

    /// Makes room for as many.
    pub fn reserve(&mut self, more: usize) {
        self.slots.reserve(more, |it| self.entries[it as usize].hash());
        self.entries.reserve_exact(more);
    }

    /// The place of a role, a new one if need be.
    pub fn slot(&mut self, namespace: u32, name: &Name) -> Slot {
        let hash = hash(namespace, name);
        if let Some(slot) = self.find_hashed(hash, namespace, name) {
            return slot;
        }
        let entry = RoleEntry { name: name.clone(), namespace, ..RoleEntry::default() };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.entries[slot as usize] = entry;
                slot
            }
            None => {
                push(&mut self.entries, entry);
                self.entries.len() as Slot - 1
            }
        };
        self.slots.insert(hash, slot, |it| self.entries[it as usize].hash());
        slot
    }

    /// Takes in that a binding refers to a role.
    pub fn bind(&mut self, slot: Slot, binding: Slot) {
        self.bindings.add(&mut self.entries[slot as usize].bindings, binding);
    }

    /// Takes in that a binding no longer does.
    pub fn unbind(&mut self, slot: Slot, binding: Slot) {
        self.bindings.drop(&mut self.entries[slot as usize].bindings, binding);
        self.free(slot);
    }

    /// Holds a role, or a new state of it.
    fn hold(&mut self, slot: Slot, role: &SharedRole, computed: Option<Effective>, masks: &[Mask]) {
        let entry = &mut self.entries[slot as usize];
        self.masks.forget(entry.masks);
        entry.masks = self.masks.make(masks.iter().copied());
        entry.computed = computed.map(Box::new);
        entry.role = Some(role.clone());
    }

    /// Holds it no longer.
    fn release(&mut self, slot: Slot) {
        let entry = &mut self.entries[slot as usize];
        self.masks.forget(std::mem::take(&mut entry.masks));
        (entry.computed, entry.role) = (None, None);
        self.free(slot);
    }

    /// Forgets a role that is neither held nor referred to.
    fn free(&mut self, slot: Slot) {
        let entry = &mut self.entries[slot as usize];
        if entry.role.is_none() && self.bindings.get(entry.bindings).is_empty() {
            self.slots.remove(entry.hash(), slot);
            entry.name = Name::empty();
            self.free.push(slot);
        }
    }
}

impl Index {
    pub(super) fn change_role(&mut self, cluster: &Cluster, diff: &BeforeAfter<SharedRole>) {
        // Of several changes of one role the last holds, and the cluster is already there.
        let Some(any) = diff.after.as_ref().or(diff.before.as_ref()) else { return };
        let (namespace, name) = (&any.meta.namespace, &any.meta.name);
        let affected = match namespace.is_empty() {
            true => self.aggregation.apply(
                diff.before.as_deref(),
                diff.after.as_deref(),
                |it| cluster.roles.get("", it),
                cluster.roles.of("").iter(),
            ),
            false => BTreeSet::new(),
        };
        match &diff.after {
            Some(role) => self.put_role(cluster, role, &mut SeenWords::default()),
            None => self.drop_role(namespace, name),
        }
        for it in affected.iter().filter(|it| *it != name) {
            if let Some(role) = cluster.roles.get("", it) {
                self.put_role(cluster, role, &mut SeenWords::default());
            }
        }
    }

    pub(super) fn put_role(&mut self, cluster: &Cluster, role: &SharedRole, seen: &mut SeenWords) {
        let namespace = self.namespaces.number(&role.meta.namespace);
        let slot = self.roles.slot(namespace, &role.meta.name);
        let is_aggregated = role.aggregates().is_some() && role.meta.namespace.is_empty();
        let computed = is_aggregated.then(|| self.aggregation.effective(role, &|it| cluster.roles.get("", it)));
        self.forget_words(slot);
        let rules = computed.as_ref().map_or(&role.rules, |it| &it.rules);
        self.words.learn(slot, rules, seen);
        self.roles.hold(slot, role, computed, seen.masks());
    }

    fn drop_role(&mut self, namespace: &Name, name: &Name) {
        let Some(slot) = self.namespaces.find(namespace).and_then(|it| self.roles.find(it, name)) else { return };
        self.forget_words(slot);
        self.roles.release(slot);
    }

    fn forget_words(&mut self, slot: Slot) {
        if let Some(rules) = self.roles.get(slot).rules() {
            self.words.forget(slot, rules);
        }
    }
}

//! The index: who is bound to what where, so that a question is a few look-ups.
//!
//! ```text
//! user, group ──► (namespace, binding)… ──► role ──► rules, each with a mask of its verbs and resources
//! resource ──► roles ──► bindings ──► subjects            (who can, everywhere)
//! ```
//!
//! It shares all facts with the cluster. The law: `build(after)` equals `build(before)` with `apply(after, changes)`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::model::cluster::{Change, Cluster, Diff};
use crate::model::coverage::CoverageMap;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::role::{Binding, Role, RoleRule, SubjectKind};

use super::aggregation::{Aggregation, Effective, Lag};
use super::identity::account_user;
use super::marks::{self, Marks};
use super::mask::Mask;

/// Namespace (empty: cluster-wide) and name.
pub(super) type Id = (Name, Name);

/// A place in one of the tables below; freed places are used again.
pub(super) type Slot = u32;

/// Number 0 of [`Index::namespaces`]: bindings of the whole cluster.
pub(super) const CLUSTER: u32 = 0;

/// The four kinds that RBAC is written in.
pub const KINDS: [Kind; 4] = [Kind::CLUSTER_ROLE_BINDING, Kind::ROLE_BINDING, Kind::CLUSTER_ROLE, Kind::ROLE];

/// A role that is held, or that some binding refers to.
#[derive(Clone, Debug, Default)]
pub(super) struct RoleEntry {
    pub role: Option<Arc<Role>>,
    pub effective: Option<Effective>,
    /// One for each rule.
    pub masks: Box<[Mask]>,
    /// Sorted.
    pub bindings: Vec<Slot>,
}

/// A binding, and its role's place; `None` where its reference can name no role (rule 33).
#[derive(Clone, Debug)]
pub(super) struct BindingEntry {
    pub binding: Arc<Binding>,
    /// The keys of its subjects, with the index of each.
    pub keys: Box<[(usize, Key)]>,
    pub role: Option<Slot>,
    pub namespace: u32,
}

/// Whose bindings: the authorizer knows user names and group names, nothing else.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Key {
    User(Name),
    Group(Name),
}

/// The bindings of one key as (namespace number, slot), sorted.
type Rows = Vec<(u32, Slot)>;

/// The index over one cluster's RBAC.
#[derive(Clone, Debug, Default)]
pub struct Index {
    pub(super) roles: Vec<RoleEntry>,
    /// By namespace (empty: a ClusterRole) and name.
    pub(super) role_slots: FxHashMap<Id, Slot>,
    free_roles: Vec<Slot>,
    pub(super) bindings: Vec<Option<BindingEntry>>,
    binding_slots: FxHashMap<Id, Slot>,
    free_bindings: Vec<Slot>,
    pub(super) users: FxHashMap<Name, Rows>,
    pub(super) groups: FxHashMap<Name, Rows>,
    /// Numbers of namespaces; never given back.
    pub(super) namespaces: FxHashMap<Name, u32>,
    /// The bindings of each namespace by its number, sorted.
    pub(super) by_namespace: Vec<Vec<Slot>>,
    /// The roles whose rules write this resource word, sorted.
    pub(super) by_resource: FxHashMap<Name, Vec<Slot>>,
    /// The roles with URLs in their rules, sorted.
    pub(super) by_url: Vec<Slot>,
    aggregation: Aggregation,
    pub(super) marks: Marks,
    pub(super) coverage: CoverageMap,
    /// Objects of [`KINDS`] that exist and could not be read.
    pub(super) unreadable: BTreeSet<ObjectId>,
}

/// Puts a value in its place in a sorted list.
fn insert<T: Ord>(list: &mut Vec<T>, value: T) {
    // Builds run in ascending order mostly: look at the end first.
    if list.last().is_none_or(|last| *last < value) {
        list.push(value);
    } else if let Err(at) = list.binary_search(&value) {
        list.insert(at, value);
    }
}

/// Takes a value out of a sorted list.
fn remove<T: Ord>(list: &mut Vec<T>, value: &T) {
    if let Ok(at) = list.binary_search(value) {
        list.remove(at);
    }
}

/// The keys that a binding's subjects stand for, with the index of each; kinds that never match give none.
pub(super) fn keys_of(binding: &Binding) -> impl Iterator<Item = (usize, Key)> {
    binding.subjects.iter().enumerate().filter_map(|(at, subject)| {
        let key = match subject.kind {
            SubjectKind::User => Key::User(subject.name.clone()),
            SubjectKind::Group => Key::Group(subject.name.clone()),
            SubjectKind::ServiceAccount => {
                // A RoleBinding's own namespace is the default; a ClusterRoleBinding has none to give (rule 36).
                let own = &binding.meta.namespace;
                let namespace = if subject.namespace.is_empty() { own } else { &subject.namespace };
                if namespace.is_empty() {
                    return None;
                }
                Key::User(account_user(namespace, &subject.name))
            }
            SubjectKind::Other(_) => return None,
        };
        Some((at, key))
    })
}

/// The namespace (empty: a ClusterRole) and name of the role that a binding refers to (rule 33).
pub(super) fn role_of(binding: &Binding) -> Option<Id> {
    match binding.role.kind.as_str() {
        "ClusterRole" => Some((Name::empty(), binding.role.name.clone())),
        "Role" if !binding.meta.namespace.is_empty() => {
            Some((binding.meta.namespace.clone(), binding.role.name.clone()))
        }
        _ => None,
    }
}

impl Index {
    /// The index over a cluster.
    pub fn build(cluster: &Cluster) -> Self {
        let mut index = Self {
            aggregation: Aggregation::build(cluster.roles.of("").iter()),
            marks: Marks::build(cluster),
            coverage: cluster.coverage.clone(),
            unreadable: unreadable(cluster),
            ..Self::default()
        };
        index.namespaces.insert(Name::empty(), CLUSTER);
        index.by_namespace.push(Vec::new());
        index.role_slots.reserve(cluster.roles.len());
        index.binding_slots.reserve(cluster.bindings.len());
        index.users.reserve(cluster.bindings.len());
        for role in cluster.roles.iter() {
            index.put_role(cluster, role);
        }
        for binding in cluster.bindings.iter() {
            index.put_binding(binding);
        }
        index
    }

    /// Takes in what changed; `cluster` is the state after all of it.
    pub fn apply(&mut self, cluster: &Cluster, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Role(diff) => self.change_role(cluster, diff),
                Change::Binding(diff) => self.change_binding(diff),
                Change::Pod(diff) => self.change_mark(
                    diff.after
                        .as_ref()
                        .filter(|it| it.meta.namespace == "kube-system")
                        .and_then(|it| marks::of_pod(it)),
                    diff.before.as_ref().or(diff.after.as_ref()).map(|it| it.pod_id().object()),
                ),
                Change::Node(diff) => self.change_mark(
                    diff.after.as_ref().and_then(|it| marks::of_node(it)),
                    diff.before
                        .as_ref()
                        .or(diff.after.as_ref())
                        .map(|it| ObjectId::new(Kind::NODE, "", it.meta.name.clone())),
                ),
                Change::Coverage(_) => self.coverage = cluster.coverage.clone(),
                Change::Readable(_) => self.unreadable = unreadable(cluster),
                _ => {}
            }
        }
    }

    /// What other authorizers showed of themselves; a server's own word is told here.
    pub fn marks_mut(&mut self) -> &mut Marks {
        &mut self.marks
    }

    fn change_mark(&mut self, mark: Option<marks::Mark>, id: Option<ObjectId>) {
        if let Some(id) = id.filter(|_| mark.is_some() || !self.marks.is_empty()) {
            self.marks.set(id, mark);
        }
    }

    fn change_role(&mut self, cluster: &Cluster, diff: &Diff<Role>) {
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
            Some(role) => self.put_role(cluster, role),
            None => self.drop_role(namespace, name),
        }
        for it in affected.iter().filter(|it| *it != name) {
            if let Some(role) = cluster.roles.get("", it) {
                self.put_role(cluster, role);
            }
        }
    }

    fn change_binding(&mut self, diff: &Diff<Binding>) {
        if let Some(before) = &diff.before {
            self.drop_binding(before);
        }
        if let Some(after) = &diff.after {
            self.put_binding(after);
        }
    }

    fn role_slot(&mut self, id: Id) -> Slot {
        if let Some(slot) = self.role_slots.get(&id) {
            return *slot;
        }
        let slot = self.free_roles.pop().unwrap_or_else(|| {
            self.roles.push(RoleEntry::default());
            self.roles.len() as Slot - 1
        });
        self.role_slots.insert(id, slot);
        slot
    }

    fn put_role(&mut self, cluster: &Cluster, role: &Arc<Role>) {
        let slot = self.role_slot((role.meta.namespace.clone(), role.meta.name.clone()));
        let effective = match role.aggregates.is_some() && role.meta.namespace.is_empty() {
            true => self.aggregation.effective(role, &|it| cluster.roles.get("", it)),
            false => Effective::own(role),
        };
        self.forget_words(slot);
        self.learn_words(slot, &effective.rules);
        let entry = &mut self.roles[slot as usize];
        entry.masks = effective.rules.iter().map(Mask::of_rule).collect();
        entry.effective = Some(effective);
        entry.role = Some(role.clone());
    }

    fn drop_role(&mut self, namespace: &Name, name: &Name) {
        let Some(&slot) = self.role_slots.get(&(namespace.clone(), name.clone())) else { return };
        self.forget_words(slot);
        let entry = &mut self.roles[slot as usize];
        *entry = RoleEntry { bindings: std::mem::take(&mut entry.bindings), ..RoleEntry::default() };
        self.free_role(slot, (namespace.clone(), name.clone()));
    }

    /// Forgets a role that is neither held nor referred to.
    fn free_role(&mut self, slot: Slot, id: Id) {
        let entry = &self.roles[slot as usize];
        if entry.role.is_none() && entry.bindings.is_empty() {
            self.role_slots.remove(&id);
            self.free_roles.push(slot);
        }
    }

    fn learn_words(&mut self, slot: Slot, rules: &[RoleRule]) {
        for rule in rules {
            for word in rule.resources.iter() {
                match self.by_resource.get_mut(word.as_str()) {
                    Some(list) => insert(list, slot),
                    None => drop(self.by_resource.insert(word.clone(), vec![slot])),
                }
            }
            if !rule.urls.is_empty() {
                insert(&mut self.by_url, slot);
            }
        }
    }

    fn forget_words(&mut self, slot: Slot) {
        let Some(effective) = self.roles[slot as usize].effective.take() else { return };
        for rule in effective.rules.iter() {
            for word in rule.resources.iter() {
                if let Some(list) = self.by_resource.get_mut(word.as_str()) {
                    remove(list, &slot);
                    if list.is_empty() {
                        self.by_resource.remove(word.as_str());
                    }
                }
            }
        }
        remove(&mut self.by_url, &slot);
    }

    fn namespace_number(&mut self, name: &Name) -> u32 {
        if let Some(number) = self.namespaces.get(name.as_str()) {
            return *number;
        }
        let number = self.by_namespace.len() as u32;
        self.by_namespace.push(Vec::new());
        self.namespaces.insert(name.clone(), number);
        number
    }

    fn put_binding(&mut self, binding: &Arc<Binding>) {
        let role = role_of(binding).map(|it| self.role_slot(it));
        let namespace = self.namespace_number(&binding.meta.namespace);
        let keys: Box<[(usize, Key)]> = keys_of(binding).map(|(at, key)| (at, self.shared(key))).collect();
        let entry = BindingEntry { binding: binding.clone(), keys: keys.clone(), role, namespace };
        let slot = match self.free_bindings.pop() {
            Some(slot) => {
                self.bindings[slot as usize] = Some(entry);
                slot
            }
            None => {
                self.bindings.push(Some(entry));
                self.bindings.len() as Slot - 1
            }
        };
        self.binding_slots.insert((binding.meta.namespace.clone(), binding.meta.name.clone()), slot);
        insert(&mut self.by_namespace[namespace as usize], slot);
        if let Some(role) = role {
            insert(&mut self.roles[role as usize].bindings, slot);
        }
        for (_, key) in keys {
            let (map, name) = match key {
                Key::User(name) => (&mut self.users, name),
                Key::Group(name) => (&mut self.groups, name),
            };
            insert(map.entry(name).or_default(), (namespace, slot));
        }
    }

    /// The same key with the string that the maps already hold.
    fn shared(&self, key: Key) -> Key {
        match key {
            Key::User(name) => Key::User(self.users.get_key_value(&name).map_or(name, |(held, _)| held.clone())),
            Key::Group(name) => Key::Group(self.groups.get_key_value(&name).map_or(name, |(held, _)| held.clone())),
        }
    }

    fn drop_binding(&mut self, binding: &Binding) {
        let id = (binding.meta.namespace.clone(), binding.meta.name.clone());
        let Some(slot) = self.binding_slots.remove(&id) else { return };
        let Some(entry) = self.bindings[slot as usize].take() else { return };
        self.free_bindings.push(slot);
        remove(&mut self.by_namespace[entry.namespace as usize], &slot);
        for (_, key) in &entry.keys {
            let (map, name) = match key {
                Key::User(name) => (&mut self.users, name),
                Key::Group(name) => (&mut self.groups, name),
            };
            if let Some(rows) = map.get_mut(name.as_str()) {
                remove(rows, &(entry.namespace, slot));
                if rows.is_empty() {
                    map.remove(name.as_str());
                }
            }
        }
        if let (Some(role), Some(id)) = (entry.role, role_of(&entry.binding)) {
            remove(&mut self.roles[role as usize].bindings, &slot);
            self.free_role(role, id);
        }
    }

    /// The role at a namespace (empty: a ClusterRole) and name, with the rules that decide.
    pub fn role(&self, namespace: &Name, name: &Name) -> Option<(&Arc<Role>, &Effective)> {
        let slot = *self.role_slots.get(&(namespace.clone(), name.clone()))?;
        let entry = &self.roles[slot as usize];
        Some((entry.role.as_ref()?, entry.effective.as_ref()?))
    }

    /// Aggregated ClusterRoles whose stored rules are not those of their members (rule 44).
    pub fn lagging(&self) -> Vec<Name> {
        let lags = |name: &&Name| self.role(&Name::empty(), name).is_some_and(|(_, it)| it.lags == Lag::Differs);
        self.aggregation.names().filter(lags).cloned().collect()
    }

    /// Every key that some binding names, sorted.
    pub fn keys(&self) -> BTreeSet<Key> {
        // Collected in order: the maps' own order does not matter.
        let users = self.users.keys().cloned().map(Key::User);
        // As above: order does not matter.
        users.chain(self.groups.keys().cloned().map(Key::Group)).collect()
    }

    /// How many bindings and roles it holds.
    pub fn counts(&self) -> (usize, usize) {
        (self.binding_slots.len(), self.roles.iter().filter(|it| it.role.is_some()).count())
    }
}

fn unreadable(cluster: &Cluster) -> BTreeSet<ObjectId> {
    cluster.unreadable.iter().filter(|it| KINDS.contains(&it.kind)).cloned().collect()
}

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

/// What an index holds, with names in place of numbers.
#[derive(PartialEq)]
struct Shape {
    roles: BTreeMap<Id, (Option<Effective>, BTreeSet<Id>)>,
    bindings: BTreeSet<Id>,
    keys: BTreeMap<Key, BTreeSet<Id>>,
    namespaces: BTreeMap<Name, BTreeSet<Id>>,
    words: BTreeMap<Name, BTreeSet<Id>>,
    urls: BTreeSet<Id>,
}

impl Index {
    fn shape(&self) -> Shape {
        // All of it is gathered in sorted collections: order does not matter.
        let role_names: FxHashMap<Slot, Id> = self.role_slots.iter().map(|(id, at)| (*at, id.clone())).collect();
        let names = |slots: &[Slot]| slots.iter().filter_map(|it| self.name_of(*it)).collect::<BTreeSet<_>>();
        let roles_at = |slots: &[Slot]| slots.iter().filter_map(|it| role_names.get(it).cloned()).collect();
        let rows = |rows: &Rows| names(&rows.iter().map(|(_, slot)| *slot).collect::<Vec<_>>());
        let of_role = |slot: Slot| {
            let entry = &self.roles[slot as usize];
            (entry.effective.clone(), names(&entry.bindings))
        };
        Shape {
            // order does not matter
            roles: self.role_slots.iter().map(|(id, at)| (id.clone(), of_role(*at))).collect(),
            bindings: self.binding_slots.keys().cloned().collect(), // order does not matter
            keys: (self.users.iter().map(|(it, all)| (Key::User(it.clone()), rows(all)))) // order does not matter
                .chain(self.groups.iter().map(|(it, all)| (Key::Group(it.clone()), rows(all)))) // order does not matter
                .collect(),
            // order does not matter
            namespaces: (self.namespaces.iter())
                .map(|(name, at)| (name.clone(), names(&self.by_namespace[*at as usize])))
                .filter(|(_, all)| !all.is_empty())
                .collect(),
            words: self.by_resource.iter().map(|(it, at)| (it.clone(), roles_at(at))).collect(), // order does not matter
            urls: roles_at(&self.by_url),
        }
    }

    fn name_of(&self, slot: Slot) -> Option<Id> {
        let meta = &self.bindings[slot as usize].as_ref()?.binding.meta;
        Some((meta.namespace.clone(), meta.name.clone()))
    }
}

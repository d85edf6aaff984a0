//! The index: who is bound to what where, so that a question is a few look-ups.
//!
//! ```text
//! user, group ──► (namespace, binding)… ──► role ──► rules, each with a mask of its verbs and resources
//! resource ──► roles ──► bindings ──► subjects            (who can, everywhere)
//! ```
//!
//! It shares all facts with the cluster. The law: `build(after)` equals `build(before)` with `apply(after, changes)`.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::model::cluster::{Change, Cluster, Diff};
use crate::model::coverage::CoverageMap;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::role::{Binding, Role, RoleRule, Subject, SubjectKind};

use super::aggregation::{Aggregation, Effective, Lag};
use super::identity::{account_user, split_account, user_name};
use super::marks::{self, Marks};
use super::mask::{Brief, Mask};
use super::who::subject_of;

/// Namespace (empty: cluster-wide) and name.
pub(super) type Id = (Name, Name);

/// The places of words by where their text stands in memory, good while one cluster's roles are read.
type Seen = FxHashMap<usize, u32>;

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
    /// The keys of its subjects, each once, with the index of the first that has it.
    pub keys: Box<[(u32, KeySlot)]>,
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

/// A place in the table of keys.
pub(super) type KeySlot = u32;

/// Somebody whom bindings name.
#[derive(Clone, Debug)]
pub(super) struct KeyEntry {
    /// As answers name it.
    pub subject: Subject,
    pub rows: Rows,
}

/// A role whose rules write a resource word, and what these rules are for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub role: Slot,
    pub brief: Brief,
}

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
    pub(super) users: FxHashMap<Name, KeySlot>,
    pub(super) groups: FxHashMap<Name, KeySlot>,
    pub(super) keys: Vec<KeyEntry>,
    free_keys: Vec<KeySlot>,
    /// The place of each key in the order of subjects; made when first wanted, forgotten when a key comes or goes.
    ranks: OnceCell<Vec<u32>>,
    /// Numbers of namespaces; never given back.
    pub(super) namespaces: FxHashMap<Name, u32>,
    /// The bindings of each namespace by its number, sorted.
    pub(super) by_namespace: Vec<Vec<Slot>>,
    /// Where each resource word that rules write stands in `words`; never given back.
    by_resource: FxHashMap<Name, u32>,
    /// The roles whose rules write the word, sorted.
    words: Vec<Vec<Spot>>,
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

/// Puts a role in its place among the roles of a word.
fn add_spot(spots: &mut Vec<Spot>, role: Slot, brief: Brief) {
    match spots.binary_search_by_key(&role, |it| it.role) {
        Ok(at) => spots[at].brief = spots[at].brief.and(brief),
        Err(at) => spots.insert(at, Spot { role, brief }),
    }
}

/// [`subject_of`] a key, with the strings of the binding that names it where they are the same.
fn subject_as_written(key: &Key, written: &Subject) -> Subject {
    let is_account = |name: &Name| split_account(name).is_some_and(|it| it == (&written.namespace, &written.name));
    match key {
        Key::User(name) if written.kind == SubjectKind::ServiceAccount && is_account(name) => written.clone(),
        key => subject_of(key),
    }
}

/// The first of each key, in order.
fn first_of_each(mut keys: Vec<(u32, KeySlot)>) -> Box<[(u32, KeySlot)]> {
    if keys.len() > 1 {
        keys.sort_unstable_by_key(|(at, key)| (*key, *at));
        keys.dedup_by_key(|(_, key)| *key);
        keys.sort_unstable();
    }
    keys.into()
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
        let mut seen = FxHashMap::default();
        for role in cluster.roles.iter() {
            index.put_role(cluster, role, &mut seen);
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
            Some(role) => self.put_role(cluster, role, &mut Seen::default()),
            None => self.drop_role(namespace, name),
        }
        for it in affected.iter().filter(|it| *it != name) {
            if let Some(role) = cluster.roles.get("", it) {
                self.put_role(cluster, role, &mut Seen::default());
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

    fn put_role(&mut self, cluster: &Cluster, role: &Arc<Role>, seen: &mut Seen) {
        let slot = self.role_slot((role.meta.namespace.clone(), role.meta.name.clone()));
        let effective = match role.aggregates.is_some() && role.meta.namespace.is_empty() {
            true => self.aggregation.effective(role, &|it| cluster.roles.get("", it)),
            false => Effective::own(role),
        };
        self.forget_words(slot);
        self.learn_words(slot, &effective.rules, seen);
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

    fn learn_words(&mut self, slot: Slot, rules: &[RoleRule], seen: &mut Seen) {
        for rule in rules {
            let brief = Brief::of_rule(rule);
            for word in rule.resources.iter() {
                let at = *seen.entry(word.as_ptr() as usize).or_insert_with(|| self.word(word));
                let spots = &mut self.words[at as usize];
                match spots.last_mut() {
                    Some(last) if last.role == slot => last.brief = last.brief.and(brief),
                    Some(last) if last.role > slot => add_spot(spots, slot, brief),
                    _ => spots.push(Spot { role: slot, brief }),
                }
            }
            if !rule.urls.is_empty() {
                insert(&mut self.by_url, slot);
            }
        }
    }

    /// The place of a resource word.
    fn word(&mut self, word: &Name) -> u32 {
        if let Some(at) = self.by_resource.get(word.as_str()) {
            return *at;
        }
        let at = self.words.len() as u32;
        self.words.push(Vec::new());
        self.by_resource.insert(word.clone(), at);
        at
    }

    /// The roles whose rules write a resource word.
    pub(super) fn spots(&self, word: &str) -> &[Spot] {
        self.by_resource.get(word).map_or(&[], |at| &self.words[*at as usize])
    }

    fn forget_words(&mut self, slot: Slot) {
        let Some(effective) = self.roles[slot as usize].effective.take() else { return };
        for rule in effective.rules.iter() {
            for word in rule.resources.iter() {
                if let Some(at) = self.by_resource.get(word.as_str()) {
                    let spots = &mut self.words[*at as usize];
                    if let Ok(at) = spots.binary_search_by_key(&slot, |it| it.role) {
                        spots.remove(at);
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
        let mut keys: Vec<(u32, KeySlot)> = Vec::with_capacity(binding.subjects.len());
        for (at, key) in keys_of(binding) {
            keys.push((at as u32, self.key_slot(key, &binding.subjects[at])));
        }
        let keys = first_of_each(keys);
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
            insert(&mut self.keys[key as usize].rows, (namespace, slot));
        }
    }

    /// The place of a key, which a binding's subject stands for.
    fn key_slot(&mut self, key: Key, written: &Subject) -> KeySlot {
        let (map, name) = match &key {
            Key::User(name) => (&mut self.users, name),
            Key::Group(name) => (&mut self.groups, name),
        };
        if let Some(slot) = map.get(name.as_str()) {
            return *slot;
        }
        let slot = self.free_keys.pop().unwrap_or(self.keys.len() as KeySlot);
        map.insert(name.clone(), slot);
        self.ranks.take();
        let entry = KeyEntry { subject: subject_as_written(&key, written), rows: Rows::new() };
        match self.keys.get_mut(slot as usize) {
            Some(free) => *free = entry,
            None => self.keys.push(entry),
        }
        slot
    }

    /// Forgets somebody whom no binding names any more.
    fn free_key(&mut self, slot: KeySlot) {
        let subject = std::mem::replace(&mut self.keys[slot as usize].subject, subject_of(&Key::User(Name::empty())));
        match subject.kind {
            SubjectKind::Group => self.groups.remove(&subject.name),
            _ => self.users.remove(&user_name(&subject)),
        };
        self.free_keys.push(slot);
        self.ranks.take();
    }

    /// The bindings of a user, and of a group.
    pub(super) fn rows_of_user(&self, name: &str) -> Option<&Rows> {
        self.users.get(name).map(|it| &self.keys[*it as usize].rows)
    }

    /// As above.
    pub(super) fn rows_of_group(&self, name: &str) -> Option<&Rows> {
        self.groups.get(name).map(|it| &self.keys[*it as usize].rows)
    }

    /// The place of each key in the order of subjects.
    pub(super) fn ranks(&self) -> &[u32] {
        self.ranks.get_or_init(|| {
            let mut order: Vec<KeySlot> = (0..self.keys.len() as KeySlot).collect();
            order.sort_unstable_by_key(|it| &self.keys[*it as usize].subject);
            let mut ranks = vec![0; order.len()];
            order.iter().enumerate().for_each(|(rank, key)| ranks[*key as usize] = rank as u32);
            ranks
        })
    }

    /// Whether that order is at hand.
    pub(super) fn is_ranked(&self) -> bool {
        self.ranks.get().is_some()
    }

    fn drop_binding(&mut self, binding: &Binding) {
        let id = (binding.meta.namespace.clone(), binding.meta.name.clone());
        let Some(slot) = self.binding_slots.remove(&id) else { return };
        let Some(entry) = self.bindings[slot as usize].take() else { return };
        self.free_bindings.push(slot);
        remove(&mut self.by_namespace[entry.namespace as usize], &slot);
        for (_, key) in &entry.keys {
            let rows = &mut self.keys[*key as usize].rows;
            remove(rows, &(entry.namespace, slot));
            if rows.is_empty() {
                self.free_key(*key);
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
        let rows = |key: KeySlot| names(&self.keys[key as usize].rows.iter().map(|it| it.1).collect::<Vec<_>>());
        let of_role = |slot: Slot| {
            let entry = &self.roles[slot as usize];
            (entry.effective.clone(), names(&entry.bindings))
        };
        Shape {
            // order does not matter
            roles: self.role_slots.iter().map(|(id, at)| (id.clone(), of_role(*at))).collect(),
            bindings: self.binding_slots.keys().cloned().collect(), // order does not matter
            keys: (self.users.iter().map(|(it, at)| (Key::User(it.clone()), rows(*at)))) // order does not matter
                .chain(self.groups.iter().map(|(it, at)| (Key::Group(it.clone()), rows(*at)))) // order does not matter
                .collect(),
            // order does not matter
            namespaces: (self.namespaces.iter())
                .map(|(name, at)| (name.clone(), names(&self.by_namespace[*at as usize])))
                .filter(|(_, all)| !all.is_empty())
                .collect(),
            // order does not matter
            words: (self.by_resource.iter())
                .map(|(it, at)| (it.clone(), self.words[*at as usize].iter().map(|it| it.role).collect::<Vec<_>>()))
                .filter(|(_, at)| !at.is_empty())
                .map(|(it, at)| (it, roles_at(&at)))
                .collect(),
            urls: roles_at(&self.by_url),
        }
    }

    fn name_of(&self, slot: Slot) -> Option<Id> {
        let meta = &self.bindings[slot as usize].as_ref()?.binding.meta;
        Some((meta.namespace.clone(), meta.name.clone()))
    }
}

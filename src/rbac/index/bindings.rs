//! The bindings of the index: each stands with its namespace, its role and everybody whom it names.
//!
//! ```text
//! RoleBinding shop/read ──► namespace 1, Role shop/reader, [user:ann, nobody, sa:shop/web, sa:shop/web]
//! ```
//!
//! A subject's key stands at the subject's own index, as often as the binding names it: each time is a grant. Where it
//! is of a sort that never matches, nobody stands there.

use crate::model::cluster::BeforeAfter;
use crate::model::name::Name;
use crate::model::role::{Binding, SharedBinding};

use super::keys::{KeySlot, NOBODY};
use super::lists::{ListPool, ListSpan, push};
use super::{CLUSTER, Index, RoleName, Slot};

/// In place of a role: the binding's reference can name none (rule 33).
const NO_ROLE: Slot = u32::MAX;

/// A binding with what it refers to.
#[derive(Clone, Debug)]
pub(in crate::rbac) struct BindingEntry {
    pub binding: SharedBinding,
    keys: ListSpan,
    role: Slot,
    /// The number of its namespace.
    pub namespace: u32,
}

impl BindingEntry {
    /// The place of its role.
    pub fn role(&self) -> Option<Slot> {
        Some(self.role).filter(|it| *it != NO_ROLE)
    }
}

/// All bindings by place.
#[derive(Clone, Debug, Default)]
pub(in crate::rbac) struct Bindings {
    entries: Vec<Option<BindingEntry>>,
    free: Vec<Slot>,
    keys: ListPool<KeySlot>,
}

impl Bindings {
    /// The binding at a place.
    #[inline]
    pub fn get(&self, slot: Slot) -> Option<&BindingEntry> {
        self.entries[slot as usize].as_ref()
    }

    /// All of them, in no order.
    pub fn all(&self) -> impl Iterator<Item = &BindingEntry> {
        self.entries.iter().flatten()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// Makes room for as many.
    pub fn reserve(&mut self, more: usize) {
        self.entries.reserve_exact(more);
    }

    /// Whom a binding names, with the index of each subject that does.
    pub fn keys(&self, entry: &BindingEntry) -> impl Iterator<Item = (usize, KeySlot)> {
        self.keys.get(entry.keys).iter().copied().enumerate().filter(|(_, key)| *key != NOBODY)
    }

    /// The place that the next binding gets.
    fn next(&self) -> Slot {
        self.free.last().copied().unwrap_or(self.entries.len() as Slot)
    }

    fn put(&mut self, entry: BindingEntry) {
        match self.free.pop() {
            Some(slot) => self.entries[slot as usize] = Some(entry),
            None => push(&mut self.entries, Some(entry)),
        }
    }

    fn take(&mut self, slot: Slot) -> Option<BindingEntry> {
        let entry = self.entries[slot as usize].take()?;
        self.free.push(slot);
        Some(entry)
    }
}

/// The namespace (empty: a ClusterRole) and name of the role that a binding refers to (rule 33).
pub(in crate::rbac) fn role_of(binding: &Binding) -> Option<RoleName> {
    match binding.role.kind.as_str() {
        "ClusterRole" => Some((Name::empty(), binding.role.name.clone())),
        "Role" if !binding.meta.namespace.is_empty() => {
            Some((binding.meta.namespace.clone(), binding.role.name.clone()))
        }
        _ => None,
    }
}

/// The number of the namespace where a binding's role stands, as in [`role_of`].
fn home_of_role(binding: &Binding, namespace: u32) -> Option<u32> {
    match binding.role.kind.as_str() {
        "ClusterRole" => Some(CLUSTER),
        "Role" if namespace != CLUSTER => Some(namespace),
        _ => None,
    }
}

impl Index {
    pub(super) fn change_binding(&mut self, diff: &BeforeAfter<SharedBinding>) {
        if let Some(any) = diff.before.as_ref().or(diff.after.as_ref()) {
            self.drop_binding(&any.meta.namespace, &any.meta.name);
        }
        if let Some(after) = &diff.after {
            let namespace = self.namespaces.number(&after.meta.namespace);
            let at = self.position(namespace, &after.meta.name).unwrap_or_else(|at| at);
            self.put_binding(after, namespace, at);
        }
    }

    /// Takes in a binding whose name comes behind those of all others in its namespace.
    pub(super) fn push_binding(&mut self, binding: &SharedBinding) {
        let namespace = self.namespaces.number(&binding.meta.namespace);
        let at = self.namespaces.bindings(namespace).len();
        self.put_binding(binding, namespace, at);
    }

    fn put_binding(&mut self, binding: &SharedBinding, namespace: u32, at: usize) {
        let slot = self.bindings.next();
        let role = home_of_role(binding, namespace).map(|it| self.roles.slot(it, &binding.role.name));
        if let Some(role) = role {
            self.roles.bind(role, slot);
        }
        let keys = binding.subjects.iter().map(|it| self.keys.bind(it, binding, (namespace, slot)));
        let keys = self.bindings.keys.make(keys);
        self.namespaces.insert(namespace, at, slot);
        self.bindings.put(BindingEntry { binding: binding.clone(), keys, role: role.unwrap_or(NO_ROLE), namespace });
    }

    fn drop_binding(&mut self, namespace: &Name, name: &Name) {
        let Some(number) = self.namespaces.find(namespace) else { return };
        let Ok(at) = self.position(number, name) else { return };
        let slot = self.namespaces.remove(number, at);
        let Some(entry) = self.bindings.take(slot) else { return };
        for (_, key) in self.bindings.keys(&entry) {
            self.keys.unbind(key, (number, slot));
        }
        self.bindings.keys.forget(entry.keys);
        if let Some(role) = entry.role() {
            self.roles.unbind(role, slot);
        }
    }

    /// Where a binding of this name stands in its namespace, or would.
    fn position(&self, namespace: u32, name: &Name) -> Result<usize, usize> {
        self.namespaces.position(namespace, |slot| {
            let other = self.bindings.get(slot).expect("bindings of a namespace are held");
            other.binding.meta.name.cmp(name)
        })
    }
}

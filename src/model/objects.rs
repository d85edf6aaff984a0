//! All facts of one sort, by namespace and name, cheap to clone.
//!
//! A clone copies one pointer a namespace; a change then copies what is held of that namespace once. Facts that others
//! hold too are shared (`Objects<SharedPod>`), the rest stand side by side in their row (`Objects<Service>`).
//! Iteration is always in the order of namespace, name, variant, so that output is the same every time.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::facts::Fact;
use super::id::ObjectId;
use super::name::{JoinedName, Name};

/// The facts of one sort.
#[derive(Clone, PartialEq, Debug)]
pub struct Objects<T: Fact> {
    namespaces: BTreeMap<Name, Arc<Vec<T>>>,
    len: usize,
}

impl<T: Fact> Default for Objects<T> {
    fn default() -> Self {
        Self { namespaces: BTreeMap::new(), len: 0 }
    }
}

fn position<T: Fact>(row: &[T], name: JoinedName<'_>, variant: &str) -> Result<usize, usize> {
    row.binary_search_by(|it| it.name().cmp(&name).then_with(|| it.variant().cmp(variant)))
}

/// Makes room for one more in a full row, and for as many as an allocator gives with it.
///
/// Doubling would leave a quarter of all rows empty. An allocator rounds what it is asked for up to one of some four
/// sizes in each doubling: less than that is room that nobody uses, and rows that move more often than they must.
pub fn grow<T>(row: &mut Vec<T>) {
    if row.len() == row.capacity() {
        let each = size_of::<T>().max(1);
        let bytes = (row.len() + 1) * each;
        let step = (bytes.next_power_of_two() / 8).max(16);
        row.reserve_exact(bytes.next_multiple_of(step) / each - row.len());
    }
}

impl<T: Fact> Objects<T> {
    /// The fact of this namespace (empty: cluster-wide) and name; for sorts with variants the first one.
    pub fn get(&self, namespace: &str, name: &str) -> Option<&T> {
        let row = self.namespaces.get(namespace)?;
        let at = position(row, JoinedName::whole(name), "").unwrap_or_else(|at| at);
        row.get(at).filter(|it| it.name() == *name)
    }

    /// The fact of this namespace, name and variant.
    pub fn get_variant(&self, namespace: &str, name: &str, variant: &str) -> Option<&T> {
        let row = self.namespaces.get(namespace)?;
        position(row, JoinedName::whole(name), variant).ok().map(|at| &row[at])
    }

    /// What is held of the same object as this.
    pub fn same(&self, fact: &T) -> Option<&T> {
        let row = self.namespaces.get(fact.namespace())?;
        position(row, fact.name(), fact.variant()).ok().map(|at| &row[at])
    }

    /// All facts of one namespace, by name.
    pub fn of(&self, namespace: &str) -> &[T] {
        self.namespaces.get(namespace).map_or(&[], |row| row.as_slice())
    }

    /// All facts.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.namespaces.values().flat_map(|row| row.iter())
    }

    /// The namespaces that have some, in order.
    pub fn namespaces(&self) -> impl Iterator<Item = &Name> {
        self.namespaces.keys()
    }

    /// Whether both hold the same; where one was copied from the other, at the cost of what changed since.
    pub fn is_same(&self, other: &Self) -> bool {
        let mut pairs = self.namespaces.iter().zip(&other.namespaces);
        let is_same_count = self.namespaces.len() == other.namespaces.len();
        is_same_count && pairs.all(|(a, b)| a.0 == b.0 && (Arc::ptr_eq(a.1, b.1) || a.1 == b.1))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Puts a fact in its place and gives back the one that stood there.
    pub fn put(&mut self, fact: T) -> Option<T> {
        let row = match self.namespaces.get_mut(fact.namespace().as_str()) {
            Some(row) => Arc::make_mut(row),
            None => Arc::make_mut(self.namespaces.entry(fact.namespace().clone()).or_default()),
        };
        match position(row, fact.name(), fact.variant()) {
            Ok(at) => Some(std::mem::replace(&mut row[at], fact)),
            Err(at) => {
                grow(row);
                row.insert(at, fact);
                self.len += 1;
                None
            }
        }
    }

    /// Takes a fact out.
    pub fn remove(&mut self, namespace: &str, name: &str, variant: &str) -> Option<T> {
        let row = self.namespaces.get_mut(namespace)?;
        let at = position(row, JoinedName::whole(name), variant).ok()?;
        let gone = Arc::make_mut(row).remove(at);
        if row.is_empty() {
            self.namespaces.remove(namespace);
        }
        self.len -= 1;
        Some(gone)
    }

    /// Makes whatever is told next of an object newer than what is held of it.
    pub fn forget_version(&self, id: &ObjectId) {
        let variants = ["", id.kind.as_str()];
        let held = variants.into_iter().find_map(|it| self.get_variant(&id.namespace, &id.name, it));
        held.into_iter().for_each(|it| it.version().move_to(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::facts::{Meta, ServiceAccount};

    fn account(namespace: &str, name: &str) -> ServiceAccount {
        ServiceAccount::new(Meta { namespace: namespace.into(), name: name.into(), ..Meta::default() })
    }

    #[test]
    fn a_clone_does_not_see_later_changes() {
        let mut objects = Objects::default();
        objects.put(account("shop", "web"));
        let before = objects.clone();
        assert!(objects.put(account("shop", "db")).is_none());
        assert!(objects.put(account("shop", "db")).is_some());
        assert_eq!((before.len(), objects.len()), (1, 2));
        assert_eq!(objects.of("shop").iter().map(|it| it.meta.name.as_str()).collect::<Vec<_>>(), ["db", "web"]);
        assert!(objects.remove("shop", "db", "").is_some());
        assert_eq!(objects, before);
        assert!(objects.get("shop", "web").is_some() && objects.get("shop", "we").is_none());
    }
}

//! All facts of one sort, by namespace and name, cheap to clone.
//!
//! ```text
//! shop   facts      [api, db, web]        shared with all who hold them
//!        versions   [812, 790, 815]       what the server said last of each: a heartbeat moves a number here
//! ```
//!
//! A clone copies two pointers a namespace; a change then copies what that namespace has in a list, once. Versions are
//! no part of what two collections are compared by. Iteration is always in the order of namespace, name, kind, so that
//! output is the same every time.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fact::{BeforeAfter, Fact};
use super::id::ObjectId;
use super::name::{JoinedName, Name};

/// The facts of one sort.
#[derive(Clone, PartialEq, Debug)]
pub struct Objects<T: Fact> {
    namespaces: BTreeMap<Name, Row<T>>,
    len: usize,
}

/// The facts of one namespace by name, and in the same order the version of each.
///
/// They are two lists, so that a heartbeat copies numbers alone where a clone holds the row too.
#[derive(Clone, Debug)]
struct Row<T> {
    facts: Arc<Vec<Arc<T>>>,
    /// 0: any version is newer.
    versions: Arc<Vec<u64>>,
}

impl<T: Fact> Default for Objects<T> {
    fn default() -> Self {
        Self { namespaces: BTreeMap::new(), len: 0 }
    }
}

impl<T> Default for Row<T> {
    fn default() -> Self {
        Self { facts: Arc::default(), versions: Arc::default() }
    }
}

impl<T: PartialEq> PartialEq for Row<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.facts, &other.facts) || self.facts == other.facts
    }
}

impl<T: Fact> Row<T> {
    /// Where the fact of a name and kind stands, or would stand.
    fn position(&self, name: JoinedName<'_>, kind: &str) -> Result<usize, usize> {
        self.facts.binary_search_by(|it| it.name().cmp(&name).then_with(|| it.kind().as_str().cmp(kind)))
    }

    fn position_of(&self, id: &ObjectId) -> Option<usize> {
        self.position(JoinedName::whole(&id.name), id.kind.as_str()).ok()
    }

    /// Whether this version of an object is older than the one held; another uid is another object (E3).
    fn is_older(&self, at: usize, fact: &T, version: u64) -> bool {
        fact.uid() == self.facts[at].uid() && version != 0 && version < self.versions[at]
    }

    fn set_version(&mut self, at: usize, version: u64) {
        if self.versions[at] != version {
            Arc::make_mut(&mut self.versions)[at] = version;
        }
    }
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
    /// The fact of this namespace (empty: cluster-wide) and name; for sorts of several kinds the first one.
    pub fn get(&self, namespace: &str, name: &str) -> Option<&Arc<T>> {
        let row = self.namespaces.get(namespace)?;
        let at = row.position(JoinedName::whole(name), "").unwrap_or_else(|at| at);
        row.facts.get(at).filter(|it| it.name() == *name)
    }

    /// The fact of this namespace, name and kind.
    pub fn get_of_kind(&self, namespace: &str, name: &str, kind: &str) -> Option<&Arc<T>> {
        let row = self.namespaces.get(namespace)?;
        row.position(JoinedName::whole(name), kind).ok().map(|at| &row.facts[at])
    }

    /// What is held of an object.
    pub fn find(&self, id: &ObjectId) -> Option<&Arc<T>> {
        self.get_of_kind(&id.namespace, &id.name, id.kind.as_str())
    }

    /// The fact that is held of the object that this fact is of.
    pub fn same(&self, fact: &T) -> Option<&Arc<T>> {
        let row = self.namespaces.get(fact.namespace())?;
        row.position(fact.name(), fact.kind().as_str()).ok().map(|at| &row.facts[at])
    }

    /// The resourceVersion of an object, 0 where it has none; `None`: it is not there.
    pub fn version(&self, id: &ObjectId) -> Option<u64> {
        let row = self.namespaces.get(&id.namespace)?;
        row.position_of(id).map(|at| row.versions[at])
    }

    /// All facts of one namespace, by name.
    pub fn of(&self, namespace: &str) -> &[Arc<T>] {
        self.namespaces.get(namespace).map_or(&[], |row| row.facts.as_slice())
    }

    /// All facts.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<T>> {
        self.namespaces.values().flat_map(|row| row.facts.iter())
    }

    /// The namespaces that have some, in order.
    pub fn namespaces(&self) -> impl Iterator<Item = &Name> {
        self.namespaces.keys()
    }

    /// Whether both hold the same; where one was copied from the other, at the cost of what changed since.
    pub fn is_same(&self, other: &Self) -> bool {
        let mut pairs = self.namespaces.iter().zip(&other.namespaces);
        let is_same_count = self.namespaces.len() == other.namespaces.len();
        is_same_count && pairs.all(|(a, b)| a == b)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether a fact is older than what is held of its object.
    pub fn is_older(&self, fact: &T, version: u64) -> bool {
        let Some(row) = self.namespaces.get(fact.namespace()) else { return false };
        row.position(fact.name(), fact.kind().as_str()).is_ok_and(|at| row.is_older(at, fact, version))
    }

    /// Puts a fact unless it is older than what is held; the diff when anything changed that an answer rests on.
    ///
    /// A fact that is told again stays the one that it was: others share it, and what it is made of with more.
    pub fn put_newer(&mut self, fact: Arc<T>, version: u64) -> Option<BeforeAfter<Arc<T>>> {
        let row = match self.namespaces.get_mut(fact.namespace().as_str()) {
            Some(row) => row,
            None => self.namespaces.entry(fact.namespace().clone()).or_default(),
        };
        let before = match row.position(fact.name(), fact.kind().as_str()) {
            Ok(at) if row.is_older(at, &fact, version) => return None,
            Ok(at) if row.facts[at] == fact => {
                row.set_version(at, version);
                return None;
            }
            Ok(at) => {
                row.set_version(at, version);
                Some(std::mem::replace(&mut Arc::make_mut(&mut row.facts)[at], fact.clone()))
            }
            Err(at) => {
                insert(&mut row.facts, at, fact.clone());
                insert(&mut row.versions, at, version);
                self.len += 1;
                None
            }
        };
        Some(BeforeAfter { before, after: Some(fact) })
    }

    /// Takes a fact out.
    pub fn remove(&mut self, id: &ObjectId) -> Option<Arc<T>> {
        let row = self.namespaces.get_mut(&id.namespace)?;
        let at = row.position_of(id)?;
        let gone = Arc::make_mut(&mut row.facts).remove(at);
        Arc::make_mut(&mut row.versions).remove(at);
        if row.facts.is_empty() {
            self.namespaces.remove(&id.namespace);
        }
        self.len -= 1;
        Some(gone)
    }

    /// Makes whatever is told next of an object newer than what is held of it.
    pub fn forget_version(&mut self, id: &ObjectId) {
        let Some(row) = self.namespaces.get_mut(&id.namespace) else { return };
        if let Some(at) = row.position_of(id) {
            row.set_version(at, 0);
        }
    }
}

fn insert<T: Clone>(row: &mut Arc<Vec<T>>, at: usize, it: T) {
    let row = Arc::make_mut(row);
    grow(row);
    row.insert(at, it);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::Kind;
    use crate::model::meta::Meta;
    use crate::model::service_account::ServiceAccount;

    fn account(namespace: &str, name: &str) -> Arc<ServiceAccount> {
        ServiceAccount::new(Meta { namespace: namespace.into(), name: name.into(), ..Meta::default() }).into()
    }

    fn id(name: &str) -> ObjectId {
        ObjectId::new(Kind::SERVICE_ACCOUNT, "shop", name)
    }

    #[test]
    fn a_clone_does_not_see_later_changes() {
        let mut objects = Objects::default();
        objects.put_newer(account("shop", "web"), 1);
        let before = objects.clone();
        assert!(objects.put_newer(account("shop", "db"), 1).is_some_and(|it| it.before.is_none()));
        assert!(objects.put_newer(account("shop", "db"), 1).is_none(), "it is there already");
        assert_eq!((before.len(), objects.len()), (1, 2));
        assert_eq!(objects.of("shop").iter().map(|it| it.meta.name.as_str()).collect::<Vec<_>>(), ["db", "web"]);
        assert!(objects.remove(&id("db")).is_some());
        assert_eq!(objects, before);
        assert!(objects.get("shop", "web").is_some() && objects.get("shop", "we").is_none());
    }

    /// A cluster is a value: what is told of one does not move the versions of another that was copied from it.
    #[test]
    fn a_clone_keeps_its_versions() {
        let mut objects = Objects::default();
        objects.put_newer(account("shop", "web"), 5);
        let mut before = objects.clone();
        assert!(objects.put_newer(account("shop", "web"), 8).is_none(), "only the version moved");
        assert_eq!((before.version(&id("web")), objects.version(&id("web"))), (Some(5), Some(8)));
        assert!(before.is_same(&objects) && Arc::ptr_eq(&before.of("shop")[0], &objects.of("shop")[0]));
        objects.forget_version(&id("web"));
        assert_eq!((before.version(&id("web")), objects.version(&id("web"))), (Some(5), Some(0)));
        let other = Arc::new((*account("shop", "web")).clone().withholding_token());
        assert!(before.put_newer(other.clone(), 4).is_none(), "it is older than what the copy holds");
        assert!(before.put_newer(other, 6).is_some() && objects.version(&id("db")).is_none());
    }
}

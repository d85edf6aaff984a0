//! Whom bindings name: the authorizer knows user names and group names, and of these the index has a table.
//!
//! ```text
//! User ann                                             ──► user:ann     ──► (namespace, binding)…
//! ServiceAccount shop/web
//! User system:serviceaccount:shop:web                  ──► sa:shop/web  ──► …       one and the same (rule 37)
//! ```
//!
//! Which groups a user has is not known here (rule 40): whoever asks brings them.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::model::name::Name;
use crate::model::role::{Binding, Subject, SubjectKind};
use crate::rbac::grant::named;
use crate::rbac::identity::{account_user, canonical, is_account, split_account, user_name};

use super::Slot;
use super::lists::{ListPool, ListSpan, push};
use super::slots::{Slots, hash_of};

/// A place in the table of keys.
pub(in crate::rbac) type KeySlot = u32;

/// In place of a key: the subject is of a sort that never matches.
pub(super) const NOBODY: KeySlot = u32::MAX;

/// Whose bindings: the authorizer knows user names and group names, nothing else.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SubjectKey {
    User(Name),
    Group(Name),
}

/// A binding of a key: its namespace's number and its place.
pub(in crate::rbac) type BindingPlace = (u32, Slot);

/// Somebody whom bindings name.
#[derive(Clone, Debug)]
struct KeyEntry {
    /// As answers name it; `None` where the place is free.
    subject: Option<Subject>,
    /// Sorted.
    rows: ListSpan,
}

/// A key as it is looked for.
#[derive(Clone, PartialEq, Eq, Debug)]
enum KeyLookup<'a> {
    User(Cow<'a, str>),
    Group(&'a str),
    Account(&'a str, &'a str),
}

impl<'a> KeyLookup<'a> {
    fn user(name: &'a str) -> Self {
        match split_account(name) {
            Some((namespace, name)) => KeyLookup::Account(namespace, name),
            None => KeyLookup::User(name.into()),
        }
    }

    /// Whom a subject of a binding stands for; `None` for what never matches: unknown kinds, accounts of no namespace
    /// (rule 36), and no name at all (CONTRACT §4: an empty name is nobody).
    fn of(subject: &'a Subject, binding: &'a Binding) -> Option<Self> {
        if subject.name().is_empty() {
            return None;
        }
        match subject.kind() {
            SubjectKind::User => Some(Self::user(subject.name())),
            SubjectKind::Group => Some(KeyLookup::Group(subject.name())),
            SubjectKind::ServiceAccount => {
                // A RoleBinding's own namespace is the default; a ClusterRoleBinding has none to give (rule 36).
                let own = &binding.meta.namespace;
                let namespace = if subject.namespace().is_empty() { own } else { subject.namespace() };
                (!namespace.is_empty()).then(|| Self::account(namespace, subject.name()))
            }
            SubjectKind::Other(_) => None,
        }
    }

    fn account(namespace: &'a str, name: &'a str) -> Self {
        match is_account(namespace, name) {
            true => KeyLookup::Account(namespace, name),
            // An account that no cluster can hold is a plain user of that name.
            false => KeyLookup::User(account_user(namespace, name).to_string().into()),
        }
    }

    /// The key that a subject is the name of.
    fn named(subject: &'a Subject) -> Self {
        match subject.kind() {
            SubjectKind::Group => KeyLookup::Group(subject.name()),
            SubjectKind::ServiceAccount => KeyLookup::Account(subject.namespace(), subject.name()),
            SubjectKind::User | SubjectKind::Other(_) => KeyLookup::User(Cow::Borrowed(subject.name())),
        }
    }

    fn hash(&self) -> u64 {
        match self {
            KeyLookup::User(name) => hash_of(0, &[name]),
            KeyLookup::Group(name) => hash_of(1, &[name]),
            KeyLookup::Account(namespace, name) => hash_of(2, &[namespace, name]),
        }
    }

    fn is(&self, subject: &Subject) -> bool {
        match self {
            KeyLookup::User(name) => subject.kind() == SubjectKind::User && subject.name().as_str() == *name,
            KeyLookup::Group(name) => subject.kind() == SubjectKind::Group && subject.name() == *name,
            KeyLookup::Account(namespace, name) => {
                subject.kind() == SubjectKind::ServiceAccount
                    && subject.name() == *name
                    && subject.namespace() == *namespace
            }
        }
    }
}

/// The hash of a key in use.
fn hash_at(entries: &[KeyEntry], key: KeySlot) -> u64 {
    entries[key as usize].subject.as_ref().map_or(0, |it| KeyLookup::named(it).hash())
}

/// Everybody whom bindings name.
#[derive(Clone, Debug, Default)]
pub(in crate::rbac) struct SubjectKeys {
    slots: Slots,
    entries: Vec<KeyEntry>,
    free: Vec<KeySlot>,
    rows: ListPool<BindingPlace>,
    /// The place of each key in the order of subjects; made when first wanted, forgotten when a key comes or goes.
    ranks: OnceCell<Vec<u32>>,
}

impl SubjectKeys {
    /// The key of a user's name; a nameless member of a group has none.
    pub fn user(&self, name: &str) -> Option<KeySlot> {
        self.find(&KeyLookup::user(name))
    }

    /// The key of a group.
    pub fn group(&self, name: &str) -> Option<KeySlot> {
        self.find(&KeyLookup::Group(name))
    }

    /// The key of a subject as answers name it.
    pub fn of(&self, subject: &Subject) -> Option<KeySlot> {
        match subject.kind() {
            SubjectKind::User => self.user(subject.name()),
            SubjectKind::Group => self.group(subject.name()),
            SubjectKind::ServiceAccount => self.find(&KeyLookup::account(subject.namespace(), subject.name())),
            SubjectKind::Other(_) => None,
        }
    }

    fn find(&self, wanted: &KeyLookup<'_>) -> Option<KeySlot> {
        self.find_hashed(wanted, wanted.hash())
    }

    fn find_hashed(&self, wanted: &KeyLookup<'_>, hash: u64) -> Option<KeySlot> {
        self.slots.find(hash, |it| self.entries[it as usize].subject.as_ref().is_some_and(|it| wanted.is(it)))
    }

    /// How many places there are, free ones included.
    pub fn bound(&self) -> usize {
        self.entries.len()
    }

    /// Whom a key that is in use stands for.
    pub fn subject(&self, key: KeySlot) -> &Subject {
        self.entries[key as usize].subject.as_ref().expect("keys in use have subjects")
    }

    /// All keys that are in use, in no order.
    pub fn in_use(&self) -> impl Iterator<Item = KeySlot> {
        (0..self.entries.len() as KeySlot).filter(|it| self.entries[*it as usize].subject.is_some())
    }

    /// The bindings of a key, cluster-wide ones first.
    #[inline]
    pub fn rows(&self, key: KeySlot) -> &[BindingPlace] {
        self.rows.get(self.entries[key as usize].rows)
    }

    /// Everybody, in no order.
    pub fn all(&self) -> impl Iterator<Item = (KeySlot, SubjectKey)> {
        let key = |it: &Subject| match it.kind() {
            SubjectKind::Group => SubjectKey::Group(it.name().clone()),
            _ => SubjectKey::User(user_name(it)),
        };
        self.entries.iter().enumerate().filter_map(move |(at, it)| Some((at as KeySlot, key(it.subject.as_ref()?))))
    }

    /// Makes room for about as many.
    pub fn reserve(&mut self, more: usize) {
        self.slots.reserve(more, |it| hash_at(&self.entries, it));
    }

    /// Takes in that a binding names a subject; gives the key, or [`NOBODY`] where no request is ever its.
    pub fn bind(&mut self, subject: &Subject, binding: &Binding, row: BindingPlace) -> KeySlot {
        let Some(wanted) = KeyLookup::of(subject, binding) else { return NOBODY };
        let hash = wanted.hash();
        let key = self.find_hashed(&wanted, hash).unwrap_or_else(|| {
            let subject = canonical(&named(subject, binding));
            self.make(hash, subject)
        });
        self.rows.add(&mut self.entries[key as usize].rows, row);
        key
    }

    fn make(&mut self, hash: u64, subject: Subject) -> KeySlot {
        let entry = KeyEntry { subject: Some(subject), rows: ListSpan::default() };
        let key = match self.free.pop() {
            Some(key) => {
                self.entries[key as usize] = entry;
                key
            }
            None => {
                push(&mut self.entries, entry);
                self.entries.len() as KeySlot - 1
            }
        };
        self.slots.insert(hash, key, |it| hash_at(&self.entries, it));
        self.ranks.take();
        key
    }

    /// Takes in that a binding is gone, once or for each time that it named the key; one without bindings is forgotten.
    pub fn unbind(&mut self, key: KeySlot, row: BindingPlace) {
        let entry = &mut self.entries[key as usize];
        self.rows.drop(&mut entry.rows, row);
        if !self.rows.get(entry.rows).is_empty() {
            return;
        }
        if let Some(subject) = entry.subject.take() {
            self.slots.remove(KeyLookup::named(&subject).hash(), key);
            self.free.push(key);
            self.ranks.take();
        }
    }

    /// Sorts keys by their subjects: many by the order of all, which is kept, a few by themselves.
    pub fn sort(&self, keys: &mut [KeySlot]) {
        if self.ranks.get().is_none() && keys.len() * 16 < self.entries.len() {
            return keys.sort_unstable_by_key(|it| self.subject(*it));
        }
        let ranks = self.ranks();
        keys.sort_unstable_by_key(|it| ranks[*it as usize]);
    }

    /// The place of each key in the order of subjects.
    fn ranks(&self) -> &[u32] {
        self.ranks.get_or_init(|| {
            let mut order: Vec<KeySlot> = (0..self.entries.len() as KeySlot).collect();
            order.sort_unstable_by_key(|it| &self.entries[*it as usize].subject);
            let mut ranks = vec![0; order.len()];
            order.iter().enumerate().for_each(|(rank, key)| ranks[*key as usize] = rank as u32);
            ranks
        })
    }
}

//! Who is named in bindings, and which service accounts there are: the rows of the Subjects pane.
//!
//! ```text
//! user:alice      rolebinding/shop/edit-alice, clusterrolebinding/view-all
//! sa:shop/web     exists, no binding
//! sa:shop/gone    bound, does not exist
//! ```
//!
//! What a subject may really do is `rbac`'s to say; this is only who there is and what names them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::filter::Filtered;
use super::list::Row;
use crate::model::cluster::{Change, Cluster, Diff};
use crate::model::id::ObjectId;
use crate::model::labels::Labels;
use crate::model::role::{Binding, Subject, SubjectKind};

/// Whether a subject is an object of the cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Existence {
    /// Users and groups: a cluster does not know them.
    NotAnObject,
    Exists,
    /// A binding names a service account that is not there.
    Missing,
}

/// One subject and what names it.
#[derive(Clone, PartialEq, Debug)]
pub struct Found {
    pub subject: Subject,
    /// In order, each once; a list, since most subjects have one or two.
    pub bindings: Vec<ObjectId>,
    pub existence: Existence,
    /// The word before the name and what parts it, kept for filters: `sa:shop`, `/`.
    words: (String, &'static str),
}

impl Found {
    fn new(subject: Subject) -> Self {
        let words = match &subject.kind {
            SubjectKind::User => ("user".into(), ":"),
            SubjectKind::Group => ("group".into(), ":"),
            SubjectKind::ServiceAccount => (format!("sa:{}", subject.namespace), "/"),
            SubjectKind::Other(kind) => (kind.to_string(), ":"),
        };
        let existence = match subject.kind {
            SubjectKind::ServiceAccount => Existence::Missing,
            _ => Existence::NotAnObject,
        };
        Self { subject, bindings: Vec::new(), existence, words }
    }

    /// How many bindings hold everywhere, and how many in a namespace.
    pub fn reach(&self) -> (usize, usize) {
        let everywhere = self.bindings.iter().filter(|it| it.namespace.is_empty()).count();
        (everywhere, self.bindings.len() - everywhere)
    }

    fn bind(&mut self, id: ObjectId) {
        if let Err(at) = self.bindings.binary_search(&id) {
            self.bindings.reserve_exact(1);
            self.bindings.insert(at, id);
        }
    }

    fn unbind(&mut self, id: &ObjectId) {
        if let Ok(at) = self.bindings.binary_search(id) {
            self.bindings.remove(at);
        }
    }

    fn is_nothing(&self) -> bool {
        self.bindings.is_empty() && self.existence != Existence::Exists
    }
}

impl Filtered for Arc<Found> {
    fn words(&self) -> [&str; 3] {
        [&self.words.0, self.words.1, &self.subject.name]
    }
    fn labels(&self) -> Option<&Labels> {
        None
    }
}

impl Row for Arc<Found> {
    type Key = Subject;
    fn key(&self) -> Subject {
        self.subject.clone()
    }
    fn order(&self, other: &Self) -> Ordering {
        self.subject.cmp(&other.subject)
    }
}

/// All subjects, kept as the cluster changes.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Subjects {
    found: BTreeMap<Subject, Arc<Found>>,
}

/// A subject's row before and after a change.
pub type Moved = (Option<Arc<Found>>, Option<Arc<Found>>);

impl Subjects {
    /// All subjects of a cluster.
    pub fn of(cluster: &Cluster) -> Self {
        let mut found: BTreeMap<Subject, Found> = BTreeMap::new();
        for account in cluster.service_accounts.iter() {
            let subject = account_subject(&account.meta.namespace, &account.meta.name);
            found.entry(subject.clone()).or_insert_with(|| Found::new(subject)).existence = Existence::Exists;
        }
        for binding in cluster.bindings.iter() {
            for subject in named(binding) {
                let entry = found.entry(subject.clone()).or_insert_with(|| Found::new(subject));
                entry.bind(binding.id());
            }
        }
        Self { found: found.into_iter().map(|(subject, it)| (subject, Arc::new(it))).collect() }
    }

    /// All rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = &Arc<Found>> {
        self.found.values()
    }

    /// One subject's row.
    pub fn get(&self, subject: &Subject) -> Option<&Arc<Found>> {
        self.found.get(subject)
    }

    /// Takes one change in and says which rows it moved.
    pub fn apply(&mut self, change: &Change) -> Vec<Moved> {
        match change {
            Change::Binding(diff) => self.rebind(diff),
            Change::ServiceAccount(diff) => {
                let Some(account) = diff.after.as_ref().or(diff.before.as_ref()) else { return Vec::new() };
                let subject = account_subject(&account.meta.namespace, &account.meta.name);
                let existence = if diff.after.is_some() { Existence::Exists } else { Existence::Missing };
                vec![self.edit(subject, |it| it.existence = existence)]
            }
            _ => Vec::new(),
        }
    }

    fn rebind(&mut self, diff: &Diff<Binding>) -> Vec<Moved> {
        let before = diff.before.as_deref().map(named).unwrap_or_default();
        let after = diff.after.as_deref().map(named).unwrap_or_default();
        let Some(id) = diff.after.as_ref().or(diff.before.as_ref()).map(|it| it.id()) else { return Vec::new() };
        let gone = before.difference(&after).map(|it| (it.clone(), false));
        let new = after.difference(&before).map(|it| (it.clone(), true));
        let edits: Vec<(Subject, bool)> = gone.chain(new).collect();
        let edit = |(subject, is_new)| {
            self.edit(subject, |it| {
                if is_new {
                    it.bind(id.clone());
                } else {
                    it.unbind(&id);
                }
            })
        };
        edits.into_iter().map(edit).collect()
    }

    fn edit(&mut self, subject: Subject, edit: impl FnOnce(&mut Found)) -> Moved {
        let before = self.found.get(&subject).cloned();
        let mut after = before.as_deref().cloned().unwrap_or_else(|| Found::new(subject.clone()));
        edit(&mut after);
        if after.is_nothing() {
            self.found.remove(&subject);
            return (before, None);
        }
        let after = Arc::new(after);
        self.found.insert(subject, after.clone());
        (before, Some(after))
    }
}

/// A service account as bindings name it.
fn account_subject(namespace: &crate::model::name::Name, name: &crate::model::name::Name) -> Subject {
    Subject { kind: SubjectKind::ServiceAccount, namespace: namespace.clone(), name: name.clone() }
}

/// The subjects of a binding, each once.
fn named(binding: &Binding) -> BTreeSet<Subject> {
    binding.subjects.iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::cluster::{AnyFact, Delta, Entry};
    use crate::model::coverage::Coverage;
    use crate::model::facts::{Meta, ServiceAccount};
    use crate::model::role::RoleRef;

    fn meta(namespace: &str, name: &str) -> Meta {
        Meta { namespace: namespace.into(), name: name.into(), ..Meta::default() }
    }

    fn subject(kind: SubjectKind, namespace: &str, name: &str) -> Subject {
        Subject { kind, namespace: namespace.into(), name: name.into() }
    }

    fn bind(name: &str, subjects: Vec<Subject>) -> Delta {
        let binding =
            Binding { meta: meta("shop", name), role: RoleRef::default(), subjects: subjects.into_iter().collect() };
        Delta::Put(Entry { fact: AnyFact::Binding(Arc::new(binding)), problems: Vec::new() })
    }

    /// The law of every index: built from the whole equals built step by step.
    #[test]
    fn changes_lead_to_what_building_anew_gives() {
        let alice = subject(SubjectKind::User, "", "alice");
        let web = subject(SubjectKind::ServiceAccount, "shop", "web");
        let account = ServiceAccount { meta: meta("shop", "web") };
        let steps = [
            bind("a", vec![alice.clone(), web.clone()]),
            bind("b", vec![alice.clone(), alice.clone()]),
            Delta::Put(Entry { fact: AnyFact::ServiceAccount(Arc::new(account)), problems: Vec::new() }),
            bind("a", vec![web.clone()]),
            Delta::Gone(ObjectId::new(crate::model::id::Kind::SERVICE_ACCOUNT, "shop", "web")),
            Delta::Gone(ObjectId::new(crate::model::id::Kind::ROLE_BINDING, "shop", "b")),
        ];
        let mut cluster = Cluster::new(Coverage::Live);
        let mut subjects = Subjects::of(&cluster);
        for step in steps {
            cluster.apply(step).iter().for_each(|it| {
                subjects.apply(it);
            });
            assert_eq!(subjects, Subjects::of(&cluster));
        }
        assert!(subjects.get(&alice).is_none(), "nothing names alice any more");
        assert_eq!(subjects.get(&web).map(|it| it.existence), Some(Existence::Missing));
    }
}

//! What subjects weigh: the worst that each can do, where, and what is odd about it.
//!
//! ```text
//! sa:shop/web    run pods     2 ns   shared
//! user:alice     everything   all    left
//! ```
//!
//! Somebody is only a name, in the strings that the cluster holds anyway: 40,000 subjects cost little. What they weigh
//! is asked of [`crate::rbac::Index`] for those who are looked at, and kept until something that it rests on changes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::world::World;
use crate::model::cluster::{BeforeAfter, FactChange};
use crate::model::facts::SharedPod;
use crate::model::role::Subject;
use crate::rbac::subjects::{SubjectRow as Weight, missing_account, subjects_of};

/// The subjects whose rows one change brings, moves or takes away; whether they are there the world knows.
pub fn touched(world: &World, change: &FactChange) -> Vec<Subject> {
    match change {
        FactChange::Binding(diff) => {
            let mut all: Vec<Subject> = sides(diff).flat_map(|it| subjects_of(it)).collect();
            all.sort_unstable();
            all.dedup();
            all
        }
        FactChange::ServiceAccount(diff) => {
            let account = diff.after.as_ref().or(diff.before.as_ref()).map(|it| &it.meta);
            let subject =
                account.map(|it| Subject::ServiceAccount { namespace: it.namespace.clone(), name: it.name.clone() });
            subject.into_iter().collect()
        }
        FactChange::Pod(diff) => sides(diff).filter_map(|it| missing_account(&world.cluster, it)).collect(),
        _ => Vec::new(),
    }
}

fn sides<T>(diff: &BeforeAfter<T>) -> impl Iterator<Item = &T> {
    diff.before.iter().chain(&diff.after)
}

/// What subjects weigh, as far as it has been asked.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    known: RefCell<BTreeMap<Subject, Arc<Weight>>>,
}

impl Weights {
    /// Drops what a change may have moved.
    pub fn forget(&mut self, change: &FactChange) {
        match change {
            // A role may be anybody's, and a binding may name a group of many.
            FactChange::Role(_) | FactChange::Binding(_) | FactChange::Coverage(_) | FactChange::Readable(_) => {
                self.known.get_mut().clear()
            }
            FactChange::ServiceAccount(diff) => {
                for account in sides(diff) {
                    self.forget_namespace(&account.meta.namespace);
                }
            }
            FactChange::Pod(diff) if runs(&diff.before) != runs(&diff.after) => {
                for pod in sides(diff) {
                    self.forget_namespace(pod.namespace());
                }
            }
            _ => {}
        }
    }

    fn forget_namespace(&mut self, namespace: &str) {
        let known = self.known.get_mut();
        if !known.is_empty() {
            known.retain(|it, _| *it.namespace() != *namespace);
        }
    }
}

/// What of a pod a weight rests on.
fn runs(pod: &Option<SharedPod>) -> Option<(&str, impl PartialEq)> {
    let pod = pod.as_ref().filter(|it| !it.phase().is_finished())?;
    Some((pod.service_account(), pod.owner()))
}

impl World {
    /// Weighs these subjects together, where that has not been done.
    pub fn weigh<'s>(&self, subjects: impl IntoIterator<Item = &'s Subject>) {
        let mut known = self.weights.known.borrow_mut();
        let new: Vec<Subject> = subjects.into_iter().filter(|it| !known.contains_key(it)).cloned().collect();
        if !new.is_empty() {
            let rows = self.rbac().weigh(&self.cluster, self.people.as_deref(), &self.served, new);
            known.extend(rows.into_iter().map(|it| (it.subject.clone(), Arc::new(it))));
        }
    }

    /// Weighs everybody: to sort by it, or to filter.
    pub fn weigh_all(&self) {
        let all = self.rbac().everybody(&self.cluster);
        if self.weights.known.borrow().len() < all.len() {
            self.weigh(&all);
        }
    }

    /// What one subject weighs.
    pub fn weight(&self, subject: &Subject) -> Arc<Weight> {
        if let Some(known) = self.weights.known.borrow().get(subject) {
            return known.clone();
        }
        let mut rows = self.rbac().weigh(&self.cluster, self.people.as_deref(), &self.served, vec![subject.clone()]);
        Arc::new(rows.swap_remove(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use crate::ask::world::SelfCheck;
    use crate::model::cluster::{AnyFact, Delta, ReadObject};
    use crate::model::coverage::Coverage;
    use crate::model::facts::{Meta, Pod, ServiceAccount};
    use crate::model::id::{Kind, ObjectId};
    use crate::model::role::{Binding, RoleRef, SharedBinding};
    use crate::net::Settings;

    fn meta(namespace: &str, name: &str) -> Meta {
        Meta { namespace: namespace.into(), name: name.into(), ..Meta::default() }
    }

    fn put(fact: AnyFact) -> Delta {
        Delta::Put(ReadObject::new(fact))
    }

    fn bind(name: &str, subjects: Vec<Subject>) -> Delta {
        let (role, subjects) = (RoleRef::default(), subjects.into_iter().collect());
        put(AnyFact::Binding(SharedBinding::new(Binding { meta: meta("shop", name), role, subjects })))
    }

    fn pod(name: &str) -> Delta {
        let pod = Pod::named("shop", name).changed(|it| it.service_account = "lost".into());
        put(AnyFact::Pod(pod.into()))
    }

    /// The law of every list: rows moved change by change are those that filling anew gives.
    #[test]
    fn touched_subjects_are_all_that_come_and_go() {
        let alice = Subject::User("alice".into());
        let web = Subject::ServiceAccount { namespace: "shop".into(), name: "web".into() };
        let robot = Subject::Other { kind: "Robot".into(), name: "r2".into() };
        let homeless = Subject::ServiceAccount { namespace: "".into(), name: "web".into() };
        let steps = [
            bind("a", vec![alice.clone(), web.clone(), robot]),
            bind("b", vec![alice.clone(), alice.clone(), homeless]),
            put(AnyFact::ServiceAccount(Arc::new(ServiceAccount::new(meta("shop", "web"))))),
            pod("one"),
            pod("two"),
            bind("a", vec![web.clone()]),
            Delta::Gone(ObjectId::new(Kind::POD, "shop", "one")),
            Delta::Gone(ObjectId::new(Kind::SERVICE_ACCOUNT, "shop", "web")),
            Delta::Gone(ObjectId::new(Kind::ROLE_BINDING, "shop", "b")),
            Delta::Gone(ObjectId::new(Kind::POD, "shop", "two")),
        ];
        let mut world =
            World::of(crate::model::cluster::Cluster::new(Coverage::Live), Settings::default(), SelfCheck::Off);
        let mut held: BTreeSet<Subject> = BTreeSet::new();
        for step in steps {
            for change in world.apply(vec![step]) {
                for subject in touched(&world, &change) {
                    match world.rbac().is_somebody(&world.cluster, &subject) {
                        true => drop(held.insert(subject)),
                        false => drop(held.remove(&subject)),
                    }
                }
            }
            let anew: BTreeSet<Subject> = world.rbac().everybody(&world.cluster).into_iter().collect();
            assert_eq!(held, anew);
        }
        assert_eq!(held.into_iter().collect::<Vec<_>>(), [web], "only what binding a still names");
    }
}

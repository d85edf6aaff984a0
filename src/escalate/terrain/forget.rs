//! What is kept is forgotten where it rested on what has changed.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::super::held::crowd::Whose;
use super::super::moves::{ACCOUNTS, workload_kind};
use super::{Granted, Grants, Kept, Terrain};
use crate::model::cluster::{BeforeAfter, FactChange};
use crate::model::facts::Fact;
use crate::model::name::Name;
use crate::model::role::{Subject, SubjectKind};
use crate::rbac::grant::named;
use crate::rbac::identity::canonical;

impl Terrain {
    /// Forgets what rested on what has changed.
    pub fn forget(&mut self, changes: &[FactChange]) {
        if !changes.is_empty() {
            self.everybody.forget();
        }
        changes.iter().for_each(|it| self.forget_homes(it));
        for change in changes {
            match change {
                FactChange::Pod(diff) => {
                    self.on_nodes.take(diff);
                    of_either(diff).into_iter().for_each(|it| self.forget_namespace(it.namespace()));
                }
                FactChange::Workload(it) => {
                    of_either(it).into_iter().for_each(|it| self.forget_workloads(&it.namespace))
                }
                FactChange::ServiceAccount(diff) => {
                    self.scans.forget_accounts();
                    of_either(diff).into_iter().for_each(|it| self.forget_place(&it.meta.namespace));
                }
                FactChange::Binding(diff) => {
                    self.bound = Arc::default();
                    for binding in diff.before.iter().chain(&diff.after) {
                        binding.subjects.iter().for_each(|it| self.forget_subject(&canonical(&named(it, binding))));
                    }
                }
                FactChange::Role(diff) => {
                    self.bound = Arc::default();
                    of_either(diff).into_iter().for_each(|it| self.forget_role(&it.meta.namespace, &it.meta.name));
                }
                FactChange::Node(_) => self.on_nodes.forget_names(),
                FactChange::Namespace(it) => {
                    of_either(it).into_iter().for_each(|it| self.forget_namespace(&it.meta.name))
                }
                FactChange::Service(it) => {
                    of_either(it).into_iter().for_each(|it| self.forget_namespace(&it.meta.namespace))
                }
                FactChange::Policy(it) => {
                    of_either(it).into_iter().for_each(|it| self.spaces.forget(&it.meta.namespace))
                }
                _ => {}
            }
        }
    }

    /// Where objects of a name are is not known any more of the name that has come, changed or gone.
    ///
    /// Where a namespace comes or goes all of them are looked at again.
    fn forget_homes(&mut self, change: &FactChange) {
        let (name, is_of): (Option<Name>, fn(&str) -> bool) = match change {
            FactChange::Pod(it) => (name_of(it), |it| it == "pods"),
            FactChange::Workload(it) => (name_of(it), |it| workload_kind(it).is_some()),
            FactChange::ServiceAccount(it) => (name_of(it), |it| it == ACCOUNTS),
            FactChange::Binding(it) => (name_of(it), |it| it.ends_with("bindings")),
            FactChange::Role(it) => (name_of(it), |it| it.ends_with("roles")),
            FactChange::Service(it) => (name_of(it), |it| it == "services"),
            FactChange::EndpointSlice(it) => (name_of(it), |it| it == "endpointslices"),
            FactChange::Policy(it) => (name_of(it), |it| it == "networkpolicies"),
            _ => return,
        };
        name.iter().for_each(|it| self.homes.forget(is_of, it));
        // A pod runs as an account that is there.
        if let FactChange::Pod(BeforeAfter { before, after }) = change {
            let accounts = before.iter().chain(after).map(|it| it.service_account());
            accounts.for_each(|it| self.homes.forget(|it| it == ACCOUNTS, it));
        }
    }

    fn forget_subject(&mut self, subject: &Subject) {
        self.named.get_mut().forget(subject);
        // Others are in groups of the system alone, as far as the cluster knows.
        if subject.kind() == SubjectKind::Group && subject.name().starts_with("system:") {
            clear(self.grants.get_mut());
            return self.forget_places();
        }
        Arc::make_mut(self.grants.get_mut()).remove(subject);
        if let Subject::ServiceAccount { namespace, .. } = subject {
            self.forget_place(namespace);
        }
    }

    /// A role, and those of the cluster that may take their rules from it, with whatever rested on them.
    fn forget_role(&mut self, namespace: &Name, name: &Name) {
        let may_be_taken_in = namespace.is_empty();
        let roles = Arc::make_mut(self.roles.get_mut());
        roles.remove(&(namespace.clone(), name.clone()));
        if may_be_taken_in {
            self.aggregated.get_mut().iter().for_each(|it| drop(roles.remove(it)));
        }
        let rests = |it: &Granted| match &it.role {
            Some((role, _)) if role.aggregates().is_some() => may_be_taken_in,
            Some((role, _)) => role.meta.name == *name && role.meta.namespace == *namespace,
            // One that waits for its role.
            None => it.binding.role.name == *name,
        };
        let is_stale = |it: &Grants| it.all.iter().any(rests);
        Arc::make_mut(self.grants.get_mut()).retain(|_, it| !is_stale(it));
        let stale = self.places.get_mut().iter().filter(|(_, it)| it.accounts.iter().any(|it| is_stale(&it.grants)));
        // In whatever order: each is forgotten by itself.
        let stale: Vec<Name> = stale.map(|(namespace, _)| namespace.clone()).collect();
        stale.iter().for_each(|it| self.forget_place(it));
    }

    fn forget_place(&mut self, namespace: &Name) {
        Arc::make_mut(self.places.get_mut()).remove(namespace);
        self.crowds.get_mut().values_mut().for_each(|it| it.forget(namespace));
        self.absent.get_mut().forget(namespace);
        self.searches.forget(namespace);
    }

    /// One that has changed, or may come or go with an object of it.
    fn forget_namespace(&mut self, namespace: &Name) {
        self.spaces.forget(namespace);
        self.scans.forget_namespaces();
        self.forget_place(namespace);
    }

    /// A workload of a namespace has come, changed or gone.
    fn forget_workloads(&mut self, namespace: &Name) {
        self.scans.forget_workloads(namespace);
        let beside = self.crowds.get_mut().iter_mut().filter(|it| matches!(it.0.0, Whose::Beside(_)));
        beside.for_each(|it| it.1.forget(namespace));
    }

    fn forget_places(&mut self) {
        clear(self.places.get_mut());
        self.crowds.get_mut().clear();
        *self.absent.get_mut() = Kept::default();
    }
}

/// The name of what has changed.
fn name_of<T: Fact>(diff: &BeforeAfter<Arc<T>>) -> Option<Name> {
    of_either(diff).map(|it| it.name().to_name())
}

/// What an object was, or is where it was not there.
fn of_either<T>(diff: &BeforeAfter<T>) -> Option<&T> {
    diff.before.as_ref().or(diff.after.as_ref())
}

/// Empties a table without an allocation where nothing is in it.
fn clear<K, V>(table: &mut Arc<FxHashMap<K, V>>) {
    if !table.is_empty() {
        *table = Arc::default();
    }
}

//! What is kept is forgotten where it rested on what has changed.

use std::cell::OnceCell;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Granted, Grants, Kept, Terrain};
use crate::model::cluster::{Change, Diff};
use crate::model::name::Name;
use crate::model::role::{Subject, SubjectKind};
use crate::rbac::grant::named;
use crate::rbac::identity::canonical;

impl Terrain {
    /// Forgets what rested on what has changed.
    pub fn forget(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Binding(_) => self.homes.get_mut().retain(|(resource, _), _| !resource.ends_with("bindings")),
                _ => self.homes.get_mut().clear(),
            }
            match change {
                Change::Pod(diff) => {
                    of_either(diff).into_iter().for_each(|it| self.forget_place(it.namespace()));
                    (self.nodes, self.on_nodes, self.leaving) = Default::default();
                    (self.namespaces, self.admission) = Default::default();
                    self.scans.forget_namespaces();
                    self.seen.get_mut().clear();
                }
                Change::Workload(_) => self.scans.forget_workloads(),
                Change::ServiceAccount(diff) => {
                    self.scans.forget_accounts();
                    of_either(diff).into_iter().for_each(|it| self.forget_place(&it.meta.namespace));
                }
                Change::Binding(diff) => {
                    for binding in diff.before.iter().chain(&diff.after) {
                        binding.subjects.iter().for_each(|it| self.forget_subject(&canonical(&named(it, binding))));
                    }
                }
                Change::Role(diff) => {
                    of_either(diff).into_iter().for_each(|it| self.forget_role(&it.meta.namespace, &it.meta.name));
                }
                Change::Node(_) => self.nodes = OnceCell::new(),
                Change::Namespace(it) => self.forget_namespace(of_either(it).map(|it| &it.meta.name)),
                Change::Service(it) => self.forget_namespace(of_either(it).map(|it| &it.meta.namespace)),
                Change::Policy(it) => self.forget_namespace(of_either(it).map(|it| &it.meta.namespace)),
                _ => {}
            }
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
        self.crowd.get_mut().forget(namespace);
        self.mounted.get_mut().forget(namespace);
        self.absent.get_mut().forget(namespace);
    }

    /// One that may come or go with an object of it.
    fn forget_namespace(&mut self, namespace: Option<&Name>) {
        (self.namespaces, self.admission) = Default::default();
        self.scans.forget_namespaces();
        namespace.into_iter().for_each(|it| self.forget_place(it));
    }

    fn forget_places(&mut self) {
        clear(self.places.get_mut());
        *self.crowd.get_mut() = Kept::default();
        *self.mounted.get_mut() = Kept::default();
        *self.absent.get_mut() = Kept::default();
    }
}

/// What an object was, or is where it was not there.
fn of_either<T>(diff: &Diff<T>) -> Option<&T> {
    diff.before.as_ref().or(diff.after.as_ref())
}

/// Empties a table without an allocation where nothing is in it.
fn clear<K, V>(table: &mut Arc<FxHashMap<K, V>>) {
    if !table.is_empty() {
        *table = Arc::default();
    }
}

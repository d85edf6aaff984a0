//! The namespaces, and what they say of a privileged pod.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::Ground;
use super::super::admission::{Admission, admission};
use super::kept::Kept;
use crate::model::name::Name;
use crate::model::security::SecurityLevel;
use crate::rbac::version::Version;

/// What is known of them.
#[derive(Clone, Default, Debug)]
pub(super) struct KnownSpaces {
    names: RefCell<Kept<Arc<[Name]>, Name>>,
    privileged: RefCell<Kept<Privileged, Name>>,
}

/// The namespaces by what they say of a privileged pod, as the server's version has it; those that refuse it are in neither.
#[derive(Clone, Debug, Default)]
pub struct Privileged {
    version: Option<Version>,
    pub admit: BTreeSet<Name>,
    pub unknown: BTreeSet<Name>,
}

impl KnownSpaces {
    /// A namespace has changed, or may have come or gone with an object of it.
    pub fn forget(&mut self, namespace: &Name) {
        self.names.get_mut().forget(namespace);
        self.privileged.get_mut().forget(namespace);
    }
}

impl Ground<'_> {
    /// Every namespace, by name.
    pub fn all_namespaces(&self) -> Arc<[Name]> {
        let whole = || self.cluster.namespace_names().into_iter().collect();
        let renew = |all: &mut Arc<[Name]>, stale: &BTreeSet<Name>| {
            let is_right = |it: &Name| all.binary_search(it).is_ok() == self.cluster.has_namespace(it);
            if !stale.iter().all(is_right) {
                *all = whole();
            }
        };
        self.terrain.spaces.names.borrow_mut().now(whole, renew).as_ref().clone()
    }

    /// What namespaces say of a privileged pod.
    pub fn privileged(&self) -> Arc<Privileged> {
        let whole = || {
            let mut all = Privileged { version: self.version, ..Privileged::default() };
            self.all_namespaces().iter().for_each(|it| all.put(self, it));
            all
        };
        let renew = |all: &mut Privileged, stale: &BTreeSet<Name>| stale.iter().for_each(|it| all.put(self, it));
        let mut kept = self.terrain.spaces.privileged.borrow_mut();
        let now = kept.now(whole, renew);
        if now.version == self.version {
            return now;
        }
        *kept = Kept::default();
        kept.now(whole, renew)
    }
}

impl Privileged {
    /// Takes in what a namespace says, if it is there.
    fn put(&mut self, ground: &Ground<'_>, namespace: &Name) {
        self.admit.remove(namespace);
        self.unknown.remove(namespace);
        if !ground.cluster.has_namespace(namespace) {
            return;
        }
        match admission(ground, namespace, SecurityLevel::Privileged) {
            Admission::Admitted => drop(self.admit.insert(namespace.clone())),
            Admission::Unknown(_) => drop(self.unknown.insert(namespace.clone())),
            Admission::Refused(_) => {}
        }
    }
}

//! What of a world is looked at: the namespaces and the pod that everything is narrowed to, and with whose eyes.

use std::collections::BTreeSet;

use super::world::World;
use crate::model::id::PodId;
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::Identity;
use crate::rbac::identity::canonical;
use crate::rbac::subjects::person;

/// What the lists are narrowed to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ListScope {
    /// Empty: all namespaces.
    pub namespaces: BTreeSet<Name>,
    /// The policies pane shows those that govern this pod.
    pub pod: Option<PodId>,
    pub problems: Problems,
}

/// Whether only rows with problems are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Problems {
    #[default]
    Everything,
    Only,
}

impl ListScope {
    /// Whether objects of this namespace are in it; what stands in no namespace always is.
    pub fn holds(&self, namespace: &str) -> bool {
        self.namespaces.is_empty() || namespace.is_empty() || self.namespaces.contains(namespace)
    }

    /// The one namespace of a scope that has just one.
    pub fn only(&self) -> Option<&Name> {
        self.namespaces.first().filter(|_| self.namespaces.len() == 1)
    }
}

/// What cells and pages are made from.
#[derive(Clone, Copy, Debug)]
pub struct CellContext<'a> {
    pub world: &'a World,
    pub scope: &'a ListScope,
    /// Whom the operator sees with (`i`).
    pub acting: Option<&'a Identity>,
}

impl CellContext<'_> {
    /// Who somebody is: with the groups that the operator typed for them, else those that the server knows the operator
    /// in, else those of the directory.
    pub fn identity(self, subject: &Subject) -> Identity {
        match self.acting {
            Some(acting) if acting.subject == canonical(subject) => acting.clone(),
            _ => match self.world.told.me().filter(|it| it.subject() == canonical(subject)) {
                Some(me) => me.identity(&[]),
                None => person(subject, self.world.people.as_deref()),
            },
        }
    }
}

//! Everybody whom bindings name.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Ground;
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::grant::named;
use crate::rbac::identity::{NODE_PREFIX, canonical, node_of};

/// Everybody whom bindings name, as answers name them.
#[derive(Clone, Debug, Default)]
pub struct Named {
    pub users: BTreeSet<Subject>,
    pub groups: BTreeSet<Subject>,
    /// Service accounts by namespace.
    pub accounts: BTreeMap<Name, BTreeSet<Name>>,
}

pub(super) fn named_of(ground: &Ground<'_>) -> Named {
    let mut all = Named::default();
    for binding in ground.cluster.bindings.iter() {
        binding.subjects.iter().for_each(|it| all.put(&canonical(&named(it, binding)), true));
    }
    all
}

impl Named {
    /// The users of nodes among them.
    pub fn node_users(&self) -> impl Iterator<Item = &Subject> {
        let first = Subject::User(NODE_PREFIX.into());
        let all = self.users.range(first..).take_while(|it| it.name().starts_with(NODE_PREFIX));
        all.filter(|it| node_of(it.name()).is_some())
    }

    /// Somebody whom bindings name, or name no more.
    pub(super) fn put(&mut self, subject: &Subject, is_named: bool) {
        fn set<T: Ord + Clone>(all: &mut BTreeSet<T>, it: &T, is_in: bool) {
            if is_in {
                all.insert(it.clone())
            } else {
                all.remove(it)
            };
        }
        match subject {
            it if it.name().is_empty() => {}
            Subject::User(_) => set(&mut self.users, subject, is_named),
            Subject::Group(_) => set(&mut self.groups, subject, is_named),
            Subject::ServiceAccount { namespace, name } => {
                let names = self.accounts.entry(namespace.clone()).or_default();
                set(names, name, is_named);
                if names.is_empty() {
                    self.accounts.remove(namespace);
                }
            }
            Subject::Other { .. } => {}
        }
    }
}

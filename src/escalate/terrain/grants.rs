//! What somebody holds by bindings.

use std::sync::Arc;

use super::super::powers::RolePowers;
use crate::model::name::Name;
use crate::model::role::{SharedBinding, SharedRole};

/// What somebody holds by bindings.
#[derive(Debug, Default)]
pub struct Grants {
    pub all: Vec<Granted>,
}

/// What one binding gives.
#[derive(Clone, Debug)]
pub struct Granted {
    pub binding: SharedBinding,
    /// `None`: the role is not there.
    pub role: Option<(SharedRole, Arc<RolePowers>)>,
}

impl Granted {
    /// Where it holds; empty: the whole cluster.
    pub fn scope(&self) -> &Name {
        &self.binding.meta.namespace
    }

    /// Whether its role gives every verb on every resource.
    pub fn gives_everything(&self) -> bool {
        self.role.as_ref().is_some_and(|(_, powers)| powers.everything)
    }
}

impl Grants {
    /// What tells equal ones: their roles, each with where it holds.
    pub fn key(&self) -> Vec<(Name, usize)> {
        let place = |it: &Granted| match &it.role {
            Some((_, powers)) => Arc::as_ptr(powers) as usize,
            // One that waits for its role is like no other: who may create that differs by its name.
            None => SharedBinding::as_ptr(&it.binding) as usize,
        };
        let mut key: Vec<(Name, usize)> = self.all.iter().map(|it| (it.scope().clone(), place(it))).collect();
        key.sort_unstable();
        key.dedup();
        key
    }
}

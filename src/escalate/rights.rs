//! Which rights the identities that are held have: what edges ask for.
//!
//! ```text
//! create pods/exec  →  sa:ci/runner in shop (all pods), sa:ci/runner in build (pod builder-0)
//! ```
//!
//! A right is one rule in one scope. Whether the API server would allow the request that follows from it is asked of
//! `rbac` once more, when a path is replayed.

use std::sync::Arc;

use crate::model::name::Name;
use crate::model::role::RoleRule;
use crate::rbac::Request;
use crate::rbac::powers::Need;
use crate::rbac::request::ResourceRequest;

use super::foothold::Foothold;
use super::held::Held;
use super::powers::{RolePowers, gives_everything};
use super::step::Because;

/// A rule that gives what an edge needs, in one scope.
#[derive(Clone, Debug)]
pub struct Right {
    /// Its place among all rights.
    pub number: u32,
    /// From where it is used, and who uses it.
    pub stand: u32,
    pub actor: u32,
    /// Where it holds; empty: the whole cluster.
    pub scope: Name,
    pub(super) powers: Arc<RolePowers>,
    pub(super) rule: u16,
    /// The power that it gives, and by which of its requests.
    pub power: u16,
    pub slot: u16,
    pub need: &'static Need,
}

impl Right {
    fn rule(&self) -> &RoleRule {
        &self.powers.rules[usize::from(self.rule)]
    }

    /// Whether it holds in this namespace.
    pub fn is_in(&self, namespace: &str) -> bool {
        self.scope.is_empty() || self.scope == *namespace
    }

    /// Whether it is for every object, those too that have no name yet.
    pub fn is_of_all(&self) -> bool {
        self.rule().names.is_empty()
    }

    /// Whether something new can be made with it, a right to create: of any name, or by apply of those that it names.
    ///
    /// What is made by POST has no name yet when it is judged, so that a rule with resourceNames allows it by apply
    /// alone, which asks for `create` and `patch`, both with the name (rule 18).
    pub fn makes(&self) -> bool {
        self.is_of_all() || self.rule().verbs.iter().any(|it| it == "*" || it == "patch")
    }

    /// Whether its rule gives every verb on every resource.
    pub fn gives_everything(&self) -> bool {
        gives_everything(self.rule())
    }

    /// Whether it is for the object of this name.
    pub fn is_of(&self, name: &str) -> bool {
        self.is_of_all() || self.names().iter().any(|it| it == name)
    }

    /// The names that it is for; empty: all.
    pub fn names(&self) -> &[Name] {
        &self.rule().names
    }

    /// A name that it is for; empty: any would do.
    pub fn a_name(&self) -> Name {
        self.names().first().cloned().unwrap_or_default()
    }

    /// What is held with it.
    pub fn foothold<'h>(&self, held: &'h Held) -> &'h Foothold {
        &held.stands()[self.stand as usize].foothold
    }

    /// The verb that the rule gives of those that would do.
    fn verb(&self) -> &'static str {
        let held = |verb: &&&'static str| self.rule().verbs.iter().any(|held| held == "*" || held == **verb);
        self.need.verbs.iter().find(held).copied().unwrap_or(self.need.verbs[0])
    }

    /// The request that it lets be made, on this object (empty: none yet) of this namespace.
    pub fn request(&self, namespace: &str, name: &str) -> Request {
        let (plural, subresource) = self.need.resource.split_once('/').unwrap_or((self.need.resource, ""));
        Request::Resource(ResourceRequest {
            verb: self.verb().into(),
            group: self.need.group.into(),
            resource: plural.into(),
            subresource: subresource.into(),
            name: name.into(),
            namespace: namespace.into(),
            ..ResourceRequest::default()
        })
    }

    /// That the API server allows it; the grant is looked up where the way is replayed.
    pub fn because(&self, held: &Held, namespace: &str, name: &str) -> Because {
        let actor = &held.stands()[self.actor as usize];
        if held.is_master(actor) {
            return Because::Masters(held.subject(self.actor));
        }
        match &actor.foothold {
            Foothold::Subject(_) => Because::Allowed {
                identity: Box::new(held.identity(self.actor)),
                request: Box::new(self.request(namespace, name)),
                grant: None,
            },
            // A sink that the question begins with.
            _ => Because::Holds { subject: held.subject(self.actor), what: "every verb on every resource".into() },
        }
    }
}

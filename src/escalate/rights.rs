//! Which rights the identities that are held have: what edges ask for.
//!
//! ```text
//! rights.of(&[create pods/exec])  →  sa:ci/runner in shop (all pods), sa:ci/runner in build (pod builder-0)
//! ```
//!
//! A right is one rule in one scope. Whether the API server would allow the request that follows from it is asked of
//! `rbac` once more, when a path is replayed.

use crate::model::name::Name;
use crate::model::role::RoleRule;
use crate::rbac::capability::Need;
use crate::rbac::request::ResourceRequest;
use crate::rbac::served::Reach;
use crate::rbac::{Identity, Request};

use super::Ground;
use super::foothold::Foothold;
use super::held::Holder;
use super::step::Because;

/// A rule that gives what an edge needs, in one scope.
#[derive(Clone, Copy, Debug)]
pub struct Right<'h> {
    pub holder: &'h Holder,
    /// `None`: a member of `system:masters`.
    rule: Option<(&'h Name, &'h RoleRule)>,
    pub need: &'h Need,
}

static EVERYWHERE: Name = Name::empty();

impl<'h> Right<'h> {
    /// Where it holds; empty: the whole cluster.
    pub fn scope(&self) -> &'h Name {
        self.rule.map_or(&EVERYWHERE, |(scope, _)| scope)
    }

    /// What is held with it.
    pub fn foothold(&self) -> &'h Foothold {
        &self.holder.foothold
    }

    /// Whether it holds in this namespace.
    pub fn is_in(&self, namespace: &str) -> bool {
        self.scope().is_empty() || *self.scope() == *namespace
    }

    /// Whether it is for every object, those too that have no name yet.
    pub fn is_of_all(&self) -> bool {
        self.rule.is_none_or(|(_, it)| it.names.is_empty())
    }

    /// Whether it is for the object of this name.
    pub fn is_of(&self, name: &str) -> bool {
        self.rule.is_none_or(|(_, it)| it.names.is_empty() || it.names.iter().any(|it| it == name))
    }

    /// The names that it is for; empty: all.
    pub fn names(&self) -> &'h [Name] {
        self.rule.map_or(&[], |(_, it)| &it.names)
    }

    /// The verb that the rule gives of those that would do.
    fn verb(&self) -> &'static str {
        let held = |verb: &&&'static str| {
            self.rule.is_none_or(|(_, it)| it.verbs.iter().any(|held| held == "*" || held == **verb))
        };
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

    /// That the API server allows it.
    pub fn because(&self, ground: &Ground<'_>, namespace: &str, name: &str) -> Because {
        if self.holder.is_master() {
            return Because::Masters(self.holder.identity.subject.clone());
        }
        let request = self.request(namespace, name);
        let grant = ground.rbac.can(&self.holder.identity, &request).grants.into_iter().next();
        allowed(&self.holder.identity, request, grant)
    }
}

fn allowed(identity: &Identity, request: Request, grant: Option<crate::rbac::Grant>) -> Because {
    Because::Allowed { identity: Box::new(identity.clone()), request: Box::new(request), grant: grant.map(Box::new) }
}

/// The rights of these holders that meet any of these needs.
///
/// What stands in no namespace is never had through a RoleBinding.
pub fn rights<'h>(
    holders: impl IntoIterator<Item = &'h Holder>,
    needs: &'h [Need],
    reach: Reach,
) -> impl Iterator<Item = Right<'h>> {
    holders.into_iter().flat_map(move |holder| {
        let master =
            needs.iter().take(usize::from(holder.is_master())).map(move |need| Right { holder, rule: None, need });
        let held = holder.rules.iter().filter(move |it| reach == Reach::Namespaced || it.scope.is_empty());
        let of_rules = held.flat_map(move |it| {
            let meets = needs.iter().filter(move |need| need.is_met_by(&it.rule));
            meets.map(move |need| Right { holder, rule: Some((&it.scope, &it.rule)), need })
        });
        master.chain(of_rules)
    })
}

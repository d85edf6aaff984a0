//! Roles, bindings and subjects: what RBAC is written in. Nothing here decides; `rbac` does.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::fact::{Fact, FactIdentity};
use super::id::{Kind, ObjectId};
use super::items::Items;
use super::labels::{Labels, Selector};
use super::meta::Meta;
use super::name::Name;
use super::sparse::Sparse;

/// One rule of a role, as written; matching is `rbac`'s.
///
/// It reads as the API writes it: `rule.verbs`, `rule.resources`, …
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct RoleRule {
    acts: triomphe::Arc<SharedRuleParts>,
    pub resources: Items<Name>,
    pub names: Items<Name>,
}

/// The parts of a rule that repeat: a cluster of a hundred thousand rules has some hundred such sets of verbs, groups and
/// URLs. Which resources and names they are of differs from rule to rule, and is held by each.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SharedRuleParts {
    pub verbs: Items<Name>,
    pub groups: Items<Name>,
    pub urls: Items<Name>,
}

/// The five lists that a rule is made of, for [`RoleRule::new`].
#[derive(Clone, Debug, Default)]
pub struct RuleLists {
    pub verbs: Items<Name>,
    pub groups: Items<Name>,
    pub resources: Items<Name>,
    pub names: Items<Name>,
    pub urls: Items<Name>,
}

impl RoleRule {
    /// The rule of these lists; `shared` gives the one that is equal to what it lets do.
    pub fn new(lists: RuleLists, shared: impl FnOnce(SharedRuleParts) -> triomphe::Arc<SharedRuleParts>) -> Self {
        let RuleLists { verbs, groups, resources, names, urls } = lists;
        Self { acts: shared(SharedRuleParts { verbs, groups, urls }), resources, names }
    }
}

impl From<RuleLists> for RoleRule {
    fn from(lists: RuleLists) -> Self {
        Self::new(lists, triomphe::Arc::new)
    }
}

impl Deref for RoleRule {
    type Target = SharedRuleParts;
    #[inline]
    fn deref(&self) -> &SharedRuleParts {
        &self.acts
    }
}

/// Where a ClusterRole with an aggregation rule takes its rules from (docs/rbac.md, rule 44: a controller of the server
/// fills them in).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RoleSource {
    /// It came from a server (a uid or a resourceVersion): its stored rules decide, stale or empty.
    Server,
    /// A manifest: an aggregated role's rules are computed from its members.
    Manifest,
}

/// A Role (with a namespace) or a ClusterRole (without).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Role {
    pub meta: Meta,
    /// As they stand in `rules`, in order: `rules[i]` is element `i` here.
    pub rules: Items<RoleRule>,
    aggregation: Sparse<Aggregation>,
    pub origin: RoleSource,
}

/// What a ClusterRole may have to do with aggregation, which most roles have nothing to do with.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Aggregation {
    labels: Labels,
    selectors: Option<Items<Selector>>,
}

static NO_LABELS: Labels = Labels::NONE;

/// A role as its holders share it.
pub type SharedRole = Arc<Role>;

impl Role {
    /// A role with these rules.
    pub fn new(meta: Meta, rules: Items<RoleRule>, origin: RoleSource) -> Self {
        Self { meta, rules, aggregation: Sparse::default(), origin }
    }

    /// The same ClusterRole with these labels, by which it is a member of aggregated ones.
    pub fn labeled(mut self, labels: Labels) -> Self {
        self.aggregation.change(|it| it.labels = labels);
        self
    }

    /// The same ClusterRole, which takes its rules from those that these select; `None`: its rules are its own.
    pub fn aggregating(mut self, selectors: Option<Items<Selector>>) -> Self {
        self.aggregation.change(|it| it.selectors = selectors);
        self
    }

    /// Of a ClusterRole alone: by them it is a member of aggregated ones.
    pub fn labels(&self) -> &Labels {
        self.aggregation.get().map_or(&NO_LABELS, |it| &it.labels)
    }

    /// `aggregationRule.clusterRoleSelectors`; `None` when there is no aggregationRule.
    pub fn aggregates(&self) -> Option<&[Selector]> {
        self.aggregation.get()?.selectors.as_deref()
    }

    /// `role` or `clusterrole`.
    pub fn kind(&self) -> Kind {
        if self.meta.namespace.is_empty() { Kind::CLUSTER_ROLE } else { Kind::ROLE }
    }

    /// What names it.
    pub fn id(&self) -> ObjectId {
        ObjectId { kind: self.kind(), namespace: self.meta.namespace.clone(), name: self.meta.name.clone() }
    }
}

/// What a subject of a binding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SubjectKind<'a> {
    User,
    Group,
    ServiceAccount,
    /// A kind that the authorizer does not know; it never matches.
    Other(&'a Name),
}

/// One subject of a binding, as written but for a namespace beside what has none.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Subject {
    User(Name),
    Group(Name),
    ServiceAccount {
        /// Empty when absent.
        namespace: Name,
        name: Name,
    },
    Other {
        kind: Name,
        name: Name,
    },
}

static NO_NAMESPACE: Name = Name::empty();

impl Subject {
    /// The subject of this kind and name; a service account's namespace, empty for all others.
    pub fn new(kind: SubjectKind<'_>, namespace: impl Into<Name>, name: impl Into<Name>) -> Self {
        let name = name.into();
        match kind {
            SubjectKind::User => Subject::User(name),
            SubjectKind::Group => Subject::Group(name),
            SubjectKind::ServiceAccount => Subject::ServiceAccount { namespace: namespace.into(), name },
            SubjectKind::Other(kind) => Subject::Other { kind: kind.clone(), name },
        }
    }

    /// What it is.
    #[inline]
    pub fn kind(&self) -> SubjectKind<'_> {
        match self {
            Subject::User(_) => SubjectKind::User,
            Subject::Group(_) => SubjectKind::Group,
            Subject::ServiceAccount { .. } => SubjectKind::ServiceAccount,
            Subject::Other { kind, .. } => SubjectKind::Other(kind),
        }
    }

    /// Its name.
    #[inline]
    pub fn name(&self) -> &Name {
        match self {
            Subject::User(name) | Subject::Group(name) => name,
            Subject::ServiceAccount { name, .. } | Subject::Other { name, .. } => name,
        }
    }

    /// The namespace of a service account; empty for all others.
    #[inline]
    pub fn namespace(&self) -> &Name {
        if let Subject::ServiceAccount { namespace, .. } = self { namespace } else { &NO_NAMESPACE }
    }
}

/// As users type and answers print it: `user:alice`, `group:dev`, `sa:shop/web`.
impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::User(name) => write!(out, "user:{name}"),
            Subject::Group(name) => write!(out, "group:{name}"),
            Subject::ServiceAccount { namespace, name } => write!(out, "sa:{namespace}/{name}"),
            Subject::Other { kind, name } => write!(out, "{kind}:{name}"),
        }
    }
}

/// What a binding gives: the role's kind as written (`Role`, `ClusterRole`, or a wrong word) and name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct RoleRef {
    pub kind: Name,
    pub name: Name,
}

/// As it is written: `ClusterRole/view`.
impl fmt::Display for RoleRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.kind, self.name)
    }
}

/// A RoleBinding (with a namespace) or a ClusterRoleBinding (without).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Binding {
    pub meta: Meta,
    pub role: RoleRef,
    pub subjects: Items<Subject>,
}

/// A binding as its holders share it.
pub type SharedBinding = Arc<Binding>;

impl Binding {
    /// `rolebinding` or `clusterrolebinding`.
    pub fn kind(&self) -> Kind {
        if self.meta.namespace.is_empty() { Kind::CLUSTER_ROLE_BINDING } else { Kind::ROLE_BINDING }
    }

    /// What names it.
    pub fn id(&self) -> ObjectId {
        ObjectId { kind: self.kind(), namespace: self.meta.namespace.clone(), name: self.meta.name.clone() }
    }
}

impl Fact for Role {
    const KINDS: &'static [Kind] = &[Kind::ROLE, Kind::CLUSTER_ROLE];

    fn identity(&self) -> FactIdentity<'_> {
        self.meta.identity()
    }

    fn kind(&self) -> Kind {
        self.kind()
    }

    fn label_set(&self) -> Cow<'_, Labels> {
        Cow::Borrowed(self.labels())
    }
}

impl Fact for Binding {
    const KINDS: &'static [Kind] = &[Kind::ROLE_BINDING, Kind::CLUSTER_ROLE_BINDING];

    fn identity(&self) -> FactIdentity<'_> {
        self.meta.identity()
    }

    fn kind(&self) -> Kind {
        self.kind()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_that_neither_gives_nor_takes_rules_holds_nothing_for_it() {
        let role = || Role::new(Meta::default(), Items::default(), RoleSource::Server);
        let labels = Labels::new([("to".into(), "sum".into())]);
        assert_eq!(role().labeled(Labels::default()).aggregating(None), role());
        let sum = role().labeled(labels.clone()).aggregating(Some(Items::default()));
        assert_eq!((sum.labels(), sum.aggregates()), (&labels, Some(&[][..])));
        assert_eq!(sum.aggregating(None).labeled(Labels::default()), role());
    }

    /// Memory is a feature: see docs/performance.md.
    #[test]
    fn roles_and_bindings_are_small() {
        assert!(size_of::<Role>() <= 48, "{}", size_of::<Role>());
        assert!(size_of::<Binding>() <= 48, "{}", size_of::<Binding>());
        assert!(size_of::<RoleRule>() <= 24, "{}", size_of::<RoleRule>());
    }
}

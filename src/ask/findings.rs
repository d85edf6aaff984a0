//! Findings that join who may act with who may connect, for all of a cluster at once: what lists count beside their rows.
//!
//! ```text
//! namespaces   UNDO 3             so many may undo what the namespace denies by default
//! policies     TRUST editors      who can write what its rules trust, at the worst
//!              STRANGERS 2        so many of them may write no policy there
//! subjects     INTERNET admin     a Service leads from the internet to the account's pods, and it can come to cluster-admin
//! ```
//!
//! Who may do everything, and whom Kubernetes binds by itself, does not count: they can in every cluster. The proofs are
//! the answers of `trust`, `trace` and `reach`.

mod exposed;
mod moves;

use std::collections::{BTreeMap, BTreeSet};

use super::World;
use super::escalation::Watch;
use super::trust::{self, Robustness, Ruled, Trusts, WriterGroup};
use crate::kinds::is_evaluated;
use crate::model::id::ObjectId;
use crate::model::name::Name;
use crate::model::policy::{Direction, Policy};
use crate::model::role::Subject;
use crate::net::verdict::Tri;
use crate::rbac::own;

pub use self::exposed::{Exposed, Word};
pub use self::moves::may_move;

/// What was found in one state of a cluster.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct JoinedFindings {
    /// [`World::findable`] of that state.
    pub of: u64,
    /// Of the namespaces that deny by default.
    pub undo: BTreeMap<Name, CountedSubjects>,
    /// Of the policies that are evaluated.
    pub trust: BTreeMap<ObjectId, Trusting>,
    /// The service accounts to whose pods Services lead from the internet.
    pub exposed: BTreeMap<Subject, Exposed>,
}

/// Some subjects, and whether there may be more.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CountedSubjects {
    pub who: BTreeSet<Subject>,
    pub known: Completeness,
}

/// How far it is known who may do what.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Completeness {
    #[default]
    All,
    /// Roles or bindings are not read: there may be more.
    Some,
}

/// Who can write what the rules of a policy trust.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trusting {
    /// At the worst; `None`: it has no rule.
    pub robustness: Option<Robustness>,
    pub strangers: CountedSubjects,
}

impl Trusting {
    /// One word for the whole policy: empty where it has no rule, `unknown` where somebody worse may be missing.
    pub fn as_str(&self) -> &'static str {
        match (&self.robustness, self.strangers.known) {
            (None, _) => "",
            (Some(Robustness::Anyone), _) => Robustness::Anyone.as_str(),
            (Some(_), Completeness::Some) => "unknown",
            (Some(it), Completeness::All) => it.as_str(),
        }
    }
}

impl CountedSubjects {
    /// `3`; `3+` where there may be more.
    pub fn text(&self) -> String {
        format!("{}{}", self.who.len(), if self.known == Completeness::All { "" } else { "+" })
    }
}

impl JoinedFindings {
    /// Of the cluster as it is.
    pub fn of(world: &World) -> Self {
        Self::watched(world, &mut |_, _| true).unwrap_or_default()
    }

    /// The same; who watches it is told how far it is, and may end it: `None`.
    pub fn watched(world: &World, watch: Watch<'_>) -> Option<Self> {
        let ground = world.ground(&[]);
        let trusts = Trusts::new(&ground);
        let known = known(world);
        let mut found = Self { of: world.findable(), ..Self::default() };
        let policies: Vec<_> = world.cluster.policies.iter().filter(|it| is_evaluated(it.kind)).collect();
        for (at, policy) in policies.iter().enumerate() {
            if !watch(at, policies.len()) {
                return None;
            }
            found.add(world, &trusts, policy, known);
        }
        found.leave_out_kubernetes(world);
        found.exposed = exposed::of(world, &mut || watch(policies.len(), policies.len()))?;
        Some(found)
    }

    fn add(&mut self, world: &World, trusts: &Trusts<'_>, policy: &Policy, known: Completeness) {
        let (rules, itself) = (trusts.rules(policy), trusts.itself(policy));
        let known = if policy.gaps.is_empty() { known } else { Completeness::Some };
        let who = rules.iter().flat_map(|it| trust::strangers(&it.writers, &itself)).flat_map(subjects).collect();
        let trusting =
            Trusting { robustness: trust::worst(&rules).cloned(), strangers: CountedSubjects { who, known } };
        self.trust.insert(policy.id(), trusting);
        if denies(world, policy) {
            let undo = self
                .undo
                .entry(policy.meta.namespace.clone())
                .or_insert_with(|| CountedSubjects { known, ..CountedSubjects::default() });
            undo.who.extend(sure(&itself).flat_map(subjects));
        }
    }

    /// Whom Kubernetes binds by itself can in every cluster.
    fn leave_out_kubernetes(&mut self, world: &World) {
        let counted = || self.trust.values().map(|it| &it.strangers).chain(self.undo.values());
        let own = own::of(&world.cluster, counted().flat_map(|it| &it.who));
        let all = self.trust.values_mut().map(|it| &mut it.strangers).chain(self.undo.values_mut());
        all.for_each(|it| it.who.retain(|it| !own.contains(it)));
    }

    /// Whether the same was found, in whatever state.
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.undo, &self.trust, &self.exposed) == (&other.undo, &other.trust, &other.exposed)
    }

    /// How many namespaces somebody may undo the default deny of.
    pub fn undone(&self) -> usize {
        self.undo.values().filter(|it| !it.who.is_empty()).count()
    }

    /// How many policies trust what strangers may write.
    pub fn estranged(&self) -> usize {
        self.trust.values().filter(|it| !it.strangers.who.is_empty()).count()
    }

    /// How many service accounts surely lead from the internet to cluster-admin.
    pub fn led(&self) -> usize {
        self.exposed.values().filter(|it| it.word() == Word::Admin).count()
    }
}

fn subjects(it: &WriterGroup) -> impl Iterator<Item = Subject> {
    it.subjects.iter().cloned()
}

fn sure(ruled: &Ruled) -> impl Iterator<Item = &WriterGroup> {
    ruled.writers.iter().filter(|it| it.is_sure())
}

/// Whether a policy is one by which its namespace denies by default.
fn denies(world: &World, policy: &Policy) -> bool {
    let of = world.default_deny(&policy.meta.namespace);
    let by = |direction| of.of(direction) == Tri::Yes && super::default_deny::selects_all(policy, direction);
    by(Direction::Ingress) || by(Direction::Egress)
}

/// A policy by which a namespace denies by default.
pub fn denying(world: &World, namespace: &Name) -> Option<ObjectId> {
    world.cluster.policies.of(namespace).iter().find(|it| denies(world, it)).map(|it| it.id())
}

/// Whether all is read that says who may do what; files without a binding say nothing of it.
fn known(world: &World) -> Completeness {
    if world.cluster.bindings.is_empty() {
        return Completeness::Some;
    }
    let is_whole =
        |kind| world.cluster.coverage.hole(kind).is_none() && world.cluster.unreadable.iter().all(|it| it.kind != kind);
    if trust::SOURCES.into_iter().all(is_whole) { Completeness::All } else { Completeness::Some }
}

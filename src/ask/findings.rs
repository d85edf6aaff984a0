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

use std::collections::BTreeMap;

use fixedbitset::FixedBitSet;

use super::World;
use super::escalation::Watch;
use super::trust::{self, RobustnessWord, WriterCounts};
use crate::escalate::Ground;
use crate::kinds::is_evaluated;
use crate::model::id::ObjectId;
use crate::model::name::Name;
use crate::model::policy::{Direction, Policy};
use crate::model::role::Subject;
use crate::net::verdict::Tri;
use crate::rbac::own;
use crate::text::words;

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

/// How many subjects, who the first of them are, and whether there may be more.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CountedSubjects {
    pub count: usize,
    /// So many as are told: thousands may write what one policy trusts, and there are thousands of policies.
    pub first: Box<[Subject]>,
    pub known: Completeness,
}

/// So many names are told in a cell.
pub const NAMED: usize = 4;

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
    pub robustness: Option<RobustnessWord>,
    pub strangers: CountedSubjects,
}

impl Trusting {
    /// One word for the whole policy: empty where it has no rule, `unknown` where somebody worse may be missing.
    pub fn as_str(&self) -> &'static str {
        match (&self.robustness, self.strangers.known) {
            (None, _) => "",
            (Some(RobustnessWord::Anyone), _) => RobustnessWord::Anyone.as_str(),
            (Some(_), Completeness::Some) => "unknown",
            (Some(it), Completeness::All) => it.as_str(),
        }
    }
}

impl CountedSubjects {
    /// `3`; `3+` where there may be more.
    pub fn text(&self) -> String {
        format!("{}{}", self.count, if self.known == Completeness::All { "" } else { "+" })
    }

    /// `user:ana, user:ben and 3 more`.
    pub fn names(&self) -> String {
        words::first_of(&self.first, self.count)
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
        let policies: Vec<_> = world.cluster.policies.iter().filter(|it| is_evaluated(it.kind)).collect();
        let mut counting = Counting::of(world, &ground);
        for (at, policy) in policies.iter().enumerate() {
            if !watch(at, policies.len()) {
                return None;
            }
            counting.add(policy);
        }
        let (trust, undo) = (std::mem::take(&mut counting.trust), counting.undo());
        let exposed = exposed::of(world, &mut || watch(policies.len(), policies.len()))?;
        Some(Self { of: world.findable(), undo, trust, exposed })
    }

    /// Whether the same was found, in whatever state.
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.undo, &self.trust, &self.exposed) == (&other.undo, &other.trust, &other.exposed)
    }

    /// How many namespaces somebody may undo the default deny of.
    pub fn undone(&self) -> usize {
        self.undo.values().filter(|it| it.count > 0).count()
    }

    /// How many policies trust what strangers may write.
    pub fn estranged(&self) -> usize {
        self.trust.values().filter(|it| it.strangers.count > 0).count()
    }

    /// How many service accounts surely lead from the internet to cluster-admin.
    pub fn led(&self) -> usize {
        self.exposed.values().filter(|it| it.word() == Word::Admin).count()
    }
}

/// Counts policy by policy.
struct Counting<'a> {
    world: &'a World,
    subjects: &'a [Subject],
    writers: WriterCounts<'a>,
    /// Whom Kubernetes binds by itself can in every cluster: they do not count.
    own: FixedBitSet,
    known: Completeness,
    trust: BTreeMap<ObjectId, Trusting>,
    /// Of the namespaces that deny by default, who may undo that.
    undoing: BTreeMap<Name, (FixedBitSet, Completeness)>,
}

impl<'a> Counting<'a> {
    fn of(world: &'a World, ground: &'a Ground<'a>) -> Self {
        let subjects = ground.bound().subjects();
        let (is_own, mut own) = (own::of(&world.cluster, subjects), FixedBitSet::with_capacity(subjects.len()));
        own.extend((0..).zip(subjects).filter(|it| is_own.contains(it.1)).map(|it| it.0));
        Self {
            world,
            subjects,
            writers: WriterCounts::of(ground),
            own,
            known: known(world),
            trust: BTreeMap::new(),
            undoing: BTreeMap::new(),
        }
    }

    fn add(&mut self, policy: &Policy) {
        let known = if policy.gaps.is_empty() { self.known } else { Completeness::Some };
        let itself = self.writers.itself(policy);
        let may_change = self.writers.everybody(&itself);
        let mut strangers = FixedBitSet::with_capacity(self.subjects.len());
        let mut worst: Option<RobustnessWord> = None;
        for rule in &*policy.rules {
            let (robustness, found) = self.writers.rule(rule);
            worst = Some(worst.map_or(robustness, |it| it.min(robustness)));
            self.writers.add_strangers(&found, &may_change, &mut strangers);
        }
        let trusting = Trusting { robustness: worst, strangers: self.counted(&strangers, known) };
        self.trust.insert(policy.id(), trusting);
        if is_denying(self.world, policy) {
            let new = || (FixedBitSet::with_capacity(self.subjects.len()), known);
            let undoing = self.undoing.entry(policy.meta.namespace.clone()).or_insert_with(new);
            undoing.0.union_with(&may_change);
        }
    }

    fn undo(&self) -> BTreeMap<Name, CountedSubjects> {
        let all = self.undoing.iter();
        all.map(|(namespace, (who, known))| (namespace.clone(), self.counted(who, *known))).collect()
    }

    fn counted(&self, who: &FixedBitSet, known: Completeness) -> CountedSubjects {
        let mut who = who.clone();
        who.difference_with(&self.own);
        let first = who.ones().take(NAMED).map(|it| self.subjects[it].clone());
        CountedSubjects { first: first.collect(), count: who.count_ones(..), known }
    }
}

/// Whether a policy is one by which its namespace denies by default.
pub fn is_denying(world: &World, policy: &Policy) -> bool {
    let of = world.default_deny(&policy.meta.namespace);
    let by = |direction| of.of(direction) == Tri::Yes && super::default_deny::selects_all(policy, direction);
    by(Direction::Ingress) || by(Direction::Egress)
}

/// A policy by which a namespace denies by default.
pub fn denying(world: &World, namespace: &Name) -> Option<ObjectId> {
    world.cluster.policies.of(namespace).iter().find(|it| is_denying(world, it)).map(|it| it.id())
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

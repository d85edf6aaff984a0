//! `trust networkpolicy/NS/NAME`: what each rule of a policy trusts, and everybody who can write that.
//!
//! ```text
//! spec.ingress[0].from[0]   labels role=client of pods in namespaces team=web
//!     user:dev              N10 create pods in web, N11 change labels of pods in web
//!     sa:ops/labeler        N16 change labels of namespaces
//! ```
//!
//! A policy sees labels and addresses, and whoever may write these decides whom it lets pass. Who may do everything
//! stands apart. Writers are those whom bindings give the right itself: who can come to act as one of them is asked by
//! `reach`.

mod counted;
mod needs;
mod page;
mod writers;

use std::collections::BTreeSet;

use super::{Fault, World};
use crate::escalate::edges::Edge;
use crate::escalate::holders;
use crate::escalate::{Because, Certainty, Ground};
use crate::model::evidence::Gap;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::policy::{Policy, Rule};
use crate::model::role::Subject;
use crate::rbac::identity::{ANONYMOUS, AUTHENTICATED, SERVICE_ACCOUNTS, UNAUTHENTICATED};
use crate::rbac::{self, Identity, Request};

pub use self::counted::{CountedWriters, WriterCounts};
pub use self::page::unread;

use self::needs::{PeerReader, TrustNeed};
use self::writers::writers;

/// What a peer rests on, in one clause.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trusted {
    pub sort: TrustSort,
    pub place: Place,
    pub what: String,
}

/// What it is that somebody might write.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum TrustSort {
    /// Every end.
    Anyone,
    /// Every pod of some namespaces.
    Pods,
    PodLabels,
    NamespaceLabels,
    /// `kubernetes.io/metadata.name`, which the API server writes.
    NamespaceNames,
    Addresses,
    NodeLabels,
}

impl TrustSort {
    /// As JSON knows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            TrustSort::Anyone => "anyone",
            TrustSort::Pods => "pods",
            TrustSort::PodLabels => "podLabels",
            TrustSort::NamespaceLabels => "namespaceLabels",
            TrustSort::NamespaceNames => "namespaceNames",
            TrustSort::Addresses => "addresses",
            TrustSort::NodeLabels => "nodeLabels",
        }
    }
}

/// One way to write something: what is requested for it, which a rule of theirs allows.
///
/// Very many can write what a policy trusts, and few of them are looked at: the grant that allows it is found where the
/// way is told.
#[derive(Clone, PartialEq, Debug)]
pub struct Way {
    pub edge: &'static Edge,
    requests: Vec<Request>,
    /// Why it is not sure.
    doubt: Option<&'static str>,
}

impl Way {
    /// Whether it surely does it.
    pub fn certainty(&self) -> Certainty {
        if self.doubt.is_none() { Certainty::Certain } else { Certainty::Unsure }
    }

    /// What it rests on for one of those who have it.
    pub fn because(&self, index: &rbac::Index, subject: &Subject) -> Vec<Because> {
        let identity = Identity::new(subject, &[]);
        let allowed = |request: &Request| {
            let (identity, request) = (Box::new(identity.clone()), Box::new(request.clone()));
            let mut because = Because::Allowed { identity, request, grant: None };
            because.decide(|identity, request| index.can(identity, request));
            because
        };
        let doubt = self.doubt.map(|it| Because::Doubt { object: None, what: it.into() });
        self.requests.iter().map(allowed).chain(doubt).collect()
    }
}

/// Those who hold the same and can write something.
#[derive(Clone, PartialEq, Debug)]
pub struct WriterGroup {
    pub subjects: Vec<Subject>,
    pub ways: Vec<Way>,
    /// The namespaces in which they may; empty: by a right of the whole cluster.
    pub namespaces: BTreeSet<Name>,
}

impl WriterGroup {
    /// Whether some way is certain.
    pub fn is_sure(&self) -> bool {
        self.ways.iter().any(|it| it.certainty() == Certainty::Certain)
    }
}

/// One rule, or what else of a policy somebody can write.
#[derive(Clone, PartialEq, Debug)]
pub struct Ruled {
    pub place: Place,
    pub trusts: Vec<Trusted>,
    pub writers: Vec<WriterGroup>,
    pub robustness: Robustness,
    /// What would make it robust, a clause each.
    pub advice: Vec<String>,
}

/// Who can write what a rule trusts, at the worst.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Robustness {
    /// It lets everybody pass, or everybody can write it.
    Anyone,
    /// Whoever may edit in these namespaces.
    Editors(BTreeSet<Name>),
    /// Some whose rights are of the whole cluster.
    ClusterWide,
    /// Nobody but those who may do everything.
    Administrators,
}

/// The same without the namespaces: all that lists say of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RobustnessWord {
    Anyone,
    Editors,
    ClusterWide,
    Administrators,
}

impl RobustnessWord {
    /// For a column and for JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            RobustnessWord::Anyone => "anyone",
            RobustnessWord::Editors => "editors",
            RobustnessWord::ClusterWide => "cluster-wide",
            RobustnessWord::Administrators => "administrators",
        }
    }
}

impl Robustness {
    /// It in one word.
    pub const fn word(&self) -> RobustnessWord {
        match self {
            Robustness::Anyone => RobustnessWord::Anyone,
            Robustness::Editors(_) => RobustnessWord::Editors,
            Robustness::ClusterWide => RobustnessWord::ClusterWide,
            Robustness::Administrators => RobustnessWord::Administrators,
        }
    }

    /// One word, for a column and for JSON.
    pub const fn as_str(&self) -> &'static str {
        self.word().as_str()
    }

    fn of(trusts: &[Trusted], writers: &[WriterGroup]) -> Self {
        let sure: Vec<&WriterGroup> = writers.iter().filter(|it| it.is_sure()).collect();
        let writers = if sure.is_empty() { writers.iter().collect() } else { sure };
        let is_anyone = writers.iter().flat_map(|it| &it.subjects).any(stands_for_everybody);
        if is_anyone || trusts.iter().any(|it| it.sort == TrustSort::Anyone) {
            return Robustness::Anyone;
        }
        let namespaces: BTreeSet<Name> = writers.iter().flat_map(|it| it.namespaces.iter().cloned()).collect();
        match (namespaces.is_empty(), writers.is_empty()) {
            (false, _) => Robustness::Editors(namespaces),
            (true, false) => Robustness::ClusterWide,
            (true, true) => Robustness::Administrators,
        }
    }
}

/// Whether everybody acts as this subject, or is in this group.
fn stands_for_everybody(subject: &Subject) -> bool {
    let groups = [AUTHENTICATED, UNAUTHENTICATED, SERVICE_ACCOUNTS];
    groups.contains(&subject.name().as_str()) || *subject.name() == *ANONYMOUS
}

/// The answer.
#[derive(Clone, PartialEq, Debug)]
pub struct TrustAnswer {
    pub policy: ObjectId,
    pub rules: Vec<Ruled>,
    /// Whom it selects: labels that take a pod out of it.
    pub target: Option<Ruled>,
    /// The policy itself: who may undo it, or write one beside it.
    pub itself: Ruled,
    pub always: Vec<Subject>,
    /// Why somebody may be missing.
    pub gaps: Vec<Gap>,
}

impl TrustAnswer {
    /// The worst of its rules; nothing where it has none.
    pub fn robustness(&self) -> Option<&Robustness> {
        worst(&self.rules)
    }
}

/// What the least robust of these rules is; nothing where there is none.
pub fn worst(rules: &[Ruled]) -> Option<&Robustness> {
    rules.iter().map(|it| &it.robustness).min()
}

/// What the rules of a policy trust, and who can write that; `None`: it cannot be read.
///
/// # Errors
/// It is of a kind that is not evaluated.
pub fn trust(world: &World, id: &ObjectId) -> Result<Option<TrustAnswer>, Fault> {
    if !crate::kinds::is_evaluated(id.kind) {
        let hint = "NetworkPolicy of networking.k8s.io is";
        return Err(Fault::new(format!("{id} is of a kind that is not evaluated here"), hint));
    }
    let Some(policy) = world.cluster.policies.get_of_kind(&id.namespace, &id.name, id.kind.as_str()).cloned() else {
        return Ok(None);
    };
    let ground = world.ground(&[]);
    let trusts = Trusts::new(&ground);
    let rules = trusts.rules(&policy);
    let target =
        needs::of_target(&policy).map(|(trusted, needs)| trusts.ruled(Place::new("spec.podSelector"), trusted, needs));
    let itself = trusts.itself(&policy);
    let always = holders::always(&ground).into_iter().collect();
    Ok(Some(TrustAnswer { policy: id.clone(), rules, target, itself, always, gaps: gaps(world, &policy) }))
}

/// Tells what a policy trusts.
struct Trusts<'a> {
    ground: &'a Ground<'a>,
    peers: PeerReader<'a>,
}

impl<'a> Trusts<'a> {
    fn new(ground: &'a Ground<'a>) -> Self {
        Self { ground, peers: PeerReader::new(ground) }
    }

    /// Rule by rule.
    fn rules(&self, policy: &Policy) -> Vec<Ruled> {
        let rule = |rule: &Rule| {
            let (trusted, needs) = self.peers.of_rule(rule);
            self.ruled(rule.place.clone(), trusted, needs)
        };
        policy.rules.iter().map(rule).collect()
    }

    /// The policy itself: who may change or delete it, or write one beside it.
    fn itself(&self, policy: &Policy) -> Ruled {
        self.ruled(Place::default(), Vec::new(), needs::of_itself(policy))
    }

    fn ruled(&self, place: Place, trusts: Vec<Trusted>, needs: Vec<TrustNeed>) -> Ruled {
        let writers = writers(self.ground, &needs);
        let robustness = Robustness::of(&trusts, &writers);
        let advice = needs::advice(&trusts, &robustness);
        Ruled { place, trusts, writers, robustness, advice }
    }
}

/// Those of the writers of a rule who surely can write what it trusts, and whom nothing lets change the policy itself.
pub fn strangers<'w>(writers: &'w [WriterGroup], itself: &Ruled) -> Vec<&'w WriterGroup> {
    let may_change = may_change(itself);
    writers.iter().filter(|it| is_stranger(it, &may_change)).collect()
}

/// Whether a writer is one of them; `may_change`: who may change the policy itself.
pub fn is_stranger(writer: &WriterGroup, may_change: &BTreeSet<&Subject>) -> bool {
    writer.is_sure() && !may_change.contains(&writer.subjects[0])
}

/// Everybody who may change a policy itself.
pub fn may_change(itself: &Ruled) -> BTreeSet<&Subject> {
    itself.writers.iter().flat_map(|it| &it.subjects).collect()
}

/// What says who can write something: where one of these is not read, somebody may be missing.
pub const SOURCES: [Kind; 5] =
    [Kind::CLUSTER_ROLE_BINDING, Kind::ROLE_BINDING, Kind::CLUSTER_ROLE, Kind::ROLE, Kind::NAMESPACE];

/// What is not read, and could show more of them.
fn gaps(world: &World, policy: &Policy) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = Vec::new();
    for kind in SOURCES {
        if let Some((namespace, coverage)) = world.cluster.coverage.hole(kind) {
            gaps.push(Gap::Uncovered { kind, namespace, coverage: coverage.clone() });
        }
        gaps.extend(world.cluster.unreadable.iter().filter(|it| it.kind == kind).cloned().map(Gap::Unreadable));
    }
    gaps.extend(policy.gaps.iter().map(|it| Gap::Policy {
        policy: policy.id(),
        place: it.place.clone(),
        what: it.what.clone(),
    }));
    gaps
}

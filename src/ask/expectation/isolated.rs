//! Whether a namespace denies by default: some policy of it selects all its pods, those to come too, and isolates them;
//! and none that does so has a rule that lets everything in, or out.
//!
//! What other kinds of policies decide is not known (CONTRACT §3), so that where one may decide it is unknown.

use std::sync::Arc;

use super::judge::{ExpectationVerdict, JudgedExpectation};
use crate::ask::default_deny::{lets_everything, selects_all};
use crate::ask::isolation::Isolation;
use crate::ask::{World, namespace as namespaces};
use crate::kinds::{self, Decides, KINDS, is_evaluated};
use crate::model::cluster::Cluster;
use crate::model::evidence::Gap;
use crate::model::facts::{NamespaceLabels, Pod};
use crate::model::id::Kind;
use crate::model::labels::NamespaceMatch;
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::policy::{Direction, GapEffect, Policy, Tier};
use crate::net::verdict::Tri;
use crate::text::Mark;
use crate::text::evidence::Evidence;

/// How many pods are named.
const NAMED: usize = 5;

/// Judges it in one direction, or in both.
pub(super) fn judge(namespace: &Name, direction: Option<Direction>, world: &World) -> JudgedExpectation {
    if let Some(absence) = namespaces::absence(&world.cluster, namespace) {
        return JudgedExpectation::absent(absence);
    }
    let directions = direction.map_or(Direction::ALL.to_vec(), |it| vec![it]);
    let all: Vec<JudgedExpectation> = directions.into_iter().map(|it| one(namespace, it, world)).collect();
    let has = |verdict| all.iter().any(|it| it.verdict == verdict);
    let verdict = match () {
        () if has(ExpectationVerdict::Broken) => ExpectationVerdict::Broken,
        () if has(ExpectationVerdict::Unknown) => ExpectationVerdict::Unknown,
        () => ExpectationVerdict::Held,
    };
    // What decides comes first.
    let (first, rest): (Vec<JudgedExpectation>, Vec<JudgedExpectation>) =
        all.into_iter().partition(|it| it.verdict == verdict);
    JudgedExpectation::new(verdict, first.into_iter().chain(rest).flat_map(|it| it.evidence).collect())
}

fn one(namespace: &Name, direction: Direction, world: &World) -> JudgedExpectation {
    let cluster = &world.cluster;
    let own: Vec<&Arc<Policy>> =
        cluster.policies.of(namespace).iter().filter(|it| it.tier == Tier::Namespace).collect();
    let own: Vec<&Policy> = own.into_iter().filter(|it| is_evaluated(it.kind)).map(|it| &**it).collect();
    // What some pods alone let in is no default.
    let selecting: Vec<&Policy> = own.iter().copied().filter(|it| selects_all(it, direction)).collect();
    let opening: Vec<Evidence> = selecting.iter().flat_map(|it| opens(it, direction)).collect();
    if !opening.is_empty() {
        return JudgedExpectation::new(ExpectationVerdict::Broken, opening);
    }
    let gaps = |may: fn(GapEffect, Direction) -> bool, kinds: fn(Kind) -> bool| {
        gaps(namespace, &own, cluster, &|effect| may(effect, direction), &kinds)
    };
    match selecting.iter().find(|it| !is_bent(it)) {
        Some(it) => match gaps(may_open, |it| is_evaluated(it) || is_unevaluated(it)) {
            gaps if !gaps.is_empty() => JudgedExpectation::new(ExpectationVerdict::Unknown, gaps),
            _ => JudgedExpectation::new(ExpectationVerdict::Held, vec![isolates(it, namespace, direction)]),
        },
        None => match gaps(may_select, is_evaluated) {
            gaps if !gaps.is_empty() => JudgedExpectation::new(ExpectationVerdict::Unknown, gaps),
            _ => JudgedExpectation::new(ExpectationVerdict::Broken, open_pods(namespace, direction, world)),
        },
    }
}

fn isolates(policy: &Policy, namespace: &Name, direction: Direction) -> Evidence {
    let what = format!("selects all pods of {namespace} and isolates their {}", direction.as_str());
    Evidence::at(Mark::Allow, policy.id(), Place::new("spec.podSelector"), what)
}

/// Whether what was not understood of a policy may let more in, or out.
fn may_open(effect: GapEffect, direction: Direction) -> bool {
    !matches!(effect, GapEffect::Opens(it) if it != direction)
}

/// Whether what was not understood of a policy may make it select all pods, or isolate them.
fn may_select(effect: GapEffect, _: Direction) -> bool {
    !matches!(effect, GapEffect::Opens(_))
}

/// Whether something of it was not understood that may change whom it selects.
fn is_bent(policy: &Policy) -> bool {
    policy.gaps.iter().any(|it| !matches!(it.effect, GapEffect::Opens(_)))
}

/// The rules that let everything in, or out.
fn opens(policy: &Policy, direction: Direction) -> Vec<Evidence> {
    let rules = policy.rules_of(direction).map(|it| it.1).filter(|it| lets_everything(it));
    let way = if direction == Direction::Ingress { "in" } else { "out" };
    rules.map(|it| Evidence::at(Mark::Deny, policy.id(), it.place.clone(), format!("lets everything {way}"))).collect()
}

/// What is not known and may decide it: parts of policies that bend it, and objects of these kinds.
fn gaps(
    namespace: &Name,
    own: &[&Policy],
    cluster: &Cluster,
    may: &dyn Fn(GapEffect) -> bool,
    may_decide: &dyn Fn(Kind) -> bool,
) -> Vec<Evidence> {
    let mut gaps: Vec<Gap> = Vec::new();
    for policy in own {
        gaps.extend(policy.gaps.iter().filter(|it| may(it.effect)).map(|it| Gap::Policy {
            policy: policy.id(),
            place: it.place.clone(),
            what: it.what.clone(),
        }));
    }
    let here = |it: &Name| it == namespace || it.is_empty();
    let unreadable = cluster.unreadable.iter().filter(|it| may_decide(it.kind) && here(&it.namespace));
    gaps.extend(unreadable.cloned().map(Gap::Unreadable));
    let others = cluster.policies.iter().filter(|it| !is_evaluated(it.kind) && may_decide(it.kind));
    gaps.extend(others.filter(|it| may_be_about(it, namespace, cluster)).map(|it| Gap::NotEvaluated(it.id())));
    for kind in KINDS.iter().map(|it| it.kind).filter(|it| may_decide(*it)) {
        let coverage = cluster.coverage.of(kind, namespace);
        if !coverage.is_complete() {
            gaps.push(Gap::Uncovered { kind, namespace: namespace.clone(), coverage: coverage.clone() });
        }
    }
    gaps.iter().map(Evidence::gap).collect()
}

/// Whether a kind is not evaluated and may let in or out what NetworkPolicies do not: those that can only close are left
/// out, and so are those that are asked after NetworkPolicies alone.
fn is_unevaluated(kind: Kind) -> bool {
    let opens = |it| matches!(it, GapEffect::Unevaluated | GapEffect::DecidesOutside);
    match kinds::spec(kind).and_then(|it| it.decides) {
        Some(Decides::Unknown(Tier::Baseline { .. }, _)) => false,
        Some(Decides::Unknown(_, effect)) => opens(effect),
        Some(Decides::Rules(_) | Decides::Nothing) | None => false,
    }
}

/// Whether pods of the namespace may be among its targets, as far as its selector of namespaces is plain.
fn may_be_about(policy: &Policy, namespace: &Name, cluster: &Cluster) -> bool {
    match (&policy.target.namespaces, cluster.namespace_labels(namespace)) {
        (NamespaceMatch::Own(it), _) => it == namespace,
        (NamespaceMatch::Labels(selector), NamespaceLabels::Known(labels)) => selector.matches(&labels),
        (NamespaceMatch::Labels(_), NamespaceLabels::NameOnly) => true,
    }
}

/// Which pods are not isolated; where all that are there are, that those to come may not be.
fn open_pods(namespace: &Name, direction: Direction, world: &World) -> Vec<Evidence> {
    let is_open = |pod: &Pod| match world.isolation(pod) {
        Isolation::By { ingress, .. } if direction == Direction::Ingress => ingress != Tri::Yes,
        Isolation::By { egress, .. } => egress != Tri::Yes,
        Isolation::Host | Isolation::Finished => false,
    };
    let pods: Vec<String> =
        world.cluster.pods.of(namespace).iter().filter(|it| is_open(it)).map(|it| it.pod_id().to_string()).collect();
    let direction = direction.as_str();
    let none = format!("no NetworkPolicy of {namespace} selects all its pods and isolates their {direction}");
    if pods.is_empty() {
        return vec![Evidence::new(Mark::Deny, none)];
    }
    let more = pods.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (pods, are) = (&pods[..pods.len().min(NAMED)], if pods.len() == 1 { "is" } else { "are" });
    let what = format!("{none}: {}{more} {are} not isolated", pods.join(", "));
    vec![Evidence::new(Mark::Deny, what)]
}

//! Whether what is not known of a pair rests on the same on both sides (CONTRACT §8).
//!
//! It rests on the ends, as far as rules can see them, on what could not be read, and on every policy that is not surely
//! for or against the pair. Where that is equal, the answers are, whatever they may be.

use super::{Side, Sides};
use crate::model::evidence::Gap;
use crate::model::facts::{ContainerRole, NamespaceLabels};
use crate::model::policy::{PeerMatch, Policy};
use crate::model::port::{PortMatch, PortSet};
use crate::net::verdict::{Considered, End, EndFacts, FamilyVerdict, Gate, Tri, Verdict};

/// Compares what answers of two sides rest on.
pub(super) struct Grounds<'a> {
    sides: &'a Sides<'a>,
    /// Whether what could not be read at all is the same; made when first asked for.
    unread: Option<bool>,
}

impl<'a> Grounds<'a> {
    /// Of these sides.
    pub fn of(sides: &'a Sides<'a>) -> Self {
        Self { sides, unread: None }
    }

    /// Whether a pair that is not known on either side is not known for the same reasons.
    pub fn are_same(&mut self, from: &End, to: &End) -> bool {
        let is_outside = matches!(from, End::Address(_)) || matches!(to, End::Address(_));
        if is_outside && self.sides.both().iter().any(|it| it.has_unseen) && !self.is_unread_same() {
            return false;
        }
        let [before, after] = self.sides.both().map(|it| it.net.trace(it.cluster, from, to, None));
        same_end(&before.from, &after.from)
            && same_end(&before.to, &after.to)
            && before.has_other_interfaces == after.has_other_interfaces
            && self.same_gaps(&all_gaps(&before), &all_gaps(&after))
            && before.families.len() == after.families.len()
            && before.families.iter().zip(&after.families).all(|it| self.same_family((it.0, &before), (it.1, &after)))
    }

    /// Whether what is not read is the same: of one source, or nothing differs at all.
    pub fn is_unread_same(&mut self) -> bool {
        let Sides { before, after, is_one_source, has_same_unread } = *self.sides;
        let same = || {
            let is_read_alike = before.cluster.coverage == after.cluster.coverage;
            let (old, new) = (&before.cluster.coverage, &after.cluster.coverage);
            let is_same_text = || {
                has_same_unread && old.lacks_only_unreadable_documents() && old.without_places() == new.without_places()
            };
            let unreadable = before.cluster.unreadable == after.cluster.unreadable;
            unreadable && is_same_text() || is_read_alike && (is_one_source || is_equal(&before, &after))
        };
        *self.unread.get_or_insert_with(same)
    }

    fn same_gaps(&mut self, before: &[Gap], after: &[Gap]) -> bool {
        let told = |gaps: &[Gap]| gaps.iter().map(placeless).collect::<Vec<_>>();
        told(before) == told(after)
            && (!before.iter().any(is_unread) || self.is_unread_same())
            && before.iter().all(|it| self.is_of_same_policy(it))
    }

    /// Whether a policy that is not understood says the same on both sides.
    fn is_of_same_policy(&self, gap: &Gap) -> bool {
        let (Gap::NotEvaluated(id) | Gap::Policy { policy: id, .. }) = gap else { return true };
        let [before, after] =
            self.sides.both().map(|it| it.cluster.policies.get_of_kind(&id.namespace, &id.name, id.kind.as_str()));
        match (before, after) {
            (Some(a), Some(b)) => same_policy(a, b),
            (None, None) => true,
            _ => false,
        }
    }

    fn same_family(&mut self, before: (&FamilyVerdict, &Verdict), after: (&FamilyVerdict, &Verdict)) -> bool {
        let ((a, whole_a), (b, whole_b)) = (before, after);
        let is_same = (a.family, a.may_share_node) == (b.family, b.may_share_node) && readings(a) == readings(b);
        let gates = |it: &FamilyVerdict, whole: &Verdict| {
            let other = it.other_reading.iter().map(|it| (&it.0, &it.1));
            let all = std::iter::once((&it.egress, &it.ingress)).chain(other);
            let all = all.flat_map(|(out, into)| [(out, &whole.to), (into, &whole.from)]);
            all.flat_map(|(gate, peer)| uncertain(gate, peer, whole)).collect::<Vec<Considered>>()
        };
        let (a, b) = (gates(a, whole_a), gates(b, whole_b));
        is_same && self.are_alike(&a, b)
    }

    /// Whether two lists hold the same, in whatever order: names of objects are of no weight.
    fn are_alike(&mut self, before: &[Considered], mut after: Vec<Considered>) -> bool {
        before.len() == after.len()
            && before.iter().all(|a| {
                let found = after.iter().position(|b| self.same_considered(a, b));
                found.map(|at| after.swap_remove(at)).is_some()
            })
    }

    fn same_considered(&mut self, a: &Considered, b: &Considered) -> bool {
        let gaps = [a, b].map(|it| it.gap.as_deref().cloned().into_iter().collect::<Vec<Gap>>());
        (a.governs, a.isolates) == (b.governs, b.isolates)
            && self.same_gaps(&gaps[0], &gaps[1])
            && same_policy(&a.policy, &b.policy)
    }
}

/// Whether two clusters are one and the same as far as anything was read.
fn is_equal(before: &Side<'_>, after: &Side<'_>) -> bool {
    std::ptr::eq(before.cluster, after.cluster) || before.cluster == after.cluster
}

fn all_gaps(verdict: &Verdict) -> Vec<Gap> {
    verdict.gaps.iter().chain(&verdict.order_doubt).cloned().collect()
}

/// A gap without the words that say where a document stands that could not be read: it may be the same one elsewhere.
fn placeless(gap: &Gap) -> Gap {
    match gap {
        Gap::Uncovered { kind, namespace, coverage } => {
            Gap::Uncovered { kind: *kind, namespace: namespace.clone(), coverage: coverage.without_place() }
        }
        other => other.clone(),
    }
}

/// Whether a gap is of something that was not read: there may be anything behind it.
fn is_unread(gap: &Gap) -> bool {
    matches!(gap, Gap::Uncovered { .. } | Gap::Unreadable(_))
}

/// Whether rules see the same end.
fn same_end(a: &EndFacts, b: &EndFacts) -> bool {
    let (node, other) = (a.node.as_ref().map(|it| &it.labels), b.node.as_ref().map(|it| &it.labels));
    let is_alike = match (&a.pod, &b.pod) {
        (Some(a), Some(b)) => {
            a.labels().whole() == b.labels().whole()
                && (a.ports(), a.network(), a.node()) == (b.ports(), b.network(), b.node())
        }
        (None, None) => true,
        _ => false,
    };
    is_alike && node == other && a.end == b.end && a.namespace == b.namespace && a.addresses == b.addresses
}

/// Whether a policy says the same, whichever object it is.
fn same_policy(a: &Policy, b: &Policy) -> bool {
    (a.kind, &a.meta.namespace, a.tier, a.isolates) == (b.kind, &b.meta.namespace, b.tier, b.isolates)
        && (&a.target, &a.rules, &a.gaps, a.unread) == (&b.target, &b.rules, &b.gaps, b.unread)
}

/// What each reading of what the API leaves open comes to: the ports that surely pass, and those that may.
fn readings(it: &FamilyVerdict) -> Vec<[PortSet; 2]> {
    let other = it.other_reading.iter().map(|it| (&it.0, &it.1));
    let both = |(out, into): (&Gate, &Gate)| {
        [out.allowed.intersection(&into.allowed), out.possible.intersection(&into.possible)]
    };
    std::iter::once((&it.egress, &it.ingress)).chain(other).map(both).collect()
}

/// The policies of a gate that are not surely for or against the other end.
fn uncertain(gate: &Gate, peer: &EndFacts, whole: &Verdict) -> Vec<Considered> {
    let is_uncertain = |it: &&Considered| {
        it.governs != Tri::Yes || it.gap.is_some() || !it.policy.gaps.is_empty() || may_match(&it.policy, peer, whole)
    };
    gate.policies.iter().filter(is_uncertain).cloned().collect()
}

/// Whether it may not be known if a rule that was read whole matches: what it looks at is not known of the peer.
fn may_match(policy: &Policy, peer: &EndFacts, whole: &Verdict) -> bool {
    let has_names =
        whole.to.pod.as_ref().is_some_and(|it| it.ports().iter().any(|it| it.container == ContainerRole::Init));
    policy.rules.iter().any(|rule| {
        let is_named = has_names && rule.ports.iter().any(|it| matches!(it, PortMatch::Named { .. }));
        is_named
            || rule.peers.iter().any(|it| match &it.matches {
                PeerMatch::Block(_) => peer.addresses.is_empty(),
                PeerMatch::Pods(_) => peer.namespace == NamespaceLabels::NameOnly && peer.pod.is_some(),
                PeerMatch::Nodes(_) => peer.node.is_none(),
                PeerMatch::Anyone => false,
            })
    })
}

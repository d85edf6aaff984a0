//! Addresses outside the cluster: a block, or all of them, in parts that every rule treats alike.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4AddrRange, Ipv6AddrRange};

use crate::model::coverage::Coverage;
use crate::model::evidence::{Gap, Outcome};
use crate::model::labels::NamespaceMatch;
use crate::model::policy::{Direction, Policy, Rule};
use crate::net::reach::AddressRange;

use super::Asker;
use super::member::EndMember;
use super::pair::{Pair, PairSource, PairTarget};
use super::resolve::{ResolvedEnd, unseen_holder};
use super::trace::{ResolvedEnds, TraceAnswer};

impl Asker<'_> {
    /// The parts of a block that every rule which can govern the other end holds or leaves out as a whole.
    ///
    /// So do the ranges that a load balancer lets in. Parts of which each address is an object's are none.
    pub(super) fn parts(&self, block: IpNet, other: Option<&ResolvedEnd>, direction: Direction) -> Vec<EndMember> {
        let part = |(ranges, address): (Vec<AddressRange>, _)| {
            (!self.are_held(&ranges)).then(|| EndMember::Outside(ranges.into(), address))
        };
        let bears =
            |policy: &Policy, rule: &Rule| rule.direction == direction && other.is_none_or(|it| governs(policy, it));
        let ranges = match other {
            Some(ResolvedEnd::Service(front)) if direction == Direction::Ingress => &front.service.source_ranges[..],
            _ => &[],
        };
        crate::net::split_cidr(self.cluster, block, ranges, bears).into_iter().filter_map(part).collect()
    }

    /// Whether each address of a few is an object's.
    fn are_held(&self, ranges: &[AddressRange]) -> bool {
        let few: Option<Vec<IpAddr>> =
            ranges.iter().map(|it| few(*it)).collect::<Option<Vec<_>>>().map(|it| it.concat());
        few.is_some_and(|it| it.into_iter().all(|it| !self.directory().holders(it).is_empty()))
    }

    /// Why a pair with a part of a block may be none: objects that are not read may hold every address of the part.
    ///
    /// Only of few addresses; and what is allowed stays so where the block has other parts, as does what one of these
    /// has as well.
    pub(super) fn unsure_part(
        &self,
        ends: &ResolvedEnds,
        trace: &TraceAnswer,
        (from, to): (&PairSource, &PairTarget),
        pair: &Pair,
    ) -> Option<Gap> {
        let gap = [&pair.from, &pair.to].into_iter().find_map(|it| self.may_be_held(it))?;
        let is_sure = |it: &EndMember| matches!(it, EndMember::Outside(..)) && self.may_be_held(it).is_none();
        let says_so = |from: &PairSource, to: &PairTarget| {
            let other = self.bare_pair(ends, trace, from, to);
            pair.outcome() == Outcome::Allow
                || (other.outcome(), other.allowed(), other.unknown())
                    == (pair.outcome(), pair.allowed(), pair.unknown())
        };
        let by_source = ends.sources.iter().filter(|it| is_sure(&it.member)).any(|it| says_so(it, to));
        let by_target = || ends.targets.iter().filter(|it| is_sure(&it.member)).any(|it| says_so(from, it));
        (!by_source && !by_target()).then_some(gap)
    }

    /// Why objects that are not read may hold every address of a part; what a command did not need is no reason.
    pub(super) fn may_be_held(&self, part: &EndMember) -> Option<Gap> {
        let EndMember::Outside(ranges, _) = part else { return None };
        let gap = unseen_holder(self.cluster, false)?;
        let addresses = ranges.iter().map(|it| few(*it)).collect::<Option<Vec<_>>>()?.concat();
        let knows_pods = addresses.iter().all(|it| self.cluster.coverage.addresses.contains(it));
        let gap = if knows_pods { unseen_holder(self.cluster, true)? } else { gap };
        Some(gap).filter(|it| addresses.len() <= FEW && !is_unasked(it))
    }

    /// The parts of a block that was asked about.
    pub(super) fn block(
        &self,
        block: IpNet,
        other: Option<&ResolvedEnd>,
        direction: Direction,
        trace: &mut TraceAnswer,
    ) -> Vec<EndMember> {
        let parts = self.parts(block, other, direction);
        if parts.is_empty() {
            let what = format!("every address in {block} belongs to a pod, node or service");
            trace.gaps.push(Gap::End { what: what.into() });
        }
        parts
    }

    /// The whole internet, in both families.
    pub(super) fn internet(
        &self,
        other: Option<&ResolvedEnd>,
        direction: Direction,
        trace: &mut TraceAnswer,
    ) -> Vec<EndMember> {
        let all = [IpNet::V4(Default::default()), IpNet::V6(Default::default())];
        all.into_iter().flat_map(|it| self.block(it, other, direction, trace)).collect()
    }
}

/// How many addresses objects may hold one by one.
const FEW: usize = 1 << 10;

/// Whether it is that a command did not ask for a kind.
fn is_unasked(gap: &Gap) -> bool {
    matches!(gap, Gap::Uncovered { coverage: Coverage::Unread, .. })
}

/// The addresses of a range that objects may hold one by one; `None`: they are too many for that.
fn few((first, last): AddressRange) -> Option<Vec<IpAddr>> {
    let addresses: Vec<IpAddr> = match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            Ipv4AddrRange::new(first, last).take(FEW + 1).map(IpAddr::V4).collect()
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => {
            Ipv6AddrRange::new(first, last).take(FEW + 1).map(IpAddr::V6).collect()
        }
        _ => return None,
    };
    Some(addresses).filter(|it| it.len() <= FEW)
}

/// Whether a policy can govern pods of this end: it is in their namespace, or of the cluster as a whole.
fn governs(policy: &Policy, end: &ResolvedEnd) -> bool {
    let NamespaceMatch::Own(home) = &policy.target.namespaces else { return true };
    match end {
        ResolvedEnd::One(member) | ResolvedEnd::At(member, _) => member.pod().is_some_and(|it| it.namespace() == home),
        ResolvedEnd::Pods { members, .. } => members.iter().any(|it| it.namespace() == home),
        ResolvedEnd::Service(front) => front.service.meta.namespace == *home,
        ResolvedEnd::Block(_) | ResolvedEnd::Internet | ResolvedEnd::Unseen => false,
    }
}

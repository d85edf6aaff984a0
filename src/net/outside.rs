//! The addresses that nobody in the cluster holds: those of pods, nodes and Services are these objects (CONTRACT §2).
//!
//! ```text
//! held      10.0.0.1  10.0.0.2  10.96.0.9
//! outside   0.0.0.0–10.0.0.0  10.0.0.3–10.96.0.8  10.96.0.10–255.255.255.255
//! ```

use std::net::IpAddr;

use super::ends::{address, number, pods_as_nodes};
use super::reach::AddressRange;
use crate::model::address::{Family, canonical};
use crate::model::cluster::Cluster;
use crate::model::facts::PodNetwork;

/// How many ranges of held addresses are told apart. Of more, those that lie nearest to each other are taken together
/// with what is between them: a large cluster's pods are then one network, and no list of ranges is endless.
const TOLD_APART: usize = 16;

/// The ranges that objects of the cluster hold, in order.
///
/// Pods that may no longer be read hold theirs, too: what may be a pod's is no part of the outside.
pub(super) fn held(cluster: &Cluster) -> Vec<AddressRange> {
    let pods = cluster.pods.iter().filter(|it| it.network() == PodNetwork::Own && !it.phase().is_finished());
    let mut all: Vec<IpAddr> = pods.flat_map(|it| it.addresses().iter().collect::<Vec<_>>()).collect();
    all.extend(pods_as_nodes(cluster).flat_map(|it| it.addresses().iter().collect::<Vec<_>>()));
    all.extend(cluster.nodes.iter().flat_map(|it| it.addresses.iter().copied()));
    cluster.services.iter().for_each(|it| all.extend(it.addresses()));
    all.iter_mut().for_each(|it| *it = canonical(*it));
    all.sort_unstable();
    all.dedup();
    Family::ALL.into_iter().flat_map(|family| joined(&all, family)).collect()
}

/// Sorted addresses of one family as ranges.
fn joined(all: &[IpAddr], family: Family) -> Vec<AddressRange> {
    let numbers: Vec<u128> = all.iter().filter(|it| Family::of(**it) == family).map(|it| number(*it)).collect();
    let mut gaps: Vec<u128> = numbers.windows(2).map(|it| it[1] - it[0]).filter(|it| *it > 1).collect();
    let widest = match gaps.len().checked_sub(TOLD_APART) {
        Some(nearest) if nearest > 0 => *gaps.select_nth_unstable(nearest - 1).1,
        _ => 1,
    };
    let ranges = numbers.chunk_by(|a, b| b - a <= widest);
    ranges.filter_map(|it| Some((address(*it.first()?, family), address(*it.last()?, family)))).collect()
}

/// What of these ranges is left when others are taken out; both are in order and of one family.
pub(super) fn without(ranges: &[AddressRange], out: &[AddressRange]) -> Vec<AddressRange> {
    let mut left = Vec::new();
    for (first, last) in ranges {
        let family = Family::of(*first);
        let (mut first, last) = (Some(number(*first)), number(*last));
        for (a, b) in out.iter().filter(|it| Family::of(it.0) == family).map(|it| (number(it.0), number(it.1))) {
            let Some(from) = first.filter(|it| b >= *it && a <= last) else { continue };
            if a > from {
                left.push((address(from, family), address(a - 1, family)));
            }
            first = b.checked_add(1).filter(|it| *it <= last);
        }
        left.extend(first.map(|it| (address(it, family), address(last, family))));
    }
    left
}

/// Ranges in order, those that touch as one.
pub fn merge_ranges(mut ranges: Vec<AddressRange>) -> Vec<AddressRange> {
    ranges.sort_unstable();
    let mut joined: Vec<AddressRange> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        let follows =
            |end: IpAddr| Family::of(end) == Family::of(first) && number(end).checked_add(1) >= Some(number(first));
        match joined.last_mut() {
            Some(before) if follows(before.1) => before.1 = before.1.max(last),
            _ => joined.push((first, last)),
        }
    }
    joined
}

/// Where these ranges are most addresses of their family: that family, and what they leave out.
pub fn whole_family(ranges: &[AddressRange]) -> Option<(Family, Vec<AddressRange>)> {
    let family = Family::of(ranges.first()?.0);
    let (first, last) = match family {
        Family::V4 => (0, u128::from(u32::MAX)),
        Family::V6 => (0, u128::MAX),
    };
    let rest = without(&[(address(first, family), address(last, family))], ranges);
    let size = rest.iter().fold(0_u128, |sum, it| sum.saturating_add(number(it.1) - number(it.0)).saturating_add(1));
    (size < last / 2).then_some((family, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: &str, last: &str) -> AddressRange {
        (first.parse().expect("an address"), last.parse().expect("an address"))
    }

    #[test]
    fn what_is_held_is_taken_out() {
        let all = [range("10.0.0.0", "10.0.0.9"), range("10.0.1.0", "10.0.1.0")];
        let out = [range("9.0.0.0", "10.0.0.0"), range("10.0.0.4", "10.0.0.5"), range("10.0.0.9", "10.0.1.0")];
        assert_eq!(without(&all, &out), [range("10.0.0.1", "10.0.0.3"), range("10.0.0.6", "10.0.0.8")]);
        assert_eq!(without(&all, &[]), all);
        assert_eq!(
            without(&[range("0.0.0.0", "255.255.255.255")], &[range("255.255.255.255", "255.255.255.255")]),
            [range("0.0.0.0", "255.255.255.254")]
        );
    }

    #[test]
    fn most_addresses_of_a_family_are_known_by_the_few_that_they_leave_out() {
        let internet = [range("0.0.0.0", "9.255.255.255"), range("11.0.0.0", "255.255.255.255")];
        assert_eq!(whole_family(&internet), Some((Family::V4, vec![range("10.0.0.0", "10.255.255.255")])));
        assert_eq!(whole_family(&[range("10.0.0.0", "10.255.255.255")]), None);
        let all = [range("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")];
        assert_eq!(whole_family(&all), Some((Family::V6, Vec::new())));
        assert_eq!(whole_family(&[range("::", "1::")]), None);
    }

    #[test]
    fn many_addresses_are_few_ranges_and_all_of_them() {
        let all: Vec<IpAddr> = (0..5_000_u32).map(|it| IpAddr::V4((0x0a00_0000 + it * it).into())).collect();
        let ranges = joined(&all, Family::V4);
        assert!((2..=TOLD_APART + 1).contains(&ranges.len()), "{}", ranges.len());
        assert!(all.iter().all(|it| ranges.iter().any(|range| range.0 <= *it && *it <= range.1)));
    }
}

//! Flows at one moment: which of those that hold before and after are missing, and which hold that neither has.
//!
//! ```text
//! rows that differ from before ──what they come to after──► ports that both have, less what passes now
//! ```
//!
//! Where all pairs of a row answer alike its ports tell; elsewhere pair by pair is asked, addresses outside at every border
//! of what differs.

use std::collections::HashMap;
use std::net::IpAddr;

use rustc_hash::FxBuildHasher;

use super::super::flow::{DifferingFlow, MapPorts};
use super::super::{Side, flows};
use super::rights::{self, RightLapse};
use super::sides;
use crate::model::port::PortSet;
use crate::net::compare::{PairSignature, Passing};
use crate::net::reach::{AddressRange, Unit};
use crate::net::verdict::End;

/// A pair of units of which flows are missing meanwhile, or too much.
#[derive(Clone, PartialEq, Debug)]
pub struct FlowLapse {
    pub from: Unit,
    pub to: Unit,
    /// They pass before and after, and do not now.
    pub cut: PortSet,
    /// The same, where what is not known decides.
    pub may_be_cut: PortSet,
    /// They pass now, and neither before nor after.
    pub opened: PortSet,
}

/// What passes: before, now, after.
type Passings = [Passing; 3];

/// A cluster before, now and after.
pub(super) struct Three<'a> {
    states: [Side<'a>; 3],
}

/// What differs in the end, by those ends that are no nodes and no addresses.
type FinalDifference<'f> = HashMap<[Option<&'f Unit>; 2], Vec<&'f DifferingFlow>, FxBuildHasher>;

impl<'a> Three<'a> {
    pub fn new(before: Side<'a>, now: Side<'a>, after: Side<'a>) -> Self {
        Self { states: [before, now, after] }
    }

    /// The flows that are not as before or after; `whole` is what differs between those.
    pub fn flows(&self, whole: &[DifferingFlow]) -> Vec<FlowLapse> {
        let [before, now, _] = &self.states;
        let mut by_ends: FinalDifference<'_> = HashMap::default();
        whole.iter().for_each(|it| by_ends.entry(key(it)).or_default().push(it));
        let mut pairs = PairAsker { three: self, known: Default::default() };
        let rows = flows::compare(&sides(before, now));
        // Of addresses that may be anybody's nothing is known, at any time.
        let is_told = |it: &&DifferingFlow| !before.has_unseen || ![&it.from, &it.to].into_iter().any(is_outside);
        let lapse = |row: &DifferingFlow| {
            let related: Vec<&DifferingFlow> = by_ends.get(&key(row)).into_iter().flatten().copied().collect();
            let related: Vec<&DifferingFlow> = related.into_iter().filter(|it| overlap(it, row)).collect();
            let lapse = FlowLapse::nothing(row);
            match plain(row, &related) {
                Some(passings) => lapse.with(&passings),
                None => pairs.of(row, &related).iter().fold(lapse, FlowLapse::with),
            }
        };
        rows.iter().filter(is_told).map(lapse).filter_map(FlowLapse::settled).collect()
    }

    /// The rights that are not as before or after.
    pub fn rights(&self) -> Vec<RightLapse> {
        let [before, now, after] = &self.states;
        rights::lapses(before, now, after)
    }
}

impl FlowLapse {
    fn nothing(row: &DifferingFlow) -> Self {
        let none = PortSet::none;
        Self { from: row.from.clone(), to: row.to.clone(), cut: none(), may_be_cut: none(), opened: none() }
    }

    /// The same with what one pair, or all pairs alike, come to.
    fn with(self, [before, now, after]: &Passings) -> Self {
        let both = before.0.intersection(&after.0);
        let perhaps = before.1.intersection(&after.1).difference(&now.1).union(&both.difference(&now.0));
        let opened = now.0.difference(&before.1).difference(&after.1);
        Self {
            cut: self.cut.union(&both.difference(&now.1)),
            may_be_cut: self.may_be_cut.union(&perhaps),
            opened: self.opened.union(&opened),
            ..self
        }
    }

    fn settled(self) -> Option<Self> {
        let may_be_cut = self.may_be_cut.difference(&self.cut);
        let is_nothing = [&self.cut, &may_be_cut, &self.opened].into_iter().all(PortSet::is_empty);
        (!is_nothing).then_some(Self { may_be_cut, ..self })
    }
}

fn is_outside(unit: &Unit) -> bool {
    matches!(unit, Unit::Outside(_))
}

/// The ends of a row that stand for themselves.
fn key(row: &DifferingFlow) -> [Option<&Unit>; 2] {
    [&row.from, &row.to].map(|it| (!matches!(it, Unit::Outside(_) | Unit::Nodes(_))).then_some(it))
}

/// Whether two rows have ends in common.
fn overlap(one: &DifferingFlow, other: &DifferingFlow) -> bool {
    let share = |a: &Unit, b: &Unit| match (a, b) {
        (Unit::Outside(a), Unit::Outside(b)) => a.iter().any(|a| b.iter().any(|b| meet(a, b))),
        (Unit::Nodes(a), Unit::Nodes(b)) => a.names().any(|it| b.names().any(|other| it == other)),
        (a, b) => a == b,
    };
    share(&one.from, &other.from) && share(&one.to, &other.to)
}

fn meet(a: &AddressRange, b: &AddressRange) -> bool {
    a.0.is_ipv4() == b.0.is_ipv4() && a.0 <= b.1 && b.0 <= a.1
}

/// What all pairs of a row come to, where they are alike at all times; `None`: they are not, or that is not told.
fn plain(row: &DifferingFlow, related: &[&DifferingFlow]) -> Option<Passings> {
    let passing = |it: &MapPorts| {
        let is_alike = it.every == it.some && it.unknown.is_empty();
        is_alike.then(|| (it.some.clone(), it.some.clone()))
    };
    let (before, now) = (passing(&row.before)?, passing(&row.after)?);
    let after = match related {
        [] => before.clone(),
        [one] if (&one.from, &one.to) == (&row.from, &row.to) => passing(&one.after)?,
        _ => return None,
    };
    Some([before, now, after])
}

/// Asks pair by pair, each sort of pair once.
struct PairAsker<'t, 'a> {
    three: &'t Three<'a>,
    known: [HashMap<PairSignature, Passing, FxBuildHasher>; 3],
}

impl PairAsker<'_, '_> {
    fn of(&mut self, row: &DifferingFlow, related: &[&DifferingFlow]) -> Vec<Passings> {
        let from = self.ends(&row.from, related.iter().map(|it| &it.from));
        let to = self.ends(&row.to, related.iter().map(|it| &it.to));
        let mut all: Vec<Passings> = Vec::new();
        for (a, b) in from.iter().flat_map(|a| to.iter().map(move |b| (a, b))).filter(|(a, b)| a != b) {
            let passings = [0, 1, 2].map(|at| self.passing(at, a, b));
            if !all.contains(&passings) {
                all.push(passings);
            }
        }
        all
    }

    /// The ends that a unit stands for.
    fn ends<'u>(&self, unit: &Unit, related: impl Iterator<Item = &'u Unit>) -> Vec<End> {
        match unit {
            Unit::Nodes(nodes) => nodes.names().cloned().map(End::Node).collect(),
            Unit::Outside(ranges) => samples(ranges, related).into_iter().map(End::Address).collect(),
            pods => {
                let of = |side: &Side<'_>| side.net.pods_of_workload(side.cluster, pods);
                let mut all: Vec<_> = self.three.states.iter().flat_map(of).collect();
                all.sort();
                all.dedup();
                all.into_iter().map(End::Pod).collect()
            }
        }
    }

    fn passing(&mut self, at: usize, from: &End, to: &End) -> Passing {
        let Side { cluster, net, .. } = self.three.states[at];
        let is_there = |it: &End| match it {
            End::Pod(pod) => cluster.pods.get(&pod.namespace, &pod.name).is_some(),
            End::Node(_) | End::Address(_) => true,
        };
        if !is_there(from) || !is_there(to) {
            return Passing::default();
        }
        let ask = || net.passes_between(cluster, from, to).unwrap_or_default();
        match (from, to) {
            (End::Pod(a), End::Pod(b)) => {
                let signature = net.pair_signature(cluster, a, b);
                self.known[at].entry(signature).or_insert_with(ask).clone()
            }
            _ => ask(),
        }
    }
}

/// An address of each part of these ranges that others cut them into.
fn samples<'u>(ranges: &[AddressRange], related: impl Iterator<Item = &'u Unit>) -> Vec<IpAddr> {
    let others = related.filter_map(|it| if let Unit::Outside(ranges) = it { Some(ranges) } else { None });
    let borders = others.flatten().flat_map(|(low, high)| [Some(*low), after(*high)]).flatten();
    let is_within = |it: &IpAddr| ranges.iter().any(|range| meet(range, &(*it, *it)));
    let mut all: Vec<IpAddr> = borders.filter(is_within).chain(ranges.iter().map(|it| it.0)).collect();
    all.sort();
    all.dedup();
    all
}

fn after(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(it) => u32::from(it).checked_add(1).map(|it| IpAddr::V4(it.into())),
        IpAddr::V6(it) => u128::from(it).checked_add(1).map(|it| IpAddr::V6(it.into())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn outside_is_asked_at_each_border() {
        let range = |low: &str, high: &str| (low.parse().expect("one"), high.parse().expect("one"));
        let other = Unit::Outside(vec![range("10.0.0.5", "10.0.0.7"), range("255.255.255.0", "255.255.255.255")]);
        let asked = samples(&[range("10.0.0.0", "10.0.0.9")], [&other].into_iter());
        let asked: Vec<String> = asked.iter().map(ToString::to_string).collect();
        assert_eq!(asked, ["10.0.0.0", "10.0.0.5", "10.0.0.8"]);
    }

    #[test]
    fn what_both_have_and_this_moment_has_not_is_cut() {
        let ports = |numbers: &[u16]| {
            let all = numbers.iter().map(|it| PortSet::range(crate::model::port::Protocol::Tcp, *it, *it));
            Arc::new(PortSet::union_of(&all.collect::<Vec<_>>()))
        };
        let pair = |sure: &[u16], may: &[u16]| (ports(sure), ports(may));
        let unit = Unit::Outside(Vec::new());
        let none = PortSet::none;
        let lapse = FlowLapse { from: unit.clone(), to: unit, cut: none(), may_be_cut: none(), opened: none() };
        let before = pair(&[1, 2, 3], &[1, 2, 3, 4]);
        let now = pair(&[2, 9], &[2, 3, 9]);
        let after = pair(&[1, 2, 3, 8], &[1, 2, 3, 4, 8]);
        let lapse = lapse.with(&[before, now, after]).settled().expect("a lapse");
        assert_eq!((&lapse.cut, &lapse.may_be_cut), (&*ports(&[1]), &*ports(&[3, 4])));
        assert_eq!(&lapse.opened, &*ports(&[9]));
    }
}

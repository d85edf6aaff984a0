//! Two units pair by pair, where their rows alone do not tell what differs: who of several pods may, and whether that is
//! known.

use std::collections::HashMap;
use std::sync::Arc;

use rustc_hash::FxBuildHasher;

use super::grounds::Grounds;
use super::statuses::{Statuses, every_may, is_uniform};
use super::{FlowChange, Side, Sides};
use crate::model::id::PodId;
use crate::model::name::Name;
use crate::model::port::PortSet;
use crate::net::compare::{PairSignature, Passing};
use crate::net::node_ports;
use crate::net::reach::{AddressRange, Summary, Unit};
use crate::net::verdict::End;

/// Who stands at one end of a row.
#[derive(Clone, Copy)]
pub(super) enum Who<'a> {
    Pods(&'a Unit),
    Node(&'a Name),
    Addresses(&'a [AddressRange]),
}

impl Who<'_> {
    /// The ends that it is on one side.
    fn ends(&self, side: &Side<'_>) -> Vec<End> {
        match self {
            Who::Pods(unit) => side.net.pods_of_workload(side.cluster, unit).into_iter().map(End::Pod).collect(),
            Who::Node(name) => vec![End::Node((*name).clone())],
            Who::Addresses(ranges) => ranges.iter().take(1).map(|it| End::Address(it.0)).collect(),
        }
    }
}

/// What rows alone tell.
pub(super) enum RowVerdict {
    Nothing,
    Change(FlowChange),
    /// Only the pairs do.
    AskPairs,
}

/// How two rows differ, as far as they tell it themselves.
pub(super) fn told([before, after]: [Option<&Summary>; 2], exists: [bool; 2]) -> RowVerdict {
    if exists == [true, true] && has_equal_lists(before, after) {
        let is_plain = is_uniform(before) && is_uniform(after);
        return if is_plain { RowVerdict::Nothing } else { RowVerdict::AskPairs };
    }
    let may = [before, after].map(every_may);
    let is_exact = may.iter().all(Option::is_some);
    let widest = |row: Option<&Summary>| row.map(|it| it.possible.clone()).unwrap_or_default();
    let [first, second] = [before, after].map(|it| Statuses::of(it, &every_may(it).unwrap_or_else(|| widest(it))));
    match (first.surely_differ(&second), is_exact) {
        (true, _) => RowVerdict::Change(sure_change(before, after)),
        (false, true) if first == second => RowVerdict::Nothing,
        (false, true) => RowVerdict::Change(FlowChange::Unsure),
        (false, false) => RowVerdict::AskPairs,
    }
}

fn has_equal_lists(before: Option<&Summary>, after: Option<&Summary>) -> bool {
    match (before, after) {
        (Some(a), Some(b)) => a.every == b.every && a.some == b.some && a.possible == b.possible,
        (None, None) => true,
        _ => false,
    }
}

/// The word for rows that surely differ.
fn sure_change(before: Option<&Summary>, after: Option<&Summary>) -> FlowChange {
    let has = |row: Option<&Summary>| row.is_some_and(|it| !it.some.is_empty());
    match (has(before), has(after)) {
        (false, true) => FlowChange::Opened,
        (true, false) => FlowChange::Closed,
        _ => FlowChange::Changed,
    }
}

/// What the pairs of some ends pass, by side.
struct PairPorts {
    all: HashMap<(End, End), Passing, FxBuildHasher>,
}

/// Asks pair by pair, each sort of pair once.
pub(super) struct PairByPair<'a> {
    sides: &'a Sides<'a>,
    pub grounds: Grounds<'a>,
    known: [HashMap<PairSignature, Passing, FxBuildHasher>; 2],
    /// By side: what is not known of addresses that may be somebody's; of nodes without their node ports.
    unseen: [Option<[Arc<PortSet>; 2]>; 2],
}

impl<'a> PairByPair<'a> {
    /// Asks these sides.
    pub fn of(sides: &'a Sides<'a>) -> Self {
        let unseen = |side: &Side<'_>| {
            let own = || Arc::new(PortSet::all().difference(&node_ports(side.cluster)));
            side.has_unseen.then(|| [Arc::new(PortSet::all()), own()])
        };
        Self { sides, grounds: Grounds::of(sides), known: Default::default(), unseen: sides.both().map(unseen) }
    }

    /// How two ends differ whose rows do not tell.
    pub fn change(&mut self, from: Who<'_>, to: Who<'_>, rows: [Option<&Summary>; 2]) -> Option<FlowChange> {
        let [before, after] = [0, 1].map(|side| self.pairs(side, from, to));
        let may = [&before, &after].map(PairPorts::every_may);
        let statuses = [0, 1].map(|it| Statuses::of(rows[it], &may[it]));
        if statuses[0].surely_differ(&statuses[1]) {
            return Some(sure_change(rows[0], rows[1]));
        }
        if !has_equal_lists(rows[0], rows[1]) {
            return Some(FlowChange::Unsure);
        }
        if let Some(change) = who_differs(&before, &after) {
            return Some(change);
        }
        let is_settled = statuses.iter().all(Statuses::is_settled);
        let is_known_alike =
            (is_settled || !has_more_unknown(&before, &after)) && self.rest_on_the_same(&before, &after);
        (!is_known_alike).then_some(FlowChange::Unsure)
    }

    fn pairs(&mut self, side: usize, from: Who<'_>, to: Who<'_>) -> PairPorts {
        let of = self.sides.both()[side];
        let (from, to) = (from.ends(of), to.ends(of));
        let mut all = HashMap::default();
        for a in &from {
            for b in to.iter().filter(|it| *it != a) {
                let passing = self.passing(side, a, b);
                all.extend(passing.map(|it| ((a.clone(), b.clone()), it)));
            }
        }
        PairPorts { all }
    }

    fn passing(&mut self, side: usize, from: &End, to: &End) -> Option<Passing> {
        let Side { cluster, net, .. } = *self.sides.both()[side];
        match (from, to) {
            (End::Pod(a), End::Pod(b)) => Some(self.of_pods(side, a, b)),
            (End::Address(_), _) | (_, End::Address(_)) if self.unseen[side].is_some() => {
                let [all, own] = self.unseen[side].as_ref()?;
                let meant = if matches!(to, End::Node(_)) { own } else { all };
                net.passes_between(cluster, from, to).map(|_| (Arc::default(), meant.clone()))
            }
            _ => net.passes_between(cluster, from, to),
        }
    }

    fn of_pods(&mut self, side: usize, from: &PodId, to: &PodId) -> Passing {
        let Side { cluster, net, .. } = *self.sides.both()[side];
        let signature = net.pair_signature(cluster, from, to);
        let ask = || net.passes_between(cluster, &End::Pod(from.clone()), &End::Pod(to.clone())).unwrap_or_default();
        self.known[side].entry(signature).or_insert_with(ask).clone()
    }

    /// Whether all that is not known of pairs of both sides rests on the same.
    fn rest_on_the_same(&mut self, before: &PairPorts, after: &PairPorts) -> bool {
        let mut unknown = before.unknown().filter(|it| after.all.contains_key(*it));
        unknown.all(|(from, to)| self.grounds.are_same(from, to))
    }
}

impl PairPorts {
    /// The ports that every pair may pass.
    fn every_may(&self) -> PortSet {
        // The order does not matter: what is in all of them is.
        let mut all = self.all.values().map(|it| &it.1);
        let Some(first) = all.next() else { return PortSet::none() };
        all.fold((**first).clone(), |so_far, it| if **it == so_far { so_far } else { so_far.intersection(it) })
    }

    /// The pairs of which something is not known.
    fn unknown(&self) -> impl Iterator<Item = &(End, End)> {
        // The order does not matter: whoever asks wants any or all of them.
        self.all.iter().filter(|(_, it)| it.0 != it.1).map(|it| it.0)
    }
}

/// How pairs that both sides have differ, whatever all of them come to together.
fn who_differs(before: &PairPorts, after: &PairPorts) -> Option<FlowChange> {
    let mut is_unsure = false;
    // The order does not matter: a sure difference goes before all others.
    for (pair, (sure, possible)) in &before.all {
        let Some((later, may)) = after.all.get(pair).filter(|it| it.0 != *sure || it.1 != *possible) else { continue };
        if !sure.difference(may).is_empty() || !later.difference(possible).is_empty() {
            return Some(FlowChange::Changed);
        }
        is_unsure = true;
    }
    is_unsure.then_some(FlowChange::Unsure)
}

/// Whether something is not known of pairs that only one side has.
fn has_more_unknown(before: &PairPorts, after: &PairPorts) -> bool {
    let more = |pairs: &PairPorts, others: &PairPorts| pairs.unknown().any(|it| !others.all.contains_key(it));
    more(before, after) || more(after, before)
}

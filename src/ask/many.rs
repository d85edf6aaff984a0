//! Answers about many pairs: all that an end reaches, all that reaches it, and maps of every connection.
//!
//! The engine answers for one member; an end that stands for several is answered by all its members together:
//! what every pair allows, what some pair allows, and the counts.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::kinds;
use crate::model::address::Family;
use crate::model::cluster::Cluster;
use crate::model::evidence::Gap;
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::model::policy::Direction;
use crate::model::port::PortSet;
use crate::net::reach::{
    AddressRange, Counts, Granularity, LeftOut, MapRow, Nodes, ReachList, ReachRow, Unit, UnitMap,
};
use crate::net::verdict::Port;
use crate::net::{node_ports, whole_family};
use crate::text::evidence::Evidence;

use super::end::{AskedEnd, PortAsk};
use super::freshness::as_of;
use super::judged::{Inside, KnownPairs};
use super::member::EndMember;
use super::pair::{PairSource, PairTarget};
use super::reach_rows::{RowsByUnit, narrow};
use super::resolve::{EndRole, ResolvedEnd, hole, unseen};
use super::trace::{ResolvedEnds, TraceAnswer, unsure_of};
use super::unseen::is_outside;
use super::whys::Reasons;
use super::{Asker, Fault};

/// What an end reaches (egress), or what reaches it (ingress).
#[derive(Clone, PartialEq, Debug)]
pub struct NetworkReach {
    pub end: AskedEnd,
    pub direction: Direction,
    pub by: Granularity,
    /// The members that the end stands for, each with the port that it is reached on.
    pub members: Vec<AskedMember>,
    pub rows: Vec<ReachRow>,
    /// Why rows are unknown of which the index does not know it.
    pub(super) reasons: BTreeMap<Unit, Reasons>,
    /// Why the end may be another than it seems, so that all of it is unknown.
    pub(super) unsure: Vec<Gap>,
    pub pairs: Counts,
    pub left_out: LeftOut,
    pub notes: Vec<Evidence>,
    pub gaps: Vec<Gap>,
}

/// A member, and the port that is asked of it.
pub type AskedMember = (EndMember, Option<Port>);

/// The end that is asked about, resolved; on the other side of its pairs stand all others in turn.
pub(super) struct AskedSide {
    pub direction: Direction,
    /// Its sources or its targets; the other side is empty.
    pub ends: ResolvedEnds,
}

impl AskedSide {
    /// How many members it has.
    pub fn len(&self) -> usize {
        self.ends.sources.len() + self.ends.targets.len()
    }

    /// The members, a backend of several ports once for each.
    pub fn members(&self) -> impl Iterator<Item = &EndMember> {
        let targets = self.ends.targets.iter().map(|it| &it.member);
        self.ends.sources.iter().map(|it| &it.member).chain(targets)
    }

    fn asked(&self) -> Vec<AskedMember> {
        let sources = self.ends.sources.iter().map(|it| (it.member.clone(), None));
        sources.chain(self.ends.targets.iter().map(|it| (it.member.clone(), it.port.asked()))).collect()
    }

    /// The pair of a member with somebody else.
    pub fn pair(&self, at: usize, other: &EndMember) -> (PairSource, PairTarget) {
        match self.direction {
            Direction::Egress => (self.ends.sources[at].clone(), PairTarget::plain(other.clone())),
            Direction::Ingress => (PairSource::plain(other.clone()), self.ends.targets[at].clone()),
        }
    }

    /// The ports that are meant of all its pairs, or of those with a unit.
    fn meant(&self, cluster: &Cluster, unit: &Unit) -> PortSet {
        let all = |it: &PairTarget| match &it.member {
            EndMember::Node(_) => it.port.meant().difference(&node_ports(cluster)),
            _ => it.port.meant(),
        };
        match self.direction {
            Direction::Ingress => PortSet::union_of(&self.ends.targets.iter().map(all).collect::<Vec<_>>()),
            Direction::Egress if matches!(unit, Unit::Nodes(_)) => PortSet::all().difference(&node_ports(cluster)),
            Direction::Egress => PortSet::all(),
        }
    }

    /// How many pairs of a pod and itself are left out; through a Service that is a pair as any other (S50).
    pub fn itself(&self, member: &EndMember) -> u64 {
        let is_behind = self.ends.front.is_some();
        self.members().filter(|it| !is_behind && it.is_same_pod(member)).count() as u64
    }
}

impl Asker<'_> {
    /// Answers what `end` reaches or what reaches it, row by row.
    pub fn reach(&self, end: &AskedEnd, direction: Direction, by: Granularity) -> Result<NetworkReach, Fault> {
        let (side, trace) = self.side(end, direction)?;
        let ends: Vec<EndMember> = side.members().cloned().collect();
        self.check_drawn(&ends);
        let has_unseen = self.unseen_holders().is_some();
        let mut rows = match self.is_judged(&side) {
            true => self.judged_rows(&side, &trace, by),
            false => self.indexed_rows(&side, &trace, by, has_unseen),
        };
        let mut left_out = rows.left_out;
        left_out.finished += trace.finished as u64;
        let reasons = std::mem::take(&mut rows.reasons);
        let (rows, pairs) = rows.finish(|unit, summary| {
            let is_judged = side.ends.front.is_some();
            if !side.ends.unsure.is_empty() || has_unseen && is_outside(unit) && !is_judged {
                summary.doubt(side.meant(self.cluster, unit));
            }
            // Of a Service, ports that no pair asks for are in no row.
            if is_judged && summary.every != summary.some {
                summary.every = Arc::new(summary.every.intersection(&summary.some));
            }
        });
        let mut gaps: Vec<Gap> = side.ends.unsure.iter().cloned().chain(trace.gaps).collect();
        let untold = [Kind::POD, Kind::NODE].into_iter().filter_map(|it| unseen(self.cluster, it));
        gaps.extend(untold.filter(|it| !side.ends.unsure.contains(it)));
        Ok(NetworkReach {
            end: end.clone(),
            direction,
            by,
            members: side.asked(),
            rows,
            reasons,
            unsure: side.ends.unsure,
            pairs,
            left_out,
            notes: as_of(self.cluster).into_iter().chain(trace.notes).collect(),
            gaps,
        })
    }

    /// Whom an end stands for; through a Service each backend is reached on its own port.
    fn side(&self, end: &AskedEnd, direction: Direction) -> Result<(AskedSide, TraceAnswer), Fault> {
        let mut trace = TraceAnswer::new(end, end, &PortAsk::NONE);
        let role = if direction == Direction::Egress { EndRole::Source } else { EndRole::Goal(&PortAsk::NONE) };
        let found = self.resolve(end, role)?;
        trace.take_in(&found);
        let (sources, targets) = match direction {
            Direction::Egress => (self.sources(&found.end, None, &mut trace)?, Vec::new()),
            Direction::Ingress => (Vec::new(), self.targets(&found.end, None, &PortAsk::NONE, &mut trace)?),
        };
        let unsure = unsure_of([&found]);
        if sources.is_empty() && targets.is_empty() {
            trace.say_why_empty();
        }
        let is_internet = matches!(found.end, ResolvedEnd::Internet);
        let front = match found.end {
            ResolvedEnd::Service(front) if direction == Direction::Ingress => Some(front),
            _ => None,
        };
        let ends = ResolvedEnds { sources, targets, both_single: false, front, unsure, is_internet };
        Ok((AskedSide { direction, ends }, trace))
    }

    /// The rows of an end that the index knows, and those that a Service adds.
    fn indexed_rows(&self, side: &AskedSide, trace: &TraceAnswer, by: Granularity, has_unseen: bool) -> RowsByUnit {
        let mut rows = RowsByUnit::default();
        let has_front = side.ends.front.is_some();
        let inside = side.ends.is_internet.then(|| self.inside(by));
        // Put together, a unit that one member has nothing with counts as well, and what is not known is no denial.
        let whole = side.len() > 1 || has_front || has_unseen;
        for (at, (member, port)) in side.asked().iter().enumerate() {
            let end = member.end();
            let mut reach = match whole {
                true => self.index.whole_reach(self.cluster, &end, side.direction, by, *port),
                false => self.index.reach(self.cluster, &end, side.direction, by, *port),
            };
            if let (true, Some((protocol, number))) = (has_front, *port) {
                narrow(&mut reach, &PortSet::range(protocol, number, number));
            }
            match &inside {
                Some(inside) => self.add_of_family(side, trace, (at, reach), inside, &mut rows),
                None => rows.add(reach),
            }
        }
        if has_front {
            let outside = rows.take_outside();
            self.judge_outside(side, trace, outside, &mut rows);
            self.judge_hairpins(side, trace, by, &mut rows);
            rows.left_out.itself = 0;
        }
        rows
    }

    /// Adds what addresses of one family have with the units that have it; the others are nobody's to ask (CONTRACT §2).
    fn add_of_family(
        &self,
        side: &AskedSide,
        trace: &TraceAnswer,
        (at, mut reach): (usize, ReachList),
        inside: &Inside,
        rows: &mut RowsByUnit,
    ) {
        let mut known = KnownPairs::default();
        let shares = |it: &EndMember| {
            let (from, to) = side.pair(at, it);
            self.share_family(&from, &to)
        };
        let each: Vec<ReachRow> = each_node_of(&reach.rows).map(|it| it.into_owned()).collect();
        reach.rows = Vec::with_capacity(each.len());
        for row in each {
            let members = inside.units.get(&row.unit).map_or(&[][..], Vec::as_slice);
            match members.iter().filter(|it| shares(it)).count() {
                all if all == members.len() => reach.rows.push(row),
                0 => {}
                _ => {
                    if let Some(judged) = self.judge_pairs(side, trace, Some(at), members, &mut known) {
                        rows.add_judged(row.unit, judged);
                    }
                }
            }
        }
        reach.pairs = Counts::default();
        reach.rows.iter().for_each(|it| reach.pairs.join(&it.summary.pairs.times(it.unit.count())));
        rows.add(reach);
    }

    /// Every pair of units; rows of one namespace when `only` says so.
    pub fn map(&self, by: Granularity, only: Option<&Name>) -> UnitMap {
        let has_unseen = self.unseen_holders().is_some();
        let mut map = match has_unseen {
            true => self.index.whole_map(self.cluster, by, None),
            false => self.index.map(self.cluster, by, None),
        };
        self.check_drawn(&[]);
        if has_unseen {
            map.doubt_outside(&PortSet::all().difference(&node_ports(self.cluster)));
        }
        if let Some(namespace) = only {
            let is_in = |unit: &Unit| namespace_of(unit).is_some_and(|it| it == namespace);
            map.rows.retain(|it| is_in(&it.from) || is_in(&it.to));
        }
        map
    }

    /// What keeps a map or reach from being the whole truth.
    pub fn holes(&self) -> Vec<Gap> {
        let kinds = std::iter::once(Kind::NAMESPACE).chain(kinds::evaluated().map(|it| it.kind));
        let holes = kinds.filter_map(|it| hole(self.cluster, it));
        holes
            .chain([Kind::POD, Kind::NODE, Kind::SERVICE].into_iter().filter_map(|it| unseen(self.cluster, it)))
            .collect()
    }
}

/// The namespace of a unit; `None` for nodes and addresses outside.
pub fn namespace_of(unit: &Unit) -> Option<&Name> {
    match unit {
        Unit::Pod(pod) => Some(&pod.namespace),
        Unit::Workload(workload) => Some(&workload.namespace),
        Unit::Namespace(name) => Some(name),
        Unit::Nodes(_) | Unit::Outside(_) => None,
    }
}

/// What names a unit in full: every range of addresses outside.
pub fn unit_name(unit: &Unit) -> String {
    match unit {
        Unit::Outside(ranges) => format!("outside {}", range_texts(ranges).join(" ")),
        _ => unit_text(unit),
    }
}

/// The ranges of a unit outside, each `10.0.0.0/8` or `10.0.0.1-10.0.0.6`; none for units inside.
pub fn unit_ranges(unit: &Unit) -> Vec<String> {
    match unit {
        Unit::Outside(ranges) => range_texts(ranges),
        _ => Vec::new(),
    }
}

/// The names of nodes that share a unit; none for a single one.
pub fn unit_nodes(unit: &Unit) -> Vec<String> {
    match unit {
        Unit::Nodes(nodes) if nodes.count() > 1 => nodes.names().map(|it| format!("node/{it}")).collect(),
        _ => Vec::new(),
    }
}

/// Up to so many rows nodes are rows of their own where scripts read; of more, those that answer alike share one.
pub const EACH: u64 = 100_000;

/// The rows with each node as a row of its own, a node to itself left out; with too many as they are.
pub fn each_node(rows: &[MapRow]) -> impl Iterator<Item = Cow<'_, MapRow>> {
    let is_single = |row: &MapRow| row.from.count() == 1 && row.to.count() == 1;
    let folded = rows.iter().filter(|it| !is_single(it)).map(|it| it.from.count() * it.to.count()).sum::<u64>();
    rows.iter().flat_map(move |row| -> Box<dyn Iterator<Item = Cow<'_, MapRow>>> {
        if is_single(row) || folded > EACH {
            return Box::new(std::iter::once(Cow::Borrowed(row)));
        }
        let pairs = singles(&row.from).flat_map(|from| singles(&row.to).map(move |to| (from.clone(), to)));
        let pairs = pairs.filter(|(from, to)| from != to || !matches!(from, Unit::Nodes(_)));
        Box::new(pairs.map(|(from, to)| Cow::Owned(MapRow { from, to, summary: row.summary.clone() })))
    })
}

/// The rows with each node as a row of its own; with too many as they are.
pub fn each_node_of(rows: &[ReachRow]) -> impl Iterator<Item = Cow<'_, ReachRow>> {
    let folded = rows.iter().map(|it| it.unit.count()).filter(|it| *it > 1).sum::<u64>();
    rows.iter().flat_map(move |row| -> Box<dyn Iterator<Item = Cow<'_, ReachRow>>> {
        if row.unit.count() == 1 || folded > EACH {
            return Box::new(std::iter::once(Cow::Borrowed(row)));
        }
        Box::new(singles(&row.unit).map(|unit| Cow::Owned(ReachRow { unit, summary: row.summary.clone() })))
    })
}

/// A unit, of several nodes each.
pub(super) fn singles(unit: &Unit) -> Box<dyn Iterator<Item = Unit> + '_> {
    match unit {
        Unit::Nodes(nodes) => Box::new(nodes.each().map(Unit::Nodes)),
        _ => Box::new(std::iter::once(unit.clone())),
    }
}

fn range_texts(ranges: &[AddressRange]) -> Vec<String> {
    ranges.iter().map(|(first, last)| super::member::range(*first, *last)).collect()
}

/// What names a unit, as it can be typed; of addresses outside the first few ranges, of nodes the first few names.
pub fn unit_text(unit: &Unit) -> String {
    match unit {
        Unit::Pod(pod) => format!("pod/{pod}"),
        Unit::Workload(workload) => workload.to_string(),
        Unit::Namespace(name) => format!("namespace/{name}"),
        Unit::Nodes(nodes) => nodes_text(nodes),
        Unit::Outside(ranges) => outside_text(ranges),
    }
}

/// `node/n1`, `all 12 nodes`, `3 nodes (n1, n2, n3)`.
fn nodes_text(nodes: &Nodes) -> String {
    let count = nodes.count();
    if let (1, Some(name)) = (count, nodes.names().next()) {
        return format!("node/{name}");
    }
    if nodes.is_all() {
        return format!("all {count} nodes");
    }
    let shown: Vec<&str> = nodes.names().take(3).map(Name::as_str).collect();
    let more = if count > shown.len() { format!(" and {} more", count - shown.len()) } else { String::new() };
    format!("{count} nodes ({}{more})", shown.join(", "))
}

/// `outside 10.0.0.0/8`; where it is most of all addresses, `internet (except 10.0.0.0/8)`.
fn outside_text(ranges: &[AddressRange]) -> String {
    let Some((family, except)) = whole_family(ranges) else {
        return format!("outside {}", super::member::ranges(ranges));
    };
    let internet = if family == Family::V4 { "internet" } else { "IPv6 internet" };
    match except.as_slice() {
        [] => internet.to_owned(),
        except => format!("{internet} (except {})", super::member::ranges(except)),
    }
}

//! Answers about many pairs: all that an end reaches, all that reaches it, and maps of every connection.
//!
//! The engine answers for one member; an end that stands for several is answered by all its members together:
//! what every pair allows, what some pair allows, and the counts.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::address::Family;
use crate::model::evidence::Gap;
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::model::policy::Direction;
use crate::model::port::PortSet;
use crate::net::most;
use crate::net::reach::{
    AddressRange, By, Counts, LeftOut, Map, MapRow, Nodes, Reach as NetReach, ReachRow, Summary, Unit,
};
use crate::net::verdict::Port;
use crate::text::evidence::Evidence;

use super::end::{End, PortAsk};
use super::entry::Front;
use super::freshness::as_of;
use super::member::Member;
use super::resolve::{Role, Whom, hole};
use super::trace::Trace;
use super::unseen::{doubt, is_outside};
use super::{Asker, Fault};

/// What an end reaches (egress), or what reaches it (ingress).
#[derive(Clone, PartialEq, Debug)]
pub struct Reach {
    pub end: End,
    pub direction: Direction,
    pub by: By,
    /// The members that the end stands for, each with the port that it is reached on.
    pub members: Vec<Asked>,
    pub rows: Vec<ReachRow>,
    pub pairs: Counts,
    pub left_out: LeftOut,
    pub notes: Vec<Evidence>,
    pub gaps: Vec<Gap>,
}

/// A member, and the port that is asked of it.
pub type Asked = (Member, Option<Port>);

impl Asker<'_> {
    /// Answers what `end` reaches or what reaches it, row by row.
    pub fn reach(&self, end: &End, direction: Direction, by: By) -> Result<Reach, Fault> {
        let (members, front, trace) = self.members(end, direction)?;
        let mut all = Rows::default();
        for (member, port) in &members {
            // Put together, a unit that one member has nothing with counts as well.
            let whole = members.len() > 1;
            let end = member.end();
            all.add(match whole {
                true => self.index.whole_reach(self.cluster, &end, direction, by, *port),
                false => self.index.reach(self.cluster, &end, direction, by, *port),
            });
        }
        let mut gaps = trace.gaps;
        let is_unsure = matches!(end, End::Address(_)) && !gaps.is_empty();
        gaps.extend(hole(self.cluster, Kind::POD));
        let ends: Vec<Member> = members.iter().map(|it| it.0.clone()).collect();
        self.check_drawn(&ends);
        if let Some(front) = front.filter(|_| direction == Direction::Ingress) {
            all.enter(&front);
        }
        let (mut pairs, mut left_out) = (all.pairs, all.left_out);
        left_out.finished += trace.finished as u64;
        let mut rows = all.rows();
        let has_unseen = self.unseen_holders().is_some();
        let unsure = rows.iter_mut().filter(|it| is_unsure || has_unseen && is_outside(&it.unit));
        unsure.for_each(|it| doubt(&mut it.summary, &mut pairs));
        Ok(Reach {
            end: end.clone(),
            direction,
            by,
            members,
            rows,
            pairs,
            left_out,
            notes: as_of(self.cluster).into_iter().chain(trace.notes).collect(),
            gaps,
        })
    }

    /// Whom an end stands for; through a Service each backend is reached on its own port.
    fn members(&self, end: &End, direction: Direction) -> Result<(Vec<Asked>, Option<Front>, Trace), Fault> {
        let mut trace = Trace::new(end, end, &PortAsk::NONE);
        let role = if direction == Direction::Egress { Role::Source } else { Role::Goal(&PortAsk::NONE) };
        let found = self.resolve(end, role)?;
        trace.take_in(&found);
        let members: Vec<Asked> = match direction {
            Direction::Egress => {
                let sources = self.sources(&found.whom, None, &mut trace)?;
                sources.into_iter().map(|it| (it.member, None)).collect()
            }
            Direction::Ingress => {
                let targets = self.targets(&found.whom, None, &PortAsk::NONE, &mut trace)?;
                targets.into_iter().map(|it| (it.member, it.port.asked())).collect()
            }
        };
        if members.is_empty() {
            trace.say_why_empty();
        }
        let front = if let Whom::Service(front) = found.whom { Some(front) } else { None };
        Ok((members, front, trace))
    }

    /// Every pair of units; rows of one namespace when `only` says so.
    pub fn map(&self, by: By, only: Option<&Name>) -> Map {
        let mut map = self.index.map(self.cluster, by, None);
        self.check_drawn(&[]);
        if self.unseen_holders().is_some() {
            let outside = map.rows.iter_mut().filter(|it| is_outside(&it.from) || is_outside(&it.to));
            outside.for_each(|it| doubt(&mut it.summary, &mut map.pairs));
        }
        if let Some(namespace) = only {
            let is_in = |unit: &Unit| namespace_of(unit).is_some_and(|it| it == namespace);
            map.rows.retain(|it| is_in(&it.from) || is_in(&it.to));
        }
        map
    }

    /// What keeps a map or reach from being the whole truth.
    pub fn holes(&self) -> Vec<Gap> {
        [Kind::NAMESPACE, Kind::POD, Kind::NETWORK_POLICY].into_iter().filter_map(|it| hole(self.cluster, it)).collect()
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

fn singles(unit: &Unit) -> Box<dyn Iterator<Item = Unit> + '_> {
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
    let Some((family, except)) = most(ranges) else { return format!("outside {}", super::member::ranges(ranges)) };
    let internet = if family == Family::V4 { "internet" } else { "IPv6 internet" };
    match except.as_slice() {
        [] => internet.to_owned(),
        except => format!("{internet} (except {})", super::member::ranges(except)),
    }
}

/// Rows of several members, put together.
#[derive(Default)]
struct Rows {
    rows: BTreeMap<Unit, Summary>,
    /// Nodes in sets that have the same with all members so far.
    nodes: Vec<(Nodes, Summary)>,
    pairs: Counts,
    left_out: LeftOut,
}

impl Rows {
    fn add(&mut self, reach: NetReach) {
        let mut nodes = Vec::new();
        for row in reach.rows {
            if let Unit::Nodes(it) = row.unit {
                nodes.push((it, row.summary));
                continue;
            }
            match self.rows.entry(row.unit) {
                std::collections::btree_map::Entry::Vacant(free) => {
                    free.insert(row.summary);
                }
                std::collections::btree_map::Entry::Occupied(mut held) => join(held.get_mut(), &row.summary),
            }
        }
        self.add_nodes(nodes);
        add_counts(&mut self.pairs, &reach.pairs);
        self.left_out.finished = self.left_out.finished.max(reach.left_out.finished);
        self.left_out.unread = self.left_out.unread.max(reach.left_out.unread);
        self.left_out.itself += reach.left_out.itself;
    }

    /// Parts sets of nodes where others cut them, and takes those together that have the same.
    fn add_nodes(&mut self, more: Vec<(Nodes, Summary)>) {
        let mut parts: Vec<(Nodes, Summary)> = Vec::new();
        let mut put = |nodes: Nodes, summary: Summary| match parts.iter_mut().find(|it| it.1 == summary) {
            Some(held) => held.0 = held.0.and(&nodes),
            None => parts.push((nodes, summary)),
        };
        let mut left: Vec<(Nodes, Summary)> = more;
        for (mut nodes, summary) in std::mem::take(&mut self.nodes) {
            for (other, more) in &left {
                if let Some(both) = nodes.among(other) {
                    let mut joined = summary.clone();
                    join(&mut joined, more);
                    put(both, joined);
                }
            }
            for (other, _) in &mut left {
                let rest = other.without(&nodes);
                nodes = nodes.without(other).unwrap_or_else(|| nodes.nobody());
                *other = rest.unwrap_or_else(|| other.nobody());
            }
            if nodes.count() > 0 {
                put(nodes, summary);
            }
        }
        left.into_iter().filter(|it| it.0.count() > 0).for_each(|(nodes, summary)| put(nodes, summary));
        self.nodes = parts;
    }

    /// Leaves out from where a Service cannot be entered, whatever its backends let in.
    fn enter(&mut self, front: &Front) {
        for (unit, summary) in std::mem::take(&mut self.rows) {
            let Unit::Outside(ranges) = &unit else {
                self.rows.insert(unit, summary);
                continue;
            };
            match front.let_in(ranges) {
                none if none.is_empty() => {
                    let Counts { allow, unknown, .. } = summary.pairs;
                    self.pairs.allow -= allow;
                    self.pairs.unknown -= unknown;
                    self.pairs.deny += allow + unknown;
                }
                some => drop(self.rows.insert(Unit::Outside(some), summary)),
            }
        }
    }

    fn rows(self) -> Vec<ReachRow> {
        let nodes = self.nodes.into_iter().map(|(nodes, summary)| (Unit::Nodes(nodes), summary));
        let mut rows: BTreeMap<Unit, Summary> = self.rows;
        rows.extend(nodes);
        let possible = rows.into_iter().filter(|(_, summary)| !summary.possible.is_empty());
        possible.map(|(unit, summary)| ReachRow { unit, summary }).collect()
    }
}

fn join(held: &mut Summary, other: &Summary) {
    merge(&mut held.every, &other.every, PortSet::intersection);
    merge(&mut held.some, &other.some, PortSet::union);
    merge(&mut held.possible, &other.possible, PortSet::union);
    add_counts(&mut held.pairs, &other.pairs);
}

/// Puts two sets together, unless both are one: most rows of one namespace share theirs.
fn merge(held: &mut Arc<PortSet>, other: &Arc<PortSet>, how: fn(&PortSet, &PortSet) -> PortSet) {
    if !Arc::ptr_eq(held, other) && held != other {
        *held = Arc::new(how(held, other));
    }
}

fn add_counts(held: &mut Counts, other: &Counts) {
    held.allow += other.allow;
    held.unknown += other.unknown;
    held.deny += other.deny;
}

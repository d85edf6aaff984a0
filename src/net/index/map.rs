//! Many pairs at once: what one end reaches, and the map of all units.

use super::Index;
use super::classes::Families;
use super::pair::Found;
use super::ports::Mask;
use super::row::Row;
use super::units::{Alike, Members, Outside, Sets, Sum};
use crate::model::cluster::Cluster;
use crate::model::name::Name;
use crate::model::policy::Direction;
use crate::net::reach::{By, Counts, Map, MapRow, Reach, ReachRow};
use crate::net::verdict::{End, Port};

/// What all sums of one answer share.
struct Terms {
    none: Mask,
    full: Mask,
    /// The atom that was asked for; `None`: any port.
    atom: Option<usize>,
}

fn join(all: &mut Counts, more: &Counts) {
    all.allow += more.allow;
    all.unknown += more.unknown;
    all.deny += more.deny;
}

impl Index {
    fn terms(&self, port: Option<Port>) -> Terms {
        let atom = port.map(|(protocol, number)| self.ports.atom(protocol, number).unwrap_or_default());
        Terms { none: self.ports.none(), full: self.ports.full(), atom }
    }

    /// All that an end reaches (`Egress`), or all that reaches it (`Ingress`), outside addresses included.
    ///
    /// Without a port an allowed pair is one with some surely allowed port. An end that cannot be judged gives
    /// no rows: every pair is unknown.
    pub fn reach(&self, cluster: &Cluster, end: &End, direction: Direction, by: By, port: Option<Port>) -> Reach {
        let mut reach = Reach::default();
        let found = self.find(cluster, end);
        let units = self.units(cluster, by, found.is_node(), &mut reach.left_out);
        let terms = self.terms(port);
        if matches!(found, Found::Nothing) {
            reach.pairs.unknown = units.iter().flat_map(|it| &it.alike).map(|it| it.pods).sum();
            return reach;
        }
        let rows = self.rows(&found, direction);
        let own = self.alike_of(&found);
        reach.left_out.itself = u64::from(own.is_some());
        let mut sets = Sets::default();
        let own_unit = own.as_ref().and_then(|own| {
            let End::Pod(id) = end else { return None };
            let pod = cluster.pods.get(&id.namespace, &id.name)?;
            Some((own, super::units::unit_of(cluster, pod, by)))
        });
        for members in &units {
            let mut sum = self.sum();
            for other in &members.alike {
                let is_own = own_unit.as_ref().is_some_and(|(own, unit)| {
                    *unit == members.unit && (own.class, own.host) == (other.class, other.host)
                });
                self.add_reach(&mut sum, (&found, &rows), other, is_own, direction, &terms);
            }
            self.push_reach(&mut reach, members.unit.clone(), &sum, &mut sets);
        }
        let parts = self.outside(cluster).into_iter().filter(|_| !matches!(found, Found::Loose(_)));
        for part in parts.filter(|it| self.share_family(&found, &it.end)) {
            let mut sum = self.sum();
            let pass = self.pass_in(direction, &found, &part.end);
            self.add(&mut sum, &pass, 1, terms.atom);
            self.push_reach(&mut reach, part.unit, &sum, &mut sets);
        }
        reach
    }

    /// How many pods an end reaches, or is reached by, on some port: a row without its names.
    ///
    /// Pods on the host network and the end itself count as their classes do; [`Index::reach`] parts them.
    pub fn reach_count(&self, cluster: &Cluster, end: &End, direction: Direction, port: Option<Port>) -> u64 {
        let found = self.find(cluster, end);
        let atom = self.terms(port).atom;
        let rows = self.rows(&found, direction);
        rows.first().map_or(0, |row| self.passing(row, atom))
    }

    /// Whether two ends have an address family in common: an outside part of another family is nobody's to reach.
    fn share_family(&self, a: &Found, b: &Found) -> bool {
        let families = |it| self.side(it, 0).map(|it| it.families());
        match (families(a), families(b)) {
            (Some(a), Some(b)) => Families::shared(a, b).next().is_some(),
            _ => false,
        }
    }

    fn push_reach(&self, reach: &mut Reach, unit: crate::net::reach::Unit, sum: &Sum, sets: &mut Sets) {
        join(&mut reach.pairs, &sum.pairs);
        if sum.is_possible() {
            reach.rows.push(ReachRow { unit, summary: self.summary(sum, sets) });
        }
    }

    /// Adds one end's pairs with pods that are alike; those on its own node apart (S41).
    fn add_reach(
        &self,
        sum: &mut Sum,
        (found, rows): (&Found, &[Row]),
        other: &Alike,
        is_own: bool,
        direction: Direction,
        terms: &Terms,
    ) {
        let node: Name = found.node().into();
        let mut near =
            if found.is_node() || other.is_host() { other.nodes.get(&node).copied().unwrap_or(0) } else { 0 };
        if is_own && found.is_node() {
            near = near.saturating_sub(1);
        }
        let pods = other.pods - u64::from(is_own);
        if near > 0 {
            let pass = self.pass_in(direction, found, &other.found(&node));
            self.add(sum, &pass, near, terms.atom);
        }
        if pods > near {
            self.add(sum, &self.with_row(rows, other, &terms.none, &terms.full), pods - near, terms.atom);
        }
    }

    fn pass_in(&self, direction: Direction, end: &Found, other: &Found) -> (Mask, Mask) {
        match direction {
            Direction::Egress => self.pass(end, other),
            Direction::Ingress => self.pass(other, end),
        }
    }

    /// Every pair of units, outside addresses included; rows in which nothing can pass are left out.
    pub fn map(&self, cluster: &Cluster, by: By, port: Option<Port>) -> Map {
        let mut map = Map::default();
        let units = self.units(cluster, by, false, &mut map.left_out);
        let outside = self.outside(cluster);
        let terms = self.terms(port);
        let mut sets = Sets::default();
        for to in &units {
            self.map_to(&mut map, &units, &outside, to, &terms, &mut sets);
        }
        for to in &outside {
            for from in &units {
                let mut sum = self.sum();
                for alike in &from.alike {
                    let found = alike.found(&Name::empty());
                    if self.share_family(&found, &to.end) {
                        self.add(&mut sum, &self.pass(&found, &to.end), alike.pods, terms.atom);
                    }
                }
                join(&mut map.pairs, &sum.pairs);
                if sum.is_possible() {
                    let (from, to) = (from.unit.clone(), to.unit.clone());
                    map.rows.push(MapRow { from, to, summary: self.summary(&sum, &mut sets) });
                }
            }
        }
        map.rows.sort_by(|a, b| (&a.from, &a.to).cmp(&(&b.from, &b.to)));
        map
    }

    /// All rows of the map into one unit.
    fn map_to(
        &self,
        map: &mut Map,
        units: &[Members],
        outside: &[Outside],
        to: &Members,
        terms: &Terms,
        sets: &mut Sets,
    ) {
        let mut sums: Vec<Sum> = units.iter().map(|_| self.sum()).collect();
        let mut outside_sums: Vec<Sum> = outside.iter().map(|_| self.sum()).collect();
        for target in &to.alike {
            let found = target.found(&Name::empty());
            let rows = self.rows(&found, Direction::Ingress);
            for (from, sum) in units.iter().zip(&mut sums) {
                let is_same = from.unit == to.unit;
                for alike in &from.alike {
                    let is_same = is_same && (alike.class, alike.host) == (target.class, target.host);
                    self.add_pairs(sum, &rows, alike, target, is_same, terms);
                    map.left_out.itself += if is_same { target.pods } else { 0 };
                }
            }
            let parts = outside.iter().zip(&mut outside_sums);
            for (part, sum) in parts.filter(|(part, _)| self.share_family(&found, &part.end)) {
                self.add(sum, &self.pass(&part.end, &found), target.pods, terms.atom);
            }
        }
        let from = units.iter().map(|it| &it.unit).chain(outside.iter().map(|it| &it.unit));
        for (from, sum) in from.zip(sums.iter().chain(&outside_sums)) {
            join(&mut map.pairs, &sum.pairs);
            if sum.is_possible() {
                let (from, to) = (from.clone(), to.unit.clone());
                map.rows.push(MapRow { from, to, summary: self.summary(sum, sets) });
            }
        }
    }

    /// Adds the pairs of two groups; those on one node apart, each pod to itself left out.
    fn add_pairs(&self, sum: &mut Sum, rows: &[Row], from: &Alike, to: &Alike, is_same: bool, terms: &Terms) {
        let itself = if is_same { to.pods } else { 0 };
        let mut total = from.pods * to.pods - itself;
        if from.is_host() || to.is_host() {
            for (node, pods) in &from.nodes {
                let others = to.nodes.get(node).copied().unwrap_or(0);
                let near = pods * others - if is_same { others } else { 0 };
                if near > 0 {
                    self.add(sum, &self.pass(&from.found(node), &to.found(node)), near, terms.atom);
                    total -= near;
                }
            }
        }
        if total > 0 {
            self.add(sum, &self.with_row(rows, from, &terms.none, &terms.full), total, terms.atom);
        }
    }
}

//! What one end reaches, or what reaches it, listed by unit.
//!
//! The end's row says which classes pass; the bands of each namespace say which units have pods of those classes.
//! A pod is looked at only where nodes matter: on the end's own node (S41), and for a list of pods.

use super::Index;
use super::crowd::{Band, Crowd, NO_BAND};
use super::members::Bits;
use super::pair::Found;
use super::ports::Mask;
use super::row::Row;
use super::units::{Sets, Sum, Terms};
use crate::model::cluster::Cluster;
use crate::model::policy::Direction;
use crate::net::reach::{By, Reach, ReachRow, Unit};
use crate::net::verdict::{End, Port};

/// One end, and what it has with every class.
struct Asked<'a> {
    found: Found<'a>,
    rows: Vec<Row>,
    /// The classes that may pass in some reading.
    any: Bits,
    direction: Direction,
    terms: Terms,
    /// The end itself: its namespace and its place among the pods.
    own: Option<(u32, usize)>,
}

/// The pods of one namespace, as one end meets them.
struct Met<'a> {
    crowd: &'a Crowd,
    /// By band: pods on the end's own node; empty where that makes no difference.
    near: Vec<u64>,
    /// The band that the end itself is of.
    own: Option<u32>,
}

impl Met<'_> {
    fn near(&self, band: usize) -> u64 {
        self.near.get(band).copied().unwrap_or(0)
    }

    fn pods(&self, band: usize) -> u64 {
        u64::from(self.crowd.bands[band].pods) - u64::from(self.own == Some(band as u32))
    }
}

impl Index {
    /// All that an end reaches (`Egress`), or all that reaches it (`Ingress`), outside addresses included.
    ///
    /// Without a port an allowed pair is one with some surely allowed port. An end that cannot be judged gives
    /// no rows: every pair is unknown.
    pub fn reach(&self, cluster: &Cluster, end: &End, direction: Direction, by: By, port: Option<Port>) -> Reach {
        let mut reach = Reach::default();
        let found = self.find(cluster, end);
        if matches!(found, Found::Nothing) {
            for crowd in self.in_order.iter().map(|it| self.crowd(cluster, *it)) {
                reach.left_out.add(crowd.left_out());
                reach.pairs.unknown += crowd.bands.iter().map(|it| u64::from(it.pods)).sum::<u64>();
            }
            return reach;
        }
        let asked = self.asked(end, found, direction, port);
        reach.left_out.itself = u64::from(asked.own.is_some());
        let mut sets = Sets::default();
        for &namespace in self.in_order.iter() {
            self.list(cluster, namespace, &asked, by, &mut reach, &mut sets);
        }
        // Pods without a controller come before all workloads.
        reach.rows.sort_by_key(|it| matches!(it.unit, Unit::Workload(_)));
        self.list_outside(cluster, &asked, &mut reach, &mut sets);
        reach
    }

    fn asked<'a>(&self, end: &End, found: Found<'a>, direction: Direction, port: Option<Port>) -> Asked<'a> {
        let rows = self.rows(&found, direction);
        let mut any = Bits::none(self.classes.bound());
        rows.iter().for_each(|it| it.passing_into(&mut any));
        let own = match end {
            End::Pod(id) => self.place_of(id).map(|it| (it.0, it.1)),
            End::Node(_) | End::Address(_) => None,
        };
        Asked { found, rows, any, direction, terms: self.terms(port), own }
    }

    /// Lists the pods of one namespace.
    fn list(&self, cluster: &Cluster, namespace: u32, asked: &Asked<'_>, by: By, reach: &mut Reach, sets: &mut Sets) {
        let crowd = self.crowd(cluster, namespace);
        reach.left_out.add(crowd.left_out());
        let own = asked.own.filter(|it| it.0 == namespace).map(|it| crowd.of_pod[it.1]);
        let met = Met { crowd, near: self.near_end(cluster, namespace, asked), own };
        match by {
            By::Namespace => {
                let sum = self.sum_bands(asked, &met, 0..crowd.bands.len());
                let name = || Unit::Namespace(self.namespaces.get(namespace).facts.name.clone());
                self.push_reach(reach, name, &sum, sets);
            }
            By::Workload => {
                let mut first = 0;
                for bands in crowd.bands.chunk_by(|a, b| a.unit == b.unit) {
                    let sum = self.sum_bands(asked, &met, first..first + bands.len());
                    self.push_reach(reach, || crowd.units[bands[0].unit as usize].clone(), &sum, sets);
                    first += bands.len();
                }
            }
            By::Pod => self.list_pods(namespace, asked, &met, reach, sets),
        }
    }

    fn list_pods(&self, namespace: u32, asked: &Asked<'_>, met: &Met<'_>, reach: &mut Reach, sets: &mut Sets) {
        for (at, pod) in self.pods_of(namespace).enumerate() {
            let band = met.crowd.of_pod[at];
            if band == NO_BAND || asked.own == Some((namespace, at)) {
                continue;
            }
            let mut sum = self.sum();
            let is_near = met.near(band as usize) > 0 && pod.node == *asked.found.node();
            self.add_band(&mut sum, asked, &met.crowd.bands[band as usize], 1, u64::from(is_near));
            self.push_reach(reach, || Unit::Pod(pod.pod_id()), &sum, sets);
        }
    }

    fn sum_bands(&self, asked: &Asked<'_>, met: &Met<'_>, bands: std::ops::Range<usize>) -> Sum {
        let mut sum = self.sum();
        for band in bands {
            self.add_band(&mut sum, asked, &met.crowd.bands[band], met.pods(band), met.near(band));
        }
        sum
    }

    /// Adds the end's pairs with pods of a band; those on its own node apart (S41).
    fn add_band(&self, sum: &mut Sum, asked: &Asked<'_>, band: &Band, pods: u64, near: u64) {
        let other = band.alike();
        if near > 0 {
            let pass = self.pass_in(asked.direction, &asked.found, &other.found(asked.found.node()));
            self.add(sum, &pass, near, asked.terms.atom);
        }
        let (none, full) = (&asked.terms.none, &asked.terms.full);
        if !other.is_host() && !asked.any.has(band.class) {
            sum.deny(none, pods - near);
        } else if pods > near {
            self.add(sum, &self.with_row(&asked.rows, &other, none, full), pods - near, asked.terms.atom);
        }
    }

    /// By band: how many pods are on the end's own node, where one of the two is on the node's network.
    fn near_end(&self, cluster: &Cluster, namespace: u32, asked: &Asked<'_>) -> Vec<u64> {
        let crowd = self.crowd(cluster, namespace);
        let (node, is_node) = (asked.found.node(), asked.found.is_node());
        if node.is_empty() || !is_node && !crowd.has_hosts {
            return Vec::new();
        }
        let mut near = vec![0; crowd.bands.len()];
        for (at, pod) in self.pods_of(namespace).enumerate() {
            let band = crowd.of_pod[at];
            if pod.node != *node || band == NO_BAND || asked.own == Some((namespace, at)) {
                continue;
            }
            near[band as usize] += u64::from(is_node || crowd.bands[band as usize].alike().is_host());
        }
        near
    }

    fn list_outside(&self, cluster: &Cluster, asked: &Asked<'_>, reach: &mut Reach, sets: &mut Sets) {
        if matches!(asked.found, Found::Loose(_)) {
            return;
        }
        for part in self.outside(cluster).into_iter().filter(|it| self.share_family(&asked.found, &it.end)) {
            let mut sum = self.sum();
            let pass = self.pass_in(asked.direction, &asked.found, &part.end);
            self.add(&mut sum, &pass, 1, asked.terms.atom);
            self.push_reach(reach, || part.unit, &sum, sets);
        }
    }

    fn push_reach(&self, reach: &mut Reach, unit: impl FnOnce() -> Unit, sum: &Sum, sets: &mut Sets) {
        reach.pairs.join(&sum.pairs);
        if sum.is_possible() {
            reach.rows.push(ReachRow { unit: unit(), summary: self.summary(sum, sets) });
        }
    }

    fn pass_in(&self, direction: Direction, end: &Found<'_>, other: &Found<'_>) -> (Mask, Mask) {
        match direction {
            Direction::Egress => self.pass(end, other),
            Direction::Ingress => self.pass(other, end),
        }
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
}

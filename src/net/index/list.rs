//! What one end reaches, or what reaches it, listed by unit.
//!
//! The end's row says which classes pass; the groups of pods of each namespace say which units have pods of those classes.
//! A pod is looked at only where nodes matter: on the end's own node (S41), and for a list of pods.

use super::Index;
use super::class_sets::ClassBitmap;
use super::end_rows::EndRows;
use super::indexed_end::{IndexedEnd, NOWHERE, own_node};
use super::lazy_list::LazyReachList;
use super::port_mask::TriPorts;
use super::units::{PairSum, PlacedPodGroup};
use super::workload_groups::{NO_POD_GROUP, PodGroup, WorkloadGroups};
use crate::model::cluster::Cluster;
use crate::model::policy::Direction;
use crate::net::reach::{Granularity, ReachList, ReachRow};
use crate::net::verdict::{End, Port, Tri};

/// The pods of one namespace, as one end meets them.
struct NamespaceVsEnd<'a> {
    workload_groups: &'a WorkloadGroups,
    /// By group of pods, how many: pods on the end's own node, and those that may come to it; empty where that makes no difference.
    near: Vec<SharedNodePods>,
    /// The group of pods that the end itself is of.
    own: Option<u32>,
}

/// Pods that share a node with an end, surely and perhaps.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct SharedNodePods {
    own: u64,
    unsure: u64,
}

impl SharedNodePods {
    /// One pod.
    fn one(shares_node: Tri) -> Self {
        Self { own: u64::from(shares_node == Tri::Yes), unsure: u64::from(shares_node == Tri::Maybe) }
    }
}

impl NamespaceVsEnd<'_> {
    fn near(&self, pod_group: usize) -> SharedNodePods {
        self.near.get(pod_group).copied().unwrap_or_default()
    }

    fn pods(&self, pod_group: usize) -> u64 {
        u64::from(self.workload_groups.pod_groups[pod_group].pods) - u64::from(self.own == Some(pod_group as u32))
    }
}

impl Index {
    /// All that an end reaches (`Egress`), or all that reaches it (`Ingress`), outside addresses included.
    ///
    /// Without a port an allowed pair is one with some surely allowed port. An end that cannot be judged gives
    /// no rows: every pair is unknown.
    pub fn reach(
        &self,
        cluster: &Cluster,
        end: &End,
        direction: Direction,
        by: Granularity,
        port: Option<Port>,
    ) -> ReachList {
        self.reach_of(self.listing(cluster, end, direction, by, port))
    }

    /// The same with a row for every unit, even where nothing can pass: for answers that are put together.
    pub fn whole_reach(
        &self,
        cluster: &Cluster,
        end: &End,
        direction: Direction,
        by: Granularity,
        port: Option<Port>,
    ) -> ReachList {
        self.reach_of(self.fill_listing(cluster, end, direction, port, LazyReachList::whole(self, by)))
    }

    fn reach_of(&self, listing: LazyReachList<'_>) -> ReachList {
        ReachList { rows: listing.rows().collect(), pairs: listing.pairs, left_out: listing.left_out }
    }

    /// The same, with names only for the rows that are looked at.
    pub fn listing(
        &self,
        cluster: &Cluster,
        end: &End,
        direction: Direction,
        by: Granularity,
        port: Option<Port>,
    ) -> LazyReachList<'_> {
        self.fill_listing(cluster, end, direction, port, LazyReachList::new(self, by))
    }

    fn fill_listing<'a>(
        &'a self,
        cluster: &Cluster,
        end: &End,
        direction: Direction,
        port: Option<Port>,
        mut listing: LazyReachList<'a>,
    ) -> LazyReachList<'a> {
        let by = listing.by;
        let found = self.find(cluster, end);
        if matches!(found, IndexedEnd::Nothing) {
            for pod_counts in self.in_order.iter().map(|it| self.namespaces.get(*it).pod_counts) {
                listing.left_out.add(pod_counts.left_out());
                listing.pairs.unknown += u64::from(pod_counts.plain) + u64::from(pod_counts.hosts);
            }
            listing.pairs.unknown += self.around(cluster).names.len() as u64;
            return listing;
        }
        let asked = self.asked(cluster, end, found, direction, port);
        listing.except = asked.sets();
        listing.left_out.itself = u64::from(asked.own.is_some());
        let plain = asked.plain_row();
        for &namespace in self.in_order.iter() {
            let pod_counts = self.namespaces.get(namespace).pod_counts;
            listing.left_out.add(pod_counts.left_out());
            let is_own = asked.own.is_some_and(|it| it.0 == namespace);
            match plain {
                _ if pod_counts.plain + pod_counts.hosts == 0 => {}
                Some(row) if pod_counts.hosts == 0 && !is_own => {
                    self.list_plain(cluster, namespace, &asked, row, &mut listing);
                }
                _ => self.list(cluster, namespace, &asked, by, &mut listing),
            }
        }
        self.list_nodes(cluster, &asked, end, &mut listing);
        self.list_outside(cluster, &asked, &mut listing);
        listing
    }

    fn asked<'a>(
        &self,
        cluster: &Cluster,
        end: &End,
        found: IndexedEnd<'a>,
        direction: Direction,
        port: Option<Port>,
    ) -> EndRows<'a> {
        let mut rows = self.rows(&found, direction);
        let mut terms = self.terms_around(self.around(cluster), port);
        let is_into_node = matches!(end, End::Node(_)) && direction == Direction::Ingress;
        if is_into_node {
            rows.iter_mut().for_each(|it| it.leave_out(&terms.apart.1));
            terms.full = terms.full.without(&terms.apart.1);
        }
        let mut any = ClassBitmap::none(self.classes.bound());
        rows.iter().for_each(|it| it.passing_into(&mut any));
        let (allow, may) = rows.first().map(|it| self.judged(it, terms.atom).split()).unwrap_or_default();
        let own = match end {
            End::Pod(id) => self.place_of(id).map(|it| (it.0, it.1)),
            End::Node(_) | End::Address(_) => None,
        };
        EndRows { found, rows, any, allow, may, direction, terms, own, is_into_node }
    }

    /// Lists the pods of one namespace.
    fn list(
        &self,
        cluster: &Cluster,
        namespace: u32,
        asked: &EndRows<'_>,
        by: Granularity,
        listing: &mut LazyReachList<'_>,
    ) {
        let workload_groups = self.workload_groups(cluster, namespace);
        let own = asked.own.filter(|it| it.0 == namespace).map(|it| workload_groups.of_pod[it.1]);
        let met = NamespaceVsEnd { workload_groups, near: self.near_end(cluster, namespace, asked), own };
        match by {
            Granularity::Namespace => {
                listing.push(namespace, 0, &self.sum_bands(asked, &met, 0..workload_groups.pod_groups.len()))
            }
            Granularity::Workload => {
                let mut first = 0;
                for pod_groups in workload_groups.pod_groups.chunk_by(|a, b| a.unit == b.unit) {
                    let sum = self.sum_bands(asked, &met, first..first + pod_groups.len());
                    listing.push(namespace, pod_groups[0].unit, &sum);
                    first += pod_groups.len();
                }
            }
            Granularity::Pod => self.list_pods(namespace, asked, &met, listing),
        }
    }

    fn list_pods(
        &self,
        namespace: u32,
        asked: &EndRows<'_>,
        met: &NamespaceVsEnd<'_>,
        listing: &mut LazyReachList<'_>,
    ) {
        for (at, pod) in self.pods_of(namespace).enumerate() {
            let pod_group = met.workload_groups.of_pod[at];
            if pod_group == NO_POD_GROUP || asked.own == Some((namespace, at)) {
                continue;
            }
            let mut sum = self.sum();
            let of_band = &met.workload_groups.pod_groups[pod_group as usize];
            let near = match met.near(pod_group as usize) {
                SharedNodePods { own: 0, unsure: 0 } => SharedNodePods::default(),
                _ => SharedNodePods::one(own_node(&asked.found, &of_band.found(pod.node()))),
            };
            self.add_band(&mut sum, asked, of_band, 1, near);
            listing.push(namespace, at as u32, &sum);
        }
    }

    fn sum_bands(&self, asked: &EndRows<'_>, met: &NamespaceVsEnd<'_>, pod_groups: std::ops::Range<usize>) -> PairSum {
        let mut sum = self.sum();
        for pod_group in pod_groups {
            self.add_band(
                &mut sum,
                asked,
                &met.workload_groups.pod_groups[pod_group],
                met.pods(pod_group),
                met.near(pod_group),
            );
        }
        sum
    }

    /// Adds the end's pairs with one group of pods; those on its own node apart (S41).
    fn add_band(&self, sum: &mut PairSum, asked: &EndRows<'_>, pod_group: &PodGroup, pods: u64, near: SharedNodePods) {
        for (node, pairs) in [(asked.found.node(), near.own), (&NOWHERE, near.unsure)].into_iter().filter(|it| it.1 > 0)
        {
            let pass = self.pass_with(asked, &pod_group.found(node));
            self.add(sum, &pass, pairs, asked.terms.atom);
        }
        let far = pods - near.own - near.unsure;
        let (other, none, full) = (PlacedPodGroup::of(pod_group), &asked.terms.none, &asked.terms.full);
        if !other.is_host() && !asked.any.has(pod_group.class) {
            sum.deny(none, far);
        } else if far > 0 {
            self.add(sum, &self.with_row(&asked.rows, &other, none, full), far, asked.terms.atom);
        }
    }

    /// By group of pods: how many pods share a node with the end, where one of the two is on the node's network.
    fn near_end(&self, cluster: &Cluster, namespace: u32, asked: &EndRows<'_>) -> Vec<SharedNodePods> {
        let workload_groups = self.workload_groups(cluster, namespace);
        let has_hosts = self.namespaces.get(namespace).pod_counts.hosts > 0;
        if !asked.found.has_place() || !asked.found.is_node() && !has_hosts {
            return Vec::new();
        }
        let mut near = vec![SharedNodePods::default(); workload_groups.pod_groups.len()];
        for (at, pod) in self.pods_of(namespace).enumerate() {
            let pod_group = workload_groups.of_pod[at];
            if pod_group == NO_POD_GROUP || asked.own == Some((namespace, at)) {
                continue;
            }
            let one = SharedNodePods::one(own_node(
                &asked.found,
                &workload_groups.pod_groups[pod_group as usize].found(pod.node()),
            ));
            let sum = &mut near[pod_group as usize];
            *sum = SharedNodePods { own: sum.own + one.own, unsure: sum.unsure + one.unsure };
        }
        near
    }

    /// What is outside; between two addresses there passes all, and nobody asks.
    fn list_outside(&self, cluster: &Cluster, asked: &EndRows<'_>, listing: &mut LazyReachList<'_>) {
        if !asked.found.has_place() {
            return;
        }
        let mut sets = asked.sets();
        for part in self.around(cluster).outside.iter().filter(|it| self.share_family(&asked.found, &it.end)) {
            let mut sum = self.sum();
            let pass = self.pass_with(asked, &part.end);
            self.add(&mut sum, &pass, 1, asked.terms.atom);
            listing.pairs.join(&sum.pairs);
            if sum.is_possible() || listing.keeps_all {
                let summary = self.summary(&sum, &mut sets);
                listing.around.push(ReachRow { unit: part.unit.clone(), summary });
            }
        }
    }

    /// What passes between the end that is asked about and another, on the ports that are meant.
    pub(super) fn pass_with(&self, asked: &EndRows<'_>, other: &IndexedEnd<'_>) -> TriPorts {
        let pass = self.pass_in(asked.direction, &asked.found, other);
        if asked.is_into_node { asked.terms.of_node(pass) } else { pass }
    }

    pub(super) fn pass_in(&self, direction: Direction, end: &IndexedEnd<'_>, other: &IndexedEnd<'_>) -> TriPorts {
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

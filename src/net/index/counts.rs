//! Every pair of pods, counted: rows of classes that read alike are made once.

use std::collections::{BTreeMap, HashMap};

use rustc_hash::FxBuildHasher;

use super::class::Class;
use super::class_sets::ClassBitmap;
use super::classes::ClassKind;
use super::indexed_end::{ELSEWHERE, HERE, NOWHERE};
use super::map::shared_nodes;
use super::peers::ANYONE;
use super::row::ClassRow;
use super::units::{NodeNumbers, PlacedPodGroup, counted};
use super::weights::ClassWeights;
use super::{Index, NO_CLASS, slot};
use crate::model::evidence::Outcome;
use crate::model::policy::Direction;
use crate::net::reach::Counts;
use crate::net::verdict::{Port, Tri};

/// Classes by what one end has with them on some port.
pub(super) struct ClassesByOutcome {
    allow: ClassBitmap,
    /// `None`: the same.
    possible: Option<ClassBitmap>,
}

impl ClassesByOutcome {
    /// The classes that surely pass, and those that may.
    pub fn split(self) -> (ClassBitmap, Option<ClassBitmap>) {
        (self.allow, self.possible)
    }

    fn outcome(&self, class: u32) -> Outcome {
        let possible = self.possible.as_ref().unwrap_or(&self.allow);
        match (self.allow.has(class), possible.has(class)) {
            (true, _) => Outcome::Allow,
            (false, true) => Outcome::Unknown,
            (false, false) => Outcome::Deny,
        }
    }
}

impl Index {
    /// The outcomes of all pairs of running pods, a pod to itself left out.
    pub fn counts(&self, port: Option<Port>) -> Counts {
        let atom = port.map(|(protocol, number)| self.ports.atom(protocol, number).unwrap_or_default());
        let mut numbers = NodeNumbers::new(&[]);
        let (weights, hosts) = self.weights(&mut numbers);
        let all: u64 = weights.sum(&self.live) + hosts.iter().map(|it| it.pods).sum::<u64>();
        if !self.bends_all.is_empty() {
            return Counts { unknown: all * all.saturating_sub(1), ..Counts::default() };
        }
        let mut counts = Counts::default();
        self.count_plain(&weights, atom, &mut counts);
        let near = self.near_hosts(&hosts, &mut numbers);
        for (host, near) in hosts.iter().zip(&near) {
            self.count_host(&weights, near, host, atom, &mut counts);
            hosts.iter().for_each(|other| self.count_hosts(host, other, atom, &mut counts));
        }
        counts.deny = (all * all.saturating_sub(1)) - counts.allow - counts.unknown;
        counts
    }

    /// How many pods of networks of their own each class has, and those of the host network in groups.
    fn weights<'a>(&'a self, numbers: &mut NodeNumbers<'a>) -> (ClassWeights, Vec<PlacedPodGroup>) {
        let mut weights = ClassWeights::default();
        for (id, _) in self.classes.iter().filter(|(_, it)| it.sort == ClassKind::Pod) {
            weights.add(id, self.weight(id));
        }
        if !self.has_hosts() {
            return (weights, Vec::new());
        }
        let mut hosts: BTreeMap<(u32, u32), (u64, Vec<u32>)> = BTreeMap::new();
        self.each_pod(|row| {
            if row.host != NO_CLASS {
                let group = hosts.entry((row.class, row.host)).or_default();
                group.0 += 1;
                group.1.extend(numbers.of(row.pod.node()));
            }
        });
        let alike = |((class, host), (pods, nodes))| PlacedPodGroup { class, host, pods, nodes: counted(nodes) };
        (weights, hosts.into_iter().map(alike).collect())
    }

    /// Pairs of pods on networks of their own.
    fn count_plain(&self, weights: &ClassWeights, atom: Option<usize>, counts: &mut Counts) {
        let mut alike: HashMap<Vec<u32>, Vec<u32>, FxBuildHasher> = HashMap::default();
        for (id, class) in self.classes.iter().filter(|(id, _)| weights.of(*id) > 0) {
            alike.entry(self.signature(id, class)).or_default().push(id);
        }
        // Sums: order does not matter.
        for classes in alike.values() {
            let judged = self.judged(&self.row(&self.class_reading(classes[0]), Direction::Ingress), atom);
            let allow = weights.sum(&judged.allow);
            let possible = judged.possible.as_ref().map_or(allow, |it| weights.sum(it));
            for class in classes {
                let pods = u64::from(weights.of(*class));
                let itself = judged.outcome(*class);
                counts.allow += pods * (allow - u64::from(itself == Outcome::Allow));
                counts.unknown += pods * (possible - allow - u64::from(itself == Outcome::Unknown));
            }
        }
    }

    /// For each group of pods on the host network: by class, its pairs with other pods of the same node, and those with
    /// an end that is on no node yet.
    fn near_hosts<'a>(
        &'a self,
        hosts: &[PlacedPodGroup],
        numbers: &mut NodeNumbers<'a>,
    ) -> Vec<BTreeMap<u32, [u64; 2]>> {
        let mut near = vec![BTreeMap::new(); hosts.len()];
        if hosts.is_empty() {
            return near;
        }
        self.each_pod(|row| {
            if row.class == NO_CLASS || row.host != NO_CLASS {
                return;
            }
            let node = numbers.of(row.pod.node());
            for (host, near) in hosts.iter().zip(&mut near) {
                let here = node.and_then(|it| host.nodes.binary_search_by_key(&it, |it| it.0).ok());
                let pairs = [here.map_or(0, |it| host.nodes[it].1), node.map_or(host.pods, |_| host.nowhere())];
                if pairs != [0, 0] {
                    let sum: &mut [u64; 2] = near.entry(row.class).or_default();
                    *sum = [sum[0] + pairs[0], sum[1] + pairs[1]];
                }
            }
        });
        near
    }

    /// Pairs of one group of pods on the host network with all that are not, both ways.
    fn count_host(
        &self,
        weights: &ClassWeights,
        near: &BTreeMap<u32, [u64; 2]>,
        host: &PlacedPodGroup,
        atom: Option<usize>,
        counts: &mut Counts,
    ) {
        let (none, full) = (self.ports.none(), self.ports.full());
        for direction in Direction::ALL {
            let rows = self.rows(&host.found(&NOWHERE), direction);
            for class in self.live.iter().filter(|it| weights.of(*it) > 0) {
                let other = PlacedPodGroup { class, host: NO_CLASS, pods: 0, nodes: Vec::new() };
                let [near, unsure] = near.get(&class).copied().unwrap_or_default();
                let pass = self.with_row(&rows, &other, &none, &full);
                let far = host.pods * u64::from(weights.of(class)) - near - unsure;
                counts.add(pass.outcome(atom), far);
                for (node, pairs) in [(&HERE, near), (&NOWHERE, unsure)].into_iter().filter(|it| it.1 > 0) {
                    let pass = self.pass_in(direction, &host.found(node), &other.found(node));
                    counts.add(pass.outcome(atom), pairs);
                }
            }
        }
    }

    /// Pairs of two groups of pods on the host network.
    fn count_hosts(&self, from: &PlacedPodGroup, to: &PlacedPodGroup, atom: Option<usize>, counts: &mut Counts) {
        let is_same = (from.class, from.host) == (to.class, to.host);
        let total = from.pods * to.pods - if is_same { from.pods } else { 0 };
        let (near, unsure) = shared_nodes(from, to, is_same);
        let pairs = [(&HERE, &HERE, near), (&NOWHERE, &NOWHERE, unsure), (&HERE, &ELSEWHERE, total - near - unsure)];
        for (a, b, pairs) in pairs.into_iter().filter(|it| it.2 > 0) {
            counts.add(self.pass(&from.found(a), &to.found(b)).outcome(atom), pairs);
        }
    }

    /// Which classes an end has some port with.
    pub(super) fn judged(&self, row: &ClassRow, atom: Option<usize>) -> ClassesByOutcome {
        let slices = || row.slices.iter().filter(|it| atom.is_none_or(|atom| it.ports.has(atom)));
        let mut allow = ClassBitmap::none(self.classes.bound());
        slices().for_each(|it| allow.or(&it.sure));
        if row.is_certain() {
            return ClassesByOutcome { allow, possible: None };
        }
        let mut possible = row.no_common_family.clone();
        slices().for_each(|it| possible.or(it.possible.as_ref().unwrap_or(&it.sure)));
        for (class, pass) in &row.judged {
            let outcome = pass.outcome(atom);
            allow.put(*class, outcome == Outcome::Allow);
            possible.put(*class, outcome != Outcome::Deny);
        }
        ClassesByOutcome { allow, possible: Some(possible) }
    }

    /// How many pods surely pass on some port.
    pub(super) fn passing(&self, row: &ClassRow, atom: Option<usize>) -> u64 {
        self.weights.sum(&self.judged(row, atom).allow)
    }

    /// All that the row of those who reach a class rests on: classes of equal signatures have equal rows, and share one.
    ///
    /// What `row_into` and what it calls ask of the class must be in it: its families, whether it is open, its own rules
    /// with their peers, and the rules of others of whose peers it is one, each with the ports that they mean to it. Whoever
    /// lets a row rest on more adds that here, or the map is wrong in silence; the laws of `tests/it/net_laws.rs` compare
    /// maps with pairs.
    pub(super) fn signature(&self, id: u32, class: &Class) -> Vec<u32> {
        if self.slow_path.has(id) {
            return vec![u32::MAX, id];
        }
        let families = class.families;
        let is_open = self.open[slot(Direction::Ingress)].has(id);
        let flags = [families.v4, families.v6, is_open, self.beside.closes_ingress(id)];
        let head = flags.iter().fold(families.order as u32, |all, it| all << 1 | u32::from(*it));
        let mut near: Vec<[u32; 3]> = Vec::new();
        let policies = class.policies().iter().map(|it| self.policies.get(*it));
        for rule in policies.flat_map(|it| it.rules_of(Direction::Ingress)) {
            let ports = self.ports.resolved(rule.spec, class.declared);
            near.extend(rule.peers.iter().map(|(peer, _)| [ports.sure, ports.possible, *peer]));
        }
        let held = class.peers().map(|it| (it.peer(), u32::from(it.tri() == Tri::Maybe)));
        let mut far: Vec<[u32; 3]> = Vec::new();
        for (peer, maybe) in held.chain([(ANYONE, 0)]) {
            for group in self.peers.get(peer).groups[slot(Direction::Egress)].iter() {
                let ports = self.ports.resolved(self.groups.get(*group).spec, class.declared);
                far.push([ports.sure, ports.possible, group << 1 | maybe]);
            }
        }
        if !self.slow_path.is_empty() {
            // Classes that are judged one by one may tell these classes apart by any peer and by what they declare.
            far.push([u32::MAX, u32::MAX, class.declared]);
            far.extend(class.peers().map(|it| [u32::MAX, it.peer(), u32::from(it.tri() == Tri::Maybe)]));
        }
        near.sort_unstable();
        near.dedup();
        far.sort_unstable();
        let parts = near.iter().chain([&[u32::MAX; 3]]).chain(&far);
        [head].into_iter().chain(parts.flatten().copied()).collect()
    }
}

//! Questions about one pod, one policy or one namespace.

use super::classes::ClassKind;
use super::peers::PeerKey;
use super::{Index, NO_CLASS, slot};
use crate::model::cluster::Cluster;
use crate::model::evidence::Gap;
use crate::model::finding::{ALLOWS_ALL, Finding, INERT_RULES, NO_PEER, SELECTS_NOTHING, TWO_ELEMENTS};
use crate::model::id::{ObjectId, PodId};
use crate::model::labels::NamespaceMatch;
use crate::model::place::Place;
use crate::model::policy::{Direction, PeerMatch, Policy, Tier};
use crate::net::verdict::{Considered, Tri};

/// What policies make of one pod.
#[derive(Clone, PartialEq, Debug)]
pub struct PodIsolation {
    /// Whether it may receive, and open, only what some rule allows.
    pub ingress: Tri,
    pub egress: Tri,
    /// All policies that govern it, in order of evaluation; `isolates` says in either direction.
    pub policies: Vec<Considered>,
    /// What we do not know about it.
    pub gaps: Vec<Gap>,
}

/// How many pods of a namespace are isolated; host-network and finished pods are in none of the first five.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct IsolationCounts {
    pub both: u32,
    pub ingress: u32,
    pub egress: u32,
    pub neither: u32,
    /// What we do not know could change it.
    pub unknown: u32,
    pub host_network: u32,
    pub finished: u32,
}

impl Index {
    /// What policies make of a pod; `None`: finished, unknown, or no longer read.
    ///
    /// Of a pod on the host network it is what they would make of it if they governed it (S37).
    pub fn isolation(&self, pod: &PodId) -> Option<PodIsolation> {
        let class = self.row_of(pod)?.class;
        let entries = self.classes.get(class).policies().iter().map(|it| self.policies.get(*it));
        let (plain, bending): (Vec<_>, Vec<_>) = entries.partition(|it| !it.bends_flows);
        let mut isolation = PodIsolation { ingress: Tri::No, egress: Tri::No, policies: Vec::new(), gaps: Vec::new() };
        for entry in plain {
            let governs = self.governs(entry, class);
            let isolates = |direction| if entry.isolates(direction) { governs } else { Tri::No };
            isolation.ingress = isolation.ingress.or(isolates(Direction::Ingress));
            isolation.egress = isolation.egress.or(isolates(Direction::Egress));
            if let Some(gap) = &entry.gap {
                isolation.gaps.push((**gap).clone());
                continue;
            }
            let isolates = Direction::ALL.iter().any(|it| entry.isolates(*it));
            let policy = entry.policy.clone();
            isolation.policies.push(Considered { policy, governs, isolates, fit: None, gap: None });
        }
        let bending =
            bending.into_iter().map(|it| it.gap.as_deref().cloned().unwrap_or(Gap::NotEvaluated(it.policy.id())));
        isolation.gaps.extend(bending);
        Some(isolation)
    }

    /// How many policies that we read govern a pod.
    pub fn policy_count(&self, pod: &PodId) -> usize {
        let Some(row) = self.row_of(pod) else { return 0 };
        self.classes.get(row.class).policies().iter().filter(|it| self.policies.get(**it).gap.is_none()).count()
    }

    /// The isolation of a namespace's pods, counted.
    pub fn isolation_counts(&self, cluster: &Cluster, namespace: &str) -> IsolationCounts {
        let mut counts = IsolationCounts::default();
        let Some(&id) = self.namespace_ids.get(namespace) else { return counts };
        let entry = self.namespaces.get(id);
        for class in entry.classes.iter().filter(|it| self.is_pod_class(*it)) {
            let pods = self.weight(class);
            *self.count_of(class, &mut counts) += pods;
        }
        counts.host_network = entry.pod_counts.hosts;
        let pods = cluster.pods.of(namespace);
        counts.finished = pods.iter().filter(|it| it.phase().is_finished()).count() as u32;
        counts
    }

    fn count_of<'a>(&self, class: u32, counts: &'a mut IsolationCounts) -> &'a mut u32 {
        let is_open = |direction| self.open[slot(direction)].has(class);
        let policies = self.classes.get(class).policies().iter().map(|it| self.policies.get(*it));
        if policies.into_iter().any(|it| it.bends_flows || self.governs(it, class) != Tri::Yes) {
            return &mut counts.unknown;
        }
        match (is_open(Direction::Ingress), is_open(Direction::Egress)) {
            (false, false) => &mut counts.both,
            (false, true) => &mut counts.ingress,
            (true, false) => &mut counts.egress,
            (true, true) => &mut counts.neither,
        }
    }

    /// How many running pods a policy governs, surely or maybe; host-network pods are passed by.
    pub fn target_count(&self, policy: &Policy) -> usize {
        let Some(id) = self.policy_id(policy) else { return 0 };
        let members = self.peers.get(self.policies.get(id).target).members();
        let pods = members.into_iter().filter(|(class, _)| self.is_pod_class(*class));
        pods.map(|(class, _)| self.weight(class) as usize).sum()
    }

    /// What a policy's author may not have meant; what was not understood of it is in its gaps.
    pub fn findings(&self, policy: &Policy) -> Vec<Finding> {
        let mut found = Vec::new();
        let Some(id) = self.policy_id(policy) else { return found };
        if policy.inert > 0 {
            let rules = if policy.inert == 1 { "rule" } else { "rules" };
            let what = format!("{} {rules} in a direction that it does not isolate: without effect", policy.inert);
            found.push(Finding::new(&INERT_RULES, Place::new("spec")).saying(what));
        }
        if self.target_count(policy) == 0 {
            found.push(Finding::new(&SELECTS_NOTHING, Place::new("spec.podSelector")));
        }
        for rule in self.policies.get(id).rules.iter() {
            // A row of a list may be what the policy was before the change that the index has seen.
            let Some(written) = policy.rules.get(rule.at as usize) else { continue };
            if !rule.peers.is_empty() && rule.peers.iter().all(|it| self.holds_nothing(it.0)) {
                found.push(Finding::new(&NO_PEER, written.place.clone()));
            }
            let any_port = written.ports.contains(&crate::model::port::PortMatch::Any);
            if any_port
                && written.peers.iter().any(|it| it.matches == PeerMatch::Anyone)
                && policy.tier == Tier::Namespace
            {
                found.push(Finding::new(&ALLOWS_ALL, written.place.clone()));
            }
            if let Some(place) = two_elements(&policy.meta.namespace, &written.peers) {
                found.push(Finding::new(&TWO_ELEMENTS, place));
            }
        }
        found
    }

    /// All that the index rests its answers on, pod by pod and in order: equal for equal clusters, however the index
    /// came to be.
    pub fn canonical(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (_, namespace) in self.namespaces.iter() {
            for row in namespace.pods.iter() {
                let classes = [row.class, row.host].map(|it| self.canonical_class(it));
                lines.push(format!("pod {}/{} {classes:?}", namespace.name, row.pod.name()));
            }
        }
        for (_, group) in self.groups.iter() {
            let key = &self.peers.get(group.peer).key;
            let pods = group.members.list().into_iter().map(|it| u64::from(self.weight(it))).sum::<u64>();
            lines.push(format!("group {:?} {key:?} {} {pods}", group.direction, self.ports.written(group.spec)));
        }
        // Placeholders of namespaces that are gone say nothing of anybody; those that do are beside the pods.
        let read = self.policies.iter().filter(|(_, it)| it.gap.is_none());
        lines.extend(read.map(|(_, it)| format!("policy {} {:?}", it.policy.id(), it.policy)));
        lines.push(format!("{:?}", self.firsts));
        lines.sort();
        lines
    }

    fn canonical_class(&self, class: u32) -> String {
        if class == NO_CLASS {
            return String::new();
        }
        let found = self.classes.get(class);
        let used = found.peers().filter(|it| self.peers.get(it.peer()).uses > 0);
        let mut peers: Vec<String> =
            used.map(|it| format!("{:?} {:?}", self.peers.get(it.peer()).key, it.tri())).collect();
        peers.sort();
        let policies: Vec<String> = found
            .policies()
            .iter()
            .map(|it| self.policies.get(*it))
            .map(|it| format!("{} {:?}", it.policy.id(), it.gap))
            .collect();
        let bits = [self.open[0].has(class), self.open[1].has(class), self.slow_path.has(class), self.live.has(class)];
        let beside = self.beside.of(class);
        format!("{:?} {:?} {peers:?} {policies:?} {bits:?} {beside:?}", found.sort, found.families)
    }

    /// Whether a class is one of pods on networks of their own.
    fn is_pod_class(&self, class: u32) -> bool {
        self.classes.get(class).sort == ClassKind::Pod
    }

    /// Whether a peer names pods and there are none of them; one on the host network is one, as it may be read (S38).
    fn holds_nothing(&self, peer: u32) -> bool {
        let entry = self.peers.get(peer);
        matches!(entry.key, PeerKey::Pods(_) | PeerKey::OwnNetworkPods(_))
            && entry.sure.is_empty()
            && entry.maybe.is_empty()
    }

    /// Whether this policy is one that the index holds.
    pub fn holds_policy(&self, policy: &ObjectId, cluster: &Cluster) -> bool {
        let found = cluster.policies.get_of_kind(&policy.namespace, &policy.name, policy.kind.as_str());
        found.is_some_and(|it| self.policy_id(it).is_some())
    }
}

/// The place of the second of two neighbors, one of whole namespaces and one of pods of the policy's own: likely one
/// dash too many, whichever comes first.
fn two_elements(home: &str, peers: &[crate::model::policy::Peer]) -> Option<Place> {
    let set = |at: usize| match peers.get(at).map(|it| &it.matches) {
        Some(PeerMatch::Pods(set)) => Some(set),
        _ => None,
    };
    (0..peers.len().saturating_sub(1)).find_map(|at| {
        let (first, second) = (set(at)?, set(at + 1)?);
        let spaces = |it: &crate::model::labels::SelectorSet| {
            matches!(&it.namespaces, NamespaceMatch::Labels(selector) if !selector.is_everything())
                && it.pods.is_everything()
        };
        let own = |it: &crate::model::labels::SelectorSet| {
            matches!(&it.namespaces, NamespaceMatch::Own(name) if name == home) && !it.pods.is_everything()
        };
        (spaces(first) && own(second) || own(first) && spaces(second)).then(|| peers[at + 1].place.clone())
    })
}

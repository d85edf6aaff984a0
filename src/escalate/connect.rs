//! A connection by whatever way: from where somebody stands, from where they can come to stand, past the network, or
//! by changing who may connect.
//!
//! ```text
//! N01  from a pod that is held                          N30  by port-forward, which no policy sees
//! N10  from a new pod with labels that a rule allows    N50  with a policy that allows it
//! N11  from a held pod with other labels                N14  with other labels on the target
//! ```
//!
//! What is written is tried on a copy of the cluster at once, so that only ways that work are told.

mod label_sets;

use std::collections::BTreeSet;

use crate::kinds::{self, Intern};
use crate::model::cluster::{AnyFact, Cluster, Delta, Entry};
use crate::model::evidence::Outcome;
use crate::model::facts::{Phase, Pod, SharedPod};
use crate::model::id::{Kind, PodId};
use crate::model::name::Name;
use crate::model::policy::Direction;
use crate::net::verdict::End;
use crate::rbac::capability::Need;
use crate::rbac::served::Reach;

use self::label_sets::{Keys, TRIES, sets};
use super::Ground;
use super::admission::admitted;
use super::edges::{CREATES_PODS, Edge, Trace, core};
use super::foothold::Foothold;
use super::goal::Target;
use super::held::Held;
use super::rights::{Right, rights};
use super::step::{Because, Certainty, Step};
use crate::model::security::SecurityLevel;

/// An edge whose ways are found here, since they depend on where the connection goes.
const fn edge(id: &'static str, name: &'static str, what: &'static str, needs: &'static str, leaves: Trace) -> Edge {
    let sources: &[&str] = &["https://kubernetes.io/docs/concepts/services-networking/network-policies/"];
    Edge { id, name, what, needs, leaves, undo: "write back what was there", sources, moves: |_, _| {} }
}

const STAND: Edge = edge(
    "N01",
    "connect from a pod",
    "every connection that policies allow to the pod or node that one stands in",
    "code in the pod, or root on the node",
    Trace::Unseen,
);
const FORGE: Edge = edge(
    "N10",
    "create a pod that a policy allows",
    "every connection that policies allow to pods of some labels",
    "create pods or workloads in a namespace that the rule selects",
    Trace::Object,
);
const RELABEL: Edge = edge(
    "N11",
    "change a pod's labels",
    "every connection that policies allow to pods of other labels, or to pods that no policy selects",
    "patch or update pods, or pods/status",
    Trace::Object,
);
const RELABEL_TARGET: Edge = edge(
    "N14",
    "change the target's labels",
    "a target that no policy selects",
    "patch or update pods, or pods/status",
    Trace::Object,
);
const FORWARD: Edge = edge(
    "N30",
    "forward a port",
    "every port of a pod, past all policies",
    "create pods/portforward (before 1.35 also get), and the pod runs",
    Trace::Audited,
);
const PROXY: Edge = edge(
    "N31",
    "connect through the API server's proxy",
    "HTTP to a port of a pod, from the API server",
    "get or create pods/proxy, services/proxy or nodes/proxy",
    Trace::Audited,
);
const OPEN: Edge = edge(
    "N50",
    "write a network policy",
    "every connection to and from pods of the namespace, since policies add",
    "create, update, patch or delete networkpolicies",
    Trace::Object,
);

/// The edges of this file, for the documents.
pub const EDGES: &[&Edge] = &[&STAND, &FORGE, &RELABEL, &RELABEL_TARGET, &FORWARD, &PROXY, &OPEN];

const FORWARDS: &[Need] = &[core(&["create"], "pods/portforward")];
const PROXIES: &[Need] = &[core(&["get", "create"], "pods/proxy")];
const LABELS: &[Need] = &[core(&["patch", "update"], "pods"), core(&["patch", "update"], "pods/status")];
const NETWORKING: &str = "networking.k8s.io";
const CREATE_POLICY: &[Need] = &[Need { verbs: &["create"], group: NETWORKING, resource: "networkpolicies" }];
const CHANGE_POLICY: &[Need] = &[Need { verbs: &["patch", "update"], group: NETWORKING, resource: "networkpolicies" }];
const DELETE_POLICY: &[Need] = &[Need { verbs: &["delete"], group: NETWORKING, resource: "networkpolicies" }];

/// One target with what is asked of it again and again.
struct Case<'a> {
    ground: &'a Ground<'a>,
    held: &'a Held,
    text: &'a Name,
    target: &'a Target,
}

/// The steps of the shortest way to some of these targets.
pub(super) fn way(
    ground: &Ground<'_>,
    held: &Held,
    text: &Name,
    targets: &[Target],
    moves: Certainty,
) -> Option<Vec<Step>> {
    let cases = targets.iter().map(|target| Case { ground, held, text, target });
    let steps: Vec<Step> = cases.flat_map(|it| it.steps()).filter(|it| it.certainty <= moves).collect();
    let ways = steps.into_iter().map(|step| {
        let mut way: Vec<Step> = Vec::new();
        for before in step.with.iter().chain([&step.from]) {
            for one in held.way_to(before) {
                if !way.iter().any(|it| it.to == one.to) {
                    way.push(one.clone());
                }
            }
        }
        way.push(step);
        way
    });
    ways.min_by_key(Vec::len)
}

impl Case<'_> {
    /// Every last step there is, the plainest first.
    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        self.standing(&mut steps);
        self.past_the_network(&mut steps);
        self.forging(&mut steps);
        // Whoever stands where it goes needs no more to stand there.
        if !steps.iter().any(|it| it.edge == &STAND && it.certainty == Certainty::Certain) {
            self.with_other_labels(&mut steps);
            self.with_policies(&mut steps);
        }
        steps
    }

    fn to(&self) -> Foothold {
        Foothold::Connection(self.text.clone())
    }

    fn rights(&self, needs: &'static [Need]) -> impl Iterator<Item = Right<'_>> {
        rights(&self.held.holders, needs, Reach::Namespaced)
    }

    fn target_pod(&self) -> Option<&SharedPod> {
        match &self.target.end {
            End::Pod(id) => self.ground.pod(id),
            _ => None,
        }
    }

    /// Where somebody stands in the network.
    fn places(&self) -> impl Iterator<Item = (&Foothold, End)> {
        self.held.entries().iter().filter_map(|it| match &it.foothold {
            Foothold::Pod(id) => Some((&it.foothold, End::Pod(id.clone()))),
            Foothold::Node(name) => Some((&it.foothold, End::Node(name.clone()))),
            _ => None,
        })
    }

    /// The same, of pods that policies cannot tell apart the nearest alone.
    fn distinct_places(&self) -> Vec<(&Foothold, End)> {
        let mut seen = BTreeSet::new();
        let is_new = |(_, end): &(&Foothold, End)| match end {
            End::Pod(id) => {
                let labels = self.ground.pod(id).map(|it| it.labels().whole().into_owned());
                seen.insert((id.namespace.clone(), labels))
            }
            End::Node(_) | End::Address(_) => true,
        };
        self.places().filter(is_new).collect()
    }

    fn outcome(&self, from: &End) -> Outcome {
        self.ground.net.trace(self.ground.cluster, from, &self.target.end, self.target.port).outcome()
    }

    fn connects(&self, from: &End) -> Because {
        Because::Connects { from: from.clone(), to: self.target.end.clone(), port: self.target.port }
    }

    /// N01: the first place from which it goes; else the first from which it may.
    fn standing(&self, steps: &mut Vec<Step>) {
        let mut unsure = None;
        for (held, end) in self.places() {
            match self.outcome(&end) {
                Outcome::Allow => {
                    steps.push(Step::new(&STAND, held, self.to()).because(self.connects(&end)));
                    return;
                }
                Outcome::Unknown if unsure.is_none() => {
                    let what = "whether policies allow the connection is not known";
                    let step = Step::new(&STAND, held, self.to()).because(self.connects(&end));
                    unsure = Some(step.unsure(None, what));
                }
                _ => {}
            }
        }
        steps.extend(unsure);
    }

    /// N30 and N31.
    fn past_the_network(&self, steps: &mut Vec<Step>) {
        let Some(pod) = self.target_pod().filter(|it| it.mold.phase == Phase::Running) else { return };
        let (namespace, name) = (pod.namespace(), pod.name().to_name());
        let runs = || Because::State { object: pod.pod_id().object(), what: "runs".into() };
        for (edge, needs) in [(&FORWARD, FORWARDS), (&PROXY, PROXIES)] {
            for right in self.rights(needs).filter(|it| it.is_in(namespace) && it.is_of(&name)) {
                let step = Step::new(edge, right.foothold(), self.to());
                let step = step.because(right.because(self.ground, namespace, &name)).because(runs());
                steps.push(match edge.id {
                    "N30" => step,
                    _ => step.unsure(None, "whether policies let the API server connect depends on the network plugin"),
                });
            }
        }
    }

    /// N10.
    fn forging(&self, steps: &mut Vec<Step>) {
        let mut tried = BTreeSet::new();
        for right in self.rights(CREATES_PODS).filter(|it| it.is_of_all()) {
            for namespace in self.ground.namespaces(&right) {
                if !tried.insert(namespace.clone()) {
                    continue;
                }
                let blank = Pod::named(namespace.clone(), "reach-new");
                let Some((pod, outcome)) = self.forged(&blank, &namespace) else { continue };
                let from = End::Pod(pod.pod_id());
                let step = Step::new(&FORGE, right.foothold(), self.to());
                let step = step.because(right.because(self.ground, &namespace, ""));
                let step = step.writing(Delta::Put(Entry::new(AnyFact::Pod(pod.into())))).because(self.connects(&from));
                let step = match outcome {
                    Outcome::Allow => step,
                    _ => step.unsure(None, "whether policies allow the connection depends on the new pod's address"),
                };
                let level = SecurityLevel::Restricted;
                steps.extend(admitted(self.ground, &self.held.holders, step, &namespace, level));
            }
        }
    }

    /// N11 and N14.
    fn with_other_labels(&self, steps: &mut Vec<Step>) {
        let held: Vec<(&Foothold, PodId)> = self
            .distinct_places()
            .into_iter()
            .filter_map(|(held, end)| match end {
                End::Pod(id) => Some((held, id)),
                _ => None,
            })
            .collect();
        for right in self.rights(LABELS) {
            let is_for = |id: &PodId| right.is_in(&id.namespace) && right.is_of(&id.name);
            for (held, id) in held.iter().filter(|(_, id)| is_for(id)) {
                let Some(pod) = self.ground.pod(id) else { continue };
                let Some((pod, Outcome::Allow)) = self.forged(pod, &id.namespace) else { continue };
                let step = Step::new(&RELABEL, held, self.to()).with(right.foothold());
                let step = step.because(right.because(self.ground, &id.namespace, &id.name));
                let step = step.writing(Delta::Put(Entry::new(AnyFact::Pod(pod.into()))));
                steps.push(step.because(self.connects(&End::Pod(id.clone()))));
            }
            let target = self.target_pod().map(|it| it.pod_id()).filter(|it| is_for(it));
            if let Some(id) = target {
                self.with_target_relabelled(&right, &id, steps);
            }
        }
    }

    fn with_target_relabelled(&self, right: &Right<'_>, id: &PodId, steps: &mut Vec<Step>) {
        let Some(pod) = self.ground.pod(id) else { return };
        let keys = self.keys_of_target(&id.namespace);
        for (held, from) in self.distinct_places() {
            let mut copy = Copy::of(self.ground);
            for labels in sets(&keys, &pod.labels().whole()) {
                let changed = (**pod).clone().dressed(&labels);
                copy.put(AnyFact::Pod(changed.clone().into()));
                if copy.outcome(&from, self.target) != Outcome::Allow {
                    continue;
                }
                let step = Step::new(&RELABEL_TARGET, held, self.to()).with(right.foothold());
                let step = step.because(right.because(self.ground, &id.namespace, &id.name));
                let step = step.writing(Delta::Put(Entry::new(AnyFact::Pod(changed.into()))));
                steps.push(step.because(self.connects(&from)));
                return;
            }
        }
    }

    /// N50: policies that allow everything, at the target, at the source, or at both.
    fn with_policies(&self, steps: &mut Vec<Step>) {
        let target = self.target_pod().map(|it| it.namespace().clone());
        for (held, from) in self.distinct_places() {
            let source = match &from {
                End::Pod(id) => Some(id.namespace.clone()),
                _ => None,
            };
            let mut copy = Copy::of(self.ground);
            let mut step = Step::new(&OPEN, held, self.to());
            for namespace in target.iter().chain(source.iter().filter(|it| Some(*it) != target.as_ref())) {
                let Some((right, name, writes)) = self.opening(namespace) else { continue };
                step = step.with(right.foothold()).because(right.because(self.ground, namespace, &name));
                for write in writes {
                    copy.apply(write.clone());
                    step = step.writing(write);
                }
                if copy.outcome(&from, self.target) == Outcome::Allow {
                    steps.push(step.because(self.connects(&from)));
                    return;
                }
            }
        }
    }

    /// How somebody opens a namespace: a new policy, a changed one, or all of them deleted.
    fn opening(&self, namespace: &Name) -> Option<(Right<'_>, Name, Vec<Delta>)> {
        let here = |it: &Right<'_>| it.is_in(namespace);
        if let Some(right) = self.rights(CREATE_POLICY).find(|it| here(it) && it.is_of_all()) {
            return Some((right, Name::empty(), vec![open_policy(namespace, "reach-open")?]));
        }
        let policies = || {
            let all = self.ground.cluster.policies.of(namespace).iter();
            all.filter(|it| it.kind == Kind::NETWORK_POLICY)
        };
        for right in self.rights(CHANGE_POLICY).filter(here) {
            if let Some(policy) = policies().find(|it| right.is_of(&it.meta.name)) {
                let name = policy.meta.name.clone();
                let write = open_policy(namespace, &name)?;
                return Some((right, name, vec![write]));
            }
        }
        let all_gone =
            self.rights(DELETE_POLICY).filter(here).find(|right| policies().all(|it| right.is_of(&it.meta.name)));
        let first = policies().next().map(|it| it.meta.name.clone())?;
        all_gone.map(|right| (right, first, policies().map(|it| Delta::Gone(it.id())).collect()))
    }

    /// A pod like this one with the labels under which it connects, and whether it surely does.
    fn forged(&self, pod: &Pod, namespace: &Name) -> Option<(Pod, Outcome)> {
        let mut copy = Copy::of(self.ground);
        let keys = self.keys_of_source(namespace);
        let from = End::Pod(pod.pod_id());
        let mut unsure = None;
        let sets = sets(&keys, &pod.labels().whole());
        let is_cut = sets.len() > TRIES;
        for labels in sets.into_iter().take(TRIES) {
            let forged = pod.clone().dressed(&labels);
            copy.put(AnyFact::Pod(forged.clone().into()));
            match copy.outcome(&from, self.target) {
                Outcome::Allow => return Some((forged, Outcome::Allow)),
                Outcome::Unknown if unsure.is_none() => unsure = Some((forged, Outcome::Unknown)),
                _ => {}
            }
        }
        // More sets than were tried: whether one of them would do is not known.
        unsure.or_else(|| is_cut.then(|| (pod.clone(), Outcome::Unknown)))
    }

    /// What decides about a source: who is isolated in its namespace, and whom the target's policies allow.
    fn keys_of_source(&self, namespace: &str) -> Keys {
        let mut keys = Keys::default();
        for policy in self.ground.cluster.policies.of(namespace).iter().filter(|it| it.isolates.egress) {
            keys.read(&policy.target.pods);
        }
        let Some(target) = self.target_pod() else { return keys };
        let policies = self.ground.cluster.policies.of(target.namespace()).iter();
        for policy in policies.filter(|it| it.isolates.ingress && it.target.pods.matches(&target.labels())) {
            policy.rules_of(Direction::Ingress).for_each(|(_, rule)| keys.read_peers(rule));
        }
        keys
    }

    /// What decides about the target: which policies select it.
    fn keys_of_target(&self, namespace: &str) -> Keys {
        let mut keys = Keys::default();
        for policy in self.ground.cluster.policies.of(namespace).iter().filter(|it| it.isolates.ingress) {
            keys.read(&policy.target.pods);
        }
        keys
    }
}

/// A NetworkPolicy that allows everything for all pods of a namespace.
fn open_policy(namespace: &str, name: &str) -> Option<Delta> {
    let spec = kinds::spec(Kind::NETWORK_POLICY)?;
    let open = r#""podSelector":{},"policyTypes":["Ingress","Egress"],"ingress":[{}],"egress":[{}]"#;
    let json = format!(r#"{{"metadata":{{"name":"{name}"}},"spec":{{{open}}}}}"#);
    spec.read_json(&json, namespace, &mut Intern::new()).delta()
}

/// A copy of the cluster that is written to.
struct Copy {
    cluster: Cluster,
    net: crate::net::Index,
}

impl Copy {
    fn of(ground: &Ground<'_>) -> Self {
        Self { cluster: ground.cluster.clone(), net: ground.net.clone() }
    }

    fn put(&mut self, fact: AnyFact) {
        self.apply(Delta::Put(Entry::new(fact)));
    }

    fn apply(&mut self, delta: Delta) {
        let changes = self.cluster.apply(delta);
        self.net.apply(&self.cluster, &changes);
    }

    fn outcome(&self, from: &End, target: &Target) -> Outcome {
        self.net.trace(&self.cluster, from, &target.end, target.port).outcome()
    }
}

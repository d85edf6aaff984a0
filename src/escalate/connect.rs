//! A connection by whatever way: from where somebody stands, from where they can come to stand, past the network, or
//! by changing who may connect.
//!
//! ```text
//! N01  from a pod that is held                          N30  by port-forward, which no policy sees
//! N10  from a new pod with labels that a rule allows    N50  with a policy that allows it
//! N11  from a held pod with other labels                N14  with other labels on the target
//! N16  with other labels on a namespace                 N17  from a new namespace
//! N34  by a kubelet's probe                             N36  by others who connect: N37 to N39
//! ```
//!
//! These edges depend on where the connection goes, so that they are asked once all else is held: each is a row of
//! [`EDGES`] and gives last steps. What is written is tried on a copy of the cluster at once, so that only ways that
//! work are told.

mod allow_policy;
mod forge;
pub mod label_sets;
mod past;
mod probe;
mod publish;
mod relabel;
mod spaces;
mod stand;
mod template;

use std::cell::RefCell;

use rustc_hash::FxHashSet;

use crate::model::cluster::{AnyFact, Delta, ReadObject};
use crate::model::evidence::Outcome;
use crate::model::facts::{Pod, SharedPod};
use crate::model::name::Name;
use crate::net::verdict::End;

use self::label_sets::{LabelSetKeys, TRIES, sets};
use super::Ground;
use super::edges::{Edge, MoveTrace};
use super::foothold::Foothold;
use super::goal::Target;
use super::held::Held;
use super::powers::{Asks, Permission};
use super::region::Region;
use super::replay::Copy;
use super::rights::Right;
use super::step::{Because, Certainty, Step};

/// An edge whose ways are found here, since they depend on where the connection goes.
const fn edge(
    id: &'static str,
    name: &'static str,
    what: &'static str,
    needs: &'static str,
    limits: &'static str,
    leaves: MoveTrace,
    asks: Asks,
) -> Edge {
    let sources: &[&str] = &["https://kubernetes.io/docs/concepts/services-networking/network-policies/"];
    let undo = match leaves {
        MoveTrace::Object => "write back what was there, or delete what was made",
        MoveTrace::Audited | MoveTrace::Unseen => "nothing stays",
    };
    Edge { id, name, what, needs, limits, leaves, undo, sources, together: None, asks, moves: |_, _| {} }
}

/// The edges of this folder, for the documents.
pub static EDGES: &[&Edge] = &[
    &stand::STAND,
    &forge::FORGE,
    &template::TEMPLATE,
    &relabel::RELABEL,
    &relabel::RELABEL_TARGET,
    &past::FORWARD,
    &past::PROXY,
    &past::SERVICE_PROXY,
    &allow_policy::ALLOW_POLICY,
    &spaces::RELABEL,
    &spaces::CREATE,
    &probe::PROBE,
    &publish::API_SERVER,
    &publish::INGRESS,
    &publish::EXPOSE,
    &publish::STEER,
];

/// The edge of this id, if it is one of them.
pub fn edge_of(id: &str) -> Option<&'static Edge> {
    EDGES.iter().copied().find(|it| it.id == id)
}

/// How last steps are found.
type Find = fn(&Case<'_>, &mut Vec<Step>);

/// Every way to make a last step, the plainest first, each with the fewest steps that lead there and make it.
const WAYS: &[(Find, usize)] = &[
    (stand::steps, 1),
    (past::steps, 1),
    (forge::steps, 1),
    (template::steps, 1),
    (relabel::steps, 2),
    (allow_policy::steps, 2),
    (spaces::steps, 1),
    (probe::steps, 1),
    (publish::steps, 1),
];

/// One target with what is asked of it again and again.
struct Case<'a> {
    ground: &'a Ground<'a>,
    held: &'a Held,
    text: &'a Name,
    target: &'a Target,
    /// A copy of the cluster on which writes are tried; as it was again after each.
    copy: &'a RefCell<Copy<'a>>,
}

/// The steps of the shortest way to some of these targets.
pub(super) fn way<'a>(
    ground: &'a Ground<'a>,
    held: &'a Held,
    text: &'a Name,
    targets: &'a [Target],
    moves: Certainty,
) -> Option<Vec<Step>> {
    let ways = last_steps(ground, held, text, targets, moves).into_iter().map(|step| {
        let mut way: Vec<Step> = Vec::new();
        for before in step.with.iter().chain([&step.from]) {
            for one in held.way_to(ground, before) {
                if !way.iter().any(|it| it.to == one.to) {
                    way.push(one);
                }
            }
        }
        way.push(step);
        way
    });
    ways.min_by_key(Vec::len)
}

/// So many steps every way to some of these targets has at least; `None`: there is none.
pub(super) fn least<'a>(
    ground: &'a Ground<'a>,
    held: &'a Held,
    text: &'a Name,
    targets: &'a [Target],
    moves: Certainty,
) -> Option<u32> {
    let cost = |it: &Foothold| held.entry_of(ground, it).map_or(0, |at| held.entries()[at as usize].cost);
    let behind = |step: Step| step.with.iter().chain([&step.from]).map(cost).max().unwrap_or(0) + 1;
    last_steps(ground, held, text, targets, moves).into_iter().map(behind).min()
}

fn last_steps<'a>(
    ground: &'a Ground<'a>,
    held: &'a Held,
    text: &'a Name,
    targets: &'a [Target],
    moves: Certainty,
) -> Vec<Step> {
    let copy = RefCell::new(Copy::of(ground));
    let cases = targets.iter().map(|target| Case { ground, held, text, target, copy: &copy });
    cases.flat_map(|it| it.steps()).filter(|it| it.certainty <= moves).collect()
}

impl<'a> Case<'a> {
    /// Every last step there is, the plainest first.
    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut shortest = usize::MAX;
        for (find, fewest) in WAYS {
            // What is no shorter than a way that is found is not looked for.
            if *fewest < shortest {
                find(self, &mut steps);
            }
            for step in steps.iter().filter(|it| it.certainty == Certainty::Certain) {
                if self.is_first(step) {
                    return steps;
                }
                if step.edge == &stand::STAND {
                    shortest = self.held.way_to(self.ground, &step.from).len() + 1;
                }
            }
        }
        steps
    }

    /// Whether a step needs nothing but what was held at the start.
    fn is_first(&self, step: &Step) -> bool {
        let is_at_start = |it: &Foothold| self.held.entry_of(self.ground, it) == Some(0);
        is_at_start(&step.from) && step.with.iter().all(is_at_start)
    }

    fn to(&self) -> Foothold {
        Foothold::Connection(self.text.clone())
    }

    fn rights(&self, power: &'static Permission) -> impl Iterator<Item = &'a Right> {
        self.held.rights_of(power, 0)
    }

    /// A last step by a right.
    fn by(&self, edge: &'static Edge, right: &Right, namespace: &str, name: &str) -> Step {
        let step = Step::new(edge, right.foothold(self.held), self.to());
        step.because(right.because(self.held, namespace, name))
    }

    /// The namespaces in which a right holds.
    fn namespaces(&self, right: &Right) -> Vec<Name> {
        match right.scope.is_empty() {
            true => self.ground.all_namespaces().to_vec(),
            false => vec![right.scope.clone()],
        }
    }

    fn target_pod(&self) -> Option<&'a SharedPod> {
        match &self.target.end {
            End::Pod(id) => self.ground.cluster.pods.get(&id.namespace, &id.name),
            _ => None,
        }
    }

    /// Where somebody stands in the network, nearest first.
    fn places(&self) -> Vec<(Foothold, End)> {
        self.ends(|pods| pods.iter().collect())
    }

    /// The same, of pods that policies cannot tell apart the first alone.
    fn distinct_places(&self) -> Vec<(Foothold, End)> {
        self.ends(|pods| pods.iter().take(1).collect())
    }

    /// The ends of all that is held, of pods of one template those that `pick` leaves.
    fn ends(&self, pick: impl Fn(&[SharedPod]) -> Vec<&SharedPod>) -> Vec<(Foothold, End)> {
        let mut seen = FxHashSet::default();
        let mut all = Vec::new();
        let mut put = |foothold: Foothold| {
            if !seen.insert(foothold.clone()) {
                return;
            }
            all.extend(match &foothold {
                Foothold::Pod(id) => Some((foothold.clone(), End::Pod(id.clone()))),
                Foothold::Node(name) => Some((foothold.clone(), End::Node(name.clone()))),
                _ => None,
            });
        };
        for entry in self.held.entries() {
            match &entry.region {
                Region::One(it) => put(it.clone()),
                Region::Nodes => self.ground.nodes().iter().cloned().map(Foothold::Node).for_each(&mut put),
                Region::PodsOn(node) => {
                    self.ground.pods_on(node).iter().map(|it| Foothold::Pod(it.pod_id())).for_each(&mut put);
                }
                Region::Pods(namespace, which) => {
                    let all = self.ground.all_namespaces();
                    let of = if namespace.is_empty() { &all[..] } else { std::slice::from_ref(namespace) };
                    for place in of.iter().map(|it| self.ground.place(it)) {
                        let classes = place.classes(self.ground, *which).map(|it| &place.pods[it.0 as usize]);
                        let pods = classes.flat_map(|it| pick(&it.pods));
                        pods.map(|it| Foothold::Pod(it.pod_id())).for_each(&mut put);
                    }
                }
                _ => {}
            }
        }
        all
    }

    fn outcome(&self, from: &End) -> Outcome {
        self.ground.net.trace(self.ground.cluster, from, &self.target.end, self.target.port).outcome()
    }

    /// What the connection comes to once this is written; it is taken back.
    fn tried(&self, writes: &[Delta], from: &End) -> Outcome {
        let mut copy = self.copy.borrow_mut();
        copy.trying(writes, |copy| copy.connects(from, &self.target.end, self.target.port))
    }

    fn connects(&self, from: &End) -> Because {
        Because::Connects { from: from.clone(), to: self.target.end.clone(), port: self.target.port }
    }

    /// A pod like this one with the labels under which it connects, and whether it surely does.
    fn forged(&self, pod: &Pod, namespace: &Name) -> Option<(Pod, Outcome)> {
        let keys = LabelSetKeys::of_source(self.ground.cluster, namespace, self.target_pod());
        let from = End::Pod(pod.pod_id());
        let mut unsure = None;
        let sets = sets(&keys, &pod.labels().whole());
        let is_cut = sets.len() > TRIES;
        for labels in sets.into_iter().take(TRIES) {
            let forged = pod.clone().with_labels(&labels);
            match self.tried(&[put(forged.clone())], &from) {
                Outcome::Allow => return Some((forged, Outcome::Allow)),
                Outcome::Unknown if unsure.is_none() => unsure = Some((forged, Outcome::Unknown)),
                _ => {}
            }
        }
        // More sets than were tried: whether one of them would do is not known.
        unsure.or_else(|| is_cut.then(|| (pod.clone(), Outcome::Unknown)))
    }
}

/// A pod as a write.
fn put(pod: Pod) -> Delta {
    Delta::Put(ReadObject::new(AnyFact::Pod(pod.into())))
}

//! One write that may let a flow pass: what it changes, and whose right lets somebody do it.
//!
//! ```text
//! N50  create networkpolicy/pay/allow-all      create networkpolicies in pay
//! N11  pod/dev/shell: labels app=web           patch pods shell in dev
//! N16  namespace/dev: labels team=shop         patch namespaces dev
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::change::edits::Op;
use crate::escalate::connect::edge_of;
use crate::escalate::edges::{Edge, SELF};
use crate::escalate::moves::{new_name, workload_kind};
use crate::escalate::powers::Permission;
use crate::escalate::rights::Right;
use crate::escalate::{Ground, Held};
use crate::kinds::{self, Intern, written_policy};
use crate::model::cluster::{AnyFact, Delta, ReadObject};
use crate::model::facts::{Namespace, Pod, SharedPod};
use crate::model::id::{Kind, ObjectId, PodId, WorkloadId};
use crate::model::labels::Labels;
use crate::model::name::Name;
use crate::model::policy::{Direction, Directions, Policy};

/// What is done, to be done by whoever may.
#[derive(Clone, Debug)]
pub enum Act {
    /// A policy is created that allows everything in these directions.
    Open { namespace: Name, directions: Directions },
    /// A policy is changed so that it allows everything in these directions, and selects all pods where it does not select those at the gate.
    Widen { policy: Arc<Policy>, directions: Directions, selects: bool },
    /// Policies are deleted.
    Delete(Vec<Arc<Policy>>),
    /// A pod is created in place of another, with other labels.
    Stand(Box<Pod>),
    /// Labels of pods are changed: of those that connect, or of those that are connected to.
    Relabel { pods: Vec<(SharedPod, Pod)>, labels: LabelChange, is_target: bool },
    /// The labels of a workload's template are changed: its new pods have them.
    Template { workload: WorkloadId, pods: Vec<(SharedPod, Pod)>, labels: LabelChange },
    /// Labels of a namespace are changed.
    Space { before: Option<Arc<Namespace>>, after: Arc<Namespace>, labels: LabelChange },
}

/// How labels are changed: what each key is set to; `None`: it is taken away.
pub type LabelChange = BTreeMap<Name, Option<Name>>;

/// One write, as it is told.
#[derive(Clone, PartialEq, Debug)]
pub struct ToldWrite {
    pub op: Op,
    /// Of an object that is there what is set of it.
    pub object: Value,
    pub what: String,
}

/// The rights by which something is done, each with the name of the object (empty: any).
pub type ActRights<'h> = Vec<(&'h Right, Name)>;

/// What a new object is called where any name will do.
const POLICY: &str = "allow-all";
const POD: &str = "sidestep";

impl Act {
    /// The step that it is.
    pub fn edge(&self) -> &'static Edge {
        let id = match self {
            Act::Open { .. } | Act::Widen { .. } | Act::Delete(_) => "N50",
            Act::Stand(_) => "N10",
            Act::Relabel { is_target: false, .. } => "N11",
            Act::Relabel { is_target: true, .. } => "N14",
            Act::Template { .. } => "N15",
            Act::Space { .. } => "N16",
        };
        edge_of(id).unwrap_or(&SELF)
    }

    /// What whoever does it must be allowed.
    pub fn permission(&self) -> &'static Permission {
        let at = match self {
            Act::Widen { .. } => 1,
            Act::Delete(_) => 2,
            _ => 0,
        };
        self.edge().asks.powers()[at]
    }

    /// Where it is done.
    pub fn namespace(&self) -> &Name {
        match self {
            Act::Open { namespace, .. } => namespace,
            Act::Widen { policy, .. } => &policy.meta.namespace,
            Act::Delete(all) => &all[0].meta.namespace,
            Act::Stand(pod) => pod.namespace(),
            Act::Relabel { pods, .. } => pods[0].0.namespace(),
            Act::Template { workload, .. } => &workload.namespace,
            Act::Space { after, .. } => &after.meta.name,
        }
    }

    /// The rights by which whoever holds all this does it; `None`: they may not.
    pub fn by<'h>(&self, ground: &Ground<'_>, held: &'h Held) -> Option<ActRights<'h>> {
        let (permission, namespace) = (self.permission(), self.namespace());
        let on = |name: &Name| held.right_on(permission, namespace, name).map(|it| (it, name.clone()));
        match self {
            Act::Open { .. } | Act::Stand(_) => {
                let named = |it: &'h Right| Some((it, new_name(ground, it, namespace)?));
                held.rights_in(permission, namespace).find_map(named).map(|it| vec![it])
            }
            Act::Widen { policy, .. } => on(&policy.meta.name).map(|it| vec![it]),
            Act::Delete(all) => all.iter().map(|it| deleting(held, permission, it)).collect(),
            Act::Relabel { pods, .. } => pods.iter().map(|it| on(&it.0.name().to_name())).collect(),
            Act::Space { after, .. } => on(&after.meta.name).map(|it| vec![it]),
            Act::Template { workload, .. } => {
                let kind = kind_of(workload);
                let is_its = |it: &&Right| workload_kind(it.need.resource) == kind && it.is_of(&workload.name);
                held.rights_in(permission, namespace).find(is_its).map(|it| vec![(it, workload.name.clone())])
            }
        }
    }

    /// What a cluster comes to know by it; a new object has this name (empty: any).
    pub fn deltas(&self, name: &str) -> Vec<Delta> {
        let pods = |all: &[(SharedPod, Pod)]| all.iter().map(|it| put(AnyFact::Pod(it.1.clone().into()))).collect();
        match self {
            Act::Open { .. } | Act::Widen { selects: false, .. } => {
                let json = self.policy(name).to_string();
                let read = kinds::WRITTEN_POLICY.read_json(&json, self.namespace(), &mut Intern::new());
                read.delta().into_iter().collect()
            }
            Act::Widen { policy, directions, .. } => vec![put(AnyFact::Policy(widened(policy, *directions)))],
            Act::Delete(all) => all.iter().map(|it| Delta::Gone(it.id())).collect(),
            Act::Stand(pod) => {
                let labels = pod.labels().whole().into_owned();
                let mut new = Pod::named(pod.namespace().clone(), if name.is_empty() { POD } else { name });
                new = new.with_labels(&labels);
                vec![put(AnyFact::Pod(new.into()))]
            }
            Act::Relabel { pods: all, .. } | Act::Template { pods: all, .. } => pods(all),
            Act::Space { after, .. } => vec![put(AnyFact::Namespace(after.clone()))],
        }
    }

    /// The pod that connects in place of the others, called so.
    pub fn new_pod(&self, name: &str) -> Option<PodId> {
        match self {
            Act::Stand(pod) => {
                let name = if name.is_empty() { POD } else { name };
                Some(PodId { namespace: pod.namespace().clone(), name: name.into() })
            }
            _ => None,
        }
    }

    /// What is written by these rights, object by object.
    pub fn writes(&self, by: &ActRights<'_>) -> Vec<ToldWrite> {
        let first = || by.first().map_or("", |it| it.1.as_str());
        match self {
            Act::Open { directions, .. } => {
                let object = self.policy(first());
                let what = format!("a new policy that allows all {}", words(*directions));
                vec![ToldWrite { op: Op::Create, what: named(&object, &what), object }]
            }
            Act::Widen { policy, directions, selects } => {
                let whom = if *selects { "" } else { " of all pods" };
                let what = format!("{}: allows all {}{whom}", policy.id(), words(*directions));
                vec![ToldWrite { op: Op::Update, object: self.policy(&policy.meta.name), what }]
            }
            Act::Delete(all) => all.iter().map(|it| gone(it)).collect(),
            Act::Stand(pod) => vec![new_pod(pod, first(), by.first().map(|it| it.0))],
            Act::Relabel { pods, labels, .. } => pods.iter().map(|it| relabelled(&it.0, labels)).collect(),
            Act::Template { workload, labels, .. } => vec![template(workload, labels)],
            Act::Space { after, labels, .. } => {
                let name = &after.meta.name;
                let object = labelled(kinds::bare_object(Kind::NAMESPACE, "", name), labels);
                vec![ToldWrite { op: Op::Update, object, what: format!("namespace/{name}: {}", told(labels)) }]
            }
        }
    }

    /// The policy that is created, or what is set of one that is there.
    fn policy(&self, name: &str) -> Value {
        let (directions, own, selects) = match self {
            Act::Open { directions, .. } => (*directions, POLICY, false),
            Act::Widen { policy, directions, selects } => (*directions, policy.meta.name.as_str(), *selects),
            _ => return Value::Null,
        };
        let name = if name.is_empty() { own } else { name };
        let chosen: Vec<Direction> = Direction::ALL.into_iter().filter(|it| directions.has(*it)).collect();
        let mut spec = if selects { json!({}) } else { written_policy::isolating(json!({}), &chosen) };
        chosen.iter().for_each(|it| spec[it.as_str()] = json!([{}]));
        written_policy::policy(self.namespace(), name, spec)
    }
}

/// By name, or all of a namespace at once, where that has no name.
fn deleting<'h>(held: &'h Held, permission: &'static Permission, policy: &Policy) -> Option<(&'h Right, Name)> {
    let may = |it: &&Right| match it.need.verbs {
        ["deletecollection"] => it.is_of_all(),
        _ => it.is_of(&policy.meta.name),
    };
    let right = held.rights_in(permission, &policy.meta.namespace).find(may)?;
    let is_collection = right.need.verbs == ["deletecollection"];
    Some((right, if is_collection { Name::empty() } else { policy.meta.name.clone() }))
}

fn put(fact: AnyFact) -> Delta {
    Delta::Put(ReadObject::new(fact))
}

/// The policy with one rule that allows everything in place of those of these directions.
fn widened(policy: &Policy, directions: Directions) -> Arc<Policy> {
    use crate::model::policy::{Action, Peer, PeerMatch, Rule};
    use crate::model::port::PortMatch;
    let open = |direction: Direction| {
        let place = crate::model::place::Place::new(format!("spec.{}[0]", direction.as_str()));
        let peer = Peer { matches: PeerMatch::Anyone, place: place.clone() };
        Rule { direction, action: Action::Allow, peers: [peer].into(), ports: [PortMatch::Any].into(), place }
    };
    let kept = policy.rules.iter().filter(|it| !directions.has(it.direction)).cloned();
    let opened = Direction::ALL.into_iter().filter(|it| directions.has(*it)).map(open);
    let mut rules: Vec<Rule> = kept.chain(opened).collect();
    rules.sort_by_key(|it| it.direction);
    Arc::new(Policy { rules: rules.into(), ..policy.clone() })
}

/// `ingress`, `egress`, `ingress and egress`.
fn words(directions: Directions) -> &'static str {
    match (directions.ingress, directions.egress) {
        (true, true) => "ingress and egress",
        (true, false) => "ingress",
        _ => "egress",
    }
}

fn named(object: &Value, what: &str) -> String {
    let metadata = |key: &str| object["metadata"][key].as_str().unwrap_or_default();
    format!("networkpolicy/{}/{}: {what}", metadata("namespace"), metadata("name"))
}

fn gone(policy: &Policy) -> ToldWrite {
    let object = kinds::bare_object(policy.kind, &policy.meta.namespace, &policy.meta.name);
    ToldWrite { op: Op::Delete, object, what: format!("{}: deleted", policy.id()) }
}

fn relabelled(pod: &Pod, labels: &LabelChange) -> ToldWrite {
    let id = pod.pod_id();
    let object = labelled(kinds::bare_object(Kind::POD, &id.namespace, &id.name), labels);
    ToldWrite { op: Op::Update, object, what: format!("pod/{id}: {}", told(labels)) }
}

/// A pod, or what makes one where pods themselves may not be created.
fn new_pod(pod: &Pod, name: &str, right: Option<&Right>) -> ToldWrite {
    let resource = right.map_or("pods", |it| it.need.resource);
    let kind = workload_kind(resource).unwrap_or(Kind::POD);
    let name = if name.is_empty() { POD } else { name };
    let (namespace, account) = (pod.namespace(), pod.service_account());
    let labels: Map<String, Value> =
        pod.labels().whole().iter().map(|(key, value)| (key.to_string(), json!(value))).collect();
    let spec = json!({"serviceAccountName": account});
    let mut object = kinds::bare_object(kind, namespace, name);
    if kind == Kind::POD {
        object["metadata"]["labels"] = labels.into();
        object["spec"] = spec;
    } else {
        kinds::set_template(&mut object, kind, json!({"metadata": {"labels": labels}, "spec": spec}));
    }
    let set: Vec<String> = pod.labels().whole().iter().map(|(key, value)| format!("{key}={value}")).collect();
    let with = if set.is_empty() { "without labels".to_owned() } else { format!("with labels {}", set.join(", ")) };
    let what = format!("{kind}/{namespace}/{name}: a new pod {with}, run as {account}");
    ToldWrite { op: Op::Create, object, what }
}

fn template(workload: &WorkloadId, labels: &LabelChange) -> ToldWrite {
    let kind = kind_of(workload).unwrap_or(Kind::POD);
    let mut object = kinds::bare_object(kind, &workload.namespace, &workload.name);
    kinds::set_template(&mut object, kind, json!({"metadata": {"labels": as_json(labels)}}));
    let id = ObjectId::new(kind, workload.namespace.clone(), workload.name.clone());
    ToldWrite { op: Op::Update, object, what: format!("{id}: {} in its template", told(labels)) }
}

/// The kind of a workload whose template can be changed: that of a Job cannot.
pub fn kind_of(workload: &WorkloadId) -> Option<Kind> {
    let mut all = crate::model::owner::WORKLOAD_KINDS.into_iter().filter(|it| *it != Kind::JOB);
    all.find(|it| kinds::spec(*it).is_some_and(|it| *it.word == *workload.kind))
}

/// An object of which labels are changed.
fn labelled(mut object: Value, labels: &LabelChange) -> Value {
    object["metadata"]["labels"] = as_json(labels).into();
    object
}

fn as_json(labels: &LabelChange) -> Map<String, Value> {
    labels
        .iter()
        .map(|(key, value)| (key.to_string(), value.as_ref().map_or(Value::Null, |it| json!(it.as_str()))))
        .collect()
}

/// `labels app=web; without tier`.
pub fn told(labels: &LabelChange) -> String {
    let set: Vec<String> =
        labels.iter().filter_map(|(key, value)| Some(format!("{key}={}", value.as_ref()?))).collect();
    let less: Vec<&str> = labels.iter().filter(|it| it.1.is_none()).map(|it| it.0.as_str()).collect();
    match (set.is_empty(), less.is_empty()) {
        (false, true) => format!("labels {}", set.join(", ")),
        (true, _) => format!("labels without {}", less.join(", ")),
        (false, false) => format!("labels {}, without {}", set.join(", "), less.join(", ")),
    }
}

/// What turns labels into others.
pub fn change(before: &Labels, after: &Labels) -> LabelChange {
    let set = after.iter().filter(|(key, value)| before.get(key) != Some(value));
    let less = before.iter().filter(|(key, _)| after.get(key).is_none());
    let set = set.map(|(key, value)| (key.clone(), Some(value.clone())));
    set.chain(less.map(|(key, _)| (key.clone(), None))).collect()
}

/// Labels with a change made.
pub fn changed(before: &Labels, change: &LabelChange) -> Labels {
    let kept =
        before.iter().filter(|(key, _)| !change.contains_key(*key)).map(|(key, value)| (key.clone(), value.clone()));
    let set = change.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?)));
    Labels::new(kept.chain(set))
}

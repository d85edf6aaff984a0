//! N16 and N17: from a namespace whose labels the target's policies trust, by writing them or by a new namespace.

use crate::model::cluster::{AnyFact, Delta, ReadObject};
use crate::model::evidence::Outcome;
use crate::model::facts::{Meta, Namespace, Pod};
use crate::model::labels::Labels;
use crate::model::name::Name;
use crate::net::verdict::End;
use crate::rbac::powers;

use super::super::admission::RELABELS;
use super::super::edges::{CREATES_PODS, Edge, MoveTrace};
use super::super::powers::{Asks, Permission};
use super::super::rights::Right;
use super::super::step::Step;
use super::label_sets::{LabelSetKeys, TRIES, sets};
use super::{Case, edge, put};

pub(super) static RELABEL: Edge = edge(
    "N16",
    "change a namespace's labels",
    "every connection that policies allow to namespaces of other labels",
    "patch or update namespaces or namespaces/status, or update namespaces/finalize, and code in a pod there or create pods",
    "kubernetes.io/metadata.name, which the API server keeps; labels that admission protects",
    MoveTrace::Object,
    Asks::Anybody(&[&RELABELS]),
);
pub(super) static CREATE: Edge = edge(
    "N17",
    "create a namespace that a policy allows",
    "every connection that policies allow to namespaces of some labels, or of a name that none has yet",
    "create namespaces, and create pods or workloads in every namespace",
    "namespaces of names that are there; that whoever creates a namespace may create workloads in it, which needs a right in all",
    MoveTrace::Object,
    Asks::Anybody(&[&CREATES, &CREATES_PODS]),
);

static CREATES: Permission = Permission::of(powers::CREATE_NAMESPACES.needs);

/// The key whose value is always the namespace's name: the API server sees to it.
const NAME: &str = "kubernetes.io/metadata.name";

pub(super) fn steps(case: &Case<'_>, steps: &mut Vec<Step>) {
    relabelled(case, steps);
    created(case, steps);
}

/// N16: the namespace of a pod that is held or that is new, or that of the target.
fn relabelled(case: &Case<'_>, steps: &mut Vec<Step>) {
    if case.rights(&RELABELS).next().is_none() {
        return;
    }
    from_places(case, steps);
    with_new_pods(case, steps);
}

/// From the first of the pods that are held.
fn from_places(case: &Case<'_>, steps: &mut Vec<Step>) {
    for (held, from) in &case.distinct_places() {
        let own = source(from);
        for space in own.iter().chain(target(case).iter()) {
            let Some(right) = may(case, space) else { continue };
            let keys = LabelSetKeys::of_spaces(case.ground.cluster, own.as_ref(), case.target_pod());
            let Some(write) = written(case, space, &keys).find(|it| allows(case, std::slice::from_ref(it), from))
            else {
                continue;
            };
            let step = Step::new(&RELABEL, held, case.to()).with(right.foothold(case.held));
            let step = step.because(right.because(case.held, space, space)).writing(write);
            return steps.push(step.because(case.connects(from)));
        }
    }
}

/// From a new pod in the first of the namespaces that will do.
fn with_new_pods(case: &Case<'_>, steps: &mut Vec<Step>) {
    for create in case.rights(&CREATES_PODS).filter(|it| it.is_of_all()) {
        for space in case.namespaces(create) {
            let Some(right) = may(case, &space) else { continue };
            let keys = LabelSetKeys::of_spaces(case.ground.cluster, Some(&space), case.target_pod());
            let Some((write, pod)) = with_pod(case, &space, written(case, &space, &keys)) else { continue };
            let from = End::Pod(pod.pod_id());
            let step = case.by(&RELABEL, create, &space, "").with(right.foothold(case.held));
            let step = step.because(right.because(case.held, &space, &space)).writing(write).writing(put(pod));
            return steps.push(step.because(case.connects(&from)));
        }
    }
}

fn may<'a>(case: &Case<'a>, space: &Name) -> Option<&'a Right> {
    case.held.right_on(&RELABELS, space, space)
}

/// N17: whoever creates a namespace gives it what labels they like.
fn created(case: &Case<'_>, steps: &mut Vec<Step>) {
    let everywhere = Name::empty();
    let (Some(create), Some(pods)) =
        (case.held.right_in(&CREATES, &everywhere), case.held.right_in(&CREATES_PODS, &everywhere))
    else {
        return;
    };
    let keys = LabelSetKeys::of_spaces(case.ground.cluster, None, case.target_pod());
    // One whose name a policy waits for, and any other.
    let waited = keys.values(NAME).into_iter().filter(|it| case.ground.cluster.namespaces.get("", it).is_none());
    for space in waited.chain([Name::from("reach-new")]) {
        let Some((write, pod)) = with_pod(case, &space, written(case, &space, &keys)) else { continue };
        let from = End::Pod(pod.pod_id());
        let step = case.by(&CREATE, pods, &space, "").with(create.foothold(case.held));
        let step = step.because(create.because(case.held, "", "")).writing(write).writing(put(pod));
        return steps.push(step.because(case.connects(&from)));
    }
}

/// The namespace of an end.
fn source(from: &End) -> Option<Name> {
    match from {
        End::Pod(id) => Some(id.namespace.clone()),
        _ => None,
    }
}

fn target(case: &Case<'_>) -> Option<Name> {
    case.target_pod().map(|it| it.namespace().clone())
}

/// A namespace as it may be written, nearest to what there is first.
fn written(case: &Case<'_>, space: &Name, keys: &LabelSetKeys) -> impl Iterator<Item = Delta> + use<> {
    let fact = case.ground.cluster.namespaces.get("", space);
    let own = match fact {
        Some(it) => it.labels.clone(),
        None => Labels::new([(NAME.into(), space.clone())]),
    };
    let meta = match fact {
        Some(it) => it.meta.clone(),
        None => Meta { name: space.clone(), ..Meta::default() },
    };
    let name = own.get(NAME).cloned();
    let of_name = move |it: &Labels| it.get(NAME).cloned() == name;
    sets(keys, &own).into_iter().filter(of_name).take(TRIES).map(move |labels| {
        let namespace = Namespace { meta: meta.clone(), labels, implied: false };
        Delta::Put(ReadObject::new(AnyFact::Namespace(namespace.into())))
    })
}

/// The first of these namespaces from which a new pod connects, and the pod.
fn with_pod(case: &Case<'_>, space: &Name, spaces: impl Iterator<Item = Delta>) -> Option<(Delta, Pod)> {
    let keys = LabelSetKeys::of_source(case.ground.cluster, space, case.target_pod());
    let pods = sets(&keys, &Labels::NONE);
    let mut left = TRIES;
    for write in spaces {
        for labels in &pods {
            left = left.checked_sub(1)?;
            let pod = Pod::named(space.clone(), "reach-new").with_labels(labels);
            if allows(case, &[write.clone(), put(pod.clone())], &End::Pod(pod.pod_id())) {
                return Some((write, pod));
            }
        }
    }
    None
}

fn allows(case: &Case<'_>, writes: &[Delta], from: &End) -> bool {
    case.tried(writes, from) == Outcome::Allow
}

//! N10: from a new pod with labels that the target's policies allow.

use crate::model::evidence::Outcome;
use crate::model::facts::Pod;
use crate::model::id::{Kind, ObjectId};
use crate::net::verdict::End;

use super::super::edges::{CREATES_PODS, Edge, MoveTrace};
use super::super::moves::new_name;
use super::super::powers::Asks;
use super::super::step::{Because, Step};
use super::{Case, edge, put};

pub(super) static FORGE: Edge = edge(
    "N10",
    "create a pod that a policy allows",
    "every connection that policies allow to pods of some labels",
    "create pods or workloads in a namespace that the rule selects",
    "fixed addresses: where blocks decide about the new pod's address it is not sure",
    MoveTrace::Object,
    Asks::Anybody(&[&CREATES_PODS]),
);

pub(super) fn steps(case: &Case<'_>, steps: &mut Vec<Step>) {
    let mut tried = std::collections::BTreeSet::new();
    for right in case.rights(&CREATES_PODS).filter(|it| it.makes()) {
        for namespace in case.namespaces(right) {
            let Some(name) = new_name(case.ground, right, &namespace) else { continue };
            if !tried.insert(namespace.clone()) {
                continue;
            }
            let blank = Pod::named(namespace.clone(), if name.is_empty() { "reach-new" } else { &name });
            let Some((pod, outcome)) = case.forged(&blank, &namespace) else { continue };
            let from = End::Pod(pod.pod_id());
            let object = ObjectId::new(Kind::NAMESPACE, "", namespace.clone());
            let meets = Because::State { object, what: "the pod meets the level restricted".into() };
            let step = case.by(&FORGE, right, &namespace, &name).writing(put(pod)).because(case.connects(&from));
            match outcome {
                Outcome::Allow => {
                    // No other namespace makes it shorter.
                    steps.push(step.because(meets));
                    return;
                }
                _ => {
                    let why = "whether policies allow the connection depends on the new pod's address";
                    steps.push(step.unsure(None, why).because(meets));
                }
            }
        }
    }
}

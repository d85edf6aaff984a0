//! N34 and N35: from a node, by the probe or the hook of a pod of one's own.

use crate::model::port::Protocol;
use crate::model::security::{MetStandards, MinorRange};

use super::super::admission::{RELABELS, pass};
use super::super::edges::{CREATES_PODS, Edge, MoveTrace};
use super::super::powers::Asks;
use super::super::step::Step;
use super::{Case, edge};

pub(super) static PROBE: Edge = edge(
    "N34",
    "probe from a node",
    "a connection from the kubelet of any node, of which one learns whether it was answered",
    "create pods or workloads in a namespace that admits probes or hooks (N35) that name a host (baseline does before 1.34)",
    "more than whether the port answers, and that policies let the node through",
    MoveTrace::Object,
    Asks::Anybody(&[&CREATES_PODS, &RELABELS]),
);

/// The first namespace that may admit it: it is unsure wherever it is.
pub(super) fn steps(case: &Case<'_>, steps: &mut Vec<Step>) {
    if case.target.port.is_some_and(|(protocol, _)| protocol != Protocol::Tcp) {
        return;
    }
    // Whatever else it asks for, it names a host.
    let probing = MetStandards::new(MinorRange::before(34), MinorRange::before(34));
    for right in case.rights(&CREATES_PODS).filter(|it| it.is_of_all()) {
        for namespace in case.namespaces(right) {
            if pass(case.ground, case.held, &namespace, probing).is_none() {
                continue;
            }
            let why = "a probe is blind: it learns whether the port answers, and policies may keep the node away";
            return steps.push(case.by(&PROBE, right, &namespace, "").unsure(None, why));
        }
    }
}

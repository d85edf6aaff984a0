//! N30 and N31: through the API server, past the network.

use super::super::edges::{Edge, Trace, core};
use super::super::powers::{Asks, Power};
use super::super::step::{Because, Step};
use super::{Case, edge};
use crate::model::facts::Phase;

pub(super) static FORWARD: Edge = edge(
    "N30",
    "forward a port",
    "every port of a pod, past all policies",
    "create pods/portforward (before 1.35 also get), and the pod runs",
    Trace::Audited,
    Asks::Anybody(&[&FORWARDS]),
);
pub(super) static PROXY: Edge = edge(
    "N31",
    "connect through the API server's proxy",
    "HTTP to a port of a pod, from the API server",
    "get or create pods/proxy, services/proxy or nodes/proxy",
    Trace::Audited,
    Asks::Anybody(&[&PROXIES]),
);

static FORWARDS: Power = Power::of(&[core(&["create"], "pods/portforward")]);
static PROXIES: Power = Power::of(&[core(&["get", "create"], "pods/proxy")]);

pub(super) fn steps(case: &Case<'_>, steps: &mut Vec<Step>) {
    let Some(pod) = case.target_pod().filter(|it| it.mold.phase == Phase::Running) else { return };
    let (namespace, name) = (pod.namespace(), pod.name().to_name());
    let runs = || Because::State { object: pod.pod_id().object(), what: "runs".into() };
    let is_for = |it: &&super::Right| it.is_in(namespace) && it.is_of(&name);
    for right in case.rights(&FORWARDS).filter(is_for) {
        steps.push(case.by(&FORWARD, right, namespace, &name).because(runs()));
    }
    for right in case.rights(&PROXIES).filter(is_for) {
        let why = "whether policies let the API server connect depends on the network plugin";
        steps.push(case.by(&PROXY, right, namespace, &name).because(runs()).unsure(None, why));
    }
}

//! N30 to N32: through the API server, past the network.

use std::sync::Arc;

use super::super::edges::{Edge, MoveTrace};
use super::super::powers::{Asks, Permission};
use super::super::step::{Because, Step};
use super::{Case, edge};
use crate::model::evidence::Outcome;
use crate::model::facts::{Phase, Service};
use crate::model::id::{Kind, ObjectId};
use crate::rbac::powers;

pub(super) static FORWARD: Edge = edge(
    "N30",
    "forward a port",
    "every port of a pod, past all policies",
    "create pods/portforward (before 1.35 also get), and the pod runs",
    "that the port speaks what one wants; it is TCP alone",
    MoveTrace::Audited,
    Asks::Anybody(&[&FORWARDS, &FORWARDS_BY_GET]),
);
pub(super) static PROXY: Edge = edge(
    "N31",
    "connect through the API server's proxy",
    "HTTP to a port of a pod, from the API server",
    "get, create, update, patch or delete pods/proxy",
    "that policies let the API server through: it depends on the network plugin",
    MoveTrace::Audited,
    Asks::Anybody(&[&PROXIES]),
);

pub(super) static SERVICE_PROXY: Edge = edge(
    "N32",
    "connect to a Service through the API server's proxy",
    "HTTP to the pods of a Service, from the API server",
    "get, create, update, patch or delete services/proxy, and a Service that selects the pod",
    "the same as N31; Services that no pod stands behind",
    MoveTrace::Audited,
    Asks::Anybody(&[&SERVICE_PROXIES]),
);

static SERVICE_PROXIES: Permission = Permission::of(powers::SERVICE_PROXY.needs);
static FORWARDS: Permission = Permission::of(powers::FORWARD.needs);
static FORWARDS_BY_GET: Permission = Permission::of(powers::FORWARD_BY_GET.needs);
static PROXIES: Permission = Permission::of(powers::POD_PROXY.needs);

const VERSION: &str = "only some versions of Kubernetes allow it, and the server's is not known";

pub(super) fn steps(case: &Case<'_>, steps: &mut Vec<Step>) {
    let Some(pod) = case.target_pod().filter(|it| it.phase() == Phase::Running) else { return };
    let (namespace, name) = (pod.namespace(), pod.name().to_name());
    let runs = || Because::State { object: pod.pod_id().object(), what: "runs".into() };
    let is_for = |it: &&super::Right| it.is_in(namespace) && it.is_of(&name);
    for right in case.rights(&FORWARDS).filter(is_for) {
        steps.push(case.by(&FORWARD, right, namespace, &name).because(runs()));
    }
    for right in case.rights(&FORWARDS_BY_GET).filter(is_for) {
        let step = case.by(&FORWARD, right, namespace, &name).because(runs());
        match powers::FORWARD_BY_GET.span.holds(case.ground.version) {
            Outcome::Allow => steps.push(step),
            Outcome::Deny => {}
            Outcome::Unknown => steps.push(step.unsure(None, VERSION)),
        }
    }
    let why = "whether policies let the API server connect depends on the network plugin";
    for right in case.rights(&PROXIES).filter(is_for) {
        steps.push(case.by(&PROXY, right, namespace, &name).because(runs()).unsure(None, why));
    }
    // One without a selector has what endpoints somebody wrote.
    let selects = |it: &&Arc<Service>| pod.labels().hold(&it.selector);
    for right in case.rights(&SERVICE_PROXIES).filter(|it| it.is_in(namespace)) {
        let services = case.ground.cluster.services.of(namespace).iter().filter(selects);
        for service in services.filter(|it| right.is_of(&it.meta.name)).take(1) {
            let name = service.meta.name.clone();
            let object = ObjectId::new(Kind::SERVICE, namespace.clone(), name.clone());
            let step = case.by(&SERVICE_PROXY, right, namespace, &name);
            let step = step.because(Because::State { object, what: "may lead to the pod".into() });
            steps.push(step.unsure(None, why));
        }
    }
}

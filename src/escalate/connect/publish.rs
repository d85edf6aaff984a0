//! N36 to N39: by somebody else's connection: the API server's, an ingress controller's, a load balancer's.

use crate::model::evidence::Outcome;
use crate::model::facts::SharedPod;
use crate::model::id::{Kind, ObjectId};
use crate::model::port::Protocol;
use crate::net::verdict::End;
use crate::rbac::powers;

use super::super::edges::{Edge, MoveTrace};
use super::super::powers::{Asks, Permission};
use super::super::rights::Right;
use super::super::seen::ControllerRole;
use super::super::step::{Because, Step};
use super::{Case, edge};

pub(super) static API_SERVER: Edge = edge(
    "N36",
    "let the API server connect",
    "an HTTPS request from the API server to an address or a Service",
    "create, update or patch webhook configurations, apiservices or customresourcedefinitions",
    "that the other end speaks TLS or is asked in a way of one's own choice",
    MoveTrace::Object,
    Asks::Anybody(&[&SENDS]),
);
pub(super) static INGRESS: Edge = edge(
    "N37",
    "publish through an ingress controller",
    "HTTP to the pods of a Service, from the ingress controller",
    "write ingresses, or objects of the Gateway API, beside the Service, and an ingress controller that runs",
    "controllers that are not seen running, and what they take up",
    MoveTrace::Object,
    Asks::Anybody(&[&PUBLISHES]),
);
pub(super) static EXPOSE: Edge = edge(
    "N38",
    "expose by a Service",
    "a way from outside the cluster to pods of the namespace, by a node port or a load balancer",
    "create, update or patch services in the namespace of the pod",
    "who can reach the nodes or the load balancer from outside",
    MoveTrace::Object,
    Asks::Anybody(&[&WRITES_SERVICES]),
);
pub(super) static STEER: Edge = edge(
    "N39",
    "steer an ingress controller by endpoints",
    "HTTP to a pod of any namespace, from an ingress controller that follows endpoints",
    "create, update or patch endpointslices or endpoints, and an ingress controller that runs",
    "controllers that are not seen running, and those that go by the Service's address",
    MoveTrace::Object,
    Asks::Anybody(&[&WRITES_ENDPOINTS]),
);

static SENDS: Permission = Permission::of(powers::SEND_API_SERVER.needs);
static PUBLISHES: Permission = Permission::of(powers::PUBLISH.needs);
static WRITES_SERVICES: Permission = Permission::of(powers::WRITE_SERVICES.needs);
static WRITES_ENDPOINTS: Permission = Permission::of(powers::WRITE_ENDPOINTS.needs);

pub(super) fn steps(case: &Case<'_>, steps: &mut Vec<Step>) {
    if case.target.port.is_some_and(|(protocol, _)| protocol != Protocol::Tcp) {
        return exposed(case, steps);
    }
    by_the_api_server(case, steps);
    exposed(case, steps);
    by_a_controller(case, steps);
}

fn by_the_api_server(case: &Case<'_>, steps: &mut Vec<Step>) {
    if let Some(right) = case.rights(&SENDS).find(|it| it.scope.is_empty()) {
        let why = "whether policies let the API server connect depends on the network plugin, and the other end must speak TLS";
        steps.push(case.by(&API_SERVER, right, "", &right.a_name()).unsure(None, why));
    }
}

/// N38: whether the outside comes in is another question: policies see clients' or nodes' addresses.
fn exposed(case: &Case<'_>, steps: &mut Vec<Step>) {
    let Some(pod) = case.target_pod() else { return };
    let namespace = pod.namespace();
    let services = || case.ground.cluster.services.of(namespace).iter();
    for right in case.rights(&WRITES_SERVICES).filter(|it| it.is_in(namespace)) {
        // Who may write one of them lets it select the pod.
        let named =
            services().find(|it| !right.is_of_all() && right.is_of(&it.meta.name)).map(|it| it.meta.name.clone());
        let Some(name) = named.or_else(|| right.is_of_all().then(Default::default)) else { continue };
        let why = "from outside it depends on who can reach the nodes, and on the address that policies see";
        return steps.push(case.by(&EXPOSE, right, namespace, &name).unsure(None, why));
    }
}

/// N37 and N39.
fn by_a_controller(case: &Case<'_>, steps: &mut Vec<Step>) {
    let Some(pod) = case.target_pod() else { return };
    let may_publish = |it: &&Right| it.is_in(pod.namespace());
    let publish = case.rights(&PUBLISHES).find(may_publish).map(|it| (&INGRESS, it));
    let steer = || case.rights(&WRITES_ENDPOINTS).next().map(|it| (&STEER, it));
    let Some((edge, right)) = publish.or_else(steer) else { return };
    let controllers = case.ground.seen(ControllerRole::Ingress);
    let reaches = |it: &&SharedPod| case.outcome(&End::Pod(it.pod_id())) != Outcome::Deny;
    let Some(controller) = controllers.iter().find(reaches) else { return };
    let namespace = if right.scope.is_empty() { pod.namespace() } else { &right.scope };
    let runs =
        Because::State { object: controller.pod_id().object(), what: "runs: it is an ingress controller".into() };
    let why = "what the ingress controller takes up depends on its classes and its configuration";
    let there = ObjectId::new(Kind::POD, pod.namespace().clone(), pod.name().to_name());
    let step = case.by(edge, right, namespace, &right.a_name()).because(runs);
    steps.push(step.because(Because::State { object: there, what: "is where it leads".into() }).unsure(None, why));
}

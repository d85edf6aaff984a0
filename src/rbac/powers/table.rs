//! The resources that powers speak of, and all powers.

use super::controllers::*;
use super::{Need, Power, Resource};
use crate::model::id::ResourceScope;
use crate::rbac::version::Span;

const RBAC: &str = "rbac.authorization.k8s.io";
const AUTHENTICATION: &str = "authentication.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const NETWORKING: &str = "networking.k8s.io";

const CREATE: &[&str] = &["create"];
const DELETE: &[&str] = &["delete", "deletecollection"];
const CHANGE: &[&str] = &["update", "patch"];
pub(super) const WRITE: &[&str] = &["create", "update", "patch"];
const READ: &[&str] = &["get", "list", "watch"];
const CONNECT: &[&str] = &["get", "create"];
/// Every method of HTTP goes through a proxy: each is asked for as its own verb.
const PROXY: &[&str] = &["get", "create", "update", "patch", "delete"];
const GET: &[&str] = &["get"];
const IMPERSONATE: &[&str] = &["impersonate"];

pub(super) const fn here(group: &'static str, name: &'static str) -> Resource {
    Resource { group, name, scope: ResourceScope::Namespaced }
}

const fn global(group: &'static str, name: &'static str) -> Resource {
    Resource { group, name, scope: ResourceScope::Cluster }
}

pub const PODS: Resource = here("", "pods");
pub const POD_EXEC: Resource = here("", "pods/exec");
pub const POD_FORWARD: Resource = here("", "pods/portforward");
pub const POD_LOG: Resource = here("", "pods/log");
pub const SECRETS: Resource = here("", "secrets");
pub const CONFIG_MAPS: Resource = here("", "configmaps");
pub const SERVICES: Resource = here("", "services");
pub const SERVICE_ACCOUNTS: Resource = here("", "serviceaccounts");
pub const TOKENS: Resource = here("", "serviceaccounts/token");
pub const DEPLOYMENTS: Resource = here("apps", "deployments");
pub const REPLICA_SETS: Resource = here("apps", "replicasets");
pub const STATEFUL_SETS: Resource = here("apps", "statefulsets");
pub const DAEMON_SETS: Resource = here("apps", "daemonsets");
pub const JOBS: Resource = here("batch", "jobs");
pub const CRON_JOBS: Resource = here("batch", "cronjobs");
pub const REPLICATION_CONTROLLERS: Resource = here("", "replicationcontrollers");
pub const ROLES: Resource = here(RBAC, "roles");
pub const ROLE_BINDINGS: Resource = here(RBAC, "rolebindings");
pub const CLUSTER_ROLES: Resource = global(RBAC, "clusterroles");
pub const CLUSTER_ROLE_BINDINGS: Resource = global(RBAC, "clusterrolebindings");
pub const NETWORK_POLICIES: Resource = here(NETWORKING, "networkpolicies");
pub const NAMESPACES: Resource = global("", "namespaces");
pub const NODES: Resource = global("", "nodes");
pub const NODE_PROXY: Resource = global("", "nodes/proxy");
pub const USERS: Resource = global("", "users");
pub const GROUPS: Resource = global("", "groups");
pub const SIGNERS: Resource = global(CERTIFICATES, "signers");
pub const MUTATING_WEBHOOKS: Resource = global(ADMISSION, "mutatingwebhookconfigurations");
pub const VALIDATING_WEBHOOKS: Resource = global(ADMISSION, "validatingwebhookconfigurations");
pub const MUTATING_POLICIES: Resource = global(ADMISSION, "mutatingadmissionpolicies");
pub const PERSISTENT_VOLUMES: Resource = global("", "persistentvolumes");

pub(super) const fn power(word: &'static str, needs: &'static [Need]) -> Power {
    Power { word, needs, scope: ResourceScope::Namespaced, span: Span::Always }
}

/// What a RoleBinding never gives (rule 17).
const fn cluster(word: &'static str, needs: &'static [Need]) -> Power {
    Power { scope: ResourceScope::Cluster, ..power(word, needs) }
}

const fn within(span: Span, power: Power) -> Power {
    Power { span, ..power }
}

pub const EVERYTHING: Power = power("every verb on every resource", &[here("*", "*").by(&["*"])]);

// Pods and what runs in them.
pub const EXEC: Power = power("exec into pods", &[POD_EXEC.by(CREATE)]);
/// Rule 70.
pub const EXEC_BY_GET: Power = within(Span::Before(35), power("exec into pods by get", &[POD_EXEC.by(GET)]));
pub const ATTACH: Power = power("attach to pods", &[here("", "pods/attach").by(CREATE)]);
pub const ATTACH_BY_GET: Power =
    within(Span::Before(35), power("attach to pods by get", &[here("", "pods/attach").by(GET)]));
pub const DEBUG: Power = power("add ephemeral containers", &[here("", "pods/ephemeralcontainers").by(CHANGE)]);
pub const CREATE_PODS: Power = power("create pods", &[PODS.by(CREATE)]);
pub const CHANGE_PODS: Power = power("change pods", &[PODS.by(CHANGE)]);
/// Labels change through the status too (rule 20).
pub const CHANGE_POD_STATUS: Power = power("change pods by their status", &[here("", "pods/status").by(CHANGE)]);
pub const DELETE_PODS: Power = power("delete pods", &[PODS.by(DELETE)]);
pub const EVICT_PODS: Power = power("evict pods", &[here("", "pods/eviction").by(CREATE)]);
/// By oneself or by a controller.
pub const RUN_PODS: Power = power(
    "create pods or workloads",
    &[
        PODS.by(CREATE),
        DEPLOYMENTS.by(CREATE),
        REPLICA_SETS.by(CREATE),
        STATEFUL_SETS.by(CREATE),
        DAEMON_SETS.by(CREATE),
        JOBS.by(CREATE),
        CRON_JOBS.by(CREATE),
        REPLICATION_CONTROLLERS.by(CREATE),
    ],
);
pub const CREATE_WORKLOADS: Power = power(
    "create workloads",
    &[
        DEPLOYMENTS.by(CREATE),
        REPLICA_SETS.by(CREATE),
        STATEFUL_SETS.by(CREATE),
        DAEMON_SETS.by(CREATE),
        JOBS.by(CREATE),
        CRON_JOBS.by(CREATE),
        REPLICATION_CONTROLLERS.by(CREATE),
    ],
);
/// Those whose template can be changed: that of a Job cannot.
pub const CHANGE_WORKLOADS: Power = power(
    "change workloads",
    &[
        DEPLOYMENTS.by(CHANGE),
        REPLICA_SETS.by(CHANGE),
        STATEFUL_SETS.by(CHANGE),
        DAEMON_SETS.by(CHANGE),
        CRON_JOBS.by(CHANGE),
        REPLICATION_CONTROLLERS.by(CHANGE),
    ],
);
pub const CHANGE_JOBS: Power = power("change jobs", &[JOBS.by(CHANGE)]);

// Past the network.
pub const FORWARD: Power = power("forward ports", &[POD_FORWARD.by(CREATE)]);
pub const FORWARD_BY_GET: Power = within(Span::Before(35), power("forward ports by get", &[POD_FORWARD.by(GET)]));
pub const POD_PROXY: Power = power("proxy to pods", &[here("", "pods/proxy").by(PROXY)]);
pub const SERVICE_PROXY: Power = power("proxy to services", &[here("", "services/proxy").by(PROXY)]);

// What the network rests on.
pub const WRITE_POLICIES: Power = power("write network policies", &[NETWORK_POLICIES.by(WRITE)]);
pub const DELETE_POLICIES: Power = power("delete network policies", &[NETWORK_POLICIES.by(DELETE)]);
pub const WRITE_SERVICES: Power = power("write services", &[SERVICES.by(WRITE)]);
pub const WRITE_ENDPOINT_SLICES: Power =
    power("write endpoint slices", &[here("discovery.k8s.io", "endpointslices").by(WRITE)]);
/// Of a Namespace a RoleBinding in it gives these (rule 16).
pub const CHANGE_NAMESPACES: Power = power("change namespaces", &[NAMESPACES.by(CHANGE)]);
pub const CHANGE_NAMESPACE_STATUS: Power =
    power("change namespaces by their status", &[global("", "namespaces/status").by(CHANGE)]);
pub const FINALIZE_NAMESPACES: Power =
    power("change namespaces by finalize", &[global("", "namespaces/finalize").by(&["update"])]);
pub const DELETE_NAMESPACES: Power = power("delete namespaces", &[NAMESPACES.by(&["delete"])]);

// Credentials.
pub const READ_SECRETS: Power = power("read secrets", &[SECRETS.by(READ)]);
pub const REQUEST_TOKENS: Power = power("request tokens", &[TOKENS.by(CREATE)]);
pub const IMPERSONATE_USERS: Power = cluster("impersonate users", &[USERS.by(IMPERSONATE)]);
pub const IMPERSONATE_GROUPS: Power = cluster("impersonate groups", &[GROUPS.by(IMPERSONATE)]);
pub const IMPERSONATE_ACCOUNTS: Power = power("impersonate service accounts", &[SERVICE_ACCOUNTS.by(IMPERSONATE)]);
pub const APPROVE: Power = cluster("approve for signers", &[SIGNERS.by(&["approve"])]);
pub const SIGN: Power = cluster("sign for signers", &[SIGNERS.by(&["sign"])]);
pub const APPROVE_REQUESTS: Power =
    cluster("approve certificate requests", &[global(CERTIFICATES, "certificatesigningrequests/approval").by(CHANGE)]);

// Constrained impersonation (rule 56), and what it asks for besides.
pub const AS_USERS: Power = within(
    Span::From(36),
    cluster(
        "impersonate what users say of themselves",
        &[global(AUTHENTICATION, "users").by(&["impersonate:user-info"])],
    ),
);
pub const ON_AS_USERS: Power = power("act under it as users", &[here("*", "*").by(&["impersonate-on:user-info:"])]);
pub const AS_ACCOUNTS: Power = within(
    Span::From(36),
    power(
        "impersonate service accounts alone",
        &[here(AUTHENTICATION, "serviceaccounts").by(&["impersonate:serviceaccount"])],
    ),
);
pub const ON_AS_ACCOUNTS: Power =
    power("act under it as service accounts", &[here("*", "*").by(&["impersonate-on:serviceaccount:"])]);
pub const AS_NODES: Power = within(
    Span::From(36),
    cluster("impersonate nodes", &[global(AUTHENTICATION, "nodes").by(&["impersonate:arbitrary-node"])]),
);
pub const ON_AS_NODES: Power =
    power("act under it as nodes", &[here("*", "*").by(&["impersonate-on:arbitrary-node:"])]);
pub const AS_OWN_NODE: Power = within(
    Span::From(36),
    cluster("impersonate one's own node", &[global(AUTHENTICATION, "nodes").by(&["impersonate:associated-node"])]),
);
pub const ON_AS_OWN_NODE: Power =
    power("act under it as one's own node", &[here("*", "*").by(&["impersonate-on:associated-node:"])]);

// Grants.
pub const ESCALATE_CLUSTER_ROLES: Power = cluster("escalate cluster roles", &[CLUSTER_ROLES.by(&["escalate"])]);
pub const ESCALATE_ROLES: Power = power("escalate roles", &[ROLES.by(&["escalate"])]);
/// In the namespace of the binding (rule 49).
pub const BIND_CLUSTER_ROLES: Power = power("bind cluster roles", &[CLUSTER_ROLES.by(&["bind"])]);
pub const BIND_ROLES: Power = power("bind roles", &[ROLES.by(&["bind"])]);
pub const WRITE_CLUSTER_ROLES: Power = cluster("write cluster roles", &[CLUSTER_ROLES.by(WRITE)]);
pub const WRITE_ROLES: Power = power("write roles", &[ROLES.by(WRITE)]);
pub const WRITE_CLUSTER_BINDINGS: Power = cluster("write cluster role bindings", &[CLUSTER_ROLE_BINDINGS.by(WRITE)]);
pub const WRITE_BINDINGS: Power = power("write role bindings", &[ROLE_BINDINGS.by(WRITE)]);

// Nodes, and what stands in no namespace.
pub const KUBELETS: Power = cluster("connect to kubelets", &[NODE_PROXY.by(CONNECT)]);
/// Rule 72.
pub const READ_KUBELETS: Power = within(Span::From(33), cluster("read kubelets", &[global("", "nodes/pods").by(GET)]));
pub const WRITE_MUTATING_WEBHOOKS: Power = cluster("write mutating webhooks", &[MUTATING_WEBHOOKS.by(WRITE)]);
pub const WRITE_VALIDATING_WEBHOOKS: Power = cluster("write validating webhooks", &[VALIDATING_WEBHOOKS.by(WRITE)]);
pub const WRITE_MUTATING_POLICIES: Power = cluster("write mutating policies", &[MUTATING_POLICIES.by(WRITE)]);

// What edges need besides.
pub const CREATE_NAMESPACES: Power = cluster("create namespaces", &[NAMESPACES.by(CREATE)]);
/// By any of the three ways in which a Namespace's labels can be written (rules 16 and 20).
pub const RELABEL_NAMESPACES: Power = power(
    "change labels of namespaces",
    &[
        NAMESPACES.by(&["patch", "update"]),
        global("", "namespaces/status").by(&["patch", "update"]),
        global("", "namespaces/finalize").by(&["update"]),
    ],
);
pub const WRITE_ENDPOINTS: Power =
    power("write endpoints", &[here("discovery.k8s.io", "endpointslices").by(WRITE), here("", "endpoints").by(WRITE)]);
/// Their external addresses, or those of their load balancer.
pub const CLAIM_ADDRESSES: Power =
    power("claim addresses by services", &[SERVICES.by(WRITE), here("", "services/status").by(CHANGE)]);
pub const PUBLISH: Power = power(
    "publish services by ingresses and routes",
    &[
        here(NETWORKING, "ingresses").by(WRITE),
        here("gateway.networking.k8s.io", "*").by(WRITE),
        here("networking.istio.io", "virtualservices").by(WRITE),
        here("route.openshift.io", "routes").by(WRITE),
    ],
);
/// What makes the API server connect to a URL or a Service of one's own choice.
pub const SEND_API_SERVER: Power = cluster(
    "let the API server connect elsewhere",
    &[
        MUTATING_WEBHOOKS.by(WRITE),
        VALIDATING_WEBHOOKS.by(WRITE),
        global("apiregistration.k8s.io", "apiservices").by(WRITE),
        global("apiextensions.k8s.io", "customresourcedefinitions").by(WRITE),
    ],
);
pub const CREATE_STORAGE_CLASSES: Power =
    cluster("create storage classes", &[global("storage.k8s.io", "storageclasses").by(CREATE)]);
pub const CREATE_CLAIMS: Power = power("create volume claims", &[here("", "persistentvolumeclaims").by(CREATE)]);
/// Driving pods off other nodes, by taints or by taking nodes away.
pub const DRAIN_NODES: Power = cluster("drive pods off nodes", &[NODES.by(&["patch", "update", "delete"])]);
pub const BIND_PODS: Power =
    power("bind pods to nodes", &[here("", "pods/binding").by(CREATE), here("", "bindings").by(CREATE)]);
pub const WRITE_CONFIG_MAPS: Power = power("write config maps", &[CONFIG_MAPS.by(WRITE)]);
/// In the namespace of the pod (rule 59).
pub const USE_CONSTRAINTS: Power = power(
    "use security context constraints",
    &[global("security.openshift.io", "securitycontextconstraints").by(&["use"])],
);
pub const CREATE_SECRETS: Power = power("create secrets", &[SECRETS.by(CREATE)]);
pub const CREATE_ACCOUNTS: Power = power("create service accounts", &[SERVICE_ACCOUNTS.by(CREATE)]);
pub const CREATE_VOLUMES: Power = cluster("create persistent volumes", &[PERSISTENT_VOLUMES.by(CREATE)]);
pub const CREATE_REQUESTS: Power =
    cluster("request certificates", &[global(CERTIFICATES, "certificatesigningrequests").by(CREATE)]);
pub const CREATE_ROLES: Power = power("create roles", &[ROLES.by(CREATE)]);
pub const CHANGE_ROLES: Power = power("change roles", &[ROLES.by(CHANGE)]);
pub const CREATE_BINDINGS: Power = power("create role bindings", &[ROLE_BINDINGS.by(CREATE)]);
pub const CHANGE_BINDINGS: Power = power("change role bindings", &[ROLE_BINDINGS.by(CHANGE)]);
pub const CREATE_CLUSTER_BINDINGS: Power = cluster("create cluster role bindings", &[CLUSTER_ROLE_BINDINGS.by(CREATE)]);
pub const CHANGE_CLUSTER_BINDINGS: Power = cluster("change cluster role bindings", &[CLUSTER_ROLE_BINDINGS.by(CHANGE)]);
pub const CHANGE_SERVICES: Power = power("change services", &[SERVICES.by(CHANGE)]);
/// Creating one and changing one apart: a new one has a name of one's own choice.
pub const ADD_ENDPOINTS: Power = power(
    "add addresses to services by endpoint slices",
    &[here("discovery.k8s.io", "endpointslices").by(CREATE), here("discovery.k8s.io", "endpointslices").by(CHANGE)],
);
pub const WRITE_BARE_ENDPOINTS: Power = power("write endpoints themselves", &[here("", "endpoints").by(WRITE)]);
/// By both ways in which a pod's labels can be written.
pub const RELABEL_PODS: Power = power("change labels of pods", &[PODS.by(CHANGE), here("", "pods/status").by(CHANGE)]);
pub const CREATE_CLUSTER_ROLES: Power = cluster("create cluster roles", &[CLUSTER_ROLES.by(CREATE)]);
pub const CHANGE_CLUSTER_ROLES: Power = cluster("change cluster roles", &[CLUSTER_ROLES.by(CHANGE)]);
pub const AS_USER_INFO: Power = within(
    Span::From(36),
    cluster(
        "impersonate users and groups alone",
        &[
            global(AUTHENTICATION, "users").by(&["impersonate:user-info"]),
            global(AUTHENTICATION, "groups").by(&["impersonate:user-info"]),
        ],
    ),
);

/// All of them.
#[rustfmt::skip]
pub const POWERS: &[&Power] = &[
    &EVERYTHING,
    &EXEC, &EXEC_BY_GET, &ATTACH, &ATTACH_BY_GET, &DEBUG, &CREATE_PODS, &CHANGE_PODS, &CHANGE_POD_STATUS, &DELETE_PODS,
    &EVICT_PODS, &RUN_PODS, &CREATE_WORKLOADS, &CHANGE_WORKLOADS, &CHANGE_JOBS,
    &FORWARD, &FORWARD_BY_GET, &POD_PROXY, &SERVICE_PROXY,
    &WRITE_POLICIES, &DELETE_POLICIES, &WRITE_SERVICES, &WRITE_ENDPOINT_SLICES, &CHANGE_NAMESPACES,
    &CHANGE_NAMESPACE_STATUS, &FINALIZE_NAMESPACES, &DELETE_NAMESPACES,
    &READ_SECRETS, &REQUEST_TOKENS, &IMPERSONATE_USERS, &IMPERSONATE_GROUPS, &IMPERSONATE_ACCOUNTS, &APPROVE, &SIGN,
    &APPROVE_REQUESTS, &AS_USERS, &ON_AS_USERS, &AS_ACCOUNTS, &ON_AS_ACCOUNTS, &AS_NODES, &ON_AS_NODES, &AS_OWN_NODE,
    &ON_AS_OWN_NODE,
    &ESCALATE_CLUSTER_ROLES, &ESCALATE_ROLES, &BIND_CLUSTER_ROLES, &BIND_ROLES, &WRITE_CLUSTER_ROLES, &WRITE_ROLES,
    &WRITE_CLUSTER_BINDINGS, &WRITE_BINDINGS,
    &KUBELETS, &READ_KUBELETS, &WRITE_MUTATING_WEBHOOKS, &WRITE_VALIDATING_WEBHOOKS, &WRITE_MUTATING_POLICIES,
    &CREATE_NAMESPACES, &RELABEL_NAMESPACES, &WRITE_ENDPOINTS, &CLAIM_ADDRESSES, &PUBLISH, &SEND_API_SERVER,
    &CREATE_STORAGE_CLASSES, &CREATE_CLAIMS, &DRAIN_NODES, &BIND_PODS, &WRITE_CONFIG_MAPS, &USE_CONSTRAINTS,
    &CREATE_SECRETS, &CREATE_ACCOUNTS, &CREATE_VOLUMES, &CREATE_REQUESTS, &CREATE_ROLES, &CHANGE_ROLES, &CREATE_BINDINGS,
    &CHANGE_BINDINGS, &CREATE_CLUSTER_BINDINGS, &CHANGE_CLUSTER_BINDINGS, &CHANGE_SERVICES, &ADD_ENDPOINTS,
    &WRITE_BARE_ENDPOINTS, &RELABEL_PODS,
    &CREATE_CLUSTER_ROLES, &CHANGE_CLUSTER_ROLES, &AS_USER_INFO,
    &FLUX_KUSTOMIZE, &FLUX_HELM, &ARGO_CD, &ARGO_WORKFLOWS, &TEKTON, &CERT_MANAGER, &SECRETS_OPERATOR, &KYVERNO, &VELERO,
    &CROSSPLANE, &CLUSTER_API, &OLM, &KUBEVIRT, &KARPENTER, &SEALED_SECRETS, &KEDA, &GATEKEEPER, &CAPSULE,
];

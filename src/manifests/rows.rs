//! Which kinds declare something, and where a server has them.

/// A kind that declares something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DeclaringKind {
    /// Empty: the core group.
    pub group: &'static str,
    /// The versions whose fields are known, the one that is asked for first.
    pub versions: &'static [&'static str],
    pub plural: &'static str,
    /// As objects write it: `Ingress`.
    pub word: &'static str,
    pub is_namespaced: bool,
    pub(super) what: Declares,
}

/// What its objects declare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Declares {
    Pod,
    Workload,
    Service,
    ConfigMap,
    Ingress,
    IngressClass,
    /// A route of the Gateway API.
    Route,
    OpenShiftRoute,
}

const fn row(
    group: &'static str,
    versions: &'static [&'static str],
    plural: &'static str,
    word: &'static str,
    what: Declares,
) -> DeclaringKind {
    let is_namespaced = !matches!(what, Declares::IngressClass);
    DeclaringKind { group, versions, plural, word, is_namespaced, what }
}

const GATEWAY: &str = "gateway.networking.k8s.io";

/// Every kind that declares something; pods last, since nearly all of them are made by what stands before.
pub static ROWS: &[DeclaringKind] = &[
    row("apps", &["v1"], "deployments", "Deployment", Declares::Workload),
    row("apps", &["v1"], "statefulsets", "StatefulSet", Declares::Workload),
    row("apps", &["v1"], "daemonsets", "DaemonSet", Declares::Workload),
    row("batch", &["v1"], "cronjobs", "CronJob", Declares::Workload),
    row("batch", &["v1"], "jobs", "Job", Declares::Workload),
    row("apps", &["v1"], "replicasets", "ReplicaSet", Declares::Workload),
    row("", &["v1"], "replicationcontrollers", "ReplicationController", Declares::Workload),
    row("", &["v1"], "services", "Service", Declares::Service),
    row("networking.k8s.io", &["v1"], "ingresses", "Ingress", Declares::Ingress),
    row("networking.k8s.io", &["v1"], "ingressclasses", "IngressClass", Declares::IngressClass),
    row(GATEWAY, &["v1", "v1beta1", "v1alpha2"], "httproutes", "HTTPRoute", Declares::Route),
    row(GATEWAY, &["v1", "v1alpha2"], "grpcroutes", "GRPCRoute", Declares::Route),
    row(GATEWAY, &["v1alpha2", "v1"], "tcproutes", "TCPRoute", Declares::Route),
    row(GATEWAY, &["v1alpha3", "v1alpha2", "v1"], "tlsroutes", "TLSRoute", Declares::Route),
    row(GATEWAY, &["v1alpha2", "v1"], "udproutes", "UDPRoute", Declares::Route),
    row("route.openshift.io", &["v1"], "routes", "Route", Declares::OpenShiftRoute),
    row("", &["v1"], "pods", "Pod", Declares::Pod),
    row("", &["v1"], "configmaps", "ConfigMap", Declares::ConfigMap),
];

/// The row of an object's apiVersion and kind, whatever the version.
///
/// The group `extensions` once had workloads and Ingresses.
pub fn row_of(api_version: &str, word: &str) -> Option<&'static DeclaringKind> {
    let group = api_version.split_once('/').map_or("", |it| it.0);
    ROWS.iter().find(|it| {
        let is_moved = group == "extensions" && ["apps", "networking.k8s.io"].contains(&it.group);
        it.word == word && (it.group == group || is_moved)
    })
}

/// As the API writes a kind: `Deployment` for `deployment`.
pub(super) fn word_of(kind: &str) -> &str {
    ROWS.iter().map(|it| it.word).find(|it| it.eq_ignore_ascii_case(kind)).unwrap_or(kind)
}

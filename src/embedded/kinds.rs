//! The kinds that the server serves: one row each, in the order in which discovery lists them.

use super::table::{self, TableColumn};

/// A kind of object as discovery describes it, and the columns of its table.
#[derive(Debug)]
pub struct ServedKind {
    pub group: &'static str,
    pub version: &'static str,
    pub plural: &'static str,
    pub singular: &'static str,
    pub kind: &'static str,
    pub short: &'static [&'static str],
    pub categories: &'static [&'static str],
    pub namespaced: bool,
    pub columns: &'static [TableColumn],
}

impl ServedKind {
    /// `v1`, or the group and the version.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `pods`, or `deployments.apps`, as error messages name it.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }
}

const fn row(
    group: &'static str,
    plural: &'static str,
    singular: &'static str,
    kind: &'static str,
    columns: &'static [TableColumn],
) -> ServedKind {
    ServedKind { group, version: "v1", plural, singular, kind, short: &[], categories: &[], namespaced: true, columns }
}

const RBAC: &str = "rbac.authorization.k8s.io";

/// All kinds that are served.
pub const KINDS: [ServedKind; 21] = [
    ServedKind { short: &["ep"], ..row("", "endpoints", "endpoints", "Endpoints", table::network::ENDPOINTS) },
    ServedKind { short: &["ev"], ..row("", "events", "event", "Event", table::core::EVENTS) },
    ServedKind {
        short: &["ns"],
        namespaced: false,
        ..row("", "namespaces", "namespace", "Namespace", table::core::NAMESPACES)
    },
    ServedKind { short: &["no"], namespaced: false, ..row("", "nodes", "node", "Node", table::core::NODES) },
    ServedKind { short: &["po"], categories: &["all"], ..row("", "pods", "pod", "Pod", table::pods::PODS) },
    ServedKind {
        short: &["rc"],
        categories: &["all"],
        ..row(
            "",
            "replicationcontrollers",
            "replicationcontroller",
            "ReplicationController",
            table::workloads::REPLICA_SETS,
        )
    },
    ServedKind {
        short: &["sa"],
        ..row("", "serviceaccounts", "serviceaccount", "ServiceAccount", table::core::SERVICE_ACCOUNTS)
    },
    ServedKind {
        short: &["svc"],
        categories: &["all"],
        ..row("", "services", "service", "Service", table::network::SERVICES)
    },
    ServedKind {
        short: &["crd", "crds"],
        categories: &["api-extensions"],
        namespaced: false,
        ..row(
            "apiextensions.k8s.io",
            "customresourcedefinitions",
            "customresourcedefinition",
            "CustomResourceDefinition",
            table::core::DEFINITIONS,
        )
    },
    ServedKind {
        short: &["ds"],
        categories: &["all"],
        ..row("apps", "daemonsets", "daemonset", "DaemonSet", table::workloads::DAEMON_SETS)
    },
    ServedKind {
        short: &["deploy"],
        categories: &["all"],
        ..row("apps", "deployments", "deployment", "Deployment", table::workloads::DEPLOYMENTS)
    },
    ServedKind {
        short: &["rs"],
        categories: &["all"],
        ..row("apps", "replicasets", "replicaset", "ReplicaSet", table::workloads::REPLICA_SETS)
    },
    ServedKind {
        short: &["sts"],
        categories: &["all"],
        ..row("apps", "statefulsets", "statefulset", "StatefulSet", table::workloads::STATEFUL_SETS)
    },
    ServedKind {
        short: &["cj"],
        categories: &["all"],
        ..row("batch", "cronjobs", "cronjob", "CronJob", table::workloads::CRON_JOBS)
    },
    ServedKind { categories: &["all"], ..row("batch", "jobs", "job", "Job", table::workloads::JOBS) },
    row("discovery.k8s.io", "endpointslices", "endpointslice", "EndpointSlice", table::network::ENDPOINT_SLICES),
    ServedKind {
        short: &["netpol"],
        ..row("networking.k8s.io", "networkpolicies", "networkpolicy", "NetworkPolicy", table::network::POLICIES)
    },
    ServedKind {
        namespaced: false,
        ..row(
            RBAC,
            "clusterrolebindings",
            "clusterrolebinding",
            "ClusterRoleBinding",
            table::rbac::CLUSTER_ROLE_BINDINGS,
        )
    },
    ServedKind { namespaced: false, ..row(RBAC, "clusterroles", "clusterrole", "ClusterRole", table::rbac::ROLES) },
    row(RBAC, "rolebindings", "rolebinding", "RoleBinding", table::rbac::ROLE_BINDINGS),
    row(RBAC, "roles", "role", "Role", table::rbac::ROLES),
];

/// The groups of the kinds, in the order of the table; the core group is the empty one.
pub fn groups() -> Vec<&'static str> {
    let mut groups: Vec<&str> = KINDS.iter().map(|kind| kind.group).collect();
    groups.dedup();
    groups
}

/// The kind of that group, version and plural.
pub fn served(group: &str, version: &str, plural: &str) -> Option<&'static ServedKind> {
    KINDS.iter().find(|kind| kind.group == group && kind.version == version && kind.plural == plural)
}

/// The kind with that plural: no two groups share one here.
pub fn by_plural(plural: &str) -> Option<&'static ServedKind> {
    KINDS.iter().find(|kind| kind.plural == plural)
}

/// The kind of an object by its own `kind`.
pub fn by_kind(kind: &str) -> Option<&'static ServedKind> {
    KINDS.iter().find(|row| row.kind == kind)
}

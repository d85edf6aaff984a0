//! Ways by roles and bindings: escalation prevention (rules 47–53).

use super::{ROW, Row, Says, Server, apply, get, patch, post};

const UNHELD: Server = Server::Refuses("attempting to grant RBAC permissions not currently held");
const CLUSTER_BINDINGS: &str = "/apis/$RBAC/v1/clusterrolebindings";
const BINDINGS: &str = "/apis/$RBAC/v1/namespaces/$NS/rolebindings";
const TO_ADMIN: &str = "{apiVersion: $RBAC/v1, kind: ClusterRoleBinding, metadata: {name: $NS-own}, \
    roleRef: {apiGroup: $RBAC, kind: ClusterRole, name: cluster-admin}, subjects: [$ME]}";
const TO_ADMIN_HERE: &str = "{apiVersion: $RBAC/v1, kind: RoleBinding, metadata: {name: own, namespace: $NS}, \
    roleRef: {apiGroup: $RBAC, kind: ClusterRole, name: cluster-admin}, subjects: [$ME]}";
const ADDED: &str = r#"{"subjects": [{"kind": "ServiceAccount", "name": "actor", "namespace": "$NS"}]}"#;
const ALL: &str = r#"{"rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}"#;
const ALL_SECRETS: &str = "/api/v1/secrets";
const SECRETS: &str = "/api/v1/namespaces/$NS/secrets";

/// A binding of the cluster-admin role to nobody.
const OTHERS: &str = "{apiVersion: $RBAC/v1, kind: ClusterRoleBinding, metadata: {name: $NS-others}, \
    roleRef: {apiGroup: $RBAC, kind: ClusterRole, name: cluster-admin}, subjects: []}";
const WAITING: &str = "{apiVersion: $RBAC/v1, kind: RoleBinding, metadata: {name: waiting, namespace: $NS}, \
    roleRef: {apiGroup: $RBAC, kind: Role, name: missing}, subjects: [$ME]}";
const MISSING: &str = "{apiVersion: $RBAC/v1, kind: Role, metadata: {name: missing, namespace: $NS}, \
    rules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]}";

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "binding-without-bind",
        cluster: &["create,update,patch $RBAC:clusterrolebindings,rolebindings"],
        goal: "cluster-admin",
        says: Says::No,
        tries: &[post(CLUSTER_BINDINGS, TO_ADMIN)],
        server: UNHELD,
        ..ROW
    },
    Row {
        name: "binding-without-bind-here",
        local: &["create,update,patch $RBAC:rolebindings"],
        goal: "namespace-admin/$NS",
        says: Says::No,
        tries: &[post(BINDINGS, TO_ADMIN_HERE)],
        server: UNHELD,
        ..ROW
    },
    Row {
        name: "bind-on-bindings",
        cluster: &["create,bind $RBAC:clusterrolebindings"],
        goal: "cluster-admin",
        says: Says::No,
        tries: &[post(CLUSTER_BINDINGS, TO_ADMIN)],
        server: UNHELD,
        ..ROW
    },
    Row {
        name: "bind",
        cluster: &["create $RBAC:clusterrolebindings", "bind $RBAC:clusterroles@cluster-admin"],
        goal: "cluster-admin",
        tries: &[post(CLUSTER_BINDINGS, TO_ADMIN), get(ALL_SECRETS)],
        ..ROW
    },
    Row {
        name: "bind-another",
        cluster: &["create $RBAC:clusterrolebindings", "bind $RBAC:clusterroles@system:discovery"],
        goal: "cluster-admin",
        says: Says::No,
        tries: &[post(CLUSTER_BINDINGS, TO_ADMIN)],
        server: UNHELD,
        ..ROW
    },
    Row {
        name: "bind-by-patch",
        before: &[post(CLUSTER_BINDINGS, OTHERS)],
        cluster: &["patch $RBAC:clusterrolebindings@$NS-others", "bind $RBAC:clusterroles"],
        goal: "cluster-admin",
        tries: &[patch("/apis/$RBAC/v1/clusterrolebindings/$NS-others", ADDED), get(ALL_SECRETS)],
        ..ROW
    },
    Row {
        name: "patch-without-bind",
        before: &[post(CLUSTER_BINDINGS, OTHERS)],
        cluster: &["patch $RBAC:clusterrolebindings"],
        goal: "cluster-admin",
        says: Says::No,
        tries: &[patch("/apis/$RBAC/v1/clusterrolebindings/$NS-others", ADDED)],
        server: UNHELD,
        ..ROW
    },
    Row {
        name: "bind-here",
        local: &["create $RBAC:rolebindings", "bind $RBAC:clusterroles"],
        goal: "namespace-admin/$NS",
        tries: &[post(BINDINGS, TO_ADMIN_HERE), get(SECRETS)],
        ..ROW
    },
    Row {
        name: "bind-here-not-there",
        local: &["create $RBAC:rolebindings", "bind $RBAC:clusterroles"],
        goal: "namespace-admin/default",
        says: Says::NotYes,
        tries: &[post(BINDINGS, TO_ADMIN_HERE), get(SECRETS), get("/api/v1/namespaces/default/secrets")],
        server: Server::Refuses("cannot list resource"),
        ..ROW
    },
    Row {
        name: "bind-by-apply",
        local: &["create,patch $RBAC:rolebindings@own", "bind $RBAC:clusterroles@cluster-admin"],
        goal: "namespace-admin/$NS",
        tries: &[
            apply("/apis/$RBAC/v1/namespaces/$NS/rolebindings/own?fieldManager=reach", TO_ADMIN_HERE),
            get(SECRETS),
        ],
        ..ROW
    },
    Row {
        name: "create-of-a-name-alone",
        local: &["create $RBAC:rolebindings@own", "bind $RBAC:clusterroles@cluster-admin"],
        goal: "namespace-admin/$NS",
        says: Says::No,
        tries: &[post(BINDINGS, TO_ADMIN_HERE)],
        server: Server::Refuses("cannot create resource"),
        ..ROW
    },
    Row {
        name: "own-role",
        cluster: &["get,patch,update $RBAC:clusterroles"],
        goal: "cluster-admin",
        says: Says::No,
        tries: &[patch("/apis/$RBAC/v1/clusterroles/$NS-granted", ALL)],
        server: UNHELD,
        ..ROW
    },
    Row {
        name: "own-role-escalate",
        cluster: &["patch,escalate $RBAC:clusterroles@$NS-granted"],
        goal: "cluster-admin",
        tries: &[patch("/apis/$RBAC/v1/clusterroles/$NS-granted", ALL), get(ALL_SECRETS)],
        ..ROW
    },
    Row {
        name: "own-role-escalate-here",
        local: &["patch,escalate $RBAC:roles"],
        goal: "namespace-admin/$NS",
        tries: &[patch("/apis/$RBAC/v1/namespaces/$NS/roles/$NS-granted", ALL), get(SECRETS)],
        ..ROW
    },
    Row {
        name: "escalate-without-patch",
        local: &["escalate $RBAC:roles"],
        goal: "namespace-admin/$NS",
        says: Says::No,
        tries: &[patch("/apis/$RBAC/v1/namespaces/$NS/roles/$NS-granted", ALL)],
        server: Server::Refuses("cannot patch resource"),
        ..ROW
    },
    Row {
        name: "role-that-is-waited-for",
        before: &[post(BINDINGS, WAITING)],
        local: &["create,escalate $RBAC:roles"],
        goal: "namespace-admin/$NS",
        tries: &[post("/apis/$RBAC/v1/namespaces/$NS/roles", MISSING), get(SECRETS)],
        ..ROW
    },
    Row {
        name: "role-waited-for-unheld",
        before: &[post(BINDINGS, WAITING)],
        local: &["create $RBAC:roles"],
        goal: "namespace-admin/$NS",
        says: Says::No,
        tries: &[post("/apis/$RBAC/v1/namespaces/$NS/roles", MISSING)],
        server: UNHELD,
        ..ROW
    },
    Row {
        name: "new-role-bound",
        local: &["create,escalate,bind $RBAC:roles", "create $RBAC:rolebindings"],
        goal: "namespace-admin/$NS",
        tries: &[post("/apis/$RBAC/v1/namespaces/$NS/roles", MISSING), post(BINDINGS, WAITING), get(SECRETS)],
        ..ROW
    },
];

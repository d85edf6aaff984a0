//! Ways through the network that begin with a write: labels, policies and what stands behind a Service.
//!
//! No packet flows here: what is seen is that the server keeps, drops or refuses what the way writes.

use super::admission::{RUNS, WEB};
use super::{ROW, Row, Says, Server, Try, answering, apply, delete, patch, post};

const PODS: &str = "/api/v1/namespaces/$NS/pods";
const DB: Try = post(
    PODS,
    "{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: $NS, labels: {app: db}}, \
    spec: {nodeName: n1, containers: [{name: c, image: i, ports: [{containerPort: 5432}]}]}}",
);
const DB_RUNS: Try = patch(
    "/api/v1/namespaces/$NS/pods/db/status",
    r#"{"status": {"phase": "Running", "podIP": "10.1.0.2", "podIPs": [{"ip": "10.1.0.2"}]}}"#,
);
const POLICIES: &str = "/apis/networking.k8s.io/v1/namespaces/$NS/networkpolicies";
/// Only pods of the tier front come to the database.
const GUARD: Try = post(
    POLICIES,
    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: db, namespace: $NS}, \
    spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {tier: front}}}]}]}}",
);
const OPEN: &str = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: open, namespace: $NS}, \
    spec: {podSelector: {}, ingress: [{}]}}";
const BEFORE: &[Try] = &[WEB, RUNS, DB, DB_RUNS, GUARD];
const GOAL: &str = "$NS/db:5432";
const INSIDE: &str = "create pods/exec@web";
const FRONT: &str = r#"{"metadata": {"labels": {"tier": "front"}}}"#;
const IS_FRONT: &str = r#""tier":"front""#;
const UNLABELLED: &str = r#"{"metadata": {"labels": {"app": null}}}"#;
const FRONT_POD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: mine, namespace: $NS, labels: {tier: front}}, \
    spec: {securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, \
    containers: [{name: c, image: i, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}}";

const SERVICE: Try = post(
    "/api/v1/namespaces/$NS/services",
    "{apiVersion: v1, kind: Service, metadata: {name: db, namespace: $NS}, \
    spec: {selector: {app: db}, ports: [{port: 5432}]}}",
);
const SLICES: &str = "/apis/discovery.k8s.io/v1/namespaces/$NS/endpointslices";
const SLICE: &str = "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4, \
    metadata: {name: mine, namespace: $NS, labels: {kubernetes.io/service-name: db}}, \
    ports: [{port: 5432}], endpoints: [{addresses: [192.0.2.1]}]}";
const TAKEN: &str = "intercept/$NS/db";

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "held-without-label",
        before: BEFORE,
        local: &[INSIDE],
        goal: GOAL,
        says: Says::No,
        tries: &[patch("/api/v1/namespaces/$NS/pods/web", FRONT)],
        server: Server::Refuses("cannot patch resource"),
        ..ROW
    },
    Row {
        name: "label",
        before: BEFORE,
        local: &[INSIDE, "patch pods@web"],
        goal: GOAL,
        tries: &[answering(IS_FRONT, patch("/api/v1/namespaces/$NS/pods/web", FRONT))],
        ..ROW
    },
    Row {
        name: "label-by-pod-status",
        before: BEFORE,
        local: &[INSIDE, "patch pods/status"],
        goal: GOAL,
        tries: &[answering(IS_FRONT, patch("/api/v1/namespaces/$NS/pods/web/status", FRONT))],
        ..ROW
    },
    Row {
        name: "label-by-ephemeral",
        before: BEFORE,
        local: &[INSIDE, "patch pods/ephemeralcontainers@web"],
        goal: GOAL,
        says: Says::No,
        tries: &[answering(IS_FRONT, patch("/api/v1/namespaces/$NS/pods/web/ephemeralcontainers", FRONT))],
        server: Server::Drops,
        ..ROW
    },
    Row {
        name: "label-by-resize",
        before: BEFORE,
        local: &[INSIDE, "patch pods/resize"],
        goal: GOAL,
        says: Says::No,
        tries: &[answering(IS_FRONT, patch("/api/v1/namespaces/$NS/pods/web/resize", FRONT))],
        server: Server::Drops,
        ..ROW
    },
    Row {
        name: "label-of-the-target",
        before: BEFORE,
        local: &[INSIDE, "patch pods/status@db"],
        goal: GOAL,
        tries: &[patch("/api/v1/namespaces/$NS/pods/db/status", UNLABELLED)],
        ..ROW
    },
    Row {
        name: "pod-with-label",
        level: "restricted",
        before: BEFORE_RESTRICTED,
        local: &["create pods"],
        goal: GOAL,
        tries: &[answering(IS_FRONT, post(PODS, FRONT_POD))],
        ..ROW
    },
    Row {
        name: "policy",
        before: BEFORE,
        local: &[INSIDE, "create networking.k8s.io:networkpolicies"],
        goal: GOAL,
        tries: &[post(POLICIES, OPEN)],
        ..ROW
    },
    Row {
        name: "policy-by-apply",
        before: BEFORE,
        local: &[INSIDE, "create,patch networking.k8s.io:networkpolicies@open"],
        goal: GOAL,
        tries: &[apply("/apis/networking.k8s.io/v1/namespaces/$NS/networkpolicies/open?fieldManager=reach", OPEN)],
        ..ROW
    },
    Row {
        name: "policy-of-a-name-alone",
        before: BEFORE,
        local: &[INSIDE, "create networking.k8s.io:networkpolicies@open"],
        goal: GOAL,
        says: Says::No,
        tries: &[post(POLICIES, OPEN)],
        server: Server::Refuses("cannot create resource"),
        ..ROW
    },
    Row {
        name: "policy-status",
        before: BEFORE,
        local: &[INSIDE, "patch networking.k8s.io:networkpolicies/status"],
        goal: GOAL,
        says: Says::No,
        tries: &[patch(
            "/apis/networking.k8s.io/v1/namespaces/$NS/networkpolicies/db",
            r#"{"spec": {"ingress": [{}]}}"#,
        )],
        server: Server::Refuses("cannot patch resource"),
        ..ROW
    },
    Row {
        name: "policy-gone",
        before: BEFORE,
        local: &[INSIDE, "delete networking.k8s.io:networkpolicies"],
        goal: GOAL,
        tries: &[delete("/apis/networking.k8s.io/v1/namespaces/$NS/networkpolicies/db")],
        ..ROW
    },
    Row {
        name: "policies-gone",
        before: BEFORE,
        local: &[INSIDE, "deletecollection networking.k8s.io:networkpolicies"],
        goal: GOAL,
        tries: &[delete(POLICIES)],
        ..ROW
    },
    Row {
        name: "selected",
        before: BEFORE_SERVICE,
        local: &[INSIDE, "patch pods/status@web"],
        goal: TAKEN,
        tries: &[patch("/api/v1/namespaces/$NS/pods/web/status", r#"{"metadata": {"labels": {"app": "db"}}}"#)],
        ..ROW
    },
    Row {
        name: "selector",
        before: BEFORE_SERVICE,
        local: &[INSIDE, "patch services@db"],
        goal: TAKEN,
        tries: &[patch("/api/v1/namespaces/$NS/services/db", r#"{"spec": {"selector": {"app": "web"}}}"#)],
        ..ROW
    },
    Row {
        name: "slice",
        before: BEFORE_SERVICE,
        local: &["create discovery.k8s.io:endpointslices"],
        goal: TAKEN,
        tries: &[post(SLICES, SLICE)],
        ..ROW
    },
    Row {
        name: "slice-of-a-name-alone",
        before: BEFORE_SERVICE,
        local: &["create discovery.k8s.io:endpointslices@mine"],
        goal: TAKEN,
        says: Says::No,
        tries: &[post(SLICES, SLICE)],
        server: Server::Refuses("cannot create resource"),
        ..ROW
    },
    Row {
        name: "slice-by-apply",
        before: BEFORE_SERVICE,
        local: &["create,patch discovery.k8s.io:endpointslices@mine"],
        goal: TAKEN,
        tries: &[apply("/apis/discovery.k8s.io/v1/namespaces/$NS/endpointslices/mine?fieldManager=reach", SLICE)],
        ..ROW
    },
    Row {
        name: "slice-that-is-absent",
        before: BEFORE_SERVICE,
        local: &["patch discovery.k8s.io:endpointslices@mine"],
        goal: TAKEN,
        says: Says::No,
        tries: &[patch("/apis/discovery.k8s.io/v1/namespaces/$NS/endpointslices/mine", r#"{"endpoints": []}"#)],
        server: Server::Refuses("not found"),
        ..ROW
    },
];

const BEFORE_RESTRICTED: &[Try] = &[LOOSE, WEB, RUNS, DB, DB_RUNS, GUARD, TIGHT];
const BEFORE_SERVICE: &[Try] = &[WEB, RUNS, DB, DB_RUNS, SERVICE];
const LOOSE: Try = patch(
    "/api/v1/namespaces/$NS",
    r#"{"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}"#,
);
const TIGHT: Try = patch(
    "/api/v1/namespaces/$NS",
    r#"{"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}"#,
);

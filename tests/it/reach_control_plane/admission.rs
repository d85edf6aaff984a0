//! Ways by pods: what Pod Security admits, who may write labels, and what a subresource lets be changed.

use super::{ROW, Row, Says, Server, patch, post, put};

const PODS: &str = "/api/v1/namespaces/$NS/pods";
const PRIVILEGED: &str = "{apiVersion: v1, kind: Pod, metadata: {name: mine, namespace: $NS}, \
    spec: {containers: [{name: c, image: i, securityContext: {privileged: true}}]}}";
const HOST_NETWORK: &str = "{apiVersion: v1, kind: Pod, metadata: {name: mine, namespace: $NS}, \
    spec: {hostNetwork: true, containers: [{name: c, image: i}]}}";
const RESTRICTED: &str = "{apiVersion: v1, kind: Pod, metadata: {name: mine, namespace: $NS, labels: {tier: front}}, \
    spec: {serviceAccountName: strong, securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, \
    containers: [{name: c, image: i, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}}";
const OPENED: &str = r#"{"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}"#;
const OPENED_WHOLE: &str = "{apiVersion: v1, kind: Namespace, metadata: {name: $NS, labels: \
    {kubernetes.io/metadata.name: $NS, pod-security.kubernetes.io/enforce: privileged}}, spec: {finalizers: [kubernetes]}}";
const NEW: &str = "{apiVersion: v1, kind: Namespace, metadata: {name: $NS-new, \
    labels: {pod-security.kubernetes.io/enforce: privileged}}}";
const PRIVILEGED_THERE: &str = "{apiVersion: v1, kind: Pod, metadata: {name: mine, namespace: $NS-new}, \
    spec: {containers: [{name: c, image: i, securityContext: {privileged: true}}]}}";
const REFUSED: Server = Server::Refuses("violates PodSecurity");

const STRONG: super::Try = post(
    "/api/v1/namespaces/$NS/serviceaccounts",
    "{apiVersion: v1, kind: ServiceAccount, metadata: {name: strong, namespace: $NS}}",
);
pub(super) const WEB: super::Try = post(
    PODS,
    "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: $NS, labels: {app: web}}, \
    spec: {nodeName: n1, containers: [{name: c, image: i}]}}",
);
pub(super) const RUNS: super::Try = patch(
    "/api/v1/namespaces/$NS/pods/web/status",
    r#"{"status": {"phase": "Running", "podIP": "10.1.0.1", "podIPs": [{"ip": "10.1.0.1"}]}}"#,
);
const VOLUME: &str = "{apiVersion: v1, kind: PersistentVolume, metadata: {name: $NS}, spec: {capacity: {storage: 1Gi}, \
    accessModes: [ReadWriteOnce], storageClassName: $NS, hostPath: {path: /}}}";
const WITH_VOLUME: &str = "{apiVersion: v1, kind: Pod, metadata: {name: mine, namespace: $NS}, \
    spec: {securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, \
    volumes: [{name: v, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], storageClassName: $NS, \
    resources: {requests: {storage: 1Gi}}}}}}], \
    containers: [{name: c, image: i, volumeMounts: [{name: v, mountPath: /node}], \
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}}";
const DEBUG: &str = r#"{"spec": {"ephemeralContainers": [{"name": "d", "image": "i"}]}}"#;

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "pod-as-account",
        level: "restricted",
        before: &[STRONG],
        local: &["create pods"],
        goal: "sa:$NS/strong",
        tries: &[post(PODS, RESTRICTED)],
        ..ROW
    },
    Row {
        name: "pod-privileged",
        level: "privileged",
        local: &["create pods"],
        goal: "node-root/n1",
        tries: &[post(PODS, PRIVILEGED)],
        ..ROW
    },
    Row {
        name: "pod-privileged-baseline",
        level: "baseline",
        local: &["create pods"],
        goal: "node-root/n1",
        says: Says::NotYes,
        tries: &[post(PODS, PRIVILEGED)],
        server: REFUSED,
        ..ROW
    },
    Row {
        name: "pod-of-the-host-baseline",
        level: "baseline",
        local: &["create pods"],
        goal: "node-root/n1",
        says: Says::NotYes,
        tries: &[post(PODS, HOST_NETWORK)],
        server: REFUSED,
        ..ROW
    },
    Row {
        // The server's default is privileged; no client can see it.
        name: "pod-privileged-unlabelled",
        local: &["create pods"],
        goal: "node-root/n1",
        says: Says::Unknown,
        tries: &[post(PODS, PRIVILEGED)],
        ..ROW
    },
    Row {
        name: "label-then-pod",
        level: "restricted",
        local: &["create pods", "patch namespaces"],
        goal: "node-root/n1",
        tries: &[patch("/api/v1/namespaces/$NS", OPENED), post(PODS, PRIVILEGED)],
        ..ROW
    },
    Row {
        name: "label-by-status",
        level: "restricted",
        local: &["create pods", "patch namespaces/status@$NS"],
        goal: "node-root/n1",
        tries: &[patch("/api/v1/namespaces/$NS/status", OPENED), post(PODS, PRIVILEGED)],
        ..ROW
    },
    Row {
        name: "label-by-finalize",
        level: "restricted",
        local: &["create pods", "update namespaces/finalize"],
        goal: "node-root/n1",
        tries: &[put("/api/v1/namespaces/$NS/finalize", OPENED_WHOLE), post(PODS, PRIVILEGED)],
        ..ROW
    },
    Row {
        name: "label-of-another",
        level: "restricted",
        local: &["create pods", "patch namespaces@default"],
        goal: "node-root/n1",
        says: Says::NotYes,
        tries: &[patch("/api/v1/namespaces/$NS", OPENED)],
        server: Server::Refuses("cannot patch resource"),
        ..ROW
    },
    Row {
        name: "new-namespace",
        level: "restricted",
        cluster: &["create namespaces", "create pods"],
        goal: "node-root/n1",
        tries: &[post("/api/v1/namespaces", NEW), post("/api/v1/namespaces/$NS-new/pods", PRIVILEGED_THERE)],
        ..ROW
    },
    Row {
        name: "new-namespace-without-pods",
        level: "restricted",
        cluster: &["create namespaces"],
        local: &["create pods"],
        goal: "node-root/n1",
        says: Says::NotYes,
        tries: &[post("/api/v1/namespaces", NEW), post("/api/v1/namespaces/$NS-new/pods", PRIVILEGED_THERE)],
        server: Server::Refuses("cannot create resource \"pods\""),
        ..ROW
    },
    Row {
        // The pod brings its own claim: nobody asks for a right on claims.
        name: "volume-of-the-node",
        level: "restricted",
        cluster: &["create persistentvolumes"],
        local: &["create pods"],
        goal: "node-root/n1",
        tries: &[post("/api/v1/persistentvolumes", VOLUME), post(PODS, WITH_VOLUME)],
        ..ROW
    },
    Row {
        name: "volume-by-a-binding-here",
        level: "restricted",
        local: &["create pods,persistentvolumes"],
        goal: "node-root/n1",
        says: Says::NotYes,
        tries: &[post("/api/v1/persistentvolumes", VOLUME)],
        server: Server::Refuses("cannot create resource \"persistentvolumes\""),
        ..ROW
    },
    Row {
        name: "image",
        level: "privileged",
        before: &[WEB, RUNS],
        local: &["patch pods@web"],
        goal: "pod/$NS/web",
        tries: &[patch("/api/v1/namespaces/$NS/pods/web", IMAGE)],
        ..ROW
    },
    Row {
        // Pod Security judges a change of image like a new pod.
        name: "image-restricted",
        level: "privileged",
        before: &[WEB, RUNS, patch("/api/v1/namespaces/$NS", RESTRICTS)],
        local: &["patch pods@web"],
        goal: "pod/$NS/web",
        says: Says::No,
        tries: &[patch("/api/v1/namespaces/$NS/pods/web", IMAGE)],
        server: REFUSED,
        ..ROW
    },
    Row {
        name: "image-by-status",
        level: "privileged",
        before: &[WEB, RUNS],
        local: &["patch pods/status"],
        goal: "pod/$NS/web",
        says: Says::No,
        tries: &[patch("/api/v1/namespaces/$NS/pods/web", IMAGE)],
        server: Server::Refuses("cannot patch resource \"pods\""),
        ..ROW
    },
    Row {
        name: "ephemeral",
        level: "privileged",
        before: &[WEB, RUNS],
        local: &["patch pods/ephemeralcontainers"],
        goal: "pod/$NS/web",
        tries: &[patch("/api/v1/namespaces/$NS/pods/web/ephemeralcontainers", DEBUG)],
        ..ROW
    },
    Row {
        name: "ephemeral-restricted",
        level: "privileged",
        before: &[WEB, RUNS, patch("/api/v1/namespaces/$NS", RESTRICTS)],
        local: &["patch pods/ephemeralcontainers"],
        goal: "pod/$NS/web",
        says: Says::No,
        tries: &[patch("/api/v1/namespaces/$NS/pods/web/ephemeralcontainers", DEBUG)],
        server: REFUSED,
        ..ROW
    },
];

const RESTRICTS: &str = r#"{"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}"#;
const IMAGE: &str = r#"{"spec": {"containers": [{"name": "c", "image": "mine"}]}}"#;

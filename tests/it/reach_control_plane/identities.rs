//! Ways to act as somebody else: impersonation (rules 54–56), tokens and certificates.

use super::{ROW, Row, Says, Server, acting, apply, get, patch, post};

/// Who asks, in the server's words.
const WHO: super::Try = post(
    "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    "{apiVersion: authentication.k8s.io/v1, kind: SelfSubjectReview}",
);
const AS_EVE: &[(&str, &str)] = &[("Impersonate-User", "eve")];
const AS_STRONG: &[(&str, &str)] = &[("Impersonate-User", "system:serviceaccount:$NS:strong")];
const AS_MASTER: &[(&str, &str)] = &[("Impersonate-User", "eve"), ("Impersonate-Group", "system:masters")];
const AS_OWN_MASTER: &[(&str, &str)] =
    &[("Impersonate-User", "system:serviceaccount:$NS:actor"), ("Impersonate-Group", "system:masters")];
const AS_NOBODY: &[(&str, &str)] = &[("Impersonate-Group", "system:masters")];
const ALL_SECRETS: super::Try = get("/api/v1/secrets");
const NOT_IMPERSONATED: Server = Server::Refuses("cannot impersonate");

const ACCOUNTS: &str = "/api/v1/namespaces/$NS/serviceaccounts";
const STRONG: &str = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: strong, namespace: $NS}}";
const GHOST: &str = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: ghost, namespace: $NS}}";
const STALE: &str = "{apiVersion: $RBAC/v1, kind: RoleBinding, metadata: {name: stale, namespace: $NS}, \
    roleRef: {apiGroup: $RBAC, kind: ClusterRole, name: system:discovery}, \
    subjects: [{kind: ServiceAccount, name: ghost, namespace: $NS}]}";
const STRONG_TOKEN: &str = "/api/v1/namespaces/$NS/serviceaccounts/strong/token";
const GHOST_TOKEN: &str = "/api/v1/namespaces/$NS/serviceaccounts/ghost/token";
const TOKEN: &str = "{apiVersion: authentication.k8s.io/v1, kind: TokenRequest, spec: {}}";
const SECRETS: &str = "/api/v1/namespaces/$NS/secrets";
const TOKEN_SECRET: &str = "{apiVersion: v1, kind: Secret, type: kubernetes.io/service-account-token, \
    metadata: {name: mine, namespace: $NS, annotations: {kubernetes.io/service-account.name: strong}}}";

const REQUESTS: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
const FOR_EVE: &str = "{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest, metadata: {name: $NS}, \
    spec: {signerName: kubernetes.io/kube-apiserver-client, usages: [client auth], request: $CSR(eve)}}";
const FOR_MASTERS: &str = "{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest, metadata: {name: $NS}, \
    spec: {signerName: kubernetes.io/kube-apiserver-client, usages: [client auth], request: $CSR(eve;system:masters)}}";
const APPROVAL: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests/$NS/approval";
const APPROVED: &str =
    r#"{"status": {"conditions": [{"type": "Approved", "status": "True", "reason": "Own", "message": "m"}]}}"#;
const CREATES: &str = "create certificates.k8s.io:certificatesigningrequests";
const APPROVES: &str = "patch certificates.k8s.io:certificatesigningrequests/approval";
const AS_SIGNER: &str = "approve certificates.k8s.io:signers@kubernetes.io/kube-apiserver-client";

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "impersonate-user",
        cluster: &["impersonate users"],
        goal: "user:eve",
        tries: &[acting(AS_EVE, WHO)],
        ..ROW
    },
    Row {
        name: "impersonate-other-user",
        cluster: &["impersonate users@mallory"],
        goal: "user:eve",
        says: Says::No,
        tries: &[acting(AS_EVE, WHO)],
        server: NOT_IMPERSONATED,
        ..ROW
    },
    Row {
        name: "impersonate-user-here",
        local: &["impersonate users,groups"],
        goal: "user:eve",
        says: Says::No,
        tries: &[acting(AS_EVE, WHO)],
        server: NOT_IMPERSONATED,
        ..ROW
    },
    Row {
        name: "impersonate-group",
        cluster: &["impersonate users@eve", "impersonate groups@system:masters"],
        goal: "masters",
        tries: &[acting(AS_MASTER, ALL_SECRETS)],
        ..ROW
    },
    Row {
        name: "impersonate-group-alone",
        cluster: &["impersonate groups"],
        goal: "masters",
        says: Says::No,
        tries: &[acting(AS_NOBODY, ALL_SECRETS)],
        server: Server::Refuses("without impersonating a user"),
        ..ROW
    },
    Row {
        name: "impersonate-group-as-self",
        cluster: &["impersonate groups"],
        local: &["impersonate serviceaccounts@actor"],
        goal: "masters",
        tries: &[acting(AS_OWN_MASTER, ALL_SECRETS)],
        ..ROW
    },
    Row {
        name: "impersonate-account",
        before: &[post(ACCOUNTS, STRONG)],
        local: &["impersonate serviceaccounts"],
        goal: "sa:$NS/strong",
        tries: &[acting(AS_STRONG, WHO)],
        ..ROW
    },
    Row {
        name: "impersonate-account-as-user",
        before: &[post(ACCOUNTS, STRONG), post("/apis/$RBAC/v1/namespaces/$NS/rolebindings", STRONG_IS_ADMIN)],
        cluster: &["impersonate users@system:serviceaccount:$NS:strong"],
        goal: "namespace-admin/$NS",
        says: Says::No,
        tries: &[acting(AS_STRONG, WHO)],
        server: NOT_IMPERSONATED,
        ..ROW
    },
    Row {
        // Not a way to eve's own rights, only to what impersonate-on names; that is not followed yet.
        name: "impersonate-constrained",
        cluster: &["impersonate:user-info authentication.k8s.io:users", "impersonate-on:user-info:list secrets"],
        before: &[post("/apis/$RBAC/v1/clusterrolebindings", EVE_IS_ADMIN)],
        goal: "secrets/$NS",
        says: Says::Unknown,
        tries: &[acting(AS_EVE, ALL_SECRETS)],
        ..ROW
    },
    Row {
        name: "impersonate-constrained-half",
        cluster: &["impersonate:user-info authentication.k8s.io:users"],
        before: &[post("/apis/$RBAC/v1/clusterrolebindings", EVE_IS_ADMIN)],
        goal: "secrets/$NS",
        says: Says::NotYes,
        tries: &[acting(AS_EVE, ALL_SECRETS)],
        server: NOT_IMPERSONATED,
        ..ROW
    },
    Row {
        // The default role edit lets accounts of the namespace be impersonated (rule 57).
        name: "edit",
        before: &[post(ACCOUNTS, STRONG), post("/apis/$RBAC/v1/namespaces/$NS/rolebindings", EDITS)],
        goal: "sa:$NS/strong",
        tries: &[acting(AS_STRONG, WHO), post(STRONG_TOKEN, TOKEN)],
        ..ROW
    },
    Row {
        name: "view",
        before: &[post(ACCOUNTS, STRONG), post("/apis/$RBAC/v1/namespaces/$NS/rolebindings", VIEWS)],
        goal: "sa:$NS/strong",
        says: Says::NotYes,
        tries: &[acting(AS_STRONG, WHO)],
        server: NOT_IMPERSONATED,
        ..ROW
    },
    Row {
        name: "token",
        before: &[post(ACCOUNTS, STRONG)],
        local: &["create serviceaccounts/token@strong"],
        goal: "sa:$NS/strong",
        tries: &[post(STRONG_TOKEN, TOKEN)],
        ..ROW
    },
    Row {
        name: "token-of-another",
        before: &[post(ACCOUNTS, STRONG)],
        local: &["create serviceaccounts/token@actor", "get,list serviceaccounts"],
        goal: "sa:$NS/strong",
        says: Says::No,
        tries: &[post(STRONG_TOKEN, TOKEN)],
        server: Server::Refuses("cannot create resource \"serviceaccounts/token\""),
        ..ROW
    },
    Row {
        name: "token-of-a-new-account",
        before: &[post("/apis/$RBAC/v1/namespaces/$NS/rolebindings", STALE)],
        local: &["create serviceaccounts,serviceaccounts/token"],
        goal: "sa:$NS/ghost",
        tries: &[post(ACCOUNTS, GHOST), post(GHOST_TOKEN, TOKEN)],
        ..ROW
    },
    Row {
        name: "token-of-an-applied-account",
        before: &[post("/apis/$RBAC/v1/namespaces/$NS/rolebindings", STALE)],
        local: &["create,patch serviceaccounts@ghost", "create serviceaccounts/token@ghost"],
        goal: "sa:$NS/ghost",
        tries: &[
            apply("/api/v1/namespaces/$NS/serviceaccounts/ghost?fieldManager=reach", GHOST),
            post(GHOST_TOKEN, TOKEN),
        ],
        ..ROW
    },
    Row {
        name: "token-of-an-absent-account",
        before: &[post("/apis/$RBAC/v1/namespaces/$NS/rolebindings", STALE)],
        local: &["create serviceaccounts/token"],
        goal: "sa:$NS/ghost",
        says: Says::No,
        tries: &[post(GHOST_TOKEN, TOKEN)],
        server: Server::Refuses("not found"),
        ..ROW
    },
    Row {
        name: "token-secret",
        before: &[post(ACCOUNTS, STRONG)],
        local: &["create,get secrets"],
        goal: "sa:$NS/strong",
        tries: &[post(SECRETS, TOKEN_SECRET), get("/api/v1/namespaces/$NS/secrets/mine")],
        ..ROW
    },
    Row {
        // Whether a Secret of that name is there already, whose type cannot change, is not known.
        name: "token-secret-by-apply",
        before: &[post(ACCOUNTS, STRONG)],
        local: &["create,patch,get secrets@mine"],
        goal: "sa:$NS/strong",
        says: Says::Unknown,
        tries: &[
            apply("/api/v1/namespaces/$NS/secrets/mine?fieldManager=reach", TOKEN_SECRET),
            get("/api/v1/namespaces/$NS/secrets/mine"),
        ],
        ..ROW
    },
    Row {
        name: "token-secret-unread",
        before: &[post(ACCOUNTS, STRONG)],
        local: &["create secrets"],
        goal: "sa:$NS/strong",
        says: Says::No,
        tries: &[post(SECRETS, TOKEN_SECRET), get("/api/v1/namespaces/$NS/secrets/mine")],
        server: Server::Refuses("cannot get resource"),
        ..ROW
    },
    Row {
        name: "certificate",
        cluster: &[CREATES, APPROVES, AS_SIGNER],
        goal: "user:eve",
        says: Says::Unknown,
        tries: &[post(REQUESTS, FOR_EVE), patch(APPROVAL, APPROVED)],
        ..ROW
    },
    Row {
        name: "certificate-of-masters",
        cluster: &[CREATES, APPROVES, AS_SIGNER],
        goal: "masters",
        says: Says::NotYes,
        tries: &[post(REQUESTS, FOR_MASTERS)],
        server: Server::Refuses("system:masters"),
        ..ROW
    },
    Row {
        name: "certificate-without-signer",
        cluster: &[CREATES, APPROVES],
        goal: "user:eve",
        says: Says::No,
        tries: &[post(REQUESTS, FOR_EVE), patch(APPROVAL, APPROVED)],
        server: Server::Refuses("not permitted to approve requests with signerName"),
        ..ROW
    },
];

const EVE_IS_ADMIN: &str = "{apiVersion: $RBAC/v1, kind: ClusterRoleBinding, metadata: {name: $NS-eve}, \
    roleRef: {apiGroup: $RBAC, kind: ClusterRole, name: cluster-admin}, subjects: [{kind: User, name: eve}]}";
const EDITS: &str = "{apiVersion: $RBAC/v1, kind: RoleBinding, metadata: {name: edits, namespace: $NS}, \
    roleRef: {apiGroup: $RBAC, kind: ClusterRole, name: edit}, subjects: [$ME]}";
const VIEWS: &str = "{apiVersion: $RBAC/v1, kind: RoleBinding, metadata: {name: views, namespace: $NS}, \
    roleRef: {apiGroup: $RBAC, kind: ClusterRole, name: view}, subjects: [$ME]}";
const STRONG_IS_ADMIN: &str = "{apiVersion: $RBAC/v1, kind: RoleBinding, metadata: {name: strong, namespace: $NS}, \
    roleRef: {apiGroup: $RBAC, kind: ClusterRole, name: cluster-admin}, \
    subjects: [{kind: ServiceAccount, name: strong, namespace: $NS}]}";

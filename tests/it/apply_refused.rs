//! What a real API server refuses: escalation, admission, a webhook, rights that go in the middle.

use std::net::SocketAddr;
use std::sync::Arc;

use kreach::change::plan::TakeOver;
use kreach::change::record::ChangeState;
use kreach::change::{Change, Op};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::apply_control_plane::{applier, id, made, policy, tried, words};
use crate::control_plane::{self, create};

const SUITE: &str = "apply_refused";

/// Nobody grants what they do not hold, and an admission policy has its say: the dry run tells both.
#[tokio::test(flavor = "multi_thread")]
async fn escalation_and_admission_are_refused_by_the_dry_run() {
    let Some(plane) = control_plane::shared(SUITE) else { return };
    let client = plane.client("admin").await;
    let rbac = "rbac.authorization.k8s.io";
    create(
        &client,
        &[
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "apply-c", "labels": {"guarded": "apply"}}}),
            json!({"apiVersion": format!("{rbac}/v1"), "kind": "Role", "metadata": {"name": "writer", "namespace": "apply-c"},
                "rules": [{"apiGroups": [rbac], "resources": ["roles"], "verbs": ["get", "create", "patch", "update"]}]}),
            json!({"apiVersion": format!("{rbac}/v1"), "kind": "RoleBinding", "metadata": {"name": "writer", "namespace": "apply-c"},
                "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "writer"},
                "subjects": [{"apiGroup": rbac, "kind": "User", "name": "carol"}]}),
            json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "no-open"},
                "spec": {"failurePolicy": "Fail",
                    "matchConstraints": {"resourceRules": [{"apiGroups": ["networking.k8s.io"], "apiVersions": ["v1"],
                        "operations": ["CREATE", "UPDATE"], "resources": ["networkpolicies"]}]},
                    "validations": [{"expression": "!object.metadata.name.startsWith('open')", "message": "open policies are not wanted here"}]}}),
            json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "no-open"},
                "spec": {"policyName": "no-open", "validationActions": ["Deny"],
                    "matchResources": {"namespaceSelector": {"matchLabels": {"guarded": "apply"}}}}}),
        ],
    )
    .await;
    let role = |verbs: &str| {
        json!({"apiVersion": format!("{rbac}/v1"), "kind": "Role", "metadata": {"name": "more", "namespace": "apply-c"},
            "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": [verbs]}]})
    };
    let carol = applier(plane, "carol").await;
    let said = words(tried(&carol, Op::Create, role("get"), TakeOver::Never).await);
    assert!(said.contains("403") && said.contains("not currently held"), "{said}");
    let admin = applier(plane, "admin").await;
    // The server takes a moment until it knows a new policy: asked until it says no.
    let mut said = String::new();
    for _ in 0..600 {
        match tried(&admin, Op::Create, policy("apply-c", "open", json!([{}])), TakeOver::Never).await {
            Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            Err(stopped) => {
                said = stopped.words();
                break;
            }
        }
    }
    assert!(said.contains("open policies are not wanted here"), "{said}");
    assert!(tried(&admin, Op::Create, policy("apply-c", "shut", json!([])), TakeOver::Never).await.is_ok());
}

/// Rights are taken away between the dry run and the second of three changes: it stops there, and what was made is undone.
#[tokio::test(flavor = "multi_thread")]
async fn rights_that_go_in_the_middle_stop_it_and_what_was_made_is_undone() {
    let Some(plane) = control_plane::shared(SUITE) else { return };
    let client = plane.client("admin").await;
    let rbac = "rbac.authorization.k8s.io";
    let spaces = ["apply-f1", "apply-f2", "apply-f3"];
    let verbs = ["get", "create", "patch", "update", "delete"];
    for space in spaces {
        let binding = json!({"apiVersion": format!("{rbac}/v1"), "kind": "RoleBinding", "metadata": {"name": "writer", "namespace": space},
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "writer"}, "subjects": [{"apiGroup": rbac, "kind": "User", "name": "carol"}]});
        let role = json!({"apiVersion": format!("{rbac}/v1"), "kind": "Role", "metadata": {"name": "writer", "namespace": space},
            "rules": [{"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": verbs}]});
        create(
            &client,
            &[json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}}), role, binding],
        )
        .await;
    }
    let carol = applier(plane, "carol").await;
    let changes = || spaces.map(|it| Change { op: Op::Create, object: policy(it, "web", json!([])) }).to_vec();
    // The authorizer takes a moment until it knows a binding, and until it knows that it is gone.
    let mut attempt = None;
    for _ in 0..600 {
        let steps = carol.plan(changes(), TakeOver::Never).await;
        attempt = match steps {
            Ok(steps) => carol.attempt(steps).await.ok(),
            Err(_) => None,
        };
        match attempt {
            Some(_) => break,
            None => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
    let attempt = attempt.expect("the dry run of all three passes");
    let bindings = control_plane::api_of(
        &client,
        &json!({"apiVersion": format!("{rbac}/v1"), "kind": "RoleBinding",
        "metadata": {"name": "writer", "namespace": "apply-f2"}}),
    );
    bindings.delete("writer", &Default::default()).await.expect("deleted");
    for _ in 0..600 {
        if tried(&carol, Op::Create, policy("apply-f2", "other", json!([])), TakeOver::Never).await.is_err() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let record = made(&carol, &attempt).await;
    let states: Vec<ChangeState> = record.steps.iter().map(|it| it.state).collect();
    assert_eq!(states, [ChangeState::Made, ChangeState::Refused, ChangeState::Waiting], "{record:?}");
    assert!(record.steps[1].why.contains("403") && record.is_undoable(), "{record:?}");
    let admin = applier(plane, "admin").await;
    for (space, is_there) in [("apply-f1", true), ("apply-f2", false), ("apply-f3", false)] {
        assert_eq!(admin.now(&id(space, "web")).await.expect("readable").is_some(), is_there, "{space}");
    }
    let undoing = carol.undoing(&record).await.expect("nobody changed it");
    let attempt = carol.attempt(carol.plan(undoing.changes, TakeOver::Never).await.expect("no conflict")).await;
    let undone = made(&carol, &attempt.expect("it passes")).await;
    assert_eq!(undone.steps.iter().map(|it| it.state).collect::<Vec<_>>(), [ChangeState::Made]);
    assert_eq!(admin.now(&id("apply-f1", "web")).await, Ok(None));
}

/// A webhook that says no, of what is tried and of what is made.
async fn denying() -> (SocketAddr, String) {
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("its own versions")
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .expect("a certificate and its key");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let (address, acceptor) = (listener.local_addr().expect("an address"), TlsAcceptor::from(Arc::new(config)));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move { deny(acceptor.accept(stream).await?).await });
        }
    });
    (address, certified.cert.pem())
}

/// Denies all reviews of one connection.
async fn deny(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        let length = head.lines().find_map(|it| it.strip_prefix("content-length:")?.trim().parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body).await?;
        let review: Value = serde_json::from_slice(&body).unwrap_or_default();
        let answer = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {
            "uid": review["request"]["uid"], "allowed": false, "status": {"message": "not on a Friday"}}})
        .to_string();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json";
        stream.write_all(format!("{head}\r\nContent-Length: {}\r\n\r\n{answer}", answer.len()).as_bytes()).await?;
    }
}

/// A webhook denies, and one that cannot be asked fails: the dry run tells both, and nothing is sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_denies_by_the_dry_run() {
    use base64::Engine as _;
    let Some(plane) = control_plane::shared(SUITE) else { return };
    let client = plane.client("admin").await;
    let (address, pem) = denying().await;
    // A port on which nobody listens.
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let bundle = base64::engine::general_purpose::STANDARD.encode(pem);
    let webhook = |space: &str, address: SocketAddr| {
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": space},
            "webhooks": [{"name": "policies.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": "Fail",
                "timeoutSeconds": 5, "clientConfig": {"url": format!("https://{address}/"), "caBundle": bundle},
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space}},
                "rules": [{"apiGroups": ["networking.k8s.io"], "apiVersions": ["v1"], "operations": ["*"], "resources": ["networkpolicies"]}]}]})
    };
    let admin = applier(plane, "admin").await;
    for (space, address, said) in [("apply-g", address, "not on a Friday"), ("apply-h", gone, "failed calling webhook")]
    {
        let space_object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}});
        create(&client, &[space_object, webhook(space, address)]).await;
        let mut told = String::new();
        // The server takes a moment until it knows a new webhook.
        for _ in 0..600 {
            match tried(&admin, Op::Create, policy(space, "web", json!([])), TakeOver::Never).await {
                Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                Err(stopped) => {
                    told = stopped.words();
                    break;
                }
            }
        }
        assert!(told.contains(said), "{told}");
        assert_eq!(admin.now(&id(space, "web")).await, Ok(None));
    }
}

/// Nothing is created in a namespace that goes: the dry run says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_goes_takes_nothing_more() {
    let Some(plane) = control_plane::shared(SUITE) else { return };
    let client = plane.client("admin").await;
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "apply-i"}});
    create(&client, std::slice::from_ref(&space)).await;
    // No controller of this control plane ends it: it goes for ever.
    control_plane::api_of(&client, &space).delete("apply-i", &Default::default()).await.expect("it is going");
    let admin = applier(plane, "admin").await;
    let mut told = String::new();
    for _ in 0..600 {
        match tried(&admin, Op::Create, policy("apply-i", "web", json!([])), TakeOver::Never).await {
            Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            Err(stopped) => {
                told = stopped.words();
                break;
            }
        }
    }
    assert!(told.contains("being terminated"), "{told}");
}

//! A session against a real API server: lists, watches, a compaction, a crash, a limited user.

use std::time::Duration;

use kreach::live::connect::{Flags, Surroundings, connect_in};
use kreach::model::coverage::Coverage;
use kreach::model::id::Kind;
use kube::Client;
use kube::api::DeleteParams;
use serde_json::{Value, json};

use crate::control_plane::{self, ControlPlane};
use crate::live_world::Session;

async fn connected(plane: &ControlPlane, user: &str) -> Client {
    let flags = Flags { kubeconfig: Some(plane.kubeconfig_for(user)), ..Flags::default() };
    connect_in(&flags, &Surroundings::default()).await.expect("a client").client
}

fn namespace(name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } })
}

fn policy(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": { "namespace": namespace, "name": name }, "spec": { "podSelector": {} },
    })
}

fn names(session: &Session, namespace: &str) -> Vec<String> {
    session.cluster.policies.of(namespace).iter().map(|it| it.meta.name.to_string()).collect()
}

fn is_live(session: &Session) -> bool {
    *session.cluster.coverage.of(Kind::NETWORK_POLICY, "") == Coverage::Live
}

/// E4, G1, N8 on a server that is killed, its history compacted, and started again.
#[tokio::test]
async fn a_session_outlives_a_crash_and_a_compaction() {
    let Some(mut plane) = control_plane::private("live_control_plane", &[]) else { return };
    let admin = plane.client("admin").await;
    let many: Vec<Value> = (0..600).map(|it| policy("shop", &format!("p{it:03}"))).collect();
    control_plane::create(&admin, &[namespace("shop")]).await;
    control_plane::create(&admin, &many).await;
    let mut session = Session::of(connected(&plane, "admin").await, &[Kind::NETWORK_POLICY, Kind::NAMESPACE], &[]);
    session.until("all are listed", |it| is_live(it) && names(it, "shop").len() == 600).await;
    control_plane::create(&admin, &[policy("shop", "later")]).await;
    session.until("the new one is seen", |it| names(it, "shop").len() == 601).await;

    plane.kill_server();
    session
        .until("the server is missed", |it| {
            matches!(it.cluster.coverage.of(Kind::NETWORK_POLICY, ""), Coverage::Stale { .. })
        })
        .await;
    assert_eq!(names(&session, "shop").len(), 601, "what was known stays");
    plane.start_server();
    let admin = plane.client("admin").await;
    let gone = control_plane::api_of(&admin, &policy("shop", "p000"));
    gone.delete("p000", &DeleteParams::default()).await.expect("deleted");
    plane.compact();
    session.until("it is live again", |it| is_live(it) && names(it, "shop").len() == 600).await;
    assert!(!names(&session, "shop").contains(&"p000".to_owned()));
}

/// A3 on a server that authorizes.
#[tokio::test]
async fn a_user_of_one_namespace_sees_that_one() {
    let Some(plane) = control_plane::shared("live_control_plane") else { return };
    let admin = plane.client("admin").await;
    let own = "live-own";
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": { "namespace": own, "name": "read" },
        "rules": [{ "apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": ["list", "watch"] }],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": { "namespace": own, "name": "read" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "read" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "carol" }],
    });
    control_plane::create(&admin, &[namespace(own), role, binding, policy(own, "one")]).await;
    let mut session = Session::of(connected(&plane, "carol").await, &[Kind::NETWORK_POLICY], &[own]);
    session.until("its policy is seen", |it| names(it, own) == ["one"]).await;
    session.run_for(Duration::from_millis(100)).await;
    assert!(matches!(session.cluster.coverage.of(Kind::NETWORK_POLICY, ""), Coverage::Forbidden { .. }));
    assert_eq!(*session.cluster.coverage.of(Kind::NETWORK_POLICY, own), Coverage::Live);
}

//! Sessions and one-shot reads against the embedded API server, over a socket.

use std::sync::Arc;
use std::time::Duration;

use kreach::ask::needs::{Needs, ReadNeed};
use kreach::embedded::review::{GivenRight, Requester};
use kreach::embedded::{ServeSettings, ServedCluster, Server, kinds, serve};
use kreach::kinds::KINDS;
use kreach::live::read::Reader;
use kreach::live::{self, ManagedFields, connect};
use kreach::model::cluster::Cluster;
use kreach::model::coverage::{Coverage, Scope};
use kreach::model::id::{Kind, ObjectId};
use kube::Client;
use serde_json::json;

use crate::live_world::Session;

async fn served(settings: ServeSettings) -> (Arc<ServedCluster>, Server, Client) {
    let world = ServedCluster::seeded("S").expect("a world of that name");
    let server = serve(world.clone(), "127.0.0.1:0", settings).await.expect("a server");
    let client = connect::to_address(server.url().parse().expect("an address")).expect("a client");
    (world, server, client)
}

fn every_kind() -> Vec<Kind> {
    KINDS.iter().map(|it| it.kind).collect()
}

fn is_settled(session: &Session) -> bool {
    every_kind().into_iter().all(|it| session.cluster.coverage.is_complete(it, ""))
}

async fn read(client: &Client, needs: impl IntoIterator<Item = ReadNeed>) -> Cluster {
    let mut cluster = Cluster::new(Coverage::Unread);
    let reader = Reader::new(client.clone(), Vec::new());
    reader.read(&mut cluster, &Needs(needs.into_iter().collect())).await.expect("a sound server");
    cluster
}

/// Two ways to the same facts: streamed lists with their watches, and pages.
#[tokio::test]
async fn a_session_and_a_read_of_everything_hold_the_same() {
    let (_, _server, client) = served(ServeSettings::default()).await;
    let mut session = Session::of(client.clone(), &every_kind(), &[]);
    session.until("every kind is known", is_settled).await;
    let everywhere = |kind| ReadNeed::All { kind, scope: Scope::Everywhere };
    let whole = read(&client, every_kind().into_iter().map(everywhere)).await;
    assert!(whole.pods.len() == 1_000 && whole.policies.len() > 50, "{} pods", whole.pods.len());
    assert_eq!(session.cluster.coverage.kinds, whole.coverage.kinds);
    assert_eq!(session.cluster.pods, whole.pods);
    assert_eq!(session.cluster.policies, whole.policies);
    assert_eq!(session.cluster.services, whole.services);
    assert_eq!(session.cluster.endpoint_slices, whole.endpoint_slices);
    assert_eq!(session.cluster.roles, whole.roles);
    assert_eq!(session.cluster.bindings, whole.bindings);
    assert_eq!(session.cluster.workloads, whole.workloads);
    assert_eq!((&session.cluster.nodes, &session.cluster.namespaces), (&whole.nodes, &whole.namespaces));
}

#[tokio::test]
async fn a_change_is_seen_at_once() {
    let (world, _server, client) = served(ServeSettings::default()).await;
    let mut session = Session::of_pods(client);
    session.until("live", |it| *it.cluster.coverage.of(Kind::POD, "") == Coverage::Live).await;
    let pods = kinds::by_plural("pods").expect("pods are served");
    let metadata = json!({ "name": "new", "namespace": "default", "uid": "u" });
    let spec = json!({ "containers": [{ "name": "c", "image": "i" }] });
    world.put(pods, json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec }));
    session.until("it is there", |it| it.cluster.pods.get("default", "new").is_some()).await;
    world.delete(pods, "default", "new").expect("it is there");
    session.until("it is gone", |it| it.cluster.pods.get("default", "new").is_none()).await;
}

/// A trace between two pods reads those two and what governs them; nothing is claimed of the rest.
#[tokio::test]
async fn one_pod_is_read_alone() {
    let (_, _server, client) = served(ServeSettings::default()).await;
    let everywhere = |kind| ReadNeed::All { kind, scope: Scope::Everywhere };
    let all = read(&client, [everywhere(Kind::POD)]).await;
    let pod = all.pods.iter().next().expect("a pod").clone();
    let scope = Scope::Namespace(pod.namespace().clone());
    let id = pod.pod_id().object();
    let namespace = ObjectId::new(Kind::NAMESPACE, "", pod.namespace().clone());
    let few = read(&client, [ReadNeed::One(id.clone()), ReadNeed::One(namespace), ReadNeed::Policies(scope)]).await;
    assert_eq!(few.pods.iter().collect::<Vec<_>>(), [&pod]);
    let coverage = &few.coverage;
    assert_eq!(*coverage.of(Kind::POD, pod.namespace()), Coverage::Unread);
    assert_eq!(*coverage.of(Kind::NAMESPACE, pod.namespace()), Coverage::Live);
    assert_eq!(*coverage.of(Kind::NETWORK_POLICY, pod.namespace()), Coverage::Live);
    assert_eq!(*coverage.of(Kind::NETWORK_POLICY, "elsewhere"), Coverage::Unread);
    assert_eq!(*coverage.of(Kind("ciliumnetworkpolicy"), ""), Coverage::NotServed);

    let missing = ObjectId::new(Kind::POD, pod.namespace().clone(), "missing");
    let near = read(&client, [ReadNeed::One(missing)]).await;
    assert!(near.coverage.is_complete(Kind::POD, pod.namespace()), "its absence is proven");
    assert!(near.pods.get(pod.namespace(), &pod.name().to_string()).is_some(), "and the names near it are known");

    let address = pod.addresses().iter().next().expect("an address");
    let there = read(&client, [ReadNeed::PodsAt(address)]).await;
    assert_eq!(there.pods.iter().collect::<Vec<_>>(), [&pod]);
    assert!(there.coverage.addresses.contains(&address));

    let shown = live::object(&client, &id, ManagedFields::LeftOut).await.expect("the pod");
    assert_eq!(shown["metadata"]["name"], pod.name().to_string());
    assert!(shown["metadata"].get("managedFields").is_none());
}

/// A3, over a socket: an identity that may read one namespace sees that one.
#[tokio::test]
async fn a3_a_limited_identity_sees_its_namespace() {
    let everything = served(ServeSettings::default()).await;
    let all = read(&everything.2, [ReadNeed::All { kind: Kind::POD, scope: Scope::Everywhere }]).await;
    let own = all.pods.namespaces().next().expect("a namespace").clone();
    let rights = vec![GivenRight::new(&["get", "list", "watch"], &["pods", "networkpolicies"], &[&own])];
    let alice = Requester { token: None, user: "alice".to_owned(), groups: Vec::new(), rights };
    let (_, _server, client) = served(ServeSettings { identities: vec![alice], ..ServeSettings::default() }).await;
    let mut session = Session::of(client, &[Kind::POD, Kind::NETWORK_POLICY, Kind::NODE], &[&own]);
    let live = |it: &Session, kind| *it.cluster.coverage.of(kind, &own) == Coverage::Live;
    session.until("its pods are live", |it| live(it, Kind::POD) && live(it, Kind::NETWORK_POLICY)).await;
    assert_eq!(session.cluster.pods.len(), all.pods.of(&own).len());
    session.run_for(Duration::from_millis(1)).await;
    assert!(matches!(session.cluster.coverage.of(Kind::POD, ""), Coverage::Forbidden { .. }));
}

/// A3, one-shot: what a question names is looked into where the whole is forbidden.
#[tokio::test(flavor = "multi_thread")]
async fn a3_a_command_reads_the_namespace_that_it_names() {
    let everything = served(ServeSettings::default()).await;
    let all = read(&everything.2, [ReadNeed::All { kind: Kind::POD, scope: Scope::Everywhere }]).await;
    let pod = all.pods.iter().find(|it| *it.namespace() != "default").expect("a pod").pod_id();
    let rights = vec![GivenRight::new(&["get", "list"], &["pods", "networkpolicies"], &[&pod.namespace])];
    let alice = Requester { token: None, user: "alice".to_owned(), groups: Vec::new(), rights };
    let (_, server, _) = served(ServeSettings { identities: vec![alice], ..ServeSettings::default() }).await;
    let arguments = ["reach".to_owned(), pod.to_string(), "--server".to_owned(), server.url()];
    let command = || std::process::Command::new(env!("CARGO_BIN_EXE_kreach")).args(arguments).output();
    let output = tokio::task::spawn_blocking(command).await.expect("it runs").expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains(" destination"), "{said}");
    assert!(!said.contains(&format!("pods of {} may not be read", pod.namespace)), "{said}");
    assert!(said.contains("pods may not be read"), "{said}");
    assert!(!said.contains(" 0 of 0 pairs"), "{said}");
}

//! The session on a real API server: whatever happens, what it holds ends equal to what the server has.
//!
//! The scripted server of `wire` plays the faults; here it is the real one that pages, compacts, refuses, dies and
//! comes back. What should be held is read by `kinds` alone, from one plain list of the server.

use std::net::SocketAddr;
use std::time::Duration;

use kreach::kinds::{self, Intern, WatchEvent, WatchStep};
use kreach::live::connect::{Connected, Flags, connect};
use kreach::model::coverage::Coverage;
use kreach::model::id::Kind;
use kube::Client;
use kube::api::DeleteParams;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::control_plane::{self, ControlPlane, api_of, create, facts, set_status};
use crate::live_world::Session;
use crate::seeded::Random;

const SUITE: &str = "live_control_plane";

/// Far longer than any of this takes.
const PATIENCE: Duration = Duration::from_secs(150);

/// More than one page of pods.
const PODS: usize = 1_100;

/// What the sessions here follow; owners, which come as metadata only, among them.
const KINDS: [Kind; 5] = [Kind::NAMESPACE, Kind::POD, Kind::NETWORK_POLICY, Kind::ROLE, Kind::DEPLOYMENT];

#[tokio::test]
async fn pages_events_and_a_killed_server_end_in_what_the_server_has() {
    let audit = Audit::new();
    // Without streamed lists the session pages, as on servers before 1.34.
    let Some(mut plane) =
        control_plane::private(SUITE, &["--feature-gates=WatchList=false", &audit.flag(), &audit.policy_flag()])
    else {
        return;
    };
    within(async {
        let admin = plane.client("admin").await;
        create(&admin, &[namespace("live")]).await;
        create_all(&admin, (0..PODS).map(|it| pod("live", it))).await;
        let mut session = Session::of(read_client(&plane, "admin").await, &KINDS, &[]);
        until_equal(&mut session, &admin).await;
        assert_eq!(session.cluster.pods.len(), PODS);
        let mut random = Random::new(7);
        for _ in 0..120 {
            happen("live", &admin, &mut random).await;
        }
        until_equal(&mut session, &admin).await;

        plane.kill_server();
        let held = session.cluster.pods.clone();
        session
            .until("pods are stale", |it| matches!(it.cluster.coverage.of(Kind::POD, "live"), Coverage::Stale { .. }))
            .await;
        assert_eq!(session.cluster.pods, held, "what was known is kept while the server is away");
        plane.start_server();
        create(&admin, &[pod("live", PODS + 1)]).await;
        until_equal(&mut session, &admin).await;
        audit.assert_only_reads(&["/api/v1/pods?", "continue="]);
    })
    .await;
}

#[tokio::test]
async fn what_happened_in_compacted_history_is_not_missed() {
    let Some(plane) = control_plane::private(SUITE, &["--watch-cache=false"]) else { return };
    within(async {
        let admin = plane.client("admin").await;
        create(&admin, &[namespace("live"), pod("live", 0), pod("live", 1)]).await;
        let mut line = Line::to(&plane).await;
        let mut session = Session::of(line.client(&plane).await, &KINDS, &[]);
        until_equal(&mut session, &admin).await;

        // E4: deletions while nobody listens, with their history kept …
        line.cut();
        delete(&admin, &pod("live", 0)).await;
        line.mend().await;
        until_equal(&mut session, &admin).await;

        // … and gone: the watch is answered 410 and the kind is listed again (G1, G2).
        line.cut();
        delete(&admin, &pod("live", 1)).await;
        create(&admin, &[pod("live", 2)]).await;
        plane.compact().await;
        line.mend().await;
        until_equal(&mut session, &admin).await;
        let names: Vec<_> = session.cluster.pods.iter().map(|it| it.name().to_string()).collect();
        assert_eq!(names, ["web-2"]);
    })
    .await;
}

/// A3 and A4: what a token may not list is forbidden, in whole or but for a namespace, and comes and goes with its rights.
#[tokio::test]
async fn a_limited_token_sees_what_it_may() {
    let Some(plane) = control_plane::shared(SUITE) else { return };
    within(async {
        let admin = plane.client("admin").await;
        let may = |resources: &[&str]| json!([{"verbs": ["get", "list", "watch"], "apiGroups": ["", "networking.k8s.io"], "resources": resources}]);
        create(&admin, &[namespace("limited"), pod("limited", 0), policy("limited")]).await;
        create(&admin, &grant("limited", "", "dave", &may(&["namespaces", "pods"]))).await;
        create(&admin, &grant("limited", "limited", "dave", &may(&["services"]))).await;
        let client = read_client(plane, "dave").await;
        let kinds = [Kind::NAMESPACE, Kind::POD, Kind::NETWORK_POLICY, Kind::SERVICE];
        let mut session = Session::of(client, &kinds, &["limited"]);
        let is = |it: &Session, kind, coverage: &str| it.cluster.coverage.of(kind, "limited").as_str() == coverage;
        session
            .until("each kind has its coverage", |it| {
                // Each namespace is asked for by itself, so `default` may still be on its way.
                let elsewhere = it.cluster.coverage.of(Kind::SERVICE, "default").as_str();
                is(it, Kind::POD, "live")
                    && is(it, Kind::NETWORK_POLICY, "forbidden")
                    && is(it, Kind::SERVICE, "live")
                    && elsewhere == "forbidden"
            })
            .await;
        assert!(session.cluster.pods.get("limited", "web-0").is_some());
        assert!(session.cluster.policies.of("limited").is_empty());

        let more = grant("limited-more", "", "dave", &may(&["networkpolicies"]));
        create(&admin, &more).await;
        until_with(&mut session, "policies are live", |it| is(it, Kind::NETWORK_POLICY, "live")).await;
        assert_eq!(session.cluster.policies.of("limited").len(), 1);
        delete(&admin, &more[1]).await;
        until_with(&mut session, "policies are forbidden", |it| is(it, Kind::NETWORK_POLICY, "forbidden")).await;
        assert_eq!(session.cluster.policies.of("limited").len(), 1, "what was known is kept");
    })
    .await;
}

/// A3: a server that starts refuses what its authorizer has not read yet; who is bound by it has everything back within
/// 35 s of its being ready, and not only `system:masters`, whom no authorizer is asked about.
#[tokio::test]
async fn a_right_that_was_held_comes_back_with_its_server() {
    let Some(mut plane) = control_plane::private(SUITE, &[]) else { return };
    within(async {
        let admin = plane.client("admin").await;
        let rules = json!([{"verbs": ["get", "list", "watch"], "apiGroups": [""], "resources": ["namespaces", "pods", "services"]}]);
        create(&admin, &[namespace("held"), pod("held", 0)]).await;
        create(&admin, &grant("held", "", "dave", &rules)).await;
        let kinds = [Kind::NAMESPACE, Kind::POD, Kind::SERVICE];
        let mut session = Session::of(read_client(&plane, "dave").await, &kinds, &[]);
        let is_live = |it: &Session| kinds.iter().all(|kind| *it.cluster.coverage.of(*kind, "") == Coverage::Live);
        until_with(&mut session, "all is live", is_live).await;
        for _ in 0..2 {
            plane.kill_server();
            session.until("all is stale", |it| !kinds.iter().any(|kind| *it.cluster.coverage.of(*kind, "") == Coverage::Live)).await;
            plane.start_server();
            let ready = std::time::Instant::now();
            session.until("all is live again", is_live).await;
            println!("live {:.1} s after the killed server was ready", ready.elapsed().as_secs_f64());
            assert!(ready.elapsed() <= Duration::from_secs(35), "{:?}", ready.elapsed());
        }
    })
    .await;
}

/// N11: an etcd that answers nobody, behind an API server that goes on with its watches.
#[tokio::test]
async fn an_etcd_that_is_dead_behind_a_live_server_is_told() {
    let Some(plane) = control_plane::private(SUITE, &[]) else { return };
    within(async {
        let admin = plane.client("admin").await;
        create(&admin, &[namespace("live"), pod("live", 0)]).await;
        let mut session = Session::of(read_client(&plane, "admin").await, &[Kind::POD], &[]);
        session.until("pods are live", Session::is_live).await;
        plane.hold_etcd();
        let held = std::time::Instant::now();
        session.until("pods are stale", |it| matches!(it.coverage(), Coverage::Stale { .. })).await;
        println!("stale {:.1} s after etcd was stopped", held.elapsed().as_secs_f64());
        assert!(held.elapsed() <= Duration::from_secs(75), "{:?}", held.elapsed());
        assert_eq!(session.cluster.pods.len(), 1, "what was known is kept");
        plane.resume_etcd();
        let resumed = std::time::Instant::now();
        session.until("pods are live again", Session::is_live).await;
        println!("live {:.1} s after etcd went on", resumed.elapsed().as_secs_f64());
        assert!(resumed.elapsed() <= Duration::from_secs(65), "{:?}", resumed.elapsed());
    })
    .await;
}

/// The lines of a real watch, bookmarks among them, as `kinds` reads them.
#[tokio::test]
async fn kinds_reads_the_bookmarks_of_a_real_watch() {
    let Some(plane) = control_plane::shared(SUITE) else { return };
    within(async {
        let admin = plane.client("admin").await;
        create(&admin, &[namespace("bookmarks"), pod("bookmarks", 0)]).await;
        // A server sends one at the end of a streamed list; the next would come after a minute.
        let query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=2";
        let url = format!("/api/v1/namespaces/bookmarks/pods?{query}");
        let request = http::Request::get(url).body(Vec::new()).expect("a request");
        let text = admin.request_text(request).await.expect("a watch that ends");
        let spec = kinds::spec(Kind::POD).expect("a kind that we read");
        let read = |it: &str| kinds::read_event(spec, it.as_bytes(), &mut Intern::new()).expect("a line");
        let events: Vec<WatchEvent> = text.lines().map(read).collect();
        let ends: Vec<bool> = events
            .iter()
            .filter_map(|it| match it.step {
                WatchStep::Bookmark { ends_initial_events } => Some(ends_initial_events),
                _ => None,
            })
            .collect();
        assert!(matches!(events[0].step, WatchStep::Delta(_)), "{events:?}");
        assert_eq!(ends.first(), Some(&true), "{text}");
        assert!(events.iter().all(|it| it.version.parse::<u64>().is_ok()));
    })
    .await;
}

async fn within(test: impl Future<Output = ()>) {
    tokio::time::timeout(PATIENCE, test).await.expect("in time");
}

/// Waits until the session holds exactly what the server lists now.
async fn until_equal(session: &mut Session, admin: &Client) {
    let server = facts(admin, &KINDS).await;
    let what = format!("{} pods as the server has them", server.pods.len());
    session
        .until(&what, |it| {
            let held = &it.cluster;
            let live = KINDS.iter().all(|kind| *held.coverage.of(*kind, "") == Coverage::Live);
            live && held.namespaces == server.namespaces
                && held.pods == server.pods
                && held.policies == server.policies
                && held.roles == server.roles
                && held.workloads == server.workloads
        })
        .await;
}

/// Waits until this holds, and has the session look again until it does: rights reach the authorizer with a lag.
async fn until_with(session: &mut Session, what: &str, holds: impl Fn(&Session) -> bool) {
    while !holds(session) {
        session.control.resync();
        session.run_for(Duration::from_millis(300)).await;
    }
    session.until(what, holds).await;
}

/// One random thing that happens in a namespace: a pod comes, goes, gets an address; a policy comes, changes.
async fn happen(home: &str, client: &Client, random: &mut Random) {
    let mut it = pod(home, random.below(PODS));
    let exists =
        api_of(client, &it).get_opt(it["metadata"]["name"].as_str().expect("a name")).await.expect("an answer");
    match (exists, random.below(3)) {
        (None, _) => create(client, &[it]).await,
        (Some(_), 0) => delete(client, &it).await,
        (Some(_), _) => {
            let address = format!("10.9.{}.{}", random.below(250), 1 + random.below(250));
            it["status"] = json!({"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]});
            set_status(client, &it).await;
        }
    }
}

async fn create_all(client: &Client, objects: impl Iterator<Item = Value>) {
    use futures::stream::{StreamExt, iter};
    iter(objects).for_each_concurrent(16, |it| async move { create(client, &[it]).await }).await;
}

async fn delete(client: &Client, object: &Value) {
    let name = object["metadata"]["name"].as_str().expect("a name");
    // There is no kubelet that would end a pod.
    let now = DeleteParams::default().grace_period(0);
    api_of(client, object).delete(name, &now).await.expect("it is deleted");
}

fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

fn pod(namespace: &str, number: usize) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("web-{number}"), "namespace": namespace, "labels": {"app": format!("app-{}", number % 7)}},
        "spec": {"containers": [{"name": "web", "image": "web", "ports": [{"containerPort": 8080}]}]},
    })
}

fn policy(namespace: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "shut", "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
    })
}

/// A role and its binding to a user: in a namespace, or in the whole cluster where that is empty.
fn grant(name: &str, namespace: &str, user: &str, rules: &Value) -> [Value; 2] {
    let (prefix, mut metadata) =
        if namespace.is_empty() { ("Cluster", json!({"name": name})) } else { ("", json!({"name": name})) };
    if !namespace.is_empty() {
        metadata["namespace"] = json!(namespace);
    }
    let group = "rbac.authorization.k8s.io";
    let (role, binding) = (format!("{prefix}Role"), format!("{prefix}RoleBinding"));
    [
        json!({"apiVersion": format!("{group}/v1"), "kind": role, "metadata": metadata, "rules": rules}),
        json!({
            "apiVersion": format!("{group}/v1"), "kind": binding, "metadata": metadata,
            "roleRef": {"apiGroup": group, "kind": role, "name": name},
            "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
        }),
    ]
}

async fn read_client(plane: &ControlPlane, user: &str) -> Client {
    connected(Flags { kubeconfig: Some(plane.kubeconfig_for(user)), ..Flags::default() }).await.client
}

async fn connected(flags: Flags) -> Connected {
    connect(&flags).await.expect("a kubeconfig that we wrote")
}

/// What the API server writes down of every request.
struct Audit(tempfile::TempDir);

impl Audit {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let policy = json!({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived", "ResponseStarted"], "rules": [{"level": "Metadata"}]});
        std::fs::write(folder.path().join("policy.json"), policy.to_string()).expect("write the policy");
        Self(folder)
    }

    fn flag(&self) -> String {
        format!("--audit-log-path={}", self.0.path().join("log").display())
    }

    fn policy_flag(&self) -> String {
        format!("--audit-policy-file={}", self.0.path().join("policy.json").display())
    }

    /// What kreach sent named itself, only read, left Secrets and ConfigMaps alone, and held all these words in one request.
    fn assert_only_reads(&self, words: &[&str]) {
        let log = std::fs::read_to_string(self.0.path().join("log")).expect("the log");
        let requests = log.lines().map(|it| serde_json::from_str::<Value>(it).expect("a line of JSON"));
        let ours: Vec<Value> =
            requests.filter(|it| it["userAgent"].as_str().is_some_and(|it| it.starts_with("kreach/"))).collect();
        assert!(!ours.is_empty(), "nothing names itself kreach");
        for request in &ours {
            assert!(["get", "list", "watch"].contains(&request["verb"].as_str().unwrap_or_default()), "{request}");
            assert!(
                !["secrets", "configmaps"].contains(&request["objectRef"]["resource"].as_str().unwrap_or_default()),
                "{request}"
            );
        }
        let urls: Vec<_> = ours.iter().filter_map(|it| it["requestURI"].as_str()).collect();
        assert!(urls.iter().any(|url| words.iter().all(|it| url.contains(it))), "no request with {words:?}: {urls:#?}");
    }
}

/// A line to the server that can be cut: what is on it breaks off, and nobody gets through until it is mended.
struct Line {
    server: SocketAddr,
    port: u16,
    task: Option<JoinHandle<()>>,
}

impl Line {
    async fn to(plane: &ControlPlane) -> Self {
        let server = plane.server_url().trim_start_matches("https://").parse().expect("an address");
        let mut line = Self { server, port: 0, task: None };
        line.mend().await;
        line
    }

    async fn client(&self, plane: &ControlPlane) -> Client {
        let kubeconfig = Some(plane.kubeconfig_for("admin"));
        let server = Some(format!("https://127.0.0.1:{}", self.port));
        connected(Flags { kubeconfig, server, ..Flags::default() }).await.client
    }

    /// Aborting the task drops its sockets, the listening one and both ends of every connection.
    fn cut(&mut self) {
        self.task.take().expect("the line is whole").abort();
    }

    async fn mend(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.expect("the port is still ours");
        self.port = listener.local_addr().expect("a bound socket").port();
        self.task = Some(tokio::spawn(carry(listener, self.server)));
    }
}

/// Carries every connection to the server and back, within one task.
async fn carry(listener: TcpListener, server: SocketAddr) {
    use futures::stream::{FuturesUnordered, StreamExt};
    let mut connections = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((mut near, _)) = accepted else { continue };
                connections.push(async move {
                    let mut far = TcpStream::connect(server).await?;
                    tokio::io::copy_bidirectional(&mut near, &mut far).await
                });
            }
            Some(_) = connections.next(), if !connections.is_empty() => {}
        }
    }
}

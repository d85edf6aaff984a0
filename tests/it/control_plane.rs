//! A real kube-apiserver and etcd for the tests, on loopback and in a folder of their own.
//!
//! ```text
//! let Some(plane) = control_plane::shared("live_control_plane") else { return };   // left out, and said so
//! let client = plane.client("admin").await;
//! ```
//!
//! The programs come from `tests/control-plane/build.sh`, or from the folder that `KUBEBUILDER_ASSETS` names.
//! Where they are absent the suite that asked says that it was left out; with
//! `KREACH_REQUIRE_CONTROL_PLANE=1`, which the gate sets, it fails instead.
//!
//! There is no kubelet, no scheduler and no controller: objects stay as they are written, and a test
//! that wants a pod to run writes its status. RBAC is the authorizer, and only `admin` may do anything at first.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use kreach::kinds::{self, Intern};
use kreach::model::cluster::{Cluster, Delta};
use kreach::model::coverage::{Coverage, Scope};
use kreach::model::id::Kind;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{DynamicObject, GroupVersionKind};
use kube::discovery::ApiResource;
use kube::{Api, Client};
use serde_json::{Value, json};

/// Who the API server knows: user name and groups. The token of a user is `token-NAME`.
const USERS: &[(&str, &str)] =
    &[("admin", "system:masters"), ("alice", "dev,oncall"), ("bob", "dev"), ("carol", ""), ("dave", "")];

/// How long a server may take to be ready; it takes about 6 s, and far longer only where something is wrong.
const READY_WITHIN: Duration = Duration::from_secs(180);

/// Replaces itself by a server that does not outlive the test process, however that ends: the pipe on
/// standard input then closes, and the waiting half kills the server and removes what it is told to.
const SUPERVISE: &str = r#"
    remove=$1; shift
    exec 3<&0
    (trap '' INT TERM HUP; read -r _ <&3; kill -9 $$; test -z "$remove" && exit
     for _ in 1 2 3 4 5; do rm -rf "$remove" && exit; sleep 0.2; done) >/dev/null 2>&1 &
    exec "$@" </dev/null 3<&-
"#;

/// The instance that all tests of this process share, or `None` (said on stderr) where there is none to be had.
///
/// Tests that share it keep to namespaces of their own and neither stop nor compact it.
pub fn shared(suite: &str) -> Option<&'static ControlPlane> {
    static SHARED: OnceLock<Option<ControlPlane>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| programs().map(|it| ControlPlane::start(&it, &[])));
    present(suite, shared.as_ref())
}

/// An instance for one test alone, which may kill it; `server_flags` are added to the API server's.
pub fn private(suite: &str, server_flags: &[&str]) -> Option<ControlPlane> {
    present(suite, programs()).map(|it| ControlPlane::start(&it, server_flags))
}

/// Says which suite is left out where the control plane is absent, or fails where it may not be.
fn present<T>(suite: &str, found: Option<T>) -> Option<T> {
    if found.is_none() {
        let how = "no kube-apiserver and etcd: run tests/control-plane/build.sh or set KUBEBUILDER_ASSETS";
        let required = std::env::var_os("KREACH_REQUIRE_CONTROL_PLANE").is_some_and(|it| it == "1");
        assert!(!required, "suite {suite}: {how}");
        left_out(suite, how);
    }
    found
}

/// Says it once for each suite, and past the test runner's capture: also where all tests pass.
pub fn left_out(suite: &str, how: &str) {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let mut said = SAID.lock().expect("nothing panics under the lock");
    if said.insert(suite.to_owned()) {
        // A closed stderr is no reason to fail.
        let _ = writeln!(std::io::stderr(), "LEFT OUT: suite {suite}: {how}");
    }
}

/// The folder that holds both programs: the named one, else the one that the build script fills.
pub fn programs() -> Option<PathBuf> {
    let named = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
    let built = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().map(|it| it.join("control-plane"));
    named.into_iter().chain(built).find(|it| ["kube-apiserver", "etcd"].iter().all(|name| it.join(name).is_file()))
}

/// A running kube-apiserver with its etcd.
pub struct ControlPlane {
    // Order matters: the servers are stopped before their folder is removed.
    server: Option<Child>,
    aggregation: Option<Child>,
    etcd: Etcd,
    port: u16,
    etcd_port: u16,
    programs: PathBuf,
    server_flags: Vec<String>,
    folder: tempfile::TempDir,
}

struct Etcd(Child);

impl Drop for Etcd {
    fn drop(&mut self) {
        stop(&mut self.0);
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        self.kill_server();
        self.aggregation.iter_mut().for_each(stop);
    }
}

impl ControlPlane {
    /// Starts both servers and returns when the API server says that it is ready.
    fn start(programs: &Path, server_flags: &[&str]) -> ControlPlane {
        let folder = tempfile::Builder::new().prefix("kreach-control-plane-").tempdir().expect("a temporary folder");
        write_keys(folder.path());
        let [port, etcd_port, peer_port] = free_ports();
        let etcd = Etcd(start_etcd(programs, folder.path(), etcd_port, peer_port));
        let server_flags = server_flags.iter().map(|it| it.to_string()).collect();
        let programs = programs.to_owned();
        let mut plane =
            ControlPlane { server: None, aggregation: None, etcd, port, etcd_port, programs, server_flags, folder };
        for (user, _) in USERS {
            fs::write(plane.kubeconfig_for(user), plane.kubeconfig_text(user)).expect("write a kubeconfig");
        }
        plane.start_server();
        plane
    }

    /// Starts the API server, on the same port and store as before, and waits until it is ready.
    pub fn start_server(&mut self) {
        assert!(self.server.is_none(), "the API server runs already");
        self.server = Some(self.spawn_server());
        self.wait_until_ready();
    }

    /// Kills the API server as a crash would: every connection is reset.
    pub fn kill_server(&mut self) {
        if let Some(mut server) = self.server.take() {
            stop(&mut server);
        }
    }

    /// Holds etcd, so that it answers nobody, until [`ControlPlane::resume_etcd`].
    pub fn hold_etcd(&self) {
        self.signal_etcd("STOP");
    }

    /// Lets etcd go on.
    pub fn resume_etcd(&self) {
        self.signal_etcd("CONT");
    }

    fn signal_etcd(&self, signal: &str) {
        let id = self.etcd.0.id().to_string();
        let sent = Command::new("kill").args([format!("-{signal}"), id]).status().expect("kill runs");
        assert!(sent.success(), "etcd is there");
    }

    /// Starts the controller that fills aggregated ClusterRoles; `false` (said on stderr) where it is not to be had.
    pub fn start_aggregation(&mut self) -> bool {
        let name = "clusterrole-aggregation";
        let built = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().map(|it| it.join("control-plane"));
        let Some(folder) =
            [Some(self.programs.clone()), built].into_iter().flatten().find(|it| it.join(name).is_file())
        else {
            let required = std::env::var_os("KREACH_REQUIRE_CONTROL_PLANE").is_some_and(|it| it == "1");
            assert!(!required, "no {name}: run tests/control-plane/build.sh");
            left_out(name, "aggregated ClusterRoles stay empty: run tests/control-plane/build.sh");
            return false;
        };
        let flags = [self.kubeconfig_for("admin").display().to_string()];
        let log = self.folder.path().join("clusterrole-aggregation.log");
        self.aggregation = Some(supervised(&folder.join(name), &flags, &log, ""));
        true
    }

    /// The kubeconfig of one of [`USERS`].
    pub fn kubeconfig_for(&self, user: &str) -> PathBuf {
        assert!(USERS.iter().any(|(name, _)| *name == user), "no user {user}");
        self.folder.path().join(format!("{user}.kubeconfig"))
    }

    /// A client that acts as one of [`USERS`].
    pub async fn client(&self, user: &str) -> Client {
        let kubeconfig = Kubeconfig::read_from(self.kubeconfig_for(user)).expect("a kubeconfig that we wrote");
        let options = KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.expect("a complete kubeconfig");
        Client::try_from(config).expect("a client")
    }

    /// A client that shows this token.
    pub async fn client_with_token(&self, token: &str) -> Client {
        let mut kubeconfig = Kubeconfig::read_from(self.kubeconfig_for("admin")).expect("a kubeconfig that we wrote");
        let user = kubeconfig.auth_infos[0].auth_info.as_mut().expect("a user");
        user.token = Some(token.to_owned().into());
        let options = KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.expect("a complete kubeconfig");
        Client::try_from(config).expect("a client")
    }

    /// The address of the API server, `https://127.0.0.1:PORT`.
    pub fn server_url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// Forgets all history before now, so that older resource versions and continue tokens are gone (410).
    ///
    /// Goes to etcd's own HTTP gateway. The API server's watch cache keeps its history all the same: a test
    /// that wants the 410 starts its server with `--watch-cache=false`.
    pub async fn compact(&self) {
        let status = self.etcd("/v3/maintenance/status", json!({})).await;
        let revision = status["header"]["revision"].as_str().expect("etcd says its revision").to_owned();
        let answer = self.etcd("/v3/kv/compaction", json!({ "revision": revision, "physical": true })).await;
        assert!(answer["header"].is_object(), "etcd did not compact: {answer}");
    }

    async fn etcd(&self, path: &str, body: Value) -> Value {
        let url = format!("http://127.0.0.1:{}", self.etcd_port).parse().expect("a URL");
        let client = Client::try_from(kube::Config::new(url)).expect("a client");
        let request = http::Request::post(path).body(body.to_string().into_bytes()).expect("a request");
        client.request(request).await.expect("etcd answers")
    }

    fn spawn_server(&self) -> Child {
        let folder = self.folder.path().display();
        let port = self.port;
        let mut flags = vec![
            format!("--etcd-servers=http://127.0.0.1:{}", self.etcd_port),
            format!("--cert-dir={folder}/certs"),
            format!("--tls-cert-file={folder}/server.crt"),
            format!("--tls-private-key-file={folder}/server.key"),
            "--bind-address=127.0.0.1".into(),
            format!("--secure-port={port}"),
            "--advertise-address=127.0.0.1".into(),
            // Newer servers refuse to publish a loopback address as their endpoint.
            "--endpoint-reconciler-type=none".into(),
            "--service-cluster-ip-range=10.0.0.0/24".into(),
            "--allow-privileged=true".into(),
            "--authorization-mode=RBAC".into(),
            // Nothing here makes the default service accounts that this plugin waits for.
            "--disable-admission-plugins=ServiceAccount".into(),
            format!("--service-account-issuer=https://127.0.0.1:{port}/"),
            format!("--service-account-key-file={folder}/sa.pub"),
            format!("--service-account-signing-key-file={folder}/sa.key"),
            format!("--token-auth-file={folder}/tokens.csv"),
            "--enable-priority-and-fairness=false".into(),
            "--shutdown-delay-duration=0s".into(),
        ];
        flags.extend(self.server_flags.iter().cloned());
        supervised(&self.programs.join("kube-apiserver"), &flags, &self.server_log(), "")
    }

    fn server_log(&self) -> PathBuf {
        self.folder.path().join("kube-apiserver.log")
    }

    /// Asks `/readyz` until the answer is yes. On a thread of its own, because callers may stand in a runtime.
    fn wait_until_ready(&mut self) {
        let log = self.server_log();
        let mut server = self.server.take().expect("it was just started");
        let ready = std::thread::scope(|scope| scope.spawn(|| self.ready_or_dead(&mut server)).join());
        let ready = ready.expect("the probe does not panic");
        self.server = Some(server);
        assert!(ready, "the API server did not become ready:\n{}", tail(&log));
    }

    fn ready_or_dead(&self, server: &mut Child) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let client = self.client("admin").await;
            let started = Instant::now();
            while started.elapsed() < READY_WITHIN && matches!(server.try_wait(), Ok(None)) {
                let request = http::Request::get("/readyz").body(Vec::new()).expect("a request");
                if client.request_text(request).await.is_ok_and(|it| it == "ok") {
                    return true;
                }
                // Between two questions, not instead of one: the answer decides.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            false
        })
    }

    fn kubeconfig_text(&self, user: &str) -> String {
        let (server, folder) = (self.server_url(), self.folder.path().display());
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": server, "certificate-authority": format!("{folder}/server.crt")}}],
            "users": [{"name": user, "user": {"token": format!("token-{user}")}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": user}}],
        });
        config.to_string()
    }
}

/// Writes a POST for each object, in order; namespaces first is the caller's business.
pub async fn create(client: &Client, objects: &[Value]) {
    for object in objects {
        let api = api_of(client, object);
        let object: DynamicObject = serde_json::from_value(object.clone()).expect("an object");
        if let Err(error) = api.create(&Default::default(), &object).await {
            panic!("cannot create {:?}: {error}", object.metadata.name);
        }
    }
}

/// Writes the status of an object that exists, as a kubelet or a controller would.
pub async fn set_status(client: &Client, object: &Value) {
    let name = object["metadata"]["name"].as_str().expect("a name");
    let patch = kube::api::Patch::Merge(json!({ "status": object["status"] }));
    api_of(client, object).patch_status(name, &Default::default(), &patch).await.expect("the status is written");
}

/// All objects of these kinds as the server lists them, read by `kinds` alone: what any client of ours should hold.
pub async fn facts(client: &Client, kinds: &[Kind]) -> Cluster {
    let mut cluster = Cluster::new(Coverage::Live);
    let mut intern = Intern::new();
    for kind in kinds {
        let spec = kinds::spec(*kind).expect("a kind that we read");
        let root = if spec.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", spec.group) };
        let url = format!("{root}/{}/{}", spec.version, spec.plural);
        let request = http::Request::get(url).body(Vec::new()).expect("a request");
        let list = client.request_text(request).await.expect("the server lists it");
        let page = kinds::read_list(spec, list.as_bytes(), &mut intern).expect("a list");
        assert!(page.unreadable.is_empty() && page.continues.is_empty(), "{:?}", page.unreadable);
        cluster.apply(Delta::Listed { kind: *kind, scope: Scope::Everywhere, entries: page.entries });
    }
    cluster
}

/// The API of an object's kind, in its namespace if it names one.
pub fn api_of(client: &Client, object: &Value) -> Api<DynamicObject> {
    let text = |key: &str| object[key].as_str().unwrap_or_default();
    let (group, version) = text("apiVersion").split_once('/').unwrap_or(("", text("apiVersion")));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, text("kind")));
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    }
}

fn start_etcd(programs: &Path, folder: &Path, port: u16, peer_port: u16) -> Child {
    let (client, peer) = (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{peer_port}"));
    let flags = [
        "--name=test".into(),
        format!("--data-dir={}/etcd", folder.display()),
        // The data dies with the test; waiting for a disk would only slow it down.
        "--unsafe-no-fsync".into(),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=test={peer}"),
        "--log-level=error".into(),
    ];
    let remove = folder.display().to_string();
    supervised(&programs.join("etcd"), &flags, &folder.join("etcd.log"), &remove)
}

/// Starts a program that dies with this process; `remove`, unless empty, is the folder to remove then.
fn supervised(program: &Path, flags: &[String], log: &Path, remove: &str) -> Child {
    let log = File::options().create(true).append(true).open(log).expect("a log file");
    Command::new("sh")
        .args(["-c", SUPERVISE, "supervise", remove])
        .arg(program)
        .args(flags)
        .stdin(Stdio::piped())
        .stdout(log.try_clone().expect("a second handle"))
        .stderr(log)
        .spawn()
        .expect("sh runs")
}

/// Kills a server and waits for its end.
fn stop(server: &mut Child) {
    drop(server.stdin.take());
    let _ = server.kill();
    let _ = server.wait();
}

/// Three ports that were free a moment ago.
fn free_ports() -> [u16; 3] {
    let held = [(); 3].map(|()| TcpListener::bind(("127.0.0.1", 0)).expect("a free port"));
    held.map(|it| it.local_addr().expect("a bound socket").port())
}

/// A serving certificate, the key that signs service account tokens, and the users' tokens.
fn write_keys(folder: &Path) {
    let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
    let serving = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let tokens = rcgen::KeyPair::generate().expect("a key");
    let users = USERS.iter().map(|(user, groups)| format!("token-{user},{user},uid-{user},\"{groups}\"\n"));
    let files = [
        ("server.crt", serving.cert.pem()),
        ("server.key", serving.signing_key.serialize_pem()),
        ("sa.key", tokens.serialize_pem()),
        ("sa.pub", tokens.public_key_pem()),
        ("tokens.csv", users.collect()),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).expect("write a key");
    }
}

/// The end of a log, for the message of a failed start.
fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().rev().take(20).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_server_says_its_version_and_keeps_a_namespace() {
    let Some(plane) = shared("control_plane") else { return };
    let client = plane.client("admin").await;
    let version = client.apiserver_version().await.expect("a version");
    assert!(version.git_version.starts_with("v1."), "{}", version.git_version);

    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "harness"}});
    create(&client, std::slice::from_ref(&namespace)).await;
    let listed = api_of(&client, &namespace).list(&Default::default()).await.expect("a list");
    assert!(listed.items.iter().any(|it| it.metadata.name.as_deref() == Some("harness")));
}

#[tokio::test]
async fn a_pod_runs_when_a_test_says_so() {
    let Some(plane) = shared("control_plane") else { return };
    let client = plane.client("admin").await;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "running"}});
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "running"},
        "spec": {"containers": [{"name": "web", "image": "web"}]},
    });
    create(&client, &[namespace, pod.clone()]).await;
    pod["status"] = json!({"phase": "Running", "podIP": "10.1.0.1", "podIPs": [{"ip": "10.1.0.1"}]});
    set_status(&client, &pod).await;
    let read = facts(&client, &[Kind::POD]).await;
    let address = read.pods.get("running", "web").expect("the pod is there").addresses().first();
    assert_eq!(address.map(|it| it.to_string()).as_deref(), Some("10.1.0.1"));
}

#[tokio::test]
async fn a_user_without_grants_is_forbidden() {
    let Some(plane) = shared("control_plane") else { return };
    let client = plane.client("carol").await;
    let pods = api_of(&client, &json!({"apiVersion": "v1", "kind": "Pod"}));
    let refused = pods.list(&Default::default()).await.expect_err("carol may list nothing");
    assert!(matches!(&refused, kube::Error::Api(status) if status.code == 403), "{refused}");
}

#[tokio::test]
async fn a_killed_server_comes_back_with_its_objects() {
    let Some(mut plane) = private("control_plane", &["--watch-cache=false"]) else { return };
    let client = plane.client("admin").await;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kept"}});
    create(&client, std::slice::from_ref(&namespace)).await;
    plane.kill_server();
    assert!(client.apiserver_version().await.is_err(), "nothing may answer on the port of a dead server");
    plane.start_server();
    let kept = api_of(&client, &namespace).get("kept").await.expect("the store outlived the server");

    plane.compact().await;
    let version = kept.metadata.resource_version.expect("a version");
    let old = kube::api::ListParams { resource_version: Some(version), ..Default::default() }
        .matching(kube::api::VersionMatch::Exact);
    let gone = api_of(&client, &namespace).list(&old).await.expect_err("compacted history is gone");
    assert!(matches!(&gone, kube::Error::Api(status) if status.code == 410), "{gone}");
}

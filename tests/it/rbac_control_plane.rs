//! The authorizer against a real kube-apiserver: the same roles and bindings, the same questions, no disagreement.
//!
//! Random worlds go in as objects; everything RBAC comes out again through our readers, bootstrap roles included;
//! then SubjectAccessReviews ask the server what we answer ourselves. `KREACH_SAR=100000` asks more than the 20,000
//! of the suite. A SubjectAccessReview adds no implicit groups: they are sent along (rule 73).

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt};
use kreach::kinds::{self, Intern, read_list};
use kreach::model::cluster::{AnyFact, Cluster, Delta, ReadObject};
use kreach::model::evidence::Outcome;
use kreach::model::name::Name;
use kreach::model::role::{Role, RoleRef, RoleRule, RoleSource, Subject};
use kreach::rbac::covers::tuples;
use kreach::rbac::defaults;
use kreach::rbac::naive::{self, RequestUser};
use kreach::rbac::{AskedPlaces, Identity, Index, Request};
use kube::Client;
use serde_json::{Value, json};

use crate::control_plane;
use crate::rbac_worlds::{Random, STORED, binding_json, role_json};

/// How many reviews the suite asks for, unless `KREACH_SAR` says otherwise.
const REVIEWS: usize = 20_000;

/// How many requests everybody is asked for.
const WHO: usize = 300;

/// How many are under way at once.
pub const AT_ONCE: usize = 24;

fn reviews() -> usize {
    std::env::var("KREACH_SAR").ok().and_then(|it| it.parse().ok()).unwrap_or(REVIEWS)
}

/// Everything RBAC that a server holds, read as kreach reads it.
pub async fn read_rbac(client: &Client) -> Cluster {
    let mut cluster = Cluster::default();
    let mut intern = Intern::new();
    for kind in kreach::rbac::index::KINDS {
        let spec = kinds::spec(kind).expect("a kind that is read");
        let path = format!("/apis/{}/{}", spec.api_version(), spec.plural);
        let request = http::Request::get(path).body(Vec::new()).expect("a request");
        let text = client.request_text(request).await.expect("a list");
        let page = read_list(spec, text.as_bytes(), &mut intern).expect("a list that reads");
        assert!(page.unreadable.is_empty() && page.notes.is_empty());
        for entry in page.entries {
            cluster.apply(Delta::Put(entry));
        }
    }
    cluster
}

/// Puts roles and bindings of a world on the server, whatever of that name stood there.
pub async fn load(client: &Client, facts: &[AnyFact]) {
    let mut seen = BTreeSet::new();
    for fact in facts.iter().rev().filter(|it| seen.insert(it.id())) {
        let object = match fact {
            AnyFact::Role(role) => role_json(role),
            AnyFact::Binding(binding) => binding_json(binding),
            _ => continue,
        };
        control_plane::create(client, &[object]).await;
    }
}

pub fn review(identity: &Identity, request: &Request) -> Value {
    let groups: Vec<&str> = identity.groups.iter().map(|(it, _)| it.as_str()).collect();
    let mut spec = json!({ "user": identity.user.as_str(), "groups": groups });
    match request {
        Request::Url { verb, path } => {
            spec["nonResourceAttributes"] = json!({ "verb": verb.as_str(), "path": path.as_str() });
        }
        Request::Resource(it) => {
            spec["resourceAttributes"] = json!({
                "verb": it.verb.as_str(), "group": it.group.as_str(), "resource": it.resource.as_str(),
                "subresource": it.subresource.as_str(), "name": it.name.as_str(), "namespace": it.namespace.as_str(),
            });
        }
    }
    json!({ "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec })
}

/// The server's word: whether it allows, and its reason.
pub async fn ask(client: &Client, review: &Value) -> (Outcome, String) {
    let request = http::Request::post("/apis/authorization.k8s.io/v1/subjectaccessreviews")
        .header("Content-Type", "application/json")
        .body(review.to_string().into_bytes())
        .expect("a request");
    let answer: Value = client.request(request).await.unwrap_or_else(|error| panic!("{error}: {review}"));
    let outcome = if answer["status"]["allowed"] == true { Outcome::Allow } else { Outcome::Deny };
    (outcome, answer["status"]["reason"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_server_answers_as_we_do() {
    let Some(plane) = control_plane::private("rbac_control_plane", &[]) else { return };
    let client = plane.client("admin").await;
    let namespaces = STORED.namespaces.iter();
    let namespaces: Vec<Value> =
        namespaces.map(|it| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": it } })).collect();
    control_plane::create(&client, &namespaces).await;
    let mut random = Random::new(2026);
    load(&client, &STORED.facts(&mut random, 60)).await;
    let cluster = read_rbac(&client).await;
    let index = Index::build(&cluster);

    let any = |random: &mut Random| (STORED.identity(random), STORED.request(random));
    let questions: Vec<(Identity, Request)> = (0..reviews())
        .map(|at| match at % 2 {
            0 => STORED.likely(&mut random, &cluster).unwrap_or_else(|| any(&mut random)),
            _ => any(&mut random),
        })
        .filter(|(identity, _)| !identity.user.is_empty() || !identity.groups.is_empty())
        .collect();
    settle(&client, &cluster, &questions).await;
    let answers = stream::iter(&questions).map(|(identity, request)| {
        let client = client.clone();
        async move { (identity, request, ask(&client, &review(identity, request)).await) }
    });
    let mut answers = answers.buffer_unordered(AT_ONCE);
    let (mut allowed, mut named) = (0, 0);
    while let Some((identity, request, (theirs, reason))) = answers.next().await {
        let ours = index.can(identity, request);
        assert_eq!(ours.outcome(), theirs, "{identity:?} {request}\nthe server: {reason}\nwe: {:?}", ours.grants);
        allowed += usize::from(theirs == Outcome::Allow);
        // The server names the first binding that it found; ours must be among all that we show.
        if let Some(binding) = reason.strip_prefix("RBAC: allowed by ").and_then(|it| it.split('"').nth(1)) {
            let is_ours = |it: &kreach::rbac::Grant| {
                let id = it.binding.id();
                binding == id.name.as_str() || binding == format!("{}/{}", id.name, id.namespace)
            };
            assert!(ours.grants.iter().any(is_ours), "{reason}: {:?}", ours.grants);
            named += 1;
        }
    }
    // A run that allows nothing, or denies nothing, compares nothing.
    let asked = questions.len();
    assert!(allowed > asked / 20 && allowed < asked - asked / 20 && named > 0, "{allowed} of {asked} allowed");
    println!("{asked} SubjectAccessReviews, {allowed} allowed, no disagreement");
    who_can_agrees(&client, &cluster, &index, &mut random).await;
    commands_answer_live(&plane, &index, &cluster);
}

/// Everybody whom `who-can` lists is allowed by the server, and nobody else of the candidates is.
async fn who_can_agrees(client: &Client, cluster: &Cluster, index: &Index, random: &mut Random) {
    let candidates: Vec<Subject> = index.candidates(cluster).into_iter().collect();
    let mut found = 0;
    for _ in 0..WHO {
        let request = STORED.likely(random, cluster).map_or_else(|| STORED.request(random), |(_, it)| it);
        let who = index.who_can(cluster, &request, AskedPlaces::Asked);
        let identities: Vec<Identity> = candidates.iter().map(|it| Identity::new(it, &[])).collect();
        let answers = stream::iter(identities.iter().map(|it| review(it, &request))).map(|it| {
            let client = client.clone();
            async move { ask(&client, &it).await.0 }
        });
        let answers: Vec<Outcome> = answers.buffered(AT_ONCE).collect().await;
        let theirs = candidates.iter().zip(&answers).filter(|(_, it)| **it == Outcome::Allow);
        let theirs: Vec<&Subject> = theirs.map(|(it, _)| it).collect();
        found += theirs.len();
        assert_eq!(who.holders.iter().map(|it| who.subject(it)).collect::<Vec<_>>(), theirs, "{request}");
    }
    println!("who-can as sets: {WHO} requests over {} subjects, {found} found, no disagreement", candidates.len());
}

/// The commands, live: what they read of the server is enough, and what they may not read makes a no unknown.
fn commands_answer_live(plane: &control_plane::ControlPlane, index: &Index, cluster: &Cluster) {
    let run = |user: &str, arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_kreach"))
            .arg("--kubeconfig")
            .arg(plane.kubeconfig_for(user))
            .args(arguments)
            .output()
            .expect("the binary runs");
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code().expect("an exit code"), answer, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (_, answer, errors) = run("admin", &["who-can", "get", "pods", "-n", "rbac-a", "-o", "json"]);
    let found: Vec<&str> = answer["subjects"]
        .as_array()
        .unwrap_or_else(|| panic!("{errors}"))
        .iter()
        .filter_map(|it| it["subject"].as_str())
        .collect();
    let who = index.who_can(cluster, &Request::resource("get", "", "pods", "rbac-a"), AskedPlaces::Asked);
    let expected: Vec<String> = who.holders.iter().map(|it| who.subject(it).to_string()).collect();
    // The server has namespaces of its own, whose groups of service accounts may be granted as well.
    assert!(expected.iter().all(|it| found.contains(&it.as_str())), "{found:?} {expected:?}");

    let (code, answer, errors) = run("admin", &["can", "user:nobody", "delete", "nodes", "-o", "json"]);
    let nobody = Identity::new(&kreach::rbac::identity::parse("user:nobody").expect("a subject"), &[]);
    let ours = index.can(&nobody, &Request::resource("delete", "", "nodes", "")).outcome();
    assert_eq!(answer["outcome"], ours.as_str(), "{errors}");
    assert_eq!(code, i32::from(ours == Outcome::Deny));
    let (code, answer, errors) = run("carol", &["can", "user:nobody", "delete", "nodes", "-o", "json"]);
    assert_eq!((code, &answer["outcome"]), (3, &json!("unknown")), "{errors}");
}

/// Waits until the server's authorizer has seen all that was written: its informers lag a moment behind.
pub async fn settle(client: &Client, cluster: &Cluster, questions: &[(Identity, Request)]) {
    let is_allowed = |(identity, request): &&(Identity, Request)| {
        let groups = identity.groups.iter().map(|(it, _)| it.as_str()).collect();
        let asker = RequestUser { user: &identity.user, groups };
        let grants = naive::grants(cluster, &asker, request);
        grants.iter().any(|(binding, ..)| binding.name.starts_with('b'))
    };
    let probes: Vec<_> = questions.iter().filter(is_allowed).take(40).collect();
    assert!(!probes.is_empty());
    for (identity, request) in probes {
        let mut tries = 0;
        while ask(client, &review(identity, request)).await.0 != Outcome::Allow {
            tries += 1;
            assert!(tries < 1_000, "the server never allowed {identity:?} {request}");
            tokio::task::yield_now().await;
        }
    }
}

/// Rule 35: what we say that a missing default role would grant is what a server gives it.
fn our_table_of_defaults_is_the_servers(cluster: &Cluster) {
    // What fills aggregated roles is another program: as manifests they have the rules of their members at once.
    let mut manifests = cluster.clone();
    for role in cluster.roles.iter().filter(|it| it.aggregates().is_some()) {
        let mut role: Role = (**role).clone();
        (role.rules, role.origin) = (Vec::new().into(), RoleSource::Manifest);
        manifests.apply(Delta::Put(ReadObject::new(AnyFact::Role(role.into()))));
    }
    let index = Index::build(&manifests);
    let mut compared = 0;
    for role in cluster.roles.iter() {
        let kind = if role.meta.namespace.is_empty() { "ClusterRole" } else { "Role" };
        let reference = RoleRef { kind: kind.into(), name: role.meta.name.clone() };
        let Some(ours) = defaults::rules(&reference, &role.meta.namespace) else { continue };
        let parts = |rules: &[RoleRule]| rules.iter().flat_map(tuples).collect::<BTreeSet<_>>();
        let (_, theirs) = index.role(&role.meta.namespace, &role.meta.name).expect("a role that is held");
        let (ours, theirs) = (parts(&ours), parts(&theirs.rules));
        let differ: Vec<_> = ours.symmetric_difference(&theirs).collect();
        assert!(differ.is_empty(), "{}: {differ:?}", role.id());
        compared += 1;
    }
    assert!(compared > 50, "only {compared} default roles");
}

/// Rules 44, 62–64: what a fresh server gives by itself is read and shown right.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bootstrap_roles_are_read_as_they_work() {
    let Some(plane) = control_plane::shared("rbac_control_plane") else { return };
    let client = plane.client("admin").await;
    let cluster = read_rbac(&client).await;
    let index = Index::build(&cluster);
    let alice = Identity::new(&kreach::rbac::identity::parse("user:alice").expect("a subject"), &[]);
    let request = Request::resource("create", "authorization.k8s.io", "selfsubjectaccessreviews", "");
    let access = index.can(&alice, &request);
    assert_eq!(access.outcome(), Outcome::Allow);
    assert_eq!(access.grants[0].binding.meta.name, *"system:basic-user");
    our_table_of_defaults_is_the_servers(&cluster);
    assert_eq!(ask(&client, &review(&alice, &request)).await.0, Outcome::Allow);

    // Without the controller that fills them in, aggregated roles are stored empty: they grant nothing, and lag.
    let (_, edit) = index.role(&Name::empty(), &"edit".into()).expect("a bootstrap role");
    let stored = edit.rules.len();
    let lags = index.lagging().iter().any(|it| it == "edit");
    assert_eq!(stored == 0, lags, "{stored} rules");
}

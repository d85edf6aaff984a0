//! What the API server lets be written and whom it lets be acted as, against our own word on it.
//!
//! Random writers, all impersonated by the administrator, create and change roles and bindings as dry runs: the guard
//! against escalation (rules 45, 47–53) says yes or no, and so do we. Random askers act as others, the old way and the
//! constrained ones (rules 54–56), and read what those may read.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::stream::{self, StreamExt};
use http::{Method, StatusCode};
use kreach::model::cluster::{AnyFact, Cluster};
use kreach::model::evidence::Outcome;
use kreach::model::labels::{Operator, Requirement, Selector};
use kreach::model::name::Name;
use kreach::model::role::{Binding, Role, RoleRule, RuleLists, Subject};
use kreach::rbac::covers::{Leave, tuples};
use kreach::rbac::impersonation::{Acting, ImpersonatedUser, Mode};
use kreach::rbac::{Identity, Index, Request, ResourceRequest, identity};
use kube::Client;
use serde_json::{Value, json};

use crate::control_plane;
use crate::rbac_control_plane::{AT_ONCE, ask, load, read_rbac, review};
use crate::rbac_worlds::{Random, Validity, Words, binding_json, put, role_json};

const RBAC: &str = "rbac.authorization.k8s.io";

/// How many writes are tried.
const WRITES: usize = 4_000;

/// How many requests are made as somebody else.
const ACTS: usize = 4_000;

/// Words with which many a writer may write, and not just anything.
const WRITERS: Words = Words {
    namespaces: &["write-a", "write-b"],
    users: &["alice", "bob", "carol", "*", "system:serviceaccount:write-a:x"],
    groups: &["dev", "ops", "system:authenticated", "system:serviceaccounts:write-a"],
    accounts: &["x", "y"],
    verbs: &["get", "list", "create", "update", "bind", "escalate", "*"],
    api_groups: &["", RBAC, RBAC, "*"],
    resources: &[
        "roles",
        "roles",
        "clusterroles",
        "clusterroles",
        "rolebindings",
        "rolebindings",
        "clusterrolebindings",
        "pods",
        "pods/log",
        "pods/*",
        "*/log",
        "*",
    ],
    names: &["r0", "r1", "r2", "r3", "new"],
    urls: &["*", "/a", "/a*", "/a/b"],
    validity: Validity::Stored,
};

/// Words with which many an asker may act as somebody.
const ACTORS: Words = Words {
    namespaces: &["write-a", "write-b"],
    users: &["alice", "bob", "carol", "eve", "system:node:n1", "system:serviceaccount:write-a:x"],
    groups: &["dev", "ops", "oncall", "system:authenticated", "system:nodes", "system:serviceaccounts"],
    accounts: &["x", "y"],
    verbs: &[
        "get",
        "list",
        "impersonate",
        "impersonate",
        "impersonate:user-info",
        "impersonate:serviceaccount",
        "impersonate:arbitrary-node",
        "impersonate-on:user-info:get",
        "impersonate-on:user-info:list",
        "impersonate-on:serviceaccount:get",
        "impersonate-on:arbitrary-node:get",
        "*",
    ],
    api_groups: &["", "", "authentication.k8s.io", "authentication.k8s.io", "*"],
    resources: &[
        "users",
        "groups",
        "serviceaccounts",
        "nodes",
        "pods",
        "configmaps",
        "uids",
        "userextras/example.com/k",
        "*",
    ],
    names: &["eve", "dev", "ops", "n1", "x", "7", "v", "*", "system:masters"],
    urls: &["*", "/healthz", "/healthz/*"],
    validity: Validity::Stored,
};

/// A ClusterRole that is filled from others.
fn aggregated(name: &str) -> Role {
    let meta = kreach::model::facts::Meta { name: name.into(), ..Default::default() };
    let selector = Selector::new([Requirement { key: "to".into(), operator: Operator::In(vec!["sum".into()].into()) }]);
    let origin = kreach::model::role::RoleSource::Server;
    Role::new(meta, Vec::new().into(), origin).aggregating(Some([selector].into()))
}

/// A role as the API writes it, its aggregation rule too.
fn whole_role_json(role: &Role) -> Value {
    let mut value = role_json(role);
    if role.aggregates().is_some() {
        value["aggregationRule"] = json!({ "clusterRoleSelectors": [{ "matchLabels": { "to": "sum" } }] });
    }
    value
}

/// One write, and what we say of it.
struct Write {
    identity: Identity,
    method: Method,
    object: Value,
    ours: Outcome,
    leave: Leave,
}

/// Who writes, where, and whether over what is stored.
#[derive(Clone, Copy)]
struct Writer<'a> {
    cluster: &'a Cluster,
    index: &'a Index,
    who: &'a Identity,
    update: bool,
}

fn request(verb: &str, resource: &str, name: &str, namespace: &str) -> Request {
    Request::Resource(ResourceRequest {
        verb: verb.into(),
        group: RBAC.into(),
        resource: resource.into(),
        name: name.into(),
        namespace: namespace.into(),
        ..ResourceRequest::default()
    })
}

fn plural(object: &Value) -> &'static str {
    match object["kind"].as_str() {
        Some("Role") => "roles",
        Some("ClusterRole") => "clusterroles",
        Some("RoleBinding") => "rolebindings",
        _ => "clusterrolebindings",
    }
}

/// Somebody whose name a header can carry.
fn writer(random: &mut Random, words: &Words) -> Identity {
    loop {
        let identity = words.identity(random);
        if !identity.user.is_empty() {
            return identity;
        }
    }
}

fn any<'a, T>(random: &mut Random, all: &'a [T]) -> &'a T {
    &all[random.below(all.len())]
}

fn write(random: &mut Random, cluster: &Cluster, index: &Index) -> Write {
    let identity = writer(random, &WRITERS);
    let is_update = random.below(2) == 0;
    let write_of = if random.below(2) == 0 { write_of_role } else { write_of_binding };
    let (object, leave) = write_of(random, Writer { cluster, index, who: &identity, update: is_update });
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    let verb = if is_update { "update" } else { "create" };
    // A create by POST has no name.
    let asked = request(verb, plural(&object), if is_update { name } else { "" }, namespace);
    let ours = match index.can(&identity, &asked).outcome() {
        Outcome::Allow => leave.outcome(),
        refused => refused,
    };
    let method = if is_update { Method::PUT } else { Method::POST };
    Write { identity, method, object, ours, leave }
}

fn ours_of<T>(all: impl Iterator<Item = Arc<T>>, is_ours: impl Fn(&T) -> bool) -> Vec<Arc<T>> {
    all.filter(|it| is_ours(it)).collect()
}

/// What is written: one of the stored objects, or a new one in some namespace.
fn stored_or_new<T: Clone>(
    random: &mut Random,
    update: bool,
    stored: &[Arc<T>],
    new: impl FnOnce(&mut Random, &'static str) -> T,
) -> T {
    if update {
        return any(random, stored).as_ref().clone();
    }
    let home = WRITERS.home(random);
    new(random, home)
}

fn write_of_role(random: &mut Random, writer: Writer<'_>) -> (Value, Leave) {
    let Writer { cluster, index, who, update } = writer;
    let stored = ours_of(cluster.roles.iter().cloned(), |it: &Role| {
        it.meta.name.starts_with('r') || it.meta.name.starts_with("sum")
    });
    let mut role = stored_or_new(random, update, &stored, |random, home| match random.below(12) {
        0 => aggregated("new"),
        _ => WRITERS.role(random, home, 9),
    });
    let before = update.then(|| role.clone());
    if !update {
        role.meta.name = "new".into();
    }
    match random.below(4) {
        // As it stands, shrunk, with a rule that the writer may well hold, or anything.
        0 => {}
        1 => role.rules = role.rules.iter().skip(1).cloned().collect::<Vec<_>>().into(),
        2 => {
            let held = index.permissions(who).into_iter().filter_map(|it| it.role);
            let held: Vec<_> = held.flat_map(|(_, it)| it.rules.to_vec()).filter(|it| it.urls.is_empty()).collect();
            role.rules = held.into_iter().take(1 + random.below(3)).collect::<Vec<_>>().into();
        }
        _ => role.rules = WRITERS.role(random, &role.meta.namespace.clone(), 0).rules,
    }
    if update && random.below(8) == 0 && role.aggregates().is_some() {
        role = role.aggregating(None);
    }
    let name = if update { role.meta.name.clone() } else { Name::empty() };
    let leave = index.may_write_role(who, &role, before.as_ref(), &name);
    (whole_role_json(&role), leave)
}

fn write_of_binding(random: &mut Random, writer: Writer<'_>) -> (Value, Leave) {
    let Writer { cluster, index, who, update } = writer;
    let stored = ours_of(cluster.bindings.iter().cloned(), |it: &Binding| it.meta.name.starts_with('b'));
    let mut binding = stored_or_new(random, update, &stored, |random, home| WRITERS.binding(random, home, 9, 5));
    if update {
        // roleRef stays: another is refused as invalid. A subject leaves or comes, or nothing changes.
        binding.subjects = binding.subjects.iter().skip(random.below(2)).cloned().collect::<Vec<_>>().into();
    } else {
        binding.meta.name = "new".into();
    }
    let leave = index.may_bind(who, &binding.role, &binding.meta.namespace);
    (binding_json(&binding), leave)
}

/// Sends a request as somebody else, and gives the status and what the server says.
async fn send_as(
    client: &Client,
    headers: &[(String, String)],
    method: Method,
    path: &str,
    body: Vec<u8>,
) -> (u16, String) {
    let mut request = http::Request::builder().method(method).uri(path).header("Content-Type", "application/json");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.body(kube::client::Body::from(body)).expect("a request");
    let response = client.send(request).await.expect("the server answers");
    let status = response.status();
    let text = String::from_utf8(response.into_body().collect_bytes().await.expect("a body").to_vec()).expect("UTF-8");
    let message: Value = serde_json::from_str(&text).unwrap_or_default();
    let is_fault = status.is_client_error() || status.is_server_error();
    (status.as_u16(), if is_fault { message["message"].as_str().unwrap_or(&text).to_owned() } else { String::new() })
}

fn headers_of(identity: &Identity) -> Vec<(String, String)> {
    let groups = identity.groups.iter().map(|(it, _)| ("Impersonate-Group".to_owned(), it.to_string()));
    std::iter::once(("Impersonate-User".to_owned(), identity.user.to_string())).chain(groups).collect()
}

fn path_of(write: &Write) -> String {
    let meta = &write.object["metadata"];
    let place = meta["namespace"].as_str().map(|it| format!("/namespaces/{it}")).unwrap_or_default();
    let name = match write.method {
        Method::PUT => format!("/{}", meta["name"].as_str().expect("a name")),
        _ => String::new(),
    };
    format!("/apis/{RBAC}/v1{place}/{}{name}?dryRun=All", plural(&write.object))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_lets_be_written_and_acted_what_we_say() {
    let Some(plane) = control_plane::private("rbac_writers", &[]) else { return };
    let client = plane.client("admin").await;
    let namespaces = WRITERS.namespaces.iter();
    let namespaces: Vec<Value> =
        namespaces.map(|it| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": it } })).collect();
    control_plane::create(&client, &namespaces).await;
    let mut random = Random::new(47);
    let mut facts = WRITERS.facts(&mut random, 45);
    // Most writers may write, so that the guard is asked.
    for (number, home) in WRITERS.namespaces.iter().chain([&"", &""]).enumerate() {
        let mut role = WRITERS.role(&mut random, home, 5 + number);
        let writes = ["create", "update"].map(Name::from).into();
        let resources: &[&str] = match home.is_empty() {
            true => &["roles", "clusterroles", "rolebindings", "clusterrolebindings"],
            false => &["roles", "rolebindings"],
        };
        let resources = resources.iter().map(|it| Name::from(*it)).collect::<Vec<_>>().into();
        let groups = [Name::from(RBAC)].into();
        let rule = RoleRule::from(RuleLists { verbs: writes, groups, resources, ..RuleLists::default() });
        role.rules = [rule].into();
        let mut binding = WRITERS.binding(&mut random, home, 100 + number, 5);
        binding.role.kind = if home.is_empty() { "ClusterRole" } else { "Role" }.into();
        binding.role.name = role.meta.name.clone();
        let user = |name: &str| Subject::User(name.into());
        binding.subjects = match number {
            2 => [user("alice"), user("system:serviceaccount:write-a:x")].into(),
            _ => [user("bob"), user("carol"), user("*")].into(),
        };
        facts.extend([AnyFact::Role(role.into()), AnyFact::Binding(binding.into())]);
    }
    load(&client, &facts).await;
    control_plane::create(&client, &[whole_role_json(&aggregated("sum"))]).await;
    let cluster = read_rbac(&client).await;
    let index = Index::build(&cluster);
    settled(&client, &index).await;

    let writes: Vec<Write> = (0..WRITES).map(|_| write(&mut random, &cluster, &index)).collect();
    let answers = stream::iter(&writes).map(|it| {
        let client = client.clone();
        async move {
            let body = it.object.to_string().into_bytes();
            (it, send_as(&client, &headers_of(&it.identity), it.method.clone(), &path_of(it), body).await)
        }
    });
    let mut answers = answers.buffer_unordered(AT_ONCE);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    while let Some((it, (status, message))) = answers.next().await {
        let what = format!(
            "{} {} by {:?}\n{}\nthe server: {status} {message}\nwe: {:?}",
            it.method,
            path_of(it),
            it.identity,
            it.object,
            it.leave
        );
        let theirs = match StatusCode::from_u16(status).expect("a status") {
            StatusCode::OK | StatusCode::CREATED => Outcome::Allow,
            StatusCode::FORBIDDEN => Outcome::Deny,
            // The role that is to be bound is not there, and bind is not held (rule 52).
            StatusCode::NOT_FOUND if it.leave == Leave::NoRole => Outcome::Deny,
            _ => panic!("{what}"),
        };
        assert_eq!(it.ours, theirs, "{what}");
        let is_guarded = message.contains("attempting to grant") || message.contains("cluster-admin privileges");
        let word = match (&it.leave, theirs) {
            (_, Outcome::Deny) if is_guarded => "guarded",
            (Leave::NoRole, Outcome::Deny) if status == 404 => "no role",
            (_, Outcome::Deny) => "forbidden",
            (Leave::Verb(verb), _) => verb,
            _ => "held",
        };
        *counts.entry(word.to_owned()).or_default() += 1;
    }
    println!("{WRITES} writes, no disagreement: {counts:?}");
    // Each way to be let or refused is among them.
    for word in ["guarded", "no role", "forbidden", "bind", "escalate", "held"] {
        assert!(counts.get(word).is_some_and(|it| *it >= 20), "{word}: {counts:?}");
    }
    drop(answers);
    acts_agree(&plane, &client, &mut random).await;
    an_agent_acts_as_its_own_node(&plane, &client).await;
}

/// Waits until the authorizer has seen every binding: each asked for what it alone is seen to give.
async fn settled(client: &Client, index: &Index) {
    for key in index.keys() {
        let identity = Identity::new(&kreach::rbac::who::subject_of(&key), &[]);
        for holding in index.permissions(&identity) {
            let Some((_, effective)) = &holding.role else { continue };
            let Some(rule) = effective.rules.iter().find(|it| !it.resources.is_empty()) else { continue };
            let (resource, subresource) = rule.resources[0].split_once('/').unwrap_or((&rule.resources[0], ""));
            let asked = Request::Resource(ResourceRequest {
                verb: rule.verbs[0].clone(),
                group: rule.groups[0].clone(),
                resource: resource.into(),
                subresource: subresource.into(),
                name: rule.names.first().cloned().unwrap_or_default(),
                namespace: holding.scope().clone(),
                ..ResourceRequest::default()
            });
            let mut tries = 0;
            while ask(client, &review(&identity, &asked)).await.0 != index.can(&identity, &asked).outcome() {
                tries += 1;
                assert!(tries < 1_000, "the server never allowed {identity:?} {asked}");
                tokio::task::yield_now().await;
            }
        }
    }
}

/// One request as somebody else.
struct Act {
    asker: &'static str,
    wanted: ImpersonatedUser,
    request: Request,
    path: String,
}

impl Act {
    fn random(random: &mut Random) -> Self {
        let asker = random.one(&["alice", "bob", "carol", "dave"]);
        let asker = ["alice", "bob", "carol", "dave"].into_iter().find(|it| *it == asker).expect("one of them");
        let user = random.one(&[
            "user:eve",
            "user:eve",
            "user:system:node:n1",
            "user:system:node:n2",
            "user:system:node:Not a node",
            "sa:write-a/x",
            "sa:write-b/y",
            "user:system:anonymous",
        ]);
        let groups = ["dev", "ops", "oncall", "system:masters", "system:authenticated", "system:unauthenticated"];
        let count = [0, 0, 0, 1, 1, 2, 4, 5][random.below(8)];
        let mut wanted = ImpersonatedUser::new(
            identity::parse(user).expect("a subject"),
            (0..count)
                .map(|_| {
                    let end = if random.below(6) == 0 { groups.len() } else { 3 };
                    Name::from(random.one(&groups[..end]))
                })
                .collect(),
        );
        if random.below(8) == 0 {
            wanted.uid = random.one(&["7", "8"]).into();
        }
        if random.below(8) == 0 {
            wanted.extra.push((random.one(&["example.com/k", "k"]).into(), vec![random.one(&["v", "w"]).into()]));
        }
        let (request, path) = asked(random);
        Act { asker, wanted, request, path }
    }

    fn headers(&self) -> Vec<(String, String)> {
        let user = kreach::rbac::identity::user_name(&self.wanted.subject);
        let mut headers = vec![("Impersonate-User".to_owned(), user.to_string())];
        headers.extend(self.wanted.groups.iter().map(|it| ("Impersonate-Group".to_owned(), it.to_string())));
        if !self.wanted.uid.is_empty() {
            headers.push(("Impersonate-Uid".to_owned(), self.wanted.uid.to_string()));
        }
        for (key, values) in &self.wanted.extra {
            let key = format!("Impersonate-Extra-{}", key.replace('/', "%2f"));
            headers.extend(values.iter().map(|it| (key.clone(), it.to_string())));
        }
        headers
    }
}

/// A read, and its path; what is named is not there, so that a yes is a 404.
fn asked(random: &mut Random) -> (Request, String) {
    let resource = random.one(&["pods", "configmaps"]);
    let namespace = random.one(ACTORS.namespaces);
    match random.below(4) {
        0 => (Request::url("get", "/healthz"), "/healthz".to_owned()),
        1 => (Request::resource("list", "", resource, namespace), format!("/api/v1/namespaces/{namespace}/{resource}")),
        _ => {
            let Request::Resource(it) = Request::resource("get", "", resource, namespace) else { unreachable!("one") };
            let request = Request::Resource(ResourceRequest { name: "x".into(), ..it });
            (request, format!("/api/v1/namespaces/{namespace}/{resource}/x"))
        }
    }
}

/// Grants with which the askers may well act as somebody who may well read: each holds some of these rules.
fn likely_actors(random: &mut Random) -> Vec<Value> {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let rule = |verbs: &str, group: &str, resources: &str, names: &str| {
        let mut rule = json!({ "verbs": words(verbs), "apiGroups": [group], "resources": words(resources) });
        if !names.is_empty() {
            rule["resourceNames"] = json!(words(names));
        }
        rule
    };
    let authentication = "authentication.k8s.io";
    let old = [
        rule("impersonate", "", "users", ""),
        rule("impersonate", "", "groups", "dev ops oncall"),
        rule("impersonate", "", "serviceaccounts", ""),
        rule("impersonate", authentication, "uids", "7"),
        rule("impersonate", authentication, "userextras/k", "v"),
    ];
    let constrained = [
        rule("impersonate:user-info", authentication, "users", "eve system:node:Not"),
        rule("impersonate:user-info", authentication, "groups", "dev ops"),
        rule("impersonate:user-info", authentication, "groups", "*"),
        rule("impersonate:user-info", authentication, "uids", "7"),
        rule("impersonate:user-info", authentication, "userextras/example.com/k", "v"),
        rule("impersonate:serviceaccount", authentication, "serviceaccounts", "x"),
        rule("impersonate:arbitrary-node", authentication, "nodes", "n1"),
        rule("impersonate-on:user-info:get impersonate-on:serviceaccount:get", "", "pods", ""),
        rule("impersonate-on:user-info:list impersonate-on:arbitrary-node:get", "", "pods configmaps", ""),
        json!({ "verbs": ["impersonate-on:user-info:get"], "nonResourceURLs": ["/healthz"] }),
    ];
    let reads = [rule("get", "", "pods", ""), rule("list get", "", "configmaps", "")];
    let mut some = |of: &[Value]| of.iter().filter(|_| random.below(4) > 0).cloned().collect::<Vec<_>>();
    let whole = [&old[..], &constrained[..]].concat();
    let holders: [(&str, &[&str], Vec<Value>); 6] = [
        ("alice", &["alice"], some(&old)),
        ("bob", &["bob"], some(&constrained)),
        ("carol", &["carol"], some(&whole)),
        ("dave", &["dave"], constrained.to_vec()),
        ("some", &["eve", "system:node:n1", "system:serviceaccount:write-a:x"], some(&reads)),
        ("more", &["eve", "system:serviceaccount:write-b:y", "system:node:n2"], reads.to_vec()),
    ];
    let objects = holders.into_iter().flat_map(|(name, users, rules)| {
        let name = format!("likely-{name}");
        let meta = json!({ "name": name });
        let version = format!("{RBAC}/v1");
        let users = users.iter().map(|it| json!({ "kind": "User", "name": it, "apiGroup": RBAC }));
        [
            json!({ "apiVersion": version, "kind": "ClusterRole", "metadata": meta, "rules": rules }),
            json!({
                "apiVersion": version, "kind": "ClusterRoleBinding", "metadata": meta,
                "roleRef": { "apiGroup": RBAC, "kind": "ClusterRole", "name": name },
                "subjects": users.collect::<Vec<_>>(),
            }),
        ]
    });
    objects.collect()
}

async fn acts_agree(plane: &control_plane::ControlPlane, client: &Client, random: &mut Random) {
    // Other roles and bindings beside those of the writers, and the askers themselves.
    let mut facts: Vec<AnyFact> = ACTORS.facts(random, 60);
    for fact in &mut facts {
        match fact {
            AnyFact::Role(role) => {
                let mut it = Role::clone(role);
                it.meta.name = format!("act-{}", it.meta.name).into();
                *role = it.into();
            }
            AnyFact::Binding(binding) => {
                let mut it = Binding::clone(binding);
                it.meta.name = format!("act-{}", it.meta.name).into();
                it.role.name = format!("act-{}", it.role.name).into();
                *binding = it.into();
            }
            _ => {}
        }
    }
    load(client, &facts).await;
    control_plane::create(client, &likely_actors(random)).await;
    let cluster = read_rbac(client).await;
    let index = Index::build(&cluster);
    settled(client, &index).await;
    let mut askers = BTreeMap::new();
    for (user, groups) in [("alice", "dev,oncall"), ("bob", "dev"), ("carol", ""), ("dave", "")] {
        let groups: Vec<Name> = groups.split(',').filter(|it| !it.is_empty()).map(Name::from).collect();
        let subject = identity::parse(&format!("user:{user}")).expect("a subject");
        askers.insert(user, (Identity::new(&subject, &groups), plane.client(user).await));
    }
    let acts: Vec<Act> = (0..ACTS).map(|_| Act::random(random)).collect();
    let answers = stream::iter(&acts).map(|it| {
        let client = askers[it.asker].1.clone();
        async move { (it, send_as(&client, &it.headers(), Method::GET, &it.path, Vec::new()).await) }
    });
    let mut answers = answers.buffer_unordered(AT_ONCE);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    while let Some((it, (status, message))) = answers.next().await {
        let asker = &askers[it.asker].0;
        let all = index.acting(asker, &it.wanted, &it.request);
        let what =
            format!("{} as {:?}: {}\nthe server: {status} {message}\nwe: {all:?}", it.asker, it.wanted, it.request);
        let modes: Vec<&Acting> = all.iter().filter(|it| it.outcome == Outcome::Allow).collect();
        let may = |acting: &Acting| index.can(&acting.identity, &it.request).outcome() == Outcome::Allow;
        let allowed = modes.iter().filter(|it| may(it)).count();
        let theirs = if status == 403 { Outcome::Deny } else { Outcome::Allow };
        assert!([200, 403, 404].contains(&status), "{what}");
        // A server that was lately let in by one mode tries that first: where modes differ either may hold.
        if allowed > 0 && allowed < modes.len() {
            *counts.entry("modes that differ").or_default() += 1;
            continue;
        }
        assert_eq!(theirs == Outcome::Allow, allowed > 0, "{what}");
        // A refusal names who was refused: the asker who may not act so, or the one whom they act as.
        if status == 403 {
            let of_asker = message.contains("impersonat") || message.contains(&format!("User \"{}\"", it.asker));
            assert_eq!(of_asker, modes.is_empty(), "{what}");
        }
        let word = match (modes.first(), theirs) {
            (None, _) => "refused",
            (Some(_), Outcome::Deny) => "acted, and refused",
            (Some(it), _) if it.mode == Mode::Legacy => "legacy",
            (Some(_), _) => "constrained",
        };
        *counts.entry(word).or_default() += 1;
    }
    println!("{ACTS} requests as somebody else, no disagreement: {counts:?}");
    for word in ["refused", "acted, and refused", "legacy", "constrained"] {
        assert!(counts.get(word).is_some_and(|it| *it >= 100), "{word}: {counts:?}");
    }
}

/// Rule 56: a token that is bound to a node lets its service account act as that node, with the name `*`, and no other.
async fn an_agent_acts_as_its_own_node(plane: &control_plane::ControlPlane, client: &Client) {
    let version = format!("{RBAC}/v1");
    let rules = json!([
        { "verbs": ["impersonate:associated-node"], "apiGroups": ["authentication.k8s.io"], "resources": ["nodes"], "resourceNames": ["*"] },
        { "verbs": ["impersonate-on:associated-node:get"], "apiGroups": [""], "resources": ["pods"] },
    ]);
    let grant = |name: &str, rules: Value, subject: Value| {
        [
            json!({ "apiVersion": version, "kind": "ClusterRole", "metadata": { "name": name }, "rules": rules }),
            json!({
                "apiVersion": version, "kind": "ClusterRoleBinding", "metadata": { "name": name },
                "roleRef": { "apiGroup": RBAC, "kind": "ClusterRole", "name": name }, "subjects": [subject],
            }),
        ]
    };
    let account = json!({ "kind": "ServiceAccount", "name": "agent", "namespace": "write-a" });
    let nodes = json!({ "kind": "Group", "name": "system:nodes", "apiGroup": RBAC });
    let reads = json!([{ "verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"] }]);
    let mut objects = vec![
        json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": "agent-node" } }),
        json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "agent", "namespace": "write-a" } }),
    ];
    objects.extend(grant("agent", rules, account));
    objects.extend(grant("nodes-read", reads, nodes));
    control_plane::create(client, &objects).await;
    let index = Index::build(&read_rbac(client).await);
    settled(client, &index).await;
    let wanted = json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
        "spec": { "boundObjectRef": { "apiVersion": "v1", "kind": "Node", "name": "agent-node" } },
    });
    let request = http::Request::post("/api/v1/namespaces/write-a/serviceaccounts/agent/token")
        .header("Content-Type", "application/json")
        .body(wanted.to_string().into_bytes())
        .expect("a request");
    let answer: Value = client.request(request).await.expect("a token");
    let agent = plane.client_with_token(answer["status"]["token"].as_str().expect("a token")).await;
    let identity = Identity::new(&identity::parse("sa:write-a/agent").expect("a subject"), &[]);
    for (node, verb, path, status) in [
        ("agent-node", "get", "pods/x", 404),
        ("agent-node", "list", "pods", 403),
        ("other-node", "get", "pods/x", 403),
    ] {
        let user = format!("system:node:{node}");
        let headers = [("Impersonate-User".to_owned(), user.clone())];
        let path = format!("/api/v1/namespaces/write-b/{path}");
        let (theirs, message) = send_as(&agent, &headers, Method::GET, &path, Vec::new()).await;
        assert_eq!(theirs, status, "{user} {verb}: {message}");
        let wanted = ImpersonatedUser::new(identity::parse(&format!("user:{user}")).expect("a subject"), Vec::new());
        let then = Request::resource(verb, "", "pods", "write-b");
        let all = index.acting(&identity, &wanted, &then);
        let ours = all.iter().find(|it| it.outcome == Outcome::Allow);
        // Which node a token is bound to is not in the cluster: the mode is told, and that it is for its own node.
        let may = node == "agent-node" && status == 404 || node == "other-node";
        assert_eq!(ours.map(|it| it.mode), may.then_some(Mode::AssociatedNode), "{user} {verb}: {all:?}");
        if let Some(it) = ours {
            assert_eq!(index.can(&it.identity, &then).outcome(), Outcome::Allow, "{user} {verb}");
        }
    }
}

/// The rules of somebody in a namespace, part by part, as the server lists them for who asks about himself.
async fn server_rules(client: &Client, identity: &Identity, namespace: &str) -> std::collections::BTreeSet<String> {
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": { "namespace": namespace },
    });
    let mut request = http::Request::post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews")
        .header("Content-Type", "application/json");
    for (name, value) in headers_of(identity) {
        request = request.header(name, value);
    }
    let answer: Value =
        client.request(request.body(body.to_string().into_bytes()).expect("a request")).await.expect("rules");
    let words = |it: &Value| -> Vec<Name> {
        it.as_array().into_iter().flatten().filter_map(Value::as_str).map(Name::from).collect()
    };
    let rule = |it: &Value| {
        RoleRule::from(RuleLists {
            verbs: words(&it["verbs"]).into(),
            groups: words(&it["apiGroups"]).into(),
            resources: words(&it["resources"]).into(),
            names: words(&it["resourceNames"]).into(),
            urls: words(&it["nonResourceURLs"]).into(),
        })
    };
    let lists =
        ["resourceRules", "nonResourceRules"].map(|key| answer["status"][key].as_array().cloned().unwrap_or_default());
    lists.iter().flatten().flat_map(|it| tuples(&rule(it))).map(|it| it.to_string()).collect()
}

/// Rules 43–46, 57, 62–64 on a real server whose aggregated roles its own controller fills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bootstrap_permissions_are_those_that_the_server_lists() {
    let Some(mut plane) = control_plane::private("rbac_writers", &[]) else { return };
    let is_aggregating = plane.start_aggregation();
    let client = plane.client("admin").await;
    let crons = json!({
        "apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRole",
        "metadata": { "name": "cron-viewer", "labels": { "rbac.authorization.k8s.io/aggregate-to-view": "true" } },
        "rules": [{ "apiGroups": ["stable.example.com"], "resources": ["crontabs"], "verbs": ["list"] }],
    });
    let [view, edit, admin] = ["view", "edit", "admin"].map(|role| {
        json!({
            "apiVersion": format!("{RBAC}/v1"), "kind": "RoleBinding", "metadata": { "name": role, "namespace": "default" },
            "roleRef": { "apiGroup": RBAC, "kind": "ClusterRole", "name": role },
            "subjects": [{ "kind": "User", "name": role, "apiGroup": RBAC }],
        })
    });
    control_plane::create(&client, &[crons, view, edit, admin]).await;
    let lister = Request::resource("list", "stable.example.com", "crontabs", "default");
    let cluster = loop {
        let cluster = read_rbac(&client).await;
        let index = Index::build(&cluster);
        let is_filled = index.lagging().is_empty();
        let user = Identity::new(&identity::parse("user:admin").expect("a subject"), &[]);
        // Both the store and the authorizer's own view of it.
        if !is_aggregating || is_filled && ask(&client, &review(&user, &lister)).await.0 == Outcome::Allow {
            break cluster;
        }
        tokio::task::yield_now().await;
    };
    let index = Index::build(&cluster);
    // Filled by the controller or empty without it: what we compute from the members is what it stores.
    for name in ["view", "edit", "admin"] {
        let (role, effective) = index.role(&Name::empty(), &name.into()).expect("a bootstrap role");
        assert_eq!(role.rules.is_empty(), !is_aggregating, "{name}");
        let members = effective.members.as_ref().expect("it is aggregated");
        assert!(members.iter().all(Option::is_some), "{name}: every rule has its member");
    }
    if is_aggregating {
        manifests_compute_what_the_controller_stores(&cluster, &index);
    }
    let mut compared = 0;
    for subject in index.candidates(&cluster) {
        let mut who = Identity::new(&subject, &[]);
        if who.user.is_empty() {
            // A group is impersonated with somebody in it.
            who.user = "somebody-without-grants".into();
        }
        // Who may not ask about himself, as nobody may who has not logged in, cannot be compared.
        let about = Request::resource("create", "authorization.k8s.io", "selfsubjectrulesreviews", "");
        if who.is_in(identity::MASTERS) || index.can(&who, &about).outcome() != Outcome::Allow {
            continue;
        }
        for namespace in ["default", "kube-system", "kube-public"] {
            let here = index.permissions(&who).into_iter();
            let here = here.filter(|it| it.scope().is_empty() || *it.scope() == namespace);
            let rules = here.filter_map(|it| it.role).flat_map(|(_, it)| it.rules.to_vec());
            let ours: std::collections::BTreeSet<String> =
                rules.flat_map(|it| tuples(&it)).map(|it| it.to_string()).collect();
            assert_eq!(ours, server_rules(&client, &who, namespace).await, "{subject} in {namespace}");
            compared += usize::from(!ours.is_empty());
        }
    }
    println!("{compared} lists of rules of bootstrap subjects, aggregated by the controller: {is_aggregating}");
    assert!(compared > 100, "only {compared}");
}

/// The same roles as manifests, without what was stored in them, have the same rules in the same order.
fn manifests_compute_what_the_controller_stores(cluster: &Cluster, index: &Index) {
    let mut bare = cluster.clone();
    for role in cluster.roles.iter().filter(|it| it.aggregates().is_some()) {
        let origin = kreach::model::role::RoleSource::Manifest;
        let mut bare_role = Role::clone(role);
        (bare_role.rules, bare_role.origin) = (Vec::new().into(), origin);
        bare.apply(put(AnyFact::Role(bare_role.into())));
    }
    let computed = Index::build(&bare);
    for role in cluster.roles.iter().filter(|it| it.aggregates().is_some()) {
        let rules = |index: &Index| index.role(&Name::empty(), &role.meta.name).map(|(_, it)| it.rules.to_vec());
        assert_eq!(rules(&computed), rules(index), "{}", role.meta.name);
    }
}

//! What the API server refuses of changes of roles and bindings is said beforehand: a case for each of the rules 47 to 53.

use std::collections::BTreeMap;

use kreach::ask::World;
use kreach::ask::fix::refusal::refused;
use kreach::ask::world::SelfCheck;
use kreach::change::edits::project;
use kreach::change::{Change, Op};
use kreach::model::cluster::AnyFact;
use kreach::net::Settings;
use kreach::rbac::review::{Me, Reply, Review};
use serde_json::{Value, json};

use crate::rbac_worlds::cluster;
use crate::reach_laws::fact;

const GROUP: &str = "rbac.authorization.k8s.io";

fn role(kind: &str, namespace: &str, name: &str, rules: Value) -> Value {
    json!({"apiVersion": format!("{GROUP}/v1"), "kind": kind, "metadata": {"name": name, "namespace": namespace}, "rules": rules})
}

fn rule(verbs: &[&str], group: &str, resource: &str, names: &[&str]) -> Value {
    json!({"verbs": verbs, "apiGroups": [group], "resources": [resource], "resourceNames": names})
}

fn binding(namespace: &str, name: &str, role: (&str, &str), users: &[&str]) -> Value {
    let subjects: Vec<Value> = users.iter().map(|it| json!({"apiGroup": GROUP, "kind": "User", "name": it})).collect();
    let kind = if namespace.is_empty() { "ClusterRoleBinding" } else { "RoleBinding" };
    json!({"apiVersion": format!("{GROUP}/v1"), "kind": kind, "metadata": {"name": name, "namespace": namespace},
        "roleRef": {"apiGroup": GROUP, "kind": role.0, "name": role.1}, "subjects": subjects})
}

fn object(it: &Value) -> AnyFact {
    let word = |key: &str| it[key].as_str().expect("a word");
    let spec = kreach::kinds::spec_of(word("apiVersion"), word("kind")).expect("a kind");
    fact(spec.kind, &it.to_string(), it["metadata"]["namespace"].as_str().unwrap_or_default())
}

/// What carol is told who holds these rules in shop, and perhaps is somebody else besides.
fn told(rules: Value, me: Me, op: Op, change: Value) -> Vec<String> {
    let objects = [
        role("Role", "shop", "mine", rules),
        binding("shop", "mine", ("Role", "mine"), &["carol"]),
        role("Role", "shop", "reader", json!([rule(&["get"], "", "secrets", &[])])),
        binding("shop", "reader", ("Role", "reader"), &["ana", "ben"]),
        role("ClusterRole", "", "lister", json!([rule(&["list"], "", "secrets", &[])])),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}),
    ];
    let facts: Vec<AnyFact> = objects.iter().map(object).collect();
    let mut world = World::of(cluster(&facts), Settings::default(), SelfCheck::Off);
    world.hear(Review::Own, Reply::Me(me));
    let changes = [Change { op, object: change }];
    let mut after = world.clone();
    after.apply(project(&world.cluster, &changes).expect("objects that are read").deltas);
    refused(&world, &after, &changes)
}

fn carol() -> Me {
    Me { user: "carol".into(), groups: vec!["system:authenticated".into()] }
}

/// Writing roles and bindings in shop, and whatever else.
fn writing(more: &[Value]) -> Value {
    let verbs = ["create", "update", "patch", "delete"];
    let mut all = vec![rule(&verbs, GROUP, "roles", &[]), rule(&verbs, GROUP, "rolebindings", &[])];
    all.extend(more.iter().cloned());
    Value::Array(all)
}

fn secrets(verbs: &[&str]) -> Value {
    role("Role", "shop", "more", json!([rule(verbs, "", "secrets", &[])]))
}

/// A rule, what is held, what is written, and the words of the refusal; none: the server takes it.
type Case = (&'static str, Value, Op, Value, Option<&'static str>);

fn cases() -> Vec<Case> {
    let get = || rule(&["get"], "", "secrets", &[]);
    let all = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
    let without_ben = || binding("shop", "reader", ("Role", "reader"), &["ana"]);
    let bind = |names: &[&str]| rule(&["bind"], GROUP, "roles", names);
    vec![
        // 47: a role takes all that it gives, or escalate.
        ("47", writing(&[]), Op::Create, secrets(&["get"]), Some("do not hold get secrets")),
        ("47", writing(&[get()]), Op::Create, secrets(&["get"]), None),
        ("47", writing(&[rule(&["escalate"], GROUP, "roles", &[])]), Op::Create, secrets(&["get"]), None),
        (
            "47",
            writing(&[]),
            Op::Update,
            role("Role", "shop", "reader", json!([get()])),
            Some("do not hold get secrets"),
        ),
        // 48: it is covered word by word.
        ("48", writing(&[rule(&all, "", "secrets", &[])]), Op::Create, secrets(&["*"]), Some("do not hold * secrets")),
        ("48", writing(&[rule(&["*"], "", "secrets", &[])]), Op::Create, secrets(&["*"]), None),
        (
            "48",
            writing(&[rule(&["get"], "", "pods", &[])]),
            Op::Create,
            role("Role", "shop", "more", json!([rule(&["get"], "", "pods/log", &[])])),
            Some("do not hold get pods/log"),
        ),
        // 49: a binding takes all that its role gives, or bind on that role.
        (
            "49",
            writing(&[]),
            Op::Create,
            binding("shop", "new", ("Role", "reader"), &["carol"]),
            Some("do not hold get secrets"),
        ),
        ("49", writing(&[bind(&["reader"])]), Op::Create, binding("shop", "new", ("Role", "reader"), &["carol"]), None),
        (
            "49",
            writing(&[bind(&["other"])]),
            Op::Create,
            binding("shop", "new", ("Role", "reader"), &["carol"]),
            Some("do not hold"),
        ),
        (
            "49",
            writing(&[rule(&["bind"], GROUP, "clusterroles", &["lister"])]),
            Op::Create,
            binding("shop", "new", ("ClusterRole", "lister"), &["carol"]),
            None,
        ),
        // 50: a subject less is an update; a deletion takes nothing.
        ("50", writing(&[]), Op::Update, without_ben(), Some("do not hold get secrets")),
        ("50", writing(&[get()]), Op::Update, without_ben(), None),
        ("50", writing(&[]), Op::Delete, binding("shop", "reader", ("Role", "reader"), &["ana", "ben"]), None),
        // 51: what one holds one may give to anybody.
        ("51", writing(&[get()]), Op::Create, binding("shop", "new", ("Role", "reader"), &["mallory"]), None),
        // 52: a role that is not there takes bind.
        (
            "52",
            writing(&[get()]),
            Op::Create,
            binding("shop", "new", ("Role", "absent"), &["ana"]),
            Some("the role is not there"),
        ),
        ("52", writing(&[bind(&[])]), Op::Create, binding("shop", "new", ("Role", "absent"), &["ana"]), None),
        // Beside them the verb itself.
        ("verb", json!([get()]), Op::Create, secrets(&["get"]), Some("you may not create roles in shop")),
    ]
}

#[test]
fn each_rule_of_the_guard_is_said_beforehand() {
    let mut seen: BTreeMap<&str, [bool; 2]> = BTreeMap::new();
    for (number, rules, op, change, expected) in cases() {
        let said = told(rules, carol(), op, change.clone()).join("; ");
        match expected {
            None => assert_eq!(said, "", "rule {number}: {op:?} {change}"),
            Some(words) => assert!(said.contains(words), "rule {number}: {op:?} {change}: {said:?}"),
        }
        seen.entry(number).or_default()[usize::from(expected.is_none())] = true;
    }
    for number in ["47", "48", "49", "50", "52"] {
        assert_eq!(seen[number], [true, true], "rule {number} is seen both ways");
    }
}

/// Rule 53: who impersonates is judged as the one who is impersonated, and as a member of their groups; members of
/// `system:masters` may do everything.
#[test]
fn it_is_asked_as_whoever_the_server_says_that_one_is() {
    let change = || binding("shop", "new", ("Role", "reader"), &["carol"]);
    let me =
        |user: &str, groups: &[&str]| Me { user: user.into(), groups: groups.iter().map(|it| (*it).into()).collect() };
    let rules = || writing(&[rule(&["get"], "", "secrets", &[])]);
    assert!(told(rules(), carol(), Op::Create, change()).is_empty());
    let other = told(rules(), me("dan", &[]), Op::Create, change()).join("; ");
    assert!(other.contains("you may not create rolebindings") && other.contains("do not hold get secrets"), "{other}");
    assert!(told(json!([]), me("dan", &["system:masters"]), Op::Create, change()).is_empty());
}

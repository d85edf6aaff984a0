//! Roles and bindings of a seeded world, made again from the seed each time: none of them is held.
//!
//! Roles have one to a dozen rules over a few hundred resources; bindings name users, groups and service accounts.
//! The first cluster role is the demo's reader, so that what the server answers agrees with what it holds.

use serde_json::{Value, json};

use super::core::members_of;
use super::facts::SeededWorld;
use super::render::{ObjectNumber, ObjectRows, identity, sheets, tag};
use super::rng::Rng;
use super::template::hole;
use crate::embedded::review;

pub const ROLES: ObjectRows = ObjectRows {
    labels: None,
    field: None,
    plural: "roles",
    count: |facts| facts.shape.roles,
    namespace: |facts, at| Some(spread(facts, facts.shape.roles, at)),
    name: |_, at| role_name(at),
    write: |facts, at, part, out| {
        let id = ObjectNumber { tag: tag::ROLE, number: at as u64 };
        let mut values = identity(facts, id, Some(spread(facts, facts.shape.roles, at)), &role_name(at));
        values.set(hole("rules"), &rules(facts, id).to_string());
        members_of(part, sheets().core.get("Role"), &values, out);
    },
};

pub const CLUSTER_ROLES: ObjectRows = ObjectRows {
    labels: None,
    field: None,
    plural: "clusterroles",
    count: |facts| facts.shape.cluster_roles,
    namespace: |_, _| None,
    name: |_, at| cluster_role_name(at),
    write: |facts, at, part, out| {
        let id = ObjectNumber { tag: tag::CLUSTER_ROLE, number: at as u64 };
        let mut values = identity(facts, id, None, &cluster_role_name(at));
        let rules = match at {
            0 => review::reader_rules(),
            1 => {
                json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}, {"nonResourceURLs": ["*"], "verbs": ["*"]}])
            }
            _ => rules(facts, id),
        };
        values.set(hole("rules"), &rules.to_string());
        members_of(part, sheets().core.get("ClusterRole"), &values, out);
    },
};

pub const ROLE_BINDINGS: ObjectRows = ObjectRows {
    labels: None,
    field: None,
    plural: "rolebindings",
    count: |facts| facts.shape.role_bindings,
    namespace: |facts, at| Some(spread(facts, facts.shape.role_bindings, at)),
    name: |_, at| format!("binding-{at:06}"),
    write: |facts, at, part, out| {
        let namespace = spread(facts, facts.shape.role_bindings, at);
        let id = ObjectNumber { tag: tag::ROLE_BINDING, number: at as u64 };
        let mut rng = Rng::of(facts.shape.seed, id.tag, id.number);
        let mut values = identity(facts, id, Some(namespace), &format!("binding-{at:06}"));
        let role = role_of(facts, namespace, &mut rng);
        values.set(hole("ownerkind"), if role.is_some() { "Role" } else { "ClusterRole" });
        values.set(
            hole("owner"),
            &role.unwrap_or_else(|| cluster_role_name(2 + rng.below(facts.shape.cluster_roles - 2))),
        );
        values.set(hole("subjects"), &subjects(facts, &mut rng).to_string());
        members_of(part, sheets().core.get("RoleBinding"), &values, out);
    },
};

pub const CLUSTER_ROLE_BINDINGS: ObjectRows = ObjectRows {
    labels: None,
    field: None,
    plural: "clusterrolebindings",
    count: |facts| facts.shape.cluster_role_bindings,
    namespace: |_, _| None,
    name: |_, at| format!("cluster-binding-{at:06}"),
    write: |facts, at, part, out| {
        let id = ObjectNumber { tag: tag::CLUSTER_ROLE_BINDING, number: at as u64 };
        let mut rng = Rng::of(facts.shape.seed, id.tag, id.number);
        let mut values = identity(facts, id, None, &format!("cluster-binding-{at:06}"));
        let (role, subjects) = match at {
            0 => (0, json!([{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": review::DEMO_USER}])),
            _ if at % 50 == 0 => (1, subjects(facts, &mut rng)),
            _ => (2 + rng.below(facts.shape.cluster_roles - 2), subjects(facts, &mut rng)),
        };
        values.set(hole("owner"), &cluster_role_name(role));
        values.set(hole("subjects"), &subjects.to_string());
        members_of(part, sheets().core.get("ClusterRoleBinding"), &values, out);
    },
};

/// The namespace of one of `count` objects that are spread evenly and in order.
fn spread(facts: &SeededWorld, count: usize, at: usize) -> u32 {
    (at * facts.namespaces.len() / count) as u32
}

fn role_name(at: usize) -> String {
    let what = ["reader", "deployer", "debugger", "operator", "auditor"][at % 5];
    format!("role-{at:06}-{what}")
}

fn cluster_role_name(at: usize) -> String {
    match at {
        0 => "a-demo-reader".to_owned(),
        1 => "b-all".to_owned(),
        _ => format!("cluster-role-{at:06}"),
    }
}

/// One of the namespace's roles, mostly; else none, for a cluster role.
fn role_of(facts: &SeededWorld, namespace: u32, rng: &mut Rng) -> Option<String> {
    let (roles, namespaces) = (facts.shape.roles, facts.namespaces.len());
    let first = (namespace as usize * roles).div_ceil(namespaces);
    let next = ((namespace as usize + 1) * roles).div_ceil(namespaces);
    (next > first && rng.happens(75)).then(|| role_name(first + rng.below(next - first)))
}

const CORE: [&str; 10] = [
    "pods",
    "services",
    "configmaps",
    "secrets",
    "serviceaccounts",
    "pods/log",
    "pods/exec",
    "events",
    "endpoints",
    "persistentvolumeclaims",
];
const APPS: [&str; 5] = ["deployments", "replicasets", "statefulsets", "daemonsets", "deployments/scale"];
const VERBS: [&[&str]; 5] = [
    &["get", "list", "watch"],
    &["get"],
    &["get", "list", "watch", "create", "update", "patch", "delete"],
    &["get", "list"],
    &["create", "update", "patch"],
];

fn rules(facts: &SeededWorld, id: ObjectNumber) -> Value {
    let mut rng = Rng::of(facts.shape.seed, id.tag, id.number);
    (0..1 + rng.below(12)).map(|_| rule(&mut rng)).collect()
}

fn rule(rng: &mut Rng) -> Value {
    let (group, resources) = match rng.below(4) {
        0 => ("apps".to_owned(), some(rng, |rng| (*rng.pick(&APPS)).to_owned())),
        1 => (format!("team{}.example.com", rng.below(40)), some(rng, |rng| format!("widgets{}", rng.below(15)))),
        _ => (String::new(), some(rng, |rng| (*rng.pick(&CORE)).to_owned())),
    };
    let resources = if rng.below(200) == 0 { vec!["*".to_owned()] } else { resources };
    let verbs = if rng.below(30) == 0 { &["*"] } else { *rng.pick(&VERBS) };
    let mut rule = json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    if rng.below(6) == 0 {
        rule["resourceNames"] = json!([format!("object-{}", rng.below(5000))]);
    }
    rule
}

fn some(rng: &mut Rng, mut each: impl FnMut(&mut Rng) -> String) -> Vec<String> {
    let mut all: Vec<String> = (0..1 + rng.below(6)).map(|_| each(rng)).collect();
    all.sort();
    all.dedup();
    all
}

fn subjects(facts: &SeededWorld, rng: &mut Rng) -> Value {
    (0..1 + rng.below(3)).map(|_| subject(facts, rng)).collect()
}

fn subject(facts: &SeededWorld, rng: &mut Rng) -> Value {
    match rng.below(10) {
        0..2 => {
            let group = format!("group-{:05}", rng.below(facts.shape.users.div_ceil(20)));
            json!({"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": group})
        }
        2..5 => {
            let workload = rng.below(facts.workloads.len()) as u32;
            let namespace = &facts.namespaces[facts.workloads[workload as usize].namespace as usize].name;
            json!({"kind": "ServiceAccount", "name": facts.app(workload), "namespace": namespace})
        }
        _ => {
            let user = format!("user-{:06}@example.com", rng.below(facts.shape.users));
            json!({"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": user})
        }
    }
}

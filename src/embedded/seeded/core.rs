//! Namespaces, nodes and service accounts of a seeded world.

use super::facts::SeededWorld;
use super::render::{ObjectNumber, ObjectRows, address, digits, identity, member, sheets, tag};
use super::shapes::Style;
use super::template::{DocumentTemplate, Values, hole};
use crate::embedded::object_list::ObjectPart;

pub const NAMESPACES: ObjectRows = ObjectRows {
    labels: None,
    field: None,
    plural: "namespaces",
    count: |facts| facts.namespaces.len(),
    namespace: |_, _| None,
    name: |facts, at| facts.namespaces[at].name.to_string(),
    write: write_namespace,
};

pub const NODES: ObjectRows = ObjectRows {
    labels: None,
    field: None,
    plural: "nodes",
    count: |facts| facts.nodes,
    namespace: |_, _| None,
    name: |_, at| node_name(at),
    write: write_node,
};

/// Every namespace has `default`, every workload its own of the same name. They are in order since `default` is placed.
pub const SERVICE_ACCOUNTS: ObjectRows = ObjectRows {
    labels: None,
    field: None,
    plural: "serviceaccounts",
    count: |facts| facts.namespaces.len() + facts.in_order.len(),
    namespace: |facts, at| Some(account(facts, at).0),
    name: |facts, at| account(facts, at).1,
    write: |facts, at, _, out| {
        let (namespace, name) = account(facts, at);
        let values =
            identity(facts, ObjectNumber { tag: tag::SERVICE_ACCOUNT, number: at as u64 }, Some(namespace), &name);
        members(sheets().core.get("ServiceAccount"), &values, out);
    },
};

/// Appends a document's members: the template without its braces.
pub fn members(template: &DocumentTemplate, values: &Values, out: &mut Vec<u8>) {
    let start = out.len();
    template.write(values, out);
    out.remove(start);
    out.pop();
}

/// The same, or its metadata alone.
pub fn members_of(part: ObjectPart, template: &DocumentTemplate, values: &Values, out: &mut Vec<u8>) {
    let start = out.len();
    members(template, values, out);
    if part == ObjectPart::Meta {
        let end = end_of_first_member(&out[start..]);
        out.truncate(start + end);
    }
}

/// Where the first member of an object ends: the templates have `metadata` first, and no braces in its strings.
fn end_of_first_member(members: &[u8]) -> usize {
    let mut depth = 0;
    for (at, byte) in members.iter().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return at + 1;
        }
    }
    members.len()
}

fn write_namespace(facts: &SeededWorld, at: usize, part: ObjectPart, out: &mut Vec<u8>) {
    let namespace = &facts.namespaces[at];
    let mut values = identity(
        facts,
        ObjectNumber { tag: tag::NAMESPACE, number: u64::from(namespace.number) },
        None,
        &namespace.name,
    );
    values.fill(hole("labels"), |out| {
        out.push(b'{');
        if facts.shape.style == Style::Burner {
            member(out, "kube-burner-job", "network-policy-perf");
        } else {
            member(out, "env", ["prod", "staging", "dev"][namespace.number as usize % 3]);
        }
        member(out, "kubernetes.io/metadata.name", &namespace.name);
        member(out, "pod-security.kubernetes.io/enforce", "restricted");
        member(out, "team", &format!("team-{}", namespace.number % 60));
        out.push(b'}');
    });
    members_of(part, sheets().core.get("Namespace"), &values, out);
}

/// The name of a node by its number.
pub fn node_name(node: usize) -> String {
    format!("worker-{node:05}.eu-west-1.compute.internal")
}

fn write_node(facts: &SeededWorld, at: usize, part: ObjectPart, out: &mut Vec<u8>) {
    let id = ObjectNumber { tag: tag::NODE, number: at as u64 };
    let mut values = identity(facts, id, None, &node_name(at));
    digits(&mut values, facts, id);
    values.fill(hole("ip"), |out| address(out, facts.node_address(at)));
    values.set(hole("word1"), ["eu-west-1a", "eu-west-1b", "eu-west-1c"][at % 3]);
    members_of(part, sheets().core.get("Node"), &values, out);
}

/// The service account at a place of the list: workloads' names and one `default` a namespace, in order.
fn account(facts: &SeededWorld, at: usize) -> (u32, String) {
    let namespaces = facts.namespaces.len();
    let before = |namespace: usize| namespace + facts.first_workload[namespace] as usize;
    let (mut low, mut high) = (0, namespaces);
    while high - low > 1 {
        let middle = (low + high) / 2;
        if before(middle) <= at { low = middle } else { high = middle }
    }
    let here = &facts.in_order[facts.first_workload[low] as usize..facts.first_workload[low + 1] as usize];
    let default = here.partition_point(|workload| *facts.app(*workload) < *"default");
    let place = at - before(low);
    let name = match place.cmp(&default) {
        std::cmp::Ordering::Less => facts.app(here[place]),
        std::cmp::Ordering::Equal => "default".to_owned(),
        std::cmp::Ordering::Greater => facts.app(here[place - 1]),
    };
    (low as u32, name)
}

//! What an object is, as a page: facts first, then what governs it, each line leading to its object.
//!
//! Nothing here decides: pages repeat facts and what the indexes say of them.

mod service;
mod subject;
mod workload;

use std::collections::BTreeMap;

use super::default_deny::IsolationExtent;
use super::isolation::Isolation;
use super::item::Item;
use super::scope::CellContext;
use crate::kinds::WRITTEN_POLICY;
use crate::model::facts::Pod;
use crate::model::id::{Kind, ObjectId};
use crate::model::labels::Labels;
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::policy::{Direction, Policy};
use crate::net::verdict::Tri;
use crate::text::{About, Line, Mark, Page, policy, words};

/// What an object is: facts first, then what governs it, then what is wrong with it.
pub fn facts(view: CellContext<'_>, item: &Item) -> Page {
    let mut page = Page::default();
    match item {
        Item::Namespace(name) => namespace(&mut page, view, name),
        Item::Pod(pod) => match view.world.pod(pod) {
            Some(found) => pod_facts(&mut page, view, found),
            None => gone(&mut page, item),
        },
        Item::Policy(policy) => match policy_of(view, policy) {
            Some(found) => {
                policy::facts(&mut page, found, view.world.net().target_count(found), &view.world.net().findings(found))
            }
            None => gone(&mut page, item),
        },
        Item::Workload(id) => workload::facts(&mut page, view, id, item.object().as_ref()),
        Item::Service(service) => service::facts(&mut page, view, service),
        Item::Subject(subject) => subject::facts(&mut page, view, subject),
    }
    problems(&mut page, view, item);
    page
}

/// Where what a namespace's manifests declare was not read: how it is told which of that is denied.
pub fn unread_gaps(namespace: &Name) -> Line {
    let how = format!("kreach explain ns/{namespace} --gaps tells which are denied");
    let text = format!("flows that manifests declare: not read ({how})");
    Line::new(0, Mark::Plain, text).on(About::Gaps(namespace.clone()))
}

fn gone(page: &mut Page, item: &Item) {
    page.say(0, Mark::Note, format!("{} is not there any more", item.typed()));
}

fn policy_of<'a>(view: CellContext<'a>, id: &ObjectId) -> Option<&'a std::sync::Arc<Policy>> {
    view.world.cluster.policies.get_of_kind(&id.namespace, &id.name, id.kind.as_str())
}

/// A line that leads to a whole object.
pub(super) fn linked(indent: u8, mark: Mark, text: impl AsRef<str>, object: &ObjectId) -> Line {
    Line::new(indent, mark, text).linked(object, &Place::default())
}

pub(super) fn count(number: usize, one: &str) -> String {
    match (number, one.strip_suffix('y')) {
        (1, _) => format!("1 {one}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        _ => format!("{number} {one}s"),
    }
}

/// Why a namespace has no labels but its name: it is not defined, or that is not known.
fn undefined(view: CellContext<'_>, name: &Name) -> Option<String> {
    let cluster = &view.world.cluster;
    if cluster.namespaces.get("", name).is_some_and(|it| !it.implied) {
        return None;
    }
    let coverage = cluster.coverage.of(Kind::NAMESPACE, name);
    Some(match coverage.is_complete() {
        true => "not defined: only mentioned by other objects".to_owned(),
        false => format!("its labels are not known: namespaces: {}", crate::text::coverage::words(coverage)),
    })
}

fn namespace(page: &mut Page, view: CellContext<'_>, name: &Name) {
    let id = ObjectId::new(Kind::NAMESPACE, Name::empty(), name.clone());
    let counts = view.world.counts(name);
    page.push(linked(0, Mark::Title, format!("namespace {name}"), &id));
    if let Some(words) = undefined(view, name) {
        page.say(0, Mark::Note, words);
    }
    let policies = view.world.cluster.policies.of(name);
    let pods = view.world.cluster.pods.of(name).len();
    page.say(0, Mark::Plain, format!("{}, {}", count(pods, "pod"), count(policies.len(), "policy")));
    let rows = [
        (counts.both, Mark::Allow, "isolated both ways"),
        (counts.ingress, Mark::Allow, "isolated for ingress only"),
        (counts.egress, Mark::Allow, "isolated for egress only"),
        (counts.neither, Mark::Note, "not isolated: anything may reach them, they may reach anything"),
        (counts.unknown, Mark::Unknown, "unknown: what is not read or not understood could change it"),
        (counts.host_network, Mark::Note, "on the host network: policies do not apply"),
        (counts.finished, Mark::Plain, "finished"),
    ];
    for (number, mark, words) in rows {
        if number > 0 {
            page.say(1, mark, format!("{number} {words}"));
        }
    }
    for direction in [Direction::Ingress, Direction::Egress] {
        let (mark, words) = default_deny(view, name, direction);
        page.say(0, mark, format!("{}: {words}", direction.as_str()));
    }
    if !policies.is_empty() {
        page.say(0, Mark::Title, "policies");
    }
    for policy in policies {
        let words = format!(
            "{} isolates {} of {}",
            policy.meta.name,
            policy::directions(policy.isolates),
            targets(view, policy)
        );
        page.push(linked(1, Mark::Plain, words, &policy.id()));
    }
}

/// How far default deny goes in a direction, and the pods that it leaves out.
fn default_deny(view: CellContext<'_>, name: &Name, direction: Direction) -> (Mark, String) {
    let open = || {
        let pods = view.world.not_isolated(name, direction).iter().map(|it| it.name.to_string()).collect::<Vec<_>>();
        words::listed(&pods)
    };
    match view.world.default_deny_reaches(name, direction) {
        IsolationExtent::ToCome => (Mark::Allow, "default deny for all pods, those to come too".to_owned()),
        IsolationExtent::Today => {
            (Mark::Note, "default deny for all pods of today; no policy selects pods to come".to_owned())
        }
        IsolationExtent::Some(isolated, all) => {
            (Mark::Note, format!("default deny for {isolated} of {all} pods; not for {}", open()))
        }
        IsolationExtent::None => (Mark::Note, "no default deny".to_owned()),
        IsolationExtent::Unknown => (Mark::Unknown, "default deny is not known".to_owned()),
    }
}

fn targets(view: CellContext<'_>, policy: &Policy) -> String {
    policy::targets(view.world.net().target_count(policy))
}

fn pod_facts(page: &mut Page, view: CellContext<'_>, pod: &Pod) {
    page.push(linked(0, Mark::Title, format!("pod {}", pod.pod_id()), &pod.pod_id().object()));
    let addresses: Vec<String> = pod.addresses().iter().map(|it| it.to_string()).collect();
    let address = if addresses.is_empty() { "no address yet".into() } else { addresses.join(", ") };
    page.say(0, Mark::Plain, format!("{} at {address}", pod.phase().as_str()));
    if !pod.node().is_empty() {
        let node = ObjectId::new(Kind::NODE, Name::empty(), pod.node().clone());
        page.push(linked(0, Mark::Plain, format!("on node {}", pod.node()), &node));
    }
    if let Some(owner) = pod.owner_id() {
        page.say(0, Mark::Plain, format!("of {owner}"));
    }
    if !pod.service_account().is_empty() {
        let account = ObjectId::new(Kind::SERVICE_ACCOUNT, pod.namespace().clone(), pod.service_account().clone());
        page.push(linked(0, Mark::Plain, format!("runs as sa:{}/{}", account.namespace, account.name), &account));
    }
    isolation(page, view, pod);
    for port in pod.ports().iter() {
        let name = if port.name.is_empty() { String::new() } else { format!(" ({})", port.name) };
        page.say(0, Mark::Plain, format!("port {}/{}{name}", port.number, port.protocol));
    }
}

fn isolation(page: &mut Page, view: CellContext<'_>, pod: &Pod) {
    let isolation = view.world.isolation(pod);
    let Isolation::By { ingress, egress } = isolation else {
        let words = match isolation {
            Isolation::Host => "host network: policies do not apply",
            _ => "finished: nothing connects to it any more",
        };
        return page.say(0, Mark::Note, words);
    };
    match (ingress, egress) {
        (Tri::Yes, Tri::Yes) => page.say(0, Mark::Allow, "isolated: ingress and egress"),
        (Tri::No, Tri::No) => page.say(0, Mark::Note, "not isolated: no policy selects it"),
        _ => [(Direction::Ingress, ingress), (Direction::Egress, egress)].into_iter().for_each(|it| one_way(page, it)),
    }
    let policies = view.world.policies_on(pod);
    if !policies.is_empty() {
        page.say(0, Mark::Title, "policies that select this pod");
    }
    for policy in policies {
        let kind = if policy.kind == WRITTEN_POLICY.kind { String::new() } else { format!("{} ", policy.kind) };
        let words = format!("{kind}{}: {}", policy.meta.name, policy::directions(policy.isolates));
        page.push(linked(1, Mark::Plain, words, &policy.id()));
    }
}

/// How a pod is isolated in one direction, where the other differs.
fn one_way(page: &mut Page, (direction, isolated): (Direction, Tri)) {
    let (mark, words) = match isolated {
        Tri::Yes => (Mark::Allow, "isolated"),
        Tri::No => (Mark::Note, "not isolated"),
        Tri::Maybe => (Mark::Unknown, "unknown: what is not read or not understood could isolate it"),
    };
    page.say(0, mark, format!("{}: {words}", direction.as_str()));
}

fn problems(page: &mut Page, view: CellContext<'_>, item: &Item) {
    let Some(object) = item.object() else { return };
    let problems = view.world.cluster.problems.get(&object).map(Vec::as_slice).unwrap_or_default();
    if !problems.is_empty() {
        page.say(0, Mark::Title, "problems");
    }
    for problem in problems {
        let place = if problem.place.0.is_empty() { String::new() } else { format!("{}: ", problem.place) };
        page.push(Line::new(1, Mark::Unknown, format!("{place}{}", problem.what)).linked(&object, &problem.place));
    }
}

/// The labels that an object has; subjects have none, and those of workloads and Services are not kept.
pub fn labels_of(view: CellContext<'_>, item: &Item) -> Labels {
    let cluster = &view.world.cluster;
    let labels = match item {
        Item::Namespace(name) => cluster.namespaces.get("", name).map(|it| it.labels.clone()),
        Item::Pod(pod) => view.world.pod(pod).map(|it| it.labels().whole().into_owned()),
        Item::Policy(policy) => policy_of(view, policy).map(|it| it.labels.clone()),
        Item::Workload(_) | Item::Service(_) | Item::Subject(_) => None,
    };
    labels.unwrap_or_default()
}

/// The same, as a page.
pub fn labels(view: CellContext<'_>, item: &Item) -> Page {
    let labels = labels_of(view, item);
    let pairs: BTreeMap<&Name, &Name> = labels.iter().collect();
    let mut page = Page::default();
    page.say(0, Mark::Title, format!("{} of {}", count(pairs.len(), "label"), item.typed()));
    let object = item.object();
    for (key, value) in pairs {
        let line = Line::new(1, Mark::Plain, format!("{key}={value}"));
        page.push(match &object {
            Some(object) => line.linked(object, &Place::new("metadata.labels")),
            None => line,
        });
    }
    page
}

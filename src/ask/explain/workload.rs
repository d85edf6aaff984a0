//! What a workload is: its pods, how they are isolated, the policies that select them, and the Services before them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{count, linked};
use crate::ask::isolation::Isolation;
use crate::ask::scope::CellContext;
use crate::model::facts::{Service, SharedPod};
use crate::model::id::{Kind, ObjectId, WorkloadId};
use crate::model::name::Name;
use crate::text::{Line, Mark, Page};

/// How many pods, how each is isolated, and what selects or fronts them.
pub fn facts(page: &mut Page, view: CellContext<'_>, id: &WorkloadId, object: Option<&ObjectId>) {
    let title = format!("{} {}/{}", id.kind.to_lowercase(), id.namespace, id.name);
    page.push(match object {
        Some(object) => linked(0, Mark::Title, title, object),
        None => Line::new(0, Mark::Title, title),
    });
    if !view.world.has_workload(id) {
        return page.say(0, Mark::Note, format!("{id} is not there any more"));
    }
    let pods: Vec<&SharedPod> = view.world.pods_of(id).filter(|it| !it.phase().is_finished()).collect();
    let running = view.world.crew(id).running;
    let waiting = if running < pods.len() { format!(", {running} running") } else { String::new() };
    page.say(0, Mark::Plain, format!("{}{waiting}", count(pods.len(), "pod")));
    accounts(page, id, &pods);
    isolation(page, view, &pods);
    policies(page, view, &pods);
    services(page, view, id, &pods);
    if !pods.is_empty() {
        page.say(0, Mark::Title, "pods");
    }
    let more = pods.len().saturating_sub(LISTED);
    for pod in pods.into_iter().take(LISTED) {
        let words = format!("{}: {}, {}", pod.name(), pod.phase().as_str(), view.world.isolation(pod).as_str());
        page.push(linked(1, Mark::Plain, words, &pod.pod_id().object()));
    }
    if more > 0 {
        page.say(1, Mark::Plain, format!("and {more} more"));
    }
}

/// So many of its pods are listed.
const LISTED: usize = 20;

fn accounts(page: &mut Page, id: &WorkloadId, pods: &[&SharedPod]) {
    let names: BTreeSet<&Name> = pods.iter().map(|it| it.service_account()).filter(|it| !it.is_empty()).collect();
    for name in names {
        let account = ObjectId::new(Kind::SERVICE_ACCOUNT, id.namespace.clone(), name.clone());
        page.push(linked(0, Mark::Plain, format!("runs as sa:{}/{name}", id.namespace), &account));
    }
}

/// A line for each way in which pods are isolated, with how many.
fn isolation(page: &mut Page, view: CellContext<'_>, pods: &[&SharedPod]) {
    let mut ways: BTreeMap<&str, (Isolation, usize)> = BTreeMap::new();
    for pod in pods {
        let isolation = view.world.isolation(pod);
        ways.entry(isolation.as_str()).or_insert((isolation, 0)).1 += 1;
    }
    for (word, (isolation, number)) in &ways {
        let (mark, words) = match (*isolation, *word) {
            (Isolation::OPEN, _) => (Mark::Note, "not isolated: no policy selects"),
            (Isolation::Host, _) => (Mark::Note, "host network: policies do not apply to"),
            (_, "unknown") => (Mark::Unknown, "unknown: what is not read or not understood could isolate"),
            (_, "in+out") => (Mark::Allow, "isolated: ingress and egress of"),
            (_, "in") => (Mark::Allow, "isolated: ingress of"),
            (_, "out") => (Mark::Allow, "isolated: egress of"),
            _ => (Mark::Plain, "finished:"),
        };
        let which = if ways.len() == 1 { "all of its pods".to_owned() } else { format!("{number} of {}", pods.len()) };
        page.say(0, mark, format!("{words} {which}"));
    }
}

/// Each policy once, with how many pods it selects where those are not all.
fn policies(page: &mut Page, view: CellContext<'_>, pods: &[&SharedPod]) {
    let mut all: BTreeMap<ObjectId, (String, usize)> = BTreeMap::new();
    for policy in pods.iter().flat_map(|it| view.world.policies_on(it)) {
        let words = format!("{}: {}", policy.meta.name, crate::text::policy::directions(policy.isolates));
        all.entry(policy.id()).or_insert((words, 0)).1 += 1;
    }
    if !all.is_empty() {
        page.say(0, Mark::Title, "policies that select its pods");
    }
    for (id, (words, number)) in all {
        let some = if number < pods.len() { format!(" ({number} of {} pods)", pods.len()) } else { String::new() };
        page.push(linked(1, Mark::Plain, format!("{words}{some}"), &id));
    }
}

/// The Services whose selectors select a pod of it.
fn services(page: &mut Page, view: CellContext<'_>, id: &WorkloadId, pods: &[&SharedPod]) {
    let is_before =
        |it: &&Arc<Service>| !it.selector.is_empty() && pods.iter().any(|pod| pod.labels().hold(&it.selector));
    let all: Vec<&Arc<Service>> = view.world.cluster.services.of(&id.namespace).iter().filter(is_before).collect();
    if !all.is_empty() {
        page.say(0, Mark::Title, "Services before it");
    }
    for service in all {
        let object = ObjectId::new(Kind::SERVICE, service.meta.namespace.clone(), service.meta.name.clone());
        page.push(linked(1, Mark::Plain, object.to_string(), &object));
    }
}

//! What the selected object is, as a page: facts first, then what governs it, each line leading to its object.
//!
//! An object may have several pages, its tabs; they come from [`TABS`]: to add one, write a function and list it.
//! Nothing here decides: pages repeat facts and what the index says of them.

use std::collections::BTreeMap;

use super::access;
use crate::ask::isolation::Isolation;
use crate::ask::item::Item;
use crate::ask::scope::View;
use crate::model::facts::Pod;
use crate::model::id::{Kind, ObjectId};
use crate::model::labels::{Labels, NamespaceMatch, Operator, Requirement, Selector, SelectorSet};
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::policy::{Action, Direction, Directions, PeerMatch, Policy, Rule, Tier};
use crate::model::port::PortMatch;
use crate::net::PolicyProblem;
use crate::net::verdict::Tri;
use crate::text::{Line, Mark, Page};

/// One page of an object.
pub struct Tab {
    pub title: &'static str,
    /// Whether objects of this sort have it.
    pub has: fn(&Item) -> bool,
    pub page: fn(View<'_>, &Item) -> Page,
}

/// All tabs, in their order.
pub const TABS: &[Tab] = &[
    Tab { title: "facts", has: |_| true, page: facts },
    Tab { title: "permissions", has: |item| matches!(item, Item::Subject(_)), page: access::permissions },
    Tab { title: "who may touch", has: |item| item.object().is_some(), page: access::touch },
    Tab { title: "labels", has: |item| !matches!(item, Item::Subject(_)), page: labels_page },
];

/// The tabs that an object has.
pub fn tabs(item: &Item) -> Vec<&'static Tab> {
    TABS.iter().filter(|it| (it.has)(item)).collect()
}

fn facts(view: View<'_>, item: &Item) -> Page {
    let mut page = Page::default();
    match item {
        Item::Namespace(name) => namespace(&mut page, view, name),
        Item::Pod(pod) => match view.world.pod(pod) {
            Some(found) => pod_facts(&mut page, view, found),
            None => gone(&mut page, item),
        },
        Item::Policy(policy) => match policy_of(view, policy) {
            Some(found) => policy_facts(&mut page, view, found),
            None => gone(&mut page, item),
        },
        Item::Subject(subject) => access::subject(&mut page, view, subject),
    }
    problems(&mut page, view, item);
    page
}

fn gone(page: &mut Page, item: &Item) {
    page.say(0, Mark::Note, format!("{} is not there any more", item.typed()));
}

fn policy_of<'a>(view: View<'a>, id: &ObjectId) -> Option<&'a std::sync::Arc<Policy>> {
    view.world.cluster.policies.get_variant(&id.namespace, &id.name, id.kind.as_str())
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
fn undefined(view: View<'_>, name: &Name) -> Option<String> {
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

fn namespace(page: &mut Page, view: View<'_>, name: &Name) {
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
        (counts.host_network, Mark::Note, "on the host network: policies pass them by"),
        (counts.finished, Mark::Plain, "finished"),
    ];
    for (number, mark, words) in rows {
        if number > 0 {
            page.say(1, mark, format!("{number} {words}"));
        }
    }
    if !policies.is_empty() {
        page.say(0, Mark::Title, "policies");
    }
    for policy in policies {
        let words =
            format!("{} isolates {} of {}", policy.meta.name, directions(policy.isolates), targets(view, policy));
        page.push(linked(1, Mark::Plain, words, &policy.id()));
    }
}

fn targets(view: View<'_>, policy: &Policy) -> String {
    count(view.world.net().target_count(policy), "pod")
}

fn pod_facts(page: &mut Page, view: View<'_>, pod: &Pod) {
    page.push(linked(0, Mark::Title, format!("pod {}", pod.pod_id()), &pod.pod_id().object()));
    let addresses: Vec<String> = pod.addresses().iter().map(|it| it.to_string()).collect();
    let address = if addresses.is_empty() { "no address yet".into() } else { addresses.join(", ") };
    page.say(0, Mark::Plain, format!("{} at {address}", pod.mold.phase.as_str()));
    if !pod.node().is_empty() {
        let node = ObjectId::new(Kind::NODE, Name::empty(), pod.node().clone());
        page.push(linked(0, Mark::Plain, format!("on node {}", pod.node()), &node));
    }
    if let Some(owner) = pod.owner_id() {
        page.say(0, Mark::Plain, format!("of {owner}"));
    }
    if !pod.mold.service_account.is_empty() {
        let account = ObjectId::new(Kind::SERVICE_ACCOUNT, pod.namespace().clone(), pod.mold.service_account.clone());
        page.push(linked(0, Mark::Plain, format!("runs as sa:{}/{}", account.namespace, account.name), &account));
    }
    for port in pod.mold.ports.iter() {
        let name = if port.name.is_empty() { String::new() } else { format!(" ({})", port.name) };
        page.say(0, Mark::Plain, format!("port {}/{}{name}", port.number, port.protocol));
    }
    isolation(page, view, pod);
}

fn isolation(page: &mut Page, view: View<'_>, pod: &Pod) {
    page.say(0, Mark::Title, "isolation");
    let isolation = view.world.isolation(pod);
    let Isolation::By { ingress, egress } = isolation else {
        let words = match isolation {
            Isolation::Host => "on the host network: policies pass it by, it is its node (S37)",
            _ => "finished: nothing connects to it any more",
        };
        page.say(1, Mark::Note, words);
        return;
    };
    for (direction, isolated) in [(Direction::Ingress, ingress), (Direction::Egress, egress)] {
        let (mark, words) = match isolated {
            Tri::Yes => (Mark::Allow, "is isolated: only what a rule allows"),
            Tri::No => (Mark::Note, "is open: no policy isolates it"),
            Tri::Maybe => (Mark::Unknown, "is unknown: something that is not read or not understood could isolate it"),
        };
        page.say(1, mark, format!("{} {words}", direction.as_str()));
    }
    let policies = view.world.policies_on(pod);
    if !policies.is_empty() {
        page.say(0, Mark::Title, "policies in force, in the order they are asked");
    }
    for policy in policies {
        let words = format!("{} isolates {}", policy.id(), directions(policy.isolates));
        page.push(linked(1, Mark::Plain, words, &policy.id()));
    }
}

fn policy_facts(page: &mut Page, view: View<'_>, policy: &Policy) {
    let id = policy.id();
    page.push(linked(0, Mark::Title, id.to_string(), &id));
    match policy.tier {
        Tier::Admin { priority } => page.say(0, Mark::Plain, format!("admin tier, priority {priority}")),
        Tier::Baseline { priority } => page.say(0, Mark::Plain, format!("baseline tier, priority {priority}")),
        Tier::Namespace => {}
    }
    let chosen = format!("governs {}: {}", targets(view, policy), pods(&policy.target));
    page.push(Line::new(0, Mark::Plain, chosen).linked(&id, &Place::new("spec.podSelector")));
    if policy.tier == Tier::Namespace {
        page.say(0, Mark::Plain, format!("isolates {}", directions(policy.isolates)));
    }
    for direction in [Direction::Ingress, Direction::Egress] {
        rules(page, policy, direction);
    }
    if policy.inert > 0 {
        let words =
            format!("{} in a direction that it does not isolate: without effect", count(policy.inert as usize, "rule"));
        page.say(0, Mark::Note, words);
    }
    for problem in view.world.net().policy_problems(policy) {
        flaw(page, &id, &problem);
    }
    for gap in &policy.gaps {
        page.push(Line::new(0, Mark::Unknown, format!("not understood: {}", gap.what)).linked(&id, &gap.place));
    }
}

/// What a policy's author may not have meant.
fn flaw(page: &mut Page, id: &ObjectId, problem: &PolicyProblem) {
    let (words, place) = match problem {
        PolicyProblem::SelectsNothing => ("it governs no pod that runs", Place::new("spec.podSelector")),
        PolicyProblem::NoPeer(place) => ("this rule fits no end that is there now", place.clone()),
        PolicyProblem::AllowsAll(place) => ("this rule allows every end on every port", place.clone()),
        PolicyProblem::TwoElements(place) => ("two elements of a list mean \"or\": was \"and\" meant?", place.clone()),
        // Said by the line on inert rules, and by the gaps.
        PolicyProblem::InertRules(_) | PolicyProblem::NotUnderstood(_) => return,
    };
    page.push(Line::new(0, Mark::Note, words).linked(id, &place));
}

fn rules(page: &mut Page, policy: &Policy, direction: Direction) {
    let id = policy.id();
    let mut any = false;
    for (_, rule) in policy.rules_of(direction) {
        any = true;
        let (mark, verb) = match rule.action {
            Action::Allow => (Mark::Allow, "allows"),
            Action::Deny => (Mark::Deny, "denies"),
            Action::Pass => (Mark::Plain, "passes on"),
        };
        let words = format!("{} {verb} {}", direction.as_str(), ports(rule));
        page.push(Line::new(1, mark, words).linked(&id, &rule.place));
        for peer in &rule.peers {
            let word = if direction == Direction::Ingress { "from" } else { "to" };
            let words = format!("{word} {}", peer_words(&peer.matches));
            page.push(Line::new(2, Mark::Plain, words).linked(&id, &peer.place));
        }
    }
    if !any && policy.tier == Tier::Namespace && policy.isolates.has(direction) {
        page.say(1, Mark::Deny, format!("{}: no rule, so nothing is allowed by this policy", direction.as_str()));
    }
}

fn ports(rule: &Rule) -> String {
    let ports: Vec<String> = rule.ports.iter().map(port).collect();
    if ports.is_empty() { "no port that could be read".into() } else { ports.join(", ") }
}

fn port(port: &PortMatch) -> String {
    match port {
        PortMatch::Any => "every port".into(),
        PortMatch::All(protocol) => format!("every {protocol} port"),
        PortMatch::Range { protocol, first, last } if first == last => format!("{protocol}/{first}"),
        PortMatch::Range { protocol, first, last } => format!("{protocol}/{first}-{last}"),
        PortMatch::Named { protocol, name } => format!("{protocol}/{name}"),
    }
}

fn peer_words(peer: &PeerMatch) -> String {
    match peer {
        PeerMatch::Anyone => "anyone, outside included".into(),
        PeerMatch::Pods(set) => pods(set),
        PeerMatch::Nodes(selector) => format!("nodes{}", with(selector)),
        PeerMatch::Block(block) if block.except.is_empty() => block.cidr.to_string(),
        PeerMatch::Block(block) => {
            let holes: Vec<String> = block.except.iter().map(|it| it.to_string()).collect();
            format!("{} without {}", block.cidr, holes.join(", "))
        }
    }
}

fn pods(set: &SelectorSet) -> String {
    let whom = if set.pods.is_everything() { "all pods".into() } else { format!("pods{}", with(&set.pods)) };
    match &set.namespaces {
        NamespaceMatch::Own(namespace) => format!("{whom} of namespace {namespace}"),
        NamespaceMatch::Labels(selector) if selector.is_everything() => format!("{whom} of every namespace"),
        NamespaceMatch::Labels(selector) => format!("{whom} of namespaces{}", with(selector)),
    }
}

/// ` with app=web, tier in (1, 2)`; nothing for what selects everything.
fn with(selector: &Selector) -> String {
    if selector.is_everything() {
        return String::new();
    }
    let words: Vec<String> = selector.all_of.iter().map(requirement).collect();
    format!(" with {}", words.join(", "))
}

fn requirement(it: &Requirement) -> String {
    match &it.operator {
        Operator::In(values) if values.len() == 1 => format!("{}={}", it.key, values[0]),
        Operator::In(values) => format!("{} in ({})", it.key, values.join(", ")),
        Operator::NotIn(values) => format!("{} not in ({})", it.key, values.join(", ")),
        Operator::Exists => it.key.to_string(),
        Operator::DoesNotExist => format!("no {}", it.key),
    }
}

fn directions(set: Directions) -> &'static str {
    match set {
        Directions { ingress: true, egress: true } => "ingress and egress",
        Directions { ingress: true, .. } => "ingress",
        Directions { egress: true, .. } => "egress",
        Directions::NONE => "nothing",
    }
}

fn problems(page: &mut Page, view: View<'_>, item: &Item) {
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

fn labels_page(view: View<'_>, item: &Item) -> Page {
    let cluster = &view.world.cluster;
    let labels = match item {
        Item::Namespace(name) => cluster.namespaces.get("", name).map(|it| it.labels.clone()),
        Item::Pod(pod) => view.world.pod(pod).map(|it| it.labels().whole().into_owned()),
        Item::Policy(policy) => policy_of(view, policy).map(|it| it.labels.clone()),
        Item::Subject(_) => None,
    };
    let labels: Labels = labels.unwrap_or_default();
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

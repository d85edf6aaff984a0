//! What a policy says: whom it selects, its rules, and what is odd about them.

use crate::model::finding::Finding;
use crate::model::place::Place;
use crate::model::policy::{Action, Direction, Directions, Policy, Rule, Tier};

use super::{Line, Mark, Page, finding, words};

/// Whom it selects, what its rules say, and what its author may not have meant.
pub fn facts(page: &mut Page, policy: &Policy, count: usize, findings: &[Finding]) {
    let id = policy.id();
    page.push(Line::new(0, Mark::Title, id.to_string()).linked(&id, &Place::default()));
    match policy.tier {
        Tier::Admin { priority } => page.say(0, Mark::Plain, format!("admin tier, priority {priority}")),
        Tier::Baseline { priority } => page.say(0, Mark::Plain, format!("baseline tier, priority {priority}")),
        Tier::Namespace => {}
    }
    let chosen = format!("selects {}: {}", targets(count), words::pods(&policy.target));
    page.push(Line::new(0, Mark::Plain, chosen).linked(&id, &Place::new("spec.podSelector")));
    if policy.tier == Tier::Namespace {
        page.say(0, Mark::Plain, format!("isolates {}", directions(policy.isolates)));
    }
    for direction in [Direction::Ingress, Direction::Egress] {
        rules(page, policy, direction);
    }
    findings.iter().for_each(|it| page.push(finding::line(0, it).linked(&id, &it.place)));
    for gap in &policy.gaps {
        page.push(Line::new(0, Mark::Unknown, format!("not understood: {}", gap.what)).linked(&id, &gap.place));
    }
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
            let words = format!("{word} {}", words::peer(&peer.matches));
            page.push(Line::new(2, Mark::Plain, words).linked(&id, &peer.place));
        }
    }
    if !any && policy.tier == Tier::Namespace && policy.isolates.has(direction) {
        page.say(1, Mark::Deny, format!("{}: no rule, so nothing is allowed by this policy", direction.as_str()));
    }
}

fn ports(rule: &Rule) -> String {
    let ports: Vec<String> = rule.ports.iter().map(words::port_match).collect();
    if ports.is_empty() { "no port that could be read".into() } else { ports.join(", ") }
}

/// `ingress and egress`.
pub fn directions(set: Directions) -> &'static str {
    match set {
        Directions { ingress: true, egress: true } => "ingress and egress",
        Directions { ingress: true, .. } => "ingress",
        Directions { egress: true, .. } => "egress",
        Directions::NONE => "nothing",
    }
}

/// `3 pods`.
pub fn targets(count: usize) -> String {
    words::count(count as u64, "pod", "pods")
}

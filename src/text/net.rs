//! Verdicts in words: both gates, every policy considered in order, what decided, and what could bend it.
//!
//! ```text
//! v egress: not isolated: no policy selects pod/shop/web-0
//! x ingress: no rule of networkpolicy/shop/db allows 5432/TCP
//!   x networkpolicy/shop/db: selects the pod; no rule matches
//! ```

use crate::model::evidence::{Gap, Outcome};
use crate::model::facts::Fact;
use crate::model::policy::{Action, Direction, Policy, Tier};
use crate::model::port::PortSet;
use crate::net::misses::{Mismatch, Miss};
use crate::net::notes::Note;
use crate::net::verdict::{Considered, End, EndFacts, FamilyVerdict, Gate, Port, Tri, Verdict};

use super::evidence::Evidence;
use super::miss::{self, GateMisses};
use super::{Mark, gate, words};

/// What an engine's end is called: as it can be typed.
pub fn end(end: &End) -> String {
    match end {
        End::Pod(pod) => format!("pod/{pod}"),
        End::Node(name) => format!("node/{name}"),
        End::Address(address) => address.to_string(),
    }
}

/// All that a verdict rests on: both gates, policies in order of evaluation, what nearly fitted, and notes.
pub fn verdict(verdict: &Verdict, misses: &[GateMisses]) -> Vec<Evidence> {
    let mut all: Vec<Evidence> = verdict.gaps.iter().map(Evidence::gap).collect();
    if let Some(family) = verdict.deciding() {
        for direction in Direction::ALL {
            let here = misses.iter().filter(|it| it.direction == direction).flat_map(|it| &it.misses);
            all.extend(of_gate(verdict, family.gate(direction), &here.collect::<Vec<_>>()));
        }
        all.extend(other_reading(family, verdict.port));
        all.extend(no_node_yet(verdict, family));
    }
    all.extend(no_first_family(verdict));
    if verdict.families_differ() {
        all.extend(verdict.families.iter().map(|family| family_line(family, verdict.port)));
    }
    all.extend(verdict.notes().into_iter().filter(|it| !says_headline(*it)).map(note));
    all
}

/// One gate: its headline, then every policy in order of evaluation.
pub fn of_gate(verdict: &Verdict, gate: &Gate, misses: &[&Miss]) -> Vec<Evidence> {
    let target = if gate.direction == Direction::Egress { &verdict.from } else { &verdict.to };
    let mut all = vec![headline(gate, target, verdict.port)];
    let outcome = gate.outcome(verdict.port);
    for considered in &gate.policies {
        all.push(policy(considered, outcome).of_gate(gate.direction).below(1));
        all.extend(policy_gaps(considered, gate.direction).map(|it| it.of_gate(gate.direction).below(2)));
        let nearly = misses.iter().filter(|it| is_of(it, &considered.policy) && !it.lacks.contains(&Mismatch::NoRule));
        all.extend(nearly.map(|it| miss::evidence(it, gate.direction, verdict.port).of_gate(gate.direction).below(2)));
    }
    all
}

fn is_of(miss: &Miss, policy: &Policy) -> bool {
    let (id, meta) = (&miss.policy, &policy.meta);
    id.name == meta.name && id.namespace == meta.namespace && id.kind == policy.kind
}

/// Notes that the headline of a gate has said already.
fn says_headline(note: Note) -> bool {
    matches!(note, Note::OwnNode | Note::Itself | Note::HostNetwork)
}

fn note(note: Note) -> Evidence {
    Evidence::new(Mark::Note, note.what()).by_rule(note.rule())
}

/// The gate's outcome and its reason in one clause.
fn headline(gate: &Gate, target: &EndFacts, port: Option<Port>) -> Evidence {
    let mark = Mark::of(gate.outcome(port));
    let evidence = Evidence::new(mark, gate::why(gate, target, port)).of_gate(gate.direction);
    let object = target.pod.as_ref().map(|it| it.id()).or_else(|| target.node.as_ref().map(|it| it.id()));
    Evidence { object, ..evidence }
}

/// One policy, and what it says of this flow.
fn policy(considered: &Considered, outcome: Outcome) -> Evidence {
    let id = considered.policy.id();
    if let Some(gap) = &considered.gap {
        let evidence = Evidence::gap(gap);
        return Evidence { object: evidence.object.or(Some(id)), ..evidence };
    }
    match considered.fit {
        Some(fit) if considered.governs == Tri::Yes && fit.fits == Tri::Yes => fits(considered),
        Some(_) => {
            let (_, place, what) = fitting(considered);
            Evidence::at(Mark::Unknown, id, place, format!("may fit: {what}"))
        }
        None => misses(considered, outcome),
    }
}

fn fits(considered: &Considered) -> Evidence {
    let (mark, place, what) = fitting(considered);
    Evidence::at(mark, considered.policy.id(), place, what)
}

/// What the fitting rule says, and where.
fn fitting(considered: &Considered) -> (Mark, crate::model::place::Place, String) {
    let (Some(fit), Some(rule), Some(peer)) = (considered.fit, considered.rule(), considered.peer()) else {
        return (Mark::Plain, Default::default(), String::new());
    };
    let (mark, verb) = match rule.action {
        Action::Allow => (Mark::Allow, "allows"),
        Action::Deny => (Mark::Deny, "denies"),
        Action::Pass => (Mark::Plain, "passes on"),
    };
    let ports = rule.ports.get(fit.port).map_or_else(String::new, |it| format!(" on {}", words::port_match(it)));
    (mark, peer.place.clone(), format!("{verb} {}{ports}", words::peer(&peer.matches)))
}

/// A policy of which no rule fits.
fn misses(considered: &Considered, outcome: Outcome) -> Evidence {
    let policy = &considered.policy;
    let decides = considered.isolates && outcome == Outcome::Deny;
    let rules = policy.rules.len();
    let (what, if_so) = match (considered.isolates, rules) {
        (true, 0) => ("selects the pod; default deny", "it is denied by default and no rule allows anything"),
        (true, _) => ("selects the pod; no rule matches", "it is denied by default and no rule matches"),
        (false, _) if policy.tier == Tier::Namespace => {
            ("selects the pod; does not isolate it in this direction", "it does not isolate the pod in this direction")
        }
        (false, _) => ("selects the pod; no rule matches", "no rule matches"),
    };
    match considered.governs {
        Tri::Yes => Evidence::at(if decides { Mark::Deny } else { Mark::Plain }, policy.id(), Default::default(), what),
        _ => {
            let what = format!("may select the pod; if so, {if_so}");
            Evidence::at(Mark::Unknown, policy.id(), Default::default(), what)
        }
    }
}

/// The parts of a policy that were not understood, as far as they are about this direction.
fn policy_gaps(considered: &Considered, direction: Direction) -> impl Iterator<Item = Evidence> {
    considered.gaps(direction).map(|it| {
        let what = format!("not understood: {}", it.what);
        Evidence::at(Mark::Unknown, considered.policy.id(), it.place.clone(), what)
    })
}

/// S37, S38: said only where the two readings differ.
fn other_reading(family: &FamilyVerdict, port: Option<Port>) -> Option<Evidence> {
    let (egress, ingress) = &**family.other_reading.as_ref()?;
    let usual = family.egress.outcome(port).worst(family.ingress.outcome(port));
    let other = egress.outcome(port).worst(ingress.outcome(port));
    let opens = |egress: &Gate, ingress: &Gate| egress.allowed.intersection(&ingress.allowed);
    let would_be = if usual != other {
        format!("it would be {other}")
    } else if port.is_none() && opens(egress, ingress) != opens(&family.egress, &family.ingress) {
        format!("the ports would be {}", ports(&opens(egress, ingress)))
    } else {
        return None;
    };
    let what = format!("policies may apply to host-network pods as to others, and then {would_be}");
    Some(Evidence::gap(&Gap::Undefined { rule: "S37", what: what.into() }))
}

/// Said where it makes a difference that an end may come to any node (S41).
fn no_node_yet(verdict: &Verdict, family: &FamilyVerdict) -> Option<Evidence> {
    let is_open = match verdict.port {
        Some((protocol, number)) => family.allowed().contains(protocol, number),
        None => family.allowed() == PortSet::all(),
    };
    if !family.may_share_node || is_open {
        return None;
    }
    let is_nowhere = |it: &&EndFacts| it.pod.as_ref().is_some_and(|it| it.node().is_empty());
    let pod = [&verdict.from, &verdict.to].into_iter().find(is_nowhere)?;
    let what =
        format!("{} is on no node yet: on the other end's node no policy would stand between them", end(&pod.end));
    Some(Evidence::gap(&Gap::End { what: what.into() }))
}

/// Said where it makes a difference which family comes first at an end without an address.
fn no_first_family(verdict: &Verdict) -> Vec<Evidence> {
    let Some(doubt) = verdict.deciding_doubt() else { return Vec::new() };
    let end = end(&verdict.to.end);
    let what = format!("{end} has no address yet: which address family its first will be of is not known");
    vec![Evidence::gap(&Gap::End { what: what.into() }), Evidence::gap(doubt).below(1)]
}

fn family_line(family: &FamilyVerdict, port: Option<Port>) -> Evidence {
    let outcome = family.outcome(port);
    let mut what = format!("{}: {outcome}", family.family.as_str());
    if port.is_none() {
        what.push_str(&format!(", ports {}", ports(&family.allowed())));
    }
    Evidence::new(Mark::of(outcome), what)
}

/// A set of ports, short enough for a line.
pub fn ports(set: &PortSet) -> String {
    let text = set.to_string();
    if text.chars().count() <= 60 { text } else { format!("{}…", text.chars().take(59).collect::<String>()) }
}

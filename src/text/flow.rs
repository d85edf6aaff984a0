//! A connection drawn in a few lines: source, both gates with what decided at each, destination, and the nearest miss.
//!
//! ```text
//!   pod/shop/web-0
//!   │ v egress: allowed by networkpolicy/shop/web spec.egress[0]
//!   │ x ingress: no rule of 2 policies allows 5432/TCP
//!   pod/shop/db-0
//!   ~ nearest: networkpolicy/shop/db spec.ingress[0].from[0]: …
//! ```
//!
//! What all of it rests on follows it, policy by policy (`text::net`).

use crate::model::evidence::Outcome;
use crate::model::policy::{Action, Direction};
use crate::net::verdict::{Considered, EndFacts, FamilyVerdict, Gate, Port, Tri, Verdict, Why};

use super::miss::{self, GateMisses};
use super::{Line, Mark, Shape, words};

/// How deep the lines of a drawing stand.
const DEPTH: u8 = 1;

/// Both gates, each with what decided.
pub fn gates(verdict: &Verdict, family: &FamilyVerdict) -> Vec<Line> {
    let line = |direction: Direction| {
        let gate = family.gate(direction);
        let target = if direction == Direction::Egress { &verdict.from } else { &verdict.to };
        gate_line(gate, target, verdict.port)
    };
    Direction::ALL.into_iter().map(line).collect()
}

/// One gate: its outcome and the policy that decided, in one clause.
fn gate_line(gate: &Gate, target: &EndFacts, port: Option<Port>) -> Line {
    let outcome = gate.outcome(port);
    let decided = gate.decided_by().filter(|_| gate.why == Why::Policies);
    let text = format!("{}: {}", gate.direction.as_str(), why(gate, target, port));
    let line = Line { shape: Shape::Along, ..Line::new(DEPTH + 2, Mark::of(outcome), text) };
    match decided {
        Some(it) => line.linked(&it.policy.id(), &it.places().map(|it| it.0).unwrap_or_default()),
        None => line,
    }
}

fn why(gate: &Gate, target: &EndFacts, port: Option<Port>) -> String {
    match gate.why {
        Why::Outside => "outside the cluster, no policy applies".to_owned(),
        Why::Node => "a node, no policy applies".to_owned(),
        Why::HostNetwork => "host network: policies do not apply".to_owned(),
        Why::OwnNode => "a pod and its own node: always allowed".to_owned(),
        Why::Itself => "a pod can always reach itself".to_owned(),
        Why::NotIsolated => "not isolated: no policy selects it in this direction".to_owned(),
        Why::NotJudged => format!("{} cannot be judged", super::net::end(&target.end)),
        Why::Policies => by_policies(gate, port),
    }
}

fn by_policies(gate: &Gate, port: Option<Port>) -> String {
    let what = match port {
        Some(_) => words::port(port),
        None => "any port".to_owned(),
    };
    let decided = || gate.decided_by().map(named).unwrap_or_default();
    let explicit = gate.decided_by().and_then(Considered::action) == Some(Action::Deny);
    let isolating = gate.policies.iter().filter(|it| it.isolates && it.governs == Tri::Yes).count() as u64;
    match gate.outcome(port) {
        Outcome::Allow => format!("allowed by {}", decided()),
        Outcome::Deny if explicit => format!("denied by {}", decided()),
        Outcome::Deny if isolating == 1 => format!("no rule of {} allows {what}", decided()),
        Outcome::Deny => format!("no rule of {} allows {what}", words::count(isolating, "policy", "policies")),
        Outcome::Unknown => "not sure: see the proof below".to_owned(),
    }
}

/// A policy, and the place of the rule in it that fits.
fn named(considered: &Considered) -> String {
    let place = considered.places().map(|it| it.0.to_string()).filter(|it| !it.is_empty());
    format!("{}{}", considered.policy.id(), place.map(|it| format!(" {it}")).unwrap_or_default())
}

/// What came nearest to letting it pass, at the first gate that does not.
pub fn nearest(verdict: &Verdict, misses: &[GateMisses]) -> Option<Line> {
    let family = verdict.deciding()?;
    let is_shut = |it: &&GateMisses| family.gate(it.direction).outcome(verdict.port) == Outcome::Deny;
    let mut shut = misses.iter().filter(is_shut);
    let (direction, nearest) = shut.find_map(|it| Some((it.direction, it.misses.first()?)))?;
    let line = miss::evidence(nearest, direction, verdict.port).line(DEPTH);
    Some(Line { text: format!("nearest: {}", line.text), ..line })
}

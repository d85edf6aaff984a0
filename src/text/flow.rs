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
use crate::model::policy::Direction;
use crate::net::verdict::{EndFacts, FamilyVerdict, Gate, GateReason, Port, Verdict};

use super::miss::{self, GateMisses};
use super::{Line, Mark, Shape};

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
    let decided = gate.decided_by().filter(|_| gate.why == GateReason::Policies);
    let text = super::gate::why(gate, target, port);
    let line = Line { shape: Shape::Along, ..Line::new(DEPTH + 2, Mark::of(outcome), text) };
    match decided {
        Some(it) => line.linked(&it.policy.id(), &it.places().map(|it| it.0).unwrap_or_default()),
        None => line,
    }
}

/// What came nearest to letting it pass, at each gate that does not.
pub fn nearest(verdict: &Verdict, misses: &[GateMisses]) -> Vec<Line> {
    let Some(family) = verdict.deciding() else { return Vec::new() };
    let shut = misses.iter().filter(|it| family.gate(it.direction).outcome(verdict.port) == Outcome::Deny);
    let line = |it: &GateMisses| {
        let line = miss::evidence(it.misses.first()?, it.direction, verdict.port).line(DEPTH);
        Some(Line { text: format!("nearest {}: {}", it.direction.as_str(), line.text), ..line })
    };
    shut.filter_map(line).collect()
}

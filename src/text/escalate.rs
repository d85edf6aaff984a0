//! Ways through RBAC and the network, in words.
//!
//! ```text
//! v allow  sa:ci/runner -> cluster-admin  in 2 steps
//!   1. A05 exec into a pod: pod/ops/admin-0
//!     v rolebinding/ops/ci subjects[0] -> role/ops/ci rules[0]: lets sa:ci/runner create pods/exec admin-0 in ops
//! ```

use crate::escalate::{Because, Step};
use crate::model::evidence::Outcome;
use crate::model::place::Place;

use super::evidence::Evidence;
use super::{Line, Mark, net};

/// What a step rests on.
pub fn evidence(step: &Step) -> Vec<Evidence> {
    step.because.iter().map(reason).collect()
}

fn reason(because: &Because) -> Evidence {
    match because {
        Because::Allowed { identity, request, grant: Some(grant) } => {
            let what = format!("lets {} {request}, by {grant}", identity.subject);
            Evidence::at(Mark::Allow, grant.binding.id(), grant.subject_place(), what)
        }
        Because::Allowed { identity, request, grant: None } => {
            Evidence::new(Mark::Allow, format!("{} may {request}", identity.subject))
        }
        Because::Masters(subject) => {
            Evidence::new(Mark::Allow, format!("{subject} is in system:masters, which is always allowed everything"))
        }
        Because::Holds { subject, what } => Evidence::new(Mark::Allow, format!("{subject}: {what}")),
        Because::State { object, what } => {
            Evidence::at(Mark::Allow, object.clone(), Place::default(), what.to_string())
        }
        Because::Connects { from, to, port } => {
            let port = port.map_or(String::new(), |(protocol, number)| format!(" {protocol}/{number}"));
            let what = format!("policies allow {} -> {}{port}", net::end(from), net::end(to));
            Evidence::new(Mark::Allow, what)
        }
        Because::Doubt { object: Some(object), what } => {
            Evidence::at(Mark::Unknown, object.clone(), Place::default(), what.to_string())
        }
        Because::Doubt { object: None, what } => Evidence::new(Mark::Unknown, what.to_string()),
    }
}

/// A way as lines: each step with what it rests on below it.
pub fn lines(path: &[Step]) -> Vec<Line> {
    let mut lines = Vec::new();
    for (at, step) in path.iter().enumerate() {
        let text = format!("{}. {} {}: {}", at + 1, step.edge.id, step.edge.name, step.to);
        lines.push(Line::new(1, Mark::Plain, text));
        lines.extend(evidence(step).iter().map(|it| it.line(2)));
    }
    lines
}

/// `in 2 steps`, and nothing where there is no way.
pub fn length(path: &[Step], outcome: Outcome) -> String {
    match (path.len(), outcome) {
        (0, _) => String::new(),
        (1, Outcome::Allow) => "  in 1 step".to_owned(),
        (count, Outcome::Allow) => format!("  in {count} steps"),
        (1, _) => "  perhaps in 1 step".to_owned(),
        (count, _) => format!("  perhaps in {count} steps"),
    }
}

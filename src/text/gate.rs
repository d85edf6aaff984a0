//! What a gate says of a flow, in one clause: why it lets it pass or not, and which policy decided.
//!
//! ```text
//! egress: allowed by networkpolicy/shop/web spec.egress[0]
//! ingress: no rule of 2 policies allows 5432/TCP
//! ingress: not isolated: no policy selects pod/ops/agent
//! ```

use crate::model::evidence::Outcome;
use crate::model::policy::Action;
use crate::net::verdict::{Considered, EndFacts, Gate, GateReason, Port, Tri};

use super::{net, words};

/// The direction, and why.
pub fn why(gate: &Gate, target: &EndFacts, port: Option<Port>) -> String {
    let name = net::end(&target.end);
    let why = match gate.why {
        GateReason::Outside => format!("{name} is outside the cluster: no policy selects it"),
        GateReason::Node => "no policy selects a node".to_owned(),
        GateReason::HostNetwork => format!("{name} is on the host network: policies do not apply"),
        GateReason::OwnNode => "a pod and its own node can always talk".to_owned(),
        GateReason::Itself => "a pod can always reach itself".to_owned(),
        GateReason::NotIsolated => format!("not isolated: no policy selects {name}"),
        GateReason::NotJudged => format!("{name} cannot be judged"),
        GateReason::Policies => by_policies(gate, &name, port),
    };
    format!("{}: {why}", gate.direction.as_str())
}

fn by_policies(gate: &Gate, name: &str, port: Option<Port>) -> String {
    let what = words::port(port);
    let explicit = gate.decided_by().filter(|it| it.action() == Some(Action::Deny));
    let isolating = gate.policies.iter().filter(|it| it.isolates && it.governs == Tri::Yes);
    let isolating: Vec<String> = isolating.map(named).collect();
    let together = |all: &[String]| match all {
        [one] => one.clone(),
        all => words::count(all.len() as u64, "policy", "policies"),
    };
    let policies = together(&isolating);
    let allows = |it: &&Considered| it.surely_fits() && it.action() == Some(Action::Allow);
    let allowing: Vec<String> = gate.policies.iter().filter(allows).map(named).collect();
    match (gate.outcome(port), explicit, gate.decided_by()) {
        (Outcome::Allow, _, Some(by)) if port.is_some() && by.action() == Some(Action::Allow) => {
            format!("allowed by {}", named(by))
        }
        (Outcome::Allow, _, _) if allowing.is_empty() => format!("no policy stops {what}"),
        (Outcome::Allow, _, _) => format!("{} allowed by {}", gate.allowed, together(&allowing)),
        (Outcome::Deny, Some(by), _) => format!("denied by {}", named(by)),
        (Outcome::Deny, None, _) => format!("no rule of {policies} allows {what}"),
        (Outcome::Unknown, _, _) if isolating.is_empty() => {
            format!("no NetworkPolicy isolates {name}, but a policy that is not evaluated may decide")
        }
        (Outcome::Unknown, _, _) => format!("whether a rule of {policies} allows {what} is unknown"),
    }
}

/// A policy, and the place of the rule in it that fits.
fn named(considered: &Considered) -> String {
    let place = considered.places().map(|it| it.0.to_string()).filter(|it| !it.is_empty());
    format!("{}{}", considered.policy.id(), place.map(|it| format!(" {it}")).unwrap_or_default())
}

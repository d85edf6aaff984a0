//! The nearest misses in words: which rules came closest to a "no", and what would have made them fit.
//!
//! ```text
//! ~ networkpolicy/shop/db spec.ingress[0].from[0]: port is 5433/TCP, the rule opens 5432/TCP
//! ```

use crate::model::labels::Requirement;
use crate::model::name::Name;
use crate::model::policy::Direction;
use crate::net::misses::{Hint, Mismatch, Miss, UndefinedNamespace};
use crate::net::verdict::Port;

use super::evidence::Evidence;
use super::{Mark, words};

/// How many misses of one gate are shown.
pub const SHOWN: usize = 3;

/// The nearest misses of one gate.
#[derive(Clone, PartialEq, Debug)]
pub struct GateMisses {
    pub direction: Direction,
    /// The nearest first, [`SHOWN`] at most.
    pub misses: Vec<Miss>,
}

/// One miss as a reason.
pub fn evidence(miss: &Miss, direction: Direction, port: Option<Port>) -> Evidence {
    let peer = if direction == Direction::Ingress { "source" } else { "destination" };
    let lacks: Vec<String> = miss.lacks.iter().map(|it| lack(it, peer, port)).collect();
    let hint = miss.hint.as_ref().map(|it| format!(" ({})", hint(it))).unwrap_or_default();
    let what = format!("{}{hint}", lacks.join("; "));
    let rule = miss.hint.as_ref().map_or("", rule_of);
    Evidence::at(Mark::Miss, miss.policy.clone(), miss.place.clone(), what).by_rule(rule)
}

/// The rule of the semantics list that a hint comes from.
const fn rule_of(hint: &Hint) -> &'static str {
    match hint {
        Hint::ServiceAddress { .. } | Hint::TargetPort { .. } => "S23",
        Hint::MeantOr => "S15",
    }
}

fn lack(lack: &Mismatch, peer: &str, port: Option<Port>) -> String {
    let asked = words::port(port);
    match lack {
        Mismatch::NoRule => "it has no rule in this direction".to_owned(),
        Mismatch::Nothing => "nothing of its rule was understood".to_owned(),
        Mismatch::PodLabel { requirement, found } => {
            format!("needs pod label {}; {peer} {}", words::requirement(requirement), has(requirement, found))
        }
        Mismatch::NamespaceLabel { requirement, found, undefined } => {
            let undefined = undefined.as_ref().map(undefined_text).unwrap_or_default();
            let needed = words::requirement(requirement);
            format!("needs namespace label {needed}; {peer} namespace {}{undefined}", has(requirement, found))
        }
        Mismatch::NamespaceUnread { requirement, namespace } => {
            let needed = words::requirement(requirement);
            format!("needs namespace label {needed}; the labels of namespace {namespace} are not known")
        }
        Mismatch::OtherNamespace { wanted, found } => format!("rule covers namespace {wanted}; the pod is in {found}"),
        Mismatch::NotAPod => "its selectors mean pods, and this end is none to them".to_owned(),
        Mismatch::NotInBlock { cidr, hole: Some(hole), .. } => {
            format!("the address is in {hole}, which {cidr} leaves out")
        }
        Mismatch::NotInBlock { cidr, hole: None, address: Some(address) } => format!("{address} is not in {cidr}"),
        Mismatch::NotInBlock { cidr, .. } => format!("no address of it is in {cidr}"),
        Mismatch::OtherFamily { cidr } => format!("{cidr} is of the other address family"),
        Mismatch::NotTheseNodes => "it is not one of these nodes".to_owned(),
        Mismatch::OtherPort { opens } => format!("it opens {}, not {asked}", words::port_match(opens)),
        Mismatch::OtherProtocol { opens } => {
            format!("it opens {}, another protocol than {asked}", words::port_match(opens))
        }
        Mismatch::NotDeclared { opens } => {
            format!("it opens {}, which the destination does not declare", words::port_match(opens))
        }
        Mismatch::DeclaredElsewhere { opens, numbers } => {
            let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
            format!("it opens {}, which is {} there, not {asked}", words::port_match(opens), numbers.join(", "))
        }
    }
}

/// What a label is instead.
fn has(requirement: &Requirement, found: &Option<Name>) -> String {
    let key = words::value(&requirement.key);
    match found {
        Some(value) => format!("has {key}={}", words::value(value)),
        None => format!("has no label {key}"),
    }
}

fn undefined_text(undefined: &UndefinedNamespace) -> String {
    match undefined {
        UndefinedNamespace::OfPod(name) => {
            format!(" (namespace {name} is not defined here: it has no label but its name)")
        }
        UndefinedNamespace::Wanted(name) => format!(" (namespace {name} is not defined here)"),
    }
}

fn hint(hint: &Hint) -> String {
    match hint {
        Hint::ServiceAddress { service, address } => {
            format!("{address} is the address of {service}; policies see its pods")
        }
        Hint::TargetPort { service, port, target } => {
            format!("{port} is the port of {service}; policies see its target port {target}")
        }
        Hint::MeantOr => "one element with both selectors means and; two elements would mean or".to_owned(),
    }
}

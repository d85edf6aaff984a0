//! Small things in words: selectors, peers, ports, gaps.
//!
//! Selectors are written as `kubectl -l` reads them, ports as `80/TCP`, gaps with what would settle them.

use crate::kinds;
use crate::model::coverage::Coverage;
use crate::model::evidence::Gap;
use crate::model::id::{Kind, ObjectId};
use crate::model::labels::{NamespaceMatch, Operator, Requirement, Selector, SelectorSet};
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::policy::{GapEffect, PeerMatch};
use crate::model::port::{PortMatch, Protocol};
use crate::model::untrusted;

/// `app=web,tier in (a,b),!old`; `all` for the empty selector.
pub fn selector(selector: &Selector) -> String {
    if selector.is_everything() {
        return "all".to_owned();
    }
    selector.all_of.iter().map(requirement).collect::<Vec<_>>().join(",")
}

/// One requirement as `kubectl -l` reads it.
pub fn requirement(it: &Requirement) -> String {
    let list = |values: &[Name]| values.iter().map(|it| value(it)).collect::<Vec<_>>().join(",");
    let key = value(&it.key);
    match &it.operator {
        Operator::In(values) if values.len() == 1 => format!("{key}={}", value(&values[0])),
        Operator::In(values) => format!("{key} in ({})", list(values)),
        Operator::NotIn(values) if values.len() == 1 => format!("{key}!={}", value(&values[0])),
        Operator::NotIn(values) => format!("{key} notin ({})", list(values)),
        Operator::Exists => key,
        Operator::DoesNotExist => format!("!{key}"),
    }
}

/// A key or value of a label, so that what cannot be seen in it is: escaped, or in quotes where spaces stand or nothing.
pub fn value(text: &str) -> String {
    let shown = untrusted::show(text);
    if shown.is_empty() || shown.contains(' ') { format!("\"{shown}\"") } else { shown.into_owned() }
}

/// `pods app=web of shop`, `all pods of namespaces team=a`.
pub fn pods(set: &SelectorSet) -> String {
    let pods = if set.pods.is_everything() { "all pods".to_owned() } else { format!("pods {}", selector(&set.pods)) };
    match &set.namespaces {
        NamespaceMatch::Own(name) => format!("{pods} of {name}"),
        NamespaceMatch::Labels(labels) if labels.is_everything() => format!("{pods} of every namespace"),
        NamespaceMatch::Labels(labels) => format!("{pods} of namespaces {}", selector(labels)),
    }
}

/// The other end that a rule speaks of.
pub fn peer(peer: &PeerMatch) -> String {
    match peer {
        PeerMatch::Anyone => "anyone".to_owned(),
        PeerMatch::Pods(set) => pods(set),
        PeerMatch::Nodes(nodes) if nodes.is_everything() => "all nodes".to_owned(),
        PeerMatch::Nodes(nodes) => format!("nodes {}", selector(nodes)),
        PeerMatch::Block(block) if block.except.is_empty() => block.cidr.to_string(),
        PeerMatch::Block(block) => {
            let except: Vec<String> = block.except.iter().map(ToString::to_string).collect();
            format!("{} except {}", block.cidr, except.join(", "))
        }
    }
}

/// What one element of a rule's port list matches.
pub fn port_match(port: &PortMatch) -> String {
    match port {
        PortMatch::Any => "every port".to_owned(),
        PortMatch::All(protocol) => format!("every {protocol} port"),
        PortMatch::Range { protocol, first, last } if first == last => format!("{first}/{protocol}"),
        PortMatch::Range { protocol, first, last } => format!("{first}-{last}/{protocol}"),
        PortMatch::Named { protocol, name } => format!("{name}/{protocol}"),
    }
}

/// `80/TCP`; `any port` for none.
pub fn port(port: Option<(Protocol, u16)>) -> String {
    port.map_or_else(|| "any port".to_owned(), |(protocol, number)| format!("{number}/{protocol}"))
}

/// The plural of a kind word.
pub fn plural(kind: Kind) -> String {
    let (word, group) = kind.as_str().split_once('.').unwrap_or((kind.as_str(), ""));
    let plural = match word.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{word}s"),
    };
    if group.is_empty() { plural } else { format!("{plural}.{group}") }
}

/// `app=web, tier=1 and 3 more`: of many the first.
pub fn listed(all: &[String]) -> String {
    first(all, 8)
}

/// `user:ana, user:ben and 3 more`: of more than so many the first.
pub fn first(all: &[impl ToString], few: usize) -> String {
    first_of(&all[..few.min(all.len())], all.len())
}

/// The same of so many, of whom these are the first.
pub fn first_of(shown: &[impl ToString], count: usize) -> String {
    let more = count.saturating_sub(shown.len());
    let shown = shown.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// `1 pod`, `2 pods`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// Where a gap stands.
pub fn gap_place(gap: &Gap) -> (Option<ObjectId>, Place) {
    match gap {
        Gap::Unreadable(id) | Gap::NotEvaluated(id) => (Some(id.clone()), Place::default()),
        Gap::Policy { policy, place, .. } => (Some(policy.clone()), place.clone()),
        Gap::Authorizer { seen, .. } => (seen.clone(), Place::default()),
        Gap::Uncovered { .. } | Gap::Undefined { .. } | Gap::End { .. } => (None, Place::default()),
    }
}

/// What we do not know, and what would settle it.
pub fn gap(gap: &Gap) -> String {
    match gap {
        Gap::Uncovered { kind, namespace, coverage } => uncovered(*kind, namespace, coverage),
        Gap::Unreadable(_) => "it exists and could not be read (see the problems)".to_owned(),
        Gap::Policy { what, .. } | Gap::Authorizer { what, .. } | Gap::End { what } => what.to_string(),
        Gap::NotEvaluated(id) => format!("policies of this kind are not evaluated, and it could {}", could(id.kind)),
        Gap::Undefined { rule, what } => format!("{what} ({rule}: the API leaves it undefined)"),
    }
}

/// What a policy of a kind that is not evaluated could do.
fn could(kind: Kind) -> &'static str {
    match kinds::gap_effect(kind) {
        Some(GapEffect::ClosesIngress) => "deny ingress",
        Some(GapEffect::ClosesOutside) => "deny egress to outside the cluster",
        Some(GapEffect::DecidesOutside) => "allow or deny egress to outside the cluster",
        _ => "change the answer",
    }
}

fn uncovered(kind: Kind, namespace: &Name, coverage: &Coverage) -> String {
    let of = if namespace.is_empty() { String::new() } else { format!(" of {namespace}") };
    let what = format!("{}{of}", plural(kind));
    match coverage {
        Coverage::Loading => format!("{what} are still loading: ask again"),
        Coverage::Forbidden { why } => format!("{what} may not be read ({why}): a role with list on them settles it"),
        Coverage::Unreadable { why } => format!("there may be more {what}: {why}"),
        Coverage::Failed { why } => format!("{what} could not be read: {why}"),
        Coverage::Unread => format!("{what} were not read for this question"),
        other => format!("{what} are {}", other.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_read_as_kubectl_writes_them() {
        let requirement = |key: &str, operator| Requirement { key: key.into(), operator };
        let selector_ = Selector::new([
            requirement("app", Operator::In(["web".into()].into())),
            requirement("tier", Operator::NotIn(["a".into(), "b".into()].into())),
            requirement("x", Operator::DoesNotExist),
        ]);
        assert_eq!(selector(&selector_), "app=web,tier notin (a,b),!x");
        let set = SelectorSet { namespaces: NamespaceMatch::Own("shop".into()), pods: selector_ };
        assert_eq!(pods(&set), "pods app=web,tier notin (a,b),!x of shop");
        let unseen = |value: &str| super::requirement(&requirement("app", Operator::In([value.into()].into())));
        assert_eq!(unseen("a "), "app=\"a \"");
        assert_eq!(unseen(""), "app=\"\"");
        assert_eq!(unseen("a\u{a0}"), "app=a\\u{a0}");
        assert_eq!(unseen("a\u{200b}"), "app=a\\u{200b}");
        assert_eq!(plural(Kind::NETWORK_POLICY), "networkpolicies");
        assert_eq!(plural(Kind("networkpolicy.projectcalico.org")), "networkpolicies.projectcalico.org");
    }
}

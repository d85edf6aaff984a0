//! Rights at one moment: which of those that subjects hold before and after they lack, and which they hold beyond both.

use super::super::Side;
use super::super::grants::{self, GrantChange, GrantRow};
use super::sides;
use crate::model::evidence::Outcome;
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::covers::Tuple;
use crate::rbac::{Identity, rights};

/// How a right is not as before or after.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Lapse {
    /// Before and after it is held, now it is not.
    Missing,
    /// The same, where what was not read may give it.
    MayBeMissing,
    /// Now it is held, and neither before nor after.
    TooMuch,
}

/// A right that is missing meanwhile, or too much.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RightLapse {
    pub subject: Subject,
    pub lapse: Lapse,
    /// Empty: in the whole cluster.
    pub scope: Name,
    pub part: Tuple,
}

/// One right: where, and what.
type RightInPlace = (Name, Tuple);

/// What is not as before or after.
pub(super) fn lapses(before: &Side<'_>, now: &Side<'_>, after: &Side<'_>) -> Vec<RightLapse> {
    let (first, second) = (grants::compare(&sides(before, now)), grants::compare(&sides(now, after)));
    let mut all: Vec<RightLapse> = Vec::new();
    for row in &first {
        let lapse = match row.change {
            GrantChange::Taken => Lapse::Missing,
            GrantChange::Unsure => Lapse::MayBeMissing,
            GrantChange::Given => Lapse::TooMuch,
        };
        let wanted = if row.change == GrantChange::Given { Outcome::Deny } else { Outcome::Allow };
        add(&mut all, row, lapse, |right| outcome(after, row, right) == wanted);
    }
    for row in second.iter().filter(|it| it.change == GrantChange::Given) {
        add(&mut all, row, Lapse::Missing, |right| outcome(before, row, right) == Outcome::Allow);
        let others = first.iter().filter(|it| it.change == GrantChange::Taken && it.subject == row.subject);
        let shared = others.flat_map(|other| shared(row, other));
        let is_cut = |right: &RightInPlace| {
            outcome(now, row, right) == Outcome::Deny
                && [before, after].iter().all(|it| outcome(it, row, right) == Outcome::Allow)
        };
        let more = shared.filter(is_cut).map(|(scope, part)| lapse(row, Lapse::Missing, scope, part));
        all.extend(more);
    }
    all.sort();
    all.dedup();
    all
}

fn add(all: &mut Vec<RightLapse>, row: &GrantRow, kind: Lapse, is_one: impl Fn(&RightInPlace) -> bool) {
    let found = row.parts().map(|it| (row.scope.clone(), it)).filter(|it| is_one(it));
    all.extend(found.map(|(scope, part)| lapse(row, kind, scope, part)));
}

fn lapse(row: &GrantRow, lapse: Lapse, scope: Name, part: Tuple) -> RightLapse {
    RightLapse { subject: row.subject.clone(), lapse, scope, part }
}

fn outcome(side: &Side<'_>, row: &GrantRow, (scope, part): &RightInPlace) -> Outcome {
    side.rbac.can(&Identity::new(&row.subject, &[]), &rights::request(part, scope)).outcome()
}

/// What two rows both speak of.
fn shared(a: &GrantRow, b: &GrantRow) -> Vec<RightInPlace> {
    let Some(scope) = narrower(&a.scope, &b.scope, "") else { return Vec::new() };
    let others: Vec<Tuple> = b.parts().collect();
    a.parts()
        .flat_map(|one| others.iter().filter_map(|it| both(&one, it)).map(|it| (scope.clone(), it)).collect::<Vec<_>>())
        .collect()
}

/// The one of two words that says less, where one of them says everything.
fn narrower(a: &Name, b: &Name, everything: &str) -> Option<Name> {
    match (*a == *everything, *b == *everything) {
        (true, _) => Some(b.clone()),
        (_, true) => Some(a.clone()),
        _ => (a == b).then(|| a.clone()),
    }
}

/// What two parts have in common.
fn both(a: &Tuple, b: &Tuple) -> Option<Tuple> {
    if rights::holds(a, b) || rights::holds(b, a) {
        return Some(if rights::holds(a, b) { b.clone() } else { a.clone() });
    }
    let (
        Tuple::Resource { verb, group, resource, name },
        Tuple::Resource { verb: other, group: of, resource: what, name: called },
    ) = (a, b)
    else {
        return None;
    };
    let name = match (name, called) {
        (Some(a), Some(b)) if a != b => return None,
        (a, b) => a.clone().or_else(|| b.clone()),
    };
    let (verb, group) = (narrower(verb, other, "*")?, narrower(group, of, "*")?);
    Some(Tuple::Resource { verb, group, resource: narrower(resource, what, "*")?, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(verb: &str, resource: &str, name: Option<&str>) -> Tuple {
        Tuple::Resource { verb: verb.into(), group: "".into(), resource: resource.into(), name: name.map(Name::from) }
    }

    #[test]
    fn parts_share_what_both_speak_of() {
        let get = part("get", "*", None);
        assert_eq!(both(&get, &part("*", "pods", Some("a"))), Some(part("get", "pods", Some("a"))));
        assert_eq!(both(&get, &part("list", "pods", None)), None);
        assert_eq!(both(&get, &part("get", "pods", None)), Some(part("get", "pods", None)));
        assert_eq!(
            both(&part("*", "*/log", None), &part("get", "pods/log", None)),
            Some(part("get", "pods/log", None))
        );
        assert_eq!(narrower(&"a".into(), &"b".into(), ""), None);
        assert_eq!(narrower(&"".into(), &"b".into(), ""), Some("b".into()));
    }
}

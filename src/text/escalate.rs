//! Ways through RBAC and the network, in words.
//!
//! ```text
//! v allow  sa:ci/runner -> cluster-admin  in 2 steps
//!   1. exec into a pod: pod/ops/admin-0
//!     v rolebinding/ops/ci subjects[0] -> role/ops/ci rules[0]: lets sa:ci/runner create pods/exec admin-0 in ops
//! ```

use crate::escalate::miss::WayMiss;
use crate::escalate::{Because, Certainty, Foothold, Step};
use crate::model::evidence::Outcome;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::place::Place;
use crate::rbac::Grant;

use super::evidence::Evidence;
use super::{About, Line, Mark, Shape, net};

/// What a step rests on.
pub fn evidence(step: &Step) -> Vec<Evidence> {
    step.because.iter().map(reason).collect()
}

/// One thing that a step rests on.
pub fn reason(because: &Because) -> Evidence {
    match because {
        Because::Allowed { identity, request, grant: Some(grant) } => {
            let what = format!("lets {} {request}, by {}", identity.subject, rule(grant));
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

/// What is not allowed, and the way that there would be with it.
pub fn miss(it: &WayMiss) -> Evidence {
    let steps = super::words::count(it.path.len() as u64, "step", "steps");
    let what = format!(
        "nearest miss: {} is not allowed to {}; with that there would be a way in {steps}: {}",
        it.who,
        it.lacks,
        names(&it.path)
    );
    Evidence::new(Mark::Miss, what)
}

/// The rule of a grant: `role/shop/dev rules[0]`, of an aggregated role with the member that it comes from.
fn rule(grant: &Grant) -> String {
    let rule = format!("{} {}", grant.role.id(), grant.rule_place());
    match &grant.member {
        Some(member) => format!("{rule} (from clusterrole/{} rules[{}])", member.role, member.rule),
        None => rule,
    }
}

/// A way as lines: each step with what it rests on below it.
pub fn lines(path: &[Step]) -> Vec<Line> {
    let mut lines = Vec::new();
    for (at, step) in path.iter().enumerate() {
        let text = format!("{}. {}: {}", at + 1, step.edge.name, step.to);
        lines.push(Line::new(1, Mark::Plain, text).by_rule(step.edge.id));
        lines.extend(evidence(step).iter().map(|it| it.line(2)));
    }
    lines
}

/// The names of the steps: `exec into a pod > use the pod's token`; of more than two the first and the last.
pub fn names(path: &[Step]) -> String {
    names_of(path, |it| it.edge.name)
}

/// The same of steps as they are kept elsewhere.
pub fn names_of<T>(path: &[T], name: impl Fn(&T) -> &'static str) -> String {
    match path {
        [first, _, .., last] => format!("{} > ... > {}", name(first), name(last)),
        path => path.iter().map(name).collect::<Vec<_>>().join(" > "),
    }
}

/// The bindings that a way rests on, in order, each once.
pub fn grants(path: &[Step]) -> Vec<ObjectId> {
    let mut all = Vec::new();
    for because in path.iter().flat_map(|it| &it.because) {
        let Because::Allowed { grant: Some(grant), .. } = because else { continue };
        let id = grant.binding.id();
        if !all.contains(&id) {
            all.push(id);
        }
    }
    all
}

/// A way as it is drawn: a box for each thing that is held, and between two of them the step with what it rests on.
pub fn drawn(path: &[Step], goal: &str) -> Vec<Line> {
    let Some(first) = path.first() else { return Vec::new() };
    let mut lines = vec![boxed(&first.from, first.from.to_string())];
    for (at, step) in path.iter().enumerate() {
        let along = |line: Line| line.shaped(Shape::Along);
        let mark = if step.certainty == Certainty::Certain { Mark::Allow } else { Mark::Unknown };
        let sure = if step.certainty == Certainty::Certain { "" } else { ", unsure" };
        let words = format!("{}. {}{sure}", at + 1, step.edge.name);
        lines.push(along(Line::new(3, mark, words)).by_rule(step.edge.id));
        lines.push(along(Line::new(4, Mark::Plain, format!("needs {}", step.edge.needs))));
        lines.extend(evidence(step).iter().map(|it| along(it.line(4))));
        let name = if at + 1 == path.len() { goal.to_owned() } else { step.to.to_string() };
        lines.push(boxed(&step.to, name));
    }
    lines
}

/// A box that leads to what it names.
fn boxed(held: &Foothold, name: String) -> Line {
    let line = Line::new(0, Mark::Plain, name).shaped(Shape::Box);
    match held {
        Foothold::Subject(subject) => line.on(About::Somebody(subject.clone())),
        Foothold::Pod(pod) => line.linked(&pod.object(), &Place::default()),
        Foothold::Node(name) => line.linked(&ObjectId::new(Kind::NODE, Name::empty(), name.clone()), &Place::default()),
        Foothold::Role { role, .. } => line.linked(role, &Place::default()),
        _ => line,
    }
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

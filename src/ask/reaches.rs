//! Everything that somebody can come to reach, or everybody who can: rows of ways, by what is reached.
//!
//! ```text
//! sa:ci/runner can come to reach
//!   whole cluster
//!     v cluster-admin        2 steps  exec into a pod > use the pod's token
//!   pods
//!     v 29 workloads (68)    1 step   exec into a pod
//! ```
//!
//! Rows that are come to alike are one row; each leads to its own way.

use std::collections::BTreeSet;

use crate::escalate::edges::{MoveTrace, SELF};
use crate::escalate::{Certainty, Foothold, Step};
use crate::model::evidence::{Gap, Outcome};
use crate::model::place::Place;
use crate::model::role::{Subject, SubjectKind};
use crate::model::untrusted;
use crate::text::escalate as ways;
use crate::text::evidence::Evidence;
use crate::text::{About, Line, Mark, Page, words};

use super::escalation::ReachPath;

/// One row of what can be reached.
#[derive(Clone, PartialEq, Debug)]
pub struct Reached {
    pub end: String,
    pub outcome: Outcome,
    pub found: Vec<Foothold>,
    pub path: Vec<Step>,
}

impl Reached {
    /// How many it stands for.
    pub fn count(&self) -> usize {
        self.found.len()
    }

    /// Whether both are come to alike: by the same steps, resting on the same bindings.
    fn is_like(&self, other: &Reached) -> bool {
        self.goes_like(other) && ways::grants(&self.path) == ways::grants(&other.path)
    }

    /// Whether both are come to by the same steps.
    fn goes_like(&self, other: &Reached) -> bool {
        let edges = |it: &Reached| it.path.iter().map(|step| step.edge.id).collect::<Vec<_>>();
        self.outcome == other.outcome && edges(self) == edges(other)
    }
}

/// All rows, and what keeps them from being the whole truth.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Reaches {
    /// The nearest first, those that are certain before the others.
    pub rows: Vec<Reached>,
    /// What is not known and could lead further.
    pub gaps: Vec<Gap>,
    /// Of those who come there the controllers and components of Kubernetes' own.
    pub own: BTreeSet<Subject>,
    /// Of how many subjects it is not known whether they come there, though no way was found.
    pub undecided: usize,
}

impl Reaches {
    pub(super) fn sort(&mut self) {
        self.rows.sort_by_key(|it| (it.outcome, it.path.len()));
    }

    /// Takes in what is not known, each thing once.
    pub(super) fn doubt(&mut self, gaps: Vec<Gap>) {
        for gap in gaps {
            if !self.gaps.contains(&gap) {
                self.gaps.push(gap);
            }
        }
    }

    /// The rows of one certainty by what is reached, or who comes there; each leads to the way between `of` and it.
    pub fn lines(&self, of: &str, way: ReachWay, certainty: Certainty) -> Vec<Line> {
        let mut groups: Vec<(RowGroup, Vec<&Reached>)> = Vec::new();
        let is_certain = certainty == Certainty::Certain;
        for row in self.told().filter(|it| (it.outcome == Outcome::Allow) == is_certain) {
            let group = match RowGroup::of(row) {
                _ if self.is_of_kubernetes(row) => RowGroup::Kubernetes,
                // Of those who come there it is a group like any other.
                RowGroup::Cluster if way == ReachWay::To => RowGroup::Groups,
                group => group,
            };
            match groups.iter_mut().find(|it| it.0 == group) {
                Some((_, rows)) => rows.push(row),
                None => groups.push((group, vec![row])),
            }
        }
        groups.sort_by_key(|it| it.0);
        let groups: Vec<(RowGroup, Vec<Vec<&Reached>>)> =
            groups.into_iter().map(|it| (it.0, folded(it.0, &it.1))).collect();
        let names = groups.iter().flat_map(|it| &it.1).map(|it| name(it).chars().count());
        let room = names.filter(|it| *it <= WIDEST).max().unwrap_or(0);
        let mut lines = Vec::new();
        for (group, folds) in &groups {
            let unsure = if is_certain { "" } else { ", unsure" };
            lines.push(Line::new(1, Mark::Title, format!("{}{unsure}", group.title())));
            folds.iter().for_each(|it| add(&mut lines, it, room, of, way));
        }
        lines
    }

    fn is_of_kubernetes(&self, row: &Reached) -> bool {
        let is_own = |it: &Foothold| matches!(it, Foothold::Subject(subject) if self.own.contains(subject));
        row.found.iter().all(is_own)
    }

    /// The rows that tell something: not who is it already.
    fn told(&self) -> impl Iterator<Item = &Reached> {
        self.rows.iter().filter(|it| it.path.iter().any(|step| step.edge != &SELF))
    }

    /// Whether nothing is come to but what one holds anyhow.
    pub fn tells_nothing(&self) -> bool {
        self.told().next().is_none()
    }

    /// `3 in 1 step, 12 in 2 steps; 4 unsure`: how many of each length.
    pub fn counts(&self) -> String {
        let certain = |it: &&Reached| it.outcome == Outcome::Allow;
        let lengths: BTreeSet<usize> = self.told().filter(certain).map(|it| it.path.len()).collect();
        let of = |length: usize| self.told().filter(certain).filter(|it| it.path.len() == length).count();
        let each = lengths.into_iter().map(|it| format!("{} in {}", of(it), words::count(it as u64, "step", "steps")));
        let each: Vec<String> = each.collect();
        let unsure = self.told().filter(|it| it.outcome != Outcome::Allow).count();
        match (each.is_empty(), unsure) {
            (true, 0) => "none".to_owned(),
            (true, unsure) => format!("{unsure} unsure"),
            (false, 0) => each.join(", "),
            (false, unsure) => format!("{}; {unsure} unsure", each.join(", ")),
        }
    }

    /// What nobody can know from here, once for all rows.
    pub fn limits(&self) -> Vec<Line> {
        let mut limits: Vec<Line> = self.gaps.iter().map(|it| Evidence::gap(it).line(2)).collect();
        if self.undecided > 0 {
            let whom = words::count(self.undecided as u64, "more subject", "more subjects");
            limits.insert(0, Line::new(2, Mark::Unknown, format!("whether {whom} can is unknown, for these reasons")));
        }
        limits.extend(unread_admission(self.rows.iter().flat_map(|it| &it.path)));
        headed(limits)
    }
}

/// Which way rows look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReachWay {
    /// What is reached.
    From,
    /// Who comes there.
    To,
}

impl ReachWay {
    /// What the one who is asked about does.
    pub const fn verb(self) -> &'static str {
        match self {
            ReachWay::From => "can come to reach",
            ReachWay::To => "can be reached by",
        }
    }

    /// That there is none.
    pub const fn nothing(self) -> &'static str {
        match self {
            ReachWay::From => "nothing beyond its own rights",
            ReachWay::To => "nobody by the steps of docs/reach.md",
        }
    }
}

/// What rows are grouped by: what is reached. The worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum RowGroup {
    Cluster,
    Users,
    Groups,
    ServiceAccounts,
    Nodes,
    Namespaces,
    Pods,
    Secrets,
    Services,
    Roles,
    /// Controllers and components of the control plane, of those who come there: they do in every cluster.
    Kubernetes,
}

impl RowGroup {
    fn of(row: &Reached) -> Self {
        match row.found.first() {
            Some(Foothold::ClusterAdmin) => RowGroup::Cluster,
            Some(held) if *held == Foothold::masters() => RowGroup::Cluster,
            Some(Foothold::Subject(subject)) => match subject.kind() {
                SubjectKind::Group => RowGroup::Groups,
                SubjectKind::ServiceAccount => RowGroup::ServiceAccounts,
                _ => RowGroup::Users,
            },
            Some(Foothold::Node(_)) => RowGroup::Nodes,
            Some(Foothold::NamespaceAdmin(_)) => RowGroup::Namespaces,
            Some(Foothold::Secrets { .. }) => RowGroup::Secrets,
            Some(Foothold::Intercept { .. } | Foothold::Connection(_)) => RowGroup::Services,
            Some(Foothold::Role { .. }) => RowGroup::Roles,
            Some(Foothold::Pod(_)) | None => RowGroup::Pods,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            RowGroup::Cluster => "whole cluster",
            RowGroup::Users => "users",
            RowGroup::Groups => "groups",
            RowGroup::ServiceAccounts => "service accounts",
            RowGroup::Nodes => "nodes (root)",
            RowGroup::Namespaces => "namespaces (everything in them)",
            RowGroup::Pods => "pods (code in them)",
            RowGroup::Secrets => "Secrets (their content)",
            RowGroup::Services => "Services (their traffic)",
            RowGroup::Roles => "roles (their rules)",
            RowGroup::Kubernetes => "Kubernetes' own controllers (in every cluster)",
        }
    }

    /// What several rows of it are called.
    const fn several(self) -> &'static str {
        match self {
            RowGroup::Users => "users",
            RowGroup::Groups => "groups",
            RowGroup::ServiceAccounts => "service accounts",
            RowGroup::Nodes => "nodes",
            RowGroup::Namespaces => "namespaces",
            RowGroup::Pods => "workloads",
            RowGroup::Secrets => "namespaces",
            RowGroup::Services => "Services",
            RowGroup::Roles => "roles",
            RowGroup::Kubernetes => "controllers",
            RowGroup::Cluster => "ways",
        }
    }
}

/// So wide the column of names gets.
const WIDEST: usize = 30;
/// So many rows that are come to alike are one.
const ALIKE: usize = 3;

/// Rows that are come to alike, together where they are several; each of Kubernetes' own has a binding of its own.
fn folded<'r>(group: RowGroup, rows: &[&'r Reached]) -> Vec<Vec<&'r Reached>> {
    let is_like = |a: &Reached, b: &Reached| match group {
        RowGroup::Kubernetes => a.goes_like(b),
        _ => a.is_like(b),
    };
    let mut folds: Vec<Vec<&Reached>> = Vec::new();
    for row in rows {
        match folds.iter_mut().find(|it| is_like(it[0], row)) {
            Some(fold) => fold.push(row),
            None => folds.push(vec![row]),
        }
    }
    let split = |fold: Vec<&'r Reached>| match fold.len() {
        0..ALIKE => fold.into_iter().map(|it| vec![it]).collect::<Vec<_>>(),
        _ => vec![fold],
    };
    folds.into_iter().flat_map(split).collect()
}

/// `deployment/shop/web (6)`, `29 workloads (68)`.
fn name(rows: &[&Reached]) -> String {
    let count: usize = rows.iter().map(|it| it.count()).sum();
    let name = match rows {
        [one] => untrusted::show(&one.end).into_owned(),
        many => format!("{} {}", many.len(), many.first().map_or("ways", |it| RowGroup::of(it).several())),
    };
    if count > rows.len() { format!("{name} ({count})") } else { name }
}

fn add(lines: &mut Vec<Line>, rows: &[&Reached], room: usize, of: &str, way: ReachWay) {
    let Some(first) = rows.first() else { return };
    let line = |indent, name: &str, row: &Reached| {
        let length = words::count(row.path.len() as u64, "step", "steps");
        let text = format!("{name:room$}  {length:7}  {}", ways::names(&row.path));
        Line::new(indent, Mark::of(row.outcome), text)
    };
    let leading = |line: Line, row: &Reached| match typed(row) {
        Some(end) if way == ReachWay::From => line.on(About::Way { from: of.to_owned(), to: end }),
        Some(end) => line.on(About::Way { from: end, to: of.to_owned() }),
        None => match row.found.first() {
            Some(Foothold::Role { role, .. }) => line.linked(role, &Place::default()),
            _ => line,
        },
    };
    let head = line(2, &name(rows), first);
    if let [row] = rows {
        lines.push(leading(head, row));
        lines.extend(
            ways::grants(&row.path)
                .iter()
                .map(|it| Line::new(3, Mark::Plain, format!("by {it}")).linked(it, &Place::default())),
        );
        return;
    }
    lines.push(head);
    lines.extend(rows.iter().map(|it| leading(Line::new(3, Mark::of(it.outcome), name(&[it])), it)));
}

/// The row's end as a question has it; the rules of a role are none.
fn typed(row: &Reached) -> Option<String> {
    (!matches!(row.found.first(), Some(Foothold::Role { .. }))).then(|| row.end.clone())
}

/// That admission which is not read may refuse what steps write, where some write.
fn unread_admission<'p>(mut steps: impl Iterator<Item = &'p Step>) -> Option<Line> {
    let what = "admission webhooks and policies are not read: they may refuse what steps write";
    steps.any(|it| it.edge.leaves == MoveTrace::Object).then(|| Line::new(2, Mark::Note, what))
}

fn headed(mut limits: Vec<Line>) -> Vec<Line> {
    if !limits.is_empty() {
        limits.insert(0, Line::new(1, Mark::Title, "what cannot be known from here"));
    }
    limits
}

impl ReachPath {
    /// The answer in words: step by step, and at the end what cannot be known.
    pub fn page(&self) -> Page {
        let mut page = self.head();
        page.lines.extend(ways::lines(&self.path));
        page.lines.extend(self.gaps.iter().map(|it| Evidence::gap(it).line(1)));
        page.lines.extend(self.no_way());
        page.lines.extend(self.miss.iter().map(|it| ways::miss(it).line(1)));
        page
    }

    /// The same as it is drawn: boxes, and what leads from one to the next.
    pub fn drawn(&self) -> Page {
        let mut page = self.head();
        page.lines.extend(ways::drawn(&self.path, &self.question.to));
        page.lines.extend(self.no_way());
        page.lines.extend(self.miss.iter().map(|it| ways::miss(it).line(1)));
        let mut limits: Vec<Line> = self.gaps.iter().map(|it| Evidence::gap(it).line(2)).collect();
        limits.extend(unread_admission(self.path.iter()));
        page.lines.extend(headed(limits));
        page
    }

    fn head(&self) -> Page {
        let length = ways::length(&self.path, self.outcome);
        let head = format!("{}  {} -> {}{length}", self.outcome, self.question.from, self.question.to);
        [Line::new(0, Mark::of(self.outcome), head)].into_iter().collect()
    }

    fn no_way(&self) -> Option<Line> {
        let what = "no way leads there by the steps of docs/reach.md";
        (self.outcome == Outcome::Deny).then(|| Line::new(1, Mark::Note, what))
    }
}

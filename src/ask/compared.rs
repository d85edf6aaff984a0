//! What only one of two subjects holds: `permissions SUBJECT --diff OTHER`.

use std::collections::BTreeSet;

use crate::model::evidence::Outcome;
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::fold::{Folded, PermissionRow};
use crate::text::evidence::Evidence;
use crate::text::rbac::verbs;
use crate::text::{Line, Mark, Page, words};

/// Two subjects and what only each of them holds.
#[derive(Clone, Debug)]
pub struct ComparedSubjects {
    pub sides: [ComparedSubject; 2],
    /// Why rows may be missing: both are read from the same bindings, so that it is true of either.
    pub gaps: Vec<Evidence>,
    is_partial: bool,
}

/// One of two subjects.
#[derive(Clone, Debug)]
pub struct ComparedSubject {
    pub subject: Subject,
    /// The rows, each with only the verbs, that the other does not hold in the same words.
    pub only: Vec<PermissionRow>,
}

impl ComparedSubjects {
    /// Compares what two subjects hold.
    pub fn of(a: &Folded, b: &Folded) -> Self {
        let side = |a: &Folded, b: &Folded| ComparedSubject { subject: a.identity.subject.clone(), only: only(a, b) };
        let mut gaps: Vec<Evidence> = a.gaps.iter().map(Evidence::gap).collect();
        gaps.extend(b.gaps.iter().map(Evidence::gap).filter(|it| !a.gaps.iter().any(|own| Evidence::gap(own) == *it)));
        Self { sides: [side(a, b), side(b, a)], gaps, is_partial: a.is_partial() || b.is_partial() }
    }

    /// `Allow`: both hold the same; `Deny`: they do not; `Unknown`: not all of it may be read.
    pub fn outcome(&self) -> Outcome {
        match (self.is_partial, self.sides.iter().all(|it| it.only.is_empty())) {
            (true, _) => Outcome::Unknown,
            (false, true) => Outcome::Allow,
            (false, false) => Outcome::Deny,
        }
    }

    /// The answer in words: side by side, each row with its place and verbs.
    pub fn page(&self) -> Page {
        let gaps = self.gaps.iter().map(|it| it.line(0));
        self.sides.iter().flat_map(ComparedSubject::lines).chain(gaps).collect()
    }
}

impl ComparedSubject {
    fn lines(&self) -> Vec<Line> {
        let count = words::count(self.only.len() as u64, "row", "rows");
        let head = Line::new(0, Mark::Title, format!("only {}: {count}", self.subject));
        std::iter::once(head).chain(self.only.iter().map(line)).collect()
    }
}

fn line(it: &PermissionRow) -> Line {
    let place = if it.scope.is_empty() { "the whole cluster" } else { &it.scope };
    let is_dead = it.outcome() == Outcome::Deny;
    let (mark, why) = if is_dead { (Mark::Deny, " (grants nothing)") } else { (Mark::Plain, "") };
    Line::new(1, mark, format!("{place}  {}: {}{why}", it.what, verbs(&it.verbs)))
}

/// The rows, each with only the verbs, that the other does not hold in the same words.
///
/// What is dead stays told as denied where a row gives nothing, and is left out of one that gives something.
fn only(a: &Folded, b: &Folded) -> Vec<PermissionRow> {
    let told =
        |it: &PermissionRow, outcome: Outcome| if outcome == Outcome::Deny { it.verbs.clone() } else { it.living() };
    let lacks = |it: &PermissionRow| {
        let same = b.rows.iter().find(|other| other.scope == it.scope && other.what == it.what);
        let same = same.map(|other| told(other, it.outcome()));
        let has = |verb: &Name| same.as_ref().is_some_and(|it| it.contains(verb) || it.contains("*"));
        let verbs: BTreeSet<Name> = told(it, it.outcome()).into_iter().filter(|verb| !has(verb)).collect();
        (!verbs.is_empty()).then(|| PermissionRow { verbs, ..it.clone() })
    };
    a.rows.iter().filter_map(lacks).collect()
}

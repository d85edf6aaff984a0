//! Who could let a flow pass, in lines: each with the steps that lead there and what is written.
//!
//! ```text
//! v 2 groups of subjects could open it: pod/dev/shell -> pod/pay/db:5432 is denied
//!   1. user:dev and 1 more, in 1 step: change a pod's labels
//!     writes pod/dev/shell: labels app=web
//!     lets user:dev patch pods shell in dev, by role/dev/dev rules[0]
//! ```

use std::collections::BTreeSet;

use super::{SidestepAnswer, Witness};
use crate::escalate::{Because, Certainty};
use crate::model::evidence::Outcome;
use crate::model::role::Subject;
use crate::text::escalate as ways;
use crate::text::evidence::Evidence;
use crate::text::{About, Line, Mark, Page, words};

const OWN: &str = "Kubernetes' own controllers";

/// So many names of those who hold the same are told.
const NAMES: usize = 4;

impl SidestepAnswer {
    /// The answer in words; those of Kubernetes' own stand last, below one line.
    pub fn page(&self) -> Page {
        let mut page = Page { fold: Some(1), ..Page::default() };
        page.push(self.headline());
        self.notes.iter().for_each(|it| page.push(it.line(1)));
        let (own, others): (Vec<&Witness>, Vec<&Witness>) =
            self.witnesses.iter().partition(|it| self.is_of_kubernetes(it));
        for (number, witness) in (1..).zip(others) {
            witness.lines(number).into_iter().for_each(|it| page.push(it));
        }
        kubernetes(&own).into_iter().for_each(|it| page.push(it));
        self.limits().into_iter().for_each(|it| page.push(it));
        page
    }

    /// `3 groups of subjects could open it`: what stands beside a verdict. Those of Kubernetes' own are told apart: they
    /// can in every cluster.
    pub fn count(&self) -> String {
        let (own, others): (Vec<&Witness>, Vec<&Witness>) =
            self.witnesses.iter().partition(|it| self.is_of_kubernetes(it));
        let sure = |all: &[&Witness]| all.iter().filter(|it| it.certainty == Certainty::Certain).count();
        let (sure, may, own) = (sure(&others), others.len() - sure(&others), sure(&own));
        let groups = |count: usize| words::count(count as u64, "group of subjects", "groups of subjects");
        match (sure, may, self.outcome()) {
            (0, 0, Outcome::Deny) => "only cluster administrators could open it".to_owned(),
            (0, 0, _) if own > 0 => format!("only {OWN} and cluster administrators could open it"),
            (0, 0, _) => "who could open it is unknown".to_owned(),
            (0, may, _) => format!("{} may be able to open it", groups(may)),
            (sure, 0, _) => format!("{} could open it", groups(sure)),
            (sure, may, _) => format!("{} could open it, {may} more may", groups(sure)),
        }
    }

    fn headline(&self) -> Line {
        let (flow, outcome) = (format!("{} -> {}", self.from, self.to), self.outcome());
        let now = match self.now {
            Outcome::Allow => "allowed",
            Outcome::Unknown => "unknown",
            Outcome::Deny => "denied",
        };
        let text = match (&self.by, outcome) {
            _ if self.now == Outcome::Allow => format!("{flow} is allowed"),
            (Some(by), Outcome::Allow) => format!("{by} could open it: {flow} is {now}"),
            (Some(by), Outcome::Deny) => format!("{by} could not open it: {flow} is {now}"),
            (Some(by), Outcome::Unknown) => format!("whether {by} could open it is unknown: {flow} is {now}"),
            (None, _) => format!("{}: {flow} is {now}", self.count()),
        };
        Line::new(0, Mark::of(outcome), text)
    }

    fn limits(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        if !self.always.is_empty() {
            let names = words::first(&self.always, NAMES);
            lines.push(Line::new(1, Mark::Note, format!("may do everything anyway: {names}")));
        }
        if !self.gaps.is_empty() && self.outcome() != Outcome::Allow {
            lines.push(Line::new(1, Mark::Title, "what cannot be known from here"));
            lines.extend(self.gaps.iter().map(|it| Evidence::gap(it).line(2)));
        }
        if !self.witnesses.is_empty() {
            let what = "admission webhooks and policies are not read: they may refuse what is written";
            lines.push(Line::new(1, Mark::Note, what));
        }
        lines
    }
}

/// `Kubernetes' own controllers could too: sa:kube-system/job-controller, and 11 more`, above what each would do.
fn kubernetes(own: &[&Witness]) -> Vec<Line> {
    let Some(first) = own.first() else { return Vec::new() };
    let names: BTreeSet<String> = own.iter().flat_map(|it| &it.subjects).map(ToString::to_string).collect();
    let names = words::first(&names.into_iter().collect::<Vec<_>>(), NAMES);
    let is_sure = own.iter().any(|it| it.certainty == Certainty::Certain);
    let verb = if is_sure { "could" } else { "may be able to" };
    let text = format!("{OWN} {verb} too, in every cluster: {names}");
    let mut lines = vec![Line::new(1, Mark::Note, text).on(About::Somebody(first.subjects[0].clone()))];
    for (number, witness) in (1..).zip(own) {
        lines.extend(witness.lines(number).into_iter().map(|it| Line { indent: it.indent + 1, ..it }));
    }
    lines
}

impl Witness {
    fn lines(&self, number: usize) -> Vec<Line> {
        let steps = words::count(self.path.len() as u64, "step", "steps");
        let (mark, word) = match self.certainty {
            Certainty::Certain => (Mark::Allow, "in"),
            Certainty::Unsure => (Mark::Unknown, "perhaps in"),
        };
        let text = format!("{number}. {}, {word} {steps}: {}", who(&self.subjects), ways::names(&self.path));
        let head = Line::new(1, mark, text).on(About::Somebody(self.subjects[0].clone()));
        let mut lines = vec![head];
        lines.extend(self.writes.iter().map(|it| Line::new(2, Mark::Plain, format!("writes {}", it.what))));
        if let [step] = self.path.as_slice() {
            // What connects then is what was asked.
            let told = step.because.iter().zip(ways::evidence(step));
            lines.extend(told.filter(|it| !matches!(it.0, Because::Connects { .. })).map(|it| it.1.line(2)));
        } else {
            lines.extend(ways::lines(&self.path).into_iter().map(|it| Line { indent: it.indent + 1, ..it }));
        }
        if self.subjects.len() > 1 {
            let names: Vec<String> = self.subjects.iter().map(ToString::to_string).collect();
            lines.push(Line::new(2, Mark::Note, format!("hold the same: {}", names.join(", "))).folded());
        }
        lines
    }
}

/// `user:ana, user:ben and 3 more`.
fn who(subjects: &[Subject]) -> String {
    match subjects {
        [one] => one.to_string(),
        [one, other] => format!("{one} and {other}"),
        [one, rest @ ..] => format!("{one} and {} more", rest.len()),
        [] => String::new(),
    }
}

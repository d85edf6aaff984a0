//! What a policy trusts, in lines: rule by rule, with everybody who can write it.
//!
//! ```text
//! networkpolicy/pay/db: 1 rule; anyone with edit in dev, web
//!   spec.ingress[0]  anyone with edit in dev, web
//!     trusts labels role=client of pods in every namespace
//!     user:labels: change a pod's labels
//! ```

use std::collections::BTreeSet;
use std::fmt;

use super::{Robustness, Ruled, TrustAnswer, WriterGroup};
use crate::model::id::ObjectId;
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac;
use crate::text::escalate as ways;
use crate::text::evidence::Evidence;
use crate::text::{About, Line, Mark, Page, words};

/// So many names are told in a line.
const NAMES: usize = 4;

impl fmt::Display for Robustness {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Robustness::Anyone => out.write_str("anyone"),
            Robustness::Editors(all) => write!(out, "anyone with edit in {}", spaces(all)),
            Robustness::ClusterWide => out.write_str("holders of cluster-wide rights only"),
            Robustness::Administrators => out.write_str("administrators only"),
        }
    }
}

fn spaces(all: &BTreeSet<Name>) -> String {
    let shown: Vec<&str> = all.iter().take(NAMES).map(Name::as_str).collect();
    match all.len().saturating_sub(NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {}", shown.join(", "), words::count(more as u64, "more namespace", "more namespaces")),
    }
}

/// That a policy cannot be read.
pub fn unread(id: &ObjectId) -> Page {
    let mut page = Page::default();
    page.say(0, Mark::Unknown, format!("what {id} trusts is unknown: it cannot be read"));
    page
}

impl TrustAnswer {
    /// The answer in words, with the grants that an index has.
    pub fn page(&self, index: &rbac::Index) -> Page {
        let mut page = Page { fold: Some(2), ..Page::default() };
        page.push(self.headline());
        self.rules.iter().for_each(|it| self.add(it, &it.place.to_string(), index, &mut page));
        if let Some(target) = &self.target {
            self.add(target, "spec.podSelector: which pods it selects", index, &mut page);
        }
        self.add(&self.itself, "the policy itself: change it, delete it, or write one beside it", index, &mut page);
        if !self.always.is_empty() {
            let text = format!("may do everything anyway: {}", words::first(&self.always, NAMES));
            page.push(Line::new(1, Mark::Note, text));
        }
        if !self.gaps.is_empty() {
            page.say(1, Mark::Title, "what cannot be known from here");
            self.gaps.iter().for_each(|it| page.push(Evidence::gap(it).line(2)));
        }
        page
    }

    fn headline(&self) -> Line {
        let count = words::count(self.rules.len() as u64, "rule", "rules");
        let text = match self.robustness() {
            None => format!("{}: no rule, so it trusts nobody", self.policy),
            Some(it) => format!("{}: {count}; what it trusts can be written by {it}", self.policy),
        };
        Line::new(0, Mark::Title, text).linked(&self.policy, &crate::model::place::Place::default())
    }

    fn add(&self, ruled: &Ruled, title: &str, index: &rbac::Index, page: &mut Page) {
        let head = Line::new(1, Mark::Title, format!("{title}  ({})", ruled.robustness));
        page.push(head.linked(&self.policy, &ruled.place));
        for it in &ruled.trusts {
            page.push(Line::new(2, Mark::Plain, format!("trusts {}", it.what)).linked(&self.policy, &it.place));
        }
        if ruled.writers.is_empty() {
            page.say(2, Mark::Plain, "nobody else can write that");
        }
        ruled.writers.iter().for_each(|it| it.add(index, page));
        let strangers = super::strangers(&ruled.writers, &self.itself);
        let strangers: Vec<&Subject> = strangers.into_iter().map(|it| &it.subjects[0]).collect();
        if !strangers.is_empty() {
            page.say(
                2,
                Mark::Note,
                format!("strangers, who may write no policy here: {}", words::first(&strangers, NAMES)),
            );
        }
        ruled.advice.iter().for_each(|it| page.say(2, Mark::Note, format!("to make it robust: {it}")));
    }
}

impl WriterGroup {
    fn add(&self, index: &rbac::Index, page: &mut Page) {
        let mut edges: Vec<&str> = self.ways.iter().map(|it| it.edge.name).collect();
        edges.dedup();
        let mark = if self.is_sure() { Mark::Plain } else { Mark::Unknown };
        let place = match self.namespaces.is_empty() {
            true => "in the whole cluster".to_owned(),
            false => format!("in {}", spaces(&self.namespaces)),
        };
        let text = format!("{}: {} ({place})", words::first(&self.subjects, NAMES), edges.join(", "));
        page.push(Line::new(2, mark, text).on(About::Somebody(self.subjects[0].clone())));
        for way in &self.ways {
            let reasons = way.because(index, &self.subjects[0]);
            let told = reasons
                .iter()
                .map(ways::reason)
                .map(|it| Evidence { what: format!("{}: {}", way.edge.id, it.what), ..it });
            page.lines.extend(told.map(|it| it.line(3).folded()));
        }
    }
}

//! A baseline in words.

use super::{Baseline, Because, Needed, Undeclared, Unresolved};
use crate::ask::many::unit_text;
use crate::model::id::{Kind, ObjectId};
use crate::model::place::Place;
use crate::text::{About, Line, Mark, Page, net, words};

/// How many rows of a list are shown where nobody asked for all.
const FEW: usize = 12;

/// The whole answer: policies with the reason of each rule, and what they leave open or close.
pub(super) fn page(it: &Baseline, is_verbose: bool) -> Page {
    let few = if is_verbose { usize::MAX } else { FEW };
    let mut page = Page::default();
    page.push(headline(it));
    policies(it, &mut page, is_verbose);
    denied(it, &mut page, few);
    let count = it.undeclared.len() as u64;
    if count > 0 {
        let flows = words::count(count, "flow is allowed", "flows are allowed");
        let which = if count == 1 { "it" } else { "them" };
        let what = format!("nothing declares {which}: default deny closes {which} (--keep-current keeps {which})");
        page.say(0, Mark::Note, format!("{flows} today and {what}"));
        let rows: Vec<String> = it.undeclared.iter().map(undeclared).collect();
        listed(&mut page, Mark::Deny, &rows, few);
    }
    refers(it, &mut page, few);
    it.notes.iter().for_each(|it| page.say(0, Mark::Note, it));
    missing(it, &mut page, few);
    page
}

/// What could not be read, and so may have said more.
fn missing(it: &Baseline, page: &mut Page, few: usize) {
    if !it.missing.is_empty() {
        let count = words::count(it.missing.len() as u64, "thing", "things");
        page.say(0, Mark::Unknown, format!("needs may be missing: {count} could not be read (kreach rbac --baseline)"));
        listed(page, Mark::Unknown, &it.missing, few);
    }
}

fn headline(it: &Baseline) -> Line {
    let namespaces = words::count(it.namespaces.len() as u64, "namespace", "namespaces");
    let needed = words::count(it.needed.len() as u64, "declared flow", "declared flows");
    if it.policies.is_empty() {
        let what = match it.namespaces.is_empty() {
            true => "nothing to write  no namespace has workloads".to_owned(),
            false => format!("nothing to write  {namespaces} under default deny already, {needed} allowed"),
        };
        return Line::new(0, Mark::Note, what);
    }
    let policies = words::count(it.policies.len() as u64, "policy", "policies");
    let mark = if it.missing.is_empty() { Mark::Allow } else { Mark::Unknown };
    Line::new(0, mark, format!("{policies}  default deny for {namespaces}, {needed} kept"))
}

fn policies(it: &Baseline, page: &mut Page, is_verbose: bool) {
    for policy in &it.policies {
        let what = if policy.rules.is_empty() { "denies all in both directions, for pods to come too" } else { "" };
        let text = format!("networkpolicy/{}/{} selects {}", policy.namespace, policy.name, whom(&policy.selects));
        page.say(1, Mark::Title, if what.is_empty() { text } else { format!("{text}: {what}") });
        for (rule, because) in &policy.rules {
            page.say(2, Mark::Allow, rule);
            let few = if is_verbose { usize::MAX } else { 1 };
            because.iter().take(few).for_each(|it| page.push(reason(it)));
            if because.len() > few {
                let more = words::count((because.len() - few) as u64, "more reason", "more reasons");
                page.say(3, Mark::Plain, format!("and {more} (--verbose)"));
            }
        }
    }
}

/// `the pods of deployment/shop/web`.
fn whom(selects: &str) -> String {
    if selects.contains('/') { format!("the pods of {selects}") } else { selects.to_owned() }
}

fn reason(it: &Because) -> Line {
    let line = Line::new(3, Mark::Plain, it.to_string());
    match kind_of(&it.object.kind) {
        Some(kind) => {
            let id = ObjectId::new(kind, it.object.namespace.as_str(), it.object.name.as_str());
            line.linked(&id, &Place::new(it.place.as_str()))
        }
        None => line,
    }
}

/// The kind of a word, where its objects can be opened.
fn kind_of(word: &str) -> Option<Kind> {
    crate::kinds::spec_named(word).map(|it| it.kind).filter(|it| it.as_str() == word)
}

fn denied(it: &Baseline, page: &mut Page, few: usize) {
    if it.gaps.is_empty() {
        return;
    }
    let flows = words::count(it.gaps.len() as u64, "declared flow is", "declared flows are");
    page.say(
        0,
        Mark::Note,
        format!("{flows} denied today and not opened (--gaps tells them, --open-gaps allows them)"),
    );
    let rows: Vec<String> = it.gaps.iter().map(gap).collect();
    listed(page, Mark::Deny, &rows, few);
}

/// What is declared and denied.
pub(super) fn gaps(it: &Baseline) -> Page {
    let mut page = Page::default();
    let rows = &it.gaps;
    let count = rows.len() as u64;
    let mark = if count > 0 {
        Mark::Deny
    } else if it.missing.is_empty() {
        Mark::Allow
    } else {
        Mark::Unknown
    };
    let text = match count {
        0 => format!(
            "no gap  {} allowed",
            words::count(it.needed.len() as u64, "declared flow is", "declared flows are")
        ),
        count => format!("gaps  {} denied", words::count(count, "declared flow is", "declared flows are")),
    };
    page.say(0, mark, text);
    for row in rows {
        page.push(Line::new(1, Mark::Deny, gap(row)).on(About::Pair { from: row.from.clone(), to: row.to.clone() }));
        page.say(2, Mark::Deny, &row.denied);
        row.because.iter().for_each(|it| page.push(Line { indent: 2, ..reason(it) }));
    }
    missing(it, &mut page, FEW);
    page
}

fn gap(it: &Needed) -> String {
    format!("{} -> {}  {}", it.from, it.to, net::ports(&it.ports))
}

fn undeclared(it: &Undeclared) -> String {
    format!("{} -> {}  {}", unit_text(&it.from), unit_text(&it.to), net::ports(&it.ports))
}

fn listed(page: &mut Page, mark: Mark, rows: &[String], few: usize) {
    rows.iter().take(few).for_each(|it| page.say(1, mark, it));
    if rows.len() > few {
        page.say(1, Mark::Plain, format!("and {} more (--verbose)", rows.len() - few));
    }
}

/// What manifests refer to that leads to no pods.
fn refers(it: &Baseline, page: &mut Page, few: usize) {
    let told = |it: &Unresolved| format!("{}  {} {}", it.value, it.object, it.place);
    let lists = [
        (&it.unresolved, "not resolved: Services that are not there, and Secrets, which are never read"),
        (&it.outside, "outside the cluster: not kept, since no Service leads there (--keep FILE keeps what it lists)"),
    ];
    for (list, what) in lists.into_iter().filter(|it| !it.0.is_empty()) {
        page.say(0, Mark::Note, format!("{} {what}", list.len()));
        let rows: Vec<String> = list.iter().map(told).collect();
        listed(page, Mark::Plain, &rows, few);
    }
}

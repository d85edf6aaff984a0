//! A baseline in words.

use super::{Baseline, NeedReason, Needed, Undeclared, Unresolved};
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
    if !it.undeclared.is_empty() {
        let which = if it.undeclared.len() == 1 { "it" } else { "them" };
        let how = format!("--keep-current keeps {which}, --keep-flow one");
        page.say(0, Mark::Note, format!("{} ({how})", closes(it)));
        let rows: Vec<String> = it.undeclared.iter().map(undeclared).collect();
        listed(&mut page, Mark::Deny, &rows, few);
    }
    refers(it, &mut page, few);
    it.notes.iter().for_each(|it| page.say(0, Mark::Note, it));
    missing(it, &mut page, few);
    page
}

/// How many flows nothing declares, and that they end.
fn closes(it: &Baseline) -> String {
    let count = it.undeclared.len() as u64;
    let flows = words::count(count, "flow is allowed", "flows are allowed");
    let which = if count == 1 { "it" } else { "them" };
    format!("{flows} today and nothing declares {which}: default deny closes {which}")
}

/// The policies beside a candidate that makes them: nothing is folded below another.
pub(super) fn policies_flat(it: &Baseline, indent: u8) -> Page {
    let mut page = Page::default();
    for policy in &it.policies {
        let what = if policy.rules.is_empty() { ": denies all in both directions, for pods to come too" } else { "" };
        let named = format!("networkpolicy/{}/{}", policy.namespace, policy.name);
        page.say(indent, Mark::Title, format!("{named} selects {}{what}", whom(&policy.selects)));
        for (rule, because) in &policy.rules {
            page.say(indent, Mark::Allow, rule);
            because.iter().for_each(|it| page.push(said(indent, it, &format!("because {it}"))));
        }
    }
    page
}

/// What stands below the candidates of a fix: what is closed and kept, row by row, and what may be missing.
pub(super) fn beside(it: &Baseline, kept: &[(String, String)], keeps_current: bool) -> Page {
    let mut page = Page::default();
    let all = || About::Undeclared(None);
    if keeps_current {
        let what = "what is allowed between workloads today is kept, declared or not (--keep-current)";
        page.push(Line::new(0, Mark::Note, what).on(all()));
    } else if !it.undeclared.is_empty() || !kept.is_empty() {
        let text = match it.undeclared.is_empty() {
            true => "all flows that nothing declares are kept (--keep-flow)".to_owned(),
            false => format!("{} (keep one: --keep-flow, all: --keep-current)", closes(it)),
        };
        page.push(Line::new(0, Mark::Note, text).on(all()));
        for (from, to) in kept {
            let row = Line::new(1, Mark::Allow, format!("{from} -> {to}  kept"));
            page.push(row.on(About::Undeclared(Some((from.clone(), to.clone())))));
        }
        for row in &it.undeclared {
            let about = About::Undeclared(Some((unit_text(&row.from), unit_text(&row.to))));
            page.push(Line::new(1, Mark::Deny, undeclared(row)).on(about));
        }
    }
    for namespace in it.namespaces.iter().filter(|_| !it.gaps.is_empty()) {
        let count = it.gaps.len() as u64;
        let flows =
            words::count(count, "declared flow is denied today and stays", "declared flows are denied today and stay");
        let what = format!("{flows} so (kreach explain ns/{namespace} --gaps tells why)");
        page.push(Line::new(0, Mark::Note, what).on(About::Gaps(namespace.clone())));
        listed(&mut page, Mark::Deny, &it.gaps.iter().map(gap).collect::<Vec<_>>(), FEW);
    }
    missing(it, &mut page, FEW);
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

fn reason(it: &NeedReason) -> Line {
    said(3, it, &it.to_string())
}

/// Words that lead to what something is needed for.
fn said(indent: u8, it: &NeedReason, words: &str) -> Line {
    let line = Line::new(indent, Mark::Plain, words);
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

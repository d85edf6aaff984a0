//! All that somebody holds, folded by place and resource, and what the server says that the operator may do.
//!
//! What everybody of its sort has stands last, below one line. How grants are folded is [`crate::rbac::fold`]'s.

use std::collections::BTreeSet;

use crate::model::evidence::Outcome;
use crate::model::name::Name;
use crate::model::place::Place;
use crate::rbac::danger::{self, DANGERS};
use crate::rbac::defaults;
use crate::rbac::fold::{self, Folded, PermissionRow, PermissionSource};
use crate::rbac::identity::{How, Identity, MASTERS, Membership};
use crate::rbac::review::{Rules, RulesExtent};

use super::reasons::{no_role, of_member};
use super::{groups, scope, verbs};
use crate::text::evidence::Evidence;
use crate::text::{About, Line, Mark, Page, finding, words};

/// More places than this, and each begins closed.
const PLACES: usize = 8;

/// All that somebody holds, folded by place and resource.
pub fn permissions(folded: &Folded) -> Page {
    let places: BTreeSet<&Name> = folded.rows.iter().map(|it| &it.scope).collect();
    let mut page = Page { fold: Some(if places.len() > PLACES { 1 } else { 2 }), ..Page::default() };
    page.say(0, Mark::Title, folded.identity.subject.to_string());
    page.say(1, Mark::Plain, groups(&folded.identity));
    if folded.identity.is_in(MASTERS) {
        page.say(1, Mark::Allow, format!("everything, as a member of {MASTERS}"));
    }
    let (common, own): (Vec<&PermissionRow>, Vec<&PermissionRow>) = folded.rows.iter().partition(|it| is_common(it));
    let words = dangers(&own);
    if !words.is_empty() {
        page.say(1, Mark::Note, format!("risky permissions: {words}"));
    }
    let mut last: Option<&Name> = None;
    for row in own {
        if last != Some(&row.scope) {
            page.say(1, Mark::Title, scope(&row.scope).trim());
            last = Some(&row.scope);
        }
        add_row(&mut page, 2, row, &folded.identity);
    }
    add_common(&mut page, &common, &folded.identity);
    folded.gaps.iter().for_each(|it| page.push(Evidence::gap(it).line(1)));
    folded.behind.iter().for_each(|it| page.say(1, Mark::Note, it));
    for it in &folded.empty {
        let why = match it.outcome {
            Outcome::Unknown => format!("gives nothing that is known: {} is not read", it.role),
            _ => format!("grants nothing: {}", no_role(&it.role, &it.binding)),
        };
        let would = defaults::words(&it.role, &it.binding.namespace).filter(|_| it.outcome != Outcome::Unknown);
        let would = would.map(|it| format!("; {it}")).unwrap_or_default();
        let what = format!("{} {why}{would}", it.binding);
        page.push(Line::new(1, Mark::of(it.outcome), what).linked(&it.binding, &Place::new("roleRef")));
    }
    page
}

/// Whether everybody of its sort has it: only groups that come by themselves give it.
fn is_common(row: &PermissionRow) -> bool {
    row.sources.iter().all(|it| it.how == How::Implied)
}

/// The words of all dangers among these, the worst first.
fn dangers(rows: &[&PermissionRow]) -> String {
    let found: BTreeSet<usize> = rows.iter().filter_map(|it| it.danger()).filter_map(danger::rank).collect();
    found.into_iter().map(|it| DANGERS[it].word).collect::<Vec<_>>().join(", ")
}

/// What everybody of its sort has, below one line that can be opened.
fn add_common(page: &mut Page, rows: &[&PermissionRow], identity: &Identity) {
    if rows.is_empty() {
        return;
    }
    page.say(1, Mark::Title, "inherited from implicit groups");
    let words = dangers(rows);
    let count = words::count(rows.len() as u64, "permission", "permissions");
    let (mark, words) = match words.is_empty() {
        true => (Mark::Plain, String::new()),
        false => (Mark::Note, format!(" ({words})")),
    };
    page.say(2, mark, format!("via implicit groups: {count}{words}"));
    let begin = page.lines.len();
    let mut last: Option<&Name> = None;
    for row in rows {
        if last != Some(&row.scope) {
            page.say(3, Mark::Title, scope(&row.scope).trim());
            last = Some(&row.scope);
        }
        add_row(page, 4, row, identity);
    }
    page.fold_from(begin);
}

fn add_row(page: &mut Page, indent: u8, row: &PermissionRow, identity: &Identity) {
    let danger = row.danger().map(|it| format!(" ({})", it.word)).unwrap_or_default();
    let text = format!("{}: {}{danger}", row.what, verbs(&row.verbs));
    let about = About::Permission {
        scope: row.scope.clone(),
        what: row.what.clone(),
        verbs: row.verbs.iter().cloned().collect(),
    };
    page.push(Line::new(indent, Mark::of(row.outcome()), text).on(about));
    // What several subjects of one binding have is said once.
    let same =
        |a: &PermissionSource, b: &PermissionSource| (&a.binding, &a.role, a.rule) == (&b.binding, &b.role, b.rule);
    for (at, source) in row.sources.iter().enumerate() {
        if row.sources.iter().take(at).any(|it| same(it, source)) {
            continue;
        }
        row.sources.iter().filter(|it| same(it, source)).for_each(|it| add_subject(page, indent + 1, it, identity));
        add_rule(page, indent + 2, source);
        source.findings.iter().for_each(|it| page.push(finding::line(indent + 2, it)));
    }
}

/// A binding, and whom it names.
fn add_subject(page: &mut Page, indent: u8, source: &PermissionSource, identity: &Identity) {
    let (subject, at) = &source.subject;
    let how = identity.groups.iter().find(|(it, _)| subject.strip_prefix("group:") == Some(it));
    let how = how.map_or("", |(_, how)| match how {
        Membership::Given => "",
        Membership::Implied => " (implicit)",
        Membership::Directory => " (by the directory)",
    });
    let names = Place::new("subjects").item(*at);
    let text = format!("{} {names}: names {subject}{how}", source.binding);
    page.push(Line::new(indent, Mark::Plain, text).linked(&source.binding, &names));
}

/// The role's rule, and the member that gave it to an aggregated role.
fn add_rule(page: &mut Page, indent: u8, source: &PermissionSource) {
    let place = Place::new("rules").item(source.rule);
    page.push(Line::new(indent, Mark::Plain, format!("{} {place}", source.role)).linked(&source.role, &place));
    if let Some(member) = &source.member {
        let (id, place) = of_member(member);
        let text = format!("{id} {place}, aggregated into it");
        page.push(Line::new(indent + 1, Mark::Plain, text).linked(&id, &place));
    }
}

/// What the server itself says that the operator may do in a namespace, as its word.
pub fn own_rules(page: &mut Page, namespace: &Name, rules: &Rules) {
    let title = format!("in {namespace}, by SelfSubjectRulesReview, which names no bindings");
    page.say(1, Mark::Title, title);
    for rule in &rules.rules {
        let verbs: Vec<&str> = rule.verbs.iter().map(Name::as_str).collect();
        for what in fold::things(rule) {
            page.say(2, Mark::Allow, format!("{what}: {}", verbs.join(" ")));
        }
    }
    if rules.extent == RulesExtent::Incomplete {
        let why = if rules.error.is_empty() { String::new() } else { format!(": {}", rules.error) };
        page.say(2, Mark::Unknown, format!("the server says that this is not all{why}"));
    }
}

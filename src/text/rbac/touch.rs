//! Who may touch an object, way by way, each with the grants that let them.
//!
//! ```text
//! exec: 2 subjects
//!   sa:shop/web
//! ```
//!
//! Which requests a way consists of is [`crate::rbac::touch`]'s.

use std::collections::BTreeMap;

use crate::kinds;
use crate::model::cluster::Cluster;
use crate::model::evidence::Outcome;
use crate::model::id::ObjectId;
use crate::model::role::Subject;
use crate::people::People;
use crate::rbac::grant::Grant;
use crate::rbac::identity::Identity;
use crate::rbac::index::Index;
use crate::rbac::note::leave_words;
use crate::rbac::request::Request;
use crate::rbac::touch::touches;
use crate::rbac::who::Places;

use super::{add_grants, add_holder, groups};
use crate::text::evidence::Evidence;
use crate::text::{Line, Mark, Page, words};

/// Who asks about an object, and what is known of people.
#[derive(Clone, Copy, Default)]
pub struct Asking<'a> {
    pub people: Option<&'a People>,
    /// Somebody of whom it is said whether they may.
    pub acting: Option<&'a Identity>,
}

/// Who may touch an object, way by way; people and accounts each once with all their grants, `system:masters` left out.
pub fn touch(index: &Index, cluster: &Cluster, id: &ObjectId, asking: Asking<'_>) -> Page {
    let mut page = Page { fold: Some(1), ..Page::default() };
    let Some(spec) = kinds::spec(id.kind) else { return page };
    page.say(0, Mark::Title, format!("who may touch {id}"));
    if let Some(acting) = asking.acting {
        page.say(0, Mark::Note, format!("marked for {}, {}", acting.subject, groups(acting)));
    }
    for touch in touches(id, spec.group, spec.plural) {
        let mut holders: BTreeMap<Subject, Vec<Grant>> = BTreeMap::new();
        let mut gaps: Vec<Evidence> = Vec::new();
        for request in &touch.requests {
            let who = index.who_can(cluster, request, Places::Asked);
            for holder in who.holders.iter().filter(|it| !it.is_always()) {
                let grants = holders.entry(who.subject(holder).clone()).or_default();
                grants.extend(who.grants(holder));
            }
            gaps.extend(who.gaps.iter().map(Evidence::gap).filter(|it| !gaps.contains(it)).collect::<Vec<_>>());
        }
        let mark = match asking.acting {
            Some(acting) => Mark::of(may(index, acting, &touch.requests)),
            None if gaps.is_empty() => Mark::Plain,
            None => Mark::Unknown,
        };
        let count = words::count(holders.len() as u64, "subject", "subjects");
        page.say(1, mark, format!("{}: {count}", touch.word));
        for (subject, mut grants) in holders {
            // A change of a role or a binding meets the guard against escalation besides (rules 47 and 50).
            let guard = || index.may_change(&Identity::new(&subject, &[]), cluster, id);
            let line = match (touch.word == "change").then(guard).flatten() {
                Some(leave) => {
                    let what = format!("{subject}: the guard against escalation {}", leave_words(&leave));
                    Line::new(2, Mark::of(leave.outcome()), what)
                }
                None => Line::new(2, Mark::Title, subject.to_string()),
            };
            add_holder(&mut page, line, &subject, asking.people);
            grants.sort_by(|a, b| a.order().cmp(&b.order()));
            grants.dedup_by(|a, b| a.order() == b.order());
            add_grants(&mut page, 3, Mark::Plain, &grants);
        }
        gaps.iter().for_each(|it| page.push(it.line(2)));
    }
    page
}

/// Whether somebody may do any of these: the best of the outcomes.
fn may(index: &Index, identity: &Identity, requests: &[Request]) -> Outcome {
    let outcomes: Vec<Outcome> = requests.iter().map(|it| index.can(identity, it).outcome()).collect();
    let has = |outcome| outcomes.contains(&outcome).then_some(outcome);
    has(Outcome::Allow).or(has(Outcome::Unknown)).unwrap_or(Outcome::Deny)
}

//! Who may touch an object, way by way, each with the grants that let them.
//!
//! ```text
//! exec: 2 subjects
//!   sa:shop/web
//! ```
//!
//! Which requests a way consists of, and who has it, is [`crate::rbac::touch`]'s.

use crate::people::People;
use crate::rbac::note::leave_words;
use crate::rbac::touch::{HeldWay, Touched, Toucher};

use super::{add_grants, add_holder, groups};
use crate::text::evidence::Evidence;
use crate::text::{Line, Mark, Page, words};

/// Who may touch an object, way by way; people where a directory names them.
pub fn touch(touched: &Touched, people: Option<&People>) -> Page {
    let mut page = Page { fold: Some(1), ..Page::default() };
    page.say(0, Mark::Title, format!("who may touch {}", touched.id));
    if let Some(acting) = &touched.acting {
        page.say(0, Mark::Note, format!("marked for {}, {}", acting.subject, groups(acting)));
    }
    for (at, way) in touched.ways.iter().enumerate() {
        let count = words::count(way.holders.len() as u64, "subject", "subjects");
        // Many ways rest on the same grants: those of the first are told.
        let same = touched.ways[..at].iter().find(|it| !it.holders.is_empty() && is_like(it, way));
        let like = same.map(|it| format!(", the same as {}", it.touch.word)).unwrap_or_default();
        page.say(1, mark(way), format!("{}: {count}{like}", way.touch.word));
        let begin = page.lines.len();
        for toucher in &way.holders {
            add_holder(&mut page, holder(toucher), &toucher.subject, people);
            add_grants(&mut page, 3, Mark::Plain, &toucher.grants);
        }
        if same.is_some() {
            page.fold_from(begin);
        }
        way.gaps.iter().for_each(|it| page.push(Evidence::gap(it).line(2)));
    }
    page
}

/// Whether two ways are held by the same subjects, by the same grants.
fn is_like(one: &HeldWay, other: &HeldWay) -> bool {
    let is_like = |(a, b): (&Toucher, &Toucher)| {
        let orders = a.grants.iter().map(|it| it.order()).eq(b.grants.iter().map(|it| it.order()));
        (&a.subject, a.guard.is_some()) == (&b.subject, b.guard.is_some()) && orders
    };
    one.holders.len() == other.holders.len() && one.holders.iter().zip(&other.holders).all(is_like)
}

fn mark(way: &HeldWay) -> Mark {
    match way.acting {
        Some(outcome) => Mark::of(outcome),
        None if way.gaps.is_empty() => Mark::Plain,
        None => Mark::Unknown,
    }
}

fn holder(toucher: &Toucher) -> Line {
    match &toucher.guard {
        Some(leave) => {
            let what = format!("{}: the guard against escalation {}", toucher.subject, leave_words(leave));
            Line::new(2, Mark::of(leave.outcome()), what)
        }
        None => Line::new(2, Mark::Title, toucher.subject.to_string()),
    }
}

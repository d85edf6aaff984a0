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
    for way in &touched.ways {
        let count = words::count(way.holders.len() as u64, "subject", "subjects");
        page.say(1, mark(way), format!("{}: {count}", way.touch.word));
        for toucher in &way.holders {
            add_holder(&mut page, holder(toucher), &toucher.subject, people);
            add_grants(&mut page, 3, Mark::Plain, &toucher.grants);
        }
        way.gaps.iter().for_each(|it| page.push(Evidence::gap(it).line(2)));
    }
    page
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

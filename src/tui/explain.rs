//! The pages about the selected object: its tabs, from [`TABS`]. To add one, write a function and list it.
//!
//! What stands on them is made by [`crate::ask::explain`] and by `access`.

use super::access;
use crate::ask::Question;
use crate::ask::explain;
use crate::ask::item::Item;
use crate::ask::question::about::{Explain, Touch};
use crate::ask::question::permissions::Permissions;
use crate::ask::scope::CellContext;
use crate::text::Page;

/// One page of an object.
pub struct Tab {
    pub title: &'static str,
    /// Whether objects of this sort have it.
    pub has: fn(&Item) -> bool,
    pub page: fn(CellContext<'_>, &Item) -> Page,
    /// The question that it answers, of an object as it is typed.
    pub question: fn(String) -> Question,
}

/// What an object is.
pub const FACTS: &str = "facts";
/// Who may touch it.
pub const TOUCH: &str = "who may touch";

/// Facts; of a namespace also how it is told which declared flows are denied, since nothing is read for a page.
fn facts(view: CellContext<'_>, item: &Item) -> Page {
    let mut page = explain::facts(view, item);
    if let Item::Namespace(name) = item {
        page.push(explain::unread_gaps(name));
    }
    page
}

fn what_is(object: String) -> Question {
    Question::Explain(Explain { object, ..Explain::default() })
}

/// All tabs, in their order.
pub const TABS: &[Tab] = &[
    Tab { title: FACTS, has: |_| true, page: facts, question: what_is },
    Tab {
        title: "permissions",
        has: |item| matches!(item, Item::Subject(_)),
        page: access::permissions,
        question: |subject| Question::Permissions(Permissions { subject: Some(subject), ..Permissions::default() }),
    },
    Tab {
        title: TOUCH,
        has: |item| item.object().is_some(),
        page: access::touch,
        question: |object| Question::Touch(Touch { object }),
    },
    Tab {
        title: "labels",
        has: |item| !matches!(item, Item::Subject(_) | Item::Workload(_) | Item::Service(_)),
        page: explain::labels,
        question: what_is,
    },
];

/// The tabs that an object has.
pub fn tabs(item: &Item) -> Vec<&'static Tab> {
    TABS.iter().filter(|it| (it.has)(item)).collect()
}

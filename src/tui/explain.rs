//! The pages about the selected object: its tabs, from [`TABS`]. To add one, write a function and list it.
//!
//! What stands on them is made by [`crate::ask::explain`] and by [`super::access`].

use super::access;
use crate::ask::explain;
use crate::ask::item::Item;
use crate::ask::scope::View;
use crate::text::Page;

/// One page of an object.
pub struct Tab {
    pub title: &'static str,
    /// Whether objects of this sort have it.
    pub has: fn(&Item) -> bool,
    pub page: fn(View<'_>, &Item) -> Page,
}

/// All tabs, in their order.
pub const TABS: &[Tab] = &[
    Tab { title: "facts", has: |_| true, page: explain::facts },
    Tab { title: "permissions", has: |item| matches!(item, Item::Subject(_)), page: access::permissions },
    Tab { title: "who may touch", has: |item| item.object().is_some(), page: access::touch },
    Tab { title: "labels", has: |item| !matches!(item, Item::Subject(_) | Item::Service(_)), page: explain::labels },
];

/// The tabs that an object has.
pub fn tabs(item: &Item) -> Vec<&'static Tab> {
    TABS.iter().filter(|it| (it.has)(item)).collect()
}

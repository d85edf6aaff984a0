//! `[1] Namespaces`: [`crate::ask::listing::namespaces`] on the screen.

use super::PaneSpec;
use crate::ask::listing::namespaces::LISTING;
use crate::tui::table::Table;

/// The pane.
pub const PANE: PaneSpec = PaneSpec {
    title: LISTING.title,
    help: LISTING.help,
    new: || Box::new(Table::of(&LISTING, |view| super::why_empty(view, LISTING.sources, LISTING.nothing))),
    concerns: LISTING.concerns,
};

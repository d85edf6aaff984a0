//! `[1] Namespaces`: [`crate::ask::listing::namespaces`] on the screen.

use super::{PaneSpec, pods};
use crate::ask::listing::namespaces::LISTING;
use crate::tui::table::Table;

/// The pane.
pub const PANE: PaneSpec = PaneSpec {
    title: LISTING.title,
    short: "Ns",
    word: "namespaces",
    help: "the pane of namespaces",
    new: || Box::new(Table::of(&LISTING, |view| super::why_empty(view, LISTING.sources, LISTING.nothing))),
    concerns: LISTING.concerns,
    prepare: Some(|world, items| world.count(items.iter().filter_map(|it| it.namespace()))),
    enter: |app, item| {
        app.narrow(item.namespace().cloned().into_iter().collect());
        app.focus.pane = super::at(&pods::PANE);
        Vec::new()
    },
    hints: &["open", "filter", "matrix", "trace", "reach", "pick namespace", "help", "palette"],
    ..PaneSpec::PLAIN
};

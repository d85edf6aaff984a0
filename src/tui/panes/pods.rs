//! `[2] Pods`: [`crate::ask::listing::pods`] on the screen.

use super::{PaneSpec, policies};
use crate::ask::item::Item;
use crate::ask::listing::pods::LISTING;
use crate::tui::table::PaneTable;

/// The pane.
pub const PANE: PaneSpec = PaneSpec {
    title: LISTING.title,
    short: "Pods",
    word: "pods",
    help: "the pane of pods",
    new: || Box::new(PaneTable::of(&LISTING, |view| super::why_empty(view, LISTING.sources, LISTING.nothing))),
    concerns: LISTING.concerns,
    enter: |app, item| {
        let Item::Pod(pod) = item else { return Vec::new() };
        app.leave();
        app.focus.scope.pod = Some(pod);
        app.focus.pane = super::at(&policies::PANE);
        app.refill();
        Vec::new()
    },
    hints: &["trace", "reach", "who", "open", "yaml", "filter", "help", "palette"],
    ..PaneSpec::PLAIN
};

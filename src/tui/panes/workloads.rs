//! `[5] Workloads`: [`crate::ask::listing::workloads`] on the screen.

use super::{PaneSpec, Part};
use crate::ask::listing::workloads::LISTING;
use crate::tui::open_view;
use crate::tui::table::PaneTable;

/// The pane.
pub const PANE: PaneSpec = PaneSpec {
    title: LISTING.title,
    short: "Work",
    word: "workloads",
    help: "the pane of workloads: each is an end of traces and reach",
    new: || Box::new(PaneTable::of(&LISTING, |view| super::why_empty(view, LISTING.sources, LISTING.nothing))),
    concerns: LISTING.concerns,
    part: Part::InFront,
    enter: |app, _| open_view::explain(app),
    hints: &["trace", "reach", "who", "open", "yaml", "filter", "help", "palette"],
    ..PaneSpec::PLAIN
};

//! `[3] Policies`: [`crate::ask::listing::policies`] on the screen.

use super::PaneSpec;
use crate::ask::listing::policies::LISTING;
use crate::ask::scope::View;
use crate::tui::table::Table;

/// The pane.
pub const PANE: PaneSpec = PaneSpec {
    title: LISTING.title,
    help: LISTING.help,
    new: || Box::new(Table::of(&LISTING, empty)),
    concerns: LISTING.concerns,
};

fn empty(view: View<'_>) -> String {
    match &view.scope.pod {
        Some(pod) => format!("no policy governs {pod}: everything may reach it (Esc shows all policies)"),
        None => super::why_empty(view, LISTING.sources, LISTING.nothing),
    }
}

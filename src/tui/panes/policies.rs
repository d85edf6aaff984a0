//! `[3] Policies`: [`crate::ask::listing::policies`] on the screen.

use super::PaneSpec;
use crate::ask::findings::JoinedFindings;
use crate::ask::listing::policies::LISTING;
use crate::ask::scope::CellContext;
use crate::tui::table::{Around, PaneTable};
use crate::tui::{finding, open_view};

/// The pane.
pub const PANE: PaneSpec = PaneSpec {
    title: LISTING.title,
    short: "Pol",
    word: "policies",
    help: "the pane of policies",
    new: || Box::new(PaneTable::of(&LISTING, empty).headed(heading)),
    concerns: LISTING.concerns,
    enter: |app, _| open_view::explain(app),
    hints: &["yaml", "explain", "filter", "sort", "problems only", "help", "palette"],
    ..PaneSpec::PLAIN
};

/// Of one pod only those that select it are shown; how many trust what strangers may write.
fn heading(view: CellContext<'_>) -> Around {
    let before = view.scope.pod.as_ref().map(|it| format!(" on {it}")).unwrap_or_default();
    Around { before, behind: finding::counted(view, JoinedFindings::estranged, "trust strangers") }
}

fn empty(view: CellContext<'_>) -> String {
    match &view.scope.pod {
        Some(pod) => format!("no policy selects {pod}: everything may reach it (Esc shows all policies)"),
        None => super::why_empty(view, LISTING.sources, LISTING.nothing),
    }
}

//! `[1] Namespaces`: [`crate::ask::listing::namespaces`] on the screen.

use super::{PaneSpec, pods};
use crate::ask::findings::JoinedFindings;
use crate::ask::listing::namespaces::LISTING;
use crate::ask::scope::CellContext;
use crate::tui::finding;
use crate::tui::table::{Around, PaneTable};

/// The pane.
pub const PANE: PaneSpec = PaneSpec {
    title: LISTING.title,
    short: "Ns",
    word: "namespaces",
    help: "the pane of namespaces",
    new: || {
        let table = PaneTable::of(&LISTING, |view| super::why_empty(view, LISTING.sources, LISTING.nothing));
        Box::new(table.headed(heading))
    },
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

/// In how many somebody may undo what is denied by default.
fn heading(view: CellContext<'_>) -> Around {
    Around { behind: finding::counted(view, JoinedFindings::undone, "can be undone"), ..Around::default() }
}

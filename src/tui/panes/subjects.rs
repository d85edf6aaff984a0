//! `[4] Subjects`: [`crate::ask::listing::subjects`] on the screen.

use super::PaneSpec;
use crate::ask::findings::JoinedFindings;
use crate::ask::item::Item;
use crate::ask::listing::subjects::LISTING;
use crate::ask::scope::CellContext;
use crate::tui::table::{Around, PaneTable};
use crate::tui::{finding, grants};

/// The pane.
pub const PANE: PaneSpec = PaneSpec {
    title: LISTING.title,
    short: "Subj",
    word: "subjects",
    help: "the pane of users, groups and service accounts",
    new: || {
        let table = PaneTable::of(&LISTING, |view| super::why_empty(view, LISTING.sources, LISTING.nothing));
        Box::new(table.headed(heading))
    },
    concerns: LISTING.concerns,
    prepare: Some(|world, items| {
        let subjects = items.iter().filter_map(|it| if let Item::Subject(subject) = it { Some(subject) } else { None });
        world.weigh(subjects);
    }),
    prepare_all: |world| world.weigh_all(),
    enter: |app, item| match item {
        Item::Subject(subject) => grants::permissions(app, subject, ""),
        _ => Vec::new(),
    },
    matrix: grants::abilities,
    hints: &["open", "reach", "matrix", "see as", "filter", "sort", "explain", "problems only", "help", "palette"],
    ..PaneSpec::PLAIN
};

/// How many lead from the internet to cluster-admin, and who the operator is, where the server said so.
fn heading(view: CellContext<'_>) -> Around {
    let me = view.world.told.me().map(|me| format!(", you {}", me.subject())).unwrap_or_default();
    let led = finding::counted(view, JoinedFindings::led, "internet to admin");
    Around { behind: format!("{led}{me}"), ..Around::default() }
}

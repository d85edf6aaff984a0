//! What lists count beside their rows, worked out beside the loop: no list waits for it.
//!
//! ```text
//! a list is in front, and the cluster is another ──a job, when rested──► World::findings ──► cells, titles
//! ```

use std::sync::Arc;

use super::app::App;
use super::job::{Said, What, Work};
use crate::ask::World;
use crate::ask::findings::JoinedFindings;
use crate::ask::scope::CellContext;

/// What is to be worked out, if what is known is not of now, in a cluster that is listed and small enough.
pub fn wanted(app: &App) -> Option<What> {
    let world = &app.session.world;
    let is_now = world.findings().is_some_and(|it| it.of == world.findable());
    let is_asked = !is_now && !world.cluster.coverage.is_loading() && world.is_small();
    is_asked.then_some(What::Findings)
}

/// Whether something is shown meanwhile.
pub fn has(app: &App) -> bool {
    app.session.world.findings().is_some()
}

/// The work on this world, on a copy of it.
pub fn work(world: &World) -> Work {
    let world = world.clone();
    Box::new(move |watch| {
        JoinedFindings::watched(&world, watch).map_or(Said::Failed, |it| Said::Findings(Arc::new(it)))
    })
}

/// Takes in what was found; the lists are read anew only where it is something else.
pub fn take(app: &mut App, found: Arc<JoinedFindings>) {
    let known = app.session.world.findings();
    let is_news = known.is_none_or(|it| !it.is_same(&found));
    app.session.world.keep_findings(found);
    app.session.stale_lists |= is_news;
}

/// What a title counts, where it is not none.
pub fn counted(view: CellContext<'_>, count: fn(&JoinedFindings) -> usize, words: &str) -> String {
    match view.world.findings().map_or(0, |it| count(&it)) {
        0 => String::new(),
        count => format!(", {count} {words}"),
    }
}

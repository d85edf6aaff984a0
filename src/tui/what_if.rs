//! WHAT-IF: the screen answers for the cluster as it would be with what is staged, while the cluster itself goes on behind.
//!
//! ```text
//! the cluster ──► base ──project──► world, which every pane and answer reads
//! ```
//!
//! Every world that takes the place of another has a later revision, so that nothing that was worked out for the one is
//! taken for the other.

use std::collections::BTreeSet;

use super::app::App;
use super::event::Effect;
use super::proposing::Proposing;
use crate::ask::World;
use crate::change::edits::{self, ProjectedChanges};
use crate::model::cluster::{Delta, FactChange};
use crate::model::id::{Kind, ObjectId};

/// The cluster as it is, while the screen shows what it would be.
pub struct Base {
    pub world: World,
    /// The objects that are otherwise on the screen.
    touched: BTreeSet<ObjectId>,
}

impl App {
    /// The cluster as it is, whatever is taken for made; frozen, as it was then.
    pub(super) fn base(&self) -> &World {
        self.session.what_if.as_ref().map_or(&self.session.world, |it| &it.world)
    }
}

/// Goes to the staged cluster, or back.
pub fn toggle(app: &mut App) -> Vec<Effect> {
    if app.session.what_if.is_some() {
        leave(app);
        app.say("answers are for the cluster as it is");
        return Vec::new();
    }
    enter(app);
    app.say(format!("WHAT-IF: answers are for the cluster with {} applied (W goes back)", app.staging.counted()));
    Vec::new()
}

/// Answers for the staged cluster from now on.
pub fn enter(app: &mut App) {
    if app.session.what_if.is_none() && !app.staging.stage.is_empty() {
        let base = app.session.world.clone();
        show(app, base);
    }
}

fn leave(app: &mut App) {
    let Some(mut base) = app.session.what_if.take() else { return };
    base.world.succeed(&app.session.world);
    app.session.world = base.world;
    app.answers.proposing = Proposing::default();
    app.session.pending.clear();
    app.refill();
    app.reanswer();
}

/// Makes what is shown anew once something is staged otherwise; where nothing is any more, the cluster is shown as it is.
pub fn follow(app: &mut App) {
    if app.staging.stage.is_empty() {
        return leave(app);
    }
    if let Some(base) = app.session.what_if.take() {
        show(app, base.world);
    }
}

/// Takes this for the cluster as it is.
pub fn rebase(app: &mut App, base: World) {
    match app.session.what_if.is_some() {
        true => show(app, base),
        false => app.session.world = base,
    }
    app.refill();
}

/// Shows what this cluster would be.
fn show(app: &mut App, base: World) {
    let ProjectedChanges { deltas, .. } =
        edits::project(&base.cluster, &app.staging.stage.changes()).unwrap_or_default();
    let touched = deltas.iter().filter_map(Delta::object).collect();
    let mut world = base.clone();
    world.stage(deltas);
    world.succeed(&app.session.world);
    app.session.world = world;
    app.session.what_if = Some(Base { world: base, touched });
    // Objects that were held for candidates may be staged otherwise.
    app.answers.proposing = Proposing::default();
    app.session.pending.clear();
    app.refill();
    app.reanswer();
}

/// Takes steps of the cluster in, also below what it would be where that is shown; what changed on the screen.
pub fn learn(app: &mut App, deltas: Vec<Delta>) -> Vec<FactChange> {
    let Some(base) = &mut app.session.what_if else { return app.session.world.apply(deltas) };
    base.world.apply(deltas.clone());
    // What is staged stays as it is staged, and aggregated roles hold what their members would give.
    let is_otherwise = |it: &Delta| match it {
        Delta::Listed { .. } => true,
        other => other.object().is_some_and(|id| id.kind == Kind::CLUSTER_ROLE || base.touched.contains(&id)),
    };
    if deltas.iter().any(is_otherwise) {
        follow(app);
        return Vec::new();
    }
    app.session.world.apply(deltas)
}

//! The cluster as it is against what is staged: worked out beside the loop, on copies of both.
//!
//! Flows and rights come first. What somebody comes to reach by them takes longer, and is told when it is there.

use std::sync::Arc;

use super::app::App;
use super::job::{JobState, Said, What, Work};
use super::page::saying;
use crate::ask::diff::{self, Common, Fold};
use crate::ask::escalation::Watch;
use crate::ask::fix::guards::{self, GuardedChange, Tripped};
use crate::ask::fix::refusal::refused;
use crate::ask::{World, gained, order, staged};
use crate::change::stage::StagedItem;
use crate::change::{Change, Order, Unfit, edits};
use crate::text::{Line, Mark, Page};

/// What a comparison was of, and what it came to.
#[derive(Clone, PartialEq, Debug)]
pub struct ImpactAsOf {
    changes: Vec<Change>,
    revision: u64,
    page: Page,
    order: Order,
    /// What is told of the order.
    told: Vec<Line>,
}

/// What differs in reach, of what.
#[derive(Clone, PartialEq, Debug)]
pub struct Gained {
    changes: Vec<Change>,
    revision: u64,
    lines: Vec<Line>,
}

/// The last comparison.
#[derive(Clone, Debug, Default)]
pub struct ShownImpact {
    last: Option<Arc<ImpactAsOf>>,
    gained: Option<Arc<Gained>>,
}

impl ShownImpact {
    /// Keeps what was worked out.
    pub fn take(&mut self, compared: Arc<ImpactAsOf>) {
        self.last = Some(compared);
    }

    /// Keeps what was worked out of reach.
    pub fn take_gained(&mut self, gained: Arc<Gained>) {
        self.gained = Some(gained);
    }

    /// What is to be compared, if what is kept is not of now: flows and rights before reach.
    pub fn wanted(&self, app: &App) -> Option<What> {
        if app.staging.stage.is_empty() {
            return None;
        }
        let (now, changes) = (app.base().revision(), || app.staging.stage.changes());
        if self.of(app).is_none_or(|it| it.revision != now) {
            return Some(What::Impact(changes()));
        }
        self.gained_of(app).is_none_or(|it| it.revision != now).then(|| What::Gained(changes()))
    }

    /// The same of flows and rights alone, where nothing else is shown.
    pub fn wanted_order(&self, app: &App) -> Option<What> {
        self.wanted(app).filter(|it| matches!(it, What::Impact(_)))
    }

    /// Whether something is kept of what is staged now.
    pub fn has(&self, app: &App) -> bool {
        self.of(app).is_some()
    }

    fn of(&self, app: &App) -> Option<&ImpactAsOf> {
        let now = || app.staging.stage.in_order().into_iter().map(StagedItem::change);
        self.last.as_deref().filter(|it| it.changes.iter().eq(now()))
    }

    fn gained_of(&self, app: &App) -> Option<&Gained> {
        let now = || app.staging.stage.in_order().into_iter().map(StagedItem::change);
        self.gained.as_deref().filter(|it| it.changes.iter().eq(now()))
    }

    /// What differs in reach, or that it is not known yet.
    fn gained_lines(&self, app: &App) -> Vec<Line> {
        match (self.gained_of(app), app.answers.jobs.state()) {
            (Some(gained), _) => gained.lines.clone(),
            (None, JobState::Failed) => vec![Line::new(0, Mark::Unknown, "reach: it could not be worked out")],
            (None, _) => vec![Line::new(0, Mark::Plain, "reach: computing")],
        }
    }

    /// The comparison as a page.
    pub fn page(&self, app: &App) -> Page {
        if app.staging.stage.is_empty() {
            return saying(Mark::Plain, "nothing is staged");
        }
        let mut page = Page::default();
        page.push(Line::new(
            0,
            Mark::Title,
            format!("the cluster as it is against {}", staged::heading(&app.staging.told())),
        ));
        match (self.of(app), app.answers.jobs.state()) {
            (Some(compared), _) => {
                page.add(0, compared.page.clone());
                page.lines.extend(self.gained_lines(app));
            }
            (None, JobState::Failed) => page.say(0, Mark::Unknown, "the comparison failed"),
            (None, _) => page.say(0, Mark::Plain, "computing"),
        }
        page
    }

    /// The same as text, where it is worked out.
    pub fn text(&self, app: &App) -> String {
        let Some(compared) = self.of(app) else { return String::new() };
        let mut page = compared.page.clone();
        page.lines.extend(self.gained_of(app).iter().flat_map(|it| it.lines.iter().cloned()));
        page.to_string()
    }

    /// What is staged, in the order in which it is made; checked, where that is worked out.
    pub fn in_order<'a>(&self, app: &'a App) -> Vec<&'a StagedItem> {
        let usual = app.staging.stage.in_order();
        self.of(app).map_or_else(|| usual.clone(), |it| it.order.of(&usual))
    }

    /// What is told of that order; nothing of a single change.
    pub fn order_lines(&self, app: &App) -> Vec<Line> {
        match (self.of(app), app.answers.jobs.state()) {
            (Some(compared), _) => compared.told.clone(),
            (None, _) if app.staging.stage.items().len() < 2 => Vec::new(),
            (None, JobState::Failed) => vec![Line::new(0, Mark::Unknown, "order: it could not be checked")],
            (None, _) => vec![Line::new(0, Mark::Unknown, "order: not checked yet")],
        }
    }
}

/// The work that compares a cluster with the same once these changes are made, and checks in which order they are.
pub fn work(base: &World, changes: Vec<Change>) -> Work {
    let (base, revision) = (base.clone(), base.revision());
    Box::new(move |_| {
        let (page, order, told) = compare(&base, &changes).unwrap_or_else(|why| {
            let order = Order { places: (0..changes.len()).collect(), ..Order::default() };
            (saying(Mark::Unknown, why.to_string()), order, Vec::new())
        });
        Said::Impact(Arc::new(ImpactAsOf { changes, revision, page, order, told }))
    })
}

/// The work that tells what somebody comes to reach by these changes.
pub fn work_out_reach(base: &World, changes: Vec<Change>) -> Work {
    let (base, revision) = (base.clone(), base.revision());
    Box::new(move |watch| {
        let lines = reach(&base, &changes, watch).unwrap_or_default();
        Said::Gained(Arc::new(Gained { changes, revision, lines }))
    })
}

fn reach(base: &World, changes: &[Change], watch: Watch<'_>) -> Result<Vec<Line>, Unfit> {
    let mut after = base.clone();
    after.stage(edits::project(&base.cluster, changes)?.deltas);
    let reach = gained::compare(base, &after, gained::AMPLE, watch);
    let head = gained::counts(Some(&reach)).unwrap_or_else(|| "reach: nobody comes to more or less".to_owned());
    let mut lines = vec![Line::new(0, Mark::Title, head)];
    lines.extend(gained::lines(&reach));
    Ok(lines)
}

/// What these changes come to, in which order they are made, and what is told of that.
fn compare(base: &World, changes: &[Change]) -> Result<(Page, Order, Vec<Line>), Unfit> {
    let projected = edits::project(&base.cluster, changes)?;
    let mut after = base.clone();
    after.stage(projected.deltas);
    let impact = diff::compare(base, &after, Common::ALL);
    let order = order::of(base, &after, &impact, changes)?;
    let mut page = diff::page(&impact, Fold::Folded);
    let seen = GuardedChange { before: base, after: &after, impact: &impact, changes };
    page.lines.extend(guards::tripped(&seen).iter().map(Tripped::line));
    refused(base, &after, changes).iter().for_each(|it| page.say(0, Mark::Deny, it));
    projected.notes.iter().for_each(|it| page.say(1, Mark::Note, it));
    let told = order::lines(&order, changes);
    page.lines.extend(told.iter().cloned());
    Ok((page, order, told))
}

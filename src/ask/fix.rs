//! `fix`: changes that make one thing otherwise, each checked on a copy of the world before it is shown.
//!
//! ```text
//! what is asked ──change::fix──► drafts ──on a copy──► both engines asked again, compare ──► candidates, best first
//! ```
//!
//! A draft that does not do what was asked, or does the opposite to somebody else, is dropped: no candidate that allows
//! closes a flow, none that denies opens one (CONTRACT §9).

mod flows;
pub mod guards;
pub mod isolate;
mod page;
pub mod refusal;
pub mod revoke;

use super::baseline::Baseline;
use super::diff::{self, Common};
use super::many::unit_text;
use super::order;
use super::world::SelfCheck;
use super::{Fault, World, gained};
use crate::change::edits::{Change, Op, project};
use crate::change::fix::Draft;
use crate::change::fix::allow::FixGround;
use crate::change::{DifferingFlow, FlowChange, GrantChange, GrantRow, Impact, ReachChange};
use crate::model::evidence::Outcome;
use crate::text::evidence::Evidence;

use guards::GuardedChange;

pub use crate::escalate::Certainty;
pub use flows::{FlowAsk, FlowTurn, wholes};

/// One way to do it, with all that it changes.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// In the order in which they are to be made.
    pub changes: Vec<Change>,
    /// What each change does.
    pub what: Vec<String>,
    /// What should be known of it.
    pub notes: Vec<Evidence>,
    pub impact: Impact,
    /// Why the server will refuse it.
    pub refused: Vec<String>,
    pub certainty: Certainty,
    /// The world with it made.
    pub after: Box<World>,
    /// How many rows of the impact are about something else than what was asked.
    pub besides: usize,
    /// Whether it is about more than was asked, where the impact cannot tell.
    pub is_coarse: bool,
    /// Whether a policy that denies by default would hold a rule.
    pub fills_default_deny: bool,
    /// Whether it is the baseline: what manifests declare is kept.
    pub is_baseline: bool,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct FixAnswer {
    /// What was asked, in a line.
    pub asked: String,
    /// Best first.
    pub candidates: Vec<Candidate>,
    /// Why there is none, or not one that is certain; and what should be known.
    pub reasons: Vec<Evidence>,
    /// Whether there is none because not all that it rests on is known.
    pub is_unsure: bool,
    /// What manifests declare, where a candidate keeps that.
    pub declared: Option<KeptByDeclaration>,
}

/// What a candidate keeps because manifests declare it, or because somebody said so.
#[derive(Clone, PartialEq, Debug)]
pub struct KeptByDeclaration {
    pub baseline: Baseline,
    /// The flows that are kept by hand: ends, as they were said.
    pub kept: Vec<(String, String)>,
    pub keeps_current: bool,
}

impl FixAnswer {
    /// Nothing is known yet of what makes it so.
    pub(super) fn of(asked: String) -> Self {
        Self { asked, candidates: Vec::new(), reasons: Vec::new(), is_unsure: false, declared: None }
    }

    /// Allow: some candidate; deny: none, or it is as asked already; unknown: none that is certain (CONTRACT §9).
    pub fn outcome(&self) -> Outcome {
        let certain = self.candidates.iter().any(|it| it.certainty == Certainty::Certain);
        match (certain, self.candidates.is_empty() && !self.is_unsure) {
            (true, _) => Outcome::Allow,
            (false, true) => Outcome::Deny,
            (false, false) => Outcome::Unknown,
        }
    }
}

/// What a candidate may not do to flows that nobody asked about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum FixBound {
    /// Whatever it opens, it closes none.
    Opens,
    /// Whatever it closes, it opens none.
    Closes,
    /// Whatever rights it takes, it gives none.
    Takes,
}

/// A world that is as asked.
pub(super) struct Verified {
    pub certainty: Certainty,
    /// What is not known, where that is not sure.
    pub because: Vec<Evidence>,
}

impl From<Certainty> for Verified {
    fn from(certainty: Certainty) -> Self {
        Self { certainty, because: Vec::new() }
    }
}

/// What drafts are checked against.
pub(super) struct Trial<'a> {
    pub world: &'a World,
    pub bound: FixBound,
    /// Whether a world is as asked; `None`: it is not.
    pub holds: &'a dyn Fn(&World) -> Option<Verified>,
    /// Whether a flow that differs is one that was asked about.
    pub is_meant: &'a dyn Fn(&DifferingFlow) -> bool,
    /// The same of a right.
    pub is_meant_grant: &'a dyn Fn(&GrantRow) -> bool,
}

impl Trial<'_> {
    /// Those of these drafts that do what was asked and nothing that they may not, best first.
    ///
    /// # Errors
    /// The engines differ about one of them.
    pub fn candidates(&self, drafts: Vec<Draft>) -> Result<Vec<Candidate>, Fault> {
        let mut all: Vec<Candidate> = Vec::new();
        for draft in drafts {
            all.extend(self.candidate(draft)?);
        }
        all.sort_by_cached_key(|it| (it.certainty, it.besides, it.is_coarse, it.changes.len(), self.weight(it)));
        // What denies by default goes on saying just that, where anything else does as surely.
        let other = all.iter().filter(|it| !it.fills_default_deny).map(|it| it.certainty).min();
        all.retain(|it| !it.fills_default_deny || other.is_none_or(|other| other > it.certainty));
        Ok(all)
    }

    /// How much there is to read in a candidate: of an object that is there already, what differs.
    fn weight(&self, it: &Candidate) -> usize {
        let size = |change: &Change| {
            let before = change.id().ok().filter(|_| change.op == Op::Update);
            let before = before.and_then(|it| self.world.manifests.get(&it)).map(lines);
            let after = lines(&change.object);
            let before = before.unwrap_or_default();
            before.iter().filter(|it| !after.contains(it)).chain(after.iter().filter(|it| !before.contains(it))).count()
        };
        it.changes.iter().map(size).sum()
    }

    fn candidate(&self, draft: Draft) -> Result<Option<Candidate>, Fault> {
        let Some(after) = with(self.world, &draft.changes).filter(|_| !draft.changes.is_empty()) else {
            return Ok(None);
        };
        let verified = (self.holds)(&after);
        if let Some(first) = after.differences().first() {
            let hint = "this is a defect of kreach: please report it with `kreach snapshot`";
            return Err(Fault::new(format!("self-check: the engines differ about a candidate: {first}"), hint));
        }
        let Some(Verified { certainty, because }) = verified else { return Ok(None) };
        let mut impact = diff::compare(self.world, &after, Common::ALL);
        let gives = self.bound == FixBound::Takes && impact.grants.iter().any(|it| it.change == GrantChange::Given);
        if gives || impact.flows.iter().any(|it| self.bound.is_broken_by(it)) {
            return Ok(None);
        }
        let besides: Vec<&DifferingFlow> = impact.flows.iter().filter(|it| !(self.is_meant)(it)).collect();
        let mut notes: Vec<Evidence> = draft.notes.iter().map(note).collect();
        notes.extend(told("flows", &besides, |it| flow_row(it)));
        let grants: Vec<&GrantRow> = impact.grants.iter().filter(|it| !(self.is_meant_grant)(it)).collect();
        notes.extend(told("rights", &grants, |it| grant_row(it)));
        let besides = besides.len() + grants.len();
        diff::add_reach(&mut impact, self.world, &after, gained::SPARE);
        // What somebody comes to reach by it is more than was asked, whatever that was.
        let gained = impact.reach.as_ref().map_or(0, |it| it.count(ReachChange::Gained));
        let besides = besides + gained as usize;
        let Draft { changes, what, is_coarse, fills_default_deny, .. } = draft;
        let (changes, interrupted) = in_order(self.world, &after, &impact, changes);
        notes.extend(interrupted);
        let seen = GuardedChange { before: self.world, after: &after, impact: &impact, changes: &changes };
        notes.extend(guards::found(&seen).into_iter().map(note));
        notes.extend(because);
        let refused = refusal::refused(self.world, &after, &changes);
        Ok(Some(Candidate {
            changes,
            what,
            notes,
            impact,
            refused,
            certainty,
            after: Box::new(after),
            besides,
            is_coarse,
            fills_default_deny,
            is_baseline: false,
        }))
    }
}

/// The world with these changes made, in which everything is decided twice; `None`: a change is no object that is read.
pub(super) fn with(world: &World, changes: &[Change]) -> Option<World> {
    let projected = project(&world.cluster, changes).ok()?;
    let mut after = world.clone();
    after.check = SelfCheck::On;
    after.apply(projected.deltas);
    Some(after)
}

/// What is known of a world while drafts for it are made.
pub(super) fn ground(world: &World) -> FixGround<'_> {
    FixGround { cluster: &world.cluster, index: world.net(), manifests: &world.manifests }
}

pub(super) fn note(what: impl Into<String>) -> Evidence {
    Evidence::new(crate::text::Mark::Note, what)
}

/// Changes in the order in which they are to be made, and what that interrupts.
fn in_order(world: &World, after: &World, impact: &Impact, changes: Vec<Change>) -> (Vec<Change>, Vec<Evidence>) {
    let Ok(order) = order::of(world, after, impact, &changes) else { return (changes, Vec::new()) };
    let lines = if order.is_clean() { Vec::new() } else { order::lines(&order, &changes) };
    let told = lines.into_iter().map(|it| Evidence::new(it.mark, it.text));
    (order.of(&changes), told.collect())
}

/// An object line by line.
fn lines(object: &serde_json::Value) -> Vec<String> {
    let text = serde_json::to_string_pretty(object).unwrap_or_default();
    text.lines().map(|it| it.trim_end_matches(',').to_owned()).collect()
}

/// What else differs, the first few of these rows.
fn told<T>(what: &str, besides: &[T], row: impl Fn(&T) -> String) -> Option<Evidence> {
    const SHOWN: usize = 3;
    let shown: Vec<String> = besides.iter().take(SHOWN).map(row).collect();
    let more = match besides.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    (!shown.is_empty()).then(|| note(format!("changes other {what} too: {}{more}", shown.join("; "))))
}

fn flow_row(it: &DifferingFlow) -> String {
    format!("{} {} -> {} {}", it.change.as_str(), unit_text(&it.from), unit_text(&it.to), diff::difference(it))
}

fn grant_row(it: &GrantRow) -> String {
    format!("{} {} {}", it.change.as_str(), it.subject, diff::right(it))
}

impl FixBound {
    fn is_broken_by(self, flow: &DifferingFlow) -> bool {
        let (less, more) = match self {
            FixBound::Opens => (&flow.before, &flow.after),
            FixBound::Closes => (&flow.after, &flow.before),
            FixBound::Takes => return false,
        };
        let may = |it: &crate::change::MapPorts| it.some.union(&it.unknown);
        let is_less = |a: &crate::model::port::PortSet, b: &crate::model::port::PortSet| a.difference(b).is_empty();
        let grows =
            is_less(&less.some, &more.some) && is_less(&less.every, &more.every) && is_less(&may(less), &may(more));
        let opposite = if self == FixBound::Opens { FlowChange::Closed } else { FlowChange::Opened };
        !grows || flow.change == opposite
    }
}

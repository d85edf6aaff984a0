//! What is shown before changes are applied: what they do, what they change in the cluster, and what stands in the way.
//!
//! ```text
//! the cluster as it is now + the objects as the server would have them ──weigh──► Weighed: a page, guards, the impact
//! ```
//!
//! The objects are those of the server's own dry run, so that what its defaults and its admission make of them is weighed.

use std::collections::BTreeSet;

use super::diff::{self, Common, Fold};
use super::fix::guards::{self, GuardedChange, Stops, Tripped};
use super::{World, gained, order};
use crate::change::edits::{Change, Op, Unfit, project};
use crate::change::object::owner;
use crate::change::{GrantRow, Impact, Order};
use crate::model::cluster::Cluster;
use crate::model::coverage::{Coverage, KindCoverage};
use crate::model::id::Kind;
use crate::net::reach::Unit;
use crate::text::coverage::plural;
use crate::text::{Line, Mark, Page, words};

pub use super::fix::guards::named_guard;

/// What changes come to, on the cluster as it is now.
#[derive(Clone)]
pub struct Weighed {
    /// In the order in which they are made.
    pub changes: Vec<Change>,
    pub order: Order,
    pub impact: Impact,
    /// The world with them made.
    pub after: Box<World>,
    /// What is told of that order.
    told: Vec<Line>,
    /// Guards that found something.
    pub tripped: Vec<Tripped>,
    /// What should be known of them.
    pub notes: Vec<String>,
}

/// Why nothing may be applied on what is known of the cluster; `None`: what it rests on is live.
pub fn unready(cluster: &Cluster) -> Option<String> {
    let all = cluster.coverage.kinds.iter().flat_map(|(kind, it)| {
        std::iter::once(&it.everywhere).chain(it.namespaces.values()).map(|coverage| (*kind, coverage))
    });
    let found = all.into_iter().find_map(|(kind, it)| match it {
        Coverage::Stale { .. } => Some(format!("{} are stale", plural(kind))),
        Coverage::Loading => Some(format!("{} are still being read", plural(kind))),
        _ => None,
    });
    let is_nothing = cluster.coverage.kinds.is_empty() && cluster.coverage.otherwise == Coverage::Loading;
    found.or_else(|| is_nothing.then(|| "nothing is read yet".to_owned()))
}

/// Who the server says the operator is; empty where it does not.
pub fn operator(world: &World) -> String {
    world.told.me().map(|it| it.identity(&[]).subject.to_string()).unwrap_or_default()
}

/// What could not be read, and leaves the impact unsure.
fn unsure(cluster: &Cluster) -> Option<String> {
    let is_missing = |it: &Coverage| matches!(it, Coverage::Forbidden { .. } | Coverage::Failed { .. });
    let lacks = |it: &KindCoverage| is_missing(&it.everywhere) || it.namespaces.values().any(is_missing);
    let all = cluster.coverage.kinds.iter().filter(|(_, it)| lacks(it));
    let kinds: BTreeSet<&str> = all.map(|(kind, _)| plural(*kind)).collect();
    let kinds: Vec<String> = kinds.into_iter().map(str::to_owned).collect();
    (!kinds.is_empty()).then(|| format!("the impact is unsure: {} cannot be read", words::listed(&kinds)))
}

/// Weighs changes.
///
/// # Errors
/// An object is of no kind that is read, or has no name.
pub fn weigh(world: &World, changes: Vec<Change>) -> Result<Weighed, Unfit> {
    let projected = project(&world.cluster, &changes)?;
    let mut after = world.clone();
    after.apply(projected.deltas);
    let mut impact = diff::compare(world, &after, Common::ALL);
    diff::add_reach(&mut impact, world, &after, gained::SPARE);
    let order = order::of(world, &after, &impact, &changes)?;
    let mut notes: Vec<String> = Vec::new();
    let told = order::lines(&order, &changes);
    let changes = order.of(&changes);
    let seen = GuardedChange { before: world, after: &after, impact: &impact, changes: &changes };
    let tripped = guards::tripped(&seen);
    notes.extend(guards::unchecked(&seen));
    notes.extend(unsure(&world.cluster));
    notes.extend(owners(&changes));
    notes.extend(enforced(&changes));
    Ok(Weighed { impact, after: Box::new(after), tripped, notes, told, changes, order })
}

/// Whose objects they are: who will write them back.
fn owners(changes: &[Change]) -> Vec<String> {
    let told = |it: &Change| {
        let (by, id) = (owner(&it.object)?, it.id().ok()?);
        Some(format!("{id} is managed by {by}, which will revert it; export the change and make it there instead"))
    };
    changes.iter().filter(|it| it.op != Op::Create).filter_map(told).collect()
}

/// Where the API server is not the one that enforces it.
fn enforced(changes: &[Change]) -> Option<String> {
    let is_rights = |it: &Change| it.id().is_ok_and(|it| RIGHTS.contains(&it.kind));
    let note = "policies are enforced by the network plugin, which may take longer than the API server; established \
                connections may survive a policy change";
    (!changes.iter().all(is_rights)).then(|| note.to_owned())
}

const RIGHTS: [Kind; 5] =
    [Kind::ROLE, Kind::CLUSTER_ROLE, Kind::ROLE_BINDING, Kind::CLUSTER_ROLE_BINDING, Kind::SERVICE_ACCOUNT];

impl Weighed {
    /// The guards that stop it, less those that are overridden.
    pub fn stopped_by<'a>(&'a self, overridden: &'a [String]) -> impl Iterator<Item = &'a Tripped> {
        let stops =
            |it: &&Tripped| it.guard.stops == Stops::Apply && !overridden.iter().any(|name| name == it.guard.name);
        self.tripped.iter().filter(stops)
    }

    /// The first line of what it changes.
    pub fn headline(&self) -> String {
        diff::headline(&self.impact).text
    }

    /// The whole of it, each change first.
    pub fn page(&self) -> Page {
        let mut page = Page::default();
        let count = words::count(self.changes.len() as u64, "change", "changes");
        page.say(0, Mark::Title, format!("{count}, tried by the server (dry run), in this order"));
        for change in &self.changes {
            let id = change.id().map(|it| it.to_string()).unwrap_or_default();
            page.push(Line::new(1, Mark::Plain, format!("{}  {id}", change.op.as_str())));
        }
        self.told.iter().for_each(|it| page.push(it.clone()));
        page.add(0, diff::page(&self.impact, Fold::Folded));
        // Whose objects they are is said of each of them below.
        let told = self.tripped.iter().filter(|it| it.guard.name != "managed");
        told.for_each(|it| page.push(it.line()));
        self.notes.iter().for_each(|it| page.say(0, Mark::Note, it));
        page
    }

    /// Whether another weighing says the same, so that what was confirmed of the one holds of the other.
    pub fn is_same(&self, other: &Weighed) -> bool {
        let words = |it: &Weighed| it.tripped.iter().map(Tripped::words).collect::<Vec<_>>();
        self.impact.is_same(&other.impact)
            && self.order == other.order
            && words(self) == words(other)
            && self.notes == other.notes
    }
}

/// What the cluster came to, against what was predicted: a line, and what differs below it.
///
/// A cluster goes on changing. What differs of the predicted flows and rights is told; of all else only that it does.
pub fn arrived(predicted: &Weighed, now: &World) -> (bool, Page) {
    let mut rest = diff::compare(&predicted.after, now, Common::ALL);
    let all = rest.flows.len() + rest.grants.len();
    let flows: BTreeSet<(&Unit, &Unit)> = predicted.impact.flows.iter().map(|it| (&it.from, &it.to)).collect();
    let is_same = |a: &GrantRow, b: &GrantRow| (&a.subject, &a.scope, &a.what) == (&b.subject, &b.scope, &b.what);
    rest.flows.retain(|it| flows.contains(&(&it.from, &it.to)));
    rest.grants.retain(|it| predicted.impact.grants.iter().any(|other| is_same(it, other)));
    let ours = rest.flows.len() + rest.grants.len();
    let mut page = Page::default();
    match ours {
        0 => page.say(0, Mark::Allow, "the cluster is as predicted"),
        _ => {
            page.say(0, Mark::Note, "the cluster differs from what was predicted, or the change has not arrived yet");
            let mut differs = diff::page(&rest, Fold::Folded);
            differs.lines.remove(0);
            page.add(0, differs);
        }
    }
    if all > ours {
        let count = words::count((all - ours) as u64, "other flow or right", "other flows and rights");
        page.say(0, Mark::Note, format!("{count} changed meanwhile by what else happens in the cluster"));
    }
    (ours == 0, page)
}

//! One session with a cluster: every wanted kind is followed, and the loop hears of it when it has time.
//!
//! ```text
//! follow pods ────┐
//! follow nodes ───┤ reports           merged while nobody listens        bounded: 2 batches
//! discovery ──────┼──────────► session ─────────────────────────────────► the loop in run
//! identity ───────┘              └─ 403 on a kind? follow it namespace by namespace
//! ```
//!
//! The session never waits for the loop (E8): what comes meanwhile is merged, the last word on each object stays.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kube::Client;
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use super::by_name;
use super::discovery::{self, Discovered};
use super::follow::Follow;
use super::health::{Batch, Condition, Health};
use super::identity;
use super::merge::Pending;
use super::storage::{self, Belief, Doubt};
use super::watch::{Report, SessionParts, follow};
use crate::kinds::{Intern, KINDS, KindSpec, Presence, spec};
use crate::model::cluster::{AnyFact, Delta};
use crate::model::coverage::Scope;
use crate::model::id::Kind;
use crate::model::name::Name;

/// How many lists may come in at once (R3).
const LISTS: usize = 4;
/// In how many namespaces a kind is followed that may not be listed as a whole; a connection each.
const NAMESPACES: usize = 20;
/// How often a rewound history may make us read everything again.
const REWIND_EVERY: Duration = Duration::from_secs(30);
/// How many reports may wait for the session, and how many batches for the loop.
const REPORTS: usize = 64;
const BATCHES: usize = 2;

/// What a session follows.
#[derive(Clone, Debug)]
pub struct SessionKinds {
    pub kinds: Vec<&'static KindSpec>,
    /// Where to look when a kind may not be listed as a whole: `-n`, and the context's namespace.
    pub namespaces: Vec<Name>,
}

impl SessionKinds {
    /// Every kind that we read.
    pub fn everything(namespaces: Vec<Name>) -> Self {
        Self { kinds: KINDS.iter().collect(), namespaces }
    }
}

/// Steers a session; dropping it ends the session.
pub struct Control {
    resync: watch::Sender<u64>,
    woken: watch::Sender<u64>,
}

impl Control {
    /// Reads everything again at once.
    pub fn resync(&self) {
        self.resync.send_modify(|it| *it += 1);
    }

    /// The machine has slept (T2): all that is live is as of before, until its watch is open anew; that is tried at once.
    pub fn woke(&self) {
        self.woken.send_modify(|it| *it += 1);
    }

    /// Ends the session: all its requests and tasks.
    pub fn stop(self) {}
}

/// Follows the wanted kinds; to be called within a tokio runtime.
///
/// The receiver closes only when the control is gone (or a task of ours has panicked).
pub fn start(client: Client, wanted: SessionKinds) -> (mpsc::Receiver<Batch>, Control) {
    let (resync, orders) = watch::channel(0);
    let (woken, wakes) = watch::channel(0);
    let (batches, receiver) = mpsc::channel(BATCHES);
    tokio::spawn(async move {
        if let Some(mut session) = WatchSession::begin(client, wanted, orders, wakes) {
            session.run(batches).await;
        }
    });
    (receiver, Control { resync, woken })
}

struct WatchSession {
    wanted: SessionKinds,
    shared: SessionParts,
    orders: watch::Receiver<u64>,
    wakes: watch::Receiver<u64>,
    resync: watch::Sender<u64>,
    room: watch::Sender<bool>,
    reports: mpsc::Receiver<Report>,
    tasks: JoinSet<()>,
    pending: Pending,
    /// The followers of kinds that may not be listed as a whole.
    parts: BTreeMap<Kind, BTreeMap<Name, AbortHandle>>,
    /// The namespaces that the cluster was seen to have.
    seen: BTreeSet<Name>,
    /// Kinds that are being tried again.
    failing: BTreeSet<(Kind, Scope)>,
    lists: PendingLists,
    look_again: Arc<Notify>,
    who_again: Arc<Notify>,
    rewound: Option<Instant>,
    belief: Belief,
    doubts: watch::Receiver<Option<Doubt>>,
}

impl WatchSession {
    fn begin(
        client: Client,
        wanted: SessionKinds,
        orders: watch::Receiver<u64>,
        wakes: watch::Receiver<u64>,
    ) -> Option<Self> {
        let (report, reports) = mpsc::channel(REPORTS);
        let (found, discovered) = watch::channel(Discovered::default());
        let (resync, resynced) = watch::channel(0);
        let (room, has_room) = watch::channel(true);
        let lists = Arc::new(Semaphore::new(LISTS));
        let shared = SessionParts {
            client: client.clone(),
            lists,
            room: has_room,
            reports: report,
            discovered,
            resync: resynced,
            woken: wakes.clone(),
            intern: Arc::new(Mutex::new(Intern::of_facts())),
        };
        let (look_again, who_again) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let mut tasks = JoinSet::new();
        for spec in &wanted.kinds {
            tasks.spawn(follow(Follow::new(spec, Scope::Everywhere), shared.clone()));
        }
        if wanted.kinds.iter().any(|it| it.presence == Presence::IfServed) {
            tasks.spawn(discovery::keep(client, wanted.kinds.clone(), found, look_again.clone()));
        }
        let (doubt, doubts) = watch::channel(None);
        tasks.spawn(storage::keep(shared.client.clone(), doubt));
        tasks.spawn(identity::keep(shared.client.clone(), shared.reports.clone(), who_again.clone()));
        let (parts, seen, failing) = Default::default();
        let lists = PendingLists::of(wanted.kinds.iter().map(|it| it.kind));
        let pending = Pending::default();
        let rewound = None;
        Some(Self {
            wanted,
            shared,
            orders,
            wakes,
            resync,
            room,
            reports,
            tasks,
            pending,
            parts,
            seen,
            failing,
            lists,
            look_again,
            who_again,
            rewound,
            belief: Belief::default(),
            doubts,
        })
    }

    async fn run(&mut self, batches: mpsc::Sender<Batch>) {
        loop {
            let has_room = self.pending.has_room();
            self.room.send_if_modified(|it| std::mem::replace(it, has_room) != has_room);
            tokio::select! {
                ordered = self.orders.changed() => match ordered {
                    Ok(()) => self.resync.send_modify(|it| *it += 1),
                    Err(_) => return,
                },
                // Those who wait to tell more do not read on meanwhile (P5).
                Some(report) = self.reports.recv(), if !self.pending.is_full() => self.take(report),
                Ok(()) = self.wakes.changed() => {
                    self.who_again.notify_one();
                    self.look_again.notify_one();
                }
                Ok(()) = self.doubts.changed() => {
                    let deltas = self.belief.doubted(self.doubts.borrow_and_update().clone());
                    self.pending.add(Batch { deltas, ..Batch::default() });
                }
                place = batches.reserve(), if !self.pending.is_empty() => match place {
                    Ok(place) => place.send(self.pending.take()),
                    Err(_) => return,
                },
                Some(ended) = self.tasks.join_next() => {
                    // A bug of ours must not leave a screen that is half alive: the receiver closes.
                    if ended.is_err_and(|it| it.is_panic()) {
                        return;
                    }
                }
            }
        }
    }

    fn take(&mut self, mut report: Report) {
        self.belief.pass(&mut report.batch.deltas);
        self.watch_namespaces(&report);
        self.watch_health(&report);
        if report.absent {
            self.look_again.notify_one();
        }
        if report.rewound && self.rewound.is_none_or(|it| it.elapsed() >= REWIND_EVERY) {
            self.rewound = Some(Instant::now());
            self.resync.send_modify(|it| *it += 1);
        }
        let (kind, scope, denied) = (report.kind, report.scope, report.denied);
        self.pending.add(report.batch);
        if denied && scope == Scope::Everywhere {
            self.parts.entry(kind).or_default();
        }
        self.follow_parts();
    }

    /// Keeps the names of the namespaces that there are: where to look when the whole is forbidden.
    fn watch_namespaces(&mut self, report: &Report) {
        if report.kind != Kind::NAMESPACE {
            return;
        }
        for delta in &report.batch.deltas {
            match delta {
                Delta::Put(entry) => self.seen.extend(namespace(&entry.fact)),
                Delta::Gone(id) => drop(self.seen.remove(&id.name)),
                Delta::Listed { entries, .. } => {
                    self.seen = entries.iter().filter_map(|it| namespace(&it.fact)).collect();
                }
                _ => {}
            }
        }
    }

    fn watch_health(&mut self, report: &Report) {
        for health in &report.batch.health {
            if self.lists.hear(health) == LastList::JustThrough {
                self.stop_sharing();
            }
            let key = (health.kind, health.scope.clone());
            match &health.condition {
                Condition::Retrying { .. } => drop(self.failing.insert(key)),
                Condition::Following | Condition::ListedAlone => {
                    // The server that comes back may not be the one that went (G5).
                    if self.failing.remove(&key) {
                        self.who_again.notify_one();
                    }
                    if health.scope == Scope::Everywhere {
                        self.whole_again(health.kind);
                    }
                }
                _ => {}
            }
        }
    }

    /// Lets go of the tables by which equal things were found.
    ///
    /// They pay while lists come in. Events change a few objects at a time: what these have in common with the others
    /// is worth less than tables of all that is held.
    fn stop_sharing(&self) {
        let mut held = self.shared.intern();
        let tables = std::mem::replace(&mut *held, Intern::of_facts());
        // Nobody waits while they go.
        drop(held);
        drop(tables);
    }

    /// A kind may be listed as a whole after all.
    fn whole_again(&mut self, kind: Kind) {
        self.lists.forget_parts(kind);
        for handle in self.parts.remove(&kind).into_iter().flat_map(BTreeMap::into_values) {
            handle.abort();
        }
    }

    /// Follows forbidden kinds where they may be allowed.
    fn follow_parts(&mut self) {
        let wished = self.wanted.namespaces.iter().filter(|it| !it.is_empty());
        let names: Vec<Name> = wished.chain(&self.seen).fold(Vec::new(), |mut names, it| {
            if names.len() < NAMESPACES && !names.contains(it) {
                names.push(it.clone());
            }
            names
        });
        for (kind, parts) in &mut self.parts {
            let Some(spec) = spec(*kind) else { continue };
            for name in names.iter().filter(|_| parts.len() < NAMESPACES).cloned().collect::<Vec<_>>() {
                if parts.contains_key(&name) {
                    continue;
                }
                let handle = if *kind == Kind::NAMESPACE {
                    self.tasks.spawn(by_name::keep_namespace(self.shared.clone(), name.clone()))
                } else if spec.is_namespaced() {
                    let scope = Scope::Namespace(name.clone());
                    self.tasks.spawn(follow(Follow::new(spec, scope), self.shared.clone()))
                } else {
                    continue;
                };
                parts.insert(name, handle);
            }
        }
    }
}

/// The lists that are still to come, or are coming in.
struct PendingLists(BTreeSet<(Kind, Scope)>);

/// Where the last of the lists is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum LastList {
    ToCome,
    JustThrough,
    ThroughBefore,
}

impl PendingLists {
    /// All these kinds are to be listed.
    fn of(kinds: impl Iterator<Item = Kind>) -> Self {
        Self(kinds.map(|it| (it, Scope::Everywhere)).collect())
    }

    /// A kind is no longer listed namespace by namespace.
    fn forget_parts(&mut self, kind: Kind) {
        self.0.retain(|(it, scope)| *it != kind || *scope == Scope::Everywhere);
    }

    fn hear(&mut self, health: &Health) -> LastList {
        let key = (health.kind, health.scope.clone());
        let changed = match health.condition {
            Condition::Connecting | Condition::Listing { .. } => self.0.insert(key),
            _ => self.0.remove(&key),
        };
        match (self.0.is_empty(), changed) {
            (false, _) => LastList::ToCome,
            (true, true) => LastList::JustThrough,
            (true, false) => LastList::ThroughBefore,
        }
    }
}

fn namespace(fact: &AnyFact) -> Option<Name> {
    match fact {
        AnyFact::Namespace(it) => Some(it.meta.name.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_list_is_noticed_once_and_again_when_lists_come_again() {
        let mut lists = PendingLists::of([Kind::POD, Kind::NODE].into_iter());
        let mut hear = |kind, condition| lists.hear(&Health { kind, scope: Scope::Everywhere, condition });
        let listing = || Condition::Listing { read: 1, remaining: None };
        assert_eq!(hear(Kind::POD, Condition::Following), LastList::ToCome, "nodes were not heard of yet");
        assert_eq!(hear(Kind::NODE, listing()), LastList::ToCome);
        assert_eq!(hear(Kind::NODE, Condition::NotServed), LastList::JustThrough);
        assert_eq!(hear(Kind::POD, Condition::Following), LastList::ThroughBefore);
        assert_eq!(hear(Kind::POD, listing()), LastList::ToCome);
        assert_eq!(hear(Kind::POD, Condition::Forbidden { why: "no".into() }), LastList::JustThrough);
    }
}

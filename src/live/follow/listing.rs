//! How a list comes in: the first one is put as it comes, any later one is gathered and swapped in whole.

use super::{Follow, FollowPhase, Gathered, ListHeld, Now};
use crate::kinds::ListPage;
use crate::live::endless::ListBound;
use crate::live::fault::LiveFault;
use crate::live::health::Condition;
use crate::model::cluster::{Delta, ReadObject};
use crate::model::id::ObjectId;
use crate::model::place::Problem;

impl Follow {
    /// Whether a list comes in.
    pub fn is_listing(&self) -> bool {
        matches!(self.phase, FollowPhase::Streaming | FollowPhase::Paging { .. })
    }

    /// Whether the next list is gathered beside what is held.
    pub fn lists_again(&self) -> bool {
        self.held != ListHeld::Nothing
    }

    /// A list begins: the first one is put as it comes, any later one is gathered (N8 leaves none half).
    pub(super) fn begin_list(&mut self) {
        self.read = 0;
        self.gathered = self.lists_again().then(Gathered::default);
        (self.bound, self.nameless) = (ListBound::default(), 0);
        self.phase = if self.streams_lists() {
            FollowPhase::Streaming
        } else {
            FollowPhase::Paging { continues: String::new() }
        };
    }

    /// A page came in.
    pub fn page(&mut self, page: ListPage, now: Now) {
        if matches!(self.phase, FollowPhase::Probing) {
            return self.probed(&page, now);
        }
        if page.version.is_empty() {
            return self.failed(&LiveFault::garbled("the list has no resourceVersion"), now);
        }
        let objects = page.entries.len() + page.unreadable.len() + page.notes.len();
        let rest = match self.bound.page(objects, &page.continues) {
            Ok(rest) => rest,
            Err(fault) => return self.failed(&fault, now),
        };
        self.read += objects;
        self.nameless += page.notes.len();
        self.pace.proceed();
        self.add(page.entries, page.unreadable);
        page.notes.into_iter().for_each(|it| self.note(it));
        if page.continues.is_empty() {
            return self.listed(page.version, now);
        }
        self.listing(page.remaining);
        self.phase = FollowPhase::Paging { continues: page.continues };
        if !rest.is_zero() {
            self.pace.rest(now.tick, rest);
        }
    }

    pub(super) fn add(&mut self, entries: Vec<ReadObject>, unreadable: Vec<(ObjectId, Vec<Problem>)>) {
        if let Some(gathered) = &mut self.gathered {
            gathered.entries.extend(entries);
            gathered.unreadable.extend(unreadable);
            return;
        }
        self.held = ListHeld::Partial;
        self.out.deltas.extend(entries.into_iter().map(Delta::Put));
        self.out.deltas.extend(unreadable.into_iter().map(|(id, problems)| Delta::Unreadable { id, problems }));
    }

    pub(super) fn note(&mut self, problem: Problem) {
        // Lists come again; their nameless objects are told once.
        if self.noted.len() < 100 && !self.noted.contains(&problem) {
            self.noted.push(problem.clone());
            self.out.deltas.push(Delta::Noted(problem));
        }
    }

    /// A list is complete at this version.
    pub(super) fn listed(&mut self, version: String, now: Now) {
        let number = version.parse().unwrap_or(0);
        if number != 0 && number < self.number {
            self.notice_rewound();
        }
        (self.version, self.number) = (version, number);
        self.expiries = 0;
        if let Some(gathered) = self.gathered.take() {
            let (kind, scope) = (self.spec.kind, self.scope.clone());
            self.out.deltas.push(Delta::Listed { kind, scope, entries: gathered.entries });
            let lost = gathered.unreadable.into_iter().map(|(id, problems)| Delta::Unreadable { id, problems });
            self.out.deltas.extend(lost);
        }
        self.held = ListHeld::Whole;
        self.phase = FollowPhase::Whole;
        self.pace.proceed();
        self.watched = false;
        self.proven(now);
        match self.watch_denied {
            true => self.listed_alone(now),
            false => self.alive(now),
        }
    }

    pub(super) fn notice_rewound(&mut self) {
        (self.rewound, self.number) = (true, 0);
        let what = format!("the cluster's history was rewound: {} is read again", self.spec.plural);
        self.out.notices.push(what);
    }

    /// Tells how far a list has come; the driver calls it after each piece of a stream.
    pub fn listing(&mut self, remaining: Option<u64>) {
        if self.is_listing() {
            self.condition(Condition::Listing { read: self.read, remaining });
        }
    }

    pub(super) fn start_over(&mut self) {
        self.phase = FollowPhase::Fresh;
        self.gathered = None;
    }
}

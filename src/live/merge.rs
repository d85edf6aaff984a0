//! What waits for the loop: of each object the last word, in an order that means the same.
//!
//! While the loop draws or the terminal is frozen (P5), events go on. Once many wait, those on one object are
//! merged, so that what waits is bounded by what the cluster holds and no last state is lost (E8). Lists come no
//! faster than they are taken in: while there is no room, no further page of them is asked for. Where even the last
//! words are too many, watches are no longer read: their server gives them up in the end, and they are listed again.

use std::collections::BTreeMap;

use super::health::{Batch, Health};
use crate::model::cluster::Delta;
use crate::model::id::ObjectId;

/// How many deltas wait as they came; above it they are merged.
const AS_THEY_COME: usize = 20_000;

/// How many deltas are given out at once: some milliseconds of work.
const AT_ONCE: usize = 4_000;

/// How many deltas may wait before lists wait too.
const ROOM: usize = 2 * AT_ONCE;

/// How many deltas may wait at all: names that come and go for hours leave a word each, also where the cluster is small.
const FULL: usize = 200_000;

/// How many notices may wait; of more the first ones are enough.
const NOTICES: usize = 100;

/// What waits for the loop.
#[derive(Default)]
pub struct Pending {
    batch: Batch,
    /// Above which count it is time to merge: twice what the last merge left.
    merge_at: usize,
}

impl Pending {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// Whether so little waits that more of a list may come in.
    pub fn has_room(&self) -> bool {
        self.batch.deltas.len() < ROOM
    }

    /// Whether so much waits, all of it last words, that nothing more may come in: watches stop, and say so later.
    pub fn is_full(&self) -> bool {
        self.batch.deltas.len() >= FULL
    }

    /// Gives out what waits, of many deltas the oldest, so that the loop looks at keys in between.
    pub fn take(&mut self) -> Batch {
        let waiting = &mut self.batch.deltas;
        let deltas: Vec<Delta> = match waiting.len() {
            0..=AT_ONCE => std::mem::take(waiting),
            _ => waiting.drain(..AT_ONCE).collect(),
        };
        self.merge_at = (2 * waiting.len()).clamp(AS_THEY_COME, FULL);
        let (health, notices) = (std::mem::take(&mut self.batch.health), std::mem::take(&mut self.batch.notices));
        Batch { deltas, health, notices }
    }

    /// Adds what has come.
    pub fn add(&mut self, more: Batch) {
        if self.batch.deltas.is_empty() {
            self.batch.deltas = more.deltas;
        } else {
            self.batch.deltas.extend(more.deltas);
        }
        let room = NOTICES.saturating_sub(self.batch.notices.len());
        self.batch.notices.extend(more.notices.into_iter().take(room));
        for health in more.health {
            self.set_health(health);
        }
        if self.batch.deltas.len() >= self.merge_at.max(AS_THEY_COME) {
            self.batch.deltas = merged(std::mem::take(&mut self.batch.deltas));
            self.merge_at = (2 * self.batch.deltas.len()).min(FULL);
        }
    }

    fn set_health(&mut self, health: Health) {
        let same = |it: &&mut Health| it.kind == health.kind && it.scope == health.scope;
        match self.batch.health.iter_mut().find(same) {
            Some(held) => *held = health,
            None => self.batch.health.push(health),
        }
    }
}

/// The same change in fewer steps: of each object's the last, unless a later one is older (E2).
///
/// A deletion makes all that came before it on its object void. A put makes void only puts of the same uid: what
/// else came before it (a deletion, another uid) decides whether its version counts.
fn merged(deltas: Vec<Delta>) -> Vec<Delta> {
    let mut kept: Vec<Option<Delta>> = Vec::with_capacity(deltas.len());
    let mut of_object: BTreeMap<ObjectId, Vec<usize>> = BTreeMap::new();
    for delta in deltas {
        let Some(id) = delta.object() else {
            // Lists and coverage are not moved across: what came before them stays before them.
            of_object.clear();
            kept.push(Some(delta));
            continue;
        };
        let before = of_object.entry(id).or_default();
        let last = before.last().and_then(|at| kept[*at].as_ref());
        match &delta {
            Delta::Put(_) if last.is_some_and(|last| is_older(&delta, last)) => continue,
            Delta::Put(_) if last.is_some_and(|last| is_same(&delta, last)) => {
                drop(before.pop().map(|at| kept[at].take()))
            }
            Delta::Put(_) => {}
            _ => before.drain(..).for_each(|at| kept[at] = None),
        }
        before.push(kept.len());
        kept.push(Some(delta));
    }
    kept.into_iter().flatten().collect()
}

/// Whether both put one object, by uid.
fn is_same(delta: &Delta, last: &Delta) -> bool {
    let (Delta::Put(new), Delta::Put(old)) = (delta, last) else { return false };
    new.fact.uid() == old.fact.uid()
}

/// Whether both put one object, the first one at an older version.
fn is_older(delta: &Delta, last: &Delta) -> bool {
    let (Delta::Put(new), Delta::Put(old)) = (delta, last) else { return false };
    is_same(delta, last) && new.version != 0 && new.version < old.version
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::cluster::{Cluster, ReadObject};
    use crate::model::coverage::Scope;
    use crate::model::facts::{Pod, Uid};
    use crate::model::id::Kind;
    use proptest::prelude::*;

    fn entry(name: u8, uid: u8, version: u64) -> ReadObject {
        let name = format!("a{name}");
        let labels = crate::model::labels::Labels::new([("v".into(), version.to_string().into())]);
        let uid = Uid::parse(&format!("u{uid}")).into();
        let pod = Pod::named("shop", &name).with_labels(&labels).changed(|it| it.uid = uid);
        ReadObject { version, ..ReadObject::new(pod) }
    }

    fn delta() -> impl Strategy<Value = Delta> {
        let put = (0..4_u8, 0..2_u8, 1..9_u64);
        prop_oneof![
            6 => put.prop_map(|(name, uid, version)| Delta::Put(entry(name, uid, version))),
            2 => (0..4_u8).prop_map(|it| Delta::Gone(ObjectId::new(Kind::POD, "shop", format!("a{it}")))),
            1 => (0..4_u8, 1..9_u64).prop_map(|(name, version)| Delta::Listed {
                kind: Kind::POD,
                scope: Scope::Everywhere,
                entries: vec![entry(name, 0, version)],
            }),
        ]
    }

    /// A list of thousands leaves time for keys, and nothing of it is lost or passed by what came later.
    #[test]
    fn what_waits_is_given_out_in_its_order_and_in_parts() {
        let gone = |at: usize| Delta::Gone(ObjectId::new(Kind::POD, "shop", format!("web-{at}")));
        let deltas: Vec<Delta> = (0..AT_ONCE + 2).map(gone).collect();
        let mut pending = Pending::default();
        pending.add(Batch { deltas: deltas.clone(), notices: vec!["rewound".into()], ..Batch::default() });
        let (first, second) = (pending.take(), pending.take());
        assert_eq!((first.deltas.len(), first.notices.len()), (AT_ONCE, 1));
        assert_eq!((second.deltas.len(), second.notices.len()), (2, 0));
        assert_eq!([first.deltas, second.deltas].concat(), deltas);
        assert!(pending.is_empty());
    }

    /// P5: names that come and go while nobody takes anything leave a bounded number of words, and lose none.
    #[test]
    fn p5_what_waits_is_bounded_however_long_nobody_takes_it() {
        let name = |at: usize| ObjectId::new(Kind::POD, "shop", format!("job-{at}"));
        let mut pending = Pending::default();
        let mut told = 0;
        while !pending.is_full() {
            let deltas = (told..told + 1000).flat_map(|at| [Delta::Put(entry(1, 1, 1)), Delta::Gone(name(at))]);
            pending.add(Batch { deltas: deltas.collect(), notices: vec!["rewound".into()], ..Batch::default() });
            told += 1000;
            assert!(told <= 2 * FULL && pending.batch.deltas.len() <= FULL + 2000);
        }
        let mut gone = Vec::new();
        while !pending.is_empty() {
            let batch = pending.take();
            assert!(batch.notices.len() <= NOTICES);
            gone.extend(batch.deltas.into_iter().filter(|it| matches!(it, Delta::Gone(_))));
        }
        assert_eq!(gone.len(), told, "the last word on each object");
        assert!(!pending.is_full());
    }

    proptest! {
        /// E8: fewer steps, the same cluster in the end.
        #[test]
        fn merged_deltas_lead_to_the_same_cluster(deltas in prop::collection::vec(delta(), 0..40)) {
            let end = |deltas: Vec<Delta>| deltas.into_iter().fold(Cluster::default(), |mut cluster, it| {
                cluster.apply(it);
                cluster
            });
            let fewer = merged(deltas.clone());
            prop_assert!(fewer.len() <= deltas.len());
            prop_assert_eq!(end(fewer), end(deltas));
        }
    }
}

//! Who can write what policies trust, counted for all policies of a cluster at once.
//!
//! ```text
//! patch pods, in shop          whom bindings there give it      which classes of those who hold the same may
//!      asked by every policy of shop, worked out once                         a bit each
//! ```
//!
//! They are the writers that `trust` tells of each policy, without how they do it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use super::needs::{self, PeerReader, Spaces, TrustNeed, TrustedWrite};
use super::writers::{Ways, powers_of_all};
use super::{RobustnessWord, TrustSort, Trusted, stands_for_everybody};
use crate::escalate::Ground;
use crate::escalate::class_rights::ClassRights;
use crate::escalate::terrain::Bound;
use crate::model::name::Name;
use crate::model::policy::{Policy, Rule};

/// Counts them.
pub struct WriterCounts<'a> {
    ground: &'a Ground<'a>,
    bound: &'a Bound,
    peers: PeerReader<'a>,
    rights: ClassRights,
    /// The places of subjects that stand for everybody.
    everybody: FixedBitSet,
    known: RefCell<FxHashMap<NeedKey, Rc<NeedWriters>>>,
}

/// What needs have in common that the same can write.
type NeedKey = (TrustedWrite, SpacesKey);

/// In which namespaces, told quickly: those that a selector means are one set for all who ask.
#[derive(PartialEq, Eq, Hash)]
enum SpacesKey {
    Any,
    One(Name),
    Many(usize),
}

/// Who can make one write.
struct NeedWriters {
    /// Whom bindings give the right, by place among the subjects.
    chosen: FixedBitSet,
    /// The classes that can use it.
    able: FixedBitSet,
    /// Those of them that can by a right of a namespace.
    editors: FixedBitSet,
    /// Keeps what its key points at.
    _spaces: Spaces,
}

/// Who can write what a rule trusts.
pub struct CountedWriters {
    chosen: FixedBitSet,
    /// The classes that surely can.
    sure: FixedBitSet,
    /// Those that can, surely or not.
    able: FixedBitSet,
    editors: FixedBitSet,
}

/// So many needs are kept at once; each takes some kilobytes in the largest cluster.
const KEPT: usize = 512;

impl<'a> WriterCounts<'a> {
    /// Of a cluster.
    pub fn of(ground: &'a Ground<'a>) -> Self {
        let bound = ground.bound();
        let mut everybody = FixedBitSet::with_capacity(bound.subjects().len());
        everybody.extend((0..).zip(bound.subjects()).filter(|it| stands_for_everybody(it.1)).map(|it| it.0));
        let (peers, rights) = (PeerReader::new(ground), ClassRights::of(ground, powers_of_all()));
        Self { ground, bound, peers, rights, everybody, known: RefCell::default() }
    }

    /// Of a rule, and how robust that makes it.
    pub fn rule(&self, rule: &Rule) -> (RobustnessWord, CountedWriters) {
        let (trusts, needs) = self.peers.of_rule(rule);
        let found = self.writers(&needs);
        (self.robustness(&trusts, &found), found)
    }

    /// Of a policy itself: who may change or delete it, or write one beside it.
    pub fn itself(&self, policy: &Policy) -> CountedWriters {
        self.writers(&needs::of_itself(policy))
    }

    /// All of them.
    pub fn everybody(&self, found: &CountedWriters) -> FixedBitSet {
        let mut all = FixedBitSet::with_capacity(self.bound.subjects().len());
        all.extend(self.with_classes(found).filter(|it| found.able.contains(it.1)).map(|it| it.0));
        all
    }

    /// Adds those who surely can, and of whom nobody who holds the same may change the policy: of each class the first
    /// speaks for all.
    pub fn add_strangers(&self, found: &CountedWriters, may_change: &FixedBitSet, strangers: &mut FixedBitSet) {
        let mut is_stranger: Vec<Option<bool>> = vec![None; self.bound.class_count()];
        for (place, class) in self.with_classes(found).filter(|it| found.sure.contains(it.1)) {
            if *is_stranger[class].get_or_insert_with(|| !may_change.contains(place)) {
                strangers.insert(place);
            }
        }
    }

    /// The places of those who are chosen, each with its class; those who may do everything stand apart.
    fn with_classes(&self, found: &CountedWriters) -> impl Iterator<Item = (usize, usize)> {
        found.chosen.ones().filter_map(|it| Some((it, self.bound.classes()[it]? as usize)))
    }

    fn robustness(&self, trusts: &[Trusted], found: &CountedWriters) -> RobustnessWord {
        let is_sure = self.with_classes(found).any(|it| found.sure.contains(it.1));
        let able = if is_sure { &found.sure } else { &found.able };
        let mut word = RobustnessWord::Administrators;
        for (place, class) in self.with_classes(found).filter(|it| able.contains(it.1)) {
            word = word.min(match found.editors.contains(class) {
                _ if self.everybody.contains(place) => RobustnessWord::Anyone,
                true => RobustnessWord::Editors,
                false => RobustnessWord::ClusterWide,
            });
        }
        if trusts.iter().any(|it| it.sort == TrustSort::Anyone) { RobustnessWord::Anyone } else { word }
    }

    fn writers(&self, needs: &[TrustNeed]) -> CountedWriters {
        let (classes, subjects) = (self.bound.class_count(), self.bound.subjects().len());
        let none = || FixedBitSet::with_capacity(classes);
        let (chosen, sure, able, editors) = (FixedBitSet::with_capacity(subjects), none(), none(), none());
        let mut found = CountedWriters { chosen, sure, able, editors };
        for need in needs {
            let writers = self.need(need);
            found.chosen.union_with(&writers.chosen);
            found.able.union_with(&writers.able);
            found.editors.union_with(&writers.editors);
            if need.doubt.is_none() {
                found.sure.union_with(&writers.able);
            }
        }
        found
    }

    fn need(&self, need: &TrustNeed) -> Rc<NeedWriters> {
        let key = (need.write.clone(), SpacesKey::of(&need.spaces));
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let found = Rc::new(self.work_out(need));
        let mut known = self.known.borrow_mut();
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(key, found.clone());
        found
    }

    fn work_out(&self, need: &TrustNeed) -> NeedWriters {
        let none = || FixedBitSet::with_capacity(self.bound.class_count());
        let (chosen, spaces) = (self.chosen(need), need.spaces.clone());
        let mut found = NeedWriters { chosen, able: none(), editors: none(), _spaces: spaces };
        if need.write == TrustedWrite::NewNamespace {
            found.able = self.everywhere(&need.write);
            return found;
        }
        let ways = Ways::of(self.ground, std::slice::from_ref(need));
        for permission in need.write.permissions() {
            let of_all = self.rights.of_all(permission).filter(|it| ways.is_made(0, it.0));
            of_all.for_each(|it| found.able.union_with(it.1));
            let named = self.rights.named(permission).filter(|it| ways.is_made(0, it.0));
            found.able.extend(named.flat_map(|it| it.1).map(|it| *it as usize));
            let mut inside = |namespace: &Name| {
                self.rights.inside(namespace, permission, &mut |right, classes| {
                    if ways.is_made(0, right) {
                        found.editors.extend(classes.map(|it| it as usize));
                    }
                });
            };
            match &need.spaces {
                Spaces::Any => self.rights.namespaces().for_each(&mut inside),
                Spaces::These(these) => these.iter().for_each(&mut inside),
            }
        }
        found.able.union_with(&found.editors);
        found
    }

    /// Whom bindings give a right that may make it.
    fn chosen(&self, need: &TrustNeed) -> FixedBitSet {
        let mut chosen = self.bound.nobody();
        need.choose(self.ground, &mut chosen);
        chosen.into_places()
    }

    /// The classes that have all of what it takes, for all objects of the whole cluster.
    fn everywhere(&self, write: &TrustedWrite) -> FixedBitSet {
        let mut all: Option<FixedBitSet> = None;
        for permission in write.permissions() {
            let mut able = FixedBitSet::with_capacity(self.bound.class_count());
            self.rights.of_all(permission).for_each(|it| able.union_with(it.1));
            all.iter().for_each(|it| able.intersect_with(it));
            all = Some(able);
        }
        all.unwrap_or_else(|| FixedBitSet::with_capacity(self.bound.class_count()))
    }
}

impl SpacesKey {
    fn of(spaces: &Spaces) -> Self {
        match spaces {
            Spaces::Any => SpacesKey::Any,
            Spaces::These(these) => match (these.len(), these.first()) {
                (1, Some(only)) => SpacesKey::One(only.clone()),
                _ => SpacesKey::Many(Arc::<BTreeSet<Name>>::as_ptr(these) as usize),
            },
        }
    }
}

//! Everybody, and everything that they come to, with what each of them comes to in one move of its own.
//!
//! ```text
//! user:ana ──► pods of shop ──► sa:shop/runner ──► cluster-admin
//!     └──────► sa:shop/* ─────────────────────────────▲
//! ```
//!
//! It rests on no goal: it is worked out once, and kept until something changes. Whatever is asked of everybody is a walk
//! along it.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::super::Ground;
use super::super::choke::Watch;
use super::super::closure::find;
use super::super::edges::EDGES;
use super::super::foothold::Foothold;
use super::super::held::{Held, HeldMark};
use super::super::moves::Waiting;
use super::super::powers::Permission;
use super::super::region::Region;
use super::super::step::Certainty;
use super::super::unfollowed::UNFOLLOWED;
use crate::model::name::Name;

/// Who comes to what in one move.
#[derive(Clone, Debug)]
pub struct Graph {
    numbers: HashTable<u32>,
    regions: Vec<Region>,
    after: Lists<MoveLink>,
    before: Lists<MoveLink>,
    /// What is held of the rights that a closure would be asked for.
    shares: Lists<Share>,
    /// The powers of such rights: what several holders may make a move with together, and what no edge follows.
    powers: Vec<&'static Permission>,
    scopes: FxHashMap<Name, u32>,
    /// The namespaces by the numbers of `Share::scope`.
    pub names: Vec<Name>,
}

/// The other end of a move, and whether it is sure.
#[derive(Clone, Copy, Debug)]
pub struct MoveLink(u32);

impl MoveLink {
    fn new(number: u32, certainty: Certainty) -> Self {
        Self(number << 1 | certainty as u32)
    }

    pub fn number(self) -> usize {
        (self.0 >> 1) as usize
    }

    /// Whether the move is no surer than this.
    pub fn is_of(self, moves: Certainty) -> bool {
        self.0 & 1 <= moves as u32
    }

    fn certainty(self) -> u32 {
        self.0 & 1
    }
}

/// A power that is held in a scope.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Share {
    /// The number of the namespace; 0: everywhere.
    pub scope: u32,
    /// [`Permission::number`].
    pub power: u16,
    /// Whether it is for all objects, not for those of some names.
    pub is_of_all: bool,
}

/// A list for each of many, one behind the other.
#[derive(Clone, Debug)]
struct Lists<T> {
    ends: Vec<u32>,
    all: Vec<T>,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Self { ends: Vec::new(), all: Vec::new() }
    }
}

impl<T> Lists<T> {
    fn of(&self, at: usize) -> &[T] {
        let first = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.all[first..self.ends[at] as usize]
    }

    fn push(&mut self, list: impl IntoIterator<Item = T>) {
        self.all.extend(list);
        self.ends.push(self.all.len() as u32);
    }

    fn count(&self) -> usize {
        self.ends.len()
    }
}

impl Default for Graph {
    fn default() -> Self {
        let (numbers, regions, after, before, shares) = Default::default();
        let mut powers: Vec<&'static Permission> = Vec::new();
        let together = EDGES.iter().filter(|it| it.together.is_some()).flat_map(|it| it.asks.powers().iter().copied());
        for power in together.chain(UNFOLLOWED.iter().map(|it| &it.power)) {
            if !powers.iter().any(|it| it.number() == power.number()) {
                powers.push(power);
            }
        }
        let (scopes, names) = ([(Name::empty(), 0)].into_iter().collect(), vec![Name::empty()]);
        Self { numbers, regions, after, before, shares, powers, scopes, names }
    }
}

impl Graph {
    /// Takes in all these who start, and everything that they come to; whether `watch` let it come to the end.
    pub fn grow(
        &mut self,
        ground: &Ground<'_>,
        wanted: Option<&Foothold>,
        starts: impl Iterator<Item = Foothold>,
        watch: Watch<'_>,
    ) -> bool {
        for it in starts {
            self.number(Region::One(it));
        }
        let before = self.after.count();
        let mut waiting = Waiting::bare();
        while self.after.count() < self.regions.len() {
            if !watch(self.after.count(), self.regions.len()) {
                break;
            }
            self.ask(ground, wanted, &mut waiting);
        }
        if self.after.count() > before {
            self.before = self.turned();
        }
        self.is_whole()
    }

    /// The number of a region, if it is one of them.
    pub fn find(&self, region: &Region) -> Option<usize> {
        let is_it = |it: &u32| self.regions[*it as usize] == *region;
        self.numbers.find(FxBuildHasher.hash_one(region), is_it).map(|it| *it as usize)
    }

    fn number(&mut self, region: Region) -> u32 {
        let (regions, hash) = (&mut self.regions, FxBuildHasher.hash_one(&region));
        if let Some(found) = self.numbers.find(hash, |it| regions[*it as usize] == region) {
            return *found;
        }
        let number = regions.len() as u32;
        regions.push(region);
        self.numbers.insert_unique(hash, number, |it| FxBuildHasher.hash_one(&regions[*it as usize]));
        number
    }

    /// Takes in what is come to from the next of them.
    fn ask(&mut self, ground: &Ground<'_>, wanted: Option<&Foothold>, waiting: &mut Waiting) {
        let region = self.regions[self.after.count()].clone();
        let held = Held::of_region(ground, &region, wanted);
        waiting.clear();
        find(ground, &held, HeldMark::default(), Certainty::Unsure, waiting);
        let mut links = Vec::new();
        for it in waiting.all() {
            debug_assert!(it.stands.len() == 1 || it.edge.together.is_some(), "{:?} has several holders", it.edge);
            links.push(MoveLink::new(self.number(it.to.clone()), it.certainty));
        }
        self.after.push(links);
        let mut shares = Vec::new();
        for power in &self.powers {
            for right in held.rights_of(power, 0) {
                let scope = *self.scopes.entry(right.scope.clone()).or_insert_with(|| {
                    self.names.push(right.scope.clone());
                    self.names.len() as u32 - 1
                });
                shares.push(Share { scope, power: power.number() as u16, is_of_all: right.is_of_all() });
            }
        }
        shares.sort_unstable();
        shares.dedup();
        self.shares.push(shares);
    }

    /// The same moves by what they lead to.
    fn turned(&self) -> Lists<MoveLink> {
        let mut ends = vec![0u32; self.regions.len()];
        self.after.all.iter().for_each(|it| ends[it.number()] += 1);
        let mut sum = 0;
        for it in &mut ends {
            (*it, sum) = (sum, sum + *it);
        }
        // Each list begins where its end stands, and ends where the next one begins once it is full.
        let mut all = vec![MoveLink(0); sum as usize];
        for from in 0..self.after.count() {
            for it in self.after.of(from) {
                let end = &mut ends[it.number()];
                all[*end as usize] = MoveLink((from as u32) << 1 | it.certainty());
                *end += 1;
            }
        }
        Lists { ends, all }
    }

    /// Everything that is come to.
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// What is come to from one of them in one move.
    pub fn after(&self, at: usize) -> &[MoveLink] {
        self.after.of(at)
    }

    /// From where one of them is come to in one move.
    pub fn before(&self, at: usize) -> &[MoveLink] {
        self.before.of(at)
    }

    /// What is held there of what several may make a move with together, or what no edge follows.
    pub fn shares(&self, at: usize) -> &[Share] {
        self.shares.of(at)
    }

    /// Whether all of them were asked.
    pub fn is_whole(&self) -> bool {
        self.after.count() == self.regions.len()
    }

    /// How many of them were asked; those behind them were not.
    pub fn count(&self) -> usize {
        self.after.count()
    }
}

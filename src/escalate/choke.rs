//! Choke points: the smallest set of grants whose removal ends every way to a goal.
//!
//! ```text
//! ways that are left ──the grants of each──► sets ──the fewest that hit all──► a cut ──taken from a copy──┐
//!        ▲                                                                                                │
//!        └────────────────────────── until nobody has a way any more ─────────────────────────────────────┘
//! ```
//!
//! Of each way one grant must be taken: what hits the sets of all ways that were found, with the fewest, has no more than
//! any cut has, and once it ends every way it is one. So the first that does is the smallest. A grant is one subject of
//! one binding. Only ways that are certain count; what stays is told, with why nothing ends it.

mod grants;
mod hitting;
mod starts;
mod ways;
mod without;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::evidence::Gap;

pub use self::grants::GrantCut;
use self::hitting::{Set, hitting};
use self::starts::{everyone, holds_everything, nodes_and_pods};
use self::ways::Found;
pub use self::without::{SubjectOfBinding, Without};
use super::Ground;
use super::closure;
use super::edges::SELF;
use super::foothold::Foothold;
use super::goal::Goal;
use super::region::Region;
use super::step::Step;

/// So many sets are tried for the fewest grants.
const TRIES: usize = 20_000;
/// So many who start are asked each by themselves whether they come there at once.
const EACH: usize = 2_000;

/// Told how much is done of how much; `false` ends it.
pub type Watch<'a> = &'a mut dyn FnMut(usize, usize) -> bool;

/// Whose ways are to end.
#[derive(Clone, PartialEq, Debug)]
pub enum WhoseWays {
    /// Those of everybody whom bindings name, and of every service account.
    Everyone,
    These(Vec<Foothold>),
}

/// Why somebody comes there still.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Why {
    /// A member of `system:masters` needs no grant.
    Masters,
    /// The way rests on no grant.
    NoGrant,
    /// Kubernetes makes the grants of the way again when the API server starts.
    ComesBack,
    /// The way is not sure.
    Unsure,
}

/// Somebody who comes there whatever is cut.
#[derive(Clone, PartialEq, Debug)]
pub struct Left {
    pub who: Foothold,
    pub why: Why,
    pub path: Vec<Step>,
}

/// A grant to cut, with a way that no other grant of the cut ends.
#[derive(Clone, PartialEq, Debug)]
pub struct Point {
    pub cut: GrantCut,
    pub way: Vec<Step>,
}

/// A cut, and what it leaves.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Cut {
    pub cut: Vec<Point>,
    /// So many must be cut at least.
    pub lower_bound: usize,
    pub left: Vec<Left>,
    /// What is not known and could lead there, where no way was found.
    pub gaps: Vec<Gap>,
}

impl Cut {
    /// Whether no smaller set does.
    pub fn is_exact(&self) -> bool {
        self.lower_bound == self.cut.len()
    }

    /// What tells the grants of the cut.
    pub fn keys(&self) -> BTreeSet<SubjectOfBinding> {
        self.cut.iter().map(|it| it.cut.key()).collect()
    }
}

/// The grants to cut so that none of these comes to the goal; what was found when `watch` ended it is no answer.
pub fn choke(ground: &Ground<'_>, goal: &Goal, whose: &WhoseWays, watch: Watch<'_>) -> Cut {
    let is_there = |it: &Foothold| goal.met_by(ground, &Region::One(it.clone())).is_some();
    let (there, starts): (Vec<Foothold>, Vec<Foothold>) = match whose {
        WhoseWays::Everyone => (Vec::new(), everyone(ground).into_iter().filter(|it| !is_there(it)).collect()),
        WhoseWays::These(starts) => starts.iter().cloned().partition(is_there),
    };
    let without = Without::nothing(ground);
    let (gone, sets, numbers, cuts) = Default::default();
    let left = there.iter().map(already).collect();
    let mut search = ChokeSearch { ground, goal, watch, without, starts, gone, sets, numbers, cuts, left };
    let (chosen, lower_bound) = search.cut();
    let cut: Vec<Point> = chosen.iter().map(|it| search.point(*it, &chosen)).collect();
    let gaps = search.rest(*whose == WhoseWays::Everyone, cut.is_empty());
    let mut left = search.left;
    left.sort_by_key(|it| (it.why, it.path.len()));
    Cut { cut, lower_bound, left, gaps }
}

/// Who is what is wanted.
fn already(start: &Foothold) -> Left {
    let path = vec![Step::new(&SELF, start, start.clone())];
    Left { who: start.clone(), why: Why::NoGrant, path }
}

/// One way that must end, by one of these grants.
struct Must {
    who: Foothold,
    grants: Set,
    path: Vec<Step>,
}

/// Whether it was looked to the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looked {
    Through,
    Ended,
}

struct ChokeSearch<'a, 'w> {
    ground: &'a Ground<'a>,
    goal: &'a Goal,
    watch: Watch<'w>,
    /// The cluster without what is cut.
    without: Without<'a>,
    starts: Vec<Foothold>,
    /// Who comes there whatever is cut.
    gone: BTreeSet<Foothold>,
    sets: Vec<Must>,
    numbers: BTreeMap<SubjectOfBinding, u32>,
    /// All grants that are on some way, by number.
    cuts: Vec<GrantCut>,
    left: Vec<Left>,
}

impl ChokeSearch<'_, '_> {
    /// The grants to cut, and how many are at least.
    fn cut(&mut self) -> (BTreeSet<u32>, usize) {
        self.at_once();
        loop {
            let sets: Vec<Set> = self.sets.iter().map(|it| it.grants.clone()).collect();
            let chosen = hitting(&sets, TRIES);
            self.without.take(chosen.all.iter().map(|it| self.cuts[*it as usize].key()).collect());
            let before = (self.sets.len(), self.gone.len());
            let looked = self.look(self.starts.clone());
            if looked == Looked::Ended || before == (self.sets.len(), self.gone.len()) {
                return (chosen.all, chosen.at_least);
            }
        }
    }

    /// Those who come there in one step, each by themselves: they may be very many, and are found fast so.
    fn at_once(&mut self) {
        if matches!(self.goal, Goal::Connects { .. }) {
            return;
        }
        let is_everything = matches!(self.goal, Goal::Is(Foothold::ClusterAdmin | Foothold::NamespaceAdmin(_)));
        let is_few = self.starts.len() <= EACH;
        let starts = self.starts.clone();
        for (at, start) in starts.iter().enumerate() {
            if !(self.watch)(at, starts.len()) {
                return;
            }
            if if is_everything { holds_everything(self.ground, start) } else { is_few } {
                let way = ways::of_one(&self.without.ground(), start, self.goal, Some(2));
                way.into_iter().for_each(|it| drop(self.must(start.clone(), it)));
            }
        }
    }

    /// Finds ways that are left of these who start, of which none rests on a grant of another.
    fn look(&mut self, mut starts: Vec<Foothold>) -> Looked {
        loop {
            starts.retain(|it| !self.gone.contains(it));
            if starts.is_empty() {
                return Looked::Through;
            }
            if !(self.watch)(self.starts.len().saturating_sub(starts.len()), self.starts.len()) {
                return Looked::Ended;
            }
            match ways::of_many(&self.without.ground(), &starts, self.goal) {
                Found::Nobody => return Looked::Through,
                Found::Way((who, way)) => {
                    let grants = self.must(who, way);
                    self.without.take_more(grants);
                }
                // It is told as unsure at the end.
                Found::Doubt(who) => starts.retain(|it| *it != who),
                Found::Together(one, other) => {
                    let (first, second) = apart(starts, one, other);
                    return match self.look(first) {
                        Looked::Through => self.look(second),
                        Looked::Ended => Looked::Ended,
                    };
                }
            }
        }
    }

    /// Takes a way in that must end; the grants of which one ends it. One that nothing ends stays.
    fn must(&mut self, who: Foothold, path: Vec<Step>) -> Vec<SubjectOfBinding> {
        let all = self.grants(&path);
        let cuts: BTreeMap<SubjectOfBinding, GrantCut> = all.into_iter().filter(|it| !it.1.comes_back()).collect();
        if cuts.is_empty() {
            self.gone.insert(who.clone());
            self.sets.retain(|it| it.who != who);
            self.left.push(Left { why: self.why(&path), who, path });
            return Vec::new();
        }
        let keys = cuts.keys().cloned().collect();
        let grants = cuts.into_iter().map(|(key, cut)| self.number(key, cut)).collect();
        self.sets.push(Must { who, grants, path });
        keys
    }

    fn grants(&self, path: &[Step]) -> BTreeMap<SubjectOfBinding, GrantCut> {
        grants::of_way(self.ground.cluster, &self.without.ground(), path)
    }

    /// Why a way stays of which no grant can be cut.
    fn why(&self, path: &[Step]) -> Why {
        let is_masters = path.iter().any(|it| it.from == Foothold::masters());
        match self.grants(path).is_empty() {
            false => Why::ComesBack,
            true if is_masters => Why::Masters,
            true => Why::NoGrant,
        }
    }

    fn number(&mut self, key: SubjectOfBinding, cut: GrantCut) -> u32 {
        let number = *self.numbers.entry(key).or_insert(self.cuts.len() as u32);
        if number as usize == self.cuts.len() {
            self.cuts.push(cut);
        }
        number
    }

    /// A grant of a cut, with the shortest way that no other one of it ends.
    fn point(&self, number: u32, chosen: &BTreeSet<u32>) -> Point {
        let ends = |it: &&Must| it.grants.contains(&number) && it.grants.intersection(chosen).count() == 1;
        let shortest = self.sets.iter().filter(ends).min_by_key(|it| it.path.len());
        let way = shortest.map(|it| it.path.clone()).unwrap_or_default();
        Point { cut: self.cuts[number as usize].clone(), way }
    }

    /// Takes in what stays once this is cut: who needs no grant, and ways that are not sure. What is not known is told
    /// where there is no way at all.
    fn rest(&mut self, is_everyone: bool, cuts_nothing: bool) -> Vec<Gap> {
        let ground = self.without.ground();
        let starts: Vec<Foothold> = self.starts.iter().filter(|it| !self.gone.contains(it)).cloned().collect();
        let mut gaps = Vec::new();
        if !starts.is_empty() {
            let (held, way) = ways::unsure(&ground, &starts, self.goal);
            if way.is_none() && cuts_nothing && self.left.is_empty() {
                gaps = closure::gaps(&ground, &held, None, Some(self.goal));
            }
            self.left.extend(way.map(|(who, path)| Left { who, why: Why::Unsure, path }));
        }
        if is_everyone {
            let masters = Foothold::masters();
            let is_wanted = *self.goal == Goal::Is(masters.clone());
            let way = ways::of_one(&ground, &masters, self.goal, None).filter(|_| !is_wanted);
            self.left.extend(way.map(|path| Left { who: masters, why: Why::Masters, path }));
            let ways = nodes_and_pods(&ground, self.goal);
            let left = ways.into_iter().map(|(who, path)| Left { why: self.why(&path), who, path });
            self.left.extend(left.collect::<Vec<_>>());
        }
        gaps
    }
}

/// Those who start in two halves, each with one of these.
fn apart(starts: Vec<Foothold>, one: Foothold, other: Foothold) -> (Vec<Foothold>, Vec<Foothold>) {
    let others: Vec<Foothold> = starts.into_iter().filter(|it| *it != one && *it != other).collect();
    let (first, second) = others.split_at(others.len() / 2);
    let with = |one: Foothold, half: &[Foothold]| std::iter::once(one).chain(half.iter().cloned()).collect();
    (with(one, first), with(other, second))
}

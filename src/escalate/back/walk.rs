//! Everything that single holders come to from somewhere, nearest first.

use super::super::Ground;
use super::super::foothold::Foothold;
use super::super::gaps::HeldSoFar;
use super::super::region::Region;
use super::super::step::Certainty;
use super::super::unfollowed::Unfollowed;
use super::graph::Graph;
use crate::rbac::Identity;

/// A walk along the moves of everybody; the next one takes its room.
pub struct Walk<'a> {
    graph: &'a Graph,
    /// In which walk each region was last come to.
    seen: Vec<u32>,
    turn: u32,
    /// All that this one came to, nearest first.
    all: Vec<usize>,
    /// Whether something was come to that was taken besides.
    pub has_besides: bool,
}

impl<'a> Walk<'a> {
    /// From nowhere yet.
    pub fn new(graph: &'a Graph) -> Self {
        Self { graph, seen: vec![0; graph.regions().len()], turn: 0, all: Vec::new(), has_besides: false }
    }

    /// From somewhere by moves that are no surer than this: `look` is told what is so many moves away, until it finds
    /// something, and tells what is to be taken for one move farther besides.
    pub fn until<T>(
        &mut self,
        start: usize,
        moves: Certainty,
        mut look: impl FnMut(u32, &[usize], &mut Vec<usize>) -> Option<T>,
    ) -> Option<T> {
        self.turn += 1;
        self.all.clear();
        self.has_besides = false;
        self.come_to(start);
        let mut first = 0;
        for distance in 0.. {
            let last = self.all.len();
            if first == last {
                break;
            }
            let mut besides = Vec::new();
            if let Some(found) = look(distance, &self.all[first..], &mut besides) {
                return Some(found);
            }
            for at in first..last {
                let after = self.graph.after(self.all[at]).iter();
                after.filter(|it| it.is_of(moves)).for_each(|it| self.come_to(it.number()));
            }
            let before = self.all.len();
            besides.into_iter().for_each(|it| self.come_to(it));
            self.has_besides |= self.all.len() > before;
            first = last;
        }
        None
    }

    /// The same, whatever is found.
    pub fn to_the_end(&mut self, start: usize, moves: Certainty) {
        self.until(start, moves, |_, _, _| None::<()>);
    }

    fn come_to(&mut self, at: usize) {
        if std::mem::replace(&mut self.seen[at], self.turn) != self.turn {
            self.all.push(at);
        }
    }
}

/// Where it was walked to the end.
impl HeldSoFar for Walk<'_> {
    fn regions(&self) -> impl Iterator<Item = &Region> {
        self.all.iter().map(|it| &self.graph.regions()[*it])
    }

    fn has(&self, ground: &Ground<'_>, foothold: &Foothold) -> bool {
        let one = Region::One(foothold.clone());
        let has = |it: &Region| self.graph.find(it).is_some_and(|it| self.seen[it] == self.turn);
        has(&one) || one.has_wider(ground, &mut |it| has(it))
    }

    fn has_right(&self, row: &'static Unfollowed) -> bool {
        let power = row.power.number() as u16;
        let scopes = self.all.iter().flat_map(|it| self.graph.shares(*it)).filter(|it| it.power == power);
        scopes.map(|it| it.scope).any(|it| row.is_had_in(if it == 0 { "" } else { "somewhere" }))
    }

    fn identities(&self) -> impl Iterator<Item = Identity> {
        let subject = |it: &Region| match it {
            Region::One(Foothold::Subject(it)) => Some(Identity::new(it, &[])),
            _ => None,
        };
        self.regions().filter_map(subject)
    }
}

//! How many moves a way has at least in which several holders make one together.
//!
//! ```text
//! user:ana ──► sa:ci/a (create secrets)     both within 2 moves, so that the token Secret is the third at the earliest,
//!     └──► sa:ci/b ──► sa:ci/c (get secrets)     and cluster-admin the fourth
//! ```
//!
//! The first such move of a way rests on what single holders come to, each by themselves. How near they come to its rights
//! is worked out for everybody at once, so that most need no closure of their own to know that nothing is nearer.

use super::super::Ground;
use super::super::edges::EDGES;
use super::super::foothold::Foothold;
use super::super::goal::Goal;
use super::super::held::Held;
use super::super::powers::Permission;
use super::super::step::Certainty;

/// The edges of such moves, with how many different rights of theirs one rests on at least: what else it takes is no right.
const TOGETHER: [(&str, usize); 16] = [
    ("A07", 2),
    ("A08", 2),
    ("A04", 2),
    ("A10", 2),
    ("A12", 2),
    ("A14", 1),
    ("A16", 2),
    ("A17", 2),
    ("A19", 2),
    ("A21", 2),
    ("A22", 2),
    ("A33", 2),
    ("A34", 2),
    ("A39", 1),
    ("A40", 1),
    ("A41", 1),
];

/// Whether several holders may make a move of this edge together.
pub(super) fn is_made_together(id: &str) -> bool {
    TOGETHER.iter().any(|it| it.0 == id)
}

/// Which of the rights that such moves rest on are held where.
pub(super) struct Together {
    powers: Vec<&'static Permission>,
    /// By region, a bit for each of the powers.
    held: Vec<u128>,
}

/// From where something is come to in one move, and whether surely, by region.
type Before = [Vec<(u32, Certainty)>];

/// How far it is, by region; farther than this is not told apart.
type Distances = Vec<u8>;

/// Nowhere near.
const FAR: u8 = u8::MAX;

impl Together {
    pub fn new() -> Self {
        let mut powers: Vec<&'static Permission> = Vec::new();
        for edge in EDGES.iter().filter(|it| is_made_together(it.id)) {
            let new = edge.asks.powers().iter().filter(|it| !powers.iter().any(|known| known.number() == it.number()));
            let new: Vec<_> = new.copied().collect();
            powers.extend(new);
        }
        Self { powers, held: Vec::new() }
    }

    /// Takes in what is held in the next region.
    pub fn take(&mut self, held: &Held) {
        let bit = |(at, it): (usize, &&'static Permission)| match held.rights_of(it, 0).next() {
            Some(_) => 1 << at,
            None => 0,
        };
        self.held.push(self.powers.iter().enumerate().map(bit).fold(0, |all, it: u128| all | it));
    }

    /// So many moves a way to the goal has at least in which several holders make one together, by region; `None`: there
    /// is no such way.
    pub fn least(&self, ground: &Ground<'_>, goal: &Goal, before: &Before, moves: Certainty) -> Vec<Option<u32>> {
        let near: Vec<Distances> = (0..self.powers.len()).map(|it| self.distances(it, before, moves)).collect();
        let mut least = vec![None; self.held.len()];
        for (id, needs) in TOGETHER {
            let Some(rest) = rest(goal, id) else { continue };
            // On OpenShift a constraint that somebody may use is another right beside those of the edge.
            let needs = if ground.is_openshift() { 1 } else { needs };
            let asks = EDGES.iter().filter(|it| it.id == id).flat_map(|it| it.asks.powers());
            let of_edge: Vec<&Distances> = asks.filter_map(|it| Some(&near[self.place(it)?])).collect();
            for (at, least) in least.iter_mut().enumerate() {
                let mut distances: Vec<u8> = of_edge.iter().map(|it| it[at]).collect();
                distances.sort_unstable();
                let farthest = distances.get(needs - 1).copied().filter(|it| *it != FAR);
                // Of several holders one alone is there at the start.
                let found = farthest.map(|it| u32::from(it.max(1)) + 1 + rest);
                *least = (*least).into_iter().chain(found).min();
            }
        }
        least
    }

    fn place(&self, power: &Permission) -> Option<usize> {
        self.powers.iter().position(|it| it.number() == power.number())
    }

    /// How far somebody is who holds a power, by moves of single holders.
    fn distances(&self, power: usize, before: &Before, moves: Certainty) -> Distances {
        let mut distances = vec![FAR; self.held.len()];
        let mut next: Vec<u32> =
            (0..self.held.len() as u32).filter(|it| self.held[*it as usize] >> power & 1 == 1).collect();
        for distance in 0..FAR {
            next.retain(|it| distances[*it as usize] == FAR);
            if next.is_empty() {
                break;
            }
            next.iter().for_each(|it| distances[*it as usize] = distance);
            let nearer = next.iter().flat_map(|it| &before[*it as usize]).filter(|it| it.1 <= moves);
            next = nearer.map(|it| it.0).filter(|it| distances[*it as usize] == FAR).collect();
        }
        distances
    }
}

/// So many moves are left at least behind one of this edge; `None`: it leads nowhere near the goal.
fn rest(goal: &Goal, id: &str) -> Option<u32> {
    match (goal, id) {
        // Traffic that somebody receives leads no further.
        (Goal::Is(Foothold::Intercept { .. }) | Goal::Connects { .. }, _) => Some(0),
        (_, "A39") => None,
        (Goal::Is(Foothold::ClusterAdmin), "A16" | "A19") => Some(0),
        // Who is root on a node acts as somebody first, who then holds everything.
        (Goal::Is(Foothold::ClusterAdmin), "A04" | "A10" | "A33" | "A34") => Some(2),
        (Goal::Is(Foothold::ClusterAdmin), _) => Some(1),
        _ => Some(0),
    }
}

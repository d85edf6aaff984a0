//! A closure that ends as soon as what is held is enough for something that is no single goal: rights that are needed
//! together, say.

use super::Ground;
use super::closure::find;
use super::foothold::Foothold;
use super::held::{Held, HeldMark};
use super::moves::Waiting;
use super::step::Certainty;

/// What somebody comes to hold by these moves, until it is enough, and what was found then; `None`: it never is.
pub fn until<T>(
    ground: &Ground<'_>,
    start: &Foothold,
    moves: Certainty,
    mut enough: impl FnMut(&Held) -> Option<T>,
) -> (Held, Option<T>) {
    let mut held = Held::of(ground, start, None);
    let mut found = enough(&held);
    let (mut waiting, mut before) = (Waiting::default(), HeldMark::default());
    while found.is_none() {
        let now = held.mark();
        find(ground, &held, before, moves, &mut waiting);
        before = now;
        let Some((cost, next)) = waiting.take_nearest() else { break };
        held.take_all(ground, next, cost);
        // Only a right more can make it enough.
        if held.mark().rights > before.rights {
            found = enough(&held);
        }
    }
    (held, found)
}

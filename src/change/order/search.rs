//! The cheapest way through the sets of changes that are made, one change more at each step.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::Cost;

/// The way that was found.
pub(super) struct FoundOrder {
    pub places: Vec<usize>,
    /// Whether there is none that is cheaper.
    pub is_best: bool,
}

/// A way so far: the cheapest first, of those the longest, of those the one that comes first as a rule.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct OrderSoFar {
    cost: Cost,
    left: usize,
    /// Places in the usual order.
    made: Vec<usize>,
    /// Whether what it costs to be there is in its cost.
    is_told: bool,
}

/// The cheapest order of `usual`, in which each comes after all that it `needs`; `cost` is asked at most `budget` times
/// before the best that is known is taken.
///
/// # Errors
/// What `cost` fails with.
pub(super) fn best<E>(
    usual: &[usize],
    needs: &[Vec<usize>],
    budget: usize,
    cost: &mut dyn FnMut(&[usize]) -> Result<Cost, E>,
) -> Result<FoundOrder, E> {
    let mut open = BinaryHeap::from([Reverse(OrderSoFar {
        cost: Cost::default(),
        left: usual.len(),
        made: Vec::new(),
        is_told: true,
    })]);
    let mut seen: BTreeSet<Vec<usize>> = BTreeSet::new();
    let mut asked = 0;
    let changes = |made: &[usize]| made.iter().map(|it| usual[*it]).collect::<Vec<usize>>();
    while let Some(Reverse(mut step)) = open.pop() {
        if step.left == 0 {
            return Ok(FoundOrder { places: changes(&step.made), is_best: true });
        }
        if !step.is_told {
            if asked == budget {
                return Ok(FoundOrder { places: changes(&finished(&step.made, usual, needs)), is_best: false });
            }
            asked += 1;
            let own = cost(&changes(&step.made))?;
            step.is_told = true;
            step.cost = sum(step.cost, own);
            if own != Cost::default() {
                open.push(Reverse(step));
                continue;
            }
        }
        let mut key = step.made.clone();
        key.sort_unstable();
        // A set is reached first by the cheapest way to it.
        if seen.insert(key) {
            let next = following(&step.made, usual, needs);
            let more = |at: usize| OrderSoFar {
                made: step.made.iter().copied().chain([at]).collect(),
                left: step.left - 1,
                is_told: step.left == 1,
                ..step
            };
            open.extend(next.into_iter().map(|it| Reverse(more(it))));
        }
    }
    // Needs go round in a circle: no order is right.
    Ok(FoundOrder { places: usual.to_vec(), is_best: false })
}

fn sum(a: Cost, b: Cost) -> Cost {
    std::array::from_fn(|it| a[it] + b[it])
}

/// What may come next.
fn following(made: &[usize], usual: &[usize], needs: &[Vec<usize>]) -> Vec<usize> {
    let is_made = |change: &usize| made.iter().any(|it| usual[*it] == *change);
    let may = |at: &usize| !made.contains(at) && needs[usual[*at]].iter().all(is_made);
    (0..usual.len()).filter(may).collect()
}

/// The way with all others behind it, as a rule.
fn finished(made: &[usize], usual: &[usize], needs: &[Vec<usize>]) -> Vec<usize> {
    let mut made = made.to_vec();
    while made.len() < usual.len() {
        let rest = || (0..usual.len()).find(|it| !made.contains(it));
        let Some(next) = following(&made, usual, needs).first().copied().or_else(rest) else { break };
        made.push(next);
    }
    made
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn permutations(of: usize) -> Vec<Vec<usize>> {
        if of == 0 {
            return vec![Vec::new()];
        }
        let shorter = permutations(of - 1);
        let longer = |it: &Vec<usize>| {
            (0..=it.len()).map(|at| [&it[..at], &[of - 1], &it[at..]].concat()).collect::<Vec<Vec<usize>>>()
        };
        shorter.iter().flat_map(longer).collect()
    }

    proptest! {
        #[test]
        fn no_order_is_cheaper(costs in proptest::collection::vec((0..3_usize, 0..2_usize), 16), late in 0..4_usize) {
            let cost = |made: &[usize]| {
                let (cut, opened) = costs[made.iter().map(|it| 1_usize << it).sum::<usize>()];
                [cut / 2, 0, opened]
            };
            let needs: Vec<Vec<usize>> = (0..4).map(|it| if it == late && late > 0 { vec![late - 1] } else { vec![] }).collect();
            let whole = |order: &[usize]| (1..4).map(|it| cost(&order[..it])).fold(Cost::default(), sum);
            let place = |order: &[usize], it: usize| order.iter().position(|at| *at == it);
            let is_right = |it: &Vec<usize>| late == 0 || place(it, late - 1) < place(it, late);
            let least = permutations(4).into_iter().filter(is_right).map(|it| whole(&it)).min();
            let (order, is_best) = found(&needs, 100, cost);
            prop_assert!(is_best && is_right(&order));
            prop_assert_eq!(Some(whole(&order)), least);
        }
    }

    fn found(needs: &[Vec<usize>], budget: usize, cost: impl Fn(&[usize]) -> Cost) -> (Vec<usize>, bool) {
        let usual: Vec<usize> = (0..needs.len()).collect();
        let found = best::<()>(&usual, needs, budget, &mut |it| Ok(cost(it))).expect("it does not fail");
        (found.places, found.is_best)
    }

    #[test]
    fn the_usual_order_is_taken_where_it_costs_nothing() {
        let mut asked = 0;
        let order = best::<()>(&[2, 0, 1], &[vec![], vec![], vec![]], 9, &mut |_| {
            asked += 1;
            Ok(Cost::default())
        });
        assert_eq!(order.map(|it| it.places), Ok(vec![2, 0, 1]));
        assert_eq!(asked, 2, "each moment once");
    }

    #[test]
    fn a_way_around_what_costs_is_found_and_what_is_needed_comes_first() {
        let free = vec![vec![], vec![], vec![]];
        let costs = |it: &[usize]| if it.contains(&0) && !it.contains(&2) { [1, 0, 0] } else { Cost::default() };
        assert_eq!(found(&free, 50, costs), (vec![1, 2, 0], true));
        let bound = vec![vec![], vec![], vec![0]];
        assert_eq!(found(&bound, 50, costs).0, [1, 0, 2], "it cannot come before what it needs, so it is cut briefly");
        assert_eq!(found(&free, 0, costs), (vec![0, 1, 2], false), "nothing was asked");
        assert_eq!(found(&[vec![1], vec![0]], 9, costs), (vec![0, 1], false), "a circle");
    }
}

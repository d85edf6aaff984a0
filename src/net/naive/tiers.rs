//! The order of policies, for the second evaluator: tiers in which the first rule that fits decides, and the one in
//! which what some rule allows passes.
//!
//! It walks every order of equals and every way in which a rule may fit; it knows nothing of ends.

use super::{EITHER, PossibleOutcomes, YES, any};
use crate::model::policy::{Action, Direction, GapEffect, Policy, Rule, Tier};

/// What one tier, or all of them, make of a flow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum TierResult {
    Allow,
    Deny,
    /// Not decided here.
    Past,
}

/// One governing policy: `None` may say anything; its tier; whether it governs.
pub(super) type Governing<'a> = (Option<&'a Policy>, Tier, &'static [bool]);

/// A tier in which the first rule that fits decides, in every order of equals.
pub(super) fn ordered(
    policies: &[&Governing<'_>],
    direction: Direction,
    fits: &dyn Fn(&Policy, &Rule) -> &'static [bool],
) -> PossibleOutcomes<TierResult> {
    let mut tiers: Vec<Tier> = policies.iter().map(|it| it.1).collect();
    tiers.sort();
    tiers.dedup();
    let mut ways = PossibleOutcomes::from([TierResult::Past]);
    let mut left: PossibleOutcomes<TierResult> = PossibleOutcomes::new();
    for tier in tiers {
        let equals: Vec<&Governing<'_>> = policies.iter().filter(|it| it.1 == tier).copied().collect();
        if !ways.remove(&TierResult::Past) {
            break;
        }
        for order in orders(&equals) {
            let (decided, passed) = walk(&order, direction, fits);
            ways.extend(decided);
            left.extend(passed);
        }
    }
    ways.extend(left);
    ways
}

/// Every order of a few, and of many every choice of the first.
fn orders<'p, 'a>(equals: &[&'p Governing<'a>]) -> Vec<Vec<&'p Governing<'a>>> {
    if equals.len() < 2 {
        return vec![equals.to_vec()];
    }
    let mut all = Vec::new();
    for at in 0..equals.len() {
        let mut rest = equals.to_vec();
        let first = rest.remove(at);
        let orders = if equals.len() <= 4 { orders(&rest) } else { vec![rest] };
        all.extend(orders.into_iter().map(|it| [vec![first], it].concat()));
    }
    all
}

/// Walks policies in one order: what may be decided (or not, `Past`), and whether it may be passed on early.
fn walk(
    policies: &[&Governing<'_>],
    direction: Direction,
    fits: &dyn Fn(&Policy, &Rule) -> &'static [bool],
) -> (PossibleOutcomes<TierResult>, PossibleOutcomes<TierResult>) {
    let (mut decided, mut passed) = (PossibleOutcomes::new(), PossibleOutcomes::new());
    for (policy, _, governs) in policies {
        let Some(policy) = policy else {
            decided.extend([TierResult::Allow, TierResult::Deny]);
            passed.insert(TierResult::Past);
            continue;
        };
        if policy.gaps.iter().any(|it| it.effect == GapEffect::Opens(direction)) {
            decided.insert(TierResult::Allow);
        }
        let mut reaches_end = true;
        for rule in policy.rules.iter().filter(|it| it.direction == direction) {
            let ways = fits(policy, rule);
            if ways.contains(&true) {
                match rule.action {
                    Action::Allow => decided.insert(TierResult::Allow),
                    Action::Deny => decided.insert(TierResult::Deny),
                    Action::Pass => passed.insert(TierResult::Past),
                };
            }
            if ways == YES {
                reaches_end = false;
                break;
            }
        }
        if !reaches_end && *governs == YES {
            return (decided, passed);
        }
    }
    decided.insert(TierResult::Past);
    (decided, passed)
}

/// The tier in which a pod that some policy isolates may do only what some rule allows.
pub(super) fn additive(
    policies: &[&Governing<'_>],
    direction: Direction,
    fits: &dyn Fn(&Policy, &Rule) -> &'static [bool],
) -> PossibleOutcomes<TierResult> {
    let mut ways = PossibleOutcomes::from([TierResult::Past]);
    for (policy, _, governs) in policies {
        let says: PossibleOutcomes<TierResult> = match policy {
            None => PossibleOutcomes::from([TierResult::Allow, TierResult::Deny]),
            Some(policy) if !policy.isolates.has(direction) => continue,
            Some(policy) => {
                let opens = policy.gaps.iter().any(|it| it.effect == GapEffect::Opens(direction));
                let rules = policy.rules.iter().filter(|it| it.direction == direction && it.action == Action::Allow);
                let ways = any(rules.map(|it| fits(policy, it)).chain(opens.then_some(EITHER)));
                ways.iter().map(|it| if *it { TierResult::Allow } else { TierResult::Deny }).collect()
            }
        };
        let mut after = PossibleOutcomes::new();
        for way in &ways {
            if governs.contains(&false) {
                after.insert(*way);
            }
            if governs.contains(&true) {
                after.extend(says.iter().map(|it| if *way == TierResult::Allow { TierResult::Allow } else { *it }));
            }
        }
        ways = after;
    }
    ways
}

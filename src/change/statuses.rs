//! What a port can come to between two units, once what is not known is known: no pair passes it, some do, or all do.
//!
//! ```text
//!            nobody   some    all
//! some       –        yes     if every pair may
//! unknown    yes      yes     if every pair may
//! ```
//!
//! Two sides surely differ if there is a port of which no status is possible on both.

use std::sync::Arc;

use crate::model::port::PortSet;
use crate::net::reach::Summary;

/// The ports of which each status is possible.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Statuses {
    nobody: PortSet,
    some: PortSet,
    all: PortSet,
}

impl Statuses {
    /// Of two units between which there is no pair, or none that may pass.
    pub fn none() -> Self {
        Self { nobody: PortSet::all(), some: PortSet::none(), all: PortSet::none() }
    }

    /// Of a row; `every_may` are the ports that every pair may pass.
    pub fn of(row: Option<&Summary>, every_may: &PortSet) -> Self {
        let Some(it) = row else { return Self::none() };
        let is_one_pair = it.pairs.total() <= 1;
        Self {
            nobody: PortSet::all().difference(&it.some),
            some: if is_one_pair { PortSet::none() } else { it.possible.difference(&it.every) },
            all: every_may.clone(),
        }
    }

    /// Whether each port has one status only.
    pub fn is_settled(&self) -> bool {
        let pairs = [(&self.nobody, &self.some), (&self.nobody, &self.all), (&self.some, &self.all)];
        pairs.iter().all(|(a, b)| a.intersection(b).is_empty())
    }

    /// Whether some port has another status there, whatever it is.
    pub fn surely_differ(&self, other: &Self) -> bool {
        let shared = [(&self.nobody, &other.nobody), (&self.some, &other.some), (&self.all, &other.all)];
        let shared = shared.map(|(a, b)| a.intersection(b));
        !PortSet::union_of(&shared).is_all()
    }
}

/// The ports that every pair of a row may pass, where the row alone tells it; else none of the others.
pub(super) fn every_may(row: Option<&Summary>) -> Option<Arc<PortSet>> {
    let Some(it) = row else { return Some(Arc::default()) };
    let is_uniform = it.every == it.some && it.some == it.possible;
    (is_uniform || it.pairs.total() <= 1).then(|| it.possible.clone())
}

/// Whether all pairs of a row surely pass the same ports and may pass no others.
pub(super) fn is_uniform(row: Option<&Summary>) -> bool {
    row.is_none_or(|it| it.every == it.some && it.some == it.possible)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::port::Protocol;
    use crate::net::reach::Counts;

    fn ports(numbers: &[u16]) -> Arc<PortSet> {
        let sets: Vec<PortSet> = numbers.iter().map(|it| PortSet::range(Protocol::Tcp, *it, *it)).collect();
        Arc::new(PortSet::union_of(&sets))
    }

    fn row(pairs: u64, every: &[u16], some: &[u16], possible: &[u16]) -> Summary {
        let pairs = Counts { allow: pairs, ..Counts::default() };
        Summary { every: ports(every), some: ports(some), possible: ports(possible), pairs }
    }

    #[test]
    fn what_is_not_known_differs_from_nothing_for_sure() {
        let of = |row: &Summary, may: &[u16]| Statuses::of(Some(row), &ports(may));
        let (sure, unsure) = (row(1, &[80], &[80], &[80]), row(1, &[], &[], &[80]));
        assert!(of(&sure, &[80]).surely_differ(&Statuses::none()));
        assert!(!of(&unsure, &[80]).surely_differ(&Statuses::none()));
        assert!(!of(&unsure, &[80]).surely_differ(&of(&sure, &[80])));
        assert!(of(&sure, &[80]).is_settled() && !of(&unsure, &[80]).is_settled());
        // One of two pods surely: whether the other does too decides whether that differs from both.
        let (some, both) = (row(2, &[], &[80], &[80]), row(2, &[80], &[80], &[80]));
        assert!(of(&some, &[]).surely_differ(&of(&both, &[80])) && of(&some, &[]).is_settled());
        assert!(!of(&some, &[80]).surely_differ(&of(&both, &[80])) && !of(&some, &[80]).is_settled());
    }
}

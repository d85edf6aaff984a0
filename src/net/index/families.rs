//! The address families of ends: which they have, which comes first, and which decide about a pair.
//!
//! ```text
//! an end with addresses       its own order
//! a pod without one yet       the order of the other pods: not known where they differ, where there are none, and
//!                             where not all pods are read (CONTRACT §2); then either family may decide
//! ```

use ipnet::IpNet;

use super::class_sets::ClassBitmap;
use super::{Index, family_slot};
use crate::model::address::{Addresses, Family};
use crate::model::cluster::Cluster;
use crate::model::evidence::Gap;
use crate::model::facts::Pod;
use crate::model::policy::Direction;
use crate::net::ends;

/// Which family comes first at an end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum FamilyOrder {
    V4,
    V6,
    /// The end has no address yet: that of the other pods.
    Others,
}

/// The families that an end has addresses of, or may have.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Families {
    pub v4: bool,
    pub v6: bool,
    pub order: FamilyOrder,
}

/// The families that decide about a pair.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Deciding {
    One(Family),
    /// Which of both comes first is not known: what they say differently is unknown.
    Either,
}

/// What the other pods say of the family that comes first.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstFamilies {
    /// How many pods that can be judged have a first address of IPv4, and of IPv6.
    pods: [u32; 2],
    /// Why not all pods are known.
    gap: Option<Box<Gap>>,
}

impl Families {
    /// Of known addresses, or of one that will be in these ranges.
    pub fn of(addresses: &Addresses, ranges: &[IpNet]) -> Self {
        let has = |family| match addresses.is_empty() {
            false => addresses.of(family).is_some(),
            true => ranges.iter().any(|it| Family::of(it.addr()) == family),
        };
        let order = match addresses.first().map(Family::of) {
            Some(Family::V4) => FamilyOrder::V4,
            Some(Family::V6) => FamilyOrder::V6,
            None => FamilyOrder::Others,
        };
        Self { v4: has(Family::V4), v6: has(Family::V6), order }
    }

    pub fn has(self, family: Family) -> bool {
        match family {
            Family::V4 => self.v4,
            Family::V6 => self.v6,
        }
    }

    /// Whether both ends have, or may have, an address of one family.
    pub fn are_shared(self, other: Self) -> bool {
        self.v4 && other.v4 || self.v6 && other.v6
    }
}

impl FirstFamilies {
    /// Counts a pod that can be judged in.
    pub fn enter(&mut self, pod: &Pod) {
        self.of(pod).into_iter().for_each(|it| *it += 1);
    }

    /// Counts it out.
    pub fn leave(&mut self, pod: &Pod) {
        self.of(pod).into_iter().for_each(|it| *it -= 1);
    }

    fn of(&mut self, pod: &Pod) -> Option<&mut u32> {
        Some(&mut self.pods[family_slot(Family::of(pod.addresses().first()?))])
    }

    /// Takes in whether all pods are known.
    pub fn renew(&mut self, cluster: &Cluster) {
        self.gap = ends::unread_pods(cluster).map(Box::new);
    }

    /// The family of all first addresses.
    fn family(&self) -> Option<Family> {
        match self.pods {
            _ if self.gap.is_some() => None,
            [0, 0] => None,
            [_, 0] => Some(Family::V4),
            [0, _] => Some(Family::V6),
            _ => None,
        }
    }

    /// Whether another cluster's say the same.
    pub fn say_the_same(&self, other: &Self) -> bool {
        self.family() == other.family() && (self.family().is_some() || self.doubt() == other.doubt())
    }

    /// Why it is not known.
    fn doubt(&self) -> Gap {
        match (&self.gap, self.pods) {
            (Some(gap), _) => (**gap).clone(),
            (None, [0, 0]) => Gap::End { what: "no other pod has an address that would tell its first family".into() },
            (None, _) => Gap::End { what: "the first addresses of the other pods are not all of one family".into() },
        }
    }
}

impl Index {
    /// The family that comes first at such an end; `None`: not known.
    pub(super) fn first_family(&self, families: Families) -> Option<Family> {
        match families.order {
            FamilyOrder::V4 => Some(Family::V4),
            FamilyOrder::V6 => Some(Family::V6),
            FamilyOrder::Others => self.firsts.family(),
        }
    }

    /// The family that comes first at such an end, or any where they answer alike, since nothing but blocks tells them
    /// apart; `None`: not known.
    fn telling_first(&self, families: Families) -> Option<Family> {
        self.first_family(families).or_else(|| self.blocks.is_empty().then_some(Family::V4))
    }

    /// The families that both ends have, in the order of the destination.
    pub(super) fn shared(&self, from: Families, to: Families) -> impl Iterator<Item = Family> + use<> {
        let order = match self.first_family(to) {
            Some(Family::V6) => [Family::V6, Family::V4],
            Some(Family::V4) | None => Family::ALL,
        };
        order.into_iter().filter(move |it| from.has(*it) && to.has(*it))
    }

    /// The families that decide about a pair; `None`: the ends have none in common.
    pub(super) fn deciding(&self, from: Families, to: Families) -> Option<Deciding> {
        match (from.v4 && to.v4, from.v6 && to.v6) {
            (true, true) => Some(self.telling_first(to).map_or(Deciding::Either, Deciding::One)),
            (true, false) => Some(Deciding::One(Family::V4)),
            (false, true) => Some(Deciding::One(Family::V6)),
            (false, false) => None,
        }
    }

    /// The classes by the family that decides about them (CONTRACT §2: the destination's first that both have).
    pub(super) fn selections(
        &self,
        own: Families,
        direction: Direction,
        no_common_family: &mut ClassBitmap,
    ) -> Vec<(Deciding, ClassBitmap)> {
        let has = |family: Family| &self.families[family_slot(family)];
        let families: Vec<Family> = Family::ALL.into_iter().filter(|it| own.has(*it)).collect();
        no_common_family.copy(&self.live);
        families.iter().for_each(|it| no_common_family.and_not(has(*it)));
        if families.len() < 2 {
            return families.into_iter().map(|it| (Deciding::One(it), has(it).clone())).collect();
        }
        let mut both = has(Family::V4).clone();
        both.and(has(Family::V6));
        let (v6_first, either) = match direction {
            Direction::Egress => self.by_own_order(both),
            // The end is the destination: its own order holds.
            Direction::Ingress => match self.telling_first(own) {
                Some(Family::V4) => (ClassBitmap::default(), ClassBitmap::default()),
                Some(Family::V6) => (both, ClassBitmap::default()),
                None => (ClassBitmap::default(), both),
            },
        };
        let (mut v4, mut v6) = (has(Family::V4).clone(), has(Family::V6).clone());
        v4.and_not(&v6_first);
        v4.and_not(&either);
        v6.and_not(&v4);
        v6.and_not(&either);
        vec![(Deciding::One(Family::V4), v4), (Deciding::One(Family::V6), v6), (Deciding::Either, either)]
    }

    /// Of classes of both families those whose first is IPv6, and those of which it is not known.
    fn by_own_order(&self, both: ClassBitmap) -> (ClassBitmap, ClassBitmap) {
        let (mut v6_first, mut either) = (both.clone(), both);
        v6_first.and(&self.v6_first);
        either.and(&self.unordered);
        match self.telling_first(Families { v4: true, v6: true, order: FamilyOrder::Others }) {
            Some(Family::V4) => (v6_first, ClassBitmap::default()),
            Some(Family::V6) => {
                v6_first.or(&either);
                (v6_first, ClassBitmap::default())
            }
            None => (v6_first, either),
        }
    }

    /// Why it is not known which family decides; `None`: it is.
    pub(super) fn doubt_of_order(&self, from: Families, to: Families) -> Option<Gap> {
        let has_both = from.v4 && to.v4 && from.v6 && to.v6;
        (has_both && self.first_family(to).is_none()).then(|| self.firsts.doubt())
    }
}

//! The one rule language: what every policy kind is compiled to as it is read.
//!
//! ```text
//! Admin tier      ordered, first match decides: Allow, Deny, or Pass on
//! Namespace tier  a target that is isolated in a direction may do only what some rule allows
//! Baseline tier   ordered, for what the namespace tier did not isolate
//! otherwise       allowed
//! ```
//!
//! Nothing here evaluates; `net` does. Nothing here knows YAML; `kinds` has compiled it away.

use std::borrow::Cow;

use triomphe::Arc;

use super::address::Block;
use super::fact::{Fact, FactIdentity};
use super::id::{Kind, ObjectId};
use super::items::Items;
use super::labels::{Labels, Selector, SelectorSet};
use super::meta::Meta;
use super::name::Name;
use super::place::Place;
use super::port::PortMatch;

/// Which way a connection crosses a gate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Direction {
    Ingress,
    Egress,
}

impl Direction {
    pub const ALL: [Direction; 2] = [Direction::Egress, Direction::Ingress];

    /// As the API's field is called.
    pub const fn as_str(self) -> &'static str {
        match self {
            Direction::Ingress => "ingress",
            Direction::Egress => "egress",
        }
    }

    /// That of the other gate.
    pub const fn opposite(self) -> Self {
        match self {
            Direction::Ingress => Direction::Egress,
            Direction::Egress => Direction::Ingress,
        }
    }
}

/// A set of directions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Directions {
    pub ingress: bool,
    pub egress: bool,
}

impl Directions {
    pub const BOTH: Directions = Directions { ingress: true, egress: true };
    pub const NONE: Directions = Directions { ingress: false, egress: false };

    /// Whether this direction is in the set.
    pub fn has(self, direction: Direction) -> bool {
        match direction {
            Direction::Ingress => self.ingress,
            Direction::Egress => self.egress,
        }
    }

    /// The set with this direction added.
    pub fn with(mut self, direction: Direction) -> Self {
        match direction {
            Direction::Ingress => self.ingress = true,
            Direction::Egress => self.egress = true,
        }
        self
    }
}

/// When a policy is asked: in this order, `Admin` by ascending priority first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Tier {
    Admin { priority: u16 },
    Namespace,
    Baseline { priority: u16 },
}

/// What a matching rule does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    Allow,
    Deny,
    /// Leaves the tier undecided and goes on to the next.
    Pass,
}

/// The other end that a rule speaks of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PeerMatch {
    /// Every end, outside addresses included: what an empty list means (S9).
    Anyone,
    Pods(SelectorSet),
    /// Rarer and larger than the others.
    Block(Arc<Block>),
    Nodes(Selector),
}

/// One peer of a rule with where it stands; for [`PeerMatch::Anyone`] the rule's own place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Peer {
    pub matches: PeerMatch,
    pub place: Place,
}

/// One rule: an action for the flows that some peer and some port match.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Rule {
    pub direction: Direction,
    pub action: Action,
    /// Never empty unless every peer was unreadable: the reader writes [`PeerMatch::Anyone`].
    pub peers: Items<Peer>,
    /// Never empty unless every port was unreadable: the reader writes [`PortMatch::Any`].
    pub ports: Items<PortMatch>,
    /// `spec.ingress[2]`; its ports stand at `.ports[i]`.
    pub place: Place,
}

/// What an unread or unmodeled part of a policy could change (CONTRACT §1, §3).
///
/// The first three are of fields of a policy that is read: a `podSelector` with an unknown operator is `Target`, a port that
/// does not parse `Opens`, an unknown field `Anything`. The others are of whole kinds that are not evaluated, as the table
/// `KINDS` has them: an `AuthorizationPolicy` of a mesh is `ClosesIngress`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum GapEffect {
    /// Whom it governs: `target` is the widest reading, each pod of it may or may not be meant.
    Target,
    /// A rule of this direction may allow more than was read.
    Opens(Direction),
    /// Anything that this policy says for its targets, its own allows included.
    Anything,
    /// A kind that is not evaluated: any flow that has an end among its targets, whatever other policies say.
    Unevaluated,
    /// A kind that is not evaluated, and can only close ingress of its targets: a mesh's.
    ClosesIngress,
    /// A kind that is not evaluated, and can only close egress of its targets to ends that are not on the pod network:
    /// an egress firewall.
    ClosesOutside,
    /// A kind that is not evaluated, and closes or opens egress of its targets to such ends.
    DecidesOutside,
}

/// Something a policy says that was not read or is not modeled.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PolicyGap {
    pub place: Place,
    /// One clause: `unknown field`, `not a CIDR: "10.0.0/8"`.
    pub what: Name,
    pub effect: GapEffect,
}

/// One policy object of any kind, compiled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    pub meta: Meta,
    pub labels: Labels,
    pub kind: Kind,
    pub tier: Tier,
    /// The pods that it governs.
    pub target: SelectorSet,
    /// Where its targets become deny-by-default (namespace tier only).
    pub isolates: Directions,
    /// In the object's order, ingress before egress. Rules of directions that it does not isolate are left out
    /// in the namespace tier, since they are inert (S5); `inert` counts them.
    pub rules: Items<Rule>,
    /// How many rules stand in a direction that the policy does not isolate.
    pub inert: u32,
    pub gaps: Items<PolicyGap>,
    /// A fingerprint of all that the object says, where not all of it was understood: two that are not understood are the
    /// same where it is. 0 where there is no gap.
    pub unread: u64,
}

impl Policy {
    /// What names it.
    pub fn id(&self) -> ObjectId {
        ObjectId { kind: self.kind, namespace: self.meta.namespace.clone(), name: self.meta.name.clone() }
    }

    /// Its rules of one direction, each with its index in `rules`.
    pub fn rules_of(&self, direction: Direction) -> impl Iterator<Item = (usize, &Rule)> {
        self.rules.iter().enumerate().filter(move |(_, rule)| rule.direction == direction)
    }
}

impl Fact for Policy {
    /// All that no other sort has: plugins bring their own kinds.
    const KINDS: &'static [Kind] = &[];

    fn identity(&self) -> FactIdentity<'_> {
        self.meta.identity()
    }

    fn kind(&self) -> Kind {
        self.kind
    }

    fn label_set(&self) -> Cow<'_, Labels> {
        Cow::Borrowed(&self.labels)
    }
}

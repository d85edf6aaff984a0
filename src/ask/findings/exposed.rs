//! Service accounts whose pods are reached from the internet, and whether they can come to cluster-admin.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::ask::end::{AskedEnd, PortAsk};
use crate::ask::escalation;
use crate::ask::member::EndMember;
use crate::ask::pair::Pair;
use crate::ask::trace::TraceAnswer;
use crate::ask::world::World;
use crate::escalate::{Foothold, Goal, Ground};
use crate::model::evidence::Outcome;
use crate::model::facts::{Fact as _, Service, SharedPod};
use crate::model::id::ObjectId;
use crate::model::role::Subject;
use crate::net::reach::AddressRange;

/// How a service account is exposed; of outcomes the surest stands.
#[derive(Clone, PartialEq, Debug)]
pub struct Exposed {
    /// The Services that lead to its pods.
    pub through: BTreeSet<ObjectId>,
    /// Whether policies let the internet through to them; never [`Outcome::Deny`].
    pub connects: Outcome,
    /// Whether it can come to cluster-admin.
    pub admin: Outcome,
}

/// What a list says of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Word {
    /// Its pods are reached, and it can come to cluster-admin.
    Admin,
    /// Its pods are reached.
    Reached,
    Unknown,
}

impl Word {
    /// As lists show it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Word::Admin => "admin",
            Word::Reached => "reached",
            Word::Unknown => "unknown",
        }
    }
}

impl Exposed {
    /// One word: where either is not known and the other does not rule it out, nothing is known.
    pub fn word(&self) -> Word {
        match (self.connects, self.admin) {
            (Outcome::Allow, Outcome::Allow) => Word::Admin,
            (Outcome::Allow, Outcome::Deny) => Word::Reached,
            _ => Word::Unknown,
        }
    }
}

/// Everybody who is, by account; `None`: it was ended.
pub fn of(world: &World, goes_on: &mut dyn FnMut() -> bool) -> Option<BTreeMap<Subject, Exposed>> {
    let mut found: BTreeMap<Subject, Exposed> = BTreeMap::new();
    for service in world.cluster.services.iter().filter(|it| it.is_exposed()) {
        if !goes_on() {
            return None;
        }
        for (account, connects) in behind(world, service) {
            let new = || Exposed { through: BTreeSet::new(), connects, admin: Outcome::Unknown };
            let exposed = found.entry(account).or_insert_with(new);
            exposed.through.insert(service.id());
            exposed.connects = exposed.connects.min(connects);
        }
    }
    let ground = world.ground(&[]);
    for (account, exposed) in &mut found {
        if !goes_on() {
            return None;
        }
        exposed.admin = comes_to_admin(&ground, account);
    }
    Some(found)
}

/// The accounts of the pods behind a Service that the internet may connect to, or may be able to.
fn behind(world: &World, service: &Service) -> BTreeMap<Subject, Outcome> {
    let to = AskedEnd::Service { namespace: service.meta.namespace.clone(), name: service.meta.name.clone() };
    let Ok(trace) = world.asker().without_prerequisites().trace(&AskedEnd::Internet, &to, &PortAsk::NONE) else {
        return BTreeMap::new();
    };
    let mut found = BTreeMap::new();
    for pair in trace.pairs.iter().filter(|it| is_public(&it.from)) {
        let outcome = outcome(&trace, pair);
        if let Some(pod) = pair.to.pod().filter(|_| outcome != Outcome::Deny) {
            let known = found.entry(account_of(pod)).or_insert(outcome);
            *known = outcome.min(*known);
        }
    }
    found
}

fn account_of(pod: &SharedPod) -> Subject {
    Subject::ServiceAccount { namespace: pod.namespace().clone(), name: pod.service_account().clone() }
}

/// What leaves the whole answer open leaves each of its pairs open.
fn outcome(trace: &TraceAnswer, pair: &Pair) -> Outcome {
    match pair.outcome() {
        Outcome::Allow if !trace.gaps.is_empty() => Outcome::Unknown,
        outcome => outcome,
    }
}

fn comes_to_admin(ground: &Ground<'_>, account: &Subject) -> Outcome {
    let (start, goal) = (Foothold::Subject(account.clone()), Goal::Is(Foothold::ClusterAdmin));
    escalation::answer(ground, &start, &goal, None).outcome
}

/// Whether some address of an end may be one of the internet, not of a private network.
fn is_public(member: &EndMember) -> bool {
    match member {
        EndMember::Outside(ranges, _) => ranges.iter().any(|it| !is_private(*it)),
        EndMember::Address(address) => !is_private((*address, *address)),
        EndMember::Pod(_) | EndMember::Node(_) => false,
    }
}

/// Whether a range lies in one block of private addresses (RFC 1918, RFC 6598, RFC 4193) or of a link's or host's own.
fn is_private((first, last): AddressRange) -> bool {
    let block = |it: IpAddr| match it {
        IpAddr::V4(it) => match it.octets() {
            [10, ..] => Some((10, 0)),
            [172, b @ 16..=31, ..] => Some((172, b & 0xf0)),
            [192, 168, ..] => Some((192, 168)),
            [100, b @ 64..=127, ..] => Some((100, b & 0xc0)),
            [169, 254, ..] => Some((169, 254)),
            [127, ..] => Some((127, 0)),
            _ => None,
        },
        IpAddr::V6(it) => match it.octets() {
            [0xfc | 0xfd, ..] => Some((0xfc, 0)),
            [0xfe, b @ 0x80..=0xbf, ..] => Some((0xfe, b & 0xc0)),
            _ => None,
        },
    };
    block(first).is_some_and(|it| block(last) == Some(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_private_only_as_a_whole() {
        let range = |a: &str, b: &str| (a.parse().expect("an address"), b.parse().expect("an address"));
        assert!(is_private(range("10.0.0.0", "10.255.255.255")));
        assert!(is_private(range("172.16.0.0", "172.31.255.255")));
        assert!(!is_private(range("172.16.0.0", "172.32.0.0")));
        assert!(!is_private(range("9.255.255.255", "10.0.0.1")));
        assert!(is_private(range("fd00::", "fd00::ff")));
        assert!(!is_private(range("::", "ffff::")));
    }
}

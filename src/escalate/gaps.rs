//! What is not known and could lead further: a "no" beside it is not known.

use std::collections::BTreeSet;

use super::Ground;
use super::foothold::Foothold;
use super::goal::Goal;
use super::held::Held;
use super::places::{account, is_running};
use super::region::Region;
use super::unfollowed::{self, Unfollowed};
use crate::kinds;
use crate::model::evidence::Gap;
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::model::role::SubjectKind;
use crate::rbac::Identity;
use crate::rbac::identity::{node_of, user_of_node};

/// All that somebody comes to hold, as far as it bears on what is not known.
pub trait HeldSoFar {
    /// What is held, each thing or sort by itself.
    fn regions(&self) -> impl Iterator<Item = &Region>;

    /// Whether something is held, alone or as part of something larger.
    fn has(&self, ground: &Ground<'_>, foothold: &Foothold) -> bool;

    /// Whether somebody who is held has a right that no edge follows.
    fn has_right(&self, row: &'static Unfollowed) -> bool;

    /// Everybody who is held and whom other authorizers may grant more.
    fn identities(&self) -> impl Iterator<Item = Identity>;
}

impl HeldSoFar for Held {
    fn regions(&self) -> impl Iterator<Item = &Region> {
        self.entries().iter().map(|it| &it.region)
    }

    fn has(&self, ground: &Ground<'_>, foothold: &Foothold) -> bool {
        self.entry_of(ground, foothold).is_some()
    }

    fn has_right(&self, row: &'static Unfollowed) -> bool {
        self.rights_of(&row.power, 0).any(|it| row.is_had_in(&it.scope))
    }

    fn identities(&self) -> impl Iterator<Item = Identity> {
        let is_somebody = |it: &Foothold| matches!(it, Foothold::Subject(_));
        let somebody = (0..).zip(self.stands()).filter(move |(_, it)| is_somebody(&it.foothold));
        somebody.map(|(at, _)| self.identity(at))
    }
}

/// What is not known and could lead further: what was not read, and what stands in Secrets that can be read.
///
/// Within a number of steps only what was not read counts: what Secrets hold leads further, not nearer.
pub fn gaps(ground: &Ground<'_>, held: &impl HeldSoFar, max_hops: Option<usize>, goal: Option<&Goal>) -> Vec<Gap> {
    const KINDS: [Kind; 8] = [
        Kind::CLUSTER_ROLE_BINDING,
        Kind::ROLE_BINDING,
        Kind::CLUSTER_ROLE,
        Kind::ROLE,
        Kind::POD,
        Kind::NAMESPACE,
        Kind::NODE,
        Kind::SERVICE_ACCOUNT,
    ];
    let mut gaps = Vec::new();
    for kind in KINDS.into_iter().chain(kinds::evaluated().map(|it| it.kind)) {
        if let Some((namespace, coverage)) = ground.cluster.coverage.hole(kind) {
            gaps.push(Gap::Uncovered { kind, namespace, coverage: coverage.clone() });
        }
        gaps.extend(ground.cluster.unreadable.iter().filter(|it| it.kind == kind).cloned().map(Gap::Unreadable));
    }
    gaps.extend(authorizers(ground, held));
    if max_hops.is_some() {
        return gaps;
    }
    gaps.extend(unfollowed::gaps(ground, held, goal));
    gaps.extend(clouds(ground, held));
    let node = held.regions().find_map(|it| node_user(ground, it));
    gaps.extend(node.map(|it| Gap::Authorizer {
        what: format!("the Node authorizer decides what {it} may do").into(),
        seen: None,
    }));
    gaps.extend(secrets(ground, held));
    gaps
}

/// What may grant more than RBAC does to those who are held, each authorizer once.
fn authorizers(ground: &Ground<'_>, held: &impl HeldSoFar) -> Vec<Gap> {
    let marks = ground.rbac.marks();
    if marks.is_empty() {
        return Vec::new();
    }
    let mut gaps: Vec<Gap> = Vec::new();
    for it in held.identities().flat_map(|it| marks.gaps(&it)) {
        if !gaps.contains(&it) {
            gaps.push(it);
        }
    }
    gaps
}

/// An account that is somebody to a cloud provider, whose grants no cluster shows.
fn clouds(ground: &Ground<'_>, held: &impl HeldSoFar) -> Option<Gap> {
    let accounts = ground.cloud_accounts();
    let is_held = |it: &&(Name, Name)| held.has(ground, &account(&it.0, &it.1));
    let (namespace, name) = accounts.iter().find(is_held)?;
    let first = ground.cluster.service_accounts.get(namespace, name)?;
    let what = format!(
        "sa:{}/{} acts as {} towards the cloud provider, whose grants are not visible",
        first.meta.namespace,
        first.meta.name,
        first.cloud_identity()
    );
    Some(Gap::End { what: what.into() })
}

/// A node that is held as its user.
fn node_user(ground: &Ground<'_>, region: &Region) -> Option<String> {
    match region {
        Region::One(Foothold::Subject(it)) if it.kind() == SubjectKind::User && node_of(it.name()).is_some() => {
            Some(it.name().to_string())
        }
        Region::NodeUsers => Some(user_of_node(ground.nodes().first()?).name().to_string()),
        // A certificate can make one a node, to which the tokens and Secrets of the pods there are given.
        Region::Certified => {
            let pods = ground.cluster.pods.iter().find(|it| is_running(it) && !it.node().is_empty());
            Some(user_of_node(pods?.node()).name().to_string())
        }
        _ => None,
    }
}

/// Whose Secrets can be read: what stands in them is never asked for.
fn secrets(ground: &Ground<'_>, held: &impl HeldSoFar) -> Option<Gap> {
    let (mut readable, mut is_all) = (BTreeSet::new(), false);
    for region in held.regions() {
        match region {
            Region::One(Foothold::Secrets { namespace, .. }) => drop(readable.insert(namespace.clone())),
            Region::Secrets | Region::SecretsNamed(_) => is_all = true,
            Region::SecretsBeside(resource) => readable.extend(ground.namespaces_beside(resource)),
            _ => {}
        }
    }
    let all = ground.all_namespaces();
    if is_all {
        readable.retain(|it| all.binary_search(it).is_err());
    }
    let all = if is_all { &all[..] } else { &[] };
    let first = readable.first().into_iter().chain(all.first()).min()?;
    let others = match readable.len() + all.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more namespaces"),
    };
    let what = format!("the Secrets of {first}{others} can be read, and what stands in them is never asked for");
    Some(Gap::End { what: what.into() })
}

//! What grants amount to: abilities that no single verb names, or that depend on the server's version.
//!
//! ```text
//! enter pods    shop                  create pods/exec
//! enter pods    shop   before 1.35    get pods/exec
//! bind roles    shop   view edit      bind clusterroles, with create rolebindings
//! ```
//!
//! One written table, [`WAYS`]. They are told apart from answers: a request is judged by its tuple alone on every
//! version (CONTRACT §4). What follows from an ability, hop by hop, is another question.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::evidence::Outcome;
use crate::model::id::{ObjectId, ResourceScope};
use crate::model::name::Name;
use crate::model::role::RoleRule;

use super::identity::{Identity, MASTERS};
use super::index::Index;
use super::powers::{self, Need, Power};
use super::version::Version;

/// One way to come by an ability.
#[derive(PartialEq, Eq, Debug)]
pub struct CapabilityWay {
    /// What it lets somebody do: a short word.
    pub ability: &'static str,
    /// Which has one need.
    pub power: &'static Power,
    /// What else must be held in the same place.
    pub with: Option<&'static Power>,
    /// Cluster: only what is held there gives it.
    pub scope: ResourceScope,
    /// The number of the rule of docs/rbac.md.
    pub number: u32,
    /// One clause.
    pub what: &'static str,
}

impl CapabilityWay {
    /// What a rule must cover.
    pub fn need(&self) -> &'static Need {
        &self.power.needs[0]
    }
}

const fn way(ability: &'static str, power: &'static Power, number: u32, what: &'static str) -> CapabilityWay {
    CapabilityWay { ability, power, with: None, scope: power.scope, number, what }
}

const fn old_websocket(ability: &'static str, power: &'static Power) -> CapabilityWay {
    way(ability, power, 70, "by websocket, which such servers take for a get")
}

const fn constrained(power: &'static Power, with: &'static Power) -> CapabilityWay {
    let what = "by constrained impersonation, for what impersonate-on allows besides";
    CapabilityWay { with: Some(with), ..way("impersonate", power, 56, what) }
}

/// Every ability, in the order in which it is shown.
pub const WAYS: &[CapabilityWay] = &[
    way("exec into pods", &powers::EXEC, 70, "runs commands in their containers"),
    old_websocket("exec into pods", &powers::EXEC_BY_GET),
    way("attach to pods", &powers::ATTACH, 70, "reads and writes what their processes do"),
    old_websocket("attach to pods", &powers::ATTACH_BY_GET),
    way("forward ports", &powers::FORWARD, 70, "connects past network policies"),
    old_websocket("forward ports", &powers::FORWARD_BY_GET),
    way(
        "kubelet access",
        &powers::KUBELETS,
        71,
        "runs commands in every pod of a node by its kubelet, past audit and admission",
    ),
    way("read kubelets", &powers::READ_KUBELETS, 72, "a node's pods, without nodes/proxy"),
    way("impersonate", &powers::IMPERSONATE_GROUPS, 54, "in groups, with a user or an account that it may act as"),
    way("impersonate", &powers::IMPERSONATE_USERS, 54, "as users, with all that these hold"),
    way("impersonate", &powers::IMPERSONATE_ACCOUNTS, 54, "as service accounts"),
    constrained(&powers::AS_USERS, &powers::ON_AS_USERS),
    constrained(&powers::AS_ACCOUNTS, &powers::ON_AS_ACCOUNTS),
    constrained(&powers::AS_NODES, &powers::ON_AS_NODES),
    constrained(&powers::AS_OWN_NODE, &powers::ON_AS_OWN_NODE),
    CapabilityWay {
        with: Some(&powers::APPROVE_REQUESTS),
        ..way(
            "approve certificates",
            &powers::APPROVE,
            59,
            "with a signer of clients, a credential of any user but one in system:masters",
        )
    },
    CapabilityWay {
        with: Some(&powers::WRITE_CLUSTER_ROLES),
        ..way("escalate roles", &powers::ESCALATE_CLUSTER_ROLES, 47, "puts any rule into a ClusterRole")
    },
    CapabilityWay {
        with: Some(&powers::WRITE_ROLES),
        ..way("escalate roles", &powers::ESCALATE_ROLES, 47, "puts any rule into a Role")
    },
    CapabilityWay {
        with: Some(&powers::WRITE_CLUSTER_BINDINGS),
        scope: ResourceScope::Cluster,
        ..way("bind roles", &powers::BIND_CLUSTER_ROLES, 49, "cluster-wide, beyond its own rights")
    },
    CapabilityWay {
        with: Some(&powers::WRITE_BINDINGS),
        ..way("bind roles", &powers::BIND_CLUSTER_ROLES, 49, "in namespaces, beyond its own rights")
    },
    CapabilityWay {
        with: Some(&powers::WRITE_BINDINGS),
        ..way("bind roles", &powers::BIND_ROLES, 49, "in namespaces, beyond its own rights")
    },
    way("delegate own permissions", &powers::WRITE_CLUSTER_BINDINGS, 51, "binds what it holds cluster-wide"),
    way("delegate own permissions", &powers::WRITE_BINDINGS, 51, "binds what it holds itself to anyone"),
];

/// A rule that gives an ability: which binding, role and rule.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct By {
    pub binding: ObjectId,
    pub role: ObjectId,
    pub rule: usize,
}

/// An ability that somebody has in some place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Capability {
    pub way: &'static CapabilityWay,
    /// Empty: the whole cluster.
    pub scope: Name,
    /// The objects that all rules behind it name; empty: every object.
    pub names: BTreeSet<Name>,
    /// Whether the server that was asked is of a version on which it works.
    pub outcome: Outcome,
    pub by: BTreeSet<By>,
}

/// The rules of somebody with where each comes from, by the place where they hold.
type RulesByPlace = BTreeMap<Name, Vec<(RoleRule, By)>>;

impl Index {
    /// What somebody's grants amount to; `only` keeps what holds in one namespace.
    ///
    /// Nothing for a member of `system:masters`, who may do everything anyway.
    pub fn capabilities(&self, identity: &Identity, only: Option<&Name>, version: Option<Version>) -> Vec<Capability> {
        if identity.is_in(MASTERS) {
            return Vec::new();
        }
        let mut held = RulesByPlace::from([(Name::empty(), Vec::new())]);
        for holding in self.permissions(identity) {
            let Some((role, effective)) = &holding.role else { continue };
            if only.is_some_and(|only| !holding.scope().is_empty() && holding.scope() != only) {
                continue;
            }
            let by = |rule| By { binding: holding.binding.id(), role: role.id(), rule };
            let rules = effective.rules.iter().enumerate().map(|(at, it)| (it.clone(), by(at)));
            held.entry(holding.scope().clone()).or_default().extend(rules);
        }
        WAYS.iter().flat_map(|way| of_way(way, &held, version)).collect()
    }
}

/// One way in the whole cluster, and where it is not given there for every object, in namespaces.
fn of_way(way: &'static CapabilityWay, held: &RulesByPlace, version: Option<Version>) -> Vec<Capability> {
    let everywhere = held.get("").map(Vec::as_slice).unwrap_or_default();
    let mut found: Vec<Capability> = Vec::new();
    for (scope, rules) in held {
        let is_elsewhere = !scope.is_empty();
        let is_given = found.first().is_some_and(|it| it.scope.is_empty() && it.names.is_empty());
        if is_elsewhere && (way.scope == ResourceScope::Cluster || is_given) {
            continue;
        }
        let both = || rules.iter().chain(everywhere.iter().filter(|_| is_elsewhere));
        let has_rest =
            way.with.is_none_or(|with| both().any(|(it, _)| with.needs.iter().any(|need| need.is_met_by(it))));
        let giving: Vec<&(RoleRule, By)> = both().filter(|(it, _)| way.need().is_met_by(it)).collect();
        // What only cluster-wide rules give is told once, cluster-wide; unless the rest is given here alone.
        let is_told = found.first().is_some_and(|it| it.scope.is_empty());
        let is_new = !is_told || giving.iter().any(|(_, by)| by.binding.namespace == *scope);
        if giving.is_empty() || !has_rest || !is_new {
            continue;
        }
        found.push(capability(way, scope, &giving, version));
    }
    found
}

fn capability(
    way: &'static CapabilityWay,
    scope: &Name,
    giving: &[&(RoleRule, By)],
    version: Option<Version>,
) -> Capability {
    let is_of_all = giving.iter().any(|(rule, _)| rule.names.is_empty());
    let names = giving.iter().flat_map(|(rule, _)| rule.names.iter().cloned()).filter(|_| !is_of_all);
    Capability {
        way,
        scope: scope.clone(),
        names: names.collect(),
        outcome: way.power.span.holds(version),
        by: giving.iter().map(|(_, by)| by.clone()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_says_what_it_needs() {
        for way in WAYS {
            assert!(!way.what.is_empty() && !way.what.ends_with('.'), "{way:?}");
            assert_eq!(way.power.needs.len(), 1, "{way:?}");
            assert!(powers::POWERS.contains(&way.power), "{way:?}");
        }
    }
}

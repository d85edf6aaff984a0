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
use std::fmt;

use crate::model::evidence::Outcome;
use crate::model::id::ObjectId;
use crate::model::name::Name;
use crate::model::role::RoleRule;

use super::identity::{Identity, MASTERS};
use super::index::Index;
use super::matching::resource_covers;
use super::served::Reach;
use super::version::{Span, Version};

/// What a rule must cover: any of these verbs on this resource of this group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Need {
    /// One that ends in `:` stands for all verbs that begin so.
    pub verbs: &'static [&'static str],
    pub group: &'static str,
    /// `resource` or `resource/subresource`; `*` for any.
    pub resource: &'static str,
}

/// One way to come by an ability.
#[derive(PartialEq, Eq, Debug)]
pub struct Way {
    /// What it lets somebody do: a short word.
    pub ability: &'static str,
    pub need: Need,
    /// What else must be held in the same place, any of these; empty: nothing.
    pub with: &'static [Need],
    pub reach: Reach,
    pub span: Span,
    /// The number of the rule of docs/rbac.md.
    pub number: u32,
    /// One clause.
    pub what: &'static str,
}

const RBAC: &str = "rbac.authorization.k8s.io";
const AUTHENTICATION: &str = "authentication.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";
const WRITE: &[&str] = &["create", "update", "patch"];

const fn need(verbs: &'static [&'static str], group: &'static str, resource: &'static str) -> Need {
    Need { verbs, group, resource }
}

const WRITES_BINDINGS: &[Need] = &[need(WRITE, RBAC, "rolebindings")];
const WRITES_CLUSTER_BINDINGS: &[Need] = &[need(WRITE, RBAC, "clusterrolebindings")];
const WRITES_CLUSTER_ROLES: &[Need] = &[need(WRITE, RBAC, "clusterroles")];
const WRITES_ROLES: &[Need] = &[need(WRITE, RBAC, "roles")];

const APPROVES_REQUESTS: &[Need] = &[need(&["update", "patch"], CERTIFICATES, "certificatesigningrequests/approval")];

const fn way(ability: &'static str, need: Need, number: u32, what: &'static str) -> Way {
    Way { ability, need, with: &[], reach: Reach::Namespaced, span: Span::Always, number, what }
}

const fn old_websocket(ability: &'static str, resource: &'static str) -> Way {
    let what = "by websocket, which such servers take for a get";
    Way { span: Span::Before(35), ..way(ability, need(&["get"], "", resource), 70, what) }
}

const fn constrained(verbs: &'static [&'static str], resource: &'static str, with: &'static [Need]) -> Way {
    let what = "by constrained impersonation, for what impersonate-on allows besides";
    Way { with, span: Span::From(36), ..way("act as others", need(verbs, AUTHENTICATION, resource), 56, what) }
}

/// Every ability, in the order in which it is shown.
pub const WAYS: &[Way] = &[
    way("enter pods", need(&["create"], "", "pods/exec"), 70, "runs commands in their containers"),
    old_websocket("enter pods", "pods/exec"),
    way("attach to pods", need(&["create"], "", "pods/attach"), 70, "reads and writes what their processes do"),
    old_websocket("attach to pods", "pods/attach"),
    way("forward ports", need(&["create"], "", "pods/portforward"), 70, "connects past network policies"),
    old_websocket("forward ports", "pods/portforward"),
    Way {
        reach: Reach::Cluster,
        ..way(
            "enter nodes' pods",
            need(&["get", "create"], "", "nodes/proxy"),
            71,
            "runs commands in every pod of a node by its kubelet, past audit and admission",
        )
    },
    Way {
        reach: Reach::Cluster,
        span: Span::From(33),
        ..way("read kubelets", need(&["get"], "", "nodes/pods"), 72, "a node's pods, without nodes/proxy")
    },
    Way {
        reach: Reach::Cluster,
        ..way(
            "act as others",
            need(&["impersonate"], "", "groups"),
            54,
            "in groups, with a user or an account that it may act as",
        )
    },
    Way {
        reach: Reach::Cluster,
        ..way("act as others", need(&["impersonate"], "", "users"), 54, "as users, with all that these hold")
    },
    way("act as others", need(&["impersonate"], "", "serviceaccounts"), 54, "as service accounts"),
    Way {
        reach: Reach::Cluster,
        ..constrained(&["impersonate:user-info"], "users", &[need(&["impersonate-on:user-info:"], "*", "*")])
    },
    constrained(
        &["impersonate:serviceaccount"],
        "serviceaccounts",
        &[need(&["impersonate-on:serviceaccount:"], "*", "*")],
    ),
    Way {
        reach: Reach::Cluster,
        ..constrained(&["impersonate:arbitrary-node"], "nodes", &[need(&["impersonate-on:arbitrary-node:"], "*", "*")])
    },
    Way {
        reach: Reach::Cluster,
        ..constrained(
            &["impersonate:associated-node"],
            "nodes",
            &[need(&["impersonate-on:associated-node:"], "*", "*")],
        )
    },
    Way {
        with: APPROVES_REQUESTS,
        reach: Reach::Cluster,
        ..way(
            "approve certificates",
            need(&["approve"], CERTIFICATES, "signers"),
            59,
            "with a signer of clients, a credential of any user but one in system:masters",
        )
    },
    Way {
        with: WRITES_CLUSTER_ROLES,
        reach: Reach::Cluster,
        ..way("write any grant", need(&["escalate"], RBAC, "clusterroles"), 47, "puts any rule into a ClusterRole")
    },
    Way {
        with: WRITES_ROLES,
        ..way("write any grant", need(&["escalate"], RBAC, "roles"), 47, "puts any rule into a Role")
    },
    Way {
        with: WRITES_CLUSTER_BINDINGS,
        reach: Reach::Cluster,
        ..way("bind any role", need(&["bind"], RBAC, "clusterroles"), 49, "cluster-wide, beyond its own rights")
    },
    Way {
        with: WRITES_BINDINGS,
        ..way("bind any role", need(&["bind"], RBAC, "clusterroles"), 49, "in namespaces, beyond its own rights")
    },
    Way {
        with: WRITES_BINDINGS,
        ..way("bind any role", need(&["bind"], RBAC, "roles"), 49, "in namespaces, beyond its own rights")
    },
    Way {
        reach: Reach::Cluster,
        ..way("share own rights", need(WRITE, RBAC, "clusterrolebindings"), 51, "binds what it holds cluster-wide")
    },
    way("share own rights", need(WRITE, RBAC, "rolebindings"), 51, "binds what it holds itself to anyone"),
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
    pub way: &'static Way,
    /// Empty: the whole cluster.
    pub scope: Name,
    /// The objects that all rules behind it name; empty: every object.
    pub names: BTreeSet<Name>,
    /// Whether the server that was asked is of a version on which it works.
    pub outcome: Outcome,
    pub by: BTreeSet<By>,
}

/// `create pods/exec`, `bind clusterroles.rbac.authorization.k8s.io`.
impl fmt::Display for Need {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (plural, subresource) = self.resource.split_once('/').unwrap_or((self.resource, ""));
        write!(out, "{} {plural}", self.verbs.join("|"))?;
        if !self.group.is_empty() {
            write!(out, ".{}", self.group)?;
        }
        if subresource.is_empty() { Ok(()) } else { write!(out, "/{subresource}") }
    }
}

impl Need {
    /// Whether a rule gives it.
    pub fn is_met_by(&self, rule: &RoleRule) -> bool {
        let (_, subresource) = self.resource.split_once('/').unwrap_or((self.resource, ""));
        let meets = |wanted: &str, held: &str| held == wanted || wanted.ends_with(':') && held.starts_with(wanted);
        rule.verbs.iter().any(|held| held == "*" || self.verbs.iter().any(|it| meets(it, held)))
            && (self.group == "*" && !rule.groups.is_empty()
                || rule.groups.iter().any(|it| it == "*" || it == self.group))
            && (self.resource == "*" && !rule.resources.is_empty()
                || rule.resources.iter().any(|it| resource_covers(it, self.resource, subresource)))
    }
}

/// The rules of somebody with where each comes from, by the place where they hold.
type Held = BTreeMap<Name, Vec<(RoleRule, By)>>;

impl Index {
    /// What somebody's grants amount to; `only` keeps what holds in one namespace.
    ///
    /// Nothing for a member of `system:masters`, who may do everything anyway.
    pub fn capabilities(&self, identity: &Identity, only: Option<&Name>, version: Option<Version>) -> Vec<Capability> {
        if identity.is_in(MASTERS) {
            return Vec::new();
        }
        let mut held = Held::from([(Name::empty(), Vec::new())]);
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
fn of_way(way: &'static Way, held: &Held, version: Option<Version>) -> Vec<Capability> {
    let everywhere = held.get("").map(Vec::as_slice).unwrap_or_default();
    let mut found: Vec<Capability> = Vec::new();
    for (scope, rules) in held {
        let is_elsewhere = !scope.is_empty();
        let is_given = found.first().is_some_and(|it| it.scope.is_empty() && it.names.is_empty());
        if is_elsewhere && (way.reach == Reach::Cluster || is_given) {
            continue;
        }
        let both = || rules.iter().chain(everywhere.iter().filter(|_| is_elsewhere));
        let has_rest = way.with.is_empty() || way.with.iter().any(|need| both().any(|(it, _)| need.is_met_by(it)));
        let giving: Vec<&(RoleRule, By)> = both().filter(|(it, _)| way.need.is_met_by(it)).collect();
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

fn capability(way: &'static Way, scope: &Name, giving: &[&(RoleRule, By)], version: Option<Version>) -> Capability {
    let is_of_all = giving.iter().any(|(rule, _)| rule.names.is_empty());
    let names = giving.iter().flat_map(|(rule, _)| rule.names.iter().cloned()).filter(|_| !is_of_all);
    Capability {
        way,
        scope: scope.clone(),
        names: names.collect(),
        outcome: way.span.holds(version),
        by: giving.iter().map(|(_, by)| by.clone()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::role::RuleLists;

    #[test]
    fn every_way_says_what_it_needs() {
        for way in WAYS {
            assert!(!way.need.verbs.is_empty() && !way.what.is_empty() && !way.what.ends_with('.'), "{way:?}");
            assert!(way.with.iter().all(|it| !it.verbs.is_empty()), "{way:?}");
            // What names no namespaced object is never had through a RoleBinding.
            let is_global = way.need.resource.starts_with("nodes") || way.need.resource.starts_with("users");
            assert!(!is_global || way.reach == Reach::Cluster, "{way:?}");
        }
    }

    #[test]
    fn a_prefix_of_verbs_needs_one_verb_that_begins_so() {
        let rule = |verb: &str| {
            RoleRule::from(RuleLists {
                verbs: [Name::from(verb)].into(),
                groups: [Name::from("apps")].into(),
                resources: [Name::from("deployments")].into(),
                ..RuleLists::default()
            })
        };
        let need = need(&["impersonate-on:user-info:"], "*", "*");
        assert!(need.is_met_by(&rule("impersonate-on:user-info:list")) && need.is_met_by(&rule("*")));
        assert!(!need.is_met_by(&rule("impersonate-on:serviceaccount:list")) && !need.is_met_by(&rule("list")));
    }
}

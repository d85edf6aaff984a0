//! Rights by which somebody may come further and that no edge follows: a "no" beside them is not known.
//!
//! Each row goes when an edge takes its place.

use crate::model::evidence::Gap;
use crate::model::id::ResourceScope;
use crate::rbac::powers::Need;

use super::Ground;
use super::edges::core;
use super::gaps::HeldSoFar;
use super::goal::Goal;
use super::powers::Permission;

/// What a row may bear on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bears {
    /// Anything.
    All,
    /// Connections alone.
    Network,
    /// Anything, where an authorizer beside RBAC is seen.
    Authorizers,
}

/// One sort of rights.
pub struct Unfollowed {
    /// The numbers of docs/reach.md.
    pub id: &'static str,
    /// What it may lead to, in one clause.
    pub what: &'static str,
    /// Why no edge follows it, in one clause.
    pub why: &'static str,
    pub power: Permission,
    pub scope: ResourceScope,
    pub bears: Bears,
}

impl Unfollowed {
    /// Whether a right to it in a namespace (empty: everywhere) gives it.
    pub fn is_had_in(&self, scope: &str) -> bool {
        self.scope == ResourceScope::Namespaced || scope.is_empty()
    }
}

const WRITE: &[&str] = &["create", "update", "patch"];

const fn need(verbs: &'static [&'static str], group: &'static str, resource: &'static str) -> Need {
    Need { verbs, group, resource }
}

const fn row(
    id: &'static str,
    what: &'static str,
    why: &'static str,
    needs: &'static [Need],
    scope: ResourceScope,
) -> Unfollowed {
    bearing(Bears::All, id, what, why, needs, scope)
}

const fn bearing(
    bears: Bears,
    id: &'static str,
    what: &'static str,
    why: &'static str,
    needs: &'static [Need],
    scope: ResourceScope,
) -> Unfollowed {
    Unfollowed { id, what, why, power: Permission::of(needs), scope, bears }
}

/// All of them.
pub static UNFOLLOWED: [Unfollowed; 10] = [
    bearing(
        Bears::Authorizers,
        "A15",
        "an authorizer beside RBAC may read the extra fields of a user",
        "what an authorizer makes of them is not in the cluster",
        &[need(&["impersonate"], "authentication.k8s.io", "*")],
        ResourceScope::Cluster,
    ),
    row(
        "A23",
        "whoever has a certificate authority's key can sign certificates",
        "who has such a key is not in the cluster",
        &[need(&["sign"], "certificates.k8s.io", "signers")],
        ResourceScope::Cluster,
    ),
    row(
        "A27",
        "a kubelet shows the logs of a node, which may hold tokens",
        "what stands in logs is not read",
        &[need(&["get", "create"], "", "nodes/log")],
        ResourceScope::Cluster,
    ),
    row(
        "A36",
        "custom objects can be read and changed by a conversion webhook",
        "which controllers act on custom objects is known of those of A44 alone",
        &[need(WRITE, "apiextensions.k8s.io", "customresourcedefinitions")],
        ResourceScope::Cluster,
    ),
    row(
        "A40",
        "pods can be driven to a node that one controls, which need not be seen here",
        "a node that joins, or that is held outside, is not seen here (with one that is held it is the step A40)",
        &[need(&["update", "patch"], "", "nodes"), need(&["update", "patch"], "", "nodes/status")],
        ResourceScope::Cluster,
    ),
    row(
        "A41",
        "pods that wait can be bound to a node that one controls, which need not be seen here",
        "the same (with a node that is held it is the step A41)",
        &[core(&["create"], "pods/binding"), core(&["create"], "bindings")],
        ResourceScope::Namespaced,
    ),
    row(
        "A43",
        "programs and controllers read ConfigMaps, which are not read here",
        "what ConfigMaps hold, and who goes by it, is not read (those of the DNS server and of EKS are the step A43)",
        &[core(WRITE, "configmaps")],
        ResourceScope::Namespaced,
    ),
    row(
        "A47",
        "logs may hold tokens",
        "what stands in logs is not read",
        &[core(&["get"], "pods/log")],
        ResourceScope::Namespaced,
    ),
    row(
        "A54",
        "certificates of pods and trust bundles can be asked for",
        "who takes such certificates for proof is not in the cluster",
        &[
            need(WRITE, "certificates.k8s.io", "podcertificaterequests"),
            need(WRITE, "certificates.k8s.io", "clustertrustbundles"),
        ],
        ResourceScope::Namespaced,
    ),
    bearing(
        Bears::Network,
        "N52",
        "policies of other kinds can be written, or what they rest on",
        "who enforces them differs by network plugin; where such policies are, connections are unknown",
        &[
            need(WRITE, "policy.networking.k8s.io", "*"),
            need(WRITE, "cilium.io", "*"),
            need(WRITE, "projectcalico.org", "*"),
            need(WRITE, "crd.projectcalico.org", "*"),
            need(WRITE, "crd.antrea.io", "*"),
            need(WRITE, "security.istio.io", "*"),
            need(WRITE, "k8s.ovn.org", "*"),
            need(WRITE, "policy.linkerd.io", "*"),
            need(WRITE, "networking.gke.io", "*"),
            need(WRITE, "k8s.cni.cncf.io", "*"),
        ],
        ResourceScope::Namespaced,
    ),
];

/// What these rights may lead to, each sort once, as far as it bears on what is asked for (nothing: on everything).
pub fn gaps(ground: &Ground<'_>, held: &impl HeldSoFar, goal: Option<&Goal>) -> Vec<Gap> {
    let bears = |row: &&'static Unfollowed| match row.bears {
        Bears::All => true,
        Bears::Network => goal.is_none_or(|it| matches!(it, Goal::Connects { .. })),
        Bears::Authorizers => !ground.rbac.marks().is_empty(),
    };
    let gap = |row: &Unfollowed| Gap::End { what: format!("{} ({}), which is not followed", row.what, row.id).into() };
    UNFOLLOWED.iter().filter(bears).filter(|it| held.has_right(it)).map(gap).collect()
}

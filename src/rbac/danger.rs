//! The worst that a rule lets somebody do, in a word, for lists that are read at a glance.
//!
//! A written table, worst first. It judges rules as written, names set aside: a rule that reads one Secret reads
//! Secrets. What follows from it, hop by hop, is another question.

use crate::model::name::Name;
use crate::model::role::{RoleRule, RuleLists};

use super::matching::resource_covers;
use super::served::Reach;

/// One row: a word, and the requests of which any is enough.
#[derive(Debug)]
pub struct Danger {
    pub word: &'static str,
    /// What it means and why it matters, in one sentence.
    pub doc: &'static str,
    /// Verbs, group, resource with subresource.
    pub requests: &'static [(&'static [&'static str], &'static str, &'static str)],
    pub reach: Reach,
}

const WRITE: &[&str] = &["create", "update", "patch"];
const CHANGE: &[&str] = &["update", "patch"];
const READ: &[&str] = &["get", "list", "watch"];
const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";

/// Worst first.
pub const DANGERS: &[Danger] = &[
    Danger {
        word: "everything",
        doc: "Every verb on every resource: cluster-admin, or the same in a namespace.",
        requests: &[(&["*"], "*", "*")],
        reach: Reach::Namespaced,
    },
    Danger {
        word: "escalate",
        doc: "Writes or binds roles beyond its own rights: the guard against escalation is off for it.",
        requests: &[(&["escalate", "bind"], RBAC, "clusterroles"), (&["escalate", "bind"], RBAC, "roles")],
        reach: Reach::Namespaced,
    },
    Danger {
        word: "impersonate",
        doc: "Acts as other users or groups.",
        requests: &[(&["impersonate"], "", "users"), (&["impersonate"], "", "groups")],
        reach: Reach::Cluster,
    },
    Danger {
        word: "approve certificates",
        doc: "Approves or signs certificate requests: with a signer of clients, a credential of any user.",
        requests: &[
            (&["approve", "sign"], CERTIFICATES, "signers"),
            (CHANGE, CERTIFICATES, "certificatesigningrequests/approval"),
        ],
        reach: Reach::Cluster,
    },
    Danger {
        word: "control nodes",
        doc: "Reaches the kubelet, which runs commands in every pod of a node, past audit and admission.",
        requests: &[(&["get", "create"], "", "nodes/proxy")],
        reach: Reach::Cluster,
    },
    Danger {
        word: "admission",
        doc: "Sees or alters what others write, by webhooks.",
        requests: &[
            (WRITE, ADMISSION, "mutatingwebhookconfigurations"),
            (WRITE, ADMISSION, "validatingwebhookconfigurations"),
            (WRITE, ADMISSION, "mutatingadmissionpolicies"),
        ],
        reach: Reach::Cluster,
    },
    Danger {
        word: "act as accounts",
        doc: "Mints tokens of service accounts, or impersonates them.",
        requests: &[(&["create"], "", "serviceaccounts/token"), (&["impersonate"], "", "serviceaccounts")],
        reach: Reach::Namespaced,
    },
    Danger {
        word: "read secrets",
        doc: "Reads Secrets: get one, or list and watch all.",
        requests: &[(READ, "", "secrets")],
        reach: Reach::Namespaced,
    },
    Danger {
        word: "run pods",
        doc: "Runs code as any service account of the namespace, by pods or by what makes them.",
        requests: &[
            (&["create"], "", "pods"),
            (WRITE, "", "replicationcontrollers"),
            (WRITE, "apps", "deployments"),
            (WRITE, "apps", "daemonsets"),
            (WRITE, "apps", "statefulsets"),
            (WRITE, "apps", "replicasets"),
            (WRITE, "batch", "jobs"),
            (WRITE, "batch", "cronjobs"),
        ],
        reach: Reach::Namespaced,
    },
    Danger {
        word: "enter pods",
        doc: "Runs commands in pods, or changes what runs in them.",
        requests: &[
            (&["create", "get"], "", "pods/exec"),
            (&["create", "get"], "", "pods/attach"),
            (CHANGE, "", "pods/ephemeralcontainers"),
            (CHANGE, "", "pods"),
        ],
        reach: Reach::Namespaced,
    },
    Danger {
        word: "write grants",
        doc: "Writes roles or bindings, within its own rights.",
        requests: &[
            (WRITE, RBAC, "clusterrolebindings"),
            (WRITE, RBAC, "clusterroles"),
            (WRITE, RBAC, "rolebindings"),
            (WRITE, RBAC, "roles"),
        ],
        reach: Reach::Namespaced,
    },
    Danger {
        word: "change network",
        doc: "Opens or closes the network: policies, services, or labels that policies read.",
        requests: &[
            (&["create", "update", "patch", "delete", "deletecollection"], "networking.k8s.io", "networkpolicies"),
            (CHANGE, "", "namespaces"),
            (CHANGE, "", "pods/status"),
            (WRITE, "", "services"),
            (WRITE, "discovery.k8s.io", "endpointslices"),
        ],
        reach: Reach::Namespaced,
    },
    Danger {
        word: "forward ports",
        doc: "Connects to pods through the API server, past network policies.",
        requests: &[
            (&["create", "get"], "", "pods/portforward"),
            (&["create", "get"], "", "pods/proxy"),
            (&["create", "get"], "", "services/proxy"),
        ],
        reach: Reach::Namespaced,
    },
];

/// Whether a rule, through a binding of this reach, lets it be done.
pub fn allows(danger: &Danger, rule: &RoleRule, through: Reach) -> bool {
    if danger.reach == Reach::Cluster && through == Reach::Namespaced {
        return false;
    }
    danger.requests.iter().any(|(verbs, group, resource)| {
        let (_, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        rule.verbs.iter().any(|it| it == "*" || verbs.contains(&it.as_str()))
            && rule.groups.iter().any(|it| it == "*" || it == group)
            && rule.resources.iter().any(|it| resource_covers(it, resource, subresource))
    })
}

/// The worst of one rule, as an index into [`DANGERS`].
pub fn worst(rules: &[RoleRule], through: Reach) -> Option<usize> {
    DANGERS.iter().position(|danger| rules.iter().any(|rule| allows(danger, rule, through)))
}

/// Where a danger stands in [`DANGERS`].
pub fn rank(danger: &'static Danger) -> Option<usize> {
    DANGERS.iter().position(|it| it.word == danger.word)
}

/// The worst of some verbs on one resource as a rule writes it, as an index into [`DANGERS`].
pub fn of_resource<'a>(
    verbs: impl IntoIterator<Item = &'a Name>,
    group: &Name,
    resource: &Name,
    through: Reach,
) -> Option<usize> {
    let rule = RoleRule::from(RuleLists {
        verbs: verbs.into_iter().cloned().collect(),
        groups: [group.clone()].into(),
        resources: [resource.clone()].into(),
        ..RuleLists::default()
    });
    worst(&[rule], through)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_comes_first() {
        let words = |all: &[&str]| all.iter().map(|it| Name::from(*it)).collect();
        let rule = |verbs: &[&str], groups: &[&str], resources: &[&str]| {
            RoleRule::from(RuleLists {
                verbs: words(verbs),
                groups: words(groups),
                resources: words(resources),
                ..RuleLists::default()
            })
        };
        let word = |rule: RoleRule, through| worst(&[rule], through).map(|it| DANGERS[it].word);
        assert_eq!(word(rule(&["*"], &["*"], &["*"]), Reach::Namespaced), Some("everything"));
        assert_eq!(word(rule(&["list"], &[""], &["secrets"]), Reach::Namespaced), Some("read secrets"));
        let approving = rule(&["approve"], &[CERTIFICATES], &["signers"]);
        assert_eq!(word(approving.clone(), Reach::Cluster), Some("approve certificates"));
        assert_eq!(word(approving, Reach::Namespaced), None);
        assert_eq!(word(rule(&["get"], &[""], &["nodes/proxy"]), Reach::Cluster), Some("control nodes"));
        assert_eq!(word(rule(&["get"], &[""], &["nodes/proxy"]), Reach::Namespaced), None);
        assert_eq!(word(rule(&["create"], &[""], &["*/exec"]), Reach::Namespaced), Some("enter pods"));
        assert_eq!(word(rule(&["*"], &[""], &["pods/*"]), Reach::Namespaced), None, "no wildcard (rule 9)");
        assert_eq!(word(rule(&["get"], &[""], &["pods"]), Reach::Namespaced), None);
    }
}

//! The worst that a rule lets somebody do, in a word, for lists that are read at a glance.
//!
//! A written table, worst first. It judges rules as written, names set aside: a rule that reads one Secret reads
//! Secrets. What follows from it, hop by hop, is another question.

use crate::model::id::ResourceScope;
use crate::model::name::Name;
use crate::model::role::{RoleRule, RuleLists};

use super::powers::{self, Power};

/// One row: a word, and the powers of which any is enough.
#[derive(Debug)]
pub struct Danger {
    pub word: &'static str,
    /// What it means and why it matters, in one sentence.
    pub doc: &'static str,
    pub powers: &'static [&'static Power],
}

/// Worst first.
pub const DANGERS: &[Danger] = &[
    Danger {
        word: "everything",
        doc: "Every verb on every resource: cluster-admin, or the same in a namespace.",
        powers: &[&powers::EVERYTHING],
    },
    Danger {
        word: "escalate",
        doc: "Writes or binds roles beyond its own rights: the guard against escalation is off for it.",
        powers: &[
            &powers::ESCALATE_CLUSTER_ROLES,
            &powers::BIND_CLUSTER_ROLES,
            &powers::ESCALATE_ROLES,
            &powers::BIND_ROLES,
        ],
    },
    Danger {
        word: "impersonate",
        doc: "Acts as other users or groups.",
        powers: &[&powers::IMPERSONATE_USERS, &powers::IMPERSONATE_GROUPS],
    },
    Danger {
        word: "approve certificates",
        doc: "Approves or signs certificate requests: with a signer of clients, a credential of any user.",
        powers: &[&powers::APPROVE, &powers::SIGN, &powers::APPROVE_REQUESTS],
    },
    Danger {
        word: "kubelet access",
        doc: "Reaches the kubelet, which runs commands in every pod of a node, past audit and admission.",
        powers: &[&powers::KUBELETS],
    },
    Danger {
        word: "admission",
        doc: "Sees or alters what others write, by webhooks.",
        powers: &[
            &powers::WRITE_MUTATING_WEBHOOKS,
            &powers::WRITE_VALIDATING_WEBHOOKS,
            &powers::WRITE_MUTATING_POLICIES,
        ],
    },
    Danger {
        word: "mint account tokens",
        doc: "Mints tokens of service accounts, or impersonates them.",
        powers: &[&powers::REQUEST_TOKENS, &powers::IMPERSONATE_ACCOUNTS],
    },
    Danger {
        word: "read secrets",
        doc: "Reads Secrets: get one, or list and watch all.",
        powers: &[&powers::READ_SECRETS],
    },
    Danger {
        word: "create workloads",
        doc: "Runs code as any service account of the namespace, by pods or by what makes them.",
        powers: &[&powers::CREATE_PODS, &powers::CREATE_WORKLOADS, &powers::CHANGE_WORKLOADS, &powers::CHANGE_JOBS],
    },
    Danger {
        word: "exec into pods",
        doc: "Runs commands in pods, or changes what runs in them.",
        powers: &[
            &powers::EXEC,
            &powers::EXEC_BY_GET,
            &powers::ATTACH,
            &powers::ATTACH_BY_GET,
            &powers::DEBUG,
            &powers::CHANGE_PODS,
        ],
    },
    Danger {
        word: "edit RBAC",
        doc: "Writes roles or bindings, within its own rights.",
        powers: &[
            &powers::WRITE_CLUSTER_BINDINGS,
            &powers::WRITE_CLUSTER_ROLES,
            &powers::WRITE_BINDINGS,
            &powers::WRITE_ROLES,
        ],
    },
    Danger {
        word: "edit network policy",
        doc: "Opens or closes the network: policies, services, or labels that policies read.",
        powers: &[
            &powers::WRITE_POLICIES,
            &powers::DELETE_POLICIES,
            &powers::CHANGE_NAMESPACES,
            &powers::CHANGE_POD_STATUS,
            &powers::WRITE_SERVICES,
            &powers::WRITE_ENDPOINT_SLICES,
        ],
    },
    Danger {
        word: "forward ports",
        doc: "Connects to pods through the API server, past network policies.",
        powers: &[&powers::FORWARD, &powers::FORWARD_BY_GET, &powers::POD_PROXY, &powers::SERVICE_PROXY],
    },
];

/// Whether a rule, through a binding of this scope, lets it be done.
pub fn allows(danger: &Danger, rule: &RoleRule, through: ResourceScope) -> bool {
    danger.powers.iter().any(|it| it.is_given_by(rule, through))
}

/// The worst of one rule, as an index into [`DANGERS`].
pub fn worst(rules: &[RoleRule], through: ResourceScope) -> Option<usize> {
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
    through: ResourceScope,
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
        assert_eq!(word(rule(&["*"], &["*"], &["*"]), ResourceScope::Namespaced), Some("everything"));
        assert_eq!(word(rule(&["list"], &[""], &["secrets"]), ResourceScope::Namespaced), Some("read secrets"));
        let approving = rule(&["approve"], &["certificates.k8s.io"], &["signers"]);
        assert_eq!(word(approving.clone(), ResourceScope::Cluster), Some("approve certificates"));
        assert_eq!(word(approving, ResourceScope::Namespaced), None);
        assert_eq!(word(rule(&["get"], &[""], &["nodes/proxy"]), ResourceScope::Cluster), Some("kubelet access"));
        assert_eq!(word(rule(&["get"], &[""], &["nodes/proxy"]), ResourceScope::Namespaced), None);
        assert_eq!(word(rule(&["create"], &[""], &["*/exec"]), ResourceScope::Namespaced), Some("exec into pods"));
        assert_eq!(word(rule(&["*"], &[""], &["pods/*"]), ResourceScope::Namespaced), None, "no wildcard (rule 9)");
        assert_eq!(word(rule(&["get"], &[""], &["pods"]), ResourceScope::Namespaced), None);
    }
}

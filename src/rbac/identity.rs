//! Who asks: a user's name and all groups that come with it.
//!
//! ```text
//! user:alice --group dev  →  alice, [dev, system:authenticated]
//! sa:shop/web             →  system:serviceaccount:shop:web,
//!                            [system:serviceaccounts, system:serviceaccounts:shop, system:authenticated]
//! ```
//!
//! Groups of people come from where they log in and cannot be read from a cluster (rule 40): only what the API
//! server itself adds (rule 39) and what the operator says is here.

use crate::model::name::{Name, is_dns_label, is_dns_name};
use crate::model::role::{Subject, SubjectKind};

/// The group that is always allowed everything (rule 5).
pub const MASTERS: &str = "system:masters";
/// Everybody who logged in.
pub const AUTHENTICATED: &str = "system:authenticated";
/// Everybody who did not.
pub const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The user that nobody logged in as.
pub const ANONYMOUS: &str = "system:anonymous";
/// All service accounts.
pub const SERVICE_ACCOUNTS: &str = "system:serviceaccounts";
/// All nodes.
pub const NODES: &str = "system:nodes";

const ACCOUNT_PREFIX: &str = "system:serviceaccount:";
/// How the users of nodes are called, before the node's name.
pub const NODE_PREFIX: &str = "system:node:";

/// How somebody comes to be in a group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Membership {
    /// Said with the question, or the asked group itself.
    Given,
    /// Added by the API server to everybody of this sort (rule 39).
    Implied,
    /// A directory of people says so.
    Directory,
}

/// How a subject of a binding speaks of somebody: what names them comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum How {
    Itself,
    /// A group that they are said to be in.
    Group,
    /// A group that comes by itself (rule 39).
    Implied,
}

/// Somebody who asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// As answers name it; a user that is a service account is one (rule 37).
    pub subject: Subject,
    /// The user's name as the authorizer sees it; empty for a nameless somebody of a group.
    pub user: Name,
    /// Every group, once, in the order: asked or given, then implied.
    pub groups: Vec<(Name, Membership)>,
}

impl Identity {
    /// The identity of a subject with these groups besides its own.
    pub fn new(subject: &Subject, given: &[Name]) -> Self {
        let subject = canonical(subject);
        let user = user_name(&subject);
        let mut groups: Vec<(Name, Membership)> = Vec::new();
        if subject.kind() == SubjectKind::Group {
            groups.push((subject.name().clone(), Membership::Given));
        }
        groups.extend(given.iter().map(|it| (it.clone(), Membership::Given)));
        let implied = implied_groups(&subject, &user, groups.iter().map(|(it, _)| it));
        groups.extend(implied.into_iter().map(|it| (it, Membership::Implied)));
        let mut seen: Vec<Name> = Vec::new();
        groups.retain(|(it, _)| {
            !seen.contains(it) && {
                seen.push(it.clone());
                true
            }
        });
        Self { subject, user, groups }
    }

    /// The same with groups that a directory of people names.
    pub fn with_directory(mut self, groups: &[Name]) -> Self {
        for group in groups {
            if !self.is_in(group) {
                self.groups.push((group.clone(), Membership::Directory));
            }
        }
        self
    }

    /// The same without the groups that the API server adds to everybody of its sort.
    pub fn without_implied(&self) -> Self {
        let groups = self.groups.iter().filter(|(_, how)| *how != Membership::Implied);
        Self { groups: groups.cloned().collect(), ..self.clone() }
    }

    /// The groups that it is said to be in: neither itself, where it is a group, nor what the API server adds.
    pub fn said_groups(&self) -> impl Iterator<Item = (&Name, Membership)> {
        let is_itself = |it: &Name| self.subject.kind() == SubjectKind::Group && self.subject.name() == it;
        let said = self.groups.iter().filter(move |(it, how)| *how != Membership::Implied && !is_itself(it));
        said.map(|(it, how)| (it, *how))
    }

    /// Whether it is in this group.
    pub fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|(it, _)| it == group)
    }

    /// How a subject of a binding that matches speaks of it.
    pub fn how(&self, subject: &Subject) -> How {
        let is_own = subject.kind() != SubjectKind::Group || *subject == self.subject;
        let adds = |(it, how): &(Name, Membership)| *how == Membership::Implied && it == subject.name();
        match is_own {
            true => How::Itself,
            false if self.groups.iter().any(adds) => How::Implied,
            false => How::Group,
        }
    }

    /// Whether the node authorizer speaks of it as well (rule 65).
    pub fn is_node(&self) -> bool {
        node_of(&self.user).is_some()
    }

    /// Whether it is a service account or nobody: what a cloud's own authorizer never grants to.
    pub fn is_of_the_cluster(&self) -> bool {
        self.subject.kind() == SubjectKind::ServiceAccount
            || self.user == *ANONYMOUS
            || self.subject.kind() == SubjectKind::Group
                && (*self.subject.name() == *UNAUTHENTICATED || self.subject.name().starts_with(SERVICE_ACCOUNTS))
    }
}

/// The subject as answers name it: a user whose name is a service account's is that service account (rule 37), and a
/// service account that no cluster can hold is a plain user.
pub fn canonical(subject: &Subject) -> Subject {
    if subject.kind() == SubjectKind::ServiceAccount && is_account(subject.namespace(), subject.name()) {
        return subject.clone();
    }
    let user = user_name(subject);
    match (subject.kind(), split_account(&user)) {
        (SubjectKind::User | SubjectKind::ServiceAccount, Some((namespace, name))) => {
            Subject::ServiceAccount { namespace: namespace.into(), name: name.into() }
        }
        (SubjectKind::ServiceAccount, None) => Subject::User(user),
        _ => subject.clone(),
    }
}

/// The user name under which the authorizer knows a subject; empty for a group.
pub fn user_name(subject: &Subject) -> Name {
    match subject.kind() {
        SubjectKind::User => subject.name().clone(),
        SubjectKind::ServiceAccount => account_user(subject.namespace(), subject.name()),
        SubjectKind::Group | SubjectKind::Other(_) => Name::empty(),
    }
}

/// The user name of a service account.
pub fn account_user(namespace: &str, name: &str) -> Name {
    format!("{ACCOUNT_PREFIX}{namespace}:{name}").into()
}

/// The namespace and name in a service account's user name, split as upstream's `SplitUsername` splits it.
///
/// Source: k8s.io/apiserver/pkg/authentication/serviceaccount/util.go.
pub fn split_account(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user.strip_prefix(ACCOUNT_PREFIX)?.split_once(':')?;
    is_account(namespace, name).then_some((namespace, name))
}

/// Whether a service account can be called so.
pub(super) fn is_account(namespace: &str, name: &str) -> bool {
    is_dns_label(namespace) && is_dns_name(name)
}

/// The node in a node's user name.
pub fn node_of(user: &str) -> Option<&str> {
    user.strip_prefix(NODE_PREFIX).filter(|it| !it.is_empty())
}

/// The user that a node is.
pub fn user_of_node(node: &str) -> Subject {
    Subject::User(format!("{NODE_PREFIX}{node}").into())
}

/// The group of all service accounts of a namespace.
pub fn accounts_of(namespace: &str) -> Name {
    format!("{SERVICE_ACCOUNTS}:{namespace}").into()
}

/// The groups that the API server adds (rule 39).
fn implied_groups<'a>(subject: &Subject, user: &str, given: impl Iterator<Item = &'a Name>) -> Vec<Name> {
    let mut groups: Vec<Name> = Vec::new();
    match subject.kind() {
        SubjectKind::ServiceAccount => {
            groups.extend([SERVICE_ACCOUNTS.into(), accounts_of(subject.namespace())]);
        }
        SubjectKind::Group if is_accounts_of(subject.name()) => groups.push(SERVICE_ACCOUNTS.into()),
        _ => {}
    }
    if node_of(user).is_some() {
        groups.push(NODES.into());
    }
    let is_unauthenticated = given.into_iter().any(|it| it == UNAUTHENTICATED);
    match (user == ANONYMOUS, is_unauthenticated) {
        (true, _) => groups.push(UNAUTHENTICATED.into()),
        (false, false) => groups.push(AUTHENTICATED.into()),
        (false, true) => {}
    }
    groups
}

/// Whether a group is that of one namespace's service accounts.
pub fn is_accounts_of(group: &str) -> bool {
    group.strip_prefix(SERVICE_ACCOUNTS).and_then(|it| it.strip_prefix(':')).is_some_and(|it| !it.is_empty())
}

/// Reads `user:alice`, `group:dev` or `sa:shop/web`.
///
/// The error is one clause, what was expected: whoever asks makes a fault of it, with a hint that fits the question.
///
/// ```
/// use kreach::rbac::identity::parse;
/// assert_eq!(parse("user:system:serviceaccount:shop:web").unwrap().to_string(), "sa:shop/web");
/// assert!(parse("alice").is_err());
/// ```
pub fn parse(text: &str) -> Result<Subject, String> {
    let expected = "expected user:NAME, group:NAME or sa:NAMESPACE/NAME";
    let Some((word, rest)) = text.split_once(':') else {
        return Err(format!("invalid subject {text:?}: {expected}"));
    };
    if rest.is_empty() {
        return Err(format!("invalid subject {text:?}: {expected}"));
    }
    let (kind, namespace, name) = match word {
        "user" => (SubjectKind::User, "", rest),
        "group" => (SubjectKind::Group, "", rest),
        "sa" | "serviceaccount" => match rest.split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
                (SubjectKind::ServiceAccount, namespace, name)
            }
            _ => return Err(format!("invalid subject {text:?}: {expected}")),
        },
        _ => return Err(format!("invalid subject {text:?}: {expected}")),
    };
    Ok(canonical(&Subject::new(kind, namespace, name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(text: &str, given: &[&str]) -> Vec<String> {
        let given: Vec<Name> = given.iter().map(|it| Name::from(*it)).collect();
        let identity = Identity::new(&parse(text).expect("a subject"), &given);
        identity.groups.iter().map(|(it, _)| it.to_string()).collect()
    }

    /// Rule 39, CONTRACT §4.
    #[test]
    fn groups_that_come_by_themselves() {
        let account = ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"];
        assert_eq!(groups("sa:shop/web", &[]), account);
        assert_eq!(groups("user:system:serviceaccount:shop:web", &[]), account);
        assert_eq!(groups("user:system:serviceaccount:Shop:web", &[]), ["system:authenticated"]);
        assert_eq!(groups("user:system:serviceaccount:shop:web:x", &[]), ["system:authenticated"]);
        assert_eq!(groups("user:alice", &["dev"]), ["dev", "system:authenticated"]);
        assert_eq!(groups("user:alice", &["system:unauthenticated"]), ["system:unauthenticated"]);
        assert_eq!(groups("user:system:anonymous", &[]), ["system:unauthenticated"]);
        assert_eq!(groups("group:dev", &[]), ["dev", "system:authenticated"]);
        assert_eq!(groups("group:system:unauthenticated", &[]), ["system:unauthenticated"]);
        let namespace = ["system:serviceaccounts:shop", "system:serviceaccounts", "system:authenticated"];
        assert_eq!(groups("group:system:serviceaccounts:shop", &[]), namespace);
        assert_eq!(groups("user:system:node:n1", &[]), ["system:nodes", "system:authenticated"]);
    }

    #[test]
    fn a_wrong_subject_says_what_was_expected() {
        for text in ["alice", "user:", "sa:web", "sa:/web", "robot:x"] {
            assert!(parse(text).expect_err("wrong").contains("sa:NAMESPACE/NAME"));
        }
    }
}

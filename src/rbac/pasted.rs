//! Subjects as people type and paste them: `user:alice` as answers name it, and what stands in manifests, error
//! messages, logs and other tools (CONTRACT §4).
//!
//! ```text
//! system:serviceaccount:shop:web   serviceaccount/shop/web   sa:web with -n shop     ──►  sa:shop/web
//! User/alice   alice@corp.example                                                    ──►  user:…
//! system:masters   kubeadm:cluster-admins                                            ──►  group:…
//! me                                                                                 ──►  the operator
//! ```
//!
//! Lines of `can --batch` are read by [`super::identity::parse`] alone.

use crate::model::name::{Name, is_dns_name};
use crate::model::role::{Subject, SubjectKind};

use super::identity::{self, canonical};
use super::served;

/// Whom a typed subject means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TypedSubject {
    Somebody(Subject),
    /// The operator, as the server knows them.
    Me,
}

/// The word for the operator.
const ME: &str = "me";

/// What subjects are called, in lower case.
const SORTS: &[(&str, SubjectKind)] = &[
    ("user", SubjectKind::User),
    ("users", SubjectKind::User),
    ("group", SubjectKind::Group),
    ("groups", SubjectKind::Group),
    ("sa", SubjectKind::ServiceAccount),
    ("serviceaccount", SubjectKind::ServiceAccount),
    ("serviceaccounts", SubjectKind::ServiceAccount),
];

/// Groups that Kubernetes itself names (rules 5, 39 and 62); `:` ends the beginning of a family.
const GROUPS: [&str; 9] = [
    "kubeadm:cluster-admins",
    "system:authenticated",
    "system:bootstrappers",
    "system:bootstrappers:",
    "system:masters",
    "system:monitoring",
    "system:nodes",
    "system:serviceaccounts",
    "system:unauthenticated",
];

/// Users that Kubernetes itself names; `:` ends the beginning of a family.
const USERS: [&str; 10] = [
    "system:admin",
    "system:anonymous",
    "system:apiserver",
    "system:bootstrap:",
    "system:cloud-controller-manager",
    "system:kube-controller-manager",
    "system:kube-proxy",
    "system:kube-scheduler",
    "system:node:",
    "system:serviceaccount:",
];

fn is_among(names: &[&str], text: &str) -> bool {
    names.iter().any(|it| text == *it || it.ends_with(':') && text.starts_with(it) && text.len() > it.len())
}

/// Whether a user or a group is one that Kubernetes itself names, whatever is bound.
pub fn is_built_in(subject: &Subject) -> bool {
    match subject.kind() {
        SubjectKind::Group => is_among(&GROUPS, subject.name()) || identity::is_accounts_of(subject.name()),
        SubjectKind::User => is_among(&USERS, subject.name()),
        SubjectKind::ServiceAccount => false,
        SubjectKind::Other(_) => false,
    }
}

/// Reads a typed subject; a service account without a namespace is in `namespace`.
///
/// # Errors
/// What it is not, and what was expected or probably meant: one clause, of which whoever asks makes a fault with its hint.
pub fn read(text: &str, namespace: &str) -> Result<TypedSubject, String> {
    let text = text.trim_matches(['"', '\'']);
    if text == ME {
        return Ok(TypedSubject::Me);
    }
    let whom =
        |kind: SubjectKind, name: &str| Ok(TypedSubject::Somebody(canonical(&Subject::new(kind, Name::empty(), name))));
    match sorted(text) {
        Some((SubjectKind::ServiceAccount, rest)) => account(text, rest, namespace),
        Some((_, "")) => Err(invalid(text)),
        Some((kind, rest)) => whom(kind, rest),
        None if is_among(&GROUPS, text) || identity::is_accounts_of(text) => whom(SubjectKind::Group, text),
        None if is_among(&USERS, text) || is_email(text) => whom(SubjectKind::User, text),
        None => Err(invalid(text)),
    }
}

/// The sort in front of a name: `User/alice`, `sa:shop/web`.
fn sorted(text: &str) -> Option<(SubjectKind<'_>, &str)> {
    let (word, rest) = text.split_once([':', '/'])?;
    let (_, kind) = SORTS.iter().find(|(it, _)| word.eq_ignore_ascii_case(it))?;
    Some((*kind, rest))
}

/// `shop/web`, `shop:web`, `web`.
fn account(text: &str, rest: &str, namespace: &str) -> Result<TypedSubject, String> {
    // `sa:system:serviceaccount:shop:web`
    let whole = identity::split_account(rest);
    let (namespace, name) = whole.or_else(|| rest.split_once(['/', ':'])).unwrap_or((namespace, rest));
    if namespace.is_empty() || name.is_empty() {
        return Err(invalid(text));
    }
    Ok(TypedSubject::Somebody(canonical(&Subject::new(SubjectKind::ServiceAccount, namespace, name))))
}

fn is_email(text: &str) -> bool {
    let is_part = |it: &str| !it.is_empty() && !it.contains([':', '/', '@']);
    text.split_once('@').is_some_and(|(name, host)| is_part(name) && is_part(host) && host.contains('.'))
}

/// `shop/web`: what a service account is called in lists.
fn is_account_like(text: &str) -> bool {
    text.split_once('/').is_some_and(|(namespace, name)| is_dns_name(namespace) && is_dns_name(name))
}

fn invalid(text: &str) -> String {
    let expected = format!("invalid subject {text:?}: expected user:, group: or sa:");
    match sorted(text) {
        Some(_) => expected,
        None if text.is_empty() => expected,
        None if is_account_like(text) => format!("{expected} (did you mean sa:{text}?)"),
        None => format!("{expected} (did you mean user:{text}, or group:{text}?)"),
    }
}

/// What stands behind `can`: a subject, if one does, and the rest.
///
/// `get pods` and `get pods web-0` are asked of nobody in particular; `alice get pods` is a subject that lacks its sort.
pub fn split<'a, 'w>(words: &'a [&'w str]) -> (Option<&'w str>, &'a [&'w str]) {
    let [first, rest @ ..] = words else { return (None, words) };
    let is_subject = is_subject(first)
        || rest.len() > 2
        || rest.len() == 2 && !served::is_like_a_verb(first) && served::is_like_a_verb(rest[0]);
    if is_subject { (Some(*first), rest) } else { (None, words) }
}

/// Whether a word is a subject, or tries to be one; verbs of families have colons as well (`impersonate:user-info`).
fn is_subject(word: &str) -> bool {
    let is_verb = word.starts_with("impersonate:") || word.starts_with("impersonate-on:");
    word == ME || word.contains('@') || sorted(word).is_some() || word.contains(':') && !is_verb
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whom(text: &str) -> String {
        match read(text, "shop") {
            Ok(TypedSubject::Me) => "the operator".to_owned(),
            Ok(TypedSubject::Somebody(subject)) => subject.to_string(),
            Err(what) => what,
        }
    }

    /// CONTRACT §4, "Subjects as people paste them".
    #[test]
    fn subjects_are_read_as_they_are_pasted() {
        let cases = [
            ("sa:shop/web", "sa:shop/web"),
            ("system:serviceaccount:shop:web", "sa:shop/web"),
            ("\"system:serviceaccount:shop:web\"", "sa:shop/web"),
            ("user:system:serviceaccount:shop:web", "sa:shop/web"),
            ("serviceaccount/shop/web", "sa:shop/web"),
            ("ServiceAccount:shop:web", "sa:shop/web"),
            ("sa/shop/web", "sa:shop/web"),
            ("sa:web", "sa:shop/web"),
            ("serviceaccount/web", "sa:shop/web"),
            ("User:alice", "user:alice"),
            ("user/alice", "user:alice"),
            ("user:oidc:alice", "user:oidc:alice"),
            ("alice@corp.example", "user:alice@corp.example"),
            ("system:node:n1", "user:system:node:n1"),
            ("system:kube-scheduler", "user:system:kube-scheduler"),
            ("Group/dev", "group:dev"),
            ("group:https://issuer/dev", "group:https://issuer/dev"),
            ("system:masters", "group:system:masters"),
            ("system:serviceaccounts:shop", "group:system:serviceaccounts:shop"),
            ("kubeadm:cluster-admins", "group:kubeadm:cluster-admins"),
            ("me", "the operator"),
        ];
        for (text, subject) in cases {
            assert_eq!(whom(text), subject, "{text}");
        }
        for text in ["alice", "oidc:alice", "system:kube-sheduler"] {
            let told = format!("expected user:, group: or sa: (did you mean user:{text}, or group:{text}?)");
            assert!(whom(text).ends_with(&told), "{}", whom(text));
        }
        for text in ["", "user:", "group/", "sa:", "sa:/web", "sa:shop/"] {
            assert!(whom(text).starts_with("invalid subject"), "{}", whom(text));
        }
    }

    #[test]
    fn who_is_asked_about_may_be_left_out() {
        let subject = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            let (subject, rest) = split(&words);
            (subject.map(str::to_owned), rest.len())
        };
        let some = |it: &str| Some(it.to_owned());
        assert_eq!(subject("get pods"), (None, 2));
        assert_eq!(subject("get pods web-0"), (None, 3));
        assert_eq!(subject("GET pods get"), (None, 3));
        assert_eq!(subject("frob widgets x"), (None, 3));
        assert_eq!(subject("impersonate:user-info users alice"), (None, 3));
        assert_eq!(subject("me get pods"), (some("me"), 2));
        assert_eq!(subject("alice get pods"), (some("alice"), 2));
        assert_eq!(subject("alice frob widgets x"), (some("alice"), 3));
        assert_eq!(subject("sa/web get pods"), (some("sa/web"), 2));
        assert_eq!(subject("user:get pods"), (some("user:get"), 1));
    }
}

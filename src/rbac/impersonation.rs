//! Acting as somebody else: which requests must be allowed for it, the old way and the constrained one (rules 54–57).
//!
//! ```text
//! as eve in dev, then get pods:   legacy      impersonate users eve, impersonate groups dev
//!                                 user-info   impersonate:user-info users eve, … groups dev,
//!                                             impersonate-on:user-info:get pods
//! ```
//!
//! The old verb `impersonate` is asked for each header; the constrained modes (beta and on from 1.36) ask a verb for
//! the identity and another for what is done with it. Source: apiserver/pkg/endpoints/filters/impersonation/mode.go.

use crate::model::evidence::Outcome;
use crate::model::name::{Name, is_dns_name};
use crate::model::role::{Subject, SubjectKind};

use super::identity::{
    ANONYMOUS, AUTHENTICATED, Identity, MASTERS, Membership, NODES, SERVICE_ACCOUNTS, UNAUTHENTICATED, accounts_of,
    canonical, node_of, user_name,
};
use super::index::Index;
use super::request::{Request, ResourceRequest};
use super::version::Span;

const AUTHENTICATION: &str = "authentication.k8s.io";

/// From this many groups or extra values on, the name `*` is tried before each by itself.
const MANY: usize = 4;

/// How one acts as somebody else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mode {
    Legacy,
    UserInfo,
    ServiceAccount,
    ArbitraryNode,
    /// From a pod on that very node only, which a service account's token must say.
    AssociatedNode,
}

impl Mode {
    /// All, in the order in which a server tries them: the constrained ones first.
    pub const ALL: [Mode; 5] =
        [Mode::AssociatedNode, Mode::ArbitraryNode, Mode::ServiceAccount, Mode::UserInfo, Mode::Legacy];

    /// The word that verbs and answers write.
    pub const fn word(self) -> &'static str {
        match self {
            Mode::Legacy => "legacy",
            Mode::UserInfo => "user-info",
            Mode::ServiceAccount => "serviceaccount",
            Mode::ArbitraryNode => "arbitrary-node",
            Mode::AssociatedNode => "associated-node",
        }
    }

    /// The servers that know it.
    pub const fn span(self) -> Span {
        if matches!(self, Mode::Legacy) { Span::Always } else { Span::From(36) }
    }

    fn verb(self) -> String {
        if self == Mode::Legacy { "impersonate".to_owned() } else { format!("impersonate:{}", self.word()) }
    }
}

/// Whom one wants to be: the headers of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImpersonatedUser {
    pub subject: Subject,
    pub groups: Vec<Name>,
    /// Empty: none is asked for.
    pub uid: Name,
    /// Keys as the server reads them, each with its values.
    pub extra: Vec<(Name, Vec<Name>)>,
}

impl ImpersonatedUser {
    /// A user or a service account with these groups and nothing else.
    pub fn new(subject: Subject, groups: Vec<Name>) -> Self {
        Self { subject, groups, uid: Name::empty(), extra: Vec::new() }
    }

    fn is_name_alone(&self) -> bool {
        self.groups.is_empty() && self.uid.is_empty() && self.extra.is_empty()
    }
}

/// Acting as somebody in one mode.
#[derive(Clone, PartialEq, Debug)]
pub struct Acting {
    pub mode: Mode,
    /// Whether the server lets one be it, for this request.
    pub outcome: Outcome,
    /// What was asked for and is not allowed; of alternatives the last.
    pub lacks: Vec<Request>,
    /// Who one is then.
    pub identity: Identity,
}

impl Index {
    /// The modes in which somebody may act as somebody else to do something, in the order in which a server tries them.
    ///
    /// Modes that never do it are left out; whether the request is then allowed is `can` of [`Acting::identity`].
    pub fn acting(&self, identity: &Identity, wanted: &ImpersonatedUser, then: &Request) -> Vec<Acting> {
        Mode::ALL.into_iter().filter_map(|mode| self.acting_in(mode, identity, wanted, then)).collect()
    }

    fn acting_in(&self, mode: Mode, identity: &Identity, wanted: &ImpersonatedUser, then: &Request) -> Option<Acting> {
        let is_account = canonical(&identity.subject).kind() == SubjectKind::ServiceAccount;
        if mode == Mode::AssociatedNode && !is_account {
            return None;
        }
        let mut outcome = Outcome::Allow;
        let mut lacks = Vec::new();
        for alternatives in needed(mode, wanted, then)? {
            let answers: Vec<Outcome> = alternatives.iter().map(|it| self.can(identity, it).outcome()).collect();
            let answer = best(&answers);
            outcome = worst(outcome, answer);
            lacks.extend(alternatives.last().filter(|_| answer != Outcome::Allow).cloned());
        }
        Some(Acting { mode, outcome, lacks, identity: becomes(mode, wanted) })
    }
}

fn best(answers: &[Outcome]) -> Outcome {
    [Outcome::Allow, Outcome::Unknown].into_iter().find(|it| answers.contains(it)).unwrap_or(Outcome::Deny)
}

fn worst(a: Outcome, b: Outcome) -> Outcome {
    [Outcome::Deny, Outcome::Unknown].into_iter().find(|it| *it == a || *it == b).unwrap_or(Outcome::Allow)
}

/// What must be allowed, each element by one of its alternatives; `None`: this mode never does it.
pub fn needed(mode: Mode, wanted: &ImpersonatedUser, then: &Request) -> Option<Vec<Vec<Request>>> {
    let user = user_name(&wanted.subject);
    // Groups alone cannot be impersonated: a user is needed as well.
    if user.is_empty() || !fits(mode, wanted, &user) {
        return None;
    }
    let verb = mode.verb();
    let mut all = vec![vec![identity_request(mode, &verb, wanted, &user)]];
    if !wanted.uid.is_empty() {
        all.push(vec![named(&verb, AUTHENTICATION, "uids", wanted.uid.clone(), Name::empty())]);
    }
    all.extend(group_requests(mode, &verb, &wanted.groups));
    all.extend(extra_requests(mode, &verb, &wanted.extra));
    if mode != Mode::Legacy {
        all.push(vec![on(mode, then)]);
    }
    Some(all)
}

fn fits(mode: Mode, wanted: &ImpersonatedUser, user: &str) -> bool {
    let is_account = canonical(&wanted.subject).kind() == SubjectKind::ServiceAccount;
    match mode {
        Mode::Legacy => true,
        Mode::UserInfo => !is_account && node(user).is_none() && !is_refused(wanted),
        Mode::ServiceAccount => is_account && wanted.is_name_alone(),
        Mode::ArbitraryNode | Mode::AssociatedNode => node(user).is_some() && wanted.is_name_alone(),
    }
}

/// The node that a user is, if its name can be a node's; others are plain users to the constrained modes.
fn node(user: &str) -> Option<&str> {
    node_of(user).filter(|it| is_dns_name(it))
}

/// Constrained modes refuse `system:masters`, the empty group, and extras that are not lower-case `DOMAIN/PATH`.
fn is_refused(wanted: &ImpersonatedUser) -> bool {
    let is_key = |key: &str| {
        let parts = key.split_once('/').is_some_and(|(domain, path)| is_dns_name(domain) && !path.is_empty());
        parts && key == key.to_lowercase()
    };
    let has_odd_extra =
        |(key, values): &(Name, Vec<Name>)| !is_key(key) || values.is_empty() || values.iter().any(|it| it.is_empty());
    wanted.groups.iter().any(|it| it == MASTERS || it.is_empty()) || wanted.extra.iter().any(has_odd_extra)
}

fn identity_request(mode: Mode, verb: &str, wanted: &ImpersonatedUser, user: &Name) -> Request {
    let subject = canonical(&wanted.subject);
    let group = if mode == Mode::Legacy { "" } else { AUTHENTICATION };
    let (resource, namespace, name) = match (mode, subject.kind()) {
        (Mode::AssociatedNode, _) => ("nodes", Name::empty(), Name::from("*")),
        (Mode::ArbitraryNode, _) => ("nodes", Name::empty(), node_of(user).unwrap_or_default().into()),
        (_, SubjectKind::ServiceAccount) => ("serviceaccounts", subject.namespace().clone(), subject.name().clone()),
        _ => ("users", Name::empty(), user.clone()),
    };
    named(verb, group, resource, name, namespace)
}

fn group_requests(mode: Mode, verb: &str, groups: &[Name]) -> Vec<Vec<Request>> {
    let api_group = if mode == Mode::Legacy { "" } else { AUTHENTICATION };
    let one = |name: &Name| named(verb, api_group, "groups", name.clone(), Name::empty());
    let any = (mode != Mode::Legacy && groups.len() >= MANY).then(|| one(&"*".into()));
    // `*` stands for all groups together: each element may be met by it, so all are or none needs to be.
    groups.iter().map(|it| any.iter().cloned().chain([one(it)]).collect()).collect()
}

fn extra_requests(mode: Mode, verb: &str, extra: &[(Name, Vec<Name>)]) -> Vec<Vec<Request>> {
    let one = |key: &Name, value: &Name| match named(verb, AUTHENTICATION, "userextras", value.clone(), Name::empty()) {
        Request::Resource(it) => Request::Resource(ResourceRequest { subresource: key.clone(), ..it }),
        url => url,
    };
    let pairs: Vec<(&Name, &Name)> = extra.iter().flat_map(|(key, all)| all.iter().map(move |it| (key, it))).collect();
    let star = Name::from("*");
    let any = (mode != Mode::Legacy && (pairs.len() >= MANY || extra.len() >= MANY)).then(|| one(&star, &star));
    pairs.iter().map(|(key, value)| any.iter().cloned().chain([one(key, value)]).collect()).collect()
}

/// The second question of the constrained modes: may this be done while acting so?
fn on(mode: Mode, then: &Request) -> Request {
    let verb: Name = format!("impersonate-on:{}:{}", mode.word(), then.verb()).into();
    match then {
        Request::Resource(it) => Request::Resource(ResourceRequest { verb, ..it.clone() }),
        Request::Url { path, .. } => Request::Url { verb, path: path.clone() },
    }
}

/// Who one is then: the groups that were asked for, and those that the server adds.
///
/// A service account has its own groups only where none were asked for; a node has `system:nodes` in the constrained
/// modes only.
fn becomes(mode: Mode, wanted: &ImpersonatedUser) -> Identity {
    let subject = canonical(&wanted.subject);
    let user = user_name(&subject);
    let mut groups: Vec<(Name, Membership)> = Vec::new();
    let mut add = |name: Name, how| {
        if !groups.iter().any(|(it, _)| *it == name) {
            groups.push((name, how));
        }
    };
    wanted.groups.iter().for_each(|it| add(it.clone(), Membership::Given));
    if subject.kind() == SubjectKind::ServiceAccount && wanted.groups.is_empty() {
        add(SERVICE_ACCOUNTS.into(), Membership::Implied);
        add(accounts_of(subject.namespace()), Membership::Implied);
    }
    if mode != Mode::Legacy && node(&user).is_some() {
        add(NODES.into(), Membership::Implied);
    }
    if user == ANONYMOUS {
        add(UNAUTHENTICATED.into(), Membership::Implied);
    } else if !wanted.groups.iter().any(|it| it == UNAUTHENTICATED) {
        add(AUTHENTICATED.into(), Membership::Implied);
    }
    Identity { subject, user, groups }
}

fn named(verb: &str, group: &str, resource: &str, name: Name, namespace: Name) -> Request {
    Request::Resource(ResourceRequest {
        verb: verb.into(),
        group: group.into(),
        resource: resource.into(),
        subresource: Name::empty(),
        name,
        namespace,
        ..ResourceRequest::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rbac::identity::parse;

    fn wanted(subject: &str, groups: &[&str]) -> ImpersonatedUser {
        ImpersonatedUser::new(parse(subject).expect("a subject"), groups.iter().map(|it| Name::from(*it)).collect())
    }

    fn asked(mode: Mode, wanted: &ImpersonatedUser) -> Option<Vec<String>> {
        let all = needed(mode, wanted, &Request::resource("get", "", "pods", "shop"))?;
        Some(all.iter().map(|it| it.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")).collect())
    }

    fn list(all: &[&str]) -> Option<Vec<String>> {
        Some(all.iter().map(|it| it.to_string()).collect())
    }

    /// Rules 54–56 as CONTRACT §4 corrects them.
    #[test]
    fn each_mode_asks_for_its_own() {
        assert_eq!(
            asked(Mode::Legacy, &wanted("user:eve", &["dev"])),
            list(&["impersonate users eve", "impersonate groups dev"])
        );
        assert_eq!(
            asked(Mode::Legacy, &wanted("user:system:serviceaccount:shop:web", &[])),
            list(&["impersonate serviceaccounts web in shop"])
        );
        assert_eq!(asked(Mode::Legacy, &wanted("user:eve", &[MASTERS])).map(|it| it.len()), Some(2));
        assert_eq!(asked(Mode::UserInfo, &wanted("user:eve", &[MASTERS])), None);
        assert_eq!(asked(Mode::UserInfo, &wanted("sa:shop/web", &[])), None);
        assert_eq!(asked(Mode::ServiceAccount, &wanted("sa:shop/web", &["dev"])), None);
        assert_eq!(asked(Mode::Legacy, &wanted("group:dev", &[])), None);
        assert_eq!(
            asked(Mode::AssociatedNode, &wanted("user:system:node:n1", &[])),
            list(&[
                "impersonate:associated-node nodes.authentication.k8s.io *",
                "impersonate-on:associated-node:get pods in shop"
            ])
        );
        let many = asked(Mode::UserInfo, &wanted("user:eve", &["a", "b", "c", "d"])).expect("the mode fits");
        assert_eq!(
            many[1],
            "impersonate:user-info groups.authentication.k8s.io * or impersonate:user-info groups.authentication.k8s.io a"
        );
    }

    /// Rule 54: uids and extras, each header apart; rule 56: what constrained modes refuse of them.
    #[test]
    fn uids_and_extras_are_asked_apart() {
        let extra = |key: &str| ImpersonatedUser {
            uid: "7".into(),
            extra: vec![(key.into(), vec!["x".into()])],
            ..wanted("user:eve", &[])
        };
        assert_eq!(
            asked(Mode::Legacy, &extra("scopes")),
            list(&[
                "impersonate users eve",
                "impersonate uids.authentication.k8s.io 7",
                "impersonate userextras.authentication.k8s.io/scopes x",
            ])
        );
        assert_eq!(asked(Mode::UserInfo, &extra("scopes")), None);
        assert_eq!(asked(Mode::UserInfo, &extra("example.com/scopes")).map(|it| it.len()), Some(4));
        assert_eq!(
            asked(
                Mode::ArbitraryNode,
                &ImpersonatedUser { subject: wanted("user:system:node:n1", &[]).subject, ..extra("a/b") }
            ),
            None
        );
    }

    /// A name that no node can have is a plain user's.
    #[test]
    fn only_what_can_be_a_node_is_one() {
        assert_eq!(asked(Mode::ArbitraryNode, &wanted("user:system:node:N 1", &[])), None);
        assert!(asked(Mode::UserInfo, &wanted("user:system:node:N 1", &[])).is_some());
        assert_eq!(asked(Mode::UserInfo, &wanted("user:system:node:n1", &[])), None);
    }

    #[test]
    fn the_server_adds_groups_to_whom_one_becomes() {
        let groups = |mode, wanted: &ImpersonatedUser| {
            becomes(mode, wanted).groups.iter().map(|(it, _)| it.to_string()).collect::<Vec<_>>().join(" ")
        };
        let account = "system:serviceaccounts system:serviceaccounts:shop system:authenticated";
        assert_eq!(groups(Mode::Legacy, &wanted("sa:shop/web", &[])), account);
        assert_eq!(groups(Mode::Legacy, &wanted("sa:shop/web", &["dev"])), "dev system:authenticated");
        assert_eq!(groups(Mode::Legacy, &wanted("user:system:node:n1", &[])), "system:authenticated");
        assert_eq!(
            groups(Mode::ArbitraryNode, &wanted("user:system:node:n1", &[])),
            "system:nodes system:authenticated"
        );
        assert_eq!(groups(Mode::Legacy, &wanted("user:system:anonymous", &[])), "system:unauthenticated");
    }
}

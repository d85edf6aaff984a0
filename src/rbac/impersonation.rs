//! Acting as somebody else: which requests must be allowed for it, the old way and the constrained one (rules 54–57).
//!
//! The old verb `impersonate` is asked for each header; the constrained modes (beta and on from 1.36) ask a verb for
//! the identity and another for what is done with it. Source: apiserver/pkg/endpoints/filters/impersonation/mode.go.

use crate::model::name::Name;
use crate::model::role::{Subject, SubjectKind};

use super::identity::{MASTERS, canonical, node_of, user_name};
use super::request::{Request, ResourceRequest};

const AUTHENTICATION: &str = "authentication.k8s.io";

/// From this many groups on, the name `*` is tried before each group by itself.
const MANY: usize = 4;

/// How one acts as somebody else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mode {
    Legacy,
    UserInfo,
    ServiceAccount,
    ArbitraryNode,
    /// From a pod on that very node only.
    AssociatedNode,
}

impl Mode {
    /// All, in the order in which a server tries them: the constrained ones first.
    pub const ALL: [Mode; 5] =
        [Mode::AssociatedNode, Mode::ArbitraryNode, Mode::ServiceAccount, Mode::UserInfo, Mode::Legacy];

    /// The word in the verb; empty for the old way.
    pub const fn word(self) -> &'static str {
        match self {
            Mode::Legacy => "",
            Mode::UserInfo => "user-info",
            Mode::ServiceAccount => "serviceaccount",
            Mode::ArbitraryNode => "arbitrary-node",
            Mode::AssociatedNode => "associated-node",
        }
    }
}

/// Whom one wants to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    pub subject: Subject,
    pub groups: Vec<Name>,
}

/// What must be allowed, each element by one of its alternatives; `None`: this mode never does it.
pub fn needed(mode: Mode, wanted: &Wanted, then: &Request) -> Option<Vec<Vec<Request>>> {
    let user = user_name(&wanted.subject);
    if user.is_empty() {
        // Groups alone cannot be impersonated: a user is needed as well.
        return None;
    }
    let is_account = canonical(&wanted.subject).kind == SubjectKind::ServiceAccount;
    let fits = match mode {
        Mode::Legacy => true,
        Mode::UserInfo => !is_account && node_of(&user).is_none() && !has_refused_group(&wanted.groups),
        Mode::ServiceAccount => is_account && wanted.groups.is_empty(),
        Mode::ArbitraryNode | Mode::AssociatedNode => node_of(&user).is_some() && wanted.groups.is_empty(),
    };
    if !fits {
        return None;
    }
    let verb = if mode == Mode::Legacy { "impersonate".to_owned() } else { format!("impersonate:{}", mode.word()) };
    let mut all = vec![vec![identity_request(mode, &verb, wanted, &user)]];
    all.extend(group_requests(mode, &verb, &wanted.groups));
    if mode != Mode::Legacy {
        all.push(vec![on(mode, then)]);
    }
    Some(all)
}

/// Constrained modes refuse `system:masters` and the empty group outright.
fn has_refused_group(groups: &[Name]) -> bool {
    groups.iter().any(|it| it == MASTERS || it.is_empty())
}

fn identity_request(mode: Mode, verb: &str, wanted: &Wanted, user: &Name) -> Request {
    let subject = canonical(&wanted.subject);
    let group = if mode == Mode::Legacy { "" } else { AUTHENTICATION };
    let (resource, namespace, name) = match (mode, &subject.kind) {
        (Mode::AssociatedNode, _) => ("nodes", Name::empty(), Name::from("*")),
        (Mode::ArbitraryNode, _) => ("nodes", Name::empty(), node_of(user).unwrap_or_default().into()),
        (_, SubjectKind::ServiceAccount) => ("serviceaccounts", subject.namespace.clone(), subject.name.clone()),
        _ => ("users", Name::empty(), user.clone()),
    };
    named(verb, group, resource, name, namespace)
}

fn group_requests(mode: Mode, verb: &str, groups: &[Name]) -> Vec<Vec<Request>> {
    let api_group = if mode == Mode::Legacy { "" } else { AUTHENTICATION };
    let one = |name: &Name| named(verb, api_group, "groups", name.clone(), Name::empty());
    let any = (mode != Mode::Legacy && groups.len() >= MANY).then(|| one(&"*".into()));
    groups.iter().map(|it| any.iter().cloned().chain([one(it)]).collect()).collect()
}

/// The second question of the constrained modes: may this be done while acting so?
fn on(mode: Mode, then: &Request) -> Request {
    let verb: Name = format!("impersonate-on:{}:{}", mode.word(), then.verb()).into();
    match then {
        Request::Resource(it) => Request::Resource(ResourceRequest { verb, ..it.clone() }),
        Request::Url { path, .. } => Request::Url { verb, path: path.clone() },
    }
}

fn named(verb: &str, group: &str, resource: &str, name: Name, namespace: Name) -> Request {
    Request::Resource(ResourceRequest {
        verb: verb.into(),
        group: group.into(),
        resource: resource.into(),
        subresource: Name::empty(),
        name,
        namespace,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rbac::identity::parse;

    fn asked(mode: Mode, subject: &str, groups: &[&str]) -> Option<Vec<String>> {
        let groups = groups.iter().map(|it| Name::from(*it)).collect();
        let wanted = Wanted { subject: parse(subject).expect("a subject"), groups };
        let all = needed(mode, &wanted, &Request::resource("get", "", "pods", "shop"))?;
        Some(all.iter().map(|it| it.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")).collect())
    }

    /// Rules 54–56 as CONTRACT §4 corrects them.
    #[test]
    fn each_mode_asks_for_its_own() {
        let list = |all: &[&str]| Some(all.iter().map(|it| it.to_string()).collect::<Vec<_>>());
        assert_eq!(
            asked(Mode::Legacy, "user:eve", &["dev"]),
            list(&["impersonate users eve", "impersonate groups dev"])
        );
        assert_eq!(
            asked(Mode::Legacy, "user:system:serviceaccount:shop:web", &[]),
            list(&["impersonate serviceaccounts web in shop"])
        );
        assert_eq!(asked(Mode::Legacy, "user:eve", &[MASTERS]).map(|it| it.len()), Some(2));
        assert_eq!(asked(Mode::UserInfo, "user:eve", &[MASTERS]), None);
        assert_eq!(asked(Mode::UserInfo, "sa:shop/web", &[]), None);
        assert_eq!(asked(Mode::ServiceAccount, "sa:shop/web", &["dev"]), None);
        assert_eq!(asked(Mode::Legacy, "group:dev", &[]), None);
        assert_eq!(
            asked(Mode::AssociatedNode, "user:system:node:n1", &[]),
            list(&[
                "impersonate:associated-node nodes.authentication.k8s.io *",
                "impersonate-on:associated-node:get pods in shop"
            ])
        );
        let many = asked(Mode::UserInfo, "user:eve", &["a", "b", "c", "d"]).expect("the mode fits");
        assert_eq!(
            many[1],
            "impersonate:user-info groups.authentication.k8s.io * or impersonate:user-info groups.authentication.k8s.io a"
        );
    }
}

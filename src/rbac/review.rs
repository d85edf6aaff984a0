//! Questions that are put to the server itself, and its word: plain data, asked and kept by others.
//!
//! ```text
//! Review ──live──► Reply ──► Told: what the server has said so far, each question once
//! ```
//!
//! RBAC's objects answer first. The server's word fills what they cannot: who the operator is, what the operator may
//! do where roles and bindings may not be listed, and what another authorizer than RBAC says (CONTRACT §4). Its word
//! is always shown as its word.

use std::collections::BTreeMap;

use crate::model::evidence::{Gap, Outcome};
use crate::model::name::Name;
use crate::model::role::{RoleRule, Subject, SubjectKind};

use super::grant::{Access, ServerVerdict};
use super::identity::{Identity, Membership, canonical};
use super::marks::{AuthorizerMark, Marks, SubjectClass};
use super::request::Request;

/// One question.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Review {
    /// Who the operator is: `SelfSubjectReview`.
    Own,
    /// What the operator may do in a namespace: `SelfSubjectRulesReview`.
    OwnRules(Name),
    /// Whether the operator may do this: `SelfSubjectAccessReview`.
    OwnAccess(Request),
    /// Whether somebody may do this: `SubjectAccessReview`, which adds no groups by itself.
    Access { user: Name, groups: Vec<Name>, request: Request },
}

impl Review {
    /// Whether this identity may do this.
    pub fn access(identity: &Identity, request: &Request) -> Self {
        let groups = identity.groups.iter().map(|(it, _)| it.clone()).collect();
        Review::Access { user: identity.user.clone(), groups, request: request.clone() }
    }

    /// Who is asked about and what, of a question about somebody.
    pub fn asked(&self) -> Option<(Identity, &Request)> {
        let Review::Access { user, groups, request } = self else { return None };
        let (kind, name) = match groups.first() {
            Some(group) if user.is_empty() => (SubjectKind::Group, group.clone()),
            _ => (SubjectKind::User, user.clone()),
        };
        let subject = canonical(&Subject::new(kind, Name::empty(), name));
        let groups = groups.iter().map(|it| (it.clone(), Membership::Given)).collect();
        Some((Identity { subject, user: user.clone(), groups }, request))
    }

    /// Its kind in the API.
    pub const fn kind(&self) -> &'static str {
        match self {
            Review::Own => "SelfSubjectReview",
            Review::OwnRules(_) => "SelfSubjectRulesReview",
            Review::OwnAccess(_) => "SelfSubjectAccessReview",
            Review::Access { .. } => "SubjectAccessReview",
        }
    }
}

/// Who the operator is, by the server.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Me {
    pub user: Name,
    pub groups: Vec<Name>,
}

impl Me {
    /// As answers name subjects.
    pub fn subject(&self) -> Subject {
        canonical(&Subject::User(self.user.clone()))
    }

    /// Who the operator is, with groups besides those that the server knows.
    pub fn identity(&self, given: &[Name]) -> Identity {
        let subject = self.subject();
        let implied = Identity::new(&subject, &[]);
        let own = self.groups.iter().filter(|it| !implied.is_in(it));
        Identity::new(&subject, &own.chain(given).cloned().collect::<Vec<_>>())
    }

    /// Whether a question about this identity is one about the operator: the same user, in no group that is not theirs.
    pub fn is(&self, identity: &Identity) -> bool {
        self.user == identity.user && identity.groups.iter().all(|(it, _)| self.groups.contains(it))
    }
}

/// What the operator may do in a namespace, cluster-wide grants included.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rules {
    pub rules: Vec<RoleRule>,
    /// Whether an authorizer was asked that cannot list its rules: a mark of another one than RBAC.
    pub extent: RulesExtent,
    /// Why it is incomplete, in the server's words; may be empty.
    pub error: Name,
}

/// Whether a list of rules is all there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RulesExtent {
    #[default]
    Complete,
    Incomplete,
}

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    Me(Me),
    Rules(Rules),
    Word(ServerVerdict),
    /// It may not be asked, is not served, or was not answered: one clause.
    Silent(Name),
}

/// What the server has said, question by question.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ServerReplies(BTreeMap<Review, Reply>);

impl ServerReplies {
    /// Keeps an answer.
    pub fn keep(&mut self, review: Review, reply: Reply) {
        self.0.insert(review, reply);
    }

    /// The answer to a question that was asked.
    pub fn reply(&self, review: &Review) -> Option<&Reply> {
        self.0.get(review)
    }

    /// Whether a question has been asked: nothing is asked twice.
    pub fn has(&self, review: &Review) -> bool {
        self.0.contains_key(review)
    }

    /// Who the operator is, where the server said so.
    pub fn me(&self) -> Option<&Me> {
        match self.reply(&Review::Own) {
            Some(Reply::Me(me)) => Some(me),
            _ => None,
        }
    }

    /// The operator's rules in a namespace, where the server said them.
    pub fn rules(&self, namespace: &Name) -> Option<&Rules> {
        match self.reply(&Review::OwnRules(namespace.clone())) {
            Some(Reply::Rules(rules)) => Some(rules),
            _ => None,
        }
    }

    /// The operator's rules in each namespace where the server said them.
    pub fn all_rules(&self) -> impl Iterator<Item = (&Name, &Rules)> {
        self.0.iter().filter_map(|it| match it {
            (Review::OwnRules(namespace), Reply::Rules(rules)) => Some((namespace, rules)),
            _ => None,
        })
    }

    /// The server's word on a question; none where it was not asked or said nothing.
    pub fn word(&self, review: &Review) -> Option<&ServerVerdict> {
        match self.reply(review) {
            Some(Reply::Word(word)) => Some(word),
            _ => None,
        }
    }

    /// Takes the marks in that the answers are: rules that the server cannot list all of.
    pub fn mark(&self, marks: &mut Marks) {
        self.shows().into_iter().for_each(|it| marks.tell(it));
    }

    /// The mark that the answers are of another authorizer.
    pub fn shows(&self) -> Option<AuthorizerMark> {
        let is_incomplete = |it: &Reply| matches!(it, Reply::Rules(rules) if rules.extent == RulesExtent::Incomplete);
        let what = "the server says that its list of the operator's rules is incomplete: it asks another authorizer";
        self.0
            .values()
            .any(is_incomplete)
            .then(|| AuthorizerMark { subjects: SubjectClass::Everybody, what: what.into() })
    }

    /// What of it holds whatever is changed in the cluster: who the operator is, and not what may be done as it is.
    pub fn of_who(&self) -> Self {
        Self(
            self.0
                .iter()
                .filter(|it| *it.0 == Review::Own)
                .map(|(review, reply)| (review.clone(), reply.clone()))
                .collect(),
        )
    }
}

/// What to put to the server, so that it decides what RBAC's objects leave unknown; none where they suffice, or where
/// the server cannot be asked about this. One review asks for one name: of a signer and its domain it says too little.
///
/// Marks of other authorizers alone: anybody, by a SubjectAccessReview. Roles or bindings that may not be read: the
/// operator alone, as the server knows him.
pub fn appeal(access: &Access, told: &ServerReplies) -> Option<Review> {
    let asks_twice = matches!(&access.request, Request::Resource(it) if !it.domain.is_empty());
    if access.outcome() != Outcome::Unknown || asks_twice {
        return None;
    }
    let is_marked = access.gaps.iter().all(|it| matches!(it, Gap::Authorizer { .. }));
    match told.me() {
        _ if is_marked => Some(Review::access(&access.identity, &access.request)),
        Some(me) if me.is(&access.identity) => Some(Review::OwnAccess(access.request.clone())),
        Some(_) => None,
        None => Some(Review::Own),
    }
}

/// The mark that a server's word is where it allows what no grant that was read gives.
pub fn differs(access: &Access, word: &ServerVerdict) -> Option<AuthorizerMark> {
    let is_read = access.grants.is_empty()
        && access.masters.is_none()
        && access.gaps.iter().all(|it| matches!(it, Gap::Authorizer { .. }));
    (is_read && word.outcome == Outcome::Allow).then(|| AuthorizerMark {
        subjects: SubjectClass::Everybody,
        what: format!("the server allows {} to {}, which no binding grants", access.identity.subject, access.request)
            .into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rbac::identity::parse;

    fn access(gaps: Vec<Gap>) -> Access {
        let identity = Identity::new(&parse("user:alice").expect("a subject"), &[]);
        let request = Request::resource("get", "", "pods", "shop");
        let (grants, dangling) = (Vec::new(), Vec::new());
        Access { identity, request, masters: None, grants, gaps, dangling, word: None }
    }

    fn unread() -> Gap {
        let coverage = crate::model::coverage::Coverage::Unread;
        Gap::Uncovered { kind: crate::model::id::Kind::ROLE_BINDING, namespace: "shop".into(), coverage }
    }

    fn marked() -> Gap {
        Gap::Authorizer { what: "a webhook".into(), seen: None }
    }

    /// CONTRACT §4: only where Unknown is for a mark alone, or the operator asks of himself.
    #[test]
    fn the_server_is_asked_only_what_it_alone_can_say() {
        let mut told = ServerReplies::default();
        assert_eq!(appeal(&access(vec![]), &told), None);
        let put = appeal(&access(vec![marked()]), &told);
        assert!(matches!(put, Some(Review::Access { user, groups, .. })
            if user == "alice" && groups == ["system:authenticated"]));
        let both = access(vec![marked(), unread()]);
        assert_eq!(appeal(&both, &told), Some(Review::Own));
        let me = |user: &str, groups: &[&str]| {
            Reply::Me(Me { user: user.into(), groups: groups.iter().map(|it| Name::from(*it)).collect() })
        };
        told.keep(Review::Own, me("bob", &["system:authenticated"]));
        assert_eq!(appeal(&both, &told), None);
        told.keep(Review::Own, me("alice", &["dev", "system:authenticated"]));
        assert!(matches!(appeal(&both, &told), Some(Review::OwnAccess(_))));
        told.keep(Review::Own, me("alice", &[]));
        assert_eq!(appeal(&both, &told), None, "the server knows another alice, in fewer groups");
    }

    #[test]
    fn a_word_that_no_grant_gives_is_a_mark() {
        let word = |outcome| ServerVerdict {
            review: "SubjectAccessReview",
            outcome,
            reason: Name::empty(),
            error: Name::empty(),
        };
        assert!(differs(&access(vec![marked()]), &word(Outcome::Allow)).is_some());
        assert_eq!(differs(&access(vec![marked()]), &word(Outcome::Deny)), None);
        assert_eq!(differs(&access(vec![unread()]), &word(Outcome::Allow)), None);
        let mut told = ServerReplies::default();
        let rules = Rules { extent: RulesExtent::Incomplete, ..Rules::default() };
        told.keep(Review::OwnRules("shop".into()), Reply::Rules(rules));
        let mut marks = Marks::default();
        told.mark(&mut marks);
        assert_eq!(marks.all_gaps().len(), 1);
    }
}

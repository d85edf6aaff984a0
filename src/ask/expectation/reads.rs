//! What expectations rest on: all that the questions rest on that judge them.

use super::{Expectation, Expectations, ExpectedRequest, who};
use crate::ask::needs::{Needs, ReadNeed};
use crate::ask::question::access::{self, own_namespace};
use crate::ask::question::{Reads, ServedNames};
use crate::ask::{Fault, Here, Question, World};
use crate::model::coverage::Scope;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::rbac::pasted::TypedSubject;
use crate::rbac::review::Review;

impl Expectation {
    /// What it asks for, where it is about access.
    fn request(&self) -> Option<&ExpectedRequest> {
        match self {
            Expectation::Can { request, .. } | Expectation::Nobody { request, .. } => Some(request),
            Expectation::Connects { .. } | Expectation::DefaultDeny { .. } => None,
        }
    }

    /// The question that judges it, and how it is read.
    fn question(&self, here: &Here) -> Option<(Question, Here)> {
        match self {
            Expectation::Connects { .. } => Some((self.connection(&here.namespace).ok()?, here.clone())),
            Expectation::Can { subject, request, .. } => {
                Some((Question::Can(request.can(subject, true)), request.here(here)))
            }
            Expectation::Nobody { request, .. } => Some((Question::WhoCan(request.who_can()), request.here(here))),
            Expectation::DefaultDeny { .. } => None,
        }
    }

    fn needs(&self, here: &Here, world: &World) -> Needs {
        if let Expectation::DefaultDeny { namespace, .. } = self {
            return of_namespace(namespace);
        }
        let asked = self.question(here);
        let mut needs = asked.and_then(|(it, here)| it.reads().needs(&here, world).ok()).unwrap_or_default();
        if let Some(request) = self.request() {
            let namespace = request.namespace.as_ref().map(Name::from);
            needs.0.extend(access::with_marks(access::rbac_needs(namespace.as_ref())).0);
        }
        needs
    }

    /// Whether it is about the operator.
    fn is_of_me(&self, here: &Here) -> bool {
        let is_me = |it: &String| who(it, here) == Ok(TypedSubject::Me);
        match self {
            Expectation::Can { subject, .. } => is_me(subject),
            Expectation::Nobody { but, .. } => but.iter().any(is_me),
            Expectation::Connects { .. } | Expectation::DefaultDeny { .. } => false,
        }
    }
}

/// Its policies and pods, and itself.
fn of_namespace(namespace: &Name) -> Needs {
    let scope = Scope::Namespace(namespace.clone());
    let itself = ReadNeed::One(ObjectId::new(Kind::NAMESPACE, "", namespace.clone()));
    let pods = ReadNeed::All { kind: Kind::POD, scope: scope.clone() };
    Needs([itself, pods, ReadNeed::Policies(scope)].into())
}

impl Reads for Expectations {
    fn needs(&self, here: &Here, world: &World) -> Result<Needs, Fault> {
        let all = self.0.iter().map(|it| it.expectation.needs(here, world));
        Ok(Needs(all.flat_map(|it| it.0).collect()))
    }

    fn namespaces(&self, here: &Here) -> Vec<Name> {
        let of = |it: &Expectation| match it {
            Expectation::DefaultDeny { namespace, .. } => vec![namespace.clone()],
            it => it.question(here).map(|(it, here)| it.reads().namespaces(&here)).unwrap_or_default(),
        };
        self.0.iter().flat_map(|it| of(&it.expectation)).collect()
    }

    fn beside(&self, here: &Here, _: &World) -> Needs {
        let named = self.0.iter().filter_map(|it| Some(it.expectation.request()?.here(here)));
        Needs(named.flat_map(|it| access::beside(&it).0).collect())
    }

    fn names(&self) -> ServedNames {
        let is_of_access = self.0.iter().any(|it| it.expectation.request().is_some());
        if is_of_access { ServedNames::Served } else { ServedNames::Known }
    }

    /// Who the operator is where that is asked, and whether the server asks other authorizers.
    fn reviews(&self, here: &Here, _: &World) -> Result<Vec<Review>, Fault> {
        let me = self.0.iter().any(|it| it.expectation.is_of_me(here)).then_some(Review::Own);
        let rules = self.0.iter().any(|it| it.expectation.request().is_some());
        let rules = rules.then(|| Review::OwnRules(own_namespace("", here)));
        Ok(me.into_iter().chain(rules).collect())
    }
}

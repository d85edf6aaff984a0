//! What questions about access share: who is asked about, which request is meant, and what is read for them.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::{Here, Words};
use crate::ask::needs::{Needs, ReadNeed};
use crate::ask::world::SelfCheck;
use crate::ask::{Fault, World, namespace, somebody};
use crate::model::coverage::{Coverage, Scope};
use crate::model::evidence::Outcome;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::role::{Subject, SubjectKind};
use crate::people::{Person, Standing};
use crate::rbac::grant::Access;
use crate::rbac::identity::{self, Identity};
use crate::rbac::pasted::{self, TypedSubject};
use crate::rbac::request::Request;
use crate::rbac::review::{Me, Reply, Review};
use crate::rbac::served::{ResolvedResource, TypedOrDefault, TypedResource};
use crate::rbac::version::Version;
use crate::text::Mark;
use crate::text::evidence::Evidence;

const SUCH_AS: &str = "such as user:alice, group:dev or sa:shop/web";

/// Reads `user:alice`, `group:dev` or `sa:shop/web`, literally.
pub fn subject(text: &str) -> Result<Subject, Fault> {
    identity::parse(text).map_err(|what| Fault::new(what, SUCH_AS))
}

/// Reads the version of an API server, where one was typed.
pub fn version(typed: Option<&str>) -> Result<Option<Version>, Fault> {
    let read =
        |text| Version::parse(text).ok_or_else(|| Fault::new(format!("\"{text}\" is no version"), "such as 1.36"));
    typed.map(read).transpose()
}

/// The operator, as the server knows them; `None` while it has not been asked.
fn me<'a>(here: &Here, world: &'a World) -> Result<Option<&'a Me>, Fault> {
    if here.from_files {
        let what = "who asks is not available with --from: files do not know the operator";
        return Err(Fault::new(what, format!("name a subject, {SUCH_AS}")));
    }
    match world.told.reply(&Review::Own) {
        Some(Reply::Me(me)) => Ok(Some(me)),
        Some(Reply::Silent(why)) => {
            let what = format!("the server does not say who you are: {why}");
            Err(Fault::new(what, format!("name a subject, {SUCH_AS}")))
        }
        _ => Ok(None),
    }
}

/// The server was asked who the operator is before anything is answered; a fault all the same, should it not be so.
pub fn nobody_yet() -> Fault {
    Fault::new("the server has not said who you are", format!("name a subject, {SUCH_AS}"))
}

/// That questions which are proven to ask for nothing are asked all the same.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Unserved {
    /// Ask all the same for what is not served, and in a namespace that is not there
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unserved: bool,
}

impl Unserved {
    pub(super) fn add(&self, words: &mut Words) {
        words.flag("unserved", self.unserved);
    }

    /// What was typed, as it is to be asked.
    pub fn resolved(&self, resolved: ResolvedResource) -> ResolvedResource {
        if self.unserved { resolved.all_the_same() } else { resolved }
    }

    /// Why it is not asked: it is not served, or the namespace that was named is not there.
    pub fn refusal(&self, resolved: Option<ResolvedResource>, here: &Here, world: &World) -> Option<Fault> {
        if self.unserved {
            return None;
        }
        let unserved = resolved.and_then(|it| it.refusal).map(|it| Fault::new(it.what, it.hint));
        unserved.or_else(|| absence(here, world).map(|it| Fault::new(it, "--unserved asks all the same")))
    }

    /// That the namespace that was named is not there, where it is asked all the same.
    pub fn absence(&self, here: &Here, world: &World) -> Option<String> {
        absence(here, world).filter(|_| self.unserved)
    }
}

/// The groups that an operator names.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Groups {
    /// A group that the subject is in besides its own; repeatable
    #[arg(long = "group", value_name = "GROUP")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

impl Groups {
    pub(super) fn add(&self, words: &mut Words) {
        self.groups.iter().for_each(|it| words.option("group", Some(it)));
    }

    /// Who is asked about: a typed subject, else the operator; `None` until the server has said who that is.
    pub fn who(&self, typed: Option<&str>, here: &Here, world: &World) -> Result<Option<Identity>, Fault> {
        let namespace = if here.namespace.is_empty() { "default" } else { here.namespace.as_str() };
        let given: Vec<Name> = self.groups.iter().map(Name::from).collect();
        match typed
            .map_or(Ok(TypedSubject::Me), |it| pasted::read(it, namespace))
            .map_err(|it| Fault::new(it, SUCH_AS))?
        {
            TypedSubject::Somebody(subject) => Ok(Some(self.identity(&subject, world))),
            TypedSubject::Me => Ok(me(here, world)?.map(|it| it.identity(&given))),
        }
    }

    /// Who a subject is with these groups and those that the directory of people names.
    pub(super) fn identity(&self, subject: &Subject, world: &World) -> Identity {
        let given: Vec<Name> = self.groups.iter().map(Name::from).collect();
        let identity = Identity::new(subject, &given);
        match &world.people {
            Some(people) if subject.kind() == SubjectKind::User => {
                let groups = people.groups_of(&identity.user);
                identity.with_directory(&groups)
            }
            _ => identity,
        }
    }
}

/// The namespace that the operator's own rules are asked in: the asked one, else the context's.
pub fn own_namespace(asked: &str, here: &Here) -> Name {
    [asked, here.namespace.as_str(), "default"]
        .into_iter()
        .find(|it| !it.is_empty())
        .map(Name::from)
        .unwrap_or_default()
}

/// A request as typed, asked in this namespace (empty: in all).
pub fn resolve(
    (verb, resource, name): (&str, &str, Option<&str>),
    namespace: &str,
    here: &Here,
    world: &World,
) -> ResolvedResource {
    let given = if here.only.is_some() { TypedOrDefault::Yes } else { TypedOrDefault::No };
    let typed = TypedResource { verb, resource, name: name.unwrap_or_default(), namespace, given };
    world.served.resolve(&typed)
}

/// What RBAC is written in, as far as a question about one namespace (`None`: about all) needs it.
pub fn rbac_needs(namespace: Option<&Name>) -> Needs {
    let scope = match namespace {
        Some(name) if !name.is_empty() => Some(Scope::Namespace(name.clone())),
        Some(_) => None,
        None => Some(Scope::Everywhere),
    };
    let mut needs = Needs::all_of([Kind::CLUSTER_ROLE_BINDING, Kind::CLUSTER_ROLE]);
    for kind in [Kind::ROLE_BINDING, Kind::ROLE] {
        needs.0.extend(scope.clone().map(|scope| ReadNeed::All { kind, scope }));
    }
    needs
}

/// The namespace that was named, so that a slip in it is noticed; read beside the answer, which does not rest on it.
pub fn beside(here: &Here) -> Needs {
    let read = |it: &Name| ReadNeed::One(ObjectId::new(Kind::NAMESPACE, "", it.clone()));
    Needs(here.only.iter().filter(|it| !it.is_empty()).map(read).collect())
}

/// What tells whether a subject is known: a service account that no binding names may be there all the same.
pub fn beside_subject(identity: &Identity, world: &World) -> Needs {
    let subject = &identity.subject;
    let is_account = subject.kind() == SubjectKind::ServiceAccount;
    let scope = || Scope::Namespace(subject.namespace().clone());
    let read = || ReadNeed::All { kind: Kind::SERVICE_ACCOUNT, scope: scope() };
    Needs((is_account && world.rbac().bindings_of(subject).is_empty()).then(read).into_iter().collect())
}

/// That nothing names whom is asked about, with the nearest; the operator is somebody.
pub fn unknown(identity: &Identity, world: &World) -> Option<String> {
    let is_operator = world.told.me().is_some_and(|it| it.is(identity));
    let people = world.people.as_deref();
    (!is_operator).then(|| somebody::unknown(&world.cluster, world.rbac(), people, &identity.subject))?
}

/// What to say of the namespace that was named, if it is known not to be there.
fn absence(here: &Here, world: &World) -> Option<String> {
    namespace::absence(&world.cluster, here.only.as_ref()?)
}

/// What bears the marks of other authorizers; only read where a "no" would be said.
pub fn mark_needs() -> Needs {
    let mut needs = Needs::all_of([Kind::NODE]);
    needs.0.insert(ReadNeed::All { kind: Kind::POD, scope: Scope::Namespace("kube-system".into()) });
    needs
}

/// Both.
pub fn with_marks(mut needs: Needs) -> Needs {
    needs.0.extend(mark_needs().0);
    needs
}

/// Decides a second time with the naive evaluator, where the command was asked to (CONTRACT §5).
pub fn self_check(world: &World, identity: &Identity, request: &Request, ours: Outcome) -> Result<(), Fault> {
    if world.check == SelfCheck::Off {
        return Ok(());
    }
    let groups = identity.groups.iter().map(|(it, _)| it.as_str()).collect();
    let asker = crate::rbac::naive::RequestUser { user: &identity.user, groups };
    let theirs = crate::rbac::naive::outcome(&world.cluster, &asker, request);
    // The naive evaluator does not look at other authorizers' marks, which make a deny unknown.
    let is_mark = ours == Outcome::Unknown && theirs == Outcome::Deny;
    if ours == theirs || is_mark {
        return Ok(());
    }
    let what =
        format!("self-check: {} {request}: {ours} by the index, {theirs} by the naive evaluator", identity.subject);
    Err(Fault::new(what, "this is a defect of kreach: please report it with `kreach snapshot`"))
}

/// What should be known beside an answer, by the server's version where it is known.
pub fn notes(access: &Access, world: &World) -> Vec<Evidence> {
    let notes = world.rbac().notes(access, &world.cluster, world.version);
    notes.into_iter().map(|it| Evidence::new(Mark::Note, it)).collect()
}

/// A note on somebody who has left, by the directory; it changes no outcome.
pub fn left(identity: &Identity, world: &World) -> Vec<Evidence> {
    let person = world.people.as_ref().and_then(|it| it.person(&identity.user));
    let left = person.filter(|it| it.standing == Standing::Left);
    let what = |it: &Person| format!("{} is inactive in directory ({})", it.user, it.place);
    left.map(|it| Evidence::new(Mark::Note, what(it))).into_iter().collect()
}

/// Whether bindings have been read, as far as they may be.
pub fn has_read(world: &World) -> bool {
    *world.cluster.coverage.of(Kind::CLUSTER_ROLE_BINDING, "") != Coverage::Unread
}

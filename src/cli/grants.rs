//! What the commands about access share: flags, live reads, and the JSON of grants.

use std::collections::BTreeSet;

use clap::Args;
use serde::Serialize;

use crate::ask::needs::{Needs, Read};
use crate::ask::world::SelfCheck;
use crate::ask::{Fault, World, namespace, somebody};
use crate::model::coverage::Scope;
use crate::model::evidence::Outcome;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::role::{Subject, SubjectKind};
use crate::people::{People, Person, Standing};
use crate::rbac::aggregation::Member;
use crate::rbac::grant::{Access, Grant};
use crate::rbac::identity::{self, Identity, Membership};
use crate::rbac::matching::Match;
use crate::rbac::pasted::{self, Whom};
use crate::rbac::request::Request;
use crate::rbac::review::{Me, Reply, Review, Word};
use crate::rbac::served::{Given, Resolved, Typed};

use crate::text::Mark;
use crate::text::evidence::Evidence;

use super::Context;

const SUCH_AS: &str = "such as user:alice, group:dev or sa:shop/web";

/// Reads `user:alice`, `group:dev` or `sa:shop/web`, literally.
pub fn subject(text: &str) -> Result<Subject, Fault> {
    identity::parse(text).map_err(|what| Fault::new(what, SUCH_AS))
}

/// The operator, as the server knows them; `None` while it has not been asked.
fn me<'a>(context: &Context, world: &'a World) -> Result<Option<&'a Me>, Fault> {
    if context.from_files {
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
#[derive(Args, Debug, Default)]
pub struct Unserved {
    /// Ask all the same for what is not served, and in a namespace that is not there
    #[arg(long)]
    pub unserved: bool,
}

impl Unserved {
    /// What was typed, as it is to be asked.
    pub fn resolved(&self, resolved: Resolved) -> Resolved {
        if self.unserved { resolved.all_the_same() } else { resolved }
    }

    /// Why it is not asked: it is not served, or the namespace that was named is not there.
    pub fn refusal(&self, resolved: Option<Resolved>, context: &Context, world: &World) -> Option<Fault> {
        if self.unserved {
            return None;
        }
        let unserved = resolved.and_then(|it| it.refusal).map(|it| Fault::new(it.what, it.hint));
        unserved.or_else(|| absence(context, world).map(|it| Fault::new(it, "--unserved asks all the same")))
    }

    /// That the namespace that was named is not there, where it is asked all the same.
    pub fn absence(&self, context: &Context, world: &World) -> Option<String> {
        absence(context, world).filter(|_| self.unserved)
    }
}

/// The groups that an operator names.
#[derive(Args, Debug, Default)]
pub struct Groups {
    /// A group that the subject is in besides its own; repeatable
    #[arg(long = "group", value_name = "GROUP")]
    pub groups: Vec<String>,
}

impl Groups {
    /// Who is asked about: a typed subject, else the operator; `None` until the server has said who that is.
    pub fn who(&self, typed: Option<&str>, context: &Context, world: &World) -> Result<Option<Identity>, Fault> {
        let namespace = if context.namespace.is_empty() { "default" } else { context.namespace.as_str() };
        let given: Vec<Name> = self.groups.iter().map(Name::from).collect();
        match typed.map_or(Ok(Whom::Me), |it| pasted::read(it, namespace)).map_err(|it| Fault::new(it, SUCH_AS))? {
            Whom::Somebody(subject) => Ok(Some(self.identity(&subject, world))),
            Whom::Me => Ok(me(context, world)?.map(|it| it.identity(&given))),
        }
    }

    /// Who a subject is with these groups and those that the directory of people names.
    fn identity(&self, subject: &Subject, world: &World) -> Identity {
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
pub fn own_namespace(asked: &str, context: &Context) -> Name {
    [asked, &context.namespace, "default"].into_iter().find(|it| !it.is_empty()).map(Name::from).unwrap_or_default()
}

/// A request as typed, asked in this namespace (empty: in all).
pub fn resolve(
    (verb, resource, name): (&str, &str, Option<&str>),
    namespace: &str,
    context: &Context,
    world: &World,
) -> Resolved {
    let given = if context.only.is_some() { Given::Yes } else { Given::No };
    let typed = Typed { verb, resource, name: name.unwrap_or_default(), namespace, given };
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
        needs.0.extend(scope.clone().map(|scope| Read::All { kind, scope }));
    }
    needs
}

/// The namespace that was named, so that a slip in it is noticed; read beside the answer, which does not rest on it.
pub fn beside(context: &Context) -> Needs {
    let read = |it: &Name| Read::One(ObjectId::new(Kind::NAMESPACE, "", it.clone()));
    Needs(context.only.iter().filter(|it| !it.is_empty()).map(read).collect())
}

/// What tells whether a subject is known: a service account that no binding names may be there all the same.
pub fn beside_subject(identity: &Identity, world: &World) -> Needs {
    let subject = &identity.subject;
    let is_account = subject.kind() == SubjectKind::ServiceAccount;
    let scope = || Scope::Namespace(subject.namespace().clone());
    let read = || Read::All { kind: Kind::SERVICE_ACCOUNT, scope: scope() };
    Needs((is_account && world.rbac().bindings_of(subject).is_empty()).then(read).into_iter().collect())
}

/// That nothing names whom is asked about, with the nearest; the operator is somebody.
pub fn unknown(identity: &Identity, world: &World) -> Option<String> {
    let is_operator = world.told.me().is_some_and(|it| it.is(identity));
    let people = world.people.as_deref();
    (!is_operator).then(|| somebody::unknown(&world.cluster, world.rbac(), people, &identity.subject))?
}

/// What to say of the namespace that was named, if it is known not to be there.
fn absence(context: &Context, world: &World) -> Option<String> {
    namespace::absence(&world.cluster, context.only.as_ref()?)
}

/// What bears the marks of other authorizers; only read where a "no" would be said.
pub fn mark_needs() -> Needs {
    let mut needs = Needs::all_of([Kind::NODE]);
    needs.0.insert(Read::All { kind: Kind::POD, scope: Scope::Namespace("kube-system".into()) });
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
    let asker = crate::rbac::naive::Asker { user: &identity.user, groups };
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

/// One group of an identity.
#[derive(Serialize)]
pub struct GroupJson {
    pub name: String,
    /// `given`, `implied`, `directory`.
    pub by: &'static str,
}

/// The groups of an identity as JSON.
pub fn groups(identity: &Identity) -> Vec<GroupJson> {
    let by = |it: Membership| match it {
        Membership::Given => "given",
        Membership::Implied => "implied",
        Membership::Directory => "directory",
    };
    identity.groups.iter().map(|(name, how)| GroupJson { name: name.to_string(), by: by(*how) }).collect()
}

/// A request as JSON: a resource, or a URL.
#[derive(Serialize)]
#[serde(untagged)]
pub enum RequestJson<'a> {
    Resource {
        verb: &'a str,
        group: &'a str,
        resource: &'a str,
        subresource: &'a str,
        name: &'a str,
        namespace: &'a str,
    },
    Url {
        verb: &'a str,
        url: &'a str,
    },
}

/// A request as JSON.
pub fn request(request: &Request) -> RequestJson<'_> {
    match request {
        Request::Url { verb, path } => RequestJson::Url { verb, url: path },
        Request::Resource(it) => RequestJson::Resource {
            verb: &it.verb,
            group: &it.group,
            resource: &it.resource,
            subresource: &it.subresource,
            name: &it.name,
            namespace: &it.namespace,
        },
    }
}

/// The ClusterRole that gave a rule to an aggregated one.
#[derive(Serialize)]
pub struct MemberJson {
    pub role: String,
    pub rule: String,
}

/// A member as JSON.
pub fn member(member: &Member) -> MemberJson {
    MemberJson { role: format!("clusterrole/{}", member.role), rule: format!("rules[{}]", member.rule) }
}

/// The words of a rule that met the request.
#[derive(Serialize)]
pub struct MatchedJson {
    pub verb: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// One grant: binding, subject, role, rule, and where it holds.
#[derive(Serialize)]
pub struct GrantJson {
    /// `rolebinding/shop/dev`.
    pub binding: String,
    /// The binding's subject: `group:dev`.
    pub subject: String,
    /// `subjects[0]`.
    pub place: String,
    /// `clusterrole/edit`.
    pub role: String,
    /// `rules[3]`.
    pub rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberJson>,
    /// Where it holds; null: in the whole cluster.
    pub namespace: Option<String>,
    pub matched: MatchedJson,
}

/// A grant as JSON.
pub fn grant(grant: &Grant) -> GrantJson {
    GrantJson {
        binding: grant.binding.id().to_string(),
        subject: grant.named_subject().to_string(),
        place: grant.subject_place().to_string(),
        role: grant.role.id().to_string(),
        rule: grant.rule_place().to_string(),
        member: grant.member.as_ref().map(member),
        namespace: (!grant.scope().is_empty()).then(|| grant.scope().to_string()),
        matched: matched(grant),
    }
}

fn matched(grant: &Grant) -> MatchedJson {
    let rule = grant.rule();
    let word = |list: &[Name], at: u32| list.get(at as usize).map(ToString::to_string);
    match grant.matched {
        Match::Resource { verb, group, resource, name } => MatchedJson {
            verb: word(&rule.verbs, verb).unwrap_or_default(),
            group: word(&rule.groups, group),
            resource: word(&rule.resources, resource),
            name: name.and_then(|it| word(&rule.names, it)),
            url: None,
        },
        Match::Url { verb, url } => MatchedJson {
            verb: word(&rule.verbs, verb).unwrap_or_default(),
            group: None,
            resource: None,
            name: None,
            url: word(&rule.urls, url),
        },
    }
}

/// The server's own word on a request.
#[derive(Serialize)]
pub struct WordJson<'a> {
    /// `SubjectAccessReview`, or `SelfSubjectAccessReview`.
    pub review: &'static str,
    pub outcome: &'static str,
    pub reason: &'a str,
    /// Why the server could not ask all of its authorizers; empty where it could.
    pub error: &'a str,
}

/// The server's word as JSON.
pub fn word(word: &Word) -> WordJson<'_> {
    WordJson { review: word.review, outcome: word.outcome.as_str(), reason: &word.reason, error: &word.error }
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
    let what = |it: &Person| format!("{} has left, says {}", it.user, it.place);
    left.map(|it| Evidence::new(Mark::Note, what(it))).into_iter().collect()
}

/// A person as JSON.
#[derive(Serialize)]
pub struct PersonJson {
    pub user: String,
    pub active: bool,
}

/// The people behind a subject: a group's members, or the user themselves.
pub fn people(subject: &Subject, people: &People) -> Vec<PersonJson> {
    let found: Vec<&Person> = match subject.kind() {
        SubjectKind::Group => people.members_of(subject.name()),
        SubjectKind::User => people.person(subject.name()).into_iter().collect(),
        _ => Vec::new(),
    };
    let one = |it: &&Person| PersonJson { user: it.user.to_string(), active: it.standing == Standing::Active };
    found.iter().map(one).collect()
}

/// The verbs of a set in one field.
pub fn verbs(all: &BTreeSet<Name>) -> String {
    all.iter().map(Name::as_str).collect::<Vec<_>>().join(" ")
}

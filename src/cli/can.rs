//! `kreach can [SUBJECT] VERB RESOURCE[.GROUP][/SUBRESOURCE] [NAME]` or `VERB /URL`: may somebody do something, and why.
//!
//! ```text
//! $ kreach can user:alice get secrets -n shop
//! x deny  user:alice: get secrets in shop
//! ```
//!
//! Each line of `--batch` is judged literally, as a SubjectAccessReview would be (CONTRACT §5).

use std::borrow::Cow;
use std::io;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::ask::needs::Needs;
use crate::ask::topic::Topic;
use crate::ask::{Fault, World};
use crate::model::cluster::Cluster;
use crate::model::coverage::Coverage;
use crate::model::evidence::Outcome;
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::rbac::grant::Access;
use crate::rbac::identity::Identity;
use crate::rbac::index::Index;
use crate::rbac::pasted;
use crate::rbac::request::{Request, ResourceRequest};
use crate::rbac::review::{self, Reply, Review};
use crate::rbac::served::{Resolved, path_of};
use crate::text::evidence::Evidence;
use crate::text::{self, Mark};

use super::grants::{self, GrantJson, GroupJson, Groups, RequestJson, Unserved, WordJson};
use super::{Asked, Batch, BatchLines, Command, Context, Exit, Failure, Names, json, paint};

/// How the answer is printed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Form {
    #[default]
    Text,
    Json,
    Yaml,
}

/// May SUBJECT do it, and why.
#[derive(Args, Debug)]
pub struct CanArgs {
    /// Who: user:NAME, group:NAME, sa:NAMESPACE/NAME or me; left out: me
    #[arg(required_unless_present = "batch")]
    pub subject: Option<String>,
    /// The verb: get, list, watch, create, update, patch, delete, ... or an HTTP method before a /URL
    #[arg(required_unless_present = "batch")]
    pub verb: Option<String>,
    /// What is asked for.
    #[arg(help = "RESOURCE[.GROUP][/SUBRESOURCE], or a /URL")]
    pub resource: Option<String>,
    /// The object's name
    #[arg(value_name = "NAME")]
    pub object: Option<String>,
    #[command(flatten)]
    pub groups: Groups,
    #[command(flatten)]
    pub unserved: Unserved,
    /// Answer one JSON object a line of this file (- for stdin), each judged literally:
    /// {"subject","groups","verb","group","resource","subresource","name","namespace"} or {"subject","groups","verb","url"}
    #[arg(long, value_name = "FILE", conflicts_with_all = ["subject", "verb", "resource", "object"])]
    pub batch: Option<String>,
    /// How the answer is printed
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    pub output: Form,
}

/// `kreach can -o json`, and each line of a batch.
#[derive(Serialize)]
struct AccessJson<'a> {
    version: &'static str,
    kind: &'static str,
    outcome: &'static str,
    subject: String,
    groups: Vec<GroupJson>,
    request: RequestJson<'a>,
    grants: Vec<GrantJson>,
    /// The server's own word, where it was asked for what the objects leave unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<WordJson<'a>>,
    evidence: Vec<json::EvidenceJson>,
}

fn access_json<'a>(access: &'a Access, index: &Index, notes: &[Evidence]) -> AccessJson<'a> {
    let mut evidence = json::evidence(&text::rbac::evidence(access, index));
    evidence.extend(json::evidence(notes));
    AccessJson {
        version: json::VERSION,
        kind: "Access",
        outcome: access.outcome().as_str(),
        subject: access.identity.subject.to_string(),
        groups: grants::groups(&access.identity),
        request: grants::request(&access.request),
        grants: access.grants.iter().map(grants::grant).collect(),
        server: access.word.as_ref().map(grants::word),
        evidence,
    }
}

impl CanArgs {
    /// What was typed: who may be left out.
    fn words(&self) -> Result<Words<'_>, Fault> {
        let typed = [&self.subject, &self.verb, &self.resource, &self.object];
        let typed: Vec<&str> = typed.into_iter().flatten().map(String::as_str).collect();
        let needed = || Fault::new("a verb and a resource are needed", "such as user:alice get secrets [NAME] -n shop");
        let (subject, rest) = pasted::split(&typed);
        let (verb, resource, object) = match *rest {
            [verb, resource] => (verb, resource, None),
            [verb, resource, object] => (verb, resource, Some(object)),
            _ => return Err(needed()),
        };
        Ok(Words { subject, verb, resource, object })
    }

    fn resolved(&self, context: &Context, world: &World) -> Result<Resolved, Fault> {
        let words = self.words()?;
        let namespace = if context.all_namespaces { "" } else { context.namespace.as_str() };
        let typed = (words.verb, words.resource, words.object);
        Ok(self.unserved.resolved(grants::resolve(typed, namespace, context, world)))
    }

    /// Who is asked about, once that is known, and what.
    fn question(&self, context: &Context, world: &World) -> Result<(Option<Identity>, Request), Fault> {
        let identity = self.groups.who(self.words()?.subject, context, world)?;
        Ok((identity, self.resolved(context, world)?.request))
    }
}

/// The words of a typed question.
struct Words<'a> {
    subject: Option<&'a str>,
    verb: &'a str,
    resource: &'a str,
    object: Option<&'a str>,
}

impl Command for CanArgs {
    fn needs(&self, context: &Context, world: &World) -> Result<Needs, Fault> {
        if self.batch.is_some() {
            return Ok(grants::with_marks(grants::rbac_needs(None)));
        }
        let (identity, request) = self.question(context, world)?;
        let needs = grants::rbac_needs(Some(&request.namespace().into()));
        let Some(identity) = identity else { return Ok(needs) };
        let is_allowed = world.rbac().can(&identity, &request).outcome() == Outcome::Allow;
        Ok(if has_read(&world.cluster) && !is_allowed { grants::with_marks(needs) } else { needs })
    }

    fn names(&self) -> Names {
        let is_typed = self.words().is_ok_and(|it| path_of(it.resource).is_none());
        if is_typed { Names::Served } else { Names::Known }
    }

    /// Where a "no" would be said: whether the server asks other authorizers, and what it says itself.
    fn reviews(&self, context: &Context, world: &World) -> Result<Vec<Review>, Fault> {
        if self.batch.is_some() {
            return Ok(vec![Review::OwnRules(grants::own_namespace("", context))]);
        }
        let (Some(identity), request) = self.question(context, world)? else { return Ok(vec![Review::Own]) };
        let access = world.rbac().can(&identity, &request);
        if !has_read(&world.cluster) || access.outcome() == Outcome::Allow {
            return Ok(Vec::new());
        }
        let rules = || Review::OwnRules(grants::own_namespace(request.namespace(), context));
        let is_no = access.outcome() == Outcome::Deny;
        Ok(is_no.then(rules).into_iter().chain(review::appeal(&access, &world.told)).collect())
    }

    fn beside(&self, context: &Context, world: &World) -> Needs {
        if self.batch.is_some() {
            return Needs::default();
        }
        let mut needs = grants::beside(context);
        if let Ok((Some(identity), _)) = self.question(context, world) {
            needs.0.extend(grants::beside_subject(&identity, world).0);
        }
        needs
    }

    fn refusal(&self, context: &Context, world: &World) -> Option<Fault> {
        let resolved = self.resolved(context, world).ok()?;
        self.unserved.refusal(Some(resolved), context, world).filter(|_| self.batch.is_none())
    }

    fn notes(&self, context: &Context, world: &World) -> Vec<String> {
        if self.batch.is_some() {
            let literal = "--directory gives no groups to lines of --batch: each is judged literally".to_owned();
            return world.people.iter().map(|_| literal.clone()).collect();
        }
        let notes = self.resolved(context, world).map(|it| it.notes).unwrap_or_default();
        let identity = self.question(context, world).ok().and_then(|it| it.0);
        let unknown = identity.and_then(|it| grants::unknown(&it, world));
        let absence = self.unserved.absence(context, world);
        unknown.into_iter().chain(notes.iter().map(ToString::to_string)).chain(absence).collect()
    }

    fn topic(&self) -> Topic {
        Topic::Access
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Failure> {
        let world = asked.world;
        let (identity, request) = self.question(asked.context, world)?;
        let identity = identity.ok_or_else(grants::nobody_yet)?;
        let index = world.rbac();
        let mut access = index.can(&identity, &request);
        grants::self_check(world, &identity, &request, access.outcome())?;
        let mut notes = grants::notes(&access, world);
        notes.extend(grants::left(&identity, world));
        match review::appeal(&access, &world.told).and_then(|it| world.told.reply(&it)) {
            Some(Reply::Word(word)) => access.word = Some(word.clone()),
            Some(Reply::Silent(why)) => {
                notes.push(Evidence::new(Mark::Note, format!("the server was asked itself and does not say: {why}")));
            }
            _ => {}
        }
        match self.output {
            Form::Text => {
                let mut page = text::rbac::access(&access, index);
                notes.iter().for_each(|it| page.push(it.line(1)));
                out.write_all(paint::page(&page, asked.context.color).as_bytes())?;
            }
            Form::Json => json::write(&access_json(&access, index, &notes), asked, out)?,
            Form::Yaml => json::write_yaml(&access_json(&access, index, &notes), asked, out)?,
        }
        Ok(access.outcome().into())
    }

    fn batch(&self) -> Option<Batch<'_>> {
        self.batch.as_deref().map(|path| Batch { path, lines: self })
    }
}

/// Whether bindings have been read, as far as they may be.
fn has_read(cluster: &Cluster) -> bool {
    *cluster.coverage.of(Kind::CLUSTER_ROLE_BINDING, "") != Coverage::Unread
}

/// One line of a batch; absent, null and empty keys are equal, but for `url`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchLine<'a> {
    #[serde(borrow, default)]
    subject: Option<Cow<'a, str>>,
    #[serde(default)]
    groups: Option<Vec<String>>,
    #[serde(borrow, default)]
    verb: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    group: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    resource: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    subresource: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    namespace: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    url: Option<Cow<'a, str>>,
}

impl BatchLine<'_> {
    fn question(&self) -> Result<(Identity, Request), Fault> {
        let name = |it: &Option<Cow<'_, str>>| it.as_deref().map_or_else(Name::empty, Name::from);
        let subject = grants::subject(self.subject.as_deref().unwrap_or_default())?;
        let given: Vec<Name> = self.groups.iter().flatten().map(Name::from).collect();
        let request = match &self.url {
            Some(url) => Request::Url { verb: name(&self.verb), path: url.as_ref().into() },
            None => Request::Resource(ResourceRequest {
                verb: name(&self.verb),
                group: name(&self.group),
                resource: name(&self.resource),
                subresource: name(&self.subresource),
                name: name(&self.name),
                domain: Name::empty(),
                namespace: name(&self.namespace),
            }),
        };
        Ok((Identity::new(&subject, &given), request))
    }
}

impl BatchLines for CanArgs {
    fn line(&self, asked: &Asked<'_>, line: &str, answer: &mut Vec<u8>) -> Result<Outcome, Failure> {
        let parsed: Result<BatchLine<'_>, _> = serde_json::from_str(line);
        let question = match parsed {
            Ok(line) => line.question(),
            Err(error) => Err(Fault::new(format!("not a question: {error}"), "")),
        };
        let (identity, request) = match question {
            Ok(question) => question,
            Err(fault) => {
                json::append_error(&fault.to_string(), answer)?;
                return Ok(Outcome::Unknown);
            }
        };
        let world = asked.world;
        let access = world.rbac().can(&identity, &request);
        grants::self_check(world, &identity, &request, access.outcome())?;
        let document = access_json(&access, world.rbac(), &grants::notes(&access, world));
        json::append(&document, answer)?;
        Ok(access.outcome())
    }
}

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

use crate::ask::Fault;
use crate::ask::needs::Needs;
use crate::ask::topic::Topic;
use crate::model::cluster::Cluster;
use crate::model::coverage::Coverage;
use crate::model::evidence::Outcome;
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::net::Settings;
use crate::rbac::grant::Access;
use crate::rbac::identity::Identity;
use crate::rbac::index::Index;
use crate::rbac::pasted;
use crate::rbac::request::{Request, ResourceRequest};
use crate::rbac::review::{self, Reply, Review};
use crate::rbac::served::{Resolved, path_of};
use crate::text::evidence::Evidence;
use crate::text::{self, Mark};

use super::grants::{self, GrantJson, GroupJson, Groups, Indexed, RequestJson, Unserved, WordJson};
use super::{Batch, BatchLines, Command, Context, Exit, Failure, Names, World, json, paint};

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
    #[arg(skip)]
    index: Indexed,
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

    fn resolved(&self, context: &Context) -> Result<Resolved, Fault> {
        let words = self.words()?;
        let namespace = if context.all_namespaces { "" } else { context.namespace.as_str() };
        Ok(self.unserved.resolved(grants::resolve(words.verb, words.resource, words.object, namespace, context)))
    }

    /// Who is asked about, once that is known, and what.
    fn question(&self, context: &Context) -> Result<(Option<Identity>, Request), Fault> {
        let identity = self.groups.who(self.words()?.subject, context)?;
        Ok((identity, self.resolved(context)?.request))
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
    fn needs(&self, context: &Context, cluster: &Cluster) -> Result<Needs, Fault> {
        if self.batch.is_some() {
            return Ok(grants::with_marks(grants::rbac_needs(None)));
        }
        let (identity, request) = self.question(context)?;
        let needs = grants::rbac_needs(Some(&request.namespace().into()));
        let Some(identity) = identity else { return Ok(needs) };
        let is_allowed = Index::build(cluster).can(&identity, &request).outcome() == Outcome::Allow;
        Ok(if has_read(cluster) && !is_allowed { grants::with_marks(needs) } else { needs })
    }

    fn names(&self) -> Names {
        let is_typed = self.words().is_ok_and(|it| path_of(it.resource).is_none());
        if is_typed { Names::Served } else { Names::Known }
    }

    /// Where a "no" would be said: whether the server asks other authorizers, and what it says itself.
    fn reviews(&self, context: &Context, cluster: &Cluster) -> Result<Vec<Review>, Fault> {
        if self.batch.is_some() {
            return Ok(vec![Review::OwnRules(grants::own_namespace("", context))]);
        }
        let (Some(identity), request) = self.question(context)? else { return Ok(vec![Review::Own]) };
        let access = grants::index(cluster, context).can(&identity, &request);
        if !has_read(cluster) || access.outcome() == Outcome::Allow {
            return Ok(Vec::new());
        }
        let rules = || Review::OwnRules(grants::own_namespace(request.namespace(), context));
        let is_no = access.outcome() == Outcome::Deny;
        Ok(is_no.then(rules).into_iter().chain(review::appeal(&access, &context.told)).collect())
    }

    fn beside(&self, context: &Context, cluster: &Cluster, _: &Settings) -> Needs {
        if self.batch.is_some() {
            return Needs::default();
        }
        let mut needs = grants::beside(context);
        if let Ok((Some(identity), _)) = self.question(context) {
            needs.0.extend(grants::beside_subject(&identity, cluster).0);
        }
        needs
    }

    fn refusal(&self, context: &Context, cluster: &Cluster) -> Option<Fault> {
        let resolved = self.resolved(context).ok()?;
        self.unserved.refusal(Some(resolved), context, cluster).filter(|_| self.batch.is_none())
    }

    fn notes(&self, context: &Context, cluster: &Cluster) -> Vec<String> {
        if self.batch.is_some() {
            let literal = "--directory gives no groups to lines of --batch: each is judged literally".to_owned();
            return context.people.iter().map(|_| literal.clone()).collect();
        }
        let notes = self.resolved(context).map(|it| it.notes).unwrap_or_default();
        let index = self.index.of(cluster, context);
        let identity = self.question(context).ok().and_then(|it| it.0);
        let unknown = identity.and_then(|it| grants::unknown(&it, index, context, cluster));
        let absence = self.unserved.absence(context, cluster);
        unknown.into_iter().chain(notes.iter().map(ToString::to_string)).chain(absence).collect()
    }

    fn topic(&self) -> Topic {
        Topic::Access
    }

    fn run(&self, world: &World<'_>, out: &mut dyn io::Write) -> Result<Exit, Failure> {
        let (identity, request) = self.question(world.context)?;
        let identity = identity.ok_or_else(grants::nobody_yet)?;
        let index = self.index.of(world.cluster, world.context);
        let mut access = index.can(&identity, &request);
        grants::self_check(world, &identity, &request, access.outcome())?;
        let mut notes = grants::notes(&access, index, world);
        notes.extend(grants::left(&identity, world.context));
        match review::appeal(&access, &world.context.told).and_then(|it| world.context.told.reply(&it)) {
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
                out.write_all(paint::page(&page, world.context.color).as_bytes())?;
            }
            Form::Json => json::write(&access_json(&access, index, &notes), world, out)?,
            Form::Yaml => json::write_yaml(&access_json(&access, index, &notes), world, out)?,
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
    fn line(&self, world: &World<'_>, line: &str, answer: &mut Vec<u8>) -> Result<Outcome, Failure> {
        let parsed: Result<BatchLine<'_>, _> = serde_json::from_str(line);
        let asked = match parsed {
            Ok(line) => line.question(),
            Err(error) => Err(Fault::new(format!("not a question: {error}"), "")),
        };
        let (identity, request) = match asked {
            Ok(asked) => asked,
            Err(fault) => {
                json::append_error(&fault.to_string(), answer)?;
                return Ok(Outcome::Unknown);
            }
        };
        let index = self.index.of(world.cluster, world.context);
        let access = index.can(&identity, &request);
        grants::self_check(world, &identity, &request, access.outcome())?;
        let document = access_json(&access, index, &grants::notes(&access, index, world));
        json::append(&document, answer)?;
        Ok(access.outcome())
    }
}

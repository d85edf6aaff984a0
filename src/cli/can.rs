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

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::ask::question::can::{self as question, Allowed, Can};
use crate::ask::question::{Reads, access};
use crate::ask::{Fault, Question};
use crate::model::evidence::Outcome;
use crate::model::name::Name;
use crate::rbac::grant::Access;
use crate::rbac::identity::Identity;
use crate::rbac::index::Index;
use crate::rbac::request::{Request, ResourceRequest};
use crate::text;
use crate::text::evidence::Evidence;

use super::form::{self, Form, Printed};
use super::grants::{self, GrantJson, GroupJson, RequestJson, WordJson};
use super::{Asked, AskingCommand, BatchCommand, BatchLines, Exit, json};

/// May SUBJECT do it, and why.
#[derive(Args, Debug)]
#[command(mut_arg("output", |it| form::output("can", it)))]
#[command(
    after_help = "Examples:\n  kreach can user:ana get secrets -n payments\n  kreach can sa:ci/runner create pods/exec -n payments -o yaml"
)]
#[command(mut_arg("subject", |it| it.required_unless_present("batch")))]
#[command(mut_arg("verb", |it| it.required_unless_present("batch")))]
pub struct CanArgs {
    #[command(flatten)]
    pub question: Can,
    /// Answer one JSON object a line of this file (- for stdin), each judged literally:
    /// {"subject","groups","verb","group","resource","subresource","name","namespace"} or {"subject","groups","verb","url"}
    #[arg(long, value_name = "FILE", conflicts_with_all = ["subject", "verb", "resource", "object"])]
    pub batch: Option<String>,
    #[command(flatten)]
    pub printed: Printed,
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

impl AskingCommand for CanArgs {
    fn reads(&self) -> &dyn Reads {
        if self.batch.is_some() { &question::CanBatch } else { &self.question }
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Fault> {
        asked.print(&Question::Can(self.question.clone()), self.printed, out)
    }

    fn batch(&self) -> Option<BatchCommand<'_>> {
        self.batch.as_deref().map(|path| BatchCommand { path, lines: self })
    }
}

/// Writes it as JSON or YAML.
pub(super) fn write(it: &Allowed, form: Form, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Fault> {
    json::write_as(form, &access_json(&it.access, asked.world.rbac(), &it.notes), asked, out)
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
        let subject = access::subject(self.subject.as_deref().unwrap_or_default())?;
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
    fn line(&self, asked: &Asked<'_>, line: &str, answer: &mut Vec<u8>) -> Result<Outcome, Fault> {
        let parsed: Result<BatchLine<'_>, _> = serde_json::from_str(line);
        let question = match parsed {
            Ok(line) => line.question(),
            Err(error) => Err(Fault::new(format!("not a question: {error}"), "")),
        };
        let (identity, request) = match question {
            Ok(question) => question,
            Err(fault) => {
                json::append_error(&fault.to_string(), asked.context, answer)?;
                return Ok(Outcome::Unknown);
            }
        };
        let world = asked.world;
        let allowed = world.rbac().can(&identity, &request);
        access::self_check(world, &identity, &request, allowed.outcome())?;
        let document = access_json(&allowed, world.rbac(), &access::notes(&allowed, world));
        json::append(&document, asked.context, answer)?;
        Ok(allowed.outcome())
    }
}

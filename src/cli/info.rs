//! `kreach info`: versions, directories, the cluster that is asked, and what of it may be read.
//!
//! ```text
//! kreach 0.1.0
//!   source     files shop.yaml
//!   kinds
//!     pod              12  closed
//! ```

use std::io;

use clap::Args;
use serde::Serialize;

use crate::ask::needs::{self, Needs};
use crate::ask::question::Reads;
use crate::ask::{Fault, Here, World};
use crate::kinds::{KINDS, Presence, is_evaluated};
use crate::model::cluster::Cluster;
use crate::model::coverage::{Coverage, Scope};
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::model::owner::is_workload;
use crate::rbac::review::{Me, Reply, Review};
use crate::text::{Line, Mark, Page};

use super::form::{self, Form, Printed};
use super::{Asked, AskingCommand, Context, Exit, json};

/// All objects of every kind that answers rest on.
pub fn every_kind() -> Needs {
    let mut needs = needs::everything();
    let is_asked = |kind| is_evaluated(kind) || is_workload(kind);
    let rows = KINDS.iter().filter(|it| it.presence == Presence::Always && !is_asked(it.kind));
    needs.0.extend(rows.map(|it| needs::ReadNeed::All { kind: it.kind, scope: Scope::Everywhere }));
    needs
}

/// Versions, directories, the cluster and what of it may be read.
#[derive(Args, Debug)]
#[command(mut_arg("output", |it| form::output("info", it)))]
#[command(after_help = "Examples:\n  kreach info\n  kreach info -o yaml")]
pub struct InfoArgs {
    #[command(flatten)]
    pub printed: Printed,
}

/// One kind: how many objects are held, and how much of it is known.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KindJson {
    kind: &'static str,
    count: usize,
    unreadable: usize,
    coverage: String,
}

#[derive(Serialize)]
struct OperatorJson<'a> {
    user: &'a str,
    groups: Vec<&'a str>,
}

fn operator(me: &Me) -> OperatorJson<'_> {
    OperatorJson { user: &me.user, groups: me.groups.iter().map(Name::as_str).collect() }
}

/// `user:alice, in dev, system:authenticated`, or why the server does not say.
fn operator_words(world: &World) -> Option<String> {
    match world.told.reply(&Review::Own)? {
        Reply::Me(me) if me.groups.is_empty() => Some(format!("{}, in no group", me.subject())),
        Reply::Me(me) => {
            let groups: Vec<&str> = me.groups.iter().map(Name::as_str).collect();
            Some(format!("{}, in {}", me.subject(), groups.join(", ")))
        }
        Reply::Silent(why) => Some(format!("not known: {why}")),
        Reply::Rules(_) | Reply::Word(_) => None,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InfoJson<'a> {
    version: &'static str,
    kind: &'static str,
    surroundings: std::collections::BTreeMap<&'a str, &'a str>,
    /// Who the server says the operator is; absent where it was not asked or does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<OperatorJson<'a>>,
    kinds: Vec<KindJson>,
}

impl Reads for InfoArgs {
    fn needs(&self, _: &Here, _: &World) -> Result<Needs, Fault> {
        Ok(every_kind())
    }

    fn reviews(&self, _: &Here, _: &World) -> Result<Vec<Review>, Fault> {
        Ok(vec![Review::Own])
    }
}

impl AskingCommand for InfoArgs {
    fn reads(&self) -> &dyn Reads {
        self
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Fault> {
        self.print(asked.context, Some(asked.world), out)?;
        Ok(Exit::Yes)
    }
}

impl InfoArgs {
    /// Prints what is known; without a cluster what surrounds it.
    pub fn print(&self, context: &Context, world: Option<&World>, out: &mut dyn io::Write) -> Result<(), Fault> {
        let run = json::Run { context, cluster: world.map(|it| &it.cluster) };
        match self.printed.output {
            Form::Text => Ok(context.write(&page(context, world), out)?),
            form => json::write_as(form, &document(context, world), run, out),
        }
    }
}

fn document<'a>(context: &'a Context, world: Option<&'a World>) -> InfoJson<'a> {
    InfoJson {
        version: json::VERSION,
        kind: "Info",
        surroundings: context.surroundings.iter().map(|(name, value)| (*name, value.as_str())).collect(),
        operator: world.and_then(|it| it.told.me()).map(operator),
        kinds: world.map(|it| kinds(&it.cluster)).unwrap_or_default(),
    }
}

fn page(context: &Context, world: Option<&World>) -> Page {
    let mut page = Page::default();
    page.say(0, Mark::Title, format!("kreach {}", env!("CARGO_PKG_VERSION")));
    for (name, value) in &context.surroundings {
        page.say(1, Mark::Plain, format!("{name:<12}{value}"));
    }
    if let Some(words) = world.and_then(operator_words) {
        page.say(1, Mark::Plain, format!("{:<12}{words}", "you"));
    }
    let Some(cluster) = world.map(|it| &it.cluster) else { return page };
    page.say(0, Mark::Title, "kinds");
    for it in kinds(cluster) {
        let unreadable = if it.unreadable > 0 { format!(", {} unreadable", it.unreadable) } else { String::new() };
        page.say(1, Mark::Plain, format!("{:<42}{:>7}  {}{unreadable}", it.kind, it.count, it.coverage));
    }
    problems(cluster, &mut page);
    page
}

fn problems(cluster: &Cluster, page: &mut Page) {
    let total = cluster.all_problems().count();
    page.say(0, Mark::Title, format!("problems {total}"));
    for problem in cluster.all_problems() {
        let line = Line::new(1, Mark::Note, problem.to_string());
        page.push(match &problem.object {
            Some(object) => line.linked(object, &problem.place),
            None => line,
        });
    }
}

fn kinds(cluster: &Cluster) -> Vec<KindJson> {
    KINDS.iter().map(|spec| row(cluster, spec.kind)).collect()
}

fn row(cluster: &Cluster, kind: Kind) -> KindJson {
    let unreadable = cluster.unreadable.iter().filter(|it| it.kind == kind).count();
    let count = cluster.ids(kind, &Scope::Everywhere).len() - unreadable;
    KindJson { kind: kind.as_str(), count, unreadable, coverage: coverage(cluster, kind) }
}

/// `live`, or `forbidden: …; live in shop, db`.
fn coverage(cluster: &Cluster, kind: Kind) -> String {
    let Some(found) = cluster.coverage.kinds.get(&kind) else { return state(&cluster.coverage.otherwise) };
    let mut text = state(&found.everywhere);
    for (namespace, it) in &found.namespaces {
        text.push_str(&format!("; {} in {namespace}", state(it)));
    }
    text
}

fn state(coverage: &Coverage) -> String {
    match coverage {
        Coverage::Forbidden { why } => format!("forbidden ({why})"),
        Coverage::Failed { why } => format!("failed ({why})"),
        Coverage::Stale { since, why } => format!("stale since {since} ({why})"),
        other => other.as_str().to_owned(),
    }
}

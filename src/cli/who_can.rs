//! `kreach who-can VERB RESOURCE[.GROUP][/SUBRESOURCE] [NAME]` or `VERB /URL`: everybody who can, by which grants.
//!
//! Without `-n` it covers the cluster and every namespace, each grant with where it holds (CONTRACT §4).

use std::io;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::ask::question::Reads;
use crate::ask::question::who_can::{Holders, WhoCan as Asking, pods};
use crate::ask::{Question, World};
use crate::model::role::Subject;
use crate::rbac::beside::{Beside, Missing, Named};
use crate::rbac::who::{Holder, Places, WhoCan};
use crate::text;
use crate::text::evidence::Evidence;
use crate::text::written::csv_line;

use super::answer::Form;
use super::grants::{self, GrantJson, RequestJson};
use super::{Asked, Command, Exit, Failure, json};

/// How the answer is printed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Table {
    #[default]
    Text,
    Json,
    Yaml,
    Csv,
}

impl From<Table> for Form {
    fn from(output: Table) -> Self {
        match output {
            Table::Text => Form::Text,
            Table::Json => Form::Json,
            Table::Yaml => Form::Yaml,
            Table::Csv => Form::Csv,
        }
    }
}

/// List who can do it, and through which grants.
#[derive(Args, Debug)]
pub struct WhoCanArgs {
    #[command(flatten)]
    pub question: Asking,
    /// How the answer is printed
    #[arg(short, long, value_enum, default_value_t = Table::Text)]
    pub output: Table,
}

#[derive(Serialize)]
struct WhoCanJson<'a> {
    version: &'static str,
    kind: &'static str,
    /// `allow`: somebody besides `system:masters`; `deny`: nobody; `unknown`: the list may be incomplete.
    outcome: &'static str,
    request: RequestJson<'a>,
    /// Where was looked: `asked` (the request's namespace, or cluster-wide) or `everywhere`.
    places: &'static str,
    subjects: Vec<HolderJson>,
    beside: BesideJson,
    /// Why somebody may be missing.
    evidence: Vec<json::EvidenceJson>,
}

#[derive(Serialize)]
struct HolderJson {
    subject: String,
    grants: Vec<GrantJson>,
    /// The people behind it, where a directory was given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    people: Vec<grants::PersonJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pods: Option<Vec<String>>,
}

/// What is no answer and should be known.
#[derive(Serialize)]
struct BesideJson {
    /// Who can for certain names only.
    named: Vec<NamedJson>,
    /// Bindings whose role is not there.
    missing: Vec<MissingJson>,
    /// Aggregated roles that are not what their members give, in words.
    lagging: Vec<String>,
}

#[derive(Serialize)]
struct NamedJson {
    to: String,
    names: Vec<String>,
    /// `rolebinding/prod/r subjects[0] → role/prod/r rules[0]`.
    by: Vec<String>,
}

#[derive(Serialize)]
struct MissingJson {
    binding: String,
    /// As written: `ClusterRole/view`.
    role: String,
    to: Vec<String>,
    /// Whether Kubernetes' own role of that name would allow it; null: there is none.
    would: Option<&'static str>,
}

fn beside_json(beside: &Beside) -> BesideJson {
    let named = |it: &Named| NamedJson {
        to: it.subject.to_string(),
        names: it.names.iter().map(ToString::to_string).collect(),
        by: it.grants.iter().map(ToString::to_string).collect(),
    };
    let missing = |it: &Missing| MissingJson {
        binding: it.binding.id().to_string(),
        role: it.binding.role.to_string(),
        to: it.somebody().iter().map(ToString::to_string).collect(),
        would: it.would.map(|it| it.as_str()),
    };
    BesideJson {
        named: beside.named.iter().map(named).collect(),
        missing: beside.missing.iter().map(missing).collect(),
        lagging: beside.lagging.iter().cloned().collect(),
    }
}

impl Command for WhoCanArgs {
    fn reads(&self) -> &dyn Reads {
        &self.question
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Failure> {
        asked.print(&Question::WhoCan(self.question.clone()), Form::from(self.output), out)
    }
}

/// Writes it in any form but text.
pub(super) fn write(it: &Holders<'_>, form: Form, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Failure> {
    match form {
        Form::Csv => Ok(write_csv(&it.who, &asked.world.rbac().beside(&it.who), out)?),
        form => json::write_as(form, &document(it, asked.world), asked, out),
    }
}

fn document<'a>(it: &'a Holders<'_>, world: &World) -> WhoCanJson<'a> {
    let (who, cluster, directory) = (&it.who, &world.cluster, world.people.as_deref());
    let named = |subject: &Subject| pods(subject, cluster).iter().map(ToString::to_string).collect();
    let holder = |held: &Holder| HolderJson {
        subject: who.subject(held).to_string(),
        grants: who.grants(held).iter().map(grants::grant).collect(),
        people: directory.map_or_else(Vec::new, |people| grants::people(who.subject(held), people)),
        pods: it.pods.then(|| named(who.subject(held))),
    };
    let mut evidence: Vec<Evidence> = who.gaps.iter().map(Evidence::gap).collect();
    evidence.extend(it.notes(world));
    WhoCanJson {
        version: json::VERSION,
        kind: "WhoCan",
        outcome: it.outcome().as_str(),
        request: grants::request(&who.request),
        places: if who.places == Places::Everywhere { "everywhere" } else { "asked" },
        subjects: who.holders.iter().map(holder).collect(),
        beside: beside_json(&world.rbac().beside(who)),
        evidence: json::evidence(&evidence),
    }
}

/// Those who can, then with a word in the last column what is no answer and should be known.
fn write_csv(who: &WhoCan, beside: &Beside, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "subject,namespace,binding,role,rule,beside")?;
    for holder in &who.holders {
        let subject = who.subject(holder).to_string();
        if holder.is_always() {
            writeln!(out, "{}", csv_line([subject.as_str(), "", "", "", "", ""]))?;
        }
        for grant in who.grants(holder) {
            let (binding, role, rule) =
                (grant.binding.id().to_string(), grant.role.id().to_string(), grant.rule_place());
            let fields = [subject.as_str(), grant.scope(), &binding, &role, &rule.0, ""];
            writeln!(out, "{}", csv_line(fields))?;
        }
    }
    write_beside(beside, out)
}

fn write_beside(beside: &Beside, out: &mut dyn io::Write) -> io::Result<()> {
    for it in &beside.named {
        let names: Vec<&str> = it.names.iter().map(|it| it.as_str()).collect();
        let (subject, what) = (it.subject.to_string(), format!("only for the names {}", names.join(" ")));
        for grant in &it.grants {
            let (binding, role, rule) =
                (grant.binding.id().to_string(), grant.role.id().to_string(), grant.rule_place());
            let fields = [subject.as_str(), grant.scope(), &binding, &role, &rule.0, &what];
            writeln!(out, "{}", csv_line(fields))?;
        }
    }
    for it in &beside.missing {
        let (binding, role) = (it.binding.id().to_string(), it.binding.role.to_string());
        let what = text::rbac::missing(it);
        writeln!(out, "{}", csv_line(["", &it.binding.meta.namespace, &binding, &role, "", &what]))?;
    }
    for what in &beside.lagging {
        writeln!(out, "{}", csv_line(["", "", "", "", "", what]))?;
    }
    Ok(())
}

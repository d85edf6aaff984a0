//! `kreach who-can VERB RESOURCE[.GROUP][/SUBRESOURCE] [NAME]` or `VERB /URL`: everybody who can, by which grants.
//!
//! Without `-n` it covers the cluster and every namespace, each grant with where it holds (CONTRACT §4).

use std::io;

use clap::Args;
use serde::Serialize;

use crate::ask::question::Reads;
use crate::ask::question::who_can::{Holders, WhoCan as Asking, pods};
use crate::ask::{Fault, Question, World};
use crate::model::role::Subject;
use crate::rbac::beside::{HolderOfNames, Missing, OtherHolders};
use crate::rbac::grant::Grant;
use crate::rbac::who::{AskedPlaces, Holder};
use crate::text::evidence::Evidence;
use crate::text::{self, Mark};

use super::form::{self, Folds, Form, Layout, Tabular};
use super::grants::{self, GrantJson, RequestJson};
use super::sheet::{ALL, DATA, Sheet, SheetRow, WIDE};
use super::{Asked, AskingCommand, Exit, json};

/// List who can do it, and through which grants.
#[derive(Args, Debug)]
#[command(mut_arg("output", |it| form::output("who-can", it)))]
#[command(
    after_help = "Examples:\n  kreach who-can get secrets -n payments\n  kreach who-can create pods/exec -o table"
)]
pub struct WhoCanArgs {
    #[command(flatten)]
    pub question: Asking,
    #[command(flatten)]
    pub printed: Tabular,
    #[command(flatten)]
    pub folds: Folds,
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

fn beside_json(beside: &OtherHolders) -> BesideJson {
    let named = |it: &HolderOfNames| NamedJson {
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

impl AskingCommand for WhoCanArgs {
    fn reads(&self) -> &dyn Reads {
        &self.question
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Fault> {
        asked.print(&Question::WhoCan(self.question.clone()), Layout::from(self.printed).folding(self.folds), out)
    }
}

/// Writes it in any form but text.
pub(super) fn write(it: &Holders<'_>, layout: Layout, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Fault> {
    match layout.form {
        Form::Json | Form::Yaml => json::write_as(layout.form, &document(it, asked.world), asked, out),
        form => Ok(sheet(it, asked.world, form).write(layout, asked.context.look, out)?),
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
        places: if who.places == AskedPlaces::Everywhere { "everywhere" } else { "asked" },
        subjects: who.holders.iter().map(holder).collect(),
        beside: beside_json(&world.rbac().beside(who)),
        evidence: json::evidence(&evidence),
    }
}

/// A row for each grant of those who can.
///
/// What is no answer and should be known stands in a column of its own for programs, and below the rows for people.
fn sheet<'a>(it: &'a Holders<'_>, world: &World, form: Form) -> Sheet<'a> {
    let columns: [(&'static str, &'static [Form]); 6] =
        [("subject", ALL), ("namespace", ALL), ("binding", ALL), ("role", ALL), ("rule", WIDE), ("beside", DATA)];
    let who = &it.who;
    let everywhere = if form == Form::Csv { "" } else { EVERYWHERE };
    let rows = who.holders.iter().flat_map(move |holder| {
        let subject = who.subject(holder).to_string();
        let always = holder.is_always().then(|| row(&[&subject, everywhere, "", "", "", ""]));
        let grants = who.grants(holder);
        let grants = grants.iter().map(|it| grant_row(&subject, it, everywhere, ""));
        always.into_iter().chain(grants).collect::<Vec<_>>()
    });
    let beside = world.rbac().beside(who);
    if form == Form::Csv {
        return Sheet::of(&columns, rows.chain(beside_rows(&beside)));
    }
    let gaps = who.gaps.iter().map(|it| Evidence::gap(it).what);
    let notes = it.notes(world).into_iter().map(|it| it.what).chain(beside_words(&beside));
    Sheet::of(&columns, rows).with(Mark::Unknown, gaps).with(Mark::Note, notes)
}

/// Where a grant holds that holds in the whole cluster.
pub(super) const EVERYWHERE: &str = "*";

fn row(cells: &[&str]) -> SheetRow {
    cells.iter().map(|it| (*it).to_owned()).collect()
}

fn grant_row(subject: &str, grant: &Grant, everywhere: &str, beside: &str) -> SheetRow {
    let scope = if grant.scope().is_empty() { everywhere } else { grant.scope() };
    let (binding, role, rule) = (grant.binding.id().to_string(), grant.role.id().to_string(), grant.rule_place());
    row(&[subject, scope, &binding, &role, &rule.0, beside])
}

fn only_for(it: &HolderOfNames) -> String {
    let names: Vec<&str> = it.names.iter().map(|it| it.as_str()).collect();
    format!("only for the names {}", names.join(" "))
}

fn beside_rows(beside: &OtherHolders) -> Vec<SheetRow> {
    let named = beside.named.iter().flat_map(|it| {
        let (subject, what) = (it.subject.to_string(), only_for(it));
        it.grants.iter().map(move |it| grant_row(&subject, it, "", &what)).collect::<Vec<_>>()
    });
    let missing = beside.missing.iter().map(|it| {
        let (binding, role) = (it.binding.id().to_string(), it.binding.role.to_string());
        row(&["", &it.binding.meta.namespace, &binding, &role, "", &text::rbac::missing(it)])
    });
    let lagging = beside.lagging.iter().map(|it| row(&["", "", "", "", "", it]));
    named.chain(missing).chain(lagging).collect()
}

fn beside_words(beside: &OtherHolders) -> Vec<String> {
    let named = beside.named.iter().map(|it| format!("{}: {}", it.subject, only_for(it)));
    let missing = beside.missing.iter().map(|it| format!("{}: {}", it.binding.id(), text::rbac::missing(it)));
    named.chain(missing).chain(beside.lagging.iter().cloned()).collect()
}

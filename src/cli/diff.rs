//! `kreach diff BEFORE AFTER`: what differs between two clusters, in flows and not in objects.
//!
//! ```text
//! $ kreach diff before.yaml after.yaml
//! x different  opened 1, closed 0, changed 0, unsure 0
//!   v opened  deployment/shop/web -> deployment/shop/db  TCP 5432
//! ```

use std::io;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::ask::diff::Fold;
use crate::ask::{Fault, World, diff, gained};
use crate::change::reach::WayHop;
use crate::change::{
    DiffVerdict, DifferingFlow, GrantRow, Impact, MapPorts, ReachChange, ReachDiff, ReachDiffRow, Risk,
};
use crate::escalate::Certainty;
use crate::net::reach::{Granularity, Unit};
use crate::rbac::resource_or_url::ResourceOrUrl;
use crate::text::evidence::Evidence;
use crate::text::written;
use crate::text::written::markdown;

use super::form::{self, Form, Printed};
use super::grants::{self, GrantJson};
use super::json::{self, EvidenceJson};
use super::map::{EndsJson, ListsJson};
use super::staged::StagedJson;
use super::{Context, Exit};

/// What differs between two clusters.
#[derive(Args, Debug)]
#[command(mut_arg("output", |it| form::output("diff", it)))]
#[command(
    after_help = "Examples:\n  kreach diff before.yaml after.yaml\n  kreach diff live live+after.yaml\n  kreach diff before.yaml live -o md"
)]
pub struct DiffArgs {
    /// A file, a directory, a snapshot, live, or live+FILE (the cluster with FILE applied: manifests, or a Fix as JSON)
    #[arg(value_name = "BEFORE")]
    pub before: String,
    /// The same, for what it is compared with
    #[arg(value_name = "AFTER")]
    pub after: String,
    #[command(flatten)]
    pub printed: Printed,
    /// A line for each row: rows that differ alike are not folded
    #[arg(long)]
    pub verbose: bool,
}

/// Where one of the two clusters comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DiffInput {
    Files(PathBuf),
    /// The cluster that kubectl would ask.
    Live,
    /// The same with these files applied.
    LiveWith(PathBuf),
}

impl DiffInput {
    /// A file of such a name is `./live`.
    fn of(text: &str) -> Self {
        match text.strip_prefix("live+") {
            Some(file) if !file.is_empty() => DiffInput::LiveWith(PathBuf::from(file)),
            _ if text == "live" => DiffInput::Live,
            _ => DiffInput::Files(PathBuf::from(text)),
        }
    }
}

impl DiffArgs {
    /// Where both clusters come from.
    pub fn inputs(&self) -> [DiffInput; 2] {
        [&self.before, &self.after].map(|it| DiffInput::of(it))
    }
}

/// Two worlds, and what is worth a word about each.
pub struct ComparedWorlds<'a> {
    pub before: &'a World,
    pub after: &'a World,
    pub common: diff::Common,
    /// Notes of each.
    pub notes: [Vec<String>; 2],
}

/// `kreach diff -o json`; what a fix changes, too.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DiffJson {
    version: &'static str,
    kind: &'static str,
    outcome: &'static str,
    flows: Vec<FlowJson>,
    grants: Vec<GrantRowJson>,
    reach: Vec<ReachRowJson>,
    counts: DiffCountsJson,
    reach_counts: ReachCountsJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    staged: Option<Vec<StagedJson>>,
    problems: Vec<ProblemJson>,
    notes: Vec<NoteJson>,
}

#[derive(Serialize)]
struct FlowJson {
    #[serde(flatten)]
    ends: EndsJson,
    change: &'static str,
    before: ListsJson,
    after: ListsJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    only: Option<&'static str>,
    evidence: Vec<EvidenceJson>,
}

/// What a subject may do on one side alone.
#[derive(Serialize)]
struct GrantRowJson {
    subject: String,
    change: &'static str,
    /// Null: in the whole cluster.
    namespace: Option<String>,
    verbs: Vec<String>,
    group: Option<String>,
    resource: Option<String>,
    /// Null: every object.
    name: Option<String>,
    url: Option<String>,
    by: Vec<GrantJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<EvidenceJson>,
}

#[derive(Serialize)]
struct DiffCountsJson {
    opened: u64,
    closed: u64,
    changed: u64,
    unsure: u64,
    given: u64,
    taken: u64,
}

/// The same of reach, which decides of no outcome.
#[derive(Serialize)]
struct ReachCountsJson {
    gained: u64,
    lost: u64,
    unsure: u64,
    /// Of how many it was not worked out.
    left: u64,
}

/// What some who hold the same come to reach on one side alone.
#[derive(Serialize)]
struct ReachRowJson {
    from: Vec<String>,
    change: &'static str,
    to: Vec<String>,
    before: &'static str,
    after: &'static str,
    /// The side of the path.
    side: &'static str,
    /// To the first of `to`.
    path: Vec<HopJson>,
}

#[derive(Serialize)]
struct HopJson {
    edge: &'static str,
    name: &'static str,
    from: String,
    to: String,
    certainty: &'static str,
}

/// Something wrong with the input of one side.
#[derive(Serialize)]
struct ProblemJson {
    side: &'static str,
    place: String,
    message: String,
}

/// A word about the input of one side.
#[derive(Serialize)]
struct NoteJson {
    side: &'static str,
    message: String,
}

impl From<DiffVerdict> for Exit {
    fn from(verdict: DiffVerdict) -> Self {
        match verdict {
            DiffVerdict::Same => Exit::Yes,
            DiffVerdict::Different => Exit::No,
            DiffVerdict::Unknown => Exit::Unknown,
        }
    }
}

impl DiffArgs {
    fn fold(&self) -> Fold {
        if self.verbose { Fold::Each } else { Fold::Folded }
    }

    /// Compares and prints.
    ///
    /// # Errors
    /// What is printed cannot be written.
    pub fn run(
        &self,
        compared: &ComparedWorlds<'_>,
        context: &Context,
        out: &mut dyn io::Write,
    ) -> Result<Exit, Fault> {
        let mut impact = diff::compare(compared.before, compared.after, compared.common);
        diff::add_reach(&mut impact, compared.before, compared.after, gained::AMPLE);
        context.here.only.iter().for_each(|it| diff::only(&mut impact, it));
        let document = || DiffJson { staged: context.staged_json(), ..document(&impact, compared) };
        match self.printed.output {
            Form::Json => written::json(&document(), out)?,
            Form::Yaml => written::yaml(&document(), out)?,
            Form::Md => {
                context.head(Form::Md, out)?;
                table(&impact, out)?;
            }
            _ => context.write(&diff::page(&impact, self.fold()), out)?,
        }
        Ok(impact.verdict().into())
    }
}

fn lists(it: &MapPorts) -> ListsJson {
    ListsJson { every: json::ports(&it.every), some: json::ports(&it.some), unknown: json::ports(&it.unknown) }
}

fn document(impact: &Impact, compared: &ComparedWorlds<'_>) -> DiffJson {
    let whole = of_impact(impact, compared.before, compared.after);
    DiffJson { problems: problems(compared), notes: notes(compared), ..whole }
}

/// What differs between two worlds, without words about their input.
pub(super) fn of_impact(impact: &Impact, before: &World, after: &World) -> DiffJson {
    let askers = [before.asker(), after.asker()];
    let whys = askers.each_ref().map(|it| it.whys(Granularity::Workload));
    let flow = |it: &DifferingFlow| FlowJson {
        ends: EndsJson::of(&it.from, &it.to),
        change: it.change.as_str(),
        before: lists(&it.before),
        after: lists(&it.after),
        only: it.only.map(|it| it.as_str()),
        evidence: json::evidence(&diff::reasons(&whys, it)),
    };
    let counts = impact.counts();
    let reach = |it| impact.reach.as_ref().map_or(0, |all| all.count(it));
    DiffJson {
        version: json::VERSION,
        kind: "Diff",
        outcome: impact.verdict().as_str(),
        flows: impact.flows.iter().map(flow).collect(),
        grants: impact.grants.iter().map(grant_row).collect(),
        reach: impact.reach.iter().flat_map(|it| it.rows.iter().map(reach_row)).collect(),
        counts: DiffCountsJson {
            opened: counts.opened,
            closed: counts.closed,
            changed: counts.changed,
            unsure: counts.unsure,
            given: counts.given,
            taken: counts.taken,
        },
        reach_counts: ReachCountsJson {
            gained: reach(ReachChange::Gained),
            lost: reach(ReachChange::Lost),
            unsure: reach(ReachChange::Unsure),
            left: impact.reach.as_ref().map_or(0, |it| it.left),
        },
        staged: None,
        problems: Vec::new(),
        notes: Vec::new(),
    }
}

fn reach_row(it: &ReachDiffRow) -> ReachRowJson {
    let hop = |it: &WayHop| HopJson {
        edge: it.edge,
        name: it.name,
        from: it.from.clone(),
        to: it.to.clone(),
        certainty: if it.is_sure { Certainty::Certain.as_str() } else { Certainty::Unsure.as_str() },
    };
    ReachRowJson {
        from: it.who.clone(),
        change: it.change.as_str(),
        to: it.sinks.iter().map(ToString::to_string).collect(),
        before: it.outcomes[0].as_str(),
        after: it.outcomes[1].as_str(),
        side: it.when.as_str(),
        path: it.way.iter().map(hop).collect(),
    }
}

fn grant_row(it: &GrantRow) -> GrantRowJson {
    let (group, resource, name, url) = match &it.what {
        ResourceOrUrl::Resource { group, resource, name } => (Some(group), Some(resource), Some(name), None),
        ResourceOrUrl::Url(url) => (None, None, None, Some(url)),
    };
    let gaps: Vec<Evidence> = it.gaps.iter().map(Evidence::gap).collect();
    GrantRowJson {
        subject: it.subject.to_string(),
        change: it.change.as_str(),
        namespace: (!it.scope.is_empty()).then(|| it.scope.to_string()),
        verbs: it.verbs.iter().map(ToString::to_string).collect(),
        group: group.map(ToString::to_string),
        resource: resource.map(ToString::to_string),
        name: name.filter(|_| it.is_named).map(ToString::to_string),
        url: url.map(ToString::to_string),
        by: it.by.iter().map(grants::grant).collect(),
        evidence: json::evidence(&gaps),
    }
}

/// Which side a word is about.
pub const SIDES: [&str; 2] = ["before", "after"];

fn problems(compared: &ComparedWorlds<'_>) -> Vec<ProblemJson> {
    let of = |(side, world): (&'static str, &World)| {
        let problem = |it: &crate::model::place::Problem| ProblemJson {
            side,
            place: it.whole_place(),
            message: it.what.to_string(),
        };
        world.cluster.all_problems().map(problem).collect::<Vec<_>>()
    };
    SIDES.into_iter().zip([compared.before, compared.after]).flat_map(of).collect()
}

fn notes(compared: &ComparedWorlds<'_>) -> Vec<NoteJson> {
    let of = |(side, notes): (&'static str, &Vec<String>)| {
        notes.iter().map(move |it| NoteJson { side, message: it.clone() }).collect::<Vec<_>>()
    };
    SIDES.into_iter().zip(&compared.notes).flat_map(of).collect()
}

/// What differs as tables of Markdown.
pub(super) fn table(impact: &Impact, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "{}\n", diff::headline(impact).text)?;
    if !impact.flows.is_empty() {
        writeln!(out, "| change | from | to | ports | |\n|---|---|---|---|---|")?;
    }
    for flow in diff::in_order(impact) {
        let name = |it: &Unit| markdown(&crate::ask::many::unit_text(it));
        let ports = markdown(&diff::difference(flow));
        let risk = match flow.risk() {
            Risk::None => String::new(),
            risk => format!(" **{}**", risk.as_str()),
        };
        writeln!(out, "| {} | {} | {} | {ports} |{risk} |", flow.change.as_str(), name(&flow.from), name(&flow.to))?;
    }
    if !impact.grants.is_empty() {
        writeln!(out, "\n| change | subject | may | by |\n|---|---|---|---|")?;
    }
    for row in &impact.grants {
        let by: Vec<String> = row.by.iter().map(diff::by).collect();
        let cells = [row.subject.to_string(), diff::right(row), by.join(", ")].map(|it| markdown(&it));
        writeln!(out, "| {} | {} |", row.change.as_str(), cells.join(" | "))?;
    }
    let reach = impact.reach.as_ref().filter(|it| !it.is_nothing());
    reach.map_or(Ok(()), |it| reach_table(it, out))
}

/// What differs in reach as a table.
fn reach_table(reach: &ReachDiff, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "\n| change | who | reaches | by |\n|---|---|---|---|")?;
    for row in &reach.rows {
        let who: Vec<&String> = row.who.iter().collect();
        let by: Vec<&str> = row.way.iter().map(|it| it.name).collect();
        let goals = gained::goals(&row.sinks) + &gained::surety(row);
        let cells = [gained::whom(&who), goals, by.join(", then ")].map(|it| markdown(&it));
        writeln!(out, "| {} | {} |", row.change.as_str(), cells.join(" | "))?;
    }
    if reach.left > 0 {
        writeln!(out, "\nof {} more it was not worked out: it would take too long", reach.left)?;
    }
    Ok(())
}

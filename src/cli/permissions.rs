//! `kreach permissions [SUBJECT]`: everything that somebody holds, with binding, role and rule; `--diff OTHER` compares.

use std::collections::BTreeSet;
use std::io;

use clap::Args;
use serde::Serialize;

use crate::ask::compared::ComparedSubjects;
use crate::ask::question::Reads;
use crate::ask::question::permissions::{HeldPermissions, Permissions};
use crate::ask::{Fault, Question, World};
use crate::model::evidence::Outcome;
use crate::model::finding::Effectiveness;
use crate::model::name::Name;
use crate::rbac::fold::{self, Empty, Folded, PermissionRow, PermissionSource};
use crate::rbac::identity::MASTERS;
use crate::rbac::resource_or_url::ResourceOrUrl;
use crate::rbac::review::{Rules, RulesExtent};
use crate::text::evidence::Evidence;
use crate::text::{self, Mark, finding};

use super::capabilities::{CapabilityJson, capability};
use super::form::{self, Folds, Form, Layout, Tabular};
use super::grants::{self, GroupJson, MemberJson};
use super::json::FindingJson;
use super::sheet::{ALL, DATA, REASONS, Sheet, SheetRow as Cells, WIDE, WORDS};
use super::who_can::EVERYWHERE;
use super::{Asked, AskingCommand, Exit, json};

/// All grants of SUBJECT, with binding, role and rule.
#[derive(Args, Debug)]
#[command(mut_arg("output", |it| form::output("permissions", it)))]
#[command(
    after_help = "Examples:\n  kreach permissions sa:ci/runner\n  kreach permissions sa:ci/runner -o csv --no-headers"
)]
pub struct PermissionsArgs {
    #[command(flatten)]
    pub question: Permissions,
    #[command(flatten)]
    pub printed: Tabular,
    #[command(flatten)]
    pub folds: Folds,
}

#[derive(Serialize)]
struct PermissionsJson {
    version: &'static str,
    kind: &'static str,
    subject: String,
    groups: Vec<GroupJson>,
    /// In `system:masters`: everything is allowed, whatever stands below.
    masters: bool,
    permissions: Vec<PermissionRowJson>,
    /// What they amount to; by the server's version where it decides.
    capabilities: Vec<CapabilityJson>,
    /// The server's word, where it was asked for what may not be read: those rows have `by` and no grants.
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<ServerJson>,
    /// Why rows may be missing.
    evidence: Vec<json::EvidenceJson>,
}

#[derive(Serialize)]
struct ServerJson {
    review: &'static str,
    namespace: String,
    /// Whether the server says that another authorizer may allow more.
    incomplete: bool,
    error: String,
}

#[derive(Serialize)]
struct PermissionRowJson {
    outcome: &'static str,
    /// Null: in the whole cluster.
    namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    verbs: Vec<String>,
    /// `SelfSubjectRulesReview` where it is the server's word; absent where grants say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'static str>,
    grants: Vec<SourceJson>,
}

#[derive(Serialize)]
struct SourceJson {
    binding: String,
    subject: String,
    role: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<MemberJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    flaws: Vec<FindingJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DiffJson {
    version: &'static str,
    kind: &'static str,
    subject: String,
    other: String,
    only_subject: Vec<PermissionRowJson>,
    only_other: Vec<PermissionRowJson>,
    /// Why rows may be missing, on either side.
    evidence: Vec<json::EvidenceJson>,
}

/// The kind of the review that lists one's own rules.
const OWN_RULES: &str = "SelfSubjectRulesReview";

/// What the server says of the operator, in which namespace.
type OwnRules<'a> = (Name, &'a Rules);

impl AskingCommand for PermissionsArgs {
    fn reads(&self) -> &dyn Reads {
        &self.question
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Fault> {
        asked.print(&Question::Permissions(self.question.clone()), Layout::from(self.printed).folding(self.folds), out)
    }
}

/// Writes what somebody holds in any form but text.
pub(super) fn write(
    held: &HeldPermissions<'_>,
    layout: Layout,
    asked: &Asked<'_>,
    out: &mut dyn io::Write,
) -> Result<(), Fault> {
    match layout.form {
        Form::Json | Form::Yaml => json::write_as(layout.form, &document(held, asked.world), asked, out),
        form => Ok(sheet(held, form).write(layout, asked.context.look, out)?),
    }
}

/// Writes what only one of two subjects holds, in any form but text.
pub(super) fn write_compared(
    it: &ComparedSubjects,
    layout: Layout,
    asked: &Asked<'_>,
    out: &mut dyn io::Write,
) -> Result<(), Fault> {
    match layout.form {
        Form::Json | Form::Yaml => json::write_as(layout.form, &compared_json(it), asked, out),
        _ => Ok(compared_sheet(it).write(layout, asked.context.look, out)?),
    }
}

fn compared_json(it: &ComparedSubjects) -> DiffJson {
    let [a, b] = &it.sides;
    DiffJson {
        version: json::VERSION,
        kind: "PermissionsDiff",
        subject: a.subject.to_string(),
        other: b.subject.to_string(),
        only_subject: a.only.iter().map(row).collect(),
        only_other: b.only.iter().map(row).collect(),
        evidence: json::evidence(&it.gaps),
    }
}

fn compared_sheet(it: &ComparedSubjects) -> Sheet<'_> {
    let titles = ["subject", "namespace", "what", "verbs", "outcome"];
    let rows = it.sides.iter().flat_map(|side| {
        let subject = side.subject.to_string();
        side.only.iter().map(move |it| {
            let (what, verbs) = (it.what.to_string(), grants::verbs(&it.verbs));
            vec![subject.clone(), it.scope.to_string(), what, verbs, it.outcome().to_string()]
        })
    });
    Sheet::of(&titles.map(|it| (it, ALL)), rows).with(Mark::Unknown, it.gaps.iter().map(|it| it.what.clone()))
}

fn document(held: &HeldPermissions<'_>, world: &World) -> PermissionsJson {
    let HeldPermissions { folded, capabilities, own } = held;
    let own = own.first();
    let mut permissions: Vec<PermissionRowJson> = folded.rows.iter().map(row).collect();
    permissions.extend(own.into_iter().flat_map(own_rows));
    let mut gaps: Vec<Evidence> = folded.gaps.iter().map(Evidence::gap).collect();
    gaps.extend(folded.behind.iter().map(|it| Evidence::new(Mark::Note, it.clone())));
    gaps.extend(held.notes(world).into_iter().map(|it| Evidence::new(Mark::Note, it)));
    let server = own.map(|(namespace, rules)| ServerJson {
        review: OWN_RULES,
        namespace: namespace.to_string(),
        incomplete: rules.extent == RulesExtent::Incomplete,
        error: rules.error.to_string(),
    });
    permissions.extend(folded.empty.iter().map(|it| PermissionRowJson {
        outcome: it.outcome.as_str(),
        namespace: (!it.binding.namespace.is_empty()).then(|| it.binding.namespace.to_string()),
        group: None,
        resource: None,
        name: None,
        url: None,
        verbs: Vec::new(),
        by: None,
        grants: vec![SourceJson {
            binding: it.binding.to_string(),
            subject: folded.identity.subject.to_string(),
            role: it.role.to_string(),
            rule: None,
            member: None,
            flaws: vec![FindingJson {
                life: Effectiveness::Dead.as_str(),
                word: it.role.to_string(),
                what: why_empty(it),
            }],
        }],
    }));
    PermissionsJson {
        version: json::VERSION,
        kind: "Permissions",
        subject: folded.identity.subject.to_string(),
        groups: grants::groups(&folded.identity),
        masters: folded.identity.is_in(MASTERS),
        permissions,
        capabilities: capabilities.iter().map(capability).collect(),
        server,
        evidence: json::evidence(&gaps),
    }
}

/// The rows of the server's word.
fn own_rows<'a>((namespace, rules): &'a OwnRules<'_>) -> impl Iterator<Item = PermissionRowJson> + 'a {
    let rows = rules.rules.iter().flat_map(|rule| fold::things(rule).into_iter().map(move |what| (what, rule)));
    rows.map(move |(what, rule)| {
        let verbs = rule.verbs.iter().cloned().collect();
        let told = PermissionRow { scope: namespace.clone(), what, verbs, sources: BTreeSet::new() };
        PermissionRowJson { outcome: Outcome::Allow.as_str(), by: Some(OWN_RULES), ..row(&told) }
    })
}

fn row(it: &PermissionRow) -> PermissionRowJson {
    let (group, resource, name, url) = match &it.what {
        ResourceOrUrl::Url(url) => (None, None, None, Some(url.to_string())),
        ResourceOrUrl::Resource { group, resource, name } => {
            let name = (!name.is_empty()).then(|| name.to_string());
            (Some(group.to_string()), Some(resource.to_string()), name, None)
        }
    };
    PermissionRowJson {
        outcome: it.outcome().as_str(),
        namespace: (!it.scope.is_empty()).then(|| it.scope.to_string()),
        group,
        resource,
        name,
        url,
        verbs: it.verbs.iter().map(ToString::to_string).collect(),
        by: None,
        grants: it.sources.iter().map(source).collect(),
    }
}

fn source(it: &PermissionSource) -> SourceJson {
    SourceJson {
        binding: it.binding.to_string(),
        subject: it.subject.0.clone(),
        role: it.role.to_string(),
        rule: Some(format!("rules[{}]", it.rule)),
        member: it.member.as_ref().map(grants::member),
        flaws: it.findings.iter().map(FindingJson::from).collect(),
    }
}

/// Why a binding gives nothing.
fn why_empty(it: &Empty) -> String {
    match it.outcome {
        Outcome::Unknown => format!("{} is not read", it.role),
        _ => text::rbac::no_role(&it.role, &it.binding),
    }
}

/// One row: a grant on something that somebody may do, or that gives nothing.
struct Granted<'a> {
    scope: &'a str,
    what: Option<&'a ResourceOrUrl>,
    verbs: &'a str,
    binding: &'a str,
    role: &'a str,
    rule: &'a str,
    outcome: Outcome,
    flaws: &'a str,
}

/// What a row of grants has, and where that stands.
const COLUMNS: [(&str, &[Form]); 13] = [
    ("subject", DATA),
    ("namespace", ALL),
    ("group", DATA),
    ("resource", DATA),
    ("name", DATA),
    ("url", DATA),
    ("permission", WORDS),
    ("verbs", ALL),
    ("binding", ALL),
    ("role", WIDE),
    ("rule", WIDE),
    ("outcome", ALL),
    ("flaws", REASONS),
];

impl Granted<'_> {
    fn of(outcome: Outcome) -> Self {
        Self { scope: "", what: None, verbs: "", binding: "", role: "", rule: "", outcome, flaws: "" }
    }

    fn cells(&self, subject: &str, form: Form) -> Cells {
        let (group, resource, name, url) = match self.what {
            None => ("", "", "", ""),
            Some(ResourceOrUrl::Url(url)) => ("", "", "", url.as_str()),
            Some(ResourceOrUrl::Resource { group, resource, name }) => {
                (group.as_str(), resource.as_str(), name.as_str(), "")
            }
        };
        let Self { scope, verbs, binding, role, rule, flaws, .. } = self;
        let scope = if scope.is_empty() && form != Form::Csv { EVERYWHERE } else { scope };
        let (what, outcome) = (self.what.map(ToString::to_string).unwrap_or_default(), self.outcome.as_str());
        [subject, scope, group, resource, name, url, &what, verbs, binding, role, rule, outcome, flaws]
            .map(str::to_owned)
            .to_vec()
    }
}

/// A row for each grant.
fn sheet<'a>(held: &'a HeldPermissions<'_>, form: Form) -> Sheet<'a> {
    let folded = &held.folded;
    let subject = folded.identity.subject.to_string();
    let masters = folded.identity.is_in(MASTERS).then(|| masters(&subject, form));
    let rows = masters.into_iter().chain(grants_of(folded, subject.clone(), form));
    let own = held.own.first().into_iter().flat_map(move |it| own_cells(it, &subject, form));
    Sheet::of(&COLUMNS, rows.chain(own)).with(Mark::Unknown, folded.gaps.iter().map(|it| Evidence::gap(it).what))
}

fn masters(subject: &str, form: Form) -> Cells {
    let everything = ResourceOrUrl::Resource { group: "*".into(), resource: "*".into(), name: Name::empty() };
    let flaws = format!("everything is allowed to {MASTERS}, regardless of bindings");
    Granted { what: Some(&everything), verbs: "*", flaws: &flaws, ..Granted::of(Outcome::Allow) }.cells(subject, form)
}

/// The grants of bindings, and those that give nothing.
fn grants_of(folded: &Folded, subject: String, form: Form) -> impl Iterator<Item = Cells> {
    let whom = subject.clone();
    let rows = folded.rows.iter().flat_map(move |row| {
        let one = |it: &PermissionSource| {
            let (binding, role, rule) = (it.binding.to_string(), it.role.to_string(), it.rule.to_string());
            let (verbs, flaws) = (grants::verbs(&it.verbs), finding::cell(&it.findings));
            let (scope, what, outcome) = (row.scope.as_str(), Some(&row.what), it.outcome);
            let (verbs, binding, role, rule) = (&*verbs, &*binding, &*role, &*rule);
            Granted { scope, what, verbs, binding, role, rule, outcome, flaws: &flaws }.cells(&whom, form)
        };
        row.sources.iter().map(one).collect::<Vec<_>>()
    });
    let empty = folded.empty.iter().map(move |it| {
        let (binding, role, flaws) = (it.binding.to_string(), it.role.to_string(), why_empty(it));
        let scope = it.binding.namespace.as_str();
        let it = Granted { scope, binding: &binding, role: &role, flaws: &flaws, ..Granted::of(it.outcome) };
        it.cells(&subject, form)
    });
    rows.chain(empty)
}

/// The server names no bindings: its word stands in their place.
fn own_cells((namespace, rules): &OwnRules<'_>, subject: &str, form: Form) -> Vec<Cells> {
    let things = rules.rules.iter().flat_map(|rule| fold::things(rule).into_iter().map(move |what| (what, rule)));
    let row = |(what, rule): (ResourceOrUrl, &crate::model::role::RoleRule)| {
        let verbs = grants::verbs(&rule.verbs.iter().cloned().collect());
        let (scope, what, binding, it) = (namespace, Some(&what), OWN_RULES, Granted::of(Outcome::Allow));
        Granted { scope, what, verbs: &verbs, binding, ..it }.cells(subject, form)
    };
    things.map(row).collect()
}

//! `kreach trust POLICY`: what each rule of a policy trusts, and everybody who can write that.
//!
//! ```text
//! $ kreach trust --from shop.yaml networkpolicy/pay/db
//!   networkpolicy/pay/db: 1 rule; what it trusts can be written by anyone with edit in dev
//! ```

use std::collections::BTreeSet;
use std::io;

use clap::Args;
use serde::Serialize;

use crate::ask::question::Reads;
use crate::ask::question::trust::Trust as Asking;
use crate::ask::trust::{self, Ruled, TrustAnswer, Way, WriterGroup};
use crate::ask::{Fault, Question};
use crate::model::evidence::Gap;
use crate::model::id::ObjectId;
use crate::model::role::Subject;
use crate::rbac;
use crate::text::Mark;
use crate::text::escalate as ways;
use crate::text::evidence::Evidence;

use super::form::{self, Folds, Form, Layout, Tabular};
use super::json::{self, EvidenceJson};
use super::sheet::{ALL, Sheet, WIDE};
use super::{Asked, AskingCommand, Exit};

/// What each rule of POLICY trusts, and everybody who can write that.
#[derive(Args, Debug)]
#[command(mut_arg("output", |it| form::output("trust", it)))]
#[command(
    after_help = "Examples:\n  kreach trust networkpolicy/payments/default-deny\n  kreach trust networkpolicy/payments/default-deny -o json"
)]
pub struct TrustArgs {
    #[command(flatten)]
    pub question: Asking,
    #[command(flatten)]
    pub printed: Tabular,
    #[command(flatten)]
    pub folds: Folds,
}

impl AskingCommand for TrustArgs {
    fn reads(&self) -> &dyn Reads {
        &self.question
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Fault> {
        asked.print(&Question::Trust(self.question.clone()), Layout::from(self.printed).folding(self.folds), out)
    }
}

/// `kreach trust -o json`.
#[derive(Serialize)]
struct TrustJson<'a> {
    version: &'static str,
    kind: &'static str,
    policy: String,
    /// The worst of its rules; null where it has none.
    robustness: Option<&'static str>,
    rules: Vec<RuleJson<'a>>,
    /// Which pods it selects; null where it selects all.
    target: Option<RuleJson<'a>>,
    /// Who can change or delete it, or write one beside it.
    itself: Vec<WriterJson>,
    always: Vec<AlwaysJson>,
    evidence: Vec<EvidenceJson>,
}

/// One rule.
#[derive(Serialize)]
struct RuleJson<'a> {
    place: String,
    trusts: Vec<TrustedJson<'a>>,
    writers: Vec<WriterJson>,
    robustness: &'static str,
    /// The same in words.
    by: String,
    advice: &'a [String],
}

#[derive(Serialize)]
struct TrustedJson<'a> {
    trusts: &'static str,
    place: String,
    what: &'a str,
}

/// Those who hold the same.
#[derive(Serialize)]
struct WriterJson {
    subject: String,
    subjects: Vec<String>,
    count: usize,
    /// That they can write what is trusted, and cannot change the policy itself.
    stranger: bool,
    ways: Vec<WayJson>,
}

#[derive(Serialize)]
struct WayJson {
    edge: &'static str,
    name: &'static str,
    certainty: &'static str,
    evidence: Vec<EvidenceJson>,
}

#[derive(Serialize)]
struct AlwaysJson {
    subject: String,
}

/// What is told of a policy, with the grants that an index has.
struct Telling<'a> {
    trust: &'a TrustAnswer,
    may_change: BTreeSet<&'a Subject>,
    index: &'a rbac::Index,
}

fn way(it: &Way, subject: &Subject, index: &rbac::Index) -> WayJson {
    let reasons: Vec<Evidence> = it.because(index, subject).iter().map(ways::reason).collect();
    let (edge, certainty) = (it.edge, it.certainty().as_str());
    WayJson { edge: edge.id, name: edge.name, certainty, evidence: json::evidence(&reasons) }
}

impl<'a> Telling<'a> {
    fn writer(&self, it: &WriterGroup) -> WriterJson {
        let subjects: Vec<String> = it.subjects.iter().map(ToString::to_string).collect();
        WriterJson {
            subject: subjects.first().cloned().unwrap_or_default(),
            count: subjects.len(),
            subjects,
            stranger: trust::is_stranger(it, &self.may_change),
            ways: it.ways.iter().map(|way| self::way(way, &it.subjects[0], self.index)).collect(),
        }
    }

    fn rule(&self, it: &'a Ruled) -> RuleJson<'a> {
        let trusted = it.trusts.iter().map(|it| TrustedJson {
            trusts: it.sort.as_str(),
            place: it.place.to_string(),
            what: &it.what,
        });
        RuleJson {
            place: it.place.to_string(),
            trusts: trusted.collect(),
            writers: it.writers.iter().map(|it| self.writer(it)).collect(),
            robustness: it.robustness.as_str(),
            by: it.robustness.to_string(),
            advice: &it.advice,
        }
    }
}

fn gaps(all: &[Gap]) -> Vec<Evidence> {
    all.iter().map(Evidence::gap).collect()
}

fn document<'a>(id: &ObjectId, found: Option<&'a TrustAnswer>, index: &'a rbac::Index) -> TrustJson<'a> {
    let telling = found.map(|trust| Telling { trust, may_change: trust::may_change(&trust.itself), index });
    let telling = telling.as_ref();
    let unread = [Gap::Unreadable(id.clone())];
    TrustJson {
        version: json::VERSION,
        kind: "Trust",
        policy: id.to_string(),
        robustness: found.and_then(TrustAnswer::robustness).map(|it| it.as_str()),
        rules: telling.iter().flat_map(|to| to.trust.rules.iter().map(|it| to.rule(it))).collect(),
        target: telling.and_then(|to| Some(to.rule(to.trust.target.as_ref()?))),
        itself: telling.iter().flat_map(|to| to.trust.itself.writers.iter().map(|it| to.writer(it))).collect(),
        always: found.iter().flat_map(|it| &it.always).map(|it| AlwaysJson { subject: it.to_string() }).collect(),
        evidence: json::evidence(&gaps(found.map_or(&unread[..], |it| &it.gaps))),
    }
}

/// A row for each rule and those who hold the same.
fn sheet<'a>(id: &ObjectId, found: Option<&'a TrustAnswer>) -> Sheet<'a> {
    let columns: [(&'static str, &'static [Form]); 6] =
        [("rule", ALL), ("trusts", WIDE), ("subject", ALL), ("count", ALL), ("ways", ALL), ("robustness", WIDE)];
    let all = found.into_iter().flat_map(|it| it.rules.iter().chain(&it.target).chain([&it.itself]));
    let rows = all.flat_map(|ruled| {
        let trusts: Vec<&str> = ruled.trusts.iter().map(|it| it.what.as_str()).collect();
        let trusts = trusts.join("; ");
        ruled.writers.iter().map(move |it| {
            let names: Vec<&str> = it.ways.iter().map(|it| it.edge.name).collect();
            let subject = it.subjects.first().map(ToString::to_string).unwrap_or_default();
            let (place, count) = (ruled.place.to_string(), it.subjects.len().to_string());
            let place = if place.is_empty() { "the policy itself".to_owned() } else { place };
            vec![place, trusts.clone(), subject, count, names.join(", "), ruled.robustness.as_str().to_owned()]
        })
    });
    let told = match found.map(TrustAnswer::robustness) {
        None => format!("{id} cannot be read"),
        Some(None) => format!("{id}: no rule, so it trusts nobody"),
        Some(Some(it)) => format!("{id}: what it trusts can be written by {it}"),
    };
    let gaps: Vec<String> = gaps(found.map_or(&[][..], |it| &it.gaps)).into_iter().map(|it| it.what).collect();
    Sheet::of(&columns, rows).with(Mark::Plain, [told]).with(Mark::Unknown, gaps)
}

/// Writes it in any form but text.
pub(super) fn write(
    (id, found): (&ObjectId, Option<&TrustAnswer>),
    layout: Layout,
    asked: &Asked<'_>,
    out: &mut dyn io::Write,
) -> Result<(), Fault> {
    match layout.form {
        Form::Json | Form::Yaml => json::write_as(layout.form, &document(id, found, asked.world.rbac()), asked, out),
        _ => Ok(sheet(id, found).write(layout, asked.context.look, out)?),
    }
}

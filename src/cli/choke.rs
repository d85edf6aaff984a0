//! `kreach choke GOAL`: the fewest grants to cut so that nobody comes to a goal, and what stays.
//!
//! ```text
//! $ kreach choke --from shop.yaml cluster-admin
//! v 1 grant to cut, no fewer will do: then nobody but those below comes to cluster-admin
//! ```

use std::io;

use clap::Args;
use serde::Serialize;

use crate::ask::choke::{Choked, role_id, why};
use crate::ask::question::Reads;
use crate::ask::question::choke::Choke;
use crate::ask::{Fault, Question};
use crate::escalate::choke::{Left, Point, Why};
use crate::text::evidence::Evidence;

use super::form::{self, Folds, Form, Layout, Printed};
use super::json::{self, EvidenceJson};
use super::path::{StepJson, steps};
use super::{Asked, AskingCommand, Exit};

/// The fewest grants to cut.
#[derive(Args, Debug)]
#[command(mut_arg("output", |it| form::output("choke", it)))]
#[command(
    after_help = "Examples:\n  kreach choke cluster-admin\n  kreach choke secrets/payments --of sa:ci/runner -o json"
)]
pub struct ChokeArgs {
    #[command(flatten)]
    pub question: Choke,
    #[command(flatten)]
    pub printed: Printed,
    #[command(flatten)]
    pub folds: Folds,
}

/// `kreach choke -o json`.
#[derive(Serialize)]
struct ChokeJson<'a> {
    version: &'static str,
    kind: &'static str,
    goal: &'a str,
    /// Whose ways; null: everybody's.
    of: Option<&'a str>,
    outcome: &'static str,
    cut: Vec<CutJson>,
    lower_bound: usize,
    exact: bool,
    left: Vec<LeftJson>,
    /// Why it is not known that there is no way.
    evidence: Vec<EvidenceJson>,
}

/// A grant to cut.
#[derive(Serialize)]
struct CutJson {
    /// `rolebinding/shop/dev`.
    binding: String,
    /// The binding's subject: `group:dev`.
    subject: String,
    /// `subjects[0]`.
    place: String,
    /// `clusterrole/edit`.
    role: String,
    /// `rules[3]`; not there: the way rests on the role as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    /// Where it holds; null: in the whole cluster.
    namespace: Option<String>,
    /// A way that no other grant of the cut ends.
    way: Vec<StepJson>,
}

/// Somebody who comes there still.
#[derive(Serialize)]
struct LeftJson {
    end: String,
    /// `masters`, `no-grant`, `comes-back`, `unsure`.
    why: &'static str,
    what: &'static str,
    way: Vec<StepJson>,
}

fn cut(it: &Point, goal: &str) -> CutJson {
    let (binding, cut) = (&it.cut.binding, &it.cut);
    let scope = &binding.meta.namespace;
    CutJson {
        binding: binding.id().to_string(),
        subject: cut.subject().to_string(),
        place: format!("subjects[{}]", cut.place),
        role: cut.rule.as_ref().map_or_else(|| role_id(&binding.role, scope), |it| it.0.to_string()),
        rule: cut.rule.as_ref().map(|it| format!("rules[{}]", it.1)),
        namespace: (!scope.is_empty()).then(|| scope.to_string()),
        way: steps(&it.way, Some(goal)),
    }
}

fn left(it: &Left, goal: &str) -> LeftJson {
    let word = match it.why {
        Why::Masters => "masters",
        Why::NoGrant => "no-grant",
        Why::ComesBack => "comes-back",
        Why::Unsure => "unsure",
    };
    LeftJson { end: it.who.to_string(), why: word, what: why(it), way: steps(&it.path, Some(goal)) }
}

impl AskingCommand for ChokeArgs {
    fn reads(&self) -> &dyn Reads {
        &self.question
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Fault> {
        asked.print(&Question::Choke(self.question.clone()), Layout::from(self.printed).folding(self.folds), out)
    }
}

/// Writes it in any form but text.
pub(super) fn write(it: &Choked, form: Form, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Fault> {
    if form == Form::Md {
        return Ok(out.write_all(it.page().markdown().as_bytes())?);
    }
    let evidence: Vec<Evidence> = it.gaps.iter().map(Evidence::gap).collect();
    let document = ChokeJson {
        version: json::VERSION,
        kind: "Choke",
        goal: &it.goal,
        of: it.of.as_deref(),
        outcome: it.outcome().as_str(),
        cut: it.found.cut.iter().map(|point| cut(point, &it.goal)).collect(),
        lower_bound: it.found.lower_bound,
        exact: it.found.is_exact(),
        left: it.found.left.iter().map(|it_left| left(it_left, &it.goal)).collect(),
        evidence: json::evidence(&evidence),
    };
    json::write_as(form, &document, asked, out)
}

//! `kreach explain OBJECT`: what an object is, the policies that select it, and its problems.
//!
//! ```text
//! $ kreach explain --from shop.yaml shop/web-0
//!   pod shop/web-0
//! ```

use std::io;

use clap::Args;
use serde::Serialize;

use crate::ask::question::Reads;
use crate::ask::question::about::{Explain, Explanation};
use crate::ask::{Fault, Question};
use crate::text::Line;

use super::form::{self, Form, Printed};
use super::{Asked, AskingCommand, Exit, json};

/// What OBJECT is.
#[derive(Args, Debug)]
#[command(mut_arg("output", |it| form::output("explain", it)))]
#[command(after_help = "Examples:\n  kreach explain svc/shop/cart\n  kreach explain ns/payments -o json")]
pub struct ExplainArgs {
    #[command(flatten)]
    pub question: Explain,
    #[command(flatten)]
    pub printed: Printed,
}

/// `kreach explain -o json`.
#[derive(Serialize)]
struct ExplanationJson {
    version: &'static str,
    kind: &'static str,
    object: String,
    labels: std::collections::BTreeMap<String, String>,
    facts: Vec<LineJson>,
}

/// One line, as text shows it.
#[derive(Serialize)]
struct LineJson {
    /// How deep it stands below the line that it belongs to.
    depth: u8,
    bears: &'static str,
    /// Null where the line leads to no object.
    object: Option<String>,
    place: String,
    what: String,
}

fn line(it: &Line) -> LineJson {
    let link = it.link.as_ref();
    LineJson {
        depth: it.indent,
        bears: json::bears(it.mark),
        object: link.map(|it| it.object.to_string()),
        place: link.map(|it| it.place.to_string()).unwrap_or_default(),
        what: it.text.clone(),
    }
}

fn document(it: &Explanation) -> ExplanationJson {
    ExplanationJson {
        version: json::VERSION,
        kind: "Explanation",
        object: it.item.typed(),
        labels: it.labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
        facts: it.facts.lines.iter().map(line).collect(),
    }
}

impl AskingCommand for ExplainArgs {
    fn reads(&self) -> &dyn Reads {
        &self.question
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Fault> {
        asked.print(&Question::Explain(self.question.clone()), self.printed, out)
    }
}

/// Writes it as JSON or YAML.
pub(super) fn write(it: &Explanation, form: Form, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Fault> {
    json::write_as(form, &document(it), asked, out)
}

//! `kreach trace FROM TO[:PORT[/PROTO]]`: may FROM connect to TO, and why.
//!
//! ```text
//! $ kreach trace --from shop.yaml shop/web-0 svc/shop/db:5432
//! x deny  pod/shop/web-0 -> service/shop/db:5432/TCP
//! ```
//!
//! With `--batch` the questions are JSON lines, and so are the answers; [`crate::ask::trace`] decides.

use std::io;

use clap::Args;
use serde::Deserialize;

use crate::ask::end::{self, AskedEnd, PortAsk};
use crate::ask::question::Reads;
use crate::ask::question::trace::{self as question, Trace};
use crate::ask::trace::TraceAnswer as Answer;
use crate::ask::{Fault, Question};
use crate::model::evidence::Outcome;
use crate::model::name::Name;

use super::form::{self, Folds, Form, Layout, Printed};
use super::{Asked, AskingCommand, BatchCommand, BatchLines, Exit, json};

/// May FROM connect to TO, and why.
#[derive(Args, Debug)]
#[command(mut_arg("output", |it| form::output("trace", it)))]
#[command(
    after_help = "Examples:\n  kreach trace deploy/shop/web svc/payments/db:5432\n  kreach trace payments/db-0 internet:443 -o json"
)]
#[command(mut_arg("from_end", |it| it.required_unless_present("batch")))]
#[command(mut_arg("to_end", |it| it.required_unless_present("batch")))]
pub struct TraceArgs {
    #[command(flatten)]
    pub question: Trace,
    /// Answer one JSON object a line of this file (- for stdin): {"from","to","port","protocol"}
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from_end", "to_end"])]
    pub batch: Option<String>,
    #[command(flatten)]
    pub printed: Printed,
    #[command(flatten)]
    pub folds: Folds,
}

impl AskingCommand for TraceArgs {
    fn reads(&self) -> &dyn Reads {
        if self.batch.is_some() { &question::TraceBatch } else { &self.question }
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Fault> {
        asked.print(&Question::Trace(self.question.clone()), Layout::from(self.printed).folding(self.folds), out)
    }

    fn batch(&self) -> Option<BatchCommand<'_>> {
        self.batch.as_deref().map(|path| BatchCommand { path, lines: self })
    }
}

/// Writes it as JSON or YAML.
pub(super) fn write(trace: &Answer, form: Form, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Fault> {
    json::write_trace(trace, form, asked, out)
}

/// One line of a batch; absent, null and empty keys are equal.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchLine<'a> {
    #[serde(borrow, default)]
    from: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    to: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    port: Option<PortText<'a>>,
    #[serde(borrow, default)]
    protocol: Option<std::borrow::Cow<'a, str>>,
}

/// A number or a name.
#[derive(Deserialize)]
#[serde(untagged)]
enum PortText<'a> {
    Number(u64),
    Name(#[serde(borrow)] std::borrow::Cow<'a, str>),
}

impl BatchLine<'_> {
    fn question(&self, namespace: &Name) -> Result<(AskedEnd, AskedEnd, PortAsk), Fault> {
        let from = end::end(self.from.as_deref().unwrap_or_default(), namespace)?;
        let (to, own_port) = end::end_and_port(self.to.as_deref().unwrap_or_default(), namespace)?;
        let port = self.port()?;
        match (own_port, port) {
            (own, PortAsk::Any(None)) => Ok((from, to, own)),
            (PortAsk::Any(None), port) => Ok((from, to, port)),
            _ => Err(Fault::new("the port stands both in \"to\" and beside it", "")),
        }
    }

    fn port(&self) -> Result<PortAsk, Fault> {
        let protocol = self.protocol.as_deref().filter(|it| !it.is_empty()).map(end::read_protocol).transpose()?;
        match &self.port {
            None => Ok(PortAsk::Any(protocol)),
            Some(PortText::Number(number)) => PortAsk::number(*number, protocol),
            Some(PortText::Name(name)) => PortAsk::new(name, protocol),
        }
    }
}

impl BatchLines for TraceArgs {
    fn line(&self, asked: &Asked<'_>, line: &str, answer: &mut Vec<u8>) -> Result<Outcome, Fault> {
        let parsed: Result<BatchLine<'_>, _> = serde_json::from_str(line);
        let question = match parsed {
            Ok(line) => line.question(&asked.context.here.namespace),
            Err(error) => Err(Fault::new(format!("not a question: {error}"), "")),
        };
        match question.and_then(|(from, to, port)| asked.asker().trace(&from, &to, &port)) {
            Ok(trace) => {
                json::append_trace(&trace, asked.context, answer)?;
                Ok(trace.outcome())
            }
            Err(fault) => {
                json::append_error(&fault.whole(), asked.context, answer)?;
                Ok(Outcome::Unknown)
            }
        }
    }
}

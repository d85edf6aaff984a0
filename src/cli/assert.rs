//! `kreach assert FILE`: whether what a file expects holds of a cluster, or of the files of `--from`.
//!
//! ```text
//! $ kreach assert expectations.txt --from story.json
//! x findings  1 of 4 expectations broken
//! expectations.txt:3: broken: sa:ci/runner cannot get secrets in payments: …
//! ```

use std::io;

use clap::Args;

use crate::ask::Fault;
use crate::ask::expectation::Expectations;
use crate::ask::question::Reads;

use super::check::CheckReport;
use super::form::{self, Form, Printed};
use super::{Asked, AskingCommand, Exit};

/// Whether what a file expects holds of the cluster.
#[derive(Args, Debug)]
#[command(mut_arg("output", |it| form::output("assert", it)))]
#[command(
    after_help = "Examples:\n  kreach assert expectations.txt\n  kreach assert expectations.txt --from manifests/ -o junit"
)]
pub struct AssertArgs {
    /// Expectations, one a line; - for stdin
    #[arg(value_name = "FILE")]
    pub file: String,
    #[command(flatten)]
    pub printed: Printed,
}

/// The command with what its file expects.
#[derive(Debug)]
pub struct Assert<'a> {
    pub expectations: &'a Expectations,
    pub output: Form,
}

impl AskingCommand for Assert<'_> {
    fn reads(&self) -> &dyn Reads {
        self.expectations
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Fault> {
        let report = CheckReport::of(self.expectations, asked.world, &asked.context.here)?;
        report.write(self.output, asked, out)?;
        Ok(report.exit())
    }
}

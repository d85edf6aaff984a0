//! `kreach namespaces|pods|policies|subjects [FILTER]`: the panes of the screen as tables, with the same columns and filter.
//!
//! ```text
//! $ kreach subjects marks=left
//! SUBJECT                  WORST       WHERE  MARKS  BOUND  PODS
//! user:rosa@corp.example   everything  all    left   1
//! ```
//!
//! One row an object, finished pods included; the command ends with 0 once that is printed, also when it is empty.

use std::io;

use clap::{Args, ValueEnum};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::ask::Question;
use crate::ask::question::Reads;
use crate::ask::question::list::{List, Listed, Table, Titles};
use crate::text::written::csv_line;

use super::answer::{Form, Layout};
use super::{Asked, Command, Exit, Failure, json, paint};

/// How a list is printed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ListOutput {
    /// The columns of the screen
    #[default]
    Text,
    /// All columns
    Wide,
    /// All columns, comma-separated
    Csv,
    Json,
}

impl From<ListOutput> for Form {
    fn from(output: ListOutput) -> Self {
        match output {
            ListOutput::Text => Form::Text,
            ListOutput::Wide => Form::Wide,
            ListOutput::Csv => Form::Csv,
            ListOutput::Json => Form::Json,
        }
    }
}

/// What every list takes.
#[derive(Args, Debug)]
pub struct ListArgs {
    #[command(flatten)]
    pub question: List,
    /// How the list is printed
    #[arg(short, long, value_enum, default_value_t = ListOutput::Text)]
    pub output: ListOutput,
    /// Leave the line of titles out
    #[arg(long)]
    pub no_headers: bool,
}

/// The namespaces.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  kreach namespaces 'none>0'\n  kreach namespaces -o csv --no-headers")]
pub struct NamespacesArgs {
    #[command(flatten)]
    pub list: ListArgs,
}

/// The pods.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  kreach pods -n payments isolated=none\n  kreach pods -l app=web phase!=running -o wide"
)]
pub struct PodsArgs {
    #[command(flatten)]
    pub list: ListArgs,
}

/// The policies.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  kreach policies 'problems>0'\n  kreach policies -n payments -o json")]
pub struct PoliciesArgs {
    #[command(flatten)]
    pub list: ListArgs,
}

/// The subjects.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  kreach subjects marks=left --directory people.csv\n  kreach subjects 'bound>0' !system -o csv"
)]
pub struct SubjectsArgs {
    #[command(flatten)]
    pub list: ListArgs,
}

/// `kreach pods -o json`.
#[derive(Serialize)]
struct ListJson<'a> {
    version: &'static str,
    kind: &'static str,
    list: &'static str,
    rows: Vec<RowJson>,
    /// Why rows may be missing.
    evidence: Vec<GapJson<'a>>,
}

/// One object: its columns, in their order.
struct RowJson(Vec<(String, Value)>);

impl Serialize for RowJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(title, value)| (title, value)))
    }
}

#[derive(Serialize)]
struct GapJson<'a> {
    bears: &'static str,
    object: Option<String>,
    place: &'static str,
    what: &'a str,
}

impl ListArgs {
    fn print(
        &self,
        question: fn(List) -> Question,
        asked: &Asked<'_>,
        out: &mut dyn io::Write,
    ) -> Result<Exit, Failure> {
        let titles = if self.no_headers { Titles::Hidden } else { Titles::Shown };
        let layout = Layout { form: self.output.into(), titles };
        asked.print(&question(self.question.clone()), layout, out)
    }
}

/// Writes a list as a table, CSV or JSON.
pub(super) fn write(table: &Table, layout: Layout, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Failure> {
    match layout.form {
        Form::Text | Form::Wide => {
            let columns = if layout.form == Form::Wide { table.titles.len() } else { table.narrow };
            Ok(paint::write(&table.page_of(columns, layout.titles), asked.context.look, out)?)
        }
        Form::Csv => Ok(write_csv(table, layout.titles, out)?),
        _ => json::write(&document(table), asked, out),
    }
}

fn write_csv(table: &Table, titles: Titles, out: &mut dyn io::Write) -> io::Result<()> {
    if titles == Titles::Shown {
        let titles = table.titles.iter().map(|it| it.to_lowercase()).collect::<Vec<_>>();
        writeln!(out, "object,{}", titles.join(","))?;
    }
    for (item, cells) in &table.rows {
        let object = item.typed();
        let cells = std::iter::once(object.as_str()).chain(cells.iter().map(|it| it.text.as_str()));
        writeln!(out, "{}", csv_line(cells))?;
    }
    Ok(())
}

/// Numbers as numbers, all else as text.
fn document(table: &Table) -> ListJson<'_> {
    let value = |text: &str| text.parse::<u64>().map_or_else(|_| Value::from(text), Value::from);
    let row = |(item, cells): &(crate::ask::item::Item, Vec<crate::ask::listing::Cell>)| {
        let cells = table.titles.iter().zip(cells).map(|(title, it)| (title.to_lowercase(), value(&it.text)));
        RowJson(std::iter::once(("object".to_owned(), Value::from(item.typed()))).chain(cells).collect())
    };
    ListJson {
        version: json::VERSION,
        kind: "List",
        list: table.name,
        rows: table.rows.iter().map(row).collect(),
        evidence: table.gaps.iter().map(|it| GapJson { bears: "unknown", object: None, place: "", what: it }).collect(),
    }
}

impl Command for NamespacesArgs {
    fn reads(&self) -> &dyn Reads {
        &Listed::Network
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Failure> {
        self.list.print(Question::Namespaces, asked, out)
    }
}

impl Command for PodsArgs {
    fn reads(&self) -> &dyn Reads {
        &Listed::Network
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Failure> {
        self.list.print(Question::Pods, asked, out)
    }
}

impl Command for PoliciesArgs {
    fn reads(&self) -> &dyn Reads {
        &Listed::Network
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Failure> {
        self.list.print(Question::Policies, asked, out)
    }
}

impl Command for SubjectsArgs {
    fn reads(&self) -> &dyn Reads {
        &Listed::Access
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Failure> {
        self.list.print(Question::Subjects, asked, out)
    }
}

//! `kreach LIST [FILTER]...`, for each of [`crate::ask::listing::LISTS`]: the panes of the screen as tables, with the same columns and filter.
//!
//! ```text
//! $ kreach subjects marks=left
//! SUBJECT                  WORST       WHERE  MARKS  BOUND  PODS
//! user:rosa@corp.example   everything  all    left   1
//! ```
//!
//! One row an object, finished pods included; the command ends with 0 once that is printed, also when it is empty.

use std::io;

use clap::Args;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::ask::question::Reads;
use crate::ask::question::list::{FilteredTable, List, ListCommand};
use crate::ask::{Fault, Question};
use crate::model::untrusted;
use crate::text::Mark;

use super::form::{self, Form, Layout, Tabular};
use super::sheet::{ALL, DATA, Sheet, SheetColumn, Title, WIDE};
use super::{Asked, AskingCommand, Exit, json};

/// What every list takes.
#[derive(Args, Debug)]
#[command(mut_arg("output", |it| form::output_in(form::LIST, it)))]
pub struct ListArgs {
    #[command(flatten)]
    pub question: List,
    #[command(flatten)]
    pub printed: Tabular,
}

/// `kreach pods -o json`.
#[derive(Serialize)]
struct ListJson<'a> {
    version: &'static str,
    kind: &'static str,
    list: &'static str,
    rows: Vec<ListRowJson>,
    /// Why rows may be missing.
    evidence: Vec<GapJson<'a>>,
}

/// One object: its columns, in their order.
struct ListRowJson(Vec<(String, Value)>);

impl Serialize for ListRowJson {
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

impl AskingCommand for ListCommand<ListArgs> {
    fn reads(&self) -> &dyn Reads {
        self.list.0.reads()
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Fault> {
        let question = ListCommand { list: self.list, typed: self.typed.question.clone() };
        asked.print(&Question::List(question), self.typed.printed, out)
    }
}

/// Writes a list in any form.
pub(super) fn write(
    table: &FilteredTable,
    layout: Layout,
    asked: &Asked<'_>,
    out: &mut dyn io::Write,
) -> Result<(), Fault> {
    match layout.form {
        Form::Json | Form::Yaml => json::write_as(layout.form, &document(table), asked, out),
        Form::Name => Ok(write_names(table, out)?),
        _ => Ok(sheet(table).write(layout, asked.context.look, out)?),
    }
}

fn write_names(table: &FilteredTable, out: &mut dyn io::Write) -> io::Result<()> {
    table.rows.iter().try_for_each(|(item, _)| writeln!(out, "{}", untrusted::show(&item.typed())))
}

/// The columns of the screen, then the wide ones; programs get the object as it is typed before them.
fn sheet(table: &FilteredTable) -> Sheet<'_> {
    let object = SheetColumn { title: Title::Field("object"), forms: DATA };
    let column = |(at, title): (usize, &&'static str)| SheetColumn {
        title: Title::Screen(title),
        forms: if at < table.narrow { ALL } else { WIDE },
    };
    let columns = std::iter::once(object).chain(table.titles.iter().enumerate().map(column)).collect();
    let rows = table
        .rows
        .iter()
        .map(|(item, cells)| std::iter::once(item.typed()).chain(cells.iter().map(|it| it.text.clone())).collect());
    let sheet = Sheet { columns, rows: Box::new(rows), below: Vec::new() };
    sheet.with(Mark::Unknown, &table.gaps)
}

/// Numbers as numbers, all else as text.
fn document(table: &FilteredTable) -> ListJson<'_> {
    let value = |text: &str| text.parse::<u64>().map_or_else(|_| Value::from(text), Value::from);
    let row = |(item, cells): &(crate::ask::item::Item, Vec<crate::ask::listing::Cell>)| {
        let cells = table.titles.iter().zip(cells).map(|(title, it)| (title.to_lowercase(), value(&it.text)));
        ListRowJson(std::iter::once(("object".to_owned(), Value::from(item.typed()))).chain(cells).collect())
    };
    ListJson {
        version: json::VERSION,
        kind: "List",
        list: table.name,
        rows: table.rows.iter().map(row).collect(),
        evidence: table.gaps.iter().map(|it| GapJson { bears: "unknown", object: None, place: "", what: it }).collect(),
    }
}

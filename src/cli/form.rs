//! The forms that answers are printed in, and the one table of which command has which: [`FORMS`].
//!
//! ```text
//! verdicts and pages   text json yaml                          one answer in words
//! tables               text table wide json yaml csv md        an answer of many rows; dot where rows are arrows
//! lists                table wide name json yaml csv md        objects, as kubectl lists them
//! findings             text json junit sarif                   for CI
//! ```

use std::str::FromStr;

use clap::Arg;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};

use crate::ask::listing::LISTS;
use crate::text::PrintedExtent;

/// All forms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    Text,
    Table,
    Wide,
    Name,
    Json,
    Yaml,
    Csv,
    Md,
    Dot,
    Junit,
    Sarif,
    Script,
    Kustomize,
}

impl Form {
    const ALL: [Form; 13] = [
        Form::Text,
        Form::Table,
        Form::Wide,
        Form::Name,
        Form::Json,
        Form::Yaml,
        Form::Csv,
        Form::Md,
        Form::Dot,
        Form::Junit,
        Form::Sarif,
        Form::Script,
        Form::Kustomize,
    ];

    /// As it is typed.
    pub const fn as_str(self) -> &'static str {
        self.told().0
    }

    /// What it is.
    pub const fn help(self) -> &'static str {
        self.told().1
    }

    const fn told(self) -> (&'static str, &'static str) {
        match self {
            Form::Text => ("text", "Lines, as the screen shows them"),
            Form::Table => ("table", "Rows under titles, as kubectl prints them"),
            Form::Wide => ("wide", "The same with all columns"),
            Form::Name => ("name", "The name of each object, a line each"),
            Form::Json => ("json", "One document of JSON (docs/json.md)"),
            Form::Yaml => ("yaml", "The same as YAML"),
            Form::Csv => ("csv", "Comma-separated, all columns"),
            Form::Md => ("md", "Markdown, for a ticket"),
            Form::Dot => ("dot", "A graph, as Graphviz reads it"),
            Form::Junit => ("junit", "A test case for each file and each expectation"),
            Form::Script => ("script", "A shell script for kubectl, the dry run first"),
            Form::Kustomize => ("kustomize", "A kustomization with patches, and what is created"),
            Form::Sarif => ("sarif", "SARIF 2.1.0, as code scanning reads it"),
        }
    }
}

impl FromStr for Form {
    /// One phrase, which clap says behind the argument.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Form::ALL.into_iter().find(|it| it.as_str() == text).ok_or_else(|| format!("unknown form {text}"))
    }
}

/// One answer in words.
const PAGE: &[Form] = &[Form::Text, Form::Json, Form::Yaml];
/// An answer of many rows.
const ROWS: &[Form] = &[Form::Text, Form::Table, Form::Wide, Form::Json, Form::Yaml, Form::Csv, Form::Md];
/// The same where rows are arrows.
const ARROWS: &[Form] = &[Form::Text, Form::Table, Form::Wide, Form::Json, Form::Yaml, Form::Csv, Form::Md, Form::Dot];
/// Objects.
pub(super) const LIST: &[Form] = &[Form::Table, Form::Wide, Form::Name, Form::Json, Form::Yaml, Form::Csv, Form::Md];
/// Findings, for CI.
const FINDINGS: &[Form] = &[Form::Text, Form::Json, Form::Junit, Form::Sarif];

/// Which command that is no list has which forms; the first of each is what it prints when none is asked for.
pub const FORMS: &[(&str, &[Form])] = &[
    ("trace", PAGE),
    ("map", ARROWS),
    ("reach", ARROWS),
    ("choke", &[Form::Text, Form::Json, Form::Yaml, Form::Md]),
    ("fix", &[Form::Text, Form::Json, Form::Yaml, Form::Md, Form::Script, Form::Kustomize]),
    ("sidestep", ROWS),
    ("trust", ROWS),
    ("apply", &[Form::Text, Form::Json]),
    ("undo", &[Form::Text, Form::Json]),
    ("diff", &[Form::Text, Form::Json, Form::Yaml, Form::Md]),
    ("baseline", PAGE),
    ("check", FINDINGS),
    ("assert", FINDINGS),
    ("snapshot", &[Form::Yaml, Form::Json]),
    ("can", PAGE),
    ("who-can", ROWS),
    ("permissions", ROWS),
    ("explain", PAGE),
    ("touch", PAGE),
    ("matrix", ROWS),
    ("info", PAGE),
];

/// Which command has which forms.
pub fn all() -> impl Iterator<Item = (&'static str, &'static [Form])> {
    FORMS.iter().copied().chain(LISTS.iter().map(|it| (it.name(), LIST)))
}

/// The forms of a command.
pub fn of(command: &str) -> &'static [Form] {
    all().find(|it| it.0 == command).map_or(PAGE, |it| it.1)
}

/// `--output` of a command: its forms, each with what it is.
pub fn output(command: &str, argument: Arg) -> Arg {
    output_in(of(command), argument)
}

/// `--output` with these forms.
///
/// Where `table` is what is printed anyway, `text` is another word for it (CONTRACT §5).
pub fn output_in(forms: &'static [Form], argument: Arg) -> Arg {
    let value = |it: &Form| {
        let value = PossibleValue::new(it.as_str()).help(it.help());
        if *it == Form::Table && !forms.contains(&Form::Text) { value.alias(Form::Text.as_str()) } else { value }
    };
    // The other word reads as what it stands for.
    let read = move |it: String| it.parse::<Form>().map(|it| if forms.contains(&it) { it } else { Form::Table });
    let parser = PossibleValuesParser::new(forms.iter().map(value)).try_map(read);
    argument.required(false).value_parser(parser).default_value(forms.first().map_or("text", |it| it.as_str()))
}

/// Whether tables begin with a line of titles.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Titles {
    Shown,
    Hidden,
}

/// How the answer of a command is printed.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Printed {
    /// How the answer is printed
    #[arg(short, long, value_name = "FORM")]
    pub output: Form,
}

/// The same of answers that can be a table.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Tabular {
    /// How the answer is printed
    #[arg(short, long, value_name = "FORM")]
    pub output: Form,
    /// Leave the line of titles out of table, wide and csv
    #[arg(long)]
    pub no_headers: bool,
}

/// Whether what is equal is said once, of answers whose text folds.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Folds {
    /// Say every line: nothing is folded
    #[arg(long)]
    pub verbose: bool,
}

/// A form, whether its tables have titles, and how much text says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    pub form: Form,
    pub titles: Titles,
    pub extent: PrintedExtent,
}

impl Layout {
    /// The same, unfolded where that is wanted.
    pub fn folding(self, folds: Folds) -> Self {
        Self { extent: if folds.verbose { PrintedExtent::Whole } else { PrintedExtent::Brief }, ..self }
    }
}

impl From<Printed> for Layout {
    fn from(it: Printed) -> Self {
        Self { form: it.output, titles: Titles::Shown, extent: PrintedExtent::Brief }
    }
}

impl From<Tabular> for Layout {
    fn from(it: Tabular) -> Self {
        let titles = if it.no_headers { Titles::Hidden } else { Titles::Shown };
        Self { form: it.output, titles, extent: PrintedExtent::Brief }
    }
}

/// The table as a page of docs.
pub fn document() -> String {
    let mut page = String::from("| command | `-o`, the first where none is asked for |\n|---|---|\n");
    for (command, forms) in all() {
        let forms: Vec<String> = forms.iter().map(|it| format!("`{}`", it.as_str())).collect();
        page.push_str(&format!("| {command} | {} |\n", forms.join(" ")));
    }
    page.push_str("\n| form | what it is |\n|---|---|\n");
    Form::ALL.iter().for_each(|it| page.push_str(&format!("| `{}` | {} |\n", it.as_str(), it.help())));
    page
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// Every command with an output has a row, and offers what stands in it.
    #[test]
    fn commands_offer_the_forms_of_the_table() {
        let mut args = crate::args::Args::command();
        args.build();
        let mut found = Vec::new();
        for command in args.get_subcommands() {
            let Some(output) = command.get_arguments().find(|it| it.get_id() == "output") else { continue };
            let values: Vec<String> = output.get_possible_values().iter().map(|it| it.get_name().to_owned()).collect();
            let forms: Vec<&str> = of(command.get_name()).iter().map(|it| it.as_str()).collect();
            assert_eq!(values, forms, "{}", command.get_name());
            found.push(command.get_name().to_owned());
        }
        let mut rows: Vec<&str> = all().map(|it| it.0).collect();
        found.sort_unstable();
        rows.sort_unstable();
        assert_eq!(found, rows);
    }

    #[test]
    fn every_form_is_read_as_it_is_written() {
        Form::ALL.iter().for_each(|it| assert_eq!(it.as_str().parse(), Ok(*it)));
        assert!("tabel".parse::<Form>().is_err());
    }
}

//! Rows under titles: every answer that has rows is printed as a table, CSV or Markdown by what stands here.
//!
//! ```text
//! FROM                 TO                     OUTCOME  PORTS          table, wide: titles in capitals
//! deployment/shop/web  statefulset/shop/db    allow    TCP 5432
//!
//! from,to,outcome,every,some,unknown,…                                csv: titles as fields of JSON are called
//! ```

use std::io;

use crate::text::written::{csv_line, markdown};
use crate::text::{Line, Mark, Page, Shape, table};

use super::form::{Form, Layout, Titles};
use super::paint::{self, Look};

/// How a column is called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Title {
    /// As a field of JSON: `unknownPairs`, which people read as `UNKNOWN PAIRS`.
    Field(&'static str),
    /// A title of the screen, which is a field in lower case: `POL`.
    Screen(&'static str),
    /// A name of the cluster's, which stays as it is.
    Name(String),
}

/// One column: how it is called, and the forms that it stands in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SheetColumn {
    pub title: Title,
    pub forms: &'static [Form],
}

/// A column that stands in every form.
pub const ALL: &[Form] = &[Form::Table, Form::Wide, Form::Csv, Form::Md];
/// In words, for who reads it.
pub const WORDS: &[Form] = &[Form::Table, Form::Wide, Form::Md];
/// Where there is room.
pub const WIDE: &[Form] = &[Form::Wide, Form::Csv];
/// Where there is room, and in a ticket where some row has it.
pub const REASONS: &[Form] = &[Form::Wide, Form::Csv, Form::Md];
/// For programs.
pub const DATA: &[Form] = &[Form::Csv];

/// The cells of one row, one for each column.
pub type SheetRow = Vec<String>;

/// Columns, their rows, and what is said below them to people: counts, legends, why rows may be missing.
pub struct Sheet<'a> {
    pub columns: Vec<SheetColumn>,
    pub rows: Box<dyn Iterator<Item = SheetRow> + 'a>,
    pub below: Vec<(Mark, String)>,
}

impl<'a> Sheet<'a> {
    /// Rows under these titles.
    pub fn of(columns: &[(&'static str, &'static [Form])], rows: impl Iterator<Item = SheetRow> + 'a) -> Self {
        let columns = columns.iter().map(|(title, forms)| SheetColumn { title: Title::Field(title), forms });
        Self { columns: columns.collect(), rows: Box::new(rows), below: Vec::new() }
    }

    /// The same with words below the rows.
    pub fn with(mut self, mark: Mark, words: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.below.extend(words.into_iter().map(|it| (mark, it.into())));
        self
    }

    /// Writes it as table, wide, CSV or Markdown.
    ///
    /// # Errors
    /// The writer's own.
    pub fn write(self, layout: Layout, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
        match layout.form {
            Form::Csv => self.write_csv(layout.titles, out),
            Form::Md => self.write_markdown(out),
            form => paint::write(&self.page(form, layout.titles), look, out),
        }
    }

    /// Where the columns of a form stand.
    fn shown(&self, form: Form) -> Vec<usize> {
        (0..self.columns.len()).filter(|at| self.columns[*at].forms.contains(&form)).collect()
    }

    fn page(self, form: Form, titles: Titles) -> Page {
        let shown = self.shown(form);
        let head = shown.iter().map(|at| self.columns[*at].title.capitals()).collect();
        let head = (titles == Titles::Shown).then_some(head);
        let rows = head.into_iter().chain(self.rows.map(|it| cells(&it, &shown))).collect();
        let below = self.below.iter().map(|(mark, words)| match mark {
            Mark::Plain => Line::new(0, Mark::Plain, words).shaped(Shape::Row),
            mark => Line::new(0, *mark, words),
        });
        table::lines(rows).chain(below).collect()
    }

    fn write_csv(mut self, titles: Titles, out: &mut dyn io::Write) -> io::Result<()> {
        let shown = self.shown(Form::Csv);
        if titles == Titles::Shown {
            let titles: Vec<String> = shown.iter().map(|at| self.columns[*at].title.field()).collect();
            writeln!(out, "{}", csv_line(titles.iter().map(String::as_str)))?;
        }
        self.rows.try_for_each(|row| writeln!(out, "{}", csv_line(shown.iter().map(|at| row[*at].as_str()))))
    }

    /// A column of reasons stands only where some row has them.
    fn write_markdown(self, out: &mut dyn io::Write) -> io::Result<()> {
        let shown = self.shown(Form::Md);
        let rows: Vec<SheetRow> = self.rows.collect();
        let has = |at: usize| self.columns[at].forms != REASONS || rows.iter().any(|row| !row[at].is_empty());
        let shown: Vec<usize> = shown.into_iter().filter(|at| has(*at)).collect();
        let titles: Vec<String> = shown.iter().map(|at| markdown(&self.columns[*at].title.spaced())).collect();
        writeln!(out, "| {} |\n|{}", titles.join(" | "), " --- |".repeat(shown.len()))?;
        for row in &rows {
            let cells: Vec<String> = shown.iter().map(|at| markdown(&row[*at])).collect();
            writeln!(out, "| {} |", cells.join(" | "))?;
        }
        for (mark, words) in &self.below {
            let unknown = if *mark == Mark::Unknown { "Unknown: " } else { "" };
            writeln!(out, "\n{unknown}{}", markdown(words))?;
        }
        Ok(())
    }
}

fn cells(row: &SheetRow, shown: &[usize]) -> SheetRow {
    shown.iter().map(|at| row[*at].clone()).collect()
}

impl Title {
    /// As a program reads it.
    fn field(&self) -> String {
        match self {
            Title::Field(it) => (*it).to_owned(),
            Title::Screen(it) => it.to_lowercase(),
            Title::Name(it) => it.clone(),
        }
    }

    /// `Unknown pairs`.
    fn spaced(&self) -> String {
        if let Title::Name(name) = self {
            return name.clone();
        }
        let mut words = String::new();
        for (at, it) in self.field().chars().enumerate() {
            match (at, it.is_ascii_uppercase()) {
                (0, _) => words.push(it.to_ascii_uppercase()),
                (_, true) => words.extend([' ', it.to_ascii_lowercase()]),
                (_, false) => words.push(it),
            }
        }
        words
    }

    /// `UNKNOWN PAIRS`.
    fn capitals(&self) -> String {
        if let Title::Name(name) = self { name.clone() } else { self.spaced().to_uppercase() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::PrintedExtent;

    fn written(form: Form, titles: Titles) -> String {
        let columns: &[(&'static str, &'static [Form])] =
            &[("from", ALL), ("unknownPairs", WIDE), ("ports", WORDS), ("key", DATA), ("why", REASONS)];
        let rows = [["a|b", "2", "TCP 80", "=k", ""].map(str::to_owned).to_vec()];
        let sheet = Sheet::of(columns, rows.into_iter()).with(Mark::Plain, ["1 row"]);
        let sheet = sheet.with(Mark::Unknown, ["pods: not listed"]);
        let mut out = Vec::new();
        sheet
            .write(Layout { form, titles, extent: PrintedExtent::Brief }, Look::default(), &mut out)
            .expect("a vector takes all bytes");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn every_form_has_its_own_columns_and_titles() {
        assert_eq!(written(Form::Table, Titles::Shown), "FROM  PORTS\na|b   TCP 80\n1 row\n? pods: not listed\n");
        assert_eq!(written(Form::Wide, Titles::Hidden), "a|b  2  TCP 80\n1 row\n? pods: not listed\n");
        assert_eq!(written(Form::Csv, Titles::Shown), "from,unknownPairs,key,why\na|b,2,\"'=k\",\n");
        assert_eq!(
            written(Form::Md, Titles::Shown),
            "| From | Ports |\n| --- | --- |\n| a\\|b | TCP 80 |\n\n1 row\n\nUnknown: pods: not listed\n"
        );
    }
}

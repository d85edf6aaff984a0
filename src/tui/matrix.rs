//! Which namespace may connect to which: one cell a pair, rows are sources, columns destinations.
//!
//! ```text
//! from \ to   default  payments  shop
//! default        v         x       v       v all pairs of pods may   x none may
//! payments       v         +       x       + some may                ? unknown   . no pair of pods
//!
//! Namespaces without pods are left out.
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::grid::{self, Cursor, Sheet};
use super::paint::{self, Focus};
use super::theme::{Role, Theme};
use super::world::{Scope, World};
use crate::model::name::Name;
use crate::net::reach::{By, Counts, Summary, Unit};

/// The matrix and where the cursor is.
#[derive(Clone, Debug, Default)]
pub struct Matrix {
    names: Vec<Name>,
    /// By row, then column; `None`: no pair of pods.
    cells: Vec<Option<Summary>>,
    cursor: Cursor,
}

/// The widest that a column's title gets.
const TITLE: u16 = 10;

impl Matrix {
    /// Shows what the cluster says now.
    pub fn show(&mut self, world: &World, scope: &Scope) {
        let here = self.selected();
        let names = world.cluster.namespace_names().into_iter();
        self.names = names.filter(|it| scope.holds(it) && !world.cluster.pods.of(it).is_empty()).collect();
        let count = self.names.len();
        self.cells = vec![None; count * count];
        for row in world.index.map(&world.cluster, By::Namespace, None).rows {
            let at = |unit: &Unit| match unit {
                Unit::Namespace(name) => self.names.binary_search(name).ok(),
                _ => None,
            };
            if let (Some(from), Some(to)) = (at(&row.from), at(&row.to)) {
                self.cells[from * count + to] = Some(row.summary);
            }
        }
        self.find(here);
    }

    /// Keeps the cursor on the pair that it was on.
    fn find(&mut self, here: Option<(Name, Name)>) {
        let at = |name: &Name| self.names.binary_search(name).ok();
        let found = here.and_then(|(from, to)| Some((at(&from)?, at(&to)?)));
        let (row, column) = found.unwrap_or_default();
        self.cursor = Cursor { row, column };
    }

    /// Moves the cursor.
    pub fn step(&mut self, rows: isize, columns: isize) {
        self.cursor.step(rows, columns, self.size());
    }

    /// The pair under the cursor, source first.
    pub fn selected(&self) -> Option<(Name, Name)> {
        Some((self.names.get(self.cursor.row)?.clone(), self.names.get(self.cursor.column)?.clone()))
    }

    fn summary(&self, row: usize, column: usize) -> Option<&Summary> {
        self.cells.get(row * self.names.len() + column)?.as_ref()
    }

    /// The matrix as a Markdown table.
    pub fn markdown(&self) -> String {
        let titles: Vec<&str> = self.names.iter().map(|it| it.as_str()).collect();
        let mut text = format!("| from \\ to | {} |\n|---|{}\n", titles.join(" | "), "---|".repeat(titles.len()));
        for (row, name) in self.names.iter().enumerate() {
            let cells: Vec<&str> = (0..self.names.len()).map(|it| sign(self.summary(row, it)).0).collect();
            text.push_str(&format!("| {name} | {} |\n", cells.join(" | ")));
        }
        text
    }

    /// Draws it in a frame.
    pub fn draw(&self, buffer: &mut Buffer, area: Rect, focus: Focus, theme: Theme) {
        let title = format!(" namespaces: {0} x {0} ", self.names.len());
        let inner = paint::frame(buffer, area, &title, focus, theme);
        grid::draw(self, self.cursor, buffer, inner, focus, theme);
    }

    /// How many columns of the screen the longest name takes.
    fn longest(&self) -> u16 {
        self.names.iter().map(|it| paint::width(it)).max().unwrap_or(0)
    }
}

impl Sheet for Matrix {
    fn size(&self) -> (usize, usize) {
        (self.names.len(), self.names.len())
    }
    fn corner(&self) -> &str {
        "from \\ to"
    }
    fn row(&self, row: usize) -> String {
        self.names[row].to_string()
    }
    fn column(&self, column: usize) -> &str {
        &self.names[column]
    }
    fn cell(&self, row: usize, column: usize) -> (String, Role) {
        let (word, role) = sign(self.summary(row, column));
        (word.to_owned(), role)
    }
    fn words(&self, cursor: Cursor, theme: Theme) -> String {
        match (self.selected(), self.summary(cursor.row, cursor.column)) {
            (Some((from, to)), Some(it)) => {
                let ports = crate::text::net::ports(&it.some);
                format!("{from} {} {to}: {}; ports {ports}", theme.arrow(), pairs(&it.pairs))
            }
            (Some((from, to)), None) => format!("{from} {} {to}: no pair of pods may connect", theme.arrow()),
            (None, _) => "no namespace".into(),
        }
    }
    fn legend(&self) -> &str {
        "v all  + some  x none  ? unknown   Enter traces the pair"
    }
    fn stub(&self, _: u16) -> u16 {
        self.longest().clamp(9, 20) + 2
    }
    fn widths(&self) -> (u16, u16) {
        let most = self.longest().clamp(3, TITLE) + 1;
        (4.min(most), most)
    }
}

fn pairs(counts: &Counts) -> String {
    format!("{} of {} pairs may connect", counts.allow, counts.total())
}

/// The sign of a cell.
fn sign(cell: Option<&Summary>) -> (&'static str, Role) {
    let Some(cell) = cell else { return ("x", Role::Deny) };
    let counts = &cell.pairs;
    match (counts.allow, counts.unknown, counts.deny) {
        (0, 0, 0) => (".", Role::Dim),
        (_, 0, 0) => ("v", Role::Allow),
        (0, 0, _) => ("x", Role::Deny),
        (0, _, _) => ("?", Role::Unknown),
        (_, _, _) => ("+", Role::Note),
    }
}

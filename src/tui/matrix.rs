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

use super::paint::{self, Focus, Slot};
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
    row: usize,
    column: usize,
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
        (self.row, self.column) = found.unwrap_or_default();
    }

    /// Moves the cursor.
    pub fn step(&mut self, rows: isize, columns: isize) {
        let last = self.names.len().saturating_sub(1);
        self.row = self.row.saturating_add_signed(rows).min(last);
        self.column = self.column.saturating_add_signed(columns).min(last);
    }

    /// The pair under the cursor, source first.
    pub fn selected(&self) -> Option<(Name, Name)> {
        Some((self.names.get(self.row)?.clone(), self.names.get(self.column)?.clone()))
    }

    fn cell(&self, row: usize, column: usize) -> Option<&Summary> {
        self.cells.get(row * self.names.len() + column)?.as_ref()
    }

    /// The matrix as a Markdown table.
    pub fn markdown(&self) -> String {
        let titles: Vec<&str> = self.names.iter().map(|it| it.as_str()).collect();
        let mut text = format!("| from \\ to | {} |\n|---|{}\n", titles.join(" | "), "---|".repeat(titles.len()));
        for (row, name) in self.names.iter().enumerate() {
            let cells: Vec<&str> = (0..self.names.len()).map(|it| sign(self.cell(row, it)).0).collect();
            text.push_str(&format!("| {name} | {} |\n", cells.join(" | ")));
        }
        text
    }

    /// Draws it in a frame.
    pub fn draw(&self, buffer: &mut Buffer, area: Rect, focus: Focus, theme: Theme) {
        let title = format!(" namespaces: {0} x {0} ", self.names.len());
        let inner = paint::frame(buffer, area, &title, focus, theme);
        if inner.height < 4 {
            return;
        }
        let stub = self.names.iter().map(|it| paint::width(it)).max().unwrap_or(0).clamp(9, 20) + 2;
        let widest = self.names.iter().map(|it| paint::width(it)).max().unwrap_or(0).clamp(3, TITLE) + 1;
        // Titles shrink before columns are scrolled away.
        let count = u16::try_from(self.names.len().max(1)).unwrap_or(u16::MAX);
        let width = (inner.width.saturating_sub(stub) / count).clamp(4.min(widest), widest);
        let columns = usize::from((inner.width.saturating_sub(stub)) / width).max(1);
        let rows = usize::from(inner.height - 3);
        let left = (self.column + 1).saturating_sub(columns);
        let top = (self.row + 1).saturating_sub(rows);
        let header = Slot::row(inner, 0);
        paint::put(buffer, header, "from \\ to", theme.style(Role::Dim), theme);
        for (at, name) in self.names.iter().enumerate().skip(left).take(columns) {
            let slot = Slot { width: width - 1, ..header.after(stub + (at - left) as u16 * width) };
            let role = if at == self.column { Role::Title } else { Role::Dim };
            paint::put(buffer, slot, name, theme.style(role), theme);
        }
        for (at, name) in self.names.iter().enumerate().skip(top).take(rows) {
            let slot = Slot::row(inner, (at - top) as u16 + 1);
            let role = if at == self.row { Role::Title } else { Role::Text };
            let sign = if at == self.row { ">" } else { " " };
            paint::put(buffer, slot, sign, theme.style(Role::Title), theme);
            paint::put(buffer, Slot { width: stub - 2, ..slot.after(1) }, name, theme.style(role), theme);
            for column in left..(left + columns).min(self.names.len()) {
                self.draw_cell(buffer, slot.after(stub + (column - left) as u16 * width), (at, column), focus, theme);
            }
        }
        self.draw_legend(buffer, inner, theme);
    }

    fn draw_cell(&self, buffer: &mut Buffer, slot: Slot, (row, column): (usize, usize), focus: Focus, theme: Theme) {
        let (word, role) = sign(self.cell(row, column));
        paint::put(buffer, slot, word, theme.style(role), theme);
        if (row, column) == (self.row, self.column) && focus == Focus::Here {
            paint::restyle(buffer, Slot { width: slot.width.min(TITLE / 2), ..slot }, theme.selected());
        }
    }

    /// What the pair under the cursor says, and what the signs mean.
    fn draw_legend(&self, buffer: &mut Buffer, inner: Rect, theme: Theme) {
        let words = match (self.selected(), self.cell(self.row, self.column)) {
            (Some((from, to)), Some(it)) => {
                format!(
                    "{from} {} {to}: {}; ports {}",
                    theme.arrow(),
                    pairs(&it.pairs),
                    crate::text::net::ports(&it.some)
                )
            }
            (Some((from, to)), None) => format!("{from} {} {to}: no pair of pods may connect", theme.arrow()),
            (None, _) => "no namespace".into(),
        };
        paint::put(buffer, Slot::row(inner, inner.height - 2), &words, theme.style(Role::Text), theme);
        let legend = "v all  + some  x none  ? unknown   Enter traces the pair";
        paint::put(buffer, Slot::row(inner, inner.height - 1), legend, theme.style(Role::Dim), theme);
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

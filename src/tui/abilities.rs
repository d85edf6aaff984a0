//! Who may do what with the resources that matter: rows are the subjects in view, columns resources.
//!
//! ```text
//! subject             secret   pods  exec  deploy
//! as user:dev-1       r(w)     rwd   w     rwd         R everywhere, r in some namespaces, (r) as everybody
//!>sa:ci/deployer      RWDX     RWD   RW    RWDX
//! ```
//!
//! Only the rows on the screen are judged. Enter leads to the grants of a cell.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::grid::{self, Cursor, GridSheet};
use super::paint::{self, FrameFocus};
use super::theme::{TextRole, Theme};
use crate::ask::scope::CellContext;
use crate::model::role::Subject;
use crate::rbac::abilities::{Ability, COLUMNS};
use crate::text::written::markdown;

/// The sheet and where one is in it.
#[derive(Clone, Debug, Default)]
pub struct Abilities {
    rows: Vec<Subject>,
    /// The first row is whom the operator sees with.
    has_acting: bool,
    /// Of the rows that were on the screen.
    known: BTreeMap<Subject, Vec<Ability>>,
    cursor: Cursor,
}

impl Abilities {
    /// Shows these subjects, as the cluster is now; the cursor stays on its subject.
    pub fn show(&mut self, subjects: Vec<Subject>, view: CellContext<'_>) {
        let here = self.subject().cloned();
        let acting = view.acting.map(|it| it.subject.clone());
        self.has_acting = acting.is_some();
        self.rows = acting.into_iter().chain(subjects).collect();
        self.known.clear();
        let found = here.and_then(|it| self.rows.iter().position(|row| *row == it));
        self.cursor.row = found.unwrap_or(self.cursor.row).min(self.rows.len().saturating_sub(1));
    }

    /// Puts the cursor on a subject.
    pub fn select(&mut self, subject: &Subject) {
        self.cursor.row = self.rows.iter().position(|it| it == subject).unwrap_or(0);
    }

    /// Judges the rows that this area shows.
    pub fn settle(&mut self, area: Rect, view: CellContext<'_>) {
        let inner = Rect { width: area.width.saturating_sub(2), height: area.height.saturating_sub(2), ..area };
        for row in grid::part(self, self.cursor, inner).rows {
            let subject = &self.rows[row];
            if !self.known.contains_key(subject) {
                let identity = view.identity(subject);
                let abilities = view.world.rbac().abilities(&identity, |it| view.scope.holds(it));
                self.known.insert(subject.clone(), abilities);
            }
        }
    }

    /// Moves the cursor.
    pub fn step(&mut self, rows: isize, columns: isize) {
        self.cursor.step(rows, columns, self.size());
    }

    /// The subject under the cursor.
    pub fn subject(&self) -> Option<&Subject> {
        self.rows.get(self.cursor.row)
    }

    /// The subject and the resource under the cursor.
    pub fn selected(&self) -> Option<(Subject, String)> {
        Some((self.subject()?.clone(), COLUMNS[self.cursor.column].typed()))
    }

    fn ability(&self, row: usize, column: usize) -> Option<&Ability> {
        self.known.get(self.rows.get(row)?)?.get(column)
    }

    /// The rows that were looked at as a Markdown table.
    pub fn markdown(&self) -> String {
        let titles: Vec<&str> = COLUMNS.iter().map(|it| it.title).collect();
        let mut text = format!("| subject | {} |\n|---|{}\n", titles.join(" | "), "---|".repeat(titles.len()));
        for (row, subject) in self.rows.iter().enumerate().filter(|(_, it)| self.known.contains_key(it)) {
            let cells: Vec<String> = (0..COLUMNS.len()).map(|column| self.letters(row, column)).collect();
            text.push_str(&format!("| {} | {} |\n", markdown(&subject.to_string()), cells.join(" | ")));
        }
        text
    }

    /// What stands above it.
    pub fn title(&self) -> String {
        format!(" what {} subjects may do ", self.rows.len())
    }

    /// Draws it in a frame.
    pub fn draw(&self, buffer: &mut Buffer, area: Rect, focus: FrameFocus, theme: Theme) {
        let title = format!("{}{}", self.title(), grid::shown(self, self.cursor, area));
        let inner = paint::frame(buffer, area, &title, focus, theme);
        grid::draw(self, self.cursor, buffer, inner, focus, theme);
    }

    /// What a subject may do there, in letters; a dot for nothing.
    fn letters(&self, row: usize, column: usize) -> String {
        let letters = self.ability(row, column).map(Ability::letters);
        letters.map_or_else(String::new, |it| if it.is_empty() { ".".to_owned() } else { it })
    }
}

impl GridSheet for Abilities {
    fn size(&self) -> (usize, usize) {
        (self.rows.len(), COLUMNS.len())
    }
    fn corner(&self) -> &str {
        "subject"
    }
    fn row(&self, row: usize) -> String {
        let sign = if row == 0 && self.has_acting { "as " } else { "" };
        format!("{sign}{}", self.rows[row])
    }
    fn column(&self, column: usize) -> &str {
        COLUMNS[column].title
    }
    fn cell(&self, row: usize, column: usize, theme: Theme) -> (String, Style) {
        let ability = self.ability(row, column);
        let letters = self.letters(row, column);
        let role = match ability {
            Some(it) if letters != "." && it.is_grave(&COLUMNS[column]) => TextRole::Risk,
            Some(it) if letters != "." && !it.is_nothing_own() => TextRole::Text,
            _ => TextRole::Dim,
        };
        (letters, theme.style(role))
    }
    fn words(&self, cursor: Cursor, _: Theme) -> String {
        match (self.selected(), self.ability(cursor.row, cursor.column).map(Ability::letters)) {
            (Some((subject, what)), Some(letters)) if letters.is_empty() => format!("{subject}: nothing with {what}"),
            (Some((subject, what)), Some(letters)) => format!("{subject}: {letters} {what}   Enter: the grants"),
            _ => "no subject is in view".into(),
        }
    }
    fn legend(&self, _: Theme) -> String {
        "r read w write d delete x other; RWDX everywhere, ' named only, (as everybody)".into()
    }
    fn stub(&self, width: u16) -> u16 {
        (width / 3).clamp(16, 44)
    }
    fn widths(&self) -> (u16, u16) {
        (7, 9)
    }
}

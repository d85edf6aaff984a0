//! The selection: it holds the object and never the row, and the screen follows it.
//!
//! ```text
//! at   where the selected object stands; found again when rows move
//! top  the first row on the screen, moved only when the selection leaves it
//! ```

use super::{Row, RowList};

impl<R: Row> RowList<R> {
    /// The selected row.
    pub fn selected(&self) -> Option<&R> {
        self.row(self.at)
    }

    /// Where the selected row stands.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The first row on the screen.
    pub fn top(&self) -> usize {
        self.top
    }

    /// Selects the row that stands there, or the last one.
    pub fn go(&mut self, at: usize) {
        self.at = at.min(self.len().saturating_sub(1));
        self.remember();
    }

    /// Moves the selection by so many rows.
    pub fn step(&mut self, rows: isize) {
        self.go(self.at.saturating_add_signed(rows));
    }

    /// Selects this object, if it is shown.
    pub fn select(&mut self, key: &R::Key) -> bool {
        let found = (0..self.len()).find(|at| self.is_at(*at, key));
        if let Some(at) = found {
            self.go(at);
        }
        found.is_some()
    }

    /// Keeps the selection on a screen of so many rows, moving it inside the window before the window moves.
    pub fn settle(&mut self, rows: usize) {
        let rows = rows.max(1);
        let last = self.len().saturating_sub(rows);
        self.top = self.top.min(last).min(self.at).max((self.at + 1).saturating_sub(rows));
    }

    /// Finds the selected object again; if it is gone, what stands in its place is selected.
    pub(super) fn find(&mut self) {
        let Some(key) = self.selected.clone() else {
            self.at = 0;
            return self.remember();
        };
        if self.row(self.at).is_some_and(|it| it.is(&key)) {
            return;
        }
        // Rows move by a few places as a rule: look around before looking everywhere.
        let near = (self.at.saturating_sub(64)..self.at + 64).find(|at| self.is_at(*at, &key));
        let found = near.or_else(|| (0..self.len()).find(|at| self.is_at(*at, &key)));
        match found {
            Some(at) => self.at = at,
            None => {
                self.at = self.at.min(self.len().saturating_sub(1));
                self.remember();
            }
        }
    }

    fn is_at(&self, at: usize, key: &R::Key) -> bool {
        self.row(at).is_some_and(|it| it.is(key))
    }

    fn remember(&mut self) {
        if let Some(row) = self.selected() {
            self.selected = Some(row.key());
        }
    }
}

//! Marks: objects that were picked out, one by one or as a range, to act on them together.
//!
//! A mark names the object, so it stays on it wherever its row moves.

use super::{Row, RowList};

impl<R: Row> RowList<R> {
    /// Whether this object is marked.
    pub fn is_marked(&self, row: &R) -> bool {
        !self.marks.is_empty() && self.marks.contains(&row.key())
    }

    /// The marked rows, in their order on the screen.
    pub fn marked(&self) -> Vec<R> {
        if self.marks.is_empty() {
            return Vec::new();
        }
        (0..self.len()).filter_map(|at| self.row(at)).filter(|it| self.is_marked(it)).cloned().collect()
    }

    /// Marks the selected object, or takes its mark away.
    pub fn mark(&mut self) {
        if let Some(key) = self.selected().map(Row::key)
            && !self.marks.remove(&key)
        {
            self.marks.insert(key);
        }
    }

    /// Marks everything between the mark that stands nearest and the selected row.
    pub fn mark_range(&mut self) {
        let marked = (0..self.len()).filter(|at| self.row(*at).is_some_and(|it| self.is_marked(it)));
        let start = marked.min_by_key(|it| it.abs_diff(self.at)).unwrap_or(self.at);
        let range = start.min(self.at)..=start.max(self.at);
        let keys: Vec<R::Key> = range.filter_map(|at| self.row(at)).map(Row::key).collect();
        self.marks.extend(keys);
    }

    /// Takes all marks away and says whether there were some.
    pub fn unmark(&mut self) -> bool {
        !std::mem::take(&mut self.marks).is_empty()
    }
}

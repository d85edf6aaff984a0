//! A page of lines on the screen: wrapped to its width, with a cursor that follows links.
//!
//! Which line the cursor is on is kept, and what stands there is found again when the page changes, so that an
//! answer that changes under the eye does not move the cursor to another reason.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::{self, Focus, Slot};
use super::theme::{Role, Theme};
use crate::text::{Line, Link, Mark, Page};

/// A page and where one is in it.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    pub page: Page,
    cursor: usize,
    /// The first row on the screen, counted in wrapped rows.
    top: usize,
}

/// One row on the screen: a piece of a line.
struct Row<'a> {
    line: usize,
    text: &'a str,
    is_first: bool,
}

impl Reader {
    /// Shows another page; the cursor stays on what it was on, where that is still there.
    pub fn show(&mut self, page: Page) {
        if page == self.page {
            return;
        }
        let before = self.page.lines.get(self.cursor).cloned();
        self.page = page;
        let same = before.and_then(|before| self.place_of(&before));
        self.cursor = same.unwrap_or(self.cursor).min(self.page.lines.len().saturating_sub(1));
    }

    /// Starts at the top of what is shown next.
    pub fn rewind(&mut self) {
        (self.cursor, self.top) = (0, 0);
    }

    fn place_of(&self, line: &Line) -> Option<usize> {
        if self.page.lines.get(self.cursor) == Some(line) {
            return Some(self.cursor);
        }
        let lines = &self.page.lines;
        let same = lines.iter().position(|it| it == line);
        same.or_else(|| lines.iter().position(|it| it.link.is_some() && it.link == line.link))
    }

    /// What the line under the cursor points at.
    pub fn link(&self) -> Option<&Link> {
        self.page.lines.get(self.cursor)?.link.as_ref()
    }

    /// Moves the cursor by so many lines.
    pub fn step(&mut self, lines: isize) {
        let last = self.page.lines.len().saturating_sub(1);
        self.cursor = self.cursor.saturating_add_signed(lines).min(last);
    }

    /// Moves the cursor to the next line with these letters, around the end; whether there is one.
    pub fn find(&mut self, letters: &str, forward: bool) -> bool {
        let letters = letters.to_lowercase();
        let count = self.page.lines.len();
        let order = (1..=count).map(|step| if forward { step } else { count - step });
        let mut places = order.map(|step| (self.cursor + step) % count.max(1));
        let found = places.find(|at| self.page.lines[*at].text.to_lowercase().contains(&letters));
        if let Some(at) = found {
            self.cursor = at;
        }
        found.is_some()
    }

    /// Keeps the cursor on the screen.
    pub fn settle(&mut self, area: Rect) {
        let rows = self.rows(columns(area));
        let height = usize::from(area.height.saturating_sub(2)).max(1);
        let first = rows.iter().position(|it| it.line == self.cursor).unwrap_or(0);
        let last = rows.iter().rposition(|it| it.line == self.cursor).unwrap_or(first);
        self.top = self.top.min(first).max((last + 1).saturating_sub(height)).min(rows.len().saturating_sub(height));
        // A line higher than the screen is read from its beginning.
        self.top = self.top.min(first);
    }

    fn rows(&self, columns: u16) -> Vec<Row<'_>> {
        let lines = self.page.lines.iter().enumerate();
        lines
            .flat_map(|(line, it)| {
                let width = usize::from(columns).saturating_sub(indent(it) + 2).max(8);
                let pieces = paint::wrap(&it.text, width);
                pieces.into_iter().enumerate().map(move |(at, text)| Row { line, text, is_first: at == 0 })
            })
            .collect()
    }

    /// Draws it in a frame.
    pub fn draw(&self, buffer: &mut Buffer, area: Rect, title: &str, focus: Focus, theme: Theme) {
        let inner = paint::frame(buffer, area, title, focus, theme);
        if inner.is_empty() {
            return;
        }
        let rows = self.rows(columns(area));
        for (at, row) in rows.iter().skip(self.top).take(inner.height.into()).enumerate() {
            self.draw_row(buffer, Slot::row(inner, at as u16), row, focus, theme);
        }
        let below = rows.len().saturating_sub(self.top + usize::from(inner.height));
        if below > 0 {
            let words = format!(" {below} more ");
            let slot = Slot { x: area.x + 1, y: area.bottom() - 1, width: area.width - 2 };
            paint::put_right(buffer, slot, &words, theme.style(Role::Dim), theme);
        }
    }

    fn draw_row(&self, buffer: &mut Buffer, slot: Slot, row: &Row<'_>, focus: Focus, theme: Theme) {
        let line = &self.page.lines[row.line];
        let style = theme.mark(line.mark);
        let is_here = row.line == self.cursor && focus == Focus::Here;
        if row.is_first {
            let sign = if is_here { '>' } else { ' ' };
            paint::put(buffer, slot, &sign.to_string(), theme.style(Role::Title), theme);
            let glyph = slot.after(1 + indent(line) as u16);
            if glyph.width > 0 && line.mark.glyph() != ' ' {
                paint::put(buffer, glyph, &line.mark.glyph().to_string(), style, theme);
            }
        }
        let text = slot.after(indent(line) as u16 + 1 + if line.mark.glyph() == ' ' { 0 } else { 2 });
        paint::put(buffer, text, row.text, style, theme);
        if is_here {
            paint::restyle(buffer, slot, theme.selected());
        }
    }
}

/// How many columns stand before a line's glyph.
fn indent(line: &Line) -> usize {
    usize::from(line.indent) * 2
}

/// The columns that lines have inside a frame, less the sign before them.
fn columns(area: Rect) -> u16 {
    area.width.saturating_sub(3)
}

/// A page that says one thing.
pub fn saying(mark: Mark, text: impl AsRef<str>) -> Page {
    let mut page = Page::default();
    page.say(0, mark, text);
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::{Kind, ObjectId};
    use crate::model::place::Place;

    fn page(lines: &[&str]) -> Page {
        Page { lines: lines.iter().map(|it| Line::new(0, Mark::Plain, it)).collect() }
    }

    #[test]
    fn the_cursor_stays_on_what_it_was_on() {
        let mut reader = Reader::default();
        reader.show(page(&["a", "b", "c"]));
        reader.step(1);
        reader.show(page(&["new", "a", "b", "c"]));
        assert_eq!(reader.page.lines[reader.cursor].text, "b");
        let linked = Line::new(0, Mark::Deny, "x 1").linked(&ObjectId::new(Kind::POD, "shop", "web"), &Place::new(""));
        let moved = Line { text: "x 2".into(), ..linked.clone() };
        reader.show(Page { lines: vec![linked] });
        reader.show(Page { lines: vec![Line::default(), moved] });
        assert!(reader.link().is_some(), "the same link with other words");
        reader.show(Page::default());
        assert!(reader.link().is_none());
    }

    #[test]
    fn search_goes_around() {
        let mut reader = Reader::default();
        reader.show(page(&["one", "two", "three"]));
        assert!(reader.find("T", true) && reader.cursor == 1);
        assert!(reader.find("t", true) && reader.cursor == 2);
        assert!(reader.find("o", true) && reader.cursor == 0);
        assert!(reader.find("two", false) && reader.cursor == 1);
        assert!(!reader.find("zzz", true));
        reader.show(Page::default());
        assert!(!reader.find("t", true));
    }
}

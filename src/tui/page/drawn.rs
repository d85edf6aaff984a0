//! How a page of lines is laid out for a width and drawn: wrapped pieces, boxes with arrows between them, folds with counts.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::PageReader;
use crate::text::{Line, Shape};
use crate::tui::paint::{self, FrameFocus, TextSlot};
use crate::tui::theme::{TextRole, Theme};

/// How many columns ` +9` takes.
const COUNT: usize = 3;
/// How many columns a box takes besides its words.
const FRAME: usize = 4;
/// The column of the arrows between boxes.
const ARROW: u16 = 4;

/// One row on the screen: a piece of a line.
#[derive(Clone, Debug)]
pub(super) struct ScreenRow {
    pub line: usize,
    piece: Range<usize>,
    /// Of the first piece of a line that can be opened: how many lines of the next level stand closed below it.
    closed: usize,
    pub is_first: bool,
    part: RowPart,
}

/// What a row of a line is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum RowPart {
    #[default]
    Words,
    /// The upper edge of a box; whether an arrow ends there.
    Top(bool),
    /// Words in a box.
    Inside,
    /// The lower edge of a box; whether an arrow begins there.
    Bottom(bool),
}

impl PageReader {
    /// Lays the page out for an area and keeps the cursor on the screen.
    pub fn settle(&mut self, area: Rect) {
        if self.laid != Some(columns(area)) {
            self.rows = self.lay(columns(area));
            self.laid = Some(columns(area));
        }
        // What was under the cursor may have been closed away: what it stood below is there.
        let seen = self.seen().map(|it| it.line).take_while(|it| *it <= self.cursor).last();
        self.cursor = seen.unwrap_or(0);
        let height = usize::from(area.height.saturating_sub(2)).max(1);
        let first = self.rows.partition_point(|it| it.line < self.cursor);
        let last = self.rows.partition_point(|it| it.line <= self.cursor).saturating_sub(1);
        let end = self.rows.len().saturating_sub(height);
        self.top = self.top.min(first).max((last + 1).saturating_sub(height)).min(end);
        // A line higher than the screen is read from its beginning.
        self.top = self.top.min(first);
    }

    fn lay(&self, columns: u16) -> Vec<ScreenRow> {
        let lines = &self.page.lines;
        let mut rows = Vec::new();
        let mut above: Vec<usize> = Vec::new();
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            above.retain(|it| lines[*it].indent < line.indent);
            above.push(at);
            // A page of everybody is long: where nothing was opened nothing is looked up.
            let is_open =
                || !self.toggled.is_empty() && self.toggled.contains(&self.joined(above.iter().rev().copied()));
            let is_closed = self.is_head(at) && (line.shut > 0 || !is_open());
            let below = lines[at + 1..].iter().take_while(|it| it.indent > line.indent);
            let here = || below.clone().filter(|it| it.indent == line.indent + 1).count();
            let closed = if is_closed { line.shut as usize + here() } else { 0 };
            // What is closed tells how much behind its last piece.
            let room = if closed > 0 { 2 + COUNT } else { 2 };
            let room = if line.shape == Shape::Box { room + FRAME } else { room };
            let width = usize::from(columns).saturating_sub(indent(line) + room).max(8);
            let edge = |part| ScreenRow { line: at, piece: 0..0, closed: 0, is_first: false, part };
            let is_box = line.shape == Shape::Box;
            let is_along =
                |at: Option<usize>| at.and_then(|it| lines.get(it)).is_some_and(|it| it.shape == Shape::Along);
            rows.extend(is_box.then(|| edge(RowPart::Top(is_along(at.checked_sub(1))))));
            let part = if is_box { RowPart::Inside } else { RowPart::Words };
            let mut start = 0;
            for (number, text) in paint::wrap(&line.text, width).into_iter().enumerate() {
                // Pieces are parts of the text, in order, less the spaces that they were broken at.
                start += line.text[start..].find(text).unwrap_or(0);
                let piece = start..start + text.len();
                start = piece.end;
                rows.push(ScreenRow { line: at, piece, closed, is_first: number == 0, part });
            }
            rows.extend(is_box.then(|| edge(RowPart::Bottom(is_along(Some(at + 1))))));
            at += 1 + if is_closed { below.count() } else { 0 };
        }
        rows
    }

    /// Draws it in a frame.
    pub fn draw(&self, buffer: &mut Buffer, area: Rect, title: &str, focus: FrameFocus, theme: Theme) {
        let inner = paint::frame(buffer, area, title, focus, theme);
        if inner.is_empty() {
            return;
        }
        for (at, row) in self.rows.iter().skip(self.top).take(inner.height.into()).enumerate() {
            self.draw_row(buffer, TextSlot::row(inner, at as u16), row, focus, theme);
        }
        let below = self.rows.len().saturating_sub(self.top + usize::from(inner.height));
        if below > 0 {
            let words = format!(" {below} more ");
            let slot = TextSlot { x: area.x + 1, y: area.bottom() - 1, width: area.width - 2 };
            paint::put_right(buffer, slot, &words, theme.style(TextRole::Dim), theme);
        }
    }

    fn draw_row(&self, buffer: &mut Buffer, slot: TextSlot, row: &ScreenRow, focus: FrameFocus, theme: Theme) {
        let line = &self.page.lines[row.line];
        let style = theme.mark(line.mark);
        let is_here = row.line == self.cursor && focus == FrameFocus::Here;
        if row.part != RowPart::Words {
            return self.draw_box(buffer, slot, row, is_here, theme);
        }
        if line.shape == Shape::Along {
            paint::put(buffer, slot.after(ARROW), &theme.frame()[1].to_string(), theme.style(TextRole::Dim), theme);
        }
        if row.is_first {
            let sign = if is_here { '>' } else { ' ' };
            paint::put(buffer, slot, &sign.to_string(), theme.style(TextRole::Title), theme);
            let glyph = slot.after(1 + indent(line) as u16);
            if glyph.width > 0 && has_glyph(line) {
                paint::put(buffer, glyph, &theme.glyph(line.mark).to_string(), style, theme);
            }
        }
        let text = slot.after(indent(line) as u16 + 1 + if has_glyph(line) { 2 } else { 0 });
        let taken = paint::put(buffer, text, &line.text[row.piece.clone()], style, theme);
        if row.closed > 0 && row.piece.end == line.text.len() {
            let words = format!("+{}", row.closed);
            paint::put(buffer, text.after(taken + 1), &words, theme.style(TextRole::Dim), theme);
        }
        if is_here {
            paint::restyle(buffer, slot, theme.selected());
        }
    }
}

impl PageReader {
    /// Draws one row of a box; all boxes begin in one column, and so do the arrows between them.
    fn draw_box(&self, buffer: &mut Buffer, slot: TextSlot, row: &ScreenRow, is_here: bool, theme: Theme) {
        let line = &self.page.lines[row.line];
        let slot = slot.after(1);
        let [across, down, left_top, right_top, left_bottom, right_bottom] = theme.frame();
        let rows = self.rows.iter().filter(|it| it.line == row.line && it.part == RowPart::Inside);
        let inside = rows.map(|it| paint::width(&line.text[it.piece.clone()])).max().unwrap_or(0);
        let edge = |left: char, right: char, joint: Option<char>| -> String {
            let between = (0..inside.max(ARROW) + 2).map(|it| joint.filter(|_| it == ARROW - 2).unwrap_or(across));
            std::iter::once(left).chain(between).chain([right]).collect()
        };
        let frame = theme.style(TextRole::Dim);
        let [head, foot] = theme.joints();
        match row.part {
            RowPart::Top(is_led_to) => {
                paint::put(buffer, slot, &edge(left_top, right_top, is_led_to.then_some(head)), frame, theme);
            }
            RowPart::Bottom(leads_on) => {
                paint::put(buffer, slot, &edge(left_bottom, right_bottom, leads_on.then_some(foot)), frame, theme);
            }
            RowPart::Inside | RowPart::Words => {
                paint::put(buffer, slot, &down.to_string(), frame, theme);
                let (words, room) = (slot.after(2), inside.max(ARROW));
                paint::put(buffer, words, &line.text[row.piece.clone()], theme.style(TextRole::Title), theme);
                paint::put(buffer, words.after(room + 1), &down.to_string(), frame, theme);
                if is_here {
                    paint::restyle(buffer, TextSlot { width: words.width.min(room), ..words }, theme.selected());
                }
            }
        }
    }
}

/// Whether a glyph stands before a line's words.
fn has_glyph(line: &Line) -> bool {
    line.mark.glyph() != ' ' && line.shape != Shape::Signed
}

/// How many columns stand before a line's glyph.
fn indent(line: &Line) -> usize {
    usize::from(line.indent) * 2
}

/// The columns that lines have inside a frame, less the sign before them.
fn columns(area: Rect) -> u16 {
    area.width.saturating_sub(3)
}

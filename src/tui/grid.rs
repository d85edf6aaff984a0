//! A sheet of cells on the screen: titles that stay, a cursor that scrolls both ways, and a line on what it is on.
//!
//! ```text
//! from \ to   default  payments  shop
//!>default        v         x       v
//! payments       v         +       x
//!
//! default → payments: none of 12 pairs may connect
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::paint::{self, FrameFocus, TextSlot};
use super::theme::{TextRole, Theme};

/// Where one is in a sheet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cursor {
    pub row: usize,
    pub column: usize,
}

impl Cursor {
    /// Moves inside a sheet of this size.
    pub fn step(&mut self, rows: isize, columns: isize, size: (usize, usize)) {
        self.row = self.row.saturating_add_signed(rows).min(size.0.saturating_sub(1));
        self.column = self.column.saturating_add_signed(columns).min(size.1.saturating_sub(1));
    }
}

/// What a sheet shows.
pub trait GridSheet {
    /// How many rows and columns.
    fn size(&self) -> (usize, usize);
    /// What stands above the row titles.
    fn corner(&self) -> &str;
    fn row(&self, row: usize) -> String;
    fn column(&self, column: usize) -> &str;
    fn cell(&self, row: usize, column: usize, theme: Theme) -> (String, Style);
    /// What is to be said of the cell under the cursor.
    fn words(&self, cursor: Cursor, theme: Theme) -> String;
    fn legend(&self, theme: Theme) -> String;
    /// How many columns of the screen row titles take, of this many.
    fn stub(&self, width: u16) -> u16;
    /// The least and the most that one column takes.
    fn widths(&self) -> (u16, u16);
}

/// What of a sheet is to be seen.
pub struct SheetPart {
    stub: u16,
    width: u16,
    columns: std::ops::Range<usize>,
    pub rows: std::ops::Range<usize>,
}

/// The part of a sheet that an area inside a frame shows.
pub fn part(sheet: &impl GridSheet, cursor: Cursor, inner: Rect) -> SheetPart {
    let (rows, columns) = sheet.size();
    let stub = sheet.stub(inner.width).min(inner.width);
    let (least, most) = sheet.widths();
    // Titles shrink before columns are scrolled away.
    let each = (inner.width - stub) / u16::try_from(columns.max(1)).unwrap_or(u16::MAX);
    let width = each.clamp(least, most);
    let window = |at: usize, count: usize, room: usize| {
        let first = (at + 1).saturating_sub(room.max(1));
        first..(first + room.max(1)).min(count)
    };
    SheetPart {
        stub,
        width,
        columns: window(cursor.column, columns, usize::from((inner.width - stub) / width)),
        rows: window(cursor.row, rows, usize::from(inner.height.saturating_sub(3))),
    }
}

/// Which part of a sheet is to be seen in an area with a frame, where that is not all of it: `rows 1-20, columns 1-9 `.
pub fn shown(sheet: &impl GridSheet, cursor: Cursor, area: Rect) -> String {
    let inner = Rect { width: area.width.saturating_sub(2), height: area.height.saturating_sub(2), ..area };
    let (part, size) = (part(sheet, cursor, inner), sheet.size());
    let of = |what: &str, it: &std::ops::Range<usize>, count: usize| {
        (it.len() < count).then(|| format!("{what} {}-{}", it.start + 1, it.end))
    };
    let parts = [of("rows", &part.rows, size.0), of("columns", &part.columns, size.1)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!("{} ", parts.join(", ")) }
}

/// Draws a sheet inside a frame.
pub fn draw(sheet: &impl GridSheet, cursor: Cursor, buffer: &mut Buffer, inner: Rect, focus: FrameFocus, theme: Theme) {
    if inner.height < 4 {
        return;
    }
    let part = part(sheet, cursor, inner);
    let place =
        |slot: TextSlot, column: usize| slot.after(part.stub + (column - part.columns.start) as u16 * part.width);
    let header = TextSlot::row(inner, 0);
    paint::put(buffer, TextSlot { width: part.stub, ..header }, sheet.corner(), theme.style(TextRole::Dim), theme);
    for column in part.columns.clone() {
        let slot = place(header, column);
        let role = if column == cursor.column { TextRole::Title } else { TextRole::Dim };
        let slot = TextSlot { width: slot.width.min(part.width - 1), ..slot };
        paint::put(buffer, slot, sheet.column(column), theme.style(role), theme);
    }
    for row in part.rows.clone() {
        let slot = TextSlot::row(inner, (row - part.rows.start) as u16 + 1);
        let is_here = row == cursor.row;
        let role = if is_here { TextRole::Title } else { TextRole::Text };
        paint::put(buffer, slot, if is_here { ">" } else { " " }, theme.style(TextRole::Title), theme);
        let title = TextSlot { width: part.stub.saturating_sub(2), ..slot.after(1) };
        paint::put_name(buffer, title, &sheet.row(row), theme.style(role), theme);
        for column in part.columns.clone() {
            let (word, style) = sheet.cell(row, column, theme);
            let slot = place(slot, column);
            let slot = TextSlot { width: slot.width.min(part.width - 1), ..slot };
            let is_filled = style.add_modifier.contains(Modifier::REVERSED);
            let is_selected = is_here && column == cursor.column && focus == FrameFocus::Here;
            // A color fills the whole cell; under the cursor it is the other way around.
            if is_filled && !is_selected {
                paint::restyle(buffer, slot, style);
            }
            let style = if is_filled && is_selected { style.remove_modifier(Modifier::REVERSED) } else { style };
            paint::put(buffer, slot, &word, style, theme);
            if is_selected && !is_filled {
                paint::restyle(buffer, TextSlot { width: slot.width.min(5), ..slot }, theme.selected());
            }
        }
    }
    let (words, legend) = (sheet.words(cursor, theme), sheet.legend(theme));
    paint::put(buffer, TextSlot::row(inner, inner.height - 2), &words, theme.style(TextRole::Text), theme);
    paint::put(buffer, TextSlot::row(inner, inner.height - 1), &legend, theme.style(TextRole::Dim), theme);
}

//! Text into cells: clipped to its width, escaped, and counted.
//!
//! Everything that is drawn goes through here. Text of a cluster is written out by [`untrusted::show`], wide
//! characters count two, and what does not fit ends in an ellipsis.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::theme::{TextRole, Theme};
use crate::model::untrusted;

/// Where text starts and how many columns it may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TextSlot {
    pub x: u16,
    pub y: u16,
    pub width: u16,
}

impl TextSlot {
    /// A row of an area, counted from its top; of no width below it.
    pub fn row(area: Rect, row: u16) -> Self {
        let width = if row < area.height { area.width } else { 0 };
        Self { x: area.x, y: area.y.saturating_add(row), width }
    }

    /// What is left of it after so many columns.
    pub fn after(self, columns: u16) -> Self {
        let columns = columns.min(self.width);
        Self { x: self.x + columns, y: self.y, width: self.width - columns }
    }
}

/// How many columns this text takes once it is shown.
pub fn width(text: &str) -> u16 {
    u16::try_from(untrusted::show(text).width()).unwrap_or(u16::MAX)
}

/// Writes text into a slot and says how many columns it took.
pub fn put(buffer: &mut Buffer, slot: TextSlot, text: &str, style: Style, theme: Theme) -> u16 {
    if slot.width == 0 || !buffer.area.contains((slot.x, slot.y).into()) {
        return 0;
    }
    let shown = untrusted::show(text);
    if shown.width() <= usize::from(slot.width) {
        let (end, _) = buffer.set_stringn(slot.x, slot.y, &shown, slot.width.into(), style);
        return end - slot.x;
    }
    let mut clipped = clip(&shown, usize::from(slot.width) - 1);
    clipped.push(theme.ellipsis());
    let (end, _) = buffer.set_stringn(slot.x, slot.y, clipped, slot.width.into(), style);
    end - slot.x
}

/// Writes a name into a slot; one that is too long is cut in the middle, since names of one workload begin alike.
pub fn put_name(buffer: &mut Buffer, slot: TextSlot, name: &str, style: Style, theme: Theme) -> u16 {
    let shown = untrusted::show(name);
    let room = usize::from(slot.width);
    if shown.width() <= room || room < 2 * TAIL {
        return put(buffer, slot, name, style, theme);
    }
    let tail: Vec<char> = shown.chars().rev().take(TAIL).collect();
    let tail: String = tail.into_iter().rev().collect();
    let head = clip(&shown, room.saturating_sub(tail.width() + 1));
    put(buffer, slot, &format!("{head}{}{tail}", theme.ellipsis()), style, theme)
}

/// The text as it is shown, in at most so many columns: what is longer loses its middle.
pub fn shortened(text: &str, columns: u16, theme: Theme) -> String {
    let (shown, room) = (untrusted::show(text), usize::from(columns));
    if shown.width() <= room {
        return shown.into_owned();
    }
    let Some(room) = room.checked_sub(1) else { return String::new() };
    let head = clip(&shown, room / 2);
    let backwards: String = shown.chars().rev().collect();
    let tail: String = clip(&backwards, room - head.width()).chars().rev().collect();
    format!("{head}{}{tail}", theme.ellipsis())
}

/// How much of a long name's end is kept.
const TAIL: usize = 5;

/// Writes text at the right end of a slot.
pub fn put_right(buffer: &mut Buffer, slot: TextSlot, text: &str, style: Style, theme: Theme) {
    let gap = slot.width.saturating_sub(width(text));
    put(buffer, slot.after(gap), text, style, theme);
}

/// As much of the text as fits.
fn clip(text: &str, columns: usize) -> String {
    let mut taken = 0;
    text.chars()
        .take_while(|it| {
            taken += it.width().unwrap_or(0);
            taken <= columns
        })
        .collect()
}

/// Whether a frame surrounds what the keys go to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameFocus {
    Here,
    Elsewhere,
}

/// Draws a frame with a title and gives back what is inside.
pub fn frame(buffer: &mut Buffer, area: Rect, title: &str, focus: FrameFocus, theme: Theme) -> Rect {
    if area.width < 2 || area.height < 2 {
        return Rect::default();
    }
    let style = theme.style(if focus == FrameFocus::Here { TextRole::Focus } else { TextRole::Dim });
    let [across, down, left_top, right_top, left_bottom, right_bottom] = theme.frame();
    let (right, bottom) = (area.right() - 1, area.bottom() - 1);
    for x in area.x + 1..right {
        buffer[(x, area.y)].set_char(across).set_style(style);
        buffer[(x, bottom)].set_char(across).set_style(style);
    }
    for y in area.y + 1..bottom {
        buffer[(area.x, y)].set_char(down).set_style(style);
        buffer[(right, y)].set_char(down).set_style(style);
    }
    for (x, y, corner) in [
        (area.x, area.y, left_top),
        (right, area.y, right_top),
        (area.x, bottom, left_bottom),
        (right, bottom, right_bottom),
    ] {
        buffer[(x, y)].set_char(corner).set_style(style);
    }
    let slot = TextSlot { x: area.x + 1, y: area.y, width: area.width - 2 };
    let title_style = theme.style(if focus == FrameFocus::Here { TextRole::Focus } else { TextRole::Text });
    put(buffer, slot, title, title_style, theme);
    Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
}

/// Adds a look to a whole row.
pub fn restyle(buffer: &mut Buffer, slot: TextSlot, style: Style) {
    let row = Rect { x: slot.x, y: slot.y, width: slot.width, height: 1 };
    buffer.set_style(row.intersection(buffer.area), style);
}

/// Breaks text into lines of at most so many columns, at spaces where there are some; never an empty list.
pub fn wrap(text: &str, columns: usize) -> Vec<&str> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut rest = text;
    while rest.width() > columns {
        let (line, left) = break_at(rest, columns);
        lines.push(line);
        rest = left.trim_start();
    }
    if !rest.is_empty() || lines.is_empty() {
        lines.push(rest);
    }
    lines
}

/// The first line of a text that is too long, and what is left.
///
/// A space is the best place; where that would leave the line half empty, a long name breaks behind `/`, `-` or `.`.
/// `textwrap` takes every place for as good as another and fills the line: names would be torn that fit on the next.
fn break_at(text: &str, columns: usize) -> (&str, &str) {
    let (mut taken, mut fits, mut space, mut joint) = (0, 0, None, None);
    for (at, character) in text.char_indices() {
        taken += character.width().unwrap_or(0);
        if character == ' ' && at > 0 && taken <= columns + 1 {
            space = Some(at);
        }
        if taken > columns {
            break;
        }
        fits = at + character.len_utf8();
        if matches!(character, '/' | '-' | '.') {
            joint = Some(fits);
        }
    }
    let joint = joint.filter(|it| *it > columns / 2);
    match (space, joint) {
        (Some(at), None) => (&text[..at], &text[at + 1..]),
        (Some(at), Some(joint)) if at > columns / 2 || at > joint => (&text[..at], &text[at + 1..]),
        (_, Some(joint)) => text.split_at(joint),
        // A wide character in a single column: taken whole, or this would never end.
        (None, None) if fits == 0 => text.split_at(text.chars().next().map_or(0, char::len_utf8)),
        (None, None) => text.split_at(fits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str, width: u16) -> String {
        let area = Rect::new(0, 0, width, 1);
        let mut buffer = Buffer::empty(area);
        put(&mut buffer, TextSlot::row(area, 0), text, Style::new(), Theme::default());
        (0..width).map(|x| buffer[(x, 0)].symbol()).collect()
    }

    #[test]
    fn long_names_keep_their_end() {
        let area = Rect::new(0, 0, 14, 1);
        let mut buffer = Buffer::empty(area);
        let cut = |buffer: &mut Buffer, name: &str| {
            buffer.reset();
            put_name(buffer, TextSlot::row(area, 0), name, Style::new(), Theme::default());
            (0..14).map(|x| buffer[(x, 0)].symbol()).collect::<String>()
        };
        assert_eq!(cut(&mut buffer, "shop/web-7d9-x2k4z"), "shop/web…x2k4z");
        assert_eq!(cut(&mut buffer, "shop/web-7d9-x"), "shop/web-7d9-x");
        assert_eq!(cut(&mut buffer, "a\u{1b}[31mb\u{1b}c"), "a\\u{1b}[…{1b}c", "what is cut was made safe before");
        assert!(cut(&mut buffer, "漢字漢字漢字漢字漢字").starts_with("漢"));
    }

    #[test]
    fn text_is_clipped_escaped_and_counted_in_columns() {
        assert_eq!(row("payments", 8), "payments");
        assert_eq!(row("payments", 5), "paym…");
        assert_eq!(row("a\u{1b}b", 8), "a\\u{1b}b");
        assert_eq!(width("中文"), 4);
        assert_eq!(row("中文字", 5), "中 文 …");
    }

    #[test]
    fn lines_break_at_spaces_and_words_that_are_too_long_break_anywhere() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("pod shop/web-7d9f-x", 9), ["pod shop/", "web-7d9f-", "x"]);
        assert_eq!(wrap("", 3), [""]);
        assert_eq!(wrap("中文", 1), ["中", "文"]);
        assert_eq!(wrap(" lead", 3), [" le", "ad"]);
    }

    #[test]
    fn a_frame_smaller_than_its_corners_draws_nothing() {
        let area = Rect::new(0, 0, 3, 1);
        let mut buffer = Buffer::empty(area);
        assert_eq!(frame(&mut buffer, area, "title", FrameFocus::Here, Theme::default()), Rect::default());
    }
}

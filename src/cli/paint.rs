//! A page on a terminal: the same characters as without color, and the outcome's own color on its glyph and word.
//!
//! Only the terminal's sixteen colors are used and no background, so every theme stays readable.

use std::fmt::Write as _;

use crate::text::{Line, Mark, Page};

/// Whether stdout takes colors.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Color {
    /// A file, a pipe, `NO_COLOR` or `--color never`.
    #[default]
    Never,
    /// A terminal.
    Always,
}

/// The page as text, one line each.
pub fn page(page: &Page, color: Color) -> String {
    match color {
        Color::Never => page.to_string(),
        Color::Always => page.lines.iter().fold(String::new(), |mut text, line| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}", painted(line));
            text
        }),
    }
}

fn painted(line: &Line) -> String {
    let indent = usize::from(line.indent) * 2;
    let (begin, end) = codes(line.mark);
    let text = format!("{:indent$}{begin}{} {}{end}", "", line.mark.glyph(), line.text);
    text.trim_end().to_owned()
}

/// The escape sequences around a line of this meaning (WORDS: green allows, red denies, yellow is unknown); the glyph
/// says the same without color.
const fn codes(mark: Mark) -> (&'static str, &'static str) {
    match mark {
        Mark::Plain => ("", ""),
        Mark::Title => ("\x1b[1m", "\x1b[0m"),
        Mark::Allow => ("\x1b[32m", "\x1b[0m"),
        Mark::Deny => ("\x1b[1;31m", "\x1b[0m"),
        Mark::Unknown => ("\x1b[4;33m", "\x1b[0m"),
        Mark::Miss | Mark::Note => ("\x1b[2m", "\x1b[0m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_add_nothing_but_escapes() {
        let mut it = Page::default();
        it.say(0, Mark::Deny, "deny");
        it.say(1, Mark::Plain, "why");
        assert_eq!(page(&it, Color::Never), "x deny\n    why\n");
        assert_eq!(page(&it, Color::Always), "\x1b[1;31mx deny\x1b[0m\n    why\n");
    }
}

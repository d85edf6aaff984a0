//! A page on a terminal: the same words as in a file, with signs for its marks, and the outcome's own color on its line.
//!
//! Only the terminal's sixteen colors are used and no background, so every theme stays readable.

use std::io;

use crate::text::{Mark, Page, PrintedExtent, Signs, hidden, numbered};

/// Whether stdout takes colors.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Color {
    /// A file, a pipe, `NO_COLOR` or `--color never`.
    #[default]
    Never,
    /// A terminal.
    Always,
}

/// How text is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Look {
    pub color: Color,
    /// ASCII in files and pipes, and where the terminal cannot show more.
    pub signs: Signs,
    /// Whether what is equal is said once.
    pub extent: PrintedExtent,
}

/// Writes the page as text, line by line: a page may be long.
pub fn write(page: &Page, Look { color, signs, extent }: Look, out: &mut dyn io::Write) -> io::Result<()> {
    page.printed(extent).try_for_each(|(line, behind)| {
        let indent = usize::from(line.indent) * 2;
        let (begin, end) = if color == Color::Always { codes(line.mark) } else { ("", "") };
        let (words, rule) = (line.words(signs), numbered(line.rule, extent));
        writeln!(out, "{}", format!("{:indent$}{begin}{words}{rule}{end}{}", "", hidden(behind)).trim_end())
    })
}

/// The escape sequences around a line of this meaning (WORDS: green allows, red denies, yellow is unknown); the glyph
/// says the same without color.
const fn codes(mark: Mark) -> (&'static str, &'static str) {
    match mark {
        Mark::Plain => ("", ""),
        Mark::Title => ("\x1b[1m", "\x1b[0m"),
        Mark::Allow => ("\x1b[32m", "\x1b[0m"),
        Mark::Deny => ("\x1b[1;31m", "\x1b[0m"),
        Mark::Unknown | Mark::Some => ("\x1b[4;33m", "\x1b[0m"),
        Mark::Miss | Mark::Note => ("\x1b[2m", "\x1b[0m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_named_where_all_is_said() {
        let mut page = Page::default();
        page.push(crate::text::Line::new(0, Mark::Note, "a port range decides").by_rule("S27"));
        let printed = |extent| {
            let mut out = Vec::new();
            write(&page, Look { extent, ..Look::default() }, &mut out).expect("a vector takes all bytes");
            String::from_utf8(out).expect("text")
        };
        assert_eq!(printed(PrintedExtent::Brief), "! a port range decides\n");
        assert_eq!(printed(PrintedExtent::Whole), "! a port range decides (S27)\n");
    }

    fn written(page: &Page, color: Color, signs: Signs) -> String {
        let mut out = Vec::new();
        write(page, Look { color, signs, extent: PrintedExtent::Brief }, &mut out).expect("a vector takes all bytes");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn colors_add_nothing_but_escapes() {
        let mut it = Page::default();
        it.say(0, Mark::Deny, "deny");
        it.say(1, Mark::Plain, "why");
        assert_eq!(written(&it, Color::Never, Signs::Ascii), it.to_string());
        assert_eq!(written(&it, Color::Always, Signs::Ascii), "\x1b[1;31mx deny\x1b[0m\n    why\n");
        assert_eq!(written(&it, Color::Never, Signs::Unicode), "✗ deny\n    why\n");
    }
}

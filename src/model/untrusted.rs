//! Text from outside, made safe to show: what could command a terminal or deceive an eye is written out.
//!
//! Names of RBAC objects, subjects and annotations may hold any byte (reliability.md §3.1). Dropping characters
//! would make `ad\u{1b}min` read `admin`, so they are replaced visibly: `ad\u{1b}min`. The backslash itself stays,
//! so this is for eyes, not for reading back; the forms that are read back escape by their own rules
//! ([`crate::text::written`]).

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;

/// How many zero-width marks may follow one another before they are written out.
const MARKS: usize = 4;

/// The text with control, bidirectional, invisible and private characters, and all spaces but the usual one, written
/// as `\u{…}`.
///
/// Line breaks and tabs become `\n`, `\r`, `\t`. Text that needs nothing is borrowed. Idempotent.
pub fn show(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|it| (0x20..0x7f).contains(&it)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    let mut marks = 0;
    for character in text.chars() {
        let is_mark = character.width() == Some(0);
        marks = if is_mark { marks + 1 } else { 0 };
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            it if is_deceptive(it) || marks > MARKS => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(it));
            }
            it => shown.push(it),
        }
    }
    Cow::Owned(shown)
}

/// Whether `show` would change the text: a sign worth a mark beside a name.
pub fn is_deceptive_text(text: &str) -> bool {
    matches!(show(text), Cow::Owned(shown) if shown != text)
}

/// Whether one character must not reach a terminal as it is: it commands one, turns what is read, or is not seen.
pub fn is_deceptive(it: char) -> bool {
    if matches!(it, ' '..='~') {
        return false;
    }
    it.is_control()
        || matches!(u32::from(it),
            0xa0 | 0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f
            | 0x1680 | 0x2000..=0x200f | 0x2028..=0x202f | 0x205f..=0x206f | 0x2800 | 0x3000 | 0x3164 | 0xfe00..=0xfe0f
            | 0xfeff | 0xffa0 | 0xfff0..=0xfffd | 0x1d173..=0x1d17a
            | 0xe000..=0xf8ff | 0xe0000..=0xe0fff | 0xf0000..=0x10ffff)
        || it.width().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: reliability.md §3.1; CVE-2021-25743.
    #[test]
    fn what_commands_or_deceives_is_written_out() {
        let cases = [
            ("admin", "admin"),
            ("ad\u{1b}min", "ad\\u{1b}min"),
            ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
            ("\u{202e}nimda", "\\u{202e}nimda"),
            ("a\u{200b}b\u{ad}c", "a\\u{200b}b\\u{ad}c"),
            ("a\u{a0}\u{2009}b\u{3000}", "a\\u{a0}\\u{2009}b\\u{3000}"),
            ("caf\u{e9} 中", "caf\u{e9} 中"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("x\u{301}\u{301}\u{301}\u{301}\u{301}", "x\u{301}\u{301}\u{301}\u{301}\\u{301}"),
        ];
        for (text, shown) in cases {
            assert_eq!(show(text), shown);
            assert_eq!(show(&show(text)), shown, "idempotent");
        }
        assert!(is_deceptive_text("a\u{feff}") && !is_deceptive_text("中"));
    }
}

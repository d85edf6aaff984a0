//! What the terminal can show, told by the environment; and whether it can show a screen at all.

use std::env;
use std::io::IsTerminal;

use crate::text::Signs;
use crate::tui::theme::{Colors, Glyphs, Theme};

/// Why no screen can be opened here.
pub fn refusal() -> Option<String> {
    let why = match env::var("TERM").as_deref() {
        _ if !std::io::stdout().is_terminal() => "stdout is not a terminal",
        Ok("dumb") => "TERM=dumb cannot show a screen",
        _ => return None,
    };
    Some(format!("{why}; `kreach trace`, `map` and `reach` answer without one"))
}

/// How things look here, unless the user has said it.
pub fn theme(ascii: bool, said: Option<Colors>) -> Theme {
    let text = |name: &str| env::var(name).ok();
    let told = if text("NO_COLOR").is_some_and(|it| !it.is_empty()) { Colors::none() } else { Colors::default() };
    let glyphs = if ascii || !is_unicode_here() { Glyphs::Ascii } else { Glyphs::Unicode };
    Theme { colors: said.unwrap_or(told), glyphs }
}

/// What marks are written by: what reads a pipe or a file finds the same in every locale.
pub fn signs(ascii: bool) -> Signs {
    if ascii || !std::io::stdout().is_terminal() || !is_unicode_here() { Signs::Ascii } else { Signs::Unicode }
}

fn is_unicode_here() -> bool {
    is_unicode(["LC_ALL", "LC_CTYPE", "LANG"].map(|it| env::var(it).ok()))
}

/// Whether one is far away, so that bytes and delays count more.
pub fn is_remote() -> bool {
    ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"].iter().any(|it| env::var_os(it).is_some())
}

/// Whether the first of these that says something says UTF-8.
fn is_unicode(locales: [Option<String>; 3]) -> bool {
    let said = locales.into_iter().flatten().find(|it| !it.is_empty()).unwrap_or_default().to_lowercase();
    said.contains("utf-8") || said.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_that_is_set_decides() {
        let of = |all: [&str; 3]| is_unicode(all.map(|it| Some(it.to_owned())));
        assert!(of(["", "", "C.UTF-8"]) && of(["de_DE.utf8", "C", ""]));
        assert!(!of(["C", "", "en_US.UTF-8"]) && !is_unicode([None, None, None]));
    }
}

//! The names of keys: how the command table, the help and the docs write them.
//!
//! `t`, `T`, `ctrl-s`, `Enter`, `BackTab`, `shift-Up`, `space`.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The name of a pressed key; `None` for keys that no command uses.
pub fn name(key: KeyEvent) -> Option<String> {
    let word = match key.code {
        KeyCode::Char(' ') => "space".into(),
        KeyCode::Char(it) if key.modifiers.contains(KeyModifiers::CONTROL) => {
            return Some(format!("ctrl-{}", it.to_ascii_lowercase()));
        }
        KeyCode::Char(_) if key.modifiers.contains(KeyModifiers::ALT) => return None,
        KeyCode::Char(it) => return Some(it.to_string()),
        KeyCode::Enter => "Enter".into(),
        KeyCode::Esc => "Esc".into(),
        KeyCode::Tab => "Tab".into(),
        KeyCode::BackTab => return Some("BackTab".into()),
        KeyCode::Backspace => "Backspace".into(),
        KeyCode::Delete => "Delete".into(),
        KeyCode::Up => "Up".into(),
        KeyCode::Down => "Down".into(),
        KeyCode::Left => "Left".into(),
        KeyCode::Right => "Right".into(),
        KeyCode::PageUp => "PgUp".into(),
        KeyCode::PageDown => "PgDn".into(),
        KeyCode::Home => "Home".into(),
        KeyCode::End => "End".into(),
        _ => return None,
    };
    Some(match key.modifiers {
        it if it.contains(KeyModifiers::SHIFT) => format!("shift-{word}"),
        it if it.contains(KeyModifiers::CONTROL) => format!("ctrl-{word}"),
        _ => word,
    })
}

/// The key of this name; the inverse of [`name`], for scripts and tests.
pub fn parse(name: &str) -> Option<KeyEvent> {
    let (modifiers, word) = match name.split_once('-') {
        Some(("ctrl", rest)) => (KeyModifiers::CONTROL, rest),
        Some(("shift", rest)) => (KeyModifiers::SHIFT, rest),
        _ => (KeyModifiers::NONE, name),
    };
    let code = match word {
        "space" => KeyCode::Char(' '),
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "BackTab" => KeyCode::BackTab,
        "Backspace" => KeyCode::Backspace,
        "Delete" => KeyCode::Delete,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "PgUp" => KeyCode::PageUp,
        "PgDn" => KeyCode::PageDown,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        it => {
            let mut characters = it.chars();
            let (only, None) = (characters.next()?, characters.next()) else { return None };
            KeyCode::Char(only)
        }
    };
    Some(KeyEvent::new(code, modifiers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_keys_are_one_to_one() {
        for word in ["t", "T", "-", "ctrl-s", "Enter", "BackTab", "shift-Up", "space", "PgDn", "[", ":", "!"] {
            assert_eq!(parse(word).and_then(name).as_deref(), Some(word));
        }
        assert_eq!(parse("ctrl-"), None);
        assert_eq!(parse("no"), None);
    }
}

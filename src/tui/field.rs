//! One line of text that is being typed: readline's keys, and pastes that never run.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input, InputRequest};

/// A line being typed.
#[derive(Clone, Debug, Default)]
pub struct Field {
    input: Input,
}

impl Field {
    /// A line that already holds this.
    pub fn holding(text: &str) -> Self {
        Self { input: Input::new(text.into()) }
    }

    /// What has been typed.
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// The column of the cursor.
    pub fn cursor(&self) -> u16 {
        u16::try_from(self.input.visual_cursor()).unwrap_or(u16::MAX)
    }

    /// Takes a key; whether it was one of a text field's.
    pub fn press(&mut self, key: KeyEvent) -> bool {
        let request = request(key);
        if let Some(request) = request {
            self.input.handle(request);
        }
        request.is_some()
    }

    /// Types pasted text; line breaks become spaces, other control characters are left out.
    pub fn paste(&mut self, text: &str) {
        let characters = text.trim_end_matches(['\n', '\r']).chars();
        for character in characters.map(|it| if matches!(it, '\n' | '\r' | '\t') { ' ' } else { it }) {
            if !character.is_control() {
                self.input.handle(InputRequest::InsertChar(character));
            }
        }
    }
}

/// What a key does in a text field.
fn request(key: KeyEvent) -> Option<InputRequest> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    Some(match key.code {
        KeyCode::Char('a') if control => InputRequest::GoToStart,
        KeyCode::Char('e') if control => InputRequest::GoToEnd,
        KeyCode::Char('b') if control => InputRequest::GoToPrevChar,
        KeyCode::Char('f') if control => InputRequest::GoToNextChar,
        KeyCode::Char('u') if control => InputRequest::DeleteFromStart,
        KeyCode::Char('k') if control => InputRequest::DeleteTillEnd,
        KeyCode::Char('w') if control => InputRequest::DeletePrevWord,
        KeyCode::Char('d') if control => InputRequest::DeleteNextChar,
        KeyCode::Char('h') if control => InputRequest::DeletePrevChar,
        KeyCode::Char('y') if control => InputRequest::Yank,
        KeyCode::Char('b') if alt => InputRequest::GoToPrevWord,
        KeyCode::Char('f') if alt => InputRequest::GoToNextWord,
        KeyCode::Char('d') if alt => InputRequest::DeleteNextWord,
        KeyCode::Char(_) if control || alt => return None,
        KeyCode::Char(it) => InputRequest::InsertChar(it),
        KeyCode::Backspace => InputRequest::DeletePrevChar,
        KeyCode::Delete => InputRequest::DeleteNextChar,
        KeyCode::Left => InputRequest::GoToPrevChar,
        KeyCode::Right => InputRequest::GoToNextChar,
        KeyCode::Home => InputRequest::GoToStart,
        KeyCode::End => InputRequest::GoToEnd,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::key;

    #[test]
    fn readline_edits_and_pastes_are_one_line() {
        let mut field = Field::default();
        field.paste("one two\nthree\u{1b}\n");
        assert_eq!(field.text(), "one two three");
        for name in ["ctrl-w", "ctrl-a", "x", "ctrl-e", "Backspace"] {
            assert!(field.press(key::parse(name).expect("a key")));
        }
        assert_eq!(field.text(), "xone two");
        assert!(!field.press(key::parse("Enter").expect("a key")));
    }
}

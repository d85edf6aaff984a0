//! Puts escape sequences together that arrived in pieces.
//!
//! Over a slow line `ESC [ A` may come as `ESC`, a pause, `[A`, and crossterm then reports three keys: a user who
//! presses Up would close what is open and type letters (docs/terminal.md, hygiene). So a bare Esc is held for a moment:
//! if `[` or `O` and a known end follow, it was one key.

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// How long a bare Esc is held: `ESCDELAY` in milliseconds, else longer when one is far away.
pub fn delay() -> Duration {
    let said = std::env::var("ESCDELAY").ok().and_then(|it| it.parse().ok());
    let otherwise = if super::look::is_remote() { 100 } else { 25 };
    Duration::from_millis(said.unwrap_or(otherwise).min(1_000))
}

/// Keys that may be the beginning of a sequence.
#[derive(Clone, Debug, Default)]
pub struct Repair {
    held: Vec<Event>,
    text: String,
}

impl Repair {
    /// Whether something is held, so that time must be watched.
    pub fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Takes an event and gives those that are certain now.
    pub fn take(&mut self, event: Event) -> Vec<Event> {
        let Some(key) = pressed(&event) else { return self.flush_with(event) };
        if self.held.is_empty() {
            if key.code == KeyCode::Esc && key.modifiers.is_empty() {
                self.held.push(event);
                return Vec::new();
            }
            return vec![event];
        }
        let KeyCode::Char(character) = key.code else { return self.flush_with(event) };
        self.text.push(character);
        self.held.push(event);
        match meaning(&self.text) {
            Meaning::Key(code, modifiers) => {
                self.held.clear();
                self.text.clear();
                vec![Event::Key(KeyEvent::new(code, modifiers))]
            }
            Meaning::Unfinished => Vec::new(),
            Meaning::Nothing => self.expire(),
        }
    }

    /// Time is up: what is held is what it looks like.
    pub fn expire(&mut self) -> Vec<Event> {
        self.text.clear();
        std::mem::take(&mut self.held)
    }

    fn flush_with(&mut self, event: Event) -> Vec<Event> {
        let mut events = self.expire();
        events.push(event);
        events
    }
}

fn pressed(event: &Event) -> Option<&KeyEvent> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(key),
        _ => None,
    }
}

/// What follows an Esc.
enum Meaning {
    Key(KeyCode, KeyModifiers),
    Unfinished,
    Nothing,
}

fn meaning(text: &str) -> Meaning {
    const KEYS: &[(&str, KeyCode)] = &[
        ("[A", KeyCode::Up),
        ("[B", KeyCode::Down),
        ("[C", KeyCode::Right),
        ("[D", KeyCode::Left),
        ("[H", KeyCode::Home),
        ("[F", KeyCode::End),
        ("OA", KeyCode::Up),
        ("OB", KeyCode::Down),
        ("OC", KeyCode::Right),
        ("OD", KeyCode::Left),
        ("OH", KeyCode::Home),
        ("OF", KeyCode::End),
        ("[1~", KeyCode::Home),
        ("[3~", KeyCode::Delete),
        ("[4~", KeyCode::End),
        ("[5~", KeyCode::PageUp),
        ("[6~", KeyCode::PageDown),
        ("[1;2A", KeyCode::Up),
        ("[1;2B", KeyCode::Down),
        ("[Z", KeyCode::BackTab),
    ];
    match KEYS.iter().find(|(it, _)| *it == text) {
        Some((it, code)) if it.contains(";2") => Meaning::Key(*code, KeyModifiers::SHIFT),
        Some((_, code)) => Meaning::Key(*code, KeyModifiers::NONE),
        None if KEYS.iter().any(|(it, _)| it.starts_with(text)) => Meaning::Unfinished,
        None => Meaning::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode) -> Event {
        Event::Key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn repaired(codes: &[KeyCode]) -> Vec<Event> {
        let mut repair = Repair::default();
        let mut events: Vec<Event> = codes.iter().flat_map(|it| repair.take(key(*it))).collect();
        events.extend(repair.expire());
        events
    }

    /// crossterm 0.29 reports `ESC`, 20 ms, `[A` as three keys.
    #[test]
    fn a_split_sequence_is_one_key() {
        use KeyCode::{Char, Esc};
        assert_eq!(repaired(&[Esc, Char('['), Char('A')]), [key(KeyCode::Up)]);
        assert_eq!(
            repaired(&[Esc, Char('['), Char('6'), Char('~'), Char('j')]),
            [key(KeyCode::PageDown), key(Char('j'))]
        );
        assert_eq!(repaired(&[Esc]), [key(Esc)]);
        assert_eq!(repaired(&[Esc, Char('j')]), [key(Esc), key(Char('j'))]);
        assert_eq!(repaired(&[Esc, Char('['), Char('x')]), [key(Esc), key(Char('[')), key(Char('x'))]);
        assert_eq!(repaired(&[Esc, Esc]), [key(Esc), key(Esc)]);
        assert_eq!(repaired(&[Char('j')]), [key(Char('j'))]);
    }
}

//! One object's YAML on the screen: opened at a place, scrolled, searched.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::app::FetchedObject;
use super::page::Seek;
use super::paint::{self, FrameFocus, TextSlot};
use super::theme::{TextRole, Theme};
use super::yaml::{self, ManagedFieldsShown, YamlLine};
use crate::model::id::ObjectId;
use crate::model::place::Place;

/// Lines of YAML and where one is in them.
#[derive(Clone, Debug, Default)]
pub struct Viewer {
    lines: Vec<YamlLine>,
    pub managed: ManagedFieldsShown,
    title: String,
    cursor: usize,
    top: usize,
    /// How many columns are scrolled away.
    pub shift: usize,
    /// The next lines are shown at their place.
    seeks: bool,
}

impl Viewer {
    /// Shows what is shown next at its place.
    pub fn seek(&mut self) {
        self.seeks = true;
        self.shift = 0;
    }

    /// Shows a fetched object, or why there is none.
    pub fn show(&mut self, object: &ObjectId, place: &Place, fetched: Option<&FetchedObject>) {
        self.title = match place.0.is_empty() {
            true => object.to_string(),
            false => format!("{object} {place}"),
        };
        let Some(fetched) = fetched.filter(|it| it.id == *object) else {
            self.lines = say(&format!("reading {object}"));
            return;
        };
        self.lines = match &fetched.object {
            Ok(value) => yaml::lines(value, self.managed),
            Err(fault) => say(&format!("{object} cannot be read: {}", fault.whole())),
        };
        if std::mem::take(&mut self.seeks) {
            self.cursor = yaml::line_of(&self.lines, place);
            self.top = self.cursor.saturating_sub(3);
        }
        self.cursor = self.cursor.min(self.lines.len().saturating_sub(1));
    }

    /// All lines as text.
    pub fn text(&self) -> String {
        self.lines.iter().map(|it| format!("{}\n", it.text)).collect()
    }

    /// Moves the cursor by so many lines.
    pub fn step(&mut self, lines: isize) {
        self.go(self.cursor.saturating_add_signed(lines));
    }

    /// Moves the cursor to a line; past the end: the last one.
    fn go(&mut self, line: usize) {
        self.cursor = line.min(self.lines.len().saturating_sub(1));
    }

    /// Moves the cursor to the next line with these letters, around the end; whether there is one.
    pub fn find(&mut self, letters: &str, seek: Seek) -> bool {
        let letters = letters.to_lowercase();
        let count = self.lines.len();
        let mut places = seek.order(count).map(|step| (self.cursor + step) % count.max(1));
        let found = places.find(|at| self.lines[*at].text.to_lowercase().contains(&letters));
        if let Some(at) = found {
            self.cursor = at;
        }
        found.is_some()
    }

    /// Keeps the cursor on the screen.
    pub fn settle(&mut self, area: Rect) {
        let rows = usize::from(area.height.saturating_sub(2)).max(1);
        let last = self.lines.len().saturating_sub(rows);
        self.top = self.top.min(last).min(self.cursor).max((self.cursor + 1).saturating_sub(rows));
    }

    /// What stands above it.
    pub fn heading(&self) -> String {
        format!("YAML {}", self.title)
    }

    /// Draws it in a frame.
    pub fn draw(&self, buffer: &mut Buffer, area: Rect, focus: FrameFocus, theme: Theme) {
        let inner = paint::frame(buffer, area, &self.heading(), focus, theme);
        for (row, line) in self.lines.iter().skip(self.top).take(inner.height.into()).enumerate() {
            let slot = TextSlot::row(inner, row as u16);
            let text: String = line.text.chars().skip(self.shift).collect();
            let is_here = self.top + row == self.cursor;
            paint::put(buffer, slot, if is_here { ">" } else { " " }, theme.style(TextRole::Title), theme);
            let (key, value) = text.split_at(key_end(&text));
            let value_style = theme.style(if is_here { TextRole::Title } else { TextRole::Text });
            let taken = paint::put(buffer, slot.after(1), key, theme.style(TextRole::Key), theme);
            paint::put(buffer, slot.after(1 + taken), value, value_style, theme);
            if is_here && focus == FrameFocus::Here {
                paint::restyle(buffer, slot, theme.selected());
            }
        }
    }
}

/// Where the key of a line of YAML ends; 0: it has none.
fn key_end(line: &str) -> usize {
    let begin = line.len() - line.trim_start_matches([' ', '-']).len();
    // A quoted key would need to be read for its end: it stays plain.
    let key = &line[begin..];
    let end = key.find(": ").or_else(|| key.ends_with(':').then(|| key.len() - 1));
    end.filter(|at| !key[..*at].contains(['"', '\'', ' '])).map_or(0, |at| begin + at)
}

fn say(words: &str) -> Vec<YamlLine> {
    vec![YamlLine { text: words.to_owned(), place: Place::default() }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_yaml_are_told_from_their_values() {
        let key = |line: &str| line[..key_end(line)].to_owned();
        assert_eq!(key("  - name: web"), "  - name");
        assert_eq!(key("spec:"), "spec");
        assert_eq!(key("  - 10.0.0.0/8"), "");
        assert_eq!(key("  two words: x"), "");
        assert_eq!(key("app.kubernetes.io/name: web"), "app.kubernetes.io/name");
    }
}

//! A list to choose from, narrowed by typing: help, palette, namespaces, contexts, ports, sorting, copying.
//!
//! ```text
//! ┌ namespaces ───────────────┐
//! │/pay_                      │
//! │>payments        12 pods   │
//! │ payments-eu      3 pods   │
//! └───────────────────────────┘
//! ```
//!
//! An entry that cannot run now stays, greyed, and says why: hiding it would break the memory of fingers.

use std::collections::BTreeSet;

use fuzzy_matcher::FuzzyMatcher;
use fuzzy_matcher::skim::SkimMatcherV2;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::access::WhoAsked;
use super::field::Field;
use super::paint::{self, FrameFocus, TextSlot};
use super::theme::{TextRole, Theme};
use crate::ask::QuestionLine;
use crate::ask::end::PortAsk;
use crate::model::name::Name;

/// What choosing an entry does.
#[derive(Clone, PartialEq, Debug)]
pub enum Choice {
    /// Runs the command at this place of the table.
    Command(usize),
    /// Puts a palette word into the field, for its arguments.
    Word(&'static str),
    /// Puts this line into the field.
    Fill(String),
    Namespace(Name),
    AllNamespaces,
    Context(Name),
    Port(PortAsk),
    /// Sorts by the column at this place.
    Column(usize),
    /// Hides the column at this place, or shows it.
    Hide(usize),
    /// Asks who can.
    Who(Box<WhoAsked>),
    /// Opens what answers this.
    Ask(Box<QuestionLine>),
    /// Copies this text.
    Copy(String),
    /// Keeps what is exported of the stage.
    Export {
        extension: &'static str,
        text: String,
    },
}

/// One entry.
#[derive(Clone, PartialEq, Debug)]
pub struct PickerEntry {
    pub label: String,
    pub detail: String,
    /// Why it cannot be chosen now.
    pub refusal: Option<String>,
    /// The heading that it stands below; empty for none.
    pub group: &'static str,
    pub choice: Choice,
}

impl PickerEntry {
    /// An entry that can be chosen.
    pub fn new(label: impl Into<String>, detail: impl Into<String>, choice: Choice) -> Self {
        Self { label: label.into(), detail: detail.into(), refusal: None, group: "", choice }
    }
}

/// What is being chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PickerSubject {
    Help,
    Palette,
    Namespaces,
    Contexts,
    Ports,
    Sort,
    Columns,
    Verbs,
    Copy,
}

/// A list to choose from.
#[derive(Clone, Debug)]
pub struct Picker {
    pub subject: PickerSubject,
    title: &'static str,
    entries: Vec<PickerEntry>,
    pub field: Field,
    shown: Vec<usize>,
    at: usize,
    top: usize,
    /// The cursor was moved since the last letter: what it is on is what is meant.
    is_moved: bool,
    marks: BTreeSet<usize>,
}

/// One row of the list: an entry by its place among those that are shown, or the heading of a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Piece {
    Entry(usize),
    Heading(&'static str),
}

/// How wide a column of entries is at least, where there is room for several.
const COLUMN: u16 = 56;
/// So many columns are read together.
const COLUMNS: u16 = 3;

/// More than letters that stand apart can score.
const BEGINS: i64 = 1 << 20;

impl Picker {
    /// A list of these entries.
    pub fn new(subject: PickerSubject, title: &'static str, entries: Vec<PickerEntry>) -> Self {
        let shown = (0..entries.len()).collect();
        Self {
            subject,
            title,
            entries,
            field: Field::default(),
            shown,
            at: 0,
            top: 0,
            is_moved: false,
            marks: BTreeSet::new(),
        }
    }

    /// Puts other entries in the place of all: those for the line that is typed.
    pub fn renew(&mut self, entries: Vec<PickerEntry>) {
        self.entries = entries;
        self.marks.clear();
        self.narrow();
    }

    /// Whether the cursor was moved since the last letter.
    pub fn is_moved(&self) -> bool {
        self.is_moved
    }

    /// Narrows the list to what matches the typed text, best first.
    pub fn narrow(&mut self) {
        self.is_moved = false;
        if self.subject == PickerSubject::Palette && self.field.text().trim_start().contains(' ') {
            // What may stand behind a word was chosen by what is typed of it.
            (self.shown, self.at, self.top) = ((0..self.entries.len()).collect(), 0, 0);
            return;
        }
        // What follows the first word of a command line is its arguments.
        let typed = self.field.text().trim_start();
        let word = if self.subject == PickerSubject::Palette { typed.split(' ').next().unwrap_or("") } else { typed };
        let matcher = SkimMatcherV2::default().ignore_case();
        let mut scored: Vec<(i64, usize)> = Vec::new();
        for (at, entry) in self.entries.iter().enumerate() {
            // What begins so stands above what only holds the letters.
            let begins = if entry.label.starts_with(word) { BEGINS } else { 0 };
            let by_label = matcher.fuzzy_match(&entry.label, word).map(|it| it * 4 + begins);
            let by_detail = || entry.detail.to_lowercase().contains(&word.to_lowercase()).then_some(1);
            if let Some(score) = by_label.or_else(by_detail) {
                scored.push((if word.is_empty() { 0 } else { score }, at));
            }
        }
        scored.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
        self.shown = scored.into_iter().map(|it| it.1).collect();
        (self.at, self.top) = (0, 0);
    }

    /// Moves by so many entries.
    pub fn step(&mut self, entries: isize) {
        self.at = self.at.saturating_add_signed(entries).min(self.shown.len().saturating_sub(1));
        self.is_moved = true;
    }

    /// Whether the cursor is on the first entry.
    pub fn is_at_top(&self) -> bool {
        self.at == 0
    }

    /// The entry under the cursor.
    pub fn selected(&self) -> Option<&PickerEntry> {
        self.entries.get(*self.shown.get(self.at)?)
    }

    /// Marks the entry under the cursor, or takes its mark away.
    pub fn mark(&mut self) {
        if let Some(at) = self.shown.get(self.at).copied()
            && !self.marks.remove(&at)
        {
            self.marks.insert(at);
        }
        self.step(1);
    }

    /// The marked entries, in their order.
    pub fn marked(&self) -> impl Iterator<Item = &PickerEntry> {
        self.marks.iter().map(|at| &self.entries[*at])
    }

    /// The area that it takes of a screen.
    fn area(&self, screen: Rect) -> Rect {
        let room = screen.width.saturating_sub(4);
        let columns = self.columns(room);
        let width = if columns > 1 { room.min(columns * (COLUMN + 10)) } else { room.min(76) };
        let rows = self.all_pieces().len().div_ceil(columns.into());
        let wanted = u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(3);
        let height = screen.height.saturating_sub(2).min(wanted.max(5));
        let x = screen.x + (screen.width - width) / 2;
        Rect { x, y: screen.y + 1, width, height }
    }

    /// Keeps the cursor on the screen.
    pub fn settle(&mut self, screen: Rect) {
        let area = self.area(screen);
        let told = self.told(usize::from(area.width.saturating_sub(2))).len();
        let rows = usize::from(area.height.saturating_sub(3)).saturating_sub(told).max(1);
        let room = rows * usize::from(self.columns(area.width.saturating_sub(2)));
        let here = self.pieces().iter().position(|it| *it == Piece::Entry(self.at)).unwrap_or(0);
        // The heading above the first entry is seen with it.
        let first = if self.at == 0 { 0 } else { here };
        self.top = self.top.min(first).max((here + 1).saturating_sub(room));
    }

    /// The rows of the list: entries, below their headings where nothing is typed.
    fn pieces(&self) -> Vec<Piece> {
        let shown = self.shown.iter().map(|it| &self.entries[*it]);
        pieces(shown.map(|it| it.group), self.field.text().is_empty())
    }

    /// The same of all entries, by which its size does not change while one types.
    fn all_pieces(&self) -> Vec<Piece> {
        pieces(self.entries.iter().map(|it| it.group), true)
    }

    /// How many columns of entries there is room for: only what has headings is read in several.
    fn columns(&self, width: u16) -> u16 {
        let has_groups = self.entries.iter().any(|it| !it.group.is_empty());
        if has_groups { (width / COLUMN).clamp(1, COLUMNS) } else { 1 }
    }

    /// How many columns of the screen labels take.
    fn label_width(&self) -> u16 {
        if self.entries.iter().all(|it| it.group.is_empty()) {
            return 18;
        }
        self.entries.iter().map(|it| paint::width(&it.label)).max().unwrap_or(0).min(18)
    }

    /// What there is no room for in the row of the selected entry, in lines below all.
    fn told(&self, width: usize) -> Vec<String> {
        let Some(entry) = self.selected() else { return Vec::new() };
        let words = words_of(entry);
        let width_here = width / usize::from(self.columns(width as u16)).max(1);
        let label = paint::width(&entry.label).max(self.label_width());
        let is_cut = usize::from(label + 2 + paint::width(&words)) > width_here;
        if !is_cut {
            return Vec::new();
        }
        paint::wrap(&words, width.saturating_sub(2)).into_iter().map(str::to_owned).collect()
    }

    /// Draws it over what is there.
    pub fn draw(&self, buffer: &mut Buffer, screen: Rect, theme: Theme) {
        let area = self.area(screen);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                buffer[(x, y)].reset();
            }
        }
        let title = format!(" {} ({}) ", self.title, self.shown.len());
        let inner = paint::frame(buffer, area, &title, FrameFocus::Here, theme);
        if inner.is_empty() {
            return;
        }
        self.draw_field(buffer, TextSlot::row(inner, 0), theme);
        let told = self.told(usize::from(inner.width));
        let rows = inner.height.saturating_sub(told.len() as u16);
        for (row, line) in (rows..).zip(&told) {
            paint::put(buffer, TextSlot::row(inner, row).after(1), line, theme.style(TextRole::Note), theme);
        }
        let (pieces, columns, labels) = (self.pieces(), self.columns(inner.width), self.label_width());
        let width = inner.width / columns;
        let places = (0..columns).flat_map(|column| (1..rows).map(move |row| (column, row)));
        for (piece, (column, row)) in pieces.iter().skip(self.top).zip(places) {
            let left = column * width;
            let slot =
                TextSlot { width: width - u16::from(column + 1 < columns), ..TextSlot::row(inner, row).after(left) };
            match *piece {
                Piece::Heading(words) => drop(paint::put(buffer, slot, words, theme.style(TextRole::Title), theme)),
                Piece::Entry(at) => {
                    if let Some(entry) = self.shown.get(at) {
                        let is_here = at == self.at;
                        self.draw_entry(buffer, slot, (*entry, is_here), labels, theme);
                    }
                }
            }
        }
    }

    fn draw_field(&self, buffer: &mut Buffer, slot: TextSlot, theme: Theme) {
        let sign = if self.subject == PickerSubject::Palette { ":" } else { "/" };
        paint::put(buffer, slot, sign, theme.style(TextRole::Key), theme);
        field(buffer, slot.after(1), &self.field, theme);
    }

    /// Draws one, and whether the cursor is on it; labels take so many columns.
    fn draw_entry(&self, buffer: &mut Buffer, slot: TextSlot, (at, is_here): (usize, bool), labels: u16, theme: Theme) {
        let entry = &self.entries[at];
        let sign = match (is_here, self.marks.contains(&at)) {
            (true, true) => "#",
            (true, false) => ">",
            (false, true) => "*",
            (false, false) => " ",
        };
        let role = if entry.refusal.is_some() { TextRole::Dim } else { TextRole::Text };
        paint::put(buffer, slot, sign, theme.style(TextRole::Title), theme);
        let label = slot.after(1);
        let taken = paint::put(buffer, label, &entry.label, theme.style(role), theme);
        let detail = label.after(taken.max(labels) + 1);
        paint::put(buffer, detail, &words_of(entry), theme.style(TextRole::Dim), theme);
        if is_here {
            paint::restyle(buffer, slot, theme.selected());
        }
    }
}

/// Entries, each group of them below its heading.
fn pieces(groups: impl Iterator<Item = &'static str>, with_headings: bool) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut above = "";
    for (at, group) in groups.enumerate() {
        if with_headings && group != above {
            pieces.push(Piece::Heading(group));
            above = group;
        }
        pieces.push(Piece::Entry(at));
    }
    pieces
}

/// What an entry says of itself, and why it cannot be chosen now.
fn words_of(entry: &PickerEntry) -> String {
    match &entry.refusal {
        Some(why) => format!("{} (not now: {why})", entry.detail),
        None => entry.detail.clone(),
    }
}

/// Draws a line being typed, its cursor reversed; the end stays in sight when it is too long.
pub fn field(buffer: &mut Buffer, slot: TextSlot, field: &Field, theme: Theme) {
    let text = field.text();
    let room = slot.width.saturating_sub(1);
    let hidden = field.cursor().saturating_sub(room);
    let mut skipped = 0;
    let shown: String = text
        .chars()
        .skip_while(|it| {
            let skip = skipped < hidden;
            skipped += paint::width(&it.to_string());
            skip
        })
        .collect();
    paint::put(buffer, slot, &shown, theme.style(TextRole::Text), theme);
    let cursor = slot.after(field.cursor() - hidden);
    paint::restyle(buffer, TextSlot { width: cursor.width.min(1), ..cursor }, theme.selected());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picker() -> Picker {
        let entry = |label: &str| PickerEntry::new(label, "", Choice::Namespace(label.into()));
        Picker::new(PickerSubject::Namespaces, "namespaces", ["shop", "payments", "pay-eu"].map(entry).into())
    }

    #[test]
    fn typing_narrows_and_marks_stay() {
        let mut picker = picker();
        picker.step(1);
        picker.mark();
        picker.field.paste("pay");
        picker.narrow();
        assert_eq!(picker.shown.len(), 2);
        assert_eq!(picker.marked().map(|it| it.label.as_str()).collect::<Vec<_>>(), ["payments"]);
        picker.field.paste("zzz");
        picker.narrow();
        assert!(picker.selected().is_none());
        picker.step(1);
    }
}

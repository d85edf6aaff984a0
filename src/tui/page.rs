//! A page of lines on the screen: wrapped to its width, with a cursor that follows links.
//!
//! Which line the cursor is on is kept, and what stands there is found again when the page changes, so that an
//! answer that changes under the eye does not move the cursor to another reason. Lines below those where a page folds
//! ([`Page::fold`]) are opened one by one; a search opens what it finds. What a long page leaves out below a line
//! ([`Line::shut`]) is asked for when that is opened, see [`PageReader::wants_more`].

mod drawn;

use std::collections::BTreeSet;

use drawn::ScreenRow;

use crate::text::{About, Line, Link, Mark, Page, Shape};

/// A page and where one is in it.
#[derive(Clone, Debug, Default)]
pub struct PageReader {
    pub page: Page,
    cursor: usize,
    /// The first row on the screen, counted in wrapped rows.
    top: usize,
    /// The paths of lines that are not as they began, open or closed.
    toggled: BTreeSet<String>,
    /// What is to be seen, as laid out last.
    rows: Vec<ScreenRow>,
    /// For how many columns that was; `None`: it must be laid out anew.
    laid: Option<u16>,
    wants_more: bool,
    /// Where one was when the page that comes next was left.
    resumes: Option<PagePosition>,
}

/// Where one is in a page, to come back to.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PagePosition {
    cursor: usize,
    top: usize,
    toggled: BTreeSet<String>,
}

impl PageReader {
    /// Shows another page; the cursor stays on what it was on, where that is still there.
    pub fn show(&mut self, page: Page) {
        self.wants_more = false;
        if let Some(at) = self.resumes.take_if(|it| it.cursor < page.lines.len()) {
            (self.cursor, self.top, self.laid, self.page) = (at.cursor, at.top, None, page);
            return;
        }
        if page == self.page {
            return;
        }
        let before = self.line().cloned();
        let head = self.parent(self.cursor).map(|at| (self.page.lines[at].clone(), self.cursor - at));
        self.page = page;
        let same = before.and_then(|before| self.place_of(&before, head));
        self.cursor = same.unwrap_or(self.cursor).min(self.page.lines.len().saturating_sub(1));
        self.laid = None;
    }

    /// Starts at the top of what is shown next, everything as it begins.
    pub fn rewind(&mut self) {
        (self.cursor, self.top, self.laid, self.resumes) = (0, 0, None, None);
        self.toggled.clear();
    }

    /// Where one is.
    pub fn reading(&self) -> PagePosition {
        PagePosition { cursor: self.cursor, top: self.top, toggled: self.toggled.clone() }
    }

    /// Goes back there once as much of the page is shown again.
    pub fn resume(&mut self, at: PagePosition) {
        self.rewind();
        self.toggled.clone_from(&at.toggled);
        self.resumes = Some(at);
    }

    /// Where a line is now, which stood so far below another one.
    fn place_of(&self, line: &Line, head: Option<(Line, usize)>) -> Option<usize> {
        let lines = &self.page.lines;
        if lines.get(self.cursor).is_some_and(|it| it.is_same(line)) {
            return Some(self.cursor);
        }
        if let Some((head, below)) = head {
            let heads = lines.iter().enumerate().filter(|it| it.1.is_same(&head));
            let mut places = heads.map(|it| it.0 + below);
            if let Some(at) = places.find(|it| lines.get(*it).is_some_and(|it| it.is_same(line))) {
                return Some(at);
            }
        }
        let same = lines.iter().position(|it| it.is_same(line));
        let about = || lines.iter().position(|it| it.about.is_some() && it.about == line.about);
        same.or_else(about).or_else(|| lines.iter().position(|it| it.link.is_some() && it.link == line.link))
    }

    /// The line under the cursor.
    pub fn line(&self) -> Option<&Line> {
        self.page.lines.get(self.cursor)
    }

    /// What the line under the cursor points at.
    pub fn link(&self) -> Option<&Link> {
        self.line()?.link.as_ref()
    }

    /// What the line under the cursor, or the nearest line that it explains, stands for.
    pub fn about(&self) -> Option<&About> {
        std::iter::successors(Some(self.cursor), |at| self.parent(*at))
            .find_map(|at| self.page.lines.get(at)?.about.as_deref())
    }

    /// Whether the cursor is on the first line, which says what all of it is.
    pub fn is_at_head(&self) -> bool {
        self.cursor == 0
    }

    /// The line that this one stands below.
    fn parent(&self, at: usize) -> Option<usize> {
        let indent = self.page.lines.get(at)?.indent;
        self.page.lines[..at].iter().rposition(|it| it.indent < indent)
    }

    /// Whether lines below this one can be hidden; what leads somewhere is opened there, not here.
    fn is_head(&self, at: usize) -> bool {
        let Some(line) = self.page.lines.get(at) else { return false };
        let folds = self.page.fold.is_some_and(|it| line.indent >= it);
        // What stands beside an arrow is drawn with what the arrow begins at.
        let is_below = |next: &Line| next.indent > line.indent && next.shape != Shape::Along;
        let has_below = || self.page.lines.get(at + 1).is_some_and(is_below);
        folds && line.link.is_none() && (line.shut > 0 || has_below())
    }

    /// What names a line while the page changes: the words before its colon, and those of the lines above it.
    fn path(&self, at: usize) -> String {
        self.joined(std::iter::successors(Some(at), |at| self.parent(*at)))
    }

    fn joined(&self, lines: impl Iterator<Item = usize>) -> String {
        path(lines.map(|at| &self.page.lines[at]))
    }

    /// Whether a line with this one above it was opened, for who makes a page of what is open.
    pub fn is_open(&self, above: &Line, line: &Line) -> bool {
        !self.toggled.is_empty() && self.toggled.contains(&path([line, above].into_iter()))
    }

    /// Whether something was opened whose lines the page leaves out.
    pub fn wants_more(&self) -> bool {
        self.wants_more
    }

    /// Whether the page leaves lines out.
    pub fn is_partial(&self) -> bool {
        self.page.lines.iter().any(|it| it.shut > 0)
    }

    /// Opens the line under the cursor, or closes it; whether it is one that can be.
    pub fn toggle(&mut self) -> bool {
        let is_head = self.is_head(self.cursor);
        if is_head {
            let path = self.path(self.cursor);
            if !self.toggled.remove(&path) {
                self.toggled.insert(path);
            }
            self.wants_more |= self.page.lines[self.cursor].shut > 0;
            self.laid = None;
        }
        is_head
    }

    /// Opens every line that is closed; where none is, closes all.
    pub fn toggle_all(&mut self) {
        let heads = (0..self.page.lines.len()).filter(|at| self.is_head(*at));
        let closed: Vec<String> = heads.map(|at| self.path(at)).filter(|it| !self.toggled.contains(it)).collect();
        match closed.is_empty() {
            true => self.toggled.clear(),
            false => self.toggled.extend(closed),
        }
        self.wants_more |= self.is_partial();
        self.laid = None;
    }

    /// Opens the line under the cursor; whether it was closed.
    pub fn open(&mut self) -> bool {
        let is_closed = self.is_head(self.cursor) && !self.toggled.contains(&self.path(self.cursor));
        is_closed && self.toggle()
    }

    /// Closes the line under the cursor or the one that it stands below; whether one was open.
    pub fn close(&mut self) -> bool {
        let lines = std::iter::successors(Some(self.cursor), |at| self.parent(*at));
        let open = lines.into_iter().find(|at| self.is_head(*at) && self.toggled.contains(&self.path(*at)));
        if let Some(at) = open {
            self.cursor = at;
        }
        open.is_some() && self.toggle()
    }

    /// Opens everything that the line under the cursor stands below.
    fn reveal(&mut self) {
        let above: Vec<usize> = std::iter::successors(self.parent(self.cursor), |at| self.parent(*at)).collect();
        let closed: Vec<String> = above.into_iter().filter(|at| self.is_head(*at)).map(|at| self.path(at)).collect();
        self.toggled.extend(closed);
        self.laid = None;
    }

    /// Moves the cursor by so many lines of those that are to be seen.
    pub fn step(&mut self, lines: isize) {
        self.resumes = None;
        let seen: Vec<usize> = self.seen().map(|it| it.line).collect();
        let here = seen.partition_point(|it| *it < self.cursor);
        let to = here.saturating_add_signed(lines).min(seen.len().saturating_sub(1));
        self.cursor = seen.get(to).copied().unwrap_or(self.cursor);
    }

    fn seen(&self) -> impl Iterator<Item = &ScreenRow> {
        self.rows.iter().filter(|it| it.is_first)
    }

    /// Moves the cursor to the next line with these letters, around the end; whether there is one.
    pub fn find(&mut self, letters: &str, seek: Seek) -> bool {
        let letters = letters.to_lowercase();
        let count = self.page.lines.len();
        let mut places = seek.order(count).map(|step| (self.cursor + step) % count.max(1));
        let found = places.find(|at| self.page.lines[*at].text.to_lowercase().contains(&letters));
        if let Some(at) = found {
            self.cursor = at;
            self.reveal();
        }
        found.is_some()
    }
}

/// Which match a search goes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seek {
    /// The first from where one is, for what is being typed: more letters do not leave a line that has them.
    Here,
    Next,
    Previous,
}

impl Seek {
    /// How far from where one is each of so many lines is looked at, around the end.
    pub fn order(self, count: usize) -> impl Iterator<Item = usize> {
        (0..count).map(move |step| match self {
            Seek::Here => step,
            Seek::Next => step + 1,
            Seek::Previous => count - 1 - step,
        })
    }
}

/// What names a line while the page changes, which stands below these others.
fn path<'a>(lines: impl Iterator<Item = &'a Line>) -> String {
    let word = |line: &'a Line| line.text.split_once(": ").map_or(line.text.as_str(), |it| it.0);
    lines.map(word).collect::<Vec<_>>().join("\n")
}

/// A page that says one thing.
pub fn saying(mark: Mark, text: impl AsRef<str>) -> Page {
    let mut page = Page::default();
    page.say(0, mark, text);
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::{Kind, ObjectId};
    use crate::model::place::Place;
    use ratatui::layout::Rect;

    fn page(lines: &[&str]) -> Page {
        Page { lines: lines.iter().map(|it| Line::new(0, Mark::Plain, it)).collect(), fold: None }
    }

    #[test]
    fn the_cursor_stays_on_what_it_was_on() {
        let mut reader = PageReader::default();
        reader.show(page(&["a", "b", "c"]));
        reader.settle(Rect::new(0, 0, 40, 12));
        reader.step(1);
        reader.show(page(&["new", "a", "b", "c"]));
        assert_eq!(reader.page.lines[reader.cursor].text, "b");
        let linked = Line::new(0, Mark::Deny, "x 1").linked(&ObjectId::new(Kind::POD, "shop", "web"), &Place::new(""));
        let moved = Line { text: "x 2".into(), ..linked.clone() };
        reader.show(Page { lines: vec![linked], fold: None });
        reader.show(Page { lines: vec![Line::default(), moved], fold: None });
        assert!(reader.link().is_some(), "the same link with other words");
        reader.show(Page::default());
        assert!(reader.link().is_none());
    }

    /// What stands closed is not stepped on; search and Enter open it, and it stays open while the page changes.
    #[test]
    fn closed_lines_open_and_stay_open() {
        let line = |indent, text: &str| Line::new(indent, Mark::Plain, text);
        let page = |verbs: &str| Page {
            lines: vec![line(0, "a"), line(1, verbs), line(2, "why"), line(1, "pods: get"), line(2, "because")],
            fold: Some(1),
        };
        let area = Rect::new(0, 0, 40, 12);
        let seen = |reader: &mut PageReader| {
            reader.settle(area);
            reader.seen().map(|it| reader.page.lines[it.line].text.clone()).collect::<Vec<_>>().join(" | ")
        };
        let mut reader = PageReader::default();
        reader.show(page("secrets: get"));
        assert_eq!(seen(&mut reader), "a | secrets: get | pods: get");
        assert!(!reader.toggle(), "a title above the fold stays");
        reader.step(1);
        assert!(reader.toggle());
        assert_eq!(seen(&mut reader), "a | secrets: get | why | pods: get");
        reader.step(1);
        assert!(reader.line().is_some_and(|it| it.text == "why") && !reader.open());
        reader.show(page("secrets: get list"));
        assert_eq!(seen(&mut reader), "a | secrets: get list | why | pods: get");
        assert!(reader.close() && reader.find("because", Seek::Next));
        assert_eq!(seen(&mut reader), "a | secrets: get list | pods: get | because");
    }

    #[test]
    fn one_comes_back_to_where_one_was() {
        let whole = || page(&["a", "b", "c", "d"]);
        let mut reader = PageReader::default();
        reader.show(whole());
        reader.settle(Rect::new(0, 0, 40, 12));
        reader.step(2);
        let left = reader.reading();
        reader.rewind();
        reader.show(page(&["another", "c"]));
        reader.resume(left);
        reader.show(page(&["computing"]));
        assert_eq!(reader.cursor, 0, "what is not shown yet is waited for");
        reader.show(whole());
        assert_eq!(reader.line().map(|it| it.text.as_str()), Some("c"));
        reader.resume(PagePosition { cursor: 3, ..PagePosition::default() });
        reader.step(1);
        reader.show(page(&["a", "b", "c", "d", "e"]));
        assert!(reader.cursor < 3, "who moves meanwhile stays there");
    }

    #[test]
    fn search_goes_around() {
        let mut reader = PageReader::default();
        reader.show(page(&["one", "two", "three"]));
        assert!(reader.find("T", Seek::Next) && reader.cursor == 1);
        assert!(reader.find("t", Seek::Next) && reader.cursor == 2);
        assert!(reader.find("o", Seek::Next) && reader.cursor == 0);
        assert!(reader.find("two", Seek::Previous) && reader.cursor == 1);
        assert!(reader.find("t", Seek::Here) && reader.cursor == 1, "what is being typed is looked for here first");
        assert!(reader.find("th", Seek::Here) && reader.cursor == 2);
        assert!(!reader.find("zzz", Seek::Next));
        reader.show(Page::default());
        assert!(!reader.find("t", Seek::Next));
    }
}

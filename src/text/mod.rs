//! Answers in words: one presentation for both faces.
//!
//! ```text
//! x deny  pod/shop/web-0 -> pod/shop/db-0 TCP/5432
//!   v egress   allowed: no policy isolates it
//!   x ingress  denied: isolated, and no rule matches
//!     ~ networkpolicy/shop/allow-api spec.ingress[0].from[0]: its labels do not match (app=api)
//! ```
//!
//! A [`Page`] is lines; a line knows its depth, its meaning, its words and where it points. The screen draws lines
//! and opens their links; the subcommands print them. The words are already safe to show: what came from the
//! cluster went through [`crate::model::untrusted::show`] when the line was made.

pub mod applied;
pub mod capability;
pub mod coverage;
pub mod dns;
pub mod escalate;
pub mod evidence;
pub mod finding;
pub mod flow;
pub mod gate;
pub mod graph;
pub mod miss;
pub mod net;
pub mod policy;
pub mod rbac;
pub mod table;
pub mod words;
pub mod written;

use std::borrow::Cow;

use crate::model::evidence::Outcome;
use crate::model::id::ObjectId;
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::role::Subject;
use crate::model::untrusted;
use crate::rbac::resource_or_url::ResourceOrUrl;

/// What a line means; every mark has its glyph, so that no meaning hangs on color alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Mark {
    /// Words and nothing more.
    #[default]
    Plain,
    /// What the lines below it are about.
    Title,
    Allow,
    Deny,
    Unknown,
    /// Some of several are allowed, and some are denied.
    Some,
    /// The nearest miss: what would have had to be otherwise.
    Miss,
    /// What bends no answer but should be known.
    Note,
}

/// What marks can be shown by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Signs {
    #[default]
    Ascii,
    Unicode,
}

impl Mark {
    /// The mark of an outcome.
    pub const fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Allow => Mark::Allow,
            Outcome::Deny => Mark::Deny,
            Outcome::Unknown => Mark::Unknown,
        }
    }

    /// The sign before the words where it can be shown (WORDS); else its [`glyph`](Self::glyph).
    pub const fn sign(self, signs: Signs) -> char {
        match (self, signs) {
            (Mark::Allow, Signs::Unicode) => '✓',
            (Mark::Deny, Signs::Unicode) => '✗',
            (mark, _) => mark.glyph(),
        }
    }

    /// One ASCII character before the words; a space for plain lines and titles.
    pub const fn glyph(self) -> char {
        match self {
            Mark::Plain | Mark::Title => ' ',
            Mark::Allow => 'v',
            Mark::Deny => 'x',
            Mark::Unknown => '?',
            Mark::Some | Mark::Miss => '~',
            Mark::Note => '!',
        }
    }
}

/// Where a line points: an object, and a place inside it (empty: the whole object).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Link {
    pub object: ObjectId,
    pub place: Place,
}

impl Link {
    /// The whole object.
    pub fn to(object: ObjectId) -> Self {
        Self { object, place: Place::default() }
    }
}

/// What one can ask on from a line, where that is no object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum About {
    /// Something that somebody may do: who else can?
    Permission { scope: Name, what: ResourceOrUrl, verbs: Vec<Name> },
    /// What may they do?
    Somebody(Subject),
    /// By which steps does one come from here to there?
    Way { from: String, to: String },
    /// The same of a connection from one of the pods on the way: `from` is where that stands.
    Connection { of: String, from: String, to: String },
    /// May the one connect to the other, and why?
    Pair { from: String, to: String },
    /// A flow that nothing declares, or all of them: are they kept, or closed?
    Undeclared(Option<(String, String)>),
    /// Which flows that manifests declare do policies of this namespace deny?
    Gaps(Name),
    /// A candidate of a fix, by its number from 1: is it staged?
    Candidate(usize),
}

/// How a line is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Shape {
    #[default]
    Words,
    /// A row of a table: no glyph stands before its cells.
    Row,
    /// A box, which an arrow leads to unless it is the first.
    Box,
    /// Beside the arrow from one box to the next.
    Along,
    /// Words that bear a sign of their own, as lines of a difference do.
    Signed,
}

/// One line of an answer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Line {
    /// How deep it stands below what it explains; one level is two columns.
    pub indent: u8,
    pub mark: Mark,
    /// Safe to show as it is; never holds a line break.
    pub text: String,
    pub link: Option<Link>,
    pub about: Option<Box<About>>,
    pub shape: Shape,
    /// The rule that says so, as the docs number it: printed where all is to be said ([`PrintedExtent::Whole`]); empty: none.
    pub rule: &'static str,
    /// So many lines of the next level belong below it that the page leaves out until somebody opens it.
    pub shut: u32,
    /// A line above says it in short: it is printed only where all is to be said ([`PrintedExtent::Whole`]).
    pub is_folded: bool,
}

/// How much of a page is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PrintedExtent {
    /// What is equal is said once.
    #[default]
    Brief,
    /// Every line.
    Whole,
}

impl Line {
    /// A line of these words, made safe to show.
    pub fn new(indent: u8, mark: Mark, text: impl AsRef<str>) -> Self {
        Self { indent, mark, text: untrusted::show(text.as_ref()).into_owned(), ..Self::default() }
    }

    /// Whether it says the same, however much of what is below it the page holds.
    pub fn is_same(&self, other: &Line) -> bool {
        (self.indent, self.mark, &self.text) == (other.indent, other.mark, &other.text)
            && (&self.link, &self.about) == (&other.link, &other.about)
    }

    /// The same line, pointing there.
    pub fn linked(mut self, object: &ObjectId, place: &Place) -> Self {
        self.link = Some(Link { object: object.clone(), place: place.clone() });
        self
    }

    /// As it is printed without color: its mark, a space and its words; a row is its cells.
    pub fn words(&self, signs: Signs) -> Cow<'_, str> {
        let sign = self.mark.sign(signs);
        match self.shape {
            Shape::Row | Shape::Signed => Cow::Borrowed(&self.text),
            Shape::Box => Cow::Owned(format!("{sign} [{}]", self.text)),
            Shape::Words | Shape::Along => Cow::Owned(format!("{sign} {}", self.text)),
        }
    }

    /// The same line, by this rule.
    pub fn by_rule(self, rule: &'static str) -> Self {
        Self { rule, ..self }
    }

    /// The same line, which a line above says in short.
    pub fn folded(self) -> Self {
        Self { is_folded: true, ..self }
    }

    /// The same line, drawn so.
    pub fn shaped(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    /// The same line, standing for that.
    pub fn on(mut self, about: About) -> Self {
        self.about = Some(Box::new(about));
        self
    }
}

/// An answer as lines.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Page {
    pub lines: Vec<Line>,
    /// On the screen, lines of this depth and deeper begin closed: what stands below them is opened one by one.
    pub fold: Option<u8>,
}

impl Page {
    /// Adds a line.
    pub fn push(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Adds plain words.
    pub fn say(&mut self, indent: u8, mark: Mark, text: impl AsRef<str>) {
        self.push(Line::new(indent, mark, text));
    }

    /// Adds notes below the first line, where they are read before the answer is.
    pub fn head(&mut self, notes: &[Name]) {
        let at = self.lines.len().min(1);
        self.lines.splice(at..at, notes.iter().map(|it| Line::new(1, Mark::Note, it)));
    }

    /// The lines that are printed, each with how many that are folded stand below it and are not.
    pub fn printed(&self, extent: PrintedExtent) -> impl Iterator<Item = (&Line, usize)> {
        let is_printed = move |it: &Line| extent == PrintedExtent::Whole || !it.is_folded;
        let mut below = vec![0; self.lines.len()];
        // Printed lines above this one, each deeper than the one before it.
        let mut above: Vec<usize> = Vec::new();
        // The head of the folded lines that this one follows, and how deep the first of them stands.
        let mut folded: Option<(usize, u8)> = None;
        for (at, line) in self.lines.iter().enumerate() {
            if is_printed(line) {
                above.retain(|it| self.lines[*it].indent < line.indent);
                above.push(at);
                folded = None;
                continue;
            }
            let head = || above.iter().rfind(|it| self.lines[**it].indent < line.indent).map(|it| (*it, line.indent));
            folded = folded.filter(|it| line.indent >= it.1).or_else(head);
            folded.iter().for_each(|it| below[it.0] += 1);
        }
        self.lines.iter().zip(below).filter(move |it| is_printed(it.0))
    }

    /// Folds all lines from here on: what stands above says them in short.
    pub fn fold_from(&mut self, at: usize) {
        self.lines[at..].iter_mut().for_each(|it| it.is_folded = true);
    }

    /// Adds the lines of another page, deeper by `indent`.
    pub fn add(&mut self, indent: u8, page: Page) {
        self.lines.extend(page.lines.into_iter().map(|line| Line { indent: line.indent + indent, ..line }));
    }
}

impl FromIterator<Line> for Page {
    fn from_iter<T: IntoIterator<Item = Line>>(lines: T) -> Self {
        Self { lines: lines.into_iter().collect(), fold: None }
    }
}

/// What is said behind a line that comes from a rule, where all is to be said.
pub fn numbered(rule: &str, extent: PrintedExtent) -> String {
    if rule.is_empty() || extent == PrintedExtent::Brief { String::new() } else { format!(" ({rule})") }
}

/// What is said where folded lines are not printed: how many, and what prints them.
pub fn hidden(lines: usize) -> String {
    match lines {
        0 => String::new(),
        lines => format!("  (+{}: --verbose)", words::count(lines as u64, "line", "lines")),
    }
}

/// As the subcommands print it without color: two columns a level, the glyph, a space, the words.
impl std::fmt::Display for Page {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (line, behind) in self.printed(PrintedExtent::Brief) {
            let indent = usize::from(line.indent) * 2;
            let text = format!("{:indent$}{}{}", "", line.words(Signs::Ascii), hidden(behind));
            writeln!(out, "{}", text.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::Kind;

    #[test]
    fn a_page_prints_depth_and_meaning_without_color() {
        let mut gate = Page::default();
        gate.push(
            Line::new(0, Mark::Deny, "ingress").linked(&ObjectId::new(Kind::POD, "shop", "web"), &Place::new("")),
        );
        let mut page = Page::default();
        page.say(0, Mark::of(Outcome::Deny), "deny");
        page.add(1, gate);
        assert_eq!(page.to_string(), "x deny\n  x ingress\n");
        assert_eq!(page.lines[1].link.as_ref().map(|it| it.object.to_string()).as_deref(), Some("pod/shop/web"));
    }

    #[test]
    fn what_a_line_says_in_short_is_printed_where_all_is_to_be_said() {
        let mut page = Page::default();
        page.say(0, Mark::Plain, "2 pairs alike");
        page.say(1, Mark::Plain, "why");
        page.push(Line::new(1, Mark::Plain, "one").folded());
        page.push(Line::new(2, Mark::Plain, "of it").folded());
        assert_eq!(page.to_string(), "  2 pairs alike  (+2 lines: --verbose)\n    why\n");
        assert_eq!(page.printed(PrintedExtent::Whole).map(|it| it.1).collect::<Vec<_>>(), [0; 4]);
    }

    #[test]
    fn words_from_a_cluster_cannot_command_a_terminal() {
        assert_eq!(Line::new(0, Mark::Plain, "a\u{1b}[31m\nb").text, "a\\u{1b}[31m\\nb");
    }
}

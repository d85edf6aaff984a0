//! What the words behind `/` let through.
//!
//! ```text
//! web               rows with this word in their name or in a column that is shown
//! !canary           … and not those with this one
//! ~payweb           names that hold these letters in this order
//! -l app=web        labels as kubectl selects them: key, key=value, key!=value
//! phase=pending     a column that holds this (a number: exactly this)
//! node!=n1          a column that does not
//! none>0  pods<=3   a column whose number is so
//! ```
//!
//! Words stand apart by spaces and must all hold. Case does not matter. Nothing here ranks; the lists of the screen do.

use std::borrow::Cow;
use std::sync::Arc;

use crate::model::facts::Fact;
use crate::model::name::Name;
use crate::model::role::Subject;

/// One condition.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Term {
    /// This word, or not this word, lower case, in the name or in a column that is shown.
    Word {
        word: String,
        holds: Holds,
    },
    /// The letters in this order in the name, lower case.
    Letters(String),
    Label {
        key: String,
        value: Option<String>,
        holds: Holds,
    },
    Column {
        title: String,
        value: String,
        holds: Holds,
    },
    /// A number in a column, and how it must stand to another.
    Number {
        title: String,
        than: u64,
        is: NumberOrder,
    },
}

/// The signs between a column and a number, the longer ones first.
const ORDERS: [(&str, NumberOrder); 4] =
    [(">=", NumberOrder::AtLeast), ("<=", NumberOrder::AtMost), (">", NumberOrder::More), ("<", NumberOrder::Less)];

/// How one number must stand to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum NumberOrder {
    AtLeast,
    AtMost,
    More,
    Less,
}

impl NumberOrder {
    fn holds(self, number: u64, than: u64) -> bool {
        match self {
            NumberOrder::AtLeast => number >= than,
            NumberOrder::AtMost => number <= than,
            NumberOrder::More => number > than,
            NumberOrder::Less => number < than,
        }
    }
}

/// Whether a condition must be met or must not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Holds {
    Yes,
    No,
}

/// All conditions of a filter line.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    terms: Vec<Term>,
}

/// The pieces of a name, in order: `shop`, `/`, `web-0`; pieces may be empty.
pub type Pieces<'a> = [&'a str; 5];

/// What a filter looks at in one row.
pub trait Filtered {
    /// The pieces of its name.
    fn words(&self) -> Pieces<'_>;
    /// The value of one of its labels.
    fn label(&self, key: &str) -> Option<Cow<'_, Name>>;
}

/// An object goes by its namespace and name.
impl<T: Fact> Filtered for Arc<T> {
    fn words(&self) -> Pieces<'_> {
        let (namespace, [first, second, third]) = (self.namespace(), self.name().parts());
        [namespace, if namespace.is_empty() { "" } else { "/" }, first, second, third]
    }
    fn label(&self, key: &str) -> Option<Cow<'_, Name>> {
        T::label(self, key)
    }
}

/// Somebody goes by what is typed: `user:alice`, `sa:shop/web`.
impl Filtered for Subject {
    fn words(&self) -> Pieces<'_> {
        match self {
            Subject::User(name) => ["user:", "", "", "", name],
            Subject::Group(name) => ["group:", "", "", "", name],
            Subject::ServiceAccount { namespace, name } => ["sa:", namespace, "/", "", name],
            Subject::Other { kind, name } => [kind, ":", "", "", name],
        }
    }
    fn label(&self, _: &str) -> Option<Cow<'_, Name>> {
        None
    }
}

/// What a filter looks at in the columns of a row.
pub trait Cells<R> {
    /// The text of the column with that title (lower case), if there is one.
    fn cell(&self, row: &R, title: &str) -> Option<String>;
    /// Whether a column that is shown holds this word (lower case).
    fn any_holds(&self, row: &R, word: &str) -> bool;
}

impl Filter {
    /// Reads a filter line; every line is one.
    pub fn parse(line: &str) -> Self {
        let mut terms = Vec::new();
        let mut words = line.split_whitespace();
        while let Some(word) = words.next() {
            match word {
                "-l" => terms.extend(words.next().map(label)),
                word => terms.extend(term(word)),
            }
        }
        Self { terms }
    }

    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether it looks into columns.
    pub fn has_columns(&self) -> bool {
        self.terms.iter().any(|it| matches!(it, Term::Column { .. } | Term::Number { .. }))
    }

    /// The letters by which matches are ranked; empty when nothing is to be ranked.
    pub fn letters(&self) -> String {
        let letters = self.terms.iter().filter_map(|it| match it {
            Term::Letters(it) => Some(it.as_str()),
            _ => None,
        });
        letters.collect()
    }

    /// The words that rows are shown for, lower case.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().filter_map(|it| match it {
            Term::Word { word, holds: Holds::Yes } => Some(word.as_str()),
            _ => None,
        })
    }

    /// Whether all that passes `self` has passed `wider` too, so that its rows are enough to look at.
    ///
    /// True when letters were only appended: typing on narrows.
    pub fn narrows(&self, wider: &Self) -> bool {
        self.terms.len() == wider.terms.len()
            && self.terms.iter().zip(&wider.terms).all(|(new, old)| match (new, old) {
                (Term::Letters(new), Term::Letters(old)) => new.starts_with(old.as_str()),
                (Term::Word { word: new, holds: Holds::Yes }, Term::Word { word: old, holds: Holds::Yes }) => {
                    new.starts_with(old.as_str())
                }
                (new, old) => new == old,
            })
    }

    /// Whether a row passes.
    pub fn passes<R: Filtered>(&self, row: &R, cells: &impl Cells<R>) -> bool {
        self.terms.iter().all(|it| it.passes(row, cells))
    }
}

/// What one word of the line means.
fn term(word: &str) -> Option<Term> {
    for (sign, is) in ORDERS {
        let parts = word.split_once(sign).filter(|(title, _)| !title.is_empty());
        if let Some((title, than)) = parts.and_then(|(title, it)| Some((title, it.parse().ok()?))) {
            return Some(Term::Number { title: title.to_lowercase(), than, is });
        }
    }
    if let Some((title, value)) = word.split_once("!=").filter(|(title, _)| !title.is_empty()) {
        return Some(column(title, value, Holds::No));
    }
    if let Some((title, value)) = word.split_once('=').filter(|(title, _)| !title.is_empty()) {
        return Some(column(title, value, Holds::Yes));
    }
    if let Some(letters) = word.strip_prefix('~') {
        return (!letters.is_empty()).then(|| Term::Letters(letters.to_lowercase()));
    }
    let (word, holds) = word.strip_prefix('!').map_or((word, Holds::Yes), |it| (it, Holds::No));
    (!word.is_empty()).then(|| Term::Word { word: word.to_lowercase(), holds })
}

fn column(title: &str, value: &str, holds: Holds) -> Term {
    Term::Column { title: title.to_lowercase(), value: value.to_lowercase(), holds }
}

fn label(word: &str) -> Term {
    let (key, value, holds) = match (word.split_once("!="), word.split_once('=')) {
        (Some((key, value)), _) => (key, Some(value), Holds::No),
        (None, Some((key, value))) => (key, Some(value.trim_start_matches('=')), Holds::Yes),
        (None, None) => match word.strip_prefix('!') {
            Some(key) => (key, None, Holds::No),
            None => (word, None, Holds::Yes),
        },
    };
    Term::Label { key: key.into(), value: value.map(Into::into), holds }
}

impl Term {
    fn passes<R: Filtered>(&self, row: &R, cells: &impl Cells<R>) -> bool {
        match self {
            Term::Letters(letters) => holds_letters(row.words(), letters),
            Term::Word { word, holds } => {
                // The letters in their order are looked for without a copy: most rows end there.
                let is_named = holds_letters(row.words(), word) && holds_word(&row.words().concat(), word);
                (is_named || cells.any_holds(row, word)) == (*holds == Holds::Yes)
            }
            Term::Label { key, value, holds } => {
                let found = row.label(key);
                let is_met = match value {
                    Some(value) => found.is_some_and(|it| *it == value.as_str()),
                    None => found.is_some(),
                };
                is_met == (*holds == Holds::Yes)
            }
            // A column that is not there holds nothing: `x=y` shows no row rather than every row.
            Term::Column { title, value, holds } => {
                let text = cells.cell(row, title).unwrap_or_default();
                cell_holds(&text, value) == (*holds == Holds::Yes)
            }
            Term::Number { title, than, is } => {
                let text = cells.cell(row, title).unwrap_or_default();
                let digits = text.split(|it: char| !it.is_ascii_digit()).next().unwrap_or_default();
                digits.parse().is_ok_and(|number| is.holds(number, *than))
            }
        }
    }
}

/// Whether a cell holds what was typed: numbers exactly, words as a part.
fn cell_holds(cell: &str, value: &str) -> bool {
    if cell.parse::<u64>().is_ok() && value.parse::<u64>().is_ok() {
        return cell == value;
    }
    if value.is_empty() { cell.is_empty() } else { holds_word(cell, value) }
}

/// Whether a text holds a word (lower case), whatever the text's case.
pub fn holds_word(text: &str, word: &str) -> bool {
    let (text, word) = match text.is_ascii() {
        true => (text.as_bytes(), word.as_bytes()),
        false => return text.to_lowercase().contains(word),
    };
    let Some((first, rest)) = word.split_first() else { return true };
    let begins = memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text);
    let mut behind = begins.filter_map(|at| text.get(at + 1..at + word.len()));
    behind.any(|it| it.eq_ignore_ascii_case(rest))
}

/// Whether the pieces hold the letters (lower case) in their order.
pub fn holds_letters(pieces: Pieces<'_>, letters: &str) -> bool {
    if letters.is_ascii() { ascii_letters(pieces, letters.as_bytes()) } else { any_letters(pieces, letters) }
}

fn ascii_letters(pieces: Pieces<'_>, letters: &[u8]) -> bool {
    let mut wanted = letters.iter();
    let Some(mut next) = wanted.next() else { return true };
    for piece in pieces {
        let mut rest = piece.as_bytes();
        while let Some(at) = memchr::memchr2(*next, next.to_ascii_uppercase(), rest) {
            rest = &rest[at + 1..];
            match wanted.next() {
                Some(it) => next = it,
                None => return true,
            }
        }
    }
    false
}

fn any_letters(pieces: Pieces<'_>, letters: &str) -> bool {
    let mut wanted = letters.chars().peekable();
    for character in pieces.iter().flat_map(|it| it.chars()).flat_map(char::to_lowercase) {
        wanted.next_if_eq(&character);
    }
    wanted.peek().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::labels::Labels;

    struct TestRow(&'static str, Labels);

    impl Filtered for TestRow {
        fn words(&self) -> Pieces<'_> {
            ["shop", "/", "", "", self.0]
        }
        fn label(&self, key: &str) -> Option<Cow<'_, Name>> {
            self.1.get(key).map(Cow::Borrowed)
        }
    }

    struct Columns;

    impl Cells<TestRow> for Columns {
        fn cell(&self, row: &TestRow, title: &str) -> Option<String> {
            match title {
                "name" => Some(row.0.into()),
                "policies" => Some("10".into()),
                "node" => Some(String::new()),
                _ => None,
            }
        }
        fn any_holds(&self, _: &TestRow, word: &str) -> bool {
            ["10", "Running"].iter().any(|it| holds_word(it, word))
        }
    }

    fn passes(line: &str) -> bool {
        let labels = Labels::new([("app".into(), "web".into()), ("tier".into(), "1".into())]);
        Filter::parse(line).passes(&TestRow("Web-Canary-7d9", labels), &Columns)
    }

    #[test]
    fn every_word_must_hold() {
        let cases = [
            ("", true),
            ("~wc7", true),
            ("~shopweb", true),
            ("~7w", false),
            ("wc7", false),
            ("SHOP/web", true),
            ("canary-7D", true),
            ("running", true),
            ("10", true),
            ("runing", false),
            ("!running", false),
            ("~", true),
            ("web !stable", true),
            ("web !canary", false),
            ("!", true),
            ("-l app=web", true),
            ("-l app==web", true),
            ("-l app!=web", false),
            ("-l tier", true),
            ("-l !tier", false),
            ("-l none", false),
            ("name=canary", true),
            ("name!=canary", false),
            ("policies=1", false),
            ("policies=10", true),
            ("node=", true),
            ("policies>9", true),
            ("policies>10", false),
            ("policies>=10 policies<11", true),
            ("node>0", false),
            ("name<5", false),
            ("nothere=x", false),
            ("-l", true),
            ("ç", false),
            ("web", true),
        ];
        cases.iter().for_each(|(line, expected)| assert_eq!(passes(line), *expected, "{line}"));
    }

    #[test]
    fn typing_on_narrows_and_nothing_else_does() {
        let narrows = |new: &str, old: &str| Filter::parse(new).narrows(&Filter::parse(old));
        assert!(narrows("web", "we") && narrows("~web", "~we"));
        assert!(!narrows("~web", "we"), "other rows may hold the letters than those with the word");
        assert!(!narrows("we", "web"));
        assert!(!narrows("!web", "!we"), "a longer exclusion lets more through");
        assert!(!narrows("web x", "web"));
    }
}

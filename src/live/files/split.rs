//! Text to pieces: documents at their markers, lists at their items, before anything is parsed.
//!
//! ```text
//! apiVersion: v1          ┐
//! items:                  │ a list of `kubectl get -A -o yaml`: 150,000 pods are one document,
//! - apiVersion: v1    ─┐  │ and each item is a piece with budgets of its own
//!   kind: Pod          │  │
//!   …                 ─┘  │
//! kind: List              ┘
//! ---                     a document marker
//! ```
//!
//! This goes by lines alone and never fails: what it cannot part (flow style, JSON) is one piece, which the reader
//! takes apart.

use std::ops::Range;

/// One document or one item of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Piece {
    /// Where it stands in the text.
    pub range: Range<usize>,
    /// The document that it is, or is an item of.
    pub document: Range<usize>,
    /// The list that it is an item of.
    pub list: Option<ListItem>,
}

/// Which item of which list a piece is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ListItem {
    /// The kind of the list, such as `PodList`, and its apiVersion; items may omit theirs.
    pub of: ListType,
    /// The how-manieth.
    pub number: usize,
}

/// The type of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ListType {
    pub kind: String,
    pub version: String,
}

impl ListType {
    /// What holds objects of any kind: a `List`, or a document that is an array.
    pub fn any() -> Self {
        Self { kind: "List".to_owned(), version: "v1".to_owned() }
    }
}

/// The pieces of one file, in order; documents that say nothing are left out.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for document in documents(text) {
        match items(text, &document) {
            Some(items) => pieces.extend(items),
            None => pieces.push(Piece { range: document.clone(), document, list: None }),
        }
    }
    pieces
}

/// The lines of a part of the text: where each begins, and the line without its break.
fn lines<'t>(text: &'t str, range: &Range<usize>) -> impl Iterator<Item = (usize, &'t str)> {
    let mut at = range.start;
    text[range.clone()].split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end_matches(BLANK))
    })
}

/// What may stand between the words of a line; other spaces of Unicode are no spaces to YAML.
const BLANK: [char; 4] = [' ', '\t', '\r', '\n'];

pub(super) fn says_nothing(line: &str) -> bool {
    let said = line.trim_start_matches(BLANK);
    said.is_empty() || said.starts_with('#')
}

/// A marker at the start of a line ends a document even inside a quoted text, so lines suffice.
fn documents(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut start, mut says) = (0, false);
    let mut close = |range: Range<usize>, says: bool| {
        if says {
            found.push(range);
        }
    };
    for (at, line) in lines(text, &(0..text.len())) {
        let marker = (line.starts_with("---") || line.starts_with("..."))
            && matches!(line.as_bytes().get(3), None | Some(b' ' | b'\t'));
        if marker {
            close(start..at, says);
            start = at + 3;
            says = line.starts_with("---") && !says_nothing(&line[3..]);
        } else {
            says = says || !(says_nothing(line) || line.starts_with('%'));
        }
    }
    close(start..text.len(), says);
    found
}

/// The items of a document that is a list, or an array, in block style; nothing where lines alone cannot be sure.
fn items(text: &str, document: &Range<usize>) -> Option<Vec<Piece>> {
    let mut list = ListSplit::default();
    for (at, line) in lines(text, document).filter(|(_, line)| !says_nothing(line)) {
        list.line(at, line)?;
    }
    let starts = list.starts;
    let is_array = list.is_array;
    let of = if is_array { ListType::any() } else { ListType { kind: list.kind?, version: list.version? } };
    if starts.is_empty() || !of.kind.ends_with("List") {
        return None;
    }
    let ends = starts.iter().skip(1).copied().chain([list.end.unwrap_or(document.end)]);
    let item = |(number, (start, end))| Piece {
        range: start..end,
        document: document.clone(),
        list: Some(ListItem { of: of.clone(), number }),
    };
    Some(starts.iter().copied().zip(ends).enumerate().map(item).collect())
}

/// A list while its lines are read.
#[derive(Default)]
struct ListSplit {
    kind: Option<String>,
    version: Option<String>,
    /// Where the items begin, and where the last of them ends.
    starts: Vec<usize>,
    end: Option<usize>,
    /// How far the dashes are indented.
    dash: Option<usize>,
    /// Whether the lines are those of items.
    inside: bool,
    is_array: bool,
}

impl ListSplit {
    /// Takes one line that says something; `None`: this is no list that lines can part.
    fn line(&mut self, at: usize, line: &str) -> Option<()> {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let is_item = line[indent..].starts_with("- ") || &line[indent..] == "-";
        let is_first = self.kind.is_none() && self.version.is_none() && self.starts.is_empty() && !self.inside;
        if is_item && is_first {
            (self.inside, self.is_array) = (true, true);
        }
        if self.inside && is_item && self.dash.is_none_or(|it| it == indent) {
            self.dash = Some(indent);
            self.starts.push(at);
            return Some(());
        }
        // A line that begins with a tab is part of what stands before it, or a mistake that the parser will name.
        if indent > 0 || self.inside && line.starts_with('\t') {
            return Some(());
        }
        if self.is_array {
            return None;
        }
        if self.inside {
            (self.inside, self.end) = (false, Some(at));
        }
        self.key(line)
    }

    /// Takes one key of the list itself.
    fn key(&mut self, line: &str) -> Option<()> {
        let (key, value) = line.split_once(':')?;
        let once = |slot: &mut Option<String>| {
            let word = plain_word(value)?;
            slot.replace(word).is_none().then_some(())
        };
        match key {
            "items" if self.starts.is_empty() && says_nothing(value) => self.inside = true,
            "items" => return None,
            "kind" => once(&mut self.kind)?,
            "apiVersion" => once(&mut self.version)?,
            _ if key.bytes().all(|it| it.is_ascii_alphanumeric()) => {}
            _ => return None,
        }
        Some(())
    }
}

/// The word that a value is, if it is a plain one on its line, or one in quotes without escapes.
pub(super) fn plain_word(value: &str) -> Option<String> {
    let value = value.trim_start_matches(BLANK);
    let (word, rest) = match value.chars().next()? {
        quote @ ('"' | '\'') => value[1..].split_once(quote)?,
        _ => value.split_once(BLANK).unwrap_or((value, "")),
    };
    let is_plain = !word.is_empty() && word.bytes().all(|it| it.is_ascii_alphanumeric() || b"./-".contains(&it));
    (is_plain && says_nothing(rest)).then(|| word.to_owned())
}

/// An item as a document of its own: its dash becomes a space, so that it is a mapping with one indentation.
pub(super) fn as_document(text: &str, is_item: bool) -> String {
    let mut document = text.to_owned();
    if let Some(dash) = is_item.then(|| document.find('-')).flatten() {
        document.replace_range(dash..=dash, " ");
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<String> {
        pieces(text).iter().map(|it| as_document(&text[it.range.clone()], it.list.is_some())).collect()
    }

    #[test]
    fn documents_end_at_markers() {
        assert_eq!(parts("a: 1\n---\n# nothing\n---\nb: 2\n...\n"), ["a: 1\n", "\nb: 2\n"]);
        assert_eq!(parts("--- {a: 1}\n---\n"), [" {a: 1}\n"]);
        assert_eq!(parts("---x: 1\n"), ["---x: 1\n"]);
        assert!(parts("# only\n\n").is_empty());
        assert_eq!(parts("a: |\n  ---\nb: c\r\n---\r\nd: e\r\n"), ["a: |\n  ---\nb: c\r\n", "\r\nd: e\r\n"]);
    }

    #[test]
    fn lists_are_parted_at_their_items() {
        let text = "apiVersion: v1\nitems:\n- a: 1\n  b:\n  - c\n# comment\n- a: 2\nkind: List\nmetadata:\n  x: y\n";
        assert_eq!(parts(text), ["  a: 1\n  b:\n  - c\n# comment\n", "  a: 2\n"]);
        let indented = "kind: PodList\napiVersion: v1\nitems:\n  - a: 1\n    b: 2\n  -\n    a: 3\n";
        assert_eq!(parts(indented), ["    a: 1\n    b: 2\n", "   \n    a: 3\n"]);
        let of = ListType { kind: "PodList".to_owned(), version: "v1".to_owned() };
        assert_eq!(pieces(indented)[1].list, Some(ListItem { of, number: 1 }));
    }

    #[test]
    fn what_is_no_block_list_is_one_piece() {
        for text in [
            "kind: List\nitems: []\n",
            "kind: ConfigMap\nitems:\n- a: 1\n",
            "{\"kind\": \"List\"}\n",
            "kind: List\nitems:\n",
        ] {
            assert_eq!(parts(text), [text]);
        }
    }
}

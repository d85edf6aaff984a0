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
    /// The kind of the list that it is an item of, such as `PodList`, and its apiVersion; items may omit theirs.
    pub list: Option<(String, String)>,
    /// Whether it begins with the dash of a list.
    pub is_item: bool,
}

/// The pieces of one file, in order; documents that say nothing are left out.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for document in documents(text) {
        match items(text, &document) {
            Some(items) => pieces.extend(items),
            None => pieces.push(Piece { range: document, list: None, is_item: false }),
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
        (start, line.trim_end())
    })
}

fn says_nothing(line: &str) -> bool {
    let said = line.trim_start();
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

/// The items of a document that is a list in block style.
fn items(text: &str, document: &Range<usize>) -> Option<Vec<Piece>> {
    let mut list = (String::new(), String::new());
    let mut starts: Vec<usize> = Vec::new();
    let (mut end, mut dash, mut inside) = (document.end, None, false);
    for (at, line) in lines(text, document).filter(|(_, line)| !says_nothing(line)) {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let is_item = line[indent..].starts_with("- ") || &line[indent..] == "-";
        if inside && is_item && dash.is_none_or(|it| it == indent) {
            dash = Some(indent);
            starts.push(at);
        } else if indent == 0 {
            if inside {
                (inside, end) = (false, at);
            }
            match line.split_once(':').map(|(key, value)| (key, value.trim())) {
                Some(("items", "")) if starts.is_empty() => (inside, end) = (true, document.end),
                Some(("items", _)) => return None,
                Some(("kind", value)) => list.0 = unquoted(value),
                Some(("apiVersion", value)) => list.1 = unquoted(value),
                _ => {}
            }
        }
    }
    if starts.is_empty() || !list.0.ends_with("List") {
        return None;
    }
    let ends = starts.iter().skip(1).copied().chain([end]);
    let piece = |(start, end)| Piece { range: start..end, list: Some(list.clone()), is_item: true };
    Some(starts.iter().copied().zip(ends).map(piece).collect())
}

/// A scalar without its quotes and comment.
pub(super) fn unquoted(value: &str) -> String {
    let value = value.split(" #").next().unwrap_or_default().trim();
    let inside = |quote: char| value.strip_prefix(quote).and_then(|it| it.strip_suffix(quote));
    inside('"').or_else(|| inside('\'')).unwrap_or(value).to_owned()
}

/// An item as a document of its own: its dash becomes a space, so that it is a mapping with one indentation.
pub(super) fn as_document(piece: &Piece, text: &str) -> String {
    let mut document = text[piece.range.clone()].to_owned();
    if let Some(dash) = piece.is_item.then(|| document.find('-')).flatten() {
        document.replace_range(dash..=dash, " ");
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<String> {
        pieces(text).iter().map(|it| as_document(it, text)).collect()
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
        assert_eq!(pieces(indented)[0].list, Some(("PodList".to_owned(), "v1".to_owned())));
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

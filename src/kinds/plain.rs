//! Whether a YAML document is written so plainly that its lines alone show that it parses.
//!
//! ```text
//! spec:                        every line is a key, an item, or text of a block: plain
//!   containers:
//!   - image: i
//!     args: [a,                goes on behind its line: only a parser can tell
//!      b]
//!     image: j                 stands twice: not plain
//! ```
//!
//! Most of an object is never read and left out before parsing (`prune`), or, of kinds that nobody reads, not parsed
//! at all. A mistake there is a mistake of the document all the same, and a server would refuse it. What kubectl
//! writes is plain, and this looks at each line once; what is not plain is for the parser to judge, whole.

mod simple;

use simple::{Simple, simple};

/// Whether each line of a document is of a form in which nothing can be wrong.
pub fn is_plain(text: &str) -> bool {
    PlainLines::default().all(text, simple)
}

/// More keys than this in one mapping are not compared with each other here.
const KEYS: usize = 200;

/// A mapping or a list that is open.
struct Level {
    indent: usize,
    is_list: bool,
    /// Where its keys begin.
    keys: usize,
}

/// A key, and a number that is nearly always another's where the keys differ.
struct MappingKey<'t> {
    print: u64,
    text: &'t str,
}

impl<'t> MappingKey<'t> {
    fn of(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let print = match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(first), Some(last)) => u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(32),
            _ => bytes.iter().fold(0, |print, byte| print << 8 | u64::from(*byte)),
        };
        Self { print, text }
    }
}

/// What the line before left to be said.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
enum Last {
    /// A key, a dash or the document, whose value may follow.
    #[default]
    Open,
    /// Plain words, which may go on.
    Words,
    Closed,
}

#[derive(Default)]
struct PlainLines<'t> {
    levels: Vec<Level>,
    keys: Vec<MappingKey<'t>>,
    last: Last,
    /// A block of text: how far its owner is indented, and itself, once it has a line.
    block: Option<(usize, Option<usize>)>,
}

impl<'t> PlainLines<'t> {
    /// Whether all lines are plain; `simple` tells those that need no second look.
    fn all(&mut self, text: &'t str, simple: impl Fn(&'t str, usize) -> Option<Simple<'t>>) -> bool {
        let mut at = 0;
        loop {
            let found = if self.block.is_none() { simple(text, at) } else { None };
            let end = match &found {
                Some(it) => it.end,
                None => memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |it| at + it),
            };
            let is_plain = match found {
                Some(it) => self.simple(&it),
                None => self.line(text[at..end].strip_suffix('\r').unwrap_or(&text[at..end])),
            };
            if !is_plain || end == text.len() {
                return is_plain;
            }
            at = end + 1;
        }
    }

    /// A line that is simple.
    fn simple(&mut self, line: &Simple<'t>) -> bool {
        if let Some(dash) = line.dash {
            if !self.level(dash, true) {
                return false;
            }
            self.last = Last::Open;
        }
        let is_plain = line.key.is_none_or(|it| self.level(line.indent, false) && self.is_first(it));
        self.last = line.leaves;
        is_plain
    }

    fn line(&mut self, line: &'t str) -> bool {
        // It ends a line too.
        if memchr::memchr(b'\r', line.as_bytes()).is_some() {
            return false;
        }
        let indent = line.bytes().take_while(|it| *it == b' ').count();
        let said = &line[indent..];
        if said.is_empty() || self.is_in_block(indent) {
            return self.block.is_none_or(|(_, own)| own.is_none_or(|own| indent >= own || said.is_empty()));
        }
        if said.starts_with('#') {
            // Words do not go on behind a comment.
            self.last = if self.last == Last::Words { Last::Closed } else { self.last };
            return true;
        }
        self.entry(indent, said, false)
    }

    /// Whether a line is text of a block, which ends where it is not.
    fn is_in_block(&mut self, indent: usize) -> bool {
        self.block = match self.block {
            Some((owner, own)) if indent > owner => Some((owner, own.or(Some(indent)))),
            _ => None,
        };
        self.block.is_some()
    }

    /// A dash or a key with what follows on its line; `is_inner`: a dash stands before it.
    fn entry(&mut self, indent: usize, said: &'t str, is_inner: bool) -> bool {
        if said == "-" || said.starts_with("- ") {
            let inside = said[1..].trim_start_matches(' ');
            self.last = if is_inner { Last::Open } else { self.last };
            return self.level(indent, true)
                && match inside.is_empty() || inside.starts_with('#') {
                    true => self.opens(),
                    false => self.entry(indent + said.len() - inside.len(), inside, true),
                };
        }
        match key(said) {
            Some((key, value)) => {
                self.last = if is_inner { Last::Open } else { self.last };
                self.level(indent, false) && self.is_first(key) && self.value(indent, value)
            }
            // The value of an item, or more words of a value.
            None if is_inner => self.value(self.levels.last().map_or(0, |it| it.indent), said),
            None => {
                let is_inside = self.levels.last().is_some_and(|it| indent > it.indent);
                self.last == Last::Words && is_inside && is_words(said)
            }
        }
    }

    fn opens(&mut self) -> bool {
        self.last = Last::Open;
        true
    }

    /// Goes to the mapping or the list at `indent`; `false`: there can be none.
    fn level(&mut self, indent: usize, is_list: bool) -> bool {
        let before = self.levels.len();
        while self.levels.last().is_some_and(|it| it.indent > indent || it.indent == indent && it.is_list && !is_list) {
            let level = self.levels.pop().map_or(0, |it| it.keys);
            self.keys.truncate(level);
        }
        let is_new = match self.levels.last() {
            Some(it) if it.indent == indent && it.is_list == is_list => return true,
            // A list may stand as far left as the key whose value it is.
            Some(it) => it.indent < indent || is_list,
            None => self.levels.len() == before,
        };
        self.levels.push(Level { indent, is_list, keys: self.keys.len() });
        is_new && before < self.levels.len() && self.last == Last::Open
    }

    /// Whether a key stands in its mapping for the first time.
    fn is_first(&mut self, key: &'t str) -> bool {
        let key = MappingKey::of(key);
        let before = &self.keys[self.levels.last().map_or(0, |it| it.keys)..];
        let is_it = |it: &MappingKey<'_>| it.print == key.print && it.text == key.text;
        let is_first = before.len() < KEYS && !before.iter().any(is_it);
        self.keys.push(key);
        is_first
    }

    /// What follows on the line of a key or a dash that stands at `indent`.
    fn value(&mut self, indent: usize, value: &str) -> bool {
        let value = value.trim_matches(' ');
        self.last = Last::Closed;
        match value.as_bytes().first() {
            None | Some(b'#') => self.opens(),
            Some(b'|' | b'>') => {
                self.block = Some((indent, None));
                matches!(&value[1..], "" | "-" | "+")
            }
            Some(b'"' | b'\'') => quoted(value).is_some_and(|(_, behind)| is_comment(behind)),
            Some(b'{' | b'[') => value == "{}" || value == "[]",
            Some(_) => {
                self.last = Last::Words;
                is_words(value)
            }
        }
    }
}

/// A key and what follows its colon.
fn key(said: &str) -> Option<(&str, &str)> {
    if let Some((key, behind)) = quoted(said) {
        return Some((key, behind.strip_prefix(':').filter(|it| it.is_empty() || it.starts_with(' '))?));
    }
    let mut colons = memchr::memchr_iter(b':', said.as_bytes());
    let colon = colons.find(|at| matches!(said.as_bytes().get(at + 1), None | Some(b' ')))?;
    let key = said[..colon].trim_end_matches(' ');
    is_words(key).then(|| (key, &said[colon + 1..]))
}

/// A text in quotes that ends on its line and needs no unescaping, and what is behind it.
fn quoted(said: &str) -> Option<(&str, &str)> {
    let quote = said.chars().next().filter(|it| matches!(it, '"' | '\''))?;
    let bytes = said.as_bytes();
    let mut at = 1;
    loop {
        match (bytes.get(at)?, bytes.get(at + 1)) {
            (b'\\', Some(next)) if quote == '"' => match b"\"\\/bfnrt".contains(next) {
                true => at += 2,
                false => return None,
            },
            (b'\'', Some(b'\'')) if quote == '\'' => at += 2,
            (it, _) if char::from(*it) == quote => return Some((&said[1..at], &said[at + 1..])),
            _ => at += 1,
        }
    }
}

fn is_comment(behind: &str) -> bool {
    behind.is_empty() || behind.starts_with(" #")
}

/// Whether these are words of plain style and nothing else.
fn is_words(said: &str) -> bool {
    let bytes = said.as_bytes();
    let begins = match bytes.first() {
        Some(b'-' | b'?' | b':') => bytes.get(1).is_some_and(|it| !b" \t".contains(it)),
        Some(first) => !b"&*!%@`|>{}[],#\"'<".contains(first),
        None => false,
    };
    let ends_key = |at: usize| bytes.get(at + 1).is_none_or(|it| b" \t".contains(it));
    begins
        && !memchr::memchr_iter(b':', bytes).any(ends_key)
        && memchr::memchr2_iter(b'\t', b'#', bytes).all(|at| bytes[at] == b'#' && bytes[at - 1] != b' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::parse_yaml;
    use serde::de::IgnoredAny;

    #[test]
    fn what_kubectl_writes_is_plain() {
        for text in [
            "apiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n    a: |\n      {\"x\": [\n      \n        y\n  name: x\nspec:\n  containers:\n  - args:\n    - --a=b\n    - -c\n    env:\n    - name: X\n      value: \"y # z\"\n    image: i:1\n  - image: j@sha256:00\nstatus: {}\n",
            "  metadata:\n    f:a: {}\n    .: {}\n    k:{\"type\":\"Ready\"}:\n      f:b: 1\n    t: 2024-01-01T00:00:00Z\n",
            "a:\n  - b\n  - c: d\n    e: 'it''s'\n\n# comment\nf: >-\n  text: [\n   more\ng: words that\n  go on\n",
            "- a: b\n- c\n- - d\n  - e\n-\n  f: g\n",
        ] {
            assert!(is_plain(text), "{text}");
            assert!(parse_yaml::<IgnoredAny>(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn no_mistake_is_plain() {
        for text in [
            "a: b\na: c\n",
            "a:\n  - b: 1\n    b: 2\n",
            "a: [b\n  x: }\n",
            "a: \"b\n",
            "a: 'b\nc: d\n",
            "a:\n    - b: c\n   - d: e\n",
            "a:\n    b: c\n  d: e\n",
            "a: b\n  c: d\n",
            "a:\n- b\n  c: d\n",
            "a: b: c\n",
            "a:\n\tb: c\n",
            "a: {{ b }}\n",
            "{{- if b }}\na: b\n",
            "a: *b\n",
            "a: @b\n",
            "a: \"b\" c\n",
            "a: |\n    b\n  c\n",
            "  a: b\nc: d\n",
            "a: b\nc\n",
            "a: b\n- c\n",
            "- c\na: b\n",
            "a: \"\\q\"\n",
            "a: b #c\n  d\n",
            "\"a\": b\na: c\n",
            "a : b\na: c\n",
            "a: b\n# c\n  d\n",
            "? a\n: b\n",
            "a: b\rc: \"d\n",
        ] {
            assert!(!is_plain(text), "{text}");
        }
    }
}

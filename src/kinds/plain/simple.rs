//! Lines of a form that kubectl writes nearly all in, told by one walk over their bytes.
//!
//! What is not simple may be plain all the same: that is for the slower look at a line to say. One that is simple is
//! judged as that would judge it.

use super::Last;

/// A line as kubectl writes nearly all: a dash or none, a word as a key or none, and a value that ends on the line.
#[derive(PartialEq, Debug)]
pub(super) struct Simple<'t> {
    /// How far the dash is indented.
    pub dash: Option<usize>,
    /// How far the key is, and itself.
    pub indent: usize,
    pub key: Option<&'t str>,
    /// What it leaves to be said.
    pub leaves: Last,
    /// Where the line ends.
    pub end: usize,
}

/// What a byte may be in a simple line: one that begins words and goes on in them, one that only goes on, neither.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    Begins,
    GoesOn,
    Stops,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::GoesOn; 256];
    let mut byte = 0;
    while byte < 256 {
        let it = byte as u8;
        if it.is_ascii_alphanumeric() || matches!(it, b'.' | b'/' | b'_' | b'$' | b'(' | b'~' | b'=' | b'+') {
            classes[byte] = Class::Begins;
        } else if it <= b' ' || matches!(it, b':' | b'#' | 0x7f) {
            classes[byte] = Class::Stops;
        }
        byte += 1;
    }
    classes
};

fn class(bytes: &[u8], at: usize) -> Class {
    bytes.get(at).map_or(Class::Stops, |it| CLASSES[usize::from(*it)])
}

/// The line that begins at `at`, if it is simple.
pub(super) fn simple(text: &str, at: usize) -> Option<Simple<'_>> {
    let bytes = text.as_bytes();
    let begin = behind_spaces(bytes, at);
    let is_item = bytes[begin..].starts_with(b"- ");
    let word = if is_item { behind_spaces(bytes, begin + 1) } else { begin };
    let dash = is_item.then_some(begin - at);
    let of = |key, (leaves, end)| Simple { dash, indent: word - at, key, leaves, end };
    if class(bytes, word) != Class::Begins {
        return is_item
            .then(|| simple_value(bytes, word))
            .flatten()
            .filter(|it| it.0 != Last::Open)
            .map(|it| of(None, it));
    }
    let mut colon = word + 1;
    loop {
        match (class(bytes, colon), bytes.get(colon), bytes.get(colon + 1)) {
            (Class::Begins | Class::GoesOn, ..) => colon += 1,
            (_, Some(b':'), None | Some(b' ' | b'\n')) => break,
            (_, Some(b':'), Some(b'\t' | b'\r' | b':')) => return None,
            (_, Some(b':'), _) => colon += 1,
            // No key: the words of an item.
            _ => return is_item.then(|| simple_value(bytes, word)).flatten().map(|it| of(None, it)),
        }
    }
    simple_value(bytes, behind_spaces(bytes, colon + 1)).map(|it| of(Some(&text[word..colon]), it))
}

fn behind_spaces(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at) == Some(&b' ') {
        at += 1;
    }
    at
}

/// What the value that begins at `at` leaves to be said, and where its line ends, if it is simple.
fn simple_value(bytes: &[u8], at: usize) -> Option<(Last, usize)> {
    let closed = |end: usize| matches!(bytes.get(end), None | Some(b'\n')).then_some((Last::Closed, end));
    match bytes.get(at) {
        None | Some(b'\n') => Some((Last::Open, at)),
        Some(b'{') => (bytes.get(at + 1) == Some(&b'}')).then(|| closed(at + 2)).flatten(),
        Some(b'[') => (bytes.get(at + 1) == Some(&b']')).then(|| closed(at + 2)).flatten(),
        Some(quote @ (b'"' | b'\'')) => {
            let is_end = |it: &u8| *it == *quote || matches!(it, b'\\' | b'\n' | b'\r');
            let end = at + 1 + bytes[at + 1..].iter().position(is_end)?;
            (bytes[end] == *quote).then(|| closed(end + 1)).flatten()
        }
        Some(b'-') if class(bytes, at + 1) != Class::Stops => simple_words(bytes, at + 1),
        Some(it) if CLASSES[usize::from(*it)] == Class::Begins => simple_words(bytes, at + 1),
        Some(_) => None,
    }
}

/// Words that have begun before `at`.
fn simple_words(bytes: &[u8], mut at: usize) -> Option<(Last, usize)> {
    loop {
        match (class(bytes, at), bytes.get(at), bytes.get(at + 1)) {
            (Class::Begins | Class::GoesOn, ..) => at += 1,
            (_, None | Some(b'\n'), _) => return Some((Last::Words, at)),
            (_, Some(b' '), Some(it)) if !matches!(it, b'#' | b' ' | b'\n' | b'\r') => at += 1,
            (_, Some(b':'), Some(it)) if !b" \t\r\n".contains(it) => at += 1,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::de::IgnoredAny;

    use super::super::{PlainLines, is_plain};
    use crate::kinds::parse_yaml;

    /// Parts of which lines are made.
    const PARTS: [&str; 36] = [
        " ",
        " ",
        "  ",
        "    ",
        "- ",
        "-",
        "a",
        "b",
        "a: ",
        "a:",
        "b: c",
        "name: x",
        ": ",
        ":",
        "#",
        " # c",
        "\"",
        "'",
        "{}",
        "[]",
        "{",
        "]",
        "|",
        ">-",
        "&a",
        "*a",
        "\t",
        "\r",
        "\\",
        "é",
        ".",
        "---",
        "?",
        "f:a: {}",
        "--x=y",
        "k:{\"a\":1}: {}",
    ];

    fn slowly(text: &str) -> bool {
        PlainLines::default().all(text, |_, _| None)
    }

    proptest::proptest! {
        #[test]
        fn simple_lines_are_judged_as_all_are(
            lines in proptest::collection::vec((0..3usize, proptest::collection::vec(proptest::sample::select(&PARTS[..]), 0..5)), 0..7),
        ) {
            let line = |(indent, parts): &(usize, Vec<&str>)| format!("{:1$}{2}", "", indent * 2, parts.concat());
            let text = lines.iter().map(line).collect::<Vec<_>>().join("\n");
            proptest::prop_assert_eq!(is_plain(&text), slowly(&text), "{:?}", text);
        }

        /// Documents as kubectl writes them, with a line changed, moved or gone.
        #[test]
        fn what_kubectl_writes_is_judged_as_all_is(
            gone in 0..60usize, at in 0..60usize, part in proptest::sample::select(&PARTS[..]), moved in 0..60usize,
        ) {
            let mut lines: Vec<String> = KUBECTL.lines().map(str::to_owned).collect();
            let count = lines.len();
            let (from, to) = (gone % count, moved % count);
            let line = lines.remove(from);
            if moved % 3 > 0 {
                lines.insert(to.min(lines.len()), line);
            }
            let changed = at % lines.len();
            match at % 4 {
                0 => lines[changed].push_str(part),
                1 => lines[changed].insert_str(0, part),
                2 => lines[changed] = lines[changed].replacen("a", part, 1),
                _ => {}
            }
            let text = lines.join("\n");
            proptest::prop_assert_eq!(is_plain(&text), slowly(&text), "{}", text);
            if is_plain(&text) {
                proptest::prop_assert!(parse_yaml::<IgnoredAny>(&text).is_ok(), "{}", text);
            }
        }
    }

    const KUBECTL: &str = "apiVersion: v1
kind: Pod
metadata:
  annotations:
    kubernetes.io/config: |
      {\"a\": [1,
      b: c
  managedFields:
  - apiVersion: v1
    fieldsV1:
      f:metadata:
        f:labels:
          .: {}
          f:app: {}
      k:{\"type\":\"Ready\"}:
        .: {}
    manager: kubelet
  name: a
  namespace: default
spec:
  containers:
  - args:
    - --a=b
    - a # c
    - \"a: b\"
    command: []
    env:
    - name: a
      value: 'it is'
    image: registry.example.com/a@sha256:00
    name: a
  - image: a
    name: b
  tolerations:
  - effect: NoExecute
    key: node.kubernetes.io/not-ready
status:
  message: a text that
    goes on: not
  podIP: 10.0.0.1
  podIPs:
  - ip: 10.0.0.1
  startTime: \"2024-01-01T00:00:00Z\"
";
}

//! Whether the lines of a plain document alone show that no odd word stands in it.
//!
//! ```text
//! spec:
//!   hostNetwork: true          the API wants a boolean: not odd
//!   selector:
//!     canary: true             inside a mapping of strings: odd
//!   addresses:
//!   - 010.0.0.1                an item of a field that wants strings: odd
//! ```
//!
//! A document that kubectl wrote has none, and need not be parsed a second time to know it. What looks odd here may
//! be none after all (a line of a block of text, an annotation): only the parser's walk decides that.

use super::meant::{Meant, may_mean, meant};
use super::{FIELDS, MAPS, NUMBERS_OR_NAMES};

/// What a line that is further to the right than a key belongs to.
#[derive(Clone, Copy)]
enum Inside {
    Nothing,
    /// A mapping whose keys and values are strings, which begins at this indent.
    Map(usize),
    /// The value of a field that wants strings: one word, or items.
    Field(usize),
}

/// Whether an odd word may stand in a document that [`is_plain`](crate::kinds::is_plain) calls plain.
pub(in crate::kinds) fn may_hold_odd_words(plain: &str) -> bool {
    let mut inside = Inside::Nothing;
    plain.lines().any(|line| {
        let (indent, behind, said) = item(line);
        if said.is_empty() || said.starts_with('#') {
            return false;
        }
        let is_in = |at: usize| indent > at || indent == at && behind > 0;
        match (inside, key(said)) {
            (Inside::Map(at), pair) if is_in(at) => {
                let (key, value) = pair.unwrap_or((said, ""));
                meant(key).is_some() || meant(value).is_some()
            }
            (Inside::Field(at), None) if is_in(at) => meant(said.trim_end_matches(' ')).is_some(),
            (_, Some((key, value))) => {
                let is_open = value.is_empty() || value.starts_with('#');
                inside = if is_open { opened_by(key, indent + behind) } else { Inside::Nothing };
                is_odd(key, value)
            }
            (_, None) => false,
        }
    })
}

/// How far a line is indented, how wide its dashes are, and what stands behind them.
fn item(line: &str) -> (usize, usize, &str) {
    let indent = line.bytes().take_while(|it| *it == b' ').count();
    let mut said = &line[indent..];
    while let Some(behind) = said.strip_prefix("- ") {
        said = behind.trim_start_matches(' ');
    }
    let said = if said == "-" { "" } else { said };
    (indent, line.len() - indent - said.len(), said)
}

fn opened_by(key: &str, indent: usize) -> Inside {
    match key {
        _ if MAPS.contains(&key) => Inside::Map(indent),
        _ if FIELDS.contains(&key) => Inside::Field(indent),
        _ => Inside::Nothing,
    }
}

/// Whether the value on the line of a key is odd there.
fn is_odd(key: &str, value: &str) -> bool {
    if !may_mean(value) {
        return false;
    }
    let may_be_number = NUMBERS_OR_NAMES.contains(&key);
    let is_wanted = may_be_number || FIELDS.contains(&key);
    is_wanted && meant(value).is_some_and(|it| !may_be_number || !matches!(it, Meant::Integer(_)))
}

/// A key, without the quotes that it may stand in, and the word behind its colon.
fn key(said: &str) -> Option<(&str, &str)> {
    let colon = memchr::memchr_iter(b':', said.as_bytes())
        .find(|at| matches!(said.as_bytes().get(at + 1), None | Some(b' ')))?;
    Some((said[..colon].trim_end_matches(' ').trim_matches(['"', '\'']), said[colon + 1..].trim_matches(' ')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::is_plain;
    use crate::kinds::words::odd_words;

    const ODD: [&str; 8] = [
        "metadata:\n  labels:\n    on: x\n",
        "metadata:\n  labels:\n    a: 1.10\n",
        "metadata:\n  name: 007\n",
        "spec:\n  selector:\n    matchLabels:\n      a: NO\n",
        "subsets:\n- addresses:\n  - 010\n",
        "rules:\n- verbs:\n  - on\n",
        "spec:\n  ports:\n  - port: 1e3\n",
        "spec:\n- name: 1_000\r\n  labels:\r\n",
    ];

    const EVEN: [&str; 6] = [
        "metadata:\n  labels:\n    a: \"1\"\n  name: a-1\n",
        "spec:\n  hostNetwork: true\n  containers:\n  - resources:\n      limits:\n        cpu: 1\n    name: a\n",
        "spec:\n  ports:\n  - port: 80\n    targetPort: 8080\n  selector:\n    a: b\n  replicas: 3\n",
        "spec:\n  selector: {}\n  securityContext:\n    runAsUser: 1000\n",
        "a: false\nb:\n- true\n",
        "rules:\n- verbs:\n  - get\n  x: on\n",
    ];

    #[test]
    fn what_the_parser_finds_odd_looks_odd() {
        for text in ODD {
            assert!(is_plain(text), "{text}");
            assert!(may_hold_odd_words(text), "{text}");
            assert!(odd_words(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_kubectl_writes_does_not() {
        for text in EVEN {
            assert!(is_plain(text), "{text}");
            assert!(!may_hold_odd_words(text), "{text}");
            assert!(odd_words(text).is_none(), "{text}");
        }
    }
}

//! JSON with holes: how documents are rendered at the speed of copying memory.
//!
//! A template is readable JSON (`assets/worlds/*.json`), stripped of blanks and cut at its holes once:
//!
//! ```text
//! {"name": "<name>", "labels": "<!labels>"}   →   text `{"name":"`, hole name, text `","labels":`, hole labels, text `}`
//! ```
//!
//! `<x>` inside a string is replaced by text that needs no escaping; `"<!x>"` is replaced, quotes and all, by JSON.
//! Templates know no conditions and no loops: what varies in shape is a hole that the renderer fills with JSON.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// All holes of all templates; `Values` has a place for each.
const HOLES: [&str; 46] = [
    "name",
    "namespace",
    "app",
    "hash",
    "uid",
    "version",
    "time",
    "team",
    "tier",
    "ip",
    "node",
    "hostip",
    "generate",
    "owner",
    "ownerkind",
    "owneruid",
    "ownergroup",
    "phase",
    "ready",
    "replicas",
    "hex1",
    "hex2",
    "hex3",
    "hex4",
    "word1",
    "word2",
    "word3",
    "word4",
    "word5",
    "word6",
    "suffix",
    "image",
    "labels",
    "labelfields",
    "containers",
    "containerfields",
    "containerstatuses",
    "ports",
    "spec",
    "rules",
    "subjects",
    "endpoints",
    "number",
    "count",
    "host",
    "portfields",
];

/// The index of a hole by its name.
pub const fn hole(name: &str) -> usize {
    let mut at = 0;
    while at < HOLES.len() {
        if same(HOLES[at].as_bytes(), name.as_bytes()) {
            return at;
        }
        at += 1;
    }
    panic!("a hole that no template has")
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// What fills the holes: one buffer, and where in it each hole's text lies.
#[derive(Clone)]
pub struct Values {
    text: Vec<u8>,
    at: [(u32, u32); HOLES.len()],
}

impl Values {
    /// No hole is filled: each gives nothing.
    pub fn new() -> Values {
        Values { text: Vec::with_capacity(4096), at: [(0, 0); HOLES.len()] }
    }

    /// Fills a hole with whatever `write` appends.
    pub fn fill(&mut self, hole: usize, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.text.len() as u32;
        write(&mut self.text);
        self.at[hole] = (start, self.text.len() as u32);
    }

    /// Fills a hole with text.
    pub fn set(&mut self, hole: usize, text: &str) {
        self.fill(hole, |out| out.extend_from_slice(text.as_bytes()));
    }

    /// Fills a hole with a number in decimal.
    pub fn number(&mut self, hole: usize, number: u64) {
        self.fill(hole, |out| decimal(out, number));
    }

    /// What fills a hole.
    pub fn get(&self, hole: usize) -> &[u8] {
        let (from, to) = self.at[hole];
        &self.text[from as usize..to as usize]
    }
}

/// Appends a number in decimal.
pub fn decimal(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// A document with holes, cut at them.
#[derive(Clone, Debug)]
pub struct DocumentTemplate {
    parts: Vec<(Box<[u8]>, usize)>,
    end: Box<[u8]>,
}

impl DocumentTemplate {
    /// Cuts JSON text at its holes.
    fn new(json: &str) -> DocumentTemplate {
        let text = without_blanks(json);
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        while let Some((before, name, after)) = next_hole(rest) {
            parts.push((before.as_bytes().into(), hole(name)));
            rest = after;
        }
        DocumentTemplate { parts, end: rest.as_bytes().into() }
    }

    /// Appends the document with its holes filled.
    pub fn write(&self, values: &Values, out: &mut Vec<u8>) {
        for (text, hole) in &self.parts {
            out.extend_from_slice(text);
            out.extend_from_slice(values.get(*hole));
        }
        out.extend_from_slice(&self.end);
    }
}

/// The text before the first hole, the hole's name, and the text after it.
fn next_hole(text: &str) -> Option<(&str, &str, &str)> {
    let open = text.find('<')?;
    let close = open + text[open..].find('>')?;
    match text[open + 1..close].strip_prefix('!') {
        Some(name) => Some((&text[..open - 1], name, &text[close + 2..])),
        None => Some((&text[..open], &text[open + 1..close], &text[close + 1..])),
    }
}

/// JSON without the blanks between its tokens.
fn without_blanks(json: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    json.chars()
        .filter(|c| {
            let keep = inside || !c.is_ascii_whitespace();
            match c {
                '"' if !escaped => inside = !inside,
                _ => {}
            }
            escaped = inside && *c == '\\' && !escaped;
            keep
        })
        .collect()
}

/// The templates of one file: a JSON object with a template a key.
pub struct TemplateFile(BTreeMap<String, DocumentTemplate>);

impl TemplateFile {
    /// Reads the text of a file under `assets/worlds`.
    pub fn read(text: &str) -> TemplateFile {
        let raw: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(text).expect("the templates of the worlds are JSON");
        TemplateFile(raw.into_iter().map(|(key, json)| (key, DocumentTemplate::new(json.get()))).collect())
    }

    /// The template of that key.
    pub fn get(&self, key: &str) -> &DocumentTemplate {
        &self.0[key]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_and_blanks_outside_strings_are_gone() {
        let template = DocumentTemplate::new(r#"{ "name": "a \" <name> b", "labels": "<!labels>", "n": [1, 2] }"#);
        let mut values = Values::new();
        values.set(hole("name"), "web");
        values.set(hole("labels"), r#"{"app":"web"}"#);
        let mut out = Vec::new();
        template.write(&values, &mut out);
        assert_eq!(String::from_utf8_lossy(&out), r#"{"name":"a \" web b","labels":{"app":"web"},"n":[1,2]}"#);
    }

    #[test]
    fn numbers_are_decimal() {
        let mut out = Vec::new();
        decimal(&mut out, 0);
        decimal(&mut out, 65_535);
        assert_eq!(out, b"065535");
    }
}

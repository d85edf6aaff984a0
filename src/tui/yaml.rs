//! A whole object as YAML, line by line, each line with the place it shows.
//!
//! ```text
//! spec:                              spec
//!   ingress:                         spec.ingress
//!   - from:                          spec.ingress[0].from
//!     - podSelector: {}              spec.ingress[0].from[0].podSelector
//! ```
//!
//! So a link to `spec.ingress[0].from[0]` finds its line. Text that could command a terminal or deceive an eye is
//! written in double quotes with escapes, which YAML reads back as it was. Secrets' contents are never asked for.

use serde_json::Value;

use crate::model::place::Place;
use crate::model::untrusted;

/// One line and the place that it shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct YamlLine {
    pub text: String,
    pub place: Place,
}

/// Whether the server's bookkeeping is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ManagedFieldsShown {
    #[default]
    Hidden,
    Shown,
}

/// The object as lines.
pub fn lines(object: &Value, managed: ManagedFieldsShown) -> Vec<YamlLine> {
    let mut writer = YamlWriter { lines: Vec::new(), managed };
    writer.value(object, "", 0, Start::Line);
    writer.lines
}

/// The line that shows a place, or the nearest place around it.
pub fn line_of(lines: &[YamlLine], place: &Place) -> usize {
    let mut wanted = place.0.as_str();
    loop {
        if let Some(at) = lines.iter().position(|it| it.place.0 == *wanted || begins(&it.place.0, wanted)) {
            return at;
        }
        match wanted.rfind(['.', '[']) {
            Some(end) => wanted = &wanted[..end],
            None => return 0,
        }
    }
}

/// Whether `place` stands inside `outer`; the first line of a list's element shows its first field.
fn begins(place: &str, outer: &str) -> bool {
    !outer.is_empty() && place.strip_prefix(outer).is_some_and(|rest| rest.starts_with(['.', '[']))
}

/// Where a value starts: on a line of its own, or behind what its first line begins with.
enum Start {
    Line,
    Behind(String),
}

struct YamlWriter {
    lines: Vec<YamlLine>,
    managed: ManagedFieldsShown,
}

impl YamlWriter {
    fn push(&mut self, text: String, place: &str) {
        self.lines.push(YamlLine { text, place: Place::new(place) });
    }

    fn value(&mut self, value: &Value, place: &str, depth: usize, start: Start) {
        match value {
            Value::Object(fields) if !fields.is_empty() => self.object(fields, place, depth, start),
            Value::Array(items) if !items.is_empty() => self.list(items, place, depth, start),
            other => {
                let text = match start {
                    Start::Line => scalar(other),
                    Start::Behind(head) => format!("{head} {}", scalar(other)),
                };
                self.push(text, place);
            }
        }
    }

    fn object(&mut self, fields: &serde_json::Map<String, Value>, place: &str, depth: usize, start: Start) {
        let mut head = self.begin(start, place, depth);
        for (key, value) in fields {
            if key == "managedFields" && place == "metadata" && self.managed == ManagedFieldsShown::Hidden {
                continue;
            }
            let inner = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
            let pad = head.take().unwrap_or_else(|| " ".repeat(depth * 2));
            let head = format!("{pad}{}:", text(key));
            // A list stands as deep as its key.
            let depth = if is_list(value) { depth } else { depth + 1 };
            self.value(value, &inner, depth, Start::Behind(head));
        }
    }

    fn list(&mut self, items: &[Value], place: &str, depth: usize, start: Start) {
        let mut head = self.begin(start, place, depth);
        for (at, item) in items.iter().enumerate() {
            let pad = head.take().unwrap_or_else(|| " ".repeat(depth * 2));
            let inner = format!("{place}[{at}]");
            match item {
                Value::Object(it) if !it.is_empty() => {
                    self.value(item, &inner, depth + 1, Start::Behind(format!("{pad}-")))
                }
                Value::Array(it) if !it.is_empty() => {
                    self.value(item, &inner, depth + 1, Start::Behind(format!("{pad}-")))
                }
                other => self.push(format!("{pad}- {}", scalar(other)), &inner),
            }
        }
    }

    /// What the first entry's line begins with: `- ` for an entry behind a dash, nothing behind a key.
    fn begin(&mut self, start: Start, place: &str, _depth: usize) -> Option<String> {
        match start {
            Start::Line => None,
            Start::Behind(head) if head.ends_with('-') => Some(format!("{head} ")),
            Start::Behind(head) => {
                self.push(head, place);
                None
            }
        }
    }
}

fn is_list(value: &Value) -> bool {
    matches!(value, Value::Array(items) if !items.is_empty())
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(it) => it.to_string(),
        Value::Number(it) => it.to_string(),
        Value::String(it) => text(it),
        Value::Array(_) => "[]".into(),
        Value::Object(_) => "{}".into(),
    }
}

/// A string as YAML: bare where that reads back as the same string, else in double quotes.
fn text(it: &str) -> String {
    if is_bare(it) {
        return it.to_owned();
    }
    let mut quoted = String::from("\"");
    for character in it.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            it if untrusted::is_deceptive_text(&it.to_string()) => quoted.push_str(&escape(it)),
            it => quoted.push(it),
        }
    }
    quoted.push('"');
    quoted
}

fn escape(it: char) -> String {
    match u32::from(it) {
        code @ 0..=0xff => format!("\\x{code:02x}"),
        code @ 0x100..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    }
}

/// Whether a string needs no quotes: it looks like nothing but a word, a path or an address.
fn is_bare(it: &str) -> bool {
    let starts_well = it.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '_');
    let is_plain = it.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_./:+@ ".contains(&c));
    let is_word =
        ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].iter().any(|w| it.eq_ignore_ascii_case(w));
    starts_well && is_plain && !is_word && !it.ends_with([' ', ':']) && !it.contains(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn policy() -> Value {
        json!({
            "kind": "NetworkPolicy",
            "metadata": {"name": "allow", "managedFields": [{"manager": "kubectl"}], "labels": {}},
            "spec": {"ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}, {"ipBlock": {"cidr": "10.0.0.0/8"}}],
                "ports": [{"port": 80}, {"port": "http"}]}], "policyTypes": ["Ingress"]}
        })
    }

    fn printed(value: &Value) -> String {
        lines(value, ManagedFieldsShown::Hidden).into_iter().map(|it| it.text + "\n").collect()
    }

    #[test]
    fn an_object_reads_as_kubectl_prints_it() {
        let expected = "\
kind: NetworkPolicy
metadata:
  labels: {}
  name: allow
spec:
  ingress:
  - from:
    - podSelector:
        matchLabels:
          app: web
    - ipBlock:
        cidr: \"10.0.0.0/8\"
    ports:
    - port: 80
    - port: http
  policyTypes:
  - Ingress
";
        assert_eq!(printed(&policy()), expected);
        assert!(lines(&policy(), ManagedFieldsShown::Shown).iter().any(|it| it.text.contains("kubectl")));
    }

    #[test]
    fn a_place_finds_its_line() {
        let lines = lines(&policy(), ManagedFieldsShown::Hidden);
        let at = |place: &str| lines[line_of(&lines, &Place::new(place))].text.trim().to_owned();
        assert_eq!(at("spec.ingress[0].from[1]"), "- ipBlock:");
        assert_eq!(at("spec.ingress[0]"), "- from:");
        assert_eq!(at("spec.ingress[0].ports[1]"), "- port: http");
        assert_eq!(at("spec.policyTypes[0]"), "- Ingress");
        assert_eq!(at("spec.egress[4]"), "spec:", "what is not there: the nearest around it");
        assert_eq!(at(""), "kind: NetworkPolicy");
    }

    /// Source: reliability.md §3.1: names may hold any byte. What is written reads back as it was.
    #[test]
    fn hostile_text_is_escaped_and_reads_back() {
        let value = json!({"a\u{1b}]0;x": "b\u{202e}\n\"\\", "true": "yes", "n": "1e3", "list": [[1, 2], [], "- x"], "e": "\u{e0041}"});
        let text = printed(&value);
        assert!(text.chars().all(|it| it == '\n' || !it.is_control()), "{text}");
        assert!(!text.contains('\u{202e}'));
        let back: Value = serde_saphyr::from_str(&text).expect("valid YAML");
        assert_eq!(back, value);
    }
}

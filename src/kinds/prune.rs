//! YAML without the lines that no reader looks at.
//!
//! ```text
//! metadata:                      metadata:
//!   annotations:                   name: web-0
//!     a: "…"              ──►    spec:
//!   name: web-0                    containers:
//! spec:                            - ports:
//!   containers:                      - containerPort: 80
//!   - env: […]
//!     ports:
//!     - containerPort: 80
//! ```
//!
//! Nine tenths of a pod that `kubectl get -o yaml` prints are never read, and finding the ends of lines is fifty
//! times faster than parsing them. This goes by indentation alone and understands block style; what it does not
//! understand it keeps. The parser judges what is left; if it refuses that, the whole text is parsed instead.

/// The text with only the lines under `fields`, paths like `spec.containers.ports` that pass through lists.
///
/// With `keeps_unknown` also those of the object's own keys that no object has.
pub(super) fn prune(text: &str, fields: &[&str], keeps_unknown: bool) -> String {
    let mut pruner = Pruner { rest: text, kept: String::with_capacity(text.len() / 4), top: None };
    if keeps_unknown {
        pruner.top = pruner.peek().map(|it| it.indent);
    }
    while let Some(line) = pruner.peek() {
        let before = pruner.rest.len();
        pruner.mapping(line.indent, fields);
        if pruner.rest.len() == before {
            // Not a mapping where one was expected: all that is left is the parser's.
            pruner.keep_all();
        }
    }
    pruner.kept
}

/// One line that says something: not blank, no comment alone.
#[derive(Clone, Copy)]
struct Line<'t> {
    /// With its line break.
    whole: &'t str,
    indent: usize,
    /// Without indentation and line break.
    said: &'t str,
}

impl<'t> Line<'t> {
    fn of(whole: &'t str) -> Self {
        let said = whole.trim_start_matches(' ');
        Self { whole, indent: whole.len() - said.len(), said: said.trim_end() }
    }

    fn is_item(&self) -> bool {
        self.said == "-" || self.said.starts_with("- ")
    }

    fn says_nothing(&self) -> bool {
        self.said.is_empty() || self.said.starts_with('#')
    }

    /// Whether it belongs to the value of a key that stands at `indent`.
    fn is_below(&self, indent: usize) -> bool {
        self.indent > indent || (self.indent == indent && self.is_item())
    }
}

/// A plain key and what follows its colon on the line; `None` for keys that are quoted or otherwise special.
fn key(said: &str) -> Option<(&str, &str)> {
    let (key, value) = said.split_once(':')?;
    let plain = !key.is_empty() && key.bytes().all(|it| it.is_ascii_alphanumeric());
    (plain && (value.is_empty() || value.starts_with(' '))).then(|| (key, value.trim()))
}

struct Pruner<'t> {
    rest: &'t str,
    kept: String,
    /// How far the object's own keys are indented, where unknown ones are kept.
    top: Option<usize>,
}

/// The object's own keys that every object has and no reader looks at.
const KNOWN: [&str; 3] = ["apiVersion", "kind", "status"];

impl<'t> Pruner<'t> {
    fn line(&self) -> Option<Line<'t>> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.find('\n').map_or(self.rest.len(), |at| at + 1);
        Some(Line::of(&self.rest[..end]))
    }

    fn skip(&mut self, line: Line<'t>) {
        self.rest = &self.rest[line.whole.len()..];
    }

    fn keep(&mut self, line: Line<'t>) {
        self.kept.push_str(line.whole);
        self.skip(line);
    }

    fn keep_all(&mut self) {
        self.kept.push_str(std::mem::take(&mut self.rest));
    }

    /// The next line that says something, those before it dropped.
    fn peek(&mut self) -> Option<Line<'t>> {
        while let Some(line) = self.line() {
            if !line.says_nothing() {
                return Some(line);
            }
            self.skip(line);
        }
        None
    }

    /// Drops the value of a key at `indent`; comments in it may be text of a block scalar, which ends as it does.
    fn skip_value(&mut self, indent: usize) {
        while let Some(line) = self.line().filter(|it| it.says_nothing() || it.is_below(indent)) {
            self.skip(line);
        }
    }

    /// Keeps the value of a key at `indent`, blank lines and all.
    fn keep_value(&mut self, indent: usize) {
        while let Some(line) = self.line().filter(|it| it.said.is_empty() || it.is_below(indent)) {
            self.keep(line);
        }
    }

    /// One mapping whose keys stand at `indent`.
    fn mapping(&mut self, indent: usize, fields: &[&str]) {
        while let Some(line) = self.peek().filter(|it| it.indent == indent && !it.is_item()) {
            self.skip(line);
            self.entry(line.said, line.whole, indent, fields);
        }
    }

    /// One key with its value; `written` is what is kept of its line.
    fn entry(&mut self, said: &str, written: &str, indent: usize, fields: &[&str]) {
        let Some((name, value)) = key(said) else {
            self.kept.push_str(written);
            return self.keep_value(indent);
        };
        let inside: Vec<&str> =
            fields.iter().filter_map(|it| it.strip_prefix(name)).filter_map(|it| it.strip_prefix('.')).collect();
        let is_unknown = self.top == Some(indent) && inside.is_empty() && !KNOWN.contains(&name);
        if is_unknown || fields.contains(&name) || !(inside.is_empty() || value.is_empty() || value.starts_with('#')) {
            self.kept.push_str(written);
            self.keep_value(indent);
        } else if inside.is_empty() {
            self.skip_value(indent);
        } else {
            self.kept.push_str(written);
            self.value(indent, &inside);
        }
    }

    /// The value of a key at `indent`, on the lines below it.
    fn value(&mut self, indent: usize, fields: &[&str]) {
        match self.peek() {
            Some(line) if line.is_item() && line.indent >= indent => self.items(line.indent, fields),
            Some(line) if line.indent > indent => self.mapping(line.indent, fields),
            _ => {}
        }
        self.keep_value(indent);
    }

    /// The items of a list whose dashes stand at `indent`.
    fn items(&mut self, indent: usize, fields: &[&str]) {
        while let Some(line) = self.peek().filter(|it| it.indent == indent && it.is_item()) {
            self.skip(line);
            self.item(line, fields);
        }
    }

    fn item(&mut self, line: Line<'t>, fields: &[&str]) {
        let inside = line.said[1..].trim_start();
        let inner = line.indent + (line.said.len() - inside.len());
        let start = self.kept.len();
        let dash = &line.whole[..=line.indent];
        self.kept.push_str(dash);
        self.kept.push('\n');
        let empty = self.kept.len();
        if inside.is_empty() || key(inside).is_none() {
            self.kept.truncate(start);
            self.kept.push_str(line.whole);
            return self.keep_value(line.indent + 1);
        }
        let first = format!("{:inner$}{inside}\n", "");
        self.entry(inside, &first, inner, fields);
        self.mapping(inner, fields);
        if self.kept.len() == empty {
            self.kept.truncate(empty - 1);
            self.kept.push_str(" {}\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: [&str; 4] = ["metadata.name", "metadata.labels", "spec.containers.ports", "spec.node"];

    #[test]
    fn only_what_is_read_is_kept() {
        let text = "apiVersion: v1\nmetadata:\n  annotations:\n    a: |\n      # spec:\n\n      metadata:\n  labels:\n    a: b\n  name: x\nspec:\n  containers:\n  - env:\n    - name: X\n    ports:\n    - containerPort: 80\n      name: http\n  - image: y\n  node: n\nstatus:\n  a: b\n";
        let kept = "metadata:\n  labels:\n    a: b\n  name: x\nspec:\n  containers:\n  -\n    ports:\n    - containerPort: 80\n      name: http\n  - {}\n  node: n\n";
        assert_eq!(prune(text, &FIELDS, false), kept);
        assert_eq!(prune(kept, &FIELDS, false), kept);
    }

    #[test]
    fn what_is_not_understood_is_kept() {
        for text in [
            "{metadata: {name: x}}\n",
            "metadata: {name: x,\n  labels: {}}\n",
            "\"metadata\":\n  name: x\n",
            "metadata: &a\n  name: x\n",
            "? metadata\n: x\n",
            "- a\n- b\n",
            "metadata:\n  <<: *a\n  name: x\n",
            "just text\nover lines\n",
        ] {
            assert_eq!(prune(text, &FIELDS, false), text);
        }
    }

    #[test]
    fn what_no_object_has_is_kept_where_it_is_asked_for() {
        let text = "kind: X\nsepc:\n  a: b\nmetadata:\n  name: x\n  other: y\nstatus:\n  a: b\n";
        assert_eq!(prune(text, &FIELDS, true), "sepc:\n  a: b\nmetadata:\n  name: x\n");
    }

    #[test]
    fn indented_text_and_lists_are_followed() {
        let text = "  metadata:\n    uid: x\n    name: x\n  spec:\n    containers:\n      - ports:\n          - a: b\n        x: y\n";
        let kept = "  metadata:\n    name: x\n  spec:\n    containers:\n      -\n        ports:\n          - a: b\n";
        assert_eq!(prune(text, &FIELDS, false), kept);
    }
}

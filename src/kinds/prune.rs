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

mod fields;

use self::fields::{Fate, MappingFields};
use super::words::may_hold_odd_words;

/// The text with only the lines under `fields`, which are sorted paths that pass through lists.
///
/// With `keeps_unknown` also those of the object's own keys that no object has.
pub(super) fn prune(text: &str, fields: &[&str], keeps_unknown: bool) -> String {
    let mut pruner = Pruner { rest: text, kept: String::with_capacity(text.len() / 4), top: None };
    if keeps_unknown {
        pruner.top = pruner.peek().map(|it| it.indent);
    }
    let fields = MappingFields::of_object(fields);
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
struct TextLine<'t> {
    /// With its line break.
    whole: &'t str,
    indent: usize,
    /// Without indentation and line break.
    said: &'t str,
}

impl<'t> TextLine<'t> {
    fn of(whole: &'t str) -> Self {
        let bytes = whole.as_bytes();
        let indent = bytes.iter().position(|it| *it != b' ').unwrap_or(bytes.len());
        let blank = bytes[indent..].iter().rev().take_while(|it| it.is_ascii_whitespace()).count();
        Self { whole, indent, said: &whole[indent..bytes.len() - blank] }
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
    let colon = said.bytes().position(|it| !it.is_ascii_alphanumeric())?;
    let (key, value) = (&said[..colon], said[colon..].strip_prefix(':')?);
    (!key.is_empty() && (value.is_empty() || value.starts_with(' '))).then(|| (key, value.trim_matches(' ')))
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
    fn line(&self) -> Option<TextLine<'t>> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', self.rest.as_bytes()).map_or(self.rest.len(), |at| at + 1);
        Some(TextLine::of(&self.rest[..end]))
    }

    fn skip(&mut self, line: TextLine<'t>) {
        self.rest = &self.rest[line.whole.len()..];
    }

    fn keep_all(&mut self) {
        self.kept.push_str(std::mem::take(&mut self.rest));
    }

    /// The next line that says something, those before it dropped.
    fn peek(&mut self) -> Option<TextLine<'t>> {
        while let Some(line) = self.line() {
            if !line.says_nothing() {
                return Some(line);
            }
            self.skip(line);
        }
        None
    }

    /// Drops the value of a key at `indent` and returns it; comments in it may be text of a block scalar, which ends as
    /// it does.
    fn skip_value(&mut self, indent: usize) -> &'t str {
        let text = self.rest;
        loop {
            self.rest = behind_indented(self.rest, indent);
            match self.line().filter(|it| it.says_nothing() || it.is_below(indent)) {
                Some(line) => self.skip(line),
                None => return &text[..text.len() - self.rest.len()],
            }
        }
    }

    /// Keeps the value of a key at `indent`, blank lines and all.
    fn keep_value(&mut self, indent: usize) {
        let text = self.rest;
        loop {
            self.rest = behind_indented(self.rest, indent);
            match self.line().filter(|it| it.said.is_empty() || it.is_below(indent)) {
                Some(line) => self.skip(line),
                None => return self.kept.push_str(&text[..text.len() - self.rest.len()]),
            }
        }
    }

    /// One mapping whose keys stand at `indent`.
    fn mapping(&mut self, indent: usize, fields: MappingFields<'_>) {
        while let Some(line) = self.peek().filter(|it| it.indent == indent && !it.is_item()) {
            self.skip(line);
            self.entry(line.said, line.whole, indent, fields);
        }
    }

    /// One key with its value; `written` is its line, or that with the dash before it.
    fn entry(&mut self, said: &str, written: &str, indent: usize, fields: MappingFields<'_>) {
        let Some((name, value)) = key(said) else {
            self.kept.push_str(written);
            return self.keep_value(indent);
        };
        let goes_on = value.is_empty() || value.starts_with('#');
        match fields.of(name) {
            Fate::Gone if self.top != Some(indent) || KNOWN.contains(&name) => {
                self.skip_value(indent);
            }
            Fate::Inside(fields) if goes_on => self.inside(written, indent, fields),
            Fate::Judged(wanted) if goes_on || wanted.is_none() => {
                let value = self.skip_value(indent);
                let holds = |it: &str| memchr::memmem::find(value.as_bytes(), it.as_bytes()).is_some();
                if wanted.is_some_and(holds) || may_hold_odd_words(written) || may_hold_odd_words(value) {
                    self.kept.push_str(written);
                    self.kept.push_str(value);
                }
            }
            _ => {
                self.kept.push_str(written);
                self.keep_value(indent);
            }
        }
    }

    /// A key with those parts of its value that are fields; not itself where nothing of that is left.
    fn inside(&mut self, written: &str, indent: usize, fields: MappingFields<'_>) {
        let start = self.kept.len();
        self.kept.push_str(written);
        let empty = self.kept.len();
        self.value(indent, fields);
        if self.kept.len() == empty {
            self.kept.truncate(start);
        }
    }

    /// The value of a key at `indent`, on the lines below it.
    fn value(&mut self, indent: usize, fields: MappingFields<'_>) {
        match self.peek() {
            Some(line) if line.is_item() && line.indent >= indent => self.items(line.indent, fields),
            Some(line) if line.indent > indent => self.mapping(line.indent, fields),
            _ => {}
        }
        self.keep_value(indent);
    }

    /// The items of a list whose dashes stand at `indent`.
    fn items(&mut self, indent: usize, fields: MappingFields<'_>) {
        while let Some(line) = self.peek().filter(|it| it.indent == indent && it.is_item()) {
            self.skip(line);
            self.item(line, fields);
        }
    }

    fn item(&mut self, line: TextLine<'t>, fields: MappingFields<'_>) {
        let inside = line.said[1..].trim_start_matches(' ');
        let inner = line.indent + (line.said.len() - inside.len());
        let start = self.kept.len();
        if inside.is_empty() || key(inside).is_none() {
            self.kept.push_str(line.whole);
            return self.keep_value(line.indent + 1);
        }
        self.entry(inside, line.whole, inner, fields);
        self.mapping(inner, fields);
        let dash = start + line.indent;
        if self.kept.len() == start {
            self.kept.push_str(&line.whole[..line.indent]);
            self.kept.push_str("- {}\n");
        } else if self.kept.as_bytes()[dash] != b'-' {
            // The key beside the dash is gone: the dash stands before the first that is kept.
            self.kept.replace_range(dash..=dash, "-");
        }
    }
}

/// The text behind the lines that are indented further than this.
fn behind_indented(mut text: &str, indent: usize) -> &str {
    while text.len() > indent && text.as_bytes()[..=indent].iter().all(|it| *it == b' ') {
        let end = memchr::memchr(b'\n', text.as_bytes()).map_or(text.len(), |at| at + 1);
        text = &text[end..];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: [&str; 4] = ["metadata.labels", "metadata.name", "spec.containers.ports", "spec.node"];

    #[test]
    fn only_what_is_read_is_kept() {
        let text = "apiVersion: v1\nmetadata:\n  annotations:\n    a: |\n      # spec:\n\n      metadata:\n  labels:\n    a: b\n  name: x\nspec:\n  containers:\n  - env:\n    - name: X\n    ports:\n    - containerPort: 80\n      name: http\n  - image: y\n  node: n\nstatus:\n  a: b\n";
        let kept = "metadata:\n  labels:\n    a: b\n  name: x\nspec:\n  containers:\n  - ports:\n    - containerPort: 80\n      name: http\n  - {}\n  node: n\n";
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
        let kept = "  metadata:\n    name: x\n  spec:\n    containers:\n      - ports:\n          - a: b\n";
        assert_eq!(prune(text, &FIELDS, false), kept);
    }

    #[test]
    fn what_holds_nothing_that_is_read_goes_with_it() {
        let text = "metadata:\n  uid: x\nspec:\n  containers:\n  - env:\n    - name: X\n  x:\n    y: z\n  node: n\n";
        assert_eq!(prune(text, &FIELDS, false), "spec:\n  containers:\n  - {}\n  node: n\n");
    }

    #[test]
    fn values_are_kept_for_what_stands_in_them() {
        const FIELDS: [&str; 5] = ["s.a?--flag", "s.v.!no", "s.v.!nor", "s.v.*", "s.v.some.x"];
        let pruned = |text: &str| prune(text, &FIELDS, false);
        for kept in [
            "s:\n  a:\n  - --flag=1\n",
            "s:\n  a: word\n",
            "s:\n  v:\n  - other:\n      a: b\n    some:\n      x: y\n",
            "s:\n  v:\n  - no:\n      name: 007\n    some:\n      y:\n        key: on\n",
        ] {
            assert_eq!(pruned(kept), kept);
        }
        let gone = "s:\n  a:\n  - --other=1\n  v:\n  - no:\n      name: a\n    nor: {}\n    other: 1\n    some:\n      y:\n        key: a\n";
        assert_eq!(pruned(gone), "s:\n  v:\n  - other: 1\n");
    }

    /// The parts of a pod that are narrowed, each in forms that kubectl writes or people do.
    const PARTS: [&[&str]; 8] = [
        &["", "  volumes:\n", "  volumes: []\n"],
        &["", "  - name: NAME\n    emptyDir: {}\n", "  - emptyDir:\n      medium: Memory\n    name: NAME\n"],
        &["", "  - configMap:\n      name: NAME\n      items:\n      - key: NAME\n        path: NAME\n    name: a\n"],
        &[
            "",
            "  - name: b\n    nfs:\n      server: NAME\n",
            "  - hostPath:\n      path: NAME\n      type: ''\n    name: b\n",
        ],
        &[
            "",
            "  - name: t\n    projected:\n      sources:\n      - serviceAccountToken:\n          path: NAME\n      - configMap:\n          name: NAME\n",
            "  - projected:\n      defaultMode: 420\n      sources:\n      - downwardAPI:\n          items:\n          - path: NAME\n    name: t\n",
        ],
        &[
            "  containers:\n  - name: c\n",
            "  containers:\n  - volumeMounts:\n    - mountPath: NAME\n      name: t\n    - name: b\n      readOnly: true\n    name: c\n",
            "  containers:\n  - args:\n    - --NAME\n    - NAME\n    ports:\n    - containerPort: 80\n      name: NAME\n",
        ],
        &[
            "",
            "    livenessProbe:\n      httpGet:\n        path: /\n        port: NAME\n",
            "    startupProbe:\n      tcpSocket:\n        host: NAME\n        port: 80\n",
            "    lifecycle:\n      preStop:\n        httpGet:\n          port: 80\n          host: x\n          httpHeaders:\n          - name: NAME\n            value: a\n",
        ],
        &[
            "",
            "    securityContext:\n      capabilities:\n        drop:\n        - ALL\n      runAsNonRoot: true\n",
            "    securityContext:\n      privileged: true\n      seccompProfile:\n        type: NAME\n",
        ],
    ];

    proptest::proptest! {
        /// A pod reads the same whether its text is pruned or read whole, as one in which an anchor may stand is.
        #[test]
        fn a_pod_reads_the_same_as_the_whole_of_its_text(
            forms in proptest::array::uniform8(0..4usize),
            names in proptest::collection::vec(proptest::sample::select(vec!["a", "x-1", "007", "on", "1.10", "80", "'b'"]), 12),
        ) {
            let mut names = names.iter().cycle();
            let mut text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n".to_owned();
            for (parts, form) in PARTS.iter().zip(forms) {
                for part in parts.get(form).unwrap_or(&parts[0]).split_inclusive("NAME") {
                    let name = names.next().unwrap_or(&"a");
                    text.push_str(&part.replace("NAME", name));
                }
            }
            let read = |text: &str| {
                let pods = crate::kinds::spec(crate::model::id::Kind::POD).expect("pods are read");
                pods.read_yaml(text, "default", &mut crate::kinds::Intern::new())
            };
            proptest::prop_assert_eq!(read(&text), read(&format!("{text}# &anchor\n")), "{}", text);
        }
    }
}

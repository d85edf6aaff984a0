//! Words that YAML 1.1, and with it the API server, reads as booleans or numbers where the API wants a string.
//!
//! ```text
//! labels: {country: NO}      the server reads false there and refuses the object; people meant "NO"
//! ```
//!
//! They are read as what is written: they are put in quotes before the parser sees them, and each is a problem that
//! says what the server would make of it (CONTRACT §1). Annotations are left alone.
//! Source: <https://yaml.org/type/> and the resolver of `sigs.k8s.io/yaml`.

mod lines;
mod meant;

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle};

pub(super) use lines::may_hold_odd_words;
use meant::{Meant, meant};

/// One such word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OddWord {
    /// Where it stands: `metadata.labels.country`; of a key, the key itself.
    pub place: String,
    /// What is wrong with it.
    pub what: String,
}

/// The document with these words in quotes, and the words; nothing where there is none.
pub fn odd_words(text: &str) -> Option<(String, Vec<OddWord>)> {
    if !text.split(SEPARATORS).any(may_be_odd) {
        return None;
    }
    let mut walk = WordWalk::default();
    for event in Parser::new_from_str(text) {
        // What is no YAML is for the parser to say.
        let (event, span) = event.ok()?;
        let range = span.start.byte_offset().zip(span.end.byte_offset()).map(|(start, end)| start..end);
        walk.event(&event, range);
    }
    if walk.found.is_empty() {
        return None;
    }
    let mut quoted = String::with_capacity(text.len() + 2 * walk.found.len());
    let mut at = 0;
    for (range, _) in &walk.found {
        quoted.push_str(text.get(at..range.start)?);
        quoted.push('"');
        quoted.push_str(text.get(range.clone())?);
        quoted.push('"');
        at = range.end;
    }
    quoted.push_str(text.get(at..)?);
    Some((quoted, walk.found.into_iter().map(|(_, word)| word).collect()))
}

/// The same for a document that [`is_plain`](super::is_plain) calls plain, which is parsed only where a line looks odd.
pub fn odd_words_of_plain(text: &str) -> Option<(String, Vec<OddWord>)> {
    if may_hold_odd_words(text) { odd_words(text) } else { None }
}

const SEPARATORS: [char; 6] = [',', '[', ']', '{', '}', '\n'];

/// Whether a part of a line may hold such a word.
fn may_be_odd(part: &str) -> bool {
    part.split_ascii_whitespace().any(|word| {
        let behind_a_key = word.rsplit_once("\":").map(|(_, value)| value);
        meant(behind_a_key.unwrap_or(word.strip_suffix(':').unwrap_or(word))).is_some()
    })
}

/// Mappings whose keys and values are all strings.
const MAPS: [&str; 3] = ["labels", "matchLabels", "selector"];

/// One collection that is being walked through.
enum OpenCollection {
    /// A mapping: the key whose value comes next, and how its own values are read.
    Map {
        key: Option<String>,
        strings: Strings,
    },
    List {
        next: usize,
    },
}

/// Which values of a mapping are strings.
#[derive(Clone, Copy, PartialEq)]
enum Strings {
    /// All, keys too: labels, selectors.
    All,
    /// None, as of annotations, where the contract looks away.
    None,
    /// Those that [`FIELDS`] names.
    Named,
}

/// Fields of the kinds that we read whose values, or whose items, are strings.
const FIELDS: [&str; 50] = [
    "address",
    "addresses",
    "addressType",
    "apiGroup",
    "apiGroups",
    "apiVersion",
    "appProtocol",
    "cidr",
    "clusterIP",
    "clusterIPs",
    "except",
    "externalIPs",
    "externalName",
    "externalTrafficPolicy",
    "generateName",
    "hostIP",
    "hostname",
    "internalTrafficPolicy",
    "ip",
    "ipFamilies",
    "ipFamilyPolicy",
    "key",
    "kind",
    "loadBalancerIP",
    "loadBalancerSourceRanges",
    "name",
    "namespace",
    "nodeName",
    "nonResourceURLs",
    "operator",
    "phase",
    "podCIDR",
    "podCIDRs",
    "podIP",
    "podIPs",
    "policyTypes",
    "protocol",
    "providerID",
    "resourceNames",
    "resourceVersion",
    "resources",
    "restartPolicy",
    "serviceAccount",
    "serviceAccountName",
    "sessionAffinity",
    "type",
    "uid",
    "values",
    "verbs",
    "zone",
];

/// Fields that are a number or a string: only what is neither to the server is odd there.
const NUMBERS_OR_NAMES: [&str; 2] = ["port", "targetPort"];

#[derive(Default)]
struct WordWalk {
    frames: Vec<OpenCollection>,
    found: Vec<(Range<usize>, OddWord)>,
}

impl WordWalk {
    fn event(&mut self, event: &Event<'_>, range: Option<Range<usize>>) {
        match event {
            Event::MappingStart(..) => {
                let strings = self.strings_of_next();
                self.frames.push(OpenCollection::Map { key: None, strings });
            }
            Event::SequenceStart(..) => self.frames.push(OpenCollection::List { next: 0 }),
            Event::MappingEnd | Event::SequenceEnd => {
                self.frames.pop();
                self.passed("");
            }
            Event::Scalar(word, style, _, tag) => {
                let is_plain = *style == ScalarStyle::Plain && tag.is_none();
                if let (true, Some(range)) = (is_plain, range) {
                    self.scalar(word, range);
                }
                self.passed(word);
            }
            Event::Alias(..) => self.passed(""),
            _ => {}
        }
    }

    /// How the values of the mapping that begins here are read.
    fn strings_of_next(&self) -> Strings {
        let key = self.key();
        match self.strings() {
            Strings::None => Strings::None,
            _ if key == "annotations" || key == "managedFields" => Strings::None,
            _ if MAPS.contains(&key) => Strings::All,
            _ => Strings::Named,
        }
    }

    /// How the values of the mapping around are read.
    fn strings(&self) -> Strings {
        let of = self.frames.iter().rev().find_map(|it| match it {
            OpenCollection::Map { strings, .. } => Some(*strings),
            OpenCollection::List { .. } => None,
        });
        of.unwrap_or(Strings::Named)
    }

    /// The key whose value, or an item of whose value, comes next.
    fn key(&self) -> &str {
        let key = self.frames.iter().rev().find_map(|it| match it {
            OpenCollection::Map { key, .. } => Some(key.as_deref().unwrap_or_default()),
            OpenCollection::List { .. } => None,
        });
        key.unwrap_or_default()
    }

    fn scalar(&mut self, word: &str, range: Range<usize>) {
        let Some(meant) = meant(word) else { return };
        let is_key = matches!(self.frames.last(), Some(OpenCollection::Map { key: None, .. }));
        let is_item = matches!(self.frames.last(), Some(OpenCollection::List { .. }) | None);
        let key = self.key();
        let is_string = match self.strings() {
            Strings::All if !is_item => true,
            Strings::None => false,
            _ if is_key => false,
            // What every YAML reads as a boolean is for the reader to refuse.
            _ if NUMBERS_OR_NAMES.contains(&key) => {
                !matches!(meant, Meant::Integer(_))
                    && !word.eq_ignore_ascii_case("true")
                    && !word.eq_ignore_ascii_case("false")
            }
            _ => FIELDS.contains(&key),
        };
        if is_string {
            let what = said(word, &meant, is_key);
            self.found.push((range, OddWord { place: self.place(word, is_key), what }));
        }
    }

    fn place(&self, word: &str, is_key: bool) -> String {
        let mut place = String::new();
        for frame in &self.frames {
            match frame {
                OpenCollection::Map { key: Some(key), .. } if place.is_empty() => place.push_str(key),
                OpenCollection::Map { key: Some(key), .. } => place = format!("{place}.{key}"),
                OpenCollection::Map { key: None, .. } if is_key => place = format!("{place}.{word}"),
                OpenCollection::Map { key: None, .. } => {}
                OpenCollection::List { next } => place = format!("{place}[{next}]"),
            }
        }
        place
    }

    /// A whole node has been passed: what is next in the collection around it.
    fn passed(&mut self, word: &str) {
        match self.frames.last_mut() {
            Some(OpenCollection::Map { key, .. }) => *key = if key.is_none() { Some(word.to_owned()) } else { None },
            Some(OpenCollection::List { next }) => *next += 1,
            None => {}
        }
    }
}

fn said(word: &str, meant: &Meant, is_key: bool) -> String {
    let (kind, value) = match meant {
        Meant::Boolean(it) => ("the boolean", it.to_string()),
        Meant::Integer(it) | Meant::Number(it) => ("the number", it.clone()),
    };
    if is_key {
        format!("the key {word} without quotes is {kind} {value} to the API server; read as \"{word}\"")
    } else {
        format!("{word} without quotes is {kind} {value} to the API server, which refuses it; read as \"{word}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(String, String)> {
        let words = odd_words(text).map(|(_, words)| words).unwrap_or_default();
        words.into_iter().map(|it| (it.place, it.what.split(" to the").next().unwrap_or_default().to_owned())).collect()
    }

    #[test]
    fn only_where_a_string_is_wanted() {
        let text = "metadata:\n  name: 007\n  annotations: {a: off, labels: {b: on}}\n  labels:\n    port: 80\n    on: x\nspec:\n  ports: [{port: 80, protocol: y, targetPort: 1e3}]\n  hostNetwork: yes\n  podSelector: {matchExpressions: [{key: 1, operator: In, values: [a, no]}]}\n";
        let places: Vec<String> = told(text).into_iter().map(|(place, _)| place).collect();
        let expected = [
            "metadata.name",
            "metadata.labels.port",
            "metadata.labels.on",
            "spec.ports[0].protocol",
            "spec.ports[0].targetPort",
            "spec.podSelector.matchExpressions[0].key",
            "spec.podSelector.matchExpressions[0].values[1]",
        ];
        assert_eq!(places, expected);
        assert!(
            told("metadata: {labels: {a: \"no\", b: 'on', c: !!str off, d: 1.2.3}}\nspec: {port: 80}\n").is_empty()
        );
    }

    #[test]
    fn words_are_put_in_quotes_where_they_stand() {
        let (quoted, _) = odd_words("labels: {é: NO, b: 1.10}  # NO\n").expect("two words");
        assert_eq!(quoted, "labels: {é: \"NO\", b: \"1.10\"}  # NO\n");
    }
}

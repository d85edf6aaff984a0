//! What a document that cannot be read may have been: its kind and namespace, as far as its text still says them.
//!
//! ```text
//! kind: NetworkPolicy            what the parser met before it failed, and lines at the document's indentation
//! metadata:
//!   namespace: shop              the same for metadata
//! spec: {podSelector: {}         ◄ the mistake
//! ```
//!
//! What it was is told only where nothing in the text contradicts it: two kinds, a template where the namespace
//! stands or a second object behind the mistake make it anything.

use std::collections::BTreeSet;

use granit_parser::{Event, Parser};
use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde_json::Value;

use super::split::{ListItem, plain_word, says_nothing};
use crate::kinds::{self, Apart, KINDS, KindSpec, KnownKind};
use crate::model::id::Kind;
use crate::model::name::Name;

/// What a document that cannot be read may have been.
#[derive(Clone, Debug)]
pub(super) enum Lost {
    /// It holds no object, or one of a kind that no answer rests on.
    Nothing,
    Anything,
    /// An object of one of these kinds; without a namespace it may be in any.
    Of {
        kinds: Vec<&'static KindSpec>,
        namespace: Option<Name>,
        name: Option<Name>,
    },
}

/// What the text of a document, or of an item of a list, still says; `namespace` is that of objects that name none.
pub(super) fn salvage(document: &str, item: Option<&ListItem>, namespace: &str) -> Lost {
    if is_flow_of_control(document) {
        return Lost::Nothing;
    }
    let parsed = parsed(document);
    let lines = BlockLines::of(document);
    let mut words: BTreeSet<Option<String>> = lines.values("kind");
    words.extend(parsed.kinds.iter().map(|it| it.as_deref().and_then(plain_word)));
    let list = item.map(|it| &it.of).filter(|it| it.kind != "List");
    if words.is_empty() {
        words.extend(list.map(|it| Some(it.kind.trim_end_matches("List").to_owned())));
    }
    let mut versions = lines.values("apiVersion");
    versions.extend(parsed.versions.iter().map(|it| it.as_deref().and_then(plain_word)));
    if versions.is_empty() {
        versions.extend(list.map(|it| Some(it.version.clone())));
    }
    let (Some(Some(word)), 1) = (words.first(), words.len()) else { return Lost::Anything };
    if holds_another(document) || word == "List" {
        return Lost::Anything;
    }
    let version = versions.first().filter(|_| versions.len() == 1).and_then(Option::as_deref);
    if let Some(items) = word.strip_suffix("List").filter(|it| !of(it, version).is_empty()) {
        return Lost::Of { kinds: of(items, version), namespace: None, name: None };
    }
    match of(word, version) {
        kinds if kinds.is_empty() => Lost::Nothing,
        kinds => {
            let (namespace, name) = lines.names(&parsed, namespace);
            Lost::Of { kinds, namespace, name }
        }
    }
}

/// The kinds that a word means in a version of an API, or in any where the version is not told.
fn of(word: &str, version: Option<&str>) -> Vec<&'static KindSpec> {
    match version {
        Some(version) => match kinds::recognize(version, word) {
            KnownKind::Read(spec) => vec![spec],
            // They would have stood for slices.
            KnownKind::Apart(Apart::Endpoints) => kinds::spec(Kind::ENDPOINT_SLICE).into_iter().collect(),
            KnownKind::Apart(_) => Vec::new(),
        },
        None => KINDS.iter().filter(|it| it.word == word).collect(),
    }
}

/// Whether a chart's template says here only when something else stands: `{{- if .Values.policy }}`, `{{ end }}`.
fn is_flow_of_control(document: &str) -> bool {
    const WORDS: [&str; 6] = ["if", "else", "end", "range", "with", "define"];
    let is_control = |line: &str| {
        let inside = line.trim().strip_prefix("{{").and_then(|it| it.strip_suffix("}}"));
        let inside = inside.map(|it| it.trim_start_matches('-').trim_end_matches('-').trim());
        inside.is_some_and(|it| {
            let is_comment = it.starts_with("/*");
            !it.contains("}}") && (is_comment || WORDS.contains(&it.split(' ').next().unwrap_or_default()))
        })
    };
    let mut said = document.lines().filter(|it| !says_nothing(it)).peekable();
    said.peek().is_some() && said.all(is_control)
}

/// Whether it is JSON, or YAML that looks like it.
fn is_braced(document: &str) -> bool {
    document.trim_start().starts_with(['{', '[']) && !document.trim_start().starts_with("{{")
}

/// Whether objects in braces follow each other: nobody can tell where the mistake of the first ends.
fn holds_another(document: &str) -> bool {
    let is_braced = is_braced(document);
    let mut rest = document;
    while let Some((_, behind)) = rest.split_once('}').filter(|_| is_braced) {
        if behind.trim_start().starts_with('{') {
            return true;
        }
        rest = behind;
    }
    false
}

/// What a parser met of a document before it failed; `None`: something that is no text.
#[derive(Default)]
struct Parsed {
    kinds: Vec<Option<String>>,
    versions: Vec<Option<String>>,
    namespaces: Vec<Option<String>>,
    names: Vec<Option<String>>,
    /// Whether all of the metadata was met.
    has_metadata: bool,
}

fn parsed(document: &str) -> Parsed {
    let mut parsed = Parsed::default();
    if is_braced(document) {
        let mut json = serde_json::Deserializer::from_str(document);
        // Where it fails is known; what counts is what it met before.
        let _ = Members { parsed: &mut parsed, of: &[] }.deserialize(&mut json);
        return parsed;
    }
    // The keys on the way to where the parser is; in a list the key is empty.
    let mut way: Vec<Option<String>> = Vec::new();
    for event in Parser::new_from_str(document) {
        let Ok((event, _)) = event else { break };
        match event {
            Event::MappingStart(..) => {
                met(&mut parsed, &way, None);
                way.push(None);
            }
            Event::SequenceStart(..) => {
                met(&mut parsed, &way, None);
                way.push(Some(String::new()));
            }
            Event::MappingEnd | Event::SequenceEnd => {
                way.pop();
                parsed.has_metadata |= way.len() == 1 && way[0].as_deref() == Some("metadata");
                passed(&mut way);
            }
            Event::Scalar(word, ..) => scalar(&mut parsed, &mut way, &word),
            Event::Alias(..) => scalar(&mut parsed, &mut way, "*"),
            _ => {}
        }
    }
    parsed
}

/// The members of a JSON object, kept as they come: `of` is the way to it.
struct Members<'p> {
    parsed: &'p mut Parsed,
    of: &'static [&'static str],
}

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();
    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let mut way: Vec<Option<String>> = self.of.iter().map(|it| Some((*it).to_owned())).collect();
            way.push(Some(key));
            if self.of.is_empty() && way[0].as_deref() == Some("metadata") {
                map.next_value_seed(Members { parsed: self.parsed, of: &["metadata"] })?;
                self.parsed.has_metadata = true;
            } else {
                let value: Value = map.next_value()?;
                met(self.parsed, &way, value.as_str());
            }
        }
        Ok(())
    }
}

/// A value has ended: a key comes next, or another item.
fn passed(way: &mut [Option<String>]) {
    if let Some(last) = way.last_mut().filter(|it| it.as_deref() != Some("")) {
        *last = None;
    }
}

fn scalar(parsed: &mut Parsed, way: &mut [Option<String>], word: &str) {
    let Some(Some(_)) = way.last() else {
        if let Some(key) = way.last_mut() {
            *key = Some(if word.is_empty() { "~".to_owned() } else { word.to_owned() });
        }
        return;
    };
    met(parsed, way, Some(word));
    passed(way);
}

/// Keeps a value that says what the object is; `None`: it is no text.
fn met(parsed: &mut Parsed, way: &[Option<String>], word: Option<&str>) {
    let keys: Vec<&str> = way.iter().map(|it| it.as_deref().unwrap_or_default()).collect();
    let slot = match keys.as_slice() {
        ["kind"] => &mut parsed.kinds,
        ["apiVersion"] => &mut parsed.versions,
        ["metadata", "namespace"] => &mut parsed.namespaces,
        ["metadata", "name"] => &mut parsed.names,
        _ => return,
    };
    slot.push(word.map(str::to_owned));
}

/// A document in block style by its lines.
struct BlockLines<'t> {
    /// The lines of the document's own keys, each with those below it.
    keys: Vec<(&'t str, Vec<&'t str>)>,
}

impl<'t> BlockLines<'t> {
    fn of(document: &'t str) -> Self {
        let said = || document.lines().filter(|it| !says_nothing(it) && !it.trim_start().starts_with("{{"));
        let indent = said().map(indent_of).next().unwrap_or(0);
        let mut keys: Vec<(&str, Vec<&str>)> = Vec::new();
        for line in said() {
            match keys.last_mut() {
                Some((_, below)) if indent_of(line) > indent || line.starts_with('\t') => below.push(line),
                _ => keys.push((line.get(indent..).unwrap_or(line.trim_start()), Vec::new())),
            }
        }
        Self { keys }
    }

    /// What the document says for one of its keys, each time; `None`: no plain word.
    fn values(&self, key: &str) -> BTreeSet<Option<String>> {
        self.keys.iter().filter_map(|(line, _)| Some(plain_word(value_of(line, key)?))).collect()
    }

    /// The namespace, if it can be told, and the name.
    fn names(&self, parsed: &Parsed, namespace: &str) -> (Option<Name>, Option<Name>) {
        let is_out_of_place = !self.values("namespace").is_empty();
        let blocks: Vec<_> = self.keys.iter().filter(|(line, _)| value_of(line, "metadata").is_some()).collect();
        if blocks.len() > 1 || is_out_of_place || parsed.namespaces.len() > 1 {
            return (None, None);
        }
        if parsed.has_metadata {
            let name = parsed.names.first().cloned().flatten().map(Name::from);
            let found = match parsed.namespaces.first() {
                Some(found) => found.clone(),
                None => Some(namespace.to_owned()),
            };
            return (found.map(|it| if it.is_empty() { namespace.into() } else { it.into() }), name);
        }
        let Some((line, below)) = blocks.first() else { return (None, None) };
        block_names(line, below, namespace)
    }
}

/// The namespace and the name of a block of metadata: parsed by itself, else by its lines.
fn block_names(line: &str, below: &[&str], namespace: &str) -> (Option<Name>, Option<Name>) {
    let block: String = below.iter().flat_map(|it| [*it, "\n"]).collect();
    let text = format!("{line}\n{block}");
    if let Ok(Value::Object(found)) = kinds::parse_yaml::<Value>(&text) {
        let metadata = found.get("metadata").unwrap_or(&Value::Null);
        let name = metadata.get("name").and_then(Value::as_str).map(Name::from);
        return match metadata.get("namespace") {
            None | Some(Value::Null) => (Some(namespace.into()), name),
            Some(Value::String(it)) if it.is_empty() => (Some(namespace.into()), name),
            Some(it) => (it.as_str().map(Name::from), name),
        };
    }
    let all = |key: &str| -> Vec<(usize, Option<String>)> {
        let found = below.iter().filter_map(|it| Some((indent_of(it), value_of(it.trim_start(), key)?)));
        found.map(|(indent, value)| (indent, plain_word(value))).collect()
    };
    let (namespaces, names) = (all("namespace"), all("name"));
    let namespace = match (namespaces.as_slice(), names.as_slice()) {
        ([(at, Some(word))], [(beside, _), ..]) if at == beside => Some(Name::from(word)),
        ([(0, Some(word))], _) => Some(Name::from(word)),
        _ => None,
    };
    (namespace, None)
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// What stands behind `key:` on a line.
fn value_of<'l>(line: &'l str, key: &str) -> Option<&'l str> {
    let value = line.strip_prefix(key)?.strip_prefix(':')?;
    (value.is_empty() || value.starts_with([' ', '\t', '\r'])).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(document: &str) -> String {
        match salvage(document, None, "default") {
            Lost::Nothing => "nothing".to_owned(),
            Lost::Anything => "anything".to_owned(),
            Lost::Of { kinds, namespace, .. } => {
                let kinds: Vec<String> = kinds.iter().map(|it| it.kind.to_string()).collect();
                format!("{} in {}", kinds.join(","), namespace.as_ref().map_or("?", Name::as_str))
            }
        }
    }

    #[test]
    fn kind_and_namespace_are_told_where_the_text_is_of_one_mind() {
        let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n";
        let of = |rest: &str| told(&format!("{policy}{rest}"));
        assert_eq!(of("metadata:\n  name: a\n  namespace: shop\nspec: {a: 1\n"), "networkpolicy in shop");
        assert_eq!(of("metadata: {name: a, namespace: shop}\nspec:\n\ta: 1\n"), "networkpolicy in shop");
        assert_eq!(of("metadata:\n  name: a\n  labels: {\n  namespace: shop\n"), "networkpolicy in shop");
        assert_eq!(of("metadata:\n  name: a\nspec: [\n"), "networkpolicy in default");
        assert_eq!(of("metadata:\n  name: {{ x }}\n  namespace: {{ y }}\nspec: [\n"), "networkpolicy in ?");
        assert_eq!(of("metadata:\n  name: a\n  namespace: b\n  namespace: c\n"), "networkpolicy in ?");
        assert_eq!(of("metadata:\n  name: a\nnamespace: b\nspec: [\n"), "networkpolicy in ?");
        assert_eq!(of("kind: Role\nmetadata: {name: a}\n"), "anything");
        assert_eq!(told("kind: ConfigMap\napiVersion: v1\na: [\n"), "nothing");
        assert_eq!(told("kind: {{ .Kind }}\napiVersion: v1\n"), "anything");
        assert_eq!(told("a: [\n"), "anything");
        assert_eq!(told("kind: List\napiVersion: v1\nitems: [\n"), "anything");
        assert_eq!(told("kind: RoleList\napiVersion: rbac.authorization.k8s.io/v1\nitems: [\n"), "role in ?");
    }

    #[test]
    fn json_is_told_as_far_as_it_goes() {
        let role =
            r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"r","namespace":"shop"}"#;
        assert_eq!(told(&format!("{role},\"rules\":[{{")), "role in shop");
        assert_eq!(told(&role[..role.len() - 9]), "role in ?");
        assert_eq!(told(&format!("{role},\"rules\":[}}\n{{\"kind\":\"Pod\"}}")), "anything");
        assert_eq!(told(r#"{"apiVersion":"v1","items":[{"kind":"Pod""#), "anything");
    }

    #[test]
    fn a_template_that_only_decides_says_nothing_itself() {
        assert_eq!(told("{{- if .Values.a }}\n{{/* x */}}\n"), "nothing");
        assert_eq!(told("{{- include \"a\" . }}\n"), "anything");
    }
}

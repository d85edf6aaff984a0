//! One piece of text to what it holds: objects, nothing of interest, or a complaint with its place.

use std::ops::Range;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use super::split::{Piece, as_document, unquoted};
use crate::kinds::{self, Intern, KindSpec, Reading};
use crate::model::place::{Place, Problem};

/// What a piece holds.
#[derive(Debug)]
pub(super) enum Found {
    /// An object of a kind that we read.
    Object(Reading),
    /// A kreach snapshot's own object, as JSON.
    Snapshot(String),
    /// An object of a kind that answers do not rest on.
    Other,
    /// It parses, and is no Kubernetes object.
    Stranger(&'static str),
    /// It does not parse: line and column in the piece, and why.
    Broken { line: usize, column: usize, what: String },
}

/// The type of an object, as every object says it.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct TypeMeta {
    api_version: Option<String>,
    kind: Option<String>,
}

/// Reads one piece of a file: what it holds, each with where it stands.
pub(super) fn read(piece: &Piece, text: &str, namespace: &str, intern: &mut Intern) -> Vec<(Range<usize>, Found)> {
    let raw = &text[piece.range.clone()];
    let mut found = Vec::new();
    if !piece.is_item && raw.trim_start().starts_with('{') && json_stream(raw, namespace, intern, &mut found) {
        // Texts of JSON objects are parts of the file's own text: their distance is where they stand.
        let offset = |part: &str| (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        return found.into_iter().map(|(part, it)| (offset(part)..offset(part) + part.len(), it)).collect();
    }
    yaml(piece, text, namespace, intern).into_iter().map(|it| (piece.range.clone(), it)).collect()
}

/// JSON objects one after the other; says whether it is JSON at all (flow-style YAML looks alike).
fn json_stream<'t>(text: &'t str, namespace: &str, intern: &mut Intern, found: &mut Vec<(&'t str, Found)>) -> bool {
    let objects: Result<Vec<&'t RawValue>, _> = serde_json::Deserializer::from_str(text).into_iter().collect();
    let Ok(objects) = objects else { return false };
    objects.into_iter().for_each(|it| json(it.get(), None, namespace, intern, found));
    true
}

/// One JSON object, or the items of a list.
fn json<'t>(
    text: &'t str,
    list: Option<&(String, String)>,
    namespace: &str,
    intern: &mut Intern,
    found: &mut Vec<(&'t str, Found)>,
) {
    #[derive(Deserialize)]
    struct List<'a> {
        #[serde(borrow, default)]
        items: Option<Vec<&'a RawValue>>,
    }
    let own: TypeMeta = serde_json::from_str(text).unwrap_or_default();
    let names = names(own, list);
    if let Some((version, word)) = names.as_ref().filter(|(_, word)| word.ends_with("List"))
        && let Ok(List { items: Some(items) }) = serde_json::from_str::<List<'t>>(text)
    {
        let list = (word.clone(), version.clone());
        return items.into_iter().for_each(|it| json(it.get(), Some(&list), namespace, intern, found));
    }
    let it = match class(names) {
        Class::Read(spec) => Found::Object(spec.read_json(text, namespace, intern)),
        Class::Snapshot => Found::Snapshot(text.to_owned()),
        Class::Other => Found::Other,
        Class::Stranger => Found::Stranger(STRANGER),
    };
    found.push((text, it));
}

const STRANGER: &str = "has no apiVersion and kind";

fn yaml(piece: &Piece, text: &str, namespace: &str, intern: &mut Intern) -> Vec<Found> {
    let document = as_document(piece, text);
    let names = names(header(&document), piece.list.as_ref()).filter(|(_, word)| !word.ends_with("List"));
    vec![match class(names) {
        Class::Read(spec) => object(spec, &document, namespace, intern),
        Class::Snapshot => tree(&document).map_or_else(|it| broken(&it), |it| Found::Snapshot(it.to_string())),
        Class::Other => Found::Other,
        // Flow style, quoted keys, or a list that lines alone could not part.
        Class::Stranger => return odd(&document, piece, namespace, intern),
    }]
}

/// A document whose lines do not say its type: it is parsed whole.
fn odd(document: &str, piece: &Piece, namespace: &str, intern: &mut Intern) -> Vec<Found> {
    match tree(document) {
        Err(error) => vec![broken(&error)],
        Ok(Value::Null) => Vec::new(),
        Ok(value @ Value::Object(_)) => {
            let (text, mut found) = (value.to_string(), Vec::new());
            json(&text, piece.list.as_ref(), namespace, intern, &mut found);
            found.into_iter().map(|(_, it)| it).collect()
        }
        Ok(_) => vec![Found::Broken { line: 1, column: 1, what: "no Kubernetes object".to_owned() }],
    }
}

/// Reads an object, and looks for the mistake in its YAML if it does not read.
fn object(spec: &'static KindSpec, document: &str, namespace: &str, intern: &mut Intern) -> Found {
    match spec.read_yaml(document, namespace, intern) {
        reading @ (Reading::Read(_) | Reading::Ignored(_)) => Found::Object(reading),
        reading => match kinds::parse_yaml::<IgnoredAny>(document) {
            Ok(_) => Found::Object(reading),
            Err(error) => broken(&error),
        },
    }
}

fn tree(document: &str) -> Result<Value, serde_saphyr::Error> {
    kinds::parse_yaml(document)
}

fn broken(error: &serde_saphyr::Error) -> Found {
    let (line, column) = error.location().map_or((1, 1), |it| (it.line() as usize, it.column() as usize));
    let what = error.without_snippet().to_string();
    Found::Broken { line, column, what: what.split_whitespace().collect::<Vec<_>>().join(" ") }
}

/// `apiVersion` and `kind` of a block-style document, by its lines.
fn header(document: &str) -> TypeMeta {
    let mut found = TypeMeta::default();
    let mut lines = document.lines().filter(|it| !it.trim_start().is_empty() && !it.trim_start().starts_with('#'));
    let Some(first) = lines.clone().next() else { return found };
    let indent = first.len() - first.trim_start_matches(' ').len();
    let own = lines.by_ref().filter(|it| it.len() > indent && it.as_bytes()[..indent].iter().all(|it| *it == b' '));
    for line in own {
        let line = &line[indent..];
        let value = |key: &str| line.strip_prefix(key).filter(|it| it.starts_with(' ')).map(unquoted);
        found.kind = found.kind.or_else(|| value("kind:"));
        found.api_version = found.api_version.or_else(|| value("apiVersion:"));
        if found.kind.is_some() && found.api_version.is_some() {
            break;
        }
    }
    found
}

/// What an object says of its type, or what its list says of it.
fn names(own: TypeMeta, list: Option<&(String, String)>) -> Option<(String, String)> {
    match (own, list) {
        (TypeMeta { kind: Some(kind), api_version: Some(version) }, _) => Some((version, kind)),
        (own, Some((word, version))) if word != "List" => {
            let kind = own.kind.unwrap_or_else(|| word.trim_end_matches("List").to_owned());
            Some((own.api_version.unwrap_or_else(|| version.clone()), kind))
        }
        _ => None,
    }
}

enum Class {
    Read(&'static KindSpec),
    Snapshot,
    Other,
    Stranger,
}

fn class(names: Option<(String, String)>) -> Class {
    let Some((version, kind)) = names else { return Class::Stranger };
    if version == super::super::snapshot::API_VERSION && kind == super::super::snapshot::KIND {
        return Class::Snapshot;
    }
    kinds::spec_of(&version, &kind).map_or(Class::Other, Class::Read)
}

/// A problem that belongs to no object.
pub(super) fn note(what: String) -> Problem {
    Problem { object: None, place: Place::default(), what: what.into() }
}

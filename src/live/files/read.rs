//! One piece of text to what it holds: objects, nothing of interest, or a complaint with its place.

use std::ops::Range;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use super::salvage::{Lost, salvage};
use super::split::{ListType, Piece, as_document, plain_word, says_nothing};
use crate::kinds::{self, Apart, Homeless, Intern, KindSpec, KnownKind, OddWord, ReadOutcome, YamlError};
use crate::live::snapshot;
use crate::model::id::Kind;

/// What a piece holds.
#[derive(Debug)]
pub(super) enum PieceFound {
    /// An object of a kind that we read.
    Object(ReadOutcome),
    /// A kreach snapshot's own object, as JSON.
    Snapshot(String),
    /// The mark at the end of a snapshot, as JSON.
    SnapshotEnd(String),
    /// An object of a kind that no row reads, as JSON where it says something.
    Apart(Apart, String),
    /// It parses, and is no Kubernetes object.
    Stranger(&'static str),
    /// It does not parse.
    Broken(Box<BrokenPiece>),
}

impl PieceFound {
    /// The kind of the object that it is.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            PieceFound::Object(ReadOutcome::Read(entry)) => Some(entry.fact.id().kind),
            PieceFound::Object(ReadOutcome::Unreadable { id, .. } | ReadOutcome::Ignored(id)) => Some(id.kind),
            _ => None,
        }
    }
}

/// A piece that does not parse.
#[derive(Debug)]
pub(super) struct BrokenPiece {
    /// Where in the piece, and why.
    pub error: YamlError,
    /// What it may have been.
    pub lost: Lost,
}

/// The type of an object, as every object says it.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct TypeMeta {
    api_version: Option<String>,
    kind: Option<String>,
}

/// Reads one piece of a file: what it holds, each with where it stands.
pub(super) fn read(piece: &Piece, text: &str, namespace: &str, intern: &mut Intern) -> Vec<(Range<usize>, PieceFound)> {
    let raw = &text[piece.range.clone()];
    let mut found = Vec::new();
    if piece.list.is_none()
        && raw.trim_start().starts_with(['{', '['])
        && json_stream(raw, namespace, intern, &mut found)
    {
        // Texts of JSON objects are parts of the file's own text: their distance is where they stand.
        let offset = |part: &str| (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        return found.into_iter().map(|(part, it)| (offset(part)..offset(part) + part.len(), it)).collect();
    }
    yaml(piece, raw, namespace, intern).into_iter().map(|it| (piece.range.clone(), it)).collect()
}

/// JSON objects one after the other; says whether it is JSON at all (flow-style YAML looks alike).
fn json_stream<'t>(
    text: &'t str,
    namespace: &str,
    intern: &mut Intern,
    found: &mut Vec<(&'t str, PieceFound)>,
) -> bool {
    let objects: Result<Vec<&'t RawValue>, _> = serde_json::Deserializer::from_str(text).into_iter().collect();
    let Ok(objects) = objects else { return false };
    objects.into_iter().for_each(|it| json(it.get(), None, namespace, intern, found));
    true
}

/// One JSON object, or the items of a list or an array.
pub(super) fn json<'t>(
    text: &'t str,
    list: Option<&ListType>,
    namespace: &str,
    intern: &mut Intern,
    found: &mut Vec<(&'t str, PieceFound)>,
) {
    #[derive(Deserialize)]
    struct PieceList<'a> {
        #[serde(borrow, default)]
        items: Option<Vec<&'a RawValue>>,
    }
    if let Some(Ok(items)) = text.starts_with('[').then(|| serde_json::from_str::<Vec<&'t RawValue>>(text)) {
        return items.into_iter().for_each(|it| json(it.get(), Some(&ListType::any()), namespace, intern, found));
    }
    let own: TypeMeta = serde_json::from_str(text).unwrap_or_default();
    let named = names(own, list);
    if let Ok((version, kind)) = &named
        && kind.ends_with("List")
        && let Ok(PieceList { items: Some(items) }) = serde_json::from_str::<PieceList<'t>>(text)
    {
        let list = ListType { kind: kind.clone(), version: version.clone() };
        return items.into_iter().for_each(|it| json(it.get(), Some(&list), namespace, intern, found));
    }
    let it = match class(named) {
        DocumentClass::Read(spec) => PieceFound::Object(spec.read_json(text, namespace, intern)),
        DocumentClass::Snapshot => PieceFound::Snapshot(text.to_owned()),
        DocumentClass::SnapshotEnd => PieceFound::SnapshotEnd(text.to_owned()),
        DocumentClass::Apart(it) => apart(it, || text.to_owned()),
        DocumentClass::Stranger(what) => PieceFound::Stranger(what),
    };
    found.push((text, it));
}

fn yaml(piece: &Piece, raw: &str, namespace: &str, intern: &mut Intern) -> Vec<PieceFound> {
    let document = as_document(raw, piece.list.is_some());
    let list = piece.list.as_ref().map(|it| &it.of);
    let broken = |error: YamlError| {
        let lost = salvage(&document, piece.list.as_ref(), namespace);
        vec![PieceFound::Broken(Box::new(BrokenPiece { error, lost }))]
    };
    let Some(header) = header(&document) else {
        return ParsedDocument::of(&document).map_or_else(broken, |it| it.objects(list, namespace, intern));
    };
    match class(names(header, list).and_then(|(version, kind)| match kind.ends_with("List") {
        // A list that lines alone could not part.
        true => Err(STRANGER),
        false => Ok((version, kind)),
    })) {
        DocumentClass::Read(spec) => match spec.read_yaml(&document, namespace, intern) {
            reading @ (ReadOutcome::Read(_) | ReadOutcome::Ignored(_)) => vec![PieceFound::Object(reading)],
            // Is it the object, or is it its YAML?
            reading => match kinds::parse_yaml::<IgnoredAny>(&document) {
                Ok(_) => vec![PieceFound::Object(reading)],
                Err(error) => broken(error),
            },
        },
        DocumentClass::Apart(it) if !it.is_read() => match kinds::is_plain(&document) {
            true => vec![PieceFound::Apart(it, String::new())],
            false => kinds::parse_yaml::<IgnoredAny>(&document)
                .map_or_else(broken, |_| vec![PieceFound::Apart(it, String::new())]),
        },
        DocumentClass::Snapshot | DocumentClass::SnapshotEnd | DocumentClass::Apart(_) | DocumentClass::Stranger(_) => {
            ParsedDocument::of(&document).map_or_else(broken, |it| it.objects(list, namespace, intern))
        }
    }
}

/// A YAML document that is parsed whole: its lines do not say its type, or it is a list that lines cannot part.
struct ParsedDocument {
    value: Value,
    words: Vec<OddWord>,
}

impl ParsedDocument {
    fn of(document: &str) -> Result<Self, YamlError> {
        let (quoted, words) = match kinds::odd_words(document) {
            Some((quoted, words)) => (Some(quoted), words),
            None => (None, Vec::new()),
        };
        let value = kinds::parse_whole_yaml(quoted.as_deref().unwrap_or(document))?;
        Ok(Self { value, words })
    }

    /// What it holds.
    fn objects(&self, list: Option<&ListType>, namespace: &str, intern: &mut Intern) -> Vec<PieceFound> {
        let mut found = Vec::new();
        self.each(&self.value, "", list, &mut |value, prefix, list| {
            found.push(self.object(value, prefix, list, namespace, intern))
        });
        found
    }

    /// One of its items.
    fn item(&self, number: usize, list: &ListType, namespace: &str, intern: &mut Intern) -> Vec<PieceFound> {
        let (items, prefix) = match self.value.get("items") {
            Some(items) => (items, format!("items[{number}].")),
            None => (&self.value, format!("[{number}].")),
        };
        let mut found = Vec::new();
        if let Some(value) = items.get(number) {
            self.each(value, &prefix, Some(list), &mut |value, prefix, list| {
                found.push(self.object(value, prefix, list, namespace, intern));
            });
        }
        found
    }

    /// Visits each object, those in lists with the list's type and the way to them.
    fn each(
        &self,
        value: &Value,
        prefix: &str,
        list: Option<&ListType>,
        visit: &mut dyn FnMut(&Value, &str, Option<&ListType>),
    ) {
        let mut all = |items: &[Value], way: &str, list: &ListType| {
            for (at, item) in items.iter().enumerate() {
                self.each(item, &format!("{prefix}{way}[{at}]."), Some(list), visit);
            }
        };
        match value {
            Value::Null if list.is_none() => {}
            Value::Array(items) => all(items, "", &ListType::any()),
            other => match (names(type_of(other), list), other.get("items").and_then(Value::as_array)) {
                (Ok((version, kind)), Some(items)) if kind.ends_with("List") => {
                    all(items, "items", &ListType { kind, version });
                }
                _ => visit(other, prefix, list),
            },
        }
    }

    fn object(
        &self,
        value: &Value,
        prefix: &str,
        list: Option<&ListType>,
        namespace: &str,
        intern: &mut Intern,
    ) -> PieceFound {
        if !value.is_object() {
            let (line, what) = (1, "no Kubernetes object".to_owned());
            let error = YamlError { line, column: 1, what, is_unknown_anchor: false };
            return PieceFound::Broken(Box::new(BrokenPiece { error, lost: Lost::Nothing }));
        }
        match class(names(type_of(value), list)) {
            DocumentClass::Read(spec) => {
                let mut reading = spec.read_json(&value.to_string(), namespace, intern);
                let own = self.words.iter().filter_map(|it| Some((it, it.place.strip_prefix(prefix)?)));
                reading.add(own.map(|(it, place)| OddWord { place: place.to_owned(), what: it.what.clone() }));
                PieceFound::Object(reading)
            }
            DocumentClass::Snapshot => PieceFound::Snapshot(value.to_string()),
            DocumentClass::SnapshotEnd => PieceFound::SnapshotEnd(value.to_string()),
            DocumentClass::Apart(it) => apart(it, || value.to_string()),
            DocumentClass::Stranger(what) => PieceFound::Stranger(what),
        }
    }
}

fn apart(it: Apart, text: impl FnOnce() -> String) -> PieceFound {
    let text = if it.is_read() { text() } else { String::new() };
    PieceFound::Apart(it, text)
}

fn type_of(value: &Value) -> TypeMeta {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    TypeMeta { api_version: text("apiVersion"), kind: text("kind") }
}

/// Version and kind of an object, or what its list says of it where it says nothing itself.
pub(super) fn type_of_names(value: &Value, list: Option<(&str, &str)>) -> Option<(String, String)> {
    let own = type_of(value);
    let (version, kind) = list.map_or((None, None), |it| (Some(it.0.to_owned()), Some(it.1.to_owned())));
    Some((own.api_version.or(version)?, own.kind.or(kind)?))
}

/// Reads those items again whose aliases name anchors of other items: their document is parsed whole, once.
pub(super) fn resolve_aliases(
    pieces: &[Piece],
    text: &str,
    namespace: &str,
    found: &mut [Vec<(Range<usize>, PieceFound)>],
) -> Homeless {
    let mut intern = Intern::new();
    let mut held: Option<(Range<usize>, Option<ParsedDocument>)> = None;
    for (piece, found) in pieces.iter().zip(found) {
        let Some(item) = &piece.list else { continue };
        let is_wanted = |(_, it): &(_, PieceFound)| matches!(it, PieceFound::Broken(it) if it.error.is_unknown_anchor);
        if !found.iter().any(is_wanted) {
            continue;
        }
        if held.as_ref().is_none_or(|(range, _)| *range != piece.document) {
            held = Some((piece.document.clone(), ParsedDocument::of(&text[piece.document.clone()]).ok()));
        }
        if let Some((_, Some(whole))) = &held {
            let objects = whole.item(item.number, &item.of, namespace, &mut intern);
            *found = objects.into_iter().map(|it| (piece.range.clone(), it)).collect();
        }
    }
    intern.homeless()
}

/// `apiVersion` and `kind` of a block-style document, by its lines; `None` where lines are not to be trusted.
fn header(document: &str) -> Option<TypeMeta> {
    let mut lines = document.lines().filter(|it| !says_nothing(it)).peekable();
    let first = lines.peek()?;
    let indent = first.len() - first.trim_start_matches(' ').len();
    let mut found = TypeMeta::default();
    while let Some(line) = lines.next().filter(|_| found.kind.is_none() || found.api_version.is_none()) {
        let Some((key, value)) = own_line(line, indent).and_then(|it| it.split_once(':')) else { continue };
        let slot = match key {
            "kind" => &mut found.kind,
            "apiVersion" => &mut found.api_version,
            _ => continue,
        };
        let goes_on = lines.peek().is_some_and(|it| own_line(it, indent).is_none());
        let word = plain_word(value.strip_prefix([' ', '\t'])?)?;
        if goes_on || slot.replace(word).is_some() {
            return None;
        }
    }
    let is_once = |key: &str| {
        let line = format!("\n{:indent$}{key}:", "");
        let is_first = document.starts_with(&line[1..]);
        memchr::memmem::find_iter(document.as_bytes(), line.as_bytes()).count() + usize::from(is_first) <= 1
    };
    // A second one, as behind a marker of documents that was forgotten, is for the parser to refuse.
    (is_once("kind") && is_once("apiVersion")).then_some(found)
}

/// The line of a key of the document's own.
fn own_line(line: &str, indent: usize) -> Option<&str> {
    let (before, line) = line.split_at_checked(indent)?;
    (before.bytes().all(|it| it == b' ') && !line.starts_with(' ')).then_some(line)
}

const STRANGER: &str = "has no apiVersion and kind";

/// What an object says of its type, or what its list says of it: version and kind.
pub(super) fn names(own: TypeMeta, list: Option<&ListType>) -> Result<(String, String), &'static str> {
    match (own, list) {
        (TypeMeta { kind: Some(kind), api_version: Some(version) }, _) => Ok((version, kind)),
        (own, Some(list)) if list.kind != "List" => {
            let kind = own.kind.unwrap_or_else(|| list.kind.trim_end_matches("List").to_owned());
            Ok((own.api_version.unwrap_or_else(|| list.version.clone()), kind))
        }
        (TypeMeta { kind: Some(_), .. }, _) => Err("has no apiVersion"),
        (TypeMeta { api_version: Some(_), .. }, _) => Err("has no kind"),
        _ => Err(STRANGER),
    }
}

enum DocumentClass {
    Read(&'static KindSpec),
    Snapshot,
    SnapshotEnd,
    Apart(Apart),
    Stranger(&'static str),
}

fn class(names: Result<(String, String), &'static str>) -> DocumentClass {
    let (version, kind) = match names {
        Ok(names) => names,
        Err(what) => return DocumentClass::Stranger(what),
    };
    match kind.as_str() {
        snapshot::KIND if version == snapshot::API_VERSION => DocumentClass::Snapshot,
        snapshot::END if version == snapshot::API_VERSION => DocumentClass::SnapshotEnd,
        _ => match kinds::recognize(&version, &kind) {
            KnownKind::Read(spec) => DocumentClass::Read(spec),
            KnownKind::Apart(it) => DocumentClass::Apart(it),
        },
    }
}

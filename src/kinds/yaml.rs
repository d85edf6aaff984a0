//! YAML and JSON texts to values, and what is wrong with those that are none, in plain words and with the place.
//!
//! Budgets hold for each document or item by itself, so that no bomb takes more than it weighs (reliability.md §3.6).
//! What the library says of an error is never shown: it speaks of Rust.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_saphyr::Error;

/// Why a text is no YAML, or none that can be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct YamlError {
    /// The line and the column of it, both from 1.
    pub line: usize,
    pub column: usize,
    pub what: String,
    /// Whether an alias names an anchor that stands in another part of the document, or nowhere.
    pub is_unknown_anchor: bool,
}

/// Parses one YAML document, within budgets that no honest object meets.
pub fn parse_yaml<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, YamlError> {
    serde_saphyr::from_str_with_options(text, options(BooleanWords::AsWritten)).map_err(|it| told(&it, text))
}

/// Parses a document of many objects, such as a `List`: within the budgets of as many as it could hold.
pub fn parse_whole_yaml<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, YamlError> {
    serde_saphyr::from_str_with_options(text, options_of_all(text, BooleanWords::AsWritten))
        .map_err(|it| told(&it, text))
}

/// Parses YAML that is no object of the API, such as a list of people: `yes` is a boolean where one is wanted.
pub fn parse_list_yaml<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, YamlError> {
    serde_saphyr::from_str_with_options(text, options_of_all(text, BooleanWords::AsMeant)).map_err(|it| told(&it, text))
}

/// What an unquoted `yes`, `on` or `y` is: YAML 1.1, and with it kubectl, means a boolean, YAML 1.2 a word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BooleanWords {
    /// A boolean where a boolean is wanted.
    AsMeant,
    AsWritten,
}

/// How many nodes an object may have.
const NODES: usize = 500_000;
/// How many events of the parser the aliases of an object may stand for.
///
/// A bomb of aliases costs time long before it costs memory; an object that repeats itself this often is one.
const REPLAYED: usize = 50_000;
/// How many bytes of a text are one object's, at the least: a text is given the budgets of as many as it could hold.
const OBJECT: usize = 1_000;
/// For how many objects at once budgets are given, at the most.
const OBJECTS: usize = 40;

/// How a document of one object is parsed.
pub(super) fn options(words: BooleanWords) -> serde_saphyr::Options {
    options_of(1, words)
}

/// How a document of many objects is parsed.
fn options_of_all(text: &str, words: BooleanWords) -> serde_saphyr::Options {
    options_of((text.len() / OBJECT).clamp(1, OBJECTS), words)
}

fn options_of(objects: usize, words: BooleanWords) -> serde_saphyr::Options {
    let mut budget = serde_saphyr::Budget::default();
    budget.max_depth = 100;
    budget.max_nodes = NODES * objects;
    budget.max_events = budget.max_events.max(2 * NODES * objects);
    let mut options = serde_saphyr::Options::default();
    options.budget = Some(budget);
    options.alias_limits.max_total_replayed_events = REPLAYED * objects;
    options.with_snippet = false;
    options.strict_booleans = words == BooleanWords::AsWritten;
    options.emit_comments = false;
    options
}

/// Where in an object something stands that has another type than the API gives it, and what it is.
pub(super) struct Misfit {
    pub place: String,
    pub what: String,
}

impl Misfit {
    /// What keeps a JSON text from being a `T`.
    pub fn of_json<'de, T: Deserialize<'de>>(text: &'de str) -> Self {
        let mut json = serde_json::Deserializer::from_str(text);
        Self::of::<T, _>(&mut json, serde_json::from_str(text).ok().as_ref())
    }

    /// What keeps a YAML document from being a `T`.
    pub fn of_yaml<'de, T: Deserialize<'de>>(text: &'de str, words: BooleanWords) -> Self {
        let tree: Option<Value> = parse_yaml(text).ok();
        let found = serde_saphyr::with_deserializer_from_str_with_options(text, options(words), |it| {
            Ok(Self::of::<T, _>(it, tree.as_ref()))
        });
        found.unwrap_or_else(|_| Self::anywhere())
    }

    fn of<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D, tree: Option<&Value>) -> Self {
        let Err(error) = serde_path_to_error::deserialize::<_, T>(deserializer) else { return Self::anywhere() };
        let path = error.path().to_string();
        let place = if path == "." { String::new() } else { path.replace("?", "") };
        match tree.and_then(|it| value_at(it, &place)) {
            Some(value) => {
                Self { what: format!("has another type than the API gives it: {}", shortened(value)), place }
            }
            None => Self { place, ..Self::anywhere() },
        }
    }

    fn anywhere() -> Self {
        Self { place: String::new(), what: "has another form than the API gives it".to_owned() }
    }
}

/// The value at a path like `spec.ports[0].port`.
fn value_at<'v>(tree: &'v Value, path: &str) -> Option<&'v Value> {
    let steps = path.split(['.', '[', ']']).filter(|it| !it.is_empty());
    steps.into_iter().try_fold(tree, |value, step| match value {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        other => other.get(step),
    })
}

/// A value as JSON, as much of it as a line of a message can hold.
fn shortened(value: &Value) -> String {
    cut(&value.to_string())
}

/// A text, or as much of it as a line of a message can hold.
pub fn cut(text: &str) -> String {
    const MOST: usize = 60;
    let mut short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// An error in our words.
fn told(error: &Error, text: &str) -> YamlError {
    let error = innermost(error);
    let (line, column) = error.location().map_or((1, 1), |it| (it.line().max(1) as usize, it.column().max(1) as usize));
    YamlError {
        line,
        column,
        what: what(error, text, line),
        is_unknown_anchor: matches!(error, Error::UnknownAnchor { .. }),
    }
}

fn innermost(error: &Error) -> &Error {
    error.without_snippet()
}

fn what(error: &Error, text: &str, line: usize) -> String {
    let written = text.lines().nth(line - 1).unwrap_or_default();
    match error {
        Error::DuplicateMappingKey { key: Some(key), .. } => format!("the key {key:?} stands twice"),
        Error::DuplicateMappingKey { .. } => format!("a key stands twice: {:?}", cut(written.trim())),
        Error::UnknownAnchor { .. } => format!("no anchor stands before this alias: {:?}", cut(written.trim())),
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => "its aliases stand for more than an object may hold".to_owned(),
        Error::Budget { .. } => "it is larger or more deeply nested than an object may be".to_owned(),
        _ if is_template(text, line) => {
            "a template, not YAML: render the chart first, as `helm template` does".to_owned()
        }
        _ if indentation(written).contains('\t') => {
            format!("a tab in the indentation, where YAML takes spaces: {:?}", cut(written))
        }
        Error::Eof { .. } => "it ends before what it began is closed".to_owned(),
        _ if written.trim().is_empty() => "not YAML from here on".to_owned(),
        _ => format!("not YAML: {:?}", cut(written.trim())),
    }
}

fn indentation(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// Whether the line at fault, one beside it, or the first that says something is of a chart's template.
fn is_template(text: &str, line: usize) -> bool {
    let near = text.lines().skip(line.saturating_sub(2)).take(3);
    let first = text.lines().find(|it| !it.trim().is_empty() && !it.trim_start().starts_with('#'));
    near.chain(first).any(|it| it.contains("{{"))
}

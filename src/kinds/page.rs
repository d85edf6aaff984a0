//! List pages and watch events, as a Kubernetes API server writes them.
//!
//! A page is decoded in one pass, object by object into facts. Only when something in it does not decode is it
//! read a second time, each object by itself, so that one bad object costs itself and not its page (E5).
//! This module does no IO and knows nothing of retries: `live` does.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::KindSpec;
use super::context::{ReadContext, ReadKind, ReadOutcome};
use super::intern::Intern;
use super::slim::{Text, or_default};
use crate::model::cluster::{Delta, ReadObject};
use crate::model::id::ObjectId;
use crate::model::place::Problem;

/// One page of a list.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListPage {
    pub entries: Vec<ReadObject>,
    /// Objects that exist and could not be read.
    pub unreadable: Vec<(ObjectId, Vec<Problem>)>,
    /// What had not even a name.
    pub notes: Vec<Problem>,
    /// Where the next page begins; empty on the last one.
    pub continues: String,
    /// What a watch of this list resumes from.
    pub version: String,
    /// How many objects the next pages hold, where the server says it.
    pub remaining: Option<u64>,
}

/// Why bytes are no page or no event.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The server answered with a Status object.
    #[error("the server answered {}: {}", .0.code, .0.message)]
    Status(Status),
    #[error("not what an API server writes")]
    Malformed(#[from] serde_json::Error),
}

/// The parts of a Status object that a client acts on; its message is untrusted text.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
pub struct Status {
    #[serde(default, deserialize_with = "or_default")]
    pub code: u16,
    #[serde(default, deserialize_with = "or_default")]
    pub reason: String,
    #[serde(default, deserialize_with = "or_default")]
    pub message: String,
}

/// What one line of a watch says.
#[derive(Clone, PartialEq, Debug)]
pub enum WatchStep {
    /// The cluster changes so.
    Delta(Delta),
    /// Nothing changes.
    Nothing,
    /// Nothing has changed up to this version.
    Bookmark {
        /// All objects that existed when a streaming list began have been sent (`k8s.io/initial-events-end`).
        ends_initial_events: bool,
    },
    /// The watch has failed; 410 means that it must begin with a list again.
    Failed(Status),
}

/// One line of a watch.
#[derive(Clone, PartialEq, Debug)]
pub struct WatchEvent {
    pub step: WatchStep,
    /// The resourceVersion to resume from; empty when the line has none.
    pub version: String,
}

/// Reads one page of a list.
pub fn read_list(spec: &'static KindSpec, bytes: &[u8], intern: &mut Intern) -> Result<ListPage, WireError> {
    read_list_in(spec, bytes, "", intern)
}

/// Reads one page of a list whose namespaced objects are in `namespace` unless they say otherwise.
pub fn read_list_in(
    spec: &'static KindSpec,
    bytes: &[u8],
    namespace: &str,
    intern: &mut Intern,
) -> Result<ListPage, WireError> {
    let text = text(bytes);
    let mut context = ReadContext::new(spec, namespace, intern);
    let mut readings = Vec::new();
    let meta = match (spec.reader.page)(&text, &mut context, &mut readings) {
        Ok(meta) => meta,
        Err(_) => {
            readings.clear();
            each_by_itself(&text, &mut context, &mut readings)?
        }
    };
    intern.sweep_if_grown();
    Ok(meta.page(readings))
}

/// Why a kind is not wholly known whose list holds objects without a name.
pub fn nameless(spec: &KindSpec, count: usize) -> String {
    match count {
        1 => format!("the list holds a {} that could not be read and has no name", spec.word),
        _ => format!("the list holds {count} {} that could not be read and have no name", spec.plural),
    }
}

/// Bytes as text; what is not UTF-8 is replaced, as Go's decoder does.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    // Checking is several times faster than looking for what to replace.
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// The metadata of a list.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListMeta {
    #[serde(default, rename = "continue", deserialize_with = "or_default")]
    continues: String,
    #[serde(default, deserialize_with = "or_default")]
    resource_version: String,
    #[serde(default)]
    remaining_item_count: Option<u64>,
}

impl ListMeta {
    fn page(self, readings: Vec<ReadOutcome>) -> ListPage {
        let mut page = ListPage {
            entries: Vec::with_capacity(readings.len()),
            continues: self.continues,
            version: self.resource_version,
            remaining: self.remaining_item_count,
            ..ListPage::default()
        };
        for reading in readings {
            match reading {
                ReadOutcome::Read(entry) => page.entries.push(entry),
                ReadOutcome::Ignored(_) => {}
                ReadOutcome::Unreadable { id, problems } => page.unreadable.push((id, problems)),
                ReadOutcome::Noted(problem) => page.notes.push(problem),
            }
        }
        page
    }
}

/// Decodes a page in one pass; fails if anything in it does not decode.
pub(super) fn page<R: ReadKind>(
    text: &str,
    context: &mut ReadContext<'_>,
    readings: &mut Vec<ReadOutcome>,
) -> Result<ListMeta, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let meta = ListSeed::<R> { context, readings, of: std::marker::PhantomData }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(meta)
}

/// Reads a list object, its items into `readings`.
struct ListSeed<'s, 'i, R> {
    context: &'s mut ReadContext<'i>,
    readings: &'s mut Vec<ReadOutcome>,
    of: std::marker::PhantomData<R>,
}

impl<'de, R: ReadKind> DeserializeSeed<'de> for ListSeed<'_, '_, R> {
    type Value = ListMeta;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ListMeta, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, R: ReadKind> Visitor<'de> for ListSeed<'_, '_, R> {
    type Value = ListMeta;
    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ListMeta, A::Error> {
        let (mut meta, mut items) = (ListMeta::default(), false);
        while let Some(key) = map.next_key::<Text<'de>>()? {
            match &*key {
                "metadata" => meta = map.next_value::<Option<ListMeta>>()?.unwrap_or_default(),
                "items" if !items => {
                    items = true;
                    map.next_value_seed(ItemsSeed::<R> {
                        context: self.context,
                        readings: self.readings,
                        of: self.of,
                    })?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        // Whatever has no items is for the careful reader to name.
        if items { Ok(meta) } else { Err(serde::de::Error::missing_field("items")) }
    }
}

/// Reads the items of a list.
struct ItemsSeed<'s, 'i, R> {
    context: &'s mut ReadContext<'i>,
    readings: &'s mut Vec<ReadOutcome>,
    of: std::marker::PhantomData<R>,
}

impl<'de, R: ReadKind> DeserializeSeed<'de> for ItemsSeed<'_, '_, R> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, R: ReadKind> Visitor<'de> for ItemsSeed<'_, '_, R> {
    type Value = ();
    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of objects")
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(slim) = items.next_element::<R::Slim<'de>>()? {
            self.readings.push(self.context.read::<R>(&slim));
        }
        Ok(())
    }
}

/// A list whose items are still text.
#[derive(Deserialize)]
struct RawList<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    kind: Text<'a>,
    #[serde(default, deserialize_with = "or_default")]
    metadata: ListMeta,
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
}

fn each_by_itself(
    text: &str,
    context: &mut ReadContext<'_>,
    readings: &mut Vec<ReadOutcome>,
) -> Result<ListMeta, WireError> {
    let list: RawList<'_> = serde_json::from_str(text)?;
    if &*list.kind == "Status" {
        return Err(WireError::Status(serde_json::from_str(text)?));
    }
    let items = list.items.ok_or_else(|| <serde_json::Error as serde::de::Error>::missing_field("items"))?;
    for item in items {
        readings.push((context.spec.reader.json)(item.get(), context));
    }
    Ok(list.metadata)
}

/// A watch event whose object is still text.
#[derive(Deserialize)]
struct RawEvent<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    object: &'a RawValue,
}

/// What every object of a watch event has, bookmarks included.
#[derive(Deserialize, Default)]
struct EventMeta<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    metadata: MarkMeta<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct MarkMeta<'a> {
    #[serde(default, deserialize_with = "or_default")]
    resource_version: String,
    #[serde(borrow, default, deserialize_with = "or_default")]
    annotations: super::slim::StringMap<'a>,
}

/// Reads one line of a watch.
///
/// # Errors
/// It is no event that the API defines: of another type, or of an object that has no name.
pub fn read_event(spec: &'static KindSpec, bytes: &[u8], intern: &mut Intern) -> Result<WatchEvent, WireError> {
    let text = text(bytes);
    if let Some(event) = plain(spec, &text, intern) {
        intern.sweep_if_grown();
        return event;
    }
    let raw: RawEvent<'_> = serde_json::from_str(&text)?;
    let object = raw.object.get();
    let event = match &*raw.kind {
        "BOOKMARK" => Ok(bookmark(object)),
        "ERROR" => Ok(WatchEvent {
            step: WatchStep::Failed(serde_json::from_str(object).unwrap_or_default()),
            version: String::new(),
        }),
        kind @ ("ADDED" | "MODIFIED" | "DELETED") => change(spec, kind == "DELETED", object, intern),
        other => Err(unexpected(&format!("an event of type {other:?}"))),
    };
    intern.sweep_if_grown();
    event
}

/// What no API server writes: something has happened, and it cannot be told what.
fn unexpected(what: &str) -> WireError {
    WireError::Malformed(<serde_json::Error as serde::de::Error>::custom(what))
}

/// An event written as API servers write it, whose object decodes: read in one pass instead of two.
///
/// Whatever is otherwise is for the careful reader; what lies between must be one whole object.
fn plain(spec: &'static KindSpec, line: &str, intern: &mut Intern) -> Option<Result<WatchEvent, WireError>> {
    let (kind, rest) = line.strip_prefix("{\"type\":\"")?.split_once("\",\"object\":")?;
    let deleted = match kind {
        "ADDED" | "MODIFIED" => false,
        "DELETED" => true,
        _ => return None,
    };
    let object = rest.trim_end().strip_suffix('}')?;
    let reading = (spec.reader.clean)(object, &mut ReadContext::new(spec, "", intern))?;
    Some(event(reading, deleted, object))
}

fn mark(object: &str) -> MarkMeta<'_> {
    serde_json::from_str::<EventMeta<'_>>(object).unwrap_or_default().metadata
}

fn bookmark(object: &str) -> WatchEvent {
    let mark = mark(object);
    let ends_initial_events = mark.annotations.get("k8s.io/initial-events-end") == Some("true");
    WatchEvent { step: WatchStep::Bookmark { ends_initial_events }, version: mark.resource_version }
}

fn change(spec: &'static KindSpec, deleted: bool, object: &str, intern: &mut Intern) -> Result<WatchEvent, WireError> {
    event((spec.reader.json)(object, &mut ReadContext::new(spec, "", intern)), deleted, object)
}

fn event(reading: ReadOutcome, deleted: bool, object: &str) -> Result<WatchEvent, WireError> {
    if let ReadOutcome::Noted(problem) = reading {
        return Err(unexpected(&problem.what));
    }
    let version = match &reading {
        ReadOutcome::Read(entry) if entry.version != 0 => entry.version.to_string(),
        _ => mark(object).resource_version,
    };
    Ok(WatchEvent { step: step(reading, deleted), version })
}

fn step(reading: ReadOutcome, deleted: bool) -> WatchStep {
    let gone = |id| WatchStep::Delta(Delta::Gone(id));
    match reading {
        ReadOutcome::Read(entry) if deleted => gone(entry.fact.id()),
        ReadOutcome::Unreadable { id, .. } | ReadOutcome::Ignored(id) if deleted => gone(id),
        reading => reading.delta().map_or(WatchStep::Nothing, WatchStep::Delta),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::spec;
    use crate::model::id::Kind;

    fn event(line: &str) -> Option<WatchEvent> {
        let spec = spec(Kind::POD).expect("pods are read");
        read_event(spec, line.as_bytes(), &mut Intern::new()).ok()
    }

    #[test]
    fn an_event_says_the_same_however_it_is_written() {
        let object = r#"{"metadata":{"name":"web","namespace":"shop","resourceVersion":"7"},"spec":{"nodeName":"a"}}"#;
        for kind in ["ADDED", "MODIFIED", "DELETED"] {
            let plain = event(&format!(r#"{{"type":"{kind}","object":{object}}}"#));
            assert_eq!(plain.as_ref().map(|it| it.version.as_str()), Some("7"));
            assert_eq!(plain, event(&format!(r#"{{ "object": {object}, "type": "{kind}" }}"#)));
        }
    }

    /// Something has happened, and it cannot be told what: the kind has to be listed again.
    #[test]
    fn what_is_no_event_of_the_api_is_not_passed_by() {
        let object = r#"{"metadata":{"name":"web","namespace":"shop","resourceVersion":"7"}}"#;
        for line in [
            format!(r#"{{"type":"RENAMED","object":{object}}}"#),
            format!(r#"{{"type":"","object":{object}}}"#),
            format!(r#"{{"type":"added","object":{object}}}"#),
            r#"{"type":"ADDED","object":null}"#.to_owned(),
            r#"{"type":"DELETED","object":null}"#.to_owned(),
            r#"{"type":"MODIFIED","object":{"metadata":{"resourceVersion":"7"}}}"#.to_owned(),
            r#"{"type":"DELETED","object":{}}"#.to_owned(),
            r#"{"type":"ADDED","object":[]}"#.to_owned(),
            r#"{"type":"ADDED"}"#.to_owned(),
            "{}".to_owned(),
            "null".to_owned(),
        ] {
            assert_eq!(event(&line), None, "{line}");
        }
    }

    #[test]
    fn only_one_whole_object_is_taken_as_it_stands() {
        let object = r#"{"metadata":{"name":"web","namespace":"shop"}}"#;
        for line in [
            format!(r#"{{"type":"ADDED","object":{object}"#),
            format!(r#"{{"type":"ADDED","object":{object}}}}}"#),
            format!(r#"{{"type":"ADDED","object":{object},"object":{object}}}"#),
        ] {
            assert_eq!(event(&line), None, "{line}");
        }
        let more = event(&format!(r#"{{"type":"ADDED","object":{object},"more":{{}}}}"#));
        assert_eq!(more, event(&format!(r#"{{"type":"ADDED","object":{object}}}"#)));
    }
}

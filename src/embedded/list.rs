//! Lists: which objects, as of when, page by page, written as they are sent.
//!
//! A page says where the next one begins and as of which version, in a token that only this server reads. A list is never
//! held as text: `ListInWriting` gives it in chunks.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::failure::Failure;
use super::kinds::ServedKind;
use super::object_list::ObjectList;
use super::query::Options;
use super::world::{Gone, ServedCluster};
use super::writer::ObjectWriter;

/// About how many bytes a chunk has.
pub const CHUNK: usize = 128 * 1024;

/// The places of the objects of a kind that a list holds.
#[derive(Clone, Debug)]
pub enum ListPlaces {
    All(std::ops::Range<usize>),
    Some(Vec<usize>),
}

impl ListPlaces {
    pub fn len(&self) -> usize {
        match self {
            ListPlaces::All(range) => range.len(),
            ListPlaces::Some(places) => places.len(),
        }
    }

    pub fn get(&self, at: usize) -> usize {
        match self {
            ListPlaces::All(range) => range.start + at,
            ListPlaces::Some(places) => places[at],
        }
    }
}

/// A list that is being written.
pub struct ListInWriting {
    object_list: ObjectList,
    places: ListPlaces,
    writer: ObjectWriter,
    metadata: Value,
    next: Next,
}

enum Next {
    Open,
    Item(usize),
    Done,
}

/// Decides what a list holds.
pub fn list(world: &ServedCluster, writer: ObjectWriter, options: &Options) -> Result<ListInWriting, Failure> {
    let kind = writer.kind;
    let asked = ListStart::of(world, options)?;
    let object_list = world.object_list(kind, asked.at).map_err(|Gone(oldest)| asked.gone(oldest))?;
    let version = asked.at.unwrap_or_else(|| world.version());
    let mut range = range(&object_list, options);
    if let Some((namespace, name)) = &asked.after {
        range.start = object_list.after(namespace, name).clamp(range.start, range.end);
    }
    // A real server serves "any version" from its cache, whole, whatever the limit.
    let limit = if options.version == Some(0) && options.token.is_empty() { 0 } else { options.limit };
    let (places, more) = page(&object_list, range, options, limit);
    let mut metadata = json!({"resourceVersion": version.to_string()});
    if let (Some(more), true) = (more, places.len() > 0) {
        let last = object_list.item(places.get(places.len() - 1));
        metadata["continue"] = Value::from(token(version as i64, last.namespace(), &last.name()));
        if let More::Exactly(count) = more {
            metadata["remainingItemCount"] = Value::from(count);
        }
    }
    Ok(ListInWriting { object_list, places, writer, metadata, next: Next::Open })
}

/// The places that namespace and name leave.
pub fn range(object_list: &ObjectList, options: &Options) -> std::ops::Range<usize> {
    let namespace = options.namespace.as_deref().or(options.selector.namespace());
    match (namespace, options.selector.name()) {
        (Some(namespace), Some(name)) => object_list.find(namespace, name).map_or(0..0, |at| at..at + 1),
        _ => object_list.range(namespace),
    }
}

/// How much there is after a page.
enum More {
    Exactly(usize),
    Some,
}

fn page(
    object_list: &ObjectList,
    range: std::ops::Range<usize>,
    options: &Options,
    limit: usize,
) -> (ListPlaces, Option<More>) {
    let limit = if limit == 0 { usize::MAX } else { limit };
    if options.selector.is_empty() {
        let end = range.end.min(range.start.saturating_add(limit));
        let more = (end < range.end).then_some(More::Exactly(range.end - end));
        return (ListPlaces::All(range.start..end), more);
    }
    let mut matching = range.filter(|at| options.selector.selects(object_list.item(*at)));
    let places: Vec<usize> = matching.by_ref().take(limit).collect();
    let more = if places.len() == limit { matching.next().map(|_| More::Some) } else { None };
    (ListPlaces::Some(places), more)
}

/// The moment and the place at which a list is to begin.
struct ListStart {
    at: Option<u64>,
    after: Option<(String, String)>,
}

impl ListStart {
    fn of(world: &ServedCluster, options: &Options) -> Result<ListStart, Failure> {
        if !options.token.is_empty() {
            let (version, namespace, name) = read_token(&options.token)
                .ok_or_else(|| Failure::bad_request("continue key is not valid: it was not given by this server"))?;
            return Ok(ListStart { at: u64::try_from(version).ok(), after: Some((namespace, name)) });
        }
        let current = world.version();
        match options.version {
            Some(asked) if asked > current => Err(Failure::too_new(asked, current)),
            Some(asked) if options.version_match == "Exact" => Ok(ListStart { at: Some(asked), after: None }),
            // Paging at a version means that version; otherwise it only must not be older.
            Some(asked) if asked > 0 && options.limit > 0 && options.version_match.is_empty() => {
                Ok(ListStart { at: Some(asked), after: None })
            }
            _ => Ok(ListStart { at: None, after: None }),
        }
    }

    fn gone(&self, oldest: u64) -> Failure {
        match &self.after {
            Some((namespace, name)) => Failure::expired_token(token(-1, namespace, name)),
            None => Failure::too_old(self.at.unwrap_or_default(), oldest),
        }
    }
}

fn token(version: i64, namespace: &str, name: &str) -> String {
    URL_SAFE_NO_PAD
        .encode(json!({"v": "meta.k8s.io/v1", "rv": version, "start": format!("{namespace}/{name}\u{0}")}).to_string())
}

fn read_token(token: &str) -> Option<(i64, String, String)> {
    let value: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (namespace, name) = value["start"].as_str()?.strip_suffix('\u{0}')?.split_once('/')?;
    Some((value["rv"].as_i64()?, namespace.to_owned(), name.to_owned()))
}

impl Iterator for ListInWriting {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(CHUNK + 32 * 1024);
        let mut at = match self.next {
            Next::Open => {
                self.writer.open(&self.metadata, &mut out);
                0
            }
            Next::Item(at) => at,
            Next::Done => return None,
        };
        while at < self.places.len() && out.len() < CHUNK {
            if at > 0 {
                out.push(b',');
            }
            self.writer.item(self.object_list.item(self.places.get(at)), &mut out);
            at += 1;
        }
        self.next = if at < self.places.len() {
            Next::Item(at)
        } else {
            self.writer.close(&mut out);
            Next::Done
        };
        Some(out)
    }
}

/// The objects of a kind as they are now.
pub fn now(world: &ServedCluster, kind: &'static ServedKind) -> ObjectList {
    world.object_list(kind, None).unwrap_or_else(|_| ObjectList::empty())
}

//! The objects of one kind at one moment, in the order in which an API server lists them.
//!
//! Two sorts of world fill a list of objects: a seeded one renders each object when it is asked for, a told one (the story) holds
//! its objects. Readers see no difference.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use super::seeded::facts::SeededWorld;
use super::seeded::render::{ObjectRows, RenderedLabels};

/// How much of an object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectPart {
    /// All of it.
    Full,
    /// Its metadata alone, managed fields included.
    Meta,
    /// All but its managed fields: what selectors and tables read.
    Slim,
}

/// An object that a told world holds.
#[derive(Debug)]
pub struct StoredObject {
    pub namespace: String,
    pub name: String,
    pub version: u64,
    pub value: Value,
    /// Its members as JSON, without braces, kind and apiVersion.
    members: Box<[u8]>,
}

impl StoredObject {
    /// Takes an object as it is, and gives it its resource version.
    pub fn new(mut value: Value, version: u64) -> StoredObject {
        value["metadata"]["resourceVersion"] = Value::from(version.to_string());
        let text = |at: &str| value["metadata"][at].as_str().unwrap_or_default().to_owned();
        let (namespace, name) = (text("namespace"), text("name"));
        let mut members = Vec::new();
        // Metadata leads, as everywhere; the order of the other members carries no meaning.
        push_member(&mut members, "metadata", &value["metadata"]);
        for (key, part) in value.as_object().into_iter().flatten() {
            if !matches!(key.as_str(), "metadata" | "kind" | "apiVersion") {
                members.push(b',');
                push_member(&mut members, key, part);
            }
        }
        StoredObject { namespace, name, version, value, members: members.into() }
    }

    /// The same object with another resource version, as a deletion sends it.
    pub fn with_version(&self, version: u64) -> StoredObject {
        StoredObject::new(self.value.clone(), version)
    }
}

fn push_member(out: &mut Vec<u8>, key: &str, value: &Value) {
    out.extend_from_slice(format!("{}:{value}", Value::from(key)).as_bytes());
}

/// One object, wherever it is.
#[derive(Clone, Copy)]
pub enum ObjectItem<'a> {
    Rendered(&'a SeededWorld, &'static ObjectRows, usize),
    Held(&'a StoredObject),
}

impl<'a> ObjectItem<'a> {
    /// Appends the object's members.
    pub fn write(&self, part: ObjectPart, out: &mut Vec<u8>) {
        match (self, part) {
            (ObjectItem::Rendered(facts, rows, at), _) => (rows.write)(facts, *at, part, out),
            (ObjectItem::Held(object), ObjectPart::Full | ObjectPart::Slim) => out.extend_from_slice(&object.members),
            (ObjectItem::Held(object), ObjectPart::Meta) => push_member(out, "metadata", &object.value["metadata"]),
        }
    }

    /// The object as a value, without its managed fields if it is rendered.
    pub fn value(&self) -> Cow<'a, Value> {
        let ObjectItem::Held(object) = self else {
            let mut text = vec![b'{'];
            self.write(ObjectPart::Slim, &mut text);
            text.push(b'}');
            return Cow::Owned(serde_json::from_slice(&text).expect("rendered documents are JSON"));
        };
        Cow::Borrowed(&object.value)
    }

    pub fn namespace(&self) -> &'a str {
        match self {
            ObjectItem::Rendered(facts, rows, at) => {
                (rows.namespace)(facts, *at).map_or("", |at| &facts.namespaces[at as usize].name)
            }
            ObjectItem::Held(object) => &object.namespace,
        }
    }

    pub fn name(&self) -> Cow<'a, str> {
        match self {
            ObjectItem::Rendered(facts, rows, at) => Cow::Owned((rows.name)(facts, *at)),
            ObjectItem::Held(object) => Cow::Borrowed(&object.name),
        }
    }

    /// The object's labels, if they can be had without rendering it.
    pub fn labels(&self) -> Option<RenderedLabels> {
        match self {
            ObjectItem::Rendered(facts, rows, at) => rows.labels.map(|labels| labels(facts, *at)),
            ObjectItem::Held(_) => None,
        }
    }

    /// A field that the object can be selected by, if it can be had without rendering it.
    pub fn field(&self, path: &str) -> Option<String> {
        match (self, path) {
            (_, "metadata.name") => Some(self.name().into_owned()),
            (_, "metadata.namespace") => Some(self.namespace().to_owned()),
            (ObjectItem::Rendered(facts, rows, at), _) => rows.field.and_then(|field| field(facts, *at, path)),
            (ObjectItem::Held(_), _) => None,
        }
    }

    fn compare(&self, namespace: &str, name: &str) -> Ordering {
        self.namespace().cmp(namespace).then_with(|| (*self.name()).cmp(name))
    }
}

/// All objects of one kind at one moment.
#[derive(Clone, Debug)]
pub enum ObjectList {
    Rendered(Arc<SeededWorld>, &'static ObjectRows),
    Held(Arc<[Arc<StoredObject>]>),
}

impl ObjectList {
    /// An empty one.
    pub fn empty() -> ObjectList {
        ObjectList::Held(Arc::from([]))
    }

    pub fn len(&self) -> usize {
        match self {
            ObjectList::Rendered(facts, rows) => (rows.count)(facts),
            ObjectList::Held(objects) => objects.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The object at a place below `len`.
    pub fn item(&self, at: usize) -> ObjectItem<'_> {
        match self {
            ObjectList::Rendered(facts, rows) => ObjectItem::Rendered(facts, rows, at),
            ObjectList::Held(objects) => ObjectItem::Held(&objects[at]),
        }
    }

    /// The places of a namespace's objects, or all.
    pub fn range(&self, namespace: Option<&str>) -> Range<usize> {
        match namespace {
            None => 0..self.len(),
            Some(namespace) => {
                self.first(|item| item.namespace() >= namespace)..self.first(|item| item.namespace() > namespace)
            }
        }
    }

    /// The place of an object.
    pub fn find(&self, namespace: &str, name: &str) -> Option<usize> {
        let at = self.first(|item| item.compare(namespace, name) != Ordering::Less);
        (at < self.len() && self.item(at).compare(namespace, name) == Ordering::Equal).then_some(at)
    }

    /// The place of the first object after a key.
    pub fn after(&self, namespace: &str, name: &str) -> usize {
        self.first(|item| item.compare(namespace, name) == Ordering::Greater)
    }

    /// The first place from which on `from_here` holds.
    fn first(&self, from_here: impl Fn(ObjectItem<'_>) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = (low + high) / 2;
            if from_here(self.item(middle)) { high = middle } else { low = middle + 1 }
        }
        low
    }
}

//! A cluster to serve: seeded and standing still, or told (the story) and changing.
//!
//! A told world keeps its objects, and of each change what was before: so it can say what happened since a resource
//! version (watches) and how everything was at one (pages of a list), until the history is cut (`compact`). A seeded
//! world has one resource version and no history. Locks are held for moments, never across a wait.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;
use tokio::sync::watch;

use super::kinds::{KINDS, ServedKind};
use super::object_list::{ObjectItem, ObjectList, ObjectPart, StoredObject};
use super::seeded::facts::SeededWorld;
use super::seeded::render::{ROWS, VERSION};
use super::seeded::shapes::SHAPES;

/// How many changes a told world remembers.
const HISTORY: usize = 2_000;

/// A change of one object.
#[derive(Clone, Debug)]
pub struct ObjectChange {
    pub version: u64,
    pub plural: &'static str,
    pub before: Option<Arc<StoredObject>>,
    /// The object after the change; for a deletion its last state, with the version of the deletion.
    pub object: Arc<StoredObject>,
    pub deleted: Deleted,
}

/// Whether a change took the object away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    Yes,
    No,
}

/// The resource version that was asked for is no longer held; this is the oldest that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone(pub u64);

type NamespacedName = (String, String);
type Objects = BTreeMap<&'static str, BTreeMap<NamespacedName, Arc<StoredObject>>>;

/// What an object is to become.
#[derive(Clone, Debug)]
pub enum Desired {
    Put(Value),
    Gone,
    /// Nothing is changed, and this is the answer.
    Leave(Value),
}

/// All objects at one moment.
pub struct ObjectsNow<'a>(&'a Objects);

impl ObjectsNow<'_> {
    /// One of them.
    pub fn object(&self, kind: &ServedKind, namespace: &str, name: &str) -> Option<Arc<StoredObject>> {
        self.0.get(kind.plural)?.get(&(namespace.to_owned(), name.to_owned())).cloned()
    }
}

fn with_kind(kind: &ServedKind, value: &Value) -> Value {
    let mut value = value.clone();
    value["kind"] = Value::from(kind.kind);
    value["apiVersion"] = Value::from(kind.api_version());
    value
}

#[derive(Debug, Default)]
struct WorldState {
    /// Everything before this version is forgotten.
    oldest: u64,
    objects: Objects,
    history: VecDeque<ObjectChange>,
    /// The objects of now, until a change of their kind.
    object_lists: BTreeMap<&'static str, ObjectList>,
}

/// A cluster that can be served.
#[derive(Debug)]
pub struct ServedCluster {
    name: String,
    seeded: Option<Arc<SeededWorld>>,
    state: Mutex<WorldState>,
    version: watch::Sender<u64>,
}

impl ServedCluster {
    /// The seeded world of that name (`S`, `M`, `L`, `XL`, `ADV`, `KB`; case does not matter).
    pub fn seeded(name: &str) -> Option<Arc<ServedCluster>> {
        let shape = SHAPES.iter().find(|shape| shape.name.eq_ignore_ascii_case(name))?;
        Some(Arc::new(ServedCluster {
            name: shape.name.to_owned(),
            seeded: Some(Arc::new(SeededWorld::new(shape))),
            state: Mutex::new(WorldState { oldest: VERSION, ..WorldState::default() }),
            version: watch::Sender::new(VERSION),
        }))
    }

    /// A told world that holds nothing yet.
    pub fn told(name: &str) -> Arc<ServedCluster> {
        Arc::new(ServedCluster {
            name: name.to_owned(),
            seeded: None,
            state: Mutex::default(),
            version: watch::Sender::new(1_000),
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The resource version that the world has reached.
    pub fn version(&self) -> u64 {
        *self.version.borrow()
    }

    /// Tells of every new resource version.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    fn state(&self) -> MutexGuard<'_, WorldState> {
        self.state.lock().expect("nobody panics while holding the world")
    }

    /// Creates or replaces an object (with `kind`, `metadata.name` and, where it has one, `metadata.namespace`).
    pub fn put(&self, kind: &'static ServedKind, value: Value) -> Arc<StoredObject> {
        let mut state = self.state();
        let version = self.version() + 1;
        let object = Arc::new(StoredObject::new(value, version));
        let key = (object.namespace.clone(), object.name.clone());
        let before = state.objects.entry(kind.plural).or_default().insert(key, object.clone());
        state.remember(ObjectChange {
            version,
            plural: kind.plural,
            before,
            object: object.clone(),
            deleted: Deleted::No,
        });
        self.version.send_replace(version);
        object
    }

    /// Changes one object at one moment: what it becomes is decided while nobody else writes.
    ///
    /// Gives the object as it is then; of one that is gone the last state.
    pub fn change<E>(
        &self,
        kind: &'static ServedKind,
        namespace: &str,
        name: &str,
        decide: impl FnOnce(Option<&Value>, &ObjectsNow<'_>) -> Result<Desired, E>,
    ) -> Result<Value, E> {
        let mut state = self.state();
        let key = (namespace.to_owned(), name.to_owned());
        let before = state.objects.get(kind.plural).and_then(|it| it.get(&key)).cloned();
        let whole = before.as_ref().map(|it| with_kind(kind, &it.value));
        let version = self.version() + 1;
        let (object, deleted) = match decide(whole.as_ref(), &ObjectsNow(&state.objects))? {
            Desired::Leave(object) => return Ok(object),
            Desired::Put(value) => (Arc::new(StoredObject::new(value, version)), Deleted::No),
            Desired::Gone => match &before {
                Some(before) => (Arc::new(before.with_version(version)), Deleted::Yes),
                None => return Ok(Value::Null),
            },
        };
        let objects = state.objects.entry(kind.plural).or_default();
        match deleted {
            Deleted::No => drop(objects.insert(key, object.clone())),
            Deleted::Yes => drop(objects.remove(&key)),
        }
        state.remember(ObjectChange { version, plural: kind.plural, before, object: object.clone(), deleted });
        self.version.send_replace(version);
        Ok(with_kind(kind, &object.value))
    }

    /// Whether it holds objects that can be changed; a seeded world stands still.
    pub fn is_told(&self) -> bool {
        self.seeded.is_none()
    }

    /// Deletes an object, if it exists.
    pub fn delete(&self, kind: &'static ServedKind, namespace: &str, name: &str) -> Option<Arc<StoredObject>> {
        let mut state = self.state();
        let version = self.version() + 1;
        let before = state.objects.get_mut(kind.plural)?.remove(&(namespace.to_owned(), name.to_owned()))?;
        let object = Arc::new(before.with_version(version));
        state.remember(ObjectChange {
            version,
            plural: kind.plural,
            before: Some(before),
            object: object.clone(),
            deleted: Deleted::Yes,
        });
        self.version.send_replace(version);
        Some(object)
    }

    /// Forgets all history: older resource versions and continue tokens are gone from now on.
    pub fn compact(&self) {
        let mut state = self.state();
        let version = self.version() + 1;
        state.history.clear();
        state.oldest = version;
        self.version.send_replace(version);
    }

    /// The objects of a kind as they are now, or as they were at a version that is still held.
    pub fn object_list(&self, kind: &'static ServedKind, at: Option<u64>) -> Result<ObjectList, Gone> {
        let mut state = self.state();
        if at.is_some_and(|at| at < state.oldest) {
            return Err(Gone(state.oldest));
        }
        if let Some(facts) = &self.seeded {
            let rows = ROWS.iter().find(|rows| rows.plural == kind.plural);
            return Ok(rows.map_or_else(ObjectList::empty, |rows| ObjectList::Rendered(facts.clone(), rows)));
        }
        Ok(state.object_list(kind.plural, at.unwrap_or(u64::MAX)))
    }

    /// The changes of a kind after a version, in order.
    pub fn changes(&self, kind: &'static ServedKind, since: u64) -> Result<Vec<ObjectChange>, Gone> {
        let state = self.state();
        if since < state.oldest {
            return Err(Gone(state.oldest));
        }
        let first = state.history.partition_point(|change| change.version <= since);
        Ok(state.history.range(first..).filter(|change| change.plural == kind.plural).cloned().collect())
    }

    /// An object that a told world holds now.
    pub fn object(&self, kind: &'static ServedKind, namespace: &str, name: &str) -> Option<Arc<StoredObject>> {
        self.state().objects.get(kind.plural)?.get(&(namespace.to_owned(), name.to_owned())).cloned()
    }

    /// How many objects of a kind there are now.
    pub fn count(&self, kind: &'static ServedKind) -> usize {
        self.object_list(kind, None).map_or(0, |object_list| object_list.len())
    }

    /// Hands out the documents of all objects of a kind as JSON, complete with kind and apiVersion.
    pub fn documents(&self, kind: &'static ServedKind, mut each: impl FnMut(&[u8])) {
        let object_list = self.object_list(kind, None).unwrap_or_else(|_| ObjectList::empty());
        let mut document = Vec::with_capacity(16 * 1024);
        for at in 0..object_list.len() {
            document.clear();
            write_document(kind, object_list.item(at), &mut document);
            each(&document);
        }
    }

    /// Writes all objects as `kubectl get -A -o yaml` would: one `List`, the kinds in the order of the table.
    pub fn dump(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"apiVersion: v1\nitems:\n")?;
        for kind in &KINDS {
            let mut failed = None;
            self.documents(kind, |document| {
                if failed.is_none() {
                    failed = dump_item(document, out).err();
                }
            });
            if let Some(why) = failed {
                return Err(why);
            }
        }
        out.write_all(b"kind: List\nmetadata:\n  resourceVersion: \"\"\n")
    }
}

/// Appends an object with its kind and apiVersion.
pub fn write_document(kind: &ServedKind, item: ObjectItem<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(
        format!("{{\"kind\":\"{}\",\"apiVersion\":\"{}\",", kind.kind, kind.api_version()).as_bytes(),
    );
    item.write(ObjectPart::Full, out);
    out.push(b'}');
}

fn dump_item(document: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let item: [Value; 1] = serde_json::from_slice::<Value>(document).map(|it| [it])?;
    // As kubectl writes it: long texts stay on one line.
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    let text = serde_saphyr::to_string_with_options(&item, options).map_err(io::Error::other)?;
    out.write_all(text.as_bytes())
}

impl WorldState {
    fn remember(&mut self, change: ObjectChange) {
        self.object_lists.remove(change.plural);
        self.history.push_back(change);
        while self.history.len() > HISTORY {
            self.oldest = self.history.pop_front().map_or(self.oldest, |change| change.version);
        }
    }

    /// A kind's objects as they were after the change of that version: the changes since then undone, the last first.
    fn object_list(&mut self, plural: &'static str, at: u64) -> ObjectList {
        let latest =
            self.history.iter().rev().find(|change| change.plural == plural).map_or(0, |change| change.version);
        if at >= latest
            && let Some(object_list) = self.object_lists.get(plural)
        {
            return object_list.clone();
        }
        if at >= latest {
            let all = self.objects.get(plural);
            let now = all.map_or_else(ObjectList::empty, |all| ObjectList::Held(all.values().cloned().collect()));
            self.object_lists.insert(plural, now.clone());
            return now;
        }
        let mut objects = self.objects.get(plural).cloned().unwrap_or_default();
        for change in
            self.history.iter().rev().take_while(|change| change.version > at).filter(|change| change.plural == plural)
        {
            let key = (change.object.namespace.clone(), change.object.name.clone());
            match &change.before {
                Some(before) => objects.insert(key, before.clone()),
                None => objects.remove(&key),
            };
        }
        ObjectList::Held(objects.into_values().collect())
    }
}

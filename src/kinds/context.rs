//! How one object comes in: bytes or YAML to a slim form, the slim form to a fact with its problems.
//!
//! ```text
//! JSON, YAML ──serde──► Slim<'_> ──Read::fact──► AnyFact + problems ──► Reading
//!                 └─ does not decode: its metadata alone ──► Reading::Unreadable
//! ```
//!
//! Every reader is total: whatever stands in the input, the answer is a [`Reading`].

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::KindSpec;
use super::intern::Intern;
use super::parts::NULL;
use super::plain::is_plain;
use super::prune::prune;
use super::slim::{METADATA, Metadata, OnlyMetadata, OnlyNames, Pairs};
use super::words::{OddWord, odd_words, odd_words_of_plain};
use super::yaml::{Misfit, Words, options};
use crate::model::cluster::{AnyFact, Delta, Entry};
use crate::model::facts::{Kept, Meta, Owner, Uid};
use crate::model::id::{Kind, ObjectId, ResourceScope};
use crate::model::labels::Labels;
use crate::model::name::Name;
use crate::model::place::{Place, Problem};

/// What became of one object.
#[derive(Clone, PartialEq, Debug)]
pub enum Reading {
    Read(Entry),
    /// It says nothing of its own: a mirror of another policy.
    Ignored(ObjectId),
    /// It exists, and could not be read.
    Unreadable {
        id: ObjectId,
        problems: Vec<Problem>,
    },
    /// It is no object that has a name.
    Noted(Problem),
}

impl Reading {
    /// The step that takes it into a cluster.
    pub fn delta(self) -> Option<Delta> {
        match self {
            Reading::Read(entry) => Some(Delta::Put(entry)),
            Reading::Ignored(_) => None,
            Reading::Unreadable { id, problems } => Some(Delta::Unreadable { id, problems }),
            Reading::Noted(problem) => Some(Delta::Noted(problem)),
        }
    }

    /// Adds words of the object that the API server reads as something else.
    pub fn add(&mut self, words: impl IntoIterator<Item = OddWord>) {
        let (id, problems) = match self {
            Reading::Read(entry) => (entry.fact.id(), &mut entry.problems),
            Reading::Unreadable { id, problems } => (id.clone(), problems),
            Reading::Ignored(_) | Reading::Noted(_) => return,
        };
        let problem = |word: OddWord| Problem {
            object: Some(id.clone()),
            place: Place(word.place.into()),
            what: word.what.into(),
        };
        problems.extend(words.into_iter().map(problem));
    }
}

/// What a reader holds while it reads: the kind, the interner, and the problems of the object at hand.
pub(super) struct ReadContext<'i> {
    pub spec: &'static KindSpec,
    pub intern: &'i mut Intern,
    /// The namespace of namespaced objects that name none.
    namespace: &'i str,
    problems: Vec<Problem>,
}

impl<'i> ReadContext<'i> {
    pub fn new(spec: &'static KindSpec, namespace: &'i str, intern: &'i mut Intern) -> Self {
        Self { spec, intern, namespace, problems: Vec::new() }
    }

    /// Notes what is wrong at a place of the object at hand.
    pub fn problem(&mut self, place: &str, what: impl Into<Name>) {
        let place = Place(self.intern.name(place));
        self.problems.push(Problem { object: None, place, what: what.into() });
    }

    /// The metadata as facts hold it.
    pub fn meta(&mut self, it: &Metadata<'_>) -> Meta {
        Meta { namespace: self.namespace_of(it), name: self.name_of(it), uid: Uid::parse(&it.uid).into() }
    }

    /// The labels, for facts on whose labels an answer or a pane rests.
    pub fn labels(&mut self, it: &Metadata<'_>) -> Labels {
        self.intern.labels(it.labels.iter())
    }

    /// Notes the nulls of a map that selectors read.
    pub fn note_nulls(&mut self, place: &str, pairs: &Pairs<'_>) {
        pairs.nulls().for_each(|key| self.problem(&format!("{place}.{key}"), NULL));
    }

    /// Its name: shared, as most are in other objects too. Those of bindings are named by nothing else.
    fn name_of(&mut self, it: &Metadata<'_>) -> Name {
        match self.spec.kind {
            Kind::ROLE_BINDING | Kind::CLUSTER_ROLE_BINDING => Name::from(&*it.name),
            _ => self.intern.name(&it.name),
        }
    }

    /// The namespace that the object is in.
    pub fn namespace_of(&mut self, it: &Metadata<'_>) -> Name {
        match self.spec.scope {
            ResourceScope::Cluster => Name::empty(),
            ResourceScope::Namespaced if it.namespace.is_empty() => self.intern.name(self.namespace),
            ResourceScope::Namespaced => self.intern.name(&it.namespace),
        }
    }

    fn note_homeless(&mut self, it: &Metadata<'_>) {
        if self.spec.scope == ResourceScope::Namespaced && it.namespace.is_empty() {
            self.intern.note_homeless(self.spec, &it.name);
        }
    }

    /// What controls the object.
    pub fn controller(&mut self, it: &Metadata<'_>) -> Option<Owner> {
        it.controller().map(|owner| Owner::new(&owner.kind, self.intern.name(&owner.name)))
    }

    fn id(&mut self, it: &Metadata<'_>) -> ObjectId {
        ObjectId { kind: self.spec.kind, namespace: self.namespace_of(it), name: Name::from(&*it.name) }
    }

    fn take_problems(&mut self, id: &ObjectId) -> Vec<Problem> {
        let mut problems = std::mem::take(&mut self.problems);
        problems.iter_mut().for_each(|it| it.object = Some(id.clone()));
        problems
    }

    /// The reading of an object that decoded.
    pub fn read<R: Read>(&mut self, slim: &R::Slim<'_>) -> Reading {
        self.problems.clear();
        let metadata = R::metadata(slim);
        if metadata.name.is_empty() {
            return self.nameless();
        }
        if let Some(mirrored) = R::ignores(slim).then(|| self.id(metadata)) {
            return Reading::Ignored(mirrored);
        }
        self.note_homeless(metadata);
        if matches!(self.spec.kind, Kind::POD | Kind::NAMESPACE) {
            self.note_nulls("metadata.labels", &metadata.labels);
        }
        let fact = R::fact(slim, self);
        let problems = if self.problems.is_empty() { Vec::new() } else { self.take_problems(&fact.id()) };
        Reading::Read(Entry { fact, version: version(metadata), problems, kept: self.kept(metadata) })
    }

    /// The reading of an object that did not decode.
    fn broken<R: Read>(
        &mut self,
        metadata: Option<&Metadata<'_>>,
        tree: impl FnOnce() -> Option<Value>,
        misfit: &Misfit,
    ) -> Reading {
        self.problems.clear();
        let Some(metadata) = metadata.filter(|it| !it.name.is_empty()) else {
            let Misfit { place, what } = misfit;
            let place = if place.is_empty() { String::new() } else { format!("{place} ") };
            let what = format!("a {} that could not be read: {place}{what}", self.spec.word).into();
            return Reading::Noted(Problem { object: None, place: Place::default(), what });
        };
        let id = self.id(metadata);
        self.note_homeless(metadata);
        if let Some(fact) = tree().and_then(|it| R::salvage(metadata, &it, self)) {
            let (version, problems) = (version(metadata), self.take_problems(&id));
            return Reading::Read(Entry { fact, version, problems, kept: self.kept(metadata) });
        }
        self.problem(&misfit.place, format!("could not be read: {}", misfit.what));
        Reading::Unreadable { problems: self.take_problems(&id), id }
    }

    /// What a snapshot shows of an object beside its fact, for whoever makes one.
    fn kept(&self, it: &Metadata<'_>) -> Option<Box<Kept>> {
        let kept = || Kept { uid: Uid::parse(&it.uid), created: it.creation_timestamp.as_deref().map_or(0, seconds) };
        self.intern.keeps_all().then(kept).filter(|it| *it != Kept::default()).map(Box::new)
    }

    fn nameless(&self) -> Reading {
        let what = format!("a {} without metadata.name was left out", self.spec.word).into();
        Reading::Noted(Problem { object: None, place: Place::default(), what })
    }
}

/// How the objects of one kind are read.
pub(super) trait Read {
    /// What serde decodes, borrowed from the input.
    type Slim<'a>: Deserialize<'a>;

    /// The fields beside the metadata that it looks at, as [`prune`] takes them.
    const FIELDS: &'static [&'static str];

    /// Whether it decodes to a tree whose words are all texts, so that `y` and `on` are read as they are written.
    const IS_TREE: bool = false;

    /// Whether it looks at the fields of the whole object that it does not know.
    const KEEPS_UNKNOWN: bool = false;

    /// The metadata of a decoded object.
    fn metadata<'s>(slim: &'s Self::Slim<'_>) -> &'s Metadata<'s>;

    /// The fact that a decoded object is.
    fn fact(slim: &Self::Slim<'_>, context: &mut ReadContext<'_>) -> AnyFact;

    /// Whether the object only mirrors another one.
    fn ignores(_: &Self::Slim<'_>) -> bool {
        false
    }

    /// What can be read of an object that did not decode, where part of it is better than nothing.
    fn salvage(_: &Metadata<'_>, _: &Value, _: &mut ReadContext<'_>) -> Option<AnyFact> {
        None
    }
}

/// The readers of one kind, for the table.
#[derive(Clone, Copy)]
pub(super) struct Reader {
    pub json: fn(&str, &mut ReadContext<'_>) -> Reading,
    /// The same for an object that decodes; nothing for any other.
    pub clean: fn(&str, &mut ReadContext<'_>) -> Option<Reading>,
    pub yaml: fn(&str, &mut ReadContext<'_>) -> Reading,
    pub page: fn(&str, &mut ReadContext<'_>, &mut Vec<Reading>) -> Result<super::page::ListMeta, serde_json::Error>,
}

impl Reader {
    /// The readers that `R` gives.
    pub const fn of<R: Read>() -> Self {
        Self { json: json::<R>, clean: clean::<R>, yaml: yaml::<R>, page: super::page::page::<R> }
    }
}

fn clean<R: Read>(text: &str, context: &mut ReadContext<'_>) -> Option<Reading> {
    serde_json::from_str::<R::Slim<'_>>(text).ok().map(|slim| context.read::<R>(&slim))
}

fn json<R: Read>(text: &str, context: &mut ReadContext<'_>) -> Reading {
    match serde_json::from_str::<R::Slim<'_>>(text) {
        Ok(slim) => context.read::<R>(&slim),
        Err(_) => {
            let names = || serde_json::from_str::<OnlyNames<'_>>(text).ok().map(OnlyNames::metadata);
            let metadata = serde_json::from_str::<OnlyMetadata<'_>>(text).ok().map(|it| it.metadata).or_else(names);
            let tree = || serde_json::from_str(text).ok();
            context.broken::<R>(metadata.as_ref(), tree, &Misfit::of_json::<R::Slim<'_>>(text))
        }
    }
}

fn yaml<R: Read>(text: &str, context: &mut ReadContext<'_>) -> Reading {
    // What an anchor stands for may be in a part that nobody reads, and so may a mistake.
    let (pruned, odd) = if may_have_anchors(text) || !is_plain(text) {
        (Cow::Borrowed(text), odd_words(text))
    } else {
        let mut fields = [METADATA, R::FIELDS].concat();
        fields.sort_unstable();
        let pruned = prune(text, &fields, R::KEEPS_UNKNOWN);
        let odd = odd_words_of_plain(&pruned);
        (pruned.into(), odd)
    };
    let words = if R::IS_TREE { Words::AsWritten } else { Words::AsMeant };
    let parsed = odd.as_ref().map_or(&*pruned, |(quoted, _)| quoted);
    let mut reading = match serde_saphyr::from_str_with_options::<R::Slim<'_>>(parsed, options(words)) {
        Ok(slim) => context.read::<R>(&slim),
        Err(_) => whole_yaml::<R>(text, words, context),
    };
    reading.add(odd.into_iter().flat_map(|(_, words)| words));
    reading
}

/// Parses all of a document, once what is left of it after pruning did not read.
fn whole_yaml<R: Read>(text: &str, words: Words, context: &mut ReadContext<'_>) -> Reading {
    let odd = odd_words(text);
    let text = odd.as_ref().map_or(text, |(quoted, _)| quoted);
    match serde_saphyr::from_str_with_options::<R::Slim<'_>>(text, options(words)) {
        Ok(slim) => context.read::<R>(&slim),
        Err(_) => {
            let options = || options(words);
            let whole = serde_saphyr::from_str_with_options::<OnlyMetadata<'_>>(text, options()).ok();
            let names = || serde_saphyr::from_str_with_options::<OnlyNames<'_>>(text, options()).ok();
            let metadata = whole.map(|it| it.metadata).or_else(|| names().map(OnlyNames::metadata));
            let tree = || serde_saphyr::from_str_with_options(text, options()).ok();
            context.broken::<R>(metadata.as_ref(), tree, &Misfit::of_yaml::<R::Slim<'_>>(text, words))
        }
    }
}

/// Whether a word of a text begins as an anchor or an alias does.
fn may_have_anchors(text: &str) -> bool {
    let bytes = text.as_bytes();
    let begins = |at: usize| {
        let before = at.checked_sub(1).and_then(|it| bytes.get(it));
        let after = bytes.get(at + 1);
        before.is_none_or(|it| b" \t\n[{,".contains(it)) && after.is_some_and(u8::is_ascii_alphanumeric)
    };
    memchr::memchr2_iter(b'&', b'*', bytes).any(begins)
}

/// A resourceVersion as a number; 0 when it is none.
fn version(it: &Metadata<'_>) -> u64 {
    it.resource_version.parse().unwrap_or(0)
}

/// An RFC 3339 time in seconds since 1970; 0 when it is none.
fn seconds(text: &str) -> u32 {
    let time: Option<jiff::Timestamp> = text.parse().ok();
    time.and_then(|it| u32::try_from(it.as_second()).ok()).unwrap_or(0)
}

//! What becomes of one object, and what its reader holds meanwhile: the slim form comes in, a fact with its problems
//! goes out.
//!
//! Every reader is total: whatever stands in the input, the answer is a [`ReadOutcome`].

use serde::Deserialize;
use serde_json::Value;

use super::KindSpec;
use super::intern::Intern;
use super::slim::{Metadata, NULL, StringMap};
use super::words::OddWord;
use super::yaml::Misfit;
use crate::model::cluster::{Delta, ReadObject};
use crate::model::fact::Fact;
use crate::model::facts::{InTable, Meta, Owner, SnapshotMeta, Uid};
use crate::model::id::{Kind, ObjectId, ResourceScope};
use crate::model::labels::Labels;
use crate::model::name::Name;
use crate::model::place::{Place, Problem};

/// What became of one object.
#[derive(Clone, PartialEq, Debug)]
pub enum ReadOutcome {
    Read(ReadObject),
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

impl ReadOutcome {
    /// The step that takes it into a cluster.
    pub fn delta(self) -> Option<Delta> {
        match self {
            ReadOutcome::Read(entry) => Some(Delta::Put(entry)),
            ReadOutcome::Ignored(_) => None,
            ReadOutcome::Unreadable { id, problems } => Some(Delta::Unreadable { id, problems }),
            ReadOutcome::Noted(problem) => Some(Delta::Noted(problem)),
        }
    }

    /// Adds words of the object that the API server reads as something else.
    pub fn add(&mut self, words: impl IntoIterator<Item = OddWord>) {
        let (id, problems) = match self {
            ReadOutcome::Read(entry) => (entry.fact.id(), &mut entry.problems),
            ReadOutcome::Unreadable { id, problems } => (id.clone(), problems),
            ReadOutcome::Ignored(_) | ReadOutcome::Noted(_) => return,
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
    pub fn note_nulls(&mut self, place: &str, pairs: &StringMap<'_>) {
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
    pub fn read<R: ReadKind>(&mut self, slim: &R::Slim<'_>) -> ReadOutcome {
        self.problems.clear();
        let metadata = R::metadata(slim);
        if metadata.name.is_empty() {
            return self.nameless();
        }
        if let Some(mirrored) = R::ignores(slim).then(|| self.id(metadata)) {
            return ReadOutcome::Ignored(mirrored);
        }
        self.note_homeless(metadata);
        if matches!(self.spec.kind, Kind::POD | Kind::NAMESPACE) {
            self.note_nulls("metadata.labels", &metadata.labels);
        }
        let fact = R::fact(slim, self);
        let problems = if self.problems.is_empty() { Vec::new() } else { self.take_problems(&fact.id()) };
        ReadOutcome::Read(ReadObject {
            fact: fact.into(),
            version: version(metadata),
            problems,
            kept: self.kept(metadata),
        })
    }

    /// The reading of an object that did not decode.
    pub fn broken<R: ReadKind>(
        &mut self,
        metadata: Option<&Metadata<'_>>,
        tree: impl FnOnce() -> Option<Value>,
        misfit: &Misfit,
    ) -> ReadOutcome {
        self.problems.clear();
        let Some(metadata) = metadata.filter(|it| !it.name.is_empty()) else {
            let Misfit { place, what } = misfit;
            let place = if place.is_empty() { String::new() } else { format!("{place} ") };
            let what = format!("a {} that could not be read: {place}{what}", self.spec.word).into();
            return ReadOutcome::Noted(Problem { object: None, place: Place::default(), what });
        };
        let id = self.id(metadata);
        self.note_homeless(metadata);
        if let Some(fact) = tree().and_then(|it| R::salvage(metadata, &it, self)) {
            let (version, problems) = (version(metadata), self.take_problems(&id));
            return ReadOutcome::Read(ReadObject { fact: fact.into(), version, problems, kept: self.kept(metadata) });
        }
        self.problem(&misfit.place, format!("could not be read: {}", misfit.what));
        ReadOutcome::Unreadable { problems: self.take_problems(&id), id }
    }

    /// What a snapshot shows of an object beside its fact, for whoever makes one.
    fn kept(&self, it: &Metadata<'_>) -> Option<Box<SnapshotMeta>> {
        let kept =
            || SnapshotMeta { uid: Uid::parse(&it.uid), created: it.creation_timestamp.as_deref().map_or(0, seconds) };
        self.intern.keeps_all().then(kept).filter(|it| *it != SnapshotMeta::default()).map(Box::new)
    }

    fn nameless(&self) -> ReadOutcome {
        let what = format!("a {} without metadata.name was left out", self.spec.word).into();
        ReadOutcome::Noted(Problem { object: None, place: Place::default(), what })
    }
}

/// How the objects of one kind are read.
pub(super) trait ReadKind {
    /// What serde decodes, borrowed from the input.
    type Slim<'a>: Deserialize<'a>;

    /// What its objects are facts of.
    type Fact: InTable;

    /// The fields beside the metadata that it looks at, as `prune` takes them.
    const FIELDS: &'static [&'static str];

    /// Whether it decodes to a tree whose words are all texts, so that `y` and `on` are read as they are written.
    const IS_TREE: bool = false;

    /// Whether it looks at the fields of the whole object that it does not know.
    const KEEPS_UNKNOWN: bool = false;

    /// The metadata of a decoded object.
    fn metadata<'s>(slim: &'s Self::Slim<'_>) -> &'s Metadata<'s>;

    /// The fact that a decoded object is.
    fn fact(slim: &Self::Slim<'_>, context: &mut ReadContext<'_>) -> Self::Fact;

    /// The smallest object that means a fact, with what was kept beside it; `None`: the fact is implied by others.
    fn object(fact: &Self::Fact, kept: SnapshotMeta) -> Option<Value>;

    /// Whether the object only mirrors another one.
    fn ignores(_: &Self::Slim<'_>) -> bool {
        false
    }

    /// What can be read of an object that did not decode, where part of it is better than nothing.
    fn salvage(_: &Metadata<'_>, _: &Value, _: &mut ReadContext<'_>) -> Option<Self::Fact> {
        None
    }
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

//! How one object comes in: bytes or YAML to a slim form, the slim form to a fact with its problems.
//!
//! ```text
//! JSON, YAML ──serde──► Slim<'_> ──Read::fact──► AnyFact + problems ──► Reading
//!                 └─ does not decode: its metadata alone ──► Reading::Unreadable
//! ```
//!
//! Every reader is total: whatever stands in the input, the answer is a [`Reading`].

use serde::Deserialize;
use serde_json::Value;

use super::intern::Intern;
use super::prune::prune;
use super::slim::{METADATA, Metadata, OnlyMetadata, OnlyNames};
use super::{KindSpec, Reach};
use crate::model::cluster::{AnyFact, Delta, Entry};
use crate::model::facts::{Kept, Meta, Owner, Uid, Version};
use crate::model::id::{Kind, ObjectId};
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
}

/// What a reader holds while it reads: the kind, the interner, and the problems of the object at hand.
pub(super) struct Door<'i> {
    pub spec: &'static KindSpec,
    pub intern: &'i mut Intern,
    /// The namespace of namespaced objects that name none.
    namespace: &'i str,
    problems: Vec<Problem>,
}

impl<'i> Door<'i> {
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
        Meta {
            namespace: self.namespace_of(it),
            name: self.name_of(it),
            uid: Uid::parse(&it.uid).into(),
            version: version(&it.resource_version),
        }
    }

    /// The labels, for facts on whose labels an answer or a pane rests.
    pub fn labels(&mut self, it: &Metadata<'_>) -> Labels {
        self.intern.labels(it.labels.iter())
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
        match self.spec.reach {
            Reach::Cluster => Name::empty(),
            Reach::Namespaced if it.namespace.is_empty() => self.intern.name(self.namespace),
            Reach::Namespaced => self.intern.name(&it.namespace),
        }
    }

    fn note_homeless(&mut self, it: &Metadata<'_>) {
        if self.spec.reach == Reach::Namespaced && it.namespace.is_empty() {
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
        let fact = R::fact(slim, self);
        let problems = if self.problems.is_empty() { Vec::new() } else { self.take_problems(&fact.id()) };
        Reading::Read(Entry { fact, problems, kept: self.kept(metadata) })
    }

    /// The reading of an object that did not decode.
    fn broken<R: Read>(
        &mut self,
        metadata: Option<&Metadata<'_>>,
        tree: impl FnOnce() -> Option<Value>,
        why: &str,
    ) -> Reading {
        self.problems.clear();
        let Some(metadata) = metadata.filter(|it| !it.name.is_empty()) else {
            let what = format!("a {} that could not be read: {why}", self.spec.word).into();
            return Reading::Noted(Problem { object: None, place: Place::default(), what });
        };
        let id = self.id(metadata);
        self.note_homeless(metadata);
        if let Some(fact) = tree().and_then(|it| R::salvage(metadata, &it, self)) {
            return Reading::Read(Entry { fact, problems: self.take_problems(&id), kept: self.kept(metadata) });
        }
        self.problem("", format!("could not be read: {why}"));
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

    /// The fields beside the metadata that it looks at, as paths; lists are passed through.
    const FIELDS: &'static [&'static str];

    /// Whether it decodes to a tree whose words are all texts, so that `y` and `on` are read as they are written.
    const IS_TREE: bool = false;

    /// The metadata of a decoded object.
    fn metadata<'s>(slim: &'s Self::Slim<'_>) -> &'s Metadata<'s>;

    /// The fact that a decoded object is.
    fn fact(slim: &Self::Slim<'_>, door: &mut Door<'_>) -> AnyFact;

    /// Whether the object only mirrors another one.
    fn ignores(_: &Self::Slim<'_>) -> bool {
        false
    }

    /// What can be read of an object that did not decode, where part of it is better than nothing.
    fn salvage(_: &Metadata<'_>, _: &Value, _: &mut Door<'_>) -> Option<AnyFact> {
        None
    }
}

/// The readers of one kind, for the table.
#[derive(Clone, Copy)]
pub(super) struct Reader {
    pub json: fn(&str, &mut Door<'_>) -> Reading,
    /// The same for an object that decodes; nothing for any other.
    pub clean: fn(&str, &mut Door<'_>) -> Option<Reading>,
    pub yaml: fn(&str, &mut Door<'_>) -> Reading,
    pub page: fn(&str, &mut Door<'_>, &mut Vec<Reading>) -> Result<super::page::ListMeta, serde_json::Error>,
}

impl Reader {
    /// The readers that `R` gives.
    pub const fn of<R: Read>() -> Self {
        Self { json: json::<R>, clean: clean::<R>, yaml: yaml::<R>, page: super::page::page::<R> }
    }
}

fn clean<R: Read>(text: &str, door: &mut Door<'_>) -> Option<Reading> {
    serde_json::from_str::<R::Slim<'_>>(text).ok().map(|slim| door.read::<R>(&slim))
}

fn json<R: Read>(text: &str, door: &mut Door<'_>) -> Reading {
    match serde_json::from_str::<R::Slim<'_>>(text) {
        Ok(slim) => door.read::<R>(&slim),
        Err(error) => {
            let names = || serde_json::from_str::<OnlyNames<'_>>(text).ok().map(OnlyNames::metadata);
            let metadata = serde_json::from_str::<OnlyMetadata<'_>>(text).ok().map(|it| it.metadata).or_else(names);
            let tree = || serde_json::from_str(text).ok();
            door.broken::<R>(metadata.as_ref(), tree, &error.to_string())
        }
    }
}

fn yaml<R: Read>(text: &str, door: &mut Door<'_>) -> Reading {
    let fields = [METADATA, R::FIELDS].concat();
    let pruned = prune(text, &fields);
    let words = if R::IS_TREE { Words::AsWritten } else { Words::AsMeant };
    let mut reading = match serde_saphyr::from_str_with_options::<R::Slim<'_>>(&pruned, yaml_options(words)) {
        Ok(slim) => door.read::<R>(&slim),
        Err(_) => whole_yaml::<R>(text, words, door),
    };
    if let Reading::Read(entry) = &mut reading {
        let id = R::IS_TREE.then(|| entry.fact.id());
        entry.problems.extend(id.into_iter().flat_map(|id| ambiguous(&pruned, id)));
    }
    reading
}

/// Parses all of a document, once what is left of it after pruning did not read.
fn whole_yaml<R: Read>(text: &str, words: Words, door: &mut Door<'_>) -> Reading {
    match serde_saphyr::from_str_with_options::<R::Slim<'_>>(text, yaml_options(words)) {
        Ok(slim) => door.read::<R>(&slim),
        Err(error) => {
            let options = || yaml_options(words);
            let whole = serde_saphyr::from_str_with_options::<OnlyMetadata<'_>>(text, options()).ok();
            let names = || serde_saphyr::from_str_with_options::<OnlyNames<'_>>(text, options()).ok();
            let metadata = whole.map(|it| it.metadata).or_else(|| names().map(OnlyNames::metadata));
            let tree = || serde_saphyr::from_str_with_options(text, options()).ok();
            door.broken::<R>(metadata.as_ref(), tree, &error.to_string())
        }
    }
}

/// What an unquoted `yes`, `on` or `y` is: YAML 1.1, and with it kubectl, means a boolean, YAML 1.2 a word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// A boolean where a boolean is wanted.
    AsMeant,
    AsWritten,
}

/// The unquoted words of a text that kubectl does not read as words; each is told once.
fn ambiguous(text: &str, id: ObjectId) -> Vec<Problem> {
    const WORDS: [&str; 8] = ["y", "yes", "on", "n", "no", "off", "Yes", "No"];
    let scalars = text.split([',', '[', ']', '{', '}', '\n']).map(|it| it.rsplit(": ").next().unwrap_or(it));
    let scalars = scalars.map(|it| it.trim().trim_start_matches("- ").trim());
    let mut found: Vec<&str> = scalars.filter(|it| WORDS.contains(it)).collect();
    found.sort_unstable();
    found.dedup();
    let problem = |word: &str| Problem {
        object: Some(id.clone()),
        place: Place::default(),
        what: format!("{word} without quotes is read as a word; kubectl reads a boolean").into(),
    };
    found.into_iter().map(problem).collect()
}

/// How one YAML document is parsed: with budgets that no honest object meets (reliability.md §3.6).
pub(super) fn yaml_options(words: Words) -> serde_saphyr::Options {
    let mut budget = serde_saphyr::Budget::default();
    budget.max_depth = 100;
    budget.max_nodes = 500_000;
    let mut options = serde_saphyr::Options::default();
    options.budget = Some(budget);
    // A bomb of aliases costs time long before it costs memory; an object that repeats itself this often is one.
    options.alias_limits.max_total_replayed_events = 20_000;
    options.with_snippet = false;
    options.strict_booleans = words == Words::AsWritten;
    options.alias_limits.max_total_replayed_events = 50_000;
    options.emit_comments = false;
    options
}

/// A resourceVersion as a number; 0 when it is none.
pub(super) fn version(text: &str) -> Version {
    Version::from(text.parse::<u64>().unwrap_or(0))
}

/// An RFC 3339 time in seconds since 1970; 0 when it is none.
fn seconds(text: &str) -> u32 {
    let time: Option<jiff::Timestamp> = text.parse().ok();
    time.and_then(|it| u32::try_from(it.as_second()).ok()).unwrap_or(0)
}

//! `--stage`: files that are taken for applied, on whatever cluster a command asks.
//!
//! ```text
//! paths ──read, before anything is asked──► Staging ──apply──► the world with it, and what is said above the answer
//! ```
//!
//! What was made for an object that somebody has changed since is put on it as it is now, or ends the command.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::args::Args;
use crate::ask::staged::Staged;
use crate::ask::topic::Topic;
use crate::ask::{Fault, World};
use crate::cli::{self, Context};
use crate::live::ManagedFields;
use crate::live::files::{Changes, ObjectsByNow, ReadOptions, SourceTexts};
use crate::live::read::Reader;
use crate::model::cluster::{Cluster, Delta};
use crate::model::id::ObjectId;
use crate::model::name::Name;

use super::load::{self, LoadedWorld};
use super::print;

/// What is staged, read.
pub(super) struct StagedFiles {
    files: Vec<(Name, Changes)>,
    reading: ReadOptions,
    now: ObjectsByNow,
}

impl StagedFiles {
    /// Reads the files; bare objects are in this namespace.
    pub(super) fn read(args: &Args, namespace: &str) -> Result<Self, Fault> {
        Self::of(args, &args.source.stage, namespace)
    }

    /// The same of these files.
    pub(super) fn of(args: &Args, paths: &[PathBuf], namespace: &str) -> Result<Self, Fault> {
        let reading = load::reading(args, namespace);
        let read = |path: &PathBuf| {
            let changes = Changes::read(path, &reading)?;
            let name = if path.as_os_str() == "-" { "stdin".to_owned() } else { path.display().to_string() };
            Ok((Name::from(name), changes))
        };
        let files = paths.iter().map(read).collect::<Result<_, Fault>>()?;
        Ok(Self { files, reading, now: ObjectsByNow::new() })
    }

    /// Whether nothing is.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Learns how the objects are by now that may be others than those that it was made for.
    pub(super) async fn ask_server(&mut self, reader: &Reader, cluster: &Cluster) -> Result<(), Fault> {
        self.now = reader.by_now(&self.outdated(cluster)).await?;
        Ok(())
    }

    /// The same of files.
    pub(super) fn ask_files(&mut self, source: &SourceTexts, cluster: &Cluster) {
        let object = |id: ObjectId| {
            let whole = source.whole(&id, ManagedFields::Kept).map(Result::ok);
            whole.map_or(Some((id.clone(), None)), |it| it.map(|it| (id, Some(it))))
        };
        self.now = self.outdated(cluster).into_iter().filter_map(object).collect();
    }

    fn outdated(&self, cluster: &Cluster) -> Vec<ObjectId> {
        let all: BTreeSet<ObjectId> = self.files.iter().flat_map(|it| it.1.outdated(cluster)).collect();
        all.into_iter().collect()
    }

    /// The first of the files; the others stay.
    pub(super) fn take(&mut self, count: usize) -> Self {
        let files = self.files.drain(..count.min(self.files.len())).collect();
        Self { files, reading: self.reading.clone(), now: self.now.clone() }
    }

    /// Takes it for applied, file by file, each on what the ones before it made.
    ///
    /// Gives what is worth a word about it, which is among the context's notes then.
    pub(super) fn apply(self, loaded: &mut LoadedWorld, topic: Topic) -> Result<Vec<String>, Fault> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        let (all, notes) = self.onto(loaded, topic, |world, deltas| drop(world.stage(deltas)))?;
        loaded.context.staged = Some(cli::StagedNotice::of(all));
        Ok(notes)
    }

    /// The same of a side of `diff`, which is a cluster of its own.
    pub(super) fn make(self, loaded: &mut LoadedWorld) -> Result<(), Fault> {
        self.onto(loaded, Topic::Any, |world, deltas| drop(world.apply(deltas))).map(drop)
    }

    fn onto(
        mut self,
        loaded: &mut LoadedWorld,
        topic: Topic,
        put: impl Fn(&mut World, Vec<Delta>),
    ) -> Result<(Vec<Staged>, Vec<String>), Fault> {
        let (mut all, mut notes) = (Vec::new(), Vec::new());
        for (from, changes) in self.files {
            let (changes, met) = changes.meet(&self.now)?;
            notes.extend(met.into_iter().map(|it| format!("{from}: {it}")));
            if let Some(declared) = &mut loaded.world.declared {
                changes.declare(&self.reading.namespace, Arc::make_mut(declared));
            }
            let onto = changes.onto(&loaded.world.cluster, &self.reading)?;
            put(&mut loaded.world, onto.deltas);
            loaded.unread.extend(onto.unread);
            notes.extend(onto.notes.into_iter().filter(|it| it.topic.concerns(topic)).map(|it| it.what));
            // What the next file changes of the same object it changes after this one.
            onto.made.iter().for_each(|it| drop(self.now.remove(&it.1)));
            all.extend(onto.made.into_iter().map(|(op, object)| Staged { op, object, from: from.clone() }));
        }
        loaded.context.notes.extend(notes.iter().cloned());
        Ok((all, notes))
    }
}

/// Says beside an answer that had no room for it what it takes for applied.
pub(super) fn tell(context: &Context) {
    let unsaid = context.staged.as_ref().and_then(cli::StagedNotice::unsaid);
    print::notes(&unsaid.into_iter().collect::<Vec<_>>());
}

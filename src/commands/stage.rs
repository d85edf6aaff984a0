//! `--stage`: files that are taken for applied, on whatever cluster a command asks.
//!
//! ```text
//! paths ──read, before anything is asked──► Staging ──apply──► the world with it, and what is said above the answer
//! ```

use std::sync::Arc;

use crate::args::Args;
use crate::ask::staged::Staged;
use crate::ask::topic::Topic;
use crate::cli::{self, Context};
use crate::live::files::{Changes, Reading};
use crate::model::name::Name;

use super::load::{self, Loaded};
use super::{Stop, print};

/// What is staged, read.
pub(super) struct Staging {
    files: Vec<(Name, Changes)>,
    reading: Reading,
}

impl Staging {
    /// Reads the files; bare objects are in this namespace.
    pub(super) fn read(args: &Args, namespace: &str) -> Result<Self, Stop> {
        let reading = load::reading(args, namespace);
        let read = |path: &std::path::PathBuf| {
            let changes = Changes::read(path, &reading).map_err(|error| print::files_error(&error))?;
            let name = if path.as_os_str() == "-" { "stdin".to_owned() } else { path.display().to_string() };
            Ok((Name::from(name), changes))
        };
        let files = args.source.stage.iter().map(read).collect::<Result<_, Stop>>()?;
        Ok(Self { files, reading })
    }

    /// Whether nothing is.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Takes it for applied, file by file, each on what the ones before it made.
    ///
    /// Gives what is worth a word about it, which is among the context's notes then.
    pub(super) fn apply(self, loaded: &mut Loaded, topic: Topic) -> Result<Vec<String>, Stop> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        let (mut all, mut notes) = (Vec::new(), Vec::new());
        for (from, changes) in self.files {
            if let Some(declared) = &mut loaded.world.declared {
                changes.declare(&self.reading.namespace, Arc::make_mut(declared));
            }
            let onto = changes.onto(&loaded.world.cluster, &self.reading).map_err(|it| print::files_error(&it))?;
            loaded.world.stage(onto.deltas);
            loaded.unread.extend(onto.unread);
            notes.extend(onto.notes.into_iter().filter(|it| it.topic.concerns(topic)).map(|it| it.what));
            all.extend(onto.made.into_iter().map(|(op, object)| Staged { op, object, from: from.clone() }));
        }
        loaded.context.notes.extend(notes.iter().cloned());
        loaded.context.staged = Some(cli::Staging::of(all));
        Ok(notes)
    }
}

/// Says beside an answer that had no room for it what it takes for applied.
pub(super) fn tell(context: &Context) {
    let unsaid = context.staged.as_ref().and_then(cli::Staging::unsaid);
    print::notes(&unsaid.into_iter().collect::<Vec<_>>());
}

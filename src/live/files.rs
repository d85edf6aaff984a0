//! `--from`: files, directories and standard input as a closed world.
//!
//! ```text
//! paths ──walk──► files ──split──► pieces ──read, on both cores──► objects ──world──► Cluster
//! ```
//!
//! What files do not hold does not exist; what they hold and we cannot read is a problem, and in a file that was
//! named on the command line an error. Texts are not kept: [`Source`] knows where each object stands.
//! CONTRACT §1 says what manifests mean.

mod notes;
mod read;
mod source;
mod split;
mod walk;
mod world;

use std::io::Read as _;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use notes::Note;
pub use source::Source;

use crate::kinds::{Homeless, Intern, Reading};
use crate::model::cluster::{Cluster, Delta};
use crate::model::id::ObjectId;
use crate::model::place::Problem;
use read::{Found, note, read};
use source::{At, File};
use split::{Piece, pieces};
use walk::Input;

/// How many bytes all files together may have.
const MAX_BYTES: usize = 2 << 30;

/// A cluster from files.
#[derive(Debug, Default)]
pub struct Loaded {
    pub cluster: Cluster,
    pub source: Source,
    /// What is worth a word on stderr and is no problem: what was implied, what is wholly absent.
    pub notes: Vec<Note>,
}

/// Why `--from` cannot be answered from; exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    #[error("cannot read {label}")]
    Read { label: String, source: std::io::Error },
    #[error("cannot parse {label}:{line}:{column}: {what}")]
    Parse { label: String, line: usize, column: usize, what: String },
    #[error("cannot parse {label}: {what}")]
    Text { label: String, what: &'static str },
}

/// Reads everything that these paths mean; objects without a namespace are in `namespace`.
pub fn load(paths: &[PathBuf], namespace: &str) -> Result<Loaded, FilesError> {
    load_into(Cluster::default(), paths, namespace)
}

/// The same, and whole uids, which only a snapshot shows.
pub fn load_with_all(paths: &[PathBuf], namespace: &str) -> Result<Loaded, FilesError> {
    load_into(Cluster::default().keeping_all(), paths, namespace)
}

fn load_into(cluster: Cluster, paths: &[PathBuf], namespace: &str) -> Result<Loaded, FilesError> {
    let (inputs, passed_over) =
        walk::inputs(paths).map_err(|source| FilesError::Read { label: "--from".into(), source })?;
    let mut loader = Loader::new(cluster, namespace);
    passed_over.into_iter().for_each(|it| loader.note(it));
    for input in inputs {
        loader.input(&input)?;
    }
    loader.finish()
}

/// Reads one text as if it were a named file with this label, whole uids too.
pub fn load_text(label: &str, text: &str, namespace: &str) -> Result<Loaded, FilesError> {
    let mut loader = Loader::new(Cluster::default().keeping_all(), namespace);
    loader.text(File { label: label.to_owned(), path: None, held: Some(text.into()) }, text, true)?;
    loader.finish()
}

struct Loader<'n> {
    namespace: &'n str,
    loaded: Loaded,
    /// What snapshots among the files say of themselves.
    snapshots: Vec<String>,
    homeless: Homeless,
    bytes: usize,
}

impl<'n> Loader<'n> {
    fn new(cluster: Cluster, namespace: &'n str) -> Self {
        let loaded = Loaded { cluster, ..Loaded::default() };
        Self { namespace, loaded, snapshots: Vec::new(), homeless: Homeless::default(), bytes: 0 }
    }

    fn note(&mut self, what: String) {
        self.loaded.cluster.apply(Delta::Noted(note(what)));
    }

    fn input(&mut self, input: &Input) -> Result<(), FilesError> {
        let label = input.path.as_ref().map_or_else(|| "standard input".to_owned(), |it| it.display().to_string());
        match bytes(input, MAX_BYTES.saturating_sub(self.bytes)).map(|it| (it.len(), text(it))) {
            Ok((length, Ok(text))) => {
                self.bytes += length;
                let again = input.path.as_ref().filter(|it| it.is_file() && length == text.len()).cloned();
                let held = again.is_none().then(|| Arc::from(text.as_str()));
                self.text(File { label, path: again, held }, &text, input.named)
            }
            Ok((_, Err(what))) if input.named => Err(FilesError::Text { label, what }),
            Err(source) if input.named => Err(FilesError::Read { label, source }),
            Ok((_, Err(what))) => {
                self.note(format!("{label}: {what}; not examined"));
                Ok(())
            }
            Err(error) => {
                self.note(format!("{label}: not examined: {error}"));
                Ok(())
            }
        }
    }

    fn text(&mut self, file: File, text: &str, named: bool) -> Result<(), FilesError> {
        let pieces = pieces(text);
        let (found, homeless) = read_all(&pieces, text, self.namespace);
        self.homeless.merge(homeless);
        let mut lines = Lines { text, at: 0, line: 1 };
        let index = self.loaded.source.files.len() as u32;
        let label = file.label.clone();
        self.loaded.source.files.push(file);
        for (piece, found) in pieces.iter().zip(found) {
            let line = lines.of(piece.range.start);
            for (range, found) in found {
                self.take(found, At { file: index, range, line, is_item: piece.is_item }, &label, named)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, found: Found, at: At, label: &str, named: bool) -> Result<(), FilesError> {
        // A document begins on the line of its marker, and says something on the next.
        let first = at.line as usize;
        match found {
            Found::Object(reading) => self.object(reading, at),
            Found::Snapshot(json) => self.snapshots.push(json),
            Found::Other => {}
            Found::Stranger(what) => self.note(format!("{label}:{first}: {what}; left out")),
            Found::Broken { line, column, what } if named => {
                return Err(FilesError::Parse { label: label.to_owned(), line: first + line - 1, column, what });
            }
            Found::Broken { line, column, what } => self.note(format!("{label}:{}:{column}: {what}", first + line - 1)),
        }
        Ok(())
    }

    fn object(&mut self, reading: Reading, at: At) {
        let id = match &reading {
            Reading::Read(entry) => Some(entry.fact.id()),
            Reading::Unreadable { id, .. } | Reading::Ignored(id) => Some(id.clone()),
            Reading::Noted(_) => None,
        };
        if let Some(id) = id {
            self.remember(id, at);
        }
        if let Some(delta) = reading.delta() {
            self.loaded.cluster.apply(delta);
        }
    }

    /// Of two objects of one name the last holds, whatever their versions, and that is reported.
    fn remember(&mut self, id: ObjectId, at: At) {
        let place = format!("{}:{}", self.loaded.source.files[at.file as usize].label, at.line);
        if self.loaded.source.at.insert(id.clone(), at).is_some() {
            let what = format!("stands more than once; the last one holds, {place}");
            self.loaded.cluster.apply(Delta::Gone(id.clone()));
            self.loaded.cluster.apply(Delta::Noted(Problem { object: Some(id), ..note(what) }));
        }
    }

    fn finish(mut self) -> Result<Loaded, FilesError> {
        for json in &self.snapshots {
            super::snapshot::restore(json, &mut self.loaded.cluster);
        }
        let notes = world::close(&mut self.loaded.cluster);
        self.loaded.notes.extend(notes);
        self.loaded.notes.extend(notes::homeless(&self.homeless, self.namespace));
        Ok(self.loaded)
    }
}

/// Counts lines from one offset to the next.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: u32,
}

impl Lines<'_> {
    fn of(&mut self, offset: usize) -> u32 {
        let passed = self.text.as_bytes()[self.at..offset].iter().filter(|it| **it == b'\n').count();
        self.line += u32::try_from(passed).unwrap_or(0);
        self.at = offset;
        self.line
    }
}

/// How many pieces a thread takes at a time, and below how many bytes one thread is enough.
const BATCH: usize = 64;
const SMALL: usize = 256 * 1024;

/// What the pieces of a text hold, and the objects among it that name no namespace.
type ReadAll = (Vec<Vec<(Range<usize>, Found)>>, Homeless);

/// Reads all pieces, on as many threads as there are cores, in order.
fn read_all(pieces: &[Piece], text: &str, namespace: &str) -> ReadAll {
    let threads = if text.len() < SMALL { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) };
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut intern = Intern::new();
        let mut read_batches = Vec::new();
        loop {
            let batch = next.fetch_add(1, Ordering::Relaxed);
            let Some(own) = pieces.chunks(BATCH).nth(batch) else { return (read_batches, intern.homeless()) };
            read_batches.push((batch, own.iter().map(|it| read(it, text, namespace, &mut intern)).collect::<Vec<_>>()));
        }
    };
    let (mut batches, homeless) = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(worker)).collect();
        let (mut batches, mut homeless) = worker();
        for other in others {
            // A reader that panics is a defect, and half a world is no world: the panic goes on.
            let (read, found) = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            batches.extend(read);
            homeless.merge(found);
        }
        (batches, homeless)
    });
    batches.sort_unstable_by_key(|(batch, _)| *batch);
    (batches.into_iter().flat_map(|(_, found)| found).collect(), homeless)
}

/// The bytes of one input, at most `limit`.
fn bytes(input: &Input, limit: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut read = |from: &mut dyn std::io::Read| from.take(limit as u64 + 1).read_to_end(&mut bytes);
    match &input.path {
        None => read(&mut std::io::stdin().lock())?,
        Some(path) => read(&mut std::fs::File::open(path)?)?,
    };
    if bytes.len() > limit {
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, "more than 2 GiB of input"));
    }
    Ok(bytes)
}

/// Bytes as text: UTF-8, or UTF-16 as some shells write it.
fn text(bytes: Vec<u8>) -> Result<String, &'static str> {
    let wide = |order: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|it| order([it[0], it[1]])).collect();
        String::from_utf16(&units).map_err(|_| "not text")
    };
    match bytes.as_slice() {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).map_err(|_| "not UTF-8 text"),
        _ => String::from_utf8(bytes).map_err(|_| "not UTF-8 text"),
    }
}

//! Files to a cluster, one after the other: what they hold, what is wrong with them, and what that leaves unknown.

use std::hash::BuildHasher as _;
use std::ops::Range;
use std::path::PathBuf;

use super::apart::Besides;
use super::cut::breaks;
use super::read::{BrokenPiece, PieceFound, read, resolve_aliases};
use super::salvage::Lost;
use super::source::{File, FileText, ObjectPosition};
use super::split::{Piece, pieces};
use super::stored::{self, Opened, Stored};
use super::walk::{InputFile, PassedOver};
use super::{FilesError, Loaded, ReadOptions, notes, nulls, stream, threads, world};
use crate::kinds::{self, Homeless, KindSpec};
use crate::live::snapshot;
use crate::model::cluster::{Cluster, Delta};
use crate::model::coverage::{Coverage, Scope};
use crate::model::id::{Kind, ObjectId};
use crate::model::owner::is_workload;
use crate::model::place::{Place, Problem};

/// How many bytes all files together may have.
const MAX_BYTES: usize = 2 << 30;
/// What is large enough to be read in parts.
const LARGE: usize = 4 << 20;

/// A cluster while files are read into it.
pub(super) struct Loader<'r> {
    reading: &'r ReadOptions,
    loaded: Loaded,
    /// What snapshots among the files say of themselves.
    snapshots: Vec<String>,
    /// What could not be read, and how an answer says so.
    lost: Vec<(Lost, String)>,
    homeless: Homeless,
    besides: Besides,
    bytes: usize,
    /// From how many bytes on JSON is read in parts.
    pub large: usize,
}

/// What one file holds, each with where it stands: its line and range, and whether it is an item of a YAML list.
pub(super) type Contents = Vec<(u32, Range<usize>, bool, PieceFound)>;

impl<'r> Loader<'r> {
    pub fn new(reading: &'r ReadOptions) -> Self {
        let cluster = if reading.keep_all { Cluster::default().keeping_all() } else { Cluster::default() };
        let loaded = Loaded { cluster, ..Loaded::default() };
        let (snapshots, lost, homeless) = (Vec::new(), Vec::new(), Homeless::default());
        Self { reading, loaded, snapshots, lost, homeless, besides: Besides::default(), bytes: 0, large: LARGE }
    }

    fn problem(&mut self, place: &str, what: String) {
        let problem = Problem { object: None, place: Place::new(place), what: what.into() };
        self.loaded.cluster.apply(Delta::Noted(problem));
    }

    /// A file of a directory that is not read: it could hold anything.
    pub fn passed_over(&mut self, it: &PassedOver) {
        self.loaded.unread.push(hash_of(&it.path.display().to_string()));
        self.unread(it.path.display().to_string(), &it.what, Lost::Anything);
    }

    /// Remembers what tells a document that could not be read from another.
    fn fingerprint(&mut self, at: &ObjectPosition) {
        // One that cannot be read again is like no other.
        let text =
            self.loaded.source.read(at).unwrap_or_else(|_| self.loaded.source.files[at.file as usize].label.clone());
        self.loaded.unread.push(hash_of(text.trim()));
    }

    /// Something of a directory that cannot be read: a problem and a gap, or with `--skip-unreadable` a note.
    fn unread(&mut self, place: String, what: &str, lost: Lost) {
        self.loaded.not_read.push(Problem { object: None, place: Place::new(place.as_str()), what: what.into() });
        if self.reading.skip_unreadable {
            return self.loaded.notes.push(format!("skipped {place}: {what}").into());
        }
        self.problem(&place, what.to_owned());
        self.lost.push((lost, format!("{place} could not be read (--skip-unreadable takes it for absent)")));
    }

    pub fn input(&mut self, input: &InputFile) -> Result<(), FilesError> {
        let label = input.path.as_ref().map_or_else(|| "standard input".to_owned(), |it| it.display().to_string());
        match self.read(input, &label) {
            Ok((text, begins, contents)) => self.contents(File { label, text }, begins, contents, input.named),
            Err(error) if input.named && !self.is_finding(&error) => Err(error),
            Err(error) => {
                self.loaded.unread.push(hash_of(&label));
                self.unread(label, &error.cause(), Lost::Anything);
                Ok(())
            }
        }
    }

    /// Whether it is told of a file that was named as of one of a directory: it could be opened.
    fn is_finding(&self, error: &FilesError) -> bool {
        self.reading.finds && matches!(error, FilesError::Text { .. })
    }

    /// What one input holds, read in parts if it is large; whether it begins as a snapshot.
    fn read(&mut self, input: &InputFile, label: &str) -> Result<(FileText, bool, Contents), FilesError> {
        let failed = |source| FilesError::Read { label: label.to_owned(), source };
        let again = || input.path.clone().filter(|it| it.is_file());
        let limit = MAX_BYTES.saturating_sub(self.bytes);
        let bytes = match stored::open(input.path.as_deref(), limit, self.large).map_err(failed)? {
            Opened::Whole(bytes) => bytes,
            Opened::Stored(stored) => {
                if let Some((contents, homeless)) =
                    stream::contents(&stored, &self.reading.namespace).map_err(failed)?
                {
                    self.bytes += stored.len();
                    self.homeless.merge(homeless);
                    return Ok((stored_text(stored, again()), false, contents));
                }
                stored.all(limit).map_err(failed)?
            }
        };
        let length = bytes.len();
        self.bytes += length;
        let text = stored::text(bytes).map_err(|what| FilesError::Text { label: label.to_owned(), what })?;
        let contents = self.whole(&text);
        let again = again().filter(|_| length == text.len());
        let begins = snapshot::begins(&text);
        Ok((again.map_or_else(|| FileText::Held(text.into()), FileText::There), begins, contents))
    }

    /// One text as if it were a named file.
    pub fn held_text(&mut self, label: &str, text: &str) -> Result<(), FilesError> {
        let contents = self.whole(text);
        let file = File { label: label.to_owned(), text: FileText::Held(text.into()) };
        self.contents(file, snapshot::begins(text), contents, true)
    }

    /// What a text holds that is at hand.
    fn whole(&mut self, text: &str) -> Contents {
        let pieces = pieces(text);
        let (mut found, homeless) = read_all(&pieces, text, &self.reading.namespace);
        self.homeless.merge(homeless);
        self.homeless.merge(resolve_aliases(&pieces, text, &self.reading.namespace, &mut found));
        let mut lines = LineCounter { text, at: 0, line: 1 };
        let mut contents = Contents::new();
        for (piece, found) in pieces.iter().zip(found) {
            let placed =
                |(range, it): (Range<usize>, PieceFound)| (lines.of(range.start), range, piece.list.is_some(), it);
            contents.extend(found.into_iter().map(placed));
        }
        contents
    }

    /// Makes sure that a snapshot ends as it should; of one that was cut only what surely is whole is kept.
    fn whole_snapshot(&mut self, label: &str, contents: &mut Contents) -> Result<(), FilesError> {
        let kinds: Vec<Kind> = contents.iter().filter_map(|(.., it)| it.kind()).collect();
        let end = contents.iter().find_map(|(.., it)| match it {
            PieceFound::SnapshotEnd(json) => Some(snapshot::missing(json, &kinds)),
            _ => None,
        });
        let Some(what) = end.unwrap_or_else(|| Some("its end mark is missing".to_owned())) else { return Ok(()) };
        if !self.reading.partial {
            return Err(FilesError::Cut { label: label.to_owned(), what });
        }
        self.problem(label, format!("a snapshot that was cut: {what}; what follows the cut is not read"));
        // The last document may lack its end.
        let last = contents.pop().and_then(|(.., it)| it.kind());
        contents.retain(|(.., it)| !matches!(it, PieceFound::Broken(_) | PieceFound::SnapshotEnd(_)));
        let has_head = contents.iter().any(|it| matches!(it.3, PieceFound::Snapshot(_)));
        let before = contents.iter().filter_map(|(.., it)| it.kind()).next_back();
        let lost = match before.or(last) {
            _ if !has_head => Lost::Anything,
            from => Lost::Of { kinds: snapshot::kinds_from(from), namespace: None, name: None },
        };
        self.lost.push((lost, format!("{label} was cut before its end")));
        Ok(())
    }

    fn contents(&mut self, file: File, begins: bool, mut contents: Contents, named: bool) -> Result<(), FilesError> {
        if begins || contents.iter().any(|it| matches!(it.3, PieceFound::Snapshot(_))) {
            self.whole_snapshot(&file.label, &mut contents)?;
        }
        let index = self.loaded.source.files.len() as u32;
        let label = file.label.clone();
        self.loaded.source.files.push(file);
        for (line, range, is_item, found) in contents {
            self.take(found, ObjectPosition { file: index, range, line, is_item }, &label, named)?;
        }
        Ok(())
    }

    fn take(&mut self, found: PieceFound, at: ObjectPosition, label: &str, named: bool) -> Result<(), FilesError> {
        // A document begins on the line of its marker, and says something on the next.
        let first = at.line as usize;
        match found {
            PieceFound::Object(reading) => self.object(reading, at),
            PieceFound::Snapshot(json) => self.snapshots.push(json),
            PieceFound::SnapshotEnd(_) => {}
            PieceFound::Apart(it, json) => {
                if let Some(what) = self.besides.take(it, &json, &self.reading.namespace) {
                    self.nameless(at, what);
                }
            }
            PieceFound::Stranger(what) => self.nameless(at, format!("{what}; left out")),
            PieceFound::Broken(it) => {
                let BrokenPiece { error, lost } = *it;
                let line = first + error.line - 1;
                if named && !self.reading.finds {
                    let (label, what) = (label.to_owned(), error.what);
                    return Err(FilesError::Parse { label, line, column: error.column, what });
                }
                self.fingerprint(&at);
                self.unread(format!("{label}:{line}:{}", error.column), &error.what, lost);
            }
        }
        Ok(())
    }

    /// A problem of an object that has no name.
    fn nameless(&mut self, at: ObjectPosition, what: String) {
        let place = self.loaded.source.place_of(&at);
        self.problem(&place, what);
        self.loaded.source.nameless.insert(place, at);
    }

    fn object(&mut self, reading: kinds::ReadOutcome, at: ObjectPosition) {
        let id = match &reading {
            kinds::ReadOutcome::Read(entry) => Some(entry.fact.id()),
            kinds::ReadOutcome::Unreadable { id, .. } | kinds::ReadOutcome::Ignored(id) => Some(id.clone()),
            kinds::ReadOutcome::Noted(_) => None,
        };
        if matches!(reading, kinds::ReadOutcome::Unreadable { .. }) {
            self.fingerprint(&at);
        }
        if let Some(id) = id {
            let place = self.loaded.source.place_of(&at);
            self.remember(id, at.clone(), &place);
        }
        match reading.delta() {
            Some(Delta::Noted(problem)) => self.nameless(at, problem.what.to_string()),
            Some(delta) => drop(self.loaded.cluster.apply(delta)),
            None => {}
        }
    }

    /// Of two objects of one name the last holds, whatever their versions, and that is reported.
    fn remember(&mut self, id: ObjectId, at: ObjectPosition, place: &str) {
        if self.loaded.source.at.insert(id.clone(), at).is_some() {
            let what = format!("stands more than once; the last one holds, {place}").into();
            self.loaded.cluster.apply(Delta::Gone(id.clone()));
            self.loaded.cluster.apply(Delta::Noted(Problem { object: Some(id), place: Place::default(), what }));
        }
    }

    pub fn finish(mut self) -> Result<Loaded, FilesError> {
        self.loaded.is_snapshot = !self.snapshots.is_empty();
        for json in &self.snapshots {
            snapshot::restore(json, &mut self.loaded.cluster);
        }
        for (lost, why) in std::mem::take(&mut self.lost) {
            self.lose(&lost, &Coverage::Unreadable { why: why.into() });
        }
        let (defined, note) = self.besides.close(&mut self.loaded.cluster);
        self.loaded.defined = defined;
        let notes = world::close(&mut self.loaded.cluster);
        nulls::settle(&mut self.loaded.cluster);
        self.loaded.unread.sort_unstable();
        self.loaded.notes.extend(notes.into_iter().chain(note));
        self.loaded.notes.extend(notes::homeless(&self.homeless, &self.reading.namespace));
        Ok(self.loaded)
    }

    /// Makes unknown what a document that could not be read may have said.
    fn lose(&mut self, lost: &Lost, by: &Coverage) {
        match lost {
            Lost::Nothing => {}
            Lost::Anything => self.loaded.cluster.coverage.spoil_all(by),
            Lost::Of { kinds, namespace, name } => {
                for spec in kinds {
                    let scope = scope_of(spec, namespace.as_deref(), name.as_deref());
                    self.loaded.cluster.coverage.spoil(spec.kind, &scope, by);
                    // A workload whose pods are not listed would have stood for one.
                    if is_workload(spec.kind) {
                        self.loaded.cluster.coverage.spoil(Kind::POD, &scope, by);
                    }
                    self.lose_namesake(spec, namespace.as_deref(), name.as_deref());
                }
            }
        }
    }

    /// Of two objects of one name the last holds: one that cannot be read leaves open what the other is.
    fn lose_namesake(&mut self, spec: &KindSpec, namespace: Option<&str>, name: Option<&str>) {
        let Some(name) = name else { return };
        let namespace = if spec.is_namespaced() { namespace.unwrap_or_default() } else { "" };
        let id = ObjectId::new(spec.kind, namespace, name);
        if self.loaded.source.at.contains_key(&id) {
            let problems = self.loaded.cluster.problems.get(&id).cloned().unwrap_or_default();
            self.loaded.cluster.apply(Delta::Unreadable { id, problems });
        }
    }
}

fn hash_of(text: &str) -> u64 {
    rustc_hash::FxBuildHasher.hash_one(text)
}

/// Where objects of a kind are unknown by a document of it.
fn scope_of(spec: &KindSpec, namespace: Option<&str>, name: Option<&str>) -> Scope {
    let one = if spec.kind == Kind::NAMESPACE { name } else { namespace.filter(|_| spec.is_namespaced()) };
    one.map_or(Scope::Everywhere, |it| Scope::Namespace(it.into()))
}

/// Counts lines from one offset to the next.
struct LineCounter<'t> {
    text: &'t str,
    at: usize,
    line: u32,
}

impl LineCounter<'_> {
    fn of(&mut self, offset: usize) -> u32 {
        self.line += breaks(&self.text.as_bytes()[self.at..offset]);
        self.at = offset;
        self.line
    }
}

/// How many pieces a thread takes at a time, and below how many bytes one thread is enough.
const BATCH: usize = 64;
const SMALL: usize = 256 * 1024;

/// What the pieces of a text hold, and the objects among it that name no namespace.
type ReadAll = (Vec<Vec<(Range<usize>, PieceFound)>>, Homeless);

/// Reads all pieces, on as many threads as there are cores, in order.
fn read_all(pieces: &[Piece], text: &str, namespace: &str) -> ReadAll {
    let threads = if text.len() < SMALL { 1 } else { threads::cores() };
    let batches: Vec<&[Piece]> = pieces.chunks(BATCH).collect();
    let (read, homeless) = threads::in_order(batches.len(), threads, |number, intern| {
        batches[number].iter().map(|it| read(it, text, namespace, intern)).collect::<Vec<_>>()
    });
    (read.into_iter().flatten().collect(), homeless)
}

/// Where a text that was read in parts can be read again.
fn stored_text(stored: Stored, path: Option<PathBuf>) -> FileText {
    match stored {
        Stored::Packed(packed) => FileText::Packed(packed.into()),
        Stored::File(..) => FileText::There(path.unwrap_or_default()),
    }
}

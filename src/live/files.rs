//! `--from`: files, directories and standard input as a closed world.
//!
//! ```text
//! paths ──walk──► files ──split──► pieces ──read, on all cores──► objects ──world──► Cluster
//!                   └─ large JSON ──cut──► places of items ──stream──┘
//! ```
//!
//! What files do not hold does not exist; what they hold and we cannot read is a problem, and in a file that was
//! named on the command line an error. Texts are not kept: [`SourceTexts`] knows where each object stands.
//! CONTRACT §1 says what manifests mean.

mod apart;
mod cut;
mod definition;
mod loader;
mod located;
mod manifests;
mod meanwhile;
mod notes;
mod nulls;
mod onto;
mod read;
mod salvage;
mod source;
mod split;
mod stored;
mod stream;
mod threads;
mod walk;
mod world;

use std::error::Error as _;
use std::path::PathBuf;

pub use located::Spot;
pub use manifests::{manifests, not_read};
pub use meanwhile::ObjectsByNow;
pub use notes::FilesNote;
pub use onto::{Changes, Onto, onto};
pub use source::SourceTexts;

use crate::ask::{self, FaultKind};
use crate::model::cluster::Cluster;
use crate::model::place::Problem;
use crate::rbac::served::ServedResource;
use loader::Loader;

/// A cluster from files.
#[derive(Debug, Default)]
pub struct Loaded {
    pub cluster: Cluster,
    pub source: SourceTexts,
    /// The resources that CustomResourceDefinitions among them define (CONTRACT §4).
    pub defined: Vec<ServedResource>,
    /// What is worth a word on stderr and is no problem: what was implied, what is wholly absent.
    pub notes: Vec<FilesNote>,
    /// Whether a snapshot is among them: its objects hold what answers rest on, and nothing else.
    pub is_snapshot: bool,
    /// Fingerprints of the documents that could not be read, in order.
    pub unread: Vec<u64>,
    /// Whatever could not be read at all, skipped or not.
    pub not_read: Vec<Problem>,
}

/// How files are read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Where objects without a namespace are.
    pub namespace: String,
    /// Documents of directories that cannot be read are absent, and no gaps (`--skip-unreadable`).
    pub skip_unreadable: bool,
    /// Snapshots without their end are read as far as they go (`--partial`).
    pub partial: bool,
    /// Keep whole uids, which only a snapshot shows.
    pub keep_all: bool,
    /// What cannot be read of a file that was named is a problem and a gap too, as it is in a directory
    /// (`kreach check`).
    pub finds: bool,
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
    #[error("cannot read {label}: {what}")]
    Object { label: String, what: String },
    #[error("{label} was made for objects that are others by now: {what}")]
    Clash { label: String, what: String },
    #[error("{label} is a snapshot that was cut: {what}")]
    Cut { label: String, what: String },
}

/// With every cause.
impl From<FilesError> for ask::Fault {
    fn from(error: FilesError) -> Self {
        let mut causes = Vec::new();
        let mut cause = error.source();
        while let Some(it) = cause {
            causes.push(it.to_string());
            cause = it.source();
        }
        let what = if causes.is_empty() { error.to_string() } else { format!("{error}: {}", causes.join(": ")) };
        let hint = match error {
            FilesError::Cut { .. } => {
                "take the snapshot again; --partial reads what is there, all that may be lost unknown"
            }
            FilesError::Clash { .. } => {
                "make the change again for the objects as they are now, such as with kreach fix"
            }
            _ => "files are YAML or JSON as kubectl writes them",
        };
        Self::of(FaultKind::Input, what).hinted(hint)
    }
}

impl FilesError {
    /// What is wrong, without the file.
    fn cause(&self) -> String {
        match self {
            FilesError::Read { source, .. } => source.to_string(),
            FilesError::Text { what, .. } => (*what).to_owned(),
            FilesError::Parse { what, .. }
            | FilesError::Object { what, .. }
            | FilesError::Cut { what, .. }
            | FilesError::Clash { what, .. } => what.clone(),
        }
    }
}

/// Reads everything that these paths mean; objects without a namespace are in `namespace`.
pub fn load(paths: &[PathBuf], namespace: &str) -> Result<Loaded, FilesError> {
    load_with(paths, &ReadOptions { namespace: namespace.to_owned(), ..ReadOptions::default() })
}

/// The same, read as `reading` says.
pub fn load_with(paths: &[PathBuf], reading: &ReadOptions) -> Result<Loaded, FilesError> {
    let inputs = walk::inputs(paths).map_err(|source| FilesError::Read { label: "--from".into(), source })?;
    let mut loader = Loader::new(reading);
    for input in inputs {
        match input {
            Ok(input) => loader.input(&input)?,
            Err(passed_over) => loader.passed_over(&passed_over),
        }
    }
    loader.finish()
}

/// Reads one text as if it were a named file with this label, whole uids too.
pub fn load_text(label: &str, text: &str, namespace: &str) -> Result<Loaded, FilesError> {
    load_text_with(
        label,
        text,
        &ReadOptions { namespace: namespace.to_owned(), keep_all: true, ..ReadOptions::default() },
    )
}

/// The same, read as `reading` says.
pub fn load_text_with(label: &str, text: &str, reading: &ReadOptions) -> Result<Loaded, FilesError> {
    let mut loader = Loader::new(reading);
    loader.held_text(label, text)?;
    loader.finish()
}

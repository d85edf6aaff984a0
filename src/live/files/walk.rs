//! Which files `--from` means: those named, and in directories all that end in `.yaml`, `.yml` or `.json`.
//!
//! A directory is walked in the order of names. Symbolic links are followed as long as they stay under the
//! directory that was named, and never in a circle; devices, pipes and sockets are passed over, since opening
//! them might never return (reliability.md §3.6). What is passed over may have held anything, and is told.
//!
//! `walkdir` would read the directories, not settle any of this: what lies too deep it leaves out without a word, and a
//! link that leads out of the directory it follows.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// How deep a directory is walked, and how many files it may hold.
const MAX_DEPTH: usize = 32;
const MAX_FILES: usize = 200_000;

/// One file to read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct InputFile {
    /// `None`: standard input.
    pub path: Option<PathBuf>,
    /// Whether it was named on the command line, so that it has to be readable.
    pub named: bool,
}

/// Something of a directory that is not read, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct PassedOver {
    pub path: PathBuf,
    pub what: String,
}

/// The files that these paths mean, and what is passed over.
pub(super) fn inputs(paths: &[PathBuf]) -> std::io::Result<Vec<Result<InputFile, PassedOver>>> {
    let mut walk = FileWalk { found: Vec::new(), seen: BTreeSet::new() };
    for path in paths {
        if path.as_os_str() == "-" {
            walk.found.push(Ok(InputFile { path: None, named: true }));
        } else if path.is_dir() {
            let root = path.canonicalize()?;
            walk.seen.clear();
            walk.directory(path, &root, 0);
        } else {
            walk.found.push(Ok(InputFile { path: Some(path.clone()), named: true }));
        }
    }
    Ok(walk.found)
}

struct FileWalk {
    found: Vec<Result<InputFile, PassedOver>>,
    /// Directories entered, by their real paths.
    seen: BTreeSet<PathBuf>,
}

impl FileWalk {
    fn directory(&mut self, path: &Path, root: &Path, depth: usize) {
        match path.canonicalize() {
            Ok(real) if !real.starts_with(root) => return self.note(path, "a link out of the directory; not followed"),
            Ok(_) if depth > MAX_DEPTH => return self.note(path, "too deep; not examined"),
            Ok(real) => {
                if !self.seen.insert(real) {
                    return;
                }
            }
            Err(error) => return self.note(path, &format!("not examined: {error}")),
        }
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return self.note(path, &format!("not examined: {error}")),
        };
        let mut children: Vec<PathBuf> = entries.filter_map(|it| Some(it.ok()?.path())).collect();
        children.sort();
        children.iter().for_each(|it| self.child(it, root, depth));
    }

    fn child(&mut self, path: &Path, root: &Path, depth: usize) {
        let Ok(metadata) = fs::metadata(path) else {
            return if is_manifest(path) {
                self.note(path, "not examined: the link leads nowhere")
            };
        };
        if metadata.is_dir() {
            return self.directory(path, root, depth + 1);
        }
        if !is_manifest(path) {
            return;
        }
        if !metadata.is_file() {
            return self.note(path, "not a regular file; not examined");
        }
        if !path.canonicalize().is_ok_and(|it| it.starts_with(root)) {
            return self.note(path, "a link out of the directory; not followed");
        }
        if self.found.len() >= MAX_FILES {
            return self.note(path, "too many files; not examined");
        }
        self.found.push(Ok(InputFile { path: Some(path.to_owned()), named: false }));
    }

    fn note(&mut self, path: &Path, what: &str) {
        self.found.push(Err(PassedOver { path: path.to_owned(), what: what.to_owned() }));
    }
}

fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|it| it.to_str()).unwrap_or_default();
    ["yaml", "yml", "json"].iter().any(|it| extension.eq_ignore_ascii_case(it))
}

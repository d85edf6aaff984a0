//! Where the program keeps files of its own: logs, crash reports, dumped screens. Never the working directory.
//!
//! The folder is its owner's alone, and so is every file in it. A file is there as a whole or not at all, whenever the
//! program ends and however full the disk is. Of what is kept only the lines that were typed behind `:` are read back, and
//! a file of them that is none is as good as none.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Write};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Of a log that is longer nothing is kept.
const LOG: u64 = 1 << 20;

/// The file of lines that were typed behind `:`, how many of them it holds, and how much of it is read.
const LINES: &str = "typed-lines";
const MOST_LINES: usize = 500;
const MOST_BYTES: u64 = 1 << 20;

/// The folder, made when it is not there: `$XDG_STATE_HOME/kreach` or what the system has in its place.
///
/// # Errors
/// There is no home, or what stands there is no folder of ours: a link leads where others may write.
pub fn folder() -> io::Result<PathBuf> {
    let dirs = directories::ProjectDirs::from("", "", "kreach").ok_or_else(|| io::Error::other("there is no home"))?;
    let folder = dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned();
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    let there = fs::symlink_metadata(&folder)?;
    if !there.is_dir() || there.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other(format!("{} is no folder of yours", folder.display())));
    }
    if there.mode() & 0o077 != 0 {
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(folder)
}

/// A log of this name to write on; only its owner reads it, and several programs may write on it at once.
pub fn log(name: &str) -> Option<File> {
    let path = folder().ok()?.join(name);
    let mut options = File::options();
    let file = options.append(true).create(true).mode(0o600).open(path).ok()?;
    if file.metadata().is_ok_and(|it| it.len() > LOG) {
        file.set_len(0).ok()?;
    }
    Some(file)
}

/// The lines that were typed behind `:`, the oldest first; none where they cannot be read.
pub fn typed_lines() -> Vec<String> {
    let read = || -> Option<String> {
        let file = File::open(folder().ok()?.join(LINES)).ok()?;
        let mut bytes = Vec::new();
        file.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
        String::from_utf8(bytes).ok()
    };
    let text = read().unwrap_or_default();
    let is_line = |it: &&str| !it.is_empty() && !it.chars().any(char::is_control);
    text.lines().filter(is_line).map(str::to_owned).collect()
}

/// Keeps these lines behind those that are kept already: another program may have kept some since.
///
/// # Errors
/// They cannot be kept; what was there before is still there.
pub fn keep_typed_lines(new: &[String]) -> io::Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let mut all = typed_lines();
    all.extend(new.iter().cloned());
    all.dedup();
    let last = &all[all.len().saturating_sub(MOST_LINES)..];
    keep(LINES, &format!("{}\n", last.join("\n"))).map(drop)
}

/// What is kept under a name; `None` where nothing is.
///
/// # Errors
/// It cannot be read, is longer than so many bytes, or is a link or somebody else's.
pub fn kept(name: &str, most: u64) -> io::Result<Option<String>> {
    let no_links = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let file = match File::options().read(true).custom_flags(no_links).open(folder()?.join(name)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let about = file.metadata()?;
    if !about.is_file() || about.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("it is no file of yours"));
    }
    if about.len() > most {
        return Err(io::Error::other(format!("it is larger than {most} bytes")));
    }
    let mut text = String::new();
    file.take(most).read_to_string(&mut text)?;
    Ok(Some(text))
}

/// The names that begin so under which something is kept, in order.
///
/// # Errors
/// The folder cannot be read.
pub fn names(beginning: &str) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(folder()?)?.filter_map(Result::ok);
    let names = entries.filter_map(|it| it.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|it| it.starts_with(beginning)).collect();
    names.sort();
    Ok(names)
}

/// A lock of this name, for as long as the file is held; `None`: another program holds it.
///
/// # Errors
/// It cannot be had at all.
pub fn lock(name: &str) -> io::Result<Option<File>> {
    let no_links = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let mut options = File::options();
    let file = options.write(true).create(true).truncate(false).mode(0o600).custom_flags(no_links);
    let file = file.open(folder()?.join(name))?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(error) if error == rustix::io::Errno::WOULDBLOCK => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Puts what is kept under a name aside, so that what is kept next does not take its place; says where it is then.
///
/// # Errors
/// It cannot be moved.
pub fn put_aside(name: &str) -> io::Result<PathBuf> {
    let path = folder()?.join(name);
    let aside = path.with_file_name(format!("{name}.unreadable"));
    fs::rename(&path, &aside)?;
    Ok(aside)
}

/// Keeps text under a name, in place of what was kept there, and says where.
///
/// # Errors
/// It cannot be kept; what was there before is still there.
pub fn keep(name: &str, text: &str) -> io::Result<PathBuf> {
    let path = folder()?.join(name);
    beside(&path, text, |new| fs::rename(new, &path))?;
    Ok(path)
}

/// Keeps text under a name that nothing has yet, `name-2` where it has, and says where.
///
/// # Errors
/// It cannot be kept.
pub fn keep_anew(stem: &str, extension: &str, text: &str) -> io::Result<PathBuf> {
    let folder = folder()?;
    for number in 1..100 {
        let number = if number == 1 { String::new() } else { format!("-{number}") };
        let path = folder.join(format!("{stem}{number}.{extension}"));
        match beside(&path, text, |new| fs::hard_link(new, &path).and_then(|()| fs::remove_file(new))) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            kept => return kept.map(|()| path),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// How many files this process has written: several threads may keep something under one name at once.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// Writes a file beside the one that is meant, and puts it in its place once it is whole.
fn beside(path: &Path, text: &str, place: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let name = path.file_name().and_then(|it| it.to_str()).unwrap_or_default();
    let (program, number) = (std::process::id(), WRITTEN.fetch_add(1, Ordering::Relaxed));
    let new = path.with_file_name(format!(".{name}.{program}-{number}.new"));
    // One that a killed program of the same number left is nobody's.
    let _ = fs::remove_file(&new);
    let mut options = File::options();
    let placed = options.write(true).create_new(true).mode(0o600).open(&new).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        place(&new)?;
        // Its name is on disk, too.
        path.parent().map_or(Ok(()), |it| File::open(it)?.sync_all())
    });
    if placed.is_err() {
        let _ = fs::remove_file(&new);
    }
    placed
}

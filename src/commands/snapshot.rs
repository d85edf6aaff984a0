//! `kreach snapshot`: the facts of a cluster or of files as one YAML stream that `--from` reads back.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::args::{Args, Snapshot};
use crate::ask::{Fault, FaultKind};
use crate::cli::form::Form;
use crate::cli::{Color, Exit};
use crate::live::snapshot;

use super::load::{Wants, load};
use super::print;

/// Reads all that answers can rest on and writes it to a file, or to stdout.
pub(super) fn write(args: &Args, asked: &Snapshot) -> Result<Exit, Fault> {
    super::stdin_once(args, None)?;
    let loaded = load(args, &Wants::Everything, Color::Never)?;
    print::problems(&loaded.world.cluster);
    super::stage::tell(&loaded.context);
    let cluster = &loaded.world.cluster;
    let fill = |out: &mut dyn Write| match asked.printed.output {
        Form::Json => snapshot::write_json(cluster, out),
        _ => snapshot::write(cluster, out),
    };
    match &asked.file {
        None => print::answer(Color::Never, |out| Ok(fill(out).map(|()| Exit::Yes)?)),
        Some(path) => put(path, &fill).map(|()| Exit::Yes),
    }
}

/// What writes a file.
type Fill<'a> = &'a dyn Fn(&mut dyn Write) -> io::Result<()>;

/// Writes a file, whole or not at all.
pub(super) fn put(path: &Path, fill: Fill<'_>) -> Result<(), Fault> {
    replace(path, fill).map_err(|error| {
        let what = format!("cannot write {}: {error}", path.display());
        Fault::of(FaultKind::Output, what).hinted("what stood there before still does")
    })
}

/// Writes a file without a name, or beside the one that is meant, and puts it in its place when all is on disk: nobody
/// ever finds half of it there, and a program that is killed leaves nothing.
fn replace(path: &Path, fill: Fill<'_>) -> io::Result<()> {
    let there = path.metadata().ok();
    if there.as_ref().is_some_and(|it| !it.is_file()) {
        // A pipe or a device is written to; it is not to be replaced.
        return write_all(File::options().write(true).open(path)?, fill).map(drop);
    }
    // What a link leads to is replaced, and not the link.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let beside = beside(&path);
    // One that a killed program of the same number left (in containers numbers come again) is nobody's.
    let _ = fs::remove_file(&beside);
    let unnamed = unnamed(&path);
    let is_unnamed = unnamed.is_some();
    let file = unnamed.map_or_else(|| File::options().write(true).create_new(true).open(&beside), Ok)?;
    let written = there.map_or(Ok(()), |it| file.set_permissions(it.permissions()));
    let written = written.and_then(|()| write_all(file, fill)).and_then(|file| {
        file.sync_all()?;
        if is_unnamed {
            name(&file, &beside)?;
        }
        fs::rename(&beside, &path)
    });
    if written.is_err() {
        // What is left of it is of no use to anybody.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// A file without a name in the folder of another, where the system has such: it is gone with the program.
#[cfg(target_os = "linux")]
fn unnamed(path: &Path) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let flags = i32::try_from(rustix::fs::OFlags::TMPFILE.bits()).ok()?;
    let file = File::options().write(true).custom_flags(flags).open(folder).ok()?;
    // Without /proc it could be given no name.
    Path::new(&by_number(&file)).exists().then_some(file)
}

#[cfg(not(target_os = "linux"))]
fn unnamed(_: &Path) -> Option<File> {
    None
}

/// Gives a file without a name this one.
#[cfg(target_os = "linux")]
fn name(file: &File, path: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    Ok(linkat(CWD, by_number(file), CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn name(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(target_os = "linux")]
fn by_number(file: &File) -> String {
    use std::os::fd::AsRawFd as _;
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

fn write_all(file: File, fill: Fill<'_>) -> io::Result<File> {
    let mut out = BufWriter::new(file);
    fill(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}

//! `kreach snapshot`: the facts of a cluster or of files as one YAML stream that `--from` reads back.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use crate::args::Args;
use crate::cli::{Color, Exit};
use crate::live::snapshot;
use crate::model::cluster::Cluster;

use super::load::{Wants, load};
use super::{Stop, print};

/// Reads all that answers can rest on and writes it to a file, or to stdout.
pub(super) fn write(args: &Args, file: Option<&Path>) -> Result<Exit, Stop> {
    let loaded = load(args, &Wants::Everything, Color::Never)?;
    print::problems(&loaded.cluster);
    let Some(path) = file else {
        return print::answer(Color::Never, |out| Ok(snapshot::write(&loaded.cluster, out).map(|()| Exit::Yes)?));
    };
    replace(path, &loaded.cluster).map_err(|error| Stop::Other {
        what: format!("cannot write {}: {error}", path.display()),
        hint: "what stood there before still does".to_owned(),
    })?;
    Ok(Exit::Yes)
}

/// Writes beside the file and renames it when all is on disk: nobody ever finds half of it there.
fn replace(path: &Path, cluster: &Cluster) -> io::Result<()> {
    if path.metadata().is_ok_and(|it| !it.is_file()) {
        // A pipe or a device is written to; it is not to be replaced.
        return write_all(File::options().write(true).open(path)?, cluster).map(drop);
    }
    let beside = beside(path);
    // One that a killed program of the same number left (in containers numbers come again) is nobody's.
    let _ = std::fs::remove_file(&beside);
    let file = File::options().write(true).create_new(true).open(&beside)?;
    let written =
        write_all(file, cluster).and_then(|file| file.sync_all()).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        // What is left of it is of no use to anybody.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

fn write_all(file: File, cluster: &Cluster) -> io::Result<File> {
    let mut out = BufWriter::new(file);
    snapshot::write(cluster, &mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}

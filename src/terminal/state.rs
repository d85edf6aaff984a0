//! Where the program keeps files of its own: logs, crash reports, dumped screens. Never the working directory.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

/// The folder, made when it is not there: `$XDG_STATE_HOME/kreach` or what the system has in its place.
pub fn folder() -> Option<PathBuf> {
    let dirs = directories::ProjectDirs::from("", "", "kreach")?;
    let folder = dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned();
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder)
}

/// A new file of this name, in place of an older one; only its owner reads it.
pub fn create(name: &str) -> Option<File> {
    let path = folder()?.join(name);
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).ok()
}

/// Keeps text under a name and says where.
pub fn keep(name: &str, text: &str) -> std::io::Result<PathBuf> {
    let folder = folder().ok_or_else(|| std::io::Error::other("there is no folder to keep it in"))?;
    let mut file = create(name).ok_or_else(|| std::io::Error::other(format!("{name} cannot be written")))?;
    file.write_all(text.as_bytes())?;
    Ok(folder.join(name))
}

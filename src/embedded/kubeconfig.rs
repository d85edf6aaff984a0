//! A kubeconfig for a served world, readable by its owner alone.

use std::io::{self, Write};
use std::path::Path;

use super::serve::Server;

/// The text of a kubeconfig whose only context leads to the server.
pub fn text(server: &Server, world: &str) -> String {
    let name = format!("kreach-demo-{}", world.to_lowercase());
    let url = server.url();
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: {name}\n  cluster:\n    server: {url}\ncontexts:\n- name: {name}\n  context:\n    cluster: {name}\n    user: demo\ncurrent-context: {name}\nusers:\n- name: demo\n  user: {{}}\npreferences: {{}}\n"
    )
}

/// Writes it with mode 0600, at once or not at all: a reader never sees half of it.
///
/// # Errors
/// The system's own, and what stands there is no plain file: a link, a device or a pipe is never replaced.
pub fn write(path: &Path, server: &Server, world: &str) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(there) if !there.is_file() => return Err(io::Error::other("what stands there is no plain file")),
        _ => {}
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = Path::new(&beside);
    // One that a killed program of the same number left is nobody's.
    let _ = std::fs::remove_file(beside);
    let mut file = private(beside)?;
    let written = file
        .write_all(text(server, world).as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(beside, path));
    if written.is_err() {
        let _ = std::fs::remove_file(beside);
    }
    written
}

#[cfg(unix)]
fn private(path: &Path) -> io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn private(path: &Path) -> io::Result<std::fs::File> {
    std::fs::OpenOptions::new().write(true).create_new(true).open(path)
}

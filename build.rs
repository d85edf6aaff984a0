//! Says in `KREACH_VERSION` what `kreach --version` prints: the version, and of what it was built for what.
//!
//! The commit is that of a release build out of the project's own repository: a debug build is made anew at every change
//! and would be at every commit, and an archive of the sources says its version alone.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let target = env::var("TARGET").unwrap_or_default();
    let is_release = env::var("PROFILE").is_ok_and(|it| it == "release");
    let commit = if is_release { commit() } else { None };
    let whole = match (is_release, commit) {
        (true, Some(commit)) => format!("{version} ({commit} {target})"),
        (true, None) => version,
        (false, _) => format!("{version} (debug build {target})"),
    };
    println!("cargo:rustc-env=KREACH_VERSION={whole}");
}

/// The commit that is built; none where the sources are in no repository of their own.
fn commit() -> Option<String> {
    let top = env::var("CARGO_MANIFEST_DIR").ok()?;
    let own = git(&top, &["rev-parse", "--show-toplevel"])?;
    if Path::new(&own).canonicalize().ok()? != Path::new(&top).canonicalize().ok()? {
        return None;
    }
    // A commit moves what HEAD names, which the log of HEAD tells.
    if let Some(log) = git(&top, &["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo:rerun-if-changed={}", Path::new(&top).join(log).display());
    }
    git(&top, &["rev-parse", "--short=12", "HEAD"])
}

/// What git says, if it is there and has something to say.
fn git(top: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).current_dir(top).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

//! The configuration file: for which contexts apply and undo may write without a flag, and which are production.
//!
//! ```text
//! contexts:
//!   dev:          {write: true}
//!   eu-live:      {production: true}
//!   mirror:       {write: false}
//! ```
//!
//! A file that cannot be read, or says what is not known, lets nothing pass: nothing is connected to at all.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::bounded;
use super::fault::{LiveFault, LiveFaultClass};
use crate::kinds::parse_list_yaml;

/// How large the file may be: thousands of contexts.
const MAX_BYTES: usize = 1 << 20;

/// What the file says of one context.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfContext {
    /// Whether apply and undo may write: as `--write` does, or never.
    pub write: Option<bool>,
    /// Its name is asked for before anything is changed.
    #[serde(default)]
    pub production: bool,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Configuration {
    #[serde(default)]
    contexts: BTreeMap<String, Option<OfContext>>,
}

/// What the file at a path says of a context; nothing where there is no file.
///
/// # Errors
/// It cannot be read, others may change it, or it says what is not known: the place, and what stands there.
pub fn of_context(path: &Path, context: &str) -> Result<OfContext, LiveFault> {
    let all = read(path)?.contexts;
    Ok(all.get(context).copied().flatten().unwrap_or_default())
}

fn read(path: &Path) -> Result<Configuration, LiveFault> {
    let told =
        |what: String| LiveFault::new(LiveFaultClass::Config, &format!("the configuration {}{what}", path.display()));
    let unread = |cause: std::io::Error| told(format!(" cannot be read: {cause}"));
    match std::fs::metadata(path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Configuration::default());
        }
        Err(error) => return Err(unread(error)),
        Ok(about) if about.mode() & 0o022 != 0 || ![0, rustix::process::geteuid().as_raw()].contains(&about.uid()) => {
            let hint = "it says what may be changed: it has to be yours, and writable by you alone (chmod 600)";
            return Err(told(" may be changed by others".to_owned()).hint(hint));
        }
        Ok(_) => {}
    }
    let text = bounded::text(path, MAX_BYTES).map_err(unread)?;
    parse(&text).map_err(|(line, what)| told(format!(" line {line}: {what}")))
}

fn parse(text: &str) -> Result<Configuration, (usize, String)> {
    // First whether it is YAML at all, then whether it is what is known.
    let tree: Option<Value> = parse_list_yaml(text).map_err(|it| (it.line, it.what))?;
    if tree.is_none_or(|it| it.is_null()) {
        return Ok(Configuration::default());
    }
    parse_list_yaml(text).map_err(|it| {
        let written = text.lines().nth(it.line - 1).unwrap_or_default().trim();
        let known = "contexts, and of each write and production, true or false";
        (it.line, format!("{:?} is not known; the file holds {known}", crate::kinds::cut(written)))
    })
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn of(text: &str, context: &str) -> Result<OfContext, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.yaml");
        write(&path, text).expect("written");
        set_permissions(&path, Permissions::from_mode(0o600)).expect("ours");
        of_context(&path, context).map_err(|it| it.what.replace(&path.display().to_string(), "FILE"))
    }

    #[test]
    fn what_is_said_of_a_context_holds_of_that_alone() {
        let text = "contexts:\n  dev: {write: true}\n  live:\n    production: true\n    write: false\n  bare:\n";
        let said = |write, production| Ok(OfContext { write, production });
        assert_eq!(of(text, "dev"), said(Some(true), false));
        assert_eq!(of(text, "live"), said(Some(false), true));
        for (text, context) in [(text, "bare"), (text, "other"), ("", "dev"), ("# nothing\n", "dev"), ("{}", "dev")] {
            assert_eq!(of(text, context), said(None, false), "{context}");
        }
    }

    #[test]
    fn what_is_not_known_is_told_with_its_place() {
        for (text, line, word) in [
            ("contexts:\n  dev:\n    wirte: true\n", 3, "wirte"),
            ("contexts:\n  dev: {write: true}\nwrite: true\n", 3, "write: true"),
            ("contexts:\n  dev:\n    write: maybe\n", 3, "maybe"),
            ("contexts:\n  - dev\n", 2, "dev"),
            ("contexts:\n  dev: {write: true}\n  dev: {write: false}\n", 3, "twice"),
            ("contexts: [\n", 0, ""),
            ("write\n", 1, "write"),
        ] {
            let told = of(text, "other").expect_err("it is refused whatever context is meant");
            let is_there = line == 0 || told.contains(&format!("FILE line {line}: "));
            assert!(is_there && told.contains(word), "{text:?}: {told}");
        }
    }

    #[test]
    fn a_file_that_is_not_ours_alone_says_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.yaml");
        assert_eq!(of_context(&path, "dev").map_err(|it| it.what), Ok(OfContext::default()));
        write(&path, "contexts: {dev: {write: true}}").expect("written");
        set_permissions(&path, Permissions::from_mode(0o666)).expect("ours");
        assert!(of_context(&path, "dev").expect_err("anybody may change it").what.contains("changed by others"));
        assert!(of_context(folder.path(), "dev").is_err(), "a folder is no file");
    }
}

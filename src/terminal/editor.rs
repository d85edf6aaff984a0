//! The operator's own editor, on a file of its own: `$KUBE_EDITOR`, else `$EDITOR`, else `vi`.
//!
//! The terminal must not be ours while it runs. The file is in the program's folder, its owner's alone, and gone afterwards.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::process::Command;

use super::state;
use crate::ask::{Fault, FaultKind};

/// How many bytes are read back.
const MOST: u64 = 16 << 20;

/// Lets the operator edit a text and gives what was saved.
///
/// # Errors
/// There is no editor, it failed, or the file cannot be written or read; one line.
pub fn edit(name: &str, text: &str) -> Result<String, Fault> {
    let path = state::keep_anew(&format!("edit-{name}"), "yaml", text);
    let path = path.map_err(|it| fault(format!("no file to edit: {it}")))?;
    let edited =
        run(&path).and_then(|()| read(&path).map_err(|it| fault(format!("what was saved cannot be read: {it}"))));
    // What was saved is staged; the file is of no use any more.
    let _ = fs::remove_file(&path);
    edited
}

/// What the operator wants to edit with: a program with arguments, as the shell reads them.
fn program() -> String {
    let named = ["KUBE_EDITOR", "EDITOR"].into_iter().filter_map(|it| std::env::var(it).ok());
    named.into_iter().find(|it| !it.trim().is_empty()).unwrap_or_else(|| "vi".to_owned())
}

fn fault(what: String) -> Fault {
    Fault::of(FaultKind::System, what)
}

fn run(path: &std::path::Path) -> Result<(), Fault> {
    let program = program();
    let status = Command::new("sh").arg("-c").arg(format!("{program} \"$0\"")).arg(path).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(fault(format!("the editor ({program}) ended with {status}"))),
        Err(error) => Err(fault(format!("the editor ({program}) did not start: {error}"))),
    }
}

fn read(path: &std::path::Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MOST).read_to_string(&mut text)?;
    Ok(text)
}

//! How what is printed says that it is for a cluster in which changes are taken for made (`--stage`).
//!
//! ```text
//! text   WHAT-IF: 2 changes staged from fix.json      md   the same, in bold      dot   the same, as a comment
//! json   "staged": [{"op":"create","object":"networkpolicy/shop/db","from":"fix.json"}]
//! csv, name, junit, sarif    nothing: the words go to stderr
//! ```

use std::cell::Cell;
use std::io;

use serde::Serialize;

use crate::ask::staged::{self, Staged};
use crate::model::id::ObjectId;
use crate::text::written::markdown;
use crate::text::{Page, PrintedExtent};

use super::form::Form;
use super::{Color, Context, Look, paint};

/// What is staged, and whether what was printed has said so.
#[derive(Clone, Debug, Default)]
pub struct StagedNotice {
    pub changes: Vec<Staged>,
    said: Cell<bool>,
}

/// One change.
#[derive(Serialize)]
pub struct StagedJson {
    op: &'static str,
    object: String,
    from: String,
}

impl StagedNotice {
    /// Whether a change of this object is staged.
    pub fn holds(&self, object: &ObjectId) -> bool {
        self.changes.iter().any(|it| it.object == *object)
    }

    /// These changes, of which nothing was said yet.
    pub fn of(changes: Vec<Staged>) -> Self {
        Self { changes, said: Cell::new(false) }
    }

    /// What is to be said beside an answer that had no room for it.
    pub fn unsaid(&self) -> Option<String> {
        (!self.said.get()).then(|| staged::heading(&self.changes))
    }

    /// The changes, as a document holds them.
    pub fn document(&self) -> Vec<StagedJson> {
        self.said.set(true);
        let json =
            |it: &Staged| StagedJson { op: it.op.as_str(), object: it.object.to_string(), from: it.from.to_string() };
        self.changes.iter().map(json).collect()
    }
}

impl Context {
    /// Writes a page as text, below what is staged.
    ///
    /// # Errors
    /// stdout cannot be written.
    pub fn write(&self, page: &Page, out: &mut dyn io::Write) -> io::Result<()> {
        self.write_within(page, self.look.extent, out)
    }

    /// The same, saying so much of it.
    ///
    /// # Errors
    /// stdout cannot be written.
    pub fn write_within(&self, page: &Page, extent: PrintedExtent, out: &mut dyn io::Write) -> io::Result<()> {
        self.head(Form::Text, out)?;
        paint::write(page, Look { extent, ..self.look }, out)
    }

    /// Writes what is staged above an answer of this form; JSON and YAML hold it themselves.
    ///
    /// # Errors
    /// stdout cannot be written.
    pub fn head(&self, form: Form, out: &mut dyn io::Write) -> io::Result<()> {
        let Some(staging) = &self.staged else { return Ok(()) };
        let heading = || staged::heading(&staging.changes);
        match form {
            Form::Text | Form::Table | Form::Wide => {
                let (begin, end) = if self.look.color == Color::Always { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
                writeln!(out, "{begin}{}{end}", heading())?;
            }
            Form::Md => write!(out, "**{}**\n\n", markdown(&heading()))?,
            Form::Dot => writeln!(out, "// {}", heading())?,
            Form::Name | Form::Csv | Form::Json | Form::Yaml => return Ok(()),
            Form::Junit | Form::Sarif | Form::Script | Form::Kustomize => return Ok(()),
        }
        staging.said.set(true);
        Ok(())
    }

    /// What is staged, as a document holds it; absent where nothing can be.
    pub fn staged_json(&self) -> Option<Vec<StagedJson>> {
        self.staged.as_ref().map(StagedNotice::document)
    }
}

//! Where the text of each object stands, so that it can be shown without being held.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::FilesError;
use super::split::as_document;
use super::stored::Packed;
use crate::kinds::{self, YamlError};
use crate::live::ManagedFields;
use crate::model::id::ObjectId;

/// One file that was read.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// What messages call it.
    pub label: String,
    pub text: FileText,
}

/// Where the text of a file is.
#[derive(Clone, Debug)]
pub(super) enum FileText {
    /// Where it was.
    There(PathBuf),
    /// It could not be read again.
    Held(Arc<str>),
    /// The same of a large one.
    Packed(Arc<Packed>),
}

/// Where one object stands.
#[derive(Clone, Debug)]
pub(super) struct ObjectPosition {
    pub file: u32,
    pub range: Range<usize>,
    pub line: u32,
    pub is_item: bool,
}

/// The texts behind a cluster from files.
#[derive(Clone, Debug, Default)]
pub struct SourceTexts {
    pub(super) files: Vec<File>,
    pub(super) at: BTreeMap<ObjectId, ObjectPosition>,
    /// Where those stand that a problem names by its place alone.
    pub(super) nameless: BTreeMap<String, ObjectPosition>,
}

impl SourceTexts {
    /// The YAML of an object as its file has it now; `None` for objects that no file holds.
    pub fn text(&self, id: &ObjectId) -> Option<std::io::Result<String>> {
        let at = self.at.get(id)?;
        Some(self.read(at).map(|text| document(&text, at)))
    }

    /// An object as its file has it now, with its namespace; `None`: no file holds it.
    ///
    /// Words that the API wants as strings are strings, as they were taken when the object was read.
    ///
    /// # Errors
    /// Its file cannot be read by now, or holds something else there.
    pub fn whole(&self, id: &ObjectId, fields: ManagedFields) -> Option<Result<Value, FilesError>> {
        let label = || self.place(id).unwrap_or_default();
        Some(match self.text(id)? {
            Ok(text) => whole(&text, id, fields).map_err(|it| FilesError::Object { label: label(), what: it.what }),
            Err(source) => Err(FilesError::Read { label: label(), source }),
        })
    }

    /// Where an object stands: `dump.yaml:120`.
    pub fn place(&self, id: &ObjectId) -> Option<String> {
        Some(self.place_of(self.at.get(id)?))
    }

    pub(super) fn place_of(&self, at: &ObjectPosition) -> String {
        format!("{}:{}", self.files[at.file as usize].label, at.line)
    }

    /// What messages call each file that was read.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|it| it.label.as_str())
    }

    pub(super) fn read(&self, at: &ObjectPosition) -> std::io::Result<String> {
        let mut bytes = Vec::new();
        match &self.files[at.file as usize].text {
            FileText::Held(text) => return Ok(text.get(at.range.clone()).unwrap_or_default().to_owned()),
            FileText::Packed(packed) => packed.read(at.range.clone(), &mut bytes)?,
            FileText::There(path) => {
                let mut file = std::fs::File::open(path)?;
                file.seek(SeekFrom::Start(at.range.start as u64))?;
                file.take(at.range.len() as u64).read_to_end(&mut bytes)?;
            }
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn whole(text: &str, id: &ObjectId, fields: ManagedFields) -> Result<Value, YamlError> {
    let quoted = kinds::odd_words(text).map_or(Cow::Borrowed(text), |it| Cow::Owned(it.0));
    let mut whole: Value = kinds::parse_yaml(&quoted)?;
    if let Some(metadata) = whole.get_mut("metadata").and_then(Value::as_object_mut)
        && !id.namespace.is_empty()
    {
        metadata.insert("namespace".to_owned(), id.namespace.as_str().into());
    }
    fields.settle(&mut whole);
    Ok(whole)
}

/// The text of an item, without its dash and indentation; JSON as YAML.
fn document(text: &str, at: &ObjectPosition) -> String {
    if text.trim_start().starts_with('{') {
        let value: Option<Value> = serde_json::from_str(text).ok();
        return value.and_then(|it| serde_saphyr::to_string(&it).ok()).unwrap_or_else(|| text.to_owned());
    }
    let text = as_document(text, at.is_item);
    let text = text.strip_prefix('\n').unwrap_or(&text);
    let said = text.lines().filter(|it| !it.trim_start().is_empty() && !it.trim_start().starts_with('#'));
    let indent = said.map(|it| it.len() - it.trim_start_matches(' ').len()).min().unwrap_or(0);
    let dedented = text.lines().map(|it| it.get(indent..).unwrap_or_else(|| it.trim_start()));
    dedented.flat_map(|it| [it, "\n"]).collect()
}

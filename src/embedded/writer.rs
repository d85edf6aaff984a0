//! How answers are put together: an object, the items of a list, the rows of a table, the events of a watch.

use serde_json::{Value, json};

use super::accept::AnswerForm;
use super::kinds::ServedKind;
use super::object_list::{ObjectItem, ObjectPart};
use super::query::Include;
use super::table;
use super::world::write_document;

/// Writes objects of one kind in one form.
#[derive(Clone, Debug)]
pub struct ObjectWriter {
    pub kind: &'static ServedKind,
    pub form: AnswerForm,
    pub include: Include,
}

impl ObjectWriter {
    /// Appends everything of a list that comes before its items.
    pub fn open(&self, metadata: &Value, out: &mut Vec<u8>) {
        let (kind, version, items) = match self.form {
            AnswerForm::Object => (format!("{}List", self.kind.kind), self.kind.api_version(), "\"items\":["),
            AnswerForm::Metadata => {
                ("PartialObjectMetadataList".to_owned(), "meta.k8s.io/v1".to_owned(), "\"items\":[")
            }
            AnswerForm::Table => ("Table".to_owned(), "meta.k8s.io/v1".to_owned(), ""),
        };
        push(out, &format!("{{\"kind\":\"{kind}\",\"apiVersion\":\"{version}\",\"metadata\":{metadata},{items}"));
        if self.form == AnswerForm::Table {
            push(out, &format!("\"columnDefinitions\":{},\"rows\":[", table::definitions(self.kind)));
        }
    }

    /// Appends an item of a list.
    pub fn item(&self, item: ObjectItem<'_>, out: &mut Vec<u8>) {
        match self.form {
            AnswerForm::Object => {
                out.push(b'{');
                item.write(ObjectPart::Full, out);
                out.push(b'}');
            }
            AnswerForm::Metadata => metadata_alone(item, out),
            AnswerForm::Table => self.row(item, out),
        }
    }

    /// Appends everything of a list that comes after its items.
    pub fn close(&self, out: &mut Vec<u8>) {
        push(out, "]}\n");
    }

    /// Appends an object that is asked for by its name, or that an event carries.
    pub fn single(&self, item: ObjectItem<'_>, columns: Columns, out: &mut Vec<u8>) {
        match self.form {
            AnswerForm::Object => write_document(self.kind, item, out),
            AnswerForm::Metadata => metadata_alone(item, out),
            AnswerForm::Table => {
                let version = item.value()["metadata"]["resourceVersion"].clone();
                let columns = if columns == Columns::Sent { Value::Null } else { table::definitions(self.kind) };
                push(
                    out,
                    &format!(
                        "{{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{{\"resourceVersion\":{version}}},\"columnDefinitions\":{columns},\"rows\":["
                    ),
                );
                self.row(item, out);
                push(out, "]}");
            }
        }
    }

    fn row(&self, item: ObjectItem<'_>, out: &mut Vec<u8>) {
        let value = item.value();
        let cells = table::cells(self.kind, &value, jiff::Timestamp::now());
        push(out, &format!("{{\"cells\":{cells},\"object\":"));
        match self.include {
            Include::Nothing => push(out, "null"),
            Include::Metadata => metadata_alone(item, out),
            Include::Object => write_document(self.kind, item, out),
        }
        out.push(b'}');
    }

    /// Appends an event of a watch.
    pub fn event(&self, name: &str, item: ObjectItem<'_>, columns: Columns, out: &mut Vec<u8>) {
        push(out, &format!("{{\"type\":\"{name}\",\"object\":"));
        self.single(item, columns, out);
        push(out, "}\n");
    }

    /// Appends a bookmark: an event that only says how far the watch has come.
    pub fn bookmark(&self, version: u64, initial: InitialEvents, out: &mut Vec<u8>) {
        let mut metadata = json!({"resourceVersion": version.to_string(), "creationTimestamp": null});
        if initial == InitialEvents::End {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let object = match self.form {
            AnswerForm::Object => {
                json!({"kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": metadata})
            }
            AnswerForm::Metadata => {
                json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})
            }
            AnswerForm::Table => {
                let row = json!({"cells": table::no_cells(self.kind), "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}});
                json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": version.to_string()}, "columnDefinitions": null, "rows": [row]})
            }
        };
        push(out, &format!("{}\n", json!({"type": "BOOKMARK", "object": object})));
    }
}

/// Whether the columns of a watched table were sent with an earlier event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    Sent,
    NotSent,
}

/// Whether a bookmark ends the initial events of a streamed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitialEvents {
    End,
    No,
}

fn metadata_alone(item: ObjectItem<'_>, out: &mut Vec<u8>) {
    push(out, "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",");
    item.write(ObjectPart::Meta, out);
    out.push(b'}');
}

fn push(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

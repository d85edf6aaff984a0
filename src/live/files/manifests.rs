//! What files declare: their texts are read once more, whole, when a question asks for what facts do not hold.

use std::borrow::Cow;
use std::io::Read as _;

use serde_json::Value;

use super::read::type_of_names;
use super::source::{FileText, SourceTexts};
use super::split::{Piece, as_document, pieces};
use super::stored;
use super::{Changes, Loaded, Problem};
use crate::change::{Op, Saved};
use crate::kinds;
use crate::live::snapshot;
use crate::manifests::{Manifests, row_of};

/// What loaded files declare; objects without a namespace are in `namespace`.
///
/// What could not be read was told when they were loaded; here it is missing.
pub fn manifests(loaded: &Loaded, namespace: &str) -> Manifests {
    let mut found = loaded.source.manifests(namespace);
    found.missing.extend(not_read(loaded));
    found
}

/// What of files could not be read, as it is told where it may be missing.
pub fn not_read(loaded: &Loaded) -> Vec<String> {
    let told = |it: &Problem| format!("{} could not be read: {}", it.whole_place(), it.what);
    loaded.not_read.iter().map(told).collect()
}

impl SourceTexts {
    /// What these files declare by now; what was not read of them at first is not told.
    pub fn manifests(&self, namespace: &str) -> Manifests {
        let mut found = Manifests::default();
        for file in &self.files {
            match text(&file.text) {
                Ok(text) => declared(&text, namespace, &mut found),
                Err(error) => drop(found.missing.insert(format!("{} could not be read again: {error}", file.label))),
            }
        }
        found.settle();
        found
    }
}

impl Changes {
    /// Takes what they declare for declared, and what they delete for gone.
    pub fn declare(&self, namespace: &str, found: &mut Manifests) {
        match self {
            Changes::Manifests(loaded) => found.join(manifests(loaded, namespace)),
            Changes::Fix { changes, .. } => {
                for Saved { change: it, .. } in changes {
                    match it.op {
                        Op::Create | Op::Update => object(&it.object, None, namespace, found),
                        Op::Delete => found.forget(&it.object, namespace),
                    }
                }
                found.settle();
            }
        }
    }
}

fn text(text: &FileText) -> std::io::Result<Cow<'_, str>> {
    let mut bytes = Vec::new();
    match text {
        FileText::Held(text) => return Ok(Cow::Borrowed(text)),
        FileText::Packed(packed) => packed.read(0..packed.len(), &mut bytes)?,
        FileText::There(path) => drop(std::fs::File::open(path)?.read_to_end(&mut bytes)?),
    }
    stored::text(bytes).map(Cow::Owned).map_err(std::io::Error::other)
}

fn declared(text: &str, namespace: &str, found: &mut Manifests) {
    for piece in pieces(text) {
        let raw = &text[piece.range.clone()];
        match values(&piece, raw, text) {
            Some(values) => values.iter().for_each(|it| object(it, None, namespace, found)),
            // It was a problem when it was loaded.
            None => continue,
        }
    }
}

/// The objects of a piece, parsed; nothing where it does not parse.
fn values(piece: &Piece, raw: &str, text: &str) -> Option<Vec<Value>> {
    if piece.list.is_none() && raw.trim_start().starts_with(['{', '[']) {
        let stream: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(raw).into_iter().collect();
        if let Ok(values) = stream {
            return Some(values);
        }
    }
    let document = as_document(raw, piece.list.is_some());
    let whole = |text: &str| kinds::parse_whole_yaml::<Value>(text).ok();
    let mut value = whole(&document);
    // An alias of another item's anchor.
    if let (None, Some(item)) = (&value, &piece.list) {
        let all = whole(&text[piece.document.clone()])?;
        value = all.get("items").unwrap_or(&all).get(item.number).cloned();
    }
    let mut value = value?;
    // Items of a PodList need not say what they are.
    if let (Some(item), Some(members)) = (&piece.list, value.as_object_mut())
        && item.of.kind != "List"
    {
        let kind = item.of.kind.trim_end_matches("List");
        members.entry("kind").or_insert_with(|| kind.into());
        members.entry("apiVersion").or_insert_with(|| item.of.version.as_str().into());
    }
    Some(vec![value])
}

/// An object, or those of a list.
fn object(value: &Value, list: Option<(&str, &str)>, namespace: &str, found: &mut Manifests) {
    if let Some(items) = value.as_array() {
        return items.iter().for_each(|it| object(it, None, namespace, found));
    }
    let Some((version, kind)) = type_of_names(value, list) else { return };
    if let (true, Some(items)) = (kind.ends_with("List"), value.get("items").and_then(Value::as_array)) {
        let of = kind.trim_end_matches("List");
        let of = (!of.is_empty()).then_some((version.as_str(), of));
        return items.iter().for_each(|it| object(it, of, namespace, found));
    }
    if kind == snapshot::KIND && version == snapshot::API_VERSION {
        found.missing.insert("a snapshot holds no environment, arguments or ConfigMaps".to_owned());
    }
    if let Some(row) = row_of(&version, &kind) {
        found.take(row, &value.to_string(), namespace);
    }
}

#[cfg(test)]
mod tests {
    use super::super::load_text;
    use super::*;

    fn names(text: &str) -> Vec<String> {
        let loaded = load_text("x.yaml", text, "shop").expect("it reads");
        let found = manifests(&loaded, "shop");
        let maps = found.config_maps.keys().map(|it| format!("configmap/{}/{}", it.0, it.1));
        found.templates.keys().map(ToString::to_string).chain(maps).collect()
    }

    #[test]
    fn what_files_declare_is_read_whatever_they_are_split_into() {
        let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {}}\n";
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: other}\ndata: {a: b}\n";
        assert_eq!(names(&format!("{deployment}---\n{map}")), ["deployment/shop/web", "configmap/other/c"]);
        let json = r#"{"kind":"List","apiVersion":"v1","items":[{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"}}]}"#;
        assert_eq!(names(json), ["deployment/shop/web"]);
        let items = "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n  spec: {containers: []}\n- metadata: {name: b}\n";
        assert_eq!(names(items), ["pod/shop/a", "pod/shop/b"]);
        let array = "- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: c}\n";
        assert_eq!(names(array), ["configmap/shop/c"]);
    }
}

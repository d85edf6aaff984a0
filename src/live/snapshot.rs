//! A cluster as a YAML stream that `--from` reads back to the same answers.
//!
//! ```text
//! ---
//! apiVersion: kreach/v1        what no Kubernetes object can say: coverage, unreadable objects,
//! kind: Snapshot               parts of policies that we did not understand
//! ---
//! apiVersion: v1               and then the facts, as the smallest objects that mean them
//! kind: Pod
//! ```
//!
//! It is redacted by what it is: facts hold no annotations, environments, images or secrets. Versions are kept,
//! and uids where the cluster keeps them. `restore` is the other half: it takes the Snapshot object back in, after `files` has read the rest.

mod bends;
mod state;

use std::collections::BTreeMap;
use std::io::Write;

use serde::Deserialize;
use serde_json::{Value, json};

pub use state::restore;

use crate::kinds::{self, KindSpec};
use crate::model::cluster::Cluster;
use crate::model::facts::place;
use crate::model::id::Kind;
use crate::text::written;

/// What marks a snapshot's own object.
pub const API_VERSION: &str = "kreach/v1";
/// Its kind.
pub const KIND: &str = "Snapshot";

/// The kind of the mark at its end.
pub const END: &str = "SnapshotEnd";

/// How a snapshot begins.
const BEGIN: &str = "---\napiVersion: kreach/v1\n";

/// Writes a cluster as a snapshot.
pub fn write(cluster: &Cluster, out: &mut dyn Write) -> std::io::Result<()> {
    documents(cluster, &mut |it| document(it, out))
}

/// Writes the same as one document of JSON, a List with an item a line.
pub fn write_json(cluster: &Cluster, out: &mut dyn Write) -> std::io::Result<()> {
    let (mut line, mut before) = (Vec::new(), "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[\n");
    documents(cluster, &mut |it| {
        line.clear();
        written::json_line(it, &mut line)?;
        out.write_all(before.as_bytes())?;
        before = ",\n";
        out.write_all(&line)
    })?;
    out.write_all(b"\n]}\n")
}

/// Every document of a snapshot, in order.
fn documents(cluster: &Cluster, each: &mut dyn FnMut(&Value) -> std::io::Result<()>) -> std::io::Result<()> {
    each(&state::snapshot(cluster))?;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for fact in cluster.all() {
        let id = fact.id();
        let kept = cluster.kept.as_ref().and_then(|it| it.get(&id)).copied().unwrap_or_default();
        if let Some(object) = kinds::object(&fact, cluster.version(&id).unwrap_or(0), kept) {
            *counts.entry(object["kind"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
            each(&object)?;
        }
    }
    each(&json!({ "apiVersion": API_VERSION, "kind": END, "counts": counts }))
}

/// Whether a text begins as a snapshot does, or is so little of one that nothing else is left.
pub fn begins(text: &str) -> bool {
    text.starts_with(BEGIN) || text.len() > "---\n".len() && BEGIN.starts_with(text)
}

/// What a snapshot lacks by the counts of its end mark (as JSON), when objects of these kinds were read.
pub fn missing(end: &str, read: &[Kind]) -> Option<String> {
    #[derive(Deserialize)]
    struct EndMark {
        counts: BTreeMap<String, usize>,
    }
    let Ok(EndMark { counts }) = serde_json::from_str(end) else { return Some("its end mark is not whole".to_owned()) };
    let of = |word: &str| read.iter().filter(|it| kinds::spec(**it).is_some_and(|it| it.word == word)).count();
    let short = counts.iter().map(|(word, count)| (word, *count, of(word))).find(|(_, count, found)| found < count);
    short.map(|(word, count, found)| format!("it says that it holds {count} {word}, and {found} are there"))
}

/// The kinds of which a snapshot that was cut may lack objects, when this was the last that was read.
pub fn kinds_from(last: Option<Kind>) -> Vec<&'static KindSpec> {
    let from = last.map_or(0, place);
    kinds::KINDS.iter().filter(|it| place(it.kind) >= from).collect()
}

fn document(object: &Value, out: &mut dyn Write) -> std::io::Result<()> {
    out.write_all(b"---\n")?;
    written::yaml(object, out)
}

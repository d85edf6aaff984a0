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

mod objects;
mod policies;
mod secured;
mod state;

use std::collections::BTreeMap;
use std::io::Write;

use serde::Deserialize;
use serde_json::{Value, json};

pub use state::restore;

use crate::kinds::{self, KindSpec};
use crate::model::cluster::{Cluster, WORKLOAD_KINDS};
use crate::model::facts::{Fact, Kept, Uid};
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

/// The kinds in the order in which a snapshot holds them; those that stand nowhere here are policies.
const ORDER: [&[Kind]; 10] = [
    &[Kind::NAMESPACE],
    &[Kind::NODE],
    &[Kind::SERVICE_ACCOUNT],
    &WORKLOAD_KINDS,
    &[Kind::POD],
    &[Kind::SERVICE],
    &[Kind::ENDPOINT_SLICE],
    &[],
    &[Kind::ROLE, Kind::CLUSTER_ROLE],
    &[Kind::ROLE_BINDING, Kind::CLUSTER_ROLE_BINDING],
];
const POLICIES: usize = 7;

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
    let mut put = |mut object: Value, kept: Kept| {
        if kept.uid != Uid::Absent {
            object["metadata"]["uid"] = kept.uid.to_string().into();
        }
        if kept.created != 0 {
            object["metadata"]["creationTimestamp"] = objects::time(kept.created).into();
        }
        *counts.entry(object["kind"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        each(&object)
    };
    cluster
        .namespaces
        .iter()
        .filter(|it| !it.implied)
        .try_for_each(|it| put(objects::namespace(it), kept(cluster, it)))?;
    cluster.nodes.iter().try_for_each(|it| put(objects::node(it), kept(cluster, it)))?;
    cluster.service_accounts.iter().try_for_each(|it| put(objects::service_account(it), kept(cluster, it)))?;
    cluster.workloads.iter().try_for_each(|it| put(objects::workload(it), kept(cluster, it)))?;
    let listed = cluster.pods.iter().filter(|it| objects::is_listed(it)).map(|it| (it, kept(cluster, it)));
    listed.into_iter().try_for_each(|(it, kept)| put(objects::pod(it, kept), kept))?;
    cluster.services.iter().try_for_each(|it| put(objects::service(it), kept(cluster, it)))?;
    cluster.endpoint_slices.iter().try_for_each(|it| put(objects::endpoint_slice(it), kept(cluster, it)))?;
    cluster.policies.iter().try_for_each(|it| put(policies::policy(it), kept(cluster, it)))?;
    cluster.roles.iter().try_for_each(|it| put(objects::role(it), kept(cluster, it)))?;
    cluster.bindings.iter().try_for_each(|it| put(objects::binding(it), kept(cluster, it)))?;
    each(&json!({ "apiVersion": API_VERSION, "kind": END, "counts": counts }))
}

/// Whether a text begins as a snapshot does, or is so little of one that nothing else is left.
pub fn begins(text: &str) -> bool {
    text.starts_with(BEGIN) || text.len() > "---\n".len() && BEGIN.starts_with(text)
}

/// What a snapshot lacks by the counts of its end mark (as JSON), when objects of these kinds were read.
pub fn missing(end: &str, read: &[Kind]) -> Option<String> {
    #[derive(Deserialize)]
    struct End {
        counts: BTreeMap<String, usize>,
    }
    let Ok(End { counts }) = serde_json::from_str(end) else { return Some("its end mark is not whole".to_owned()) };
    let of = |word: &str| read.iter().filter(|it| kinds::spec(**it).is_some_and(|it| it.word == word)).count();
    let short = counts.iter().map(|(word, count)| (word, *count, of(word))).find(|(_, count, found)| found < count);
    short.map(|(word, count, found)| format!("it says that it holds {count} {word}, and {found} are there"))
}

/// The kinds of which a snapshot that was cut may lack objects, when this was the last that was read.
pub fn kinds_from(last: Option<Kind>) -> Vec<&'static KindSpec> {
    let place = |kind: Kind| ORDER.iter().position(|it| it.contains(&kind)).unwrap_or(POLICIES);
    let from = last.map_or(0, place);
    kinds::KINDS.iter().filter(|it| place(it.kind) >= from).collect()
}

/// What is kept of an object beside its fact.
fn kept(cluster: &Cluster, fact: &impl Fact) -> Kept {
    cluster.kept.as_ref().and_then(|it| it.get(&fact.id())).copied().unwrap_or_default()
}

fn document(object: &Value, out: &mut dyn Write) -> std::io::Result<()> {
    out.write_all(b"---\n")?;
    written::yaml(object, out)
}

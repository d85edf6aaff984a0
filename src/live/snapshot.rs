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
//! It is redacted by what it is: facts hold no annotations, environments, images or secrets. Uids and versions are
//! kept. `restore` is the other half: it takes the Snapshot object back in, after `files` has read the rest.

mod objects;
mod policies;
mod state;

use std::io::Write;

use serde_json::Value;

pub use state::restore;

use crate::model::cluster::Cluster;

/// What marks a snapshot's own object.
pub const API_VERSION: &str = "kreach/v1";
/// Its kind.
pub const KIND: &str = "Snapshot";

/// Writes a cluster as a snapshot.
pub fn write(cluster: &Cluster, out: &mut dyn Write) -> std::io::Result<()> {
    let mut put = |object: Value| document(&object, out);
    put(state::snapshot(cluster))?;
    cluster.namespaces.iter().filter(|it| !it.implied).try_for_each(|it| put(objects::namespace(it)))?;
    cluster.nodes.iter().try_for_each(|it| put(objects::node(it)))?;
    cluster.service_accounts.iter().try_for_each(|it| put(objects::service_account(it)))?;
    cluster.workloads.iter().try_for_each(|it| put(objects::workload(it)))?;
    cluster.pods.iter().filter(|it| objects::is_listed(it)).try_for_each(|it| put(objects::pod(it)))?;
    cluster.services.iter().try_for_each(|it| put(objects::service(it)))?;
    cluster.endpoint_slices.iter().try_for_each(|it| put(objects::endpoint_slice(it)))?;
    cluster.policies.iter().try_for_each(|it| put(policies::policy(it)))?;
    cluster.roles.iter().try_for_each(|it| put(objects::role(it)))?;
    cluster.bindings.iter().try_for_each(|it| put(objects::binding(it)))
}

fn document(object: &Value, out: &mut dyn Write) -> std::io::Result<()> {
    let text = serde_saphyr::to_string(object).map_err(std::io::Error::other)?;
    writeln!(out, "---\n{}", text.trim_end())
}

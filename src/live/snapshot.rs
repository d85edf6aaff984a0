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
mod state;

use std::io::Write;

use serde_json::Value;

pub use state::restore;

use crate::model::cluster::Cluster;
use crate::model::facts::{Fact, Kept, Uid};

/// What marks a snapshot's own object.
pub const API_VERSION: &str = "kreach/v1";
/// Its kind.
pub const KIND: &str = "Snapshot";

/// Writes a cluster as a snapshot.
pub fn write(cluster: &Cluster, out: &mut dyn Write) -> std::io::Result<()> {
    document(&state::snapshot(cluster), out)?;
    let mut put = |mut object: Value, kept: Kept| {
        if kept.uid != Uid::Absent {
            object["metadata"]["uid"] = kept.uid.to_string().into();
        }
        if kept.created != 0 {
            object["metadata"]["creationTimestamp"] = objects::time(kept.created).into();
        }
        document(&object, out)
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
    cluster.bindings.iter().try_for_each(|it| put(objects::binding(it), kept(cluster, it)))
}

/// What is kept of an object beside its fact.
fn kept(cluster: &Cluster, fact: &impl Fact) -> Kept {
    cluster.kept.as_ref().and_then(|it| it.get(&fact.id())).copied().unwrap_or_default()
}

fn document(object: &Value, out: &mut dyn Write) -> std::io::Result<()> {
    let text = serde_saphyr::to_string(object).map_err(std::io::Error::other)?;
    writeln!(out, "---\n{}", text.trim_end())
}

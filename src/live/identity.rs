//! Which cluster this is, and the few namespaces that one may see by name.
//!
//! A restored etcd, or another cluster behind the same address, goes on under the same names with another history
//! (G5). The uid of the namespace `kube-system` tells one cluster from another; it is asked for every five minutes
//! and when a connection comes back. Who may not see it is not bothered with that.

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use serde::Deserialize;
use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};

use super::fault::Fault;
use super::health::Batch;
use super::request::{get, object};
use super::transfer;
use super::watch::{Report, Shared};
use crate::kinds::{Intern, spec};
use crate::model::cluster::Delta;
use crate::model::coverage::{Coverage, Scope};
use crate::model::id::Kind;
use crate::model::name::Name;

/// How often the cluster is asked who it is.
const EVERY: Duration = Duration::from_secs(300);
/// How soon again at the earliest.
const AGAIN: Duration = Duration::from_secs(30);
/// How large a namespace may be.
const CAP: usize = 4 << 20;

#[derive(Deserialize)]
struct Object {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    uid: String,
}

async fn read_namespace(client: &Client, name: &str) -> Result<Vec<u8>, Fault> {
    let spec = spec(Kind::NAMESPACE).expect("the table has namespaces");
    transfer::read(client, get(&object(spec, spec.version, "", name)), CAP).await
}

/// Reports when the cluster has become another one.
pub async fn keep(client: Client, reports: mpsc::Sender<Report>, again: Arc<Notify>) {
    let mut known: Option<String> = None;
    loop {
        let text = read_namespace(&client, "kube-system").await;
        let uid = text.ok().and_then(|it| serde_json::from_slice::<Object>(&it).ok()).map(|it| it.metadata.uid);
        if let (Some(known), Some(uid)) = (&known, &uid)
            && known != uid
        {
            let notices = vec!["this is another cluster than before: everything is read again".to_owned()];
            let batch = Batch { notices, ..Batch::default() };
            let (kind, scope) = (Kind::NAMESPACE, Scope::Everywhere);
            let report = Report { kind, scope, batch, denied: false, rewound: true, absent: false };
            if reports.send(report).await.is_err() {
                return;
            }
        }
        known = uid.or(known);
        sleep(AGAIN).await;
        let _ = timeout(EVERY - AGAIN, again.notified()).await;
    }
}

/// Reads one namespace by its name, now and again, where all of them may not be listed.
pub async fn keep_namespace(shared: Shared, name: Name) {
    let spec = spec(Kind::NAMESPACE).expect("the table has namespaces");
    let mut intern = Intern::new();
    loop {
        if let Ok(text) = read_namespace(&shared.client, &name).await {
            let read = spec.read_json(&String::from_utf8_lossy(&text), "", &mut intern).delta();
            let (kind, scope) = (Kind::NAMESPACE, Scope::Namespace(name.clone()));
            let covered = Delta::Covered { kind, scope: scope.clone(), coverage: Coverage::Live };
            let batch = Batch { deltas: read.into_iter().chain([covered]).collect(), ..Batch::default() };
            let report = Report { kind, scope, batch, denied: false, rewound: false, absent: false };
            if shared.reports.send(report).await.is_err() {
                return;
            }
        }
        sleep(EVERY).await;
    }
}

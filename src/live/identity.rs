//! Which cluster this is.
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

use super::fault::LiveFault;
use super::health::Batch;
use super::request::{get, object};
use super::transfer;
use super::watch::Report;
use crate::kinds::spec;
use crate::model::coverage::Scope;
use crate::model::id::Kind;

/// How often the cluster is asked who it is.
const EVERY: Duration = Duration::from_secs(300);
/// How soon again at the earliest.
const AGAIN: Duration = Duration::from_secs(30);
/// How large a namespace may be.
const CAP: usize = 4 << 20;

#[derive(Deserialize)]
struct ObjectWithUid {
    metadata: UidMetadata,
}

#[derive(Deserialize)]
struct UidMetadata {
    uid: String,
}

pub(super) async fn read_namespace(client: &Client, name: &str) -> Result<Vec<u8>, LiveFault> {
    let spec = spec(Kind::NAMESPACE).expect("the table has namespaces");
    transfer::read(client, get(&object(spec, spec.version, "", name)), CAP).await
}

/// Reports when the cluster has become another one.
pub async fn keep(client: Client, reports: mpsc::Sender<Report>, again: Arc<Notify>) {
    let mut known: Option<String> = None;
    loop {
        let text = read_namespace(&client, "kube-system").await;
        let uid = text.ok().and_then(|it| serde_json::from_slice::<ObjectWithUid>(&it).ok()).map(|it| it.metadata.uid);
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

//! Which of the optional kinds the API serves, and in which version.
//!
//! Absence counts only when the server listed its groups and ours was not among them (E10): a 404 from something in
//! between proves nothing. A group that cannot be asked leaves its own kinds open and no others (E11).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::Client;
use serde::Deserialize;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::fault::LiveFault;
use super::pace::Pace;
use super::request::{get, group_path};
use super::transfer;
use crate::kinds::{KindSpec, Presence};
use crate::model::id::Kind;

/// How large an answer of discovery may be; some hundred CRDs are some hundred kilobytes.
const CAP: usize = 16 << 20;

/// How often discovery is asked (E10), and how soon again when a kind has gone.
const EVERY: Duration = Duration::from_secs(60);
const AGAIN: Duration = Duration::from_secs(10);

/// What is known of one kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KindDiscovery {
    /// In this version.
    Served(String),
    Absent,
    /// It could not be asked; when it was absent at last, where that is known.
    Unsure {
        fault: LiveFault,
        absent: Option<Timestamp>,
    },
}

/// What discovery found, kind by kind; kinds it was not asked for are missing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Discovered(pub BTreeMap<Kind, KindDiscovery>);

/// `APIGroupList`; an answer without its groups proves nothing (E10).
#[derive(Deserialize)]
pub(super) struct ApiGroupList {
    pub groups: Vec<ApiGroup>,
}

#[derive(Deserialize)]
pub(super) struct ApiGroup {
    pub name: String,
    #[serde(default)]
    versions: Vec<ApiGroupVersion>,
}

#[derive(Deserialize)]
struct ApiGroupVersion {
    version: String,
}

impl ApiGroup {
    /// Whether it is served in this version.
    pub fn serves(&self, version: &str) -> bool {
        self.versions.iter().any(|it| it.version == version)
    }
}

/// `APIResourceList`; an answer without its resources proves nothing (E10).
#[derive(Deserialize)]
struct Resources {
    resources: Vec<ApiResource>,
}

#[derive(Deserialize)]
struct ApiResource {
    name: String,
}

/// Asks the server which of these kinds it serves; kinds that every server has are left out.
pub async fn discover(client: &Client, kinds: &[&'static KindSpec]) -> Discovered {
    let optional = || kinds.iter().filter(|it| it.presence == Presence::IfServed);
    if optional().next().is_none() {
        return Discovered::default();
    }
    let groups: ApiGroupList = match ask(client, "/apis").await {
        Ok(groups) => groups,
        Err(fault) => return Discovered(optional().map(|it| (it.kind, unsure(&fault))).collect()),
    };
    let mut asked = BTreeMap::new();
    let mut found = BTreeMap::new();
    for spec in optional() {
        let it = match groups.groups.iter().find(|it| it.name == spec.group) {
            Some(group) => find(client, spec, group, &mut asked).await,
            None => KindDiscovery::Absent,
        };
        found.insert(spec.kind, it);
    }
    Discovered(found)
}

fn unsure(fault: &LiveFault) -> KindDiscovery {
    KindDiscovery::Unsure { fault: fault.clone(), absent: None }
}

/// The version of a served group that has the kind: the one our reader is written for, else the server's first.
async fn find(
    client: &Client,
    spec: &KindSpec,
    group: &ApiGroup,
    asked: &mut BTreeMap<String, Result<Vec<String>, LiveFault>>,
) -> KindDiscovery {
    let mut versions: Vec<&str> = group.versions.iter().map(|it| it.version.as_str()).collect();
    versions.sort_by_key(|it| *it != spec.version);
    for version in versions {
        let path = group_path(spec.group, version);
        if !asked.contains_key(&path) {
            asked.insert(path.clone(), resources(client, &path).await);
        }
        match asked.get(&path) {
            Some(Ok(names)) if names.iter().any(|it| it == spec.plural) => {
                return KindDiscovery::Served(version.to_owned());
            }
            Some(Err(fault)) => return unsure(fault),
            _ => {}
        }
    }
    KindDiscovery::Absent
}

async fn resources(client: &Client, path: &str) -> Result<Vec<String>, LiveFault> {
    let read: Resources = ask(client, path).await?;
    Ok(read.resources.into_iter().map(|it| it.name).collect())
}

/// Whether the answer of [`super::request::Ask::Group`] names this kind.
///
/// # Errors
/// It is no answer of discovery.
pub fn names(text: &[u8], spec: &KindSpec) -> Result<bool, LiveFault> {
    let read: Result<Resources, _> = serde_json::from_slice(text);
    let read = read.map_err(|_| LiveFault::garbled("the group's resources are not what an API server writes"))?;
    Ok(read.resources.iter().any(|it| it.name == spec.plural))
}

async fn ask<T: serde::de::DeserializeOwned>(client: &Client, path: &str) -> Result<T, LiveFault> {
    let text = transfer::read(client, get(path), CAP).await?;
    serde_json::from_slice(&text).map_err(|_| LiveFault::garbled(&format!("{path} is not what an API server writes")))
}

/// Asks which optional kinds there are, every minute, and soon after one has gone.
pub async fn keep(client: Client, kinds: Vec<&'static KindSpec>, found: watch::Sender<Discovered>, again: Arc<Notify>) {
    let mut pace = Pace::new("discovery");
    let mut asked = None;
    loop {
        pace.asked(Instant::now());
        let next = discover(&client, &kinds).await;
        let failed = next.0.values().any(|it| matches!(it, KindDiscovery::Unsure { .. }));
        found.send_if_modified(|held| keep_sure(held, next, asked));
        if failed {
            pace.failed(Instant::now(), None);
            sleep_until(pace.due().unwrap_or_else(Instant::now)).await;
            continue;
        }
        pace.succeeded();
        asked = Some(Timestamp::now());
        sleep(AGAIN).await;
        // Told or not, a minute later it is time.
        let _ = timeout(EVERY - AGAIN, again.notified()).await;
    }
}

/// Takes over what is sure, and what was not known before; says whether anything changed.
///
/// What was absent when it could be asked at last is so no more than as of then; what was served is followed, and
/// needs no discovery.
fn keep_sure(held: &mut Discovered, next: Discovered, asked: Option<Timestamp>) -> bool {
    let mut changed = false;
    for (kind, found) in next.0 {
        let found = match (held.0.get(&kind), found) {
            (Some(KindDiscovery::Served(_)), KindDiscovery::Unsure { .. }) => continue,
            (Some(KindDiscovery::Absent), KindDiscovery::Unsure { fault, .. }) => {
                KindDiscovery::Unsure { fault, absent: asked }
            }
            (Some(KindDiscovery::Unsure { absent, .. }), KindDiscovery::Unsure { fault, .. }) => {
                KindDiscovery::Unsure { fault, absent: *absent }
            }
            (_, found) => found,
        };
        changed |= held.0.insert(kind, found.clone()).as_ref() != Some(&found);
    }
    changed
}

//! What a live cluster's manifests declare, read once: workloads, Services, Ingresses and routes, and the ConfigMaps that
//! workloads name. Secrets are never asked for.
//!
//! ```text
//! workloads, Services, entrances ─► pods that none of them made ─► each ConfigMap that is named, by its name
//! ```
//!
//! What is refused is missing: answers say so. A kind that the server does not have declares nothing.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::discovery::{ApiGroup, ApiGroupList};
use super::endless::ListBound;
use super::fault::LiveFault;
use super::read::{OBJECT_CAP, Reader};
use super::request::{self, Ask};
use super::transfer::{PAGE_CAP, WHOLE_CAP};
use crate::manifests::{DeclaringKind, Manifests, ROWS};
use crate::model::coverage::Scope;
use crate::model::name::Name;

/// How many objects a page holds.
const PAGE: u32 = 500;

#[derive(Deserialize)]
struct ManifestPage {
    #[serde(default)]
    metadata: ListMetadata,
    items: Option<Vec<Box<RawValue>>>,
}

#[derive(Deserialize, Default)]
struct ListMetadata {
    #[serde(rename = "continue", default)]
    continues: Option<String>,
}

impl Reader {
    /// Reads all that a cluster's manifests declare.
    ///
    /// # Errors
    /// The first request that failed for another reason than not being allowed.
    pub async fn manifests(&self) -> Result<Manifests, LiveFault> {
        self.manifests_told(&|_, _| {}).await
    }

    /// The same; who waits is told how many kinds of how many are read.
    ///
    /// # Errors
    /// As those of [`Reader::manifests`].
    pub async fn manifests_told(&self, tell: &(dyn Fn(usize, usize) + Sync)) -> Result<Manifests, LiveFault> {
        let mut found = Manifests::default();
        let groups = self.groups().await?;
        // Pods come last of them: nearly all were made by what is known by then, and are not kept.
        for (at, row) in ROWS.iter().filter(|it| it.word != "ConfigMap").enumerate() {
            tell(at, ROWS.len());
            if let Some(version) = version(row, &groups) {
                self.all_of(row, version, &mut found).await?;
            }
        }
        found.settle();
        tell(ROWS.len() - 1, ROWS.len());
        self.config_maps(&mut found).await?;
        Ok(found)
    }

    /// The versions of each group that is served.
    async fn groups(&self) -> Result<Vec<ApiGroup>, LiveFault> {
        let text = self.send(request::get("/apis"), PAGE_CAP).await?;
        let read: Result<ApiGroupList, _> = serde_json::from_slice(&text);
        read.map(|it| it.groups).map_err(|_| LiveFault::garbled("/apis is not what an API server writes"))
    }

    /// All objects of a kind; where that is forbidden, those of the namespaces that are looked into.
    async fn all_of(&self, row: &'static DeclaringKind, version: &str, found: &mut Manifests) -> Result<(), LiveFault> {
        match self.declared(row, version, &Scope::Everywhere, found).await {
            Ok(()) => Ok(()),
            // Not served, or no longer.
            Err(fault) if fault.status() == Some(404) => Ok(()),
            Err(fault) if fault.status() == Some(403) => {
                found.missing.insert(format!("{} cannot be listed: {}", row.plural, fault.what));
                for namespace in self.namespaces().iter().filter(|_| row.is_namespaced) {
                    match self.declared(row, version, &Scope::Namespace(namespace.clone()), found).await {
                        Err(fault) if fault.status() == Some(403) => {}
                        other => other?,
                    }
                }
                Ok(())
            }
            Err(fault) => Err(fault),
        }
    }

    async fn declared(
        &self,
        row: &DeclaringKind,
        version: &str,
        scope: &Scope,
        found: &mut Manifests,
    ) -> Result<(), LiveFault> {
        let (mut bound, mut continues) = (ListBound::default(), String::new());
        loop {
            let ask = Ask::Page { continues: std::mem::take(&mut continues), limit: PAGE };
            let page = self.send(request::declared(row, version, scope, &ask), PAGE_CAP).await;
            let (text, is_whole) = match page {
                Err(fault) if fault.wants_relist() => {
                    (self.send(request::declared(row, version, scope, &Ask::Whole), WHOLE_CAP).await?, true)
                }
                page => (page?, false),
            };
            let list: Result<ManifestPage, _> = serde_json::from_slice(&text);
            let list = list.map_err(|_| LiveFault::garbled(&format!("a list of {} cannot be read", row.plural)))?;
            let items = list.items.unwrap_or_default();
            items.iter().for_each(|it| found.take(row, it.get(), ""));
            continues = list.metadata.continues.unwrap_or_default();
            let rest = bound.page(items.len(), &continues)?;
            if continues.is_empty() || is_whole {
                return Ok(());
            }
            tokio::time::sleep(rest).await;
        }
    }

    /// The ConfigMaps that workloads name, and no others.
    async fn config_maps(&self, found: &mut Manifests) -> Result<(), LiveFault> {
        let row = ROWS.iter().find(|it| it.word == "ConfigMap").expect("the table has ConfigMaps");
        let named: BTreeSet<(String, String)> = found.named_config_maps();
        let reads = named.iter().map(|(namespace, name)| {
            let path = request::declared_object(row, "v1", namespace, name);
            async move { self.send(request::get(&path), OBJECT_CAP).await }
        });
        // Each waits for its turn among the few that may be under way.
        let read = futures::future::join_all(reads).await;
        for ((namespace, name), text) in named.iter().zip(read) {
            match text {
                Ok(text) => found.take(row, &String::from_utf8_lossy(&text), namespace),
                Err(fault) if fault.status() == Some(404) => {}
                Err(fault) if fault.status() == Some(403) => {
                    found.missing.insert(format!("configmap/{namespace}/{name} cannot be read: {}", fault.what));
                    found.unread_maps.insert((namespace.clone(), name.clone()));
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    /// Where to look when a kind may not be listed as a whole.
    fn namespaces(&self) -> &[Name] {
        &self.shared().namespaces
    }
}

/// The version in which a kind is asked for; nothing where its group is not served.
fn version<'a>(row: &'a DeclaringKind, groups: &'a [ApiGroup]) -> Option<&'a str> {
    if row.group.is_empty() {
        return row.versions.first().copied();
    }
    let group = groups.iter().find(|it| it.name == row.group)?;
    row.versions.iter().copied().find(|it| group.serves(it))
}

//! All that a server serves, by discovery: two requests where it aggregates, one for each group version where not.
//!
//! ```text
//! GET /api, GET /apis, as APIGroupDiscoveryList     every group, version, resource and subresource
//! GET /apis/GROUP/VERSION, six at a time            the same of servers before 1.26, group by group
//! ```
//!
//! A group that cannot be asked leaves its own resources open and no others (E11): a gap, never an error.

use std::collections::BTreeSet;

use futures::{StreamExt as _, TryFutureExt as _, stream};
use serde::Deserialize;

use super::fault::LiveFault;
use super::read::Reader;
use super::request::{get, group_path, groups, segment};
use crate::model::id::ResourceScope;
use crate::model::name::Name;
use crate::rbac::served::{Served, ServedResource};

/// How large an answer may be; some hundred CRDs are some hundred kilobytes.
const CAP: usize = 16 << 20;
/// How many groups are asked at once where the server does not aggregate.
const AT_ONCE: usize = 6;

/// What `/api` and `/apis` answer: aggregated, or the older two.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Root {
    kind: String,
    /// Of `APIGroupDiscoveryList`.
    items: Option<Vec<DiscoveryGroup>>,
    /// Of `APIVersions`: those of the core group.
    versions: Option<Vec<String>>,
    /// Of `APIGroupList`.
    groups: Option<Vec<ListedGroup>>,
}

impl Root {
    /// Whether it says anything: what is served is told by no empty object (E10).
    fn is_answer(&self) -> bool {
        match self.kind.as_str() {
            "APIGroupDiscoveryList" => self.items.is_some(),
            _ => self.versions.is_some() || self.groups.is_some(),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct DiscoveryGroup {
    metadata: NamedMetadata,
    versions: Vec<DiscoveryVersion>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct NamedMetadata {
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct DiscoveryVersion {
    freshness: String,
    resources: Vec<Aggregated>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Aggregated {
    resource: String,
    scope: String,
    singular_resource: String,
    verbs: Vec<String>,
    short_names: Vec<String>,
    subresources: Vec<Subresource>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Subresource {
    subresource: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ListedGroup {
    name: String,
    versions: Vec<ListedVersion>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ListedVersion {
    version: String,
}

/// `APIResourceList`.
#[derive(Deserialize)]
struct ApiResourceList {
    resources: Vec<ListedResource>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ListedResource {
    /// `pods`, or `pods/log`.
    name: String,
    singular_name: String,
    namespaced: bool,
    verbs: Vec<String>,
    short_names: Vec<String>,
}

/// What was learned so far.
#[derive(Default)]
struct ServedSoFar {
    resources: Vec<ServedResource>,
    unsure: BTreeSet<Name>,
    /// Groups and versions that are still to be asked.
    open: Vec<(String, String)>,
}

impl Reader {
    /// Asks for all that the server serves.
    ///
    /// # Errors
    /// Its groups cannot be listed at all.
    pub async fn served(&self) -> Result<Served, LiveFault> {
        let (core, others) = futures::try_join!(self.root("/api"), self.root("/apis"))?;
        let mut found = ServedSoFar::default();
        found.take(core);
        found.take(others);
        let open = std::mem::take(&mut found.open);
        let ask = |(group, version): (String, String)| async move {
            let listed = self.listed(&group, &version).await;
            (group, listed)
        };
        let mut answers = stream::iter(open).map(ask).buffered(AT_ONCE);
        while let Some((group, listed)) = answers.next().await {
            match listed {
                Ok(listed) => found.list(&group, listed),
                Err(_) => drop(found.unsure.insert(group.into())),
            }
        }
        Ok(Served::discovered(found.resources, found.unsure))
    }

    async fn root(&self, path: &'static str) -> Result<Root, LiveFault> {
        let text = self.send(groups(path), CAP).await?;
        let read: Option<Root> = serde_json::from_slice(&text).ok().filter(Root::is_answer);
        read.ok_or_else(|| LiveFault::garbled(&format!("{path} is not what an API server writes")))
    }

    async fn listed(&self, group: &str, version: &str) -> Result<ApiResourceList, LiveFault> {
        let path = group_path(&segment(group), &segment(version));
        let garbled = |_| LiveFault::garbled(&format!("{path} is not what an API server writes"));
        self.send(get(&path), CAP).and_then(|it| async move { serde_json::from_slice(&it).map_err(garbled) }).await
    }
}

impl ServedSoFar {
    fn take(&mut self, root: Root) {
        if root.kind == "APIGroupDiscoveryList" {
            root.items.into_iter().flatten().for_each(|it| self.aggregated(it));
            return;
        }
        self.open.extend(root.versions.into_iter().flatten().map(|it| (String::new(), it)));
        for group in root.groups.into_iter().flatten() {
            self.open.extend(group.versions.into_iter().map(|it| (group.name.clone(), it.version)));
        }
    }

    fn aggregated(&mut self, group: DiscoveryGroup) {
        let name = Name::from(&group.metadata.name);
        for version in group.versions {
            // An aggregated API that is down is told as it last was, which may be not at all.
            if version.freshness == "Stale" {
                self.unsure.insert(name.clone());
            }
            self.resources.extend(version.resources.into_iter().map(|it| it.of(&name)));
        }
    }

    /// Takes in one group version; subresources stand beside their resource, before or after it.
    fn list(&mut self, group: &str, listed: ApiResourceList) {
        let group = Name::from(group);
        for it in listed.resources {
            let (name, subresource) = it.name.split_once('/').unwrap_or((&it.name, ""));
            let whole = subresource.is_empty();
            // What is known of a subresource alone is merged into its resource.
            self.resources.push(ServedResource {
                group: group.clone(),
                name: name.into(),
                singular: if whole { it.singular_name.as_str().into() } else { Name::empty() },
                short: it.short_names.iter().map(Name::from).collect(),
                subresources: (!whole).then(|| Name::from(subresource)).into_iter().collect(),
                scope: if it.namespaced { ResourceScope::Namespaced } else { ResourceScope::Cluster },
                verbs: if whole { it.verbs.iter().map(Name::from).collect() } else { Vec::new() },
            });
        }
    }
}

impl Aggregated {
    fn of(self, group: &Name) -> ServedResource {
        ServedResource {
            group: group.clone(),
            name: self.resource.into(),
            singular: self.singular_resource.into(),
            short: self.short_names.into_iter().map(Name::from).collect(),
            subresources: self.subresources.into_iter().map(|it| it.subresource.into()).collect(),
            scope: if self.scope == "Cluster" { ResourceScope::Cluster } else { ResourceScope::Namespaced },
            verbs: self.verbs.into_iter().map(Name::from).collect(),
        }
    }
}

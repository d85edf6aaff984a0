//! One-shot reads: what one question needs of a live cluster, and no more.
//!
//! ```text
//! needs ─► requests, six at a time ─► facts, coverage ─► needs again, since facts name other objects ─► … ─► none
//! ```
//!
//! What was not read is [`Coverage::Unread`], what was refused is `Forbidden`; neither is ever taken for absence.
//! An object that was asked for by name and is not there makes its kind be listed in its namespace: then its absence
//! is proven, and the names near it are known. Nothing here waits for a server that is away: a command fails.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use tokio::sync::{OnceCell, Semaphore};
use tokio::task::JoinSet;

use super::connect::Connected;
use super::discovery::{self, Discovered, KindDiscovery, discover};
use super::endless::ListBound;
use super::fault::{LiveFault, LiveFaultClass};
use super::request::{self, Ask};
use super::transfer::{self, PAGE_CAP, WHOLE_CAP};
use crate::ask::needs::{Needs, ReadNeed};
use crate::kinds::{self, Intern, KINDS, KindSpec, ListPage, Presence, ReadOutcome, policies};
use crate::model::cluster::{Cluster, Delta};
use crate::model::coverage::{Coverage, Scope};
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::owner::is_workload;

/// How many requests may be under way.
const AT_ONCE: usize = 6;
/// How many objects a page holds.
const PAGE: u32 = 500;
/// How large one object may be.
pub(super) const OBJECT_CAP: usize = 4 << 20;

/// Reads from one server.
#[derive(Clone)]
pub struct Reader(Arc<ReaderParts>);

pub(super) struct ReaderParts {
    client: Client,
    /// Where to look when a kind may not be listed as a whole.
    pub(super) namespaces: Vec<Name>,
    /// How long one request may take.
    deadline: Option<Duration>,
    at_once: Semaphore,
    discovered: OnceCell<Discovered>,
}

/// What one read brought.
#[derive(Default)]
pub struct Brought {
    pub deltas: Vec<Delta>,
    /// Whose pods are known now.
    pub address: Option<IpAddr>,
    /// The pods of which namespace on which node are known now.
    pub node: Option<(Name, Name)>,
}

impl Reader {
    /// A reader of the server that is connected, which looks into the context's namespace and into these where a kind
    /// is forbidden as a whole.
    pub fn of(connected: &Connected, mut namespaces: Vec<Name>) -> Self {
        namespaces.push(connected.namespace.as_str().into());
        namespaces.sort();
        namespaces.dedup();
        Self::within(connected.client.clone(), namespaces, connected.request_timeout)
    }

    /// A reader that looks into these namespaces where a whole kind is forbidden.
    pub fn new(client: Client, namespaces: Vec<Name>) -> Self {
        Self::within(client, namespaces, None)
    }

    /// The same, each of whose requests may take so long.
    pub fn within(client: Client, namespaces: Vec<Name>, deadline: Option<Duration>) -> Self {
        let at_once = Semaphore::new(AT_ONCE);
        Self(Arc::new(ReaderParts { client, namespaces, deadline, at_once, discovered: OnceCell::new() }))
    }

    /// Reads these things into a cluster.
    ///
    /// # Errors
    /// The first request that failed for another reason than not being allowed.
    pub async fn read(&self, cluster: &mut Cluster, needs: &Needs) -> Result<(), LiveFault> {
        self.bring(needs, |brought| {
            brought.deltas.into_iter().for_each(|it| drop(cluster.apply(it)));
            cluster.coverage.addresses.extend(brought.address);
            cluster.coverage.nodes.extend(brought.node);
        })
        .await
    }

    /// Reads these things and hands over what each read brought, in the order in which they come.
    ///
    /// # Errors
    /// The first request that failed for another reason than not being allowed.
    pub async fn bring(&self, needs: &Needs, mut take: impl FnMut(Brought)) -> Result<(), LiveFault> {
        let mut tasks = JoinSet::new();
        for read in &needs.0 {
            let (reader, read) = (self.clone(), read.clone());
            tasks.spawn(async move { reader.one(&read).await });
        }
        while let Some(done) = tasks.join_next().await {
            match done {
                Ok(brought) => take(brought?),
                Err(broken) => std::panic::resume_unwind(broken.into_panic()),
            }
        }
        Ok(())
    }

    async fn one(&self, read: &ReadNeed) -> Result<Brought, LiveFault> {
        let deltas = match read {
            ReadNeed::One(id) => self.object(id).await?,
            ReadNeed::All { kind, scope } => self.all(*kind, scope).await?,
            ReadNeed::Policies(scope) => self.each(policies(), scope).await?,
            ReadNeed::ClusterPolicies => {
                self.each(policies().filter(|it| !it.is_namespaced()), &Scope::Everywhere).await?
            }
            ReadNeed::Owners(scope) => self.each(KINDS.iter().filter(|it| is_workload(it.kind)), scope).await?,
            ReadNeed::PodsAt(address) => return self.pods_at(*address).await,
            ReadNeed::PodsOn { namespace, node } => return self.pods_on(namespace, node).await,
        };
        Ok(Brought { deltas, ..Brought::default() })
    }

    /// Several kinds at once in one scope; kinds of the cluster as a whole are read as a whole.
    async fn each(
        &self,
        kinds: impl Iterator<Item = &'static KindSpec>,
        scope: &Scope,
    ) -> Result<Vec<Delta>, LiveFault> {
        let reads = kinds.map(|spec| {
            let scope = if spec.is_namespaced() { scope.clone() } else { Scope::Everywhere };
            async move { self.all(spec.kind, &scope).await }
        });
        Ok(futures::future::try_join_all(reads).await?.into_iter().flatten().collect())
    }

    /// The version in which a kind is to be asked for; else why that is not known, `None`: it is not served.
    pub(super) async fn version(&self, spec: &'static KindSpec) -> Result<String, Option<LiveFault>> {
        if spec.presence == Presence::Always {
            return Ok(spec.version.to_owned());
        }
        let all = || async {
            let kinds: Vec<&'static KindSpec> = KINDS.iter().collect();
            discover(&self.0.client, &kinds).await
        };
        match self.0.discovered.get_or_init(all).await.0.get(&spec.kind) {
            Some(KindDiscovery::Served(version)) => Ok(version.clone()),
            Some(KindDiscovery::Unsure { fault, .. }) => Err(Some(fault.clone())),
            Some(KindDiscovery::Absent) | None => Err(None),
        }
    }

    /// All objects of a kind in a scope, and that scope's coverage.
    async fn all(&self, kind: Kind, scope: &Scope) -> Result<Vec<Delta>, LiveFault> {
        let Some(spec) = kinds::spec(kind) else { return Ok(Vec::new()) };
        let covered = |scope: &Scope, coverage| Delta::Covered { kind, scope: scope.clone(), coverage };
        let version = match self.version(spec).await {
            Ok(version) => version,
            Err(why) => return Ok(vec![covered(&Scope::Everywhere, unserved(why.as_ref()))]),
        };
        match self.list(spec, &version, scope, "").await {
            Ok(page) => {
                let coverage = read(spec, &page);
                Ok(listed(kind, scope, page).chain([covered(scope, coverage)]).collect())
            }
            Err(fault) if fault.status() == Some(403) => {
                let mut deltas = vec![covered(scope, Coverage::Forbidden { why: fault.what.as_str().into() })];
                if *scope == Scope::Everywhere && spec.is_namespaced() {
                    deltas.extend(self.in_namespaces(spec, &version).await?);
                }
                Ok(deltas)
            }
            Err(fault) if fault.status() == Some(404) && !self.is_named(spec, &version).await? => {
                Ok(vec![covered(&Scope::Everywhere, Coverage::NotServed)])
            }
            Err(fault) => Err(fault),
        }
    }

    /// Whether a kind's own group names it: after a 404, which alone proves nothing.
    async fn is_named(&self, spec: &'static KindSpec, version: &str) -> Result<bool, LiveFault> {
        let text = self.send(request::list(spec, version, &Scope::Everywhere, &Ask::Group), PAGE_CAP).await?;
        discovery::names(&text, spec)
    }

    /// What may be listed of a kind that may not be listed as a whole.
    async fn in_namespaces(&self, spec: &'static KindSpec, version: &str) -> Result<Vec<Delta>, LiveFault> {
        let mut deltas = Vec::new();
        for name in &self.0.namespaces {
            let scope = Scope::Namespace(name.clone());
            let coverage = match self.list(spec, version, &scope, "").await {
                Ok(page) => {
                    let coverage = read(spec, &page);
                    deltas.extend(listed(spec.kind, &scope, page));
                    coverage
                }
                Err(fault) if fault.status() == Some(403) => Coverage::Forbidden { why: fault.what.as_str().into() },
                Err(fault) => return Err(fault),
            };
            deltas.push(Delta::Covered { kind: spec.kind, scope, coverage });
        }
        Ok(deltas)
    }

    /// A whole list; a page that expired makes it begin again, without pages (G3).
    async fn list(
        &self,
        spec: &'static KindSpec,
        version: &str,
        scope: &Scope,
        filter: &str,
    ) -> Result<ListPage, LiveFault> {
        let mut intern = Intern::new();
        let (mut whole, mut bound) = (ListPage::default(), ListBound::default());
        loop {
            let ask = Ask::Page { continues: std::mem::take(&mut whole.continues), limit: PAGE };
            let page = match self.page(spec, version, scope, &ask, filter, &mut intern).await {
                Err(fault) if fault.wants_relist() => {
                    return self.page(spec, version, scope, &Ask::Whole, filter, &mut intern).await;
                }
                page => page?,
            };
            let rest = bound.page(page.entries.len() + page.unreadable.len() + page.notes.len(), &page.continues)?;
            whole.entries.extend(page.entries);
            whole.unreadable.extend(page.unreadable);
            whole.notes.extend(page.notes);
            whole.continues = page.continues;
            if whole.continues.is_empty() {
                return Ok(whole);
            }
            if !rest.is_zero() {
                tokio::time::sleep(rest).await;
            }
        }
    }

    async fn page(
        &self,
        spec: &'static KindSpec,
        version: &str,
        scope: &Scope,
        ask: &Ask,
        filter: &str,
        intern: &mut Intern,
    ) -> Result<ListPage, LiveFault> {
        let cap = if *ask == Ask::Whole { WHOLE_CAP } else { PAGE_CAP };
        let text = self.send(request::filtered(spec, version, scope, ask, filter), cap).await?;
        kinds::read_list(spec, &text, intern).map_err(|it| LiveFault::of_wire(&it))
    }

    pub(super) fn shared(&self) -> &ReaderParts {
        &self.0
    }

    pub(super) async fn send(
        &self,
        request: http::Request<kube::client::Body>,
        cap: usize,
    ) -> Result<Vec<u8>, LiveFault> {
        let _turn = self.0.at_once.acquire().await.ok();
        let read = transfer::read(&self.0.client, request, cap);
        let Some(deadline) = self.0.deadline else { return read.await };
        let late = || {
            LiveFault::new(
                LiveFaultClass::Timeout,
                &format!("no answer within --request-timeout={}s", deadline.as_secs()),
            )
        };
        tokio::time::timeout(deadline, read).await.unwrap_or_else(|_| Err(late()))
    }

    /// One object by name.
    async fn object(&self, id: &ObjectId) -> Result<Vec<Delta>, LiveFault> {
        let Some(spec) = kinds::spec(id.kind) else { return Ok(Vec::new()) };
        // Of a namespace its name is the scope, so that it alone can be known.
        let own = if id.kind == Kind::NAMESPACE { &id.name } else { &id.namespace };
        let scope = if own.is_empty() { Scope::Everywhere } else { Scope::Namespace(own.clone()) };
        let version = match self.version(spec).await {
            Ok(version) => version,
            Err(why) => {
                let coverage = unserved(why.as_ref());
                return Ok(vec![Delta::Covered { kind: id.kind, scope: Scope::Everywhere, coverage }]);
            }
        };
        let path = request::object(spec, &version, &id.namespace, &id.name);
        let covered = |coverage| Delta::Covered { kind: id.kind, scope: scope.clone(), coverage };
        match self.send(request::get(&path), OBJECT_CAP).await {
            Ok(text) => {
                let read = spec.read_json(&String::from_utf8_lossy(&text), &id.namespace, &mut Intern::new());
                if matches!(read, ReadOutcome::Noted(_)) {
                    return Err(LiveFault::garbled(&format!("the answer is not {id}")));
                }
                let known = (id.kind == Kind::NAMESPACE).then(|| covered(Coverage::Live));
                Ok(read.delta().into_iter().chain(known).collect())
            }
            Err(fault) if fault.status() == Some(404) => {
                let all = if id.namespace.is_empty() { Scope::Everywhere } else { scope };
                self.all(id.kind, &all).await
            }
            Err(fault) if fault.status() == Some(403) => {
                Ok(vec![covered(Coverage::Forbidden { why: fault.what.as_str().into() })])
            }
            Err(fault) => Err(fault),
        }
    }

    /// The pods that hold an address.
    ///
    /// Servers select by a pod's first address alone. Where that is of the other family, all pods are read.
    async fn pods_at(&self, address: IpAddr) -> Result<Brought, LiveFault> {
        let spec = kinds::spec(Kind::POD).expect("the table has pods");
        let filter = format!("&fieldSelector=status.podIP%3D{}", request::value(&address.to_string()));
        let page = match self.list(spec, spec.version, &Scope::Everywhere, &filter).await {
            Err(fault) if fault.status() == Some(403) => {
                let coverage = Coverage::Forbidden { why: fault.what.as_str().into() };
                let covered = Delta::Covered { kind: Kind::POD, scope: Scope::Everywhere, coverage };
                return Ok(Brought { deltas: vec![covered], ..Brought::default() });
            }
            page => page?,
        };
        let is_broken = !page.unreadable.is_empty() || !page.notes.is_empty();
        if is_broken || page.entries.is_empty() && !self.first_addresses_are_like(address).await? {
            let deltas = self.all(Kind::POD, &Scope::Everywhere).await?;
            return Ok(Brought { deltas, address: (!is_broken).then_some(address), node: None });
        }
        Ok(Brought { deltas: put(page), address: Some(address), node: None })
    }

    /// The pods of a namespace on one node; where they may not be listed, nothing is known of them.
    async fn pods_on(&self, namespace: &Name, node: &Name) -> Result<Brought, LiveFault> {
        let spec = kinds::spec(Kind::POD).expect("the table has pods");
        let filter = format!("&fieldSelector=spec.nodeName%3D{}", request::value(node));
        match self.list(spec, spec.version, &Scope::Namespace(namespace.clone()), &filter).await {
            Ok(page) if !page.notes.is_empty() || !page.unreadable.is_empty() => {
                Ok(Brought { deltas: put(page), ..Brought::default() })
            }
            Ok(page) => {
                let node = Some((namespace.clone(), node.clone()));
                Ok(Brought { deltas: put(page), address: None, node })
            }
            Err(fault) if fault.status() == Some(403) => Ok(Brought::default()),
            Err(fault) => Err(fault),
        }
    }

    /// Whether pods' first addresses are of this family; where no pod has one, it makes no difference.
    async fn first_addresses_are_like(&self, address: IpAddr) -> Result<bool, LiveFault> {
        #[derive(serde::Deserialize)]
        struct PodPage {
            items: Vec<Item>,
        }
        #[derive(serde::Deserialize)]
        struct Item {
            #[serde(default)]
            status: PodIpStatus,
        }
        #[derive(serde::Deserialize, Default)]
        #[serde(rename_all = "camelCase", default)]
        struct PodIpStatus {
            pod_ip: Option<IpAddr>,
        }
        let text = self.send(request::get("/api/v1/pods?limit=50"), PAGE_CAP).await?;
        let list: PodPage =
            serde_json::from_slice(&text).map_err(|_| LiveFault::garbled("a list of pods cannot be read"))?;
        let mut first = list.items.iter().filter_map(|it| it.status.pod_ip).peekable();
        Ok(first.peek().is_none() || first.any(|it| it.is_ipv4() == address.is_ipv4()))
    }
}

/// What is known of a kind that has no version to ask for.
fn unserved(why: Option<&LiveFault>) -> Coverage {
    why.map_or(Coverage::NotServed, not_read)
}

/// Why a kind could not be asked for: a missing right is one reason among others.
fn not_read(fault: &LiveFault) -> Coverage {
    let why = fault.what.as_str().into();
    if fault.status() == Some(403) { Coverage::Forbidden { why } } else { Coverage::Failed { why } }
}

/// What is known of a kind after its list: an object without a name could be any.
fn read(spec: &KindSpec, page: &ListPage) -> Coverage {
    match page.notes.len() {
        0 => Coverage::Live,
        count => Coverage::Failed { why: kinds::nameless(spec, count).into() },
    }
}

/// What was listed of a part of a kind.
fn put(page: ListPage) -> Vec<Delta> {
    let lost = page.unreadable.into_iter().map(|(id, problems)| Delta::Unreadable { id, problems });
    let read = page.entries.into_iter().map(Delta::Put).chain(lost);
    read.chain(page.notes.into_iter().map(Delta::Noted)).collect()
}

/// A list as steps into a cluster.
fn listed(kind: Kind, scope: &Scope, page: ListPage) -> impl Iterator<Item = Delta> {
    let lost = page.unreadable.into_iter().map(|(id, problems)| Delta::Unreadable { id, problems });
    let listed = Delta::Listed { kind, scope: scope.clone(), entries: page.entries };
    std::iter::once(listed).chain(lost).chain(page.notes.into_iter().map(Delta::Noted))
}

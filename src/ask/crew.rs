//! What stands behind a workload or a Service, taken together: how many pods, how they are isolated, by how many policies.
//!
//! ```text
//! deployment/shop/web   3 pods, 3 running   in+out   2 policies
//! service/shop/db       2 backends, 1 not ready   in
//! ```
//!
//! It is asked for what is on the screen, and kept until something that it rests on changes.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::backends::{self, Routes};
use super::directory::Directory;
use super::end::PortAsk;
use super::isolation::Isolation;
use super::workload::FoundWorkloads;
use super::world::World;
use crate::model::cluster::FactChange;
use crate::model::facts::{Phase, Pod, SharedPod};
use crate::model::id::{PodId, WorkloadId};
use crate::model::name::Name;
use crate::net::IsolationCounts;

/// How several pods are isolated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CrewIsolation {
    /// There is none that a policy could select.
    #[default]
    Nobody,
    /// All alike.
    All(Isolation),
    /// Some otherwise than others; whether one of them is not isolated at all, or on its node's network.
    Mixed { is_open: bool },
}

impl CrewIsolation {
    /// One short word.
    pub const fn as_str(self) -> &'static str {
        match self {
            CrewIsolation::Nobody => "-",
            CrewIsolation::All(it) => it.as_str(),
            CrewIsolation::Mixed { .. } => "some",
        }
    }

    /// Whether some pod is open to everything, and that is certain.
    pub fn is_open(self) -> bool {
        match self {
            CrewIsolation::Nobody => false,
            CrewIsolation::All(it) => is_open(it),
            CrewIsolation::Mixed { is_open } => is_open,
        }
    }

    fn with(self, isolation: Isolation) -> Self {
        match self {
            CrewIsolation::Nobody => CrewIsolation::All(isolation),
            CrewIsolation::All(it) if it == isolation => self,
            CrewIsolation::All(it) => CrewIsolation::Mixed { is_open: is_open(it) || is_open(isolation) },
            CrewIsolation::Mixed { is_open: before } => CrewIsolation::Mixed { is_open: before || is_open(isolation) },
        }
    }
}

fn is_open(isolation: Isolation) -> bool {
    matches!(isolation, Isolation::OPEN | Isolation::Host)
}

/// Pods taken together.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Crew {
    /// Those that have not finished.
    pub pods: usize,
    pub running: usize,
    pub isolation: CrewIsolation,
    /// How many policies select the one that most select.
    pub policies: usize,
    /// The account that they run as; of several the first by name.
    pub account: Name,
}

impl Crew {
    fn add(&mut self, world: &World, pod: &Pod) {
        if pod.phase().is_finished() {
            return;
        }
        self.pods += 1;
        self.running += usize::from(pod.phase() == Phase::Running);
        self.isolation = self.isolation.with(world.isolation(pod));
        self.policies = self.policies.max(world.policy_count(pod));
        if self.account.is_empty() || *pod.service_account() < self.account {
            self.account = pod.service_account().clone();
        }
    }
}

/// What a Service leads to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ServiceBackends {
    pub ready: usize,
    pub waiting: usize,
    /// How those of its backends that are pods are isolated.
    pub isolation: CrewIsolation,
    pub policies: usize,
}

type Crews = Arc<BTreeMap<WorkloadId, Crew>>;

/// What was asked for so far.
#[derive(Clone, Debug, Default)]
pub struct KnownCrews {
    /// How the pods of each namespace are isolated.
    pub(super) counts: RefCell<BTreeMap<Name, IsolationCounts>>,
    crews: RefCell<BTreeMap<Name, Crews>>,
    fronts: RefCell<BTreeMap<(Name, Name), ServiceBackends>>,
    /// Who holds which address: looked into for backends that name no pod.
    directory: OnceCell<Arc<Directory>>,
}

impl KnownCrews {
    /// Drops what these changes may have moved.
    pub fn forget(&mut self, changes: &[FactChange]) {
        if changes.is_empty() {
            return;
        }
        self.fronts.get_mut().clear();
        self.directory = OnceCell::new();
        for change in changes {
            match change {
                FactChange::Pod(diff) => {
                    for pod in diff.before.iter().chain(&diff.after) {
                        self.counts.get_mut().remove(pod.namespace());
                        self.crews.get_mut().remove(pod.namespace());
                    }
                }
                FactChange::Workload(diff) => {
                    for workload in diff.before.iter().chain(&diff.after) {
                        self.crews.get_mut().remove(&workload.namespace);
                    }
                }
                FactChange::Policy(_)
                | FactChange::Namespace(_)
                | FactChange::Coverage(_)
                | FactChange::Readable(_) => {
                    self.counts.get_mut().clear();
                    self.crews.get_mut().clear();
                }
                _ => {}
            }
        }
    }
}

impl World {
    /// The pods of a workload, taken together; counted with all of its namespace once for each state.
    pub fn crew(&self, id: &WorkloadId) -> Crew {
        let known = self.known.crews.borrow().get(&id.namespace).cloned();
        let crews = known.unwrap_or_else(|| {
            let counted = self.count_crews(&id.namespace);
            self.known.crews.borrow_mut().insert(id.namespace.clone(), counted.clone());
            counted
        });
        crews.get(id).cloned().unwrap_or_default()
    }

    fn count_crews(&self, namespace: &str) -> Crews {
        let (mut workloads, mut crews) = (FoundWorkloads::default(), BTreeMap::<WorkloadId, Crew>::new());
        for pod in self.cluster.pods.of(namespace) {
            if let Some(id) = workloads.of(&self.cluster, pod) {
                crews.entry((*id).clone()).or_default().add(self, pod);
            }
        }
        Arc::new(crews)
    }

    /// The pods of a workload.
    pub fn pods_of<'a>(&'a self, id: &'a WorkloadId) -> impl Iterator<Item = &'a SharedPod> {
        let mut workloads = FoundWorkloads::default();
        let pods = self.cluster.pods.of(&id.namespace).iter();
        pods.filter(move |it| workloads.of(&self.cluster, it).is_some_and(|it| *it == *id))
    }

    /// The workloads of a namespace: those that its pods belong to, and those that have no pods and no controller.
    pub fn workloads_in(&self, namespace: &str) -> BTreeSet<WorkloadId> {
        let mut workloads = FoundWorkloads::default();
        let pods = self.cluster.pods.of(namespace).iter();
        let mut all: BTreeSet<WorkloadId> =
            pods.filter_map(|it| workloads.of(&self.cluster, it)).map(|it| (*it).clone()).collect();
        let topmost = self.cluster.workloads.of(namespace).iter().filter(|it| it.owner_id().is_none());
        all.extend(topmost.map(|it| it.workload_id()));
        all
    }

    /// Whether a workload is there, or pods belong to it.
    pub fn has_workload(&self, id: &WorkloadId) -> bool {
        let kind = id.kind.to_lowercase();
        let held = self.cluster.workloads.get_of_kind(&id.namespace, &id.name, &kind);
        held.is_some_and(|it| it.owner_id().is_none()) || self.pods_of(id).next().is_some()
    }

    /// What a Service leads to; asked once for each state.
    pub fn front(&self, namespace: &Name, name: &Name) -> ServiceBackends {
        let key = (namespace.clone(), name.clone());
        if let Some(known) = self.known.fronts.borrow().get(&key) {
            return known.clone();
        }
        let front = self.count_front(&key);
        self.known.fronts.borrow_mut().insert(key, front.clone());
        front
    }

    fn count_front(&self, (namespace, name): &(Name, Name)) -> ServiceBackends {
        let Some(service) = self.cluster.services.get(namespace, name).cloned().map(Arc::new) else {
            return ServiceBackends::default();
        };
        let directory = || &**self.known.directory.get_or_init(|| Arc::new(Directory::of(&self.cluster)));
        let Routes { routes, .. } =
            backends::routes(&self.cluster, directory, &service, &PortAsk::NONE).unwrap_or_default();
        let mut front = ServiceBackends {
            waiting: routes.iter().map(|it| it.not_ready).max().unwrap_or(0),
            ..ServiceBackends::default()
        };
        let (mut pods, mut others): (BTreeMap<PodId, SharedPod>, BTreeSet<String>) = Default::default();
        for backend in routes.iter().flat_map(|it| &it.backends) {
            match backend.member.pod() {
                Some(pod) => drop(pods.insert(pod.pod_id(), pod.clone())),
                None => drop(others.insert(backend.member.to_string())),
            }
        }
        front.ready = pods.len() + others.len();
        for pod in pods.values() {
            front.isolation = front.isolation.with(self.isolation(pod));
            front.policies = front.policies.max(self.policy_count(pod));
        }
        front
    }
}

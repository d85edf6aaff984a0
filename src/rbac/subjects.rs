//! Everybody whom the cluster knows, each with how much they hold, where, the worst of it, and what is odd about them.
//!
//! ```text
//! sa:ci/runner   2 bindings, in 1 namespace, worst: run pods, shared
//! user:alice     1 binding, cluster-wide, worst: everything, left
//! ```
//!
//! Who there is ([`Index::everybody`]) is cheap and needs no index of its own; what they weigh ([`Index::weigh`]) is
//! made for those who are looked at. What comes by groups that everybody of a sort has (rule 39) is told apart, or one
//! binding to `system:authenticated` would make all rows alike.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::model::cluster::Cluster;
use crate::model::coverage::Coverage;
use crate::model::facts::{Pod, SharedPod};
use crate::model::finding::{DEFAULT, Finding, FindingSort, LEFT, NEVER, SHARED, STALE, UNUSED};
use crate::model::id::{Kind, ResourceScope};
use crate::model::name::Name;
use crate::model::ownership::workload_of;
use crate::model::place::Place;
use crate::model::role::{Binding, RoleRule, SharedBinding, Subject, SubjectKind};
use crate::people::{People, Standing};

use super::danger::{self, DANGERS, Danger};
use super::dead;
use super::grant::named;
use super::identity::{Identity, MASTERS, canonical};
use super::index::{BindingEntry, CLUSTER, Index, Slot};
use super::served::Served;

/// How far the bindings that name somebody go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum BindingExtent {
    /// None names them.
    Nothing,
    /// None names them, but groups that they have by themselves or by the directory are bound.
    Groups,
    /// In this many namespaces.
    Namespaces(usize),
    /// Cluster-wide, and perhaps in namespaces besides.
    Cluster,
}

/// What one subject weighs.
#[derive(Clone, PartialEq, Debug)]
pub struct SubjectRow {
    pub subject: Subject,
    /// Bindings that name it.
    pub bindings: usize,
    pub extent: BindingExtent,
    /// The worst that bindings give which name it or a group that the directory names for it; into [`DANGERS`].
    pub worst: Option<usize>,
    /// The worst of what everybody of its sort has, by groups that come by themselves.
    pub common: Option<usize>,
    /// Unfinished pods that run as it.
    pub pods: usize,
    /// What is odd about it, the worst first.
    pub findings: Vec<Finding>,
}

impl SubjectRow {
    /// The worst that it can do of its own.
    pub fn danger(&self) -> Option<&'static Danger> {
        self.worst.map(|it| &DANGERS[it])
    }

    /// The worst that it can do as everybody of its sort.
    pub fn common_danger(&self) -> Option<&'static Danger> {
        self.common.map(|it| &DANGERS[it])
    }

    /// Whether something about it should be looked at.
    pub fn is_odd(&self) -> bool {
        self.findings.iter().any(Finding::is_bad)
    }
}

/// Pods that run as a service account, and what controls them.
struct Use {
    pods: usize,
    first: SharedPod,
    is_shared: bool,
}

/// The uses of the accounts of some namespaces.
type Uses = BTreeMap<(Name, Name), Use>;

/// What weighing many remembers from one to the next.
struct Scales<'a> {
    served: &'a Served,
    cluster: &'a Cluster,
    people: Option<&'a People>,
    uses: Uses,
    worst: FxHashMap<(Slot, ResourceScope), Option<usize>>,
}

impl Index {
    /// Everybody whom a binding names, every service account, and those that pods run as; in order, each once.
    ///
    /// As answers name them (rules 36 and 37); the names are those of the cluster's objects, not copies.
    pub fn everybody(&self, cluster: &Cluster) -> Vec<Subject> {
        let accounts = cluster.service_accounts.iter().map(|it| account(&it.meta.namespace, &it.meta.name));
        let bound = cluster.bindings.iter().flat_map(|it| subjects_of(it));
        // Pods of one workload stand together and run as one account, which is then looked up once.
        let mut last: Option<(&Name, &Name)> = None;
        let pods = cluster.pods.iter().filter(|it| {
            let account = Some((it.namespace(), it.service_account()));
            account != std::mem::replace(&mut last, account)
        });
        let missing = pods.filter_map(|it| missing_account(cluster, it));
        let mut all: Vec<Subject> = accounts.chain(bound).chain(missing).collect();
        // Accounts stand in order already, and this sort makes use of that.
        all.sort();
        all.dedup();
        all
    }

    /// Whether [`Index::everybody`] holds this subject.
    pub fn is_somebody(&self, cluster: &Cluster, subject: &Subject) -> bool {
        let (namespace, name) = (subject.namespace(), subject.name());
        if never_matches(subject) {
            return cluster.bindings.iter().any(|it| it.subjects.contains(subject));
        }
        match subject.kind() {
            SubjectKind::User | SubjectKind::Group => self.keys.of(subject).is_some(),
            SubjectKind::ServiceAccount => {
                cluster.service_accounts.get(namespace, name).is_some()
                    || self.keys.of(subject).is_some()
                    || cluster
                        .pods
                        .of(namespace)
                        .iter()
                        .any(|it| runs_as(it, name) && missing_account(cluster, it).is_some())
            }
            SubjectKind::Other(_) => false,
        }
    }

    /// The bindings that name a subject, cluster-wide first, then by namespace and name.
    pub fn bindings_of(&self, subject: &Subject) -> Vec<&SharedBinding> {
        let mut found: Vec<&SharedBinding> = self.named_entries(subject).map(|it| &it.binding).collect();
        found.sort_by(|a, b| (&a.meta.namespace, &a.meta.name).cmp(&(&b.meta.namespace, &b.meta.name)));
        found
    }

    fn named_entries(&self, subject: &Subject) -> impl Iterator<Item = &BindingEntry> {
        let rows = self.keys.of(subject).map(|it| self.keys.rows(it));
        rows.into_iter().flatten().filter_map(|(_, slot)| self.bindings.get(*slot))
    }

    /// What everybody weighs, in order.
    pub fn subjects(&self, cluster: &Cluster, people: Option<&People>, served: &Served) -> Vec<SubjectRow> {
        self.weigh(cluster, people, served, self.everybody(cluster))
    }

    /// What these weigh, in their order.
    pub fn weigh(
        &self,
        cluster: &Cluster,
        people: Option<&People>,
        served: &Served,
        subjects: Vec<Subject>,
    ) -> Vec<SubjectRow> {
        let uses = uses(cluster, &subjects);
        let mut scales = Scales { cluster, people, served, uses, worst: FxHashMap::default() };
        subjects.into_iter().map(|subject| self.row(&mut scales, subject)).collect()
    }

    fn row(&self, scales: &mut Scales<'_>, subject: Subject) -> SubjectRow {
        if never_matches(&subject) {
            let findings = vec![Finding::new(&NEVER, Place::default())];
            return SubjectRow {
                subject,
                bindings: 0,
                extent: BindingExtent::Nothing,
                worst: None,
                common: None,
                pods: 0,
                findings,
            };
        }
        let identity = person(&subject, scales.people);
        let is_master = identity.is_in(MASTERS);
        let slots = self.all_slots(&identity);
        let owned = self.all_slots(&identity.without_implied());
        let (mut worst, mut common) = (is_master.then_some(0), None);
        for slot in &slots {
            let Some(entry) = self.bindings.get(*slot) else { continue };
            let found = self.worst_of(entry, scales.served, &mut scales.worst);
            let side = if owned.binary_search(slot).is_ok() { &mut worst } else { &mut common };
            *side = [*side, found].into_iter().flatten().min();
        }
        let named: Vec<u32> = self.named_entries(&subject).map(|it| it.namespace).collect();
        let extent = if is_master { BindingExtent::Cluster } else { extent(&named, slots.len()) };
        let used = Some(&subject).filter(|it| it.kind() == SubjectKind::ServiceAccount);
        let used = used.and_then(|it| scales.uses.get(&(it.namespace().clone(), it.name().clone())));
        SubjectRow {
            bindings: named.len(),
            extent,
            worst,
            common,
            pods: used.map_or(0, |it| it.pods),
            findings: findings(scales, &subject, used, named.len()),
            subject,
        }
    }

    /// The worst of one binding's role there, without what of it is dead; each role is judged once.
    fn worst_of(
        &self,
        entry: &BindingEntry,
        served: &Served,
        known: &mut FxHashMap<(Slot, ResourceScope), Option<usize>>,
    ) -> Option<usize> {
        let scope = if entry.namespace == CLUSTER { ResourceScope::Cluster } else { ResourceScope::Namespaced };
        let (slot, role) = (entry.role()?, self.role_entry(entry)?);
        let of_rule = |it: &RoleRule| {
            danger::worst(std::slice::from_ref(it), scope)?;
            danger::worst(&[dead::living(&entry.binding, it, served)?], scope)
        };
        let judge = || role.rules().and_then(|it| it.iter().filter_map(of_rule).min());
        *known.entry((slot, scope)).or_insert_with(judge)
    }

    /// Every binding that speaks of somebody, wherever it is.
    pub(super) fn all_slots(&self, identity: &Identity) -> Vec<Slot> {
        let mut slots: Vec<Slot> = self.rows(identity).map(|(_, slot)| *slot).collect();
        slots.sort_unstable();
        slots.dedup();
        slots
    }
}

/// Somebody with the groups that a directory of people names.
pub fn person(subject: &Subject, people: Option<&People>) -> Identity {
    let identity = Identity::new(subject, &[]);
    match people {
        Some(people) if identity.subject.kind() == SubjectKind::User => {
            let groups = people.groups_of(&identity.user);
            identity.with_directory(&groups)
        }
        _ => identity,
    }
}

/// The subjects of a binding as answers name them; of a sort that never matches, as they are written.
pub fn subjects_of(binding: &Binding) -> impl Iterator<Item = Subject> {
    binding.subjects.iter().map(|subject| {
        let named = named(subject, binding);
        if never_matches(&named) { named } else { canonical(&named) }
    })
}

fn account(namespace: &Name, name: &Name) -> Subject {
    Subject::ServiceAccount { namespace: namespace.clone(), name: name.clone() }
}

fn runs_as(pod: &Pod, name: &str) -> bool {
    *pod.service_account() == *name && !pod.phase().is_finished()
}

/// The account that a pod runs as, where no such object is held; while accounts are still being listed none is missing.
pub fn missing_account(cluster: &Cluster, pod: &Pod) -> Option<Subject> {
    let (namespace, name) = (pod.namespace(), pod.service_account());
    if *cluster.coverage.of(Kind::SERVICE_ACCOUNT, namespace) == Coverage::Loading {
        return None;
    }
    let is_missing = !name.is_empty() && runs_as(pod, name) && cluster.service_accounts.get(namespace, name).is_none();
    is_missing.then(|| account(namespace, name))
}

fn extent(namespaces: &[u32], all: usize) -> BindingExtent {
    let places: BTreeSet<u32> = namespaces.iter().copied().collect();
    match places.first() {
        None if all == 0 => BindingExtent::Nothing,
        None => BindingExtent::Groups,
        Some(&CLUSTER) => BindingExtent::Cluster,
        Some(_) => BindingExtent::Namespaces(places.len()),
    }
}

/// Which pods run as the accounts of these subjects' namespaces; finished pods no longer run.
fn uses(cluster: &Cluster, subjects: &[Subject]) -> Uses {
    let accounts = subjects.iter().filter(|it| it.kind() == SubjectKind::ServiceAccount);
    let namespaces: BTreeSet<&Name> = accounts.map(|it| it.namespace()).collect();
    let mut uses = Uses::new();
    for pod in namespaces.into_iter().flat_map(|it| cluster.pods.of(it)).filter(|it| !it.phase().is_finished()) {
        let key = (pod.namespace().clone(), pod.service_account().clone());
        let of = uses.entry(key).or_insert_with(|| Use { pods: 0, first: pod.clone(), is_shared: false });
        of.is_shared |= of.pods > 0 && !of.is_shared && !belong_together(cluster, &of.first, pod);
        of.pods += 1;
    }
    uses
}

/// Whether two pods are of one workload; pods without a controller are of none.
fn belong_together(cluster: &Cluster, a: &Pod, b: &Pod) -> bool {
    // As pods write it first: most pods of an account are of one controller, which then need not be looked up.
    a.is_owned() && (a.owner() == b.owner() || workload_of(cluster, a) == workload_of(cluster, b))
}

/// Whether no request is ever this subject's: an unknown kind, an account of no namespace, or no name (CONTRACT §4).
fn never_matches(subject: &Subject) -> bool {
    match subject.kind() {
        _ if subject.name().is_empty() => true,
        SubjectKind::Other(_) => true,
        SubjectKind::ServiceAccount => subject.namespace().is_empty(),
        SubjectKind::User | SubjectKind::Group => false,
    }
}

/// What is odd about a subject, the worst first.
fn findings(scales: &Scales<'_>, subject: &Subject, used: Option<&Use>, bindings: usize) -> Vec<Finding> {
    let cluster = scales.cluster;
    let found: Vec<(&'static FindingSort, bool)> = match subject.kind() {
        SubjectKind::Group | SubjectKind::Other(_) => return Vec::new(),
        SubjectKind::User => {
            let left =
                scales.people.and_then(|it| it.person(subject.name())).is_some_and(|it| it.standing == Standing::Left);
            vec![(&LEFT, left)]
        }
        SubjectKind::ServiceAccount => {
            let exists = cluster.service_accounts.get(subject.namespace(), subject.name()).is_some();
            let is_told = |kind| cluster.coverage.is_complete(kind, subject.namespace());
            // Files often leave accounts or pods out altogether; then nothing is told of them.
            let accounts_told = is_told(Kind::SERVICE_ACCOUNT) && !cluster.service_accounts.is_empty();
            let pods_told = is_told(Kind::POD) && !cluster.pods.is_empty();
            vec![
                (&STALE, !exists && accounts_told && bindings > 0 && subject.name() != "default"),
                (&SHARED, used.is_some_and(|it| it.is_shared)),
                (&DEFAULT, subject.name() == "default"),
                (&UNUSED, exists && used.is_none() && pods_told && subject.name() != "default"),
            ]
        }
    };
    found.into_iter().filter(|(_, holds)| *holds).map(|(sort, _)| Finding::new(sort, Place::default())).collect()
}

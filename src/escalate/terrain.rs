//! What moves ask of the cluster again and again, worked out once and kept: namespaces with their pods and accounts
//! folded, and what subjects hold.
//!
//! ```text
//! shop  →  accounts [default, web: the same rules], [db]    pods [web-0 … web-9: one template], [db-0]
//! ```
//!
//! It is filled as it is asked. Whoever keeps it beside a cluster tells it every change; what it worked out from what
//! changed is then worked out again when it is next asked for.

mod forget;
mod scans;

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use crate::model::facts::SharedPod;
use crate::model::id::PodId;
use crate::model::name::Name;
use crate::model::role::{SharedBinding, SharedRole, Subject};
use crate::model::security::{SecurityLevel, Standards};
use crate::rbac::grant::named;
use crate::rbac::identity::{account_user, accounts_of, canonical};
use crate::rbac::version::Version;
use crate::rbac::{Holding, Identity};

use self::scans::Scans;
use super::Ground;
use super::admission::{Admission, admission};
use super::edges::{mounting, selects, way_out};
use super::held::crowd::{Crowd, Whose};
use super::moves::is_there;
use super::places::{is_changeable, is_running, nodes};
use super::powers::RolePowers;
use super::seen::Role;

/// A name of objects of a resource.
type NameOf = (&'static str, Name);

/// What is worked out, by what it is of; copied when it is written to and others share it.
type Table<K, V> = RefCell<Arc<FxHashMap<K, Arc<V>>>>;

/// What is kept; a clone shares it until either learns more.
#[derive(Clone, Default, Debug)]
pub struct Terrain {
    places: Table<Name, Place>,
    grants: Table<Subject, Grants>,
    roles: Table<(Name, Name), RolePowers>,
    /// Those of them that take in the rules of others.
    aggregated: RefCell<BTreeSet<(Name, Name)>>,
    namespaces: OnceCell<Arc<[Name]>>,
    nodes: OnceCell<Arc<[Name]>>,
    on_nodes: OnceCell<Arc<FxHashMap<Name, Vec<SharedPod>>>>,
    named: RefCell<Kept<Named, Subject>>,
    seen: RefCell<FxHashMap<Role, Arc<[SharedPod]>>>,
    homes: RefCell<FxHashMap<NameOf, Arc<[Name]>>>,
    absent: RefCell<Kept<Absent, Name>>,
    admission: OnceCell<Arc<Privileged>>,
    crowd: RefCell<Kept<Crowd, Name>>,
    mounted: RefCell<Kept<Crowd, Name>>,
    leaving: OnceCell<Arc<[SharedPod]>>,
    scans: Scans,
}

/// The service accounts that bindings name and that are not there, by namespace.
pub type Absent = BTreeMap<Name, Vec<Name>>;

/// What is kept, and of what it is not true any more.
#[derive(Clone, Debug)]
struct Kept<T, K> {
    whole: Option<Arc<T>>,
    stale: BTreeSet<K>,
}

impl<T, K> Default for Kept<T, K> {
    fn default() -> Self {
        Self { whole: None, stale: BTreeSet::new() }
    }
}

impl<T: Clone, K: Ord> Kept<T, K> {
    /// It as it is now: whole where nothing was kept, else with what is stale worked out again.
    fn now(&mut self, whole: impl FnOnce() -> T, renew: impl FnOnce(&mut T, &BTreeSet<K>)) -> Arc<T> {
        let stale = std::mem::take(&mut self.stale);
        let kept = self.whole.get_or_insert_with(|| Arc::new(whole()));
        if !stale.is_empty() {
            renew(Arc::make_mut(kept), &stale);
        }
        kept.clone()
    }

    /// It is not true of this any more.
    fn forget(&mut self, of: &K)
    where
        K: Clone,
    {
        if self.whole.is_some() {
            self.stale.insert(of.clone());
        }
    }
}

/// One namespace.
#[derive(Debug, Default)]
pub struct Place {
    /// Its service accounts, those of equal rules together.
    pub accounts: Vec<AccountClass>,
    /// The pods that run, those of one template together.
    pub pods: Vec<PodClass>,
    standards: Vec<Standards>,
    class_of_account: FxHashMap<Name, u32>,
    class_of_pod: FxHashMap<PodKey, u32>,
    /// The accounts whose tokens pods mount, with the first class of these pods.
    mounted: BTreeMap<Name, u32>,
    backing: OnceLock<Backing>,
}

/// Which pods of a namespace stand behind which of its Services.
#[derive(Debug, Default)]
struct Backing {
    /// By class of pods the Services that select them.
    services: Vec<Vec<Name>>,
    /// By Service the first class.
    first: FxHashMap<Name, u32>,
}

/// What pods of one class share: their template, and their node where they have anything of it.
type PodKey = (usize, Option<Name>);

/// Service accounts of a namespace that hold the same.
#[derive(Debug)]
pub struct AccountClass {
    pub names: Vec<Name>,
    pub grants: Arc<Grants>,
}

/// Pods of a namespace that are made alike; on one node, where they have anything of their node.
#[derive(Debug)]
pub struct PodClass {
    pub pods: Vec<SharedPod>,
}

/// What somebody holds by bindings.
#[derive(Debug, Default)]
pub struct Grants {
    pub all: Vec<Granted>,
}

/// What one binding gives.
#[derive(Clone, Debug)]
pub struct Granted {
    pub binding: SharedBinding,
    /// `None`: the role is not there.
    pub role: Option<(SharedRole, Arc<RolePowers>)>,
}

impl Granted {
    /// Where it holds; empty: the whole cluster.
    pub fn scope(&self) -> &Name {
        &self.binding.meta.namespace
    }

    /// Whether its role gives every verb on every resource.
    pub fn gives_everything(&self) -> bool {
        self.role.as_ref().is_some_and(|(_, powers)| powers.everything)
    }
}

/// The namespaces by what they say of a privileged pod, as the server's version has it; those that refuse it are in neither.
#[derive(Debug, Default)]
pub struct Privileged {
    version: Option<Version>,
    pub admit: Vec<Name>,
    pub unknown: Vec<Name>,
}

/// Everybody whom bindings name, as answers name them.
#[derive(Clone, Debug, Default)]
pub struct Named {
    pub users: BTreeSet<Subject>,
    pub groups: BTreeSet<Subject>,
    /// Service accounts by namespace.
    pub accounts: BTreeMap<Name, BTreeSet<Name>>,
}

impl Place {
    /// The number of an account's class; `None`: it is not there.
    pub fn class_of_account(&self, name: &str) -> Option<u32> {
        self.class_of_account.get(name).copied()
    }

    /// The number of a pod's class; `None`: it does not run.
    pub fn class_of_pod(&self, pod: &SharedPod) -> Option<u32> {
        self.class_of_pod.get(&pod_key(pod)).copied()
    }

    /// What its changeable pods meet of the Pod Security Standards, each once.
    pub fn standards(&self) -> &[Standards] {
        &self.standards
    }

    /// The accounts whose tokens are mounted into pods that run, by name.
    pub fn mounted(&self) -> impl Iterator<Item = &Name> {
        self.mounted.keys()
    }

    /// The first pod that mounts the token of an account.
    pub fn mounting(&self, account: &str) -> Option<&SharedPod> {
        self.mounted.get(account).and_then(|it| self.pods[*it as usize].pods.first())
    }

    /// The first pod that a Service of this namespace selects.
    pub fn selected(&self, ground: &Ground<'_>, namespace: &Name, service: &str) -> Option<&SharedPod> {
        let first = self.backing(ground, namespace).first.get(service);
        first.and_then(|it| self.pods[*it as usize].pods.first())
    }

    /// The Services of this namespace that select a pod that runs.
    pub fn services_of(&self, ground: &Ground<'_>, pod: &SharedPod) -> &[Name] {
        let services = &self.backing(ground, pod.namespace()).services;
        self.class_of_pod(pod).and_then(|it| services.get(it as usize)).map_or(&[], Vec::as_slice)
    }

    fn backing(&self, ground: &Ground<'_>, namespace: &Name) -> &Backing {
        self.backing.get_or_init(|| {
            let mut all = Backing { services: vec![Vec::new(); self.pods.len()], first: FxHashMap::default() };
            for service in ground.cluster.services.of(namespace).iter() {
                let is_its = |it: &PodClass| it.pods.first().is_some_and(|it| selects(service, it));
                for (class, _) in self.pods.iter().enumerate().filter(|(_, it)| is_its(it)) {
                    all.services[class].push(service.meta.name.clone());
                    all.first.entry(service.meta.name.clone()).or_insert(class as u32);
                }
            }
            all
        })
    }

    /// The first pod that runs.
    pub fn first_pod(&self) -> Option<PodId> {
        self.pods.first().and_then(|it| it.pods.first()).map(|it| it.pod_id())
    }

    /// All accounts, by name.
    pub fn accounts(&self) -> BTreeSet<&Name> {
        self.accounts.iter().flat_map(|it| &it.names).collect()
    }
}

impl Ground<'_> {
    /// A namespace, folded.
    pub fn place(&self, namespace: &Name) -> Arc<Place> {
        if let Some(found) = self.terrain.places.borrow().get(namespace) {
            return found.clone();
        }
        let place = Arc::new(place(self, namespace));
        Arc::make_mut(&mut self.terrain.places.borrow_mut()).insert(namespace.clone(), place.clone());
        place
    }

    /// What a subject holds, in no groups but those that come by themselves.
    pub fn grants(&self, subject: &Subject) -> Arc<Grants> {
        if let Some(found) = self.terrain.grants.borrow().get(subject) {
            return found.clone();
        }
        let grants = Arc::new(self.grants_of(&Identity::new(subject, &[])));
        Arc::make_mut(&mut self.terrain.grants.borrow_mut()).insert(subject.clone(), grants.clone());
        grants
    }

    /// What somebody holds; not kept.
    pub fn grants_of(&self, identity: &Identity) -> Grants {
        let granted = |it: Holding| Granted {
            binding: it.binding,
            role: it.role.map(|(role, effective)| {
                let powers = self.powers_of(&role, || RolePowers::of(&effective.rules));
                (role, powers)
            }),
        };
        Grants { all: self.rbac.permissions(identity).into_iter().map(granted).collect() }
    }

    /// A role as moves see it; `None`: it is not there.
    pub fn role_powers(&self, namespace: &Name, name: &Name) -> Option<Arc<RolePowers>> {
        let (role, effective) = self.rbac.role(namespace, name)?;
        Some(self.powers_of(role, || RolePowers::of(&effective.rules)))
    }

    fn powers_of(&self, role: &SharedRole, read: impl FnOnce() -> RolePowers) -> Arc<RolePowers> {
        let key = (role.meta.namespace.clone(), role.meta.name.clone());
        if let Some(found) = self.terrain.roles.borrow().get(&key) {
            return found.clone();
        }
        if role.aggregates().is_some() {
            self.terrain.aggregated.borrow_mut().insert(key.clone());
        }
        let powers = Arc::new(read());
        Arc::make_mut(&mut self.terrain.roles.borrow_mut()).insert(key, powers.clone());
        powers
    }

    /// Every namespace, by name.
    pub fn all_namespaces(&self) -> Arc<[Name]> {
        self.terrain.namespaces.get_or_init(|| self.cluster.namespace_names().into_iter().collect()).clone()
    }

    /// Every node, also one that only pods name, by name; where none is known there is still some node.
    pub fn nodes(&self) -> Arc<[Name]> {
        self.terrain.nodes.get_or_init(|| nodes(self.cluster)).clone()
    }

    /// Whether a node is there.
    pub fn has_node(&self, name: &str) -> bool {
        self.nodes().binary_search_by(|it| it.as_str().cmp(name)).is_ok()
    }

    /// The pods that run, by their node.
    pub fn pods_on_nodes(&self) -> Arc<FxHashMap<Name, Vec<SharedPod>>> {
        let by_node = || {
            let mut all: FxHashMap<Name, Vec<SharedPod>> = FxHashMap::default();
            for pod in self.cluster.pods.iter().filter(|it| is_running(it)) {
                all.entry(pod.node().clone()).or_default().push(pod.clone());
            }
            Arc::new(all)
        };
        self.terrain.on_nodes.get_or_init(by_node).clone()
    }

    /// Everybody whom bindings name.
    pub fn named(&self) -> Arc<Named> {
        let renew = |named: &mut Named, stale: &BTreeSet<Subject>| {
            stale.iter().for_each(|it| named.put(it, self.rbac.names(it)));
        };
        self.terrain.named.borrow_mut().now(|| named_of(self), renew)
    }

    /// The namespaces in which an object of this name is there.
    pub fn homes(&self, resource: &'static str, name: &Name) -> Arc<[Name]> {
        let key = (resource, name.clone());
        if let Some(found) = self.terrain.homes.borrow().get(&key) {
            return found.clone();
        }
        let has = |it: &&Name| is_there(self, resource, it, name);
        let homes: Arc<[Name]> = self.all_namespaces().iter().filter(has).cloned().collect();
        self.terrain.homes.borrow_mut().insert(key, homes.clone());
        homes
    }

    /// The service accounts that bindings name and that are not there, by namespace.
    pub fn absent_accounts(&self) -> Arc<Absent> {
        let named = self.named();
        let renew = |absent: &mut Absent, stale: &BTreeSet<Name>| {
            for namespace in stale {
                absent.remove(namespace);
                let place = self.place(namespace);
                let names = named.accounts.get(namespace).into_iter().flatten();
                let names: Vec<Name> = names.filter(|it| place.class_of_account(it).is_none()).cloned().collect();
                absent.extend((!names.is_empty()).then(|| (namespace.clone(), names)));
            }
        };
        let whole = || {
            let mut all = Absent::new();
            renew(&mut all, &named.accounts.keys().cloned().collect());
            all
        };
        self.terrain.absent.borrow_mut().now(whole, renew)
    }

    /// Very many accounts together.
    pub fn crowd(&self, whose: Whose) -> Arc<Crowd> {
        let renew = |crowd: &mut Crowd, stale: &BTreeSet<Name>| crowd.renew(self, stale);
        let kept = match whose {
            Whose::All => &self.terrain.crowd,
            Whose::Mounted => &self.terrain.mounted,
        };
        kept.borrow_mut().now(|| Crowd::of(self, whose), renew)
    }

    /// Of the pods that run those out of whose containers a way leads to their node: of a node the first, and the first
    /// from which it is sure.
    pub fn leaving(&self) -> Arc<[SharedPod]> {
        self.terrain.leaving.get_or_init(|| leaving(self)).clone()
    }

    /// What namespaces say of a privileged pod.
    pub fn privileged(&self) -> Arc<Privileged> {
        let kept = self.terrain.admission.get_or_init(|| Arc::new(privileged(self)));
        if kept.version == self.version { kept.clone() } else { Arc::new(privileged(self)) }
    }

    /// The pod of this name.
    pub fn pod(&self, id: &PodId) -> Option<&SharedPod> {
        self.cluster.pods.get(&id.namespace, &id.name)
    }
}

fn leaving(ground: &Ground<'_>) -> Arc<[SharedPod]> {
    let mut seen: BTreeSet<(Name, bool)> = BTreeSet::new();
    let mut all = Vec::new();
    for namespace in ground.all_namespaces().iter() {
        let place = ground.place(namespace);
        for pod in place.pods.iter().filter_map(|it| it.pods.first()).filter(|it| !it.node().is_empty()) {
            let way = way_out(pod.mold.host_access());
            let mut is_new = |is_sure: bool| seen.insert((pod.node().clone(), is_sure));
            all.extend(way.map(|it| it.1.is_none()).filter(|it| is_new(*it)).map(|_| pod.clone()));
        }
    }
    all.into()
}

fn privileged(ground: &Ground<'_>) -> Privileged {
    let mut all = Privileged { version: ground.version, ..Privileged::default() };
    for namespace in ground.all_namespaces().iter() {
        match admission(ground, namespace, SecurityLevel::Privileged) {
            Admission::Admitted => all.admit.push(namespace.clone()),
            Admission::Unknown(_) => all.unknown.push(namespace.clone()),
            Admission::Refused(_) => {}
        }
    }
    all
}

fn named_of(ground: &Ground<'_>) -> Named {
    let mut all = Named::default();
    for binding in ground.cluster.bindings.iter() {
        binding.subjects.iter().for_each(|it| all.put(&canonical(&named(it, binding)), true));
    }
    all
}

impl Named {
    /// Somebody whom bindings name, or name no more.
    fn put(&mut self, subject: &Subject, is_named: bool) {
        fn set<T: Ord + Clone>(all: &mut BTreeSet<T>, it: &T, is_in: bool) {
            if is_in {
                all.insert(it.clone())
            } else {
                all.remove(it)
            };
        }
        match subject {
            it if it.name().is_empty() => {}
            Subject::User(_) => set(&mut self.users, subject, is_named),
            Subject::Group(_) => set(&mut self.groups, subject, is_named),
            Subject::ServiceAccount { namespace, name } => {
                let names = self.accounts.entry(namespace.clone()).or_default();
                set(names, name, is_named);
                if names.is_empty() {
                    self.accounts.remove(namespace);
                }
            }
            Subject::Other { .. } => {}
        }
    }
}

fn place(ground: &Ground<'_>, namespace: &Name) -> Place {
    let mut place = Place::default();
    pods(ground, namespace, &mut place);
    let changeable = place.pods.iter().filter_map(|it| it.pods.first()).filter(|it| is_changeable(it));
    place.standards = changeable.map(|it| it.mold.standards).collect::<BTreeSet<_>>().into_iter().collect();
    accounts(ground, namespace, &mut place);
    for (class, pod) in (0..).zip(&place.pods).filter_map(|(class, it)| Some((class, it.pods.first()?))) {
        if mounting(ground, pod).is_some() {
            place.mounted.entry(pod.mold.service_account.clone()).or_insert(class);
        }
    }
    place
}

fn pod_key(pod: &SharedPod) -> PodKey {
    let has_more = *pod.mold.host_access() != Default::default();
    (triomphe::Arc::as_ptr(&pod.mold) as usize, has_more.then(|| pod.node().clone()))
}

/// The pods of a namespace that run, folded.
fn pods(ground: &Ground<'_>, namespace: &Name, place: &mut Place) {
    for pod in ground.cluster.pods.of(namespace).iter().filter(|it| is_running(it)) {
        let class = *place.class_of_pod.entry(pod_key(pod)).or_insert_with(|| {
            place.pods.push(PodClass { pods: Vec::new() });
            place.pods.len() as u32 - 1
        });
        place.pods[class as usize].pods.push(pod.clone());
    }
}

/// The service accounts of a namespace, those of equal rules together; each namespace has `default`.
fn accounts(ground: &Ground<'_>, namespace: &Name, place: &mut Place) {
    let listed = ground.cluster.service_accounts.of(namespace).iter().map(|it| it.meta.name.clone());
    // A pod runs as an account that is there.
    let used = ground.cluster.pods.of(namespace).iter().map(|it| it.mold.service_account.clone());
    let names: BTreeSet<Name> = listed.chain(used).chain([Name::from("default")]).collect();
    // Whom no binding names holds what all accounts of the namespace do.
    let group = OnceCell::new();
    let by_group = || Arc::new(ground.grants_of(&Identity::new(&Subject::Group(accounts_of(namespace)), &[])));
    let mut by_rules: FxHashMap<Vec<(Name, usize)>, u32> = FxHashMap::default();
    for name in names {
        let grants = match ground.rbac.names_user(&account_user(namespace, &name)) {
            true => ground.grants(&Subject::ServiceAccount { namespace: namespace.clone(), name: name.clone() }),
            false => group.get_or_init(by_group).clone(),
        };
        let class = *by_rules.entry(grants.key()).or_insert_with(|| {
            place.accounts.push(AccountClass { names: Vec::new(), grants: grants.clone() });
            place.accounts.len() as u32 - 1
        });
        place.accounts[class as usize].names.push(name.clone());
        place.class_of_account.insert(name, class);
    }
}

impl Grants {
    /// What tells equal ones: their roles, each with where it holds.
    pub fn key(&self) -> Vec<(Name, usize)> {
        let place = |it: &Granted| match &it.role {
            Some((_, powers)) => Arc::as_ptr(powers) as usize,
            // One that waits for its role is like no other: who may create that differs by its name.
            None => SharedBinding::as_ptr(&it.binding) as usize,
        };
        let mut key: Vec<(Name, usize)> = self.all.iter().map(|it| (it.scope().clone(), place(it))).collect();
        key.sort_unstable();
        key.dedup();
        key
    }
}

impl Terrain {
    /// The pods that play a role, found when first asked for.
    pub(super) fn seen(&self, role: Role, find: impl FnOnce() -> Arc<[SharedPod]>) -> Arc<[SharedPod]> {
        self.seen.borrow_mut().entry(role).or_insert_with(find).clone()
    }
}

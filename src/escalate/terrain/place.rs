//! One namespace, with its pods and accounts folded.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use super::super::Ground;
use super::super::edges::{mounting, selects};
use super::super::places::{is_changeable, is_running};
use super::super::region::Which;
use super::Grants;
use crate::model::facts::SharedPod;
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::model::security::MetStandards;
use crate::rbac::Identity;
use crate::rbac::identity::{account_user, accounts_of};
use crate::rbac::version::Version;

/// One namespace.
#[derive(Debug, Default)]
pub struct TerrainNamespace {
    /// Its service accounts, those of equal rules together.
    pub accounts: Vec<AccountClass>,
    /// The pods that run, those of one template together.
    pub pods: Vec<PodClass>,
    standards: Vec<MetStandards>,
    class_of_account: FxHashMap<Name, u32>,
    class_of_pod: FxHashMap<PodKey, u32>,
    /// The accounts whose tokens pods mount, with the classes of these pods.
    mounted: BTreeMap<Name, Vec<u32>>,
    backing: OnceLock<Backing>,
    admitted: OnceLock<Admitted>,
}

/// Which pods of a namespace stand behind which of its Services.
#[derive(Debug, Default)]
struct Backing {
    /// By class of pods the Services that select them.
    services: Vec<Vec<Name>>,
    /// By Service the classes.
    classes: FxHashMap<Name, Vec<u32>>,
}

/// By class of pods what they are by what admission makes of them, as a server of this version has it.
#[derive(Debug)]
struct Admitted {
    version: Option<Version>,
    sorts: Vec<Option<Which>>,
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

impl TerrainNamespace {
    /// The number of an account's class; `None`: it is not there.
    pub fn class_of_account(&self, name: &str) -> Option<u32> {
        self.class_of_account.get(name).copied()
    }

    /// The number of a pod's class; `None`: it does not run.
    pub fn class_of_pod(&self, pod: &SharedPod) -> Option<u32> {
        self.class_of_pod.get(&pod_key(pod)).copied()
    }

    /// What its changeable pods meet of the Pod Security Standards, each once.
    pub fn standards(&self) -> &[MetStandards] {
        &self.standards
    }

    /// The classes of such pods that run.
    pub fn classes(&self, ground: &Ground<'_>, which: Which) -> impl Iterator<Item = (u32, &SharedPod)> {
        let firsts = (0..).zip(&self.pods).filter_map(|(class, it)| Some((class, it.pods.first()?)));
        firsts.filter(move |it| self.is(ground, it.0, which))
    }

    /// The accounts whose tokens are mounted into such pods that run, by name.
    pub fn mounted(&self, ground: &Ground<'_>, which: Which) -> impl Iterator<Item = &Name> {
        let is_mounted = move |classes: &[u32]| classes.iter().any(|it| self.is(ground, *it, which));
        self.mounted.iter().filter(move |it| is_mounted(it.1)).map(|it| it.0)
    }

    /// The first such pod that mounts the token of an account.
    pub fn mounting(&self, ground: &Ground<'_>, account: &str, which: Which) -> Option<&SharedPod> {
        self.first_of(ground, self.mounted.get(account)?, which)
    }

    /// The first such pod that a Service of this namespace selects.
    pub fn selected(&self, ground: &Ground<'_>, namespace: &Name, service: &str, which: Which) -> Option<&SharedPod> {
        self.first_of(ground, self.backing(ground, namespace).classes.get(service)?, which)
    }

    fn first_of(&self, ground: &Ground<'_>, classes: &[u32], which: Which) -> Option<&SharedPod> {
        let class = classes.iter().find(|it| self.is(ground, **it, which))?;
        self.pods[*class as usize].pods.first()
    }

    /// Whether the pods of a class are such.
    fn is(&self, ground: &Ground<'_>, class: u32, which: Which) -> bool {
        let Some(pod) = self.pods[class as usize].pods.first() else { return false };
        match which {
            Which::Running => true,
            Which::Admitted | Which::Undecided => self
                .admitted(ground)
                .map_or_else(|| which.has(ground, pod), |it| it.sorts[class as usize] == Some(which)),
            Which::Changeable | Which::Meeting(_) => which.has(ground, pod),
        }
    }

    /// What admission makes of all of them; `None`: of another version it was worked out.
    fn admitted(&self, ground: &Ground<'_>) -> Option<&Admitted> {
        let sort = |it: &PodClass| {
            let pod = it.pods.first().filter(|it| is_changeable(it))?;
            Which::by_admission(ground, pod.namespace(), pod.standards())
        };
        let of_all = || Admitted { version: ground.version, sorts: self.pods.iter().map(sort).collect() };
        Some(self.admitted.get_or_init(of_all)).filter(|it| it.version == ground.version)
    }

    /// The Services of this namespace that select a pod that runs.
    pub fn services_of(&self, ground: &Ground<'_>, pod: &SharedPod) -> &[Name] {
        let services = &self.backing(ground, pod.namespace()).services;
        self.class_of_pod(pod).and_then(|it| services.get(it as usize)).map_or(&[], Vec::as_slice)
    }

    fn backing(&self, ground: &Ground<'_>, namespace: &Name) -> &Backing {
        self.backing.get_or_init(|| {
            let mut all = Backing { services: vec![Vec::new(); self.pods.len()], classes: FxHashMap::default() };
            for service in ground.cluster.services.of(namespace).iter() {
                let is_its = |it: &PodClass| it.pods.first().is_some_and(|it| selects(service, it));
                for (class, _) in self.pods.iter().enumerate().filter(|(_, it)| is_its(it)) {
                    all.services[class].push(service.meta.name.clone());
                    all.classes.entry(service.meta.name.clone()).or_default().push(class as u32);
                }
            }
            all
        })
    }

    /// All accounts, by name.
    pub fn accounts(&self) -> BTreeSet<&Name> {
        self.accounts.iter().flat_map(|it| &it.names).collect()
    }
}

pub(super) fn place(ground: &Ground<'_>, namespace: &Name) -> TerrainNamespace {
    let mut place = TerrainNamespace::default();
    pods(ground, namespace, &mut place);
    let changeable = place.pods.iter().filter_map(|it| it.pods.first()).filter(|it| is_changeable(it));
    place.standards = changeable.map(|it| it.standards()).collect::<BTreeSet<_>>().into_iter().collect();
    accounts(ground, namespace, &mut place);
    for (class, pod) in (0..).zip(&place.pods).filter_map(|(class, it)| Some((class, it.pods.first()?))) {
        if mounting(ground, pod).is_some() {
            place.mounted.entry(pod.service_account().clone()).or_default().push(class);
        }
    }
    place
}

fn pod_key(pod: &SharedPod) -> PodKey {
    let has_more = *pod.host_access() != Default::default();
    (pod.shared_mark(), has_more.then(|| pod.node().clone()))
}

/// The pods of a namespace that run, folded.
fn pods(ground: &Ground<'_>, namespace: &Name, place: &mut TerrainNamespace) {
    for pod in ground.cluster.pods.of(namespace).iter().filter(|it| is_running(it)) {
        let class = *place.class_of_pod.entry(pod_key(pod)).or_insert_with(|| {
            place.pods.push(PodClass { pods: Vec::new() });
            place.pods.len() as u32 - 1
        });
        place.pods[class as usize].pods.push(pod.clone());
    }
}

/// The service accounts of a namespace, those of equal rules together; each namespace has `default`.
fn accounts(ground: &Ground<'_>, namespace: &Name, place: &mut TerrainNamespace) {
    let listed = ground.cluster.service_accounts.of(namespace).iter().map(|it| it.meta.name.clone());
    // A pod runs as an account that is there.
    let used = ground.cluster.pods.of(namespace).iter().map(|it| it.service_account().clone());
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

//! Pods of some sort of the whole cluster, kept by namespace: where something has changed they are looked for again there alone.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::super::Ground;
use super::super::edges::way_out;
use super::super::region::Which;
use super::super::seen::ControllerRole;
use super::kept::Kept;
use crate::model::facts::{Phase, Service, SharedPod};
use crate::model::name::Name;
use crate::rbac::version::Version;

/// Which pods.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum SearchedPods {
    /// Those that play a role.
    Playing(ControllerRole),
    /// Of such pods those out of whose containers a way leads to their node, as a server of a version has it.
    Leaving(Which, Option<Version>),
    /// Those that wait for a node.
    Waiting,
    /// Of such pods the first of each namespace in which a Service has none of them behind it that could.
    Unbacked(Which, Option<Version>),
}

/// What was found, by namespace.
type FoundByNamespace = BTreeMap<Name, Vec<SharedPod>>;

/// What was looked for.
#[derive(Clone, Default, Debug)]
pub(super) struct Searches(RefCell<FxHashMap<SearchedPods, Kept<FoundByNamespace, Name>>>);

impl Searches {
    /// A pod of a namespace has changed, or what its pods are judged by.
    pub fn forget(&mut self, namespace: &Name) {
        self.0.get_mut().values_mut().for_each(|it| it.forget(namespace));
    }
}

impl Ground<'_> {
    /// The pods of such controllers that run, by name.
    pub fn seen(&self, role: ControllerRole) -> Vec<SharedPod> {
        self.search(SearchedPods::Playing(role), |namespace| {
            let place = self.place(namespace);
            // Those of one template are called alike.
            let called = place.pods.iter().filter(|it| it.pods.first().is_some_and(|it| role.is_played_by(it)));
            let mut pods: Vec<SharedPod> = called.flat_map(|it| &it.pods).cloned().collect();
            pods.sort_by_cached_key(|it| it.pod_id());
            pods
        })
    }

    /// Of such pods that run those out of whose containers a way leads to their node: of a node the first, and the first
    /// from which it is sure.
    pub fn leaving(&self, which: Which) -> Vec<SharedPod> {
        let mut all = self.search(SearchedPods::Leaving(which, self.version), |namespace| {
            let place = self.place(namespace);
            let pods = place.classes(self, which).map(|it| it.1);
            let leaving = pods.filter(|it| !it.node().is_empty() && way_out(it.host_access()).is_some());
            leaving.cloned().collect()
        });
        let mut seen: BTreeSet<(Name, bool)> = BTreeSet::new();
        let is_sure = |it: &SharedPod| way_out(it.host_access()).is_some_and(|it| it.1.is_none());
        all.retain(|it| seen.insert((it.node().clone(), is_sure(it))));
        all
    }

    /// The pods that wait for a node.
    pub fn waiting_pods(&self) -> Vec<SharedPod> {
        self.search(SearchedPods::Waiting, |namespace| {
            let pods = self.cluster.pods.of(namespace).iter();
            pods.filter(|it| it.phase() == Phase::Pending && it.node().is_empty()).cloned().collect()
        })
    }

    /// The namespaces in which such pods run, and in which some Service that selects pods has none of them behind it.
    pub fn unbacked(&self, which: Which) -> Vec<Name> {
        let pods = self.search(SearchedPods::Unbacked(which, self.version), |namespace| {
            let place = self.place(namespace);
            let services = self.cluster.services.of(namespace).iter().filter(|it| !it.selector.is_empty());
            let is_unbacked = |it: &Service| place.selected(self, namespace, &it.meta.name, which).is_none();
            let mut firsts = place.classes(self, which).map(|it| it.1);
            let first = firsts.next().filter(|_| services.into_iter().any(|it| is_unbacked(it)));
            first.cloned().into_iter().collect()
        });
        pods.iter().map(|it| it.namespace().clone()).collect()
    }

    fn search(&self, sort: SearchedPods, find: impl Fn(&Name) -> Vec<SharedPod>) -> Vec<SharedPod> {
        let renew = |all: &mut FoundByNamespace, stale: &BTreeSet<Name>| {
            for namespace in stale {
                all.remove(namespace);
                let pods = find(namespace);
                all.extend((!pods.is_empty()).then(|| (namespace.clone(), pods)));
            }
        };
        let whole = || {
            let mut all = FoundByNamespace::new();
            renew(&mut all, &self.all_namespaces().iter().cloned().collect());
            all
        };
        let mut kept = self.terrain.searches.0.borrow_mut();
        let found = kept.entry(sort).or_default().now(whole, renew);
        found.values().flatten().cloned().collect()
    }
}

//! Nulls in maps that selectors read: whose readings then differ is not readable (CONTRACT §1).
//!
//! A label without a value is an empty string to some writers of the API and no label to others. Where a selector asks
//! for its key, what has it may be selected or not; where none does, it makes no difference.

use std::collections::BTreeSet;

use crate::kinds::NULL;
use crate::model::cluster::{Cluster, Delta};
use crate::model::facts::{Pod, PodSource};
use crate::model::id::{Kind, ObjectId};
use crate::model::labels::{NamespaceMatch, Selector, SelectorSet};
use crate::model::name::Name;
use crate::model::owner::is_workload;
use crate::model::policy::PeerMatch;

/// The keys of labels that selectors ask for.
#[derive(Default)]
struct SelectorKeys {
    pods: BTreeSet<Name>,
    namespaces: BTreeSet<Name>,
}

impl SelectorKeys {
    fn of(cluster: &Cluster) -> Self {
        let mut keys = Self::default();
        for policy in cluster.policies.iter() {
            keys.set(&policy.target);
            for peer in policy.rules.iter().flat_map(|it| it.peers.iter()) {
                if let PeerMatch::Pods(set) = &peer.matches {
                    keys.set(set);
                }
            }
        }
        let selectors = cluster.services.iter().flat_map(|it| it.selector.iter());
        keys.pods.extend(selectors.map(|(key, _)| key.clone()));
        keys
    }

    fn set(&mut self, set: &SelectorSet) {
        let all = |it: &Selector| it.all_of.iter().map(|it| it.key.clone()).collect::<Vec<_>>();
        self.pods.extend(all(&set.pods));
        if let NamespaceMatch::Labels(selector) = &set.namespaces {
            self.namespaces.extend(all(selector));
        }
    }
}

/// Makes unreadable what may be selected or not.
pub(super) fn settle(cluster: &mut Cluster) {
    let has_null = |it: &&ObjectId| cluster.problems[*it].iter().any(|it| *it.what == *NULL);
    let suspects: Vec<ObjectId> = cluster.problems.keys().filter(has_null).cloned().collect();
    if suspects.is_empty() {
        return;
    }
    let keys = SelectorKeys::of(cluster);
    let lost: Vec<(ObjectId, ObjectId)> = suspects
        .into_iter()
        .flat_map(|it| open(cluster, &keys, &it).into_iter().map(move |lost| (it.clone(), lost)))
        .collect();
    for (cause, id) in lost {
        let problems = cluster.problems.get(&cause).cloned().unwrap_or_default();
        cluster.apply(Delta::Unreadable { id, problems });
    }
}

/// The objects that are not readable because of the nulls of one.
fn open(cluster: &Cluster, keys: &SelectorKeys, id: &ObjectId) -> Vec<ObjectId> {
    let nulls = cluster.problems[id].iter().filter(|it| *it.what == *NULL);
    let asks = |keys: &BTreeSet<Name>, below: &str| {
        nulls.clone().filter_map(|it| it.place.0.split_once(below)).any(|(_, key)| keys.contains(key))
    };
    match id.kind {
        Kind::POD if asks(&keys.pods, "labels.") => vec![id.clone()],
        Kind::NAMESPACE if asks(&keys.namespaces, "labels.") => vec![id.clone()],
        Kind::SERVICE => {
            let mut slices = cluster.endpoint_slices.of(&id.namespace).iter();
            if slices.any(|it| *it.service() == id.name) { Vec::new() } else { vec![id.clone()] }
        }
        kind if is_workload(kind) && asks(&keys.pods, "labels.") => {
            let is_its = |it: &&Pod| {
                it.origin() == PodSource::Template
                    && it.owner_id().is_some_and(|it| it.name == id.name && it.kind.eq_ignore_ascii_case(kind.as_str()))
            };
            let pods = cluster.pods.of(&id.namespace).iter().map(|it| &**it);
            pods.filter(is_its).map(|it| it.pod_id().object()).collect()
        }
        _ => Vec::new(),
    }
}

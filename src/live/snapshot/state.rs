//! The Snapshot object: what the session knew that no Kubernetes object says.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::bends::{bends, parse_bends};
use super::{API_VERSION, KIND};
use crate::kinds;
use crate::model::cluster::{Cluster, Delta, ReadObject};
use crate::model::coverage::{Coverage, CoverageMap, KindCoverage, Scope};
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::place::{Place, Problem};
use crate::model::policy::{Policy, PolicyGap};

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct SnapshotState {
    #[serde(rename = "apiVersion")]
    api_version: String,
    kind: String,
    metadata: BTreeMap<String, String>,
    /// The coverage of kinds that `coverage` does not name.
    otherwise: CoverageState,
    coverage: BTreeMap<String, KindState>,
    unreadable: Vec<StateId>,
    gaps: Vec<Gap>,
    /// What tells policies that are not understood from others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unread: Vec<Unread>,
    problems: Vec<Complaint>,
}

/// A policy that is not understood, with its fingerprint in hexadecimal digits.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Unread {
    policy: StateId,
    fingerprint: String,
}

/// One state of coverage.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct CoverageState {
    state: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    since: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    why: String,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct KindState {
    everywhere: CoverageState,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    namespaces: BTreeMap<String, CoverageState>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct StateId {
    kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    namespace: String,
    name: String,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Gap {
    policy: StateId,
    place: String,
    what: String,
    bends: String,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Complaint {
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<StateId>,
    place: String,
    what: String,
}

impl StateId {
    fn of(id: &ObjectId) -> Self {
        Self { kind: id.kind.to_string(), namespace: id.namespace.to_string(), name: id.name.to_string() }
    }

    fn read(&self) -> Option<ObjectId> {
        Some(ObjectId::new(kind(&self.kind)?, self.namespace.as_str(), self.name.as_str()))
    }
}

fn kind(word: &str) -> Option<Kind> {
    kinds::KINDS.iter().map(|it| it.kind).find(|it| it.as_str() == word)
}

impl CoverageState {
    fn of(coverage: &Coverage) -> Self {
        let (since, why) = match coverage {
            Coverage::Stale { since, why } => (since.to_string(), why.to_string()),
            Coverage::Forbidden { why } | Coverage::Unreadable { why } | Coverage::Failed { why } => {
                (String::new(), why.to_string())
            }
            _ => Default::default(),
        };
        Self { state: coverage.as_str().to_owned(), since, why }
    }

    /// A state that we do not know is one that claims nothing.
    fn read(&self) -> Coverage {
        let why = Name::from(&self.why);
        match self.state.as_str() {
            "closed" => Coverage::Closed,
            "live" => Coverage::Live,
            "not served" => Coverage::NotServed,
            "loading" => Coverage::Loading,
            "forbidden" => Coverage::Forbidden { why },
            "unreadable" => Coverage::Unreadable { why },
            "failed" => Coverage::Failed { why },
            "stale" => self.since.parse().map_or(Coverage::Unread, |since| Coverage::Stale { since, why }),
            _ => Coverage::Unread,
        }
    }
}

/// The Snapshot object of a cluster.
pub(super) fn snapshot(cluster: &Cluster) -> Value {
    let state = SnapshotState {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        metadata: BTreeMap::from([("name".to_owned(), "snapshot".to_owned())]),
        otherwise: CoverageState::of(&cluster.coverage.otherwise),
        coverage: cluster.coverage.kinds.iter().map(|(kind, it)| (kind.to_string(), kind_state(it))).collect(),
        unreadable: cluster.unreadable.iter().map(StateId::of).collect(),
        gaps: gaps(cluster),
        unread: unread(cluster),
        problems: cluster.all_problems().map(complaint).collect(),
    };
    // A tree of strings always becomes a value.
    serde_json::to_value(state).unwrap_or_else(|_| json!({}))
}

fn kind_state(it: &KindCoverage) -> KindState {
    let namespaces = it.namespaces.iter().map(|(name, it)| (name.to_string(), CoverageState::of(it)));
    KindState { everywhere: CoverageState::of(&it.everywhere), namespaces: namespaces.collect() }
}

fn gaps(cluster: &Cluster) -> Vec<Gap> {
    let read = cluster.policies.iter().filter(|it| kinds::is_evaluated(it.kind));
    let gaps = read.flat_map(|policy| policy.gaps.iter().map(|gap| (policy.id(), gap)));
    gaps.map(|(id, gap)| Gap {
        policy: StateId::of(&id),
        place: gap.place.to_string(),
        what: gap.what.to_string(),
        bends: bends(gap.effect).to_owned(),
    })
    .collect()
}

fn unread(cluster: &Cluster) -> Vec<Unread> {
    let policies = cluster.policies.iter().filter(|it| it.unread != 0);
    policies.map(|it| Unread { policy: StateId::of(&it.id()), fingerprint: format!("{:x}", it.unread) }).collect()
}

fn complaint(it: &Problem) -> Complaint {
    Complaint { object: it.object.as_ref().map(StateId::of), place: it.place.to_string(), what: it.what.to_string() }
}

/// Takes back in what a Snapshot object (as JSON) says of the cluster whose objects have just been read.
pub fn restore(json: &str, cluster: &mut Cluster) {
    let state: SnapshotState = match serde_json::from_str(json) {
        Ok(state) => state,
        Err(error) => {
            let what = format!("a snapshot's own object could not be read, so that nothing is claimed: {error}");
            cluster.coverage = CoverageMap::all(Coverage::Unread);
            cluster.apply(Delta::Noted(Problem { object: None, place: Place::default(), what: what.into() }));
            return;
        }
    };
    restore_coverage(&state, cluster);
    restore_gaps(&state, cluster);
    restore_problems(&state, cluster);
    for id in state.unreadable.iter().filter_map(StateId::read) {
        let problems = cluster.problems.get(&id).cloned().unwrap_or_default();
        cluster.apply(Delta::Unreadable { id, problems });
    }
}

fn restore_coverage(state: &SnapshotState, cluster: &mut Cluster) {
    cluster.coverage = CoverageMap::all(state.otherwise.read());
    for (word, it) in &state.coverage {
        let Some(kind) = kind(word) else { continue };
        cluster.coverage.set(kind, &Scope::Everywhere, it.everywhere.read());
        for (name, it) in &it.namespaces {
            cluster.coverage.set(kind, &Scope::Namespace(name.as_str().into()), it.read());
        }
    }
}

/// Puts the real gaps where placeholders stood.
fn restore_gaps(state: &SnapshotState, cluster: &mut Cluster) {
    let mut gaps: BTreeMap<ObjectId, Vec<PolicyGap>> = BTreeMap::new();
    for gap in &state.gaps {
        let Some(id) = gap.policy.read() else { continue };
        let place = Place::new(gap.place.as_str());
        let gap = PolicyGap { place, what: gap.what.as_str().into(), effect: parse_bends(&gap.bends) };
        gaps.entry(id).or_default().push(gap);
    }
    for (id, gaps) in gaps {
        let held = cluster.policies.get_of_kind(&id.namespace, &id.name, id.kind.as_str());
        let Some(mut policy) = held.map(|it| it.as_ref().clone()) else { continue };
        policy.gaps = gaps.into();
        again(cluster, policy);
    }
    for it in &state.unread {
        let (Some(id), Ok(unread)) = (it.policy.read(), u64::from_str_radix(&it.fingerprint, 16)) else { continue };
        let held = cluster.policies.get_of_kind(&id.namespace, &id.name, id.kind.as_str());
        if let Some(mut policy) = held.map(|it| it.as_ref().clone()) {
            policy.unread = unread;
            again(cluster, policy);
        }
    }
}

/// Puts a policy at the version that is held of it.
fn again(cluster: &mut Cluster, policy: Policy) {
    let version = cluster.version(&policy.id()).unwrap_or(0);
    cluster.apply(Delta::Put(ReadObject { version, ..ReadObject::new(policy) }));
}

/// The problems of the session, in place of those that reading its snapshot gave.
fn restore_problems(state: &SnapshotState, cluster: &mut Cluster) {
    let mut problems: BTreeMap<ObjectId, Vec<Problem>> = BTreeMap::new();
    for it in &state.problems {
        let object = it.object.as_ref().and_then(StateId::read);
        let place = Place::new(it.place.as_str());
        let problem = Problem { object: object.clone(), place, what: it.what.as_str().into() };
        match object {
            Some(id) => problems.entry(id).or_default().push(problem),
            None => Arc::make_mut(&mut cluster.notes).push(problem),
        }
    }
    Arc::make_mut(&mut cluster.problems).extend(problems);
}

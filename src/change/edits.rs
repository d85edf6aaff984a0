//! Changes of whole objects, as a Fix, a stage and `live+FILE` hold them, and what a cluster is once they are made.
//!
//! ```text
//! {"op":"update","object":{…whole…}} ──kinds──► deltas ──Cluster::apply──► the cluster as it would be
//! ```
//!
//! Of Kubernetes' controllers one is played: aggregated ClusterRoles hold what their members give then (rule 44).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kinds::{Intern, ReadOutcome, spec_of};
use crate::model::cluster::{AnyFact, Cluster, Delta, ReadObject};
use crate::model::id::{Kind, ObjectId};
use crate::model::place::Problem;
use crate::model::role::{Role, RoleSource, SharedRole};

/// What is done with an object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    Create,
    Update,
    Delete,
}

impl Op {
    /// As JSON and scripts know it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Op::Create => "create",
            Op::Update => "update",
            Op::Delete => "delete",
        }
    }
}

/// One object that is created, updated or deleted: the whole of it, with its namespace (CONTRACT §9).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Change {
    pub op: Op,
    pub object: Value,
}

/// Why a value is no Fix, or no object that can be changed: one clause.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(pub String);

/// `fix -o json`, as far as it is read back.
#[derive(Deserialize)]
struct Fix {
    candidates: Vec<Candidate>,
}

#[derive(Deserialize)]
struct Candidate {
    changes: Vec<Saved>,
}

/// A change that was kept for later, with the object that it was made for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Saved {
    #[serde(flatten)]
    pub change: Change,
    /// `Some(None)`: there was none; `None`: it is not said, as of a deletion, whose object it is.
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub before: Option<Option<Value>>,
}

/// What is said of a field that may be null.
fn said<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<Value>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// The changes of the first candidate of a Fix as JSON; `None`: the value is no Fix.
///
/// # Errors
/// It is one, and has no candidate, or changes that are not op and object.
pub fn of_fix(value: &Value) -> Result<Option<Vec<Saved>>, Unfit> {
    if value.get("kind").and_then(Value::as_str) != Some("Fix") || value.get("version").is_none() {
        return Ok(None);
    }
    let odd = |what: &str| Unfit(what.to_owned());
    let fix = Fix::deserialize(value).map_err(|_| odd("a Fix whose changes are not op and object"))?;
    let first = fix.candidates.into_iter().next().ok_or_else(|| odd("a Fix without a candidate"))?;
    Ok(Some(first.changes))
}

impl Change {
    /// The object that it is about.
    ///
    /// # Errors
    /// Its kind is none that is read, or it has no name.
    pub fn id(&self) -> Result<ObjectId, Unfit> {
        match self.read()? {
            ReadOutcome::Read(entry) => Ok(entry.fact.id()),
            ReadOutcome::Ignored(id) | ReadOutcome::Unreadable { id, .. } => Ok(id),
            ReadOutcome::Noted(problem) => Err(Unfit(problem.what.to_string())),
        }
    }

    /// What is wrong with the object: what could not be read, and what the API server would refuse.
    pub fn problems(&self) -> Vec<Problem> {
        match self.read() {
            Ok(ReadOutcome::Read(entry)) => entry.problems,
            Ok(ReadOutcome::Unreadable { problems, .. }) => problems,
            Ok(ReadOutcome::Noted(problem)) => vec![problem],
            Ok(ReadOutcome::Ignored(_)) | Err(_) => Vec::new(),
        }
    }

    fn read(&self) -> Result<ReadOutcome, Unfit> {
        let word = |key: &str| self.object.get(key).and_then(Value::as_str).unwrap_or_default();
        let (version, kind) = (word("apiVersion"), word("kind"));
        let spec = spec_of(version, kind)
            .ok_or_else(|| Unfit(format!("{kind:?} of {version:?} is no kind that answers rest on")))?;
        Ok(spec.read_json(&self.unversioned().to_string(), "default", &mut Intern::new()))
    }

    /// The object without its version, beside a uid: what is meant to be done comes after all that was seen.
    fn unversioned(&self) -> Value {
        let mut object = self.object.clone();
        let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
        if let Some(metadata) = metadata.filter(|it| it.contains_key("uid")) {
            metadata.remove("resourceVersion");
        }
        object
    }
}

/// What changes come to for a cluster.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ProjectedChanges {
    pub deltas: Vec<Delta>,
    /// What does not go as it was said, a clause each: an object to be created that is there already.
    pub notes: Vec<String>,
    /// The aggregated ClusterRoles that hold other rules then.
    pub aggregated: Vec<ObjectId>,
}

/// What a cluster comes to know when these changes are made.
///
/// Pods of workloads that are created are not made up: where files are put on a cluster, the reader of files does that.
///
/// # Errors
/// An object is of no kind that is read, or has no name.
pub fn project(cluster: &Cluster, changes: &[Change]) -> Result<ProjectedChanges, Unfit> {
    let mut projected = ProjectedChanges::default();
    for change in changes {
        let id = change.id()?;
        projected.notes.extend(surprise(cluster, change.op, &id));
        match change.op {
            Op::Delete => projected.deltas.push(Delta::Gone(id)),
            Op::Create | Op::Update => projected.deltas.extend(change.read()?.delta()),
        }
    }
    let roles = aggregated(cluster, &projected.deltas);
    projected.aggregated = roles.iter().map(|it| it.id()).collect();
    projected.deltas.extend(roles.into_iter().map(|it| Delta::Put(ReadObject::new(AnyFact::Role(it)))));
    Ok(projected)
}

/// What is not as a change takes it to be.
pub fn surprise(cluster: &Cluster, op: Op, id: &ObjectId) -> Option<String> {
    match (op, exists(cluster, id)) {
        (Op::Create, true) => Some(format!("{id} is there already: it is replaced")),
        (Op::Update, false) => Some(format!("{id} is not there: it is created")),
        (Op::Delete, false) => Some(format!("{id} is not there: nothing to delete")),
        _ => None,
    }
}

/// The aggregated ClusterRoles whose members these steps change, each with what its members give then (rule 44).
pub fn aggregated(cluster: &Cluster, deltas: &[Delta]) -> Vec<SharedRole> {
    let mut moved: Vec<SharedRole> = Vec::new();
    for delta in deltas {
        match delta {
            Delta::Put(ReadObject { fact: AnyFact::Role(role), .. }) => {
                moved.push(role.clone());
                moved.extend(cluster.roles.get(&role.meta.namespace, &role.meta.name).cloned());
            }
            Delta::Gone(id) if id.kind == Kind::CLUSTER_ROLE => moved.extend(cluster.roles.get("", &id.name).cloned()),
            _ => {}
        }
    }
    let mut written: BTreeSet<ObjectId> = moved.iter().map(|it| it.id()).collect();
    let mut all = Vec::new();
    // One that is filled anew may itself be part of another, as edit is of admin.
    loop {
        let stored =
            cluster.roles.of("").iter().filter(|it| it.origin == RoleSource::Server && !written.contains(&it.id()));
        let new: Vec<SharedRole> = stored.filter(|it| takes(it, &moved)).cloned().collect();
        if new.is_empty() {
            return all;
        }
        written.extend(new.iter().map(|it| it.id()));
        all.extend(new.iter().map(|it| computed(it)));
        moved = new;
    }
}

/// Whether an aggregated ClusterRole has one of these as a part.
fn takes(role: &Role, moved: &[SharedRole]) -> bool {
    let selectors = role.aggregates().unwrap_or_default();
    let mut members = moved.iter().filter(|it| it.meta.namespace.is_empty());
    members.any(|it| selectors.iter().any(|selector| selector.matches(it.labels())))
}

/// The same role, whose rules are those of its members.
fn computed(role: &Role) -> SharedRole {
    let mut computed = role.clone();
    computed.origin = RoleSource::Manifest;
    computed.into()
}

/// Whether an object is there.
pub fn exists(cluster: &Cluster, id: &ObjectId) -> bool {
    cluster.version(id).is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(version: &str) -> Value {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "shut", "namespace": "a", "uid": "u1", "resourceVersion": version},
            "spec": {"podSelector": {}, "x": version}})
    }

    fn with(changes: &[Change]) -> (Cluster, Vec<String>) {
        let mut cluster = Cluster::default();
        let first = project(&cluster, &[Change { op: Op::Create, object: policy("7") }]).expect("it reads");
        let put = first.deltas.into_iter().chain(project(&cluster, changes).expect("it reads").deltas);
        put.for_each(|it| drop(cluster.apply(it)));
        let notes = project(&cluster, changes).expect("it reads").notes;
        (cluster, notes)
    }

    #[test]
    fn what_is_meant_comes_after_what_was_seen() {
        let (cluster, _) = with(&[Change { op: Op::Update, object: policy("3") }]);
        let gap = |it: &Cluster| it.policies.iter().next().map(|it| it.unread);
        assert!(gap(&cluster) != gap(&with(&[]).0), "an older version is put all the same");
    }

    #[test]
    fn what_is_not_as_it_was_taken_to_be_is_told() {
        let (cluster, notes) = with(&[Change { op: Op::Delete, object: policy("7") }]);
        assert!(cluster.policies.is_empty());
        assert_eq!(notes, ["networkpolicy/a/shut is not there: nothing to delete"]);
    }

    #[test]
    fn only_the_first_candidate_of_a_fix_is_meant() {
        let fix = json!({"version": "kreach/v1", "kind": "Fix", "candidates": [
            {"changes": [{"op": "delete", "object": policy("1")}]}, {"changes": []}]});
        let changes = of_fix(&fix).expect("it is one").expect("it has a candidate");
        assert_eq!(changes.first().map(|it| (it.change.op, it.change.id())), Some((Op::Delete, Ok(id()))));
        assert_eq!(
            of_fix(&json!({"kind": "Fix", "version": 1, "candidates": []})).map_err(|it| it.0).err().as_deref(),
            Some("a Fix without a candidate")
        );
        assert_eq!(of_fix(&json!([1])), Ok(None));
    }

    fn id() -> ObjectId {
        ObjectId::new(Kind::NETWORK_POLICY, "a", "shut")
    }
}

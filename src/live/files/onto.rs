//! Files on top of a cluster: what would stand there if they were applied (CONTRACT §8, `live+FILE`).
//!
//! ```text
//! manifests          each object is created, or replaces the one of its name
//! a Fix as JSON      the changes of its first candidate: create, update, delete
//! ```
//!
//! Of Kubernetes' controllers two are played: a workload whose pods are not there yet stands for one pod from its template
//! (as in files), and aggregated ClusterRoles hold what their members give. Pods that run stay as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{FilesError, Loaded, Note, Reading, load_text_with, load_with};
use crate::ask::topic::Topic;
use crate::change::edits::{aggregated, of_fix, surprise};
use crate::change::{Change, Op};
use crate::live::bounded;
use crate::model::cluster::{AnyFact, Cluster, Delta, Entry};
use crate::model::coverage::Scope;
use crate::model::facts::PodOrigin;
use crate::model::id::ObjectId;
use crate::model::place::Problem;
use crate::model::workload::workload_of;

/// How many bytes a Fix may have.
const MAX_FIX: usize = 64 << 20;

/// What applying files would change, in order, and what is worth a word about it.
#[derive(Debug, Default)]
pub struct Onto {
    pub deltas: Vec<Delta>,
    pub notes: Vec<Note>,
    /// Fingerprints of the documents that could not be read.
    pub unread: Vec<u64>,
}

/// What these files would change in a cluster.
///
/// # Errors
/// They cannot be read; or a Fix has no candidate, or holds what is no object.
pub fn onto(cluster: &Cluster, path: &Path, reading: &Reading) -> Result<Onto, FilesError> {
    let mut onto = Onto::default();
    match fix(path)? {
        Some(steps) => {
            let label = path.display().to_string();
            for (at, step) in steps.iter().enumerate() {
                onto.step(cluster, &format!("{label} changes[{at}].object"), step, reading)?;
            }
        }
        None => onto.put(cluster, load_with(&[path.to_owned()], reading)?),
    }
    onto.aggregate(cluster);
    Ok(onto)
}

/// The changes of a Fix's first candidate; `None`: it is no Fix.
fn fix(path: &Path) -> Result<Option<Vec<Change>>, FilesError> {
    let label = || path.display().to_string();
    if !path.is_file() {
        return Ok(None);
    }
    let text = bounded::text(path, MAX_FIX).map_err(|source| FilesError::Read { label: label(), source })?;
    match serde_json::from_str(&text) {
        Ok(value) => of_fix(&value).map_err(|it| FilesError::Object { label: label(), what: it.0 }),
        Err(_) => Ok(None),
    }
}

impl Onto {
    fn say(&mut self, what: String) {
        self.notes.push(Note::new(Topic::Any, what));
    }

    fn step(&mut self, cluster: &Cluster, label: &str, step: &Change, reading: &Reading) -> Result<(), FilesError> {
        let loaded = load_text_with(label, &step.object.to_string(), reading)?;
        let ids: Vec<ObjectId> = loaded.source.at.keys().cloned().collect();
        if ids.is_empty() {
            return Err(FilesError::Text { label: label.to_owned(), what: "no object of a kind that is read" });
        }
        for id in ids {
            surprise(cluster, step.op, &id).into_iter().for_each(|it| self.say(it));
            if step.op == Op::Delete {
                self.deltas.push(Delta::Gone(id));
            }
        }
        if step.op != Op::Delete {
            self.put(cluster, loaded);
        }
        Ok(())
    }

    /// Puts all that was read; what could not be read there makes the same unknown here.
    fn put(&mut self, cluster: &Cluster, loaded: Loaded) {
        let read = &loaded.cluster;
        let mut problems: BTreeMap<&ObjectId, Vec<Problem>> =
            read.problems.iter().map(|(id, it)| (id, it.clone())).collect();
        for fact in facts(cluster, read) {
            let problems = problems.remove(&fact.id()).unwrap_or_default();
            self.deltas.push(Delta::Put(Entry { problems, ..Entry::new(fact) }));
        }
        let unreadable = read.unreadable.iter();
        self.deltas.extend(
            unreadable
                .map(|id| Delta::Unreadable { id: id.clone(), problems: problems.remove(id).unwrap_or_default() }),
        );
        self.deltas.extend(read.notes.iter().cloned().map(Delta::Noted));
        self.lose(cluster, read);
        self.unread.extend(&loaded.unread);
        // The others are about files as a world of their own.
        self.notes.extend(loaded.notes.into_iter().filter(|it| it.topic == Topic::Any));
    }

    fn lose(&mut self, cluster: &Cluster, read: &Cluster) {
        for (kind, found) in &read.coverage.kinds {
            let places = found.namespaces.iter().map(|(name, it)| (Scope::Namespace(name.clone()), it));
            for (scope, coverage) in std::iter::once((Scope::Everywhere, &found.everywhere)).chain(places) {
                let namespace = if let Scope::Namespace(name) = &scope { name.as_str() } else { "" };
                if !coverage.is_complete() && cluster.coverage.is_complete(*kind, namespace) {
                    self.deltas.push(Delta::Covered { kind: *kind, scope, coverage: coverage.clone() });
                }
            }
        }
    }

    /// Lets aggregated roles whose members change hold what their members give then.
    fn aggregate(&mut self, cluster: &Cluster) {
        for role in aggregated(cluster, &self.deltas) {
            self.notes.push(Note::new(Topic::Access, format!("{} gets the rules of its members", role.id())));
            self.deltas.push(Delta::Put(Entry::new(AnyFact::Role(role))));
        }
    }
}

/// What was read that is more than implied; pods from templates where the cluster has none of their workload.
fn facts(cluster: &Cluster, read: &Cluster) -> Vec<AnyFact> {
    let running: BTreeSet<_> = match read.pods.iter().any(|it| it.mold.origin == PodOrigin::Template) {
        true => cluster.pods.iter().filter_map(|it| workload_of(cluster, it)).collect(),
        false => BTreeSet::new(),
    };
    let is_there = |it: &crate::model::facts::SharedPod| workload_of(read, it).is_some_and(|it| running.contains(&it));
    let pods = read.pods.iter().filter(|it| it.mold.origin == PodOrigin::Listed || !is_there(it));
    let mut all: Vec<AnyFact> =
        read.namespaces.iter().filter(|it| !it.implied).cloned().map(AnyFact::Namespace).collect();
    all.extend(read.workloads.iter().cloned().map(|it| AnyFact::Workload(Box::new(it))));
    all.extend(pods.cloned().map(AnyFact::Pod));
    all.extend(read.nodes.iter().cloned().map(AnyFact::Node));
    all.extend(read.services.iter().cloned().map(|it| AnyFact::Service(Box::new(it))));
    all.extend(read.endpoint_slices.iter().cloned().map(|it| AnyFact::EndpointSlice(Box::new(it))));
    all.extend(read.service_accounts.iter().cloned().map(|it| AnyFact::ServiceAccount(Box::new(it))));
    all.extend(read.policies.iter().cloned().map(AnyFact::Policy));
    all.extend(read.roles.iter().cloned().map(AnyFact::Role));
    all.extend(read.bindings.iter().cloned().map(AnyFact::Binding));
    all
}

#[cfg(test)]
mod tests {
    use super::super::{load_text, load_with};
    use super::*;
    use crate::model::role::Origin;

    fn live() -> Cluster {
        let text = r#"{"kind":"List","apiVersion":"v1","items":[
            {"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"shut","namespace":"a","uid":"u1","resourceVersion":"7"},"spec":{"podSelector":{}}},
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"view","uid":"u2","resourceVersion":"8"},"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"to":"view"}}]},"rules":[]}
        ]}"#;
        load_text("live", text, "default").expect("it reads").cluster
    }

    fn applied(text: &str) -> (Cluster, Vec<String>) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("change.json");
        std::fs::write(&path, text).expect("written");
        let mut cluster = live();
        let reading = Reading { namespace: "default".to_owned(), ..Reading::default() };
        let onto = onto(&cluster, &path, &reading).expect("it reads");
        assert!(load_with(std::slice::from_ref(&path), &reading).is_ok());
        onto.deltas.into_iter().for_each(|it| drop(cluster.apply(it)));
        (cluster, onto.notes.into_iter().map(|it| it.what).collect())
    }

    #[test]
    fn a_fix_creates_updates_and_deletes() {
        let policy = |name: &str| {
            format!(
                r#"{{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{{"name":"{name}","namespace":"a"}},"spec":{{"podSelector":{{}}}}}}"#
            )
        };
        let fix = format!(
            r#"{{"version":"kreach/v1","kind":"Fix","candidates":[{{"changes":[{{"op":"delete","object":{}}},{{"op":"create","object":{}}},{{"op":"delete","object":{}}}]}}]}}"#,
            policy("shut"),
            policy("new"),
            policy("gone")
        );
        let (cluster, notes) = applied(&fix);
        assert_eq!(cluster.policies.iter().map(|it| it.meta.name.to_string()).collect::<Vec<_>>(), ["new"]);
        assert_eq!(notes, ["networkpolicy/a/gone is not there: nothing to delete"]);
    }

    /// A Deployment stands for a pod, and a ClusterRole that joins an aggregated one widens it.
    #[test]
    fn manifests_are_put_and_the_controllers_that_follow_are_played() {
        let (cluster, _) = applied(
            r#"{"kind":"List","apiVersion":"v1","items":[
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"a"},"spec":{"template":{"metadata":{"labels":{"app":"web"}}}}},
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"more","labels":{"to":"view"}},"rules":[{"apiGroups":[""],"resources":["secrets"],"verbs":["get"]}]}
        ]}"#,
        );
        assert_eq!((cluster.pods.len(), cluster.policies.len(), cluster.namespaces.len()), (1, 1, 1));
        let view = cluster.roles.get("", "view").expect("it is there");
        assert_eq!(view.origin, Origin::Manifest);
    }
}

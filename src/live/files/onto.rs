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
use std::io::Read as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use super::{FilesError, FilesNote, Loaded, ReadOptions, load_text_with, load_with, stored};
use crate::ask::topic::Topic;
use crate::change::edits::{aggregated, exists, of_fix, surprise};
use crate::change::object::word;
use crate::change::{Change, Op, Saved};
use crate::live::{ManagedFields, bounded};
use crate::model::cluster::{AnyFact, Cluster, Delta, ReadObject};
use crate::model::coverage::Scope;
use crate::model::facts::PodSource;
use crate::model::id::ObjectId;
use crate::model::ownership::workload_of;
use crate::model::place::Problem;

/// How many bytes a Fix may have.
const MAX_FIX: usize = 64 << 20;

/// What applying files would change, in order, and what is worth a word about it.
#[derive(Debug, Default)]
pub struct Onto {
    pub deltas: Vec<Delta>,
    /// What is done with which object, in the order of the files.
    pub made: Vec<(Op, ObjectId)>,
    pub notes: Vec<FilesNote>,
    /// Fingerprints of the documents that could not be read.
    pub unread: Vec<u64>,
}

/// Files that are to be made part of a cluster, read.
#[derive(Debug)]
pub enum Changes {
    /// A Fix, and what messages call it.
    Fix {
        label: String,
        changes: Vec<Saved>,
    },
    Manifests(Box<Loaded>),
}

impl Changes {
    /// Reads manifests, a directory of them or a Fix as JSON; `-` is standard input.
    ///
    /// # Errors
    /// They cannot be read; or a Fix has no candidate.
    pub fn read(path: &Path, reading: &ReadOptions) -> Result<Self, FilesError> {
        let label = if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() };
        let Some(text) = text(path, &label)? else {
            return Ok(Changes::Manifests(Box::new(load_with(&[path.to_owned()], reading)?)));
        };
        let fix = match serde_json::from_str(&text) {
            Ok(value) => of_fix(&value).map_err(|it| FilesError::Object { label: label.clone(), what: it.0 })?,
            Err(_) => None,
        };
        match fix {
            Some(changes) => Ok(Changes::Fix { label, changes }),
            // A pipe is read once; what can be read again is, since it may be large or in another encoding.
            None if path.is_file() => Ok(Changes::Manifests(Box::new(load_with(&[path.to_owned()], reading)?))),
            None => Ok(Changes::Manifests(Box::new(load_text_with(&label, &text, reading)?))),
        }
    }

    /// What they would change in a cluster.
    ///
    /// # Errors
    /// A Fix holds what is no object.
    pub fn onto(self, cluster: &Cluster, reading: &ReadOptions) -> Result<Onto, FilesError> {
        let mut onto = Onto::default();
        match self {
            Changes::Fix { label, changes } => {
                for (at, saved) in changes.iter().enumerate() {
                    onto.step(cluster, &format!("{label} changes[{at}].object"), &saved.change, reading)?;
                }
            }
            Changes::Manifests(loaded) => onto.manifests(cluster, *loaded),
        }
        onto.aggregate(cluster);
        Ok(onto)
    }

    /// The changes themselves, each with its whole object, for a cluster that holds this.
    ///
    /// # Errors
    /// A file cannot be read again.
    pub fn whole(self, cluster: &Cluster) -> Result<Vec<Saved>, FilesError> {
        let loaded = match self {
            Changes::Fix { changes, .. } => return Ok(changes),
            Changes::Manifests(loaded) => loaded,
        };
        let whole = |id: ObjectId| {
            let object = loaded.source.whole(&id, ManagedFields::Kept)?;
            Some(object.map(|object| {
                // What was fetched is there already.
                let is_there = exists(cluster, &id) || word(&object, "uid").is_some();
                let op = if is_there { Op::Update } else { Op::Create };
                Saved { change: Change { op, object }, before: None }
            }))
        };
        named(&loaded).into_iter().filter_map(whole).collect()
    }
}

/// What these files would change in a cluster.
///
/// # Errors
/// They cannot be read; or a Fix has no candidate, or holds what is no object.
pub fn onto(cluster: &Cluster, path: &Path, reading: &ReadOptions) -> Result<Onto, FilesError> {
    Changes::read(path, reading)?.onto(cluster, reading)
}

/// The text of what may be a Fix: a file of moderate size or a pipe; `None`: it is none.
fn text(path: &Path, label: &str) -> Result<Option<String>, FilesError> {
    let failed = |source| FilesError::Read { label: label.to_owned(), source };
    let is_pipe = path.as_os_str() == "-" || path.metadata().is_ok_and(|it| it.file_type().is_fifo());
    let bytes = match path.as_os_str() == "-" {
        true => bounded::stream(&mut std::io::stdin().lock(), 0, MAX_FIX).map_err(failed)?,
        false if is_pipe || is_small_json(path) => bounded::file(path, MAX_FIX).map_err(failed)?,
        false => return Ok(None),
    };
    match stored::text(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(what) if is_pipe => Err(FilesError::Text { label: label.to_owned(), what }),
        // The reader of manifests says what is wrong with it.
        Err(_) => Ok(None),
    }
}

fn is_small_json(path: &Path) -> bool {
    path.metadata().is_ok_and(|it| it.is_file() && it.len() <= MAX_FIX as u64) && begins_as_json(path)
}

/// Whether the first letter of a file is that of a JSON object: only such can be a Fix.
fn begins_as_json(path: &Path) -> bool {
    let mut start = [0; 64];
    let read = std::fs::File::open(path).and_then(|mut it| it.read(&mut start)).unwrap_or(0);
    start[..read].iter().find(|it| !it.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(it)) == Some(&b'{')
}

/// The objects that files hold, in their order.
pub(super) fn named(loaded: &Loaded) -> Vec<ObjectId> {
    let is_read = |id: &ObjectId| exists(&loaded.cluster, id) || loaded.cluster.unreadable.contains(id);
    let mut all: Vec<_> = loaded.source.at.iter().filter(|it| is_read(it.0)).collect();
    all.sort_by_key(|(_, at)| (at.file, at.range.start));
    all.into_iter().map(|it| it.0.clone()).collect()
}

impl Onto {
    fn say(&mut self, what: String) {
        self.notes.push(FilesNote::new(Topic::Any, what));
    }

    fn step(&mut self, cluster: &Cluster, label: &str, step: &Change, reading: &ReadOptions) -> Result<(), FilesError> {
        let loaded = load_text_with(label, &step.object.to_string(), reading)?;
        let ids: Vec<ObjectId> = loaded.source.at.keys().cloned().collect();
        if ids.is_empty() {
            return Err(FilesError::Text { label: label.to_owned(), what: "no object of a kind that is read" });
        }
        for id in ids {
            surprise(cluster, step.op, &id).into_iter().for_each(|it| self.say(it));
            self.made.push((step.op, id.clone()));
            if step.op == Op::Delete {
                self.deltas.push(Delta::Gone(id));
            }
        }
        if step.op != Op::Delete {
            self.put(cluster, loaded);
        }
        Ok(())
    }

    /// Creates all that files hold, or replaces what has its name.
    fn manifests(&mut self, cluster: &Cluster, loaded: Loaded) {
        let op = |id: &ObjectId| if exists(cluster, id) { Op::Update } else { Op::Create };
        self.made.extend(named(&loaded).into_iter().map(|id| (op(&id), id)));
        self.put(cluster, loaded);
    }

    /// Puts all that was read; what could not be read there makes the same unknown here.
    fn put(&mut self, cluster: &Cluster, loaded: Loaded) {
        let read = &loaded.cluster;
        let mut problems: BTreeMap<&ObjectId, Vec<Problem>> =
            read.problems.iter().map(|(id, it)| (id, it.clone())).collect();
        for fact in facts(cluster, read) {
            let problems = problems.remove(&fact.id()).unwrap_or_default();
            // What is meant to be done comes after all that was seen, whenever its file was written: it has no version.
            self.deltas.push(Delta::Put(ReadObject { problems, ..ReadObject::new(fact) }));
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
            self.notes.push(FilesNote::new(Topic::Access, format!("{} gets the rules of its members", role.id())));
            self.deltas.push(Delta::Put(ReadObject::new(AnyFact::Role(role))));
        }
    }
}

/// What was read that is more than implied; pods from templates where the cluster has none of their workload.
fn facts(cluster: &Cluster, read: &Cluster) -> Vec<AnyFact> {
    let running: BTreeSet<_> = match read.pods.iter().any(|it| it.origin() == PodSource::Template) {
        true => cluster.pods.iter().filter_map(|it| workload_of(cluster, it)).collect(),
        false => BTreeSet::new(),
    };
    let is_there = |it: &crate::model::facts::SharedPod| workload_of(read, it).is_some_and(|it| running.contains(&it));
    let is_wanted = |it: &AnyFact| match it {
        AnyFact::Namespace(it) => !it.implied,
        AnyFact::Pod(it) => it.origin() == PodSource::Listed || !is_there(it),
        _ => true,
    };
    read.all().filter(is_wanted).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{load_text, load_with};
    use super::*;
    use crate::model::role::RoleSource;

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
        let reading = ReadOptions { namespace: "default".to_owned(), ..ReadOptions::default() };
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

    /// `v: 1.10` is the text 1.10 to whoever stages it on the screen, as it is to the commands, and stands where it is read.
    #[test]
    fn objects_are_staged_whole_as_they_were_read() {
        let text = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: shut\n  labels: {v: 1.10, on: yes}\n\
                    spec: {podSelector: {matchLabels: {v: 1.10}}}\n";
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("shut.yaml");
        std::fs::write(&path, text).expect("written");
        let reading = ReadOptions { namespace: "a".to_owned(), ..ReadOptions::default() };
        let changes = || Changes::read(&path, &reading).expect("it reads");
        let whole = changes().whole(&live()).expect("it reads");
        assert_eq!(whole.iter().map(|it| it.change.op).collect::<Vec<_>>(), [Op::Update]);
        let at = |place: &str| whole[0].change.object.pointer(place).cloned();
        assert_eq!(at("/metadata/namespace"), Some("a".into()));
        assert_eq!(at("/metadata/labels"), Some(serde_json::json!({"v": "1.10", "on": "yes"})));
        let onto = changes().onto(&live(), &reading).expect("it reads");
        let of_command = onto.deltas.iter().find_map(|it| match it {
            Delta::Put(ReadObject { fact: AnyFact::Policy(it), .. }) => Some(it.clone()),
            _ => None,
        });
        let projected = crate::change::edits::project(&live(), &[whole[0].change.clone()]).expect("it reads");
        let of_screen = projected.deltas.iter().find_map(|it| match it {
            Delta::Put(ReadObject { fact: AnyFact::Policy(it), .. }) => Some(it.clone()),
            _ => None,
        });
        assert!(of_screen.is_some());
        assert_eq!(of_screen.map(|it| it.target.clone()), of_command.map(|it| it.target.clone()));
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
        assert_eq!(view.origin, RoleSource::Manifest);
    }
}

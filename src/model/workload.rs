//! Workloads: what makes pods, and what it would make.

use super::fact::{Fact, FactIdentity};
use super::id::{Kind, WorkloadId};
use super::meta::Meta;
use super::name::{JoinedName, Name};
use super::owner::{Owner, OwnerKind, WORKLOAD_KINDS, WorkloadKind};
use super::pod::Pod;
use super::sparse::Sparse;
use super::uid::UidFingerprint;

/// A workload: live its metadata alone, from files with what its pods would be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Workload {
    pub namespace: Name,
    pub name: Name,
    pub kind: WorkloadKind,
    owner_kind: OwnerKind,
    /// Empty where it has no owner.
    owner_name: Name,
    rest: Sparse<WorkloadRare>,
    pub uid: UidFingerprint,
}

/// What few workloads of a followed cluster have.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct WorkloadRare {
    /// See [`Owner::word`].
    owner_word: Name,
    plan: Option<WorkloadPlan>,
}

/// What a workload of files says of the pods that it would make.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct WorkloadPlan {
    /// `spec.replicas`; 0 also of work that is over, suspended or wanted on no node.
    pub replicas: Option<u32>,
    /// The pod that it would make.
    pub template: Option<Pod>,
}

impl Workload {
    /// A workload of this metadata, its own controller (a ReplicaSet's Deployment, a Job's CronJob), and what its pods
    /// would be, which only files tell.
    pub fn new(kind: WorkloadKind, meta: Meta, owner: Option<Owner>, plan: Option<WorkloadPlan>) -> Self {
        let Meta { namespace, name, uid } = meta;
        let (owner_kind, owner_word, owner_name) = owner.map(|it| (it.kind, it.word, it.name)).unwrap_or_default();
        let mut rest = Sparse::default();
        rest.change(|it| *it = WorkloadRare { owner_word, plan });
        Self { namespace, name, kind, owner_kind, owner_name, rest, uid }
    }

    /// Its own controller.
    pub fn owner(&self) -> Option<Owner> {
        let word = self.rest.get().map(|it| it.owner_word.clone()).unwrap_or_default();
        Owner::from_parts(self.owner_kind, word, &self.owner_name)
    }

    /// What its pods would be.
    pub fn plan(&self) -> Option<&WorkloadPlan> {
        self.rest.get()?.plan.as_ref()
    }

    /// What names it as a workload.
    pub fn workload_id(&self) -> WorkloadId {
        WorkloadId { namespace: self.namespace.clone(), kind: self.kind.word(), name: self.name.clone() }
    }

    /// What names its own controller.
    pub fn owner_id(&self) -> Option<WorkloadId> {
        self.owner().map(|it| it.of(&self.namespace))
    }
}

impl Fact for Workload {
    const KINDS: &'static [Kind] = &WORKLOAD_KINDS;

    fn identity(&self) -> FactIdentity<'_> {
        let name = JoinedName::whole(&self.name);
        FactIdentity { namespace: &self.namespace, name, uid: self.uid }
    }

    fn kind(&self) -> Kind {
        self.kind.kind()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_what_was_written_whether_its_kind_is_read_or_not() {
        for kind in ["ReplicaSet", "Rollout", "replicaset", ""] {
            let owner = Owner::new(kind, "web".into());
            assert_eq!((owner.kind().as_str(), owner.name.as_str()), (kind, "web"));
            assert_eq!(matches!(owner.kind, OwnerKind::Known(_)), kind == "ReplicaSet");
            for plan in [None, Some(WorkloadPlan { replicas: Some(0), template: None })] {
                let it = Workload::new(WorkloadKind::Job, Meta::default(), Some(owner.clone()), plan.clone());
                assert_eq!((it.owner(), it.plan()), (Some(owner.clone()), plan.as_ref()));
                assert_eq!(Workload::new(WorkloadKind::Job, Meta::default(), None, plan).owner(), None);
            }
        }
    }

    /// Memory is a feature: see docs/performance.md.
    #[test]
    fn a_workload_is_small() {
        assert!(size_of::<Workload>() <= 40, "{}", size_of::<Workload>());
    }
}

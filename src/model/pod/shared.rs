//! What pods share: all that the pods of one workload have in common, and which part of a pod's name and labels that says.

use super::in_name::{IMPLIED, LabelsInName, NameSuffix};
use super::{ContainerPort, Phase, PodNetwork, PodSource};
use crate::model::items::Items;
use crate::model::labels::Labels;
use crate::model::name::{JoinedName, Name};
use crate::model::owner::{Owner, OwnerKind};
use crate::model::security::{HostAccess, MetStandards, TokenMount};
use crate::model::sparse::Sparse;

/// What the pods of one workload have in common, held once for all of them.
///
/// ```text
/// pod                                        shared: owner_name, labels, beginning     its own: suffix, implied
/// web-7d9-x2z4k {app=web, …-hash=7d9}        web-7d9   {app=web}   none                x2z4k   the hash
/// db-0 {app=db, …/pod-name=db-0} of db       db        {app=db}    none                0       the name
/// my-tool-1 {} of nobody                     none      {}          my-tool-            1       none
/// ```
///
/// Of their state too: nearly all of them run, so that a workload has one of these, and another while some of
/// its pods come or go.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct PodShared {
    pub(super) namespace: Name,
    /// Of their owner, and empty where there is none.
    pub(super) owner_name: Name,
    /// All their labels but those that their names say; the whole is [`super::Pod::labels`].
    pub(super) labels: Labels,
    pub(super) service_account: Name,
    pub(super) ports: Items<ContainerPort>,
    pub(super) extras: Sparse<PodExtras>,
    pub(super) phase: Phase,
    pub(super) network: PodNetwork,
    pub(super) origin: PodSource,
    pub(super) terminating: bool,
    /// Their Ready condition is there and not True.
    pub(super) unready: bool,
    /// Of their owner.
    pub(super) owner_kind: OwnerKind,
    pub(super) token: TokenMount,
    /// What the spec meets of the Pod Security Standards.
    pub(super) standards: MetStandards,
}

/// What few pods have, so that it takes no room with the others.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct PodExtras {
    /// What their names begin with, as `PodShared::split_name` leaves it; `None`: their owner's name and a dash.
    pub(super) beginning: Option<Name>,
    /// See [`Owner::word`].
    pub(super) owner_word: Name,
    /// Empty: its name.
    pub(super) hostname: Name,
    pub(super) authorization_flags: Vec<Name>,
    pub(super) host_access: HostAccess,
}

static NO_HOST_ACCESS: HostAccess = HostAccess {
    privileged: false,
    processes: false,
    ipc: false,
    user_namespace: false,
    unprivileged_user: false,
    capabilities: Vec::new(),
    paths: Vec::new(),
};

impl PodShared {
    pub(super) fn beginning(&self) -> Option<&Name> {
        self.extras.get()?.beginning.as_ref()
    }

    /// Of a kube-apiserver's own pod: its flags `--authorization-*`, as written, which say who else may grant.
    pub fn authorization_flags(&self) -> &[Name] {
        self.extras.get().map_or(&[], |it| &it.authorization_flags)
    }

    /// `spec.hostname`, where it is not their name: names of DNS may begin with it.
    pub fn hostname(&self) -> &str {
        self.extras.get().map_or("", |it| &it.hostname)
    }

    /// What they have of their node.
    pub fn host_access(&self) -> &HostAccess {
        self.extras.get().map_or(&NO_HOST_ACCESS, |it| &it.host_access)
    }

    /// Their controller, as owner references name it (a ReplicaSet, not yet its Deployment).
    pub fn owner(&self) -> Option<Owner> {
        let word = self.extras.get().map(|it| it.owner_word.clone()).unwrap_or_default();
        Owner::from_parts(self.owner_kind, word, &self.owner_name)
    }

    /// Whether they have a controller.
    pub fn is_owned(&self) -> bool {
        self.owner_kind != OwnerKind::None
    }

    /// Lets a pod of it be called so; gives what the pod itself holds of that name.
    ///
    /// A name that does not begin as its owner's does is parted at its last dash, or stands here whole. `shared` gives
    /// the one text that is equal to a beginning.
    pub(super) fn split_name(&mut self, name: &str, shared: impl FnOnce(&str) -> Name) -> NameSuffix {
        let of_owner = self.is_owned().then(|| NameSuffix::after(&self.owner_name, name)).flatten();
        if let Some(suffix) = of_owner {
            self.extras.change(|it| it.beginning = None);
            return suffix;
        }
        let dash = name.rfind('-').map_or(0, |at| at + 1);
        let (beginning, suffix) = match NameSuffix::new(&name[dash..]) {
            Some(suffix) if dash > 0 => (&name[..dash], suffix),
            _ => (name, NameSuffix::default()),
        };
        self.extras.change(|it| it.beginning = Some(shared(beginning)));
        suffix
    }

    /// What a pod of this suffix is called.
    pub(super) fn name<'a>(&'a self, suffix: &'a NameSuffix) -> JoinedName<'a> {
        let suffix = suffix.as_str();
        match self.beginning() {
            Some(beginning) => JoinedName::of([beginning.as_str(), "", suffix]),
            None if self.is_owned() => JoinedName::of([self.owner_name.as_str(), "-", suffix]),
            None => JoinedName::of(["", "", suffix]),
        }
    }

    /// Which of these labels of a pod of this suffix its names say; the others are handed to `other`.
    pub(super) fn split_labels<'l>(
        &self,
        suffix: &NameSuffix,
        labels: impl Iterator<Item = (&'l str, &'l str)>,
        mut other: impl FnMut(&'l str, &'l str),
    ) -> LabelsInName {
        let mut implied = LabelsInName::default();
        for (key, value) in labels {
            let at = IMPLIED.iter().position(|it| *it == key);
            let tells = at.is_some_and(|at| self.implied_value(at, suffix) == *value);
            // Of a key that stands twice the last value holds.
            at.into_iter().for_each(|at| implied.put(at, tells));
            if !tells {
                other(key, value);
            }
        }
        implied
    }

    /// What the label at this place of [`IMPLIED`] says where it says what a name does.
    pub(super) fn implied_value<'a>(&'a self, at: usize, suffix: &'a NameSuffix) -> JoinedName<'a> {
        match at {
            0 => JoinedName::whole(suffix.as_str()),
            1 => self.name(suffix),
            // A ReplicaSet is named after its Deployment and the hash.
            _ => JoinedName::whole(self.owner_name.rsplit('-').next().unwrap_or_default()),
        }
    }
}

//! The cluster without some grants, changed grant by grant: what it had worked out is kept where it still holds.

use std::collections::BTreeSet;

use crate::model::cluster::{AnyFact, Cluster, Delta, ReadObject};
use crate::model::id::ObjectId;
use crate::model::name::Name;
use crate::model::role::{Binding, SharedBinding, Subject};
use crate::rbac;
use crate::rbac::grant::named;
use crate::rbac::identity::canonical;

use super::super::{Ground, Terrain};

/// A binding, and the first place there of a subject.
pub type SubjectOfBinding = (ObjectId, usize);

/// A copy of the cluster from which grants are taken and to which they are given back.
pub struct Without<'a> {
    whole: &'a Ground<'a>,
    cluster: Cluster,
    rbac: rbac::Index,
    terrain: Terrain,
    taken: BTreeSet<SubjectOfBinding>,
}

impl<'a> Without<'a> {
    /// The same cluster: nothing is taken yet.
    pub fn nothing(whole: &'a Ground<'a>) -> Self {
        let (cluster, rbac, terrain) = (whole.cluster.clone(), whole.rbac.clone(), whole.terrain.clone());
        Self { whole, cluster, rbac, terrain, taken: BTreeSet::new() }
    }

    /// What questions are asked of: bindings bear on no connection.
    pub fn ground(&self) -> Ground<'_> {
        Ground { cluster: &self.cluster, rbac: &self.rbac, terrain: &self.terrain, ..*self.whole }
    }

    /// Takes just these, and gives back all others.
    pub fn take(&mut self, taken: BTreeSet<SubjectOfBinding>) {
        let changed: BTreeSet<ObjectId> = self.taken.symmetric_difference(&taken).map(|it| it.0.clone()).collect();
        self.taken = taken;
        changed.iter().for_each(|it| self.write(it));
    }

    /// Takes these besides.
    pub fn take_more(&mut self, more: impl IntoIterator<Item = SubjectOfBinding>) {
        let all = self.taken.iter().cloned().chain(more).collect();
        self.take(all);
    }

    fn write(&mut self, id: &ObjectId) {
        let Some(binding) = self.whole.cluster.bindings.get(&id.namespace, &id.name) else { return };
        let places: BTreeSet<usize> = self.taken.iter().filter(|it| it.0 == *id).map(|it| it.1).collect();
        let left = if places.is_empty() { binding.clone() } else { blanked(binding, &places).into() };
        let changes = self.cluster.apply(Delta::Put(ReadObject::new(AnyFact::Binding(left))));
        self.rbac.apply(&self.cluster, &changes);
        self.terrain.forget(&changes);
    }
}

/// A binding in which these subjects, wherever they stand in it, are nobody: the others stay in their places.
fn blanked(binding: &SharedBinding, places: &BTreeSet<usize>) -> Binding {
    let gone: BTreeSet<Subject> = places.iter().filter_map(|it| subject_at(binding, *it)).collect();
    let blank = |it: &Subject| {
        let is_gone = gone.contains(&canonical(&named(it, binding)));
        if is_gone { Subject::User(Name::empty()) } else { it.clone() }
    };
    let subjects: Vec<Subject> = binding.subjects.iter().map(blank).collect();
    Binding { subjects: subjects.into(), ..Binding::clone(binding) }
}

/// Whom a place of a binding names, as answers name them.
pub fn subject_at(binding: &Binding, place: usize) -> Option<Subject> {
    binding.subjects.get(place).map(|it| canonical(&named(it, binding)))
}

/// The first place of a binding that names the same as this one.
pub fn first_place(binding: &Binding, place: usize) -> Option<usize> {
    let wanted = subject_at(binding, place)?;
    (0..binding.subjects.len()).find(|it| subject_at(binding, *it).as_ref() == Some(&wanted))
}

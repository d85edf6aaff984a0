//! What every fact can tell of itself; a sort of facts implements [`Fact`] in its own file.
//!
//! ```text
//! Pod, Service, Role, …        impl Fact: what names it, its kinds, its labels
//! Objects<Pod>                 all facts of one sort: model::objects
//! AnyFact, FactChange, Facts   all sorts together: the table in model::facts
//! ```

use std::borrow::Cow;

use super::id::{Kind, ObjectId};
use super::labels::Labels;
use super::meta::Meta;
use super::name::{JoinedName, Name};
use super::uid::UidFingerprint;

/// What names a fact and tells it from others of its name.
#[derive(Clone, Copy)]
pub struct FactIdentity<'a> {
    /// Empty: cluster-wide.
    pub namespace: &'a Name,
    pub name: JoinedName<'a>,
    /// What tells it from the next object of the same name.
    pub uid: UidFingerprint,
}

/// One sort of facts.
pub trait Fact: Clone + PartialEq {
    /// The kinds whose objects are facts of this sort; empty for the one sort of all kinds that no other sort names.
    const KINDS: &'static [Kind];

    /// What names it.
    fn identity(&self) -> FactIdentity<'_>;

    /// The kind of its object.
    fn kind(&self) -> Kind {
        Self::KINDS[0]
    }

    /// Its labels; none for sorts on whose labels nothing rests.
    fn label_set(&self) -> Cow<'_, Labels> {
        Cow::Owned(Labels::NONE)
    }

    /// The value of one of them.
    fn label(&self, key: &str) -> Option<Cow<'_, Name>> {
        match self.label_set() {
            Cow::Borrowed(set) => set.get(key).map(Cow::Borrowed),
            Cow::Owned(set) => set.get(key).cloned().map(Cow::Owned),
        }
    }

    /// Its namespace; empty: cluster-wide.
    #[inline]
    fn namespace(&self) -> &Name {
        self.identity().namespace
    }

    /// Its name.
    #[inline]
    fn name(&self) -> JoinedName<'_> {
        self.identity().name
    }

    /// What tells it from the next of the same name.
    #[inline]
    fn uid(&self) -> UidFingerprint {
        self.identity().uid
    }

    /// What names it among the objects of all kinds.
    fn id(&self) -> ObjectId {
        let FactIdentity { namespace, name, .. } = self.identity();
        ObjectId { kind: self.kind(), namespace: namespace.clone(), name: name.to_name() }
    }
}

/// A fact before and after one step; `None`: it did not exist.
#[derive(Clone, PartialEq, Debug)]
pub struct BeforeAfter<T> {
    pub before: Option<T>,
    pub after: Option<T>,
}

impl Meta {
    /// What names the object, for facts that hold all of its metadata.
    #[inline]
    pub fn identity(&self) -> FactIdentity<'_> {
        FactIdentity { namespace: &self.namespace, name: JoinedName::whole(&self.name), uid: self.uid }
    }
}

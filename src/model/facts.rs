//! All sorts of facts: one line each in the table below, and everything that is the same for each of them.
//!
//! ```text
//! facts! { pods: Pod, … }  ──►  Facts { pods: Objects<Pod>, … }      what a cluster holds
//!                               AnyFact::Pod(Arc<Pod>), …            what a reader gives
//!                               FactChange::Pod(BeforeAfter<…>), …   what a step changed
//! ```
//!
//! A new sort is a file that implements [`Fact`] and its line here. What is done with a fact whatever its sort is a
//! function of [`Facts`], [`AnyFact`] or [`FactChange`]; who has to know the sort matches on them.

use std::sync::Arc;

use super::coverage::Scope;
use super::id::{Kind, ObjectId};
use super::objects::Objects;

pub use super::endpoints::{EndpointPort, EndpointSlice};
pub use super::fact::{BeforeAfter, Fact};
pub use super::meta::{Meta, SnapshotMeta};
pub use super::namespace::{Namespace, NamespaceLabels};
pub use super::node::Node;
pub use super::owner::Owner;
pub use super::pod::{
    ContainerPort, ContainerRole, NameSuffix, Phase, Pod, PodBuilder, PodLabels, PodNetwork, PodPlacement, PodShared,
    PodSource, SharedPod,
};
pub use super::policy::Policy;
pub use super::role::{Binding, Role};
pub use super::service::{Exposure, Service, ServicePort, ServiceType, TargetPort};
pub use super::service_account::ServiceAccount;
pub use super::uid::{Uid, UidFingerprint};
pub use super::workload::{Workload, WorkloadPlan};

/// Makes the types that hold facts of all sorts from the table of sorts: its name in the plural, and its type.
macro_rules! facts {
    ($($objects:ident: $Sort:ident),* $(,)?) => {
        /// All facts of a cluster, a field for each sort.
        #[derive(Clone, PartialEq, Debug, Default)]
        pub struct Facts {
            $(pub $objects: Objects<$Sort>,)*
        }

        /// A fact of any sort.
        #[derive(Clone, PartialEq, Debug)]
        pub enum AnyFact {
            $($Sort(Arc<$Sort>),)*
        }

        /// One thing that an answer may rest on and that a step of the world changed.
        #[derive(Clone, PartialEq, Debug)]
        pub enum FactChange {
            $($Sort(BeforeAfter<Arc<$Sort>>),)*
            /// The coverage of a kind changed somewhere.
            Coverage(Kind),
            /// An object became unreadable, or readable again.
            Readable(ObjectId),
        }

        /// The kinds of each sort.
        const KINDS: &[&[Kind]] = &[$(<$Sort as Fact>::KINDS),*];

        impl Facts {
            fn sorts(&self) -> [&dyn AnyObjects; KINDS.len()] {
                [$(&self.$objects),*]
            }

            fn sorts_mut(&mut self) -> [&mut dyn AnyObjects; KINDS.len()] {
                [$(&mut self.$objects),*]
            }

            /// Whether a fact is older than what is held of its object.
            pub(super) fn is_older(&self, fact: &AnyFact, version: u64) -> bool {
                match fact {
                    $(AnyFact::$Sort(it) => self.$objects.is_older(it, version),)*
                }
            }

            /// Puts one fact, unless it is older than what is held of its object; the change, if it is one.
            pub(super) fn put(&mut self, fact: AnyFact, version: u64) -> Option<FactChange> {
                match fact {
                    $(AnyFact::$Sort(it) => self.$objects.put_newer(it, version).map(FactChange::$Sort),)*
                }
            }
        }

        impl AnyFact {
            /// What names it.
            pub fn id(&self) -> ObjectId {
                match self {
                    $(AnyFact::$Sort(it) => it.id(),)*
                }
            }

            /// What tells it from the next of the same name.
            pub fn uid(&self) -> UidFingerprint {
                match self {
                    $(AnyFact::$Sort(it) => it.uid(),)*
                }
            }
        }

        impl FactChange {
            /// The fact before and after, if the change is of a fact.
            pub fn fact(&self) -> Option<BeforeAfter<AnyFact>> {
                match self {
                    $(FactChange::$Sort(it) => Some(BeforeAfter {
                        before: it.before.clone().map(AnyFact::$Sort),
                        after: it.after.clone().map(AnyFact::$Sort),
                    }),)*
                    FactChange::Coverage(_) | FactChange::Readable(_) => None,
                }
            }
        }

        $(
            impl InTable for $Sort {
                fn any(self: Arc<Self>) -> AnyFact {
                    AnyFact::$Sort(self)
                }

                fn of(fact: &AnyFact) -> Option<&Arc<Self>> {
                    if let AnyFact::$Sort(it) = fact { Some(it) } else { None }
                }

                fn change(diff: BeforeAfter<Arc<Self>>) -> FactChange {
                    FactChange::$Sort(diff)
                }
            }
        )*
    };
}

// In the order in which a snapshot has them.
facts! {
    namespaces: Namespace,
    nodes: Node,
    service_accounts: ServiceAccount,
    workloads: Workload,
    pods: Pod,
    services: Service,
    endpoint_slices: EndpointSlice,
    policies: Policy,
    roles: Role,
    bindings: Binding,
}

/// What the table gives each sort: its variants of [`AnyFact`] and [`FactChange`].
///
/// The file of a sort implements [`Fact`]; this is written by `facts!` for each of its lines, so that a sort is one line.
pub trait InTable: Fact {
    /// A fact of this sort as one of any.
    fn any(self: Arc<Self>) -> AnyFact;
    /// The fact, if it is one of this sort.
    fn of(fact: &AnyFact) -> Option<&Arc<Self>>;
    /// A change of such a fact.
    fn change(diff: BeforeAfter<Arc<Self>>) -> FactChange;
}

impl<T: InTable> From<T> for AnyFact {
    fn from(fact: T) -> Self {
        Arc::new(fact).any()
    }
}

impl<T: InTable> From<Arc<T>> for AnyFact {
    fn from(fact: Arc<T>) -> Self {
        fact.any()
    }
}

/// The facts of one sort, for whoever need not know which.
trait AnyObjects {
    /// The objects of a kind in a scope.
    fn ids(&self, kind: Kind, scope: &Scope) -> Vec<ObjectId>;
    /// Takes one out.
    fn take(&mut self, id: &ObjectId) -> Option<FactChange>;
    /// The version of one.
    fn version(&self, id: &ObjectId) -> Option<u64>;
    /// Makes whatever is told next of an object newer than what is held of it.
    fn forget_version(&mut self, id: &ObjectId);
    /// All of them.
    fn all(&self) -> Box<dyn Iterator<Item = AnyFact> + '_>;
}

impl<T: InTable> AnyObjects for Objects<T> {
    fn ids(&self, kind: Kind, scope: &Scope) -> Vec<ObjectId> {
        let of_kind = self.iter().filter(|it| it.kind() == kind && scope.holds(it.namespace()));
        of_kind.map(|it| it.id()).collect()
    }

    fn take(&mut self, id: &ObjectId) -> Option<FactChange> {
        let before = self.remove(id)?;
        Some(T::change(BeforeAfter { before: Some(before), after: None }))
    }

    fn version(&self, id: &ObjectId) -> Option<u64> {
        self.version(id)
    }

    fn forget_version(&mut self, id: &ObjectId) {
        self.forget_version(id);
    }

    fn all(&self) -> Box<dyn Iterator<Item = AnyFact> + '_> {
        Box::new(self.iter().cloned().map(T::any))
    }
}

/// The place in the table of the sort that objects of a kind are.
pub fn place(kind: Kind) -> usize {
    let named = KINDS.iter().position(|it| it.contains(&kind));
    named.or_else(|| KINDS.iter().position(|it| it.is_empty())).expect("one sort is of all other kinds")
}

impl Facts {
    /// The facts of the sort that objects of a kind are.
    fn of(&self, kind: Kind) -> &dyn AnyObjects {
        self.sorts()[place(kind)]
    }

    fn of_mut(&mut self, kind: Kind) -> &mut dyn AnyObjects {
        self.sorts_mut().into_iter().nth(place(kind)).expect("a place is that of a sort")
    }

    /// Every fact, in the order of the table, then of namespace and name.
    pub fn all(&self) -> impl Iterator<Item = AnyFact> {
        self.sorts().into_iter().flat_map(|it| it.all())
    }

    /// The objects of a kind in a scope.
    pub(super) fn ids(&self, kind: Kind, scope: &Scope) -> Vec<ObjectId> {
        self.of(kind).ids(kind, scope)
    }

    /// The resourceVersion of an object, 0 where it has none; `None`: it is not there.
    pub fn version(&self, id: &ObjectId) -> Option<u64> {
        self.of(id.kind).version(id)
    }

    /// Takes one fact out; the change, if there was one.
    pub(super) fn take(&mut self, id: &ObjectId) -> Option<FactChange> {
        self.of_mut(id.kind).take(id)
    }

    /// Makes whatever is told next of an object newer than what is held of it.
    pub(super) fn forget_version(&mut self, id: &ObjectId) {
        self.of_mut(id.kind).forget_version(id);
    }
}

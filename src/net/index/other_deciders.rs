//! What decides beside policies, at one gate: which classes it may close, or open.
//!
//! ```text
//! a mesh          closes ingress of its classes, whoever comes
//! egress firewall closes egress of its classes to ends that are not on the pod network; names of hosts also open it
//! ```
//!
//! Such a policy has no rules here, so that its classes stay in rows of many: rows ask only which bits are set. Pods on
//! their node's network are out of its reach, and as destinations they are outside, as nodes are.

use super::Index;
use super::class::Class;
use super::class_sets::ClassBitmap;
use super::classes::ClassKind;
use super::indexed_end::EndReading;
use super::pair::GateFlow;
use super::policies::PolicyEntry;
use super::row::PortSlice;
use crate::model::policy::{Direction, GapEffect};

/// What may happen at a gate, whatever policies say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct GateDoubt {
    pub closes: bool,
    pub opens: bool,
}

/// The classes of whose gates others than policies may decide.
#[derive(Clone, Debug, Default)]
pub(super) struct OtherDeciders {
    closes_ingress: ClassBitmap,
    /// Of egress to ends that are not on the pod network.
    closes_outside: ClassBitmap,
    opens_outside: ClassBitmap,
    /// Pods on their node's network, in both of their readings.
    on_nodes: ClassBitmap,
}

impl OtherDeciders {
    /// Writes what bends the gates of a class.
    pub fn write(&mut self, id: u32, sort: ClassKind, policies: impl Iterator<Item = GapEffect> + Clone) {
        let is_own = sort == ClassKind::Pod;
        let some = |which: &[GapEffect]| is_own && policies.clone().any(|it| which.contains(&it));
        self.on_nodes.put(id, !is_own);
        self.closes_ingress.put(id, some(&[GapEffect::ClosesIngress]));
        self.closes_outside.put(id, some(&[GapEffect::ClosesOutside, GapEffect::DecidesOutside]));
        self.opens_outside.put(id, some(&[GapEffect::DecidesOutside]));
    }

    /// Forgets a class.
    pub fn clear(&mut self, id: u32) {
        let all = [&mut self.closes_ingress, &mut self.closes_outside, &mut self.opens_outside, &mut self.on_nodes];
        all.into_iter().for_each(|it| it.clear(id));
    }

    /// Whether the gate of a class may be closed to everyone.
    pub fn closes_ingress(&self, id: u32) -> bool {
        self.closes_ingress.has(id)
    }

    pub fn bytes(&self) -> usize {
        let all = [&self.closes_ingress, &self.closes_outside, &self.opens_outside, &self.on_nodes];
        all.map(ClassBitmap::bytes).iter().sum()
    }

    /// What is written of a class, for comparing.
    pub fn of(&self, id: u32) -> [bool; 3] {
        [&self.closes_ingress, &self.closes_outside, &self.opens_outside].map(|it| it.has(id))
    }
}

/// Whether an end is on the pod network.
fn is_on_pod_network(end: &EndReading<'_>) -> bool {
    matches!(end, EndReading::Class(_, Class { sort: ClassKind::Pod, .. }))
}

impl Index {
    /// What may happen at one gate of a flow beside what policies say.
    pub(super) fn beside(&self, target: &EndReading<'_>, peer: &EndReading<'_>, direction: Direction) -> GateDoubt {
        let EndReading::Class(id, _) = target else { return GateDoubt::default() };
        match direction {
            Direction::Ingress => GateDoubt { closes: self.beside.closes_ingress.has(*id), opens: false },
            Direction::Egress if is_on_pod_network(peer) => GateDoubt::default(),
            Direction::Egress => {
                GateDoubt { closes: self.beside.closes_outside.has(*id), opens: self.beside.opens_outside.has(*id) }
            }
        }
    }

    /// Whether a policy is of those that may do so here.
    pub(super) fn speaks_here(&self, policy: &PolicyEntry, flow: &GateFlow<'_>) -> bool {
        let direction = match policy.at_gate {
            Some(GapEffect::ClosesIngress) => Direction::Ingress,
            Some(_) => Direction::Egress,
            None => return false,
        };
        direction == flow.direction && self.beside(&flow.target, &flow.peer, direction).closes
    }

    /// Takes from the slices of a row what may be closed; gives the classes that must be judged one by one.
    pub(super) fn doubt_row(
        &self,
        end: &EndReading<'_>,
        direction: Direction,
        slices: &mut [PortSlice],
    ) -> ClassBitmap {
        let beside = &self.beside;
        let mut apart = ClassBitmap::default();
        match direction {
            Direction::Ingress => {
                if matches!(end, EndReading::Class(id, _) if beside.closes_ingress.has(*id)) {
                    slices.iter_mut().for_each(|it| it.doubt(None));
                }
                if !is_on_pod_network(end) {
                    apart.or(&beside.closes_outside);
                }
            }
            Direction::Egress => {
                if !beside.closes_ingress.is_empty() {
                    slices.iter_mut().for_each(|it| it.doubt(Some(&beside.closes_ingress)));
                }
                if matches!(end, EndReading::Class(id, _) if beside.closes_outside.has(*id)) {
                    apart.or(&beside.on_nodes);
                }
            }
        }
        apart
    }
}

impl PortSlice {
    /// Lets classes, or all, pass possibly and no longer surely.
    fn doubt(&mut self, classes: Option<&ClassBitmap>) {
        let sure = self.sure.clone();
        match classes {
            Some(classes) => self.sure.and_not(classes),
            None => self.sure = ClassBitmap::default(),
        }
        self.possible.get_or_insert(sure);
    }
}

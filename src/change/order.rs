//! The order in which changes are made, checked at each moment in between.
//!
//! ```text
//! before ─first─► moment ─second─► moment ─third─► after     a moment is the set of changes that are made by then
//! ```
//!
//! Looked for is the way through these sets on which no flow and no right that holds before and after is missing meanwhile,
//! and of those the one on which nothing holds meanwhile that neither of both has. Where no order is so, the one that cuts
//! least is taken, and what it cuts is told.
//!
//! An order that the server could not follow is none: a namespace is there before what is in it, a role before the bindings
//! that name it.

mod moment;
mod rights;
mod search;

use std::collections::BTreeMap;

use serde_json::Value;

use super::edits::{Change, Op, Unfit, project};
use super::flow::DifferingFlow;
use super::{Side, Sides};
use crate::model::cluster::Cluster;
use crate::model::id::{Kind, ObjectId};
use crate::{net, rbac};

pub use moment::FlowLapse;
pub use rights::{Lapse, RightLapse};

/// How many moments are looked at before the best order that was found is taken.
const BUDGET: usize = 48;

/// In which order changes are made.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Order {
    /// Their places in what was given.
    pub places: Vec<usize>,
    /// What is not as it should be once each of them is made, but for the last.
    pub moments: Vec<Moment>,
    /// Whether no order is better.
    pub is_best: bool,
}

/// What is otherwise between two changes than it is before and after all of them.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Moment {
    pub flows: Vec<FlowLapse>,
    pub rights: Vec<RightLapse>,
}

/// What is missing for sure, what may be, and what is too much: in this order orders are compared.
pub(super) type Cost = [usize; 3];

impl Moment {
    /// Whether all is as before and after.
    pub fn is_nothing(&self) -> bool {
        self.flows.is_empty() && self.rights.is_empty()
    }

    /// Whether something that holds before and after is missing, or may be.
    pub fn cuts(&self) -> bool {
        let [cut, maybe, _] = self.cost();
        cut + maybe > 0
    }

    fn cost(&self) -> Cost {
        let rights = |lapse: Lapse| self.rights.iter().filter(|it| it.lapse == lapse).count();
        let flows = |ports: fn(&FlowLapse) -> bool| self.flows.iter().filter(|it| ports(it)).count();
        [
            flows(|it| !it.cut.is_empty()) + rights(Lapse::Missing),
            flows(|it| !it.may_be_cut.is_empty()) + rights(Lapse::MayBeMissing),
            flows(|it| !it.opened.is_empty()) + rights(Lapse::TooMuch),
        ]
    }
}

impl Order {
    /// Whether no moment is otherwise than it should be.
    pub fn is_clean(&self) -> bool {
        self.moments.iter().all(Moment::is_nothing)
    }

    /// Whether nothing that holds before and after is missing in between.
    pub fn never_cuts(&self) -> bool {
        !self.moments.iter().any(Moment::cuts)
    }

    /// These in this order.
    pub fn of<T: Clone>(&self, all: &[T]) -> Vec<T> {
        self.places.iter().filter_map(|it| all.get(*it).cloned()).collect()
    }
}

/// The order for a cluster in which these changes are made; `after` is with all of them, and `whole` what differs then.
///
/// # Errors
/// An object is of no kind that is read, or has no name.
pub fn order(before: &Side<'_>, after: &Side<'_>, whole: &[DifferingFlow], changes: &[Change]) -> Result<Order, Unfit> {
    let ids: Vec<ObjectId> = changes.iter().map(Change::id).collect::<Result<_, _>>()?;
    let mut usual: Vec<usize> = (0..changes.len()).collect();
    usual.sort_by_key(|it| rank(&changes[*it], &ids[*it]));
    let needs = needs(changes, &ids);
    let (states, moments) = Default::default();
    let mut course = Course { before, after, whole, changes, states, moments };
    let found = search::best(&usual, &needs, BUDGET, &mut |made| course.cost(made))?;
    let moments = (1..found.places.len()).map(|it| course.moment(&found.places[..it]));
    let moments = moments.collect::<Result<_, _>>()?;
    Ok(Order { places: found.places, moments, is_best: found.is_best })
}

/// Which changes each of them comes after, whatever it costs.
fn needs(changes: &[Change], ids: &[ObjectId]) -> Vec<Vec<usize>> {
    let made = |at: &usize| changes[*at].op != Op::Delete;
    let is_in = |at: usize, space: usize| {
        ids[space].kind == Kind::NAMESPACE && at != space && ids[at].namespace == ids[space].name
    };
    let names = |at: usize, role: usize| {
        let word = |pointer: &str| changes[at].object.pointer(pointer).and_then(Value::as_str);
        let kind = match ids[role].kind {
            Kind::ROLE if ids[role].namespace == ids[at].namespace => "Role",
            Kind::CLUSTER_ROLE => "ClusterRole",
            _ => return false,
        };
        word("/roleRef/kind") == Some(kind) && word("/roleRef/name") == Some(ids[role].name.as_str())
    };
    let comes_first = |first: usize, at: usize| match (made(&first), made(&at)) {
        (true, true) => is_in(at, first) || (changes[first].op == Op::Create && names(at, first)),
        (_, false) => is_in(first, at),
        (false, true) => false,
    };
    (0..changes.len()).map(|at| (0..changes.len()).filter(|it| *it != at && comes_first(*it, at)).collect()).collect()
}

/// When a change is made as a rule: what opens before what cuts, what others name before them.
pub fn rank(change: &Change, id: &ObjectId) -> u8 {
    let is_policy = !matches!(
        id.kind,
        Kind::NAMESPACE
            | Kind::SERVICE_ACCOUNT
            | Kind::ROLE
            | Kind::CLUSTER_ROLE
            | Kind::ROLE_BINDING
            | Kind::CLUSTER_ROLE_BINDING
            | Kind::POD
            | Kind::SERVICE
    );
    match (change.op, id.kind) {
        (Op::Delete, Kind::ROLE | Kind::CLUSTER_ROLE | Kind::SERVICE_ACCOUNT | Kind::NAMESPACE) => 7,
        (Op::Delete, _) => 6,
        (_, Kind::NAMESPACE) => 0,
        (_, Kind::SERVICE_ACCOUNT | Kind::ROLE | Kind::CLUSTER_ROLE) => 1,
        (_, Kind::ROLE_BINDING | Kind::CLUSTER_ROLE_BINDING) => 2,
        (_, _) if is_policy && !allows(&change.object) => 5,
        (Op::Create, _) if is_policy => 3,
        _ => 4,
    }
}

/// Whether a policy holds a rule that could allow something.
pub(super) fn allows(policy: &Value) -> bool {
    let is_denying = |rule: &Value| rule.get("action").and_then(Value::as_str) == Some("Deny");
    let rules = |field: &str| policy.pointer(&format!("/spec/{field}")).and_then(Value::as_array);
    ["ingress", "egress"].iter().filter_map(|it| rules(it)).flatten().any(|it| !is_denying(it))
}

/// A cluster with its indexes.
#[derive(Clone)]
struct IndexedCluster {
    cluster: Cluster,
    net: net::Index,
    rbac: rbac::Index,
}

impl IndexedCluster {
    fn of(side: &Side<'_>) -> Self {
        Self { cluster: side.cluster.clone(), net: side.net.clone(), rbac: side.rbac.clone() }
    }

    fn side<'a>(&'a self, of: &Side<'a>) -> Side<'a> {
        Side { cluster: &self.cluster, net: &self.net, rbac: &self.rbac, ..*of }
    }

    /// Makes a change.
    fn make(&mut self, change: &Change) -> Result<(), Unfit> {
        for delta in project(&self.cluster, std::slice::from_ref(change))?.deltas {
            let changed = self.cluster.apply(delta);
            self.net.apply(&self.cluster, &changed);
            self.rbac.apply(&self.cluster, &changed);
        }
        Ok(())
    }
}

/// The moments of all orders, as far as they have been looked at, by the changes that are made.
struct Course<'a> {
    before: &'a Side<'a>,
    after: &'a Side<'a>,
    /// What differs in the end.
    whole: &'a [DifferingFlow],
    changes: &'a [Change],
    states: BTreeMap<Vec<usize>, IndexedCluster>,
    moments: BTreeMap<Vec<usize>, Moment>,
}

impl Course<'_> {
    fn cost(&mut self, made: &[usize]) -> Result<Cost, Unfit> {
        Ok(self.moment(made)?.cost())
    }

    /// How it is once these changes are made, in whatever order.
    fn moment(&mut self, made: &[usize]) -> Result<Moment, Unfit> {
        let key = sorted(made);
        if let Some(known) = self.moments.get(&key) {
            return Ok(known.clone());
        }
        let state = self.state(made)?;
        let three = moment::Three::new(*self.before, state.side(self.before), *self.after);
        let moment = Moment { flows: three.flows(self.whole), rights: three.rights() };
        self.states.insert(key.clone(), state);
        self.moments.insert(key, moment.clone());
        Ok(moment)
    }

    fn state(&self, made: &[usize]) -> Result<IndexedCluster, Unfit> {
        let Some((last, others)) = made.split_last() else { return Ok(IndexedCluster::of(self.before)) };
        let mut state = match self.states.get(&sorted(others)) {
            Some(known) => known.clone(),
            None => self.state(others)?,
        };
        state.make(&self.changes[*last])?;
        Ok(state)
    }
}

fn sorted(made: &[usize]) -> Vec<usize> {
    let mut made = made.to_vec();
    made.sort_unstable();
    made
}

/// Two states of one cluster.
fn sides<'a>(before: &Side<'a>, after: &Side<'a>) -> Sides<'a> {
    Sides { before: *before, after: *after, is_one_source: true, has_same_unread: true }
}

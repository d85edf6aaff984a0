//! What an edge is asked, and how it answers: moves are recorded as what they rest on by reference; what is told of
//! them is made of that for the steps of a shown way alone.
//!
//! ```text
//! for right in moves.new_rights(&CREATES_PODS) {
//!     out.add(&EDGE, right, Region::Accounts(right.scope.clone()), |it| it.may_create(right));
//! }
//! ```

mod kept;

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::model::evidence::Outcome;
use crate::model::facts::{Fact, SharedPod};
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::owner::WORKLOAD_KINDS;
use crate::model::workload::Workload;
use crate::rbac::version::Span;

pub use self::kept::{KeptWrite, Move, Writing};
use super::Ground;
use super::edges::Edge;
use super::foothold::Foothold;
use super::held::{Held, HeldMark, Stand};
use super::places::account;
use super::powers::Permission;
use super::region::{Region, Which};
use super::rights::Right;
use super::step::Certainty;

/// Where the moves of all edges are gathered, if they give anything that is not held.
pub struct Out<'a> {
    ground: &'a Ground<'a>,
    held: &'a Held,
    certainty: Certainty,
    waiting: &'a mut Waiting,
}

/// From where a move is made.
pub trait MoveFrom {
    /// Its number.
    fn stand(&self) -> u32;
}

impl MoveFrom for &Right {
    fn stand(&self) -> u32 {
        self.stand
    }
}

impl MoveFrom for u32 {
    fn stand(&self) -> u32 {
        *self
    }
}

impl<'a> Out<'a> {
    /// Into what waits to be taken; of moves that are no surer than this.
    pub fn new(ground: &'a Ground<'a>, held: &'a Held, certainty: Certainty, waiting: &'a mut Waiting) -> Self {
        Self { ground, held, certainty, waiting }
    }

    /// Whether moves that are no surer than this are gathered.
    pub fn takes(&self, certainty: Certainty) -> bool {
        certainty <= self.certainty
    }

    /// One move, made only where it gives something new, or gives it nearer than what waits.
    pub fn add(
        &mut self,
        edge: &'static Edge,
        from: impl MoveFrom,
        to: impl Into<Region>,
        rests: impl FnOnce(Move) -> Move,
    ) {
        self.add_if(edge, from, to, |it| Some(rests(it)));
    }

    /// The same, if it can be made at all.
    pub fn add_if(
        &mut self,
        edge: &'static Edge,
        from: impl MoveFrom,
        to: impl Into<Region>,
        rests: impl FnOnce(Move) -> Option<Move>,
    ) {
        let (stand, to) = (from.stand(), to.into());
        if self.has(stand, &to) {
            return;
        }
        let new = if self.waiting.is_bare { Move::bare(edge, stand, to) } else { Move::new(edge, stand, to) };
        if let Some(found) = rests(new).filter(|it| it.certainty <= self.certainty) {
            let cost = self.held.cost(self.ground, &found);
            self.waiting.put(found, cost);
        }
    }

    /// Whether nothing would come of a move from here to there: it is held, or waits as near already.
    pub fn has(&self, from: impl MoveFrom, to: &Region) -> bool {
        let nearest = self.held.nearest(from.stand());
        let has = |it: &Region| self.held.is_entry(it) || self.waiting.has(it, nearest);
        has(to) || to.has_wider(self.ground, &mut |it| has(it))
    }
}

/// Moves that are not taken yet, by how many their ways have.
#[derive(Default)]
pub struct Waiting {
    by_cost: BTreeMap<u32, Vec<Move>>,
    nearest: FxHashMap<Region, u32>,
    /// Whether what they lead to counts alone: of single holders, what is sure beside what is not, and without what they
    /// rest on.
    is_bare: bool,
}

impl Waiting {
    /// For what single holders come to in one move: the move is not told.
    pub fn bare() -> Self {
        Self { is_bare: true, ..Self::default() }
    }

    fn put(&mut self, it: Move, cost: u32) {
        if self.is_bare && it.stands.len() > 1 {
            return;
        }
        let rank = self.rank(cost, it.certainty);
        let nearest = self.nearest.entry(it.to.clone()).or_insert(u32::MAX);
        if rank < *nearest {
            *nearest = rank;
            self.by_cost.entry(cost).or_default().push(it);
        }
    }

    /// Whether something waits that is so near; where what is sure stands beside what is not, something that is sure.
    fn has(&self, region: &Region, cost: u32) -> bool {
        self.nearest.get(region).is_some_and(|it| *it <= self.rank(cost, Certainty::Certain))
    }

    fn rank(&self, cost: u32, certainty: Certainty) -> u32 {
        cost * 2 + u32::from(self.is_bare && certainty == Certainty::Unsure)
    }

    /// Begins anew, with the room that it has.
    pub fn clear(&mut self) {
        self.by_cost.clear();
        self.nearest.clear();
    }

    /// Every one.
    pub fn all(&self) -> impl Iterator<Item = &Move> {
        self.by_cost.values().flatten()
    }

    /// The nearest moves, with how many their ways have.
    pub fn take_nearest(&mut self) -> Option<(u32, Vec<Move>)> {
        self.by_cost.pop_first()
    }
}

/// What an edge is asked about: all that is held, and what of it was taken last.
pub struct Moves<'a> {
    pub ground: &'a Ground<'a>,
    pub held: &'a Held,
    /// How much there was before the last was taken.
    pub before: HeldMark,
}

impl<'a> Moves<'a> {
    /// Rights that were come by last, in namespaces and cluster-wide.
    pub fn new_rights(&self, power: &'static Permission) -> impl Iterator<Item = &'a Right> {
        self.held.rights_of(power, self.before.rights)
    }

    /// The same for what stands in no namespace, which is never had through a RoleBinding.
    pub fn new_cluster_rights(&self, power: &'static Permission) -> impl Iterator<Item = &'a Right> {
        self.new_rights(power).filter(|it| it.scope.is_empty())
    }

    /// Rights of a power that were come by last; every one, where something that it is used beside is new.
    pub fn new_rights_beside(
        &self,
        power: &'static Permission,
        beside: &'static Permission,
    ) -> impl Iterator<Item = &'a Right> + use<'a> {
        let is_new = self.held.rights_of(beside, self.before.rights).next().is_some();
        self.held.rights_of(power, if is_new { 0 } else { self.before.rights })
    }

    /// Every right of a power.
    pub fn all_rights(&self, power: &'static Permission) -> impl Iterator<Item = &'a Right> {
        self.held.rights_of(power, 0)
    }

    /// The same for what stands in no namespace.
    pub fn all_cluster_rights(&self, power: &'static Permission) -> impl Iterator<Item = &'a Right> {
        self.all_rights(power).filter(|it| it.scope.is_empty())
    }

    /// Rights of two powers that hold in one place, of which one is new, each with that place (empty: everywhere).
    ///
    /// The first is for objects that have no name yet; the second too, or `with_names` lets it be for some alone.
    pub fn new_pairs(
        &self,
        first: &'static Permission,
        second: &'static Permission,
        with_names: bool,
    ) -> Vec<(Name, &'a Right, &'a Right)> {
        let beside = |power: &'static Permission, scope: &Name| match with_names && std::ptr::eq(power, second) {
            true => self.held.any_right_in(power, scope),
            false => self.held.right_in(power, scope),
        };
        let mut found = Vec::new();
        let mut in_pairs = |new: &'a Right, other: &'static Permission, is_first: bool| {
            let pair = |scope: Name, it: &'a Right| if is_first { (scope, new, it) } else { (scope, it, new) };
            if let Some(it) = beside(other, &new.scope) {
                let scope = if new.scope.is_empty() { it.scope.clone() } else { new.scope.clone() };
                found.push(pair(scope, it));
            } else if new.scope.is_empty() {
                // What holds everywhere meets what holds somewhere.
                let fits = |it: &&Right| it.is_of_all() || with_names && is_first;
                found.extend(self.all_rights(other).filter(fits).map(|it| pair(it.scope.clone(), it)));
            }
        };
        self.new_rights(first).filter(|it| it.is_of_all()).for_each(|it| in_pairs(it, second, true));
        let second_rights = self.new_rights(second).filter(|it| with_names || it.is_of_all());
        second_rights.for_each(|it| in_pairs(it, first, false));
        found
    }

    /// All stands.
    pub fn stands(&self) -> &'a [Stand] {
        self.held.stands()
    }

    /// The stands that were come by last, with their numbers.
    pub fn new_stands(&self) -> impl Iterator<Item = (u32, &'a Stand)> {
        let all = self.held.stands();
        (self.before.stands..all.len()).map(|at| (at as u32, &all[at]))
    }

    /// The pods among them.
    pub fn new_pods(&self) -> impl Iterator<Item = (u32, &'a SharedPod)> {
        self.new_stands().filter_map(|(at, it)| Some((at, it.pod.as_ref()?)))
    }

    /// The stands in every pod of some sort that runs that were come by last.
    pub fn new_every(&self) -> impl Iterator<Item = (Which, u32)> {
        self.held.every().iter().copied().filter(|it| it.1 as usize >= self.before.stands)
    }

    /// Whether all of it is held already.
    pub fn is_held(&self, region: &Region) -> bool {
        self.held.is_held(self.ground, region)
    }

    /// The namespaces in which a right holds.
    pub fn namespaces(&self, right: &Right) -> Arc<[Name]> {
        match right.scope.is_empty() {
            true => self.ground.all_namespaces(),
            false => [right.scope.clone()].into(),
        }
    }

    /// The pods of a sort that a right is for: all, or those that it names.
    pub fn pods_of(&self, right: &Right, which: Which) -> Vec<Region> {
        if right.is_of_all() {
            return vec![Region::Pods(right.scope.clone(), which)];
        }
        let named = right.names().iter().flat_map(|name| {
            let homes = self.homes(right, "pods", name);
            homes.iter().filter_map(|it| self.ground.cluster.pods.get(it, name)).collect::<Vec<_>>()
        });
        named.filter(|it| which.has(self.ground, it)).map(|it| Region::One(Foothold::Pod(it.pod_id()))).collect()
    }

    /// The namespaces in which an object of this name is there, of those in which a right holds.
    pub fn homes(&self, right: &Right, resource: &'static str, name: &Name) -> Arc<[Name]> {
        match right.scope.is_empty() {
            true => self.ground.homes(resource, name),
            false if is_there(self.ground, resource, &right.scope, name) => [right.scope.clone()].into(),
            false => Arc::default(),
        }
    }

    /// The same of one namespace.
    pub fn pods_in(&self, right: &Right, namespace: &Name, which: Which) -> Vec<Region> {
        if right.is_of_all() {
            return vec![Region::Pods(namespace.clone(), which)];
        }
        let named = right.names().iter().filter_map(|name| self.ground.cluster.pods.get(namespace, name));
        let pods = named.filter(|it| which.has(self.ground, it));
        pods.map(|it| Region::One(Foothold::Pod(it.pod_id()))).collect()
    }

    /// The service accounts that are there and that a right is for: all, or those that it names.
    pub fn accounts_of(&self, right: &Right) -> Vec<Region> {
        if right.is_of_all() {
            return vec![Region::Accounts(right.scope.clone())];
        }
        let named = right.names().iter().flat_map(|name| {
            let homes = self.homes(right, ACCOUNTS, name);
            homes.iter().map(|it| Region::One(account(it, name))).collect::<Vec<_>>()
        });
        named.collect()
    }

    /// The name of what is made with a right to create in a namespace: empty is any; `None`: nothing new can be made.
    pub fn new_name(&self, right: &Right, namespace: &Name) -> Option<Name> {
        new_name(self.ground, right, namespace)
    }

    /// Whether the server lets it be done; `None`: it surely does not.
    pub fn on(&self, span: Span) -> Option<Outcome> {
        Some(span.holds(self.ground.version)).filter(|it| *it != Outcome::Deny)
    }

    /// The rights of two powers that one identity holds: what the API server judges of one request.
    pub fn of_one_identity(
        &self,
        first: impl Iterator<Item = &'a Right>,
        second: impl Iterator<Item = &'a Right>,
    ) -> Vec<(&'a Right, &'a Right)> {
        let mut first = first.peekable();
        if first.peek().is_none() {
            return Vec::new();
        }
        let mut by_actor: FxHashMap<u32, Vec<&'a Right>> = FxHashMap::default();
        second.for_each(|it| by_actor.entry(it.actor).or_default().push(it));
        let all = first.flat_map(|it| by_actor.get(&it.actor).into_iter().flatten().map(move |other| (it, *other)));
        all.collect()
    }
}

/// The name of what is made with a right to create in a namespace: empty is any; `None`: nothing new can be made.
///
/// Of the names of a rule it is the first that nothing there has.
pub fn new_name(ground: &Ground<'_>, right: &Right, namespace: &Name) -> Option<Name> {
    if right.is_of_all() {
        return Some(Name::empty());
    }
    makeable(right).find(|it| !is_there(ground, right.need.resource, namespace, it)).cloned()
}

/// The name of what is made in whatever namespace by a right to create that names its objects: nothing has it anywhere.
pub(super) fn new_name_anywhere(ground: &Ground<'_>, right: &Right) -> Option<Name> {
    makeable(right).find(|it| ground.homes(right.need.resource, it).is_empty()).cloned()
}

/// The names of what something can be made of.
fn makeable(right: &Right) -> impl Iterator<Item = &Name> {
    right.names().iter().filter(|it| !it.is_empty() && right.makes())
}

/// The accounts that are there, those too that only pods name.
pub(super) const ACCOUNTS: &str = "serviceaccounts";

/// Whether an object of this kind is there, as far as the kind is read.
pub(super) fn is_there(ground: &Ground<'_>, resource: &str, namespace: &Name, name: &str) -> bool {
    let cluster = ground.cluster;
    match resource {
        "pods" => cluster.pods.get(namespace, name).is_some(),
        ACCOUNTS => ground.place(namespace).class_of_account(name).is_some(),
        "roles" | "clusterroles" => cluster.roles.get(namespace, name).is_some(),
        "rolebindings" | "clusterrolebindings" => cluster.bindings.get(namespace, name).is_some(),
        "services" => cluster.services.get(namespace, name).is_some(),
        "endpointslices" => cluster.endpoint_slices.get(namespace, name).is_some(),
        "networkpolicies" => cluster.policies.get(namespace, name).is_some(),
        _ => workload(ground, resource, namespace, name).is_some(),
    }
}

/// The workload of this name that requests call so.
fn workload<'a>(ground: &'a Ground<'_>, resource: &str, namespace: &str, name: &str) -> Option<&'a Workload> {
    let kind = workload_kind(resource)?;
    ground.cluster.workloads.get_of_kind(namespace, name, kind.as_str()).map(|it| &**it)
}

/// The first workload of a namespace that requests call so.
pub(super) fn first_of_kind(ground: &Ground<'_>, resource: &str, namespace: &str) -> Option<ObjectId> {
    let all = ground.first_workloads();
    all.get(namespace)?.iter().find(|it| it.resource == resource).map(|it| it.workload.clone())
}

/// The same of those that have one of these names.
pub(super) fn first_named(ground: &Ground<'_>, resource: &str, namespace: &str, names: &[Name]) -> Option<ObjectId> {
    let named = names.iter().filter_map(|it| workload(ground, resource, namespace, it));
    named.min_by(|one, other| one.name.cmp(&other.name)).map(|it| it.id())
}

/// The kind of workload that requests name so.
pub fn workload_kind(resource: &str) -> Option<Kind> {
    let is_its = |it: &Kind| crate::kinds::spec(*it).is_some_and(|it| it.plural == resource);
    WORKLOAD_KINDS.into_iter().find(is_its)
}

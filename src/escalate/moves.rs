//! What an edge is asked, and how it answers: moves are recorded as what they rest on by reference; what is told of
//! them is made of that for the steps of a shown way alone.
//!
//! ```text
//! for right in moves.new_rights(&CREATES_PODS) {
//!     out.add(&EDGE, right, Region::Accounts(right.scope.clone()), |it| it.may_create(right));
//! }
//! ```

use rustc_hash::FxHashMap;

use crate::model::cluster::Delta;
use crate::model::evidence::Outcome;
use crate::model::facts::SharedPod;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::version::Span;

use super::Ground;
use super::edges::Edge;
use super::foothold::Foothold;
use super::held::{Held, Mark, Stand};
use super::places::account;
use super::powers::Power;
use super::region::{Region, Which};
use super::rights::Right;
use super::step::{Because, Certainty, Step};

/// One move, as it is kept.
#[derive(Clone, Debug)]
pub struct Move {
    pub edge: &'static Edge,
    pub to: Region,
    /// From which stands it is made: the one that moves, then those that it needs besides.
    pub stands: Vec<u32>,
    pub certainty: Certainty,
    rests: Vec<Rest>,
}

/// What a move writes, made when it is told: of the step with its writer, and the object.
pub type Write = fn(&Ground<'_>, &Writing<'_>) -> Option<Delta>;

/// Who writes what.
pub struct Writing<'a> {
    pub writer: Subject,
    /// What the move leads to.
    pub to: &'a Foothold,
    /// What is written, if that is not the same.
    pub object: Option<&'a ObjectId>,
}

/// One thing that a move rests on.
#[derive(Clone, Debug)]
enum Rest {
    /// A request that a right lets be made.
    May { right: u32, on: On },
    /// The state of an object; `None`: of what the move leads to.
    State { object: Option<ObjectId>, what: Name },
    /// What the rules or the groups of the one who moves amount to.
    Holds(Name),
    /// That the one who moves is in `system:masters`.
    Masters,
    /// What makes it unsure.
    Doubt { object: Option<ObjectId>, what: &'static str },
    /// What is written first.
    Writes { write: Write, object: Option<ObjectId> },
}

/// On which object a request is.
#[derive(Clone, Debug)]
enum On {
    /// What the move leads to.
    Target,
    /// Something in its namespace: of this name, or one that has none yet.
    Beside(Name),
    /// In this namespace (empty: in none), of this name.
    At(Name, Name),
}

impl Move {
    fn new(edge: &'static Edge, stand: u32, to: Region) -> Self {
        Self { edge, to, stands: vec![stand], certainty: Certainty::Certain, rests: Vec::new() }
    }

    fn resting(mut self, rest: Rest) -> Self {
        self.rests.push(rest);
        self
    }

    fn by(self, right: &Right, on: On) -> Self {
        self.with(right.stand).resting(Rest::May { right: right.number, on })
    }

    /// The same, from this stand besides.
    pub fn with(mut self, stand: u32) -> Self {
        if !self.stands.contains(&stand) {
            self.stands.push(stand);
        }
        self
    }

    /// The same, by a request on what it leads to: that pod, that account, that Secret.
    pub fn may(self, right: &Right) -> Self {
        self.by(right, On::Target)
    }

    /// The same, by a request for a new object, which has no name yet, in the namespace of what it leads to.
    pub fn may_create(self, right: &Right) -> Self {
        self.by(right, On::Beside(Name::empty()))
    }

    /// The same, by a request on an object of this name, in the namespace of what it leads to.
    pub fn may_beside(self, right: &Right, name: &Name) -> Self {
        self.by(right, On::Beside(name.clone()))
    }

    /// The same, by a request in this namespace (empty: in none) on the object of this name (empty: none yet).
    pub fn may_at(self, right: &Right, namespace: &Name, name: &Name) -> Self {
        self.by(right, On::At(namespace.clone(), name.clone()))
    }

    /// The same, resting on the state of what it leads to, in one clause.
    pub fn is(self, what: impl Into<Name>) -> Self {
        self.resting(Rest::State { object: None, what: what.into() })
    }

    /// The same, resting on the state of an object, in one clause.
    pub fn state(self, object: ObjectId, what: impl Into<Name>) -> Self {
        self.resting(Rest::State { object: Some(object), what: what.into() })
    }

    /// The same, resting on what the rules or groups of the one who moves amount to, in one clause.
    pub fn holds(self, what: impl Into<Name>) -> Self {
        self.resting(Rest::Holds(what.into()))
    }

    /// The same, of a member of `system:masters`.
    pub fn as_master(self) -> Self {
        self.resting(Rest::Masters)
    }

    /// The same, which may be so and may be not, for this reason.
    pub fn unsure(self, what: &'static str) -> Self {
        self.unsure_of(None, what)
    }

    /// The same, where the reason is an object's.
    pub fn unsure_of(mut self, object: Option<ObjectId>, what: &'static str) -> Self {
        self.certainty = Certainty::Unsure;
        self.resting(Rest::Doubt { object, what })
    }

    /// The same where only some versions of the server allow it.
    pub fn on_versions(self, sure: Outcome) -> Self {
        const WHY: &str = "only some versions of Kubernetes allow it, and the server's is not known";
        if sure == Outcome::Allow { self } else { self.unsure(WHY) }
    }

    /// The same, with this written first (of an object that is not what the move leads to).
    pub fn writing(self, write: Write, object: Option<ObjectId>) -> Self {
        self.resting(Rest::Writes { write, object })
    }

    /// The move as a step to one of the things that it gives.
    pub fn step(&self, ground: &Ground<'_>, held: &Held, to: &Foothold) -> Step {
        let foothold = |it: &u32| &held.stands()[*it as usize].foothold;
        let mut step = Step::new(self.edge, foothold(&self.stands[0]), to.clone());
        for other in &self.stands[1..] {
            step = step.with(foothold(other));
        }
        let actor = held.stands()[self.stands[0] as usize].actor;
        for rest in &self.rests {
            step = rest.told(ground, held, actor, step);
        }
        step
    }
}

impl Rest {
    fn told(&self, ground: &Ground<'_>, held: &Held, actor: u32, step: Step) -> Step {
        match self {
            Rest::May { right, on } => {
                let right = &held.rights()[*right as usize];
                let (namespace, name) = on.names(&step.to);
                step.because(right.because(held, &namespace, &name))
            }
            Rest::State { object, what } => {
                let object = object.clone().or_else(|| object_of(&step.to));
                match object {
                    Some(object) => step.because(Because::State { object, what: what.clone() }),
                    None => step,
                }
            }
            Rest::Holds(what) => step.because(Because::Holds { subject: held.subject(actor), what: what.clone() }),
            Rest::Masters => step.because(Because::Masters(held.subject(actor))),
            Rest::Doubt { object, what } => step.unsure(object.clone(), *what),
            Rest::Writes { write, object } => {
                let writing = Writing { writer: held.subject(actor), to: &step.to, object: object.as_ref() };
                match write(ground, &writing) {
                    Some(delta) => step.writing(delta),
                    None => step,
                }
            }
        }
    }
}

impl On {
    fn names(&self, to: &Foothold) -> (Name, Name) {
        match self {
            On::Target => names_of(to),
            On::Beside(name) => (names_of(to).0, name.clone()),
            On::At(namespace, name) => (namespace.clone(), name.clone()),
        }
    }
}

/// The namespace and the name of something held, as requests name it.
fn names_of(foothold: &Foothold) -> (Name, Name) {
    match foothold {
        Foothold::Subject(it) => (it.namespace().clone(), it.name().clone()),
        Foothold::Role { role, .. } => (role.namespace.clone(), role.name.clone()),
        Foothold::Pod(it) => (it.namespace.clone(), it.name.clone()),
        Foothold::Node(it) => (Name::empty(), it.clone()),
        Foothold::NamespaceAdmin(it) => (it.clone(), Name::empty()),
        Foothold::Secrets { namespace, name } => (namespace.clone(), name.clone().unwrap_or_default()),
        Foothold::Intercept { namespace, service } => (namespace.clone(), service.clone()),
        Foothold::ClusterAdmin | Foothold::Connection(_) => Default::default(),
    }
}

/// The object that a foothold is, if it is one.
fn object_of(foothold: &Foothold) -> Option<ObjectId> {
    match foothold {
        Foothold::Pod(id) => Some(id.object()),
        Foothold::Node(name) => Some(ObjectId::new(Kind::NODE, "", name.clone())),
        Foothold::Role { role, .. } => Some(role.clone()),
        Foothold::Subject(Subject::ServiceAccount { namespace, name }) => {
            Some(ObjectId::new(Kind::SERVICE_ACCOUNT, namespace.clone(), name.clone()))
        }
        Foothold::Intercept { namespace, service } => {
            Some(ObjectId::new(Kind::SERVICE, namespace.clone(), service.clone()))
        }
        _ => None,
    }
}

/// Where the moves of all edges are gathered, if they give anything that is not held.
pub struct Out<'a> {
    ground: &'a Ground<'a>,
    held: &'a Held,
    certainty: Certainty,
    pub found: Vec<Move>,
}

/// From where a move is made.
pub trait From {
    /// Its number.
    fn stand(&self) -> u32;
}

impl From for &Right {
    fn stand(&self) -> u32 {
        self.stand
    }
}

impl From for u32 {
    fn stand(&self) -> u32 {
        *self
    }
}

impl<'a> Out<'a> {
    /// Nothing yet; of moves that are no surer than this.
    pub fn new(ground: &'a Ground<'a>, held: &'a Held, certainty: Certainty) -> Self {
        Self { ground, held, certainty, found: Vec::new() }
    }

    /// One move, made only where it gives something new.
    pub fn add(
        &mut self,
        edge: &'static Edge,
        from: impl From,
        to: impl Into<Region>,
        rests: impl FnOnce(Move) -> Move,
    ) {
        self.add_if(edge, from, to, |it| Some(rests(it)));
    }

    /// The same, if it can be made at all.
    pub fn add_if(
        &mut self,
        edge: &'static Edge,
        from: impl From,
        to: impl Into<Region>,
        rests: impl FnOnce(Move) -> Option<Move>,
    ) {
        let to = to.into();
        if self.held.is_held(self.ground, &to) {
            return;
        }
        let found = rests(Move::new(edge, from.stand(), to));
        self.found.extend(found.filter(|it| it.certainty <= self.certainty));
    }
}

/// What an edge is asked about: all that is held, and what of it was taken last.
pub struct Moves<'a> {
    pub ground: &'a Ground<'a>,
    pub held: &'a Held,
    /// How much there was before the last was taken.
    pub before: Mark,
}

impl<'a> Moves<'a> {
    /// Rights that were come by last, in namespaces and cluster-wide.
    pub fn new_rights(&self, power: &'static Power) -> impl Iterator<Item = &'a Right> {
        self.held.rights_of(power, self.before.rights)
    }

    /// The same for what stands in no namespace, which is never had through a RoleBinding.
    pub fn new_cluster_rights(&self, power: &'static Power) -> impl Iterator<Item = &'a Right> {
        self.new_rights(power).filter(|it| it.scope.is_empty())
    }

    /// Rights of a power that were come by last; every one, where something that it is used beside is new.
    pub fn new_rights_beside(
        &self,
        power: &'static Power,
        beside: &'static Power,
    ) -> impl Iterator<Item = &'a Right> + use<'a> {
        let is_new = self.held.rights_of(beside, self.before.rights).next().is_some();
        self.held.rights_of(power, if is_new { 0 } else { self.before.rights })
    }

    /// Every right of a power.
    pub fn all_rights(&self, power: &'static Power) -> impl Iterator<Item = &'a Right> {
        self.held.rights_of(power, 0)
    }

    /// The same for what stands in no namespace.
    pub fn all_cluster_rights(&self, power: &'static Power) -> impl Iterator<Item = &'a Right> {
        self.all_rights(power).filter(|it| it.scope.is_empty())
    }

    /// Rights of two powers that hold in one place, of which one is new, each with that place (empty: everywhere).
    ///
    /// The first is for objects that have no name yet; the second too, or `with_names` lets it be for some alone.
    pub fn new_pairs(
        &self,
        first: &'static Power,
        second: &'static Power,
        with_names: bool,
    ) -> Vec<(Name, &'a Right, &'a Right)> {
        let beside = |power: &'static Power, scope: &Name| match with_names && std::ptr::eq(power, second) {
            true => self.held.any_right_in(power, scope),
            false => self.held.right_in(power, scope),
        };
        let mut found = Vec::new();
        let mut in_pairs = |new: &'a Right, other: &'static Power, is_first: bool| {
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
        self.new_stands().filter_map(|(at, it)| match &it.foothold {
            Foothold::Pod(id) => Some((at, self.ground.pod(id)?)),
            _ => None,
        })
    }

    /// Whether all of it is held already.
    pub fn is_held(&self, region: &Region) -> bool {
        self.held.is_held(self.ground, region)
    }

    /// The namespaces in which a right holds.
    pub fn namespaces(&self, right: &Right) -> Vec<Name> {
        match right.scope.is_empty() {
            true => self.ground.all_namespaces().to_vec(),
            false => vec![right.scope.clone()],
        }
    }

    /// The pods of a sort that a right is for: all, or those that it names.
    pub fn pods_of(&self, right: &Right, which: Which) -> Vec<Region> {
        if right.is_of_all() {
            return vec![Region::Pods(right.scope.clone(), which)];
        }
        let all = self.namespaces(right);
        all.iter().flat_map(|it| self.pods_in(right, it, which)).collect()
    }

    /// The same of one namespace.
    pub fn pods_in(&self, right: &Right, namespace: &Name, which: Which) -> Vec<Region> {
        if right.is_of_all() {
            return vec![Region::Pods(namespace.clone(), which)];
        }
        let named = right.names().iter().filter_map(|name| self.ground.cluster.pods.get(namespace, name));
        let pods = named.filter(|it| which.has(it));
        pods.map(|it| Region::One(Foothold::Pod(it.pod_id()))).collect()
    }

    /// The service accounts that are there and that a right is for: all, or those that it names.
    pub fn accounts_of(&self, right: &Right) -> Vec<Region> {
        if right.is_of_all() {
            return vec![Region::Accounts(right.scope.clone())];
        }
        let mut accounts = Vec::new();
        for namespace in self.namespaces(right) {
            let place = self.ground.place(&namespace);
            let named = right.names().iter().filter(|it| place.class_of_account(it).is_some());
            accounts.extend(named.map(|it| Region::One(account(&namespace, it))));
        }
        accounts
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
    let names = right.names().iter().filter(|_| right.makes());
    names.filter(|it| !it.is_empty()).find(|it| !is_there(ground, right.need.resource, namespace, it)).cloned()
}

/// Whether an object of this kind is there, as far as the kind is read.
fn is_there(ground: &Ground<'_>, resource: &str, namespace: &str, name: &str) -> bool {
    let cluster = ground.cluster;
    let plural = |kind: Kind| crate::kinds::spec(kind).map(|it| it.plural);
    match resource {
        "pods" => cluster.pods.get(namespace, name).is_some(),
        "serviceaccounts" => cluster.service_accounts.get(namespace, name).is_some(),
        "roles" | "clusterroles" => cluster.roles.get(namespace, name).is_some(),
        "rolebindings" | "clusterrolebindings" => cluster.bindings.get(namespace, name).is_some(),
        "endpointslices" => cluster.endpoint_slices.get(namespace, name).is_some(),
        "networkpolicies" => cluster.policies.of(namespace).iter().any(|it| it.meta.name == *name),
        _ => {
            let workloads = cluster.workloads.of(namespace).iter();
            workloads.filter(|it| plural(it.kind.kind()) == Some(resource)).any(|it| it.name == *name)
        }
    }
}

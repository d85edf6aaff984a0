//! A move as it is kept: what it rests on by reference, and how it is told as a step of a shown way.

use super::super::Ground;
use super::super::edges::Edge;
use super::super::foothold::Foothold;
use super::super::held::Held;
use super::super::region::{Region, Which};
use super::super::rights::Right;
use super::super::step::{Because, Certainty, Step};
use super::first_of_kind;
use crate::model::cluster::Delta;
use crate::model::evidence::Outcome;
use crate::model::id::{Kind, ObjectId, PodId};
use crate::model::name::Name;
use crate::model::role::Subject;

/// One move, as it is kept.
#[derive(Clone, Debug)]
pub struct Move {
    pub edge: &'static Edge,
    pub to: Region,
    /// From which stands it is made: the one that moves, then those that it needs besides.
    pub stands: Vec<u32>,
    pub certainty: Certainty,
    rests: Vec<Rest>,
    /// Whether what it rests on is left out: nobody is told of it.
    is_bare: bool,
    /// Of a stand in every pod, in which one it is made.
    pod: Option<In>,
}

/// In which of all pods a move is made.
#[derive(Clone, Debug)]
enum In {
    One(PodId),
    /// In one of a sort, that what it leads to tells.
    Of(Which, InWhich),
}

/// In which pod of a sort a move is made that leads to this.
pub type InWhich = fn(&Ground<'_>, Which, &Foothold) -> Option<PodId>;

/// What says that a step between these two can be made: the state of an object, in one clause.
pub type Telling = fn(&Ground<'_>, &Foothold, &Foothold) -> Option<(ObjectId, &'static str)>;

/// What a move writes, made when it is told: of the step with its writer, and the object.
pub type KeptWrite = fn(&Ground<'_>, &Writing<'_>) -> Option<Delta>;

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
    /// The same, which differs between what the move leads to.
    Told(Telling),
    /// A request that a right lets be made on the first workload of a kind that stands beside what the move leads to.
    MayOnFirst { right: u32 },
    /// What the rules or the groups of the one who moves amount to.
    Holds(Name),
    /// That the one who moves is in `system:masters`.
    Masters,
    /// What makes it unsure.
    Doubt { object: Option<ObjectId>, what: &'static str },
    /// The same, which differs between what the move leads to.
    Doubted(Telling),
    /// What is written first.
    Writes { write: KeptWrite, object: Option<ObjectId> },
}

/// On which object a request is.
#[derive(Clone, Debug)]
enum On {
    /// What the move leads to.
    Target,
    /// Its namespace.
    Namespace,
    /// Something in its namespace: of this name, or one that has none yet.
    Beside(Name),
    /// In this namespace (empty: in none), of this name.
    At(Name, Name),
}

impl Move {
    pub(super) fn new(edge: &'static Edge, stand: u32, to: Region) -> Self {
        let (certainty, rests) = (Certainty::Certain, Vec::new());
        Self { edge, to, stands: vec![stand], certainty, rests, is_bare: false, pod: None }
    }

    /// One that is never told.
    pub(super) fn bare(edge: &'static Edge, stand: u32, to: Region) -> Self {
        Self { is_bare: true, ..Self::new(edge, stand, to) }
    }

    /// The same to one thing of what it gives.
    pub fn to_one(&self, one: Foothold) -> Self {
        Self { to: one.into(), ..self.clone() }
    }

    fn resting(mut self, rest: impl FnOnce() -> Rest) -> Self {
        if !self.is_bare {
            self.rests.push(rest());
        }
        self
    }

    fn by(self, right: &Right, on: On) -> Self {
        self.with(right.stand).resting(|| Rest::May { right: right.number, on })
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
        self.resting(|| Rest::State { object: None, what: what.into() })
    }

    /// The same, resting on the state of an object, in one clause.
    pub fn state(self, object: ObjectId, what: impl Into<Name>) -> Self {
        self.resting(|| Rest::State { object: Some(object), what: what.into() })
    }

    /// The same from some pod of all such that run, which is told by what it leads to, and what says so.
    pub fn from_some_pod(self, which: Which, pod: InWhich, telling: Telling) -> Self {
        Self { pod: Some(In::Of(which, pod)), ..self }.told(telling)
    }

    /// The same, resting on what this tells, which differs between what it leads to.
    pub fn told(self, telling: Telling) -> Self {
        self.resting(|| Rest::Told(telling))
    }

    /// The same, which may be so and may be not, for a reason that differs between what it leads to.
    pub fn doubted(mut self, telling: Telling) -> Self {
        self.certainty = Certainty::Unsure;
        self.resting(|| Rest::Doubted(telling))
    }

    /// The same, by a request on the namespace of what it leads to.
    pub fn may_on_namespace(self, right: &Right) -> Self {
        self.by(right, On::Namespace)
    }

    /// The same, by a request on the first workload of a kind in the namespace of what it leads to.
    pub fn may_on_first(self, right: &Right) -> Self {
        self.with(right.stand).resting(|| Rest::MayOnFirst { right: right.number })
    }

    /// The same from this pod of all that run.
    pub fn from_pod(self, pod: PodId) -> Self {
        Self { pod: Some(In::One(pod)), ..self }
    }

    /// In which of all pods it is made where it leads to this.
    pub fn pod(&self, ground: &Ground<'_>, to: &Foothold) -> Option<Foothold> {
        match self.pod.as_ref()? {
            In::One(pod) => Some(Foothold::Pod(pod.clone())),
            In::Of(which, pod) => pod(ground, *which, to).map(Foothold::Pod),
        }
    }

    /// The same, resting on what the rules or groups of the one who moves amount to, in one clause.
    pub fn holds(self, what: impl Into<Name>) -> Self {
        self.resting(|| Rest::Holds(what.into()))
    }

    /// The same, of a member of `system:masters`.
    pub fn as_master(self) -> Self {
        self.resting(|| Rest::Masters)
    }

    /// The same, which may be so and may be not, for this reason.
    pub fn unsure(self, what: &'static str) -> Self {
        self.unsure_of(None, what)
    }

    /// The same, where the reason is an object's.
    pub fn unsure_of(mut self, object: Option<ObjectId>, what: &'static str) -> Self {
        self.certainty = Certainty::Unsure;
        self.resting(|| Rest::Doubt { object, what })
    }

    /// The same where only some versions of the server allow it.
    pub fn on_versions(self, sure: Outcome) -> Self {
        const WHY: &str = "only some versions of Kubernetes allow it, and the server's is not known";
        if sure == Outcome::Allow { self } else { self.unsure(WHY) }
    }

    /// The same, with this written first (of an object that is not what the move leads to).
    pub fn writing(self, write: KeptWrite, object: Option<ObjectId>) -> Self {
        self.resting(|| Rest::Writes { write, object })
    }

    /// The move as a step to one of the things that it gives.
    pub fn step(&self, ground: &Ground<'_>, held: &Held, to: &Foothold) -> Step {
        let foothold = |it: &u32| held.stood(ground, self, *it, to);
        let mut step = Step::new(self.edge, &foothold(&self.stands[0]), to.clone());
        for other in &self.stands[1..] {
            step = step.with(&foothold(other));
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
            Rest::Told(telling) => match telling(ground, &step.from, &step.to) {
                Some((object, what)) => step.because(Because::State { object, what: what.into() }),
                None => step,
            },
            Rest::Doubted(telling) => match telling(ground, &step.from, &step.to) {
                Some((object, what)) => step.unsure(Some(object), what),
                None => step,
            },
            Rest::MayOnFirst { right } => {
                let right = &held.rights()[*right as usize];
                match first_of_kind(ground, right.need.resource, &names_of(&step.to).0) {
                    Some(workload) => {
                        let step = step.because(right.because(held, &workload.namespace, &workload.name));
                        step.because(Because::State { object: workload, what: "is there".into() })
                    }
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
            On::Namespace => {
                let (namespace, _) = names_of(to);
                (namespace.clone(), namespace)
            }
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

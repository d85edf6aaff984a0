//! The grants that a way rests on: while all of them stay the way stays, so that whatever ends it takes one of them.
//!
//! ```text
//! exec into a pod > use the pod's token > holds everything   →   rolebinding/ops/ci subjects[0], clusterrolebinding/all subjects[0]
//! ```

use std::collections::BTreeMap;

use crate::model::cluster::Cluster;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::role::{Binding, SharedBinding, Subject, SubjectKind};
use crate::rbac::request::ResourceRequest;
use crate::rbac::{Grant, Identity, Request, own};

use super::super::Ground;
use super::super::foothold::Foothold;
use super::super::step::{Because, Step};
use super::without::{SubjectOfBinding, first_place, subject_at};

/// One subject of one binding, and the first rule by which it is on some way.
#[derive(Clone, PartialEq, Debug)]
pub struct GrantCut {
    pub binding: SharedBinding,
    pub place: usize,
    /// `None`: the way rests on the role as a whole, or on the subject being named.
    pub rule: Option<(ObjectId, usize)>,
}

impl GrantCut {
    /// What tells it from others.
    pub fn key(&self) -> SubjectOfBinding {
        (self.binding.id(), self.place)
    }

    /// Whom the binding names.
    pub fn subject(&self) -> Subject {
        subject_at(&self.binding, self.place).unwrap_or(Subject::User(Name::empty()))
    }

    /// All places of the binding that name the same.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        let wanted = subject_at(&self.binding, self.place);
        (0..self.binding.subjects.len()).filter(move |it| subject_at(&self.binding, *it) == wanted)
    }

    /// Whether Kubernetes makes it again when the API server starts: a default binding's own subject.
    pub fn comes_back(&self) -> bool {
        own::comes_back(&self.binding, &self.subject())
    }
}

/// All grants that a way rests on, each once; `whole` is the cluster before anything was taken, `ground` after.
pub fn of_way(whole: &Cluster, ground: &Ground<'_>, path: &[Step]) -> BTreeMap<SubjectOfBinding, GrantCut> {
    let way = Way { whole, ground, start: path.first().map(|it| &it.from) };
    let mut all = BTreeMap::new();
    let mut put = |it: Option<GrantCut>| all.extend(it.map(|it| (it.key(), it)));
    for step in path {
        step.because.iter().for_each(|it| put(way.of_reason(step, it)));
        if step.edge.id == "A21" {
            put(naming(whole, ground, &step.to));
        }
    }
    all
}

/// A way, with the cluster before anything was taken, and after.
struct Way<'a> {
    whole: &'a Cluster,
    ground: &'a Ground<'a>,
    start: Option<&'a Foothold>,
}

impl Way<'_> {
    fn of_reason(&self, step: &Step, because: &Because) -> Option<GrantCut> {
        let Self { whole, ground, .. } = *self;
        match because {
            Because::Allowed { grant: Some(grant), .. } => of_grant(whole, grant),
            Because::Holds { subject, .. } => {
                let scope = match &step.to {
                    Foothold::NamespaceAdmin(namespace) => namespace.clone(),
                    Foothold::ClusterAdmin => Name::empty(),
                    _ => return None,
                };
                let grants = ground.rbac.can(&self.identity(subject), &everything(scope)).grants;
                grants.iter().find_map(|it| of_grant(whole, it))
            }
            // The role that is widened must be bound to one who is held.
            Because::State { object, .. } if ["A16", "A19"].contains(&step.edge.id) && is_binding(object) => {
                let holders = std::iter::once(&step.from).chain(&step.with);
                let subjects = holders.filter_map(|it| if let Foothold::Subject(it) = it { Some(it) } else { None });
                let identities: Vec<Identity> = subjects.map(|it| self.identity(it)).collect();
                held_by(ground.cluster.bindings.get(&object.namespace, &object.name)?, whole, &identities)
            }
            _ => None,
        }
    }

    /// Somebody; who starts is in the groups that the question gives them.
    fn identity(&self, subject: &Subject) -> Identity {
        let is_start = matches!(self.start, Some(Foothold::Subject(it)) if it == subject);
        Identity::new(subject, if is_start { self.ground.groups } else { &[] })
    }
}

fn is_binding(object: &ObjectId) -> bool {
    [Kind::ROLE_BINDING, Kind::CLUSTER_ROLE_BINDING].contains(&object.kind)
}

/// `*` on `*`, which a rule that gives everything meets and no other.
fn everything(namespace: Name) -> Request {
    let star = || Name::from("*");
    let (verb, group, resource) = (star(), star(), star());
    Request::Resource(ResourceRequest { verb, group, resource, namespace, ..ResourceRequest::default() })
}

/// A grant as a binding of the cluster has it; one that a way wrote itself is none.
fn of_grant(whole: &Cluster, grant: &Grant) -> Option<GrantCut> {
    let id = grant.binding.id();
    let binding = whole.bindings.get(&id.namespace, &id.name)?;
    let named = subject_at(&grant.binding, grant.subject);
    let place = first_place(binding, grant.subject).filter(|_| subject_at(binding, grant.subject) == named)?;
    Some(GrantCut { binding: binding.clone(), place, rule: Some((grant.role.id(), grant.rule)) })
}

/// The first subject of a binding that speaks of one of these.
fn held_by(binding: &Binding, whole: &Cluster, identities: &[Identity]) -> Option<GrantCut> {
    let original = whole.bindings.get(&binding.meta.namespace, &binding.meta.name)?;
    let is_one =
        |place: &usize| subject_at(binding, *place).is_some_and(|it| identities.iter().any(|who| speaks_of(&it, who)));
    let place = (0..binding.subjects.len()).find(is_one)?;
    Some(GrantCut { binding: original.clone(), place: first_place(original, place)?, rule: None })
}

fn speaks_of(subject: &Subject, who: &Identity) -> bool {
    match subject.kind() {
        SubjectKind::Group => who.is_in(subject.name()),
        _ => *subject == who.subject,
    }
}

/// The first grant that names an account which is not there, so that it may be made.
fn naming(whole: &Cluster, ground: &Ground<'_>, account: &Foothold) -> Option<GrantCut> {
    let Foothold::Subject(account) = account else { return None };
    let names = |binding: &SharedBinding| {
        (0..binding.subjects.len()).find(|it| subject_at(binding, *it).as_ref() == Some(account))
    };
    let (id, place) = ground.cluster.bindings.iter().find_map(|it| Some((it.id(), names(it)?)))?;
    let binding = whole.bindings.get(&id.namespace, &id.name)?;
    Some(GrantCut { binding: binding.clone(), place, rule: None })
}

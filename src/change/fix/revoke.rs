//! Drafts that take rights from a subject, and leave all others theirs.
//!
//! ```text
//! all that it is given    ► a subject less in every binding that names it; a binding that names nobody goes
//! one right               ► the role narrowed, where it is this subject's alone
//!                         ► a narrower role, and a binding of its own
//!                         ► the subject taken out of the binding, with all that this gives
//! ```
//!
//! What a group gives cannot be taken from one of its members: bindings name groups, not who is in them. The role of a
//! binding cannot be changed (`roleRef` is immutable), so that another role is another binding.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Draft;
use super::allow::FixGround;
use super::objects::Desk;
use super::part::{LeftOfRule, without};
use crate::kinds;
use crate::model::cluster::Cluster;
use crate::model::id::{Kind, ObjectId};
use crate::model::role::{Binding, Role, RoleRef, RoleRule, SharedBinding, SharedRole, Subject};
use crate::rbac::grant::named;
use crate::rbac::identity::canonical;
use crate::rbac::{Grant, Request, Served};

/// A binding and the places of its subjects that are meant.
pub type BindingSubjects = BTreeMap<ObjectId, (SharedBinding, BTreeSet<usize>)>;

/// Every binding that names a subject.
pub fn naming(cluster: &Cluster, subject: &Subject) -> BindingSubjects {
    let wanted = canonical(subject);
    let is_it = |binding: &Binding, it: &Subject| canonical(&named(it, binding)) == wanted;
    let places = |binding: &SharedBinding| -> BTreeSet<usize> {
        let own = binding.subjects.iter().enumerate().filter(|(_, it)| is_it(binding, it));
        own.map(|(at, _)| at).collect()
    };
    let all = cluster.bindings.iter().map(|it| (it.id(), (it.clone(), places(it))));
    all.filter(|(_, it)| !it.1.is_empty()).collect()
}

/// The draft that takes subjects out of bindings; `None`: a binding is not there whole.
pub fn everything(ground: &FixGround<'_>, found: &BindingSubjects) -> Option<Draft> {
    let mut desk = Desk::new(ground.cluster, ground.manifests);
    found.values().try_for_each(|(binding, places)| remove(&mut desk, binding, places))?;
    Some(desk.draft())
}

/// Takes subjects out of a binding, or the binding away if nobody is left.
fn remove(desk: &mut Desk<'_>, binding: &Binding, places: &BTreeSet<usize>) -> Option<()> {
    let id = binding.id();
    let subjects = desk.object(&id)?.get("subjects")?.as_array()?.clone();
    if subjects.len() != binding.subjects.len() {
        return None;
    }
    let left = subjects.into_iter().enumerate().filter(|(at, _)| !places.contains(at)).map(|it| it.1);
    let left: Vec<Value> = left.collect();
    if left.is_empty() {
        desk.delete(&id)?;
        desk.say(format!("{id}: deleted, it names nobody else"));
        return Some(());
    }
    desk.change(&id)?.as_object_mut()?.insert("subjects".to_owned(), left.into());
    let who: Vec<String> = places.iter().map(|at| binding.subjects[*at].to_string()).collect();
    desk.say(format!("{id}: without {}", who.join(", ")));
    Some(())
}

/// The drafts that take one right, which these grants give to the subject by name; new objects are called by these words.
pub fn one(ground: &FixGround<'_>, grants: &[Grant], request: &Request, served: &Served, words: &str) -> Vec<Draft> {
    let mut found = BindingSubjects::new();
    for grant in grants {
        let entry = found.entry(grant.binding.id()).or_insert_with(|| (grant.binding.clone(), BTreeSet::new()));
        entry.1.insert(grant.subject);
    }
    let draft = |make: &dyn Fn(&mut Desk<'_>) -> Option<()>| {
        let mut desk = Desk::new(ground.cluster, ground.manifests);
        make(&mut desk)?;
        Some(desk.draft())
    };
    let narrowed = draft(&|desk| in_place(ground, desk, grants, &found, request, served));
    let split = draft(&|desk| split(desk, grants, &found, request, served, words));
    let whole = everything(ground, &found).map(|it| Draft { is_coarse: true, ..it });
    narrowed.into_iter().chain(split).chain(whole).collect()
}

/// Narrows the roles themselves, where nobody else holds them.
fn in_place(
    ground: &FixGround<'_>,
    desk: &mut Desk<'_>,
    grants: &[Grant],
    found: &BindingSubjects,
    request: &Request,
    served: &Served,
) -> Option<()> {
    for role in roles(grants) {
        let is_of = |it: &Binding| {
            let kind = if role.id().kind == Kind::ROLE { "Role" } else { "ClusterRole" };
            it.role.kind == *kind
                && it.role.name == role.meta.name
                && (kind == "ClusterRole" || it.meta.namespace == role.meta.namespace)
        };
        let is_theirs = |it: &Binding| found.get(&it.id()).is_some_and(|own| own.1.len() == it.subjects.len());
        let is_shared = ground.cluster.bindings.iter().any(|it| is_of(it) && !is_theirs(it));
        if is_shared || role.aggregates().is_some() || desk.object(&role.id()).is_none() {
            return None;
        }
        let rules = narrowed(desk, role, request, served)?;
        desk.change(&role.id())?.as_object_mut()?.insert("rules".to_owned(), rules.into());
        desk.say(format!("{}: without {}", role.id(), said(request)));
    }
    Some(())
}

/// Gives the subject a narrower role in the place of the one that it shares.
fn split(
    desk: &mut Desk<'_>,
    grants: &[Grant],
    found: &BindingSubjects,
    request: &Request,
    served: &Served,
    words: &str,
) -> Option<()> {
    for (binding, places) in found.values() {
        let role = &grants.iter().find(|it| it.binding.id() == binding.id())?.role;
        let rules = narrowed(desk, role, request, served)?;
        let subjects: Vec<Value> = places.iter().map(|at| subject(desk, binding, *at)).collect::<Option<_>>()?;
        remove(desk, binding, places)?;
        if rules.is_empty() {
            continue;
        }
        let namespace = &binding.meta.namespace;
        let (kind, bound) = if namespace.is_empty() {
            (Kind::CLUSTER_ROLE, Kind::CLUSTER_ROLE_BINDING)
        } else {
            (Kind::ROLE, Kind::ROLE_BINDING)
        };
        let name = desk.name(kind, namespace, &format!("{}-{words}", role.meta.name));
        let word = if namespace.is_empty() { "ClusterRole" } else { "Role" };
        let new = ObjectId::new(kind, namespace.clone(), name.clone());
        let mut narrower = kinds::bare_object(kind, namespace, &name);
        narrower["rules"] = rules.into();
        desk.create(new.clone(), narrower);
        desk.say(format!("{new}: a new role, {} without {}", role.id(), said(request)));
        let called = desk.name(bound, namespace, &format!("{}-{words}", binding.meta.name));
        let with = ObjectId::new(bound, namespace.clone(), called.clone());
        let mut bound = kinds::bare_object(bound, namespace, &called);
        bound["roleRef"] = kinds::role_ref(&RoleRef { kind: word.into(), name });
        bound["subjects"] = subjects.into();
        desk.create(with.clone(), bound);
        desk.say(format!("{with}: a new binding to {new}"));
    }
    Some(())
}

/// A subject as its binding has it, with its namespace.
fn subject(desk: &Desk<'_>, binding: &Binding, at: usize) -> Option<Value> {
    let mut whole = desk.object(&binding.id())?.get("subjects")?.as_array()?.get(at)?.clone();
    let named = named(&binding.subjects[at], binding);
    if !named.namespace().is_empty() {
        whole.as_object_mut()?.insert("namespace".to_owned(), json!(named.namespace().as_str()));
    }
    Some(whole)
}

/// The roles of grants, each once.
fn roles(grants: &[Grant]) -> Vec<&SharedRole> {
    let mut seen = BTreeSet::new();
    grants.iter().map(|it| &it.role).filter(|it| seen.insert(it.id())).collect()
}

/// The rules of a role less one right; `None`: it cannot be said what is left.
fn narrowed(desk: &mut Desk<'_>, role: &Role, request: &Request, served: &Served) -> Option<Vec<Value>> {
    let mut rules = Vec::new();
    for (at, rule) in role.rules.iter().enumerate() {
        match without(rule, request, served) {
            LeftOfRule::Whole => rules.push(written(desk, role, at, rule)),
            LeftOfRule::Parts { rules: parts, lost } => {
                rules.extend(parts.iter().map(kinds::role_rule));
                lost.into_iter().for_each(|it| desk.note(it));
            }
            LeftOfRule::Unsaid => return None,
        }
    }
    Some(rules)
}

/// A rule as its role has it, where it is its own.
fn written(desk: &Desk<'_>, role: &Role, at: usize, rule: &RoleRule) -> Value {
    let own = desk.object(&role.id()).filter(|_| role.aggregates().is_none());
    let own = own.and_then(|it| it.get("rules")?.as_array()?.get(at).cloned());
    own.unwrap_or_else(|| kinds::role_rule(rule))
}

/// A request as people say it.
fn said(request: &Request) -> String {
    match request {
        Request::Url { verb, path } => format!("{verb} {path}"),
        Request::Resource(it) => format!("{} {}", it.verb, it.combined()),
    }
}

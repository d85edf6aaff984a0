//! Who can make writes: those whom bindings give the right, with the grant that says so.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::Writer;
use super::needs::{Need, Spaces, Write, is_addable};
use crate::escalate::connect::edge_of;
use crate::escalate::edges::{Edge, SELF};
use crate::escalate::holders::{classes, holders, power};
use crate::escalate::moves::{new_name, workload_kind};
use crate::escalate::powers::Permission;
use crate::escalate::rights::Right;
use crate::escalate::{Foothold, Ground, Held, Step};
use crate::kinds;
use crate::model::labels::Selector;
use crate::model::name::Name;
use crate::model::ownership::workload_of;
use crate::model::place::Place;
use crate::model::role::Subject;

/// Finds them; what subjects hold is worked out once for all rules.
pub struct Ways<'a> {
    ground: &'a Ground<'a>,
    held: RefCell<BTreeMap<Subject, std::rc::Rc<Held>>>,
}

impl Write {
    fn edge(&self) -> &'static Edge {
        let id = match self {
            Write::NewPod => "N10",
            Write::PodLabels => "N11",
            Write::TargetLabels => "N14",
            Write::Template(_) => "N15",
            Write::NamespaceLabels => "N16",
            Write::NewNamespace => "N17",
            Write::Policy(_) => "N50",
        };
        edge_of(id).unwrap_or(&SELF)
    }

    /// Any of these rights does it; a new namespace needs both.
    fn permissions(&self) -> &'static [&'static Permission] {
        self.edge().asks.powers()
    }
}

/// A right that does it, and on what: a namespace (empty: any) and a name (empty: any).
struct Use<'h> {
    rights: Vec<(&'h Right, Name, Name)>,
    namespaces: BTreeSet<Name>,
}

impl<'a> Ways<'a> {
    /// Of a cluster.
    pub fn new(ground: &'a Ground<'a>) -> Self {
        Self { ground, held: RefCell::default() }
    }

    /// Everybody who can make some of these writes, those who hold the same together, least power first.
    pub fn writers(&self, needs: &[Need], policy: &str, place: &Place) -> Vec<Writer> {
        let to = if place.0.is_empty() { policy.to_owned() } else { format!("{policy} {place}") };
        let writer = |it: Vec<Subject>| self.writer(it, needs, &Foothold::Connection(to.as_str().into()));
        let mut all: Vec<Writer> =
            classes(self.ground, self.candidates(needs)).into_iter().filter_map(writer).collect();
        all.sort_by_cached_key(|it| (power(self.ground, &it.subjects[0]), it.subjects.clone()));
        all
    }

    fn candidates(&self, needs: &[Need]) -> BTreeSet<Subject> {
        let mut found = BTreeSet::new();
        for need in needs {
            let permissions = need.write.permissions();
            let all = self.ground.all_namespaces();
            let spaces: Vec<&Name> = match (&need.write, &need.spaces) {
                (Write::NewNamespace, _) => Vec::new(),
                (_, Spaces::Any) => all.iter().collect(),
                (_, Spaces::These(these)) => these.iter().collect(),
            };
            found.extend(holders(self.ground, permissions, spaces));
        }
        found
    }

    fn held(&self, subject: &Subject) -> std::rc::Rc<Held> {
        let start = Foothold::Subject(subject.clone());
        let fresh = || std::rc::Rc::new(Held::of(self.ground, &start, None));
        self.held.borrow_mut().entry(subject.clone()).or_insert_with(fresh).clone()
    }

    fn writer(&self, subjects: Vec<Subject>, needs: &[Need], to: &Foothold) -> Option<Writer> {
        let held = self.held(&subjects[0]);
        let (mut ways, mut namespaces) = (Vec::<Step>::new(), BTreeSet::new());
        for need in needs {
            let Some(found) = self.used(need, &held) else { continue };
            namespaces.extend(found.namespaces.iter().cloned());
            let step = self.step(need, &found, &held, to);
            // Of two peers the surer way is told once.
            match ways.iter_mut().find(|it| it.edge == step.edge) {
                Some(known) if known.certainty > step.certainty => *known = step,
                Some(_) => {}
                None => ways.push(step),
            }
        }
        (!ways.is_empty()).then_some(Writer { subjects, ways, namespaces })
    }

    /// The way as a step, with the grant that allows it.
    fn step(&self, need: &Need, found: &Use<'_>, held: &Held, to: &Foothold) -> Step {
        let first = found.rights[0].0.foothold(held);
        let mut step = Step::new(need.write.edge(), first, to.clone());
        for (right, namespace, name) in &found.rights {
            let mut because = right.because(held, namespace, name);
            because.decide(|identity, request| self.ground.rbac.can(identity, request));
            step = step.because(because);
        }
        match need.doubt {
            Some(why) => step.unsure(None, why),
            None => step,
        }
    }

    /// The right by which somebody makes a write, and in which namespaces alone they may.
    fn used<'h>(&self, need: &Need, held: &'h Held) -> Option<Use<'h>> {
        if need.write == Write::NewNamespace {
            let everywhere = Name::empty();
            let rights = need.write.permissions().iter().map(|it| held.right_in(it, &everywhere));
            let rights: Option<Vec<_>> = rights.map(|it| it.map(|it| (it, Name::empty(), Name::empty()))).collect();
            return Some(Use { rights: rights?, namespaces: BTreeSet::new() });
        }
        let mut first = None;
        let mut namespaces = BTreeSet::new();
        for permission in need.write.permissions() {
            for right in held.rights_of(permission, 0) {
                let Some((namespace, name)) = self.on(need, right) else { continue };
                if !right.scope.is_empty() {
                    namespaces.insert(right.scope.clone());
                }
                first.get_or_insert((right, namespace, name));
            }
        }
        let right = first?;
        Some(Use { rights: vec![right], namespaces })
    }

    /// What a right is used on, if it does it anywhere.
    fn on(&self, need: &Need, right: &Right) -> Option<(Name, Name)> {
        let all = self.ground.all_namespaces();
        let mut spaces: Box<dyn Iterator<Item = &Name>> = match (&need.spaces, right.scope.is_empty()) {
            (spaces, false) if !spaces.has(&right.scope) => return None,
            (_, false) => Box::new(std::iter::once(&right.scope)),
            (Spaces::Any, true) => Box::new(all.iter()),
            (Spaces::These(these), true) => Box::new(these.iter()),
        };
        spaces.find_map(|it| Some((it.clone(), self.name(&need.write, right, it)?)))
    }

    /// The name of what is written in a namespace by this right (empty: any); `None`: nothing is there that it is for.
    fn name(&self, write: &Write, right: &Right, namespace: &Name) -> Option<Name> {
        let named = |has: &dyn Fn(&Name) -> bool| match right.is_of_all() {
            true => Some(Name::empty()),
            false => right.names().iter().find(|it| has(it)).cloned(),
        };
        match write {
            Write::NewPod => new_name(self.ground, right, namespace),
            Write::PodLabels | Write::TargetLabels => {
                named(&|it| self.ground.cluster.pods.get(namespace, it).is_some())
            }
            Write::Template(selector) => self.template(right, namespace, selector),
            Write::NamespaceLabels => right.is_of(namespace).then(|| namespace.clone()),
            Write::NewNamespace => None,
            Write::Policy(name) => self.policy(right, namespace, name),
        }
    }

    /// A workload that is there whose template may be changed so that its pods match.
    fn template(&self, right: &Right, namespace: &Name, selector: &Selector) -> Option<Name> {
        let kind = workload_kind(right.need.resource).and_then(kinds::spec)?;
        let place = self.ground.place(namespace);
        place.pods.iter().filter_map(|it| it.pods.first()).find_map(|pod| {
            let workload = workload_of(self.ground.cluster, pod).filter(|it| *it.kind == *kind.word)?;
            let fits = right.is_of(&workload.name) && is_addable(&pod.labels().whole(), selector);
            fits.then_some(workload.name)
        })
    }

    /// A policy that may be created, or this one where it may be changed or deleted.
    fn policy(&self, right: &Right, namespace: &Name, name: &Name) -> Option<Name> {
        match right.need.verbs {
            ["create"] => new_name(self.ground, right, namespace),
            ["deletecollection"] => right.is_of_all().then(Name::empty),
            // Any other may be rewritten so that it allows what this one does not.
            ["patch", "update"] => match right.is_of(name) {
                true => Some(name.clone()),
                false => {
                    let policies = self.ground.cluster.policies.of(namespace).iter().map(|it| it.meta.name.clone());
                    policies.into_iter().find(|it| right.is_of(it))
                }
            },
            _ => right.is_of(name).then(|| name.clone()),
        }
    }
}

//! Who can make writes: those whom bindings give the right, with the request that they would make.
//!
//! ```text
//! needs ──► whom bindings give a right of some of them ──► which requests do it     (the grants: when they are told)
//! ```

use std::cell::RefCell;
use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::needs::{Spaces, TrustNeed, TrustedWrite, is_addable};
use super::{Way, WriterGroup};
use crate::escalate::connect::edge_of;
use crate::escalate::edges::{Edge, SELF};
use crate::escalate::holders::power;
use crate::escalate::moves::{new_name, workload_kind};
use crate::escalate::own::OwnRight;
use crate::escalate::powers::{Permission, PowerSet};
use crate::escalate::rights::Right;
use crate::escalate::terrain::Chosen;
use crate::escalate::{Ground, Own};
use crate::kinds;
use crate::model::labels::Selector;
use crate::model::name::Name;
use crate::model::ownership::workload_of;
use crate::model::role::Subject;
use crate::rbac::Request;

/// Finds them.
pub struct Ways<'a> {
    ground: &'a Ground<'a>,
    needs: &'a [TrustNeed],
    /// Which workload a right to change all of a sort is used on.
    templates: RefCell<FxHashMap<AllOf, Option<On>>>,
}

/// All of a sort in a namespace (empty: everywhere), by the place of the need.
type AllOf = (usize, &'static str, Name);

/// What a right is used on: a namespace (empty: any) and a name (empty: any).
type On = (Name, Name);

/// The powers that make any of these writes.
pub fn powers_of_all() -> PowerSet {
    let edges = ["N10", "N11", "N14", "N15", "N16", "N17", "N50"].into_iter().filter_map(edge_of);
    PowerSet::of(edges.flat_map(|it| it.asks.powers()).copied())
}

impl TrustedWrite {
    fn edge(&self) -> &'static Edge {
        let id = match self {
            TrustedWrite::NewPod => "N10",
            TrustedWrite::PodLabels => "N11",
            TrustedWrite::TargetLabels => "N14",
            TrustedWrite::Template(_) => "N15",
            TrustedWrite::NamespaceLabels => "N16",
            TrustedWrite::NewNamespace => "N17",
            TrustedWrite::Policy(_) => "N50",
        };
        edge_of(id).unwrap_or(&SELF)
    }

    /// Any of these rights does it; a new namespace needs both.
    pub fn permissions(&self) -> &'static [&'static Permission] {
        self.edge().asks.powers()
    }

    fn powers(&self) -> PowerSet {
        PowerSet::of(self.permissions().iter().copied())
    }
}

impl TrustNeed {
    /// Chooses whom bindings give a right that may make the write.
    pub fn choose(&self, ground: &Ground<'_>, chosen: &mut Chosen<'_>) {
        let powers = self.write.powers();
        match (&self.write, &self.spaces) {
            (TrustedWrite::NewNamespace, _) => chosen.add(powers, []),
            (_, Spaces::Any) => chosen.add(powers, ground.all_namespaces().iter()),
            (_, Spaces::These(these)) => chosen.add(powers, these.iter()),
        }
    }
}

/// The requests that do it, and the namespaces in which alone they are allowed.
struct Use {
    requests: Vec<Request>,
    namespaces: BTreeSet<Name>,
}

/// Everybody who can make some of these writes, those who hold the same together, least power first.
pub fn writers(ground: &Ground<'_>, needs: &[TrustNeed]) -> Vec<WriterGroup> {
    let ways = Ways::of(ground, needs);
    let powers = PowerSet::of(needs.iter().flat_map(|it| it.write.permissions()).copied());
    let mut all: Vec<WriterGroup> = ways.candidates().into_iter().filter_map(|it| ways.writer(it, powers)).collect();
    // They come by name.
    all.sort_by_cached_key(|it| power(ground, &it.subjects[0]));
    all
}

impl<'a> Ways<'a> {
    /// Of these needs.
    pub fn of(ground: &'a Ground<'a>, needs: &'a [TrustNeed]) -> Self {
        Ways { ground, needs, templates: RefCell::default() }
    }

    /// Whether a right makes the write of one of the needs anywhere.
    pub fn is_made(&self, at: usize, right: &Right) -> bool {
        self.needs.get(at).is_some_and(|it| self.on(at, it, right).is_some())
    }

    fn candidates(&self) -> Vec<Vec<Subject>> {
        let mut found = self.ground.bound().nobody();
        self.needs.iter().for_each(|it| it.choose(self.ground, &mut found));
        found.classes()
    }

    fn writer(&self, subjects: Vec<Subject>, powers: PowerSet) -> Option<WriterGroup> {
        let own = Own::of(self.ground, &subjects[0], powers);
        let (mut ways, mut namespaces) = (Vec::<Way>::new(), BTreeSet::new());
        for (at, need) in self.needs.iter().enumerate() {
            let Some(found) = self.used(at, need, &own) else { continue };
            namespaces.extend(found.namespaces);
            let way = Way { edge: need.write.edge(), requests: found.requests, doubt: need.doubt };
            // Of two peers the surer way is told once.
            match ways.iter_mut().find(|it| it.edge == way.edge) {
                Some(known) if known.certainty() > way.certainty() => *known = way,
                Some(_) => {}
                None => ways.push(way),
            }
        }
        (!ways.is_empty()).then_some(WriterGroup { subjects, ways, namespaces })
    }

    /// What somebody requests to make a write, and in which namespaces alone they may.
    fn used(&self, at: usize, need: &TrustNeed, own: &Own) -> Option<Use> {
        if need.write == TrustedWrite::NewNamespace {
            let everywhere = |it: &OwnRight<'_>| it.scope.is_empty() && it.is_of_all();
            let requests = need.write.permissions().iter().map(|it| {
                let right = own.rights(it).find(everywhere)?.right();
                Some(right.request("", ""))
            });
            return Some(Use { requests: requests.collect::<Option<_>>()?, namespaces: BTreeSet::new() });
        }
        let mut first = None;
        let mut namespaces = BTreeSet::new();
        for right in need.write.permissions().iter().flat_map(|it| own.rights(it)) {
            // Another right in the same place tells nothing more.
            if first.is_some() && (right.scope.is_empty() || namespaces.contains(right.scope)) {
                continue;
            }
            let (scope, right) = (right.scope, right.right());
            let Some((namespace, name)) = self.on(at, need, &right) else { continue };
            if !scope.is_empty() {
                namespaces.insert(scope.clone());
            }
            first.get_or_insert_with(|| right.request(&namespace, &name));
        }
        Some(Use { requests: vec![first?], namespaces })
    }

    /// What a right is used on, if it does it anywhere; of those who may change all of a sort it is asked once.
    fn on(&self, at: usize, need: &TrustNeed, right: &Right) -> Option<On> {
        if !matches!(need.write, TrustedWrite::Template(_)) || !right.is_of_all() {
            return self.first_on(need, right);
        }
        let key = (at, right.need.resource, right.scope.clone());
        if let Some(known) = self.templates.borrow().get(&key) {
            return known.clone();
        }
        let found = self.first_on(need, right);
        self.templates.borrow_mut().insert(key, found.clone());
        found
    }

    fn first_on(&self, need: &TrustNeed, right: &Right) -> Option<On> {
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
    fn name(&self, write: &TrustedWrite, right: &Right, namespace: &Name) -> Option<Name> {
        let named = |has: &dyn Fn(&Name) -> bool| match right.is_of_all() {
            true => Some(Name::empty()),
            false => right.names().iter().find(|it| has(it)).cloned(),
        };
        match write {
            TrustedWrite::NewPod => new_name(self.ground, right, namespace),
            TrustedWrite::PodLabels | TrustedWrite::TargetLabels => {
                named(&|it| self.ground.cluster.pods.get(namespace, it).is_some())
            }
            TrustedWrite::Template(selector) => self.template(right, namespace, selector),
            TrustedWrite::NamespaceLabels => right.is_of(namespace).then(|| namespace.clone()),
            TrustedWrite::NewNamespace => None,
            TrustedWrite::Policy(name) => self.policy(right, namespace, name),
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

//! Everything that is held so far, with the first way to each thing, and the rules of all identities among it.

use std::collections::HashMap;

use crate::model::name::Name;
use crate::model::role::{RoleRule, RuleLists, Subject};
use crate::rbac::Identity;
use crate::rbac::identity::MASTERS;

use super::Ground;
use super::foothold::Foothold;
use super::step::Step;

/// A rule that somebody holds.
#[derive(Clone, Debug)]
pub struct HeldRule {
    /// Where it holds; empty: the whole cluster.
    pub scope: Name,
    pub rule: RoleRule,
}

/// Somebody towards the API server.
#[derive(Clone, Debug)]
pub struct Holder {
    pub foothold: Foothold,
    /// Who is asked about; of what a move gave to somebody who is held, that somebody.
    pub identity: Identity,
    pub rules: Vec<HeldRule>,
}

impl Holder {
    /// Whether they may do everything without RBAC being asked (rule 5).
    pub fn is_master(&self) -> bool {
        self.identity.is_in(MASTERS)
    }
}

/// One thing that is held.
#[derive(Clone, Debug)]
pub struct Entry {
    pub foothold: Foothold,
    /// The move that gave it; `None`: it was held at the start.
    pub step: Option<Step>,
    /// How many moves away it is, counted along the longest of the ways that it needs.
    pub level: u32,
}

/// Everything that is held.
#[derive(Clone, Debug, Default)]
pub struct Held {
    entries: Vec<Entry>,
    places: HashMap<Foothold, usize>,
    pub holders: Vec<Holder>,
    /// What the question asks for, which bindings need not name.
    wanted: Option<Foothold>,
}

impl Held {
    /// What was held at the start, by somebody who wants this.
    pub fn of(ground: &Ground<'_>, start: Foothold, wanted: Option<Foothold>) -> Self {
        let mut held = Self { wanted, ..Self::default() };
        held.take(ground, start, None, 0);
        held
    }

    /// Takes one thing in, if it is not held yet.
    pub fn take(&mut self, ground: &Ground<'_>, foothold: Foothold, step: Option<Step>, level: u32) {
        if self.places.contains_key(&foothold) {
            return;
        }
        self.places.insert(foothold.clone(), self.entries.len());
        self.holders.extend(holder(ground, self, &foothold, step.as_ref()));
        self.entries.push(Entry { foothold, step, level });
    }

    /// What the question asks for.
    pub fn wanted(&self) -> impl Iterator<Item = &Foothold> {
        self.wanted.iter()
    }

    /// Whether it is held.
    pub fn has(&self, foothold: &Foothold) -> bool {
        self.places.contains_key(foothold)
    }

    /// All that is held, nearest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What gave it.
    pub fn entry(&self, foothold: &Foothold) -> Option<&Entry> {
        self.places.get(foothold).map(|at| &self.entries[*at])
    }

    /// The moves that lead to it, in an order in which each can be made; none for what was held at the start.
    pub fn way_to(&self, foothold: &Foothold) -> Vec<&Step> {
        let mut way: Vec<&Step> = Vec::new();
        self.collect(foothold, &mut way);
        way
    }

    fn collect<'h>(&'h self, foothold: &Foothold, way: &mut Vec<&'h Step>) {
        let Some(step) = self.entry(foothold).and_then(|it| it.step.as_ref()) else { return };
        if way.iter().any(|it| it.to == *foothold) {
            return;
        }
        // What is needed besides comes first, so that each step begins where the one before it ended.
        for other in step.with.iter().chain([&step.from]) {
            self.collect(other, way);
        }
        way.push(step);
    }
}

/// Who acts with it, where it is an identity or gives one more rules.
fn holder(ground: &Ground<'_>, held: &Held, foothold: &Foothold, step: Option<&Step>) -> Option<Holder> {
    let everything = |scope: &Name| vec![HeldRule { scope: scope.clone(), rule: everything() }];
    let rules = match foothold {
        Foothold::Subject(subject) => {
            let given: &[Name] = if step.is_none() { ground.groups } else { &[] };
            let identity = Identity::new(subject, given);
            let rules = rules_of(ground, &identity);
            return Some(Holder { foothold: foothold.clone(), identity, rules });
        }
        Foothold::Role { role, namespace } => {
            let (_, effective) = ground.rbac.role(&role.namespace, &role.name)?;
            let rule = |it: &RoleRule| HeldRule { scope: namespace.clone(), rule: it.clone() };
            effective.rules.iter().map(rule).collect()
        }
        Foothold::ClusterAdmin => everything(&Name::empty()),
        Foothold::NamespaceAdmin(namespace) => everything(namespace),
        _ => return None,
    };
    // They are had by whoever made the move.
    let identity = match step {
        Some(step) => held.holders.iter().find(|it| it.foothold == step.from)?.identity.clone(),
        None => Identity::new(&Subject::User(ANYBODY.into()), &[]),
    };
    Some(Holder { foothold: foothold.clone(), identity, rules })
}

/// Who holds a sink that a question begins with.
const ANYBODY: &str = "whoever holds it";

/// Every verb on every resource.
pub fn everything() -> RoleRule {
    let star = || [Name::from("*")].into();
    RoleRule::from(RuleLists { verbs: star(), groups: star(), resources: star(), ..RuleLists::default() })
}

fn rules_of(ground: &Ground<'_>, identity: &Identity) -> Vec<HeldRule> {
    let mut rules = Vec::new();
    for holding in ground.rbac.permissions(identity) {
        let Some((_, effective)) = &holding.role else { continue };
        let rule = |it: &RoleRule| HeldRule { scope: holding.scope().clone(), rule: it.clone() };
        rules.extend(effective.rules.iter().map(rule));
    }
    rules
}

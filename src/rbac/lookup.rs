//! May somebody do something, and all that somebody is given: look-ups in the index.

use std::sync::Arc;

use crate::model::name::Name;
use crate::model::role::{Binding, Role, Subject};

use super::aggregation::Effective;
use super::grant::{Access, Dangling, Grant};
use super::identity::{Identity, MASTERS};
use super::index::{BindingEntry, CLUSTER, Index, KeySlot, RoleEntry, Slot};
use super::mask::Mask;
use super::matching::{Asked, Match};
use super::request::Request;

/// One binding of a subject with what it gives.
#[derive(Clone, PartialEq, Debug)]
pub struct Holding {
    pub binding: Arc<Binding>,
    /// Which subject of the binding speaks of the holder.
    pub subject: usize,
    /// `None`: it is not there, and grants nothing.
    pub role: Option<(Arc<Role>, Effective)>,
}

impl Holding {
    /// The subject as the binding writes it.
    pub fn subject(&self) -> &Subject {
        &self.binding.subjects[self.subject]
    }

    /// Where it holds; empty: the whole cluster.
    pub fn scope(&self) -> &Name {
        &self.binding.meta.namespace
    }
}

impl Index {
    /// Whether somebody may do something, with all grants that say so.
    ///
    /// Cluster-wide bindings are asked always, those of a namespace where the request names it (rule 2).
    pub fn can(&self, identity: &Identity, request: &Request) -> Access {
        let asked = Asked::new(request);
        let mask = Mask::of_request(&asked);
        let slots = self.slots(identity, request.namespace());
        let mut grants = Vec::new();
        let mut dangling = Vec::new();
        for entry in slots.iter().filter_map(|it| self.bindings[*it as usize].as_ref()) {
            match self.role_entry(entry) {
                Some(role) => self.grants_of(identity, entry, role, &asked, mask, &mut grants),
                None => dangling.push(dangling_of(&entry.binding)),
            }
        }
        grants.sort_by(|a: &Grant, b: &Grant| a.order().cmp(&b.order()));
        dangling.sort();
        let masters = identity.groups.iter().find(|(it, _)| it.as_str() == MASTERS).map(|(_, how)| *how);
        let entries = slots.iter().filter_map(|it| self.bindings[*it as usize].as_ref());
        let gaps = match grants.is_empty() && masters.is_none() {
            true => self.gaps(identity, request.namespace(), entries),
            false => Vec::new(),
        };
        Access { identity: identity.clone(), request: request.clone(), masters, grants, gaps, dangling, word: None }
    }

    /// All that somebody is given anywhere: each binding once, cluster-wide first, then by namespace and name.
    pub fn permissions(&self, identity: &Identity) -> Vec<Holding> {
        let mut slots: Vec<Slot> = self.rows(identity).flatten().map(|(_, slot)| *slot).collect();
        slots.sort_unstable();
        slots.dedup();
        let mut holdings: Vec<Holding> = slots.into_iter().filter_map(|it| self.holding(it, identity)).collect();
        holdings.sort_by(|a, b| {
            let order = |it: &Holding| (it.binding.meta.namespace.clone(), it.binding.meta.name.clone());
            order(a).cmp(&order(b))
        });
        holdings
    }

    fn holding(&self, slot: Slot, identity: &Identity) -> Option<Holding> {
        let entry = self.bindings[slot as usize].as_ref()?;
        let subject = self.subject_at(entry, identity)?;
        let role = self.role_entry(entry).and_then(|it| Some((it.role.clone()?, it.effective.clone()?)));
        Some(Holding { binding: entry.binding.clone(), subject, role })
    }

    /// The bindings that speak of somebody, cluster-wide and in one namespace (empty: in none), each once.
    pub(super) fn slots(&self, identity: &Identity, namespace: &str) -> Vec<Slot> {
        let number = self.namespaces.get(namespace).copied().filter(|it| *it != CLUSTER);
        let mut slots = Vec::new();
        for rows in self.rows(identity) {
            slots.extend(rows.iter().take_while(|(it, _)| *it == CLUSTER).map(|(_, slot)| *slot));
            if let Some(number) = number {
                let from = rows.partition_point(|(it, _)| *it < number);
                slots.extend(rows[from..].iter().take_while(|(it, _)| *it == number).map(|(_, slot)| *slot));
            }
        }
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// The rows of the user and of each group.
    pub(super) fn rows(&self, identity: &Identity) -> impl Iterator<Item = &Vec<(u32, Slot)>> {
        self.keys_of(identity).map(|it| &self.keys[it as usize].rows)
    }

    /// The keys of the user and of each group, as far as bindings name them.
    pub(super) fn keys_of(&self, identity: &Identity) -> impl Iterator<Item = KeySlot> {
        let groups = identity.groups.iter().filter_map(|(it, _)| self.groups.get(it.as_str()));
        self.users.get(identity.user.as_str()).into_iter().chain(groups).copied()
    }

    /// Where in a binding's subjects somebody stands, the first place (as upstream's `appliesTo`).
    fn subject_at(&self, entry: &BindingEntry, identity: &Identity) -> Option<usize> {
        let has = |key: KeySlot| self.keys_of(identity).any(|it| it == key);
        entry.keys.iter().find(|(_, key)| has(*key)).map(|(at, _)| *at as usize)
    }

    /// The role of a binding, if it is there.
    pub(super) fn role_entry(&self, entry: &BindingEntry) -> Option<&RoleEntry> {
        entry.role.map(|it| &self.roles[it as usize]).filter(|it| it.role.is_some())
    }

    fn grants_of(
        &self,
        identity: &Identity,
        entry: &BindingEntry,
        role: &RoleEntry,
        asked: &Asked<'_>,
        mask: Mask,
        grants: &mut Vec<Grant>,
    ) {
        let mut subject = None;
        for (rule, _) in role.masks.iter().enumerate().filter(|(_, it)| it.may_cover(mask)) {
            let at = match subject {
                Some(at) => at,
                None => self.subject_at(entry, identity).unwrap_or_default(),
            };
            subject = Some(at);
            grants.extend(grant(entry, role, rule, at, asked));
        }
    }
}

/// The grant that one rule gives to one subject of a binding, if the rule covers the request.
pub(super) fn grant(
    entry: &BindingEntry,
    role: &RoleEntry,
    rule: usize,
    subject: usize,
    asked: &Asked<'_>,
) -> Option<Grant> {
    let matched = asked.matched_by(&role.effective.as_ref()?.rules[rule])?;
    grant_by(entry, role, rule, subject, matched)
}

/// The grant that one rule, known to cover the request, gives to one subject of a binding.
pub(super) fn grant_by(
    entry: &BindingEntry,
    role: &RoleEntry,
    rule: usize,
    subject: usize,
    matched: Match,
) -> Option<Grant> {
    let (held, effective) = (role.role.as_ref()?, role.effective.as_ref()?);
    let member = effective.members.as_ref().and_then(|it| it[rule].clone());
    Some(Grant {
        binding: entry.binding.clone(),
        subject,
        role: held.clone(),
        rules: effective.rules.clone(),
        rule,
        matched,
        member,
    })
}

/// What a binding without its role says.
pub(super) fn dangling_of(binding: &Binding) -> Dangling {
    Dangling { binding: binding.id(), role: format!("{}/{}", binding.role.kind, binding.role.name).into() }
}

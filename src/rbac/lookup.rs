//! May somebody do something, and all that somebody is given: look-ups in the index.

use crate::model::name::Name;
use crate::model::role::{Binding, SharedBinding, SharedRole, Subject};

use super::aggregation::Effective;
use super::grant::{Access, Dangling, Grant};
use super::identity::{Identity, MASTERS};
use super::index::{BindingEntry, BindingPlace, CLUSTER, Index, KeySlot, RoleEntry, Slot};
use super::mask::Mask;
use super::matching::{Match, PreparedRequest};
use super::request::Request;

/// One binding of a subject with what it gives.
#[derive(Clone, PartialEq, Debug)]
pub struct Holding {
    pub binding: SharedBinding,
    /// Which subjects of the binding speak of the holder, those that name it themselves first.
    pub subjects: Vec<usize>,
    /// `None`: it is not there, and grants nothing.
    pub role: Option<(SharedRole, Effective)>,
}

impl Holding {
    /// Where it holds; empty: the whole cluster.
    pub fn scope(&self) -> &Name {
        &self.binding.meta.namespace
    }
}

impl Index {
    /// Whether somebody may do something, with all grants that say so.
    ///
    /// Cluster-wide bindings are asked always, those of a namespace where the request names it (rule 2). Each subject of
    /// a binding that matches is a grant (CONTRACT §4).
    pub fn can(&self, identity: &Identity, request: &Request) -> Access {
        let asked = PreparedRequest::new(request);
        let mask = Mask::of_request(&asked);
        let keys: Vec<KeySlot> = self.keys_of(identity).collect();
        let slots = self.slots_of(&keys, request.namespace());
        let mut grants = Vec::new();
        let mut dangling = Vec::new();
        for entry in slots.iter().filter_map(|it| self.bindings.get(*it)) {
            match self.role_entry(entry) {
                Some(role) => self.grants_of(&keys, entry, role, &asked, mask, &mut grants),
                None => dangling.push(dangling_of(&entry.binding)),
            }
        }
        let how = |it: &Grant| identity.how(it.subject());
        grants.sort_by(|a: &Grant, b: &Grant| (how(a), a.order()).cmp(&(how(b), b.order())));
        dangling.sort();
        let masters = identity.groups.iter().find(|(it, _)| it.as_str() == MASTERS).map(|(_, how)| *how);
        let entries = slots.iter().filter_map(|it| self.bindings.get(*it));
        let gaps = match grants.is_empty() && masters.is_none() {
            true => self.gaps(identity, request.namespace(), entries),
            false => Vec::new(),
        };
        Access { identity: identity.clone(), request: request.clone(), masters, grants, gaps, dangling, word: None }
    }

    /// All that somebody is given anywhere: each binding once, cluster-wide first, then by namespace and name.
    pub fn permissions(&self, identity: &Identity) -> Vec<Holding> {
        let keys: Vec<KeySlot> = self.keys_of(identity).collect();
        let mut slots: Vec<Slot> = keys.iter().flat_map(|it| self.keys.rows(*it)).map(|(_, slot)| *slot).collect();
        slots.sort_unstable();
        slots.dedup();
        let mut holdings: Vec<Holding> = slots.into_iter().filter_map(|it| self.holding(it, &keys, identity)).collect();
        holdings.sort_by(|a, b| {
            let (a, b) = (&a.binding.meta, &b.binding.meta);
            (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name))
        });
        holdings
    }

    /// Whether a binding names this user itself, not only a group that it is in.
    pub fn names_user(&self, user: &str) -> bool {
        self.keys.user(user).is_some()
    }

    /// Whether a binding names this subject itself, as answers name it.
    pub fn names(&self, subject: &Subject) -> bool {
        self.keys.of(subject).is_some_and(|it| !self.keys.rows(it).is_empty())
    }

    fn holding(&self, slot: Slot, keys: &[KeySlot], identity: &Identity) -> Option<Holding> {
        let entry = self.bindings.get(slot)?;
        let mut subjects: Vec<usize> = self.subjects_at(entry, keys).collect();
        subjects.sort_by_key(|it| identity.how(&entry.binding.subjects[*it]));
        let role = self.role_entry(entry).and_then(|it| Some((it.role.clone()?, it.effective()?)));
        Some(Holding { binding: entry.binding.clone(), subjects, role })
    }

    /// The bindings that speak of somebody, cluster-wide and in one namespace (empty: in none), each once.
    pub(super) fn slots(&self, identity: &Identity, namespace: &str) -> Vec<Slot> {
        let keys: Vec<KeySlot> = self.keys_of(identity).collect();
        self.slots_of(&keys, namespace)
    }

    /// As above, of these keys.
    fn slots_of(&self, keys: &[KeySlot], namespace: &str) -> Vec<Slot> {
        let number = self.namespaces.find(namespace).filter(|it| *it != CLUSTER);
        let mut slots = Vec::new();
        for rows in keys.iter().map(|it| self.keys.rows(*it)) {
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
    pub(super) fn rows(&self, identity: &Identity) -> impl Iterator<Item = &BindingPlace> {
        self.keys_of(identity).flat_map(|it| self.keys.rows(it))
    }

    /// The keys of the user and of each group, as far as bindings name them.
    pub(super) fn keys_of(&self, identity: &Identity) -> impl Iterator<Item = KeySlot> {
        let groups = identity.groups.iter().filter_map(|(it, _)| self.keys.group(it));
        self.keys.user(&identity.user).into_iter().chain(groups)
    }

    /// Where in a binding's subjects somebody stands, each place (upstream's `appliesTo` stops at the first).
    fn subjects_at(&self, entry: &BindingEntry, keys: &[KeySlot]) -> impl Iterator<Item = usize> {
        self.bindings.keys(entry).filter(|(_, key)| keys.contains(key)).map(|(at, _)| at)
    }

    fn grants_of(
        &self,
        keys: &[KeySlot],
        entry: &BindingEntry,
        role: &RoleEntry,
        asked: &PreparedRequest<'_>,
        mask: Mask,
        grants: &mut Vec<Grant>,
    ) {
        let Some(rules) = role.rules() else { return };
        for (rule, _) in self.roles.masks(role).iter().enumerate().filter(|(_, it)| it.may_cover(mask)) {
            if let Some(matched) = asked.matched_by(&rules[rule]) {
                let subjects = self.subjects_at(entry, keys);
                grants.extend(subjects.filter_map(|at| grant_by(entry, role, rule, at, matched)));
            }
        }
    }
}

/// The grant that one rule, known to cover the request, gives to one subject of a binding.
pub(super) fn grant_by(
    entry: &BindingEntry,
    role: &RoleEntry,
    rule: usize,
    subject: usize,
    matched: Match,
) -> Option<Grant> {
    Some(Grant {
        binding: entry.binding.clone(),
        subject,
        role: role.role.clone()?,
        rules: role.rules()?.clone(),
        rule,
        matched,
        member: role.member(rule),
    })
}

/// What a binding without its role says.
pub(super) fn dangling_of(binding: &Binding) -> Dangling {
    Dangling { binding: binding.id(), role: binding.role.clone() }
}

//! What stands beside a list of who can: for whom it holds for certain names only, and what could grant and does not.
//!
//! ```text
//! who-can get secrets   sa:prod/job, for ledger-key only             a rule with resourceNames
//!                       clusterrolebinding/x                         its role is not there (rules 3 and 35)
//!                       clusterrole/agg                              what is stored lags behind its members (rule 44)
//! ```
//!
//! `can` tells each of them to the one who asks; a list that left them out would be silent where `can` speaks.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::evidence::Outcome;
use crate::model::name::Name;
use crate::model::role::{SharedBinding, Subject};

use super::defaults;
use super::grant::{self, Grant};
use super::index::{BindingEntry, CLUSTER, Index, RoleEntry};
use super::lookup::grant_by;
use super::mask::Mask;
use super::matching::PreparedRequest;
use super::note;
use super::places::{self, NamespaceOf};
use super::request::{Request, ResourceRequest};
use super::who::{AskedPlaces, WhoCanAnswer};

/// All of it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OtherHolders {
    /// By subject.
    pub named: Vec<HolderOfNames>,
    /// Those whose role would allow it first, then by namespace and name.
    pub missing: Vec<Missing>,
    /// Aggregated roles that are not what their members give, in words.
    pub lagging: BTreeSet<String>,
}

/// Somebody who can for certain names only.
#[derive(Clone, PartialEq, Debug)]
pub struct HolderOfNames {
    pub subject: Subject,
    pub names: BTreeSet<Name>,
    pub grants: Vec<Grant>,
}

/// A binding whose role is not there.
#[derive(Clone, PartialEq, Debug)]
pub struct Missing {
    pub binding: SharedBinding,
    /// Whether it is one of Kubernetes' own defaults, and whether that would allow the request.
    pub would: Option<Outcome>,
}

impl Missing {
    /// Whom the binding names; who has no name is nobody.
    pub fn somebody(&self) -> Vec<Subject> {
        let named = self.binding.subjects.iter().filter(|it| !it.name().is_empty());
        named.map(|it| grant::named(it, &self.binding)).collect()
    }
}

impl Index {
    /// What stands beside a list of who can.
    pub fn beside(&self, who: &WhoCanAnswer<'_>) -> OtherHolders {
        let mut entries: Vec<&BindingEntry> = match (&who.places, &who.request) {
            (_, request) if is_of_own_namespace(request) => self.bindings.all().collect(),
            (AskedPlaces::Asked, request) => self.bindings_in(request.namespace()).collect(),
            (AskedPlaces::Everywhere, Request::Url { .. }) => self.bindings_in("").collect(),
            (AskedPlaces::Everywhere, Request::Resource(_)) => self.bindings.all().collect(),
        };
        entries.sort_by_key(|it| (&it.binding.meta.namespace, &it.binding.meta.name));
        let named = self.named(who, &entries);
        if who.places == AskedPlaces::Asked {
            let asked = who.request.namespace();
            entries.retain(|it| it.binding.meta.namespace.is_empty() || it.binding.meta.namespace == *asked);
        }
        OtherHolders { named, missing: self.missing(&who.request, &entries), lagging: self.lagging_of(&entries) }
    }

    /// Who can for certain names only, where no name is asked for.
    fn named(&self, who: &WhoCanAnswer<'_>, entries: &[&BindingEntry]) -> Vec<HolderOfNames> {
        let Request::Resource(request) = &who.request else { return Vec::new() };
        // A deletecollection never has a name (rule 23).
        if !request.name.is_empty() || request.verb == "deletecollection" {
            return Vec::new();
        }
        let mask = Mask::of_request(&PreparedRequest::new(&who.request));
        let is_of_own = is_of_own_namespace(&who.request);
        let mut found: BTreeMap<&Subject, Vec<Grant>> = BTreeMap::new();
        for entry in entries {
            let Some(role) = self.role_entry(entry) else { continue };
            let namespace = &entry.binding.meta.namespace;
            let rules = match is_of_own && !namespace.is_empty() {
                true => rules_for(role, namespace),
                false => self.named_rules(role, request, mask),
            };
            for (rule, name) in rules {
                let named = Request::Resource(ResourceRequest { name, ..request.clone() });
                let matched = role.rules().and_then(|it| PreparedRequest::new(&named).matched_by(&it[rule]));
                let Some(matched) = matched else { continue };
                for (at, key) in self.bindings.keys(entry) {
                    let grants = found.entry(self.keys.subject(key)).or_default();
                    grants.extend(grant_by(entry, role, rule, at, matched));
                }
            }
        }
        let found = found.into_iter().filter_map(|(subject, mut grants)| {
            let whole = whole_scopes(who, subject);
            grants.retain(|it| !whole.contains("") && !whole.contains(it.scope()));
            let names = grants.iter().flat_map(|it| names_of(it, is_of_own)).collect();
            (!grants.is_empty()).then(|| HolderOfNames { subject: subject.clone(), names, grants })
        });
        found.collect()
    }

    /// The rules of a role that are for names alone and that may be for the request, each with one of its names.
    fn named_rules(&self, role: &RoleEntry, request: &ResourceRequest, mask: Mask) -> Vec<(usize, Name)> {
        let Some(rules) = role.rules() else { return Vec::new() };
        let masks = self.roles.masks(role).iter().enumerate().filter(|(_, it)| it.may_cover(mask));
        let named = masks.filter(|(at, _)| !rules[*at].names.iter().any(|it| request.is_named(it)));
        named.filter_map(|(at, _)| Some((at, rules[at].names.first()?.clone()))).collect()
    }

    /// The bindings whose role is known not to be there.
    fn missing(&self, request: &Request, entries: &[&BindingEntry]) -> Vec<Missing> {
        let is_missing = |it: &&&BindingEntry| {
            let names_somebody = self.bindings.keys(it).next().is_some();
            names_somebody && self.role_entry(it).is_none() && self.role_gap(it).is_none()
        };
        let missing = entries.iter().filter(is_missing).map(|it| Missing {
            binding: it.binding.clone(),
            would: defaults::would_allow(&it.binding.role, &it.binding.meta.namespace, request),
        });
        let mut missing: Vec<Missing> = missing.collect();
        missing.sort_by_key(|it| it.would != Some(Outcome::Allow));
        missing
    }

    /// The aggregated roles of these bindings that are not what their members give.
    fn lagging_of(&self, entries: &[&BindingEntry]) -> BTreeSet<String> {
        let is_bound_here =
            |role: &RoleEntry| entries.iter().any(|it| self.role_entry(it).is_some_and(|it| it.id() == role.id()));
        let aggregated = self.aggregated().filter(|it| note::behind_of(it).is_some());
        aggregated.filter(|it| is_bound_here(it)).filter_map(note::behind_of).collect()
    }

    /// All aggregated ClusterRoles that are held.
    fn aggregated(&self) -> impl Iterator<Item = &RoleEntry> {
        let slots = self.aggregation_names().filter_map(|it| self.roles.find(CLUSTER, it));
        slots.map(|it| self.roles.get(it)).filter(|it| it.role.is_some())
    }
}

/// Whether a request is for Namespaces, of which RoleBindings grant their own by its name (rule 16).
fn is_of_own_namespace(request: &Request) -> bool {
    let Request::Resource(request) = request else { return false };
    let exception = places::exception(&request.group, &request.combined()).filter(|it| it.whose == NamespaceOf::Own);
    request.name.is_empty()
        && request.namespace.is_empty()
        && exception.is_some_and(|it| it.verbs.contains(&request.verb.as_str()))
}

/// All rules of a role, each for one name.
fn rules_for(role: &RoleEntry, name: &Name) -> Vec<(usize, Name)> {
    let count = role.rules().map_or(0, |it| it.len());
    (0..count).map(|at| (at, name.clone())).collect()
}

/// The names that a grant is for.
fn names_of(grant: &Grant, is_of_own: bool) -> Vec<Name> {
    match is_of_own && !grant.scope().is_empty() {
        true => vec![grant.scope().clone()],
        false => grant.rule().names.iter().cloned().collect(),
    }
}

/// Where somebody can whatever the name, so that names say nothing new; empty: in the whole cluster.
fn whole_scopes(who: &WhoCanAnswer<'_>, subject: &Subject) -> BTreeSet<Name> {
    let at = who.holders.binary_search_by(|it| who.subject(it).cmp(subject));
    let Some(holder) = at.ok().map(|it| &who.holders[it]) else { return BTreeSet::new() };
    if holder.is_always() || who.places == AskedPlaces::Asked {
        return BTreeSet::from([Name::empty()]);
    }
    who.grants(holder).iter().map(|it| it.scope().clone()).collect()
}

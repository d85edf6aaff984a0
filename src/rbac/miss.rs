//! The nearest misses of a "no": rules that somebody holds and that came closest, and what would have had to differ.

use crate::model::items::Items;
use crate::model::name::Name;
use crate::model::role::{RoleRule, SharedBinding, SharedRole};

use super::identity::Identity;
use super::index::Index;
use super::matching::{PreparedRequest, resource_covers, url_covers};
use super::request::{Request, ResourceRequest};

/// One thing that would have had to be otherwise.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Lack {
    /// The binding holds elsewhere only.
    Scope,
    Verb,
    Group,
    Resource,
    /// The rule names objects, and not this one (or the request names none).
    Name,
    Url,
}

/// A rule that came close.
#[derive(Clone, PartialEq, Debug)]
pub struct RoleRuleMiss {
    pub binding: SharedBinding,
    pub role: SharedRole,
    /// The rules that decide for the role, and which of them it is.
    pub rules: Items<RoleRule>,
    pub rule: usize,
    pub lacks: Vec<Lack>,
}

impl RoleRuleMiss {
    /// The rule itself.
    pub fn words(&self) -> &RoleRule {
        &self.rules[self.rule]
    }
}

/// How many are worth showing.
const MOST: usize = 3;

impl Index {
    /// The rules of somebody that lack least, at most three; none that lacks more than two things.
    pub fn misses(&self, identity: &Identity, request: &Request) -> Vec<RoleRuleMiss> {
        let asked = PreparedRequest::new(request);
        let mut best: Vec<RoleRuleMiss> = Vec::new();
        let mut least = 2;
        for slot in self.all_slots(identity) {
            let Some(entry) = self.bindings.get(slot) else { continue };
            let Some(role) = self.role_entry(entry) else { continue };
            let (Some(held), Some(rules)) = (&role.role, role.rules()) else { continue };
            for (at, rule) in rules.iter().enumerate() {
                if !is_alike(rule, request) {
                    continue;
                }
                let lacks = lacks(rule, &entry.binding.meta.namespace, &asked);
                let is_elsewhere = lacks.iter().any(|it| matches!(it, Lack::Resource | Lack::Url));
                if lacks.is_empty() || lacks.len() > least || is_elsewhere && lacks.len() > 1 {
                    continue;
                }
                if lacks.len() < least {
                    least = lacks.len();
                    best.retain(|it| it.lacks.len() <= least);
                }
                let (binding, role, rules) = (entry.binding.clone(), held.clone(), rules.clone());
                best.push(RoleRuleMiss { binding, role, rules, rule: at, lacks });
            }
        }
        best.sort_by(|a, b| order(a).cmp(&order(b)));
        best.truncate(MOST);
        best
    }
}

/// Whether a rule speaks of what is asked about at all: of URLs, or of resources.
fn is_alike(rule: &RoleRule, request: &Request) -> bool {
    match request {
        Request::Url { .. } => !rule.urls.is_empty(),
        Request::Resource(_) => !rule.resources.is_empty(),
    }
}

fn order(it: &RoleRuleMiss) -> (usize, &[Lack], &Name, &Name, usize) {
    (it.lacks.len(), &it.lacks, &it.binding.meta.namespace, &it.binding.meta.name, it.rule)
}

fn lacks(rule: &RoleRule, scope: &str, asked: &PreparedRequest<'_>) -> Vec<Lack> {
    let meets = |list: &[Name], word: &str| list.iter().any(|it| it == "*" || it == word);
    let mut lacks = Vec::new();
    if !scope.is_empty() && *scope != *asked.request.namespace() {
        lacks.push(Lack::Scope);
    }
    if !meets(&rule.verbs, asked.request.verb()) {
        lacks.push(Lack::Verb);
    }
    match asked.request {
        Request::Url { path, .. } if !rule.urls.iter().any(|it| url_covers(it, path)) => lacks.push(Lack::Url),
        Request::Url { .. } => {}
        Request::Resource(it) => lacks.extend(resource_lacks(rule, it, asked.combined())),
    }
    lacks
}

fn resource_lacks(rule: &RoleRule, asked: &ResourceRequest, combined: &str) -> Vec<Lack> {
    let found = [
        (Lack::Group, rule.groups.iter().any(|it| it == "*" || *it == asked.group)),
        (Lack::Resource, rule.resources.iter().any(|it| resource_covers(it, combined, &asked.subresource))),
        (Lack::Name, rule.names.is_empty() || rule.names.iter().any(|it| asked.is_named(it))),
    ];
    found.into_iter().filter(|(_, meets)| !meets).map(|(lack, _)| lack).collect()
}

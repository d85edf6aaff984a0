//! Everything that somebody holds, folded: a row for each place and resource, its verbs, and every grant behind them.
//!
//! ```text
//! shop   deployments.apps        get list watch     rolebinding/shop/dev → clusterrole/view rules[4]
//! (all)  pods "web"              get                clusterrolebinding/x → clusterrole/y rules[0]
//! ```

use std::collections::{BTreeMap, BTreeSet};

use crate::model::coverage::Coverage;
use crate::model::evidence::{Gap, Outcome};
use crate::model::finding::{Effectiveness, Finding, FoundIn, RulePart};
use crate::model::id::{Kind, ObjectId, ResourceScope};
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::role::{Binding, RoleRef, RoleRule};

use super::aggregation::AggregatedFrom;
use super::danger::{self, DANGERS, Danger};
use super::dead;
use super::grant::named;
use super::identity::{How, Identity};
use super::index::{Index, role_of};
use super::lookup::Holding;
use super::note;
use super::resource_or_url::ResourceOrUrl;
use super::served::Served;

/// One grant behind a row.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PermissionSource {
    /// How the subject speaks of the holder.
    pub how: How,
    pub binding: ObjectId,
    /// The subject as the binding writes it, and where.
    pub subject: (String, usize),
    pub role: ObjectId,
    pub rule: usize,
    /// The rule's own verbs, of which the row's are the union.
    pub verbs: BTreeSet<Name>,
    pub member: Option<AggregatedFrom>,
    /// Denied where it is dead.
    pub outcome: Outcome,
    /// What of it does not do what it seems to.
    pub findings: Vec<Finding>,
}

/// One row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PermissionRow {
    /// Empty: the whole cluster.
    pub scope: Name,
    pub what: ResourceOrUrl,
    pub verbs: BTreeSet<Name>,
    pub sources: BTreeSet<PermissionSource>,
}

impl PermissionSource {
    /// The verbs that it gives: none where it is dead, else those that no finding shuts out.
    fn living(&self) -> impl Iterator<Item = &Name> {
        let is_shut = |verb: &Name| {
            self.findings.iter().any(|it| it.is_of_verb() && it.word == *verb && it.effect == Effectiveness::Dead)
        };
        self.verbs.iter().filter(move |it| self.outcome != Outcome::Deny && !is_shut(it))
    }
}

impl PermissionRow {
    /// The verbs that some grant behind it really gives; all of them where none is known, as a server tells them.
    pub fn living(&self) -> BTreeSet<Name> {
        match self.sources.is_empty() {
            true => self.verbs.clone(),
            false => self.sources.iter().flat_map(PermissionSource::living).cloned().collect(),
        }
    }

    /// The worst of it; what is dead is no danger.
    pub fn danger(&self) -> Option<&'static Danger> {
        let ResourceOrUrl::Resource { group, resource, .. } = &self.what else { return None };
        let through = if self.scope.is_empty() { ResourceScope::Cluster } else { ResourceScope::Namespaced };
        let worst = danger::of_resource(&self.living(), group, resource, through);
        worst.map(|it| &DANGERS[it])
    }

    /// Denied where every grant behind it is dead; else allowed.
    pub fn outcome(&self) -> Outcome {
        let is_dead = self.sources.iter().all(|it| it.outcome == Outcome::Deny);
        if is_dead { Outcome::Deny } else { Outcome::Allow }
    }
}

/// A binding whose role gives nothing: it is not there, or it is not read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Empty {
    pub binding: ObjectId,
    pub role: RoleRef,
    /// Unknown where roles are not read, deny where the role is known to be missing.
    pub outcome: Outcome,
}

/// All rows of a subject.
#[derive(Clone, PartialEq, Debug)]
pub struct Folded {
    pub identity: Identity,
    pub rows: Vec<PermissionRow>,
    pub empty: Vec<Empty>,
    /// The bindings and roles that are held, whether they give anything or not.
    held: BTreeSet<ObjectId>,
    /// Aggregated roles that are not what their members give, in words.
    pub behind: BTreeSet<String>,
    /// Why rows may be missing: bindings that are not read.
    pub gaps: Vec<Gap>,
}

impl Folded {
    /// The bindings and roles that are held, each as a whole.
    pub fn objects(&self) -> Vec<(ObjectId, Place)> {
        self.held.iter().map(|it| (it.clone(), Place::default())).collect()
    }

    /// Whether rows may be missing: bindings or roles that are not read.
    pub fn is_partial(&self) -> bool {
        !self.gaps.is_empty() || self.empty.iter().any(|it| it.outcome == Outcome::Unknown)
    }
}

impl Index {
    /// Everything that somebody holds; `only` keeps what holds in one namespace.
    pub fn folded(&self, identity: &Identity, only: Option<&Name>, served: &Served) -> Folded {
        let mut rows = Folding::new();
        let (mut empty, mut behind, mut held) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        let holds = |it: &Holding| only.is_none_or(|only| it.scope().is_empty() || it.scope() == only);
        for holding in self.permissions(identity).into_iter().filter(holds) {
            held.insert(holding.binding.id());
            match &holding.role {
                Some((role, effective)) => {
                    held.insert(role.id());
                    behind.extend(note::behind(role, effective));
                    fold(&holding, identity, served, &mut rows);
                }
                None => empty.push(self.empty(&holding)),
            }
        }
        let rows = rows.into_iter();
        let rows =
            rows.map(|((scope, what), (verbs, sources))| PermissionRow { scope, what, verbs, sources }).collect();
        empty.sort();
        let gaps = only.map_or_else(|| self.all_binding_gaps(), |it| self.binding_gaps(it));
        Folded { identity: identity.clone(), rows, empty, held, behind, gaps }
    }

    fn empty(&self, holding: &Holding) -> Empty {
        let is_known = role_of(&holding.binding).is_none_or(|(namespace, name)| {
            let kind = if namespace.is_empty() { Kind::CLUSTER_ROLE } else { Kind::ROLE };
            let coverage: &Coverage = self.coverage.of(kind, &namespace);
            coverage.is_complete() && !self.unreadable.contains(&ObjectId::new(kind, namespace, name))
        });
        let outcome = if is_known { Outcome::Deny } else { Outcome::Unknown };
        Empty { binding: holding.binding.id(), role: holding.binding.role.clone(), outcome }
    }
}

/// Whether a finding about a rule is about a row.
pub(super) fn concerns(found: &Finding, what: &ResourceOrUrl) -> bool {
    let FoundIn::Rule(part) = found.sort.found_in else { return false };
    match (part, what) {
        (RulePart::Rule, _)
        | (RulePart::Verb, ResourceOrUrl::Resource { .. })
        | (RulePart::Method, ResourceOrUrl::Url(_)) => true,
        (RulePart::Group, ResourceOrUrl::Resource { group, .. }) => found.word == *group,
        (RulePart::Resource, ResourceOrUrl::Resource { resource, .. }) => found.word == *resource,
        (RulePart::Name, ResourceOrUrl::Resource { name, .. }) => found.word == *name,
        (RulePart::Url, ResourceOrUrl::Url(url)) => found.word == *url,
        _ => false,
    }
}

/// All that a rule speaks of, in its order.
pub fn things(rule: &RoleRule) -> Vec<ResourceOrUrl> {
    let mut all = Vec::new();
    for group in rule.groups.iter() {
        for resource in rule.resources.iter() {
            let what = |name: Name| ResourceOrUrl::Resource { group: group.clone(), resource: resource.clone(), name };
            if rule.names.is_empty() {
                all.push(what(Name::empty()));
            }
            all.extend(rule.names.iter().map(|it| what(it.clone())));
        }
    }
    all.extend(rule.urls.iter().map(|it| ResourceOrUrl::Url(it.clone())));
    all
}

/// The verbs and the grants of each thing, by where it holds.
type Folding = BTreeMap<(Name, ResourceOrUrl), (BTreeSet<Name>, BTreeSet<PermissionSource>)>;

fn fold(holding: &Holding, who: &Identity, served: &Served, rows: &mut Folding) {
    let Some((role, effective)) = &holding.role else { return };
    let binding = &holding.binding;
    let subjects: Vec<(How, (String, usize))> = holding.subjects.iter().map(|at| subject(binding, *at, who)).collect();
    for (at, rule) in effective.rules.iter().enumerate() {
        let member = effective.members.as_ref().and_then(|it| it[at].clone());
        let all = dead::findings(binding, rule, served);
        for what in things(rule) {
            let mut findings: Vec<Finding> = all.iter().filter(|it| concerns(it, &what)).cloned().collect();
            if let ResourceOrUrl::Resource { group, resource, .. } = &what {
                if dead::resources::is_of_another_group(group, resource, rule, served) {
                    continue;
                }
                findings = dead::in_place(findings, binding, rule, group, resource);
            }
            let outcome = if dead::is_alive(rule, &findings) { Outcome::Allow } else { Outcome::Deny };
            let (verbs, sources) = rows.entry((holding.scope().clone(), what)).or_default();
            verbs.extend(rule.verbs.iter().cloned());
            sources.extend(subjects.iter().map(|(how, subject)| PermissionSource {
                how: *how,
                binding: binding.id(),
                subject: subject.clone(),
                role: role.id(),
                rule: at,
                verbs: rule.verbs.iter().cloned().collect(),
                member: member.clone(),
                outcome,
                findings: findings.clone(),
            }));
        }
    }
}

/// A subject of a binding as it is written, and how it is somebody.
fn subject(binding: &Binding, at: usize, who: &Identity) -> (How, (String, usize)) {
    let subject = &binding.subjects[at];
    (who.how(subject), (named(subject, binding).to_string(), at))
}

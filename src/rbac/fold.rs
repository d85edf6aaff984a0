//! Everything that somebody holds, folded: a row for each place and resource, its verbs, and every grant behind them.
//!
//! ```text
//! shop   deployments.apps        get list watch     rolebinding/shop/dev → clusterrole/view rules[4]
//! (all)  pods "web"              get                clusterrolebinding/x → clusterrole/y rules[0]
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::model::coverage::Coverage;
use crate::model::evidence::{Gap, Outcome};
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::role::RoleRule;

use super::aggregation::Member;
use super::danger::{self, DANGERS, Danger};
use super::dead::{Flaw, Life, flaws};
use super::grant::named;
use super::identity::Identity;
use super::index::{Index, role_of};
use super::lookup::Holding;
use super::note;
use super::served::{Reach, Served};

/// What a row speaks of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum What {
    /// A resource as the rule writes it; `name` empty for all objects.
    Resource {
        group: Name,
        resource: Name,
        name: Name,
    },
    Url(Name),
}

/// `pods.example.com/log "web"`, raw.
impl fmt::Display for What {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (group, resource, name) = match self {
            What::Url(url) => return write!(out, "{url}"),
            What::Resource { group, resource, name } => (group, resource, name),
        };
        let (plural, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        write!(out, "{plural}")?;
        if !group.is_empty() {
            write!(out, ".{group}")?;
        }
        if !subresource.is_empty() {
            write!(out, "/{subresource}")?;
        }
        if name.is_empty() { Ok(()) } else { write!(out, " \"{name}\"") }
    }
}

/// One grant behind a row.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Source {
    pub binding: ObjectId,
    /// The subject as the binding writes it, and where.
    pub subject: (String, usize),
    pub role: ObjectId,
    pub rule: usize,
    pub member: Option<Member>,
    /// What of it does not do what it seems to.
    pub flaws: Vec<Flaw>,
}

/// One row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Empty: the whole cluster.
    pub scope: Name,
    pub what: What,
    pub verbs: BTreeSet<Name>,
    pub sources: BTreeSet<Source>,
}

impl Row {
    /// The worst of it; a row that gives nothing is no danger.
    pub fn danger(&self) -> Option<&'static Danger> {
        let What::Resource { group, resource, .. } = &self.what else { return None };
        let through = if self.scope.is_empty() { Reach::Cluster } else { Reach::Namespaced };
        let worst = danger::of_resource(&self.verbs, group, resource, through);
        worst.filter(|_| self.outcome() == Outcome::Allow).map(|it| &DANGERS[it])
    }

    /// Denied where every grant behind it is dead; else allowed.
    pub fn outcome(&self) -> Outcome {
        let word = match &self.what {
            What::Url(url) => url,
            What::Resource { resource, .. } => resource,
        };
        let is_dead = |it: &Source| {
            it.flaws.iter().any(|flaw| flaw.life == Life::Dead && (flaw.word == *word || flaw.word.is_empty()))
        };
        let has_dead_verbs = |it: &Source| {
            let dead = |verb: &Name| it.flaws.iter().any(|flaw| flaw.life == Life::Dead && flaw.word == *verb);
            self.verbs.iter().all(dead)
        };
        if self.sources.iter().all(|it| is_dead(it) || has_dead_verbs(it)) { Outcome::Deny } else { Outcome::Allow }
    }
}

/// A binding whose role gives nothing: it is not there, or it is not read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Empty {
    pub binding: ObjectId,
    /// As written: `ClusterRole/view`.
    pub role: Name,
    /// Unknown where roles are not read, deny where the role is known to be missing.
    pub outcome: Outcome,
}

/// All rows of a subject.
#[derive(Clone, PartialEq, Debug)]
pub struct Folded {
    pub identity: Identity,
    pub rows: Vec<Row>,
    pub empty: Vec<Empty>,
    /// Aggregated roles that are not what their members give, in words.
    pub behind: BTreeSet<String>,
    /// Why rows may be missing: bindings that are not read.
    pub gaps: Vec<Gap>,
}

impl Folded {
    /// Whether rows may be missing: bindings or roles that are not read.
    pub fn is_partial(&self) -> bool {
        !self.gaps.is_empty() || self.empty.iter().any(|it| it.outcome == Outcome::Unknown)
    }
}

impl Index {
    /// Everything that somebody holds; `only` keeps what holds in one namespace.
    pub fn folded(&self, identity: &Identity, only: Option<&Name>, served: &Served) -> Folded {
        let mut rows = Folding::new();
        let (mut empty, mut behind) = (Vec::new(), BTreeSet::new());
        let holds = |it: &Holding| only.is_none_or(|only| it.scope().is_empty() || it.scope() == only);
        for holding in self.permissions(identity).into_iter().filter(holds) {
            match &holding.role {
                Some((role, effective)) => {
                    behind.extend(note::behind(role, effective));
                    fold(&holding, served, &mut rows);
                }
                None => empty.push(self.empty(&holding)),
            }
        }
        let rows = rows.into_iter();
        let rows = rows.map(|((scope, what), (verbs, sources))| Row { scope, what, verbs, sources }).collect();
        empty.sort();
        let gaps = only.map_or_else(|| self.all_binding_gaps(), |it| self.binding_gaps(it));
        Folded { identity: identity.clone(), rows, empty, behind, gaps }
    }

    fn empty(&self, holding: &Holding) -> Empty {
        let is_known = role_of(&holding.binding).is_none_or(|(namespace, name)| {
            let kind = if namespace.is_empty() { Kind::CLUSTER_ROLE } else { Kind::ROLE };
            let coverage: &Coverage = self.coverage.of(kind, &namespace);
            coverage.is_complete() && !self.unreadable.contains(&ObjectId::new(kind, namespace, name))
        });
        let outcome = if is_known { Outcome::Deny } else { Outcome::Unknown };
        let role = &holding.binding.role;
        Empty { binding: holding.binding.id(), role: format!("{}/{}", role.kind, role.name).into(), outcome }
    }
}

/// The flaws of a rule that are about a row: of its resource or URL, and of verbs.
fn flaws_of(what: &What, rule: &RoleRule, found: &[Flaw]) -> Vec<Flaw> {
    let word = match what {
        What::Url(url) => url,
        What::Resource { resource, .. } => resource,
    };
    let is_verb = |it: &Flaw| matches!(what, What::Resource { .. }) && rule.verbs.contains(&it.word);
    found.iter().filter(|it| it.word == *word || it.word.is_empty() || is_verb(it)).cloned().collect()
}

/// All that a rule speaks of, in its order.
pub fn things(rule: &RoleRule) -> Vec<What> {
    let mut all = Vec::new();
    for group in rule.groups.iter() {
        for resource in rule.resources.iter() {
            let what = |name: Name| What::Resource { group: group.clone(), resource: resource.clone(), name };
            if rule.names.is_empty() {
                all.push(what(Name::empty()));
            }
            all.extend(rule.names.iter().map(|it| what(it.clone())));
        }
    }
    all.extend(rule.urls.iter().map(|it| What::Url(it.clone())));
    all
}

/// The verbs and the grants of each thing, by where it holds.
type Folding = BTreeMap<(Name, What), (BTreeSet<Name>, BTreeSet<Source>)>;

fn fold(holding: &Holding, served: &Served, rows: &mut Folding) {
    let Some((role, effective)) = &holding.role else { return };
    for (at, rule) in effective.rules.iter().enumerate() {
        let source = Source {
            binding: holding.binding.id(),
            subject: (named(holding.subject(), &holding.binding).to_string(), holding.subject),
            role: role.id(),
            rule: at,
            member: effective.members.as_ref().and_then(|it| it[at].clone()),
            flaws: Vec::new(),
        };
        let found = flaws(&holding.binding, rule, served);
        let mut add = |what: What| {
            let (verbs, sources) = rows.entry((holding.scope().clone(), what.clone())).or_default();
            verbs.extend(rule.verbs.iter().cloned());
            sources.insert(Source { flaws: flaws_of(&what, rule, &found), ..source.clone() });
        };
        things(rule).into_iter().for_each(&mut add);
    }
}

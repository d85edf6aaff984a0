//! `fix --revoke SUBJECT [VERB RESOURCE]`, `--revoke SUBJECT --to GOAL`: what takes rights, or the ways to a goal.

use std::collections::{BTreeMap, BTreeSet};

use super::{Bound, Certainty, Fix, Trial, ground, note};
use crate::ask::{Fault, World};
use crate::change::GrantRow;
use crate::change::fix::Draft;
use crate::change::fix::allow::Ground;
use crate::change::fix::revoke::{self, Named};
use crate::escalate::step::Because;
use crate::model::evidence::Outcome;
use crate::model::id::ObjectId;
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::identity::{How, canonical};
use crate::rbac::{Grant, Identity, Request, naive};
use crate::text::evidence::Evidence;

/// How many grants a cut may have that is looked for exhaustively.
const EXACT: usize = 3;
/// How many grants are tried one after the other where no small cut is found.
const MOST: usize = 40;

/// Whose rights are taken, and which.
#[derive(Clone, PartialEq, Debug)]
pub struct Revoke {
    pub identity: Identity,
    pub what: Taken,
}

/// Which rights are taken.
#[derive(Clone, PartialEq, Debug)]
pub enum Taken {
    /// All that bindings give to the subject by name.
    Everything,
    One(Request),
}

impl Revoke {
    /// The candidates that take them.
    ///
    /// # Errors
    /// The engines differ about a candidate.
    pub fn answer(&self, world: &World) -> Result<Fix, Fault> {
        let ground = ground(world);
        let asked = format!("revoke {}{}", self.identity.subject, self.said());
        let mut fix = Fix { asked, candidates: Vec::new(), reasons: Vec::new(), is_unsure: false };
        let drafts = match &self.what {
            Taken::Everything => self.everything(&ground, &mut fix),
            Taken::One(request) => self.one(&ground, request, world, &mut fix),
        };
        let is_theirs = |row: &GrantRow| canonical(&row.subject) == self.identity.subject && self.is_it(row);
        let trial = Trial {
            world,
            bound: Bound::Takes,
            holds: &|after| self.holds(after),
            is_meant: &|_| false,
            is_meant_grant: &is_theirs,
        };
        fix.candidates = trial.candidates(drafts)?;
        if fix.candidates.is_empty() && fix.reasons.is_empty() {
            fix.reasons.push(note("no change of bindings and roles takes it and nothing that is given to others"));
        }
        fix.is_unsure = fix.candidates.is_empty() && self.is_unsure(world);
        Ok(fix)
    }

    fn said(&self) -> String {
        match &self.what {
            Taken::Everything => String::new(),
            Taken::One(Request::Url { verb, path }) => format!(" {verb} {path}"),
            Taken::One(Request::Resource(it)) => {
                let name = if it.name.is_empty() { String::new() } else { format!(" {}", it.name) };
                let place = if it.namespace.is_empty() {
                    " in all namespaces".to_owned()
                } else {
                    format!(" in {}", it.namespace)
                };
                format!(" {} {}{name}{place}", it.verb, it.combined())
            }
        }
    }

    /// Whether a row of what is taken is of what was asked.
    fn is_it(&self, row: &GrantRow) -> bool {
        use crate::rbac::fold::What;
        match (&self.what, &row.what) {
            (Taken::Everything, _) => true,
            (Taken::One(Request::Url { verb, path }), What::Url(url)) => {
                url == path && row.verbs.iter().all(|it| it == verb)
            }
            (Taken::One(Request::Resource(it)), What::Resource { group, resource, .. }) => {
                *group == it.group && *resource == it.combined() && row.verbs.iter().all(|verb| *verb == it.verb)
            }
            _ => false,
        }
    }

    fn everything(&self, ground: &Ground<'_>, fix: &mut Fix) -> Vec<Draft> {
        let found = revoke::naming(ground.cluster, &self.identity.subject);
        if found.is_empty() {
            fix.reasons.push(note(format!("already as asked: no binding names {}", self.identity.subject)));
            return Vec::new();
        }
        fix.reasons.extend(groups(&self.identity).map(note));
        fix.reasons.extend(whole(ground, &found));
        revoke::everything(ground, &found).into_iter().collect()
    }

    fn one(&self, ground: &Ground<'_>, request: &Request, world: &World, fix: &mut Fix) -> Vec<Draft> {
        let access = world.rbac().can(&self.identity, request);
        if access.masters.is_some() {
            fix.reasons.push(note("system:masters may do everything: no binding gives it, and none can take it"));
            return Vec::new();
        }
        if access.outcome() != Outcome::Allow {
            let word = access.outcome();
            fix.reasons.push(note(format!("already as asked: {word}")));
            fix.reasons.extend(access.gaps.iter().map(Evidence::gap));
            return Vec::new();
        }
        let (own, shared): (Vec<Grant>, Vec<Grant>) =
            access.grants.into_iter().partition(|it| self.identity.how(&it.named_subject()) == How::Itself);
        for grant in &shared {
            let what = format!(
                "{} has it through {}: a group's right cannot be taken from one of its members",
                self.identity.subject,
                grant.subject()
            );
            let evidence = Evidence::note(grant.binding.id(), grant.subject_place(), what);
            fix.reasons.extend((!fix.reasons.contains(&evidence)).then_some(evidence));
        }
        if !shared.is_empty() {
            return Vec::new();
        }
        let words = format!("without-{}-{}", request.verb(), resource(request));
        revoke::one(ground, &own, request, &world.served, &words)
    }

    /// Whether they do not have it any more, by both engines.
    fn holds(&self, after: &World) -> Option<Certainty> {
        match &self.what {
            Taken::Everything => {
                let named = revoke::naming(&after.cluster, &self.identity.subject);
                named.is_empty().then(|| certainty(!self.is_unsure(after)))
            }
            Taken::One(request) => {
                let ours = after.rbac().can(&self.identity, request).outcome();
                let groups = self.identity.groups.iter().map(|it| it.0.as_str()).collect();
                let asker = naive::Asker { user: &self.identity.user, groups };
                let theirs = naive::outcome(&after.cluster, &asker, request);
                match (ours, theirs) {
                    (Outcome::Allow, _) | (_, Outcome::Allow) => None,
                    (Outcome::Deny, Outcome::Deny) => Some(Certainty::Certain),
                    _ => Some(Certainty::Unsure),
                }
            }
        }
    }

    /// Whether bindings may name them that were not read.
    fn is_unsure(&self, world: &World) -> bool {
        use crate::model::id::Kind;
        [Kind::ROLE_BINDING, Kind::CLUSTER_ROLE_BINDING].into_iter().any(|it| world.cluster.coverage.hole(it).is_some())
    }
}

fn certainty(is_sure: bool) -> Certainty {
    if is_sure { Certainty::Certain } else { Certainty::Unsure }
}

/// What their groups give is not taken.
fn groups(identity: &Identity) -> Option<String> {
    let all: Vec<&str> = identity.groups.iter().map(|it| it.0.as_str()).collect();
    let is_group = matches!(identity.subject, Subject::Group(_));
    (!all.is_empty() && !is_group).then(|| {
        format!("what its groups are given stays: {}; other groups are not known to the cluster", all.join(", "))
    })
}

/// Which objects could not be read whole.
fn whole(ground: &Ground<'_>, found: &Named) -> Vec<Evidence> {
    let missing = found.keys().filter(|it| !ground.manifests.contains_key(it));
    missing
        .map(|it| Evidence::note(it.clone(), Default::default(), "could not be read whole: it cannot be changed"))
        .collect()
}

fn resource(request: &Request) -> String {
    match request {
        Request::Url { path, .. } => path.to_string(),
        Request::Resource(it) => it.combined().to_string(),
    }
}

/// The objects that candidates may change.
pub fn wholes(identity: &Identity, request: Option<&Request>, world: &World) -> Vec<ObjectId> {
    let mut all: BTreeSet<ObjectId> = revoke::naming(&world.cluster, &identity.subject).into_keys().collect();
    if let Some(request) = request {
        let grants = world.rbac().can(identity, request).grants;
        all.extend(grants.iter().flat_map(|it| [it.binding.id(), it.role.id()]));
    }
    all.into_iter().collect()
}

/// A way that is to end.
#[derive(Clone, PartialEq, Debug)]
pub struct Choke {
    pub from: String,
    pub to: String,
    pub groups: Vec<Name>,
    pub namespace: Name,
}

/// A binding and the place of a subject in it.
type Cut = (ObjectId, usize);

impl Choke {
    /// The cut that ends all ways: the smallest where it is small.
    ///
    /// # Errors
    /// An end is none, or the engines differ.
    pub fn answer(&self, world: &World) -> Result<Fix, Fault> {
        let asked = format!("revoke {} --to {}", self.from, self.to);
        let mut fix = Fix { asked, candidates: Vec::new(), reasons: Vec::new(), is_unsure: false };
        let (outcome, first) = self.grants(world)?;
        if outcome != Outcome::Allow {
            fix.is_unsure = outcome == Outcome::Unknown;
            let what = match fix.is_unsure {
                true => format!("whether {} reaches {} is not known", self.from, self.to),
                false => format!("already as asked: {} does not reach {}", self.from, self.to),
            };
            fix.reasons.push(note(what));
            return Ok(fix);
        }
        let (cut, is_exact) = self.cut(world, &first)?;
        let ground = ground(world);
        let drafts: Vec<Draft> =
            named(world, &cut).and_then(|it| revoke::everything(&ground, &it)).into_iter().collect();
        let trial = Trial {
            world,
            bound: Bound::Takes,
            holds: &|after| match self.grants(after).ok()?.0 {
                Outcome::Allow => None,
                outcome => Some(certainty(outcome == Outcome::Deny)),
            },
            is_meant: &|_| false,
            is_meant_grant: &|_| false,
        };
        fix.candidates = trial.candidates(drafts)?;
        if fix.candidates.is_empty() {
            fix.reasons.push(note("no removal of grants ends every way: some of them need no grant"));
        } else if !is_exact {
            fix.reasons.push(note(format!("a smaller set of grants may do: all sets of up to {EXACT} were tried")));
        }
        Ok(fix)
    }

    /// The grants whose removal ends every way, and whether no fewer do.
    fn cut(&self, world: &World, first: &[Cut]) -> Result<(Vec<Cut>, bool), Fault> {
        for size in 1..=EXACT {
            if let Some(found) = self.search(world, first, &mut Vec::new(), size)? {
                return Ok((found, true));
            }
        }
        Ok((self.greedy(world)?, false))
    }

    /// Whether the goal is reached, and the grants that the way rests on.
    fn grants(&self, world: &World) -> Result<(Outcome, Vec<Cut>), Fault> {
        let (asker, ground) = (world.asker(), world.ground(&self.groups));
        let question = asker.reach_question(&self.from, &self.to, &self.namespace)?;
        let path = asker.reach_path(&ground, question, None);
        let mut all: Vec<Cut> = Vec::new();
        for because in path.path.iter().flat_map(|it| &it.because) {
            let cuts = match because {
                Because::Allowed { grant: Some(grant), .. } => vec![(grant.binding.id(), grant.subject)],
                // What rules amount to together: each binding that gives some of them may be the one.
                Because::Holds { subject, .. } => self.bindings_of(world, subject),
                _ => Vec::new(),
            };
            cuts.into_iter().for_each(|it| all.extend((!all.contains(&it)).then_some(it)));
        }
        Ok((path.outcome, all))
    }

    /// The bindings that name somebody or a group of theirs, those that give most first.
    fn bindings_of(&self, world: &World, subject: &Subject) -> Vec<Cut> {
        let groups = Identity::new(subject, &self.groups).groups.into_iter().map(|it| Subject::Group(it.0));
        let of = |it: Subject| revoke::naming(&world.cluster, &it).into_values();
        let mut found: Vec<_> = std::iter::once(subject.clone()).chain(groups).flat_map(of).collect();
        found.sort_by_key(|it| std::cmp::Reverse(wildcards(world, &it.0)));
        found.iter().flat_map(|(binding, places)| places.iter().map(|it| (binding.id(), *it))).collect()
    }

    /// A set of this size that ends every way, of which one must be on each.
    fn search(
        &self,
        world: &World,
        on_way: &[Cut],
        so_far: &mut Vec<Cut>,
        size: usize,
    ) -> Result<Option<Vec<Cut>>, Fault> {
        for grant in on_way {
            so_far.push(grant.clone());
            let after = without(world, so_far);
            let (outcome, next) = self.grants(&after)?;
            let found = match (outcome, size) {
                (Outcome::Allow, 1) => None,
                (Outcome::Allow, _) => self.search(world, &next, so_far, size - 1)?,
                _ => Some(so_far.clone()),
            };
            if found.is_some() {
                return Ok(found);
            }
            so_far.pop();
        }
        Ok(None)
    }

    /// One grant of each way that is left, until none is.
    fn greedy(&self, world: &World) -> Result<Vec<Cut>, Fault> {
        let mut cut: Vec<Cut> = Vec::new();
        for _ in 0..MOST {
            let (outcome, on_way) = self.grants(&without(world, &cut))?;
            match on_way.into_iter().find(|it| !cut.contains(it)) {
                Some(next) if outcome == Outcome::Allow => cut.push(next),
                _ => return Ok(cut),
            }
        }
        Ok(cut)
    }

    /// The bindings that the candidate changes.
    pub fn wholes(&self, world: &World) -> Vec<ObjectId> {
        let Ok((Outcome::Allow, first)) = self.grants(world) else { return Vec::new() };
        let cut = self.cut(world, &first).map(|it| it.0).unwrap_or_default();
        let all: BTreeSet<ObjectId> = cut.into_iter().map(|it| it.0).collect();
        all.into_iter().collect()
    }
}

/// How many wildcards the widest rule of a binding's role has.
fn wildcards(world: &World, binding: &crate::model::role::Binding) -> usize {
    let rules = world.rbac().rules_of(binding);
    let count = |it: &crate::model::role::RoleRule| {
        [&it.verbs, &it.groups, &it.resources].into_iter().filter(|it| it.iter().any(|it| it == "*")).count()
    };
    rules.iter().flat_map(|it| it.iter()).map(count).max().unwrap_or(0)
}

/// The bindings of a cut.
fn named(world: &World, cut: &[Cut]) -> Option<Named> {
    let mut all: Named = BTreeMap::new();
    for (id, place) in cut {
        let binding = world.cluster.bindings.get(&id.namespace, &id.name)?;
        all.entry(id.clone()).or_insert_with(|| (binding.clone(), BTreeSet::new())).1.insert(*place);
    }
    Some(all)
}

/// The world without these grants.
fn without(world: &World, cut: &[Cut]) -> World {
    use crate::model::cluster::{AnyFact, Delta, Entry};
    use crate::model::role::Binding;
    let mut after = world.clone();
    for (_, (binding, places)) in named(world, cut).unwrap_or_default() {
        let binding = Binding { subjects: blanked(&binding, &places).into(), ..Binding::clone(&binding) };
        after.apply(vec![Delta::Put(Entry::new(AnyFact::Binding(binding.into())))]);
    }
    after
}

/// Subjects of which those at these places are nobody, so that the others stay in theirs.
fn blanked(binding: &crate::model::role::Binding, places: &BTreeSet<usize>) -> Vec<Subject> {
    let blank =
        |(at, it): (usize, &Subject)| if places.contains(&at) { Subject::User(Name::empty()) } else { it.clone() };
    binding.subjects.iter().enumerate().map(blank).collect()
}

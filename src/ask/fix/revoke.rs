//! `fix --revoke SUBJECT [VERB RESOURCE]`, `--to GOAL` of a subject or of everybody: what takes rights, or the ways to
//! a goal.

use std::collections::{BTreeMap, BTreeSet};

use super::{Certainty, FixAnswer, FixBound, Trial, Verified, ground, note};
use crate::ask::choke::Choked;
use crate::ask::escalation::{ReachPath, actor};
use crate::ask::{Fault, World};
use crate::change::GrantRow;
use crate::change::fix::Draft;
use crate::change::fix::allow::FixGround;
use crate::change::fix::revoke::{self, BindingSubjects};
use crate::model::evidence::Outcome;
use crate::model::id::ObjectId;
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::identity::{How, canonical};
use crate::rbac::{Grant, Identity, Request, naive};
use crate::text::Mark;
use crate::text::escalate as ways;
use crate::text::evidence::Evidence;

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
    pub fn answer(&self, world: &World) -> Result<FixAnswer, Fault> {
        let ground = ground(world);
        let asked = format!("revoke {}{}", self.identity.subject, self.said());
        let mut fix = FixAnswer::of(asked);
        let drafts = match &self.what {
            Taken::Everything => self.everything(&ground, &mut fix),
            Taken::One(request) => self.one(&ground, request, world, &mut fix),
        };
        let is_theirs = |row: &GrantRow| canonical(&row.subject) == self.identity.subject && self.is_it(row);
        let trial = Trial {
            world,
            bound: FixBound::Takes,
            holds: &|after| self.holds(after).map(Into::into),
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
        use crate::rbac::resource_or_url::ResourceOrUrl;
        match (&self.what, &row.what) {
            (Taken::Everything, _) => true,
            (Taken::One(Request::Url { verb, path }), ResourceOrUrl::Url(url)) => {
                url == path && row.verbs.iter().all(|it| it == verb)
            }
            (Taken::One(Request::Resource(it)), ResourceOrUrl::Resource { group, resource, .. }) => {
                *group == it.group && *resource == it.combined() && row.verbs.iter().all(|verb| *verb == it.verb)
            }
            _ => false,
        }
    }

    fn everything(&self, ground: &FixGround<'_>, fix: &mut FixAnswer) -> Vec<Draft> {
        let found = revoke::naming(ground.cluster, &self.identity.subject);
        if found.is_empty() {
            fix.reasons.push(note(format!("already as asked: no binding names {}", self.identity.subject)));
            return Vec::new();
        }
        fix.reasons.extend(groups(&self.identity).map(note));
        fix.reasons.extend(whole(ground, &found));
        revoke::everything(ground, &found).into_iter().collect()
    }

    fn one(&self, ground: &FixGround<'_>, request: &Request, world: &World, fix: &mut FixAnswer) -> Vec<Draft> {
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
                let asker = naive::RequestUser { user: &self.identity.user, groups };
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
fn whole(ground: &FixGround<'_>, found: &BindingSubjects) -> Vec<Evidence> {
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

/// Ways that are to end.
#[derive(Clone, PartialEq, Debug)]
pub struct ChokedWays {
    /// Whose; `None`: everybody's.
    pub from: Option<String>,
    pub to: String,
    pub groups: Vec<Name>,
    pub namespace: Name,
}

const NEED_NO_GRANT: &str = "no removal of grants ends every way: some of them need no grant";

impl ChokedWays {
    /// The smallest cut that ends all ways.
    ///
    /// # Errors
    /// An end is none, or the engines differ.
    pub fn answer(&self, world: &World) -> Result<FixAnswer, Fault> {
        let whose = self.from.as_ref().map_or(String::new(), |it| format!("revoke {it} "));
        let mut fix = FixAnswer::of(format!("{whose}--to {}", self.to));
        let choked = self.choked(world)?;
        if choked.found.cut.is_empty() {
            fix.is_unsure = choked.outcome() == Outcome::Unknown;
            fix.reasons.push(note(self.nothing(&choked)));
            return Ok(fix);
        }
        let drafts: Vec<Draft> = revoke::everything(&ground(world), &named(&choked)).into_iter().collect();
        let trial = Trial {
            world,
            bound: FixBound::Takes,
            holds: &|after| self.ended(after),
            is_meant: &|_| false,
            is_meant_grant: &|_| false,
        };
        fix.candidates = trial.candidates(drafts)?;
        let (count, least) = (choked.found.cut.len(), choked.found.lower_bound);
        if fix.candidates.is_empty() {
            fix.reasons.push(note(NEED_NO_GRANT));
        } else if !choked.found.is_exact() {
            fix.reasons.push(note(format!("fewer grants than {count} may do: at least {least} are needed")));
        }
        if self.from.is_none() {
            fix.reasons.extend(choked.stays().into_iter().map(note));
        }
        Ok(fix)
    }

    /// Why nothing is cut.
    fn nothing(&self, choked: &Choked) -> String {
        let (from, to) = (self.from.as_deref(), &self.to);
        match (choked.outcome(), from) {
            (Outcome::Unknown, Some(from)) => format!("whether {from} reaches {to} is not known"),
            (Outcome::Unknown, None) => format!("who else reaches {to} is not known"),
            (_, Some(from)) if choked.found.left.is_empty() => format!("already as asked: {from} does not reach {to}"),
            (_, Some(_)) => NEED_NO_GRANT.to_owned(),
            (_, None) => format!("already as asked: no grant that can be cut leads to {to}"),
        }
    }

    fn choked(&self, world: &World) -> Result<Choked, Fault> {
        let of = self.from.as_deref().map(|it| actor(it, &self.namespace)).transpose()?;
        world.asker().choke(&world.ground(&self.groups), &self.to, of.as_ref(), &self.namespace, &mut |_, _| true)
    }

    /// Whether the ways are gone: of everybody all that rest on a grant.
    fn ended(&self, after: &World) -> Option<Verified> {
        let (outcome, because) = match &self.from {
            Some(from) => {
                let path = self.path(from, after).ok()?;
                let way = (!path.path.is_empty()).then(|| format!("{from} may still: {}", ways::names(&path.path)));
                let way = way.map(|it| Evidence::new(Mark::Unknown, it));
                (path.outcome, way.into_iter().chain(path.gaps.iter().map(Evidence::gap)).collect())
            }
            None => {
                let choked = self.choked(after).ok().filter(|it| it.found.cut.is_empty())?;
                (choked.outcome(), choked.gaps.iter().map(Evidence::gap).collect())
            }
        };
        let certainty = certainty(outcome == Outcome::Deny);
        (outcome != Outcome::Allow).then_some(Verified { certainty, because })
    }

    fn path(&self, from: &str, world: &World) -> Result<ReachPath, Fault> {
        let (asker, ground) = (world.asker(), world.ground(&self.groups));
        let question = asker.reach_question(from, &self.to, &self.namespace)?;
        Ok(asker.reach_path(&ground, question, None))
    }

    /// The bindings that the candidate changes.
    pub fn wholes(&self, world: &World) -> Vec<ObjectId> {
        self.choked(world).map(|it| named(&it).into_keys().collect()).unwrap_or_default()
    }
}

/// The bindings of a cut, each with the places of whom it names no more.
fn named(choked: &Choked) -> BindingSubjects {
    let mut all: BindingSubjects = BTreeMap::new();
    for cut in choked.found.cut.iter().map(|it| &it.cut) {
        let new = || (cut.binding.clone(), BTreeSet::new());
        all.entry(cut.binding.id()).or_insert_with(new).1.extend(cut.places());
    }
    all
}

//! Whether an expectation holds: the answers that commands give, read as held, broken or unknown.
//!
//! ```text
//! reaches         the trace's outcome: its worst pair       cannot reach   no pair is allowed and none unknown
//! can             allow                                     cannot         deny, without "in" in every namespace too
//! nobody          of all whom bindings name, none but those that are named
//! ```
//!
//! An end that is proven not to be there breaks what is expected of it: such a file may be ahead of the manifests. Whatever
//! is not known makes it unknown, and never held.

use std::collections::{BTreeMap, BTreeSet};

use super::{Expectation, ExpectedRequest, May, Reaching, isolated};
use crate::ask::escalation::ReachPath;
use crate::ask::pair::Pair;
use crate::ask::question::access::Unserved;
use crate::ask::question::can::{Allowed, Can};
use crate::ask::question::reach::ReachFound;
use crate::ask::question::who_can::{Holders, WhoCan};
use crate::ask::trace::TraceAnswer;
use crate::ask::{Answer, Fault, Here, Question, World, namespace};
use crate::model::cluster::Cluster;
use crate::model::evidence::{Gap, Outcome};
use crate::model::id::{Kind, ResourceScope};
use crate::model::name::Name;
use crate::model::role::{Subject, SubjectKind};
use crate::rbac::grant::Grant;
use crate::rbac::identity::{Identity, MASTERS, canonical};
use crate::rbac::pasted::TypedSubject;
use crate::rbac::served::path_of;
use crate::text::evidence::Evidence;
use crate::text::{self, Mark, words};

/// What came of an expectation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExpectationVerdict {
    Held,
    Broken,
    /// It cannot be decided, and why is said.
    Unknown,
}

impl ExpectationVerdict {
    /// As JSON and scripts know it.
    pub const fn as_str(self) -> &'static str {
        match self {
            ExpectationVerdict::Held => "held",
            ExpectationVerdict::Broken => "broken",
            ExpectationVerdict::Unknown => "unknown",
        }
    }

    /// How it is marked.
    pub const fn mark(self) -> Mark {
        match self {
            ExpectationVerdict::Held => Mark::Allow,
            ExpectationVerdict::Broken => Mark::Deny,
            ExpectationVerdict::Unknown => Mark::Unknown,
        }
    }

    /// Where this outcome is what is expected; its opposite breaks it.
    fn wanting(wanted: Outcome, outcome: Outcome) -> Self {
        match outcome {
            Outcome::Unknown => ExpectationVerdict::Unknown,
            outcome if outcome == wanted => ExpectationVerdict::Held,
            _ => ExpectationVerdict::Broken,
        }
    }
}

/// An expectation, judged: what came of it and why, first what decides.
#[derive(Clone, PartialEq, Debug)]
pub struct JudgedExpectation {
    pub verdict: ExpectationVerdict,
    pub evidence: Vec<Evidence>,
}

impl JudgedExpectation {
    pub(super) fn new(verdict: ExpectationVerdict, evidence: Vec<Evidence>) -> Self {
        Self { verdict, evidence }
    }

    /// What is expected of something that is proven not to be there.
    pub(super) fn absent(what: String) -> Self {
        Self::new(ExpectationVerdict::Broken, vec![Evidence::new(Mark::Deny, what)])
    }

    /// The reason that decides: the first that bears the way the answer went.
    pub fn deciding(&self) -> Option<&Evidence> {
        let bears = |mark| self.evidence.iter().find(|it| it.mark == mark);
        let found = match self.verdict {
            ExpectationVerdict::Held => None,
            ExpectationVerdict::Unknown => bears(Mark::Unknown),
            // What breaks it by being allowed stands first.
            ExpectationVerdict::Broken
                if self.evidence.first().is_some_and(|it| it.mark == Mark::Allow && it.gate.is_none()) =>
            {
                None
            }
            ExpectationVerdict::Broken => bears(Mark::Deny),
        };
        found.or(self.evidence.first())
    }

    /// What decides, in one line; empty where nothing has to be said.
    pub fn cause(&self) -> String {
        self.deciding().map(|it| it.line(0).text).unwrap_or_default()
    }

    /// The reasons besides the one that decides.
    pub fn besides(&self) -> impl Iterator<Item = &Evidence> {
        let deciding = self.deciding();
        self.evidence.iter().filter(move |it| !deciding.is_some_and(|first| std::ptr::eq(first, *it)))
    }
}

impl Expectation {
    /// Judges it.
    ///
    /// # Errors
    /// Both evaluators differ (CONTRACT §5).
    pub fn judge(&self, here: &Here, world: &World) -> Result<JudgedExpectation, Fault> {
        match self {
            Expectation::Connects { how, .. } => self.connects(*how, here, world),
            Expectation::Can { subject, may, request } => can(subject, *may, request, here, world),
            Expectation::Nobody { but, request } => Ok(nobody(but, request, here, world)),
            Expectation::DefaultDeny { namespace, direction } => Ok(isolated::judge(namespace, *direction, world)),
        }
    }

    fn connects(&self, how: Reaching, here: &Here, world: &World) -> Result<JudgedExpectation, Fault> {
        let question = self.connection(&here.namespace)?;
        let answer = match world.answer(&question, here) {
            Ok(answer) => answer,
            Err(fault) => return Ok(JudgedExpectation::absent(fault.whole())),
        };
        let wanted = if how == Reaching::CannotReach { Outcome::Deny } else { Outcome::Allow };
        Ok(match answer {
            Answer::Trace(it) => of_trace(&it, wanted),
            Answer::Reach(it) => match &it.found {
                ReachFound::Trace(it) => of_trace(it, wanted),
                ReachFound::Path(it) => {
                    JudgedExpectation::new(ExpectationVerdict::wanting(wanted, it.outcome), of_path(it))
                }
                ReachFound::Connections(..) | ReachFound::Ways(_) => not_asked(),
            },
            _ => not_asked(),
        })
    }
}

/// A question is answered by its own kind of answer.
fn not_asked() -> JudgedExpectation {
    JudgedExpectation::new(ExpectationVerdict::Unknown, vec![Evidence::new(Mark::Unknown, "it was not asked")])
}

/// Every pair is to be allowed, or none is.
fn of_trace(it: &TraceAnswer, wanted: Outcome) -> JudgedExpectation {
    if wanted == Outcome::Allow {
        let pair = it.deciding();
        return JudgedExpectation::new(ExpectationVerdict::wanting(wanted, it.outcome()), of_pair(it, pair));
    }
    let (verdict, worst) = match (it.counts.allow, it.counts.unknown) {
        // Which pods stand behind a Service is not known: the pair may be none of it.
        (allow, _) if allow > 0 && it.service.is_some() && !it.gaps.is_empty() => {
            (ExpectationVerdict::Unknown, Outcome::Allow)
        }
        (allow, _) if allow > 0 => (ExpectationVerdict::Broken, Outcome::Allow),
        (_, unknown) if unknown > 0 => (ExpectationVerdict::Unknown, Outcome::Unknown),
        _ if !it.refusals.is_empty() => (ExpectationVerdict::Held, Outcome::Deny),
        // Pairs that are not known may be allowed.
        _ if !it.gaps.is_empty() => (ExpectationVerdict::Unknown, Outcome::Unknown),
        _ => (ExpectationVerdict::wanting(wanted, it.outcome()), Outcome::Deny),
    };
    JudgedExpectation::new(verdict, of_pair(it, it.pairs.iter().find(|it| it.outcome() == worst)))
}

/// How many pairs there are and what one of them rests on; first what is not known of the ends.
fn of_pair(it: &TraceAnswer, pair: Option<&Pair>) -> Vec<Evidence> {
    let mut all: Vec<Evidence> = it.refusals.clone();
    if it.counts.total() > 0 && !(it.is_single() && pair.is_some()) {
        let first = pair.map(|it| format!("; first: {}", it.title())).unwrap_or_default();
        let mark = pair.map_or(Mark::Plain, |it| Mark::of(it.outcome()));
        all.push(Evidence::new(mark, format!("{}{first}", it.summary())));
    }
    all.extend(it.gaps.iter().map(Evidence::gap));
    all.extend(pair.into_iter().flat_map(Pair::evidence));
    all.extend(it.notes.iter().cloned());
    all
}

/// Each step of a way, and what is not known.
fn of_path(it: &ReachPath) -> Vec<Evidence> {
    let mark = if it.outcome == Outcome::Allow { Mark::Allow } else { Mark::Unknown };
    let mut all = Vec::new();
    if !it.path.is_empty() {
        let steps = words::count(it.path.len() as u64, "step", "steps");
        all.push(Evidence::new(mark, format!("{} -> {} in {steps}", it.question.from, it.question.to)));
    }
    for step in &it.path {
        all.push(Evidence::new(mark, format!("{} -> {}: {}", step.from, step.to, step.edge.name)));
        all.extend(text::escalate::evidence(step).into_iter().map(|it| it.below(1)));
    }
    all.extend(it.gaps.iter().map(Evidence::gap));
    if all.is_empty() {
        all.push(Evidence::new(Mark::Deny, format!("no path leads from {} to {}", it.question.from, it.question.to)));
    }
    all
}

/// Whom a subject means; nothing while the server has not said who the operator is.
fn somebody(text: &str, here: &Here, world: &World) -> Option<Subject> {
    match super::who(text, here).ok()? {
        TypedSubject::Somebody(subject) => Some(canonical(&subject)),
        TypedSubject::Me => world.told.me().map(|it| it.subject()),
    }
}

fn nobody_known(text: &str) -> JudgedExpectation {
    let what = format!("the server has not said who {text} is");
    JudgedExpectation::new(ExpectationVerdict::Unknown, vec![Evidence::new(Mark::Unknown, what)])
}

impl ExpectedRequest {
    /// The question of a subject.
    pub(super) fn can(&self, subject: &str, unserved: bool) -> Can {
        Can {
            subject: Some(subject.to_owned()),
            verb: Some(self.verb.clone()),
            resource: Some(self.resource.clone()),
            object: self.name.clone(),
            unserved: Unserved { unserved },
            ..Can::default()
        }
    }

    /// The question of everybody.
    pub(super) fn who_can(&self) -> WhoCan {
        WhoCan {
            verb: self.verb.clone(),
            resource: self.resource.clone(),
            object: self.name.clone(),
            ..WhoCan::default()
        }
    }

    /// That the namespace or the resource is proven not to be there.
    fn absence(&self, question: &Question, here: &Here, world: &World) -> Option<String> {
        let named = here.only.as_ref().filter(|_| self.namespace.is_some());
        let namespace = named.and_then(|it| namespace::absence(&world.cluster, it));
        // A flag is no advice to whoever writes a file.
        let told = |it: Fault| if it.hints.iter().any(|it| it.starts_with("--")) { it.what } else { it.whole() };
        namespace.or_else(|| question.reads().refusal(here, world).map(told))
    }

    /// Where it is asked: in the namespace that is named, else everywhere.
    pub(super) fn here(&self, here: &Here) -> Here {
        match &self.namespace {
            Some(namespace) => within(&namespace.into(), here),
            None => Here { only: None, all_namespaces: true, ..here.clone() },
        }
    }
}

/// The same, asked in this namespace.
fn within(namespace: &Name, here: &Here) -> Here {
    Here { namespace: namespace.clone(), only: Some(namespace.clone()), all_namespaces: false, ..here.clone() }
}

/// What should be known of how a question was understood.
fn understood(question: &Question, here: &Here, world: &World) -> Vec<Evidence> {
    question.reads().notes(here, world).into_iter().map(|it| Evidence::new(Mark::Note, it)).collect()
}

/// That nothing is known by this name, and something by one that is near: that nobody can proves nothing then.
fn misspelt(request: &ExpectedRequest, here: &Here, world: &World) -> Option<Evidence> {
    let is_unknown = path_of(&request.resource).is_none() && request.who_can().resolved(here, world).scope.is_none();
    let word = request.resource.split(['/', '.']).next().unwrap_or_default();
    let near = world.served.nearest(word).filter(|_| is_unknown)?;
    let what = format!("which resource is meant is not known: unknown resource {word:?} (did you mean {}?)", near.name);
    Some(Evidence::new(Mark::Unknown, what))
}

fn can(
    subject: &str,
    may: May,
    request: &ExpectedRequest,
    here: &Here,
    world: &World,
) -> Result<JudgedExpectation, Fault> {
    let Some(who) = somebody(subject, here, world) else { return Ok(nobody_known(subject)) };
    let there = request.here(here);
    let asked = request.can(&who.to_string(), false);
    let question = Question::Can(asked);
    if let Some(absence) = request.absence(&question, &there, world) {
        return Ok(JudgedExpectation::absent(absence));
    }
    let (outcome, mut evidence) = allowed(&question, &there, world)?;
    evidence.extend(understood(&question, &there, world));
    let wanted = if may == May::Can { Outcome::Allow } else { Outcome::Deny };
    if may == May::Cannot
        && outcome == Outcome::Deny
        && let Some(doubt) = misspelt(request, &there, world)
    {
        evidence.insert(0, doubt);
        return Ok(JudgedExpectation::new(ExpectationVerdict::Unknown, evidence));
    }
    if may == May::Cannot && request.namespace.is_none() && outcome != Outcome::Allow {
        let elsewhere = anywhere(&request.can(&who.to_string(), true), here, world)?;
        if let Some((worse, more)) = elsewhere.filter(|it| it.0 < outcome) {
            return Ok(JudgedExpectation::new(ExpectationVerdict::wanting(wanted, worse), more));
        }
    }
    Ok(JudgedExpectation::new(ExpectationVerdict::wanting(wanted, outcome), evidence))
}

fn allowed(question: &Question, here: &Here, world: &World) -> Result<(Outcome, Vec<Evidence>), Fault> {
    let Answer::Can(Allowed { access, notes }) = world.answer(question, here)? else {
        return Ok((Outcome::Unknown, Vec::new()));
    };
    let mut evidence = text::rbac::evidence(&access, world.rbac());
    evidence.extend(notes);
    Ok((access.outcome(), evidence))
}

/// Whether it is allowed in some namespace, else whether that is not known of some.
fn anywhere(asked: &Can, here: &Here, world: &World) -> Result<Option<(Outcome, Vec<Evidence>)>, Fault> {
    let mut unsure = None;
    for namespace in namespaces(&world.cluster) {
        let there = within(&namespace, here);
        let found = allowed(&Question::Can(asked.clone()), &there, world)?;
        match found.0 {
            Outcome::Allow => return Ok(Some(found)),
            Outcome::Unknown => unsure = unsure.or(Some(found)),
            Outcome::Deny => {}
        }
    }
    let everywhere = Here { only: None, all_namespaces: true, ..here.clone() };
    let resolved = asked.resolved(&everywhere, world)?;
    let is_clusters = resolved.scope == Some(ResourceScope::Cluster) && resolved.request.namespace().is_empty();
    let hole = world.cluster.coverage.hole(Kind::ROLE_BINDING).filter(|(namespace, _)| namespace.is_empty());
    Ok(unsure.or_else(|| {
        let (namespace, coverage) = hole.filter(|_| !is_clusters)?;
        let gap = Gap::Uncovered { kind: Kind::ROLE_BINDING, namespace, coverage: coverage.clone() };
        Some((Outcome::Unknown, vec![Evidence::gap(&gap)]))
    }))
}

/// The namespaces in which something may be granted that is not granted everywhere.
fn namespaces(cluster: &Cluster) -> BTreeSet<Name> {
    let of_roles = |kind: &Kind| matches!(*kind, Kind::ROLE_BINDING | Kind::ROLE);
    let mut names: BTreeSet<Name> = cluster.bindings.namespaces().cloned().collect();
    names.extend(cluster.unreadable.iter().filter(|it| of_roles(&it.kind)).map(|it| it.namespace.clone()));
    let spoilt = cluster.coverage.kinds.iter().filter(|(kind, _)| of_roles(kind));
    names.extend(spoilt.flat_map(|(_, it)| it.namespaces.keys().cloned()));
    names.retain(|it| !it.is_empty());
    names
}

fn nobody(but: &[String], request: &ExpectedRequest, here: &Here, world: &World) -> JudgedExpectation {
    let mut named = Vec::new();
    for text in but {
        match somebody(text, here, world) {
            Some(subject) => named.push(subject),
            None => return nobody_known(text),
        }
    }
    let there = request.here(here);
    let question = Question::WhoCan(request.who_can());
    if let Some(absence) = request.absence(&question, &there, world) {
        return JudgedExpectation::absent(absence);
    }
    let Ok(Answer::WhoCan(holders)) = world.answer(&question, &there) else { return not_asked() };
    let others = others(&holders, &named, world);
    let gaps = holders.who.gaps.iter().map(Evidence::gap);
    let (verdict, mut evidence) = match (others.is_empty(), holders.who.gaps.is_empty()) {
        (false, _) => (ExpectationVerdict::Broken, of_others(&others)),
        (true, false) => (ExpectationVerdict::Unknown, gaps.collect()),
        (true, true) => match misspelt(request, &there, world) {
            Some(doubt) => (ExpectationVerdict::Unknown, vec![doubt]),
            None => (ExpectationVerdict::Held, Vec::new()),
        },
    };
    if request.name.is_none() {
        let beside = world.rbac().beside(&holders.who);
        let for_names = |it| Evidence::new(Mark::Note, format!("for these names alone: {}", text::rbac::named(it)));
        evidence.extend(beside.named.iter().map(for_names));
    }
    evidence.extend(holders.notes(world));
    evidence.extend(understood(&question, &there, world));
    JudgedExpectation::new(verdict, evidence)
}

/// Whom bindings name for it besides these, each with what grants it; `system:masters` never counts.
fn others(holders: &Holders<'_>, named: &[Subject], world: &World) -> BTreeMap<Subject, Vec<Grant>> {
    let is_meant = |subject: &Subject| !is_masters(subject) && !is_one_of(subject, named, world);
    let mut others: BTreeMap<Subject, Vec<Grant>> = BTreeMap::new();
    for holder in holders.who.holders.iter().filter(|it| is_meant(holders.who.subject(it))) {
        for grant in holders.who.grants(holder) {
            let subject = canonical(&grant.named_subject());
            if is_meant(&subject) {
                let grants = others.entry(subject).or_default();
                if !grants.iter().any(|it| it.order() == grant.order()) {
                    grants.push(grant);
                }
            }
        }
    }
    others
}

fn is_masters(subject: &Subject) -> bool {
    subject.kind() == SubjectKind::Group && subject.name() == MASTERS
}

/// Whether somebody is one of these, or is known to be in a group that is.
fn is_one_of(subject: &Subject, named: &[Subject], world: &World) -> bool {
    let mut identity = Identity::new(subject, &[]);
    if let Some(people) = world.people.as_ref().filter(|_| subject.kind() == SubjectKind::User) {
        let groups = people.groups_of(&identity.user);
        identity = identity.with_directory(&groups);
    }
    named.iter().any(|it| it == subject || it.kind() == SubjectKind::Group && identity.is_in(it.name()))
}

fn of_others(others: &BTreeMap<Subject, Vec<Grant>>) -> Vec<Evidence> {
    let first = others.keys().next().map(ToString::to_string).unwrap_or_default();
    let what = match others.len() {
        1 => format!("{first} can"),
        many => format!("{} can; first: {first}", words::count(many as u64, "subject", "subjects")),
    };
    let mut all = vec![Evidence::new(Mark::Allow, what)];
    for (subject, grants) in others {
        all.extend(grants.iter().map(|it| {
            let scope =
                if it.scope().is_empty() { "in the whole cluster".to_owned() } else { format!("in {}", it.scope()) };
            let what = format!("{subject} has {} {} {scope}", it.role.id(), it.rule_place());
            Evidence::at(Mark::Allow, it.binding.id(), it.subject_place(), what)
        }));
    }
    all
}

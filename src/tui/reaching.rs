//! What somebody can come to reach, who can come to reach something, and the way from one to the other.
//!
//! ```text
//! r, w, :reach ──► ReachAsked ──a job, beside the loop──► Answered ──► a page of rows
//!                                        Enter on a row: the same question with a goal: a way, drawn
//! ```
//!
//! What a pod connects to is answered in the loop as ever, and shown at once; the ways come when they are worked out.
//! Some answers are kept, so that going back is no new work.

use std::collections::VecDeque;
use std::sync::Arc;

use super::answers;
use super::grants;
use super::job::{JobState, Said, What, Work};
use super::page::saying;
use super::theme::Theme;
use crate::ask::connections::Connections;
use crate::ask::end::{AskedEnd, PortAsk};
use crate::ask::escalation::{self, Actor, ReachPath};
use crate::ask::question::access::Groups;
use crate::ask::question::reach::{self, Reach};
use crate::ask::reach_parts::{self, Parts};
use crate::ask::reaches::{ReachWay, Reaches};
use crate::ask::scope::CellContext;
use crate::ask::{Answer, Fault, Here, Question, World};
use crate::escalate::Foothold;
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::version::Version;
use crate::text::{Mark, Page};

/// A question about reach.
#[derive(Clone, PartialEq, Debug)]
pub struct ReachAsked {
    pub of: Actor,
    pub way: ReachWay,
    /// Only whether this is reached, and how.
    pub to: Option<Actor>,
    pub max_hops: Option<usize>,
    /// That the one who starts is said to be in.
    pub groups: Vec<Name>,
    /// Of the API server, where it was typed.
    pub version: Option<Version>,
}

impl ReachAsked {
    /// Everything, one way or the other.
    pub fn all(of: Actor, way: ReachWay) -> Self {
        Self { of, way, to: None, max_hops: None, groups: Vec::new(), version: None }
    }

    /// The way from one to the other, asked from here.
    pub fn way(&self, from: Actor, to: Actor) -> Self {
        Self { of: from, way: ReachWay::From, to: Some(to), ..self.clone() }
    }

    /// The end of the network that it is about, where it is about one.
    fn end(&self) -> Option<&AskedEnd> {
        match &self.of {
            Actor::End(end, _) => Some(end),
            _ => None,
        }
    }

    fn subject(&self) -> Option<&Subject> {
        match &self.of {
            Actor::Held(Foothold::Subject(subject)) => Some(subject),
            _ => None,
        }
    }

    /// What stands above the answer.
    pub fn heading(&self, state: JobState, theme: Theme) -> String {
        let asked = match (&self.to, self.way) {
            (Some(to), _) => format!("{} {} {to}", self.of, theme.arrow()),
            (None, ReachWay::From) => format!("what {} can come to reach", self.of),
            (None, ReachWay::To) => format!("who can come to reach {}", self.of),
        };
        format!(" {asked}{} ", state.words())
    }
}

/// A question with all that its answer rests on besides the cluster.
#[derive(Clone, PartialEq, Debug)]
pub struct ReachAsOf {
    pub asked: ReachAsked,
    /// That the one who starts is in besides.
    groups: Vec<Name>,
    version: Option<Version>,
}

impl ReachAsOf {
    /// The question, as it is asked now.
    pub fn now(view: CellContext<'_>, asked: &ReachAsked) -> Self {
        let identity = asked.subject().map(|it| view.identity(it));
        let mut groups: Vec<Name> = identity.iter().flat_map(grants::given).cloned().collect();
        let typed = asked.groups.iter().filter(|it| !groups.contains(it)).cloned();
        groups.extend(typed.collect::<Vec<_>>());
        Self { asked: asked.clone(), groups, version: asked.version.or(view.world.version) }
    }

    /// The same, as a command asks it.
    pub fn question(&self) -> Reach {
        let Self { asked, groups, .. } = self;
        Reach {
            of: asked.of.to_string(),
            reverse: asked.way == ReachWay::To,
            to: asked.to.as_ref().map(ToString::to_string),
            max_hops: asked.max_hops,
            server_version: asked.version.map(|it| it.to_string()),
            groups: Groups { groups: groups.iter().map(ToString::to_string).collect() },
            ..Reach::default()
        }
    }
}

/// An answer, and of which state.
#[derive(Clone, PartialEq, Debug)]
pub struct Answered {
    as_of: ReachAsOf,
    revision: u64,
    found: ReachingFound,
    /// What the naive evaluator said otherwise, where it was asked (`--self-check`).
    differences: Vec<String>,
}

#[derive(Clone, PartialEq, Debug)]
enum ReachingFound {
    Rows(Reaches, Connections),
    Way(Box<ReachPath>),
    Fault(Fault),
}

/// The answers that are kept, the latest first.
#[derive(Clone, Debug, Default)]
pub struct ReachAnswers {
    kept: VecDeque<Arc<Answered>>,
}

/// So many are kept.
const KEPT: usize = 8;

impl ReachAnswers {
    /// Takes an answer in.
    pub fn take(&mut self, answered: Arc<Answered>) {
        self.kept.retain(|it| it.as_of != answered.as_of);
        self.kept.push_front(answered);
        self.kept.truncate(KEPT);
    }

    fn answer(&self, as_of: &ReachAsOf) -> Option<&Answered> {
        self.kept.iter().find(|it| it.as_of == *as_of).map(|it| &**it)
    }

    /// What is to be worked out for a question, if its answer is not that of this state.
    pub fn wanted(&self, view: CellContext<'_>, asked: &ReachAsked) -> Option<What> {
        let as_of = ReachAsOf::now(view, asked);
        let is_there = self.answer(&as_of).is_some_and(|it| it.revision == view.world.revision());
        (!is_there).then(|| What::Reach(Box::new(as_of)))
    }

    /// Whether something can be shown meanwhile.
    pub fn has(&self, view: CellContext<'_>, asked: &ReachAsked) -> bool {
        self.answer(&ReachAsOf::now(view, asked)).is_some()
    }

    /// The answer as a page, as far as it is known.
    pub fn page(&self, view: CellContext<'_>, asked: &ReachAsked, state: JobState) -> Page {
        let answered = self.answer(&ReachAsOf::now(view, asked));
        let page = match answered.map(|it| &it.found) {
            Some(ReachingFound::Fault(fault)) => answers::fault(fault),
            Some(ReachingFound::Way(path)) => path.drawn(),
            Some(ReachingFound::Rows(reaches, connections)) => rows(view, asked, Some((reaches, connections)), state),
            None if asked.to.is_some() => saying(Mark::Plain, state.waiting()),
            None => rows(view, asked, None, state),
        };
        answers::bannered(answered.map_or(&[][..], |it| &it.differences), page)
    }
}

/// All that is known by now: what one has by oneself and connects to is, what one comes to in steps takes longer.
fn rows(view: CellContext<'_>, asked: &ReachAsked, found: Option<(&Reaches, &Connections)>, state: JobState) -> Page {
    let of = asked.of.to_string();
    // What was asked is written out in full: no namespace is missing.
    let own = ReachAsOf::now(view, asked).question().own(&Here::default(), view.world).ok().flatten();
    let own = own.iter().flat_map(|(subject, all)| reach_parts::own_rights(subject, all)).collect();
    let network = asked.end().map(|it| answers::connections(view.world, it, asked.way).lines).unwrap_or_default();
    Parts { of: &of, way: asked.way, own, network, ways: found.ok_or(state.waiting()) }.page()
}

/// The work that answers a question about this world, on a copy of it.
pub fn work(world: &World, as_of: ReachAsOf) -> Work {
    let world = world.clone();
    Box::new(move |watch| {
        let found = answer(&world, &as_of, watch);
        let differences = world.differences();
        Said::Reach(Arc::new(Answered { as_of, revision: world.revision(), found, differences }))
    })
}

fn answer(world: &World, as_of: &ReachAsOf, watch: escalation::Watch<'_>) -> ReachingFound {
    // What was asked is written out in full: no namespace is missing.
    let here = Here { namespace: "default".into(), ..Here::default() };
    match world.answer_watched(&Question::Reach(as_of.question()), &here, watch) {
        Ok(Answer::Reach(answer)) => found(*answer, world, watch),
        Ok(_) => ReachingFound::Rows(Reaches::default(), Connections::default()),
        Err(fault) => ReachingFound::Fault(fault),
    }
}

fn found(answer: reach::ReachAnswer, world: &World, watch: escalation::Watch<'_>) -> ReachingFound {
    let ways = match &answer.found {
        reach::ReachFound::Path(path) => return ReachingFound::Way(Box::new(path.clone())),
        reach::ReachFound::Ways(ways) | reach::ReachFound::Connections(_, Some(ways)) => ways.clone(),
        // What the network alone decides is shown at once, without a job.
        reach::ReachFound::Connections(_, None) | reach::ReachFound::Trace(_) => Reaches::default(),
    };
    let connections = answer.connections(&ways, world, watch);
    ReachingFound::Rows(ways, connections)
}

/// A question as it was typed, with bare names in this namespace.
///
/// # Errors
/// An end of it is none.
pub fn read(question: &Reach, namespace: &Name) -> Result<TypedReach, Fault> {
    let (from, to) = question.ends();
    let from = escalation::actor(from, namespace)?;
    let (max_hops, groups, version) = (question.max_hops, question.typed_groups(), question.version()?);
    let asked = ReachAsked { max_hops, groups, version, ..ReachAsked::all(from.clone(), question.way()) };
    let Some(to) = to else { return Ok(TypedReach::Reach(asked)) };
    let to = escalation::actor(to, namespace)?;
    Ok(match (&from, &to) {
        (Actor::End(from, _), Actor::End(end, port))
            if !escalation::is_way(&Actor::End(from.clone(), PortAsk::NONE), &to) =>
        {
            TypedReach::Trace(from.clone(), end.clone(), port.clone())
        }
        _ => TypedReach::Reach(asked.way(from, to)),
    })
}

/// What was typed: a question about ways, or about the plain connection between two ends.
pub enum TypedReach {
    Reach(ReachAsked),
    Trace(AskedEnd, AskedEnd, PortAsk),
}

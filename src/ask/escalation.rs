//! What somebody can come to reach, as people ask it: ends and goals, and the answer for sets of them (CONTRACT §7).
//!
//! ```text
//! sa:ci/runner  user:ana  node/n1  shop/web-0  deploy/shop/web          who starts
//! cluster-admin  node-root/n1  secrets/shop  sa:shop/db  shop/db:5432   what is wanted
//! ```

use std::fmt;

use crate::escalate::goal::Target;
use crate::escalate::miss::{self, WayMiss};
use crate::escalate::{Foothold, Goal, Ground, Step, closure};
use crate::model::evidence::{Gap, Outcome};
use crate::model::id::PodId;
use crate::model::name::Name;
use crate::model::port::Protocol;
use crate::net::verdict::{End, Port};
use crate::rbac::identity;

use super::end::{self, AskedEnd, PortAsk};
use super::member::EndMember;
use super::nearest::nearest;
use super::resolve::{EndRole, ResolvedEnd};
use super::{Asker, Fault, backends, page};

pub use crate::escalate::choke::Watch;

/// Who starts, or what is wanted, as typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Actor {
    /// A subject, or something that somebody may come to hold.
    Held(Foothold),
    /// `node-root`: some node.
    AnyNode,
    /// An end of the network, with the port that stands behind it.
    End(AskedEnd, PortAsk),
}

impl From<AskedEnd> for Actor {
    fn from(end: AskedEnd) -> Self {
        Actor::End(end, PortAsk::NONE)
    }
}

/// As it can be typed again, in full.
impl fmt::Display for Actor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Actor::Held(it) => write!(out, "{it}"),
            Actor::AnyNode => out.write_str("node-root"),
            Actor::End(end, port) => out.write_str(&page::target(end, port)),
        }
    }
}

/// The words of sinks that take names, and how many.
pub const SINKS: [&str; 6] = ["cluster-admin", "masters", "node-root", "namespace-admin", "secrets", "intercept"];

/// How they are written.
const FORMS: &str =
    "cluster-admin, masters, node-root[/NODE], namespace-admin/NS, secrets/NS[/NAME], intercept/NS/SERVICE";

/// The fault of an end that is not there, with the sinks where the text may have been meant for one.
pub fn or_sink(text: &str, fault: Fault) -> Fault {
    let word = text.split(['/', ':']).next().unwrap_or_default();
    let is_like_one = word.len() > 4 && !nearest(word, SINKS).is_empty();
    if word != text && !is_like_one || SINKS.contains(&word) {
        return fault;
    }
    fault.hinted(format!("besides there are {FORMS}"))
}

/// Reads who starts or what is wanted; sinks come before bare names.
pub fn actor(text: &str, namespace: &Name) -> Result<Actor, Fault> {
    if let Some(sink) = sink(text)? {
        return Ok(sink);
    }
    if is_subject(text) {
        let subject =
            identity::parse(text).map_err(|what| Fault::new(what, "such as user:alice, group:dev or sa:shop/web"))?;
        return Ok(Actor::Held(Foothold::Subject(subject)));
    }
    let (end, port) = end::end_and_port(text, namespace)?;
    Ok(Actor::End(end, port))
}

/// Whether the answer may be a way of several steps, not the plain connection between two ends.
pub fn is_way(start: &Actor, goal: &Actor) -> bool {
    let (Actor::End(start, _), Actor::End(end, port)) = (start, goal) else { return true };
    let is_outside = matches!(start, AskedEnd::Address(_) | AskedEnd::Block(_) | AskedEnd::Internet);
    let is_connection = *port != PortAsk::NONE
        || matches!(end, AskedEnd::Service { .. } | AskedEnd::Address(_) | AskedEnd::Block(_) | AskedEnd::Internet);
    !is_outside && (is_connection || matches!(start, AskedEnd::Node(_)))
}

/// Whether a text names a subject and no end.
pub fn is_subject(text: &str) -> bool {
    let word = text.split([':', '/']).next().unwrap_or_default();
    text.starts_with("system:serviceaccount:")
        || text.contains(':') && ["user", "group", "sa", "serviceaccount"].contains(&word)
}

fn sink(text: &str) -> Result<Option<Actor>, Fault> {
    let mut parts = text.split('/');
    let word = parts.next().unwrap_or_default();
    let names: Vec<Name> = parts.map(Name::from).collect();
    if !SINKS.contains(&word) || names.iter().any(|it| it.is_empty()) {
        return Ok(None);
    }
    let held = match (word, names.as_slice()) {
        ("cluster-admin", []) => Foothold::ClusterAdmin,
        ("masters", []) => Foothold::masters(),
        ("node-root", []) => return Ok(Some(Actor::AnyNode)),
        ("node-root", [name]) => Foothold::Node(name.clone()),
        ("namespace-admin", [name]) => Foothold::NamespaceAdmin(name.clone()),
        ("secrets", [namespace]) => Foothold::Secrets { namespace: namespace.clone(), name: None },
        ("secrets", [namespace, name]) => Foothold::Secrets { namespace: namespace.clone(), name: Some(name.clone()) },
        ("intercept", [namespace, service]) => {
            Foothold::Intercept { namespace: namespace.clone(), service: service.clone() }
        }
        _ => return Err(Fault::new(format!("\"{text}\" is not how a goal is written"), FORMS)),
    };
    Ok(Some(Actor::Held(held)))
}

/// A question about reach, resolved.
#[derive(Clone, PartialEq, Debug)]
pub struct ReachQuestion {
    /// As typed, in full.
    pub from: String,
    pub to: String,
    /// The best of them answers.
    pub starts: Vec<Foothold>,
    pub goal: Goal,
    /// What could not be resolved because it may not be read.
    pub gaps: Vec<Gap>,
}

/// Whether somebody can reach something, for a set by its best.
#[derive(Clone, PartialEq, Debug)]
pub struct ReachPath {
    pub question: ReachQuestion,
    pub outcome: Outcome,
    pub path: Vec<Step>,
    pub gaps: Vec<Gap>,
    /// How many of those who start can, may and cannot.
    pub counts: [usize; 3],
    /// With deny: what the first who starts lacks, if that was asked for.
    pub miss: Option<WayMiss>,
}

impl ReachPath {
    /// The same with what is lacking, where it is a no.
    pub fn with_miss(self, ground: &Ground<'_>, max_hops: Option<usize>) -> Self {
        let first = self.question.starts.first().filter(|_| self.outcome == Outcome::Deny);
        let miss = first.and_then(|it| miss::nearest(ground, it, &self.question.goal, max_hops));
        Self { miss, ..self }
    }
}

impl<'a> Asker<'a> {
    /// What a question means.
    pub fn reach_question(&self, from: &str, to: &str, namespace: &Name) -> Result<ReachQuestion, Fault> {
        let (start, goal) = (actor(from, namespace)?, actor(to, namespace)?);
        let (starts, mut gaps) = self.starts(&start).map_err(|it| or_sink(from, it))?;
        let (whole, target) = (typed(&start), typed(&goal));
        let (goal, more) = self.wanted(&goal, &target).map_err(|it| or_sink(to, it))?;
        gaps.extend(more);
        Ok(ReachQuestion { from: whole, to: target, starts, goal, gaps })
    }

    pub(super) fn starts(&self, start: &Actor) -> Result<(Vec<Foothold>, Vec<Gap>), Fault> {
        match start {
            Actor::Held(held) => Ok((vec![self.checked(held.clone())?], Vec::new())),
            Actor::AnyNode => {
                let nodes = self.cluster.nodes.iter().map(|it| Foothold::Node(it.meta.name.clone()));
                Ok((nodes.collect(), Vec::new()))
            }
            Actor::End(AskedEnd::Node(name), _) => Ok((vec![self.checked(Foothold::Node(name.clone()))?], Vec::new())),
            Actor::End(end, _) => {
                let (pods, gaps) = self.pods_of(end)?;
                Ok((pods.into_iter().map(Foothold::Pod).collect(), gaps))
            }
        }
    }

    pub(super) fn wanted(&self, goal: &Actor, text: &str) -> Result<(Goal, Vec<Gap>), Fault> {
        match goal {
            Actor::Held(held) => Ok((Goal::Is(self.checked(held.clone())?), Vec::new())),
            Actor::AnyNode => Ok((Goal::AnyNode, Vec::new())),
            Actor::End(AskedEnd::Node(name), port) if *port == PortAsk::NONE => {
                Ok((Goal::Is(self.checked(Foothold::Node(name.clone()))?), Vec::new()))
            }
            Actor::End(AskedEnd::Namespace(name), port) if *port == PortAsk::NONE => {
                self.resolve(&AskedEnd::Namespace(name.clone()), EndRole::Source)?;
                Ok((Goal::InNamespace(name.clone()), Vec::new()))
            }
            Actor::End(end @ (AskedEnd::Pod(_) | AskedEnd::Workload { .. } | AskedEnd::Host { .. }), port)
                if *port == PortAsk::NONE =>
            {
                let (pods, gaps) = self.pods_of(end)?;
                Ok((Goal::InPods(pods), gaps))
            }
            Actor::End(end, port) => {
                let (targets, gaps) = self.connection_targets(end, port)?;
                Ok((Goal::Connects { text: text.into(), targets }, gaps))
            }
        }
    }

    /// A node or a namespace that is not there is a fault; subjects need not exist.
    fn checked(&self, held: Foothold) -> Result<Foothold, Fault> {
        let end = match &held {
            Foothold::Node(name) => AskedEnd::Node(name.clone()),
            Foothold::NamespaceAdmin(name) => AskedEnd::Namespace(name.clone()),
            Foothold::Secrets { namespace, .. } => AskedEnd::Namespace(namespace.clone()),
            Foothold::Intercept { namespace, service } => {
                AskedEnd::Service { namespace: namespace.clone(), name: service.clone() }
            }
            _ => return Ok(held),
        };
        self.resolve(&end, EndRole::Source)?;
        Ok(held)
    }

    /// The pods that an end stands for.
    fn pods_of(&self, end: &AskedEnd) -> Result<(Vec<PodId>, Vec<Gap>), Fault> {
        let resolved = self.resolve(end, EndRole::Source)?;
        let of_pods = |members: &[EndMember]| members.iter().filter_map(|it| Some(it.pod()?.pod_id())).collect();
        let found: Vec<PodId> = match &resolved.end {
            ResolvedEnd::One(member) | ResolvedEnd::At(member, _) => of_pods(std::slice::from_ref(member)),
            ResolvedEnd::Pods { members, .. } => members.iter().map(|it| it.pod_id()).collect(),
            ResolvedEnd::Service(front) => {
                let routes = backends::routes(self.cluster, || self.directory(), &front.service, &PortAsk::NONE)?;
                let members = routes.routes.into_iter().flat_map(|it| it.backends).map(|it| it.member);
                of_pods(&members.collect::<Vec<_>>())
            }
            _ => Vec::new(),
        };
        Ok((found, resolved.gaps.into_iter().chain(resolved.unsure).collect()))
    }

    /// Where a connection to an end may go.
    fn connection_targets(&self, end: &AskedEnd, port: &PortAsk) -> Result<(Vec<Target>, Vec<Gap>), Fault> {
        let (resolved, port) = self.goal(end, port)?;
        let port = &port;
        let mut gaps: Vec<Gap> = resolved.gaps.into_iter().chain(resolved.unsure).collect();
        let of = |member: &EndMember, port: Option<Port>| Target { end: member.end(), port };
        let targets = match &resolved.end {
            ResolvedEnd::One(member) | ResolvedEnd::At(member, _) => {
                ports(member, port)?.into_iter().map(|it| of(member, it)).collect()
            }
            ResolvedEnd::Pods { members, .. } => {
                let mut all = Vec::new();
                for member in members.iter().cloned().map(EndMember::Pod) {
                    all.extend(ports(&member, port)?.into_iter().map(|it| of(&member, it)));
                }
                all
            }
            ResolvedEnd::Service(front) => {
                let routes = backends::routes(self.cluster, || self.directory(), &front.service, port)?;
                gaps.extend(routes.gaps);
                let all = routes.routes.into_iter().flat_map(|it| it.backends);
                let (pods, others): (Vec<_>, Vec<_>) = all.partition(|it| it.member.pod().is_some());
                if !others.is_empty() {
                    let what = "policies may be asked about backends that are no pods before or after rewriting";
                    gaps.push(Gap::Undefined { rule: "S36", what: what.into() });
                }
                pods.iter().map(|it| of(&it.member, it.port.map(|number| (it.protocol, number)))).collect()
            }
            ResolvedEnd::Block(block) => vec![Target { end: End::Address(block.network()), port: None }],
            _ => Vec::new(),
        };
        Ok((targets, gaps))
    }

    /// Whether the best of those who start can reach the goal.
    pub fn reach_path(&self, ground: &Ground<'_>, question: ReachQuestion, max_hops: Option<usize>) -> ReachPath {
        let mut best: Option<closure::ClosureAnswer> = None;
        let mut counts = [0; 3];
        for start in &question.starts {
            let answer = answer(ground, start, &question.goal, max_hops);
            counts[answer.outcome as usize] += 1;
            let is_better =
                |held: &closure::ClosureAnswer| (answer.outcome, answer.path.len()) < (held.outcome, held.path.len());
            if best.as_ref().is_none_or(is_better) {
                best = Some(answer);
            }
        }
        let (mut outcome, path, mut gaps) = match best {
            Some(it) => (it.outcome, it.path, it.gaps),
            None => (Outcome::Unknown, Vec::new(), vec![Gap::End { what: "no running pod".into() }]),
        };
        gaps.extend(question.gaps.iter().cloned());
        if outcome == Outcome::Deny && !gaps.is_empty() {
            outcome = Outcome::Unknown;
        }
        ReachPath { question, outcome, path, gaps, counts, miss: None }
    }
}

/// Who is who already reaches it in no step at all: one that says so.
pub(super) fn answer(
    ground: &Ground<'_>,
    start: &Foothold,
    goal: &Goal,
    max_hops: Option<usize>,
) -> closure::ClosureAnswer {
    let is_same = match goal {
        Goal::Is(it) => it == start,
        Goal::InPods(pods) => matches!(start, Foothold::Pod(id) if pods.contains(id)),
        Goal::InNamespace(name) => matches!(start, Foothold::Pod(id) if id.namespace == *name),
        Goal::AnyNode => matches!(start, Foothold::Node(_)),
        Goal::Connects { .. } => false,
    };
    if is_same {
        let path = vec![Step::new(&crate::escalate::edges::SELF, start, start.clone())];
        return closure::ClosureAnswer { outcome: Outcome::Allow, path, gaps: Vec::new() };
    }
    closure::reach_goal(ground, start, goal, max_hops)
}

/// The ports that are asked for on a member.
fn ports(member: &EndMember, ask: &PortAsk) -> Result<Vec<Option<Port>>, Fault> {
    match ask {
        PortAsk::Any(_) => Ok(vec![None]),
        PortAsk::Number { number, protocol } => Ok(vec![Some((*protocol, *number))]),
        PortAsk::Named { name, protocol } => {
            let fits = |it: Protocol| protocol.is_none_or(|wanted| wanted == it);
            let declared = member.pod().map(|it| it.ports().iter()).into_iter().flatten();
            let found: Vec<Option<Port>> = declared
                .filter(|it| it.name == *name && fits(it.protocol))
                .map(|it| Some((it.protocol, it.number)))
                .collect();
            match found.is_empty() {
                false => Ok(found),
                true => Err(Fault::new(format!("no port is called {name} there"), "give its number")),
            }
        }
    }
}

pub(super) fn typed(actor: &Actor) -> String {
    actor.to_string()
}

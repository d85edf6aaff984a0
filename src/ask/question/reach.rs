//! `reach END [--reverse] [--to GOAL]`: what END reaches, what reaches it, and whether it reaches a goal.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::access::{self, Groups, rbac_needs};
use super::map::ByArg;
use super::trace::{TypedEnds, beside};
use super::{Here, Reads, Words};
use crate::ask::connections::Connections;
use crate::ask::escalation::{self, Actor, ReachPath, Watch};
use crate::ask::many::{self, namespace_of};
use crate::ask::needs::{self, Needs};
use crate::ask::reach_parts::{self, Parts};
use crate::ask::reaches::{ReachWay, Reaches};
use crate::ask::topic::Topic;
use crate::ask::trace::TraceAnswer;
use crate::ask::{Fault, World, end, namespace, why_lines};
use crate::escalate::{Foothold, Ground};
use crate::model::evidence::Outcome;
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::model::policy::Direction;
use crate::model::role::Subject;
use crate::net::reach::Unit;
use crate::rbac::capability::Capability;
use crate::rbac::version::Version;
use crate::text::{Line, Page};

/// What END reaches.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Reach {
    /// NS/POD, deploy/NS/NAME, svc/NS/NAME, ns/NAME, node/NAME, a name of DNS, an IP, a CIDR or internet
    #[arg(value_name = "END")]
    pub of: String,
    /// What reaches END instead
    #[arg(long)]
    #[serde(default)]
    pub reverse: bool,
    /// Only whether it reaches this end, and why (with --reverse: whether this end reaches it)
    #[arg(long, value_name = "END[:PORT[/PROTO]]")]
    pub to: Option<String>,
    /// No way of more steps than this
    #[arg(long, value_name = "N")]
    pub max_hops: Option<usize>,
    /// The version of the API server, where it is not asked
    #[arg(long, value_name = "VERSION")]
    pub server_version: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    pub groups: Groups,
    /// Aggregate rows by
    #[arg(long, value_enum, default_value_t = ByArg::Workload)]
    #[serde(default)]
    pub by: ByArg,
}

impl Reach {
    /// The question about one end.
    pub fn about(end: &end::AskedEnd, reverse: bool) -> Self {
        Self { of: end.to_string(), reverse, ..Self::default() }
    }

    /// Which way it looks.
    pub fn direction(&self) -> Direction {
        if self.reverse { Direction::Ingress } else { Direction::Egress }
    }

    /// The pair that `--to` asks about.
    ///
    /// # Errors
    /// An end of it is none.
    pub fn pair(&self, goal: &str, namespace: &Name) -> Result<TypedEnds, Fault> {
        if self.reverse {
            let (to, port) = end::end_and_port(&self.of, namespace)?;
            return Ok((end::end(goal, namespace)?, to, port));
        }
        let (to, port) = end::end_and_port(goal, namespace)?;
        Ok((end::end(&self.of, namespace)?, to, port))
    }

    /// Whether it is about connections alone, as the network's policies decide them.
    ///
    /// # Errors
    /// An end is none.
    pub fn is_plain(&self, namespace: &Name) -> Result<bool, Fault> {
        let (from, to) = self.ends();
        let from = escalation::actor(from, namespace)?;
        Ok(match to {
            Some(to) => !escalation::is_way(&from, &escalation::actor(to, namespace)?),
            None => matches!(from, Actor::End(..)),
        })
    }

    /// Whether it is about somewhere code can run, which leads further than its connections.
    ///
    /// # Errors
    /// The end is none.
    pub fn has_ways(&self, namespace: &Name) -> Result<bool, Fault> {
        let stands = |it: &end::AskedEnd| {
            use end::AskedEnd;
            matches!(
                it,
                AskedEnd::Pod(_)
                    | AskedEnd::Workload { .. }
                    | AskedEnd::Host { .. }
                    | AskedEnd::Node(_)
                    | AskedEnd::Namespace(_)
            )
        };
        Ok(match escalation::actor(&self.of, namespace)? {
            Actor::End(end, _) => self.to.is_none() && stands(&end),
            Actor::Held(_) | Actor::AnyNode => true,
        })
    }

    /// Which way the rows of [`has_ways`](Self::has_ways) look.
    pub fn way(&self) -> ReachWay {
        if self.reverse { ReachWay::To } else { ReachWay::From }
    }

    /// From whom to what; with `--reverse` the other way.
    pub fn ends(&self) -> (&str, Option<&str>) {
        match &self.to {
            Some(to) if self.reverse => (to, Some(&self.of)),
            to => (&self.of, to.as_deref()),
        }
    }

    /// The version of the API server that was typed.
    ///
    /// # Errors
    /// It is none.
    pub fn version(&self) -> Result<Option<Version>, Fault> {
        access::version(self.server_version.as_deref())
    }

    /// The groups that were typed.
    pub fn typed_groups(&self) -> Vec<Name> {
        self.groups.groups.iter().map(Name::from).collect()
    }

    /// The answer; who watches it is told how far it is, and may end it.
    ///
    /// # Errors
    /// An end is none, or proven not to be there.
    pub fn answer(&self, here: &Here, world: &World, watch: Watch<'_>) -> Result<ReachAnswer, Fault> {
        let (asker, namespace) = (world.asker(), &here.namespace);
        let is_plain = self.is_plain(namespace)?;
        let found = match &self.to {
            Some(goal) if is_plain => {
                let (from, to, port) = self.pair(goal, namespace)?;
                ReachFound::Trace(asker.trace(&from, &to, &port)?)
            }
            Some(_) => ReachFound::Path(self.path(here, world)?),
            None if is_plain => {
                let end = end::end(&self.of, namespace)?;
                let reach = asker.reach(&end, self.direction(), self.by.into());
                let mut reach = reach.map_err(|it| escalation::or_sink(&self.of, it))?;
                reach.rows.retain(|it| here.only.as_ref().is_none_or(|only| is_in(only, &it.unit)));
                let ways = if self.has_ways(namespace)? { Some(self.ways(here, world, watch)?) } else { None };
                ReachFound::Connections(reach, ways)
            }
            None => ReachFound::Ways(self.ways(here, world, watch)?),
        };
        let own = if matches!(found, ReachFound::Ways(_)) { self.own(here, world)? } else { None };
        Ok(ReachAnswer { of: self.of.clone(), way: self.way(), by: self.by, own, found })
    }

    /// What the subject that it is about may do without any step, if it is about what one comes to.
    ///
    /// # Errors
    /// The end is none.
    pub fn own(&self, here: &Here, world: &World) -> Result<Option<(Subject, Vec<Capability>)>, Fault> {
        let Actor::Held(Foothold::Subject(subject)) = escalation::actor(&self.of, &here.namespace)? else {
            return Ok(None);
        };
        let version = self.version()?.or(world.version);
        let all = || world.rbac().capabilities(&self.groups.identity(&subject, world), None, version);
        Ok((self.way() == ReachWay::From).then(|| (subject.clone(), all())))
    }

    /// Whether a goal is reached, through RBAC, pods and the network.
    fn path(&self, here: &Here, world: &World) -> Result<ReachPath, Fault> {
        let (asker, groups) = (world.asker(), self.groups_of(here, world)?);
        let ground = self.ground(world, &groups)?;
        let (from, to) = self.ends();
        let question = asker.reach_question(from, to.unwrap_or_default(), &here.namespace)?;
        Ok(asker.reach_path(&ground, question, self.max_hops).with_miss(&ground, self.max_hops))
    }

    /// Everything that END can come to, or everybody who can come there.
    fn ways(&self, here: &Here, world: &World, watch: Watch<'_>) -> Result<Reaches, Fault> {
        let (asker, groups) = (world.asker(), self.groups_of(here, world)?);
        let ground = self.ground(world, &groups)?;
        match self.way() {
            ReachWay::From => asker.reaches(&ground, &self.of, &here.namespace, self.max_hops, watch),
            ReachWay::To => asker.reached_by(&ground, &self.of, &here.namespace, self.max_hops, watch),
        }
    }

    /// The groups that the one who starts is in besides those that everybody like them is in: those that were typed,
    /// and those of the directory.
    fn groups_of(&self, here: &Here, world: &World) -> Result<Vec<Name>, Fault> {
        let Actor::Held(Foothold::Subject(subject)) = escalation::actor(self.ends().0, &here.namespace)? else {
            return Ok(self.typed_groups());
        };
        Ok(self.groups.identity(&subject, world).said_groups().map(|it| it.0.clone()).collect())
    }

    /// Asks something of what its answer rests on.
    ///
    /// # Errors
    /// An end is none, or what was typed is no version.
    pub fn with_ground<R>(&self, here: &Here, world: &World, ask: impl FnOnce(&Ground<'_>) -> R) -> Result<R, Fault> {
        let groups = self.groups_of(here, world)?;
        Ok(ask(&self.ground(world, &groups)?))
    }

    fn ground<'a>(&self, world: &'a World, groups: &'a [Name]) -> Result<Ground<'a>, Fault> {
        let ground = world.ground(groups);
        Ok(Ground { version: self.version()?.or(ground.version), ..ground })
    }

    pub(super) fn words(&self) -> Words {
        let mut words = Words::of([Some(&self.of)]);
        words.flag("reverse", self.reverse);
        words.option("to", self.to.as_deref());
        words.option("max-hops", self.max_hops.map(|it| it.to_string()).as_deref());
        words.option("server-version", self.server_version.as_deref());
        self.groups.add(&mut words);
        words.option("by", self.by.typed());
        words
    }
}

/// What is reached, or whether something is.
#[derive(Clone, PartialEq, Debug)]
pub struct ReachAnswer {
    /// The end as it was typed.
    pub of: String,
    pub way: ReachWay,
    pub by: ByArg,
    /// What the subject may do without any step, where everything is asked for that it comes to.
    pub own: Option<(Subject, Vec<Capability>)>,
    pub found: ReachFound,
}

/// What was found.
#[derive(Clone, PartialEq, Debug)]
pub enum ReachFound {
    /// A connection between two ends, as the network's policies decide it.
    Trace(TraceAnswer),
    /// Whether a goal is reached, through RBAC, pods and the network.
    Path(ReachPath),
    /// What an end of the network connects to, or what connects to it; of what code can run in with what lies beyond.
    Connections(many::NetworkReach, Option<Reaches>),
    /// Everything that is come to, or everybody who comes there.
    Ways(Reaches),
}

impl ReachAnswer {
    /// The outcome of what is decided as a whole; lists have one for each row instead.
    pub fn outcome(&self) -> Option<Outcome> {
        match &self.found {
            ReachFound::Trace(it) => Some(it.outcome()),
            ReachFound::Path(it) => Some(it.outcome),
            ReachFound::Connections(..) | ReachFound::Ways(_) => None,
        }
    }

    /// The answer in words.
    pub fn page(&self, world: &World) -> Page {
        match &self.found {
            ReachFound::Trace(it) => it.page(),
            ReachFound::Path(it) => it.page(),
            ReachFound::Connections(reach, None) => {
                let mut page = reach.page();
                page.lines.extend(unknown_rows(reach, world));
                page
            }
            ReachFound::Connections(reach, Some(ways)) => {
                self.parts(ways, &reach.end.to_string(), reach_parts::network(reach, world), world)
            }
            ReachFound::Ways(it) => self.parts(it, &self.of, Vec::new(), world),
        }
    }

    /// All rows in words, with where the pods among them may connect to.
    fn parts(&self, ways: &Reaches, of: &str, network: Vec<Line>, world: &World) -> Page {
        let connections = self.connections(ways, world, &mut |_, _| true);
        let own = self.own.iter().flat_map(|(subject, all)| reach_parts::own_rights(subject, all)).collect();
        Parts { of, way: self.way, own, network, ways: Ok((ways, &connections)) }.page()
    }

    /// Where the pods among what is reached may connect to; of who comes somewhere nobody asks that.
    pub fn connections(&self, found: &Reaches, world: &World, watch: Watch<'_>) -> Connections {
        match self.way {
            ReachWay::From => world.asker().connections(&found.rows, watch),
            ReachWay::To => Connections::default(),
        }
    }
}

/// Why rows are unknown, each reason once.
pub fn unknown_rows(reach: &many::NetworkReach, world: &World) -> Vec<Line> {
    let asker = world.asker();
    let whys = asker.whys(reach.by);
    why_lines::lines(reach.rows.iter().map(|it| whys.of_reach(reach, it)))
}

/// Whether a unit is of this namespace, or of none.
fn is_in(namespace: &Name, unit: &Unit) -> bool {
    namespace_of(unit).is_none_or(|it| it == namespace)
}

/// Everything that a way can lead through.
pub(super) fn all_needs() -> Needs {
    let mut needs = needs::everything();
    needs.0.extend(rbac_needs(None).0);
    needs.0.extend(Needs::all_of([Kind::SERVICE_ACCOUNT]).0);
    needs
}

impl Reads for Reach {
    fn needs(&self, here: &Here, world: &World) -> Result<Needs, Fault> {
        if !self.is_plain(&here.namespace)? || self.has_ways(&here.namespace)? {
            return Ok(all_needs());
        }
        match &self.to {
            Some(goal) => {
                let (from, to, port) = self.pair(goal, &here.namespace)?;
                Ok(needs::of_trace(&world.cluster, &from, &to, &port))
            }
            None => end::end(&self.of, &here.namespace).map(|_| needs::everything()),
        }
    }

    fn namespaces(&self, here: &Here) -> Vec<Name> {
        let named = end::end_and_port(&self.of, &here.namespace).ok();
        named.and_then(|it| it.0.namespace().cloned()).into_iter().collect()
    }

    fn beside(&self, here: &Here, world: &World) -> Needs {
        let question = self.to.as_ref().and_then(|goal| self.pair(goal, &here.namespace).ok());
        question.map(|it| beside(&it, world)).unwrap_or_default()
    }

    fn notes(&self, here: &Here, world: &World) -> Vec<String> {
        here.only.iter().filter_map(|it| namespace::absence(&world.cluster, it)).collect()
    }

    fn topic(&self) -> Topic {
        let (from, to) = self.ends();
        let is_of_access =
            |it: &str| escalation::actor(it, &Name::empty()).is_ok_and(|it| matches!(it, Actor::Held(_)));
        if is_of_access(from) || to.is_some_and(is_of_access) { Topic::Any } else { Topic::Network }
    }
}

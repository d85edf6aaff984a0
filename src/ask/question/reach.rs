//! `reach END [--reverse] [--to GOAL]`: what END reaches, what reaches it, and whether it reaches a goal.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::access::{Groups, rbac_needs};
use super::map::ByArg;
use super::trace::{Ends, beside};
use super::{Here, Reads, Words};
use crate::ask::end;
use crate::ask::escalation::{self, Actor};
use crate::ask::needs::{self, Needs};
use crate::ask::reaches::Way;
use crate::ask::topic::Topic;
use crate::ask::{Fault, World, namespace};
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::model::policy::Direction;
use crate::rbac::version::Version;

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
    /// How fine rows are
    #[arg(long, value_enum, default_value_t = ByArg::Workload)]
    #[serde(default)]
    pub by: ByArg,
}

impl Reach {
    /// The question about one end.
    pub fn about(end: &end::End, reverse: bool) -> Self {
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
    pub fn pair(&self, goal: &str, namespace: &Name) -> Result<Ends, Fault> {
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
        let stands = |it: &end::End| {
            use end::End;
            matches!(it, End::Pod(_) | End::Workload { .. } | End::Host { .. } | End::Node(_) | End::Namespace(_))
        };
        Ok(match escalation::actor(&self.of, namespace)? {
            Actor::End(end, _) => self.to.is_none() && stands(&end),
            Actor::Held(_) | Actor::AnyNode => true,
        })
    }

    /// Which way the rows of [`has_ways`](Self::has_ways) look.
    pub fn way(&self) -> Way {
        if self.reverse { Way::To } else { Way::From }
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
        let read = |text: &String| {
            Version::parse(text).ok_or_else(|| Fault::new(format!("\"{text}\" is no version"), "such as 1.36"))
        };
        self.server_version.as_ref().map(read).transpose()
    }

    /// The groups that were typed.
    pub fn typed_groups(&self) -> Vec<Name> {
        self.groups.groups.iter().map(Name::from).collect()
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

/// Everything that a way can lead through.
fn all_needs() -> Needs {
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

//! `choke GOAL [--of SUBJECT]`: the fewest grants to cut so that nobody, or not SUBJECT, comes to a goal.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::access::{self, Groups};
use super::reach::all_needs;
use super::{Here, Reads, Words};
use crate::ask::choke::Choked;
use crate::ask::escalation::{self, Actor, Watch};
use crate::ask::needs::Needs;
use crate::ask::topic::Topic;
use crate::ask::{Fault, World, end};
use crate::escalate::{Foothold, Ground};
use crate::model::name::Name;
use crate::rbac::review::Review;

/// The fewest grants to cut.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Choke {
    /// cluster-admin, masters, node-root[/NODE], namespace-admin/NS, secrets/NS[/NAME], intercept/NS/SERVICE, or whatever
    /// reach --to takes
    #[arg(value_name = "GOAL")]
    pub goal: String,
    /// Only the ways of this one: user:NAME, group:NAME, sa:NAMESPACE/NAME, a pod, a workload or a node
    #[arg(long, value_name = "SUBJECT")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The version of the API server, where it is not asked
    #[arg(long, value_name = "VERSION")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_version: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    pub groups: Groups,
}

impl Choke {
    /// The answer; who watches it is told how far it is, and may end it.
    ///
    /// # Errors
    /// An end is none, or proven not to be there.
    pub fn answer(&self, here: &Here, world: &World, watch: Watch<'_>) -> Result<Choked, Fault> {
        let (of, groups) = self.who(here, world)?;
        let ground = world.ground(&groups);
        let version = access::version(self.server_version.as_deref())?.or(ground.version);
        let ground = Ground { version, ..ground };
        world.asker().choke(&ground, &self.goal, of.as_ref(), &here.namespace, watch)
    }

    /// Whose ways, with the groups that they are in besides those that everybody like them is in.
    fn who(&self, here: &Here, world: &World) -> Result<(Option<Actor>, Vec<Name>), Fault> {
        let Some(of) = &self.of else {
            return match self.groups.groups.is_empty() {
                true => Ok((None, Vec::new())),
                false => Err(Fault::new("--group says in which groups one is who is named", "name them with --of")),
            };
        };
        if of != "me" && !escalation::is_subject(of) {
            return Ok((
                Some(escalation::actor(of, &here.namespace)?),
                self.groups.groups.iter().map(Name::from).collect(),
            ));
        }
        let who = self.groups.who(Some(of), here, world)?.ok_or_else(access::nobody_yet)?;
        let groups = who.said_groups().map(|it| it.0.clone()).collect();
        Ok((Some(Actor::Held(Foothold::Subject(who.subject))), groups))
    }

    pub(super) fn words(&self) -> Words {
        let mut words = Words::of([Some(&self.goal)]);
        words.option("of", self.of.as_deref());
        words.option("server-version", self.server_version.as_deref());
        self.groups.add(&mut words);
        words
    }
}

impl Reads for Choke {
    fn needs(&self, here: &Here, _: &World) -> Result<Needs, Fault> {
        escalation::actor(&self.goal, &here.namespace)?;
        Ok(all_needs())
    }

    fn namespaces(&self, here: &Here) -> Vec<Name> {
        let named = end::end_and_port(&self.goal, &here.namespace).ok();
        named.and_then(|it| it.0.namespace().cloned()).into_iter().collect()
    }

    /// Who the operator is, where they ask about themselves.
    fn reviews(&self, here: &Here, _: &World) -> Result<Vec<Review>, Fault> {
        let is_me = self.of.as_deref() == Some("me") && !here.from_files;
        Ok(if is_me { vec![Review::Own] } else { Vec::new() })
    }

    fn topic(&self) -> Topic {
        Topic::Any
    }
}

//! `sidestep FROM TO[:PORT[/PROTO]] [--by SUBJECT]`: who could let a flow pass that is denied, and by which writes.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::access::{Groups, nobody_yet, rbac_needs, unknown, with_marks};
use super::trace::Trace;
use super::{Here, Reads, Words};
use crate::ask::end::{self, AskedEnd, PortAsk};
use crate::ask::escalation::Watch;
use crate::ask::needs::{self, Needs};
use crate::ask::sidestep::{SidestepAnswer as Answer, SidestepAsk};
use crate::ask::topic::Topic;
use crate::ask::{Fault, World};
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::rbac::review::Review;

/// Who could let FROM connect to TO where that is denied.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Sidestep {
    /// Who connects: NS/POD, deploy/NS/NAME, svc/NS/NAME, ns/NAME, node/NAME, a name of DNS, an IP, a CIDR or internet
    #[arg(id = "from_end", index = 1, value_name = "FROM")]
    pub from: String,
    /// To whom: an end with :PORT, :PORT/UDP or /UDP behind it; without a port any
    #[arg(id = "to_end", index = 2, value_name = "TO[:PORT[/PROTO]]")]
    pub to: String,
    /// Only whether this subject could: user:NAME, group:NAME, sa:NAMESPACE/NAME or me
    #[arg(long, value_name = "SUBJECT")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// In a large cluster too: everybody who can come to it in steps
    #[arg(long, conflicts_with = "by")]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_steps: bool,
    #[command(flatten)]
    #[serde(flatten)]
    pub groups: Groups,
}

impl Sidestep {
    /// The question about a flow.
    pub fn of(from: &AskedEnd, to: &AskedEnd, port: &PortAsk) -> Self {
        let Trace { from, to } = Trace::of(from, to, port);
        Self { from: from.unwrap_or_default(), to: to.unwrap_or_default(), ..Self::default() }
    }

    /// What is meant.
    ///
    /// # Errors
    /// An end or the subject is none, or the server has not said who the operator is.
    pub fn ask(&self, here: &Here, world: &World) -> Result<SidestepAsk, Fault> {
        let trace = Trace { from: Some(self.from.clone()), to: Some(self.to.clone()) };
        let (from, to, port) = trace.ends(&here.namespace)?;
        let by = match &self.by {
            None => None,
            Some(text) => {
                let who = self.groups.who(Some(text), here, world)?.ok_or_else(nobody_yet)?;
                let groups = who.said_groups().map(|it| it.0.clone()).collect();
                Some((who.subject, groups))
            }
        };
        Ok(SidestepAsk { from, to, port, by, in_steps: self.in_steps })
    }

    /// The answer; who watches it is told how far it is, and may end it.
    ///
    /// # Errors
    /// An end is none, or proven not to be there.
    pub fn answer(&self, here: &Here, world: &World, watch: Watch<'_>) -> Result<Answer, Fault> {
        self.ask(here, world)?.answer(world, watch)
    }

    pub(super) fn words(&self) -> Words {
        let mut words = Words::of([Some(&self.from), Some(&self.to)]);
        words.option("by", self.by.as_deref());
        words.flag("in-steps", self.in_steps);
        self.groups.add(&mut words);
        words
    }
}

impl Reads for Sidestep {
    fn needs(&self, here: &Here, _: &World) -> Result<Needs, Fault> {
        end::end(&self.from, &here.namespace)?;
        end::end_and_port(&self.to, &here.namespace)?;
        let mut needs = with_marks(rbac_needs(None));
        needs.0.extend(needs::everything().0);
        needs.0.extend(Needs::all_of([Kind::SERVICE_ACCOUNT]).0);
        Ok(needs)
    }

    fn namespaces(&self, here: &Here) -> Vec<Name> {
        let named = [&self.from, &self.to];
        let ends = named.into_iter().filter_map(|it| end::end_and_port(it, &here.namespace).ok());
        ends.filter_map(|it| it.0.namespace().cloned()).collect()
    }

    /// Who the operator is, where that is asked about.
    fn reviews(&self, here: &Here, _: &World) -> Result<Vec<Review>, Fault> {
        let is_me = self.by.as_deref() == Some("me") && !here.from_files;
        Ok(if is_me { vec![Review::Own] } else { Vec::new() })
    }

    fn notes(&self, here: &Here, world: &World) -> Vec<String> {
        let who = self.by.as_ref().and_then(|it| self.groups.who(Some(it), here, world).ok().flatten());
        who.and_then(|it| unknown(&it, world)).into_iter().collect()
    }

    fn topic(&self) -> Topic {
        Topic::Any
    }
}

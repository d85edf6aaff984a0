//! `trace FROM TO[:PORT[/PROTO]]`: may FROM connect to TO, and why.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::{Here, Reads, Words};
use crate::ask::end::{self, AskedEnd, PortAsk};
use crate::ask::needs::{self, Needs};
use crate::ask::page::target;
use crate::ask::topic::Topic;
use crate::ask::{Fault, World, trace};
use crate::model::name::Name;

/// May FROM connect to TO, and why.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Trace {
    /// Who connects: NS/POD, deploy/NS/NAME, svc/NS/NAME, ns/NAME, node/NAME, a name of DNS, an IP, a CIDR or internet
    #[arg(id = "from_end", index = 1, value_name = "FROM")]
    pub from: Option<String>,
    /// To whom: an end with :PORT, :PORT/UDP or /UDP behind it; without a port all allowed ones are listed
    #[arg(id = "to_end", index = 2, value_name = "TO[:PORT[/PROTO]]")]
    pub to: Option<String>,
}

/// Two ends and a port, read.
pub type TypedEnds = (AskedEnd, AskedEnd, PortAsk);

impl Trace {
    /// The ends and the port that are meant.
    ///
    /// # Errors
    /// One of them is missing or none.
    pub fn ends(&self, namespace: &Name) -> Result<TypedEnds, Fault> {
        let (Some(from), Some(to)) = (&self.from, &self.to) else {
            return Err(Fault::new("two ends are needed", "trace FROM TO[:PORT[/PROTO]]"));
        };
        let from = end::end(from, namespace)?;
        let (to, port) = end::end_and_port(to, namespace)?;
        Ok((from, to, port))
    }

    /// The question of two ends.
    pub fn of(from: &AskedEnd, to: &AskedEnd, port: &PortAsk) -> Self {
        Self { from: Some(from.to_string()), to: Some(target(to, port)) }
    }

    /// The answer.
    ///
    /// # Errors
    /// An end is none, or proven not to be there.
    pub fn answer(&self, here: &Here, world: &World) -> Result<trace::TraceAnswer, Fault> {
        let (from, to, port) = self.ends(&here.namespace)?;
        world.asker().trace(&from, &to, &port)
    }

    pub(super) fn words(&self) -> Words {
        Words::of([self.from.as_ref(), self.to.as_ref()])
    }
}

impl Reads for Trace {
    fn needs(&self, here: &Here, world: &World) -> Result<Needs, Fault> {
        let (from, to, port) = self.ends(&here.namespace)?;
        Ok(needs::of_trace(&world.cluster, &from, &to, &port))
    }

    fn beside(&self, here: &Here, world: &World) -> Needs {
        self.ends(&here.namespace).map(|it| beside(&it, world)).unwrap_or_default()
    }

    fn topic(&self) -> Topic {
        Topic::Network
    }
}

/// Traces that are read line by line.
#[derive(Clone, Copy, Debug)]
pub struct TraceBatch;

impl Reads for TraceBatch {
    fn needs(&self, _: &Here, _: &World) -> Result<Needs, Fault> {
        Ok(needs::everything())
    }

    fn topic(&self) -> Topic {
        Topic::Network
    }
}

/// What is shown along with the answer to this question; a fault is told when it is answered.
pub fn beside((from, to, port): &TypedEnds, world: &World) -> Needs {
    let asker = world.asker();
    asker.trace(from, to, port).map(|it| asker.beside(&it)).unwrap_or_default()
}

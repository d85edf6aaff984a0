//! `kreach reach END`: what END reaches, with `--reverse` what reaches it, and with `--to` one pair of that.
//!
//! ```text
//! $ kreach reach --from shop.yaml deploy/shop/web
//! shop
//!   v statefulset/shop/db  TCP 5432
//! ```

use std::io;

use clap::Args;
use serde::Serialize;

use crate::ask::end::{self, End, PortAsk};
use crate::ask::many::{Reach, each_node_of, namespace_of, unit_name, unit_nodes, unit_ranges};
use crate::ask::needs::{self, Needs};
use crate::ask::topic::Topic;
use crate::ask::whys::{Reasons, Whys};
use crate::ask::{Fault, namespace};
use crate::model::cluster::Cluster;
use crate::model::name::Name;
use crate::model::policy::Direction;
use crate::net::Settings;
use crate::net::reach::ReachRow;
use crate::text::evidence::Evidence;

use super::json::{self, CountsJson, EvidenceJson, PortsJson};
use super::map::{ByArg, LeftOutJson, left_out_json, write_reasons};
use super::trace::{TextOrJson, beside, print};
use super::{Command, Context, Exit, Failure, World, paint};

/// What END reaches.
#[derive(Args, Debug)]
pub struct ReachArgs {
    /// NS/POD, deploy/NS/NAME, svc/NS/NAME, ns/NAME, node/NAME, a name of DNS, an IP, a CIDR or internet
    #[arg(value_name = "END")]
    pub of: String,
    /// What reaches END instead
    #[arg(long)]
    pub reverse: bool,
    /// Only whether it reaches this end, and why (with --reverse: whether this end reaches it)
    #[arg(long, value_name = "END[:PORT[/PROTO]]")]
    pub to: Option<String>,
    /// How fine rows are
    #[arg(long, value_enum, default_value_t = ByArg::Workload)]
    pub by: ByArg,
    /// How the answer is printed
    #[arg(short, long, value_enum, default_value_t = TextOrJson::Text)]
    pub output: TextOrJson,
}

impl ReachArgs {
    fn direction(&self) -> Direction {
        if self.reverse { Direction::Ingress } else { Direction::Egress }
    }

    /// The pair that `--to` asks about.
    fn pair(&self, goal: &str, namespace: &Name) -> Result<(End, End, PortAsk), Fault> {
        if self.reverse {
            let (to, port) = end::end_and_port(&self.of, namespace)?;
            return Ok((end::end(goal, namespace)?, to, port));
        }
        let (to, port) = end::end_and_port(goal, namespace)?;
        Ok((end::end(&self.of, namespace)?, to, port))
    }
}

impl Command for ReachArgs {
    fn needs(&self, context: &Context, cluster: &Cluster) -> Result<Needs, Fault> {
        match &self.to {
            Some(goal) => {
                let (from, to, port) = self.pair(goal, &context.namespace)?;
                Ok(needs::of_trace(cluster, &from, &to, &port))
            }
            None => end::end(&self.of, &context.namespace).map(|_| needs::everything()),
        }
    }

    fn namespaces(&self, context: &Context) -> Vec<Name> {
        let named = end::end_and_port(&self.of, &context.namespace).ok();
        named.and_then(|it| it.0.namespace().cloned()).into_iter().collect()
    }

    fn beside(&self, context: &Context, cluster: &Cluster, settings: &Settings) -> Needs {
        let question = self.to.as_ref().and_then(|goal| self.pair(goal, &context.namespace).ok());
        question.map(|it| beside(&it, cluster, settings)).unwrap_or_default()
    }

    fn notes(&self, context: &Context, cluster: &Cluster) -> Vec<String> {
        context.only.iter().filter_map(|it| namespace::absence(cluster, it)).collect()
    }

    fn topic(&self) -> Topic {
        Topic::Network
    }

    fn run(&self, world: &World<'_>, out: &mut dyn io::Write) -> Result<Exit, Failure> {
        let namespace = &world.context.namespace;
        if let Some(goal) = &self.to {
            let (from, to, port) = self.pair(goal, namespace)?;
            let trace = world.asker.trace(&from, &to, &port)?;
            print(&trace, self.output, world, out)?;
            return Ok(trace.outcome().into());
        }
        let mut reach = world.asker.reach(&end::end(&self.of, namespace)?, self.direction(), self.by.into())?;
        if let Some(only) = &world.context.only {
            reach.rows.retain(|it| namespace_of(&it.unit).is_none_or(|it| it == only));
        }
        let whys = world.asker.whys(self.by.into());
        match self.output {
            TextOrJson::Text => {
                out.write_all(paint::page(&reach.page(), world.context.color).as_bytes())?;
                write_reasons(reach.rows.iter().map(|it| whys.of_reach(&reach, it)), out)?;
            }
            TextOrJson::Json => json(&reach, self.by, &whys, world, out)?,
        }
        Ok(Exit::Yes)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReachJson {
    version: &'static str,
    kind: &'static str,
    end: String,
    direction: &'static str,
    by: &'static str,
    outcome: &'static str,
    members: usize,
    pairs: CountsJson,
    left_out: LeftOutJson,
    evidence: Vec<EvidenceJson>,
    rows: Vec<RowJson>,
}

/// One row; the same ports as in a map.
#[derive(Serialize)]
struct RowJson {
    unit: String,
    /// Every range of addresses, when the unit is outside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ranges: Vec<String>,
    /// Every node, where so many rows would be that nodes that answer alike share one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nodes: Vec<String>,
    outcome: &'static str,
    every: Vec<PortsJson>,
    some: Vec<PortsJson>,
    unknown: Vec<PortsJson>,
    pairs: CountsJson,
    /// Why something in this row is unknown.
    #[serde(skip_serializing_if = "json::is_without", serialize_with = "json::shared")]
    evidence: Reasons,
}

fn json(reach: &Reach, by: ByArg, whys: &Whys<'_>, world: &World<'_>, out: &mut dyn io::Write) -> Result<(), Failure> {
    let row = |it: &ReachRow| RowJson {
        unit: unit_name(&it.unit),
        ranges: unit_ranges(&it.unit),
        nodes: unit_nodes(&it.unit),
        outcome: it.summary.pairs.worst().as_str(),
        every: json::ports(&it.summary.every),
        some: json::ports(&it.summary.some),
        unknown: json::ports(&it.summary.possible.difference(&it.summary.some)),
        pairs: json::counts(&it.summary.pairs),
        evidence: whys.of_reach(reach, it),
    };
    let reasons: Vec<Evidence> = reach.gaps.iter().map(Evidence::gap).chain(reach.notes.iter().cloned()).collect();
    let document = ReachJson {
        version: json::VERSION,
        kind: "Reach",
        end: reach.end.to_string(),
        direction: if reach.direction == Direction::Egress { "reaches" } else { "reachedBy" },
        by: by.as_str(),
        outcome: reach.pairs.worst().as_str(),
        members: reach.members.len(),
        pairs: json::counts(&reach.pairs),
        left_out: left_out_json(&reach.left_out),
        evidence: json::evidence(&reasons),
        rows: each_node_of(&reach.rows).map(|it| row(&it)).collect(),
    };
    json::write(&document, world, out)
}

//! `kreach baseline`: the least NetworkPolicies under which every workload has what its manifest says that it needs, and
//! nothing else (CONTRACT §9).
//!
//! ```text
//! $ kreach baseline -n shop -o yaml | kubectl apply -f -
//! ```
//!
//! Exit 0 printed, 1 nothing to write, 3 where something that was needed could not be read.

use std::io;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use crate::ask::baseline::{
    Baseline, BaselineScope, DnsServers, NeedReason, Needed, Undeclared, Unresolved, WrittenPolicy,
};
use crate::ask::expectation::Expectations;
use crate::ask::many::unit_name;
use crate::ask::needs::{self, Needs};
use crate::ask::question::Reads;
use crate::ask::topic::Topic;
use crate::ask::{Fault, Here, World, namespace};
use crate::manifests::Manifests;
use crate::model::name::Name;
use crate::text::written;

use super::form::{self, Form, Printed};
use super::json::{self, PortsJson};
use super::{Asked, AskingCommand, Exit};

/// NetworkPolicies for default deny with no declared flow lost
///
/// As YAML it is the policies, as kubectl apply -f takes them.
#[derive(Args, Debug, Clone)]
#[command(mut_arg("output", |it| form::output("baseline", it)))]
#[command(
    after_help = "Examples:\n  kreach baseline -n shop\n  kreach baseline --from manifests/ -o yaml\n  kreach baseline --gaps"
)]
pub struct BaselineArgs {
    /// Write policies for this namespace, not for all that have workloads; repeatable
    #[arg(id = "namespace", short = 'n', long = "namespace", value_name = "NAME")]
    pub namespaces: Vec<String>,
    /// What is needed besides, one expectation a line, such as "shop/web reaches svc/shop/db:5432"; repeatable
    #[arg(long, value_name = "FILE")]
    pub keep: Vec<String>,
    /// What is needed besides, as one line of such a file; repeatable
    #[arg(long, value_name = "FLOW")]
    pub keep_flow: Vec<String>,
    /// Keep what is allowed between workloads today
    #[arg(long)]
    pub keep_current: bool,
    /// The cluster's DNS: a namespace, a selector and maybe a port
    #[arg(long, value_name = "SERVERS", default_value = "kube-system/k8s-app=kube-dns:53")]
    pub dns: DnsServers,
    /// Tell what manifests declare and policies deny today, and write nothing
    #[arg(long)]
    pub gaps: bool,
    /// Write policies for what is declared and denied today, too
    #[arg(long, conflicts_with = "gaps")]
    pub open_gaps: bool,
    /// Show all rows and every reason
    #[arg(long)]
    pub verbose: bool,
    #[command(flatten)]
    pub printed: Printed,
}

/// The command with what its files expect.
#[derive(Debug)]
pub struct Asking<'a> {
    pub args: &'a BaselineArgs,
    pub keep: Expectations,
    /// `-n` before the subcommand.
    pub namespace: Option<&'a str>,
    /// `-A` lifts `-n`.
    pub all_namespaces: bool,
}

impl Asking<'_> {
    fn scope(&self) -> Vec<Name> {
        let typed = self.args.namespaces.iter().map(String::as_str);
        let before = self.namespace.filter(|_| self.args.namespaces.is_empty());
        let all = typed.chain(before).filter(|it| !it.is_empty() && !self.all_namespaces);
        all.map(Name::from).collect()
    }

    fn wanted(&self) -> BaselineScope {
        BaselineScope {
            namespaces: self.scope(),
            keep: self.keep.clone(),
            keeps_current: self.args.keep_current,
            opens_gaps: self.args.open_gaps,
            dns: self.args.dns.clone(),
        }
    }
}

impl Reads for Asking<'_> {
    fn needs(&self, here: &Here, world: &World) -> Result<Needs, Fault> {
        let mut needs = needs::everything();
        needs.0.extend(self.keep.needs(here, world)?.0);
        Ok(needs)
    }

    fn namespaces(&self, here: &Here) -> Vec<Name> {
        let kept = self.keep.namespaces(here);
        self.scope().into_iter().chain(kept).collect()
    }

    fn wants_manifests(&self, _: &Here) -> bool {
        true
    }

    fn topic(&self) -> Topic {
        Topic::Network
    }

    fn refusal(&self, _: &Here, world: &World) -> Option<Fault> {
        let absent = self.scope().iter().find_map(|it| namespace::absence(&world.cluster, it))?;
        Some(Fault::new(absent, "kreach namespaces lists those that are there"))
    }
}

impl AskingCommand for Asking<'_> {
    fn reads(&self) -> &dyn Reads {
        self
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Fault> {
        let nothing = Manifests::default();
        let manifests = asked.world.declared.as_deref().unwrap_or(&nothing);
        let baseline = asked.world.baseline(manifests, &self.wanted(), &asked.context.here)?;
        match (self.args.printed.output, self.args.gaps) {
            (Form::Json, of_gaps) => json::write(&document(&baseline, of_gaps), asked, out)?,
            (Form::Yaml, true) => json::write_as(Form::Yaml, &document(&baseline, true), asked, out)?,
            (Form::Yaml, false) => yaml(&baseline, out)?,
            (_, true) => asked.context.write(&baseline.gaps_page(), out)?,
            (_, false) => asked.context.write(&baseline.page(self.args.verbose), out)?,
        }
        Ok(exit(&baseline, self.args.gaps))
    }
}

/// What could not be read comes before what was found: it may hold more.
fn exit(it: &Baseline, of_gaps: bool) -> Exit {
    let is_known = it.missing.is_empty();
    match of_gaps {
        true if !it.gaps.is_empty() => Exit::No,
        _ if !is_known => Exit::Unknown,
        true => Exit::Yes,
        false if it.policies.is_empty() => Exit::No,
        false => Exit::Yes,
    }
}

/// `kreach baseline -o json`.
#[derive(Serialize)]
pub(super) struct BaselineJson<'a> {
    version: &'static str,
    kind: &'static str,
    policies: Vec<&'a Value>,
    needed: Vec<NeededJson<'a>>,
    /// What is declared and denied today.
    gaps: Vec<NeededJson<'a>>,
    unresolved: Vec<UnresolvedJson<'a>>,
    /// Hosts outside the cluster, which are no need.
    outside: Vec<UnresolvedJson<'a>>,
    /// What is allowed between workloads today and nothing declares.
    undeclared: Vec<UndeclaredJson>,
    /// What was needed and could not be read.
    missing: &'a [String],
    said: &'a [String],
}

#[derive(Serialize)]
struct NeededJson<'a> {
    from: &'a str,
    to: &'a str,
    ports: Vec<PortsJson>,
    because: Vec<BecauseJson<'a>>,
    /// What denies it.
    #[serde(skip_serializing_if = "str::is_empty")]
    denied: &'a str,
}

#[derive(Serialize)]
struct BecauseJson<'a> {
    object: String,
    place: &'a str,
    what: &'a str,
}

#[derive(Serialize)]
struct UnresolvedJson<'a> {
    object: String,
    place: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct UndeclaredJson {
    from: String,
    to: String,
    ports: Vec<PortsJson>,
}

fn because(it: &NeedReason) -> BecauseJson<'_> {
    BecauseJson { object: it.object.to_string(), place: &it.place, what: &it.what }
}

fn needed(it: &Needed) -> NeededJson<'_> {
    NeededJson {
        from: &it.from,
        to: &it.to,
        ports: json::ports(&it.ports),
        because: it.because.iter().map(because).collect(),
        denied: &it.denied,
    }
}

fn unresolved(it: &Unresolved) -> UnresolvedJson<'_> {
    UnresolvedJson { object: it.object.to_string(), place: &it.place, value: &it.value }
}

/// The answer as JSON; of gaps without policies.
pub(super) fn document(it: &Baseline, of_gaps: bool) -> BaselineJson<'_> {
    let undeclared = |it: &Undeclared| UndeclaredJson {
        from: unit_name(&it.from),
        to: unit_name(&it.to),
        ports: json::ports(&it.ports),
    };
    let policies = it.policies.iter().filter(|_| !of_gaps).map(|it| &it.object);
    BaselineJson {
        version: json::VERSION,
        kind: "Baseline",
        policies: policies.collect(),
        needed: it.needed.iter().map(needed).collect(),
        gaps: it.gaps.iter().map(needed).collect(),
        unresolved: it.unresolved.iter().map(unresolved).collect(),
        outside: it.outside.iter().map(unresolved).collect(),
        undeclared: it.undeclared.iter().map(undeclared).collect(),
        missing: &it.missing,
        said: &it.notes,
    }
}

/// The policies one after the other, each below the reasons of its rules.
fn yaml(it: &Baseline, out: &mut dyn io::Write) -> io::Result<()> {
    if it.policies.is_empty() {
        return out.write_all(b"# nothing to write\n");
    }
    // What closes comes last, when what is needed is allowed already: they are applied one by one.
    let (closing, opening): (Vec<_>, Vec<_>) = it.policies.iter().partition(|it| it.rules.is_empty());
    for (at, policy) in opening.into_iter().chain(closing).enumerate() {
        if at > 0 {
            out.write_all(b"---\n")?;
        }
        for line in comments(policy) {
            // No name ends a comment.
            writeln!(out, "# {}", crate::model::untrusted::show(&line))?;
        }
        written::yaml(&policy.object, out)?;
    }
    Ok(())
}

fn comments(it: &WrittenPolicy) -> Vec<String> {
    let mut lines = vec![match it.rules.is_empty() {
        true => format!("{}: deny all in both directions", it.selects),
        false => it.selects.clone(),
    }];
    for (rule, because) in &it.rules {
        lines.push(format!("  {rule}"));
        lines.extend(because.iter().map(|it| format!("    {it}")));
    }
    lines
}

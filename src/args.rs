//! What may be typed: flags as kubectl has them, and the table of subcommands. Nothing here knows what they mean.
//!
//! A subcommand is one file in [`crate::cli`] and one row of [`Command`]; docs/cli.md and the manual page are made
//! from this table.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;

use crate::ask::question::list::ListCommand;
use crate::cli;
use crate::live::connect::{Flags, Plugins};
use crate::tui::theme::PALETTES;

/// Explore a Kubernetes cluster's real security posture: who has access, what they can reach, how traffic may flow.
///
/// Without a subcommand the terminal explorer opens on the current kubeconfig context, or on the files of --from.
#[derive(Parser, Debug)]
#[command(name = "kreach", version = env!("KREACH_VERSION"), propagate_version = false, max_term_width = 100, disable_help_subcommand = true)]
pub struct Args {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub connection: ConnectionFlags,
    #[command(flatten)]
    pub screen: ScreenFlags,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The subcommands, one row each.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// May FROM connect to TO, and why
    Trace(cli::trace::TraceArgs),
    /// Every allowed connection
    Map(cli::map::MapArgs),
    /// What END reaches; with --reverse what reaches it
    Reach(cli::reach::ReachArgs),
    /// The fewest grants to cut so that nobody comes to GOAL
    Choke(cli::choke::ChokeArgs),
    /// Changes that make a flow otherwise, each with all that it changes
    Fix(cli::fix::FixArgs),
    /// Who could let FROM connect to TO where that is denied, and by which writes
    Sidestep(cli::sidestep::SidestepArgs),
    /// What each rule of POLICY trusts, and everybody who can write that
    Trust(cli::trust::TrustArgs),
    /// Apply changes: dry run, impact, guards, confirmation; needs --write
    Apply(cli::apply::ApplyArgs),
    /// Take back what was applied; needs --write
    Undo(cli::undo::UndoArgs),
    /// What differs between two clusters: flows that were opened or closed
    Diff(cli::diff::DiffArgs),
    /// NetworkPolicies for default deny with no declared flow lost
    Baseline(cli::baseline::BaselineArgs),
    /// Check manifests: every problem and every broken expectation is a finding, for CI
    Check(cli::check::CheckArgs),
    /// Whether what a file expects holds of the cluster
    Assert(cli::assert::AssertArgs),
    /// The facts that answers rest on, redacted, as a YAML stream that --from reads back
    Snapshot(Snapshot),
    /// May SUBJECT do it, and why
    Can(cli::can::CanArgs),
    /// List who can do it, and through which grants
    WhoCan(cli::who_can::WhoCanArgs),
    /// All grants of SUBJECT, with binding, role and rule
    Permissions(cli::permissions::PermissionsArgs),
    /// What OBJECT is: its facts, the policies that select it, its problems
    Explain(cli::explain::ExplainArgs),
    /// Who may change, delete or enter OBJECT, by which grants
    Touch(cli::touch::TouchArgs),
    /// Which namespace may connect to which, or who may do what
    Matrix(cli::matrix::MatrixArgs),
    #[command(flatten)]
    List(ListCommand<cli::list::ListArgs>),
    /// What a rule says that an answer rests on
    Rule(cli::rule::RuleArgs),
    /// The ClusterRole that kreach needs, as YAML
    Rbac(cli::rbac::RbacArgs),
    /// Versions, directories, the cluster and what of it may be read
    Info(cli::info::InfoArgs),
    /// The explorer on an embedded cluster; nothing else is needed
    Demo(Demo),
    /// Completions for a shell
    Completion(Completion),
    /// The manual page
    Man,
}

impl Command {
    /// The subcommands that ask a cluster.
    pub fn asks(&self) -> Option<&dyn cli::AskingCommand> {
        match self {
            Command::Trace(it) => Some(it),
            Command::Map(it) => Some(it),
            Command::Reach(it) => Some(it),
            Command::Choke(it) => Some(it),
            Command::Fix(it) => Some(it),
            Command::Sidestep(it) => Some(it),
            Command::Trust(it) => Some(it),
            Command::Can(it) => Some(it),
            Command::WhoCan(it) => Some(it),
            Command::Permissions(it) => Some(it),
            Command::Explain(it) => Some(it),
            Command::Touch(it) => Some(it),
            Command::Matrix(it) => Some(it),
            Command::List(it) => Some(it),
            Command::Info(it) => Some(it),
            Command::Apply(_)
            | Command::Undo(_)
            | Command::Diff(_)
            | Command::Baseline(_)
            | Command::Check(_)
            | Command::Assert(_)
            | Command::Snapshot(_)
            | Command::Rule(_)
            | Command::Rbac(_)
            | Command::Demo(_)
            | Command::Completion(_)
            | Command::Man => None,
        }
    }
}

/// Where the snapshot goes, and how it is written.
#[derive(ClapArgs, Debug, Clone)]
#[command(mut_arg("output", |it| cli::form::output("snapshot", it)))]
pub struct Snapshot {
    /// Write to this file, whole or not at all, instead of to stdout
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    #[command(flatten)]
    pub printed: cli::form::Printed,
}

/// Where facts come from besides a cluster, and what is assumed of them.
#[derive(ClapArgs, Debug, Clone, Default)]
#[command(next_help_heading = "Source")]
pub struct SourceArgs {
    /// Read a file, a directory tree or - (stdin) instead of a cluster; repeatable
    #[arg(long, global = true, value_name = "PATH")]
    pub from: Vec<PathBuf>,
    /// Answer for the cluster with this applied: manifests, a directory, a Fix as JSON or - (stdin); repeatable
    #[arg(long, global = true, value_name = "PATH")]
    pub stage: Vec<PathBuf>,
    /// Take documents of a directory that cannot be read for absent
    #[arg(long, global = true)]
    pub skip_unreadable: bool,
    /// Read a snapshot that was cut as far as it goes
    #[arg(long, global = true)]
    pub partial: bool,
    /// Addresses that pods without an address will get; repeatable
    #[arg(long = "pod-cidr", global = true, value_name = "CIDR")]
    pub pod_cidrs: Vec<IpNet>,
    /// A directory of people: CSV, a YAML or JSON list, or a SCIM list; repeatable
    #[arg(long, global = true, value_name = "FILE")]
    pub directory: Vec<PathBuf>,
    /// What Kubernetes puts before the directory's user names
    #[arg(long, global = true, value_name = "TEXT", default_value = "")]
    pub user_prefix: String,
    /// What Kubernetes puts before the directory's group names
    #[arg(long, global = true, value_name = "TEXT", default_value = "")]
    pub group_prefix: String,
    /// Decide everything a second time with the naive evaluator; a difference fails
    #[arg(long, global = true)]
    pub self_check: bool,
}

/// How the screen is drawn.
#[derive(ClapArgs, Debug, Clone)]
#[command(next_help_heading = "Screen")]
pub struct ScreenFlags {
    /// Draw with ASCII only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Colors on a terminal
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
    /// Colors of the screen; `:theme` goes to the next one
    #[arg(long, global = true, value_name = "NAME", value_parser = themes())]
    pub theme: Option<String>,
    /// Open the explorer where this is answered, such as 'trace shop/web svc/shop/cart:80'
    #[arg(long, global = true, value_name = "QUESTION")]
    pub open: Option<String>,
}

/// The names of all palettes, each with what it is.
fn themes() -> PossibleValuesParser {
    PossibleValuesParser::new(PALETTES.iter().map(|it| PossibleValue::new(it.name).help(it.help)))
}

/// When colors are used.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    Always,
    Never,
}

/// kubectl's flags of connection.
#[derive(ClapArgs, Debug, Clone, Default)]
#[command(next_help_heading = "Connection, as kubectl")]
pub struct ConnectionFlags {
    /// Path of the kubeconfig
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,
    /// Cluster of the kubeconfig
    #[arg(long, global = true, value_name = "NAME")]
    pub cluster: Option<String>,
    /// User of the kubeconfig
    #[arg(long, global = true, value_name = "NAME")]
    pub user: Option<String>,
    /// Namespace scope
    #[arg(short, long, global = true, value_name = "NAME")]
    pub namespace: Option<String>,
    /// Lists are of all namespaces
    #[arg(short = 'A', long, global = true)]
    pub all_namespaces: bool,
    /// Act as this user
    #[arg(long = "as", global = true, value_name = "USER")]
    pub impersonate: Option<String>,
    /// Act as in this group; repeatable
    #[arg(long = "as-group", global = true, value_name = "GROUP")]
    pub impersonate_groups: Vec<String>,
    /// Act as this uid
    #[arg(long = "as-uid", global = true, value_name = "UID")]
    pub impersonate_uid: Option<String>,
    /// Address of the API server
    #[arg(short, long, global = true, value_name = "URL")]
    pub server: Option<String>,
    /// Bearer token
    #[arg(long, global = true, value_name = "TOKEN")]
    pub token: Option<String>,
    /// How long one request may take (5s, 2m); 0: as long as it makes progress
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration, default_value = "0")]
    pub request_timeout: Duration,
    /// Name that the server's certificate is checked for
    #[arg(long, global = true, value_name = "NAME")]
    pub tls_server_name: Option<String>,
    /// Certificate authority of the server
    #[arg(long, global = true, value_name = "FILE")]
    pub certificate_authority: Option<PathBuf>,
    /// Client certificate
    #[arg(long, global = true, value_name = "FILE")]
    pub client_certificate: Option<PathBuf>,
    /// Key of the client certificate
    #[arg(long, global = true, value_name = "FILE")]
    pub client_key: Option<PathBuf>,
    /// Do not check the server's certificate
    #[arg(long, global = true)]
    pub insecure_skip_tls_verify: bool,
    /// Let apply and undo change the cluster; without it, or `write: true` of the context in config.yaml (`kreach info`
    /// tells where), nothing but reads leaves this program
    #[arg(long, global = true)]
    pub write: bool,
}

impl ConnectionFlags {
    /// The same for the connecting side.
    pub fn flags(&self, plugins: Plugins) -> Flags {
        let it = self.clone();
        Flags {
            kubeconfig: it.kubeconfig,
            context: it.context,
            cluster: it.cluster,
            user: it.user,
            namespace: it.namespace,
            impersonate: it.impersonate,
            impersonate_groups: it.impersonate_groups,
            impersonate_uid: it.impersonate_uid,
            server: it.server,
            token: it.token,
            request_timeout: (!it.request_timeout.is_zero()).then_some(it.request_timeout),
            tls_server_name: it.tls_server_name,
            certificate_authority: it.certificate_authority,
            client_certificate: it.client_certificate,
            client_key: it.client_key,
            insecure_skip_tls_verify: it.insecure_skip_tls_verify,
            plugins,
            write: it.write,
        }
    }
}

/// kubectl's durations: a number of seconds, or `1h2m3s`. Clap says the error behind the argument, and wants no more of it.
fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse::<u32>() {
        return Ok(Duration::from_secs(seconds.into()));
    }
    let parsed = text.parse::<jiff::SignedDuration>().ok();
    parsed.and_then(|it| Duration::try_from(it).ok()).ok_or_else(|| "a duration is 30, 5s, 2m or 1h30m".to_owned())
}

/// `kreach demo`.
#[derive(ClapArgs, Debug)]
pub struct Demo {
    /// Which world: story moves, S to KB stand still
    #[arg(long, value_name = "WORLD", default_value = "story")]
    pub world: String,
    /// Serve it here for other clients instead of opening the explorer
    #[arg(long, value_name = "ADDR:PORT", requires = "write_kubeconfig")]
    pub listen: Option<std::net::SocketAddr>,
    /// Write a kubeconfig for those clients
    #[arg(long, value_name = "FILE", requires = "listen")]
    pub write_kubeconfig: Option<PathBuf>,
}

/// `kreach completion SHELL`.
#[derive(ClapArgs, Debug)]
pub struct Completion {
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_table_of_flags_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn durations_are_kubectls() {
        assert_eq!(duration("30"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert!(duration("soon").is_err());
    }
}

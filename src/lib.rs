//! kreach explores a Kubernetes cluster's real security posture: who has access, what they can reach, and how
//! traffic may flow, each answer with its proof.
//!
//! The tour, from the ground up; a module uses only what stands above it in this list:
//!
//! - [`model`]: a cluster as a value, and the one rule language of all policies.
//! - [`kinds`]: reads what Kubernetes writes: JSON in, facts and problems out.
//! - [`people`]: a directory of people, from the files that identity providers export.
//! - [`net`]: may one end connect to another, and which rule says so.
//! - [`rbac`]: may it act; who may do what, by which grants.
//! - [`escalate`]: what somebody can come to reach, through both.
//! - [`change`]: what differs between two clusters for whoever lives in them.
//! - [`manifests`]: what manifests declare beyond facts: which Services workloads name, and who is to be let in.
//! - [`text`]: answers in words, as both the screen and the subcommands show them.
//! - [`ask`]: questions and their answers; what the faces know of reasoning they ask here.
//! - [`cli`]: the subcommands: what they read, print and how they end.
//! - [`tui`]: the screen: events in, effects out, a buffer drawn.
//! - [`live`]: watch, credentials, one-shot reads: the cluster as it lives.
//! - [`terminal`]: taken and given back, whatever happens in between.
//! - [`embedded`]: a Kubernetes API server in the process, for the demo, tests and benches.
//! - [`apply`]: what is sent to the cluster, recorded, and taken back.
//! - [`run`]: the loop of the screen.

pub mod apply;
pub mod args;
pub mod ask;
pub mod change;
pub mod cli;
pub mod commands;
pub mod embedded;
pub mod escalate;
pub mod kinds;
pub mod live;
pub mod manifests;
pub mod model;
pub mod net;
pub mod people;
pub mod rbac;
pub mod run;
pub mod terminal;
pub mod text;
pub mod tui;

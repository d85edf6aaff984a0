//! Whether one end may connect to another, and which rule says so.
//!
//! ```text
//! Cluster ──build, apply──► Index ──trace──► Verdict     one pair, explained
//!                                 ──reach──► ReachList   all that an end reaches, or that reaches it
//!                                 ──map────► Map         every pair, by pod, workload or namespace
//! Cluster ──────────────────────► naive::outcome         the same from the objects alone, to check the above
//! ```
//!
//! A connection passes two gates: egress of `from`, then ingress of `to`. Both must open for one and the same
//! port (S2). This module knows nothing of Kubernetes' YAML: `kinds` has compiled it away; it knows nothing of
//! Services either: the caller asks about each backend.

pub mod dns;
mod ends;
mod index;
pub mod misses;
pub mod naive;
mod nodes;
pub mod notes;
mod outside;
pub mod reach;
mod unevaluated;
pub mod verdict;

pub use self::dns::{Dns, DnsServer, NodeLocal, dns};
pub use self::ends::{host_addresses, implied_nodes, split_cidr};
pub use self::index::{Index, IsolationCounts, LazyReachList, MapPart, PodClasses, PodIsolation, Settings};
pub use self::index::{compare, representatives};
pub use self::nodes::node_ports;
pub use self::outside::{merge_ranges, whole_family};

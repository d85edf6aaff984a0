//! What is: facts about a cluster, and the operations that need nothing else.
//!
//! ```text
//!            Cluster ── coverage: what we were told, kind by kind
//!   namespaces │ pods │ nodes │ services │ endpoint slices │ workloads     facts: one table of all sorts
//!   policies   (every kind, compiled to one rule language)                 policy
//!   roles, bindings, service accounts                                      role
//! ```
//!
//! Nothing here does IO, knows YAML or decides anything. Names are [`name::Name`]s, objects are named by
//! [`id::ObjectId`]s, and text is shown through [`untrusted::show`].

pub mod address;
pub mod cluster;
pub mod coverage;
pub mod endpoints;
pub mod evidence;
pub mod fact;
pub mod facts;
pub mod finding;
pub mod id;
pub mod items;
pub mod labels;
pub mod meta;
pub mod name;
pub mod namespace;
pub mod node;
pub mod objects;
pub mod owner;
pub mod ownership;
pub mod place;
pub mod pod;
pub mod policy;
pub mod port;
pub mod role;
pub mod security;
pub mod service;
pub mod service_account;
pub mod sparse;
pub mod uid;
pub mod untrusted;
pub mod workload;

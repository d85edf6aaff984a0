//! A Kubernetes API server in the process: for the demo, for tests and for benches.
//!
//! ```text
//! ServedCluster (seeded: S M L XL ADV KB, or told: the story)  →  serve  →  kube clients, kubectl, a second kreach
//! ```
//!
//! It reads like kube-apiserver where clients can tell: discovery, get, list in pages, watch with bookmarks, tables,
//! metadata alone, selectors, `Status` errors, 410 for what is forgotten. A told world is also written, by who has the
//! right to: create, update, patch, server-side apply, delete, each with preconditions and as a dry run. It has no
//! controllers, no admission, no TLS. It shares nothing with the rest of kreach: the two meet as HTTP.

mod accept;
mod answer;
mod discovery;
mod escalation;
mod failure;
mod fields;
mod gzip;
mod json_patch;
pub mod kinds;
pub mod kubeconfig;
mod list;
mod object_list;
mod protobuf;
mod query;
pub mod review;
mod seeded;
mod selector;
mod serve;
mod settle;
pub mod story;
mod table;
mod watch;
pub mod world;
mod write;
mod writer;

pub use serve::{ServeSettings, Server, serve, serve_named, world_names};
pub use story::{PEOPLE as STORY_PEOPLE, Story};
pub use world::ServedCluster;

//! The cluster as it lives: kubeconfig, client, watches, one-shot reads.
//!
//! ```text
//! connect ─► client ─► start ─► one task a kind and scope ─► session ─► Batch ─► the loop in run
//!                         └─ discovery, identity                  (merged while the loop is busy)
//! ```
//!
//! The API server is trusted to be slow, wrong, restarted, restored and gone (docs/reliability.md); what it sends is
//! data of strangers. Nothing here answers a question; what writes to the cluster is `write`, with a client of its own.

mod address;
pub mod bounded;
mod by_name;
mod configuration;
pub mod connect;
mod credentials;
mod discovery;
mod endless;
pub mod fault;
pub mod files;
mod follow;
mod health;
mod identity;
mod kubeconfig;
mod manifests;
mod merge;
mod pace;
pub mod plugin;
mod proxy;
pub mod read;
mod read_only;
mod request;
mod review;
mod served;
mod session;
pub mod snapshot;
mod storage;
mod transfer;
mod version;
mod watch;
mod whole;
pub mod write;
mod write_only;

pub use health::{Batch, Condition, Health, Throttled};
pub use session::{Control, SessionKinds, start};
pub use whole::{ManagedFields, found, object};

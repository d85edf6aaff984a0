//! Applies changes, and takes them back: everything that a careful engineer does by hand, in its order.
//!
//! ```text
//! changes ──plan──► steps on the objects as they are now ──attempt──► the server's dry run of all of them
//!         ──(ask::apply::weigh, shown and confirmed by a face)──► make ──► a record: before each send, and after it
//! record  ──undoing──► changes back, of objects that are as they were made ──► the same way
//! ```
//!
//! Nothing is sent twice. What is not known to have happened is read back. What goes wrong stops all that comes after it,
//! and the record tells what was made, so that it can be taken back.

mod attempt;
mod log;
mod make;
mod plan;
mod production;
mod undoing;

use kube::Client;

use crate::live::fault::LiveFault;
use crate::live::write::Writer;

pub use log::{Busy, Log};
pub use make::Keep;
pub use production::{Pattern, is_production};
pub use undoing::Undoing;

/// What reads and what writes of one cluster.
#[derive(Clone)]
pub struct Applier {
    pub client: Client,
    pub writer: Writer,
}

/// Why changes are not applied.
#[derive(Clone, PartialEq, Debug)]
pub enum Stopped {
    /// Somebody else was faster, or the server says no: a clause each.
    No { what: Vec<String>, hint: String },
    /// It could not be found out.
    Failed(LiveFault),
}

impl Stopped {
    fn no(what: impl Into<String>, hint: &str) -> Self {
        Stopped::No { what: vec![what.into()], hint: hint.to_owned() }
    }

    /// One line.
    pub fn words(&self) -> String {
        match self {
            Stopped::No { what, .. } => what.join("; "),
            Stopped::Failed(fault) => fault.what.clone(),
        }
    }
}

impl From<LiveFault> for Stopped {
    fn from(fault: LiveFault) -> Self {
        Stopped::Failed(fault)
    }
}

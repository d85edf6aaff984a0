//! The one door between faces and reasoning: a question about a cluster, and its answer.
//!
//! ```text
//! End, PortAsk ──resolve──► members ──net──► Trace, Reach, Map …    what the screen and the subcommands show
//! ```
//!
//! Both faces ask the same [`Asker`], so whatever the one can show the other can print. It is pure: what a question
//! needs from a live cluster is said by [`needs`] and read by the shell.

pub mod backends;
pub mod directory;
pub mod end;
mod fault;
pub mod member;
pub mod nearest;
pub mod needs;
pub mod resolve;
pub mod workload;

pub use fault::Fault;

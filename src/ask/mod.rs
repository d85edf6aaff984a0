//! The one door between faces and reasoning: a question about a cluster, and its answer.

pub mod end;
mod fault;
pub mod needs;

pub use fault::Fault;

//! The one door between faces and reasoning: a question about a cluster, and its answer.

pub mod backends;
pub mod directory;
pub mod end;
mod fault;
pub mod member;
pub mod nearest;
pub mod needs;
mod note;
pub mod resolve;
pub mod workload;

pub use fault::Fault;
pub use note::Note;

//! The one door between faces and reasoning: a question about a cluster, and its answer.

pub mod needs;

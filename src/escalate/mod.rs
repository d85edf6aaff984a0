//! What somebody can come to reach: RBAC, what pods hold, and the network, in one graph (CONTRACT §7).
//!
//! ```text
//! Foothold ──edges──► Step, Step, …   what one move gives, with the grants and facts that it rests on
//!     └──── closure ────► Held        everything that moves give, level by level, so that the first way is the shortest
//!               └── replay ────────► Path   the writes of a way applied to a copy, and both engines asked again
//! ```
//!
//! A move is one row of [`edges::EDGES`]. Moves only ever add: what is held stays held, so that a closure is a
//! fixpoint. It is asked twice: with moves that are certain, whose goals are proven, and with those that may be.

pub mod admission;
pub mod closure;
pub mod connect;
pub mod edges;
pub mod foothold;
pub mod goal;
pub mod held;
pub mod places;
pub mod replay;
pub mod rights;
pub mod step;
pub mod unfollowed;

use crate::model::cluster::Cluster;
use crate::model::name::Name;
use crate::rbac::version::Version;

pub use closure::{Answer, reach, reach_goal};
pub use foothold::Foothold;
pub use goal::Goal;
pub use held::Held;
pub use step::{Because, Certainty, Step};

/// What a question about reach rests on.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    pub cluster: &'a Cluster,
    pub net: &'a crate::net::Index,
    pub rbac: &'a crate::rbac::Index,
    /// The server's; what depends on it is unsure where it is not known.
    pub version: Option<Version>,
    /// Groups that the one who starts is in besides (`--group`).
    pub groups: &'a [Name],
}

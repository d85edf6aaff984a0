//! What somebody can come to reach: RBAC, what pods hold, and the network, in one graph (CONTRACT §7).
//!
//! ```text
//! Foothold ──edges──► Move, Move, …   what one move gives: one thing, or all of a sort (Region)
//!     └──── closure ────► Held        everything that moves give, the shortest way first
//!               └── telling ───► Step, Step, …   a shown way, with the grants and facts that it rests on
//!                     └── replay ──► Path         its writes applied to a copy, and both engines asked again
//! ```
//!
//! A move is one row of [`edges::EDGES`]. Moves only ever add: what is held stays held, so that a closure is a
//! fixpoint. It is asked twice: with moves that are certain, whose goals are proven, and with those that may be.
//! What is alike is folded (`terrain`): accounts of equal rules, pods of one template; whoever may do everything has
//! all of a sort without its members being told apart.

pub mod admission;
pub mod back;
pub mod certificate;
pub mod choke;
pub mod class_rights;
pub mod closure;
pub mod connect;
pub mod edges;
pub mod foothold;
pub mod gaps;
pub mod goal;
pub mod held;
pub mod holders;
pub mod hops;
pub mod miss;
pub mod moves;
pub mod own;
pub mod places;
pub mod powers;
pub mod region;
pub mod replay;
pub mod rights;
pub mod seen;
pub mod step;
pub mod terrain;
pub mod unfollowed;
pub mod until;

use crate::model::cluster::Cluster;
use crate::model::name::Name;
use crate::rbac::version::Version;

pub use choke::{Cut, GrantCut};
pub use closure::{ClosureAnswer, reach, reach_goal};
pub use foothold::Foothold;
pub use goal::Goal;
pub use held::Held;
pub use own::Own;
pub use region::Region;
pub use step::{Because, Certainty, Step};
pub use terrain::Terrain;

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
    /// What was worked out of the cluster already; whoever keeps it tells it every change.
    pub terrain: &'a Terrain,
}

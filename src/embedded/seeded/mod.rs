//! Seeded worlds: clusters of any size that follow from a number.
//!
//! ```text
//! shapes (how big) → facts (a few bytes a pod) → render (documents on demand, from the templates in assets/worlds)
//! ```
//!
//! They stand still. They play no controllers: what a controller would have made is rendered as if it had.

mod core;
pub mod facts;
mod layout;
mod network;
mod pods;
mod policies;
mod rbac;
pub mod render;
pub mod rng;
pub mod shapes;
pub mod template;
mod workloads;

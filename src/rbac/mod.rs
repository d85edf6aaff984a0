//! May it act: what Kubernetes' RBAC allows to whom, with every grant that says so.
//!
//! ```text
//! Identity + Request ──can──► Access: all grants, or what could have granted and is not known
//! Request ──who_can──► everybody        Identity ──permissions──► everything
//! ```
//!
//! RBAC only ever adds (rule 1): an allow seen in part of a cluster is certain, a deny is not. The numbers in comments
//! are those of docs/rbac.md and of the cases in tests/cases/rbac. Other authorizers are not modeled; their marks
//! ([`marks`]) make a deny unknown.

pub mod abilities;
pub mod aggregation;
pub mod beside;
pub mod capability;
pub mod covers;
pub mod danger;
pub mod dead;
pub mod defaults;
pub mod fold;
pub mod gaps;
pub mod grant;
pub mod identity;
pub mod impersonation;
pub mod index;
pub mod lookup;
pub mod marks;
mod mask;
pub mod matching;
pub mod miss;
pub mod naive;
pub mod note;
pub mod own;
pub mod pasted;
pub mod places;
pub mod powers;
pub mod request;
pub mod resource_or_url;
pub mod review;
pub mod rights;
pub mod served;
pub mod subjects;
pub mod touch;
pub mod version;
pub mod who;

pub use grant::{Access, Grant};
pub use identity::Identity;
pub use index::Index;
pub use lookup::Holding;
pub use request::{Request, ResourceRequest};
pub use served::Served;
pub use who::{AskedPlaces, WhoCanAnswer};

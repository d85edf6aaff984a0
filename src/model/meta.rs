//! What facts hold of an object's metadata.
//!
//! Its resourceVersion is no part of it: a heartbeat moves that and changes nothing else, so that it stands beside the
//! facts (`model::objects`).

use super::name::Name;
use super::uid::{Uid, UidFingerprint};

/// What every object has.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Meta {
    /// Empty: cluster-wide.
    pub namespace: Name,
    pub name: Name,
    pub uid: UidFingerprint,
}

/// What only a snapshot shows of an object, held by a cluster that was asked to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SnapshotMeta {
    pub uid: Uid,
    /// When it was created, in seconds since 1970; 0 when unknown.
    pub created: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Memory is a feature: see docs/performance.md.
    #[test]
    fn facts_are_small() {
        assert!(size_of::<Meta>() <= 24, "{}", size_of::<Meta>());
    }
}

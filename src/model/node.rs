//! Nodes: their addresses, and the addresses that their pods get.

use std::borrow::Cow;
use std::net::IpAddr;

use super::fact::{Fact, FactIdentity};
use super::id::Kind;
use super::items::Items;
use super::labels::Labels;
use super::meta::Meta;
use super::name::Name;

/// A node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    pub meta: Meta,
    pub labels: Labels,
    /// All its addresses, internal first.
    pub addresses: Items<IpAddr>,
    /// `spec.podCIDRs`.
    pub pod_cidrs: Items<ipnet::IpNet>,
    /// The scheme of `spec.providerID` (`aws://`), empty when absent: the mark of a managed provider.
    pub provider: Name,
}

impl Fact for Node {
    const KINDS: &'static [Kind] = &[Kind::NODE];

    fn identity(&self) -> FactIdentity<'_> {
        self.meta.identity()
    }

    fn label_set(&self) -> Cow<'_, Labels> {
        Cow::Borrowed(&self.labels)
    }
}

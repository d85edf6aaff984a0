//! One concrete end of a connection: what is left when names and sets are resolved.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::model::facts::{Fact, Node, PodNetwork, SharedPod};
use crate::model::id::ObjectId;
use crate::net::reach::AddressRange;
use crate::net::verdict::End;
use crate::text::words;

/// A pod, a node, an address, or a range of addresses that all answer alike.
#[derive(Clone, PartialEq, Debug)]
pub enum EndMember {
    Pod(SharedPod),
    Node(Arc<Node>),
    Address(IpAddr),
    /// Ranges that every rule treats alike, and one address that stands for them.
    Outside(Arc<[AddressRange]>, IpAddr),
}

impl EndMember {
    /// The object, where it is one.
    pub fn object(&self) -> Option<ObjectId> {
        match self {
            EndMember::Pod(pod) => Some(pod.id()),
            EndMember::Node(node) => Some(node.id()),
            EndMember::Address(_) | EndMember::Outside(..) => None,
        }
    }

    /// As the engine is asked about it; a range answers as its first address does.
    pub fn end(&self) -> End {
        match self {
            EndMember::Pod(pod) => End::Pod(pod.pod_id()),
            EndMember::Node(node) => End::Node(node.meta.name.clone()),
            EndMember::Address(address) | EndMember::Outside(_, address) => End::Address(*address),
        }
    }

    /// Whether it is outside the cluster.
    pub fn is_outside(&self) -> bool {
        matches!(self, EndMember::Address(_) | EndMember::Outside(..))
    }

    /// Whether policies select it: a pod on the host network is its node.
    pub fn is_selected(&self) -> bool {
        self.pod().is_some_and(|it| it.network() == PodNetwork::Own)
    }

    /// Its own addresses, of a range the first; none: not known here.
    pub fn addresses(&self) -> Vec<IpAddr> {
        match self {
            EndMember::Pod(pod) => pod.addresses().iter().collect(),
            EndMember::Node(node) => node.addresses.to_vec(),
            EndMember::Address(address) | EndMember::Outside(_, address) => vec![*address],
        }
    }

    /// The pod, where it is one.
    pub fn pod(&self) -> Option<&SharedPod> {
        match self {
            EndMember::Pod(pod) => Some(pod),
            _ => None,
        }
    }

    /// The name of the node that it is or runs on; empty when that is none or unknown.
    pub fn node(&self) -> &str {
        match self {
            EndMember::Pod(pod) => pod.node(),
            EndMember::Node(node) => &node.meta.name,
            EndMember::Address(_) | EndMember::Outside(..) => "",
        }
    }

    /// Whether both are the same pod, so that policies do not stand between them (S20).
    pub fn is_same_pod(&self, other: &Self) -> bool {
        match (self, other) {
            (EndMember::Pod(a), EndMember::Pod(b)) => SharedPod::ptr_eq(a, b) || a.pod_id() == b.pod_id(),
            _ => false,
        }
    }

    /// What a reader should know of this end beside its name; empty for an ordinary pod or address.
    pub fn remark(&self) -> &'static str {
        match self {
            EndMember::Pod(pod) if pod.network() == PodNetwork::Host => "host network: it is its node",
            EndMember::Pod(pod) if pod.addresses().is_empty() => "no address yet",
            _ => "",
        }
    }
}

impl fmt::Display for EndMember {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EndMember::Pod(pod) => write!(out, "{}", pod.id()),
            EndMember::Node(node) => write!(out, "{}", node.id()),
            EndMember::Address(address) => write!(out, "{address}"),
            EndMember::Outside(ranges, _) => out.write_str(&self::ranges(ranges)),
        }
    }
}

/// Ranges of addresses, the first few of many.
pub fn ranges(all: &[AddressRange]) -> String {
    let shown: Vec<String> = all.iter().take(3).map(|(first, last)| range(*first, *last)).collect();
    let more = match all.len().saturating_sub(shown.len()) {
        0 => String::new(),
        more => format!(" and {}", words::count(more as u64, "more range", "more ranges")),
    };
    format!("{}{more}", shown.join(" "))
}

/// A range of addresses, as a block where it is one: `10.0.0.0/8`, `10.0.0.1-10.0.0.6`.
pub fn range(first: IpAddr, last: IpAddr) -> String {
    match block(first, last) {
        _ if first == last => first.to_string(),
        Some(block) => block.to_string(),
        None => format!("{first}-{last}"),
    }
}

/// The block that is just this range.
fn block(first: IpAddr, last: IpAddr) -> Option<ipnet::IpNet> {
    let alike = match (first, last) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
        _ => return None,
    };
    let block = ipnet::IpNet::new(first, alike as u8).ok()?;
    (block.network() == first && block.broadcast() == last).then_some(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_blocks_where_they_can_be() {
        let text = |first: &str, last: &str| -> Result<String, std::net::AddrParseError> {
            Ok(range(first.parse()?, last.parse()?))
        };
        assert_eq!(text("10.0.0.0", "10.255.255.255").as_deref(), Ok("10.0.0.0/8"));
        assert_eq!(text("10.0.0.1", "10.0.0.6").as_deref(), Ok("10.0.0.1-10.0.0.6"));
        assert_eq!(text("10.0.0.1", "10.0.0.1").as_deref(), Ok("10.0.0.1"));
        let ranges: Vec<AddressRange> =
            (1..6).map(|it| ([10, 0, 0, 2 * it].into(), [10, 0, 0, 2 * it].into())).collect();
        assert_eq!(super::ranges(&ranges[..4]), "10.0.0.2 10.0.0.4 10.0.0.6 and 1 more range");
        assert_eq!(super::ranges(&ranges), "10.0.0.2 10.0.0.4 10.0.0.6 and 2 more ranges");
        assert_eq!(text("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").as_deref(), Ok("::/0"));
    }
}

//! Addresses and blocks as people type them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

use crate::model::address::canonical;

use super::end::AskedEnd;

/// An address or block; `::ffff:a.b.c.d` is `a.b.c.d`.
pub(super) fn address(text: &str) -> Option<AskedEnd> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(AskedEnd::Address(canonical(address)));
    }
    let block = canonical_block(text.parse::<IpNet>().ok()?);
    Some(if block.prefix_len() == block.max_prefix_len() {
        AskedEnd::Address(block.addr())
    } else {
        AskedEnd::Block(block.trunc())
    })
}

/// A block of mapped addresses as the IPv4 block that it is.
fn canonical_block(block: IpNet) -> IpNet {
    let IpNet::V6(v6) = block else { return block };
    let mapped: Option<Ipv4Addr> = Ipv6Addr::to_ipv4_mapped(&v6.addr());
    let length = v6.prefix_len().checked_sub(96);
    mapped.zip(length).and_then(|(it, length)| Ipv4Net::new(it, length).ok()).map_or(block, IpNet::V4)
}

/// Four numbers with dots that are no address.
pub(super) fn is_like_an_address(text: &str) -> bool {
    let is_number = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    text.split('.').count() == 4 && text.split('.').all(is_number)
}

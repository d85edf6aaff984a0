//! Addresses, and the blocks of them that rules name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::items::Items;

/// An IP family; each is judged apart (S35).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Family {
    V4,
    V6,
}

impl Family {
    /// Both, in the order that answers list them.
    pub const ALL: [Family; 2] = [Family::V4, Family::V6];

    /// The family of this address.
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Family::V4 } else { Family::V6 }
    }

    /// As people write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        }
    }
}

/// `::ffff:a.b.c.d` as `a.b.c.d`; every other address as it is (CONTRACT §2).
pub fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// A range of addresses with holes; the API's `ipBlock`.
///
/// Holes of one block do not close another block (S31). Host bits are masked by the reader.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Block {
    pub cidr: IpNet,
    pub except: Items<IpNet>,
}

impl Block {
    /// Whether the block holds this address; never across families (S35).
    pub fn contains(&self, address: IpAddr) -> bool {
        self.cidr.contains(&address) && !self.except.iter().any(|hole| hole.contains(&address))
    }

    /// The family it speaks of.
    pub fn family(&self) -> Family {
        Family::of(self.cidr.addr())
    }
}

/// The addresses of one pod: at most one for each family, and which came first.
///
/// The first is `status.podIP`, the one that callers reach unless they choose.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Addresses {
    v4: Option<Ipv4Addr>,
    v6: Option<V6Part>,
}

/// An address of IPv6, and which of a pod's two addresses comes first: with IPv4 alone there is no order to hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct V6Part {
    address: Ipv6Addr,
    /// Whether it comes before the one of IPv4.
    is_first: bool,
}

impl Addresses {
    /// The first of each family among these, in order.
    pub fn new(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        addresses.into_iter().fold(Self::default(), |held, address| match canonical(address) {
            IpAddr::V4(it) if held.v4.is_none() => Self { v4: Some(it), ..held },
            IpAddr::V6(address) if held.v6.is_none() => {
                Self { v6: Some(V6Part { address, is_first: held.v4.is_none() }), ..held }
            }
            _ => held,
        })
    }

    /// The same in two parts, of which most pods have the first alone; 0.0.0.0, which nobody has, is none.
    pub(super) fn parted(self) -> (Ipv4Addr, Option<V6Part>) {
        (self.v4.unwrap_or(Ipv4Addr::UNSPECIFIED), self.v6)
    }

    /// The addresses of these two parts.
    pub(super) fn joined(v4: Ipv4Addr, v6: Option<V6Part>) -> Self {
        Self { v4: Some(v4).filter(|it| !it.is_unspecified()), v6 }
    }

    /// The address of this family.
    pub fn of(&self, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => self.v4.map(IpAddr::V4),
            Family::V6 => self.v6.map(|it| IpAddr::V6(it.address)),
        }
    }

    /// All of them, the first one first.
    pub fn iter(&self) -> impl Iterator<Item = IpAddr> {
        let v6_first = self.v6.is_some_and(|it| it.is_first);
        let order = if v6_first { [Family::V6, Family::V4] } else { Family::ALL };
        order.into_iter().filter_map(|family| self.of(family))
    }

    /// The first one.
    pub fn first(&self) -> Option<IpAddr> {
        self.iter().next()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether this is one of them, however it is written (CONTRACT §2).
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = canonical(address);
        self.of(Family::of(address)) == Some(address)
    }
}

/// Addresses in the order that they are written in, such as a Service's.
///
/// ```
/// use kreach::model::address::AddressList;
/// let list = AddressList::from(vec!["10.96.0.10".parse().expect("an address")]);
/// assert_eq!((list.iter().count(), size_of_val(&list)), (1, 16));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct AddressList(AddressStorage);

/// Nearly all lists are one IPv4 address, which takes no room of its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum AddressStorage {
    One(Ipv4Addr),
    /// Any others, which is never one IPv4 address: equal lists are equal.
    Others(Items<IpAddr>),
}

impl Default for AddressStorage {
    fn default() -> Self {
        Self::Others(Items::default())
    }
}

impl From<Vec<IpAddr>> for AddressList {
    fn from(addresses: Vec<IpAddr>) -> Self {
        Self(match addresses[..] {
            [IpAddr::V4(only)] => AddressStorage::One(only),
            _ => AddressStorage::Others(addresses.into()),
        })
    }
}

impl AddressList {
    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = IpAddr> {
        let (one, others) = match &self.0 {
            AddressStorage::One(it) => (Some(IpAddr::V4(*it)), &[][..]),
            AddressStorage::Others(them) => (None, &them[..]),
        };
        one.into_iter().chain(others.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("a literal address")
    }

    /// S31, S35.
    #[test]
    fn a_block_has_holes_and_one_family() {
        let block = Block {
            cidr: "10.0.0.0/8".parse().expect("a literal block"),
            except: ["10.1.0.0/16".parse().expect("a literal block")].into(),
        };
        assert!(block.contains(ip("10.2.0.1")));
        assert!(!block.contains(ip("10.1.0.1")));
        assert!(!block.contains(ip("::ffff:10.2.0.1")), "the caller makes addresses canonical first");
        assert!(block.contains(canonical(ip("::ffff:10.2.0.1"))));
    }

    #[test]
    fn addresses_keep_the_first_of_each_family() {
        let both = Addresses::new([ip("fd00::1"), ip("10.0.0.1"), ip("10.0.0.2")]);
        assert_eq!(both.first(), Some(ip("fd00::1")));
        assert_eq!(both.of(Family::V4), Some(ip("10.0.0.1")));
        assert_eq!(both.iter().count(), 2);
        assert!(both.contains(ip("::ffff:10.0.0.1")) && !both.contains(ip("::ffff:10.0.0.2")));
    }

    #[test]
    fn a_list_is_as_it_was_written() {
        for texts in [&[][..], &["10.0.0.1"], &["fd00::1"], &["10.0.0.1", "fd00::1"], &["fd00::1", "10.0.0.1"]] {
            let written: Vec<IpAddr> = texts.iter().map(|it| ip(it)).collect();
            let list = AddressList::from(written.clone());
            assert_eq!(list.iter().collect::<Vec<_>>(), written);
            assert_eq!(list, AddressList::from(written));
        }
    }
}

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
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Addresses(Held);

/// Most pods have one IPv4 address, which takes no room of its own.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
enum Held {
    #[default]
    None,
    V4(Ipv4Addr),
    V6(Box<WithV6>),
}

/// An IPv6 address, and an IPv4 address beside it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct WithV6 {
    v6: Ipv6Addr,
    v4: Option<Ipv4Addr>,
    v6_first: bool,
}

impl Addresses {
    /// The first of each family among these, in order.
    pub fn new(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let (mut v4, mut v6, mut v6_first) = (None, None, false);
        for address in addresses {
            match canonical(address) {
                IpAddr::V4(it) if v4.is_none() => v4 = Some(it),
                IpAddr::V6(it) if v6.is_none() => (v6, v6_first) = (Some(it), v4.is_none()),
                _ => {}
            }
        }
        Self(match (v4, v6) {
            (None, None) => Held::None,
            (Some(v4), None) => Held::V4(v4),
            (v4, Some(v6)) => Held::V6(Box::new(WithV6 { v6, v4, v6_first })),
        })
    }

    /// The same in two parts, of which nearly all pods need the first alone; 0.0.0.0, which nobody has, is none.
    pub(super) fn parted(self) -> (Ipv4Addr, Option<Box<WithV6>>) {
        match self.0 {
            Held::None => (Ipv4Addr::UNSPECIFIED, None),
            Held::V4(v4) => (v4, None),
            Held::V6(both) => (Ipv4Addr::UNSPECIFIED, Some(both)),
        }
    }

    /// What was parted.
    pub(super) fn joined(v4: Ipv4Addr, both: Option<&WithV6>) -> Self {
        Self(match both {
            Some(both) => Held::V6(Box::new(both.clone())),
            None if v4.is_unspecified() => Held::None,
            None => Held::V4(v4),
        })
    }

    /// The address of this family.
    pub fn of(&self, family: Family) -> Option<IpAddr> {
        match (&self.0, family) {
            (Held::V4(it), Family::V4) => Some(IpAddr::V4(*it)),
            (Held::V6(it), Family::V4) => it.v4.map(IpAddr::V4),
            (Held::V6(it), Family::V6) => Some(IpAddr::V6(it.v6)),
            (Held::None, _) | (Held::V4(_), Family::V6) => None,
        }
    }

    /// All of them, the first one first.
    pub fn iter(&self) -> impl Iterator<Item = IpAddr> {
        let v6_first = matches!(&self.0, Held::V6(it) if it.v6_first);
        let order = if v6_first { [Family::V6, Family::V4] } else { Family::ALL };
        order.into_iter().filter_map(|family| self.of(family))
    }

    /// The first one.
    pub fn first(&self) -> Option<IpAddr> {
        self.iter().next()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        matches!(self.0, Held::None)
    }

    /// Whether this is one of them.
    pub fn contains(&self, address: IpAddr) -> bool {
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
pub struct AddressList(Listed);

/// Nearly all lists are one IPv4 address, which takes no room of its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Listed {
    One(Ipv4Addr),
    /// Any others, which is never one IPv4 address: equal lists are equal.
    Others(Items<IpAddr>),
}

impl Default for Listed {
    fn default() -> Self {
        Self::Others(Items::default())
    }
}

impl From<Vec<IpAddr>> for AddressList {
    fn from(addresses: Vec<IpAddr>) -> Self {
        Self(match addresses[..] {
            [IpAddr::V4(only)] => Listed::One(only),
            _ => Listed::Others(addresses.into()),
        })
    }
}

impl AddressList {
    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = IpAddr> {
        let (one, others) = match &self.0 {
            Listed::One(it) => (Some(IpAddr::V4(*it)), &[][..]),
            Listed::Others(them) => (None, &them[..]),
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

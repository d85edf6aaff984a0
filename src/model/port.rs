//! Protocols, what rules say of ports, and sets of ports.

use std::fmt;

use super::name::Name;

/// The protocols that policies know (S21).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Protocol {
    Tcp,
    Udp,
    Sctp,
}

impl Protocol {
    pub const ALL: [Protocol; 3] = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp];

    /// As the API writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
            Protocol::Sctp => "SCTP",
        }
    }

    /// The protocol that the API writes so; case matters there, not here.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// What one element of a rule's port list matches, on the destination's own ports (S23).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PortMatch {
    /// Every port of every protocol: what an empty list means (S10).
    Any,
    /// Every port of one protocol (S22).
    All(Protocol),
    /// `first..=last`; one port when they are equal (S27).
    Range { protocol: Protocol, first: u16, last: u16 },
    /// The ports that the destination pod declares under this name and protocol (S24).
    Named { protocol: Protocol, name: Name },
}

/// A set of ports as sorted, disjoint, non-adjacent ranges for each protocol; ports are 1–65535.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct PortSet {
    tcp: Vec<(u16, u16)>,
    udp: Vec<(u16, u16)>,
    sctp: Vec<(u16, u16)>,
}

impl PortSet {
    /// No port at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// Every port of every protocol (S57).
    pub fn all() -> Self {
        let whole = vec![(1, u16::MAX)];
        Self { tcp: whole.clone(), udp: whole.clone(), sctp: whole }
    }

    /// One range of one protocol; port 0 is no port.
    pub fn range(protocol: Protocol, first: u16, last: u16) -> Self {
        let mut set = Self::none();
        set.insert(protocol, first, last);
        set
    }

    /// The ranges of one protocol, ascending.
    pub fn of(&self, protocol: Protocol) -> &[(u16, u16)] {
        match protocol {
            Protocol::Tcp => &self.tcp,
            Protocol::Udp => &self.udp,
            Protocol::Sctp => &self.sctp,
        }
    }

    fn of_mut(&mut self, protocol: Protocol) -> &mut Vec<(u16, u16)> {
        match protocol {
            Protocol::Tcp => &mut self.tcp,
            Protocol::Udp => &mut self.udp,
            Protocol::Sctp => &mut self.sctp,
        }
    }

    /// What is in any of these.
    pub fn union_of<'a>(sets: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut all = Self::none();
        for set in sets {
            Protocol::ALL.iter().for_each(|it| all.of_mut(*it).extend_from_slice(set.of(*it)));
        }
        Protocol::ALL.iter().for_each(|it| merge(all.of_mut(*it)));
        all
    }

    /// The ports that these open by number; `None`: one of them is a name.
    pub fn of_matches(all: &[PortMatch]) -> Option<Self> {
        let mut set = Self::none();
        for it in all {
            match it {
                PortMatch::Any => return Some(Self::all()),
                PortMatch::All(protocol) => set.insert(*protocol, 1, u16::MAX),
                PortMatch::Range { protocol, first, last } => set.insert(*protocol, *first, *last),
                PortMatch::Named { .. } => return None,
            }
        }
        Some(set)
    }

    /// The same ports as a rule lists them.
    pub fn matches(&self) -> Vec<PortMatch> {
        if self.is_all() {
            return vec![PortMatch::Any];
        }
        let of = |protocol| {
            self.of(protocol).iter().map(move |&(first, last)| match (first, last) {
                (1, u16::MAX) => PortMatch::All(protocol),
                _ => PortMatch::Range { protocol, first, last },
            })
        };
        Protocol::ALL.into_iter().flat_map(of).collect()
    }

    /// Adds `first..=last`.
    pub fn insert(&mut self, protocol: Protocol, first: u16, last: u16) {
        let first = first.max(1);
        if first > last {
            return;
        }
        let ranges = self.of_mut(protocol);
        ranges.push((first, last));
        merge(ranges);
    }

    /// Whether it holds this port.
    pub fn contains(&self, protocol: Protocol, port: u16) -> bool {
        self.of(protocol).iter().any(|&(low, high)| low <= port && port <= high)
    }

    /// Whether it holds no port.
    pub fn is_empty(&self) -> bool {
        Protocol::ALL.iter().all(|it| self.of(*it).is_empty())
    }

    /// Whether it holds every port of every protocol.
    pub fn is_all(&self) -> bool {
        Protocol::ALL.iter().all(|it| self.of(*it) == [(1, u16::MAX)])
    }

    /// What is in either.
    pub fn union(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for protocol in Protocol::ALL {
            for &(low, high) in other.of(protocol) {
                both.insert(protocol, low, high);
            }
        }
        both
    }

    /// What is in both (S2: the port sets of two gates are cut, not their yes and no).
    pub fn intersection(&self, other: &Self) -> Self {
        let mut cut = Self::none();
        for protocol in Protocol::ALL {
            for &(a, b) in self.of(protocol) {
                for &(c, d) in other.of(protocol) {
                    if a.max(c) <= b.min(d) {
                        cut.insert(protocol, a.max(c), b.min(d));
                    }
                }
            }
        }
        cut
    }

    /// What is in this and not in the other.
    pub fn difference(&self, other: &Self) -> Self {
        let mut rest = Self::none();
        for protocol in Protocol::ALL {
            for &(low, high) in self.of(protocol) {
                let mut from = u32::from(low);
                for &(a, b) in other.of(protocol) {
                    if u32::from(a) > u32::from(high) || u32::from(b) < from {
                        continue;
                    }
                    if u32::from(a) > from {
                        rest.insert(protocol, from as u16, a - 1);
                    }
                    from = from.max(u32::from(b) + 1);
                }
                if from <= u32::from(high) {
                    rest.insert(protocol, from as u16, high);
                }
            }
        }
        rest
    }
}

/// Sorts ranges and joins those that touch.
fn merge(ranges: &mut Vec<(u16, u16)>) {
    ranges.sort_unstable();
    let mut merged: Vec<(u16, u16)> = Vec::with_capacity(ranges.len());
    for &(low, high) in ranges.iter() {
        match merged.last_mut() {
            Some(end) if low <= end.1.saturating_add(1) => end.1 = end.1.max(high),
            _ => merged.push((low, high)),
        }
    }
    *ranges = merged;
}

/// `all`, `none`, or `TCP 80,443 UDP 53-54`.
impl fmt::Display for PortSet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_all() {
            return out.write_str("all");
        }
        if self.is_empty() {
            return out.write_str("none");
        }
        let mut separator = "";
        for protocol in Protocol::ALL.into_iter().filter(|it| !self.of(*it).is_empty()) {
            write!(out, "{separator}{protocol}")?;
            separator = " ";
            if self.of(protocol) == [(1, u16::MAX)] {
                continue;
            }
            for (at, (low, high)) in self.of(protocol).iter().enumerate() {
                out.write_str(if at == 0 { " " } else { "," })?;
                if low == high { write!(out, "{low}")? } else { write!(out, "{low}-{high}")? }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbors_join_and_print_briefly() {
        let mut set = PortSet::range(Protocol::Tcp, 80, 80);
        set.insert(Protocol::Tcp, 81, 90);
        set.insert(Protocol::Udp, 53, 53);
        assert_eq!(set.to_string(), "TCP 80-90 UDP 53");
        assert_eq!(PortSet::all().to_string(), "all");
        assert_eq!(PortSet::range(Protocol::Tcp, 0, 0).to_string(), "none");
        assert_eq!(PortSet::range(Protocol::Tcp, 0, u16::MAX).to_string(), "TCP");
    }

    #[test]
    fn difference_and_intersection_part_a_set() {
        let all = PortSet::all();
        let web = PortSet::range(Protocol::Tcp, 80, 443);
        let rest = all.difference(&web);
        assert!(
            !rest.contains(Protocol::Tcp, 80) && rest.contains(Protocol::Tcp, 444) && rest.contains(Protocol::Udp, 80)
        );
        assert_eq!(rest.union(&web), all);
        assert!(rest.intersection(&web).is_empty());
    }
}

//! The ends of a flow and its port, as people type them.
//!
//! ```text
//! shop/web-0  pod/shop/web-0  web-0        a pod (a bare name takes the namespace of `-n`)
//! deploy/shop/web  sts/web  job/shop/x     a workload        svc/shop/db   a Service
//! ns/shop   node/n1   10.0.0.7   10.0.0.0/8   fd00::7        [fd00::7]:443/UDP
//! db.shop.svc.cluster.local  db-0.db.shop.svc  internet      names as logs show them, and the world outside
//! ```
//!
//! If the first segment is a kind word it is the kind. A port is a number or a name behind `:`, a protocol stands
//! behind `/`, with or without a port. Nothing here looks at a cluster; [`super::resolve`] does.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::model::facts::ServicePort;
use crate::model::id::PodId;
use crate::model::name::Name;
use crate::model::port::Protocol;

use super::address::{address, is_like_an_address};
use super::kind_word::{KindWord, word};
use super::{Fault, dns_name};

/// An end as typed: which object or address is meant, not yet whether there is one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AskedEnd {
    Pod(PodId),
    /// `kind` is the lower-case singular: `deployment`, `rollout`.
    Workload {
        kind: Name,
        namespace: Name,
        name: Name,
    },
    Service {
        namespace: Name,
        name: Name,
    },
    Namespace(Name),
    Node(Name),
    /// A pod behind a Service, by its name in DNS.
    Host {
        host: Name,
        service: Name,
        namespace: Name,
    },
    Address(IpAddr),
    /// Addresses outside the cluster; host bits are masked.
    Block(IpNet),
    /// Every address outside the cluster, of each family that the other end has.
    Internet,
}

/// As it can be typed again, in full.
impl AskedEnd {
    /// The namespace that it is in, or is.
    pub fn namespace(&self) -> Option<&Name> {
        match self {
            AskedEnd::Pod(pod) => Some(&pod.namespace),
            AskedEnd::Workload { namespace, .. }
            | AskedEnd::Service { namespace, .. }
            | AskedEnd::Host { namespace, .. } => Some(namespace),
            AskedEnd::Namespace(name) => Some(name),
            AskedEnd::Node(_) | AskedEnd::Address(_) | AskedEnd::Block(_) | AskedEnd::Internet => None,
        }
    }
}

impl fmt::Display for AskedEnd {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AskedEnd::Pod(pod) => write!(out, "pod/{pod}"),
            AskedEnd::Workload { kind, namespace, name } => write!(out, "{kind}/{namespace}/{name}"),
            AskedEnd::Service { namespace, name } => write!(out, "service/{namespace}/{name}"),
            AskedEnd::Namespace(name) => write!(out, "namespace/{name}"),
            AskedEnd::Node(name) => write!(out, "node/{name}"),
            AskedEnd::Address(address) => write!(out, "{address}"),
            AskedEnd::Host { host, service, namespace } => write!(out, "{host}.{service}.{namespace}.svc"),
            AskedEnd::Block(block) => write!(out, "{block}"),
            AskedEnd::Internet => out.write_str("internet"),
        }
    }
}

/// The port of a question as typed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PortAsk {
    /// No port: every one, of one protocol or of all.
    Any(Option<Protocol>),
    Number {
        number: u16,
        protocol: Protocol,
    },
    /// A name takes the protocols that it is declared with, unless one is said.
    Named {
        name: Name,
        protocol: Option<Protocol>,
    },
}

impl PortAsk {
    /// Neither port nor protocol.
    pub const NONE: PortAsk = PortAsk::Any(None);

    /// The port with these digits or this name, and this protocol.
    pub fn new(port: &str, protocol: Option<Protocol>) -> Result<Self, Fault> {
        if port.is_empty() {
            return Ok(PortAsk::Any(protocol));
        }
        if port.bytes().all(|it| it.is_ascii_digit()) {
            return Self::number(port.parse().unwrap_or(u64::MAX), protocol);
        }
        if is_port_name(port) {
            return Ok(PortAsk::Named { name: port.into(), protocol });
        }
        Err(Fault::new(format!("{port:?} is no port"), "a port is a number from 1 to 65535 or a port's name"))
    }

    /// This port of a Service.
    pub fn of(port: &ServicePort) -> Self {
        PortAsk::Number { number: port.number, protocol: port.protocol }
    }

    /// Whether it means this port of a Service.
    pub fn is(&self, port: &ServicePort) -> bool {
        let fits = |protocol: Option<Protocol>| protocol.is_none_or(|it| it == port.protocol);
        match self {
            PortAsk::Any(protocol) => fits(*protocol),
            PortAsk::Number { number, protocol } => port.number == *number && port.protocol == *protocol,
            PortAsk::Named { name, protocol } => port.name == *name && fits(*protocol),
        }
    }

    /// The port of this number.
    pub fn number(number: u64, protocol: Option<Protocol>) -> Result<Self, Fault> {
        let fits = u16::try_from(number).ok().filter(|it| *it != 0);
        let number = fits.ok_or_else(|| Fault::new(format!("port {number} does not exist"), "ports are 1 to 65535"))?;
        Ok(PortAsk::Number { number, protocol: protocol.unwrap_or(Protocol::Tcp) })
    }
}

/// As typed behind an end, `:` and `/` included; empty for no port.
impl fmt::Display for PortAsk {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PortAsk::Any(None) => Ok(()),
            PortAsk::Any(Some(protocol)) => write!(out, "/{protocol}"),
            PortAsk::Number { number, protocol } => write!(out, ":{number}/{protocol}"),
            PortAsk::Named { name, protocol: None } => write!(out, ":{name}"),
            PortAsk::Named { name, protocol: Some(protocol) } => write!(out, ":{name}/{protocol}"),
        }
    }
}

/// Whether a container or Service may call a port so (an IANA service name).
fn is_port_name(text: &str) -> bool {
    let fits = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    text.len() <= 63 && text.bytes().all(fits) && text.bytes().any(|it| it.is_ascii_lowercase())
}

/// Reads an end that has no port.
pub fn end(text: &str, namespace: &Name) -> Result<AskedEnd, Fault> {
    if let Some(end) = address(text) {
        return Ok(end);
    }
    if let Some(inner) = text.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
        return address(inner).ok_or_else(|| not_an_end(text, "this is no address"));
    }
    let segments: Vec<&str> = text.split('/').collect();
    if segments.iter().any(|it| it.is_empty()) {
        return Err(not_an_end(text, "a part of it is empty"));
    }
    if let Some(odd) = text.chars().find(|it| it.is_whitespace() || it.is_control() || *it == ':') {
        return Err(not_an_end(text, &format!("no name holds {odd:?}")));
    }
    named(text, &segments, namespace)
}

/// Reads an end with an optional port and protocol.
pub fn end_and_port(text: &str, namespace: &Name) -> Result<(AskedEnd, PortAsk), Fault> {
    if let Some(end) = address(text) {
        return Ok((end, PortAsk::NONE));
    }
    let (end_text, port, protocol) = split(text)?;
    Ok((end(end_text, namespace)?, PortAsk::new(port, protocol)?))
}

/// Parts `END[:PORT][/PROTOCOL]`; what is absent is empty.
fn split(text: &str) -> Result<(&str, &str, Option<Protocol>), Fault> {
    let after_bracket = text.find(']').map_or(0, |at| at + 1);
    match text[after_bracket..].find(':') {
        Some(at) => {
            let (end, rest) = (&text[..after_bracket + at], &text[after_bracket + at + 1..]);
            let (port, protocol) = rest.split_once('/').map_or((rest, None), |(port, it)| (port, Some(it)));
            if port.is_empty() {
                return Err(not_an_end(text, "no port follows the colon"));
            }
            if port.contains(':') {
                return Err(not_an_end(text, "an IPv6 address with a port is written [fd00::7]:443"));
            }
            Ok((end, port, protocol.map(read_protocol).transpose()?))
        }
        None => {
            let (end, protocol) = split_protocol(text);
            Ok((end, "", protocol))
        }
    }
}

/// Parts `END/PROTOCOL`; names are lower case, so `shop/UDP` is a pod and a protocol, `shop/udp` a pod.
fn split_protocol(text: &str) -> (&str, Option<Protocol>) {
    let parted = text.rsplit_once('/').filter(|(rest, _)| !rest.is_empty());
    let is_protocol = |it: &&str| Protocol::ALL.iter().any(|protocol| protocol.as_str() == *it);
    match parted.filter(|(rest, it)| is_protocol(it) || is_lower_protocol(rest, it)) {
        Some((rest, protocol)) => (rest, Protocol::parse(protocol)),
        None => (text, None),
    }
}

/// Whether `it` can be nothing but a protocol, since what stands before it is an end in full.
fn is_lower_protocol(rest: &str, it: &str) -> bool {
    let whole = match rest.split('/').collect::<Vec<_>>().as_slice() {
        [kind, _, _] => word(kind).is_some(),
        [kind, _] => matches!(word(kind), Some((_, KindWord::Namespace | KindWord::Node))),
        _ => false,
    };
    Protocol::parse(it).is_some() && (whole || address(rest).is_some() || rest.ends_with(']'))
}

/// The protocol behind a port.
pub fn read_protocol(text: &str) -> Result<Protocol, Fault> {
    Protocol::parse(text)
        .ok_or_else(|| Fault::new(format!("{text:?} is no protocol"), "protocols are TCP (the default), UDP and SCTP"))
}

/// The end that these segments name.
fn named(text: &str, segments: &[&str], namespace: &Name) -> Result<AskedEnd, Fault> {
    match *segments {
        // A pod may be called so, but then it is called `pod/NAME`.
        [name] if is_like_an_address(name) => Err(not_an_end(text, "the numbers of an address end at 255")),
        [first, _] if first.parse::<IpAddr>().is_ok() => Err(not_an_end(text, "no block has such a prefix")),
        ["internet" | "world"] => Ok(AskedEnd::Internet),
        [name] => Ok(dns_name::read(name).unwrap_or_else(|| AskedEnd::Pod(PodId::new(namespace.clone(), name)))),
        [first, second] => match word(first) {
            Some((kind, word)) => Ok(of_word(kind, word, namespace.clone(), second)),
            None => Ok(AskedEnd::Pod(PodId::new(first, second))),
        },
        [first, second, third] => match word(first) {
            Some((_, KindWord::Namespace | KindWord::Node)) => Err(not_an_end(text, "cluster-scoped")),
            Some((kind, word)) => Ok(of_word(kind, word, second.into(), third)),
            None => Ok(of_word(&first.to_ascii_lowercase(), KindWord::Workload, second.into(), third)),
        },
        _ => Err(not_an_end(text, "it has too many parts")),
    }
}

fn of_word(kind: &str, word: KindWord, namespace: Name, name: &str) -> AskedEnd {
    let name = Name::from(name);
    match word {
        KindWord::Pod => AskedEnd::Pod(PodId { namespace, name }),
        KindWord::Service => AskedEnd::Service { namespace, name },
        KindWord::Namespace => AskedEnd::Namespace(name),
        KindWord::Node => AskedEnd::Node(name),
        KindWord::Workload => AskedEnd::Workload { kind: kind.into(), namespace, name },
    }
}

fn not_an_end(text: &str, why: &str) -> Fault {
    Fault::new(
        format!("invalid endpoint {text:?}: {why}"),
        "ends are NS/POD, deploy/NS/NAME, svc/NS/NAME, ns/NAME, node/NAME, an IP, a CIDR or internet",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `end_and_port` reads, written out again; or its complaint.
    fn read(text: &str) -> String {
        match end_and_port(text, &"here".into()) {
            Ok((end, port)) => format!("{end}{port}"),
            Err(fault) => format!("error: {}", fault.what),
        }
    }

    #[test]
    fn ends_are_read_as_the_contract_says() {
        let cases = [
            ("web", "pod/here/web"),
            ("shop/web-0", "pod/shop/web-0"),
            ("po/web-0", "pod/here/web-0"),
            ("pod/shop/web-0", "pod/shop/web-0"),
            ("pod/deploy/web", "pod/deploy/web"),
            ("deploy/web", "deployment/here/web"),
            ("deployment.apps/web", "deployment/here/web"),
            ("Deployments/shop/web", "deployment/shop/web"),
            ("sts/shop/db", "statefulset/shop/db"),
            ("cronjob/shop/x", "cronjob/shop/x"),
            ("rollout/shop/web", "rollout/shop/web"),
            ("svc/shop/db:5432", "service/shop/db:5432/TCP"),
            ("svc/db:http/udp", "service/here/db:http/UDP"),
            ("ns/shop", "namespace/shop"),
            ("node/n1:10250", "node/n1:10250/TCP"),
            ("no/n1/udp", "node/n1/UDP"),
            ("deploy", "pod/here/deploy"),
            ("internet:443", "internet:443/TCP"),
            ("world/UDP", "internet/UDP"),
            ("pod/world", "pod/here/world"),
            ("db.shop.svc:5432", "service/shop/db:5432/TCP"),
            ("DB-0.db.shop.SVC.cluster.local.:pg", "db-0.db.shop.svc:pg"),
        ];
        cases.iter().for_each(|(text, whole)| assert_eq!(read(text), *whole, "{text}"));
    }

    #[test]
    fn addresses_are_made_canonical() {
        let cases = [
            ("10.0.0.7", "10.0.0.7"),
            ("10.0.0.7:80", "10.0.0.7:80/TCP"),
            ("10.0.0.7/32", "10.0.0.7"),
            ("[::ffff:10.0.0.7/128]:80", "10.0.0.7:80/TCP"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("10.1.2.3/8:53/UDP", "10.0.0.0/8:53/UDP"),
            ("10.0.0.0/8/UDP", "10.0.0.0/8/UDP"),
            ("10.0.0.7/sctp", "10.0.0.7/SCTP"),
            ("fd00::7", "fd00::7"),
            ("[fd00::7]", "fd00::7"),
            ("[fd00::7]:443", "fd00::7:443/TCP"),
            ("[fd00::7]/UDP", "fd00::7/UDP"),
            ("[fd00::/64]:443/SCTP", "fd00::/64:443/SCTP"),
            ("[fd00::]/64:443", "error: invalid endpoint \"[fd00::]/64\": no name holds ':'"),
            ("::ffff:10.0.0.7", "10.0.0.7"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("[::ffff:10.0.0.7]:80", "10.0.0.7:80/TCP"),
        ];
        cases.iter().for_each(|(text, whole)| assert_eq!(read(text), *whole, "{text}"));
    }

    #[test]
    fn a_protocol_stands_wherever_a_port_may() {
        let cases = [
            ("shop/web/UDP", "pod/shop/web/UDP"),
            ("shop/udp", "pod/shop/udp"),
            ("pod/shop/web/udp", "pod/shop/web/UDP"),
            ("web/SCTP", "pod/here/web/SCTP"),
            ("web:dns/UDP", "pod/here/web:dns/UDP"),
            ("web:dns", "pod/here/web:dns"),
        ];
        cases.iter().for_each(|(text, whole)| assert_eq!(read(text), *whole, "{text}"));
    }

    #[test]
    fn what_is_no_end_or_port_is_an_error() {
        let cases = [
            ("web:0", "error: port 0 does not exist"),
            ("web:70000", "error: port 70000 does not exist"),
            ("web:99999999999999999999", "error: port 18446744073709551615 does not exist"),
            ("web:", "error: invalid endpoint \"web:\": no port follows the colon"),
            ("web:HTTP", "error: \"HTTP\" is no port"),
            ("web:80-90", "error: \"80-90\" is no port"),
            ("web:80/ICMP", "error: \"ICMP\" is no protocol"),
            ("", "error: invalid endpoint \"\": a part of it is empty"),
            ("shop//web", "error: invalid endpoint \"shop//web\": a part of it is empty"),
            ("10.0.0.300:80", "error: invalid endpoint \"10.0.0.300\": the numbers of an address end at 255"),
            ("10.0.0.0/33", "error: invalid endpoint \"10.0.0.0/33\": no block has such a prefix"),
            ("ns/a/b", "error: invalid endpoint \"ns/a/b\": cluster-scoped"),
            ("a/b/c/d", "error: invalid endpoint \"a/b/c/d\": it has too many parts"),
            (
                "fd00::7::443",
                "error: invalid endpoint \"fd00::7::443\": an IPv6 address with a port is written [fd00::7]:443",
            ),
            ("a b", "error: invalid endpoint \"a b\": no name holds ' '"),
        ];
        cases.iter().for_each(|(text, whole)| assert_eq!(read(text), *whole, "{text}"));
    }
}

//! Whether an end can resolve names, in one clause that names the protocol that is denied.
//!
//! ```text
//! DNS: pod/shop/web can resolve through kube-dns (UDP and TCP 53)
//! DNS: pod/shop/web may fail to resolve through kube-dns: UDP 53 is allowed, TCP 53 is denied
//! ```

use std::collections::BTreeSet;

use crate::model::evidence::Outcome;
use crate::model::port::Protocol;
use crate::net::dns::{Dns, DnsServer, NodeLocal};

use super::words;

/// Whether `from` can resolve names through this Service (S51).
pub fn told(dns: &Dns, from: &str, service: &str) -> String {
    let both = format!("{} and {} {}", Protocol::Udp, Protocol::Tcp, ports(dns));
    match (dns.outcome(), is_denied(dns)) {
        (Outcome::Allow, _) => format!("DNS: {from} can resolve through {service} ({both})"),
        (Outcome::Deny, _) => format!("DNS: {from} cannot resolve through {service}: {both} are denied"),
        (Outcome::Unknown, true) => {
            format!("DNS: {from} may fail to resolve: {both} of {service} are denied{}", cache(dns))
        }
        (Outcome::Unknown, false) => {
            let clauses = [clause(dns, Protocol::Udp, |it| it.udp), clause(dns, Protocol::Tcp, |it| it.tcp)];
            format!("DNS: {from} may fail to resolve through {service}: {}{}", clauses.join(", "), cache(dns))
        }
    }
}

fn is_denied(dns: &Dns) -> bool {
    dns.servers.iter().all(|it| it.udp == Outcome::Deny && it.tcp == Outcome::Deny)
}

/// The numbers that the servers listen on, each once.
fn ports(dns: &Dns) -> String {
    let numbers: BTreeSet<u16> = dns.servers.iter().map(|it| it.port).collect();
    numbers.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")
}

/// `UDP 53 is denied`, `TCP 53 is denied to 1 of 2 pods`.
fn clause(dns: &Dns, protocol: Protocol, of: impl Fn(&DnsServer) -> Outcome) -> String {
    let all = dns.servers.len() as u64;
    let count = |outcome: Outcome| dns.servers.iter().filter(|it| of(it) == outcome).count() as u64;
    let some = |number: u64| if number == all { String::new() } else { format!(" to {number} of {}", pods(all)) };
    let how = match (count(Outcome::Deny), count(Outcome::Unknown)) {
        (0, 0) => "allowed".to_owned(),
        (0, unknown) => format!("unknown{}", some(unknown)),
        (denied, _) => format!("denied{}", some(denied)),
    };
    format!("{protocol} {} is {how}", ports(dns))
}

fn pods(number: u64) -> String {
    words::count(number, "pod", "pods")
}

/// What the end may ask instead.
fn cache(dns: &Dns) -> &'static str {
    match dns.node_local {
        NodeLocal::None => "",
        NodeLocal::Here(_) => "; a NodeLocal DNSCache on its node may answer instead",
        NodeLocal::Unseen => {
            "; a NodeLocal DNSCache on its node could answer instead: the node's pods are not all known"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::PodId;

    fn server(name: &str, udp: Outcome, tcp: Outcome) -> DnsServer {
        DnsServer { pod: PodId::new("kube-system", name), port: 53, udp, tcp }
    }

    fn said(servers: Vec<DnsServer>) -> String {
        told(&Dns { servers, service: None, node_local: NodeLocal::None }, "pod/shop/web", "kube-dns")
    }

    #[test]
    fn the_protocol_that_is_denied_is_named() {
        use Outcome::{Allow, Deny, Unknown};
        let cases = [
            ((Allow, Allow), "DNS: pod/shop/web can resolve through kube-dns (UDP and TCP 53)"),
            ((Deny, Deny), "DNS: pod/shop/web cannot resolve through kube-dns: UDP and TCP 53 are denied"),
            (
                (Allow, Deny),
                "DNS: pod/shop/web may fail to resolve through kube-dns: UDP 53 is allowed, TCP 53 is denied",
            ),
            (
                (Deny, Unknown),
                "DNS: pod/shop/web may fail to resolve through kube-dns: UDP 53 is denied, TCP 53 is unknown",
            ),
        ];
        for ((udp, tcp), text) in cases {
            assert_eq!(said(vec![server("a", udp, tcp)]), text);
        }
        let some = said(vec![server("a", Allow, Allow), server("b", Deny, Allow)]);
        assert!(some.ends_with("UDP 53 is denied to 1 of 2 pods, TCP 53 is allowed"), "{some}");
    }
}

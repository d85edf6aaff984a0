//! Names of a cluster's DNS, as logs and configurations show them.
//!
//! ```text
//! db.shop.svc  db.shop.svc.cluster.local.       the Service db of shop
//! db-0.db.shop.svc.cluster.local                the pod behind it whose host name is db-0
//! 10-0-0-7.shop.pod.cluster.local               the address 10.0.0.7
//! ```
//!
//! A cluster may have another domain than `cluster.local`, so that a person may write any; what else ends in a domain
//! of its own is a name outside. Letters have no case, and a dot may end a name.

use std::net::IpAddr;

use crate::model::name::Name;

use super::end::AskedEnd;

/// The domain of nearly all clusters.
const DOMAIN: &str = "cluster.local";

/// What a person means by such a name; `None`: it is no name of a cluster's DNS.
pub fn read(text: &str) -> Option<AskedEnd> {
    parted(text).map(|it| it.0)
}

/// What an object means by such a name: one of another domain is of another cluster, or of none.
pub fn of_this_cluster(text: &str) -> Option<AskedEnd> {
    parted(text).filter(|(_, domain)| domain.is_empty() || domain == DOMAIN).map(|it| it.0)
}

/// The end, and the domain behind it.
fn parted(text: &str) -> Option<(AskedEnd, String)> {
    let text = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let labels: Vec<&str> = text.split('.').collect();
    if labels.iter().any(|it| it.is_empty()) {
        return None;
    }
    // A namespace or a Service may be called so as well: then the word stands again behind it.
    let (end, rest) = match labels.as_slice() {
        [service, namespace, "svc", rest @ ..] => (of_service(service, namespace), rest),
        [host, service, namespace, "svc", rest @ ..] => (of_host(host, service, namespace), rest),
        [dashed, _, "pod", rest @ ..] => (AskedEnd::Address(undashed(dashed)?), rest),
        _ => return None,
    };
    Some((end, rest.join(".")))
}

fn of_service(service: &str, namespace: &str) -> AskedEnd {
    AskedEnd::Service { namespace: namespace.into(), name: service.into() }
}

fn of_host(host: &str, service: &str, namespace: &str) -> AskedEnd {
    AskedEnd::Host { host: Name::from(host), service: service.into(), namespace: namespace.into() }
}

/// The address that a label spells with dashes: `10-0-0-7`, `fd00--7`.
pub fn undashed(label: &str) -> Option<IpAddr> {
    label.replace('-', ".").parse().or_else(|_| label.replace('-', ":").parse()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_cluster_are_told_from_others() {
        let cases = [
            ("db.shop.svc", Some("service/shop/db"), true),
            ("db.shop.svc.cluster.local", Some("service/shop/db"), true),
            ("DB.Shop.SVC.Cluster.Local.", Some("service/shop/db"), true),
            ("db.shop.svc.k8s.example.org", Some("service/shop/db"), false),
            ("db-0.db.shop.svc", Some("db-0.db.shop.svc"), true),
            ("db.svc.svc.cluster.local", Some("service/svc/db"), true),
            ("10-0-0-7.shop.pod.cluster.local", Some("10.0.0.7"), true),
            ("fd00--7.shop.pod", Some("fd00::7"), true),
            ("web.shop.pod", None, false),
            ("db.shop", None, false),
            ("smtp.example.org", None, false),
            ("svc", None, false),
            (".shop.svc", None, false),
        ];
        for (text, end, is_here) in cases {
            assert_eq!(read(text).map(|it| it.to_string()).as_deref(), end, "{text}");
            assert_eq!(of_this_cluster(text).is_some(), is_here, "{text}");
        }
    }
}

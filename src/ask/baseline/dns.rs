//! Where the cluster's DNS is: `NS/SELECTOR[:PORT]`.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::model::name::is_dns_label;

/// The pods that answer for names, and the port that they answer on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct DnsServers {
    pub namespace: String,
    pub labels: BTreeMap<String, String>,
    pub port: u16,
}

impl Default for DnsServers {
    fn default() -> Self {
        let labels = [("k8s-app".to_owned(), "kube-dns".to_owned())].into();
        Self { namespace: "kube-system".to_owned(), labels, port: 53 }
    }
}

impl FromStr for DnsServers {
    /// One phrase, which clap says behind the argument.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let odd = || format!("{text:?} is not NS/SELECTOR[:PORT], such as kube-system/k8s-app=kube-dns:53");
        let (namespace, rest) = text.split_once('/').filter(|it| is_dns_label(it.0)).ok_or_else(odd)?;
        let (selector, port) = match rest.rsplit_once(':') {
            Some((selector, port)) => (selector, port.parse().ok().filter(|it| *it != 0).ok_or_else(odd)?),
            None => (rest, 53),
        };
        let pair = |it: &str| {
            let (key, value) = it.split_once('=')?;
            let is_label = |it: &str| !it.is_empty() && !it.contains(char::is_whitespace) && !it.contains('=');
            (is_label(key) && is_label(value)).then(|| (key.to_owned(), value.to_owned()))
        };
        let labels: Option<BTreeMap<String, String>> = selector.split(',').map(pair).collect();
        Ok(Self { namespace: namespace.to_owned(), labels: labels.ok_or_else(odd)?, port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_of_names_are_a_namespace_labels_and_a_port() {
        let read: DnsServers =
            "openshift-dns/dns.operator.openshift.io/daemonset-dns=default:5353".parse().expect("it reads");
        assert_eq!((read.namespace.as_str(), read.port), ("openshift-dns", 5353));
        assert_eq!(read.labels.keys().next().map(String::as_str), Some("dns.operator.openshift.io/daemonset-dns"));
        assert_eq!("kube-system/k8s-app=kube-dns".parse(), Ok(DnsServers::default()));
        let two: DnsServers = "dns/a=b,c=d".parse().expect("it reads");
        assert_eq!((two.labels.len(), two.port), (2, 53));
        for odd in ["kube-dns", "a/b", "a/b=", "a/b=c:", "a/b=c:0", "a/b=c:x", "/a=b", "a/=b", ""] {
            assert!(odd.parse::<DnsServers>().is_err(), "{odd}");
        }
    }
}

//! What a host that a manifest names is: a Service, none that is there, or something outside the cluster.
//!
//! ```text
//! cart  cart.shop  cart.shop.svc  cart.shop.svc.cluster.local      the Service cart of shop
//! db-0.db  db-0.db.shop.svc                                        a pod behind the Service db: the Service
//! ```

use crate::manifests::mention::{HostForm, Mention};
use crate::model::cluster::Cluster;
use crate::model::name::Name;
use crate::model::service::{Service, ServiceType};

/// Whom a host means.
pub(super) enum HostMeaning<'a> {
    Service(&'a Service),
    /// A name of a Service that is not there.
    Absent,
    Outside,
    /// A word like any other.
    Nothing,
}

/// How far ExternalNames are followed.
const STEPS: u8 = 8;

/// Whom a mention means in this namespace; its own Services come first.
pub(super) fn whom<'a>(cluster: &'a Cluster, namespace: &str, mention: &Mention, key: &str) -> HostMeaning<'a> {
    // DNS knows no case; a word that stands alone is a name only as it is written.
    let host = if mention.form == HostForm::Alone { mention.host.clone() } else { mention.host.to_ascii_lowercase() };
    match service(cluster, namespace, &host) {
        Some(found) if mention.beside.iter().all(|it| service(cluster, namespace, it).is_some()) => {
            followed(cluster, found)
        }
        Some(_) => HostMeaning::Nothing,
        None => unknown(cluster, &host, mention, key),
    }
}

/// The Service that a name of DNS leads to.
pub(super) fn service<'a>(cluster: &'a Cluster, namespace: &str, host: &str) -> Option<&'a Service> {
    let get = |namespace: &str, name: &str| cluster.services.get(namespace, name).map(|it| &**it);
    let labels: Vec<&str> = host.trim_end_matches('.').split('.').collect();
    match labels.as_slice() {
        [name] => get(namespace, name),
        // A pod of a headless Service, where the Service is in the namespace itself.
        [first, second] => get(second, first).or_else(|| get(namespace, second).filter(|it| it.headless)),
        [name, home, "svc", ..] => get(home, name),
        [_, name, home, "svc", ..] => get(home, name),
        [_, name, home] => get(home, name).filter(|it| it.headless),
        _ => None,
    }
}

/// What an ExternalName leads to in the end.
fn followed<'a>(cluster: &'a Cluster, first: &'a Service) -> HostMeaning<'a> {
    let mut at = first;
    for _ in 0..STEPS {
        let ServiceType::ExternalName(name) = &at.service_type else { return HostMeaning::Service(at) };
        let Some(next) = service(cluster, &at.meta.namespace, &name.to_ascii_lowercase()) else {
            return HostMeaning::Outside;
        };
        at = next;
    }
    HostMeaning::Nothing
}

/// What is no Service.
fn unknown<'a>(cluster: &'a Cluster, host: &str, mention: &Mention, key: &str) -> HostMeaning<'a> {
    let labels: Vec<&str> = host.trim_end_matches('.').split('.').collect();
    let is_known = |it: &str| cluster.namespace_names().contains(&Name::from(it));
    let is_address = host.parse::<std::net::IpAddr>().is_ok() || labels.iter().all(|it| it.parse::<u64>().is_ok());
    let is_local = ["localhost", "localhost.localdomain"].contains(&host);
    match (labels.as_slice(), mention.form) {
        _ if is_local || is_address && mention.form != HostForm::Url => HostMeaning::Nothing,
        _ if is_address && host.starts_with("127.") => HostMeaning::Nothing,
        _ if is_address => HostMeaning::Outside,
        ([_, _, "svc"], _) | ([_, _, "svc", "cluster", "local"], _) | ([_, _, _, "svc", ..], _) => HostMeaning::Absent,
        ([_], HostForm::Url) => HostMeaning::Absent,
        ([_], HostForm::Port) if wants_a_host(key) => HostMeaning::Absent,
        ([_, home], HostForm::Url | HostForm::Port) if is_known(home) => HostMeaning::Absent,
        ([_, _, ..], HostForm::Url | HostForm::Port) if is_domain(&labels) => HostMeaning::Outside,
        _ => HostMeaning::Nothing,
    }
}

/// Whether a variable or a key is called as those that hold hosts.
fn wants_a_host(key: &str) -> bool {
    const WORDS: [&str; 14] = [
        "HOST", "ADDR", "URL", "URI", "ENDPOINT", "SERVER", "SERVICE", "BROKER", "UPSTREAM", "PEER", "SEED", "NODES",
        "TARGET", "BACKEND",
    ];
    let key = key.to_ascii_uppercase();
    WORDS.iter().any(|it| key.contains(it))
}

/// Whether the last label can be that of the world's DNS, and not that of a file (`app.py:1`).
fn is_domain(labels: &[&str]) -> bool {
    labels.last().is_some_and(|it| it.len() > 1 && it.bytes().all(|it| it.is_ascii_alphabetic()))
}

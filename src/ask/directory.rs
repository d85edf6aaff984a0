//! Who holds an address: the unfinished pods off the host network, the nodes and the Services of a cluster.
//!
//! It is made once for as many questions as there are, and only when one of them names an address.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::model::address::canonical;
use crate::model::cluster::Cluster;
use crate::model::facts::{Meta, Node, PodNetwork, Service, SharedPod};
use crate::model::id::ObjectId;
use crate::model::items::Items;
use crate::model::name::Name;
use crate::net::host_addresses;

/// An object that an address belongs to.
#[derive(Clone, PartialEq, Debug)]
pub enum AddressOwner {
    Pod(SharedPod),
    Node(Arc<Node>),
    Service(Arc<Service>),
}

impl AddressOwner {
    /// What names it.
    pub fn id(&self) -> ObjectId {
        use crate::model::facts::Fact;
        match self {
            AddressOwner::Pod(it) => it.id(),
            AddressOwner::Node(it) => it.id(),
            AddressOwner::Service(it) => it.id(),
        }
    }
}

/// A node with the addresses that its pods on the host network have.
pub(super) fn implied(cluster: &Cluster, name: &Name, addresses: &[IpAddr]) -> Node {
    let told: BTreeSet<IpAddr> = addresses.iter().copied().collect();
    let listed = cluster.nodes.get("", name);
    // Those that the object lists come first: policies are asked about the first of a family.
    let own: Vec<IpAddr> = listed.iter().flat_map(|it| it.addresses.iter().copied()).collect();
    let told = told.into_iter().filter(|it| !own.contains(it)).collect::<Vec<_>>();
    let addresses: Items<IpAddr> = own.into_iter().chain(told).collect();
    match listed {
        Some(listed) => Node { addresses, ..Node::clone(listed) },
        None => Node {
            meta: Meta { name: name.clone(), ..Meta::default() },
            labels: Default::default(),
            addresses,
            pod_cidrs: Default::default(),
            provider: Name::empty(),
        },
    }
}

/// Every address that an object of the cluster holds.
#[derive(Debug, Default)]
pub struct Directory {
    holders: FxHashMap<IpAddr, Vec<AddressOwner>>,
}

impl Directory {
    /// The directory of this cluster.
    pub fn of(cluster: &Cluster) -> Self {
        let mut all = Self::default();
        for pod in cluster.pods.iter().filter(|it| it.network() == PodNetwork::Own && !it.phase().is_finished()) {
            pod.addresses().iter().for_each(|address| all.put(address, AddressOwner::Pod(pod.clone())));
        }
        for node in cluster.nodes.iter() {
            node.addresses.iter().for_each(|address| all.put(*address, AddressOwner::Node(node.clone())));
        }
        all.put_hosts(cluster);
        for service in cluster.services.iter() {
            let held = || AddressOwner::Service(service.clone());
            service.addresses().for_each(|address| all.put(address, held()));
        }
        all
    }

    /// What runs on the host network has its node's address, which no Node object may list.
    fn put_hosts(&mut self, cluster: &Cluster) {
        for (name, addresses) in host_addresses(cluster) {
            let node = Arc::new(implied(cluster, &name, &addresses));
            let is_listed = |it: &IpAddr| cluster.nodes.get("", &name).is_some_and(|node| node.addresses.contains(it));
            addresses.iter().filter(|it| !is_listed(it)).for_each(|it| self.put(*it, AddressOwner::Node(node.clone())));
        }
    }

    fn put(&mut self, address: IpAddr, holder: AddressOwner) {
        let held = self.holders.entry(canonical(address)).or_default();
        if !held.contains(&holder) {
            held.push(holder);
        }
    }

    /// Who holds this address: nobody, one, or (in a broken or racing cluster) several.
    pub fn holders(&self, address: IpAddr) -> &[AddressOwner] {
        self.holders.get(&address).map_or(&[], Vec::as_slice)
    }
}

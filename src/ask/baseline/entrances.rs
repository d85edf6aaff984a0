//! Who is let in: from outside through Services, through proxies by Ingresses and routes, and monitoring.
//!
//! The pods of a controller are told by the labels that its own charts and manifests give them. Where none is found the
//! contract lets all pods in: nobody knows who will ask.

use std::collections::BTreeSet;

use super::ports::NeededPort;
use super::services::WhichPorts;
use super::units::NeededPeer;
use super::{BaselineDraft, NeedReason};
use crate::manifests::{Entrance, ManifestId, PortRef, RoutedService};
use crate::model::facts::Pod;
use crate::model::labels::Labels;
use crate::model::name::Name;
use crate::model::port::Protocol;
use crate::model::service::Service;

/// A controller of Ingresses or Gateways, or a collector of metrics, and the labels of its pods.
struct KnownController {
    /// Names of classes, and of the controllers behind them.
    classes: &'static [&'static str],
    labels: &'static [(&'static str, &'static str)],
}

/// By the charts and manifests of each project.
const PROXIES: &[KnownController] = &[
    KnownController {
        classes: &["nginx", "k8s.io/ingress-nginx"],
        labels: &[("app.kubernetes.io/name", "ingress-nginx"), ("app.kubernetes.io/component", "controller")],
    },
    KnownController {
        classes: &["nginx", "nginx.org/ingress-controller"],
        labels: &[("app.kubernetes.io/name", "nginx-ingress")],
    },
    KnownController { classes: &["nginx", "nginx.org/ingress-controller"], labels: &[("app", "nginx-ingress")] },
    KnownController {
        classes: &["traefik", "traefik.io/ingress-controller"],
        labels: &[("app.kubernetes.io/name", "traefik")],
    },
    KnownController { classes: &["traefik", "traefik.io/ingress-controller"], labels: &[("app", "traefik")] },
    KnownController {
        classes: &["haproxy", "haproxy.org/ingress-controller/haproxy"],
        labels: &[("app.kubernetes.io/name", "kubernetes-ingress")],
    },
    KnownController {
        classes: &["haproxy", "haproxy-ingress.github.io/controller"],
        labels: &[("app.kubernetes.io/name", "haproxy-ingress")],
    },
    KnownController {
        classes: &["kong", "ingress-controllers.konghq.com/kong"],
        labels: &[("app.kubernetes.io/name", "kong")],
    },
    KnownController { classes: &["contour", "projectcontour.io/ingress-controller"], labels: &[("app", "envoy")] },
    KnownController {
        classes: &["contour", "projectcontour.io/ingress-controller"],
        labels: &[("app.kubernetes.io/name", "contour"), ("app.kubernetes.io/component", "envoy")],
    },
    KnownController { classes: &["istio", "istio.io/ingress-controller"], labels: &[("istio", "ingressgateway")] },
    KnownController {
        classes: &["openshift-default"],
        labels: &[("ingresscontroller.operator.openshift.io/deployment-ingresscontroller", "default")],
    },
    KnownController { classes: &["cilium", "cilium.io/ingress-controller"], labels: &[("k8s-app", "cilium-envoy")] },
    KnownController { classes: &["envoy-gateway"], labels: &[("app.kubernetes.io/name", "envoy")] },
];

/// Labels by which a proxy says which Gateway it stands for.
const OF_GATEWAY: &[&str] = &["gateway.networking.k8s.io/gateway-name", "gateway.envoyproxy.io/owning-gateway-name"];

/// Collectors of metrics, those that scrape by annotations first.
const MONITORING: &[&[(&str, &str)]] = &[
    &[("app.kubernetes.io/name", "prometheus")],
    &[("app", "prometheus")],
    &[("app.kubernetes.io/name", "vmagent")],
    &[("app.kubernetes.io/name", "victoria-metrics-agent")],
    &[("app.kubernetes.io/name", "alloy")],
    &[("app.kubernetes.io/name", "grafana-agent")],
    &[("app.kubernetes.io/name", "opentelemetry-collector")],
];

impl BaselineDraft<'_> {
    /// Ingress to whatever is exposed, routed to or scraped.
    pub fn entrances(&mut self) {
        let manifests = self.manifests;
        self.exposed();
        for (object, entrance) in &manifests.entrances {
            self.routed(object, entrance);
        }
        self.scraped();
    }

    /// Services that are entered from outside.
    fn exposed(&mut self) {
        let cluster = self.units.cluster.clone();
        for service in cluster.services.iter().filter(|it| it.has_node_ports()) {
            let object = object_of(service);
            let kind = match service.service_type {
                crate::model::service::ServiceType::NodePort => "NodePort",
                _ => "LoadBalancer",
            };
            let because = NeedReason { object, place: "spec.type".to_owned(), what: format!("is of type {kind}") };
            for (to, ports) in self.targets(service, &WhichPorts::All).unwrap_or_default() {
                self.flows.need(NeededPeer::Everyone, to, ports, &because);
            }
        }
    }

    fn routed(&mut self, object: &ManifestId, entrance: &Entrance) {
        let cluster = self.units.cluster.clone();
        let sources = self.proxies(entrance);
        for RoutedService { place, namespace, service, port, is_target } in &entrance.backends {
            let Some(found) = cluster.services.get(namespace, service) else {
                if self.units.scope.contains(object.namespace.as_str()) {
                    let value = format!("{service}.{namespace}");
                    let (object, place) = (object.clone(), place.clone());
                    self.baseline.unresolved.push(super::Unresolved { object, place, value });
                }
                continue;
            };
            let which = match (port, is_target) {
                (None, _) => WhichPorts::All,
                (Some(port), true) => WhichPorts::Target(port.clone()),
                (Some(PortRef::Number(number)), false) => WhichPorts::Number(*number),
                (Some(PortRef::Name(name)), false) => WhichPorts::Name(name.clone()),
            };
            let what = format!("leads to service/{namespace}/{service}");
            let because = NeedReason { object: object.clone(), place: place.clone(), what };
            for (to, ports) in self.targets(found, &which).unwrap_or_default() {
                sources.iter().for_each(|it| self.flows.need(*it, to, ports.iter().cloned(), &because));
            }
        }
    }

    /// The pods of the controller behind an Ingress or a route.
    fn proxies(&mut self, entrance: &Entrance) -> BTreeSet<NeededPeer> {
        let mut found = BTreeSet::new();
        for (namespace, gateway) in &entrance.gateways {
            for key in OF_GATEWAY {
                let labels = Labels::new([((*key).into(), gateway.as_str().into())]);
                // Envoy Gateway keeps its proxies in a namespace of its own.
                let home = (*key == OF_GATEWAY[0]).then(|| Name::from(namespace.as_str()));
                found.extend(self.labeled(&labels, home.as_ref()));
            }
        }
        let class = match entrance.class.as_str() {
            "" if entrance.gateways.is_empty() => self.manifests.default_class.clone().unwrap_or_default(),
            class => class.to_owned(),
        };
        let controller = self.manifests.classes.get(&class).cloned().unwrap_or_default();
        let is_of =
            |it: &&KnownController| it.classes.contains(&class.as_str()) || it.classes.contains(&controller.as_str());
        let is_untold = !PROXIES.iter().any(|it| is_of(&it));
        if found.is_empty() {
            for known in PROXIES.iter().filter(|it| is_of(it) || is_untold && controller.is_empty()) {
                found.extend(self.known(known.labels));
            }
        }
        if found.is_empty() { [NeededPeer::AllPods].into() } else { found }
    }

    fn known(&mut self, labels: &[(&str, &str)]) -> Vec<NeededPeer> {
        let labels = Labels::new(labels.iter().map(|(key, value)| ((*key).into(), (*value).into())));
        self.labeled(&labels, None)
    }

    /// Workloads whose pods have these labels, in any namespace or in one.
    fn labeled(&mut self, labels: &Labels, home: Option<&Name>) -> Vec<NeededPeer> {
        let cluster = self.units.cluster.clone();
        let holds = |it: &Pod| it.labels().hold(labels);
        let namespaces: BTreeSet<Name> = cluster
            .pods
            .iter()
            .filter(|it| !it.phase().is_finished() && holds(it))
            .map(|it| it.namespace().clone())
            .filter(|it| home.is_none_or(|home| home == it))
            .collect();
        let mut peers = Vec::new();
        for namespace in &namespaces {
            for (unit, pods) in self.units.selected(namespace, &holds) {
                peers.extend(self.units.part(&unit, &pods, labels));
            }
        }
        peers
    }

    /// Pods and Services that say on which port they are scraped.
    fn scraped(&mut self) {
        let manifests = self.manifests;
        let is_scraped = manifests.templates.values().any(|it| it.scraped.is_some()) || !manifests.scraped.is_empty();
        if !is_scraped {
            return;
        }
        let sources = MONITORING.iter().map(|it| self.known(it)).find(|it| !it.is_empty());
        let sources = sources.unwrap_or_else(|| vec![NeededPeer::AllPods]);
        for (object, template) in &manifests.templates {
            let Some(port) = template.scraped else { continue };
            for to in self.units.peers(&crate::manifests::unit_of(object, template)) {
                self.scrape(&sources, to, port, object);
            }
        }
        let cluster = self.units.cluster.clone();
        for (object, port) in &manifests.scraped {
            let Some(service) = cluster.services.get(&object.namespace, &object.name) else { continue };
            for (to, _) in self.targets(service, &WhichPorts::All).unwrap_or_default() {
                self.scrape(&sources, to, *port, object);
            }
        }
    }

    fn scrape(&mut self, sources: &[NeededPeer], to: NeededPeer, port: u16, object: &ManifestId) {
        let place = "metadata.annotations[prometheus.io/port]".to_owned();
        let because = NeedReason { object: object.clone(), place, what: format!("is scraped on port {port}") };
        let port = NeededPort::number(Protocol::Tcp, port);
        sources.iter().for_each(|it| self.flows.need(*it, to, [port.clone()], &because));
    }
}

/// A Service as manifests call it.
fn object_of(service: &Service) -> ManifestId {
    let (namespace, name) = (service.meta.namespace.to_string(), service.meta.name.to_string());
    ManifestId { kind: "service".to_owned(), namespace, name }
}

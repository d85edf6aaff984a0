//! What manifests declare beyond the facts of a cluster: which Services workloads name, and who is to be let in.
//!
//! ```text
//! Deployment  env, args, command, ConfigMaps that it brings in ──► Template     named in it: Services
//! ConfigMap   data                                             ──► texts        the same
//! Ingress, HTTPRoute, Route …   their backends                 ──► Entrance     let in: whoever the controller is
//! Pod, Service   prometheus.io/scrape, prometheus.io/port      ──► scraped      let in: monitoring
//! ```
//!
//! It is read once, when a question asks for it, and is no part of a cluster: most of it is text that answers about
//! policies never rest on. Secrets are not read; who refers to one is remembered.

pub mod mention;
mod pod;
mod read;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use crate::model::id::{PodId, WorkloadId};
use crate::model::owner::TEMPLATE_HASH;
use crate::net::reach::Unit;

pub use pod::{ToldTemplate, ToldText};
pub use rows::{DeclaringKind, ROWS, row_of};

/// Names an object of any kind: `configmap/shop/settings`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ManifestId {
    /// The lower-case singular.
    pub kind: String,
    /// Empty where it stands in none.
    pub namespace: String,
    pub name: String,
}

impl fmt::Display for ManifestId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.as_str() {
            "" => write!(out, "{}/{}", self.kind, self.name),
            namespace => write!(out, "{}/{namespace}/{}", self.kind, self.name),
        }
    }
}

/// The port of a Service, or of a pod, as an Ingress or a route writes it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PortRef {
    Number(u16),
    Name(String),
}

/// A Service that an Ingress or a route leads to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RoutedService {
    /// `spec.rules[0].http.paths[1].backend`.
    pub place: String,
    pub namespace: String,
    pub service: String,
    /// `None`: every port of it.
    pub port: Option<PortRef>,
    /// Whether `port` is the target port (OpenShift's Route) or the Service's own.
    pub is_target: bool,
}

/// What lets requests in from a proxy, and where they go.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Entrance {
    /// The class of an Ingress; empty where none is said.
    pub class: String,
    /// The Gateways of a route: namespace and name.
    pub gateways: Vec<(String, String)>,
    pub backends: Vec<RoutedService>,
}

/// The controller of something: its kind as the API writes it, and its name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Controller {
    pub kind: String,
    pub name: String,
}

/// All that was declared.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Manifests {
    /// Workloads, and pods that none of them made.
    pub templates: BTreeMap<ManifestId, ToldTemplate>,
    /// By namespace and name: what each key holds.
    pub config_maps: BTreeMap<(String, String), BTreeMap<String, String>>,
    /// Those that are named and may not be read.
    pub unread_maps: BTreeSet<(String, String)>,
    pub entrances: BTreeMap<ManifestId, Entrance>,
    /// By IngressClass: its controller; and which of them is the default.
    pub classes: BTreeMap<String, String>,
    pub default_class: Option<String>,
    /// By Service: the port of its pods that is scraped.
    pub scraped: BTreeMap<ManifestId, u16>,
    /// What was needed and could not be read, and why.
    pub missing: BTreeSet<String>,
}

impl Manifests {
    /// Leaves out what others of it made: a Deployment's ReplicaSets, a Job's pods.
    pub fn settle(&mut self) {
        let made: Vec<ManifestId> =
            self.templates.iter().filter(|(it, of)| self.is_made(it, of)).map(|it| it.0.clone()).collect();
        made.iter().for_each(|it| drop(self.templates.remove(it)));
    }

    /// Takes in what others declare; of two objects of one name theirs holds.
    pub fn join(&mut self, others: Self) {
        self.templates.extend(others.templates);
        self.config_maps.extend(others.config_maps);
        self.unread_maps.extend(others.unread_maps);
        self.entrances.extend(others.entrances);
        self.classes.extend(others.classes);
        self.default_class = others.default_class.or(self.default_class.take());
        self.scraped.extend(others.scraped);
        self.missing.extend(others.missing);
        self.settle();
    }

    /// Takes an object for gone.
    pub fn forget(&mut self, object: &Value, namespace: &str) {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let metadata = object.get("metadata");
        let own = text(metadata.and_then(|it| it.get("namespace")));
        let namespace = if own.is_empty() { namespace.to_owned() } else { own };
        let (kind, name) = (text(object.get("kind")), text(metadata.and_then(|it| it.get("name"))));
        let id = ManifestId { kind: kind.to_lowercase(), namespace, name };
        self.templates.remove(&id);
        self.entrances.remove(&id);
        self.scraped.remove(&id);
        if id.kind == "configmap" {
            self.config_maps.remove(&(id.namespace, id.name));
        }
    }

    /// Whether its controller is among what was read.
    pub fn is_made(&self, object: &ManifestId, template: &ToldTemplate) -> bool {
        let is_read = |it: &Controller| {
            let kind = it.kind.to_lowercase();
            let owner = ManifestId { kind, namespace: object.namespace.clone(), name: it.name.clone() };
            self.templates.contains_key(&owner)
        };
        template.controller.as_ref().is_some_and(is_read) || template.maker().as_ref().is_some_and(is_read)
    }

    /// The ConfigMaps that templates bring in, each once, by namespace and name.
    pub fn named_config_maps(&self) -> BTreeSet<(String, String)> {
        let named = |(object, template): (&ManifestId, &ToldTemplate)| {
            template.config_maps().map(|it| (object.namespace.clone(), it.to_owned())).collect::<Vec<_>>()
        };
        self.templates.iter().flat_map(named).collect()
    }
}

/// Whose pods a template is of, as maps by workload call them.
pub fn unit_of(object: &ManifestId, template: &ToldTemplate) -> Unit {
    let workload = |kind: &str, name: &str| {
        Unit::Workload(WorkloadId { namespace: object.namespace.as_str().into(), kind: kind.into(), name: name.into() })
    };
    match (template.maker(), object.kind.as_str()) {
        (Some(owner), _) => workload(&owner.kind, &owner.name),
        (None, "pod") => Unit::Pod(PodId::new(object.namespace.as_str(), object.name.as_str())),
        (None, kind) => workload(rows::word_of(kind), &object.name),
    }
}

impl ToldTemplate {
    /// Who makes its pods in the end: of a ReplicaSet its Deployment, by its name less the hash of the template.
    fn maker(&self) -> Option<Controller> {
        let owner = self.controller.clone()?;
        let hash = self.labels.get(TEMPLATE_HASH).filter(|_| owner.kind == "ReplicaSet");
        let name = hash.and_then(|it| owner.name.strip_suffix(it.as_str())?.strip_suffix('-'));
        Some(match name {
            Some(name) => Controller { kind: "Deployment".to_owned(), name: name.to_owned() },
            None => owner,
        })
    }
}

//! One object of JSON to what it declares.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::pod::{DeclaredPodSpec, ToldTemplate, template};
use super::rows::{Declares, DeclaringKind};
use super::{Controller, Entrance, ManifestId, Manifests, PortRef, RoutedService};

/// What all objects have.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ManifestObject {
    metadata: Option<ManifestMetadata>,
    spec: Option<Value>,
    status: Option<Value>,
    data: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ManifestMetadata {
    name: Option<String>,
    namespace: Option<String>,
    labels: Option<BTreeMap<String, Value>>,
    annotations: Option<BTreeMap<String, Value>>,
    owner_references: Option<Vec<OwnerReference>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct OwnerReference {
    kind: Option<String>,
    name: Option<String>,
    controller: Option<bool>,
}

/// The spec of any workload.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WorkloadSpec {
    selector: Option<Value>,
    template: Option<PodTemplate>,
    job_template: Option<JobTemplate>,
    replicas: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PodTemplate {
    metadata: Option<ManifestMetadata>,
    spec: Option<DeclaredPodSpec>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct JobTemplate {
    spec: Option<JobSpec>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct JobSpec {
    template: Option<PodTemplate>,
}

/// The text that a value is where the API wants one.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(it) => Some(it.clone()),
        Value::Number(it) => Some(it.to_string()),
        Value::Bool(it) => Some(it.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn texts(values: Option<BTreeMap<String, Value>>) -> BTreeMap<String, String> {
    values.unwrap_or_default().into_iter().filter_map(|(key, value)| Some((key, text(&value)?))).collect()
}

impl Manifests {
    /// Takes in an object of a kind that declares something; one that names no namespace is in `namespace`.
    ///
    /// What does not have the shape of its kind is remembered as missing.
    pub fn take(&mut self, row: &DeclaringKind, json: &str, namespace: &str) {
        let kind = row.word.to_lowercase();
        let read: Result<ManifestObject, _> = serde_json::from_str(json);
        let Ok(whole) = read else {
            self.missing.insert(format!("a {} that could not be read", row.word));
            return;
        };
        let metadata = whole.metadata.unwrap_or_default();
        let own = metadata.namespace.clone().filter(|it| !it.is_empty()).unwrap_or_else(|| namespace.to_owned());
        let namespace = if row.is_namespaced { own } else { String::new() };
        let object = ManifestId { kind, namespace, name: metadata.name.clone().unwrap_or_default() };
        let spec = whole.spec.filter(Value::is_object).unwrap_or_else(|| Value::Object(Default::default()));
        match row.what {
            Declares::ConfigMap => {
                self.config_maps.insert((object.namespace, object.name), texts(whole.data));
            }
            Declares::Service => self.service(object, metadata),
            Declares::Ingress => drop(self.entrances.insert(object.clone(), ingress(&object, &metadata, &spec))),
            Declares::IngressClass => self.class(object.name, metadata, &spec),
            Declares::Route => drop(self.entrances.insert(object.clone(), route(&object, &spec))),
            Declares::OpenShiftRoute => drop(self.entrances.insert(object.clone(), openshift_route(&object, &spec))),
            Declares::Pod => self.pod(object, metadata, spec),
            Declares::Workload => self.workload(row, object, metadata, spec, whole.status.as_ref()),
        }
    }

    fn service(&mut self, object: ManifestId, metadata: ManifestMetadata) {
        match scraped(metadata.annotations) {
            Some(port) => drop(self.scraped.insert(object, port)),
            None => drop(self.scraped.remove(&object)),
        }
    }

    fn class(&mut self, name: String, metadata: ManifestMetadata, spec: &Value) {
        let controller = spec.get("controller").and_then(Value::as_str).unwrap_or_default().to_owned();
        let annotations = texts(metadata.annotations);
        if annotations.get("ingressclass.kubernetes.io/is-default-class").is_some_and(|it| it == "true") {
            self.default_class = Some(name.clone());
        }
        self.classes.insert(name, controller);
    }

    fn pod(&mut self, object: ManifestId, metadata: ManifestMetadata, spec: Value) {
        let controller = controller(metadata.owner_references.as_deref());
        let Ok(spec) = DeclaredPodSpec::deserialize(spec) else { return self.odd(&object) };
        let (labels, scraped) = (texts(metadata.labels), scraped(metadata.annotations));
        let pod = ToldTemplate { labels, scraped, controller, ..template("spec", spec) };
        // Nearly all pods were made by what was read before.
        if !self.is_made(&object, &pod) {
            self.templates.insert(object, pod);
        }
    }

    fn workload(
        &mut self,
        row: &DeclaringKind,
        object: ManifestId,
        metadata: ManifestMetadata,
        spec: Value,
        status: Option<&Value>,
    ) {
        let controller = controller(metadata.owner_references.as_deref());
        let Ok(spec) = WorkloadSpec::deserialize(spec) else { return self.odd(&object) };
        let selector = selector(spec.selector.as_ref());
        let is_idle = is_over(row, status) || is_old(controller.as_ref(), spec.replicas.as_ref());
        let (place, made) = match spec.job_template {
            Some(it) => ("spec.jobTemplate.spec.template.spec", it.spec.unwrap_or_default().template),
            None => ("spec.template.spec", spec.template),
        };
        let made = made.unwrap_or_default();
        let metadata = made.metadata.unwrap_or_default();
        let template = ToldTemplate {
            labels: texts(metadata.labels),
            scraped: scraped(metadata.annotations),
            selector,
            controller,
            ..template(place, made.spec.unwrap_or_default())
        };
        if !is_idle {
            self.templates.insert(object, template);
        }
    }

    fn odd(&mut self, object: &ManifestId) {
        self.missing.insert(format!("{object} does not have the shape of its kind"));
    }
}

/// A Job that has ended makes no pods any more.
fn is_over(row: &DeclaringKind, status: Option<&Value>) -> bool {
    let conditions = status.and_then(|it| it.get("conditions")).and_then(Value::as_array);
    let is_end = |it: &Value| {
        let is = |key: &str, words: &[&str]| it.get(key).and_then(Value::as_str).is_some_and(|it| words.contains(&it));
        is("type", &["Complete", "Failed"]) && is("status", &["True"])
    };
    row.word == "Job" && conditions.is_some_and(|it| it.iter().any(is_end))
}

/// Old ReplicaSets at 0 are nothing.
fn is_old(controller: Option<&Controller>, replicas: Option<&Value>) -> bool {
    controller.is_some() && replicas.and_then(Value::as_u64) == Some(0)
}

/// `matchLabels` where it is all of a selector; a ReplicationController's is the map itself.
fn selector(selector: Option<&Value>) -> BTreeMap<String, String> {
    let pairs = |it: &Value| -> BTreeMap<String, String> {
        let all = it.as_object().into_iter().flatten();
        all.filter_map(|(key, value)| Some((key.clone(), text(value)?))).collect()
    };
    match selector {
        Some(it) if it.get("matchExpressions").is_some_and(|it| it.as_array().is_some_and(|it| !it.is_empty())) => {
            BTreeMap::new()
        }
        Some(it) => it.get("matchLabels").map_or_else(|| pairs(it), pairs),
        None => BTreeMap::new(),
    }
}

fn controller(owners: Option<&[OwnerReference]>) -> Option<Controller> {
    let owner = owners?.iter().find(|it| it.controller == Some(true))?;
    Some(Controller { kind: owner.kind.clone()?, name: owner.name.clone()? })
}

/// The port that `prometheus.io/port` says where `prometheus.io/scrape` is true.
fn scraped(annotations: Option<BTreeMap<String, Value>>) -> Option<u16> {
    let annotations = texts(annotations);
    let is_scraped = annotations.get("prometheus.io/scrape").is_some_and(|it| it.eq_ignore_ascii_case("true"));
    annotations.get("prometheus.io/port").filter(|_| is_scraped)?.trim().parse().ok().filter(|it| *it != 0)
}

/// A port by number or name.
fn port(value: Option<&Value>) -> Option<PortRef> {
    let number = |it: u64| u16::try_from(it).ok().filter(|it| *it != 0).map(PortRef::Number);
    match value? {
        Value::Number(it) => number(it.as_u64()?),
        Value::String(it) => match it.parse() {
            Ok(digits) => number(digits),
            Err(_) => Some(PortRef::Name(it.clone())),
        },
        _ => None,
    }
}

fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (usize, &'a Value)> {
    value.get(key).and_then(Value::as_array).into_iter().flatten().enumerate()
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn ingress(object: &ManifestId, metadata: &ManifestMetadata, spec: &Value) -> Entrance {
    let annotation = || metadata.annotations.as_ref()?.get("kubernetes.io/ingress.class")?.as_str();
    let class = match word(spec, "ingressClassName") {
        "" => annotation().unwrap_or_default(),
        class => class,
    };
    let mut backends: Vec<RoutedService> = Vec::new();
    // `backend` is what v1beta1 called `defaultBackend`.
    for key in ["defaultBackend", "backend"] {
        backends.extend(spec.get(key).and_then(|it| of_ingress(object, it, format!("spec.{key}"))));
    }
    for (at, rule) in items(spec, "rules") {
        let http = rule.get("http").unwrap_or(&Value::Null);
        backends.extend(items(http, "paths").filter_map(|(path, it)| {
            of_ingress(object, it.get("backend")?, format!("spec.rules[{at}].http.paths[{path}].backend"))
        }));
    }
    Entrance { class: class.to_owned(), gateways: Vec::new(), backends }
}

fn of_ingress(object: &ManifestId, backend: &Value, place: String) -> Option<RoutedService> {
    let (service, port) = match backend.get("service") {
        Some(it) => {
            let written = it.get("port");
            let number = || written?.get("number");
            (word(it, "name"), port(number().or_else(|| written?.get("name"))))
        }
        None => (word(backend, "serviceName"), port(backend.get("servicePort"))),
    };
    let (namespace, service) = (object.namespace.clone(), service.to_owned());
    (!service.is_empty()).then_some(RoutedService { place, namespace, service, port, is_target: false })
}

/// A route of the Gateway API: what its rules lead to, and what they mirror to.
fn route(object: &ManifestId, spec: &Value) -> Entrance {
    let mut entrance = Entrance::default();
    for (_, parent) in items(spec, "parentRefs").filter(|(_, it)| ["", "Gateway"].contains(&word(it, "kind"))) {
        let namespace = match word(parent, "namespace") {
            "" => object.namespace.clone(),
            other => other.to_owned(),
        };
        entrance.gateways.push((namespace, word(parent, "name").to_owned()));
    }
    for (at, rule) in items(spec, "rules") {
        let rule_place = format!("spec.rules[{at}]");
        entrance.backends.extend(of_references(object, rule, &rule_place));
        for (filter, it) in items(rule, "filters") {
            let mirrored = it.get("requestMirror").and_then(|it| it.get("backendRef"));
            let place = format!("{rule_place}.filters[{filter}].requestMirror.backendRef");
            entrance.backends.extend(mirrored.and_then(|it| of_reference(object, it, place)));
        }
    }
    entrance
}

fn of_references(object: &ManifestId, rule: &Value, place: &str) -> Vec<RoutedService> {
    let all = items(rule, "backendRefs");
    // One that gets no requests is none.
    let weighed = all.filter(|(_, it)| it.get("weight").and_then(Value::as_u64) != Some(0));
    weighed.filter_map(|(at, it)| of_reference(object, it, format!("{place}.backendRefs[{at}]"))).collect()
}

fn of_reference(object: &ManifestId, reference: &Value, place: String) -> Option<RoutedService> {
    if !["", "Service"].contains(&word(reference, "kind")) || !["", "core"].contains(&word(reference, "group")) {
        return None;
    }
    let namespace = match word(reference, "namespace") {
        "" => object.namespace.clone(),
        other => other.to_owned(),
    };
    let (service, port) = (word(reference, "name").to_owned(), port(reference.get("port")));
    (!service.is_empty()).then_some(RoutedService { place, namespace, service, port, is_target: false })
}

/// A Route of OpenShift: its port is that of the pods, or the name of the Service's.
fn openshift_route(object: &ManifestId, spec: &Value) -> Entrance {
    let port = port(spec.get("port").and_then(|it| it.get("targetPort")));
    let one = |it: &Value, place: String| {
        let service = word(it, "name").to_owned();
        let is_service = ["", "Service"].contains(&word(it, "kind")) && !service.is_empty();
        let (namespace, port) = (object.namespace.clone(), port.clone());
        is_service.then_some(RoutedService { place, namespace, service, port, is_target: true })
    };
    let first = spec.get("to").and_then(|it| one(it, "spec.to".to_owned()));
    let others =
        items(spec, "alternateBackends").filter_map(|(at, it)| one(it, format!("spec.alternateBackends[{at}]")));
    Entrance {
        class: "openshift-default".to_owned(),
        gateways: Vec::new(),
        backends: first.into_iter().chain(others).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::row_of;
    use super::*;

    fn read(objects: &[(&str, &str, &str)]) -> Manifests {
        let mut manifests = Manifests::default();
        for (version, word, json) in objects {
            manifests.take(row_of(version, word).expect("a row"), json, "shop");
        }
        manifests.settle();
        manifests
    }

    fn backends(version: &str, word: &str, spec: &str) -> Vec<String> {
        let json = format!(r#"{{"metadata":{{"name":"x"}},"spec":{spec}}}"#);
        let read = read(&[(version, word, &json)]);
        let said = |it: &RoutedService| format!("{}/{} {:?} at {}", it.namespace, it.service, it.port, it.place);
        read.entrances.values().flat_map(|it| it.backends.iter().map(said)).collect()
    }

    #[test]
    fn backends_are_read_of_every_kind_of_route() {
        let ingress = r#"{"defaultBackend":{"service":{"name":"a","port":{"number":80}}},
            "rules":[{"http":{"paths":[{"backend":{"service":{"name":"b","port":{"name":"web"}}}},{"backend":{"resource":{}}}]}}]}"#;
        assert_eq!(
            backends("networking.k8s.io/v1", "Ingress", ingress),
            [
                "shop/a Some(Number(80)) at spec.defaultBackend",
                "shop/b Some(Name(\"web\")) at spec.rules[0].http.paths[0].backend"
            ]
        );
        let old = r#"{"rules":[{"http":{"paths":[{"backend":{"serviceName":"b","servicePort":"80"}}]}}]}"#;
        assert_eq!(
            backends("extensions/v1beta1", "Ingress", old),
            ["shop/b Some(Number(80)) at spec.rules[0].http.paths[0].backend"]
        );
        let route = r#"{"rules":[{"backendRefs":[{"name":"a","port":8080},{"name":"b","namespace":"other","port":1,"weight":0},
            {"kind":"Bucket","name":"c"}],"filters":[{"requestMirror":{"backendRef":{"name":"d","namespace":"other","port":9}}}]}]}"#;
        assert_eq!(
            backends("gateway.networking.k8s.io/v1", "HTTPRoute", route),
            [
                "shop/a Some(Number(8080)) at spec.rules[0].backendRefs[0]",
                "other/d Some(Number(9)) at spec.rules[0].filters[0].requestMirror.backendRef"
            ]
        );
        let openshift = r#"{"to":{"kind":"Service","name":"a"},"alternateBackends":[{"kind":"Service","name":"b"}],"port":{"targetPort":"web"}}"#;
        assert_eq!(
            backends("route.openshift.io/v1", "Route", openshift),
            ["shop/a Some(Name(\"web\")) at spec.to", "shop/b Some(Name(\"web\")) at spec.alternateBackends[0]"]
        );
    }

    #[test]
    fn what_others_made_is_left_out_and_finished_work_is_nothing() {
        let owned = |kind: &str, owner: &str| {
            format!(
                r#"{{"metadata":{{"name":"x-{owner}","ownerReferences":[{{"kind":"{kind}","name":"{owner}","controller":true}}]}},"spec":{{"containers":[]}}}}"#
            )
        };
        let over = r#"{"metadata":{"name":"over"},"status":{"conditions":[{"type":"Complete","status":"True"}]}}"#;
        let read = read(&[
            ("apps/v1", "ReplicaSet", &owned("Deployment", "web")),
            ("apps/v1", "Deployment", r#"{"metadata":{"name":"web"},"spec":{"template":{}}}"#),
            ("v1", "Pod", &owned("ReplicaSet", "x-web")),
            ("v1", "Pod", &owned("Rollout", "new")),
            ("v1", "Pod", r#"{"metadata":{"name":"bare"},"spec":{"containers":[]}}"#),
            ("batch/v1", "Job", over),
            ("v1", "ConfigMap", r#"{"metadata":{"name":"c"},"data":{"a":"b"}}"#),
        ]);
        let names: Vec<String> = read.templates.keys().map(ToString::to_string).collect();
        assert_eq!(names, ["deployment/shop/web", "pod/shop/bare", "pod/shop/x-new"]);
        assert_eq!(read.config_maps.len(), 1);
        assert!(read.missing.is_empty());
    }

    /// Who may not list ReplicaSets knows whose pods they are all the same.
    #[test]
    fn a_pod_of_a_replica_set_that_is_not_read_is_its_deployment_s() {
        let pod = |name: &str| {
            format!(
                r#"{{"metadata":{{"name":"{name}","labels":{{"pod-template-hash":"5d9c"}},"ownerReferences":[{{"kind":"ReplicaSet","name":"{name}-5d9c","controller":true}}]}},"spec":{{"containers":[]}}}}"#
            )
        };
        let deployment = r#"{"metadata":{"name":"web"},"spec":{"template":{}}}"#;
        let read =
            read(&[("apps/v1", "Deployment", deployment), ("v1", "Pod", &pod("web")), ("v1", "Pod", &pod("api"))]);
        let units: Vec<_> = read.templates.iter().map(|(object, it)| super::super::unit_of(object, it)).collect();
        let word = |it: &crate::net::reach::Unit| format!("{it:?}");
        assert_eq!(units.len(), 2);
        assert!(units.iter().all(|it| word(it).contains("Deployment")), "{units:?}");
    }

    #[test]
    fn scraping_needs_both_annotations() {
        let service = |annotations: &str| {
            let json = format!(r#"{{"metadata":{{"name":"x","annotations":{annotations}}}}}"#);
            read(&[("v1", "Service", &json)]).scraped.into_values().next()
        };
        assert_eq!(service(r#"{"prometheus.io/scrape":"true","prometheus.io/port":"9100"}"#), Some(9100));
        assert_eq!(service(r#"{"prometheus.io/scrape":"false","prometheus.io/port":"9100"}"#), None);
        assert_eq!(service(r#"{"prometheus.io/scrape":"true"}"#), None);
    }
}

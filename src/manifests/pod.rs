//! The template of a pod: every word in it that may name a Service, with the place where it stands.
//!
//! Variables are put in as a kubelet does (`$(VAR)`), from what stands before them and from ConfigMaps.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::read::text;
use super::{Controller, ManifestId, Manifests};

/// What a workload's pods are told.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ToldTemplate {
    /// The labels of its pods.
    pub labels: BTreeMap<String, String>,
    /// What the workload itself selects its pods by; empty where it has none, or more than labels.
    pub selector: BTreeMap<String, String>,
    pub controller: Option<Controller>,
    /// The port that is scraped.
    pub scraped: Option<u16>,
    pub(super) containers: Vec<ContainerTexts>,
    /// ConfigMaps in volumes.
    pub(super) volumes: Vec<UsedConfigMap>,
    /// Secrets that it refers to, each at its place.
    pub secrets: Vec<(String, String)>,
    /// Its spec as far as policies and ports of Services rest on it.
    pub(super) spec: Value,
}

/// What one container is told.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct ContainerTexts {
    /// ConfigMaps that become variables, with what stands before their names.
    sources: Vec<(String, UsedConfigMap)>,
    variables: Vec<Variable>,
    /// Commands and arguments: place and text.
    words: Vec<(String, String)>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Variable {
    place: String,
    name: String,
    from: ValueSource,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum ValueSource {
    Text(String),
    /// A ConfigMap's key.
    Key(UsedConfigMap),
    /// The namespace of the pod.
    Namespace,
    Other,
}

/// A ConfigMap that is brought in.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct UsedConfigMap {
    name: String,
    /// `None`: all of them.
    keys: Option<Vec<String>>,
    /// Whether its pods run without it.
    is_optional: bool,
}

/// ConfigMaps that every pod has: they hold certificates, and name nothing.
const CERTIFICATES: [&str; 2] = ["kube-root-ca.crt", "openshift-service-ca.crt"];

/// One text that a workload is told, and where it stands.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ToldText {
    pub object: ManifestId,
    pub place: String,
    /// What it is called: a variable, a key of a ConfigMap; empty for arguments.
    pub key: String,
    pub text: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DeclaredPodSpec {
    containers: Option<Vec<Container>>,
    init_containers: Option<Vec<Container>>,
    volumes: Option<Vec<Volume>>,
    host_network: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    name: Option<String>,
    command: Option<Vec<Value>>,
    args: Option<Vec<Value>>,
    env: Option<Vec<Env>>,
    env_from: Option<Vec<EnvFrom>>,
    ports: Option<Value>,
    restart_policy: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Env {
    name: Option<String>,
    value: Option<Value>,
    value_from: Option<ValueFrom>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ValueFrom {
    config_map_key_ref: Option<Reference>,
    secret_key_ref: Option<Reference>,
    field_ref: Option<FieldRef>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct FieldRef {
    field_path: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Reference {
    name: Option<String>,
    /// What a volume calls the name of a Secret.
    secret_name: Option<String>,
    key: Option<String>,
    items: Option<Vec<KeyToPath>>,
    optional: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct KeyToPath {
    key: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct EnvFrom {
    prefix: Option<String>,
    config_map_ref: Option<Reference>,
    secret_ref: Option<Reference>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Volume {
    config_map: Option<Reference>,
    secret: Option<Reference>,
    projected: Option<ProjectedVolume>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ProjectedVolume {
    sources: Option<Vec<Volume>>,
}

impl Reference {
    fn brought(self) -> Option<UsedConfigMap> {
        let keys = self.items.map(|it| it.into_iter().filter_map(|it| it.key).collect::<Vec<_>>());
        let name = self.name.filter(|it| !it.is_empty())?;
        let is_optional = self.optional.unwrap_or_default();
        Some(UsedConfigMap { name, keys: keys.filter(|it| !it.is_empty()), is_optional })
    }

    /// The Secret that it names.
    fn secret(self) -> Option<String> {
        self.secret_name.or(self.name).filter(|it| !it.is_empty())
    }
}

/// Reads a pod's spec that stands at this place.
pub(super) fn template(place: &str, spec: DeclaredPodSpec) -> ToldTemplate {
    let mut template = ToldTemplate { spec: reduced(&spec), ..ToldTemplate::default() };
    let inits = spec.init_containers.unwrap_or_default();
    let groups = [("initContainers", inits), ("containers", spec.containers.unwrap_or_default())];
    for (group, containers) in groups {
        for (at, container) in containers.into_iter().enumerate() {
            template.container(format!("{place}.{group}[{at}]"), container);
        }
    }
    for (at, volume) in spec.volumes.unwrap_or_default().into_iter().enumerate() {
        template.volume(format!("{place}.volumes[{at}]"), volume);
    }
    template
}

/// What of a spec decides how policies and Services see its pods.
fn reduced(spec: &DeclaredPodSpec) -> Value {
    let containers = |all: &Option<Vec<Container>>| -> Vec<Value> {
        let all = all.iter().flatten();
        all.map(|it| json!({"name": it.name, "ports": it.ports, "restartPolicy": it.restart_policy})).collect()
    };
    json!({
        "hostNetwork": spec.host_network.unwrap_or_default(),
        "containers": containers(&spec.containers),
        "initContainers": containers(&spec.init_containers),
    })
}

impl ToldTemplate {
    fn container(&mut self, place: String, container: Container) {
        let mut told = ContainerTexts::default();
        for (at, source) in container.env_from.unwrap_or_default().into_iter().enumerate() {
            let place = format!("{place}.envFrom[{at}]");
            let prefix = source.prefix.unwrap_or_default();
            let brought = source.config_map_ref.and_then(Reference::brought);
            told.sources.extend(brought.map(|it| (prefix, it)));
            self.secret(format!("{place}.secretRef"), source.secret_ref);
        }
        for (at, variable) in container.env.unwrap_or_default().into_iter().enumerate() {
            told.variables.extend(self.variable(format!("{place}.env[{at}]"), variable));
        }
        for (key, words) in [("command", container.command), ("args", container.args)] {
            let words = words.unwrap_or_default().into_iter().enumerate();
            told.words.extend(words.filter_map(|(at, it)| Some((format!("{place}.{key}[{at}]"), text(&it)?))));
        }
        self.containers.push(told);
    }

    fn variable(&mut self, place: String, variable: Env) -> Option<Variable> {
        let name = variable.name?;
        let source = variable.value_from.unwrap_or_default();
        self.secret(format!("{place}.valueFrom.secretKeyRef"), source.secret_key_ref);
        let (place, from) = match (variable.value, source.config_map_key_ref, source.field_ref) {
            (_, Some(it), _) => {
                let place = format!("{place}.valueFrom.configMapKeyRef");
                let keys = Some(it.key.iter().cloned().collect());
                let brought = UsedConfigMap { keys, ..it.brought()? };
                (place, ValueSource::Key(brought))
            }
            (_, _, Some(it)) if it.field_path.as_deref() == Some("metadata.namespace") => {
                (place, ValueSource::Namespace)
            }
            (Some(value), ..) => (format!("{place}.value"), text(&value).map_or(ValueSource::Other, ValueSource::Text)),
            _ => (place, ValueSource::Other),
        };
        Some(Variable { place, name, from })
    }

    fn volume(&mut self, place: String, volume: Volume) {
        self.volumes.extend(volume.config_map.and_then(Reference::brought));
        self.secret(format!("{place}.secret"), volume.secret);
        for (at, source) in volume.projected.and_then(|it| it.sources).unwrap_or_default().into_iter().enumerate() {
            self.volume(format!("{place}.projected.sources[{at}]"), source);
        }
    }

    fn secret(&mut self, place: String, reference: Option<Reference>) {
        self.secrets.extend(reference.and_then(Reference::secret).map(|it| (place, it)));
    }

    /// All that it brings in.
    fn brought(&self) -> impl Iterator<Item = &UsedConfigMap> {
        let sources = self.containers.iter().flat_map(|it| it.sources.iter().map(|it| &it.1));
        let keys = self.containers.iter().flat_map(|it| it.variables.iter().filter_map(Variable::brought));
        sources.chain(keys).chain(&self.volumes).filter(|it| !CERTIFICATES.contains(&it.name.as_str()))
    }

    /// The ConfigMaps that it brings in.
    pub(super) fn config_maps(&self) -> impl Iterator<Item = &str> {
        self.brought().map(|it| it.name.as_str())
    }

    /// All texts that the pods of `object` are told; what a ConfigMap holds stands there, with its own place.
    ///
    /// `service` gives what a variable such as `CART_SERVICE_HOST` is, which kubelets set for each Service.
    pub fn words(
        &self,
        object: &ManifestId,
        manifests: &Manifests,
        service: &dyn Fn(&str) -> Option<String>,
    ) -> Vec<ToldText> {
        let mut words = Vec::new();
        for container in &self.containers {
            container.words(object, manifests, service, &mut words);
        }
        self.volumes.iter().for_each(|it| of_map(it, object, manifests, &mut words));
        words.sort();
        words.dedup();
        words
    }

    /// ConfigMaps that its pods cannot run without and that are not there.
    pub fn absent_config_maps<'a>(
        &'a self,
        namespace: &'a str,
        manifests: &'a Manifests,
    ) -> impl Iterator<Item = &'a str> {
        let is_there = |it: &str| {
            let id = (namespace.to_owned(), it.to_owned());
            manifests.config_maps.contains_key(&id) || manifests.unread_maps.contains(&id)
        };
        self.brought().filter(move |it| !it.is_optional && !is_there(&it.name)).map(|it| it.name.as_str())
    }

    /// A pod as this template would make it for an object that has none.
    pub fn pod(&self, object: &ManifestId, owner: Option<(&str, &str)>) -> Value {
        let owners: Vec<Value> = owner
            .into_iter()
            .map(|(kind, name)| json!({"apiVersion": "v1", "kind": kind, "name": name, "controller": true, "uid": "-"}))
            .collect();
        let name = if owners.is_empty() { object.name.clone() } else { format!("{}-baseline", object.name) };
        json!({
            "metadata": {"name": name, "namespace": object.namespace, "labels": self.labels, "ownerReferences": owners},
            "spec": self.spec,
        })
    }
}

impl Variable {
    /// The ConfigMap that its value is from.
    fn brought(&self) -> Option<&UsedConfigMap> {
        match &self.from {
            ValueSource::Key(brought) => Some(brought),
            ValueSource::Text(_) | ValueSource::Namespace | ValueSource::Other => None,
        }
    }
}

/// What a ConfigMap holds of what is brought in.
fn of_map(brought: &UsedConfigMap, object: &ManifestId, manifests: &Manifests, words: &mut Vec<ToldText>) {
    let Some(data) = manifests.config_maps.get(&(object.namespace.clone(), brought.name.clone())) else { return };
    let is_brought = |key: &String| brought.keys.as_ref().is_none_or(|it| it.contains(key));
    let map =
        ManifestId { kind: "configmap".to_owned(), namespace: object.namespace.clone(), name: brought.name.clone() };
    let word = |(key, text): (&String, &String)| ToldText {
        object: map.clone(),
        place: format!("data.{key}"),
        key: key.clone(),
        text: text.clone(),
    };
    words.extend(data.iter().filter(|(key, _)| is_brought(key)).map(word));
}

impl ContainerTexts {
    fn words(
        &self,
        object: &ManifestId,
        manifests: &Manifests,
        service: &dyn Fn(&str) -> Option<String>,
        words: &mut Vec<ToldText>,
    ) {
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        for (prefix, brought) in &self.sources {
            let mut held = Vec::new();
            of_map(brought, object, manifests, &mut held);
            known.extend(held.iter().map(|it| (format!("{prefix}{}", it.key), it.text.clone())));
            words.extend(held);
        }
        for variable in &self.variables {
            let one = |known: &BTreeMap<String, String>, text: &str| expanded(text, known, service, &object.namespace);
            let text = match &variable.from {
                ValueSource::Text(text) => one(&known, text),
                ValueSource::Namespace => object.namespace.clone(),
                ValueSource::Key(brought) => {
                    let mut held = Vec::new();
                    of_map(brought, object, manifests, &mut held);
                    let text = held.first().map(|it| it.text.clone()).unwrap_or_default();
                    words.extend(held);
                    known.insert(variable.name.clone(), text);
                    continue;
                }
                ValueSource::Other => continue,
            };
            known.insert(variable.name.clone(), text.clone());
            // The pod's own namespace names nothing.
            if variable.from != ValueSource::Namespace {
                let (place, key) = (variable.place.clone(), variable.name.clone());
                words.push(ToldText { object: object.clone(), place, key, text });
            }
        }
        words.extend(self.words.iter().map(|(place, text)| ToldText {
            object: object.clone(),
            place: place.clone(),
            key: String::new(),
            text: expanded(text, &known, service, &object.namespace),
        }));
    }
}

/// What scripts in pods write for their own namespace.
const OWN_NAMESPACE: &str = "$(cat /var/run/secrets/kubernetes.io/serviceaccount/namespace)";

/// A text with its variables put in: `$(VAR)` as kubelets do, and `${VAR}` as shells and programs do; `$$` is `$`.
fn expanded(
    text: &str,
    known: &BTreeMap<String, String>,
    service: &dyn Fn(&str) -> Option<String>,
    namespace: &str,
) -> String {
    let text = text.replace(OWN_NAMESPACE, namespace);
    let (mut written, mut rest) = (String::with_capacity(text.len()), text.as_str());
    while let Some(at) = rest.find('$') {
        written.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let named = [('(', ')'), ('{', '}')].into_iter().find_map(|(open, close)| {
            let inside = behind.strip_prefix(open)?;
            let end = inside.find(close)?;
            Some((&inside[..end], end + 2))
        });
        let value = named.and_then(|(name, length)| {
            let value = known.get(name).cloned().or_else(|| service(name))?;
            Some((value, length))
        });
        match (value, behind.strip_prefix('$')) {
            (Some((value, length)), _) => {
                written.push_str(&value);
                rest = &behind[length..];
            }
            (None, Some(escaped)) => {
                written.push('$');
                rest = escaped;
            }
            (None, None) => {
                written.push('$');
                rest = behind;
            }
        }
    }
    written.push_str(rest);
    written
}

#[cfg(test)]
mod tests {
    use super::super::row_of;
    use super::*;

    fn words(spec: &str, maps: &[&str]) -> Vec<String> {
        let mut manifests = Manifests::default();
        let pod = format!(r#"{{"metadata":{{"name":"web","namespace":"shop"}},"spec":{spec}}}"#);
        manifests.take(row_of("v1", "Pod").expect("a row"), &pod, "default");
        let map = row_of("v1", "ConfigMap").expect("a row");
        maps.iter().for_each(|it| manifests.take(map, it, "shop"));
        let (object, template) = manifests.templates.iter().next().expect("a pod");
        let service = |it: &str| (it == "CART_SERVICE_HOST").then(|| "cart".to_owned());
        let words = template.words(object, &manifests, &service);
        words.into_iter().map(|it| format!("{} {} {}={}", it.object, it.place, it.key, it.text)).collect()
    }

    #[test]
    fn variables_are_put_in_as_a_kubelet_does() {
        let spec = r#"{"containers":[{"env":[
            {"name":"NS","valueFrom":{"fieldRef":{"fieldPath":"metadata.namespace"}}},
            {"name":"HOST","value":"db.$(NS)"},
            {"name":"URL","value":"http://$(HOST):$(PORT)/$$(HOST)"},
            {"name":"CART","value":"$(CART_SERVICE_HOST)"}],
            "args":["--db=${HOST}","plain"]}]}"#;
        assert_eq!(
            words(spec, &[]),
            [
                "pod/shop/web spec.containers[0].args[0] =--db=db.shop",
                "pod/shop/web spec.containers[0].args[1] =plain",
                "pod/shop/web spec.containers[0].env[1].value HOST=db.shop",
                "pod/shop/web spec.containers[0].env[2].value URL=http://db.shop:$(PORT)/$(HOST)",
                "pod/shop/web spec.containers[0].env[3].value CART=cart",
            ]
        );
    }

    #[test]
    fn config_maps_are_read_where_they_are_brought_in_and_no_further() {
        let map = r#"{"metadata":{"name":"c","namespace":"shop"},"data":{"a":"one","b":"two"}}"#;
        let other = r#"{"metadata":{"name":"d","namespace":"shop"},"data":{"x":"three","y":"four"}}"#;
        let spec = r#"{"initContainers":[{"env":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"c","key":"a"}}},{"name":"B","value":"$(A)!"}]}],
            "volumes":[{"projected":{"sources":[{"configMap":{"name":"d","items":[{"key":"y","path":"p"}]}}]}},{"configMap":{"name":"absent","optional":true}}]}"#;
        assert_eq!(
            words(spec, &[map, other]),
            [
                "configmap/shop/c data.a a=one",
                "configmap/shop/d data.y y=four",
                "pod/shop/web spec.initContainers[0].env[1].value B=one!",
            ]
        );
        let from = r#"{"containers":[{"envFrom":[{"prefix":"P_","configMapRef":{"name":"c"}}],"args":["$(P_b)"]}]}"#;
        assert_eq!(
            words(from, &[map]),
            [
                "configmap/shop/c data.a a=one",
                "configmap/shop/c data.b b=two",
                "pod/shop/web spec.containers[0].args[0] =two",
            ]
        );
    }

    #[test]
    fn references_to_secrets_are_remembered_and_nothing_more() {
        let spec = r#"{"containers":[{"env":[{"name":"P","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}],
            "envFrom":[{"secretRef":{"name":"t"}}]}],"volumes":[{"secret":{"secretName":"u"}}]}"#;
        let mut manifests = Manifests::default();
        let pod = format!(r#"{{"metadata":{{"name":"web"}},"spec":{spec}}}"#);
        manifests.take(row_of("v1", "Pod").expect("a row"), &pod, "shop");
        let template = manifests.templates.values().next().expect("a pod");
        let names: Vec<&str> = template.secrets.iter().map(|it| it.1.as_str()).collect();
        assert_eq!(names, ["t", "s", "u"]);
    }
}

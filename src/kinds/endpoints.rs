//! Endpoints, the older form of EndpointSlices: they stand for slices where a Service has none (CONTRACT §1).
//!
//! ```text
//! subsets[0] {addresses, notReadyAddresses, ports}  ──►  one EndpointSlice, as the mirroring controller makes it
//! ```
//!
//! Source: <https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#mirroring>

use serde_json::{Value, json};

use super::{Intern, ReadOutcome, spec};
use crate::model::id::Kind;

/// The slices that an Endpoints object, as JSON, stands for: one for each subset, at least one.
pub fn slices_of_endpoints(endpoints: &str, namespace: &str, intern: &mut Intern) -> Vec<ReadOutcome> {
    let endpoints: Value = serde_json::from_str(endpoints).unwrap_or_default();
    let metadata = endpoints.get("metadata").cloned().unwrap_or_default();
    let name = metadata.get("name").and_then(Value::as_str).unwrap_or_default();
    let none = [json!({})];
    let subsets = endpoints.get("subsets").and_then(Value::as_array).map(Vec::as_slice).filter(|it| !it.is_empty());
    let slice = |(at, subset): (usize, &Value)| {
        let own = if name.is_empty() { String::new() } else { format!("{name}-endpoints-{at}") };
        let slice = json!({
            "metadata": {
                "name": own,
                "namespace": metadata.get("namespace"),
                "labels": {"kubernetes.io/service-name": name},
            },
            "endpoints": all(subset),
            "ports": subset.get("ports"),
        });
        let spec = spec(Kind::ENDPOINT_SLICE).expect("the table has slices");
        spec.read_json(&slice.to_string(), namespace, intern)
    };
    subsets.unwrap_or(&none).iter().enumerate().map(slice).collect()
}

/// The endpoints of one subset.
fn all(subset: &Value) -> Value {
    let of = |field: &str, is_ready: bool| {
        let addresses = subset.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let endpoint = move |it: &Value| {
            json!({
                "addresses": [it.get("ip")],
                "conditions": {"ready": is_ready},
                "targetRef": it.get("targetRef"),
                "nodeName": it.get("nodeName"),
            })
        };
        addresses.iter().map(endpoint).collect::<Vec<_>>()
    };
    [of("addresses", true), of("notReadyAddresses", false)].concat().into()
}

//! What grants amount to, as JSON: the `capabilities` of `permissions -o json`.
//!
//! ```json
//! {"capability":"exec into pods","outcome":"unknown","namespace":"shop","versions":"before 1.35","request":"get pods/exec"}
//! ```

use serde::Serialize;

use crate::rbac::capability::{By, Capability};

/// One ability in one place.
#[derive(Serialize)]
pub struct CapabilityJson {
    pub capability: &'static str,
    /// Whether it works on this server: unknown where the version decides and is not known.
    pub outcome: &'static str,
    /// Null: in the whole cluster.
    pub namespace: Option<String>,
    /// The objects that its rules name; absent: every object.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    pub versions: String,
    pub request: String,
    pub what: &'static str,
    pub grants: Vec<ByJson>,
}

/// A rule that gives it.
#[derive(Serialize)]
pub struct ByJson {
    pub binding: String,
    pub role: String,
    pub rule: String,
}

/// A capability as JSON.
pub fn capability(it: &Capability) -> CapabilityJson {
    let by = |by: &By| ByJson {
        binding: by.binding.to_string(),
        role: by.role.to_string(),
        rule: format!("rules[{}]", by.rule),
    };
    CapabilityJson {
        capability: it.way.ability,
        outcome: it.outcome.as_str(),
        namespace: (!it.scope.is_empty()).then(|| it.scope.to_string()),
        names: it.names.iter().map(ToString::to_string).collect(),
        versions: it.way.power.span.to_string(),
        request: it.way.need().to_string(),
        what: it.way.what,
        grants: it.by.iter().map(by).collect(),
    }
}

//! What the API makes of an object that was written: the defaults of what it leaves out, and aggregated ClusterRoles.

use std::sync::Arc;

use serde_json::{Value, json};

use super::kinds::{ServedKind, by_kind};
use super::object_list::{ObjectList, StoredObject};
use super::selector;
use super::world::ServedCluster;

/// The defaults that the API gives to what is left out.
pub(super) fn defaulted(kind: &ServedKind, object: &mut Value) {
    match kind.plural {
        "networkpolicies" => {
            let has_egress = object["spec"]["egress"].as_array().is_some_and(|it| !it.is_empty());
            let spec = &mut object["spec"];
            if spec.get("policyTypes").is_none_or(|it| it.as_array().is_none_or(Vec::is_empty)) {
                spec["policyTypes"] = if has_egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
            }
            for direction in ["ingress", "egress"] {
                let rules = spec.get_mut(direction).and_then(Value::as_array_mut).into_iter().flatten();
                let ports = rules.filter_map(|it| it.get_mut("ports")?.as_array_mut()).flatten();
                ports.filter(|it| it["protocol"].is_null()).for_each(|it| it["protocol"] = json!("TCP"));
            }
        }
        "rolebindings" | "clusterrolebindings" => {
            const GROUP: &str = "rbac.authorization.k8s.io";
            if object["roleRef"]["apiGroup"].is_null() {
                object["roleRef"]["apiGroup"] = json!(GROUP);
            }
            for subject in object.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten() {
                if subject["kind"] != "ServiceAccount" && subject["apiGroup"].is_null() {
                    subject["apiGroup"] = json!(GROUP);
                }
            }
        }
        _ => {}
    }
}

/// Fills aggregated ClusterRoles from the roles that they select, as the controller does.
pub(super) fn aggregate(world: &ServedCluster, kind: &ServedKind) {
    if kind.plural != "clusterroles" {
        return;
    }
    let Some(row) = by_kind("ClusterRole") else { return };
    let Ok(ObjectList::Held(roles)) = world.object_list(row, None) else { return };
    let is_aggregated = |it: &&Arc<StoredObject>| !it.value["aggregationRule"].is_null();
    for role in roles.iter().filter(is_aggregated) {
        let selectors = role.value["aggregationRule"]["clusterRoleSelectors"].as_array().cloned().unwrap_or_default();
        let mut rules: Vec<Value> = Vec::new();
        for member in roles.iter().filter(|it| it.name != role.name) {
            let is_member = selectors.iter().any(|it| selector::labels_match(it, &member.value["metadata"]["labels"]));
            let new = member.value["rules"].as_array().into_iter().flatten().filter(|_| is_member);
            new.for_each(|it| {
                if !rules.contains(it) {
                    rules.push(it.clone())
                }
            });
        }
        if role.value["rules"].as_array() != Some(&rules) {
            let mut value = role.value.clone();
            value["rules"] = Value::from(rules);
            world.put(row, value);
        }
    }
}

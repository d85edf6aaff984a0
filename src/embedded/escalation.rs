//! Nobody grants what they do not hold: what writing a role or a binding takes (`escalate`, `bind`, or all that it gives).

use serde_json::{Value, json};

use super::failure::Failure;
use super::kinds::{ServedKind, by_kind};
use super::review::Requester;
use super::world::ObjectsNow;

/// 403 where an identity may not write this role or binding.
pub fn check(
    held: &ObjectsNow<'_>,
    identity: &Requester,
    kind: &ServedKind,
    object: &Value,
    before: Option<&Value>,
) -> Result<(), Failure> {
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    match kind.plural {
        "roles" | "clusterroles" => {
            if before.is_some_and(|it| it["rules"] == object["rules"])
                || identity.may("escalate", kind.plural, namespace)
            {
                return Ok(());
            }
            lacks(identity, &object["rules"], namespace).map_or(Ok(()), |it| Err(refusal(identity, kind, object, &it)))
        }
        "rolebindings" | "clusterrolebindings" => {
            if before.is_some_and(|it| it["subjects"] == object["subjects"] && it["roleRef"] == object["roleRef"]) {
                return Ok(());
            }
            binding(held, identity, kind, object, namespace)
        }
        _ => Ok(()),
    }
}

fn binding(
    held: &ObjectsNow<'_>,
    identity: &Requester,
    kind: &ServedKind,
    object: &Value,
    namespace: &str,
) -> Result<(), Failure> {
    let (role, name) = (
        object["roleRef"]["kind"].as_str().unwrap_or_default(),
        object["roleRef"]["name"].as_str().unwrap_or_default(),
    );
    let Some(kind_of_role) = by_kind(role) else {
        return Err(Failure::bad_request("roleRef.kind must be Role or ClusterRole"));
    };
    if identity.may("bind", kind_of_role.plural, namespace) {
        return Ok(());
    }
    let home = if kind_of_role.namespaced { namespace } else { "" };
    let found = held.object(kind_of_role, home, name).ok_or_else(|| Failure::no_such_object(kind_of_role, name))?;
    lacks(identity, &found.value["rules"], namespace).map_or(Ok(()), |it| Err(refusal(identity, kind, object, &it)))
}

/// The first rule that an identity does not hold.
fn lacks(identity: &Requester, rules: &Value, namespace: &str) -> Option<Value> {
    let list = |rule: &Value, key: &str| -> Vec<String> {
        rule[key].as_array().into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect()
    };
    let holds = |rule: &&Value| {
        let (verbs, resources) = (list(rule, "verbs"), list(rule, "resources"));
        let urls = list(rule, "nonResourceURLs");
        let has_all = identity.may("*", "*", "*");
        has_all
            || urls.is_empty() && verbs.iter().all(|verb| resources.iter().all(|it| identity.may(verb, it, namespace)))
    };
    rules.as_array().into_iter().flatten().find(|it| !holds(it)).cloned()
}

fn refusal(identity: &Requester, kind: &ServedKind, object: &Value, rule: &Value) -> Failure {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let message = format!(
        "{} \"{name}\" is forbidden: user \"{}\" (groups={:?}) is attempting to grant RBAC permissions not currently held:\n{rule}",
        kind.qualified(),
        identity.user,
        identity.groups
    );
    Failure { details: json!({"name": name, "kind": kind.plural}), ..Failure::new(403, "Forbidden", message) }
}

//! Drafts that cut off: a namespace by default deny, one pod by policies that are about it alone.
//!
//! ```text
//! namespace   a policy of all its pods without a rule
//! pod         a label of its own; a policy of that label without a rule; every other policy no longer selects it
//! ```
//!
//! Policies only add: a pod is cut off only where no policy that lets something pass selects it. Its label tells it from
//! the others of its workload, which stay as they are; so do its other labels, and with them the Services before it.

use serde_json::json;

use super::Draft;
use super::allow::{FixGround, is_plain};
use super::objects::Desk;
use crate::kinds::written_policy;
use crate::model::facts::PodSource;
use crate::model::id::PodId;
use crate::model::name::Name;
use crate::model::policy::Direction;
use crate::net::verdict::Tri;

/// The label of pods that are cut off.
pub const LABEL: &str = "quarantine";

/// A policy of all pods of a namespace that lets nothing pass in these directions.
pub fn namespace(ground: &FixGround<'_>, name: &Name, directions: &[Direction]) -> Draft {
    let mut desk = Desk::new(ground.cluster, ground.manifests);
    let id = desk.policy(name, "default-deny", written_policy::isolating(json!({}), directions));
    let words: Vec<&str> = directions.iter().map(|it| it.as_str()).collect();
    desk.say(format!("{id}: a new policy, default deny ({})", words.join(" and ")));
    desk.draft()
}

/// What cuts one pod off.
///
/// # Errors
/// Why it cannot be: a clause, and no fault: an answer says it beside the other candidates.
pub fn pod(ground: &FixGround<'_>, id: &PodId) -> Result<Draft, String> {
    let held = ground.cluster.pods.get(&id.namespace, &id.name).ok_or("there is no such pod")?;
    if held.origin() == PodSource::Template {
        return Err(format!("pod/{id} stands for a workload of which no pod is listed: it has no label of its own"));
    }
    let mut desk = Desk::new(ground.cluster, ground.manifests);
    let labels = desk.change(&id.object()).and_then(|it| it.get_mut("metadata")?.as_object_mut());
    let labels = labels.ok_or_else(|| format!("pod/{id} could not be read whole"))?;
    let labels = labels.entry("labels").or_insert_with(|| json!({}));
    if labels.is_null() {
        *labels = json!({});
    }
    let labels = labels.as_object_mut().ok_or_else(|| format!("the labels of pod/{id} are none"))?;
    labels.insert(LABEL.to_owned(), json!("true"));
    desk.say(format!("pod/{id}: labelled {LABEL}=true"));
    pass_by(ground, &mut desk, id)?;
    let selector = json!({"matchLabels": {LABEL: "true"}});
    let policy = desk.policy(&id.namespace, LABEL, written_policy::isolating(selector, &Direction::ALL));
    desk.say(format!("{policy}: a new policy, default deny for {LABEL}=true"));
    desk.note("established connections may survive a policy change");
    Ok(desk.draft())
}

/// Lets no policy that lets something pass select the pod any more.
fn pass_by(ground: &FixGround<'_>, desk: &mut Desk<'_>, pod: &PodId) -> Result<(), String> {
    let found = ground.index.isolation(pod).ok_or("the pod is not read")?;
    for it in found.policies.iter().filter(|it| it.governs != Tri::No && it.gap.is_none()) {
        let id = it.policy.id();
        if !is_plain(&it.policy) {
            return Err(format!("{id} is not understood, so that what it lets pass cannot be taken back"));
        }
        if it.policy.rules.is_empty() {
            continue;
        }
        let selector = desk.change(&id).and_then(|it| it.get_mut("spec")?.get_mut("podSelector")?.as_object_mut());
        let selector = selector.ok_or_else(|| format!("{id} could not be read whole"))?;
        let expressions = selector.entry("matchExpressions").or_insert_with(|| json!([]));
        let expressions = expressions.as_array_mut().ok_or_else(|| format!("the selector of {id} is none"))?;
        expressions.push(json!({"key": LABEL, "operator": "DoesNotExist"}));
        desk.say(format!("{id}: no longer selects it"));
    }
    Ok(())
}

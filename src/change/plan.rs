//! How changes are sent: each as one step, on the object as it is now, so that nobody's work is lost.
//!
//! ```text
//! wanted + now ──step──► Step { apply, replace or delete; uid and resourceVersion of now }
//!                        Conflict: it is not the object any more that the change was made for
//! ```
//!
//! An object that was fetched whole names its uid or its resourceVersion: it takes the place of just that one. A plain
//! manifest names neither and says what its writer means: that is merged by the server (server-side apply). Both carry the
//! uid and the resourceVersion that were seen last, so that the server refuses what somebody else was faster with.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::clash::changed;
use super::edits::{Change, Op};
use super::object::{BOOKS, manager, meaning, word};
use super::order::Order;
use crate::model::id::{Kind, ObjectId};

/// How a change is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WriteWay {
    /// Server-side apply: the fields of the object, the others stay.
    Apply,
    /// The whole object in place of the one that is there.
    Replace,
    Delete,
}

/// One change as it is sent.
#[derive(Clone, PartialEq, Debug)]
pub struct PlanStep {
    pub id: ObjectId,
    pub op: Op,
    pub way: WriteWay,
    /// What is sent; of a deletion what is there.
    pub object: Value,
    /// What is there now, whole.
    pub before: Option<Value>,
    /// Fields are taken over from who manages them.
    pub takes_over: bool,
}

/// What the server says of steps that it has tried.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Tried {
    /// Those that change something.
    pub steps: Vec<PlanStep>,
    /// Each object as the server would have it; nothing where it is deleted, or could not be tried.
    pub predicted: Vec<Option<Value>>,
    /// What is worth a word: warnings of the server, what is so already.
    pub notes: Vec<String>,
}

impl Tried {
    /// The same with the steps in this order.
    pub fn in_order(&self, order: &Order) -> Self {
        let (steps, predicted) = (order.of(&self.steps), order.of(&self.predicted));
        Self { steps, predicted, notes: self.notes.clone() }
    }

    /// The changes with the objects as the server would have them.
    pub fn changes(&self) -> Vec<Change> {
        self.steps.iter().zip(&self.predicted).map(|(step, object)| step.predicted(object.as_ref())).collect()
    }
}

/// Why a change is not sent: somebody else was faster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflict {
    pub id: ObjectId,
    pub what: String,
}

/// Whether somebody else's work may be overwritten where that was seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TakeOver {
    #[default]
    Never,
    /// `--force-conflicts`.
    Forced,
}

/// The step that makes a change of what is there now; `None`: there is nothing to do.
///
/// # Errors
/// The object is not the one any more that the change was made for.
pub fn step(
    change: &Change,
    id: &ObjectId,
    now: Option<&Value>,
    take_over: TakeOver,
) -> Result<Option<PlanStep>, Conflict> {
    let conflict = |what: String| Err(Conflict { id: id.clone(), what });
    let is_whole = word(&change.object, "uid").or(word(&change.object, "resourceVersion")).is_some();
    let Some(now) = now else {
        return match (change.op, word(&change.object, "uid")) {
            (Op::Delete, _) => Ok(None),
            (Op::Update, Some(_)) => conflict("it was deleted meanwhile".to_owned()),
            _ => Ok(Some(created(change, id, take_over))),
        };
    };
    if change.op == Op::Create && is_whole {
        return conflict(format!("it is there already{}", by(now)));
    }
    if let Some(uid) = word(&change.object, "uid")
        && word(now, "uid") != Some(uid)
    {
        return conflict(format!("it was deleted and created anew meanwhile{}", by(now)));
    }
    if let Some(version) = word(&change.object, "resourceVersion")
        && word(now, "resourceVersion") != Some(version)
        && take_over == TakeOver::Never
    {
        let current = word(now, "resourceVersion").unwrap_or_default();
        return conflict(format!("it was changed since{}: resourceVersion {version} is {current} now", by(now)));
    }
    Ok(changed_step(change, id, now, is_whole, take_over))
}

fn created(change: &Change, id: &ObjectId, take_over: TakeOver) -> PlanStep {
    let object = sent(&change.object, None);
    let takes_over = take_over == TakeOver::Forced;
    PlanStep { id: id.clone(), op: Op::Create, way: WriteWay::Apply, object, before: None, takes_over }
}

fn changed_step(change: &Change, id: &ObjectId, now: &Value, is_whole: bool, take_over: TakeOver) -> Option<PlanStep> {
    let (way, op) = match (change.op, is_whole) {
        (Op::Delete, _) => (WriteWay::Delete, Op::Delete),
        (_, true) => (WriteWay::Replace, Op::Update),
        (_, false) => (WriteWay::Apply, Op::Update),
    };
    if way == WriteWay::Replace && meaning(&change.object) == meaning(now) {
        return None;
    }
    let object = if way == WriteWay::Delete { now.clone() } else { sent(&change.object, Some(now)) };
    let takes_over = take_over == TakeOver::Forced;
    Some(PlanStep { id: id.clone(), op, way, object, before: Some(now.clone()), takes_over })
}

impl PlanStep {
    /// The change that it is, with the object as the server would have it.
    pub fn predicted(&self, object: Option<&Value>) -> Change {
        Change { op: self.op, object: object.unwrap_or(&self.object).clone() }
    }

    /// Whether the server would store what is there already.
    pub fn is_nothing(&self, predicted: Option<&Value>) -> bool {
        match (&self.before, predicted) {
            (Some(before), Some(after)) => meaning(before) == meaning(after),
            _ => false,
        }
    }

    /// Whether the server cannot try it before that other one is made: its namespace, or the role that it binds.
    pub fn needs(&self, other: &PlanStep) -> bool {
        if other.op != Op::Create {
            return false;
        }
        let role = |field: &str| self.object.pointer(&format!("/roleRef/{field}")).and_then(Value::as_str);
        let is_role = other.id.kind.as_str() == role("kind").unwrap_or_default().to_lowercase()
            && role("name") == Some(other.id.name.as_str())
            && (other.id.namespace.is_empty() || other.id.namespace == self.id.namespace);
        is_role || other.id.kind == Kind::NAMESPACE && other.id.name == self.id.namespace
    }

    /// What is known of it by what is there afterwards, where the server's answer was lost.
    pub fn settled(&self, predicted: Option<&Value>, now: Option<&Value>) -> Settled {
        let Some(now) = now else {
            return if self.op == Op::Delete { Settled::Made } else { Settled::NotYet };
        };
        let before = self.before.as_ref();
        let is_same = |field: &str| before.is_some_and(|it| word(it, field) == word(now, field));
        if self.op == Op::Delete {
            // What stands there now may be a newer one of the name.
            return if is_same("uid") { Settled::NotYet } else { Settled::Made };
        }
        if before.is_some() && is_same("resourceVersion") {
            return Settled::NotYet;
        }
        let wanted = meaning(predicted.unwrap_or(&self.object));
        let is_ours = if predicted.is_some() { meaning(now) == wanted } else { covers(&meaning(now), &wanted) };
        if is_ours { Settled::Made } else { Settled::Otherwise(by(now)) }
    }
}

/// What reading back tells of a change whose answer was lost.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Settled {
    Made,
    /// It is as it was; what was sent may still come.
    NotYet,
    /// Somebody has changed it meanwhile, perhaps after us: ` by NAME`.
    Otherwise(String),
}

/// Whether an object holds all that another says.
fn covers(object: &Value, said: &Value) -> bool {
    match (object, said) {
        (Value::Object(object), Value::Object(said)) => {
            said.iter().all(|(name, value)| object.get(name).is_some_and(|it| covers(it, value)))
        }
        (object, said) => object == said,
    }
}

/// ` by kubectl-edit`: who wrote it last.
fn by(now: &Value) -> String {
    manager(None, now).map(|it| format!(" by {it}")).unwrap_or_default()
}

/// What of an object is sent: not what the server keeps books in, and on which object it is meant.
fn sent(object: &Value, now: Option<&Value>) -> Value {
    let mut object = object.clone();
    let Some(fields) = object.as_object_mut() else { return object };
    fields.remove("status");
    let metadata = fields.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.retain(|name, _| !BOOKS.contains(&name.as_str()));
        for field in ["uid", "resourceVersion"] {
            let value = now.and_then(|it| word(it, field));
            value.into_iter().for_each(|it| drop(metadata.insert(field.to_owned(), it.into())));
        }
    }
    object
}

/// A change back to what an object was, of an object that is still as it was made.
///
/// # Errors
/// It is otherwise now: what differs, and by whom.
pub fn undone(made: &Made<'_>, now: Option<&Value>) -> Result<Option<Change>, Conflict> {
    let conflict = |what: String| Err(Conflict { id: made.id.clone(), what });
    let is_other = |now: &Value| made.after.is_some_and(|it| word(it, "uid") != word(now, "uid"));
    match (made.op, now) {
        (Op::Create, None) => Ok(None),
        (Op::Update, None) => conflict("it was deleted since".to_owned()),
        (Op::Delete, None) => {
            let object = made.before.cloned().unwrap_or_default();
            Ok(Some(Change { op: Op::Create, object: sent(&object, None) }))
        }
        (Op::Delete, Some(now)) => conflict(format!("it was created again since{}", by(now))),
        (_, Some(_)) if made.after.is_none() => conflict("somebody else created it at the same time".to_owned()),
        (_, Some(now)) if is_other(now) => conflict(format!("it was deleted and created anew since{}", by(now))),
        (op, Some(now)) => {
            let fields = made.after.map(|it| changed(&meaning(it), &meaning(now))).unwrap_or_default();
            if !fields.is_empty() {
                let fields: Vec<String> = fields.iter().map(ToString::to_string).collect();
                return conflict(format!("{} changed since{}", fields.join(", "), by(now)));
            }
            let before = made.before.filter(|_| op == Op::Update);
            let back = |it: &Value| Change { op: Op::Update, object: sent(it, Some(now)) };
            Ok(Some(before.map_or_else(|| Change { op: Op::Delete, object: now.clone() }, back)))
        }
    }
}

/// A change that was made, as it is remembered.
#[derive(Clone, Copy, Debug)]
pub struct Made<'a> {
    pub id: &'a ObjectId,
    pub op: Op,
    /// The object before it, and after it; nothing where there was none.
    pub before: Option<&'a Value>,
    pub after: Option<&'a Value>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(version: &str, ingress: Value) -> Value {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": version,
                "creationTimestamp": "2026-01-01T00:00:00Z",
                "managedFields": [{"manager": "kubectl-edit", "time": "2026-01-01T00:00:00Z"}]},
            "spec": {"podSelector": {}, "ingress": ingress}})
    }

    fn plain(ingress: Value) -> Value {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "web", "namespace": "shop"}, "spec": {"podSelector": {}, "ingress": ingress}})
    }

    fn id() -> ObjectId {
        ObjectId::new(Kind::NETWORK_POLICY, "shop", "web")
    }

    fn planned(op: Op, object: Value, now: Option<Value>) -> Result<Option<PlanStep>, String> {
        step(&Change { op, object }, &id(), now.as_ref(), TakeOver::Never).map_err(|it| it.what)
    }

    #[test]
    fn what_was_fetched_whole_takes_the_place_of_just_that_object() {
        let now = policy("7", json!([]));
        let made =
            planned(Op::Update, policy("7", json!([{}])), Some(now.clone())).expect("no conflict").expect("a step");
        assert_eq!((made.way, made.op), (WriteWay::Replace, Op::Update));
        assert_eq!(
            made.object["metadata"],
            json!({"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "7"})
        );
        let told = planned(Op::Update, policy("6", json!([{}])), Some(now.clone()));
        assert_eq!(told, Err("it was changed since by kubectl-edit: resourceVersion 6 is 7 now".to_owned()));
        let mut other = now.clone();
        other["metadata"]["uid"] = json!("other");
        assert!(planned(Op::Update, policy("7", json!([{}])), Some(other)).is_err());
        assert!(planned(Op::Update, policy("7", json!([{}])), None).is_err());
        assert_eq!(planned(Op::Update, policy("7", json!([])), Some(now)), Ok(None), "nothing to do");
    }

    #[test]
    fn a_plain_manifest_is_applied_on_what_was_seen() {
        let made =
            planned(Op::Create, plain(json!([{}])), Some(policy("7", json!([])))).expect("no conflict").expect("one");
        assert_eq!((made.way, made.op, &made.object["metadata"]["uid"]), (WriteWay::Apply, Op::Update, &json!("u")));
        let made = planned(Op::Create, plain(json!([{}])), None).expect("no conflict").expect("one");
        assert_eq!((made.way, made.op, made.object["metadata"].get("uid")), (WriteWay::Apply, Op::Create, None));
    }

    #[test]
    fn what_was_made_is_known_by_what_is_there() {
        let wanted = policy("7", json!([{}]));
        let made = planned(Op::Update, wanted, Some(policy("7", json!([])))).expect("no conflict").expect("a step");
        let settled = |now: Option<Value>| made.settled(None, now.as_ref());
        assert_eq!(settled(Some(policy("7", json!([])))), Settled::NotYet);
        assert_eq!(settled(Some(policy("8", json!([{}])))), Settled::Made);
        assert_eq!(
            settled(Some(policy("8", json!([{"ports": []}])))),
            Settled::Otherwise(" by kubectl-edit".to_owned())
        );
        let gone = planned(Op::Delete, policy("7", json!([])), Some(policy("7", json!([]))))
            .expect("no conflict")
            .expect("one");
        assert_eq!(gone.settled(None, None), Settled::Made);
        assert_eq!(gone.settled(None, Some(&policy("7", json!([])))), Settled::NotYet);
    }

    #[test]
    fn only_what_is_as_it_was_made_is_undone() {
        let (before, after, id) = (policy("7", json!([])), policy("8", json!([{}])), id());
        let made = Made { id: &id, op: Op::Update, before: Some(&before), after: Some(&after) };
        let back = undone(&made, Some(&policy("9", json!([{}])))).expect("only the version moved").expect("a change");
        assert_eq!((back.op, &back.object["spec"]["ingress"]), (Op::Update, &json!([])));
        assert_eq!(back.object["metadata"]["resourceVersion"], json!("9"));
        let told = undone(&made, Some(&policy("9", json!([{"ports": []}])))).map_err(|it| it.what);
        assert_eq!(told, Err("spec.ingress changed since by kubectl-edit".to_owned()));
        let created = Made { op: Op::Create, before: None, ..made };
        assert_eq!(undone(&created, Some(&after)).expect("it is ours").map(|it| it.op), Some(Op::Delete));
        let deleted = Made { op: Op::Delete, after: None, ..made };
        assert_eq!(undone(&deleted, None).expect("it is gone").map(|it| it.op), Some(Op::Create));
        assert!(undone(&deleted, Some(&after)).is_err());
    }
}

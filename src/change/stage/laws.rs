//! What holds of every stage: undo, its written form, the order in which changes are made.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::change::order::allows;

fn policy(name: &str, rules: Value) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "shop", "uid": name, "resourceVersion": "1"},
        "spec": {"podSelector": {}, "ingress": rules}})
}

fn item(op: Op, object: Value, fetched: Fetched) -> StagedItem {
    StagedItem::new(Change { op, object }, fetched, "a file").expect("a policy")
}

fn some_item() -> impl Strategy<Value = StagedItem> {
    let op = prop_oneof![Just(Op::Create), Just(Op::Update), Just(Op::Delete)];
    (op, "[a-d]", any::<bool>(), 0..3_u8).prop_map(|(op, name, opens, fetched)| {
        let rules = if opens { json!([{}]) } else { json!([]) };
        let fetched = match fetched {
            0 => Fetched::Absent,
            1 => Fetched::There(policy(&name, json!([]))),
            _ => Fetched::Unseen("403".to_owned()),
        };
        item(op, policy(&name, rules), fetched)
    })
}

fn some_stage() -> impl Strategy<Value = Stage> {
    proptest::collection::vec((some_item(), 0..6_u8), 0..12).prop_map(|steps| {
        let mut stage = Stage::default();
        for (item, what) in steps {
            match what {
                0 => drop(stage.undo()),
                1 => drop(stage.redo()),
                2 => drop(stage.unstage(item.id())),
                _ => drop(stage.stage([item])),
            }
        }
        stage
    })
}

proptest! {
    #[test]
    fn undo_after_stage_is_what_was_before_and_redo_what_was_staged(
        mut stage in some_stage(), items in proptest::collection::vec(some_item(), 0..4),
    ) {
        let before = stage.items().to_vec();
        if stage.stage(items) {
            let staged = stage.items().to_vec();
            prop_assert!(stage.undo());
            prop_assert_eq!(stage.items(), &before[..]);
            prop_assert!(stage.redo());
            prop_assert_eq!(stage.items(), &staged[..]);
        } else {
            prop_assert_eq!(stage.items(), &before[..]);
        }
    }

    #[test]
    fn what_is_written_is_read_back_as_it_was(stage in some_stage()) {
        let text = serde_json::to_string(&stage).expect("it is written");
        let back: Stage = serde_json::from_str(&text).expect("it is read");
        prop_assert_eq!(back, stage);
    }

    #[test]
    fn nothing_that_opens_comes_after_what_cuts(stage in some_stage()) {
        let order = stage.in_order();
        prop_assert_eq!(order.len(), stage.items().len());
        let cuts = |it: &&StagedItem| it.op() == Op::Delete || !allows(&it.change().object);
        let first = order.iter().position(cuts).unwrap_or(order.len());
        prop_assert!(order[first..].iter().all(cuts));
    }
}

#[test]
fn what_changes_nothing_is_not_staged_and_takes_back_what_was() {
    let there = || Fetched::There(policy("a", json!([])));
    let mut stage = Stage::default();
    assert!(!stage.stage([item(Op::Update, policy("a", json!([])), there())]));
    assert!(stage.stage([item(Op::Create, policy("a", json!([{}])), there())]));
    assert_eq!(stage.items()[0].op(), Op::Update, "it is there already");
    assert!(stage.stage([item(Op::Update, policy("a", json!([])), there())]));
    assert!(stage.is_empty());
    assert!(!stage.stage([item(Op::Delete, policy("a", json!([])), Fetched::Absent)]));
}

#[test]
fn what_is_no_stage_is_refused() {
    let read = |it: Value| serde_json::from_value::<Stage>(it).map_err(|it| it.to_string());
    assert!(read(json!({"version": "kreach/stage/v9", "changes": [], "now": [], "past": [], "future": []})).is_err());
    assert!(read(json!({"version": VERSION, "changes": [], "now": [3], "past": [], "future": []})).is_err());
    assert!(read(json!([])).is_err());
}

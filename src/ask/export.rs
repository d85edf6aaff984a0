//! Changes as text for others: manifests, a script for kubectl, a kustomization, Markdown for a ticket.
//!
//! ```text
//! manifests   what is created and updated as `kubectl apply -f` takes it; deletions are comments with their kubectl line
//! script      a dry run of every change by the server first, then each of them, in order
//! kustomize   patches of what is updated and deleted, and what is created as a file of its own
//! ```

mod kustomize;

use serde_json::Value;

use super::staged::{Staged, heading};
use crate::change::object::meaning;
use crate::change::{Change, Op};
use crate::model::untrusted;
use crate::text::written;
use crate::text::written::markdown as safe;

pub use kustomize::kustomize;

/// A change, and the object as it was where that is known.
#[derive(Clone, Copy, Debug)]
pub struct Exported<'a> {
    pub change: &'a Change,
    pub before: Option<&'a Value>,
}

/// The objects as `kubectl apply -f` takes them, without the server's bookkeeping.
pub fn manifests(changes: &[Change]) -> String {
    let one = |it: &Change| match it.op {
        Op::Delete => format!("# {}\n", delete_line(&it.object)),
        Op::Create | Op::Update => format!("---\n{}", yaml(&meaning(&it.object))),
    };
    changes.iter().map(one).collect()
}

/// A script that has the server try every change before it makes the first; `about` stands in comments.
///
/// An update of a stored object holds its resourceVersion: where somebody changed it meanwhile the server refuses it.
pub fn script(about: &[String], changes: &[Change]) -> String {
    let mut text = String::from("#!/bin/sh\n");
    about.iter().for_each(|it| text.push_str(&format!("# {}\n", untrusted::show(it))));
    text.push_str(
        "# Every change is tried by the server first; nothing is made unless it takes all of them.\n\
         # Usage: sh THIS, with kubectl's flags such as --context NAME behind it.\nset -eu\n\nchange() {\n",
    );
    for change in changes {
        let is_stored = change.object.pointer("/metadata/uid").is_some();
        text.push_str(&match change.op {
            Op::Delete => format!("  {} \"$@\"\n", delete_line(&change.object)),
            Op::Create => heredoc("create", &meaning(&change.object)),
            Op::Update if is_stored => heredoc("replace", &preconditioned(&change.object)),
            Op::Update => heredoc("apply", &meaning(&change.object)),
        });
    }
    text + "}\n\nchange --dry-run=server \"$@\"\nchange \"$@\"\n"
}

/// What a ticket says: each change with its manifest, and what it makes of the cluster.
pub fn markdown(changes: &[Change], told: &[Staged], impact: &str) -> String {
    let mut text = format!("**{}**\n", safe(&heading(told)));
    for change in changes {
        let object = change.id().map(|it| it.to_string()).unwrap_or_default();
        text.push_str(&format!("\n- {} `{}`\n", change.op.as_str(), untrusted::show(&object)));
        if change.op != Op::Delete {
            text.push_str(&format!("\n```yaml\n{}```\n", fenced(&yaml(&meaning(&change.object)))));
        }
    }
    if !impact.is_empty() {
        text.push_str(&format!("\nWhat changes in the cluster:\n\n```text\n{}```\n", fenced(impact)));
    }
    text
}

/// Text that closes no fence.
fn fenced(text: &str) -> String {
    text.replace("```", "'''")
}

fn yaml(object: &Value) -> String {
    let mut bytes = Vec::new();
    // A vector takes all bytes, and what was JSON can be written as YAML.
    let _ = written::yaml(object, &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The object with what the server is to compare: the uid and the version that the change was made for.
fn preconditioned(object: &Value) -> Value {
    let mut wanted = meaning(object);
    let metadata = wanted.get_mut("metadata").and_then(Value::as_object_mut);
    if let Some(metadata) = metadata {
        for field in ["uid", "resourceVersion"] {
            let value = object.pointer(&format!("/metadata/{field}"));
            value.into_iter().for_each(|it| drop(metadata.insert(field.to_owned(), it.clone())));
        }
    }
    wanted
}

fn heredoc(verb: &str, object: &Value) -> String {
    let text = yaml(object);
    let mut mark = "EOF".to_owned();
    while text.lines().any(|it| it == mark) {
        mark.push('_');
    }
    format!("  kubectl {verb} \"$@\" -f - <<'{mark}'\n{text}{mark}\n")
}

/// `kubectl delete networkpolicy.networking.k8s.io db -n shop`: how kubectl deletes an object.
pub fn delete_line(object: &Value) -> String {
    let word = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let group = word("/apiVersion").split_once('/').map(|it| format!(".{}", it.0)).unwrap_or_default();
    let kind = format!("{}{group}", word("/kind").to_lowercase());
    let namespace = word("/metadata/namespace");
    let namespaced = ["-n", namespace].into_iter().filter(|_| !namespace.is_empty());
    let words = ["kubectl", "delete", &kind, word("/metadata/name")].into_iter().chain(namespaced);
    // A line stays a line, whatever stands in a name.
    let quoted: Vec<String> = words.map(|it| shell_words::quote(&untrusted::show(it)).into_owned()).collect();
    quoted.join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changes() -> Vec<Change> {
        let policy = |name: &str| {
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": {"name": name, "namespace": "shop", "uid": "u1", "resourceVersion": "7",
                    "managedFields": [], "labels": {"a": "EOF"}},
                "spec": {"podSelector": {}}})
        };
        vec![
            Change { op: Op::Create, object: policy("new") },
            Change { op: Op::Update, object: policy("old") },
            Change { op: Op::Delete, object: policy("gone") },
        ]
    }

    #[test]
    fn manifests_are_what_kubectl_applies_and_deletions_are_comments() {
        let text = manifests(&changes());
        assert!(text.contains("# kubectl delete networkpolicy.networking.k8s.io gone -n shop\n"), "{text}");
        assert!(!text.contains("resourceVersion") && !text.contains("managedFields"), "{text}");
        assert_eq!(text.matches("---\n").count(), 2);
    }

    #[test]
    fn a_script_tries_everything_before_it_changes_anything() {
        let text = script(&["a fix\nof two lines".to_owned()], &changes());
        assert!(text.starts_with("#!/bin/sh\n# a fix\\nof two lines\n# Every"), "{text}");
        let dry = text.find("change --dry-run=server").expect("a dry run");
        assert!(dry < text.rfind("change \"$@\"").expect("the changes"), "{text}");
        assert_eq!(text.matches("resourceVersion: \"7\"").count(), 1, "of the update: {text}");
        assert!(text.contains("kubectl create \"$@\" -f - <<'EOF'"), "{text}");
    }
}

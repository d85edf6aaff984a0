//! `kreach rbac`: the ClusterRoles that kreach itself needs, as YAML: one to read, one to ask the server, one to apply.
//!
//! Made from the table of kinds that are read, so that it is never behind; secrets are never among them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use clap::Args;

use crate::kinds::{KINDS, Watch};

use super::{Exit, Failure};

/// The ClusterRoles that kreach needs, as YAML.
#[derive(Args, Debug)]
pub struct RbacArgs {}

/// The questions that have a body: groups and the reviews that are created to ask them.
const ASKED: &[(&str, &[&str])] = &[
    ("authentication.k8s.io", &["selfsubjectreviews"]),
    ("authorization.k8s.io", &["selfsubjectaccessreviews", "selfsubjectrulesreviews", "subjectaccessreviews"]),
];

/// What fixes are made of: group and plurals that an applied change may write.
const WRITTEN: &[(&str, &[&str])] = &[
    ("networking.k8s.io", &["networkpolicies"]),
    ("policy.networking.k8s.io", &["adminnetworkpolicies", "baselineadminnetworkpolicies", "clusternetworkpolicies"]),
    ("rbac.authorization.k8s.io", &["clusterrolebindings", "clusterroles", "rolebindings", "roles"]),
];

impl RbacArgs {
    /// Prints them.
    pub fn print(&self, out: &mut dyn io::Write) -> Result<Exit, Failure> {
        out.write_all(yaml().as_bytes())?;
        Ok(Exit::Yes)
    }
}

/// The ClusterRoles as one YAML stream.
fn yaml() -> String {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for spec in KINDS {
        groups.entry(spec.group).or_default().push(spec.plural);
    }
    let mut text = header("kreach-read", "Everything that kreach reads; it never reads Secrets.");
    for (group, plurals) in &mut groups {
        plurals.sort_unstable();
        plurals.dedup();
        rule(&mut text, group, plurals, &["get", "list", "watch"]);
    }
    text.push_str("---\n");
    text.push_str(&header(
        "kreach-ask",
        "Optional, beside kreach-read: the server's own word where RBAC is not all that is asked.",
    ));
    text.push_str(
        "# A review is a question and creates nothing. Every authenticated user may ask the selfsubject ones already\n",
    );
    text.push_str("# (system:basic-user); subjectaccessreviews tell about others.\n");
    for (group, plurals) in ASKED {
        rule(&mut text, group, plurals, &["create"]);
    }
    text.push_str("---\n");
    text.push_str(&header("kreach-apply", "What kreach writes with --write, beside kreach-read."));
    text.push_str("# RBAC itself still guards: a grant can be given only by who holds it.\n");
    for (group, plurals) in WRITTEN {
        rule(&mut text, group, plurals, &["create", "update", "patch", "delete"]);
    }
    // Workloads' metadata is watched without their templates, and nothing of theirs is written.
    debug_assert!(KINDS.iter().any(|it| it.watch == Watch::Metadata));
    text
}

fn header(name: &str, what: &str) -> String {
    format!(
        "# {what}\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: {name}\nrules:\n"
    )
}

fn rule(text: &mut String, group: &str, plurals: &[&str], verbs: &[&str]) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "- apiGroups: [\"{group}\"]");
    let _ = writeln!(text, "  resources: [{}]", plurals.join(", "));
    let _ = writeln!(text, "  verbs: [{}]", verbs.join(", "));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::{Intern, spec};
    use crate::model::cluster::{AnyFact, Delta};
    use crate::model::id::Kind;

    #[test]
    fn the_roles_read_back_and_never_read_secrets() {
        let text = yaml();
        let documents: Vec<&str> = text.split("---\n").collect();
        assert_eq!(documents.len(), 3);
        for document in documents {
            let spec = spec(Kind::CLUSTER_ROLE).expect("a kind that is read");
            let delta = spec.read_yaml(document, "default", &mut Intern::new()).delta();
            let Some(Delta::Put(entry)) = delta else { panic!("{document}") };
            assert!(entry.problems.is_empty());
            let AnyFact::Role(role) = entry.fact else { panic!("no role") };
            assert!(role.rules.iter().all(|it| !it.resources.iter().any(|it| it == "secrets" || it == "*")));
        }
    }
}

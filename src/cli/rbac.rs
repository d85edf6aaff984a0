//! `kreach rbac`: the ClusterRole that kreach itself needs, as YAML; with `--ask` also the one to ask the server itself.
//!
//! Made from the table of kinds that are read, so that it is never behind; secrets are never among them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;

use clap::Args;

use crate::ask::Fault;
use crate::kinds::{KINDS, KindSpec};
use crate::manifests::ROWS;

use super::Exit;

/// The ClusterRole that kreach needs, as YAML; with --write also those of apply and undo, to be bound for a limited time.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  kreach rbac\n  kreach rbac --write\n  kreach rbac --ask --baseline")]
pub struct RbacArgs {
    /// Print the ClusterRole of the reviews as well: the server's own word where RBAC is not all that is asked
    #[arg(long)]
    pub ask: bool,
    /// Print the ClusterRole of kreach baseline as well: whole workloads, ConfigMaps, Ingresses and routes
    #[arg(long)]
    pub baseline: bool,
}

/// The questions that have a body: groups and the reviews that are created to ask them.
const ASKED: &[(&str, &[&str])] = &[
    ("authentication.k8s.io", &["selfsubjectreviews"]),
    ("authorization.k8s.io", &["selfsubjectaccessreviews", "selfsubjectrulesreviews", "subjectaccessreviews"]),
];

impl RbacArgs {
    /// Prints it; with `--write` also the ClusterRoles of apply and undo.
    pub fn print(&self, writes: bool, out: &mut dyn io::Write) -> Result<Exit, Fault> {
        let mut text = read_role();
        if self.ask {
            text.push_str("---\n");
            text.push_str(&ask_role());
        }
        if self.baseline {
            text.push_str("---\n");
            text.push_str(&baseline_role());
        }
        if writes {
            text.push_str("---\n");
            text.push_str(&write_roles());
        }
        out.write_all(text.as_bytes())?;
        Ok(Exit::Yes)
    }
}

/// What reads everything that answers rest on.
fn read_role() -> String {
    let mut text = header("kreach-read", "Everything that kreach reads; it never reads Secrets.");
    rules(&mut text, KINDS.iter().map(|it| (it.group, it.plural)), &["get", "list", "watch"]);
    text
}

/// What reads what manifests declare beyond facts: once, without watching.
fn baseline_role() -> String {
    let what = "Optional, beside kreach-read: what kreach baseline reads, once; no Secrets.";
    let mut text = header("kreach-baseline", what);
    let listed = ROWS.iter().filter(|it| it.word != "ConfigMap").map(|it| (it.group, it.plural));
    rules(&mut text, listed, &["get", "list"]);
    text.push_str("# Only those that workloads name are asked for, each by its name.\n");
    rule(&mut text, "", &["configmaps"], &["get"]);
    text
}

/// What asks the server itself.
fn ask_role() -> String {
    let what = "Optional, beside kreach-read: the server's own word where RBAC is not all that is asked.";
    let mut text = header("kreach-ask", what);
    text.push_str(
        "# A review is a question and creates nothing. Every authenticated user may ask the selfsubject ones already\n",
    );
    text.push_str("# (system:basic-user); subjectaccessreviews tell about others.\n");
    for (group, plurals) in ASKED {
        rule(&mut text, group, plurals, &["create"]);
    }
    text
}

/// What applies and undoes changes; a dry run needs the same verbs.
///
/// No `escalate` and no `bind`: the server then refuses grants that whoever applies them does not hold.
fn write_roles() -> String {
    let verbs = ["create", "patch", "update", "delete"];
    let policies: Vec<&KindSpec> = KINDS.iter().filter(|it| is_policy(it)).collect();
    let mut text = header(
        "kreach-write-policies",
        "Beside kreach-read, for kreach apply and undo. Bind it for a limited time, in single namespaces where you can.",
    );
    rule_of(&mut text, policies.iter().filter(|it| it.is_namespaced()), &verbs);
    text.push_str("---\n");
    text.push_str(&header("kreach-write-cluster-policies", "The same for policies of the cluster as a whole."));
    rule_of(&mut text, policies.iter().filter(|it| !it.is_namespaced()), &verbs);
    text.push_str("---\n");
    let what =
        "The same for RBAC in namespaces; nobody grants what they do not hold, so it gives neither escalate nor bind.";
    text.push_str(&header("kreach-write-rbac", what));
    rule(&mut text, "rbac.authorization.k8s.io", &["rolebindings", "roles"], &verbs);
    text.push_str("---\n");
    text.push_str(&header("kreach-write-cluster-rbac", "The same for RBAC of the cluster as a whole."));
    rule(&mut text, "rbac.authorization.k8s.io", &["clusterrolebindings", "clusterroles"], &verbs);
    text
}

/// Whether a kind is one of policies: what is neither workload, RBAC nor part of what policies are about.
fn is_policy(spec: &KindSpec) -> bool {
    spec.is_policy() && spec.plural.ends_with("policies")
}

fn rule_of<'s>(text: &mut String, specs: impl Iterator<Item = &'s &'static KindSpec>, verbs: &[&str]) {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for spec in specs {
        groups.entry(spec.group).or_default().push(spec.plural);
    }
    for (group, plurals) in &mut groups {
        plurals.sort_unstable();
        plurals.dedup();
        rule(text, group, plurals, verbs);
    }
}

fn header(name: &str, what: &str) -> String {
    format!(
        "# {what}\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: {name}\nrules:\n"
    )
}

/// A rule for each group of these kinds.
fn rules<'a>(text: &mut String, kinds: impl Iterator<Item = (&'a str, &'a str)>, verbs: &[&str]) {
    let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (group, plural) in kinds {
        groups.entry(group).or_default().insert(plural);
    }
    for (group, plurals) in groups {
        rule(text, group, &plurals.into_iter().collect::<Vec<_>>(), verbs);
    }
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
    use crate::model::name::Name;

    #[test]
    fn the_roles_read_back_and_never_read_secrets_or_write() {
        for (text, verbs) in [(read_role(), vec!["get", "list", "watch"]), (ask_role(), vec!["create"])] {
            let spec = spec(Kind::CLUSTER_ROLE).expect("a kind that is read");
            let delta = spec.read_yaml(&text, "default", &mut Intern::new()).delta();
            let Some(Delta::Put(entry)) = delta else { panic!("{text}") };
            assert!(entry.problems.is_empty());
            let AnyFact::Role(role) = entry.fact else { panic!("no role") };
            assert!(role.rules.iter().all(|it| !it.resources.iter().any(|it| it == "secrets" || it == "*")));
            assert!(role.rules.iter().all(|it| it.verbs.iter().map(Name::as_str).eq(verbs.iter().copied())), "{text}");
            let is_review = |it: &Name| it.ends_with("reviews");
            assert!(role.rules.iter().all(|it| it.resources.iter().all(|it| is_review(it) == (verbs == ["create"]))));
        }
    }

    #[test]
    fn the_roles_of_write_never_escalate_and_name_no_secrets() {
        let text = write_roles();
        for document in text.split("---\n") {
            let spec = spec(Kind::CLUSTER_ROLE).expect("a kind that is read");
            let delta = spec.read_yaml(document, "default", &mut Intern::new()).delta();
            let Some(Delta::Put(entry)) = delta else { panic!("{document}") };
            let AnyFact::Role(role) = entry.fact else { panic!("no role") };
            assert!(!role.rules.is_empty(), "{document}");
        }
        let rules: String = text.lines().filter(|it| !it.starts_with('#')).collect();
        assert!(
            !["secrets", "escalate", "bind", "*", "impersonate"]
                .iter()
                .any(|it| rules.split(' ').any(|word| word.trim_matches([',', '[', ']', '"']) == *it)),
            "{text}"
        );
        assert!(text.contains("networkpolicies") && text.contains("clusternetworkpolicies"), "{text}");
    }

    #[test]
    fn the_role_of_baseline_reads_what_it_asks_for_and_no_secrets() {
        let text = baseline_role();
        let spec = spec(Kind::CLUSTER_ROLE).expect("a kind that is read");
        let delta = spec.read_yaml(&text, "default", &mut Intern::new()).delta();
        let Some(Delta::Put(entry)) = delta else { panic!("{text}") };
        let AnyFact::Role(role) = entry.fact else { panic!("no role") };
        let reads = |row: &crate::manifests::DeclaringKind| {
            role.rules
                .iter()
                .any(|it| it.resources.iter().any(|it| *it == row.plural) && it.verbs.iter().any(|it| *it == "get"))
        };
        assert!(ROWS.iter().all(reads), "{text}");
        assert!(!text.contains("secrets") && !text.contains("watch") && !text.contains('*'), "{text}");
    }
}

//! What is found about a policy, a subject or a rule that its author may not have meant.
//!
//! ```text
//! a policy    selects-nothing   networkpolicy/shop/old selects no running pod
//! a subject   subject-stale     sa:shop/gone is bound and does not exist
//! a rule      unknown-verb      verbs: [GET]: verbs are lower case; did you mean get?
//! ```
//!
//! What looks (`net`, `rbac`) makes [`Finding`]s; `text::finding` tells all of them. A new sort is a constant here and its
//! name in [`FINDINGS`], of which the table in docs/findings.md is made.

use std::borrow::Cow;

use super::name::Name;
use super::place::Place;

/// Something that was found.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Finding {
    pub sort: &'static FindingSort,
    /// In the object that it is about; of a rule, in the rule.
    pub place: Place,
    /// The word of the rule that it is about: a verb, a resource, a URL; empty for all that stands at the place.
    pub word: Name,
    pub effect: Effectiveness,
    /// One clause: what is wrong, and what was probably meant.
    pub what: Cow<'static, str>,
}

/// A sort of findings: a row of [`FINDINGS`].
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct FindingSort {
    /// Unique, in lower case with dashes.
    pub id: &'static str,
    pub found_in: FoundIn,
    /// Of such a finding where nothing else is said.
    pub effect: Effectiveness,
    /// The rule of Kubernetes behind it: `S15` of docs/network-policy.md, `9` of docs/rbac.md; empty: none.
    pub rule: &'static str,
    /// What it says, where a finding does not say it more closely.
    pub doc: &'static str,
}

/// What a finding is found in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum FoundIn {
    Policy,
    /// Told beside the subject by this word; `is_bad`: somebody should look at it soon.
    Subject {
        word: &'static str,
        is_bad: bool,
    },
    /// A part of a role's rule, as a binding gives it.
    Rule(RulePart),
}

/// Which part of a role's rule.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RulePart {
    /// All of it.
    Rule,
    /// A verb, on the rule's resources.
    Verb,
    /// A verb, on the rule's URLs.
    Method,
    Group,
    Resource,
    Name,
    Url,
}

/// How much of what it is about has an effect.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Effectiveness {
    /// None: no request or connection ever matches.
    Dead,
    /// Only some unusual requests match.
    Limited,
    /// All of it, as it is written.
    Whole,
}

impl Finding {
    /// A finding at a place, told as all of its sort are.
    pub fn new(sort: &'static FindingSort, place: Place) -> Self {
        Self { sort, place, word: Name::empty(), effect: sort.effect, what: Cow::Borrowed(sort.doc) }
    }

    /// Told more closely.
    pub fn saying(self, what: impl Into<Cow<'static, str>>) -> Self {
        Self { what: what.into(), ..self }
    }

    /// A finding about a word of a rule, in the part of it that the sort says.
    pub fn of_word(sort: &'static FindingSort, word: &Name) -> Self {
        let place = match sort.found_in {
            FoundIn::Rule(part) => Place::new(part.field()),
            FoundIn::Policy | FoundIn::Subject { .. } => Place::default(),
        };
        Self { word: word.clone(), ..Self::new(sort, place) }
    }

    /// The same where some unusual requests match.
    pub fn limited(self) -> Self {
        Self { effect: Effectiveness::Limited, ..self }
    }

    /// Whether it is about this part of a rule.
    pub fn is_of(&self, part: RulePart) -> bool {
        self.sort.found_in == FoundIn::Rule(part)
    }

    /// Whether it is about a verb of a rule, on resources or on URLs.
    pub fn is_of_verb(&self) -> bool {
        self.is_of(RulePart::Verb) || self.is_of(RulePart::Method)
    }

    /// By what it is told in a list: the word of a rule, or that of the sort; empty for policies, which lists count.
    pub fn label(&self) -> &str {
        match self.sort.found_in {
            FoundIn::Policy => "",
            FoundIn::Subject { word, .. } => word,
            FoundIn::Rule(_) if self.word.is_empty() => "rule",
            FoundIn::Rule(_) => &self.word,
        }
    }

    /// Whether somebody should look at it soon.
    pub fn is_bad(&self) -> bool {
        matches!(self.sort.found_in, FoundIn::Subject { is_bad: true, .. })
    }
}

impl RulePart {
    /// Its field in a rule; of the whole rule none.
    pub const fn field(self) -> &'static str {
        match self {
            RulePart::Rule => "",
            RulePart::Verb | RulePart::Method => "verbs",
            RulePart::Group => "apiGroups",
            RulePart::Resource => "resources",
            RulePart::Name => "resourceNames",
            RulePart::Url => "nonResourceURLs",
        }
    }
}

impl FoundIn {
    /// In a word, for documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            FoundIn::Policy => "policy",
            FoundIn::Subject { .. } => "subject",
            FoundIn::Rule(_) => "rule of a role",
        }
    }
}

impl Effectiveness {
    /// As JSON knows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Effectiveness::Dead => "dead",
            Effectiveness::Limited => "limited",
            Effectiveness::Whole => "whole",
        }
    }
}

pub const INERT_RULES: FindingSort =
    policy("inert-rules", Effectiveness::Dead, "S5", "rules in a direction that it does not isolate: without effect");
pub const SELECTS_NOTHING: FindingSort = policy("selects-nothing", Effectiveness::Dead, "", "selects no running pod");
pub const NO_PEER: FindingSort = policy("no-peer", Effectiveness::Dead, "", "rule matches nothing in the cluster");
pub const ALLOWS_ALL: FindingSort =
    policy("allows-all", Effectiveness::Whole, "S9", "this rule allows every end on every port");
pub const TWO_ELEMENTS: FindingSort =
    policy("two-elements", Effectiveness::Whole, "S15", "separate list entries are ORed; did you mean AND?");

pub const LEFT: FindingSort = bad_subject("subject-left", "left", "", "inactive in directory: remove its bindings");
pub const STALE: FindingSort = bad_subject(
    "subject-stale",
    "stale",
    "38",
    "does not exist, yet is bound: whoever creates this account gets its rights",
);
pub const SHARED: FindingSort =
    subject("subject-shared", "shared", "several workloads run as it: all of these pods share its permissions");
pub const DEFAULT: FindingSort = subject("subject-default", "default", "used where serviceAccountName is unset");
pub const UNUSED: FindingSort = subject("subject-unused", "unused", "no pod runs as it");
pub const NEVER: FindingSort = bad_subject(
    "subject-never",
    "never",
    "",
    "unknown subject kind, or no name or namespace: bindings that name it grant nothing",
);

pub const UNKNOWN_VERB: FindingSort =
    rule("unknown-verb", RulePart::Verb, Effectiveness::Dead, "6", "no request has such a verb");
pub const UNKNOWN_GROUP: FindingSort =
    rule("unknown-group", RulePart::Group, Effectiveness::Dead, "7", "no resource is in such a group");
pub const NO_WILDCARD: FindingSort = rule(
    "no-wildcard",
    RulePart::Resource,
    Effectiveness::Dead,
    "9",
    "subresources are named one by one, or all with *",
);
pub const UNKNOWN_RESOURCE: FindingSort =
    rule("unknown-resource", RulePart::Resource, Effectiveness::Dead, "12", "no request is for such a resource");
pub const NO_VERB: FindingSort =
    rule("no-verb", RulePart::Rule, Effectiveness::Dead, "13", "a rule without verbs grants nothing");
pub const OWN_NAMESPACE: FindingSort = rule(
    "own-namespace",
    RulePart::Resource,
    Effectiveness::Limited,
    "16",
    "through a RoleBinding this is the binding's own Namespace alone",
);
pub const CLUSTER_SCOPED: FindingSort = rule(
    "cluster-scoped",
    RulePart::Resource,
    Effectiveness::Dead,
    "17",
    "cluster-scoped: only a ClusterRoleBinding grants it",
);
pub const CLUSTER_SCOPED_VERB: FindingSort = rule(
    "cluster-scoped-verb",
    RulePart::Verb,
    Effectiveness::Dead,
    "17",
    "this verb carries no namespace there: only a ClusterRoleBinding grants it",
);
pub const NO_SUCH_NAME: FindingSort =
    rule("no-such-name", RulePart::Name, Effectiveness::Dead, "21", "no object can be called so");
pub const NAMED_CREATE: FindingSort = rule(
    "named-create",
    RulePart::Verb,
    Effectiveness::Limited,
    "22",
    "a create by POST has no name: only apply, PUT and subresources match resourceNames",
);
pub const NAMED_DELETECOLLECTION: FindingSort = rule(
    "named-deletecollection",
    RulePart::Verb,
    Effectiveness::Dead,
    "23",
    "deletecollection never has a name: resourceNames shut it out",
);
pub const NAMED_LIST: FindingSort =
    rule("named-list", RulePart::Verb, Effectiveness::Limited, "24", "only with the field selector metadata.name=NAME");
pub const UNKNOWN_URL: FindingSort =
    rule("unknown-url", RulePart::Url, Effectiveness::Dead, "28", "no request has such a path");
pub const UNKNOWN_METHOD: FindingSort = rule(
    "unknown-method",
    RulePart::Method,
    Effectiveness::Dead,
    "29",
    "URLs are asked with HTTP methods in lower case: get, post, put, patch, delete, head, options",
);
pub const BOUND_URL: FindingSort = rule(
    "bound-url",
    RulePart::Url,
    Effectiveness::Dead,
    "30",
    "a RoleBinding grants no URLs: only a ClusterRoleBinding does",
);

/// Every sort of findings.
pub const FINDINGS: &[&FindingSort] = &[
    &INERT_RULES,
    &SELECTS_NOTHING,
    &NO_PEER,
    &ALLOWS_ALL,
    &TWO_ELEMENTS,
    &LEFT,
    &STALE,
    &SHARED,
    &DEFAULT,
    &UNUSED,
    &NEVER,
    &UNKNOWN_VERB,
    &UNKNOWN_GROUP,
    &NO_WILDCARD,
    &UNKNOWN_RESOURCE,
    &NO_VERB,
    &OWN_NAMESPACE,
    &CLUSTER_SCOPED,
    &CLUSTER_SCOPED_VERB,
    &NO_SUCH_NAME,
    &NAMED_CREATE,
    &NAMED_DELETECOLLECTION,
    &NAMED_LIST,
    &UNKNOWN_URL,
    &UNKNOWN_METHOD,
    &BOUND_URL,
];

const fn policy(id: &'static str, effect: Effectiveness, rule: &'static str, doc: &'static str) -> FindingSort {
    FindingSort { id, found_in: FoundIn::Policy, effect, rule, doc }
}

const fn subject(id: &'static str, word: &'static str, doc: &'static str) -> FindingSort {
    FindingSort { id, found_in: FoundIn::Subject { word, is_bad: false }, effect: Effectiveness::Whole, rule: "", doc }
}

const fn bad_subject(id: &'static str, word: &'static str, rule: &'static str, doc: &'static str) -> FindingSort {
    FindingSort { id, found_in: FoundIn::Subject { word, is_bad: true }, effect: Effectiveness::Whole, rule, doc }
}

const fn rule(
    id: &'static str,
    part: RulePart,
    effect: Effectiveness,
    rule: &'static str,
    doc: &'static str,
) -> FindingSort {
    FindingSort { id, found_in: FoundIn::Rule(part), effect, rule, doc }
}

/// The sorts as a table, for the documents.
pub fn document() -> String {
    let row = |it: &&FindingSort| format!("| `{}` | {} | {} | {} |\n", it.id, it.found_in.as_str(), it.rule, it.doc);
    let rows: String = FINDINGS.iter().map(row).collect();
    format!("| finding | found in | rule | what it says |\n|---|---|---|---|\n{rows}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_plain() {
        let ids: BTreeSet<&str> = FINDINGS.iter().map(|it| it.id).collect();
        assert_eq!(ids.len(), FINDINGS.len());
        assert!(ids.iter().all(|it| it.chars().all(|it| it.is_ascii_lowercase() || it == '-')), "{ids:?}");
    }
}

//! The kinds that ends can be, by all the words that kubectl knows them by.

/// What a kind word names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Word {
    Pod,
    Service,
    Namespace,
    Node,
    Workload,
}

/// The kinds that ends can be: singular, plural, short name, API group (as `kubectl get -o name` prints it).
const WORDS: &[(&str, &str, &str, &str, Word)] = &[
    ("pod", "pods", "po", "", Word::Pod),
    ("service", "services", "svc", "", Word::Service),
    ("namespace", "namespaces", "ns", "", Word::Namespace),
    ("node", "nodes", "no", "", Word::Node),
    ("deployment", "deployments", "deploy", "apps", Word::Workload),
    ("replicaset", "replicasets", "rs", "apps", Word::Workload),
    ("statefulset", "statefulsets", "sts", "apps", Word::Workload),
    ("daemonset", "daemonsets", "ds", "apps", Word::Workload),
    ("replicationcontroller", "replicationcontrollers", "rc", "", Word::Workload),
    ("job", "jobs", "job", "batch", Word::Workload),
    ("cronjob", "cronjobs", "cj", "batch", Word::Workload),
];

/// The kind that a word names, and its singular.
pub(super) fn word(text: &str) -> Option<(&'static str, Word)> {
    let text = text.to_ascii_lowercase();
    let (bare, group) = text.split_once('.').map_or((text.as_str(), None), |(bare, group)| (bare, Some(group)));
    WORDS
        .iter()
        .find(|row| [row.0, row.1, row.2].contains(&bare) && group.is_none_or(|it| it == row.3))
        .map(|row| (row.0, row.4))
}

//! The kinds that ends can be, by all the words that kubectl knows them by.

/// What a kind word names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum KindWord {
    Pod,
    Service,
    Namespace,
    Node,
    Workload,
}

/// The kinds that ends can be: singular, plural, short name, API group (as `kubectl get -o name` prints it).
const WORDS: &[(&str, &str, &str, &str, KindWord)] = &[
    ("pod", "pods", "po", "", KindWord::Pod),
    ("service", "services", "svc", "", KindWord::Service),
    ("namespace", "namespaces", "ns", "", KindWord::Namespace),
    ("node", "nodes", "no", "", KindWord::Node),
    ("deployment", "deployments", "deploy", "apps", KindWord::Workload),
    ("replicaset", "replicasets", "rs", "apps", KindWord::Workload),
    ("statefulset", "statefulsets", "sts", "apps", KindWord::Workload),
    ("daemonset", "daemonsets", "ds", "apps", KindWord::Workload),
    ("replicationcontroller", "replicationcontrollers", "rc", "", KindWord::Workload),
    ("job", "jobs", "job", "batch", KindWord::Workload),
    ("cronjob", "cronjobs", "cj", "batch", KindWord::Workload),
];

/// The kind that a word names, and its singular.
pub(super) fn word(text: &str) -> Option<(&'static str, KindWord)> {
    let text = text.to_ascii_lowercase();
    let (bare, group) = text.split_once('.').map_or((text.as_str(), None), |(bare, group)| (bare, Some(group)));
    WORDS
        .iter()
        .find(|row| [row.0, row.1, row.2].contains(&bare) && group.is_none_or(|it| it == row.3))
        .map(|row| (row.0, row.4))
}

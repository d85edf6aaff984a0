//! What may stand behind a word of the palette, as it is typed: ends, subjects, verbs, resources, namespaces.
//!
//! ```text
//! :trace web|            deploy/shop/web   svc/shop/web   shop/web-7d9f-x
//! :who-can get sec|      secrets
//! ```
//!
//! What begins as typed comes first, then what holds it anywhere. Of very many the first [`MOST`] are offered.

use std::collections::BTreeSet;

use super::app::App;
use crate::ask::escalation::SINKS;
use crate::ask::filter::holds_word;
use crate::model::workload::workload_of;
use crate::text::rbac::VERBS;

/// So many are offered.
const MOST: usize = 200;

/// What an argument is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Argument {
    End,
    /// An end, somebody, or what one may come to.
    Actor,
    Subject,
    Verb,
    Resource,
    Namespace,
    Context,
}

/// What the arguments of a word are, in their order; the last stands for all that follow.
const ARGUMENTS: &[(&str, &[Argument])] = &[
    ("trace", &[Argument::End]),
    ("to", &[Argument::End]),
    ("reach", &[Argument::Actor]),
    ("who-reaches", &[Argument::Actor]),
    ("explain", &[Argument::Actor]),
    ("touch", &[Argument::End]),
    ("permissions", &[Argument::Subject]),
    ("as", &[Argument::Subject]),
    ("who-can", &[Argument::Verb, Argument::Resource]),
    ("ns", &[Argument::Namespace]),
    ("secrets", &[Argument::Namespace]),
    ("exec", &[Argument::Namespace]),
    ("ctx", &[Argument::Context]),
];

/// What the argument that is being typed may become, the likeliest first.
pub fn candidates(app: &App, line: &str) -> Vec<String> {
    let Some((before, begun)) = line.rsplit_once(' ') else { return Vec::new() };
    let typed: Vec<&str> = before.split_whitespace().collect();
    let Some((word, typed)) = typed.split_first() else { return Vec::new() };
    let mut all = Vec::new();
    for argument in arguments(word, typed) {
        match argument {
            Argument::End => all.extend(ends(app)),
            Argument::Actor => all.extend(ends(app).into_iter().chain(subjects(app)).chain(SINKS.map(str::to_owned))),
            Argument::Subject => all.extend(subjects(app)),
            Argument::Verb => all.extend(VERBS.map(str::to_owned)),
            Argument::Resource => all.extend(resources(app)),
            Argument::Namespace => all.extend(namespaces(app)),
            Argument::Context => all.extend(app.session.contexts.iter().map(|it| it.to_string())),
        }
    }
    ranked(all, begun)
}

/// What may stand where one types, behind these.
fn arguments(word: &str, typed: &[&str]) -> Vec<Argument> {
    if typed.last().is_some_and(|it| *it == "-n" || *it == "--namespace") {
        return vec![Argument::Namespace];
    }
    // `can` begins with somebody, or with the verb where that is oneself.
    if word == "can" {
        let somebody = typed.first().filter(|it| it.contains(':') || **it == "me");
        return match (typed, somebody) {
            ([], _) => vec![Argument::Subject, Argument::Verb],
            ([_], Some(_)) => vec![Argument::Verb],
            _ => vec![Argument::Resource],
        };
    }
    let Some((_, arguments)) = ARGUMENTS.iter().find(|it| it.0 == word) else { return Vec::new() };
    let at = typed.len().min(arguments.len() - 1);
    arguments.get(at).copied().into_iter().collect()
}

/// Those that begin so, then those that hold it, each once.
fn ranked(all: Vec<String>, begun: &str) -> Vec<String> {
    let begun = begun.to_lowercase();
    let is_first = |it: &str| it.to_lowercase().starts_with(&begun) || last(it).to_lowercase().starts_with(&begun);
    let holding = all.into_iter().filter(|it| begun.is_empty() || holds_word(it, &begun));
    let (first, rest): (Vec<String>, Vec<String>) = holding.partition(|it| is_first(it));
    first.into_iter().chain(rest).take(MOST).collect()
}

/// The name alone: people know it before its namespace.
fn last(candidate: &str) -> &str {
    candidate.rsplit('/').next().unwrap_or(candidate)
}

/// Workloads, Services, pods, namespaces and nodes; what many stand behind first.
fn ends(app: &App) -> Vec<String> {
    let cluster = &app.session.world.cluster;
    let workload =
        |it: &_| workload_of(cluster, it).map(|of| format!("{}/{}/{}", of.kind.to_lowercase(), of.namespace, of.name));
    let workloads: BTreeSet<String> = cluster.pods.iter().filter_map(|it| workload(it)).collect();
    let services = cluster.services.iter().flat_map(|it| {
        let name = format!("svc/{}/{}", it.meta.namespace, it.meta.name);
        let ports: Vec<String> = it.ports.iter().map(|port| format!("{name}:{}", port.number)).collect();
        std::iter::once(name).chain(ports)
    });
    let pods = cluster.pods.iter().map(|it| it.pod_id().to_string());
    let namespaces = cluster.namespace_names().into_iter().map(|it| format!("ns/{it}"));
    let nodes = cluster.nodes.iter().map(|it| format!("node/{}", it.meta.name));
    workloads
        .into_iter()
        .chain(services)
        .chain(pods)
        .chain(namespaces)
        .chain(nodes)
        .chain(["internet".into()])
        .collect()
}

fn subjects(app: &App) -> impl Iterator<Item = String> {
    app.session.world.rbac().everybody(&app.session.world.cluster).into_iter().map(|it| it.to_string())
}

/// What is served, with its group where that is not the core one, subresources behind it.
fn resources(app: &App) -> impl Iterator<Item = String> {
    let name = |name: &str, group: &str| if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") };
    app.session.world.served.iter().map(move |it| name(&it.name, &it.group))
}

fn namespaces(app: &App) -> impl Iterator<Item = String> {
    app.session.world.cluster.namespace_names().into_iter().map(|it| it.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_so_comes_first() {
        let all = ["kube-system/web-1", "shop/db", "web/a", "deploy/shop/web"].map(str::to_owned).to_vec();
        assert_eq!(ranked(all.clone(), "web"), ["kube-system/web-1", "web/a", "deploy/shop/web"]);
        assert_eq!(ranked(all.clone(), "SHOP"), ["shop/db", "deploy/shop/web"]);
        assert_eq!(ranked(all, "nothing").len(), 0);
    }

    #[test]
    fn each_argument_is_of_its_sort() {
        assert_eq!(arguments("who-can", &[]), [Argument::Verb]);
        assert_eq!(arguments("who-can", &["get"]), [Argument::Resource]);
        assert_eq!(arguments("can", &["user:a"]), [Argument::Verb]);
        assert_eq!(arguments("can", &["get"]), [Argument::Resource]);
        assert_eq!(arguments("can", &["get", "pods", "-n"]), [Argument::Namespace]);
        assert_eq!(arguments("trace", &["a", "b"]), [Argument::End]);
        assert_eq!(arguments("nothing", &[]), []);
    }
}

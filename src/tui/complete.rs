//! What may stand behind a word of the palette, as it is typed: ends, subjects, verbs, resources, namespaces.
//!
//! ```text
//! :trace web|            deploy/shop/web   svc/shop/web   shop/web-7d9f-x
//! :who-can get sec|      secrets
//! ```
//!
//! What begins as typed comes first, then what holds it anywhere. Of very many the first [`MOST`] are offered. It is asked at
//! every key, so that of a large cluster's pods none is written out that cannot be meant.

use std::collections::BTreeSet;

use super::app::App;
use crate::ask::escalation::SINKS;
use crate::ask::filter::{Filtered as _, holds_letters, holds_word};
use crate::model::cluster::Cluster;
use crate::model::ownership::workload_of;
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
    ("choke", &[Argument::Actor]),
    ("sidestep", &[Argument::End]),
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
            Argument::End => all.extend(ends(app, begun)),
            Argument::Actor => {
                all.extend(ends(app, begun));
                all.extend(subjects(app, begun).chain(SINKS.map(str::to_owned)));
            }
            Argument::Subject => all.extend(subjects(app, begun)),
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

/// What is offered: what begins as typed, then what holds it.
struct Ranks {
    /// Lower case.
    begun: String,
    first: Vec<String>,
    rest: Vec<String>,
}

impl Ranks {
    fn of(begun: &str) -> Self {
        Self { begun: begun.to_lowercase(), first: Vec::new(), rest: Vec::new() }
    }

    /// Takes a candidate in, if it holds what is typed; one that was taken just before is not taken again.
    fn add(&mut self, candidate: String) {
        let begins = |it: &str| it.to_lowercase().starts_with(&self.begun);
        let rank = match (begins(&candidate) || begins(last(&candidate)), holds_word(&candidate, &self.begun)) {
            (true, _) => &mut self.first,
            (false, true) => &mut self.rest,
            (false, false) => return,
        };
        if rank.len() < MOST && rank.last() != Some(&candidate) {
            rank.push(candidate);
        }
    }

    /// Whether no other candidate would be offered.
    fn is_full(&self) -> bool {
        self.first.len() >= MOST
    }

    fn all(self) -> impl Iterator<Item = String> {
        self.first.into_iter().chain(self.rest).take(MOST)
    }
}

/// Those that begin so, then those that hold it.
fn ranked(all: Vec<String>, begun: &str) -> Vec<String> {
    let mut ranks = Ranks::of(begun);
    all.into_iter().for_each(|it| ranks.add(it));
    ranks.all().collect()
}

/// The name alone: people know it before its namespace.
fn last(candidate: &str) -> &str {
    candidate.rsplit('/').next().unwrap_or(candidate)
}

/// Workloads, Services, pods, namespaces and nodes; what many stand behind first.
fn ends(app: &App, begun: &str) -> Vec<String> {
    let cluster = &app.session.world.cluster;
    let services = cluster.services.iter().flat_map(|it| {
        let name = format!("svc/{}/{}", it.meta.namespace, it.meta.name);
        let ports: Vec<String> = it.ports.iter().map(|port| format!("{name}:{}", port.number)).collect();
        std::iter::once(name).chain(ports)
    });
    let (workloads, pods) = workloads_and_pods(cluster, begun);
    let namespaces = cluster.namespace_names().into_iter().map(|it| format!("ns/{it}"));
    let nodes = cluster.nodes.iter().map(|it| format!("node/{}", it.meta.name));
    let all = workloads.into_iter().chain(services).chain(pods);
    all.chain(namespaces).chain(nodes).chain(["internet".into()]).collect()
}

/// The pods that are meant and the workloads that are, of each no more than are offered of either rank.
fn workloads_and_pods(cluster: &Cluster, begun: &str) -> (BTreeSet<String>, Vec<String>) {
    // A kind stands before the names: `deployment/shop/we` is held by the letters of `shop/web-7d9f-x`.
    let name = if is_kind(begun) { "" } else { begun.split_once('/').map_or(begun, |it| it.1) }.to_lowercase();
    let (mut workloads, mut pods) = (Ranks::of(begun), Ranks::of(begun));
    for pod in cluster.pods.iter().filter(|it| holds_letters(it.words(), &name)) {
        if !workloads.is_full()
            && let Some(of) = workload_of(cluster, pod)
        {
            workloads.add(format!("{}/{}/{}", of.kind.to_lowercase(), of.namespace, of.name));
        }
        if !pods.is_full() {
            pods.add(pod.pod_id().to_string());
        }
    }
    (workloads.all().collect(), pods.all().collect())
}

/// Whether a workload's kind begins so.
fn is_kind(begun: &str) -> bool {
    const KINDS: [&str; 6] = ["deployment", "statefulset", "daemonset", "replicaset", "cronjob", "job"];
    KINDS.iter().any(|it| it.starts_with(&begun.to_lowercase()))
}

fn subjects(app: &App, begun: &str) -> impl Iterator<Item = String> {
    let letters = begun.to_lowercase();
    let all = app.session.world.rbac().everybody(&app.session.world.cluster).into_iter();
    all.filter(move |it| holds_letters(it.words(), &letters)).map(|it| it.to_string())
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

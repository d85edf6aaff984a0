//! Whose reach is asked for: subjects and workloads of both worlds, those who hold the same on both together.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::ask::reached::alike;
use crate::ask::workload::workload_of;
use crate::escalate::{Foothold, Ground};
use crate::model::role::Subject;

/// Who starts, for all who are like them.
pub struct StartGroup {
    pub foothold: Foothold,
    /// All of them, as they are typed.
    pub who: Vec<String>,
}

/// Everybody whom bindings of either side name, and every account.
pub fn subjects(before: &Ground<'_>, after: &Ground<'_>) -> Vec<StartGroup> {
    let classes = [before, after].map(alike);
    let mut of: FxHashMap<&Subject, [Option<usize>; 2]> = FxHashMap::default();
    for (side, classes) in classes.iter().enumerate() {
        for (number, subject) in classes.iter().enumerate().flat_map(|(at, it)| it.iter().map(move |it| (at, it))) {
            of.entry(subject).or_default()[side] = Some(number);
        }
    }
    // Whom one side does not know stands alone.
    type ClassPair<'s> = ([Option<usize>; 2], Option<&'s Subject>);
    let mut groups: BTreeMap<ClassPair<'_>, Vec<&Subject>> = BTreeMap::new();
    // The order does not matter: they are sorted in what they are put into.
    for (subject, numbers) in &of {
        let alone = numbers.contains(&None).then_some(*subject);
        groups.entry((*numbers, alone)).or_default().push(subject);
    }
    let start = |mut all: Vec<&Subject>| {
        all.sort();
        let who = all.iter().map(|it| it.to_string()).collect();
        StartGroup { foothold: Foothold::Subject(all[0].clone()), who }
    };
    groups.into_values().map(start).collect()
}

/// Pods that run on both sides, as the workloads that they are of.
pub fn workloads(before: &Ground<'_>, after: &Ground<'_>) -> Vec<StartGroup> {
    let mut all = Vec::new();
    for namespace in before.all_namespaces().iter() {
        let places = [before, after].map(|it| it.place(namespace));
        let mut groups: BTreeMap<[u32; 2], (Foothold, Vec<String>)> = BTreeMap::new();
        for pod in places[0].pods.iter().flat_map(|it| &it.pods) {
            let id = pod.pod_id();
            let later = after.pod(&id).and_then(|it| places[1].class_of_pod(it));
            let (Some(class), Some(later)) = (places[0].class_of_pod(pod), later) else { continue };
            let name = workload_of(before.cluster, pod).map_or_else(|| format!("pod/{id}"), |it| it.to_string());
            let group = groups.entry([class, later]).or_insert_with(|| (Foothold::Pod(id), Vec::new()));
            if !group.1.contains(&name) {
                group.1.push(name);
            }
        }
        all.extend(groups.into_values().map(|(foothold, who)| StartGroup { foothold, who }));
    }
    all
}

/// How many of them there are, about: those whose pods are made alike are one.
pub fn count_workloads(ground: &Ground<'_>) -> u64 {
    ground.all_namespaces().iter().map(|it| ground.place(it).pods.len() as u64).sum()
}

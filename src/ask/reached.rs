//! Everything that somebody can come to reach, and everybody who can: how the rows are found.
//!
//! What is alike is worked out once: whoever holds the same starts alike, and of a sort with very many members one
//! stands for all.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::escalation::{Watch, actor, answer, typed};
use super::reaches::{Reached, Reaches};
use super::workload::workload_of;
use super::{Asker, Fault};
use crate::escalate::{Certainty, Foothold, Goal, Ground, Held, closure, replay};
use crate::model::evidence::Outcome;
use crate::model::name::Name;
use crate::model::role::Subject;

/// So many of one sort are a row each.
const EACH: usize = 100;

impl Asker<'_> {
    /// Everything that somebody can come to hold, nearest first; pods of one workload are one row, and so are very many
    /// that are come to at once.
    ///
    /// `watch` is told how far it is, and ends it by `false`.
    ///
    /// # Errors
    /// An end that is not there, or cannot be read.
    pub fn reaches(
        &self,
        ground: &Ground<'_>,
        from: &str,
        namespace: &Name,
        max_hops: Option<usize>,
        watch: Watch<'_>,
    ) -> Result<Reaches, Fault> {
        let (starts, gaps) = self.starts(&actor(from, namespace)?)?;
        let mut found = Reaches { gaps, ..Reaches::default() };
        let mut rows = Rows::default();
        for (at, start) in starts.iter().enumerate() {
            if !watch(at, starts.len()) {
                break;
            }
            for moves in [Certainty::Certain, Certainty::Unsure] {
                let held = closure::reach(ground, start, moves);
                self.add_rows(ground, &held, moves, max_hops, &mut rows);
                // Whoever has everything comes no further by what is not known.
                if moves == Certainty::Unsure && !rows.has_everything() {
                    found.doubt(closure::gaps(ground, &held, max_hops, None));
                }
            }
        }
        found.rows = rows.all;
        found.sort();
        Ok(found)
    }

    fn add_rows(&self, ground: &Ground<'_>, held: &Held, moves: Certainty, max_hops: Option<usize>, rows: &mut Rows) {
        let start = held.stands().first().map(|it| it.foothold.clone());
        for entry in held.entries().iter().filter(|it| it.by.is_some()) {
            if max_hops.is_some_and(|it| entry.cost as usize > it) {
                continue;
            }
            let mut members = entry.region.members(ground);
            members.retain(|it| start.as_ref() != Some(it) && rows.seen.insert(it.clone()));
            let mut by_end: BTreeMap<String, Vec<Foothold>> = BTreeMap::new();
            for it in members {
                by_end.entry(self.folded(&it)).or_default().push(it);
            }
            let mut ends: Vec<(String, Vec<Foothold>)> = by_end.into_iter().collect();
            if ends.len() > EACH {
                let all = ends.drain(1..).flat_map(|it| it.1).collect::<Vec<_>>();
                ends[0].1.extend(all);
            }
            for (end, found) in ends {
                rows.add(end, found, moves, |first| replay::gone(ground, closure::chained(held.way_to(ground, first))));
            }
        }
    }

    /// Everybody whom bindings name, and every service account, who can come to hold something; very many who hold the
    /// same are one row.
    ///
    /// `watch` is told how far it is, and ends it by `false`.
    ///
    /// # Errors
    /// An end that is not there, or cannot be read.
    pub fn reached_by(
        &self,
        ground: &Ground<'_>,
        to: &str,
        namespace: &Name,
        max_hops: Option<usize>,
        watch: Watch<'_>,
    ) -> Result<Reaches, Fault> {
        let to = actor(to, namespace)?;
        let (goal, gaps) = self.wanted(&to, &typed(&to))?;
        let mut all = Reaches { gaps, ..Reaches::default() };
        let alike = alike(ground);
        let count = alike.len();
        for (at, subjects) in alike.into_iter().enumerate() {
            if !watch(at, count) {
                break;
            }
            add_who(ground, &goal, subjects, max_hops, &mut all);
        }
        all.sort();
        Ok(all)
    }

    /// The workload of a pod; anything else as it is.
    fn folded(&self, foothold: &Foothold) -> String {
        let pod = match foothold {
            Foothold::Pod(id) => self.cluster.pods.get(&id.namespace, &id.name),
            _ => None,
        };
        match pod.and_then(|it| workload_of(self.cluster, it)) {
            Some(workload) => workload.to_string(),
            None => foothold.to_string(),
        }
    }
}

/// Rows by what they end at.
#[derive(Default)]
struct Rows {
    all: Vec<Reached>,
    by_end: FxHashMap<String, usize>,
    seen: FxHashSet<Foothold>,
}

impl Rows {
    /// Whether everything is reached, so that nothing leads further.
    fn has_everything(&self) -> bool {
        let row = self.by_end.get("cluster-admin").map(|it| &self.all[*it]);
        row.is_some_and(|it| it.outcome == Outcome::Allow)
    }

    /// Takes more things of one row in; the way is made for a new one alone.
    fn add(
        &mut self,
        end: String,
        found: Vec<Foothold>,
        moves: Certainty,
        way: impl FnOnce(&Foothold) -> (Vec<crate::escalate::Step>, bool),
    ) {
        let Some(first) = found.first() else { return };
        let row = self.by_end.get(&end).map(|at| &mut self.all[*at]);
        if let Some(row) = row {
            // What is only perhaps reached of it is no part of the row.
            let is_like = (row.outcome == Outcome::Allow) == (moves == Certainty::Certain);
            row.found.extend(found.into_iter().filter(|_| is_like));
            return;
        }
        let (path, holds) = way(first);
        if path.is_empty() {
            return;
        }
        let outcome = if holds && moves == Certainty::Certain { Outcome::Allow } else { Outcome::Unknown };
        self.by_end.insert(end.clone(), self.all.len());
        self.all.push(Reached { end, outcome, found, path });
    }
}

/// The row, or the rows, of those who hold the same.
fn add_who(ground: &Ground<'_>, goal: &Goal, mut subjects: Vec<Subject>, max_hops: Option<usize>, all: &mut Reaches) {
    let of = |subject: &Subject| answer(ground, &Foothold::Subject(subject.clone()), goal, max_hops);
    // Whoever is asked for stands apart: they are there already.
    if let Goal::Is(Foothold::Subject(wanted)) = goal
        && let Some(at) = subjects.iter().position(|it| it == wanted).filter(|_| subjects.len() > 1)
    {
        let wanted = subjects.remove(at);
        add_who(ground, goal, vec![wanted], max_hops, all);
    }
    let Some(first) = subjects.first() else { return };
    let found = of(first);
    if found.outcome == Outcome::Deny {
        return;
    }
    if found.path.is_empty() {
        all.undecided += subjects.len();
        all.doubt(found.gaps);
        return;
    }
    let row = |subject: &Subject, found: closure::Answer, count: &[Subject]| Reached {
        end: subject.to_string(),
        outcome: found.outcome,
        found: count.iter().cloned().map(Foothold::Subject).collect(),
        path: found.path,
    };
    if subjects.len() > EACH {
        all.rows.push(row(first, found, &subjects));
        return;
    }
    all.rows.push(row(first, found, &subjects[..1]));
    all.rows.extend(subjects[1..].iter().map(|it| row(it, of(it), std::slice::from_ref(it))));
}

/// Everybody whom bindings name, and every service account, those who hold the same together: of accounts those of one
/// namespace.
fn alike(ground: &Ground<'_>) -> Vec<Vec<Subject>> {
    type Key = (Option<Name>, Vec<(Name, usize)>);
    let named = ground.named();
    let mut by_rules: FxHashMap<Key, usize> = FxHashMap::default();
    let mut all: Vec<Vec<Subject>> = Vec::new();
    let mut put = |key: Key, subject: Subject| {
        let at = *by_rules.entry(key).or_insert_with(|| {
            all.push(Vec::new());
            all.len() - 1
        });
        all[at].push(subject);
    };
    // Users of the system are in groups that others are not in.
    let (special, users): (Vec<_>, Vec<_>) = named.users.iter().partition(|it| it.name().starts_with("system:"));
    users.into_iter().for_each(|it| put((None, ground.grants(it).key()), it.clone()));
    for (namespace, names) in &named.accounts {
        let place = ground.place(namespace);
        for name in names.iter().filter(|it| place.class_of_account(it).is_none()) {
            let subject = Subject::ServiceAccount { namespace: namespace.clone(), name: name.clone() };
            put((Some(namespace.clone()), ground.grants(&subject).key()), subject);
        }
    }
    for namespace in ground.all_namespaces().iter() {
        for class in &ground.place(namespace).accounts {
            for name in &class.names {
                let subject = Subject::ServiceAccount { namespace: namespace.clone(), name: name.clone() };
                put((Some(namespace.clone()), class.grants.key()), subject);
            }
        }
    }
    all.extend(special.into_iter().chain(&named.groups).map(|it| vec![it.clone()]));
    all.sort();
    all
}

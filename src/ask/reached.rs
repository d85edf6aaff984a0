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
use crate::escalate::back::{Walk, WaysBack};
use crate::escalate::hops::{self, Within};
use crate::escalate::{Certainty, Foothold, Goal, Ground, Held, closure, replay};
use crate::model::evidence::{Gap, Outcome};
use crate::model::name::Name;
use crate::model::role::{Subject, SubjectKind};
use crate::rbac::own;

/// So many of one sort are a row each.
const EACH: usize = 100;

/// Of so many things it is tried whether a shorter way than the one that was found leads there.
const DOUBTFUL: usize = 32;

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
        let mut rows = RowsByEnd::default();
        for (at, start) in starts.iter().enumerate() {
            if !watch(at, starts.len()) {
                break;
            }
            for moves in [Certainty::Certain, Certainty::Unsure] {
                let held = closure::reach(ground, start, moves);
                self.add_rows(ground, &held, moves, max_hops, &mut rows);
                let most = max_hops.filter(|_| !rows.has_everything());
                let gap = most.and_then(|it| self.add_doubtful(ground, start, &held, moves, it, &mut rows));
                found.doubt(gap.into_iter().collect());
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

    fn add_rows(
        &self,
        ground: &Ground<'_>,
        held: &Held,
        moves: Certainty,
        max_hops: Option<usize>,
        rows: &mut RowsByEnd,
    ) {
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

    /// What shorter ways than those that were found lead to within so many steps; or that not each was tried.
    fn add_doubtful(
        &self,
        ground: &Ground<'_>,
        start: &Foothold,
        held: &Held,
        moves: Certainty,
        most: usize,
        rows: &mut RowsByEnd,
    ) -> Option<Gap> {
        let all = hops::doubtful(ground, start, held, moves, most);
        let mut is_cut = all.len() > DOUBTFUL;
        for one in all.into_iter().take(DOUBTFUL) {
            if rows.seen.contains(&one) {
                continue;
            }
            match hops::within(ground, start, &Goal::Is(one.clone()), moves, most) {
                Within::Way(way) => {
                    rows.seen.insert(one.clone());
                    rows.add(self.folded(&one), vec![one], moves, |_| replay::gone(ground, way));
                }
                Within::Unknown => is_cut = true,
                Within::No => {}
            }
        }
        is_cut.then(|| hops::gap(most))
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
        let who = WhoReaches { ground, goal: &goal, max_hops };
        // Where a connection leads is found once all is held; groups are those of the one who starts.
        if matches!(goal, Goal::Connects { .. }) || !ground.groups.is_empty() {
            who.one_by_one(watch, &mut all);
        } else {
            who.by_distance(watch, &mut all);
        }
        all.sort();
        let found = all.rows.iter().flat_map(|it| &it.found);
        let subjects = found.filter_map(|it| if let Foothold::Subject(it) = it { Some(it) } else { None });
        all.own = own::of(ground.cluster, subjects);
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
struct RowsByEnd {
    all: Vec<Reached>,
    by_end: FxHashMap<String, usize>,
    seen: FxHashSet<Foothold>,
}

impl RowsByEnd {
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

/// Who comes there: what is asked of everybody.
struct WhoReaches<'a> {
    ground: &'a Ground<'a>,
    goal: &'a Goal,
    max_hops: Option<usize>,
}

/// Of how many it is not known whether they come there, and why not: very many reasons that differ by a name alone.
#[derive(Default)]
struct Doubts {
    count: usize,
    gaps: Vec<Gap>,
    told: FxHashSet<Name>,
}

impl Doubts {
    fn take(&mut self, gaps: Vec<Gap>) {
        for gap in gaps {
            let is_new = match &gap {
                Gap::End { what } => self.told.insert(what.clone()),
                _ => !self.gaps.contains(&gap),
            };
            self.gaps.extend(is_new.then_some(gap));
        }
    }
}

/// Of what sort somebody is, how they come there, and in how many steps.
type ReachedOrder = (u8, Certainty, u32);

impl WhoReaches<'_> {
    /// Everybody by a closure of their own.
    fn one_by_one(&self, watch: Watch<'_>, all: &mut Reaches) {
        let alike = alike(self.ground);
        let count = alike.len();
        for (at, subjects) in alike.into_iter().enumerate() {
            if !watch(at, count) {
                break;
            }
            for subjects in self.apart(subjects) {
                self.add(subjects, all);
            }
        }
    }

    /// Everybody by how far they are, which is worked out once for all; very many of one sort who are as far are one row.
    fn by_distance(&self, watch: Watch<'_>, all: &mut Reaches) {
        let alike: Vec<Vec<Subject>> = alike(self.ground).into_iter().flat_map(|it| self.apart(it)).collect();
        let starts = alike.iter().filter_map(|it| it.first()).cloned().map(Foothold::Subject);
        let back = WaysBack::of(self.ground, self.goal, starts, &mut *watch);
        let mut walk = back.walk();
        let (count, mut sorts) = (alike.len(), BTreeMap::<ReachedOrder, Vec<Vec<Subject>>>::new());
        let mut doubts = Doubts::default();
        for (at, subjects) in alike.into_iter().enumerate() {
            if !watch(at, count) {
                break;
            }
            match self.sort(&back, &mut walk, &subjects[0]) {
                Some((kind, moves, distance)) if self.fits(distance) => {
                    sorts.entry((kind, moves, distance)).or_default().push(subjects);
                }
                // A shorter way than the one that was found may do.
                Some(_) => self.add(subjects, all),
                None => self.undecided(&back, &mut walk, &subjects, &mut doubts),
            }
        }
        all.undecided += doubts.count;
        doubts.gaps.retain(|it| !all.gaps.contains(it));
        all.gaps.append(&mut doubts.gaps);
        for ((_, moves, distance), classes) in sorts {
            // Very many who hold the same are one row, and so are very many who are left.
            let (large, small): (Vec<_>, Vec<_>) = classes.into_iter().partition(|it| it.len() > EACH);
            let small: Vec<Subject> = small.into_iter().flatten().collect();
            let of = |start: &Foothold| match self.along(&back, start, moves, distance) {
                Some(found) => found,
                None => answer(self.ground, start, self.goal, self.max_hops),
            };
            large.into_iter().chain([small]).for_each(|it| self.rows(it, of, all));
        }
    }

    /// How somebody comes there, within the steps that are asked for if that is found; `None`: no way is found.
    fn sort(&self, back: &WaysBack<'_>, walk: &mut Walk<'_>, subject: &Subject) -> Option<ReachedOrder> {
        let kind = match subject.kind() {
            SubjectKind::User => 0,
            SubjectKind::Group => 1,
            SubjectKind::ServiceAccount | SubjectKind::Other(_) => 2,
        };
        let start = Foothold::Subject(subject.clone());
        let mut of = |moves| back.distance(walk, &start, moves).map(|it| (kind, moves, it));
        // Where no way is found that may be there is none that surely is.
        let may_be = back.is_led_there(&start) || of(Certainty::Unsure).is_some();
        let surely = may_be.then(|| of(Certainty::Certain)).flatten();
        surely.filter(|it| self.fits(it.2)).or_else(|| of(Certainty::Unsure)).or(surely)
    }

    fn fits(&self, distance: u32) -> bool {
        self.max_hops.is_none_or(|most| distance as usize <= most)
    }

    /// Whoever is asked for stands apart: they are there already.
    fn apart(&self, mut subjects: Vec<Subject>) -> Vec<Vec<Subject>> {
        let is_wanted = |it: &Subject| matches!(self.goal, Goal::Is(Foothold::Subject(wanted)) if wanted == it);
        match subjects.iter().position(is_wanted).filter(|_| subjects.len() > 1) {
            Some(at) => vec![vec![subjects.remove(at)], subjects],
            None => vec![subjects],
        }
    }

    /// Those of whom no way is found, and why it is not known that there is none.
    fn undecided(&self, back: &WaysBack<'_>, walk: &mut Walk<'_>, subjects: &[Subject], doubts: &mut Doubts) {
        let start = Foothold::Subject(subjects[0].clone());
        let gaps = back.gaps(walk, &start, self.max_hops).unwrap_or_else(|| {
            let held = closure::reach(self.ground, &start, Certainty::Unsure);
            closure::gaps(self.ground, &held, self.max_hops, Some(self.goal))
        });
        if !gaps.is_empty() {
            doubts.count += subjects.len();
            doubts.take(gaps);
        }
    }

    /// A row each, or one of very many, of whom the first answers for all.
    fn add(&self, subjects: Vec<Subject>, all: &mut Reaches) {
        self.rows(subjects, |it| answer(self.ground, it, self.goal, self.max_hops), all);
    }

    /// The way that distances tell, where it is one of single holders.
    fn along(
        &self,
        back: &WaysBack<'_>,
        start: &Foothold,
        moves: Certainty,
        distance: u32,
    ) -> Option<closure::ClosureAnswer> {
        let (path, holds) = replay::gone(self.ground, back.way(start, moves, distance).filter(|it| !it.is_empty())?);
        let outcome = if moves == Certainty::Certain { Outcome::Allow } else { Outcome::Unknown };
        (holds || moves == Certainty::Unsure).then_some(closure::ClosureAnswer { outcome, path, gaps: Vec::new() })
    }

    fn rows(&self, subjects: Vec<Subject>, of: impl Fn(&Foothold) -> closure::ClosureAnswer, all: &mut Reaches) {
        let of = |it: &Subject| of(&Foothold::Subject(it.clone()));
        let parts = if subjects.len() > EACH { 1 } else { subjects.len() };
        for subjects in subjects.chunks(subjects.len().div_ceil(parts.max(1)).max(1)) {
            let (first, found) = (&subjects[0], of(&subjects[0]));
            match found.outcome {
                Outcome::Deny => {}
                _ if found.path.is_empty() => {
                    all.undecided += subjects.len();
                    all.doubt(found.gaps);
                }
                outcome => all.rows.push(Reached {
                    end: first.to_string(),
                    outcome,
                    found: subjects.iter().cloned().map(Foothold::Subject).collect(),
                    path: found.path,
                }),
            }
        }
    }
}

/// Everybody whom bindings name, and every service account, those who hold the same together: of accounts those of one
/// namespace.
pub(super) fn alike(ground: &Ground<'_>) -> Vec<Vec<Subject>> {
    type AlikeKey = (Option<Name>, Vec<(Name, usize)>);
    let named = ground.named();
    let mut by_rules: FxHashMap<AlikeKey, usize> = FxHashMap::default();
    let mut all: Vec<Vec<Subject>> = Vec::new();
    let mut put = |key: AlikeKey, subject: Subject| {
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

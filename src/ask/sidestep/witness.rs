//! Who can write what opens a flow: by rights of their own, or by those that they can come to.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::act::{Act, By};
use super::openings::{Hop, Opening, Search, of_new};
use super::{Sidestep, Witness};
use crate::ask::escalation::Watch;
use crate::ask::reached::alike;
use crate::escalate::closure::{self, chained};
use crate::escalate::goal::Target;
use crate::escalate::holders::{holders, is_always, power};
use crate::escalate::powers::Permission;
use crate::escalate::replay;
use crate::escalate::until::until;
use crate::escalate::{Because, Certainty, Foothold, Goal, Ground, Held, Step};
use crate::model::evidence::{Gap, Outcome};
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::text::Mark;
use crate::text::evidence::Evidence;

/// Where bindings name more than so many, and somebody can at once, it is not asked of all others whether they can come to
/// it in steps, unless that is wanted.
const FEW: usize = 256;

/// What makes a write unsure that may open the flow.
const DOUBT: &str = "whether policies allow the connection then is not known";

/// Who can, of one flow.
pub struct Finding<'a> {
    ground: &'a Ground<'a>,
    openings: &'a [Opening],
    hops: &'a [Hop],
    /// The flow, as it is told.
    said: Name,
    goal: Goal,
    /// The namespaces of both ends: who stands there is asked first.
    near: BTreeSet<Name>,
    used: RefCell<BTreeSet<usize>>,
}

impl<'a> Finding<'a> {
    /// Of these openings.
    pub fn new(
        ground: &'a Ground<'a>,
        search: &'a Search<'a>,
        openings: &'a [Opening],
        said: Name,
        near: BTreeSet<Name>,
    ) -> Self {
        let hops = search.hops();
        let targets = hops.iter().map(|it| Target { end: it.1.clone(), port: it.2 }).collect();
        let goal = Goal::Connects { text: said.clone(), targets };
        Self { ground, openings, hops, said, goal, near, used: RefCell::default() }
    }

    /// The openings that somebody can write.
    pub fn used(&self) -> Vec<usize> {
        self.used.borrow().iter().copied().collect()
    }

    /// Whether one subject can.
    pub fn one(&self, subject: &Subject, found: &mut Sidestep) {
        if let Some(witness) = self.beyond(std::slice::from_ref(subject)) {
            found.witnesses.push(witness);
        }
        if found.outcome() != Outcome::Allow {
            found.gaps.extend(self.gaps(subject));
        }
    }

    /// Everybody whom bindings name, those who hold the same together.
    pub fn everybody(&self, in_steps: bool, watch: Watch<'_>, found: &mut Sidestep) {
        let direct = self.direct();
        found.witnesses.extend(direct.iter().filter_map(|it| self.at_once(it)));
        let named = self.ground.named();
        let count = named.users.len() + named.groups.len() + named.accounts.values().map(BTreeSet::len).sum::<usize>();
        if found.outcome() == Outcome::Allow && !in_steps && count > FEW {
            let told: usize = found.witnesses.iter().map(|it| it.subjects.len()).sum();
            let what = format!(
                "who of {} more subjects can come to it in steps was not asked: --in-steps asks, --by asks of one",
                count.saturating_sub(told)
            );
            return found.notes.push(Evidence::new(Mark::Note, what));
        }
        self.others(direct, watch, found);
    }

    /// Those who can come to it in steps.
    fn others(&self, direct: Vec<Vec<Subject>>, watch: Watch<'_>, found: &mut Sidestep) {
        let known: BTreeSet<Subject> = direct.iter().flatten().cloned().collect();
        let holds_something =
            |it: &Vec<Subject>| power(self.ground, &it[0]) != [0; 3] && !is_always(self.ground, &it[0]);
        let mut others: Vec<Vec<Subject>> = alike(self.ground);
        others.iter_mut().for_each(|it| it.retain(|it| !known.contains(it)));
        others.retain(|it| !it.is_empty() && holds_something(it));
        // Those of whom no write was found above may come to one in steps.
        let missing = direct.into_iter().filter(|it| !found.witnesses.iter().any(|known| known.subjects == *it));
        others.extend(missing);
        others.sort_by_key(|it| !self.is_near(&it[0]));
        let is_found = found.outcome() == Outcome::Allow;
        for (at, subjects) in others.iter().enumerate() {
            if !watch(at, others.len()) {
                return;
            }
            match self.beyond(subjects) {
                Some(witness) => found.witnesses.push(witness),
                None if is_found => {}
                None => self.gaps(&subjects[0]).into_iter().for_each(|it| {
                    if !found.gaps.contains(&it) {
                        found.gaps.push(it);
                    }
                }),
            }
        }
    }

    fn is_near(&self, subject: &Subject) -> bool {
        match subject {
            Subject::ServiceAccount { namespace, .. } => self.near.contains(namespace),
            _ => true,
        }
    }

    /// Those whom bindings give what some write needs, those who hold the same together.
    fn direct(&self) -> Vec<Vec<Subject>> {
        let acts = || self.openings.iter().flat_map(|it| &it.acts);
        let mut permissions: Vec<&'static Permission> = Vec::new();
        for it in acts().map(Act::permission) {
            if !permissions.iter().any(|known| std::ptr::eq::<Permission>(*known, it)) {
                permissions.push(it);
            }
        }
        let namespaces: BTreeSet<&Name> = acts().map(Act::namespace).collect();
        let mut classes: BTreeMap<Vec<(Name, usize)>, Vec<Subject>> = BTreeMap::new();
        for subject in holders(self.ground, &permissions, namespaces) {
            if !is_always(self.ground, &subject) {
                classes.entry(self.ground.grants(&subject).key()).or_default().push(subject);
            }
        }
        classes.into_values().collect()
    }

    /// By rights of their own.
    fn at_once(&self, subjects: &[Subject]) -> Option<Witness> {
        let start = Foothold::Subject(subjects[0].clone());
        let held = Held::of(self.ground, &start, None);
        self.witness(subjects, &held, Certainty::Certain).or_else(|| self.witness(subjects, &held, Certainty::Unsure))
    }

    /// By what they come to hold in steps, those that are sure before others.
    fn beyond(&self, subjects: &[Subject]) -> Option<Witness> {
        let start = Foothold::Subject(subjects[0].clone());
        [Certainty::Certain, Certainty::Unsure].into_iter().find_map(|moves| {
            let enough = |held: &Held| self.some(held, moves).then_some(());
            let (held, _) = until(self.ground, &start, moves, enough);
            self.witness(subjects, &held, moves)
        })
    }

    /// Whether something opens the flow that whoever holds all this may write.
    fn some(&self, held: &Held, moves: Certainty) -> bool {
        self.fitting(moves).any(|(_, it)| it.acts.iter().all(|it| it.by(self.ground, held).is_some()))
    }

    /// The openings that are no less sure than this.
    fn fitting(&self, moves: Certainty) -> impl Iterator<Item = (usize, &'a Opening)> {
        let fits = move |it: &&Opening| moves == Certainty::Unsure || it.outcome == Outcome::Allow;
        self.openings.iter().enumerate().filter(move |it| fits(&it.1))
    }

    /// The shortest way to write something that opens it, replayed.
    fn witness(&self, subjects: &[Subject], held: &Held, moves: Certainty) -> Option<Witness> {
        let mut ways: Vec<(usize, Witness)> = Vec::new();
        for (at, opening) in self.fitting(moves) {
            let all: Option<Vec<By<'_>>> = opening.acts.iter().map(|it| it.by(self.ground, held)).collect();
            let Some(all) = all else { continue };
            let shortest = ways.iter().map(|it| it.1.path.len()).min().unwrap_or(usize::MAX);
            let path = self.path(opening, &all, held);
            if path.len() >= shortest {
                continue;
            }
            let (path, holds) = self.gone(opening, path);
            let is_sure = holds && path.iter().all(|it| it.certainty == Certainty::Certain);
            let certainty = if is_sure { Certainty::Certain } else { Certainty::Unsure };
            if certainty <= moves {
                let writes = opening.acts.iter().zip(&all).flat_map(|(act, by)| act.writes(by)).collect();
                let power = power(self.ground, &subjects[0]);
                ways.push((at, Witness { subjects: subjects.to_vec(), path, writes, certainty, opening: at, power }));
            }
        }
        let (at, best) = ways.into_iter().min_by_key(|it| it.1.path.len())?;
        self.used.borrow_mut().insert(at);
        Some(best)
    }

    /// The path with the grants that hold where each step is made, and whether all of it is allowed.
    ///
    /// What opens the flow was tried already: where nothing else is written on the way the cluster need not be copied again.
    fn gone(&self, opening: &Opening, mut path: Vec<Step>) -> (Vec<Step>, bool) {
        let way = path.len() - opening.acts.len();
        if path[..way].iter().any(|it| !it.writes.is_empty()) {
            return replay::gone(self.ground, path);
        }
        let mut holds = opening.outcome == Outcome::Allow;
        for because in path.iter_mut().flat_map(|it| &mut it.because) {
            if let Because::Allowed { identity, request, grant } = because {
                let access = self.ground.rbac.can(identity, request);
                holds &= access.outcome() == Outcome::Allow;
                *grant = access.grants.into_iter().next().map(Box::new);
            }
        }
        (path, holds)
    }

    /// From whoever starts to whoever may write, and what they write.
    fn path(&self, opening: &Opening, all: &[By<'_>], held: &Held) -> Vec<Step> {
        let mut way: Vec<Step> = Vec::new();
        for (right, _) in all.iter().flatten() {
            for step in held.way_to(self.ground, right.foothold(held)) {
                if !way.iter().any(|it| it.to == step.to) {
                    way.push(step);
                }
            }
        }
        let last = opening.acts.len().saturating_sub(1);
        let new = opening.acts.iter().zip(all).find_map(|(act, by)| act.new_pod(&by[0].1));
        for (at, (act, by)) in opening.acts.iter().zip(all).enumerate() {
            let mut step = act_step(act, by, held, self.said(at == last));
            if at == last {
                let hops = of_new(self.hops, new.as_ref()).into_iter();
                step = step.because_of(hops.map(|(from, to, port)| Because::Connects { from, to, port }));
                if opening.outcome != Outcome::Allow {
                    step = step.unsure(None, DOUBT);
                }
            }
            way.push(step);
        }
        chained(way)
    }

    /// What a write leads to: the flow, or one of the two that it needs.
    fn said(&self, is_last: bool) -> Foothold {
        let text = if is_last { self.said.clone() } else { format!("half of {}", self.said).into() };
        Foothold::Connection(text)
    }

    /// Why it is not known that somebody cannot.
    fn gaps(&self, subject: &Subject) -> Vec<Gap> {
        let held = closure::reach(self.ground, &Foothold::Subject(subject.clone()), Certainty::Unsure);
        closure::gaps(self.ground, &held, None, Some(&self.goal))
    }
}

/// The step that a write is, by these rights.
fn act_step(act: &Act, by: &By<'_>, held: &Held, to: Foothold) -> Step {
    let first = by[0].0.foothold(held);
    let mut step = Step::new(act.edge(), first, to);
    for (right, name) in by {
        step = step.with(right.foothold(held)).because(right.because(held, act.namespace(), name));
    }
    if let Act::Stand(pod) = act {
        let object = ObjectId::new(Kind::NAMESPACE, "", pod.namespace().clone());
        step = step.because(Because::State { object, what: "the pod meets the level restricted".into() });
    }
    act.deltas(&by[0].1).into_iter().fold(step, Step::writing)
}

/// Takes somebody for unsure: the whole flow is not sure to pass with what they write.
pub fn doubt(witness: &mut Witness) {
    witness.certainty = Certainty::Unsure;
    if let Some(step) = witness.path.pop() {
        witness.path.push(step.unsure(None, DOUBT));
    }
}

//! Who can write what opens a flow: by rights of their own, or by those that they can come to.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::act::{Act, ActRights};
use super::openings::{Hop, Opening, of_new};
use super::{SidestepAnswer, Witness};
use crate::ask::escalation::Watch;
use crate::ask::reached::alike;
use crate::escalate::closure::{self, chained};
use crate::escalate::goal::Target;
use crate::escalate::holders::{at_home, classes, holders, is_always, power};
use crate::escalate::powers::PowerSet;
use crate::escalate::replay;
use crate::escalate::until::until;
use crate::escalate::{Because, Certainty, Foothold, Goal, Ground, Held, Step};
use crate::model::evidence::{Gap, Outcome};
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::text::Mark;
use crate::text::evidence::Evidence;

/// Where bindings name more than so many it is not asked of everybody whether they can come to it in steps, unless that is
/// wanted.
const FEW: usize = 256;

/// What makes a write unsure that may open the flow.
const DOUBT: &str = "whether policies allow the connection then is not known";

/// Who can, of one flow.
pub struct WitnessSearch<'a> {
    ground: &'a Ground<'a>,
    openings: &'a [Opening],
    /// The writes of all of them, each once.
    acts: Vec<Rc<Act>>,
    /// What they need.
    powers: PowerSet,
    /// By opening which of these it is.
    made_of: Vec<Vec<usize>>,
    hops: &'a [Hop],
    /// The flow, as it is told.
    said: Name,
    goal: Goal,
    /// The namespaces of both ends: who stands there is asked first.
    near: BTreeSet<Name>,
}

impl<'a> WitnessSearch<'a> {
    /// Of these openings.
    pub fn new(
        ground: &'a Ground<'a>,
        hops: &'a [Hop],
        openings: &'a [Opening],
        said: Name,
        near: BTreeSet<Name>,
    ) -> Self {
        let targets = hops.iter().map(|it| Target { end: it.1.clone(), port: it.2 }).collect();
        let goal = Goal::Connects { text: said.clone(), targets };
        let mut acts: Vec<Rc<Act>> = Vec::new();
        let mut number = |act: &Rc<Act>| {
            acts.iter().position(|it| Rc::ptr_eq(it, act)).unwrap_or_else(|| {
                acts.push(act.clone());
                acts.len() - 1
            })
        };
        let made_of = openings.iter().map(|it| it.acts.iter().map(&mut number).collect()).collect();
        let powers = PowerSet::of(acts.iter().map(|it| it.permission()));
        Self { ground, openings, acts, powers, made_of, hops, said, goal, near }
    }

    /// Whether one subject can.
    pub fn one(&self, subject: &Subject, watch: Watch<'_>, found: &mut SidestepAnswer) {
        if let Some(witness) = self.beyond(std::slice::from_ref(subject), &mut || watch(0, 1)) {
            found.witnesses.push(witness);
        }
        if found.outcome() != Outcome::Allow {
            found.gaps.extend(self.gaps(subject));
        }
    }

    /// Everybody whom bindings name, those who hold the same together.
    pub fn everybody(&self, in_steps: bool, watch: Watch<'_>, found: &mut SidestepAnswer) {
        let direct = self.direct();
        for (at, subjects) in direct.iter().enumerate() {
            if !watch(at, direct.len()) {
                return;
            }
            found.witnesses.extend(self.at_once(subjects));
        }
        let named = self.ground.named();
        let count = named.users.len() + named.groups.len() + named.accounts.values().map(BTreeSet::len).sum::<usize>();
        if in_steps || count <= FEW {
            return self.others(direct, watch, found);
        }
        if found.outcome() != Outcome::Allow {
            self.at_home(&direct, watch, found);
        }
        let told: usize = found.witnesses.iter().map(|it| it.subjects.len()).sum();
        let what = format!(
            "who of {} more subjects can come to it in steps was not asked: --in-steps asks, --by asks of one",
            count.saturating_sub(told)
        );
        match found.outcome() {
            Outcome::Allow => found.notes.push(Evidence::new(Mark::Note, what)),
            _ => found.gaps.push(Gap::End { what: what.into() }),
        }
    }

    /// Of those at home in the namespaces of both ends the first who surely comes to it in steps.
    fn at_home(&self, direct: &[Vec<Subject>], watch: Watch<'_>, found: &mut SidestepAnswer) {
        let known: BTreeSet<&Subject> = direct.iter().flatten().collect();
        let mut all = at_home(self.ground, &self.near);
        all.retain(|it| !known.contains(it) && power(self.ground, it) != [0; 3]);
        let all = classes(self.ground, all);
        for (at, subjects) in all.iter().enumerate() {
            if !watch(at, all.len()) || found.outcome() == Outcome::Allow {
                return;
            }
            found.witnesses.extend(self.beyond(subjects, &mut || watch(at, all.len())));
        }
    }

    /// Those who can come to it in steps.
    fn others(&self, direct: Vec<Vec<Subject>>, watch: Watch<'_>, found: &mut SidestepAnswer) {
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
            match self.beyond(subjects, &mut || watch(at, others.len())) {
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
        let namespaces: BTreeSet<&Name> = self.acts.iter().map(|it| it.namespace()).collect();
        holders(self.ground, self.powers, namespaces)
    }

    /// By rights of their own.
    fn at_once(&self, subjects: &[Subject]) -> Option<Witness> {
        let held = Held::own(self.ground, &subjects[0], self.powers);
        self.witness(subjects, &held, Certainty::Certain).or_else(|| self.witness(subjects, &held, Certainty::Unsure))
    }

    /// By what they come to hold in steps, those that are sure before others.
    fn beyond(&self, subjects: &[Subject], goes_on: &mut dyn FnMut() -> bool) -> Option<Witness> {
        let start = Foothold::Subject(subjects[0].clone());
        [Certainty::Certain, Certainty::Unsure].into_iter().find_map(|moves| {
            let enough = |held: &Held| (!goes_on() || self.some(held, moves)).then_some(());
            let (held, _) = until(self.ground, &start, moves, enough);
            self.witness(subjects, &held, moves)
        })
    }

    /// Whether something opens the flow that whoever holds all this may write.
    fn some(&self, held: &Held, moves: Certainty) -> bool {
        let rights = self.rights(held);
        self.fitting(moves).any(|(at, _)| self.made_of[at].iter().all(|it| rights[*it].is_some()))
    }

    /// By act the rights by which whoever holds all this may write it.
    fn rights<'h>(&self, held: &'h Held) -> Vec<Option<ActRights<'h>>> {
        self.acts.iter().map(|it| it.by(self.ground, held)).collect()
    }

    /// The openings that are no less sure than this.
    fn fitting(&self, moves: Certainty) -> impl Iterator<Item = (usize, &'a Opening)> {
        let fits = move |it: &&Opening| moves == Certainty::Unsure || it.outcome == Outcome::Allow;
        self.openings.iter().enumerate().filter(move |it| fits(&it.1))
    }

    /// The shortest way to write something that opens it, replayed.
    fn witness(&self, subjects: &[Subject], held: &Held, moves: Certainty) -> Option<Witness> {
        let rights = self.rights(held);
        let mut best: Option<Witness> = None;
        for (at, opening) in self.fitting(moves) {
            let shortest = best.as_ref().map_or(usize::MAX, |it| it.path.len());
            // Each write is a step.
            if opening.acts.len() >= shortest {
                continue;
            }
            let all: Option<Vec<&ActRights<'_>>> = self.made_of[at].iter().map(|it| rights[*it].as_ref()).collect();
            let Some(all) = all else { continue };
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
                best = Some(Witness { subjects: subjects.to_vec(), path, writes, certainty, opening: at, power });
            }
        }
        best
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
            holds &= because.decide(|identity, request| self.ground.rbac.can(identity, request));
        }
        (path, holds)
    }

    /// From whoever starts to whoever may write, and what they write.
    fn path(&self, opening: &Opening, all: &[&ActRights<'_>], held: &Held) -> Vec<Step> {
        let mut way: Vec<Step> = Vec::new();
        for (right, _) in all.iter().copied().flatten() {
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
fn act_step(act: &Act, by: &ActRights<'_>, held: &Held, to: Foothold) -> Step {
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

//! Everything that is held so far, with the first way to each thing, and the rights of all identities among it.
//!
//! ```text
//! Entry   pods of shop       what is held, by the move that gave it
//! Stand   pod/shop/web-0     one of them, from which further moves are made: others like it lead nowhere else
//! Right   create pods/exec   a rule that a stand holds
//! ```

pub(super) mod crowd;
mod many;
mod rights;
mod stands;
mod ways;

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::facts::SharedPod;
use crate::model::id::PodId;
use crate::model::name::Name;
use crate::model::role::{RoleRule, RuleLists, Subject, SubjectKind};
use crate::rbac::Identity;
use crate::rbac::identity::{MASTERS, node_of};

use self::crowd::Whose;
use super::Ground;
use super::foothold::Foothold;
use super::moves::Move;
use super::powers::{self, PowerSet, RolePowers};
use super::region::{Region, Which};
use super::rights::Right;
use super::terrain::Grants;

/// One thing that is held, or all of a sort.
#[derive(Debug)]
pub struct Entry {
    pub region: Region,
    /// The move that gave it; `None`: it was held at the start.
    pub by: Option<Move>,
    /// How many moves its way has.
    pub cost: u32,
}

/// Something from which further moves are made.
#[derive(Debug)]
pub struct Stand {
    pub foothold: Foothold,
    /// Of which entry it is.
    pub entry: u32,
    /// Who is asked about, if somebody acts with it; of what a move gave to somebody who is held, that somebody.
    pub actor: u32,
    pub grants: Option<Arc<Grants>>,
    /// The rules of a role beside one's own, with where they hold.
    pub role: Option<(Name, Arc<RolePowers>)>,
    /// The pod, if it is one that is there.
    pub pod: Option<SharedPod>,
    /// What it stands for beside itself.
    pub all: Option<All>,
}

/// A stand for all of a sort.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum All {
    /// Root on every node.
    Nodes,
    /// Code in every pod of some sort that runs. Of which a way leads through is told by what it leads to.
    Pods,
}

/// How much was held at some time.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct HeldMark {
    pub stands: usize,
    pub rights: usize,
}

/// Everything that is held.
#[derive(Debug, Default)]
pub struct Held {
    entries: Vec<Entry>,
    places: FxHashMap<Region, u32>,
    stands: Vec<Stand>,
    rights: Vec<Right>,
    by_power: Vec<Vec<u32>>,
    /// The powers of which rights are taken in.
    powers: PowerSet,
    /// By request the first right that is for all objects: of the whole cluster, and by namespace.
    everywhere: Vec<Option<u32>>,
    in_namespace: FxHashMap<(u16, Name), u32>,
    /// Rights that name their objects, by power.
    naming: FxHashMap<u16, Vec<u32>>,
    /// Which folded accounts act and which folded pods are entered already.
    seen: FxHashSet<(Name, bool, u32)>,
    /// The entries by which very many accounts are held, of whom those alone stand here who have a right that no other has.
    crowds: Vec<(u32, Whose)>,
    /// The stands in every pod of some sort that runs.
    every: Vec<(Which, u32)>,
    /// The stands with rules beside one's own.
    lent: Vec<u32>,
    acting: FxHashSet<Subject>,
    entered_nodes: FxHashSet<Name>,
    /// The pods among the stands, by namespace.
    entered: BTreeMap<Name, Vec<u32>>,
    /// Whom the question asks for, if somebody: bindings need not name them.
    wanted: Option<Subject>,
    /// Groups of the one who starts.
    groups: Vec<Name>,
    /// Whether somebody who is held has rules that give everything, as [`Foothold::ClusterAdmin`] does one move later.
    may_do_all: bool,
    /// Whether very many things are taken at once.
    is_crowded: bool,
    /// Whether moves cost what they surely cost, not what the ways that are told do.
    counts_least: bool,
}

impl Held {
    /// What was held at the start, by somebody who wants this.
    pub fn of(ground: &Ground<'_>, start: &Foothold, wanted: Option<&Foothold>) -> Self {
        let mut held = Self { wanted: subject_of(wanted), groups: ground.groups.to_vec(), ..Self::nothing() };
        held.begin(Region::One(start.clone()));
        held.stand_at_start(ground, start);
        held
    }

    /// What somebody's own bindings give of these powers, and nothing else: what is asked of very many.
    pub fn own(ground: &Ground<'_>, subject: &Subject, powers: PowerSet) -> Self {
        let mut held = Self { powers, ..Self::nothing() };
        let start = Foothold::Subject(subject.clone());
        held.begin(Region::One(start.clone()));
        held.stand(ground, &start, 0);
        held
    }

    /// Everything of a sort, as it is held on the way by somebody who wants this.
    pub fn of_region(ground: &Ground<'_>, region: &Region, wanted: Option<&Foothold>) -> Self {
        if let Region::One(start) = region {
            return Self::of(ground, start, wanted);
        }
        let mut held = Self { wanted: subject_of(wanted), ..Self::nothing() };
        held.begin(region.clone());
        held.expand(ground, region, 0);
        held
    }

    /// The same, in which each move costs as many as no way to it has fewer of.
    pub fn counting_least(self) -> Self {
        Self { counts_least: true, ..self }
    }

    fn begin(&mut self, region: Region) {
        self.places.insert(region.clone(), 0);
        self.entries.push(Entry { region, by: None, cost: 0 });
    }

    /// Nothing at all.
    fn nothing() -> Self {
        let count = powers::count();
        let (by_power, everywhere) = (vec![Vec::new(); count], vec![None; powers::slots()]);
        Self { by_power, everywhere, powers: PowerSet::ALL, ..Self::default() }
    }

    /// Takes in what a move gives, if it is not held yet; whether it was new.
    pub fn take(&mut self, ground: &Ground<'_>, by: Move, cost: u32) -> bool {
        let Some((region, entry)) = self.enter_in(ground, by, cost) else { return false };
        self.expand(ground, &region, entry);
        self.tell_apart(ground);
        true
    }

    /// Takes in what moves give of which no further moves are made.
    pub fn take_last(&mut self, ground: &Ground<'_>, all: Vec<Move>, cost: u32) {
        all.into_iter().for_each(|it| drop(self.enter_in(ground, it, cost)));
    }

    /// What a move gives as an entry, if it is not held yet.
    fn enter_in(&mut self, ground: &Ground<'_>, by: Move, cost: u32) -> Option<(Region, u32)> {
        if self.is_held(ground, &by.to) {
            return None;
        }
        let (region, entry) = (by.to.clone(), self.entries.len() as u32);
        self.places.insert(region.clone(), entry);
        self.entries.push(Entry { region: region.clone(), by: Some(by), cost });
        Some((region, entry))
    }

    /// Takes in what moves give whose ways have so many steps.
    ///
    /// Of very many the widest come first, so that nothing which is part of them is taken by itself.
    pub fn take_all(&mut self, ground: &Ground<'_>, mut all: Vec<Move>, cost: u32) {
        self.is_crowded = all.len() > MANY;
        if self.is_crowded {
            all.sort_by_key(|it| it.to.breadth());
        }
        for it in all {
            self.take(ground, it, cost);
        }
        self.is_crowded = false;
    }

    /// Whether all of it is held, alone or as part of something larger.
    pub fn is_held(&self, ground: &Ground<'_>, region: &Region) -> bool {
        let is_place = |it: &Region| self.places.contains_key(it);
        is_place(region) || region.has_wider(ground, &mut |it| is_place(it))
    }

    /// Whether all of it is held by ways of fewer moves than this.
    pub fn is_near(&self, ground: &Ground<'_>, region: &Region, below: u32) -> bool {
        let is_near = |it: &Region| self.places.get(it).is_some_and(|at| self.entries[*at as usize].cost < below);
        is_near(region) || region.has_wider(ground, &mut |it| is_near(it))
    }

    /// Whether it is an entry of its own.
    pub fn is_entry(&self, region: &Region) -> bool {
        self.places.contains_key(region)
    }

    /// The entry by which something is held, the nearest of them.
    pub fn entry_of(&self, ground: &Ground<'_>, foothold: &Foothold) -> Option<u32> {
        let one = Region::One(foothold.clone());
        let mut nearest = self.places.get(&one).copied();
        one.has_wider(ground, &mut |it| {
            nearest = nearest.into_iter().chain(self.places.get(it).copied()).min();
            false
        });
        nearest
    }

    /// All that is held, nearest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Each thing that is held and that the cluster knows of, nearest first; what was held at the start too.
    pub fn all(&self, ground: &Ground<'_>) -> Vec<Foothold> {
        let mut seen = FxHashSet::default();
        let members = self.entries.iter().flat_map(|it| it.region.members(ground));
        members.filter(|it| seen.insert(it.clone())).collect()
    }

    /// From where moves are made, in the order in which it was come there.
    pub fn stands(&self) -> &[Stand] {
        &self.stands
    }

    /// Every right, in the order in which it was come by.
    pub fn rights(&self) -> &[Right] {
        &self.rights
    }

    /// The pods of a namespace that code runs in, with their stands; of those that are alike one.
    pub fn entered(&self, namespace: &Name) -> impl Iterator<Item = (u32, &PodId)> {
        self.entered.get(namespace).into_iter().flatten().filter_map(|at| match &self.stands[*at as usize].foothold {
            Foothold::Pod(id) => Some((*at, id)),
            _ => None,
        })
    }

    /// The stands in every pod of some sort that runs, once all of them are entered.
    pub fn every(&self) -> &[(Which, u32)] {
        &self.every
    }

    /// The namespaces in which code runs in some pod.
    pub fn entered_namespaces(&self) -> impl Iterator<Item = &Name> {
        self.entered.keys()
    }

    /// How much is held by now.
    pub fn mark(&self) -> HeldMark {
        HeldMark { stands: self.stands.len(), rights: self.rights.len() }
    }

    /// The group that the question asks for.
    pub fn wanted_group(&self) -> Option<&Name> {
        self.wanted.as_ref().filter(|it| it.kind() == SubjectKind::Group).map(Subject::name)
    }

    /// The user of a node that the question asks for.
    pub fn wanted_node(&self) -> Option<&Subject> {
        self.wanted.as_ref().filter(|it| it.kind() == SubjectKind::User && node_of(it.name()).is_some())
    }

    /// Whether somebody may do everything.
    pub fn is_all(&self) -> bool {
        self.places.contains_key(&Region::One(Foothold::ClusterAdmin))
    }

    /// Who asks the API server from a stand.
    pub fn identity(&self, actor: u32) -> Identity {
        let given: &[Name] = if actor == 0 { &self.groups } else { &[] };
        Identity::new(&self.subject(actor), given)
    }

    /// The same without groups.
    pub fn subject(&self, actor: u32) -> Subject {
        match &self.stands[actor as usize].foothold {
            Foothold::Subject(subject) => subject.clone(),
            _ => Subject::User(ANYBODY.into()),
        }
    }

    /// Whether a stand acts as a member of `system:masters`, who is asked about by nobody (rule 5).
    pub fn is_master(&self, stand: &Stand) -> bool {
        let is_masters = |it: &Subject| it.kind() == SubjectKind::Group && *it.name() == *MASTERS;
        match &stand.foothold {
            Foothold::Subject(it) => is_masters(it) || stand.entry == 0 && self.groups.iter().any(|it| it == MASTERS),
            _ => false,
        }
    }
}

/// Whoever is wanted, if it is somebody.
fn subject_of(wanted: Option<&Foothold>) -> Option<Subject> {
    match wanted {
        Some(Foothold::Subject(it)) => Some(it.clone()),
        _ => None,
    }
}

/// More moves than this are very many.
const MANY: usize = 100;

/// Who holds a sink that a question begins with.
const ANYBODY: &str = "whoever holds it";

/// Every verb on every resource.
pub fn everything() -> RoleRule {
    let star = || [Name::from("*")].into();
    RoleRule::from(RuleLists { verbs: star(), groups: star(), resources: star(), ..RuleLists::default() })
}

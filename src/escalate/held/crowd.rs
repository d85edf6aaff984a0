//! All service accounts at once, or all whose tokens pods mount: very many, of whom few may do what no other may.
//!
//! ```text
//! 18,000 accounts, 40,000 bindings  →  300 rights: create pods everywhere (sa:ci/runner), patch pods of shop (sa:shop/db), …
//! ```
//!
//! A right that is for everything everywhere makes the same right of all others tell nothing new, so that of a large
//! cluster's accounts a few hundred rights are left. Where grants are looked at one by one (roles that somebody may
//! widen, authorizers beside RBAC, a group that is asked for) everybody stands by themselves.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::Ground;
use super::super::edges::may_escalate;
use super::super::powers::is_of_one_identity;
use super::super::region::Which;
use super::super::rights::Right;
use super::super::terrain::{Granted, Grants, TerrainNamespace};
use super::{Held, Stand};
use crate::model::name::Name;

/// Which accounts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Whose {
    #[default]
    All,
    /// Those whose tokens are mounted into such pods that run.
    Mounted(Which),
    /// Those of namespaces in which there is a workload of this resource.
    Beside(&'static str),
}

impl Whose {
    /// The classes of a namespace that some of them are of, each with the first of them.
    fn of(self, ground: &Ground<'_>, place: &TerrainNamespace) -> Vec<(u32, Name)> {
        match self {
            Whose::All | Whose::Beside(_) => (0..).zip(place.accounts.iter().map(|it| it.names[0].clone())).collect(),
            Whose::Mounted(which) => {
                let mut seen = BTreeSet::new();
                let classes =
                    place.mounted(ground, which).filter_map(|it| Some((place.class_of_account(it)?, it.clone())));
                classes.filter(|it| seen.insert(it.0)).collect()
            }
        }
    }

    /// Whether one is among them as it was.
    fn has(self, ground: &Ground<'_>, it: &AccountMember) -> bool {
        let place = ground.place(&it.namespace);
        let class = place.class_of_account(&it.name);
        let now = class.filter(|class| self.of(ground, &place).iter().any(|(of, _)| of == class));
        now.is_some_and(|class| place.accounts[class as usize].grants.key() == it.grants.key())
            && self.namespaces(ground).binary_search(&it.namespace).is_ok()
    }

    /// The namespaces in which some of them are.
    fn namespaces(self, ground: &Ground<'_>) -> Arc<[Name]> {
        match self {
            Whose::All | Whose::Mounted(_) => ground.all_namespaces(),
            Whose::Beside(resource) => ground.namespaces_beside(resource).into(),
        }
    }
}

/// Those of very many accounts who may do what no other of them may.
#[derive(Clone, Debug, Default)]
pub struct Crowd {
    whose: Whose,
    members: Vec<AccountMember>,
    /// Whether somebody among them may widen roles, so that the grants of all others count.
    may_escalate: bool,
}

/// One class of accounts.
#[derive(Clone, Debug)]
struct AccountMember {
    namespace: Name,
    class: u32,
    /// Its first account; it acts by itself.
    name: Name,
    grants: Arc<Grants>,
    rights: Vec<Right>,
}

impl AccountMember {
    /// Whether it has a right that makes the same of others needless.
    fn is_leading(&self) -> bool {
        self.rights.iter().any(|it| it.is_of_all() && it.scope.is_empty())
    }
}

impl Crowd {
    /// Of accounts that are there.
    pub fn of(ground: &Ground<'_>, whose: Whose) -> Self {
        let mut all = Self { whose, ..Self::default() };
        all.add(ground, whose.namespaces(ground).iter());
        all
    }

    /// The same where the accounts of these namespaces hold others than before.
    pub fn renew(&mut self, ground: &Ground<'_>, stale: &BTreeSet<Name>) {
        let is_stale = |it: &AccountMember| stale.contains(&it.namespace);
        let is_lost = |it: &AccountMember| is_stale(it) && it.is_leading() && !self.whose.has(ground, it);
        if self.may_escalate || self.members.iter().any(is_lost) {
            *self = Self::of(ground, self.whose);
            return;
        }
        self.members.retain(|it| !is_stale(it));
        let all = self.whose.namespaces(ground);
        self.add(ground, stale.iter().filter(|it| all.binary_search(it).is_ok()));
    }

    fn add<'n>(&mut self, ground: &Ground<'_>, namespaces: impl Iterator<Item = &'n Name>) {
        let mut held = Held::nothing();
        let mut whose: Vec<(Name, u32)> = Vec::new();
        self.members.drain(..).for_each(|it| {
            whose.push((it.namespace.clone(), it.class));
            held.join(&it, 0);
        });
        for namespace in namespaces {
            let place = ground.place(namespace);
            for (class, name) in self.whose.of(ground, &place) {
                held.act_as_class(namespace, &place, class, Some(&name), 0);
                whose.push((namespace.clone(), class));
            }
        }
        self.may_escalate = may_escalate(&held);
        self.members = held.members(whose, self.may_escalate);
    }
}

impl Held {
    /// Whether very many accounts may be taken by what no other may: nothing looks at each of them.
    fn may_crowd(&self, ground: &Ground<'_>) -> bool {
        self.wanted_group().is_none() && ground.rbac.marks().is_empty() && !may_escalate(self)
    }

    /// Very many accounts.
    pub(super) fn crowd(&mut self, ground: &Ground<'_>, whose: Whose, entry: u32) {
        if !self.may_crowd(ground) {
            return self.each(ground, whose, entry);
        }
        for it in &ground.crowd(whose).members {
            if !self.seen.contains(&(it.namespace.clone(), true, it.class)) {
                self.join(it, entry);
            }
        }
        self.crowds.push((entry, whose));
    }

    /// Whether every account is held by what no other may.
    pub(super) fn has_all_accounts(&self) -> bool {
        self.crowds.iter().any(|it| it.1 == Whose::All)
    }

    /// The same, everybody by themselves.
    fn each(&mut self, ground: &Ground<'_>, whose: Whose, entry: u32) {
        for namespace in whose.namespaces(ground).iter() {
            let place = ground.place(namespace);
            for (class, name) in whose.of(ground, &place) {
                self.act_as_class(namespace, &place, class, Some(&name), entry);
            }
        }
    }

    /// Whoever may widen roles is come to later: who is bound to which counts from now on.
    pub(super) fn tell_apart(&mut self, ground: &Ground<'_>) {
        if !self.crowds.is_empty() && !self.is_all() && may_escalate(self) {
            std::mem::take(&mut self.crowds).into_iter().for_each(|(entry, whose)| self.each(ground, whose, entry));
        }
    }

    fn join(&mut self, it: &AccountMember, entry: u32) {
        self.seen.insert((it.namespace.clone(), true, it.class));
        let stand = self.stands.len() as u32;
        let foothold = super::super::places::account(&it.namespace, &it.name);
        let (grants, role, pod) = (Some(it.grants.clone()), None, None);
        let holds_everything = |it: &Granted| it.scope().is_empty() && it.gives_everything();
        self.may_do_all |= it.grants.all.iter().any(holds_everything);
        self.stands.push(Stand { foothold, entry, actor: stand, grants, role, pod, all: None });
        it.rights.iter().for_each(|it| self.take_right(Right { stand, actor: stand, ..it.clone() }));
    }

    /// Those who are needed of all who stand here.
    fn members(self, whose: Vec<(Name, u32)>, all: bool) -> Vec<AccountMember> {
        let is_needless = |it: &Right| self.everywhere[usize::from(it.slot)].is_some_and(|first| first != it.number);
        let mut rights: Vec<Vec<Right>> = vec![Vec::new(); self.stands.len()];
        for it in self.rights.iter().filter(|it| is_of_one_identity(it.power) || !is_needless(it)) {
            rights[it.stand as usize].push(it.clone());
        }
        // Of what one identity must hold together a single power does nothing that the first of all does not.
        for its in rights.iter_mut().filter(|_| !all) {
            let mut of_one = its.iter().map(|it| it.power).filter(|it| is_of_one_identity(*it));
            let first = of_one.next();
            if of_one.all(|it| Some(it) == first) {
                its.retain(|it| !is_needless(it));
            }
        }
        let member = |((namespace, class), (stand, rights)): ((Name, u32), (Stand, Vec<Right>))| {
            let grants = stand.grants?;
            if !all && rights.is_empty() && !grants.all.iter().any(Granted::gives_everything) {
                return None;
            }
            let name = super::super::places::account_name(&stand.foothold)?.clone();
            Some(AccountMember { namespace, class, name, grants, rights })
        };
        whose.into_iter().zip(self.stands.into_iter().zip(rights)).filter_map(member).collect()
    }
}

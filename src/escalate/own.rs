//! The rights that somebody's own bindings give, of some powers: for what is asked of very many, of whom nothing else is
//! worked out. They are those of [`super::Held`] at its start, in the same order.

use std::sync::Arc;

use super::Ground;
use super::powers::{Gives, Permission, PowerSet, RolePowers, is_of_one_identity};
use super::rights::Right;
use super::terrain::Grants;
use crate::model::name::Name;
use crate::model::role::Subject;

/// What somebody's own bindings give.
pub struct Own {
    grants: Arc<Grants>,
    /// The requests that are allowed everywhere, for all objects.
    everywhere: Vec<u16>,
}

/// A rule that gives what is asked for, in one scope.
pub struct OwnRight<'g> {
    /// Where it holds; empty: the whole cluster.
    pub scope: &'g Name,
    powers: &'g Arc<RolePowers>,
    gives: Gives,
}

impl Own {
    /// What bindings give somebody of these powers.
    pub fn of(ground: &Ground<'_>, subject: &Subject, powers: PowerSet) -> Self {
        let grants = grants(ground, subject);
        // Those of the whole cluster come first.
        let of_cluster = all(&grants, powers).take_while(|it| it.scope.is_empty());
        let everywhere = of_cluster.filter(OwnRight::is_of_all).map(|it| it.gives.slot).collect();
        Self { grants, everywhere }
    }

    /// Its rights of a power: what is had everywhere is not told of a namespace again.
    pub fn rights(&self, permission: &'static Permission) -> impl Iterator<Item = OwnRight<'_>> {
        let is_told = is_of_one_identity(permission.number() as u16);
        let is_new = move |it: &OwnRight<'_>| it.scope.is_empty() || !self.everywhere.contains(&it.gives.slot);
        all(&self.grants, PowerSet::of([permission])).filter(move |it| is_told || is_new(it))
    }
}

impl<'g> OwnRight<'g> {
    /// What a role gives, in this scope.
    pub(super) fn of(scope: &'g Name, powers: &'g Arc<RolePowers>, gives: Gives) -> Self {
        Self { scope, powers, gives }
    }

    /// Whether it is for every object, those too that have no name yet.
    pub fn is_of_all(&self) -> bool {
        self.powers.rules[usize::from(self.gives.rule)].names.is_empty()
    }

    /// The same as whoever acts at the start has it.
    pub fn right(&self) -> Right {
        let Gives { power, slot, rule, need } = self.gives;
        let (scope, powers) = (self.scope.clone(), self.powers.clone());
        Right { number: 0, stand: 0, actor: 0, scope, powers, rule, power, slot, need }
    }
}

/// What bindings give of these powers, of the whole cluster first.
fn all(grants: &Grants, powers: PowerSet) -> impl Iterator<Item = OwnRight<'_>> {
    let roles = grants.all.iter().filter_map(|it| Some((it.scope(), &it.role.as_ref()?.1)));
    roles.filter(move |it| it.1.powers.meets(powers)).flat_map(move |(scope, role)| {
        let gives = role.gives.iter().filter(move |it| powers.has(it.power));
        gives.map(move |gives| OwnRight { scope, powers: role, gives: *gives })
    })
}

/// What somebody holds; an account that is there holds what all do who are folded with it.
pub(super) fn grants(ground: &Ground<'_>, subject: &Subject) -> Arc<Grants> {
    if let Subject::ServiceAccount { namespace, name } = subject {
        let place = ground.place(namespace);
        if let Some(class) = place.class_of_account(name) {
            return place.accounts[class as usize].grants.clone();
        }
    }
    ground.grants(subject)
}

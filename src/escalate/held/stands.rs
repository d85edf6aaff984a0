//! What is new becomes stands, from which further moves are made, and their rights; of what is alike one.

use std::sync::Arc;

use super::super::Ground;
use super::super::foothold::Foothold;
use super::super::powers::{Gives, RolePowers, is_looked_up, is_of_one_identity};
use super::super::region::{Region, Which};
use super::super::rights::Right;
use super::super::terrain::{Granted, Grants, TerrainNamespace};
use super::crowd::Whose;
use super::{All, Held, Stand, everything};
use crate::model::facts::SharedPod;
use crate::model::name::Name;
use crate::model::role::{RoleRule, Subject};
use crate::rbac::Identity;
use crate::rbac::identity::{MASTERS, node_of, user_of_node};

impl Held {
    /// From where somebody starts.
    pub(super) fn stand_at_start(&mut self, ground: &Ground<'_>, start: &Foothold) {
        match start {
            Foothold::Subject(subject) if !self.groups.is_empty() => {
                let grants = ground.grants_of(&Identity::new(subject, ground.groups));
                self.act(start.clone(), 0, Arc::new(grants));
            }
            _ => self.stand(ground, start, 0),
        }
    }

    /// From what is new further moves are made.
    pub(super) fn expand(&mut self, ground: &Ground<'_>, region: &Region, entry: u32) {
        match region {
            // Whoever may do everything has by moves as far away what pods would give: very many are not entered one by one.
            Region::Pods(..) | Region::PodsOn(_) | Region::One(Foothold::Pod(_))
                if self.is_crowded && self.may_do_all && region.breadth() > 1 => {}
            Region::One(foothold) => self.stand(ground, foothold, entry),
            Region::Nodes => {
                let first = ground.nodes().first().cloned().unwrap_or_default();
                self.stands.push(Stand { all: Some(All::Nodes), ..plain(Foothold::Node(first), entry) });
            }
            // Whoever may do everything has all that the rest would give.
            _ if self.is_all() => {}
            Region::Accounts(namespace) if namespace.is_empty() => self.crowd(ground, Whose::All, entry),
            Region::AccountsBeside(resource) => self.crowd(ground, Whose::Beside(resource), entry),
            Region::Tokens(which) => self.crowd(ground, Whose::Mounted(*which), entry),
            Region::Pods(namespace, which) if namespace.is_empty() => self.enter_all(ground, *which, entry),
            Region::Accounts(namespace) => {
                let place = ground.place(namespace);
                for (class, _) in place.accounts.iter().enumerate() {
                    self.act_as_class(namespace, &place, class as u32, None, entry);
                }
            }
            Region::Pods(namespace, which) => {
                let place = ground.place(namespace);
                place.classes(ground, *which).for_each(|(class, pod)| self.enter(class, Some(pod), entry));
            }
            Region::PodsOn(node) => self.enter_node(ground, node, entry),
            _ => self.act_as_named(ground, region, entry),
        }
    }

    /// Every such pod that runs, as one stand.
    fn enter_all(&mut self, ground: &Ground<'_>, which: Which, entry: u32) {
        let first = |it: &Name| ground.place(it).classes(ground, which).next().map(|it| it.1.pod_id());
        if let Some(first) = ground.all_namespaces().iter().find_map(first) {
            self.every.push((which, self.stands.len() as u32));
            self.stands.push(Stand { all: Some(All::Pods), ..plain(Foothold::Pod(first), entry) });
        }
    }

    fn enter_node(&mut self, ground: &Ground<'_>, node: &Name, entry: u32) {
        for pod in &ground.pods_on(node) {
            self.stand(ground, &Foothold::Pod(pod.pod_id()), entry);
        }
    }

    /// Everybody of a sort whom bindings name: others of it have what everybody has.
    fn act_as_named(&mut self, ground: &Ground<'_>, region: &Region, entry: u32) {
        let named = ground.named();
        let is_node = |it: &Subject| node_of(it.name()).is_some();
        let is_masters = |it: &Subject| *it.name() == *MASTERS;
        let mut act = |it: &Subject| self.stand(ground, &Foothold::Subject(it.clone()), entry);
        match region {
            Region::Users => named.users.iter().filter(|it| !ground.is_node(it)).for_each(act),
            Region::NodeUsers => {
                let first = ground.nodes().first().map(|it| user_of_node(it));
                first.iter().chain(named.users.iter().filter(|it| is_node(it))).for_each(act);
            }
            Region::Groups => {
                act(&Subject::Group(MASTERS.into()));
                named.groups.iter().for_each(act);
            }
            Region::Certified => {
                named.users.iter().for_each(&mut act);
                named.groups.iter().filter(|it| !is_masters(it)).for_each(&mut act);
                for (namespace, names) in &named.accounts {
                    let of = |name: &Name| Subject::ServiceAccount { namespace: namespace.clone(), name: name.clone() };
                    names.iter().map(of).for_each(|it| act(&it));
                }
            }
            _ => {}
        }
    }

    /// One thing that further moves are made from, unless one like it is there already.
    pub(super) fn stand(&mut self, ground: &Ground<'_>, foothold: &Foothold, entry: u32) {
        match foothold {
            _ if entry > 0 && self.is_all() && !matches!(foothold, Foothold::ClusterAdmin | Foothold::Node(_)) => {}
            Foothold::Subject(Subject::ServiceAccount { namespace, name }) => {
                let place = ground.place(namespace);
                match place.class_of_account(name) {
                    Some(class) => self.act_as_class(namespace, &place, class, Some(name), entry),
                    None => self.act_as(ground, foothold, entry),
                }
            }
            Foothold::Subject(_) => self.act_as(ground, foothold, entry),
            Foothold::Pod(id) => {
                let place = ground.place(&id.namespace);
                let pod = ground.pod(id);
                match pod.and_then(|it| place.class_of_pod(it)) {
                    Some(class) => self.enter(class, pod, entry),
                    None => self.stand_in_pod(&id.namespace, foothold.clone(), pod, entry),
                }
            }
            Foothold::Node(name) => {
                if self.entered_nodes.insert(name.clone()) {
                    self.stands.push(plain(foothold.clone(), entry));
                }
            }
            Foothold::Role { role, namespace } => {
                if let Some(powers) = ground.role_powers(&role.namespace, &role.name) {
                    self.hold(foothold.clone(), entry, namespace, powers);
                }
            }
            Foothold::ClusterAdmin => self.hold(foothold.clone(), entry, &Name::empty(), all_powers()),
            Foothold::NamespaceAdmin(namespace) => self.hold(foothold.clone(), entry, namespace, all_powers()),
            Foothold::Secrets { .. } | Foothold::Intercept { .. } | Foothold::Connection(_) => {}
        }
    }

    pub(super) fn act_as_class(
        &mut self,
        namespace: &Name,
        place: &TerrainNamespace,
        class: u32,
        name: Option<&Name>,
        entry: u32,
    ) {
        if !self.has_all_accounts() && self.seen.insert((namespace.clone(), true, class)) {
            let accounts = &place.accounts[class as usize];
            let name = name.unwrap_or(&accounts.names[0]);
            self.act(super::super::places::account(namespace, name), entry, accounts.grants.clone());
        }
    }

    fn act_as(&mut self, ground: &Ground<'_>, foothold: &Foothold, entry: u32) {
        let Foothold::Subject(subject) = foothold else { return };
        if self.acting.insert(subject.clone()) {
            self.act(foothold.clone(), entry, ground.grants(subject));
        }
    }

    /// Rules beside one's own: they are had by whoever made the move.
    fn hold(&mut self, foothold: Foothold, entry: u32, scope: &Name, powers: Arc<RolePowers>) {
        let by = self.entries[entry as usize].by.as_ref();
        let actor = by.map(|it| self.stands[it.stands[0] as usize].actor);
        let stand = self.stands.len() as u32;
        let actor = actor.unwrap_or(stand);
        self.lent.push(stand);
        self.may_do_all |= scope.is_empty() && powers.everything;
        self.stands.push(Stand { actor, role: Some((scope.clone(), powers.clone())), ..plain(foothold, entry) });
        self.give(stand, scope, &powers);
    }

    fn act(&mut self, foothold: Foothold, entry: u32, grants: Arc<Grants>) {
        let stand = self.stands.len() as u32;
        self.stands.push(Stand { actor: stand, grants: Some(grants.clone()), ..plain(foothold, entry) });
        if self.is_master(&self.stands[stand as usize]) {
            self.may_do_all = true;
            return self.give(stand, &Name::empty(), &all_powers());
        }
        for it in &grants.all {
            if let Granted { role: Some((_, powers)), .. } = it {
                self.may_do_all |= it.scope().is_empty() && powers.everything;
                self.give(stand, it.scope(), powers);
            }
        }
    }

    /// Takes whoever starts to be allowed this in a namespace (empty: everywhere).
    pub(in super::super) fn allow(&mut self, scope: &Name, rule: RoleRule) {
        self.give(0, scope, &Arc::new(RolePowers::of(&[rule].into())));
    }

    /// A pod, which stands for all of its class.
    fn enter(&mut self, class: u32, pod: Option<&SharedPod>, entry: u32) {
        let Some(pod) = pod else { return };
        if self.seen.insert((pod.namespace().clone(), false, class)) {
            self.stand_in_pod(pod.namespace(), Foothold::Pod(pod.pod_id()), Some(pod), entry);
        }
    }

    fn stand_in_pod(&mut self, namespace: &Name, foothold: Foothold, pod: Option<&SharedPod>, entry: u32) {
        self.entered.entry(namespace.clone()).or_default().push(self.stands.len() as u32);
        self.stands.push(Stand { pod: pod.cloned(), ..plain(foothold, entry) });
    }

    /// Takes in what a role gives in a scope; what is for all objects counts once.
    fn give(&mut self, stand: u32, scope: &Name, powers: &Arc<RolePowers>) {
        if !powers.powers.meets(self.powers) {
            return;
        }
        let actor = self.stands[stand as usize].actor;
        for Gives { power, slot, rule, need } in powers.gives.iter().copied() {
            if self.powers.has(power) && !is_looked_up(power) && self.is_new(power, slot, scope) {
                let (scope, powers) = (scope.clone(), powers.clone());
                self.take_right(Right { stand, actor, number: 0, scope, powers, rule, power, slot, need });
            }
        }
    }

    /// Whether a right tells anything: not where all that it may be for is had already.
    fn is_new(&self, power: u16, slot: u16, scope: &Name) -> bool {
        let is_had = || !scope.is_empty() && self.in_namespace.contains_key(&(slot, scope.clone()));
        is_of_one_identity(power) || self.everywhere[usize::from(slot)].is_none() && !is_had()
    }

    /// Takes a right in.
    pub(super) fn take_right(&mut self, right: Right) {
        let (power, slot, number) = (right.power, right.slot, self.rights.len() as u32);
        if !self.is_new(power, slot, &right.scope) {
            return;
        }
        match (right.is_of_all(), right.scope.is_empty()) {
            (true, true) => drop(self.everywhere[usize::from(slot)].get_or_insert(number)),
            (true, false) => drop(self.in_namespace.entry((slot, right.scope.clone())).or_insert(number)),
            (false, _) => self.naming.entry(power).or_default().push(number),
        }
        self.rights.push(Right { number, ..right });
        self.by_power[usize::from(power)].push(number);
    }
}

fn plain(foothold: Foothold, entry: u32) -> Stand {
    Stand { foothold, entry, actor: 0, grants: None, role: None, pod: None, all: None }
}

thread_local! {
    static ALL: Arc<RolePowers> = Arc::new(RolePowers::of(&[everything()].into()));
}

fn all_powers() -> Arc<RolePowers> {
    ALL.with(Arc::clone)
}

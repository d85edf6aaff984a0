//! What is new becomes stands, from which further moves are made, and their rights; of what is alike one.

use std::sync::Arc;

use super::super::Ground;
use super::super::foothold::Foothold;
use super::super::powers::{RolePowers, is_of_one_identity};
use super::super::region::Region;
use super::super::rights::Right;
use super::super::terrain::{Granted, Grants, Place, PodClass};
use super::{Held, Stand, everything};
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::Identity;
use crate::rbac::identity::{MASTERS, node_of};

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
            Region::One(foothold) => self.stand(ground, foothold, entry),
            Region::Nodes => {
                let first = ground.nodes().first().cloned().unwrap_or_default();
                self.stands.push(Stand { is_every_node: true, ..plain(Foothold::Node(first), entry) });
            }
            // Whoever may do everything has all that the rest would give.
            _ if self.is_all() => {}
            Region::Accounts(namespace) => self.in_places(ground, namespace, |held, namespace, place| {
                for (class, _) in place.accounts.iter().enumerate() {
                    held.act_as_class(namespace, place, class as u32, None, entry);
                }
            }),
            Region::Pods(namespace, which) => self.in_places(ground, namespace, |held, namespace, place| {
                let has = |it: &PodClass| it.pods.first().is_some_and(|it| which.has(it));
                for (class, it) in place.pods.iter().enumerate().filter(|(_, it)| has(it)) {
                    held.enter(namespace, class as u32, it, None, entry);
                }
            }),
            Region::PodsOn(node) => self.enter_node(ground, node, entry),
            _ => self.act_as_named(ground, region, entry),
        }
    }

    fn in_places(&mut self, ground: &Ground<'_>, namespace: &Name, mut each: impl FnMut(&mut Self, &Name, &Place)) {
        if !namespace.is_empty() {
            return each(self, namespace, &ground.place(namespace));
        }
        for namespace in ground.all_namespaces().iter() {
            each(self, namespace, &ground.place(namespace));
        }
    }

    fn enter_node(&mut self, ground: &Ground<'_>, node: &Name, entry: u32) {
        let pods = ground.pods_on_nodes();
        for pod in pods.get(node).into_iter().flatten() {
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
            Region::Users => named.users.iter().for_each(act),
            Region::NodeUsers => {
                let first = ground.nodes().first().map(|it| Subject::User(format!("system:node:{it}").into()));
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
    fn stand(&mut self, ground: &Ground<'_>, foothold: &Foothold, entry: u32) {
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
                match ground.pod(id).and_then(|it| place.class_of_pod(it)) {
                    Some(class) => {
                        self.enter(&id.namespace, class, &place.pods[class as usize], Some(foothold), entry);
                    }
                    None => self.stands.push(plain(foothold.clone(), entry)),
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

    fn act_as_class(&mut self, namespace: &Name, place: &Place, class: u32, name: Option<&Name>, entry: u32) {
        if self.seen.insert((namespace.clone(), true, class)) {
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
        self.stands.push(Stand { actor, role: Some((scope.clone(), powers.clone())), ..plain(foothold, entry) });
        self.give(stand, scope, &powers);
    }

    fn act(&mut self, foothold: Foothold, entry: u32, grants: Arc<Grants>) {
        let stand = self.stands.len() as u32;
        self.stands.push(Stand { actor: stand, grants: Some(grants.clone()), ..plain(foothold, entry) });
        if self.is_master(&self.stands[stand as usize]) {
            return self.give(stand, &Name::empty(), &all_powers());
        }
        for it in &grants.all {
            if let Granted { role: Some((_, powers)), .. } = it {
                self.give(stand, it.scope(), powers);
            }
        }
    }

    fn enter(&mut self, namespace: &Name, class: u32, pods: &PodClass, which: Option<&Foothold>, entry: u32) {
        if self.seen.insert((namespace.clone(), false, class)) {
            let pod = which.cloned().unwrap_or_else(|| Foothold::Pod(pods.pods[0].pod_id()));
            self.stands.push(plain(pod, entry));
        }
    }

    /// Takes in what a role gives in a scope; what is for all objects counts once.
    fn give(&mut self, stand: u32, scope: &Name, powers: &Arc<RolePowers>) {
        for it in &powers.gives {
            let power = usize::from(it.power);
            let is_of_all = powers.rules[usize::from(it.rule)].names.is_empty();
            let number = self.rights.len() as u32;
            if is_of_all {
                let has = self.everywhere[power].is_some()
                    || !scope.is_empty() && self.in_namespace.contains_key(&(it.power, scope.clone()));
                if has && !is_of_one_identity(it.power) {
                    continue;
                }
                match scope.is_empty() {
                    true => drop(self.everywhere[power].get_or_insert(number)),
                    false => drop(self.in_namespace.entry((it.power, scope.clone())).or_insert(number)),
                }
            } else {
                self.naming.entry(it.power).or_default().push(number);
            }
            let actor = self.stands[stand as usize].actor;
            let (scope, powers) = (scope.clone(), powers.clone());
            self.rights.push(Right { stand, actor, number, scope, powers, rule: it.rule, need: it.need });
            self.by_power[power].push(number);
        }
    }
}

fn plain(foothold: Foothold, entry: u32) -> Stand {
    Stand { foothold, entry, actor: 0, grants: None, role: None, is_every_node: false }
}

thread_local! {
    static ALL: Arc<RolePowers> = Arc::new(RolePowers::of(&[everything()].into()));
}

fn all_powers() -> Arc<RolePowers> {
    ALL.with(Arc::clone)
}

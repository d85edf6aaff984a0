//! A way is proven by going it: its writes are applied to a copy of the cluster, and both engines are asked again.

use crate::model::cluster::{BeforeAfter, Cluster, Delta, FactChange, ReadObject};
use crate::model::evidence::Outcome;
use crate::net::verdict::{End, Port};
use crate::rbac::{Access, Identity, Request};

use super::Ground;
use super::step::{Because, Step};

/// The cluster as far as a way has come: a copy of what was written to, and the original of all else.
pub struct Copy<'a> {
    ground: &'a Ground<'a>,
    cluster: Option<Cluster>,
    net: Option<crate::net::Index>,
    rbac: Option<crate::rbac::Index>,
    /// What was written since an engine was last asked: an index is copied only when it must be.
    unseen: Vec<FactChange>,
}

impl<'a> Copy<'a> {
    /// Nothing is written yet, and nothing copied.
    pub fn of(ground: &'a Ground<'a>) -> Self {
        Self { ground, cluster: None, net: None, rbac: None, unseen: Vec::new() }
    }

    /// The cluster with what was written.
    pub fn cluster(&self) -> &Cluster {
        self.cluster.as_ref().unwrap_or(self.ground.cluster)
    }

    /// Writes.
    pub fn apply(&mut self, delta: Delta) {
        let cluster = self.cluster.get_or_insert_with(|| self.ground.cluster.clone());
        let changes = cluster.apply(delta);
        if let Some(net) = &mut self.net {
            net.apply(cluster, &changes);
        }
        if let Some(rbac) = &mut self.rbac {
            rbac.apply(cluster, &changes);
        }
        self.unseen.extend(changes);
    }

    /// What is answered once this is written; it is taken back.
    pub fn trying<R>(&mut self, writes: &[Delta], ask: impl FnOnce(&mut Self) -> R) -> R {
        let first = self.unseen.len();
        writes.iter().for_each(|it| self.apply(it.clone()));
        let answer = ask(self);
        let back: Vec<Delta> = self.unseen[first..].iter().rev().filter_map(undone).collect();
        back.into_iter().for_each(|it| self.apply(it));
        // What an engine that was not asked yet has not seen comes to nothing.
        self.unseen.truncate(first);
        answer
    }

    /// Whether somebody may do something now.
    pub fn can(&mut self, identity: &Identity, request: &Request) -> Access {
        let is_of_rbac = |it: &FactChange| matches!(it, FactChange::Role(_) | FactChange::Binding(_));
        if let Some(cluster) = self.cluster.as_ref().filter(|_| self.unseen.iter().any(is_of_rbac)) {
            let copied = || {
                let mut rbac = self.ground.rbac.clone();
                rbac.apply(cluster, &self.unseen);
                rbac
            };
            return self.rbac.get_or_insert_with(copied).can(identity, request);
        }
        self.ground.rbac.can(identity, request)
    }

    /// What a connection comes to now.
    pub fn connects(&mut self, from: &End, to: &End, port: Option<Port>) -> Outcome {
        let (cluster, net) = self.now();
        net.outcome(cluster, from, to, port)
    }

    /// The cluster now, and who may connect to whom in it.
    pub fn now(&mut self) -> (&Cluster, &crate::net::Index) {
        let is_of_net = |it: &FactChange| {
            !matches!(it, FactChange::Role(_) | FactChange::Binding(_) | FactChange::ServiceAccount(_))
        };
        if let Some(cluster) = self.cluster.as_ref().filter(|_| self.unseen.iter().any(is_of_net)) {
            let copied = || {
                let mut net = self.ground.net.clone();
                net.apply(cluster, &self.unseen);
                net
            };
            return (cluster, self.net.get_or_insert_with(copied));
        }
        (self.ground.cluster, self.ground.net)
    }
}

/// What takes a change back; `None`: it is not one of a fact.
fn undone(change: &FactChange) -> Option<Delta> {
    match change.fact()? {
        BeforeAfter { before: Some(before), .. } => Some(Delta::Put(ReadObject::new(before))),
        BeforeAfter { before: None, after } => Some(Delta::Gone(after?.id())),
    }
}

/// The same steps with the grants that hold where each is made, and whether all of them would be allowed.
pub fn gone<'a>(ground: &'a Ground<'a>, mut steps: Vec<Step>) -> (Vec<Step>, bool) {
    let mut copy = Copy::of(ground);
    let mut holds = true;
    for step in &mut steps {
        for because in &mut step.because {
            holds &= because.decide(|identity, request| copy.can(identity, request));
        }
        step.writes.iter().for_each(|it| copy.apply(it.clone()));
        for because in &step.because {
            if let Because::Connects { from, to, port } = because {
                holds &= copy.connects(from, to, *port) == Outcome::Allow;
            }
        }
    }
    (steps, holds)
}

/// The same where all of them are allowed; `None`: one of them is not.
pub fn replay<'a>(ground: &'a Ground<'a>, steps: Vec<Step>) -> Option<Vec<Step>> {
    let (steps, holds) = gone(ground, steps);
    holds.then_some(steps)
}

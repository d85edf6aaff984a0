//! A way is proven by going it: its writes are applied to a copy of the cluster, and both engines are asked again.

use crate::model::cluster::Cluster;
use crate::model::evidence::Outcome;

use super::Ground;
use super::step::{Because, Step};

/// A copy of the cluster with its indexes, as far as a way has come.
struct Copy {
    cluster: Cluster,
    net: crate::net::Index,
    rbac: crate::rbac::Index,
}

/// The same steps with the grants that hold where each is made; `None`: one of them would not be allowed.
pub fn replay(ground: &Ground<'_>, mut steps: Vec<Step>) -> Option<Vec<Step>> {
    let mut copy: Option<Copy> = None;
    for step in &mut steps {
        for because in &mut step.because {
            let (cluster, net, rbac) = match &copy {
                Some(it) => (&it.cluster, &it.net, &it.rbac),
                None => (ground.cluster, ground.net, ground.rbac),
            };
            if let Because::Allowed { identity, request, grant } = because {
                let access = rbac.can(identity, request);
                if access.outcome() != Outcome::Allow {
                    return None;
                }
                *grant = access.grants.into_iter().next().map(Box::new);
            }
            let _ = (cluster, net);
        }
        if !step.writes.is_empty() {
            let copy = copy.get_or_insert_with(|| Copy::of(ground));
            step.writes.iter().for_each(|it| copy.apply(it.clone()));
        }
        for because in &step.because {
            let Because::Connects { from, to, port } = because else { continue };
            let verdict = match &copy {
                Some(it) => it.net.trace(&it.cluster, from, to, *port),
                None => ground.net.trace(ground.cluster, from, to, *port),
            };
            if verdict.outcome() != Outcome::Allow {
                return None;
            }
        }
    }
    Some(steps)
}

impl Copy {
    fn of(ground: &Ground<'_>) -> Self {
        Self { cluster: ground.cluster.clone(), net: ground.net.clone(), rbac: ground.rbac.clone() }
    }

    fn apply(&mut self, delta: crate::model::cluster::Delta) {
        let changes = self.cluster.apply(delta);
        self.net.apply(&self.cluster, &changes);
        self.rbac.apply(&self.cluster, &changes);
    }
}

//! A policy that isolates pods and lists who connects to them today, less the flows that are closed.
//!
//! It says more than that one end is kept out: whoever comes later is kept out too.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::allow::{new_policy, note_others, peers};
use super::super::narrow::NarrowedRule;
use super::super::objects::Desk;
use super::super::pods::choose;
use super::super::{DraftGate, Peers};
use super::Closing;
use crate::kinds::written_policy;
use crate::model::id::PodId;
use crate::model::policy::PeerMatch;
use crate::model::port::{PortMatch, PortSet};
use crate::net::reach::{Granularity, Unit};
use crate::net::verdict::{End, Tri};

/// Who connects to the pods of a gate.
#[derive(Default)]
struct Present {
    pods: BTreeMap<PodId, PortSet>,
    /// Whether nodes or addresses outside do.
    has_others: bool,
}

impl Closing<'_> {
    /// Lists who connects to these pods; `None`: something isolates them already, or it is no pod that is kept out.
    pub(super) fn list(&self, desk: &mut Desk<'_>, gate: &DraftGate) -> Option<()> {
        let isolation = |it: &PodId| self.ground.index.isolation(it).map(|it| gate.isolation(&it));
        let is_open = gate.targets.iter().all(|it| isolation(it) == Some(Tri::No));
        if !is_open || gate.flows.values().any(|it| !it.blocks.is_empty()) {
            return None;
        }
        let present = self.present(gate);
        let mut by_ports: BTreeMap<PortSet, Peers> = BTreeMap::new();
        for (pod, ports) in present.pods {
            by_ports.entry(ports).or_default().pods.insert(pod);
        }
        for chosen in choose(desk.cluster, &gate.namespace, &gate.targets) {
            note_others(desk, &chosen);
            let mut rules: Vec<Value> = Vec::new();
            for (ports, who) in &by_ports {
                let who = peers(desk, &gate.namespace, who);
                rules.extend(written_policy::rule(gate.direction, who, written_policy::ports(ports)));
            }
            let others = present.has_others.then(|| self.others(desk, gate)).flatten();
            rules.extend(others.and_then(|it| it.written(gate.direction)));
            let id = new_policy(desk, &chosen, gate.direction, self.words, rules);
            desk.say(format!("{id}: a new policy that isolates these pods and lists who connects to them today"));
        }
        Some(())
    }

    /// Who connects today and is to go on.
    fn present(&self, gate: &DraftGate) -> Present {
        let ground = self.ground;
        let mut present = Present::default();
        for target in &gate.targets {
            let end = End::Pod(target.clone());
            let rows = ground.index.reach(ground.cluster, &end, gate.direction, Granularity::Pod, None).rows;
            for row in rows.into_iter().filter(|it| !it.summary.possible.is_empty()) {
                let governed = match &row.unit {
                    Unit::Pod(pod) => ground.cluster.pods.get(&pod.namespace, &pod.name).filter(|it| it.is_governed()),
                    _ => None,
                };
                match governed {
                    Some(pod) => {
                        let ports = present.pods.entry(pod.pod_id()).or_default();
                        *ports = ports.union(&row.summary.possible);
                    }
                    None => present.has_others = true,
                }
            }
        }
        for (ports, peers) in &gate.flows {
            for pod in &peers.pods {
                present.pods.entry(pod.clone()).and_modify(|it| *it = it.difference(ports));
            }
        }
        present.pods.retain(|_, it| !it.is_empty());
        present
    }

    /// All addresses that no pod gets.
    fn others(&self, desk: &mut Desk<'_>, gate: &DraftGate) -> Option<NarrowedRule> {
        let is_block = |it: &PeerMatch| matches!(it, PeerMatch::Block(_));
        let said = self.rest(desk, gate, NarrowedRule::everything());
        let first = said.iter().find(|it| it.peers.iter().any(is_block))?;
        let peers = first.peers.iter().filter(|it| is_block(it)).cloned().collect();
        Some(NarrowedRule { peers, ports: vec![PortMatch::Any] })
    }
}

//! What nodes have with pods, with each other and with the outside: rows of sets of nodes that answer alike.
//!
//! ```text
//! unit ──► all nodes of a kind      as its classes have it with the kind, whatever node they are on
//!      ──► nodes that its pods are on    there these pods are exempt (S41): apart, those with equal sums as one set
//! ```
//!
//! A kind is judged once for all classes; a unit then costs its classes and the nodes that its own pods are on, never
//! all nodes.

use std::collections::BTreeMap;

use fixedbitset::FixedBitSet;

use super::Index;
use super::end_rows::EndRows;
use super::indexed_end::{HERE, IndexedEnd, NOWHERE};
use super::lazy_list::LazyReachList;
use super::map::{MapDraft, UnitTable};
use super::nodes_and_outside::{NodeKind, NodesAndOutside};
use super::port_mask::TriPorts;
use super::row::ClassRow;
use super::units::{AnswerContext, PairSum, PlacedPodGroup, PortSetCache, UnitPods};
use crate::model::cluster::Cluster;
use crate::model::policy::Direction;
use crate::net::reach::ReachRow;
use crate::net::verdict::End;

/// What one group of pods has with a node of one kind: the ports that surely pass, and those that may.
struct GroupVsNode {
    /// On another node.
    far: TriPorts,
    /// On this very node.
    own: TriPorts,
    /// On none yet.
    unsure: TriPorts,
    nowhere: u64,
    pods: u64,
}

/// Sets of nodes, each with what every node of it has.
type NodeSets = Vec<(PairSum, FixedBitSet)>;

/// Which groups of pods are on one node, and how many of each.
type GroupsOnNode = Vec<(u32, u64)>;

impl Index {
    /// Rows between nodes and everything; of units those that are meant.
    pub(super) fn map_nodes(&self, draft: &mut MapDraft, table: &UnitTable<'_>, is_meant: &dyn Fn(usize) -> bool) {
        if table.around.names.is_empty() {
            return;
        }
        for direction in Direction::ALL {
            let kinds: Vec<(&NodeKind, Vec<ClassRow>)> =
                table.around.kinds.iter().map(|it| (it, self.rows(&it.found(), direction))).collect();
            for (at, unit) in table.units.iter().enumerate().filter(|it| is_meant(it.0)) {
                let groups = self.groups_with(unit, &kinds, table, direction);
                self.push_groups(draft, table, at, groups, direction);
            }
            for at in 0..table.around.outside.len() {
                let groups = self.groups_outside(at, table, direction);
                self.push_groups(draft, table, table.units.len() + at, groups, direction);
            }
        }
        self.map_among_nodes(draft, table);
    }

    /// Rows of one unit with sets of nodes; `direction` is that of the nodes' own gate.
    fn push_groups(
        &self,
        draft: &mut MapDraft,
        table: &UnitTable<'_>,
        at: usize,
        groups: NodeSets,
        direction: Direction,
    ) {
        for (sum, held) in groups {
            let count = count(&held);
            if !sum.is_possible() {
                self.push_times(draft, at, at, &sum, count);
                continue;
            }
            let nodes = table.first_nodes() + draft.nodes(held);
            let (from, to) = if direction == Direction::Egress { (nodes, at) } else { (at, nodes) };
            self.push_times(draft, from, to, &sum, count);
        }
    }

    /// What a unit has with all nodes.
    fn groups_with(
        &self,
        unit: &UnitPods,
        kinds: &[(&NodeKind, Vec<ClassRow>)],
        table: &UnitTable<'_>,
        direction: Direction,
    ) -> NodeSets {
        let guests = guests(unit, table.around);
        let mut groups = NodeSets::new();
        for (number, (kind, rows)) in (0..).zip(kinds) {
            let shares: Vec<GroupVsNode> =
                unit.alike.iter().map(|it| self.share(it, kind, rows, table, direction)).collect();
            let mut rest = table.around.set(&kind.nodes);
            let mut by_guests: BTreeMap<&GroupsOnNode, Vec<u32>> = BTreeMap::new();
            for (node, guests) in guests.iter().filter(|it| table.around.kind_of[it.0 as usize] == number) {
                rest.remove(*node as usize);
                by_guests.entry(guests).or_default().push(*node);
            }
            for (guests, nodes) in by_guests {
                join(&mut groups, self.sum_shares(&shares, guests, table), table.around.set(&nodes));
            }
            if !rest.is_clear() {
                join(&mut groups, self.sum_shares(&shares, &GroupsOnNode::new(), table), rest);
            }
        }
        groups
    }

    fn share(
        &self,
        alike: &PlacedPodGroup,
        kind: &NodeKind,
        rows: &[ClassRow],
        table: &UnitTable<'_>,
        direction: Direction,
    ) -> GroupVsNode {
        let pass = |node| self.pass_in(direction, &kind.named(&HERE), &alike.found(node));
        let far = self.with_row(rows, alike, &table.terms.none, &table.terms.full);
        let nowhere = alike.nowhere();
        let unsure = if nowhere > 0 { pass(&NOWHERE) } else { far.clone() };
        let own = if alike.nodes.is_empty() { far.clone() } else { pass(&HERE) };
        let [far, own, unsure] = [far, own, unsure].map(|it| into(it, direction, &table.terms));
        GroupVsNode { far, own, unsure, nowhere, pods: alike.pods }
    }

    /// What a unit has with a node that these of its pods are on.
    fn sum_shares(&self, shares: &[GroupVsNode], guests: &GroupsOnNode, table: &UnitTable<'_>) -> PairSum {
        let (mut sum, atom) = (self.sum(), table.terms.atom);
        let mut guests = guests.iter().peekable();
        for (at, share) in (0..).zip(shares) {
            let own = guests.next_if(|it| it.0 == at).map_or(0, |it| it.1);
            self.add(&mut sum, &share.own, own, atom);
            self.add(&mut sum, &share.unsure, share.nowhere, atom);
            self.add(&mut sum, &share.far, share.pods - own - share.nowhere, atom);
        }
        sum
    }

    /// What a part of the outside has with all nodes that have an address of its family.
    fn groups_outside(&self, at: usize, table: &UnitTable<'_>, direction: Direction) -> NodeSets {
        let part = &table.around.outside[at];
        let mut groups = NodeSets::new();
        for kind in table.around.kinds.iter().filter(|it| self.share_family(&it.found(), &part.end)) {
            let mut sum = self.sum();
            let pass = into(self.pass_in(direction, &kind.found(), &part.end), direction, &table.terms);
            self.add(&mut sum, &pass, 1, table.terms.atom);
            join(&mut groups, sum, table.around.set(&kind.nodes));
        }
        groups
    }

    /// Rows from each node to each other.
    fn map_among_nodes(&self, draft: &mut MapDraft, table: &UnitTable<'_>) {
        for kind in &table.around.kinds {
            let mut groups = NodeSets::new();
            for other in &table.around.kinds {
                let mut sum = self.sum();
                let pass = table.terms.of_node(self.pass(&kind.named(&HERE), &other.found()));
                self.add(&mut sum, &pass, 1, table.terms.atom);
                join(&mut groups, sum, table.around.set(&other.nodes));
            }
            let own = table.around.set(&kind.nodes);
            let from = draft.nodes(own.clone());
            for (sum, held) in groups {
                let both = own.intersection_count(&held) as u64;
                let to = draft.nodes(held.clone());
                let first = table.first_nodes();
                self.push_times(draft, first + from, first + to, &sum, count(&own) * count(&held) - both);
            }
        }
    }

    /// Lists the nodes that an end has something with.
    pub(super) fn list_nodes(
        &self,
        cluster: &Cluster,
        asked: &EndRows<'_>,
        end: &End,
        listing: &mut LazyReachList<'_>,
    ) {
        let around = self.around(cluster);
        let own = around.place(asked.found.node());
        let mut groups = NodeSets::new();
        for kind in &around.kinds {
            let mut rest = around.set(&kind.nodes);
            if let Some(at) = own.filter(|it| kind.nodes.contains(it)) {
                rest.remove(at as usize);
                if !matches!(end, End::Node(_)) {
                    let node = kind.named(&around.names[at as usize]);
                    let pass = self.pass_with_node(asked, &node);
                    join(&mut groups, self.sum_of(&pass, asked), around.set(&[at]));
                }
            }
            if !rest.is_clear() {
                let pass = self.pass_with_node(asked, &kind.found());
                join(&mut groups, self.sum_of(&pass, asked), rest);
            }
        }
        let is_into = asked.direction == Direction::Egress;
        let mut sets = if is_into { PortSetCache::without(asked.terms.apart.0.clone()) } else { asked.sets() };
        for (sum, held) in groups {
            listing.pairs.join(&sum.pairs.times(count(&held)));
            if sum.is_possible() || listing.keeps_all {
                let summary = self.summary(&sum, &mut sets);
                listing.around.push(ReachRow { unit: around.unit(held), summary });
            }
        }
    }

    fn pass_with_node(&self, asked: &EndRows<'_>, node: &IndexedEnd<'_>) -> TriPorts {
        let pass = self.pass_with(asked, node);
        if asked.direction == Direction::Egress { asked.terms.of_node(pass) } else { pass }
    }

    fn sum_of(&self, pass: &TriPorts, asked: &EndRows<'_>) -> PairSum {
        let mut sum = self.sum();
        self.add(&mut sum, pass, 1, asked.terms.atom);
        sum
    }
}

/// What passes at the gate of a node of this direction.
fn into(pass: TriPorts, direction: Direction, terms: &AnswerContext) -> TriPorts {
    if direction == Direction::Ingress { terms.of_node(pass) } else { pass }
}

/// The nodes of the cluster that pods of a unit are on.
fn guests(unit: &UnitPods, around: &NodesAndOutside) -> Vec<(u32, GroupsOnNode)> {
    let known = around.names.len() as u32;
    let placed = (0..).zip(&unit.alike).flat_map(|(at, alike)| alike.nodes.iter().map(move |it| (it.0, at, it.1)));
    let mut all: Vec<(u32, u32, u64)> = placed.filter(|it| it.0 < known).collect();
    all.sort_unstable();
    let of_node = |it: &[(u32, u32, u64)]| (it[0].0, it.iter().map(|it| (it.1, it.2)).collect());
    all.chunk_by(|a, b| a.0 == b.0).map(of_node).collect()
}

/// Puts nodes to those that have the same.
fn join(groups: &mut NodeSets, sum: PairSum, held: FixedBitSet) {
    match groups.iter_mut().find(|it| it.0 == sum) {
        Some(group) => group.1.union_with(&held),
        None => groups.push((sum, held)),
    }
}

fn count(held: &FixedBitSet) -> u64 {
    held.count_ones(..) as u64
}

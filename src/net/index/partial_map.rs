//! A part of a map: the rows of some units with all others, at the cost of these.
//!
//! ```text
//! unit ──► each class of its pods: one row of all classes, out of it and into it ──► sums by unit
//! ```
//!
//! What [`Index::map`] says of the same pairs; it is for whoever knows of which units alone anything can be new.

use std::collections::HashSet;

use rustc_hash::FxBuildHasher;

use super::Index;
use super::indexed_end::NOWHERE;
use super::map::{MapDraft, SumsByUnit, UnitPairSum, UnitTable};
use super::units::PlacedPodGroup;
use crate::model::cluster::Cluster;
use crate::model::policy::Direction;
use crate::net::reach::{Granularity, Unit, UnitMap};

/// Which rows of a map are asked for.
pub struct MapPart<'a> {
    pub units: &'a HashSet<Unit, FxBuildHasher>,
    pub all_nodes: bool,
    pub keeps_outside: bool,
}

impl Index {
    /// The same for rows alone in which one of these units stands, as [`Index::map`] has them, or [`Index::whole_map`]: its
    /// cost is theirs. `all_nodes`: rows between any unit and nodes too. Pairs are not counted.
    pub fn map_part(&self, cluster: &Cluster, part: &MapPart<'_>) -> UnitMap {
        let mut draft = MapDraft::default();
        draft.keeps_outside = part.keeps_outside;
        // A pod on the host network looks at the nodes of whoever it meets.
        let is_placed = !part.all_nodes && !self.has_hosts_of(cluster, part.units);
        let table = self.prepare(&mut draft, cluster, (Granularity::Workload, is_placed.then_some(part.units)), None);
        let meant: Vec<bool> = table.units.iter().map(|it| part.units.contains(&it.unit)).collect();
        let mut column = SumsByUnit::of(table.units.len());
        for at in (0..table.units.len()).filter(|it| meant[*it]) {
            for direction in Direction::ALL {
                self.map_side(&mut draft, &table, (at, direction), &meant, &mut column);
            }
            self.map_in(&mut draft, &table, at);
            self.map_out(&mut draft, &table, at);
        }
        self.map_nodes(&mut draft, &table, &|it| part.all_nodes || meant[it]);
        draft.finish(&table)
    }

    /// All rows of the map out of a unit or into it (`Egress`, `Ingress`); out of it those alone that lead to others.
    fn map_side(
        &self,
        draft: &mut MapDraft,
        table: &UnitTable<'_>,
        (own, direction): (usize, Direction),
        meant: &[bool],
        column: &mut SumsByUnit,
    ) {
        // Rows from one of the meant into another are told where they lead.
        let is_told = |other: usize| direction == Direction::Egress && meant[other];
        for target in &table.units[own].alike {
            let rows = self.rows(&target.found(&NOWHERE), direction);
            let hosts: &mut dyn Iterator<Item = (usize, &PlacedPodGroup)> = match target.is_host() {
                // Each pod on the host network has its own nodes to look at.
                true => &mut (0..).zip(&table.units).flat_map(|(at, it)| it.alike.iter().map(move |it| (at, it))),
                false => {
                    for (other, cell) in self.cells(table, &rows[0]).iter().filter(|it| it.0 as usize != own) {
                        if !is_told(*other as usize) {
                            let place = column.at(*other as usize, || self.sum());
                            place.sum.add_times(cell, target.pods);
                            place.pairs_covered += cell.pairs.total() * target.pods;
                        }
                    }
                    let own = table.units[own].alike.iter().filter(|it| !it.is_host()).map(|it| (own, it));
                    &mut table.hosts.iter().map(|it| (it.0, &it.1)).chain(own)
                }
            };
            for (other, alike) in hosts.filter(|it| !is_told(it.0)) {
                let sum = &mut column.at(other, || self.sum()).sum;
                self.add_pairs(sum, (&rows, direction), alike, target, own == other, table);
            }
        }
        let pods = table.plain[own];
        for (other, UnitPairSum { mut sum, pairs_covered }) in column.drain() {
            let all = if other == own { 0 } else { table.plain[other] * pods };
            sum.deny(&table.terms.none, all - pairs_covered);
            let (from, to) = if direction == Direction::Egress { (own, other) } else { (other, own) };
            self.push_map(draft, from, to, &sum);
        }
    }
}

//! How long ways are, and of which moves: to what is held, and with a move that is not taken yet.

use super::super::Ground;
use super::super::foothold::Foothold;
use super::super::moves::Move;
use super::super::region::Region;
use super::super::step::Step;
use super::{All, Held};

impl Held {
    /// How many moves a way has at least that ends with one from this stand.
    pub fn nearest(&self, stand: u32) -> u32 {
        self.entries[self.stands[stand as usize].entry as usize].cost + 1
    }

    /// How many moves a way has that ends with this one.
    pub fn cost(&self, ground: &Ground<'_>, it: &Move) -> u32 {
        if let [stand] = it.stands[..] {
            return self.nearest(stand);
        }
        if self.counts_least {
            // One holder, come to later, may hold what these do, so that no more is sure.
            return it.stands.iter().map(|stand| self.nearest(*stand)).max().unwrap_or(1);
        }
        let to = match &it.to {
            Region::One(it) => it.clone(),
            _ => Foothold::ClusterAdmin,
        };
        let mut way = Vec::new();
        it.stands.iter().for_each(|stand| self.collect(ground, *stand, self.stood(ground, it, *stand, &to), &mut way));
        way.len() as u32 + 1
    }

    /// The moves that lead to something, in an order in which each can be made; none for what was held at the start.
    pub fn way_to(&self, ground: &Ground<'_>, foothold: &Foothold) -> Vec<Step> {
        let entry = self.entry_of(ground, foothold).map(|it| &self.entries[it as usize]);
        let Some(by) = entry.and_then(|it| it.by.as_ref()) else { return Vec::new() };
        let mut steps = self.way_of(ground, by, foothold);
        // What is had on the way to it needs no second step.
        if !steps.iter().any(|it| it.to == *foothold) {
            steps.push(by.step(ground, self, foothold));
        }
        steps
    }

    /// The moves that come before this one where it leads to this; those to the one who makes it last.
    fn way_of(&self, ground: &Ground<'_>, it: &Move, to: &Foothold) -> Vec<Step> {
        let mut way = Vec::new();
        for stand in it.stands.iter().skip(1).chain(it.stands.first()) {
            self.collect(ground, *stand, self.stood(ground, it, *stand, to), &mut way);
        }
        let step = |(stand, foothold): (u32, Foothold)| {
            let by = self.entries[self.stands[stand as usize].entry as usize].by.as_ref();
            by.map(|by| by.step(ground, self, &foothold))
        };
        way.into_iter().filter_map(step).collect()
    }

    /// From where a move is made that leads to this: of a stand for all pods the one that leads there.
    pub fn stood(&self, ground: &Ground<'_>, it: &Move, stand: u32, to: &Foothold) -> Foothold {
        let stand = &self.stands[stand as usize];
        let pod = (stand.all == Some(All::Pods)).then(|| it.pod(ground, to)).flatten();
        pod.unwrap_or_else(|| stand.foothold.clone())
    }

    /// The stands on the way to one, itself among them, each behind those that it needs and with what is held there.
    fn collect(&self, ground: &Ground<'_>, stand: u32, at: Foothold, way: &mut Vec<(u32, Foothold)>) {
        let Some(by) = &self.entries[self.stands[stand as usize].entry as usize].by else { return };
        if way.iter().any(|it| it.0 == stand && it.1 == at) {
            return;
        }
        for before in by.stands.iter().skip(1).chain(by.stands.first()) {
            self.collect(ground, *before, self.stood(ground, by, *before, &at), way);
        }
        way.push((stand, at));
    }
}

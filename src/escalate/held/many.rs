//! What many who start hold together: nobody who could not do it with all of them can do it alone.

use super::super::Ground;
use super::super::foothold::Foothold;
use super::super::region::Region;
use super::{Held, subject_of};

impl Held {
    /// What was held at the start by any of these, by somebody who wants this; of those who hold the same the first
    /// stands for all.
    pub fn of_many(ground: &Ground<'_>, starts: &[Foothold], wanted: Option<&Foothold>) -> Self {
        if let [start] = starts {
            return Self::of(ground, start, wanted);
        }
        let mut held = Self { wanted: subject_of(wanted), ..Self::nothing() };
        for start in starts {
            let (region, entry) = (Region::One(start.clone()), held.entries.len() as u32);
            held.begin(region.clone());
            held.expand(ground, &region, entry);
        }
        held
    }

    /// Which of those who started are needed for the way to something, each once.
    pub fn starters(&self, ground: &Ground<'_>, foothold: &Foothold) -> Vec<Foothold> {
        let (mut found, mut seen) = (Vec::new(), vec![false; self.entries.len()]);
        let mut next: Vec<u32> = self.entry_of(ground, foothold).into_iter().collect();
        while let Some(entry) = next.pop() {
            if std::mem::replace(&mut seen[entry as usize], true) {
                continue;
            }
            let entry = &self.entries[entry as usize];
            match (&entry.by, &entry.region) {
                (Some(by), _) => next.extend(by.stands.iter().map(|it| self.stands[*it as usize].entry)),
                (None, Region::One(start)) => found.push(start.clone()),
                (None, _) => {}
            }
        }
        found.sort();
        found
    }
}

//! Rows that changed: one stays or moves where it stands, many at once are merged in and sorted anew.
//!
//! A list that followed changes is one that was filled after them; the selected object stays selected.

use std::collections::{BTreeMap, BTreeSet};

use super::{ListOrder, Row, RowList, RowOrder, SeenFrom};

/// A batch of more changes than this sorts anew instead of moving rows one by one.
const FEW: usize = 256;

impl<R: Row> RowList<R> {
    /// Takes rows that changed: what stood there before, and what stands there now.
    pub fn change(&mut self, changes: &[(Option<R>, Option<R>)], look: &impl SeenFrom<R>) {
        if changes.is_empty() {
            return;
        }
        self.sift(look, &mut || true);
        // Most changes leave a row where it is. What follows one of the others waits with it, for their order counts.
        let (mut moved, mut waiting) = (Vec::new(), BTreeSet::new());
        for (before, after) in changes {
            let key = after.as_ref().or(before.as_ref()).map(Row::key);
            let stays = !key.as_ref().is_some_and(|it| waiting.contains(it));
            if let (Some(before), Some(after), true) = (before, after, stays)
                && self.replace(before, after, look)
            {
                continue;
            }
            waiting.extend(key);
            moved.push((before.clone(), after.clone()));
        }
        if moved.len() > FEW {
            self.change_many(&moved, look);
            return;
        }
        for (before, after) in moved {
            if let Some(before) = before {
                self.take(&before, look);
            }
            if let Some(after) = after {
                self.insert(after, look);
            }
        }
        self.find();
    }

    /// Puts a row in the place of what it was before, if it stays there.
    fn replace(&mut self, before: &R, after: &R, look: &impl SeenFrom<R>) -> bool {
        let Some(at) = Some(before).filter(|it| it.order(after).is_eq()).and_then(|it| self.locate(it, look)) else {
            return false;
        };
        if let Some(key) = look.sort_key(after, self.sort.by)
            && self.keys[at] != key
        {
            return false;
        }
        if self.shown.is_some() {
            let (shown, passes) = (self.place_of(after), self.passes(after, look));
            match (shown, passes, &mut self.shown) {
                (Some(at), true, Some(shown)) => shown[at].1 = after.clone(),
                (None, false, _) => {}
                _ => return false,
            }
        }
        self.all[at] = after.clone();
        true
    }

    fn change_many(&mut self, changes: &[(Option<R>, Option<R>)], look: &impl SeenFrom<R>) {
        // One object may have changed twice in a batch: what it is at last counts.
        let mut last: BTreeMap<R::Key, Option<R>> = BTreeMap::new();
        for (before, after) in changes {
            last.extend(before.as_ref().map(|it| (it.key(), None)));
            last.extend(after.as_ref().map(|it| (it.key(), Some(it.clone()))));
        }
        if changes.iter().any(|it| it.0.is_some()) {
            self.all.retain(|it| !last.contains_key(&it.key()));
        }
        let mut new: Vec<R> = last.into_values().flatten().collect();
        new.sort_by(R::order);
        let is_in_order = self.sort == ListOrder::default() && self.given == RowOrder::Unordered;
        if !is_in_order {
            self.keys.clear();
            self.all.sort_by(R::order);
        }
        self.merge(new);
        if is_in_order {
            self.refilter(look);
            self.find();
        } else {
            self.arrange(look);
        }
    }

    /// Takes rows in; both they and what is held are in their own order, so that a search finds what stays together.
    fn merge(&mut self, new: Vec<R>) {
        let mut merged = Vec::with_capacity(self.all.len() + new.len());
        let mut held = std::mem::take(&mut self.all).into_iter();
        for it in new {
            let before = held.as_slice().partition_point(|held| held.order(&it).is_lt());
            merged.extend(held.by_ref().take(before));
            if held.as_slice().first().is_some_and(|held| held.order(&it).is_eq()) {
                held.next();
            }
            merged.push(it);
        }
        merged.extend(held);
        self.all = merged;
    }

    fn take(&mut self, before: &R, look: &impl SeenFrom<R>) {
        if let Some(at) = self.locate(before, look) {
            self.all.remove(at);
            if !self.keys.is_empty() {
                self.keys.remove(at);
            }
        }
        if let Some(shown) = &mut self.shown {
            shown.retain(|(_, row)| row.order(before).is_ne());
        }
    }

    fn insert(&mut self, row: R, look: &impl SeenFrom<R>) {
        let key = look.sort_key(&row, self.sort.by);
        match self.search(&row, key.as_ref()) {
            Ok(at) => self.all[at] = row.clone(),
            Err(at) => {
                if self.all.len() == self.all.capacity() {
                    // By an eighth: doubling would leave a quarter of all lists empty.
                    self.all.reserve_exact(self.all.len() / 8 + 4);
                }
                self.all.insert(at, row.clone());
                key.into_iter().for_each(|it| self.keys.insert(at, it));
            }
        }
        if self.shown.is_some() && self.passes(&row, look) {
            self.insert_shown(row, look);
        }
    }
}

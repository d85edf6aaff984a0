//! Many short lists in one piece of memory.
//!
//! ```text
//! room  7 9 │ 3 │ 1 4 4 8 │ · · │ 5 …      a list is a place and a length: at 3, four long
//! free  two long: 7                        room that a list left, for the next one that needs as much
//! ```
//!
//! A hundred thousand vectors of a few numbers each would be the allocator's own bytes for the most part, and a copy
//! of them a hundred thousand allocations. Lists here are copied in one go. They never shrink the room that they share.

/// Where a list stands in its [`ListPool`]. It is of no use without them, and theirs until it is given back.
#[derive(Clone, Copy, Default, Debug)]
pub(in crate::rbac) struct ListSpan {
    at: u32,
    len: u32,
}

/// Lists of small things.
#[derive(Clone, Debug)]
pub(in crate::rbac) struct ListPool<T> {
    room: Vec<T>,
    /// By [`class`]: the places of room that nobody uses.
    free: Vec<Vec<u32>>,
}

impl<T> Default for ListPool<T> {
    fn default() -> Self {
        Self { room: Vec::new(), free: Vec::new() }
    }
}

/// Puts a value at the end of a list that grows by an eighth: at a million entries twice as much would be all too much.
#[inline]
pub(in crate::rbac) fn push<T>(list: &mut Vec<T>, value: T) {
    make_room(list, 1);
    list.push(value);
}

#[inline]
fn make_room<T>(list: &mut Vec<T>, more: usize) {
    if list.capacity() - list.len() < more {
        list.reserve_exact(more.max(list.len() / 8).max(4));
    }
}

/// How much room a list takes: up to eight exactly its own, then 12, 16, 24, 32, 48, …
#[inline]
fn room_for(len: usize) -> usize {
    if len <= 8 {
        return len;
    }
    let most = len.next_power_of_two();
    if len <= most / 4 * 3 { most / 4 * 3 } else { most }
}

/// The number of a size that [`room_for`] gives.
#[inline]
fn class(room: usize) -> usize {
    if room <= 8 { room } else { 2 * room.ilog2() as usize + 2 + usize::from(!room.is_power_of_two()) }
}

impl<T: Copy + Default> ListPool<T> {
    /// What is in a list.
    #[inline]
    pub fn get(&self, list: ListSpan) -> &[T] {
        &self.room[list.at as usize..list.at as usize + list.len as usize]
    }

    /// A list of these.
    #[inline]
    pub fn make(&mut self, items: impl ExactSizeIterator<Item = T>) -> ListSpan {
        let list = ListSpan { at: self.take(room_for(items.len())), len: items.len() as u32 };
        for (room, item) in self.room[list.at as usize..].iter_mut().zip(items) {
            *room = item;
        }
        list
    }

    /// Puts an item in; those from `at` on move one further.
    pub fn insert(&mut self, list: &mut ListSpan, at: usize, item: T) {
        self.resize(list, list.len as usize + 1);
        let all = &mut self.room[list.at as usize..list.at as usize + list.len as usize];
        all.copy_within(at..all.len() - 1, at + 1);
        all[at] = item;
    }

    /// Takes an item out; those behind it move up.
    pub fn remove(&mut self, list: &mut ListSpan, at: usize) {
        let all = &mut self.room[list.at as usize..list.at as usize + list.len as usize];
        all.copy_within(at + 1.., at);
        self.resize(list, list.len as usize - 1);
    }

    /// Gives a list's room back.
    pub fn forget(&mut self, list: ListSpan) {
        self.give_back(list.at, room_for(list.len as usize));
    }

    /// Moves a list to where it has room for so many, if it must move.
    fn resize(&mut self, list: &mut ListSpan, len: usize) {
        let (before, after) = (room_for(list.len as usize), room_for(len));
        if before != after {
            let at = self.take(after);
            let kept = list.at as usize..list.at as usize + len.min(list.len as usize);
            self.room.copy_within(kept, at as usize);
            self.give_back(list.at, before);
            list.at = at;
        }
        list.len = len as u32;
    }

    /// A place with so much room.
    #[inline]
    fn take(&mut self, room: usize) -> u32 {
        if let Some(at) = self.free.get_mut(class(room)).and_then(Vec::pop) {
            return at;
        }
        let at = self.room.len();
        make_room(&mut self.room, room);
        self.room.resize(at + room, T::default());
        at as u32
    }

    fn give_back(&mut self, at: u32, room: usize) {
        if room == 0 {
            return;
        }
        let class = class(room);
        if self.free.len() <= class {
            self.free.resize_with(class + 1, Vec::new);
        }
        self.free[class].push(at);
    }
}

impl<T: Copy + Default + Ord> ListPool<T> {
    /// Puts an item in its place in a sorted list; whether it was not there before.
    pub fn add(&mut self, list: &mut ListSpan, item: T) -> bool {
        let all = self.get(*list);
        // Builds run in ascending order mostly: look at the end first.
        let at = match all.last().is_none_or(|last| *last < item) {
            true => Err(all.len()),
            false => all.binary_search(&item),
        };
        at.map_err(|at| self.insert(list, at, item)).is_err()
    }

    /// Takes an item out of a sorted list.
    pub fn drop(&mut self, list: &mut ListSpan, item: T) {
        if let Ok(at) = self.get(*list).binary_search(&item) {
            self.remove(list, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_numbers_of_their_own() {
        let mut sizes: Vec<usize> = (0..100_000).map(room_for).collect();
        assert!(sizes.iter().enumerate().all(|(len, room)| *room >= len && *room <= len + len / 2));
        sizes.dedup();
        let numbers: Vec<usize> = sizes.iter().map(|it| class(*it)).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    }

    #[test]
    fn lists_that_grow_and_shrink_side_by_side_keep_their_items() {
        let (mut lists, mut ours) = (ListPool::<u32>::default(), vec![ListSpan::default(); 7]);
        let mut theirs = vec![std::collections::BTreeSet::new(); 7];
        let mut number = 1_u32;
        for _ in 0..20_000 {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (which, item) = ((number >> 8) as usize % 7, (number >> 12) % 60);
            if number >> 31 == 0 {
                assert_eq!(lists.add(&mut ours[which], item), theirs[which].insert(item));
            } else {
                lists.drop(&mut ours[which], item);
                theirs[which].remove(&item);
            }
            let expected: Vec<u32> = theirs[which].iter().copied().collect();
            assert_eq!(lists.get(ours[which]), expected);
        }
        for (list, all) in ours.iter().zip(&theirs) {
            assert_eq!(lists.get(*list), all.iter().copied().collect::<Vec<_>>());
        }
        assert!(lists.room.len() < 2_000, "room that was left is used again: {}", lists.room.len());
    }

    #[test]
    fn a_list_is_made_at_once_and_its_room_used_again() {
        let mut lists = ListPool::default();
        let (one, empty) = (lists.make([1, 2, 3].into_iter()), lists.make([].into_iter()));
        assert_eq!((lists.get(one), lists.get(empty)), (&[1, 2, 3][..], &[][..]));
        lists.forget(one);
        let other = lists.make([4, 5, 6].into_iter());
        assert_eq!((lists.get(other), lists.room.len()), (&[4, 5, 6][..], 3));
    }
}

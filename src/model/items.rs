//! A list that never changes, shared by all who hold it and one pointer wide.
//!
//! ```
//! use kreach::model::items::Items;
//! let ports: Items<u16> = [80, 443].into();
//! assert_eq!((&ports[..], size_of_val(&ports)), (&[80, 443][..], size_of::<usize>()));
//! ```
//!
//! Facts hold many short lists, and most of them are empty or the same in thousands of objects. A slice behind an
//! `Arc` would be two pointers in every fact, and an allocation even when empty.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use triomphe::ThinArc;

/// A list that its holders share and nobody changes: one word, cheap to clone, compared by what is in it. Empty: nothing
/// is allocated.
pub struct Items<T>(Option<ThinArc<(), T>>);

impl<T> Items<T> {
    /// Whether both are one allocation, the quick sign of equality.
    pub fn same_allocation(&self, other: &Self) -> bool {
        self.as_ptr() == other.as_ptr() && self.len() == other.len()
    }

    /// How many holders this allocation has; see [`super::name::Name::holders`].
    pub fn holders(&self) -> usize {
        self.0.as_ref().map_or(usize::MAX, ThinArc::strong_count)
    }
}

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Clone for Items<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Deref for Items<T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        self.0.as_ref().map_or(&[], |it| &it.slice)
    }
}

impl<T> From<Vec<T>> for Items<T> {
    fn from(items: Vec<T>) -> Self {
        Self((!items.is_empty()).then(|| ThinArc::from_header_and_iter((), items.into_iter())))
    }
}

impl<T, const N: usize> From<[T; N]> for Items<T> {
    fn from(items: [T; N]) -> Self {
        Self((N > 0).then(|| ThinArc::from_header_and_iter((), items.into_iter())))
    }
}

impl<T> FromIterator<T> for Items<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        items.into_iter().collect::<Vec<T>>().into()
    }
}

impl<'a, T> IntoIterator for &'a Items<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: PartialEq> PartialEq for Items<T> {
    fn eq(&self, other: &Self) -> bool {
        self.same_allocation(other) || **self == **other
    }
}

impl<T: Eq> Eq for Items<T> {}

impl<T: PartialOrd> PartialOrd for Items<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (**self).partial_cmp(&**other)
    }
}

impl<T: Ord> Ord for Items<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl<T: Hash> Hash for Items<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<T: fmt::Debug> fmt::Debug for Items<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_lists_are_equal_wherever_they_are() {
        let (one, other): (Items<u8>, Items<u8>) = ([1, 2].into(), vec![1, 2].into());
        assert!(one == other && !one.same_allocation(&other) && one.same_allocation(&one.clone()));
        assert!(one < [1, 3].into());
        assert_eq!((one.holders(), Items::<u8>::default().len()), (1, 0));
        assert!(Items::<u8>::from([]).same_allocation(&Items::default()), "an empty list is no allocation");
    }
}

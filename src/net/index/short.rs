//! Short lists that take no more room than they need: one of one takes no allocation.
//!
//! A cluster of 150,000 pods is hundreds of thousands of lists of one to ten numbers, which seldom change: the room
//! that a `Vec` keeps for more, and its third word, would be most of the index.

/// A short list.
#[derive(Clone, Debug)]
pub(super) enum Short<T> {
    One(T),
    Other(Box<[T]>),
}

impl<T> Default for Short<T> {
    fn default() -> Self {
        Short::Other(Box::default())
    }
}

impl<T> From<Vec<T>> for Short<T> {
    fn from(mut all: Vec<T>) -> Self {
        match all.pop() {
            Some(one) if all.is_empty() => Short::One(one),
            last => {
                all.extend(last);
                Short::Other(all.into())
            }
        }
    }
}

impl<T> FromIterator<T> for Short<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        items.into_iter().collect::<Vec<T>>().into()
    }
}

impl<T> std::ops::Deref for Short<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        match self {
            Short::One(one) => std::slice::from_ref(one),
            Short::Other(all) => all,
        }
    }
}

impl<T> std::ops::DerefMut for Short<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Short::One(one) => std::slice::from_mut(one),
            Short::Other(all) => all,
        }
    }
}

impl<T> Short<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            Short::One(one) => vec![one],
            Short::Other(all) => all.into(),
        }
    }

    /// Puts one in its place.
    pub fn insert(&mut self, at: usize, item: T) {
        let mut all = std::mem::take(self).into_vec();
        all.reserve_exact(1);
        all.insert(at, item);
        *self = all.into();
    }

    pub fn push(&mut self, item: T) {
        self.insert(self.len(), item);
    }

    /// Takes one out of its place.
    pub fn remove(&mut self, at: usize) {
        let mut all = std::mem::take(self).into_vec();
        all.remove(at);
        *self = all.into();
    }

    /// What it holds beside itself.
    pub fn bytes(&self) -> usize {
        if let Short::Other(all) = self { size_of_val(&**all) } else { 0 }
    }
}

impl<T: PartialEq> Short<T> {
    /// Takes all that are equal to this one out.
    pub fn forget(&mut self, item: &T) {
        while let Some(at) = self.iter().position(|it| it == item) {
            self.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_list_grows_and_shrinks() {
        let mut short: Short<u32> = Short::default();
        assert_eq!((&short[..], size_of::<Short<u32>>()), (&[][..], 16));
        short.push(2);
        assert!(matches!(short, Short::One(2)));
        short.insert(0, 1);
        short.push(2);
        assert_eq!(&short[..], [1, 2, 2]);
        short.forget(&2);
        assert!(matches!(short, Short::One(1)));
        short.remove(0);
        assert!(short.is_empty());
    }
}

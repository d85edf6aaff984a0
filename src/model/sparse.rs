//! What few things of a sort have, in one word of each.

/// Something that most have not: nothing is held where it would be nothing, so that equal things are held alike.
///
/// ```
/// use kreach::model::sparse::Sparse;
/// let mut flags: Sparse<Vec<u8>> = Sparse::default();
/// flags.change(|it| it.push(1));
/// assert_eq!((flags.get(), size_of_val(&flags)), (Some(&vec![1]), size_of::<usize>()));
/// flags.change(Vec::clear);
/// assert_eq!(flags, Sparse::default());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Sparse<T>(Option<Box<T>>);

impl<T: Default + PartialEq> From<T> for Sparse<T> {
    fn from(it: T) -> Self {
        Self((it != T::default()).then(|| Box::new(it)))
    }
}

impl<T: Default + PartialEq> Sparse<T> {
    /// The value, where it is not the default.
    pub fn get(&self) -> Option<&T> {
        self.0.as_deref()
    }

    /// Changes what there is, or was not yet.
    pub fn change(&mut self, change: impl FnOnce(&mut T)) {
        let Some(held) = &mut self.0 else {
            let mut new = T::default();
            change(&mut new);
            self.0 = (new != T::default()).then(|| Box::new(new));
            return;
        };
        change(held);
        if **held == T::default() {
            self.0 = None;
        }
    }
}

//! What is kept of the whole cluster while parts of it go stale.

use std::collections::BTreeSet;
use std::sync::Arc;

/// What is kept, and of what it is not true any more.
#[derive(Clone, Debug)]
pub(super) struct Kept<T, K> {
    whole: Option<Arc<T>>,
    stale: BTreeSet<K>,
}

impl<T, K> Default for Kept<T, K> {
    fn default() -> Self {
        Self { whole: None, stale: BTreeSet::new() }
    }
}

impl<T: Clone, K: Ord> Kept<T, K> {
    /// It as it is now: whole where nothing was kept, else with what is stale worked out again.
    pub fn now(&mut self, whole: impl FnOnce() -> T, renew: impl FnOnce(&mut T, &BTreeSet<K>)) -> Arc<T> {
        let stale = std::mem::take(&mut self.stale);
        let kept = self.whole.get_or_insert_with(|| Arc::new(whole()));
        if !stale.is_empty() {
            renew(Arc::make_mut(kept), &stale);
        }
        kept.clone()
    }

    /// It is not true of this any more.
    pub fn forget(&mut self, of: &K)
    where
        K: Clone,
    {
        if self.whole.is_some() {
            self.stale.insert(of.clone());
        }
    }
}

//! What a pod's name says, so that it is not held again: its own end of the name, and labels that repeat it.

use std::fmt;

use crate::model::owner::TEMPLATE_HASH;

/// The end of a name: at most five bytes, such as the letters that a controller draws, or an ordinal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NameSuffix {
    text: [u8; 5],
    len: u8,
}

impl NameSuffix {
    /// What a name has behind another and a dash, if it has that and it is short enough.
    pub(in crate::model) fn after(another: &str, name: &str) -> Option<Self> {
        Self::new(name.strip_prefix(another)?.strip_prefix('-')?)
    }

    /// This text, if it is short enough.
    pub(super) fn new(text: &str) -> Option<Self> {
        let mut held = [0; 5];
        held.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Self { text: held, len: text.len() as u8 })
    }

    pub(in crate::model) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text[..usize::from(self.len)]).expect("it was made of a text")
    }
}

impl fmt::Debug for NameSuffix {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), out)
    }
}

/// Labels that say what a pod's name or its owner's says, as the controllers of StatefulSets and Deployments write them.
pub(super) const IMPLIED: [&str; 3] =
    ["apps.kubernetes.io/pod-index", "statefulset.kubernetes.io/pod-name", TEMPLATE_HASH];

/// Which labels a pod has that say only what a name says: these are not held again. A bit for each of `IMPLIED`.
///
/// `db-0` of the StatefulSet `db` with `statefulset.kubernetes.io/pod-name=db-0` and `apps.kubernetes.io/pod-index=0` holds two
/// bits and neither label.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LabelsInName(u8);

impl LabelsInName {
    pub(super) fn has(self, at: usize) -> bool {
        self.0 >> at & 1 == 1
    }

    pub(super) fn put(&mut self, at: usize, tells: bool) {
        self.0 = self.0 & !(1 << at) | u8::from(tells) << at;
    }
}

//! Namespaces and their labels.

use std::borrow::Cow;

use super::fact::{Fact, FactIdentity};
use super::id::Kind;
use super::labels::Labels;
use super::meta::Meta;

/// A namespace; `meta.namespace` is empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Namespace {
    pub meta: Meta,
    pub labels: Labels,
    /// No manifest defines it: we made this fact since others mention it, with exactly the label
    /// `kubernetes.io/metadata.name` (S19, S56). It says where the fact is from and nothing of how its labels are known:
    /// that is [`NamespaceLabels`].
    pub implied: bool,
}

/// What is known and still believed of the labels of a namespace, whether it is held as a [`Namespace`] or not; see
/// `Cluster::namespace_labels`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NamespaceLabels {
    Known(Labels),
    /// Nothing but `kubernetes.io/metadata.name`: namespaces may not be read.
    NameOnly,
}

impl Fact for Namespace {
    const KINDS: &'static [Kind] = &[Kind::NAMESPACE];

    fn identity(&self) -> FactIdentity<'_> {
        self.meta.identity()
    }

    fn label_set(&self) -> Cow<'_, Labels> {
        Cow::Borrowed(&self.labels)
    }
}

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
    /// Mentioned, not defined: it exists with exactly the label `kubernetes.io/metadata.name` (S19, S56).
    pub implied: bool,
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

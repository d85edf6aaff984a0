//! Labels, and the selectors that match them.
//!
//! Matching follows `labels.Requirement.Matches` of apimachinery: `NotIn` and `DoesNotExist` match when the key is
//! missing (S17). A selector with no requirement selects everything.

use super::items::Items;
use super::name::Name;

/// An object's labels, sorted by key; shared between the pods of one workload.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Labels(Items<(Name, Name)>);

impl Labels {
    /// The labels of these pairs; of two equal keys the last holds, as in a JSON object.
    pub fn new(pairs: impl IntoIterator<Item = (Name, Name)>) -> Self {
        let map: std::collections::BTreeMap<Name, Name> = pairs.into_iter().collect();
        Self(map.into_iter().collect())
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Name> {
        self.0.binary_search_by(|(it, _)| it.as_str().cmp(key)).ok().map(|at| &self.0[at].1)
    }

    /// All pairs, by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Name, &Name)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// All pairs, by key, as they are held.
    pub fn as_slice(&self) -> &[(Name, Name)] {
        &self.0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether both are one allocation, the quick sign of equality.
    pub fn same_allocation(&self, other: &Self) -> bool {
        self.0.same_allocation(&other.0)
    }

    /// How many holders this allocation has; see [`Name::holders`].
    pub fn holders(&self) -> usize {
        self.0.holders()
    }
}

/// What one requirement asks of its key's value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Operator {
    /// The value is one of these (sorted); `matchLabels` becomes one value.
    In(Items<Name>),
    /// The value is none of these, or the key is missing.
    NotIn(Items<Name>),
    Exists,
    DoesNotExist,
}

/// One condition on one label key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Requirement {
    pub key: Name,
    pub operator: Operator,
}

impl Requirement {
    /// Whether labels with this value under the key meet it.
    pub fn matches_value(&self, value: Option<&str>) -> bool {
        match (&self.operator, value) {
            (Operator::In(values), Some(value)) => values.iter().any(|it| it == value),
            (Operator::In(_), None) => false,
            (Operator::NotIn(values), Some(value)) => values.iter().all(|it| it != value),
            (Operator::NotIn(_), None) => true,
            (Operator::Exists, value) => value.is_some(),
            (Operator::DoesNotExist, value) => value.is_none(),
        }
    }

    /// Whether these labels meet it.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.matches_value(labels.get(&self.key).map(Name::as_str))
    }
}

/// A parsed label selector; no requirements: selects everything.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Selector {
    /// All must hold; sorted, so that equal selectors are equal however they were written.
    pub all_of: Items<Requirement>,
}

impl Selector {
    /// The selector of these requirements, in their canonical order.
    pub fn new(requirements: impl IntoIterator<Item = Requirement>) -> Self {
        let mut all_of: Vec<Requirement> = requirements.into_iter().collect();
        all_of.sort();
        all_of.dedup();
        Self { all_of: all_of.into() }
    }

    /// The selector that every object meets.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Whether it selects everything.
    pub fn is_everything(&self) -> bool {
        self.all_of.is_empty()
    }

    /// Whether these labels meet every requirement.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.all_of.iter().all(|it| it.matches(labels))
    }
}

/// The namespaces of a [`SelectorSet`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum NamespaceMatch {
    /// Exactly this one: what an absent `namespaceSelector` means.
    Own(Name),
    /// Those with such labels.
    Labels(Selector),
}

/// A set of pods said by labels; the reader has already settled what an absent selector meant (S13, S14, S18).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SelectorSet {
    pub namespaces: NamespaceMatch,
    pub pods: Selector,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        Labels::new(pairs.iter().map(|(key, value)| (Name::from(*key), Name::from(*value))))
    }

    fn requirement(key: &str, operator: Operator) -> Requirement {
        Requirement { key: key.into(), operator }
    }

    /// S17; source: `labels.Requirement.Matches` in k8s.io/apimachinery/pkg/labels/selector.go.
    #[test]
    fn not_in_and_does_not_exist_match_a_missing_key() {
        let bare = labels(&[]);
        assert!(requirement("app", Operator::NotIn(["web".into()].into())).matches(&bare));
        assert!(requirement("app", Operator::DoesNotExist).matches(&bare));
        assert!(!requirement("app", Operator::In(["web".into()].into())).matches(&bare));
        assert!(!requirement("app", Operator::Exists).matches(&bare));
    }

    #[test]
    fn a_selector_is_the_same_however_its_requirements_are_ordered() {
        let a = requirement("a", Operator::Exists);
        let b = requirement("b", Operator::Exists);
        assert_eq!(Selector::new([a.clone(), b.clone()]), Selector::new([b, a]));
        assert!(Selector::everything().matches(&labels(&[("a", "1")])));
    }
}

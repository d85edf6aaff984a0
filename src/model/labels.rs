//! Labels, and the selectors that match them.
//!
//! Matching follows `labels.Requirement.Matches` of apimachinery: `NotIn` and `DoesNotExist` match when the key is
//! missing (S17). A selector with no requirement selects everything.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use triomphe::ThinArc;

use super::items::Items;
use super::name::Name;

/// An object's labels, sorted by key; shared between the pods of one workload.
///
/// ```text
/// keys      app  pod-template-hash  tier      one list for all sets that have these keys
/// values    web  5d8f7c9b6d         front     one list for each set
/// ```
///
/// A cluster has tens of thousands of sets and a few dozen lists of keys: pairs would hold each key's pointer again.
#[derive(Clone, Default)]
pub struct Labels(Option<ThinArc<Items<Name>, Name>>);

impl Labels {
    /// No labels.
    pub const NONE: Self = Self(None);

    /// The labels of these pairs; of two equal keys the last holds, as in a JSON object.
    pub fn new(pairs: impl IntoIterator<Item = (Name, Name)>) -> Self {
        let map: std::collections::BTreeMap<Name, Name> = pairs.into_iter().collect();
        let (keys, values): (Vec<Name>, Vec<Name>) = map.into_iter().unzip();
        Self::of_keys(keys.into(), values)
    }

    /// The labels with these keys, which are sorted and differ, and as many values.
    pub fn of_keys(keys: Items<Name>, values: Vec<Name>) -> Self {
        debug_assert!(keys.len() == values.len() && keys.is_sorted_by(|a, b| a < b), "{keys:?} {values:?}");
        Self((!values.is_empty()).then(|| ThinArc::from_header_and_iter(keys, values.into_iter())))
    }

    fn keys(&self) -> &[Name] {
        self.0.as_ref().map_or(&[], |it| &it.header.header)
    }

    fn values(&self) -> &[Name] {
        self.0.as_ref().map_or(&[], |it| &it.slice)
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Name> {
        self.keys().binary_search_by(|it| it.as_str().cmp(key)).ok().map(|at| &self.values()[at])
    }

    /// All pairs, by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Name, &Name)> {
        self.keys().iter().zip(self.values())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether both are one allocation, the quick sign of equality.
    pub fn same_allocation(&self, other: &Self) -> bool {
        self.values().as_ptr() == other.values().as_ptr() && self.len() == other.len()
    }

    /// How many holders this allocation has; see [`Name::holders`].
    pub fn holders(&self) -> usize {
        self.0.as_ref().map_or(usize::MAX, ThinArc::strong_count)
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        self.same_allocation(other) || self.keys() == other.keys() && self.values() == other.values()
    }
}

impl Eq for Labels {}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// As lists of pairs compare.
impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl Hash for Labels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.keys().hash(state);
        self.values().hash(state);
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_map().entries(self.iter()).finish()
    }
}

/// Whatever has labels.
pub trait Labeled {
    /// The value under a key.
    fn value(&self, key: &str) -> Option<Cow<'_, Name>>;
}

impl Labeled for Labels {
    fn value(&self, key: &str) -> Option<Cow<'_, Name>> {
        self.get(key).map(Cow::Borrowed)
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
    pub fn matches(&self, labels: &impl Labeled) -> bool {
        self.matches_value(labels.value(&self.key).as_deref().map(Name::as_str))
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
    pub fn matches(&self, labels: &impl Labeled) -> bool {
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
    fn equal_sets_are_equal_wherever_their_keys_are() {
        let (one, other) = (labels(&[("app", "web"), ("tier", "1")]), labels(&[("tier", "1"), ("app", "web")]));
        assert!(one == other && !one.same_allocation(&other) && one.same_allocation(&one.clone()));
        assert_eq!((other.get("tier").map(Name::as_str), other.get("ti")), (Some("1"), None));
        assert!(one < labels(&[("app", "web"), ("tier", "2")]) && labels(&[("app", "web")]) < one);
        assert!(one < labels(&[("app", "x")]) && one < labels(&[("b", "")]) && labels(&[]) < one);
        assert!(labels(&[]).same_allocation(&Labels::default()) && labels(&[]).is_empty());
    }

    #[test]
    fn a_selector_is_the_same_however_its_requirements_are_ordered() {
        let a = requirement("a", Operator::Exists);
        let b = requirement("b", Operator::Exists);
        assert_eq!(Selector::new([a.clone(), b.clone()]), Selector::new([b, a]));
        assert!(Selector::everything().matches(&labels(&[("a", "1")])));
    }
}

//! Labels as numbers: what tells classes apart, without a look at a string.
//!
//! ```text
//! app=web, tier=data, pod-template-hash=5d…   of a pod
//! (app, web) (tier, data)                     under the keys that selectors read, each word a number
//! ```
//!
//! A word that was seen once keeps its number.

use std::collections::BTreeMap;

use hashbrown::HashTable;

use super::classes::hash_of;
use crate::model::facts::Pod;
use crate::model::labels::{Labels, Selector};
use crate::model::name::Name;

/// Keys and values of labels, by number.
#[derive(Clone, Debug, Default)]
pub(super) struct LabelInterner {
    names: Vec<Name>,
    numbers: HashTable<u32>,
}

impl LabelInterner {
    /// The number of a word.
    pub fn number(&mut self, word: &Name) -> u32 {
        let hash = hash_of(word);
        if let Some(found) = self.numbers.find(hash, |it| self.names[*it as usize] == *word) {
            return *found;
        }
        let number = self.names.len() as u32;
        self.names.push(word.clone());
        self.numbers.insert_unique(hash, number, |it| hash_of(&self.names[*it as usize]));
        number
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn bytes(&self) -> usize {
        self.names.capacity() * size_of::<Name>() + self.numbers.capacity() * 5
    }
}

/// Label keys that selectors read, with their numbers.
pub(super) type LabelKeys = BTreeMap<Name, u32>;

/// The values under such keys, in the order of the keys' numbers: key, value, key, value.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct ClassLabels(Vec<u32>);

impl ClassLabels {
    /// What of a pod's labels is under these keys.
    pub fn of_pod(pod: &Pod, keys: &LabelKeys, words: &mut LabelInterner) -> Self {
        let shared = Self::of(pod.held_labels(), keys, words);
        let own = pod.labels().own().filter_map(|(key, value)| Some((*keys.get(key)?, value)));
        own.fold(shared, |class_labels, (key, value)| class_labels.with(key, words.number(&value.to_name())))
    }

    /// What of these labels is under these keys.
    pub fn of(labels: &Labels, keys: &LabelKeys, words: &mut LabelInterner) -> Self {
        let mut pairs = Vec::with_capacity(labels.len().min(keys.len()));
        let (mut labels, mut keys) = (labels.iter().peekable(), keys.iter().peekable());
        while let (Some((key, value)), Some((wanted, number))) = (labels.peek(), keys.peek()) {
            match (*key).cmp(wanted) {
                std::cmp::Ordering::Less => drop(labels.next()),
                std::cmp::Ordering::Greater => drop(keys.next()),
                std::cmp::Ordering::Equal => {
                    pairs.push((**number, words.number(value)));
                    labels.next();
                    keys.next();
                }
            }
        }
        pairs.sort_unstable();
        Self(pairs.into_iter().flat_map(|(key, value)| [key, value]).collect())
    }

    /// What was written so before.
    pub fn written(numbers: &[u32]) -> Self {
        Self(numbers.to_vec())
    }

    /// As it is written: key, value, key, value.
    pub fn numbers(&self) -> &[u32] {
        &self.0
    }

    /// The same with this value under a key, whatever was under it.
    pub fn with(&self, key: u32, value: u32) -> Self {
        let at = pairs(&self.0).take_while(|it| it.0 < key).count() * 2;
        let behind = at + 2 * usize::from(self.0.get(at) == Some(&key));
        let mut numbers = Vec::with_capacity(self.0.len() + 2);
        numbers.extend_from_slice(&self.0[..at]);
        numbers.extend([key, value]);
        numbers.extend_from_slice(&self.0[behind..]);
        Self(numbers)
    }
}

fn pairs(numbers: &[u32]) -> impl Iterator<Item = (u32, u32)> {
    numbers.chunks_exact(2).map(|it| (it[0], it[1]))
}

/// Whether labels with the values of a [`ClassLabels`] meet a selector, all of whose keys were read.
pub(super) fn meets(class_labels: &[u32], selector: &Selector, words: &LabelInterner) -> bool {
    selector.all_of.iter().all(|it| {
        let pair = pairs(class_labels).find(|(key, _)| words.names[*key as usize] == it.key);
        it.matches_value(pair.map(|(_, value)| words.names[value as usize].as_str()))
    })
}

//! Words that are near to one that is known: what was probably meant.

use super::typed::{SPECIAL, distance, slips};
use super::{BUILT_IN, STANDARD, Served};
use crate::model::name::Name;

/// Verbs that Kubernetes' own authorizations ask for besides those that people type (rules 15, 59).
const RARE: [&str; 3] = ["redirect", "request-serviceaccounts-token-audience", "unsafe-delete-ignore-read-errors"];

/// Whether Kubernetes itself asks for a verb; those with a colon are families of verbs (rules 56 and 59).
pub fn is_verb(verb: &str) -> bool {
    verb == "*" || verb.contains(':') || [&STANDARD[..], &SPECIAL, &RARE].iter().any(|it| it.contains(&verb))
}

/// The verb that a word is a slip of.
pub fn verb_meant(word: &str) -> Option<&'static str> {
    STANDARD.iter().copied().chain(SPECIAL).find(|it| (1..=2).contains(&slips(it, word)))
}

/// Whether a group is Kubernetes' own, whatever a server serves.
pub fn is_own_group(group: &str) -> bool {
    group == "extensions" || BUILT_IN.iter().any(|it| it.0 == group)
}

impl Served {
    /// The group that a word without a dot is the beginning of, or nearly is.
    pub fn nearest_group(&self, word: &str) -> Option<&Name> {
        let groups = || self.iter().map(|it| &it.group).filter(|it| !it.is_empty());
        let begun = groups().find(|it| it.strip_prefix(word).is_some_and(|rest| rest.starts_with('.')));
        begun.or_else(|| groups().find(|it| distance(it, word) <= 1 + word.len() / 6))
    }

    /// Of these words the one that is nearest to another, if any is near.
    pub fn nearest_of<'a>(word: &str, of: impl Iterator<Item = &'a str>) -> Option<&'a str> {
        let near = of.min_by_key(|it| distance(it, word))?;
        (distance(near, word) <= 1 + word.len() / 4).then_some(near)
    }
}

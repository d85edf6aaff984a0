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

/// `v1`, `v2beta3`.
pub fn is_version(word: &str) -> bool {
    let Some(rest) = word.strip_prefix('v').filter(|it| it.starts_with(|it: char| it.is_ascii_digit())) else {
        return false;
    };
    let rest = rest.trim_start_matches(|it: char| it.is_ascii_digit());
    let rest = rest.strip_prefix("alpha").or_else(|| rest.strip_prefix("beta")).unwrap_or(rest);
    rest.chars().all(|it| it.is_ascii_digit())
}

/// Whether a group is written with few letters wrong, or without the end that Kubernetes' groups have.
fn is_slip(group: &str, word: &str) -> bool {
    group.strip_prefix(word).is_some_and(|rest| rest.starts_with('.')) || (1..=2).contains(&distance(group, word))
}

impl Served {
    /// The group that a word without a dot is the beginning of, or nearly is.
    pub fn nearest_group(&self, word: &str) -> Option<&Name> {
        let groups = || self.iter().map(|it| &it.group).filter(|it| !it.is_empty());
        let begun = groups().find(|it| it.strip_prefix(word).is_some_and(|rest| rest.starts_with('.')));
        begun.or_else(|| groups().find(|it| distance(it, word) <= 1 + word.len() / 6))
    }

    /// The group of Kubernetes' own that a word with a dot is a slip of: `rbac.authorization.k8s`.
    pub fn slip_of_group(&self, word: &str) -> Option<&'static str> {
        // `gateway.networking.x-k8s.io` and the like are groups of projects beside Kubernetes.
        if word.ends_with("x-k8s.io") || word == "autoscaling.k8s.io" || self.iter().any(|it| it.group == *word) {
            return None;
        }
        let own = BUILT_IN.iter().map(|it| it.0).filter(|it| it.contains('.'));
        // `apps.k8s.io`: the groups without a dot have none.
        let dotless = || BUILT_IN.iter().map(|it| it.0).find(|it| word.strip_suffix(".k8s.io") == Some(it));
        own.filter(|it| is_slip(it, word)).min_by_key(|it| distance(it, word)).or_else(dotless)
    }

    /// Of these words the one that is nearest to another, if any is near.
    pub fn nearest_of<'a>(word: &str, of: impl Iterator<Item = &'a str>) -> Option<&'a str> {
        let near = of.min_by_key(|it| distance(it, word))?;
        (distance(near, word) <= 1 + word.len() / 4).then_some(near)
    }
}

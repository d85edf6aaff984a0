//! A rule's words in two numbers, so that most rules that cannot match are passed over without reading them.
//!
//! A bit for each word's hash and one for `*`: a rule whose bits do not meet the request's cannot match; a rule whose
//! bits do may still not, and is then compared word by word.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use crate::model::role::RoleRule;

use super::matching::Asked;
use super::request::Request;

/// `*`.
const ANY: u64 = 1 << 63;
/// A rule with URLs.
const URLS: u64 = 1 << 62;

/// The bits of a rule's, or a request's, verbs and resources.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Mask {
    verbs: u64,
    resources: u64,
}

fn bit(word: &str) -> u64 {
    if word == "*" {
        return ANY;
    }
    let mut hasher = FxHasher::default();
    word.hash(&mut hasher);
    1 << (hasher.finish() % 62)
}

impl Mask {
    pub fn of_rule(rule: &RoleRule) -> Self {
        let urls = if rule.urls.is_empty() { 0 } else { URLS };
        Self {
            verbs: rule.verbs.iter().fold(0, |bits, it| bits | bit(it)),
            resources: rule.resources.iter().fold(urls, |bits, it| bits | bit(it)),
        }
    }

    pub fn of_request(asked: &Asked<'_>) -> Self {
        let resources = match asked.request {
            Request::Url { .. } => URLS,
            Request::Resource(it) if it.subresource.is_empty() => ANY | bit(asked.combined()),
            Request::Resource(it) => ANY | bit(asked.combined()) | bit(&format!("*/{}", it.subresource)),
        };
        Self { verbs: ANY | bit(asked.request.verb()), resources }
    }

    /// Whether the rule may cover the request; `false` is certain.
    pub fn may_cover(self, request: Mask) -> bool {
        self.verbs & request.verbs != 0 && self.resources & request.resources != 0
    }
}

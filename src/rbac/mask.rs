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

/// The verbs and groups of the rules of one role that write one resource word: what a list of such roles is passed by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Brief(u32);

impl Brief {
    /// `*` among verbs and among groups.
    const ANY: u32 = 1 << 15 | 1 << 31;

    pub fn of_rule(rule: &RoleRule) -> Self {
        let verbs = rule.verbs.iter().fold(0, |bits, it| bits | small_bit(it));
        Self(verbs | rule.groups.iter().fold(0, |bits, it| bits | small_bit(it)) << 16)
    }

    pub fn of_request(asked: &Asked<'_>) -> Self {
        match asked.request {
            Request::Url { .. } => Self(u32::MAX),
            Request::Resource(it) => Self(Self::ANY | small_bit(&it.verb) | small_bit(&it.group) << 16),
        }
    }

    /// The words of both.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one of the rules may cover the request; `false` is certain.
    pub fn may_cover(self, request: Self) -> bool {
        let met = self.0 & request.0;
        met & 0xFFFF != 0 && met >> 16 != 0
    }
}

fn small_bit(word: &str) -> u32 {
    if word == "*" { 1 << 15 } else { 1 << (hash(word) % 15) }
}

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
    1 << (hash(word) % 62)
}

fn hash(word: &str) -> u64 {
    let mut hasher = FxHasher::default();
    word.hash(&mut hasher);
    hasher.finish()
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

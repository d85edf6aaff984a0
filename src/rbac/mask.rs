//! A rule's words in one number, so that most rules that cannot match are passed over without reading them.
//!
//! ```text
//! resources  u.......1.......1.   groups  ...1.   verbs  .....1.1.      u: the rule has URLs
//! ```
//!
//! A bit for each word, by its hash; `*` is all of them. A rule whose bits do not meet the request's in each part cannot
//! match; a rule whose bits do may still not, and is then compared word by word.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use crate::model::name::Name;
use crate::model::role::RoleRule;

use super::matching::PreparedRequest;
use super::request::Request;

/// These have a bit of their own each; all others share one.
const VERBS: [&str; 8] = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
const ALL_VERBS: u32 = (1 << (VERBS.len() + 1)) - 1;
/// The groups of a mask, and the resources behind them, the last bit for rules with URLs.
const GROUPS: u32 = 5;
const ALL_GROUPS: u32 = ((1 << GROUPS) - 1) << ALL_VERBS.count_ones();
const RESOURCES: u32 = 17;
const ALL_RESOURCES: u32 = ((1 << RESOURCES) - 1) << (ALL_VERBS | ALL_GROUPS).count_ones();
const URLS: u32 = 1 << 31;
/// The verbs of a [`VerbMask`], and the groups behind them: a cluster of a hundred thousand rules holds thrice as many verb masks.
const BRIEF_VERBS: u16 = ALL_VERBS as u16;
const BRIEF_GROUPS: u32 = (!BRIEF_VERBS).count_ones();

/// A word with its bits wherever it may stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct WordBits {
    verb: u32,
    group: u32,
    verb_mask_group: u16,
    resource: u32,
}

impl WordBits {
    pub fn of(text: &str) -> Self {
        if text == "*" {
            return Self { verb: ALL_VERBS, group: ALL_GROUPS, verb_mask_group: !BRIEF_VERBS, resource: ALL_RESOURCES };
        }
        let hash = hash(text);
        Self {
            verb: 1 << VERBS.iter().position(|it| *it == text).unwrap_or(VERBS.len()),
            group: 1 << (ALL_VERBS.count_ones() + hash % GROUPS),
            verb_mask_group: 1 << (BRIEF_VERBS.count_ones() + hash % BRIEF_GROUPS),
            resource: 1 << ((ALL_VERBS | ALL_GROUPS).count_ones() + hash % RESOURCES),
        }
    }
}

fn hash(text: &str) -> u32 {
    let mut hasher = FxHasher::default();
    hasher.write(text.as_bytes());
    (hasher.finish() >> 8) as u32
}

/// The verbs and groups of the rules of one role that write one resource word: what a list of such roles is passed by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct VerbMask(u16);

impl VerbMask {
    pub fn of_request(asked: &PreparedRequest<'_>) -> Self {
        match asked.request {
            Request::Url { .. } => Self(u16::MAX),
            Request::Resource(it) => Self(WordBits::of(&it.verb).verb as u16 | WordBits::of(&it.group).verb_mask_group),
        }
    }

    /// The words of both.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one of the rules may cover the request; `false` is certain.
    #[inline]
    pub fn may_cover(self, request: Self) -> bool {
        let met = self.0 & request.0;
        met & BRIEF_VERBS != 0 && met & !BRIEF_VERBS != 0
    }

    /// All of it, to compare.
    pub fn bits(self) -> u16 {
        self.0
    }
}

/// The bits of a rule's, or a request's, verbs, groups and resources.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Mask(u32);

impl Mask {
    /// A rule's own without its resources, and what a list of roles tells of it; `word` knows words.
    pub fn without_resources(rule: &RoleRule, mut word: impl FnMut(&Name) -> WordBits) -> (Self, VerbMask) {
        let verbs = rule.verbs.iter().fold(0, |bits, it| bits | word(it).verb);
        let (mut bits, mut verb_mask) = (verbs, verbs as u16);
        for it in rule.groups.iter().map(&mut word) {
            (bits, verb_mask) = (bits | it.group, verb_mask | it.verb_mask_group);
        }
        // A URL is in no group.
        let urls = if rule.urls.is_empty() { 0 } else { URLS | ALL_GROUPS };
        (Self(bits | urls), VerbMask(verb_mask))
    }

    /// Adds a resource of the rule.
    #[inline]
    pub fn with_resource(self, word: WordBits) -> Self {
        Self(self.0 | word.resource)
    }

    pub fn of_request(asked: &PreparedRequest<'_>) -> Self {
        let verb = WordBits::of(asked.request.verb()).verb;
        match asked.request {
            Request::Url { .. } => Self(verb | ALL_GROUPS | URLS),
            Request::Resource(it) => {
                let below = match it.subresource.is_empty() {
                    true => 0,
                    false => WordBits::of(&format!("*/{}", it.subresource)).resource,
                };
                Self(verb | WordBits::of(&it.group).group | WordBits::of(asked.combined()).resource | below)
            }
        }
    }

    /// Whether the rule may cover the request; `false` is certain.
    #[inline]
    pub fn may_cover(self, request: Mask) -> bool {
        let met = self.0 & request.0;
        met & ALL_VERBS != 0 && met & ALL_GROUPS != 0 && met & (ALL_RESOURCES | URLS) != 0
    }

    /// All of it, to compare.
    pub fn bits(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::role::RuleLists;

    fn rule(verb: &str, group: &str, resource: &str, url: &str) -> RoleRule {
        let one = |it: &str| if it == "-" { [].into() } else { [Name::from(it)].into() };
        RoleRule::from(RuleLists {
            verbs: one(verb),
            groups: one(group),
            resources: one(resource),
            names: [].into(),
            urls: one(url),
        })
    }

    fn of_rule(rule: &RoleRule) -> (Mask, VerbMask) {
        let (mask, verb_mask) = Mask::without_resources(rule, |it| WordBits::of(it));
        (rule.resources.iter().fold(mask, |mask, it| mask.with_resource(WordBits::of(it))), verb_mask)
    }

    /// Whatever a rule covers its mask lets through, and its [`VerbMask`] where the rule writes the word.
    #[test]
    fn a_mask_never_passes_over_a_rule_that_covers() {
        let verbs = ["get", "deletecollection", "use", "bind", "*", ""];
        let groups = ["", "apps", "*", "-"];
        let resources = ["pods", "pods/log", "*/log", "*", "pods/*", "*/", "", "-"];
        let urls = ["-", "*", "/metrics", "/a*"];
        let mut covered = 0;
        for (verb, group, resource, url) in combined(&verbs, &groups, &resources, &urls) {
            let rule = rule(verb, group, resource, url);
            let (mask, verb_mask) = of_rule(&rule);
            for request in requests() {
                let asked = PreparedRequest::new(&request);
                if asked.matched_by(&rule).is_some() {
                    covered += 1;
                    assert!(mask.may_cover(Mask::of_request(&asked)), "{rule:?} {request}");
                    let is_url = matches!(request, Request::Url { .. });
                    assert!(is_url || verb_mask.may_cover(VerbMask::of_request(&asked)), "{rule:?} {request}");
                }
            }
        }
        assert!(covered > 1_000, "only {covered} were covered");
    }

    /// Most that is not covered is passed over.
    #[test]
    fn a_mask_tells_the_usual_verbs_groups_and_urls_apart() {
        let mask = |rule: &RoleRule| of_rule(rule).0;
        let get_pods = Request::resource("get", "", "pods", "");
        let asked = PreparedRequest::new(&get_pods);
        let request = Mask::of_request(&asked);
        assert!(mask(&rule("get", "", "pods", "-")).may_cover(request));
        for verb in &VERBS[1..] {
            assert!(!mask(&rule(verb, "", "pods", "-")).may_cover(request), "{verb}");
        }
        assert!(!mask(&rule("*", "-", "*", "-")).may_cover(request), "no group");
        assert!(!mask(&rule("*", "-", "-", "*")).may_cover(request), "URLs only");
        let url = Request::url("get", "/metrics");
        assert!(!mask(&rule("*", "*", "*", "-")).may_cover(Mask::of_request(&PreparedRequest::new(&url))), "no URLs");
    }

    fn combined<'a>(
        verbs: &'a [&str],
        groups: &'a [&str],
        resources: &'a [&str],
        urls: &'a [&str],
    ) -> impl Iterator<Item = (&'a str, &'a str, &'a str, &'a str)> {
        verbs.iter().flat_map(move |verb| {
            groups.iter().flat_map(move |group| {
                resources.iter().flat_map(move |resource| urls.iter().map(move |url| (*verb, *group, *resource, *url)))
            })
        })
    }

    fn requests() -> Vec<Request> {
        let mut requests = vec![Request::url("get", "/metrics"), Request::url("use", "/a/b"), Request::url("*", "*")];
        for verb in ["get", "deletecollection", "use", "bind", "*", ""] {
            for group in ["", "apps", "*"] {
                for (resource, subresource) in [("pods", ""), ("pods", "log"), ("*", ""), ("", ""), ("pods", "*")] {
                    let mut request = Request::resource(verb, group, resource, "");
                    if let Request::Resource(it) = &mut request {
                        it.subresource = subresource.into();
                    }
                    requests.push(request);
                }
            }
        }
        requests
    }
}

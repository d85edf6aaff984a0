//! Whether one rule of a role covers one request, and by which of its words (rules 6–13, 21–31).
//!
//! Everything compares exactly, but `*` in verbs, groups and resources, `*/SUB` in resources, and a trailing `*` in
//! URLs. `pods/*` is no wildcard (rule 9), and names have none (rule 21).
//! Source: kubernetes/pkg/apis/rbac/v1/evaluation_helpers.go.

use crate::model::name::Name;
use crate::model::role::RoleRule;

use super::request::{Request, ResourceRequest};

/// Which elements of a rule met the request, by index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Match {
    /// `name` is `None` where the rule names no objects, so that it speaks of all.
    Resource {
        verb: u32,
        group: u32,
        resource: u32,
        name: Option<u32>,
    },
    Url {
        verb: u32,
        url: u32,
    },
}

/// The request with what is compared again and again made once.
#[derive(Clone, Debug)]
pub struct PreparedRequest<'a> {
    pub request: &'a Request,
    combined: Name,
}

impl<'a> PreparedRequest<'a> {
    /// Prepares a request.
    pub fn new(request: &'a Request) -> Self {
        let combined = match request {
            Request::Resource(it) => it.combined(),
            Request::Url { .. } => Name::empty(),
        };
        Self { request, combined }
    }

    /// `resource/subresource`; empty for a URL.
    pub fn combined(&self) -> &Name {
        &self.combined
    }

    /// The elements of the rule that meet the request, the first of each; `None`: the rule does not cover it.
    pub fn matched_by(&self, rule: &RoleRule) -> Option<Match> {
        let verb = position(&rule.verbs, |it| it == "*" || it == self.request.verb().as_str())?;
        match self.request {
            Request::Resource(asked) => self.resource_matched_by(rule, asked, verb),
            Request::Url { path, .. } => {
                let url = position(&rule.urls, |it| url_covers(it, path))?;
                Some(Match::Url { verb, url })
            }
        }
    }

    fn resource_matched_by(&self, rule: &RoleRule, asked: &ResourceRequest, verb: u32) -> Option<Match> {
        let resource = position(&rule.resources, |it| resource_covers(it, &self.combined, &asked.subresource))?;
        let group = position(&rule.groups, |it| it == "*" || it == asked.group.as_str())?;
        let name = match rule.names.is_empty() {
            true => None,
            false => Some(rule.names.iter().position(|it| asked.is_named(it))? as u32),
        };
        Some(Match::Resource { verb, group, resource, name })
    }
}

/// Whether a resource as rules write it covers `resource/subresource` (rules 8–10).
pub fn resource_covers(written: &str, combined: &str, subresource: &str) -> bool {
    written == "*"
        || written == combined
        || !subresource.is_empty() && written.strip_prefix("*/").is_some_and(|it| it == subresource)
}

/// Whether a URL as rules write it covers a path: all trailing stars are cut before prefixes compare (rule 28).
pub fn url_covers(written: &str, path: &str) -> bool {
    written == path || written.ends_with('*') && path.starts_with(written.trim_end_matches('*'))
}

fn position(words: &[Name], meets: impl Fn(&str) -> bool) -> Option<u32> {
    words.iter().position(|it| meets(it)).map(|at| at as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rules 8–10.
    #[test]
    fn only_a_star_alone_or_before_a_subresource_is_a_wildcard() {
        let cases = [
            ("*", "pods/log", "log", true),
            ("pods", "pods/log", "log", false),
            ("pods/*", "pods/log", "log", false),
            ("pods/*", "pods/*", "*", true),
            ("*/log", "pods/log", "log", true),
            ("*/log", "pods", "", false),
            ("*/", "pods", "", false),
            ("po*", "pods", "", false),
        ];
        for (written, combined, subresource, covers) in cases {
            assert_eq!(resource_covers(written, combined, subresource), covers, "{written} {combined}");
        }
    }

    /// Rule 28.
    #[test]
    fn urls_match_by_prefix_when_they_end_in_stars() {
        let cases = [
            ("*", "/", true),
            ("/foo*", "/foobar", true),
            ("/foo/*", "/foo", false),
            ("/foo**", "/foo", true),
            ("/foo/*/bar", "/foo/x/bar", false),
            ("", "", true),
            ("/healthz", "/healthz/etcd", false),
        ];
        for (written, path, covers) in cases {
            assert_eq!(url_covers(written, path), covers, "{written} {path}");
        }
    }
}

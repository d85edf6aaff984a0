//! Puts a question to the server: who the operator is, what the operator may do, whether somebody may do something.
//!
//! ```text
//! POST /apis/authorization.k8s.io/v1/subjectaccessreviews {"spec": …}  ──►  {"status": {"allowed": true, …}}
//! ```
//!
//! A review creates nothing; it is a question that has a body. What an old server does not serve, or does not let the
//! operator ask, is silence, never an error. Nothing here decides what is asked, and nothing is asked twice.

use serde::Deserialize;
use serde_json::{Value, json};

use super::fault::LiveFault;
use super::read::Reader;
use super::request;
use crate::model::evidence::Outcome;
use crate::model::name::Name;
use crate::model::role::{RoleRule, RuleLists};
use crate::rbac::Request;
use crate::rbac::grant::ServerVerdict;
use crate::rbac::review::{Me, Reply, Review, Rules, RulesExtent};

/// How large an answer may be; who is bound a thousand times has a long list of rules.
const CAP: usize = 16 << 20;

/// What a server always writes has no default here: an empty object is no answer, least of all a no.
#[derive(Deserialize)]
struct Answered<T> {
    status: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MeStatus {
    user_info: UserInfo,
}

#[derive(Deserialize)]
struct UserInfo {
    username: String,
    #[serde(default)]
    groups: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccessStatus {
    allowed: bool,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    evaluation_error: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RulesStatus {
    resource_rules: Option<Vec<ReviewRule>>,
    non_resource_rules: Option<Vec<ReviewRule>>,
    incomplete: bool,
    #[serde(default)]
    evaluation_error: String,
}

/// A rule of resources or of URLs; lists may be null.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ReviewRule {
    verbs: Option<Vec<String>>,
    api_groups: Option<Vec<String>>,
    resources: Option<Vec<String>>,
    resource_names: Option<Vec<String>>,
    #[serde(rename = "nonResourceURLs")]
    urls: Option<Vec<String>>,
}

impl Reader {
    /// Asks the server; whatever stands in the way is silence.
    pub async fn review(&self, review: &Review) -> Reply {
        self.put(review).await.unwrap_or_else(|fault| Reply::Silent(fault.what.into()))
    }

    async fn put(&self, review: &Review) -> Result<Reply, LiveFault> {
        let text = self.send(request::review(review, &body(review)), CAP).await?;
        Ok(match review {
            Review::Own => Reply::Me(me(read::<MeStatus>(&text)?)),
            Review::OwnRules(_) => Reply::Rules(rules(read::<RulesStatus>(&text)?)),
            Review::OwnAccess(_) | Review::Access { .. } => {
                Reply::Word(word(review.kind(), &read::<AccessStatus>(&text)?))
            }
        })
    }
}

fn read<T: serde::de::DeserializeOwned>(text: &[u8]) -> Result<T, LiveFault> {
    let answered: Result<Answered<T>, _> = serde_json::from_slice(text);
    Ok(answered.map_err(|_| LiveFault::garbled("the review's answer is not what an API server writes"))?.status)
}

fn body(review: &Review) -> Value {
    let spec = match review {
        Review::Own => json!({}),
        Review::OwnRules(namespace) => json!({ "namespace": namespace.as_str() }),
        Review::OwnAccess(request) => attributes(request),
        Review::Access { user, groups, request } => {
            let mut spec = attributes(request);
            spec["user"] = user.as_str().into();
            spec["groups"] = groups.iter().map(Name::as_str).collect();
            spec
        }
    };
    let group = request::review_group(review);
    json!({ "apiVersion": format!("{group}/v1"), "kind": review.kind(), "spec": spec })
}

fn attributes(request: &Request) -> Value {
    match request {
        Request::Url { verb, path } => {
            json!({ "nonResourceAttributes": { "verb": verb.as_str(), "path": path.as_str() } })
        }
        Request::Resource(it) => json!({ "resourceAttributes": {
            "verb": it.verb.as_str(), "group": it.group.as_str(), "resource": it.resource.as_str(),
            "subresource": it.subresource.as_str(), "name": it.name.as_str(), "namespace": it.namespace.as_str(),
        }}),
    }
}

fn me(status: MeStatus) -> Me {
    let UserInfo { username, groups } = status.user_info;
    Me { user: username.into(), groups: groups.into_iter().map(Name::from).collect() }
}

fn rules(status: RulesStatus) -> Rules {
    let all = [status.resource_rules, status.non_resource_rules].into_iter().flatten().flatten();
    let names = |it: Option<Vec<String>>| it.unwrap_or_default().into_iter().map(Name::from).collect();
    let rule = |it: ReviewRule| {
        RoleRule::from(RuleLists {
            verbs: names(it.verbs),
            groups: names(it.api_groups),
            resources: names(it.resources),
            names: names(it.resource_names),
            urls: names(it.urls),
        })
    };
    Rules {
        rules: all.map(rule).collect(),
        extent: if status.incomplete { RulesExtent::Incomplete } else { RulesExtent::Complete },
        error: status.evaluation_error.into(),
    }
}

fn word(review: &'static str, status: &AccessStatus) -> ServerVerdict {
    let outcome = match (status.allowed, status.evaluation_error.is_empty()) {
        (true, _) => Outcome::Allow,
        (false, true) => Outcome::Deny,
        // An authorizer that failed might have allowed it.
        (false, false) => Outcome::Unknown,
    };
    ServerVerdict {
        review,
        outcome,
        reason: status.reason.as_str().into(),
        error: status.evaluation_error.as_str().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_authorizer_leaves_a_no_unknown() {
        let word = |text: &str| word("SubjectAccessReview", &read(text.as_bytes()).expect("an answer"));
        assert_eq!(word(r#"{"status":{"allowed":true,"reason":"RBAC: allowed"}}"#).outcome, Outcome::Allow);
        assert_eq!(word(r#"{"status":{"allowed":false}}"#).outcome, Outcome::Deny);
        assert_eq!(word(r#"{"status":{"allowed":false,"evaluationError":"no answer"}}"#).outcome, Outcome::Unknown);
    }

    /// What stands in between may answer anything: an object without an answer is no "no".
    #[test]
    fn an_empty_object_answers_no_review() {
        for text in ["{}", r#"{"status":{}}"#, r#"{"status":null}"#] {
            let text = text.as_bytes();
            assert!(read::<AccessStatus>(text).is_err() && read::<RulesStatus>(text).is_err());
            assert!(read::<MeStatus>(text).is_err());
        }
    }

    #[test]
    fn lists_of_rules_may_hold_nulls() {
        let text = r#"{"status":{"resourceRules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"],
            "resourceNames":null}],"nonResourceRules":[{"verbs":["get"],"nonResourceURLs":["/version"]}],"incomplete":true}}"#;
        let rules = rules(read(text.as_bytes()).expect("an answer"));
        assert_eq!((rules.rules.len(), rules.extent), (2, RulesExtent::Incomplete));
        assert_eq!(rules.rules[1].urls[0], "/version");
    }
}

//! The query of a request: what a list or a watch is narrowed to, and how it is served.

use super::failure::Failure;
use super::kinds::ServedKind;
use super::selector::ListSelector;

/// The pairs of a query string, decoded.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    pub fn parse(text: &str) -> Query {
        Query(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The value of a key; empty if it is absent.
    pub fn get(&self, key: &str) -> &str {
        self.0.iter().find(|pair| pair.0 == key).map_or("", |pair| &pair.1)
    }

    /// Whether a key is present and true.
    pub fn is(&self, key: &str) -> bool {
        matches!(self.get(key), "true" | "1" | "True")
    }
}

/// What a list or a watch asks for.
#[derive(Clone, Debug)]
pub struct Options {
    pub namespace: Option<String>,
    pub selector: ListSelector,
    pub limit: usize,
    pub token: String,
    /// The resource version as it was asked for; `None` is "the most recent".
    pub version: Option<u64>,
    pub version_match: String,
    pub bookmarks: Optional,
    pub initial_events: Option<Optional>,
    pub timeout_seconds: Option<u64>,
    pub include: Include,
}

/// Whether something optional was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Optional {
    Yes,
    No,
}

/// How much of each object the rows of a table carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Include {
    Nothing,
    Metadata,
    Object,
}

impl Options {
    /// Reads and checks the options, as an API server does.
    pub fn parse(kind: &ServedKind, namespace: Option<&str>, query: &Query) -> Result<Options, Failure> {
        let selector = ListSelector::parse(kind, query.get("labelSelector"), query.get("fieldSelector"))?;
        let options = Options {
            namespace: namespace.map(str::to_owned),
            selector,
            limit: number(query, "limit")?.unwrap_or(0) as usize,
            token: query.get("continue").to_owned(),
            version: number(query, "resourceVersion")?,
            version_match: query.get("resourceVersionMatch").to_owned(),
            bookmarks: if query.is("allowWatchBookmarks") { Optional::Yes } else { Optional::No },
            initial_events: match query.get("sendInitialEvents") {
                "" => None,
                _ if query.is("sendInitialEvents") => Some(Optional::Yes),
                _ => Some(Optional::No),
            },
            timeout_seconds: number(query, "timeoutSeconds")?.filter(|seconds| *seconds > 0),
            include: match query.get("includeObject") {
                "None" => Include::Nothing,
                "Object" => Include::Object,
                _ => Include::Metadata,
            },
        };
        options.check(query.is("watch"))
    }

    fn check(self, watch: bool) -> Result<Options, Failure> {
        let forbidden = |field, detail| Err(Failure::invalid_options(field, detail));
        match self.version_match.as_str() {
            "" | "NotOlderThan" | "Exact" => {}
            _ => return forbidden("resourceVersionMatch", "supported values: \"Exact\", \"NotOlderThan\""),
        }
        if watch {
            if self.initial_events.is_some() && self.version_match != "NotOlderThan" {
                return forbidden(
                    "resourceVersionMatch",
                    "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
                );
            }
            if self.initial_events.is_none() && !self.version_match.is_empty() {
                return forbidden(
                    "resourceVersionMatch",
                    "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
                );
            }
            return Ok(self);
        }
        if self.initial_events.is_some() {
            return forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
        }
        if !self.version_match.is_empty() && self.version.is_none() {
            return forbidden(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden unless resourceVersion is provided",
            );
        }
        if self.version_match == "Exact" && self.version == Some(0) {
            return forbidden(
                "resourceVersionMatch",
                "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
            );
        }
        if !self.token.is_empty() && self.version.is_some_and(|version| version > 0) {
            return Err(Failure::bad_request("specifying resource version is not allowed when using continue"));
        }
        Ok(self)
    }
}

fn number(query: &Query, key: &str) -> Result<Option<u64>, Failure> {
    let text = query.get(key);
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        Failure::bad_request(format!(
            "Invalid value: \"{text}\": {key}: strconv.ParseUint: parsing \"{text}\": invalid syntax"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded() {
        let query = Query::parse("labelSelector=app%3Dweb%2Ctier+in+%28a%29&watch=true&limit=");
        assert_eq!(query.get("labelSelector"), "app=web,tier in (a)");
        assert!(query.is("watch") && !query.is("limit"));
        assert_eq!(Query::parse("limit=100%").get("limit"), "100%");
    }
}

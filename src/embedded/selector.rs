//! Label and field selectors, as list and watch requests carry them.
//!
//! `app=web,tier in (a,b),!old` and `metadata.name=x,status.phase!=Failed`. Which fields a kind can be selected by is a
//! table, as upstream; others are a 400.

use serde_json::Value;

use super::failure::Failure;
use super::kinds::ServedKind;
use super::object_list::ObjectItem;

/// One requirement on a label or a field: the text at `key` must (or must not) be one of `values`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
}

impl Requirement {
    fn holds(&self, text: impl Fn(&str) -> Option<String>) -> bool {
        match self {
            Requirement::In(key, values) => text(key).is_some_and(|text| values.contains(&text)),
            Requirement::NotIn(key, values) => text(key).is_none_or(|text| !values.contains(&text)),
            Requirement::Exists(key) => text(key).is_some(),
            Requirement::Missing(key) => text(key).is_none(),
        }
    }
}

/// What a list or a watch is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListSelector {
    labels: Vec<Requirement>,
    fields: Vec<Requirement>,
}

impl ListSelector {
    /// Reads both selectors of a request.
    pub fn parse(kind: &ServedKind, labels: &str, fields: &str) -> Result<ListSelector, Failure> {
        let labels =
            parse_labels(labels).map_err(|why| Failure::bad_request(format!("unable to parse requirement: {why}")))?;
        let fields = parse_fields(kind, fields)?;
        Ok(ListSelector { labels, fields })
    }

    /// Whether everything is selected.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// The one name that is selected, if a field says so.
    pub fn name(&self) -> Option<&str> {
        self.exactly("metadata.name")
    }

    /// The one namespace that is selected, if a field says so.
    pub fn namespace(&self) -> Option<&str> {
        self.exactly("metadata.namespace")
    }

    fn exactly(&self, field: &str) -> Option<&str> {
        self.fields.iter().find_map(|requirement| match requirement {
            Requirement::In(key, values) if key == field => values.first().map(String::as_str),
            _ => None,
        })
    }

    /// Whether an object is selected.
    pub fn selects(&self, item: ObjectItem<'_>) -> bool {
        if self.is_empty() {
            return true;
        }
        let (labels, fields) = (self.labels_hold(item), self.fields_hold(item));
        match (labels, fields) {
            (Some(labels), Some(fields)) => labels && fields,
            _ => self.selects_value(&item.value()),
        }
    }

    /// Whether an object's value is selected.
    pub fn selects_value(&self, value: &Value) -> bool {
        let labels = &value["metadata"]["labels"];
        self.labels.iter().all(|requirement| requirement.holds(|key| labels[key].as_str().map(str::to_owned)))
            && self.fields.iter().all(|requirement| requirement.holds(|key| Some(field(value, key))))
    }

    /// The answer for labels, if it can be had without rendering.
    fn labels_hold(&self, item: ObjectItem<'_>) -> Option<bool> {
        if self.labels.is_empty() {
            return Some(true);
        }
        let labels = item.labels()?;
        let text = |key: &str| labels.iter().find(|label| label.0 == key).map(|label| label.1.clone());
        Some(self.labels.iter().all(|requirement| requirement.holds(text)))
    }

    /// The answer for fields, if all can be had without rendering.
    fn fields_hold(&self, item: ObjectItem<'_>) -> Option<bool> {
        let mut all = true;
        for requirement in &self.fields {
            let (Requirement::In(key, _)
            | Requirement::NotIn(key, _)
            | Requirement::Exists(key)
            | Requirement::Missing(key)) = requirement;
            let text = item.field(key)?;
            all &= requirement.holds(|_| Some(text.clone()));
        }
        Some(all)
    }
}

/// Whether a selector of an object (`matchLabels`, `matchExpressions`) selects labels.
pub fn labels_match(selector: &Value, labels: &Value) -> bool {
    let mut all = Vec::new();
    for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
        all.push(Requirement::In(key.clone(), vec![value.as_str().unwrap_or_default().to_owned()]));
    }
    for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
        let key = expression["key"].as_str().unwrap_or_default().to_owned();
        let values = expression["values"].as_array().into_iter().flatten();
        let values = values.filter_map(|value| value.as_str().map(str::to_owned)).collect();
        all.push(match expression["operator"].as_str() {
            Some("In") => Requirement::In(key, values),
            Some("NotIn") => Requirement::NotIn(key, values),
            Some("Exists") => Requirement::Exists(key),
            _ => Requirement::Missing(key),
        });
    }
    all.iter().all(|requirement| requirement.holds(|key| labels[key].as_str().map(str::to_owned)))
}

/// The error is one phrase, which the server answers as a Status.
fn parse_labels(text: &str) -> Result<Vec<Requirement>, String> {
    split_outside_parentheses(text)
        .into_iter()
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(parse_label)
        .collect()
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let mut depth = 0;
    text.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    })
    .collect()
}

fn parse_label(part: &str) -> Result<Requirement, String> {
    if let Some(open) = part.find('(') {
        let inside = part[open + 1..].strip_suffix(')').ok_or_else(|| format!("found '{part}', expected: ')'"))?;
        let values = inside.split(',').map(|value| value.trim().to_owned()).collect();
        let mut words = part[..open].split_whitespace();
        return match (words.next(), words.next(), words.next()) {
            (Some(key), Some("in"), None) => Ok(Requirement::In(key.to_owned(), values)),
            (Some(key), Some("notin"), None) => Ok(Requirement::NotIn(key.to_owned(), values)),
            _ => Err(format!("found '{part}', expected: in, notin")),
        };
    }
    if let Some((key, not, value)) = split_equality(part) {
        let (key, values) = (key.to_owned(), vec![value.to_owned()]);
        return Ok(if not { Requirement::NotIn(key, values) } else { Requirement::In(key, values) });
    }
    let valid = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    match part.strip_prefix('!').map(str::trim) {
        Some(key) if valid(key) => Ok(Requirement::Missing(key.to_owned())),
        None if valid(part) => Ok(Requirement::Exists(part.to_owned())),
        _ => Err(format!("found '{part}', expected: a label key")),
    }
}

/// `key = value`, `key == value` or `key != value`: the key, whether it is `!=`, and the value.
fn split_equality(part: &str) -> Option<(&str, bool, &str)> {
    let (key, value) = part.split_once('=')?;
    match key.strip_suffix('!') {
        Some(key) => Some((key.trim(), true, value.trim())),
        None => Some((key.trim(), false, value.strip_prefix('=').unwrap_or(value).trim())),
    }
}

/// The fields that a kind can be selected by, besides name and namespace.
fn selectable(plural: &str) -> &'static [&'static str] {
    match plural {
        "pods" => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        "events" => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        "namespaces" => &["status.phase"],
        "nodes" => &["spec.unschedulable"],
        "replicasets" => &["status.replicas"],
        "jobs" => &["status.successful"],
        "services" => &["spec.clusterIP", "spec.type"],
        _ => &[],
    }
}

fn parse_fields(kind: &ServedKind, text: &str) -> Result<Vec<Requirement>, Failure> {
    let mut all = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let invalid = || Failure::bad_request(format!("invalid selector: '{text}'; can't understand '{part}'"));
        let (key, not, value) = split_equality(part).ok_or_else(invalid)?;
        let known = key == "metadata.name"
            || key == "metadata.namespace" && kind.namespaced
            || selectable(kind.plural).contains(&key);
        if !known {
            let resource = format!("{}/{}, Resource={}", kind.group, kind.version, kind.plural);
            return Err(Failure::bad_request(format!(
                "Unable to find \"{resource}\" that match label selector \"\", field selector \"{text}\": field label not supported: {key}"
            )));
        }
        let (key, values) = (key.to_owned(), vec![value.to_owned()]);
        all.push(if not { Requirement::NotIn(key, values) } else { Requirement::In(key, values) });
    }
    Ok(all)
}

/// The text of a field; what is absent is empty, as upstream's field sets have it.
fn field(value: &Value, path: &str) -> String {
    let path = match path {
        "source" => "source.component",
        "status.successful" => "status.succeeded",
        path => path,
    };
    let found = path.split('.').fold(value, |value, key| &value[key]);
    match found {
        Value::String(text) => text.clone(),
        Value::Null if matches!(path, "spec.hostNetwork" | "spec.unschedulable") => "false".to_owned(),
        Value::Null if path == "status.succeeded" || path == "status.replicas" => "0".to_owned(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::kinds::by_plural;
    use serde_json::json;

    fn check(labels: &str, fields: &str) -> bool {
        let pod = json!({"metadata": {"name": "web-0", "namespace": "shop", "labels": {"app": "web", "tier": "a"}}, "spec": {"nodeName": "n1"}, "status": {"phase": "Running"}});
        let kind = by_plural("pods").expect("pods are served");
        ListSelector::parse(kind, labels, fields).expect("the selectors are well-formed").selects_value(&pod)
    }

    #[test]
    fn label_selectors_select_as_documented() {
        for yes in ["", "app=web", "app==web", "app!=db", "tier in (a, b),app", "!old", "x notin (y)", "old!=1"] {
            assert!(check(yes, ""), "{yes}");
        }
        for no in ["app=db", "app!=web", "tier in (b)", "!app", "old", "app notin (web)"] {
            assert!(!check(no, ""), "{no}");
        }
    }

    #[test]
    fn field_selectors_select_as_documented() {
        for yes in [
            "metadata.name=web-0",
            "spec.nodeName=n1,status.phase!=Failed",
            "status.podIP=",
            "metadata.namespace==shop",
        ] {
            assert!(check("", yes), "{yes}");
        }
        assert!(!check("", "status.phase!=Running"));
        assert!(!check("", "spec.nodeName="));
    }

    #[test]
    fn unknown_fields_and_broken_labels_are_bad_requests() {
        let kind = by_plural("pods").expect("pods are served");
        assert_eq!(ListSelector::parse(kind, "", "spec.color=red").expect_err("no such field").code, 400);
        assert_eq!(ListSelector::parse(kind, "a in (b", "").expect_err("not closed").code, 400);
    }
}

//! Findings as SARIF 2.1.0, which code scanning reads: a result names its file and line, and the object as a logical
//! location.
//!
//! An expectation that cannot be decided is a result of kind `open`: what is known neither proves nor refutes it.

use serde_json::{Value, json};

use crate::ask::expectation::ExpectationVerdict;

use super::{CheckFinding, CheckReport, CheckRule, Expected};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The whole document.
pub(super) fn document(report: &CheckReport) -> Value {
    let open = report.expected.iter().filter(|it| it.judged.verdict == ExpectationVerdict::Unknown);
    let results: Vec<Value> = report.findings.iter().map(result).chain(open.map(undecided)).collect();
    let rules: Vec<Value> = CheckRule::ALL.iter().map(|it| rule(*it)).collect();
    let driver = json!({ "name": "kreach", "version": env!("CARGO_PKG_VERSION"), "rules": rules });
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results }],
    })
}

fn rule(rule: CheckRule) -> Value {
    json!({
        "id": rule.as_str(),
        "shortDescription": { "text": rule.about() },
        "defaultConfiguration": { "level": rule.severity() },
    })
}

fn index(rule: CheckRule) -> usize {
    CheckRule::ALL.iter().position(|it| *it == rule).unwrap_or_default()
}

fn result(it: &CheckFinding) -> Value {
    let mut location = serde_json::Map::new();
    if !it.file.is_empty() {
        location.insert("physicalLocation".to_owned(), physical(&it.file, it.line, it.column));
    }
    if let Some(object) = &it.object {
        let name = if it.place.0.is_empty() { object.to_string() } else { format!("{object} {}", it.place) };
        let logical = json!({ "name": object.name.as_str(), "fullyQualifiedName": name, "kind": "object" });
        location.insert("logicalLocations".to_owned(), json!([logical]));
    }
    let locations: Vec<Value> = if location.is_empty() { Vec::new() } else { vec![location.into()] };
    json!({
        "ruleId": it.rule.as_str(),
        "ruleIndex": index(it.rule),
        "level": it.rule.severity(),
        "message": { "text": it.message() },
        "locations": locations,
    })
}

fn undecided(it: &Expected) -> Value {
    json!({
        "ruleId": CheckRule::Expectation.as_str(),
        "ruleIndex": index(CheckRule::Expectation),
        "kind": "open",
        "level": "none",
        "message": { "text": it.words() },
        "locations": [{ "physicalLocation": physical(&it.file, Some(it.line), None) }],
    })
}

fn physical(file: &str, line: Option<u32>, column: Option<u32>) -> Value {
    let mut physical = json!({ "artifactLocation": { "uri": uri(file) } });
    if let Some(line) = line {
        physical["region"] = match column.filter(|it| *it > 0) {
            Some(column) => json!({ "startLine": line, "startColumn": column }),
            None => json!({ "startLine": line }),
        };
    }
    physical
}

/// A path as a reference: relative ones stay so, so that a checkout is found wherever it is.
fn uri(path: &str) -> String {
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
    let kept = |it: u8| it.is_ascii_alphanumeric() || b"-._~/".contains(&it);
    let written: String =
        path.bytes().map(|it| if kept(it) { char::from(it).to_string() } else { format!("%{it:02X}") }).collect();
    match path.starts_with('/') {
        true => format!("file://{written}"),
        false => written.strip_prefix("./").map(str::to_owned).unwrap_or(written),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_references() {
        assert_eq!(uri("./a b/c:d%.yaml"), "a%20b/c%3Ad%25.yaml");
        assert_eq!(uri("/srv/é.yaml"), "file:///srv/%C3%A9.yaml");
    }
}

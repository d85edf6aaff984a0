//! What a CustomResourceDefinition in a file says is served (CONTRACT §4), as far as it can be read.
//!
//! ```text
//! scope: cluster         a problem: the API server refuses it; read as Cluster
//! shortNames: fl         a problem: it is no list; the rest holds
//! no names.plural        read from metadata.name, which is PLURAL.GROUP
//! ```

use serde_json::Value;

use crate::model::id::ResourceScope;
use crate::model::name::Name;
use crate::rbac::served::ServedResource;

/// What a definition gives.
#[derive(Debug, Default)]
pub(super) struct DefinedKind {
    /// None where no version of it is served, or where not even its name is to be read.
    pub resource: Option<ServedResource>,
    /// What of it the API server would refuse, in one clause.
    pub problem: Option<String>,
}

/// Reads a definition; what of it cannot be read is a problem and leaves the rest as it is.
pub(super) fn read(json: &str) -> DefinedKind {
    let definition: Value = serde_json::from_str(json).unwrap_or_default();
    let (spec, mut faults) = (&definition["spec"], Vec::new());
    let whole = definition["metadata"]["name"].as_str().unwrap_or_default();
    let (first, rest) = whole.split_once('.').unwrap_or_default();
    let plural = text(spec, "/names/plural", first, &mut faults);
    let group = text(spec, "/group", rest, &mut faults);
    if plural.is_empty() || group.is_empty() {
        let problem = "a CustomResourceDefinition without spec.names.plural or spec.group: left out".to_owned();
        return DefinedKind { resource: None, problem: Some(problem) };
    }
    let scope = scope(&spec["scope"], &mut faults);
    let kind = text(spec, "/names/kind", "", &mut faults);
    let singular = spec["names"]["singular"].as_str().filter(|it| !it.is_empty());
    let short = short_names(&spec["names"]["shortNames"], &mut faults);
    let resource = is_served(spec).then(|| ServedResource {
        group: group.into(),
        name: plural.into(),
        singular: singular.map_or_else(|| kind.to_lowercase(), str::to_owned).into(),
        short,
        subresources: subresources(spec).into_iter().map(Name::from).collect(),
        scope,
        verbs: ServedResource::standard_verbs(),
    });
    let problem = (!faults.is_empty()).then(|| format!("customresourcedefinition/{whole} {}", faults.join("; ")));
    DefinedKind { resource, problem }
}

/// A string that is required, or what stands for it.
fn text<'a>(spec: &'a Value, path: &str, instead: &'a str, faults: &mut Vec<String>) -> &'a str {
    spec.pointer(path).and_then(Value::as_str).filter(|it| !it.is_empty()).unwrap_or_else(|| {
        faults.push(format!("spec{}: required", path.replace('/', ".")));
        instead
    })
}

fn scope(scope: &Value, faults: &mut Vec<String>) -> ResourceScope {
    let word = scope.as_str().unwrap_or_default();
    if word != "Cluster" && word != "Namespaced" {
        faults.push(match word {
            "" => "spec.scope: required: Cluster or Namespaced; read as Namespaced".to_owned(),
            _ if word.eq_ignore_ascii_case("cluster") => {
                format!("spec.scope: {word:?} is not Cluster; read as Cluster")
            }
            _ => format!("spec.scope: {word:?} is neither Cluster nor Namespaced; read as Namespaced"),
        });
    }
    if word.eq_ignore_ascii_case("cluster") { ResourceScope::Cluster } else { ResourceScope::Namespaced }
}

fn short_names(names: &Value, faults: &mut Vec<String>) -> Vec<Name> {
    match names {
        Value::Null => Vec::new(),
        Value::Array(all) => all.iter().filter_map(Value::as_str).map(Name::from).collect(),
        _ => {
            faults.push("spec.names.shortNames: not a list; left out".to_owned());
            Vec::new()
        }
    }
}

/// The versions that are served; older definitions have one in `version`.
fn served(spec: &Value) -> impl Iterator<Item = &Value> {
    let all = spec["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter(|it| it["served"].as_bool() != Some(false))
}

fn is_served(spec: &Value) -> bool {
    let has_versions = spec["versions"].as_array().is_some_and(|it| !it.is_empty());
    !has_versions || served(spec).next().is_some()
}

fn subresources(spec: &Value) -> Vec<&str> {
    let all = served(spec).chain([spec]).filter_map(|it| it["subresources"].as_object());
    all.flat_map(|it| it.keys()).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_of_a_definition_leaves_the_rest() {
        let of = |spec: &str| read(&format!(r#"{{"metadata":{{"name":"docks.b.org"}},"spec":{spec}}}"#));
        let names = r#""names":{"plural":"docks","kind":"Dock"}"#;
        for (written, scope, is_right) in [
            (r#""scope":"Cluster","#, ResourceScope::Cluster, true),
            (r#""scope":"Namespaced","#, ResourceScope::Namespaced, true),
            (r#""scope":"cluster","#, ResourceScope::Cluster, false),
            (r#""scope":"Namespace","#, ResourceScope::Namespaced, false),
            ("", ResourceScope::Namespaced, false),
        ] {
            let found = of(&format!(r#"{{"group":"b.org",{written}{names}}}"#));
            assert_eq!(found.resource.map(|it| it.scope), Some(scope), "{written}");
            assert_eq!(found.problem.is_none(), is_right, "{written}");
        }
        let short =
            of(r#"{"group":"b.org","scope":"Cluster","names":{"plural":"docks","kind":"Dock","shortNames":"d"}}"#);
        assert!(short.resource.is_some_and(|it| it.short.is_empty() && it.singular == *"dock"));
        assert!(short.problem.is_some_and(|it| it.contains("shortNames")));
        let bare = of("{}");
        assert!(bare.resource.is_some_and(|it| it.name == *"docks" && it.group == *"b.org"));
        assert!(read(r#"{"metadata":{"name":"x"}}"#).resource.is_none());
        let unserved = of(&format!(r#"{{"group":"b.org","scope":"Cluster",{names},"versions":[{{"served":false}}]}}"#));
        assert!(unserved.resource.is_none() && unserved.problem.is_none());
    }
}

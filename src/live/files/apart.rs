//! What files hold beside the kinds that answers rest on: Endpoints, definitions of resources, and what is not read.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::notes::Note;
use crate::ask::topic::Topic;
use crate::kinds::{Apart, Intern, Reading, slices_of_endpoints};
use crate::model::cluster::{AnyFact, Cluster, Delta};
use crate::rbac::served::{Reach, Resource};

/// How many kinds a note names.
const NAMED: usize = 12;

/// All of it, in the order of the files.
#[derive(Debug, Default)]
pub(super) struct Besides {
    slices: Vec<Reading>,
    definitions: Vec<Resource>,
    /// By group and kind: how many.
    strangers: BTreeMap<(String, String), usize>,
}

/// A CustomResourceDefinition, as far as it says what is served.
#[derive(Deserialize)]
struct Definition {
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    group: String,
    #[serde(default)]
    scope: String,
    names: Names,
    #[serde(default)]
    versions: Vec<Version>,
    #[serde(default)]
    subresources: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Names {
    plural: String,
    #[serde(default)]
    singular: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    short_names: Vec<String>,
}

#[derive(Deserialize)]
struct Version {
    #[serde(default = "yes")]
    served: bool,
    #[serde(default)]
    subresources: BTreeMap<String, serde_json::Value>,
}

fn yes() -> bool {
    true
}

impl Besides {
    /// Takes in an object; gives what is wrong with it, in one clause.
    pub fn take(&mut self, apart: Apart, json: &str, namespace: &str) -> Option<String> {
        match apart {
            Apart::Everybodys => {}
            Apart::Nearly(what) => return Some(format!("{what} Left out, as a server would refuse it")),
            Apart::Stranger { kind, group } => *self.strangers.entry((group, kind)).or_default() += 1,
            Apart::Endpoints => self.slices.extend(slices_of_endpoints(json, namespace, &mut Intern::new())),
            Apart::Definition => match serde_json::from_str::<Definition>(json) {
                Ok(it) => self.definitions.extend(it.resource()),
                Err(_) => return Some("a CustomResourceDefinition that could not be read: left out".to_owned()),
            },
        }
        None
    }

    /// Lets Endpoints stand for slices where a Service has none; gives the resources that are defined, and a note.
    pub fn close(self, cluster: &mut Cluster) -> (Vec<Resource>, Option<Note>) {
        let note = self.note();
        let has_slices = |reading: &Reading| {
            let Reading::Read(entry) = reading else { return false };
            let AnyFact::EndpointSlice(slice) = &entry.fact else { return false };
            let here = cluster.endpoint_slices.of(entry.fact.id().namespace.as_str());
            here.iter().any(|it| it.service() == slice.service())
        };
        let missing: Vec<Delta> =
            self.slices.into_iter().filter(|it| !has_slices(it)).filter_map(Reading::delta).collect();
        missing.into_iter().for_each(|it| drop(cluster.apply(it)));
        (self.definitions, note)
    }

    /// CONTRACT §1: nothing is passed by in silence.
    fn note(&self) -> Option<Note> {
        let one = |((group, kind), count): (&(String, String), &usize)| format!("{count} {kind} ({group})");
        let mut named: Vec<String> = self.strangers.iter().take(NAMED).map(one).collect();
        let more: usize = self.strangers.values().skip(NAMED).sum();
        if more > 0 {
            named.push(format!("{more} of other kinds"));
        }
        (!named.is_empty()).then(|| Note::new(Topic::Any, format!("not read: {}", named.join(", "))))
    }
}

impl Definition {
    /// The resource that it defines; none if no version of it is served.
    fn resource(self) -> Option<Resource> {
        let Spec { group, scope, names, versions, subresources } = self.spec;
        let is_served = versions.is_empty() || versions.iter().any(|it| it.served);
        let all = versions.iter().filter(|it| it.served).flat_map(|it| it.subresources.keys());
        let subresources = all.chain(subresources.keys()).map(|it| it.as_str().into()).collect();
        let singular = if names.singular.is_empty() { names.kind.to_lowercase() } else { names.singular };
        is_served.then(|| Resource {
            group: group.into(),
            name: names.plural.into(),
            singular: singular.into(),
            short: names.short_names.into_iter().map(Into::into).collect(),
            subresources,
            reach: if scope == "Cluster" { Reach::Cluster } else { Reach::Namespaced },
            verbs: Resource::standard_verbs(),
        })
    }
}

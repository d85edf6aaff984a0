//! What files hold beside the kinds that answers rest on: Endpoints, definitions of resources, and what is not read.

use std::collections::BTreeMap;

use super::definition;
use super::notes::FilesNote;
use crate::ask::topic::Topic;
use crate::kinds::{Apart, Intern, ReadOutcome, slices_of_endpoints};
use crate::model::cluster::{AnyFact, Cluster, Delta};
use crate::rbac::served::ServedResource;

/// How many kinds a note names.
const NAMED: usize = 12;

/// All of it, in the order of the files.
#[derive(Debug, Default)]
pub(super) struct Besides {
    slices: Vec<ReadOutcome>,
    definitions: Vec<ServedResource>,
    /// By group and kind: how many.
    strangers: BTreeMap<(String, String), usize>,
}

impl Besides {
    /// Takes in an object; gives what is wrong with it, in one clause.
    pub fn take(&mut self, apart: Apart, json: &str, namespace: &str) -> Option<String> {
        match apart {
            Apart::Everybodys => {}
            Apart::Nearly(what) => return Some(format!("{what} Left out, as a server would refuse it")),
            Apart::Stranger { kind, group } => *self.strangers.entry((group, kind)).or_default() += 1,
            Apart::Endpoints => self.slices.extend(slices_of_endpoints(json, namespace, &mut Intern::new())),
            Apart::Definition => {
                let read = definition::read(json);
                self.definitions.extend(read.resource);
                return read.problem;
            }
        }
        None
    }

    /// Lets Endpoints stand for slices where a Service has none; gives the resources that are defined, and a note.
    pub fn close(self, cluster: &mut Cluster) -> (Vec<ServedResource>, Option<FilesNote>) {
        let note = self.note();
        let has_slices = |reading: &ReadOutcome| {
            let ReadOutcome::Read(entry) = reading else { return false };
            let AnyFact::EndpointSlice(slice) = &entry.fact else { return false };
            let here = cluster.endpoint_slices.of(entry.fact.id().namespace.as_str());
            here.iter().any(|it| it.service() == slice.service())
        };
        let missing: Vec<Delta> =
            self.slices.into_iter().filter(|it| !has_slices(it)).filter_map(ReadOutcome::delta).collect();
        missing.into_iter().for_each(|it| drop(cluster.apply(it)));
        (self.definitions, note)
    }

    /// CONTRACT §1: nothing is passed by in silence.
    fn note(&self) -> Option<FilesNote> {
        let one = |((group, kind), count): (&(String, String), &usize)| format!("{count} {kind} ({group})");
        let mut named: Vec<String> = self.strangers.iter().take(NAMED).map(one).collect();
        let more: usize = self.strangers.values().skip(NAMED).sum();
        if more > 0 {
            named.push(format!("{more} of other kinds"));
        }
        (!named.is_empty()).then(|| FilesNote::new(Topic::Any, format!("not read: {}", named.join(", "))))
    }
}

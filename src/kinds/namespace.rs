//! Namespaces: their names and labels.

use std::sync::Arc;

use super::door::{Door, Read, Reader};
use super::slim::{Metadata, OnlyMetadata};
use super::{KindSpec, Presence, Reach, Watch};
use crate::model::cluster::AnyFact;
use crate::model::facts::Namespace;
use crate::model::id::Kind;

pub(super) const SPEC: KindSpec = KindSpec {
    kind: Kind::NAMESPACE,
    group: "",
    version: "v1",
    plural: "namespaces",
    word: "Namespace",
    short: &["ns"],
    reach: Reach::Cluster,
    presence: Presence::Always,
    watch: Watch::Full,
    reader: Reader::of::<Namespaces>(),
};

struct Namespaces;

impl Read for Namespaces {
    type Slim<'a> = OnlyMetadata<'a>;

    fn metadata<'s>(slim: &'s OnlyMetadata<'_>) -> &'s Metadata<'s> {
        &slim.metadata
    }

    fn fact(slim: &OnlyMetadata<'_>, door: &mut Door<'_>) -> AnyFact {
        AnyFact::Namespace(Arc::new(Namespace { meta: door.meta(&slim.metadata), implied: false }))
    }
}

//! Namespaces: their names and labels.

use std::sync::Arc;

use super::context::{Read, ReadContext, Reader};
use super::slim::{Metadata, OnlyMetadata};
use super::{KindSpec, Presence, Watch};
use crate::model::cluster::{AnyFact, METADATA_NAME};
use crate::model::facts::Namespace;
use crate::model::id::{Kind, ResourceScope};

pub(super) const SPEC: KindSpec = KindSpec {
    kind: Kind::NAMESPACE,
    group: "",
    version: "v1",
    plural: "namespaces",
    word: "Namespace",
    short: &["ns"],
    scope: ResourceScope::Cluster,
    presence: Presence::Always,
    watch: Watch::Full,
    reader: Reader::of::<Namespaces>(),
};

struct Namespaces;

impl Read for Namespaces {
    type Slim<'a> = OnlyMetadata<'a>;
    const FIELDS: &'static [&'static str] = &[];

    fn metadata<'s>(slim: &'s OnlyMetadata<'_>) -> &'s Metadata<'s> {
        &slim.metadata
    }

    fn fact(slim: &OnlyMetadata<'_>, context: &mut ReadContext<'_>) -> AnyFact {
        let meta = context.meta(&slim.metadata);
        let mut labels = context.labels(&slim.metadata);
        if labels.get(METADATA_NAME) != Some(&meta.name) {
            // S19: the API server sets it on every namespace; manifests have not met the API server.
            let others = slim.metadata.labels.iter().filter(|(key, _)| *key != METADATA_NAME);
            labels = context.intern.labels(others.chain([(METADATA_NAME, meta.name.as_str())]));
        }
        AnyFact::Namespace(Arc::new(Namespace { meta, labels, implied: false }))
    }
}

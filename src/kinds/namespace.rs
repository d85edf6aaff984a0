//! Namespaces: their names and labels.

use serde_json::Value;

use super::context::{ReadContext, ReadKind};
use super::reader::KindReader;
use super::slim::{Metadata, OnlyMetadata};
use super::written::named_object;
use super::{KindSpec, Presence, WatchedPart};
use crate::model::cluster::METADATA_NAME;
use crate::model::facts::Namespace;
use crate::model::id::{Kind, ResourceScope};
use crate::model::meta::SnapshotMeta;

pub(super) const SPEC: KindSpec = KindSpec {
    kind: Kind::NAMESPACE,
    group: "",
    version: "v1",
    plural: "namespaces",
    word: "Namespace",
    short: &["ns"],
    scope: ResourceScope::Cluster,
    presence: Presence::Always,
    watch: WatchedPart::Full,
    decides: None,
    reader: KindReader::of::<Namespaces>(),
};

struct Namespaces;

impl ReadKind for Namespaces {
    type Slim<'a> = OnlyMetadata<'a>;
    type Fact = Namespace;
    const FIELDS: &'static [&'static str] = &[];

    fn metadata<'s>(slim: &'s OnlyMetadata<'_>) -> &'s Metadata<'s> {
        &slim.metadata
    }

    fn fact(slim: &OnlyMetadata<'_>, context: &mut ReadContext<'_>) -> Namespace {
        let meta = context.meta(&slim.metadata);
        let mut labels = context.labels(&slim.metadata);
        if labels.get(METADATA_NAME) != Some(&meta.name) {
            // S19: the API server sets it on every namespace; manifests have not met the API server.
            let others = slim.metadata.labels.iter().filter(|(key, _)| *key != METADATA_NAME);
            labels = context.intern.labels(others.chain([(METADATA_NAME, meta.name.as_str())]));
        }
        Namespace { meta, labels, implied: false }
    }

    fn object(it: &Namespace, _: SnapshotMeta) -> Option<Value> {
        (!it.implied).then(|| named_object(it))
    }
}

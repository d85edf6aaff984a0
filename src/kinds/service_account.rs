//! Service accounts: that they exist, and their labels. Their secrets are not read.

use super::door::{Door, Read, Reader};
use super::slim::{Metadata, OnlyMetadata};
use super::{KindSpec, Presence, Reach, Watch};
use crate::model::cluster::AnyFact;
use crate::model::facts::ServiceAccount;
use crate::model::id::Kind;

pub(super) const SPEC: KindSpec = KindSpec {
    kind: Kind::SERVICE_ACCOUNT,
    group: "",
    version: "v1",
    plural: "serviceaccounts",
    word: "ServiceAccount",
    short: &["sa"],
    reach: Reach::Namespaced,
    presence: Presence::Always,
    watch: Watch::Full,
    reader: Reader::of::<ServiceAccounts>(),
};

struct ServiceAccounts;

impl Read for ServiceAccounts {
    type Slim<'a> = OnlyMetadata<'a>;
    const FIELDS: &'static [&'static str] = &[];

    fn metadata<'s>(slim: &'s OnlyMetadata<'_>) -> &'s Metadata<'s> {
        &slim.metadata
    }

    fn fact(slim: &OnlyMetadata<'_>, door: &mut Door<'_>) -> AnyFact {
        AnyFact::ServiceAccount(Box::new(ServiceAccount { meta: door.meta(&slim.metadata) }))
    }
}

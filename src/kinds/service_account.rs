//! Service accounts: that they exist, whether their pods get their token, and who they are to a cloud provider. Their
//! secrets are not read.

use serde::Deserialize;

use super::context::{Read, ReadContext, Reader};
use super::slim::{Metadata, object};
use super::{KindSpec, Presence, Watch};
use crate::model::cluster::AnyFact;
use crate::model::facts::ServiceAccount;
use crate::model::id::{Kind, ResourceScope};

pub(super) const SPEC: KindSpec = KindSpec {
    kind: Kind::SERVICE_ACCOUNT,
    group: "",
    version: "v1",
    plural: "serviceaccounts",
    word: "ServiceAccount",
    short: &["sa"],
    scope: ResourceScope::Namespaced,
    presence: Presence::Always,
    watch: Watch::Full,
    reader: Reader::of::<ServiceAccounts>(),
};

struct ServiceAccounts;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccountSlim<'a> {
    #[serde(borrow, default, deserialize_with = "object")]
    metadata: Metadata<'a>,
    #[serde(default)]
    automount_service_account_token: Option<bool>,
}

impl Read for ServiceAccounts {
    type Slim<'a> = AccountSlim<'a>;
    const FIELDS: &'static [&'static str] = &["automountServiceAccountToken", "metadata.annotations"];

    fn metadata<'s>(slim: &'s AccountSlim<'_>) -> &'s Metadata<'s> {
        &slim.metadata
    }

    fn fact(slim: &AccountSlim<'_>, context: &mut ReadContext<'_>) -> AnyFact {
        let account = ServiceAccount::new(context.meta(&slim.metadata));
        let withholds = slim.automount_service_account_token == Some(false);
        let account = if withholds { account.withholding_token() } else { account };
        let cloud = context.intern.name(&slim.metadata.cloud_identity);
        AnyFact::from(if cloud.is_empty() { account } else { account.with_cloud_identity(cloud) })
    }
}

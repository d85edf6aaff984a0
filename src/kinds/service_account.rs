//! Service accounts: that they exist, whether their pods get their token, and who they are to a cloud provider. Their
//! secrets are not read.

use serde::Deserialize;

use serde_json::{Value, json};

use super::context::{ReadContext, ReadKind};
use super::reader::KindReader;
use super::slim::{Metadata, object};
use super::written::named_object;
use super::{KindSpec, Presence, WatchedPart};
use crate::model::facts::ServiceAccount;
use crate::model::id::{Kind, ResourceScope};
use crate::model::meta::SnapshotMeta;

pub(super) const SPEC: KindSpec = KindSpec {
    kind: Kind::SERVICE_ACCOUNT,
    group: "",
    version: "v1",
    plural: "serviceaccounts",
    word: "ServiceAccount",
    short: &["sa"],
    scope: ResourceScope::Namespaced,
    presence: Presence::Always,
    watch: WatchedPart::Full,
    decides: None,
    reader: KindReader::of::<ServiceAccounts>(),
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

impl ReadKind for ServiceAccounts {
    type Slim<'a> = AccountSlim<'a>;
    type Fact = ServiceAccount;
    const FIELDS: &'static [&'static str] = &["automountServiceAccountToken", "metadata.annotations"];

    fn metadata<'s>(slim: &'s AccountSlim<'_>) -> &'s Metadata<'s> {
        &slim.metadata
    }

    fn fact(slim: &AccountSlim<'_>, context: &mut ReadContext<'_>) -> ServiceAccount {
        let account = ServiceAccount::new(context.meta(&slim.metadata));
        let withholds = slim.automount_service_account_token == Some(false);
        let account = if withholds { account.withholding_token() } else { account };
        let cloud = context.intern.name(&slim.metadata.cloud_identity);
        if cloud.is_empty() { account } else { account.with_cloud_identity(cloud) }
    }

    fn object(it: &ServiceAccount, _: SnapshotMeta) -> Option<Value> {
        let mut account = named_object(it);
        if it.withholds_token() {
            account["automountServiceAccountToken"] = json!(false);
        }
        if !it.cloud_identity().is_empty() {
            account["metadata"]["annotations"] = json!({"eks.amazonaws.com/role-arn": it.cloud_identity()});
        }
        Some(account)
    }
}

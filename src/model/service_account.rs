//! Service accounts: whom pods act as.

use super::fact::{Fact, FactIdentity};
use super::id::Kind;
use super::meta::Meta;
use super::name::Name;
use super::sparse::Sparse;

/// A service account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceAccount {
    pub meta: Meta,
    rest: Sparse<AccountRare>,
}

/// What few service accounts have.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct AccountRare {
    withholds_token: bool,
    /// Empty: none.
    cloud_identity: Name,
}

impl ServiceAccount {
    /// The account of this metadata, which gives its token to its pods.
    pub fn new(meta: Meta) -> Self {
        Self { meta, rest: Sparse::default() }
    }

    /// The same with `automountServiceAccountToken: false`: pods that do not ask for its token do not get it.
    pub fn withholding_token(mut self) -> Self {
        self.rest.change(|it| it.withholds_token = true);
        self
    }

    /// The same with an identity of a cloud provider that its token is good for.
    pub fn with_cloud_identity(mut self, identity: Name) -> Self {
        self.rest.change(|it| it.cloud_identity = identity);
        self
    }

    /// Who it is to a cloud provider, as its annotation says; empty: nobody that it says.
    pub fn cloud_identity(&self) -> &str {
        self.rest.get().map_or("", |it| &it.cloud_identity)
    }

    /// Whether pods that do not ask for its token do not get it.
    pub fn withholds_token(&self) -> bool {
        self.rest.get().is_some_and(|it| it.withholds_token)
    }
}

impl Fact for ServiceAccount {
    const KINDS: &'static [Kind] = &[Kind::SERVICE_ACCOUNT];

    fn identity(&self) -> FactIdentity<'_> {
        self.meta.identity()
    }
}

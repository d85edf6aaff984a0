//! Objects as the server stores them: for a look at their YAML, and for whoever changes one and must keep the rest of it.

use kube::Client;
use serde_json::Value;

use super::fault::{LiveFault, LiveFaultClass};
use super::files::ObjectsByNow;
use super::read::{OBJECT_CAP, Reader};
use super::request;
use crate::kinds::{self, KindSpec};
use crate::model::coverage::Coverage;
use crate::model::id::ObjectId;

/// Whether `metadata.managedFields` is wanted: half of an object, and of little use to an eye.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ManagedFields {
    Kept,
    LeftOut,
}

impl ManagedFields {
    /// Takes them out of an object where they are not wanted.
    pub(super) fn settle(self, object: &mut Value) {
        if self == ManagedFields::LeftOut
            && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
        {
            metadata.remove("managedFields");
        }
    }
}

/// One object as the server has it, for a look at its YAML.
///
/// # Errors
/// It is not there, or may not be read; one line.
pub async fn object(client: &Client, id: &ObjectId, fields: ManagedFields) -> Result<Value, LiveFault> {
    Reader::new(client.clone(), Vec::new()).stored(id, fields).await
}

/// The same; `None`: the server says that it is not there.
///
/// # Errors
/// It cannot be read, so that nobody knows.
pub async fn found(client: &Client, id: &ObjectId, fields: ManagedFields) -> Result<Option<Value>, LiveFault> {
    match object(client, id, fields).await {
        Ok(object) => Ok(Some(object)),
        Err(fault) if fault.is_absence() => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Of a kind that is not served nothing is there.
fn not_served(spec: &KindSpec) -> LiveFault {
    let what = format!("the API does not serve {}: {}", spec.plural, Coverage::NotServed.as_str());
    LiveFault { reason: "NotFound".to_owned(), ..LiveFault::new(LiveFaultClass::Http(404), &what) }
}

impl Reader {
    /// One object as the server stores it, but for who manages which field; `None`: it is not there, or not to be read.
    ///
    /// # Errors
    /// The request failed, or its answer is no object.
    pub async fn whole(&self, id: &ObjectId) -> Result<Option<Value>, LiveFault> {
        match self.stored(id, ManagedFields::LeftOut).await {
            Err(fault) if matches!(fault.status(), Some(403 | 404)) => Ok(None),
            stored => stored.map(Some),
        }
    }

    /// Objects as they are by now, with who manages which field; those that may not be read are left out.
    ///
    /// # Errors
    /// A request failed, or its answer is no object.
    pub async fn by_now(&self, ids: &[ObjectId]) -> Result<ObjectsByNow, LiveFault> {
        let fetched = futures::future::join_all(ids.iter().map(|it| self.stored(it, ManagedFields::Kept))).await;
        let mut all = ObjectsByNow::new();
        for (id, stored) in ids.iter().zip(fetched) {
            match stored {
                Ok(object) => drop(all.insert(id.clone(), Some(object))),
                Err(fault) if fault.status() == Some(404) => drop(all.insert(id.clone(), None)),
                Err(fault) if fault.status() == Some(403) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(all)
    }

    /// The same; that it is not there, or may not be read, is an error.
    async fn stored(&self, id: &ObjectId, fields: ManagedFields) -> Result<Value, LiveFault> {
        let spec = kinds::spec(id.kind).ok_or_else(|| LiveFault::garbled(&format!("no kind {}", id.kind)))?;
        let version = self.version(spec).await.map_err(|why| why.unwrap_or_else(|| not_served(spec)))?;
        let path = request::object(spec, &version, &id.namespace, &id.name);
        let text = self.send(request::get(&path), OBJECT_CAP).await?;
        let mut stored =
            serde_json::from_slice(&text).map_err(|_| LiveFault::garbled(&format!("the answer is not {id}")))?;
        fields.settle(&mut stored);
        Ok(stored)
    }
}

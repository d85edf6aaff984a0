//! Objects as the server stores them, for whoever changes one and must keep all the rest of it.

use serde_json::Value;

use super::fault::Fault;
use super::read::{OBJECT_CAP, Reader};
use super::request;
use crate::kinds;
use crate::model::id::ObjectId;

impl Reader {
    /// One object as the server stores it, but for who manages which field; `None`: it is not there, or not to be read.
    ///
    /// # Errors
    /// The request failed, or its answer is no object.
    pub async fn whole(&self, id: &ObjectId) -> Result<Option<Value>, Fault> {
        let Some(spec) = kinds::spec(id.kind) else { return Ok(None) };
        let Ok(version) = self.version(spec).await else { return Ok(None) };
        let path = request::object(spec, &version, &id.namespace, &id.name);
        let text = match self.send(request::get(&path), OBJECT_CAP).await {
            Err(fault) if matches!(fault.status(), Some(403 | 404)) => return Ok(None),
            text => text?,
        };
        let mut whole: Value =
            serde_json::from_slice(&text).map_err(|_| Fault::garbled(&format!("the answer is not {id}")))?;
        if let Some(metadata) = whole.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
        }
        Ok(Some(whole))
    }
}

//! Writes: create, update, patch, delete, each checked and made at one moment, and what the API's rules make of them.
//!
//! ```text
//! rights ─► the object as it is now ─► preconditions ─► patch or merge ─► defaults, escalation ─► put, or a dry run
//! ```
//!
//! Only a told world is written: a seeded one stands still. No admission and no quota; of controllers only the one that
//! fills aggregated ClusterRoles.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::failure::Failure;
use super::fields::{self, FieldConflict, Force, Manager};
use super::kinds::ServedKind;
use super::query::Query;
use super::review::Requester;
use super::settle::{aggregate, defaulted};
use super::story::merge;
use super::world::{Desired, ServedCluster};
use super::{escalation, json_patch};

/// What a write asks for.
#[derive(Clone, Copy, Debug)]
pub struct WriteRequest<'a> {
    pub kind: &'static ServedKind,
    pub namespace: &'a str,
    /// Of a create it is the object's own.
    pub name: &'a str,
    pub identity: &'a Requester,
    pub query: &'a Query,
    /// `Content-Type`, without parameters.
    pub content: &'a str,
    pub body: &'a [u8],
    /// Names the writer where nothing else does.
    pub agent: &'a str,
}

/// What a write came to: a code and the object, or the `Status` of a deletion.
pub type WriteResult = (u16, Value);

impl WriteRequest<'_> {
    /// `POST` of a collection.
    pub fn create(&self, world: &ServedCluster) -> Result<WriteResult, Failure> {
        let object = self.object()?;
        let name = text(&object["metadata"]["name"]).to_owned();
        if name.is_empty() {
            return Err(Failure::invalid(
                self.kind,
                &name,
                "metadata.name",
                "Required value: name or generateName is required",
            ));
        }
        let write = WriteRequest { name: &name, ..*self };
        write.identity.check("create", write.kind, write.namespace, "")?;
        write.change(world, |before| match before {
            Some(_) => Err(Failure::exists(write.kind, &name)),
            None => Ok(write.made(None, object.clone())),
        })
    }

    /// `PUT` of an object.
    pub fn update(&self, world: &ServedCluster) -> Result<WriteResult, Failure> {
        self.identity.check("update", self.kind, self.namespace, self.name)?;
        let object = self.object()?;
        self.change(world, |before| {
            let before = before.ok_or_else(|| Failure::no_such_object(self.kind, self.name))?;
            self.meant(before, &object)?;
            Ok(self.made(Some(before), object.clone()))
        })
    }

    /// `PATCH` of an object: JSON patch, merge patch, or server-side apply.
    pub fn patch(&self, world: &ServedCluster) -> Result<WriteResult, Failure> {
        self.identity.check("patch", self.kind, self.namespace, self.name)?;
        match self.content {
            "application/apply-patch+yaml" => self.apply(world),
            "application/json-patch+json" => self.patched(world, json_patch::apply),
            "application/merge-patch+json" | "application/strategic-merge-patch+json" => {
                self.patched(world, |object, patch| {
                    merge(object, patch);
                    Ok(())
                })
            }
            other => Err(Failure::new(
                415,
                "UnsupportedMediaType",
                format!("the body of the request was in an unknown format: {other}"),
            )),
        }
    }

    fn patched(
        &self,
        world: &ServedCluster,
        patch: impl Fn(&mut Value, &Value) -> Result<(), Failure>,
    ) -> Result<WriteResult, Failure> {
        let said: Value = serde_json::from_slice(self.body).map_err(|it| Failure::bad_request(it.to_string()))?;
        self.change(world, |before| {
            let before = before.ok_or_else(|| Failure::no_such_object(self.kind, self.name))?;
            let mut object = before.clone();
            patch(&mut object, &said)?;
            self.meant(before, &object)?;
            Ok(self.made(Some(before), object))
        })
    }

    fn apply(&self, world: &ServedCluster) -> Result<WriteResult, Failure> {
        let said: Value = serde_saphyr::from_slice(self.body).map_err(|it| Failure::bad_request(it.to_string()))?;
        let manager = self.query.get("fieldManager");
        if manager.is_empty() {
            return Err(Failure::bad_request(
                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
            ));
        }
        let force = if self.query.is("force") { Force::Yes } else { Force::No };
        self.change(world, |before| {
            match before {
                Some(before) => self.meant(before, &said)?,
                None if !text(&said["metadata"]["uid"]).is_empty() => {
                    return Err(self.conflict(&format!(
                        "uid mismatch: the provided object specified uid {}, and no existing object was found",
                        text(&said["metadata"]["uid"])
                    )));
                }
                None => self.identity.check("create", self.kind, self.namespace, "")?,
            }
            let time = now();
            let manager = Manager { name: manager, operation: "Apply", time: &time };
            let empty =
                json!({"apiVersion": self.kind.api_version(), "kind": self.kind.kind, "metadata": {"name": self.name}});
            let live = before.unwrap_or(&empty);
            let mut said = said.clone();
            defaulted(self.kind, &mut said);
            let merged = fields::apply(live, &said, manager, force).map_err(|it| conflicts(&it))?;
            Ok(self.settled(before, merged))
        })
    }

    /// `DELETE` of an object.
    pub fn delete(&self, world: &ServedCluster) -> Result<WriteResult, Failure> {
        self.identity.check("delete", self.kind, self.namespace, self.name)?;
        let options: Value = serde_json::from_slice(self.body).unwrap_or_default();
        let dry = self.is_dry() || options["dryRun"].as_array().is_some_and(|it| !it.is_empty());
        let found = world.change(self.kind, self.namespace, self.name, |before, _| {
            let before = before.ok_or_else(|| Failure::no_such_object(self.kind, self.name))?;
            for field in ["uid", "resourceVersion"] {
                let (wanted, held) = (text(&options["preconditions"][field]), text(&before["metadata"][field]));
                if !wanted.is_empty() && wanted != held {
                    return Err(self.conflict(&format!("the {field} in the precondition ({wanted}) does not match the {field} in record ({held}). The object might have been deleted and then recreated")));
                }
            }
            Ok(if dry { Desired::Leave(before.clone()) } else { Desired::Gone })
        })?;
        if !dry {
            aggregate(world, self.kind);
        }
        let details = json!({"name": self.name, "group": self.kind.group, "kind": self.kind.plural, "uid": found["metadata"]["uid"]});
        Ok((
            200,
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}),
        ))
    }

    fn is_dry(&self) -> bool {
        self.query.get("dryRun") == "All"
    }

    fn object(&self) -> Result<Value, Failure> {
        let object: Value = serde_json::from_slice(self.body).map_err(|it| Failure::bad_request(it.to_string()))?;
        if text(&object["kind"]) != self.kind.kind || text(&object["apiVersion"]) != self.kind.api_version() {
            let what = format!(
                "{} in version {:?} cannot be handled as a {}",
                text(&object["kind"]),
                text(&object["apiVersion"]),
                self.kind.kind
            );
            return Err(Failure::bad_request(what));
        }
        Ok(object)
    }

    /// Changes one object at one moment; the code is 201 where there was none.
    fn change(
        &self,
        world: &ServedCluster,
        change: impl Fn(Option<&Value>) -> Result<Value, Failure>,
    ) -> Result<WriteResult, Failure> {
        let mut code = 200;
        let object = world.change(self.kind, self.namespace, self.name, |before, held| {
            code = if before.is_none() { 201 } else { 200 };
            let object = change(before)?;
            let is_moved = before.is_some_and(|it| it["roleRef"] != object["roleRef"]);
            if is_moved {
                return Err(Failure::invalid(self.kind, self.name, "roleRef", "Invalid value: cannot change roleRef"));
            }
            escalation::check(held, self.identity, self.kind, &object, before)?;
            let is_same = before.is_some_and(|it| without_books(it) == without_books(&object));
            Ok(if self.is_dry() || is_same { Desired::Leave(object) } else { Desired::Put(object) })
        })?;
        if !self.is_dry() {
            aggregate(world, self.kind);
        }
        Ok((code, object))
    }

    /// 409 where an object is not the one that a writer meant.
    fn meant(&self, before: &Value, said: &Value) -> Result<(), Failure> {
        let (wanted, held) = (text(&said["metadata"]["uid"]), text(&before["metadata"]["uid"]));
        if !wanted.is_empty() && wanted != held {
            return Err(self
                .conflict(&format!("Precondition failed: UID in precondition: {wanted}, UID in object meta: {held}")));
        }
        let (wanted, held) = (text(&said["metadata"]["resourceVersion"]), text(&before["metadata"]["resourceVersion"]));
        if !wanted.is_empty() && wanted != held {
            return Err(self.conflict(
                "the object has been modified; please apply your changes to the latest version and try again",
            ));
        }
        Ok(())
    }

    fn conflict(&self, why: &str) -> Failure {
        let message = format!("Operation cannot be fulfilled on {} \"{}\": {why}", self.kind.qualified(), self.name);
        Failure {
            details: json!({"name": self.name, "kind": self.kind.plural}),
            ..Failure::new(409, "Conflict", message)
        }
    }

    /// What a plain write makes of an object, and who wrote what of it.
    fn made(&self, before: Option<&Value>, mut object: Value) -> Value {
        let name = match self.query.get("fieldManager") {
            "" => self.agent.split('/').next().filter(|it| !it.is_empty()).unwrap_or("unknown"),
            name => name,
        };
        defaulted(self.kind, &mut object);
        let time = now();
        if let Some(status) = before.and_then(|it| it.get("status")) {
            object["status"] = status.clone();
        }
        fields::written(before, &mut object, Manager { name, operation: "Update", time: &time });
        self.settled(before, object)
    }

    /// What the server keeps books in.
    fn settled(&self, before: Option<&Value>, mut object: Value) -> Value {
        object["kind"] = json!(self.kind.kind);
        object["apiVersion"] = json!(self.kind.api_version());
        let metadata = &mut object["metadata"];
        metadata["name"] = json!(self.name);
        if self.kind.namespaced {
            metadata["namespace"] = json!(self.namespace);
        }
        let held = |key: &str| before.map(|it| it["metadata"][key].clone()).filter(|it| !it.is_null());
        metadata["uid"] = held("uid").unwrap_or_else(|| json!(new_uid()));
        metadata["creationTimestamp"] = held("creationTimestamp").unwrap_or_else(|| json!(now()));
        metadata["resourceVersion"] = held("resourceVersion").unwrap_or_else(|| json!("0"));
        if object.get("spec").is_some() {
            let generation = before.and_then(|it| it["metadata"]["generation"].as_u64()).unwrap_or(0);
            let is_new = before.is_none_or(|it| it["spec"] != object["spec"]);
            object["metadata"]["generation"] = json!(generation.max(u64::from(before.is_some())) + u64::from(is_new));
        }
        object
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn now() -> String {
    Timestamp::from_second(Timestamp::now().as_second()).map(|it| it.to_string()).unwrap_or_default()
}

/// A uid that was not given before: time and a count.
fn new_uid() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static GIVEN: AtomicU64 = AtomicU64::new(0);
    let count = GIVEN.fetch_add(1, Ordering::Relaxed);
    let time = Timestamp::now().as_nanosecond() as u64;
    let mut out = Vec::new();
    super::seeded::rng::uid(&mut out, time, 11, count);
    String::from_utf8_lossy(&out).into_owned()
}

fn without_books(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for key in ["managedFields", "resourceVersion", "generation"] {
            metadata.remove(key);
        }
    }
    object
}

fn conflicts(all: &[FieldConflict]) -> Failure {
    let with = |it: &FieldConflict| format!("conflict with {:?} using {}", it.manager, it.version);
    let many = if all.len() == 1 { "1 conflict".to_owned() } else { format!("{} conflicts", all.len()) };
    let told: Vec<String> = all.iter().map(|it| format!("{}: {}", with(it), it.field)).collect();
    let causes: Vec<Value> = all
        .iter()
        .map(|it| json!({"reason": "FieldManagerConflict", "message": with(it), "field": it.field}))
        .collect();
    let message = format!("Apply failed with {many}: {}", told.join("; "));
    Failure { details: json!({"causes": causes}), ..Failure::new(409, "Conflict", message) }
}

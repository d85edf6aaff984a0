//! Sends one change of one object to the server, and says what is known of it afterwards.
//!
//! ```text
//! Write ──one request, never a second──► Done(the object as it is then)
//!                                        Refused(why, and whose fields they are)   nothing was changed
//!                                        Unsent                                    it never left
//!                                        Unknown                                   it may have happened: read back
//! ```
//!
//! The server is told how long it may take, and we wait longer than that: what has not happened when we give up does not
//! happen afterwards. A status below 500 says that nothing was changed; one of 500 and above says nothing (M4, R2).

use std::time::Duration;

use http::{HeaderValue, Request, header};
use http_body_util::{BodyExt as _, Limited};
use kube::Client;
use kube::client::Body;
use serde::Deserialize;
use serde_json::{Value, json};

use super::fault::{LiveFault, LiveFaultClass, one_line};
use super::request;
use super::write_only::FIELD_MANAGER;
use crate::change::object::word;
use crate::kinds;
use crate::model::id::ObjectId;

/// How long the server may take for a write; admission webhooks may take 30 s by themselves, and rarely do.
const SERVER_DEADLINE: u64 = 20;
/// How long we wait for its answer.
const DEADLINE: Duration = Duration::from_secs(SERVER_DEADLINE + 5);
/// How large an answer may be.
const CAP: usize = 8 << 20;

/// How a change is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WriteMethod {
    /// Server-side apply; `force` takes fields over from who manages them.
    Apply { force: bool },
    /// The whole object in place of the one of its uid and resourceVersion.
    Replace,
    /// Away with the object of its uid and resourceVersion.
    Delete,
}

/// Whether the server only tries it: admission and validation, nothing stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DryRun {
    Yes,
    No,
}

/// What came of a write.
#[derive(Clone, PartialEq, Debug)]
pub enum WriteOutcome {
    Done(WrittenObject),
    /// The server said no: nothing was changed.
    Refused(WriteRefusal),
    /// It never left.
    Unsent(LiveFault),
    /// It may have happened.
    Unknown(LiveFault),
}

/// What was written.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WrittenObject {
    /// The object as the server has it then; of a deletion nothing.
    pub object: Option<Value>,
    /// Whether there was none before.
    pub is_new: bool,
    /// What the server says beside it, safe to show.
    pub warnings: Vec<String>,
}

/// Why the server said no.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WriteRefusal {
    pub status: u16,
    /// `Conflict`, `Forbidden`; empty where it did not say.
    pub reason: String,
    /// One line, safe to show.
    pub what: String,
    /// Who manages fields that are to be changed, and which.
    pub managers: Vec<(String, String)>,
    pub warnings: Vec<String>,
}

impl WriteRefusal {
    /// Whether somebody else's fields are in the way.
    pub fn is_conflict_of_managers(&self) -> bool {
        self.status == 409 && !self.managers.is_empty()
    }

    /// Whether all of those fields are ours, written in another way.
    pub fn is_of_our_own(&self) -> bool {
        self.is_conflict_of_managers() && self.managers.iter().all(|(it, _)| it == FIELD_MANAGER)
    }
}

/// The client that writes. There is none without `--write`.
#[derive(Clone)]
pub struct Writer(Client);

impl Writer {
    /// Only for where clients are made: this one must have the gate of writes.
    pub(super) fn new(client: Client) -> Self {
        Self(client)
    }

    /// Sends one change, once; `object` is the one that is written, or whose uid and resourceVersion is deleted.
    pub async fn send(&self, id: &ObjectId, object: &Value, way: WriteMethod, dry_run: DryRun) -> WriteOutcome {
        let request = match request_of(id, object, way, dry_run) {
            Ok(request) => request,
            Err(fault) => return WriteOutcome::Unsent(fault),
        };
        match tokio::time::timeout(DEADLINE, self.exchange(request, way)).await {
            Ok(sent) => sent,
            Err(_) => {
                WriteOutcome::Unknown(LiveFault::new(LiveFaultClass::Timeout, "the server did not answer in time"))
            }
        }
    }

    async fn exchange(&self, request: Request<Body>, way: WriteMethod) -> WriteOutcome {
        let answer = match self.0.send(request).await {
            Ok(answer) => answer,
            Err(error) => {
                let fault = LiveFault::caused("cannot reach the server", &error);
                return if fault.is_unsent { WriteOutcome::Unsent(fault) } else { WriteOutcome::Unknown(fault) };
            }
        };
        let (head, body) = answer.into_parts();
        let warnings = head.headers.get_all(header::WARNING).iter().filter_map(warning).collect();
        let status = head.status.as_u16();
        let text = match Limited::new(body, CAP).collect().await {
            Ok(body) => body.to_bytes(),
            // Its status alone says that nothing was changed.
            Err(_) if (400..500).contains(&status) => Default::default(),
            Err(_) => {
                return WriteOutcome::Unknown(LiveFault::new(
                    LiveFaultClass::Closed,
                    "the connection broke within the answer",
                ));
            }
        };
        read(status, &text, way, warnings)
    }
}

/// What an answer means.
fn read(status: u16, text: &[u8], way: WriteMethod, warnings: Vec<String>) -> WriteOutcome {
    match status {
        200..300 => match serde_json::from_slice::<Value>(text) {
            Ok(object) => {
                let object = (way != WriteMethod::Delete).then_some(object);
                WriteOutcome::Done(WrittenObject { object, is_new: status == 201, warnings })
            }
            Err(_) => WriteOutcome::Unknown(LiveFault::garbled("the answer is not what an API server writes")),
        },
        // A proxy's word that it waited in vain.
        400..500 if status != 408 => WriteOutcome::Refused(refusal(status, text, warnings)),
        _ => WriteOutcome::Unknown(LiveFault::answered(status, text)),
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WriteStatus {
    reason: String,
    details: Option<Details>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Details {
    causes: Vec<Cause>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Cause {
    reason: String,
    message: String,
    field: String,
}

fn refusal(status: u16, text: &[u8], warnings: Vec<String>) -> WriteRefusal {
    let fault = LiveFault::answered(status, text);
    let read: WriteStatus = serde_json::from_slice(text).unwrap_or_default();
    let causes = read.details.unwrap_or_default().causes;
    let of_manager = causes.iter().filter(|it| it.reason == "FieldManagerConflict");
    // `conflict with "kubectl" using v1`: the name stands between the first quotes.
    let manager = |it: &Cause| {
        let name = it.message.split('"').nth(1).unwrap_or(&it.message);
        (one_line(name), one_line(it.field.trim_start_matches('.')))
    };
    let managers = of_manager.map(manager).collect();
    WriteRefusal { status, reason: one_line(&read.reason), what: fault.what, managers, warnings }
}

/// The text of a `Warning: 299 - "text"` header (RFC 7234 5.5).
fn warning(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?;
    let quoted = text.split_once('"').map_or(text, |it| it.1);
    let inner = quoted.rsplit_once('"').map_or(quoted, |it| it.0);
    Some(one_line(&inner.replace("\\\"", "\"")))
}

/// The one request of a write.
fn request_of(id: &ObjectId, object: &Value, way: WriteMethod, dry_run: DryRun) -> Result<Request<Body>, LiveFault> {
    let spec =
        kinds::spec(id.kind).ok_or_else(|| LiveFault::new(LiveFaultClass::Refused, "a kind that is not read"))?;
    let version = object.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    let version = version.rsplit('/').next().filter(|it| !it.is_empty()).unwrap_or(spec.version);
    let path = request::object(spec, version, &id.namespace, &id.name);
    let dry = if dry_run == DryRun::Yes { "&dryRun=All" } else { "" };
    let ours = format!("fieldManager={FIELD_MANAGER}&fieldValidation=Strict&timeout={SERVER_DEADLINE}s{dry}");
    let (method, query, content, body) = match way {
        WriteMethod::Apply { force } => {
            (http::Method::PATCH, format!("{ours}&force={force}"), "application/apply-patch+yaml", object.to_string())
        }
        WriteMethod::Replace => (http::Method::PUT, ours, "application/json", object.to_string()),
        WriteMethod::Delete => {
            let query = format!("timeout={SERVER_DEADLINE}s{dry}");
            (http::Method::DELETE, query, "application/json", delete_options(object, dry_run).to_string())
        }
    };
    let mut request = request::get(&format!("{path}?{query}"));
    *request.method_mut() = method;
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content));
    *request.body_mut() = Body::from(body.into_bytes());
    Ok(request)
}

/// What of an object must still be so when it is deleted.
///
/// A server that reads options from the body reads none from the query: a dry run must stand here.
fn delete_options(object: &Value, dry_run: DryRun) -> Value {
    let fields =
        ["uid", "resourceVersion"].into_iter().filter_map(|it| Some((it.to_owned(), word(object, it)?.into())));
    let preconditions: serde_json::Map<String, Value> = fields.collect();
    let mut options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": preconditions});
    if dry_run == DryRun::Yes {
        options["dryRun"] = json!(["All"]);
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::write_only;
    use crate::model::id::Kind;

    fn policy() -> (ObjectId, Value) {
        let object = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "7"}});
        (ObjectId::new(Kind::NETWORK_POLICY, "shop", "web"), object)
    }

    #[test]
    fn every_write_passes_the_gate_and_names_us() {
        let (id, object) = policy();
        for way in [WriteMethod::Apply { force: false }, WriteMethod::Replace, WriteMethod::Delete] {
            for dry_run in [DryRun::Yes, DryRun::No] {
                let request = request_of(&id, &object, way, dry_run).expect("a request");
                let query = request.uri().query().unwrap_or_default().to_owned();
                assert_eq!(query.contains("dryRun=All"), dry_run == DryRun::Yes);
                assert!(write_only::permit(request).is_ok(), "{way:?}");
            }
        }
        let options = delete_options(&object, DryRun::Yes);
        assert_eq!(options["preconditions"], json!({"uid": "u", "resourceVersion": "7"}));
        assert_eq!(options["dryRun"], json!(["All"]), "the query is not read beside a body");
        assert!(delete_options(&object, DryRun::No).get("dryRun").is_none());
    }

    #[test]
    fn only_a_clear_no_is_a_no() {
        let status = |code: u16| json!({"kind": "Status", "code": code, "message": "x"}).to_string();
        let said = |code: u16| read(code, status(code).as_bytes(), WriteMethod::Replace, Vec::new());
        for code in [400, 401, 403, 404, 409, 410, 422, 429] {
            assert!(matches!(said(code), WriteOutcome::Refused(_)), "{code}");
        }
        for code in [408, 500, 502, 503, 504, 302] {
            assert!(matches!(said(code), WriteOutcome::Unknown(_)), "{code}");
        }
        assert!(
            matches!(read(200, b"{\"kind\":", WriteMethod::Replace, Vec::new()), WriteOutcome::Unknown(_)),
            "half an answer"
        );
    }

    #[test]
    fn a_conflict_names_whose_fields_they_are() {
        let text = json!({"kind": "Status", "code": 409, "reason": "Conflict", "message": "Apply failed",
            "details": {"causes": [{"reason": "FieldManagerConflict", "field": ".spec.ingress",
                "message": "conflict with \"argocd-controller\" using networking.k8s.io/v1"}]}});
        let refusal = refusal(409, text.to_string().as_bytes(), Vec::new());
        assert_eq!(refusal.managers, [("argocd-controller".to_owned(), "spec.ingress".to_owned())]);
        assert!(refusal.is_conflict_of_managers() && !refusal.is_of_our_own());
        let warned = warning(&HeaderValue::from_static("299 - \"unknown field \\\"spec.x\\\"\""));
        assert_eq!(warned.as_deref(), Some("unknown field \"spec.x\""));
    }
}

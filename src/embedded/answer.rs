//! From a request to an answer: paths, methods, rights, forms.
//!
//! ```text
//! /api/v1/namespaces/shop/pods/web-0  →  Target { kind: pods, namespace: shop, name: web-0 }  →  get | list | watch
//! ```

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use http::{Method, Request, Response, header};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::accept::{AnswerForm, reads_gzip};
use super::discovery::{self, Core};
use super::failure::Failure;
use super::gzip::Gzip;
use super::kinds::{self, ServedKind};
use super::list::{self, CHUNK};
use super::protobuf;
use super::query::{Options, Query};
use super::review::{self, Requester};
use super::serve::ServeSettings;
use super::watch::ServedWatch;
use super::world::ServedCluster;
use super::write::WriteRequest;
use super::writer::{Columns, ObjectWriter};

/// The body of every answer.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;

/// What all requests share.
#[derive(Debug)]
pub struct ServerShared {
    pub world: Arc<ServedCluster>,
    pub settings: ServeSettings,
}

impl ServerShared {
    /// Answers a request; never fails, since failures are answers.
    pub async fn answer<B>(self: Arc<ServerShared>, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes>,
    {
        let (head, body) = request.into_parts();
        let text =
            |name| head.headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok()).unwrap_or_default();
        let identity = match self.identity(text(header::AUTHORIZATION)) {
            Ok(identity) => identity,
            Err(failure) => return fail(&failure),
        };
        let decoded = |part| percent_decode_str(part).decode_utf8_lossy();
        let path: Vec<Cow<'_, str>> = head.uri.path().split('/').filter(|part| !part.is_empty()).map(decoded).collect();
        let path: Vec<&str> = path.iter().map(|part| &**part).collect();
        let asked = RequestHead {
            accept: text(header::ACCEPT),
            encoding: text(header::ACCEPT_ENCODING),
            query: Query::parse(head.uri.query().unwrap_or_default()),
        };
        let answer = match head.method {
            Method::GET => self.get(identity, &path, &asked),
            Method::POST | Method::PUT | Method::PATCH | Method::DELETE => match body.collect().await {
                Ok(body) => {
                    let sent = RequestBody {
                        content: text(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim(),
                        agent: text(header::USER_AGENT),
                        body: &body.to_bytes(),
                    };
                    self.change(identity, &head.method, &path, &asked, &sent)
                }
                Err(_) => Err(Failure::bad_request("the body of the request cannot be read")),
            },
            _ => self.refuse(identity, &head.method, &path),
        };
        answer.unwrap_or_else(|failure| fail(&failure))
    }

    fn identity(&self, authorization: &str) -> Result<&Requester, Failure> {
        let token = authorization.strip_prefix("Bearer ").map(str::trim);
        let found = self.settings.identities.iter().find(|identity| identity.token.as_deref() == token);
        found.ok_or_else(|| Failure::new(401, "Unauthorized", "Unauthorized"))
    }

    fn get(&self, identity: &Requester, path: &[&str], asked: &RequestHead<'_>) -> Result<Response<Body>, Failure> {
        match path {
            ["healthz" | "readyz" | "livez", ..] => Ok(respond(200, "text/plain; charset=utf-8", "ok".to_owned())),
            ["version"] => Ok(json(200, &discovery::version())),
            ["api"] if discovery::wants_aggregated(asked.accept) => Ok(aggregated(Core::Yes)),
            ["apis"] if discovery::wants_aggregated(asked.accept) => Ok(aggregated(Core::No)),
            ["api"] => Ok(json(200, &discovery::versions())),
            ["apis"] => Ok(json(200, &discovery::group_list())),
            ["api", "v1"] => found(discovery::resources("")),
            ["apis", group] => found(discovery::group(group)),
            ["apis", group, "v1"] => found(discovery::resources(group)),
            ["openapi", "v3"] => Ok(json(200, &serde_json::json!({"paths": {}}))),
            ["openapi", "v2"] => Ok(json(
                200,
                &serde_json::json!({"swagger": "2.0", "info": {"title": "Kubernetes", "version": "v1.33.5"}, "paths": {}, "definitions": {}}),
            )),
            _ => match PathTarget::of(path) {
                Some(target) => self.read(identity, &target, asked),
                None => Err(refused(identity, path, asked)),
            },
        }
    }

    fn read(
        &self,
        identity: &Requester,
        target: &PathTarget<'_>,
        asked: &RequestHead<'_>,
    ) -> Result<Response<Body>, Failure> {
        let options = Options::parse(target.kind, target.namespace, &asked.query)?;
        let writer =
            ObjectWriter { kind: target.kind, form: AnswerForm::wanted(asked.accept)?, include: options.include };
        let namespace = target.namespace.unwrap_or_default();
        let watch = asked.query.is("watch");
        let verb = if target.name.is_some() && !watch {
            "get"
        } else if watch {
            "watch"
        } else {
            "list"
        };
        // As kube-apiserver has it, a list of one name is asked for under that name.
        let name = target.name.or(options.selector.name()).unwrap_or_default().to_owned();
        identity.check(verb, target.kind, namespace, &name)?;
        match target.name {
            Some(name) if !watch => self.one(&writer, namespace, name),
            _ if watch => Ok(self.watch(writer, options)),
            _ => Ok(self.list(writer, &options, asked)?),
        }
    }

    fn one(&self, writer: &ObjectWriter, namespace: &str, name: &str) -> Result<Response<Body>, Failure> {
        let object_list = list::now(&self.world, writer.kind);
        let at = object_list.find(namespace, name).ok_or_else(|| Failure::no_such_object(writer.kind, name))?;
        let mut out = Vec::new();
        writer.single(object_list.item(at), Columns::NotSent, &mut out);
        out.push(b'\n');
        Ok(respond(200, "application/json", out))
    }

    fn list(
        &self,
        writer: ObjectWriter,
        options: &Options,
        asked: &RequestHead<'_>,
    ) -> Result<Response<Body>, Failure> {
        let mut listing = list::list(&self.world, writer, options)?;
        let first = listing.next().unwrap_or_default();
        // Small answers go out whole and plain, as kube-apiserver sends them.
        if first.len() < CHUNK {
            return Ok(respond(200, "application/json", first));
        }
        let chunks = std::iter::once(first).chain(listing);
        let response = head(200, "application/json");
        if !reads_gzip(asked.encoding) {
            let frames = stream::iter(chunks.map(|chunk| Ok::<_, Infallible>(Frame::data(Bytes::from(chunk)))));
            return Ok(response.map(|()| UnsyncBoxBody::new(StreamBody::new(frames))));
        }
        let frames = stream::iter(Gzip::new(chunks).map(|chunk| Ok::<_, Infallible>(Frame::data(Bytes::from(chunk)))));
        let mut response = response.map(|()| UnsyncBoxBody::new(StreamBody::new(frames)));
        response.headers_mut().insert(header::CONTENT_ENCODING, http::HeaderValue::from_static("gzip"));
        Ok(response)
    }

    fn watch(&self, writer: ObjectWriter, options: Options) -> Response<Body> {
        let watch = ServedWatch::new(self.world.clone(), writer, options, self.settings.bookmark_every);
        let frames = stream::unfold(watch, async |mut watch| {
            let lines = watch.next().await?;
            Some((Ok::<_, Infallible>(Frame::data(Bytes::from(lines))), watch))
        });
        head(200, "application/json").map(|()| UnsyncBoxBody::new(StreamBody::new(frames)))
    }

    /// Questions that have a body, and whatever changes something.
    fn change(
        &self,
        identity: &Requester,
        method: &Method,
        path: &[&str],
        asked: &RequestHead<'_>,
        sent: &RequestBody<'_>,
    ) -> Result<Response<Body>, Failure> {
        let target = PathTarget::of(path).filter(|_| self.world.is_told());
        let Some(target) = target else {
            return if *method == Method::POST {
                self.post(identity, path, sent.body)
            } else {
                self.refuse(identity, method, path)
            };
        };
        let write = WriteRequest {
            kind: target.kind,
            namespace: target.namespace.unwrap_or_default(),
            name: target.name.unwrap_or_default(),
            identity,
            query: &asked.query,
            content: sent.content,
            body: sent.body,
            agent: sent.agent,
        };
        let (code, object) = match (method.as_str(), target.name) {
            ("POST", None) => write.create(&self.world)?,
            ("PUT", Some(_)) => write.update(&self.world)?,
            ("PATCH", Some(_)) => write.patch(&self.world)?,
            ("DELETE", Some(_)) => write.delete(&self.world)?,
            _ => return self.refuse(identity, method, path),
        };
        Ok(json(code, &object))
    }

    fn post(&self, identity: &Requester, path: &[&str], body: &[u8]) -> Result<Response<Body>, Failure> {
        let ["apis", group, "v1", plural] = path else { return self.refuse(identity, &Method::POST, path) };
        if !discovery::serves_review(group, plural) {
            return self.refuse(identity, &Method::POST, path);
        }
        let request = protobuf::review(plural, body).ok_or_else(|| {
            Failure::bad_request("the object provided is unrecognized (must be of type JSON or protobuf)")
        })?;
        let answer = review::answer(identity, plural, &request).ok_or_else(Failure::no_such_path)?;
        Ok(json(201, &answer))
    }

    /// Whatever would change something: 403 for lack of the right, and 405 even with it.
    fn refuse(&self, identity: &Requester, method: &Method, path: &[&str]) -> Result<Response<Body>, Failure> {
        let Some(target) = PathTarget::of(path) else { return Err(Failure::no_such_path()) };
        let verb = match (method.as_str(), target.name) {
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            ("DELETE", Some(_)) => "delete",
            ("DELETE", None) => "deletecollection",
            _ => return Err(Failure::read_only()),
        };
        identity.check(verb, target.kind, target.namespace.unwrap_or_default(), target.name.unwrap_or_default())?;
        Err(Failure::read_only())
    }
}

/// What a request that changes something brings.
struct RequestBody<'a> {
    content: &'a str,
    agent: &'a str,
    body: &'a [u8],
}

/// What of the request's head matters.
struct RequestHead<'a> {
    accept: &'a str,
    encoding: &'a str,
    query: Query,
}

/// What a path names.
struct PathTarget<'a> {
    kind: &'static ServedKind,
    namespace: Option<&'a str>,
    name: Option<&'a str>,
}

impl<'a> PathTarget<'a> {
    fn of(path: &[&'a str]) -> Option<PathTarget<'a>> {
        let (group, rest) = match path {
            ["api", "v1", rest @ ..] => ("", rest),
            ["apis", group, "v1", rest @ ..] => (*group, rest),
            _ => return None,
        };
        let (namespace, plural, name) = match rest {
            ["namespaces", namespace, plural] if !matches!(*plural, "status" | "finalize") => {
                (Some(*namespace), *plural, None)
            }
            ["namespaces", namespace, plural, name] => (Some(*namespace), *plural, Some(*name)),
            [plural] => (None, *plural, None),
            [plural, name] => (None, *plural, Some(*name)),
            _ => return None,
        };
        let kind = kinds::served(group, "v1", plural)?;
        let fits = if kind.namespaced { namespace.is_some() || name.is_none() } else { namespace.is_none() };
        fits.then_some(PathTarget { kind, namespace, name })
    }
}

/// Why something is not answered that no world holds: nobody has the right, or nothing is there.
fn refused(identity: &Requester, path: &[&str], asked: &RequestHead<'_>) -> Failure {
    let (group, rest) = match path {
        ["api", "v1", rest @ ..] => ("", rest),
        ["apis", group, "v1", rest @ ..] => (*group, rest),
        _ => return Failure::no_such_path(),
    };
    let (namespace, plural, name) = match rest {
        ["namespaces", namespace, plural] => (*namespace, *plural, ""),
        ["namespaces", namespace, plural, name] => (*namespace, *plural, *name),
        [plural] => ("", *plural, ""),
        [plural, name] => ("", *plural, *name),
        _ => return Failure::no_such_path(),
    };
    let verb = match (asked.query.is("watch"), name) {
        (true, _) => "watch",
        (false, "") => "list",
        (false, _) => "get",
    };
    match discovery::is_refused(group, plural) {
        true => identity.refusal(verb, group, plural, namespace, name),
        false => Failure::no_such_path(),
    }
}

fn head(code: u16, content_type: &'static str) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = http::StatusCode::from_u16(code).expect("the codes are written out in this module");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-cache, private"));
    response
}

fn respond(code: u16, content_type: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    head(code, content_type).map(|()| UnsyncBoxBody::new(Full::new(body.into())))
}

fn json(code: u16, value: &Value) -> Response<Body> {
    respond(code, "application/json", format!("{value}\n"))
}

fn aggregated(core: Core) -> Response<Body> {
    respond(200, discovery::AGGREGATED_TYPE, format!("{}\n", discovery::aggregated(core)))
}

fn found(value: Option<Value>) -> Result<Response<Body>, Failure> {
    value.map(|value| json(200, &value)).ok_or_else(Failure::no_such_path)
}

fn fail(failure: &Failure) -> Response<Body> {
    json(failure.code, &failure.status())
}

//! A plain HTTP client for the embedded server: one request a connection, answers as text or JSON, watches line by line.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use kreach::embedded::{ServeSettings, ServedCluster, Server, serve};
use serde_json::Value;

/// The server of a world on a free port.
pub async fn server(world: &Arc<ServedCluster>, settings: ServeSettings) -> Server {
    serve(world.clone(), "127.0.0.1:0", settings).await.expect("a free port of loopback")
}

/// A response whose body is still to be read.
pub type Open = http::Response<hyper::body::Incoming>;

/// Sends a request with headers.
pub async fn send(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Open {
    let stream = tokio::net::TcpStream::connect(server.addr).await.expect("the server listens");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("the server speaks HTTP");
    tokio::spawn(connection);
    let mut request = http::Request::builder().method(method).uri(path).header("host", "demo");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::from(body.to_owned()))).expect("a well-formed request");
    sender.send_request(request).await.expect("an answer")
}

/// Sends a request and reads the whole answer.
pub async fn ask(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, Value) {
    let response = send(server, method, path, headers, body).await;
    let code = response.status().as_u16();
    let body = response.into_body().collect().await.expect("the whole body").to_bytes();
    (code, serde_json::from_slice(&body).expect("every answer is JSON"))
}

/// Asks with GET and reads the whole answer.
pub async fn get_as(server: &Server, path: &str, accept: &str) -> (u16, Value) {
    let response = send(server, "GET", path, &[("accept", accept)], "").await;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("the whole body").to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// Asks for JSON.
pub async fn get(server: &Server, path: &str) -> Value {
    get_as(server, path, "application/json").await.1
}

/// The events of a watch, one after the other.
pub struct Events {
    response: Open,
    buffer: Vec<u8>,
}

/// Begins a watch.
pub async fn watch(server: &Server, path: &str, accept: &str) -> Events {
    let response = send(server, "GET", path, &[("accept", accept)], "").await;
    assert_eq!(response.status(), 200);
    Events { response, buffer: Vec::new() }
}

impl Events {
    /// The next event; none at the end of the watch.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).expect("an event is a line of JSON"));
            }
            let frame = self.response.body_mut().frame().await?.expect("the connection holds");
            self.buffer.extend_from_slice(&frame.into_data().expect("a frame of data"));
        }
    }

    /// The next event as `TYPE namespace/name`.
    pub async fn line(&mut self) -> String {
        let event = self.next().await.expect("the watch goes on");
        let metadata = &event["object"]["metadata"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        format!("{} {}/{}", text(&event["type"]), text(&metadata["namespace"]), text(&metadata["name"]))
    }
}

/// The names of a list's items.
pub fn names(list: &Value) -> Vec<String> {
    list["items"]
        .as_array()
        .expect("a list has items")
        .iter()
        .map(|item| item["metadata"]["name"].as_str().expect("items have names").to_owned())
        .collect()
}

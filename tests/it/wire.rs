//! A scripted server that speaks raw HTTP/1.1 over pipes in memory: the player of the fault catalog.
//!
//! ```text
//! let wire = Wire::new(|asked| match (asked.is_watch(), asked.nth) {
//!     (true, 0) => sound(asked).cut(170, Cut::Reset),             // half an event, then a reset
//!     (true, _) => Play::head().event("ADDED", &pod("a", 7)).hold(),
//!     _ => Play::json(200, &list("5", &[])),
//! });
//! ```
//!
//! It decides every byte, when it is sent and how the connection ends. There is no socket, so that a paused clock
//! runs ahead only when both sides wait. The client is kreach's own stack above the connection.
//! It is no Kubernetes: what a sound API server answers is `embedded`'s and the control plane's to show.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use kreach::live::connect;
use kreach::live::write::Writer;
use kube::Client;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf};
use tokio::time::Instant;

/// One request as the server read it.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: String,
    /// What it brings; empty for reads.
    pub body: String,
    /// How many requests of the same path and sort (list, streaming list, watch) came before it.
    pub nth: usize,
    /// When it came, since the server began.
    pub at: Duration,
}

impl Asked {
    /// A parameter of the query, as it was escaped.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.split('&').find_map(|it| it.strip_prefix(name)?.strip_prefix('='))
    }

    /// Whether it asks for events.
    pub fn is_watch(&self) -> bool {
        self.param("watch") == Some("true")
    }

    /// Whether it asks for a list as a stream of events.
    pub fn is_streaming_list(&self) -> bool {
        self.param("sendInitialEvents") == Some("true")
    }

    /// Whether it asks for this collection.
    pub fn is_of(&self, plural: &str) -> bool {
        self.path.rsplit('/').next() == Some(plural)
    }
}

/// One thing that the server does on a connection.
#[derive(Clone, Debug)]
enum Act {
    Send(Vec<u8>),
    Wait(Duration),
    /// Says nothing more and keeps the connection.
    Hold,
    /// The connection breaks.
    Reset,
    /// The connection ends in order.
    Close,
}

/// What the server does with one request.
#[derive(Clone, Debug)]
pub struct Play(Vec<Act>);

impl Play {
    /// Never answers.
    pub fn silence() -> Self {
        Play(vec![Act::Hold])
    }

    /// A whole answer of JSON.
    pub fn json(status: u16, body: &str) -> Self {
        Self::answer(status, "Content-Type: application/json\r\n", body)
    }

    /// A whole answer with these further header lines.
    pub fn answer(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        Play(vec![Act::Send(format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into())])
    }

    /// The answer of an API server that says no.
    pub fn status(status: u16, reason: &str, message: &str) -> Self {
        Self::json(status, &status_object(status, reason, message).to_string())
    }

    /// The beginning of an answer, as it stands.
    pub fn begun(text: &str) -> Self {
        Play(vec![Act::Send(text.into())])
    }

    /// The head of a stream.
    pub fn head() -> Self {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
        Play(vec![Act::Send(head.into())])
    }

    /// Bytes as they are.
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.push(Act::Send(bytes.to_vec()));
        self
    }

    /// One chunk of a stream.
    pub fn bytes(self, bytes: &[u8]) -> Self {
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend_from_slice(bytes);
        chunk.extend_from_slice(b"\r\n");
        self.raw(&chunk)
    }

    /// One event, as a chunk of its own.
    pub fn event(self, kind: &str, object: &Value) -> Self {
        self.bytes(event(kind, object).as_bytes())
    }

    /// Pauses.
    pub fn wait(mut self, pause: Duration) -> Self {
        self.0.push(Act::Wait(pause));
        self
    }

    /// Says nothing more.
    pub fn hold(mut self) -> Self {
        self.0.push(Act::Hold);
        self
    }

    /// Breaks the connection.
    pub fn reset(mut self) -> Self {
        self.0.push(Act::Reset);
        self
    }

    /// Ends the stream in order; the connection may be used again.
    pub fn end(self) -> Self {
        self.raw(b"0\r\n\r\n")
    }

    /// The same, but only its first `count` bytes, and then this end.
    pub fn cut(self, count: usize, end: Cut) -> Self {
        let mut left = count;
        let mut acts = Vec::new();
        for act in self.0 {
            match act {
                Act::Send(bytes) if bytes.len() > left => {
                    acts.push(Act::Send(bytes[..left].to_vec()));
                    break;
                }
                Act::Send(bytes) => {
                    left -= bytes.len();
                    acts.push(Act::Send(bytes));
                }
                other => acts.push(other),
            }
        }
        acts.retain(|it| matches!(it, Act::Send(_)));
        acts.push(if end == Cut::Reset { Act::Reset } else { Act::Close });
        Play(acts)
    }

    /// How many bytes it sends.
    pub fn len(&self) -> usize {
        self.0.iter().map(|it| if let Act::Send(bytes) = it { bytes.len() } else { 0 }).sum()
    }
}

/// How a connection is cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cut {
    Reset,
    Close,
}

/// A `Status` object.
pub fn status_object(status: u16, reason: &str, message: &str) -> Value {
    serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": reason, "code": status
    })
}

/// One line of a watch.
pub fn event(kind: &str, object: &Value) -> String {
    format!("{}\n", serde_json::json!({ "type": kind, "object": object }))
}

type Script = dyn Fn(&Asked) -> Play + Send + Sync;

struct Shared {
    script: Box<Script>,
    /// Before this moment connections are refused.
    opens: Instant,
    began: Instant,
    asked: Mutex<Vec<Asked>>,
}

/// The scripted server.
#[derive(Clone)]
pub struct Wire(Arc<Shared>);

impl Wire {
    /// A server that plays this script, request by request.
    pub fn new(script: impl Fn(&Asked) -> Play + Send + Sync + 'static) -> Self {
        Self::opening_after(Duration::ZERO, script)
    }

    /// The same, refusing connections at first.
    pub fn opening_after(wait: Duration, script: impl Fn(&Asked) -> Play + Send + Sync + 'static) -> Self {
        let began = Instant::now();
        let asked = Mutex::default();
        Wire(Arc::new(Shared { script: Box::new(script), opens: began + wait, began, asked }))
    }

    /// kreach's client, connected to this server.
    pub fn client(&self) -> Client {
        let server = Uri::from_static("http://wire.example");
        connect::over(Connector(self.clone()), server).expect("a client")
    }

    /// What writes to this server.
    pub fn writer(&self) -> Writer {
        let server = Uri::from_static("http://wire.example");
        connect::writer_over(Connector(self.clone()), server).expect("a writer")
    }

    /// Everything that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.0.asked.lock().expect("no panic under the lock").clone()
    }

    /// Forgets what was asked so far.
    pub fn forget(&self) {
        self.0.asked.lock().expect("no panic under the lock").clear();
    }

    /// How many requests met this condition.
    pub fn count(&self, which: impl Fn(&Asked) -> bool) -> usize {
        self.asked().iter().filter(|it| which(it)).count()
    }

    fn play(&self, head: &str, body: String) -> Play {
        let mut words = head.lines().next().unwrap_or_default().split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (path, query, headers) = (path.to_owned(), query.to_owned(), head.to_ascii_lowercase());
        let mut asked = Asked { method, path, query, headers, body, nth: 0, at: self.0.began.elapsed() };
        let mut all = self.0.asked.lock().expect("no panic under the lock");
        let sort = |it: &Asked| (it.method.clone(), it.path.clone(), it.is_watch(), it.is_streaming_list());
        asked.nth = all.iter().filter(|it| sort(it) == sort(&asked)).count();
        all.push(asked.clone());
        drop(all);
        (self.0.script)(&asked)
    }

    async fn serve(self, mut pipe: DuplexStream, broken: Arc<AtomicBool>) {
        while let Some(head) = read_head(&mut pipe).await {
            let Some(body) = read_body(&mut pipe, &head).await else { return };
            for act in self.play(&head, body).0 {
                match act {
                    Act::Send(bytes) => {
                        if pipe.write_all(&bytes).await.is_err() {
                            return;
                        }
                    }
                    Act::Wait(pause) => tokio::time::sleep(pause).await,
                    Act::Hold => {
                        // Until the client goes away.
                        let _ = pipe.read(&mut [0; 64]).await;
                        return;
                    }
                    Act::Reset => return broken.store(true, Ordering::SeqCst),
                    Act::Close => return,
                }
            }
        }
    }
}

/// What a request brings behind its head.
async fn read_body(pipe: &mut DuplexStream, head: &str) -> Option<String> {
    let length =
        head.to_ascii_lowercase().lines().find_map(|it| it.strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    pipe.read_exact(&mut body).await.ok()?;
    String::from_utf8(body).ok()
}

/// A request's head.
async fn read_head(pipe: &mut DuplexStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(pipe.read_u8().await.ok()?);
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// Makes pipes to the server.
#[derive(Clone)]
struct Connector(Wire);

impl tower::Service<Uri> for Connector {
    type Response = Pipe;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Pipe>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let wire = self.0.clone();
        Box::pin(async move {
            if Instant::now() < wire.0.opens {
                return Err(io::Error::new(io::ErrorKind::ConnectionRefused, "Connection refused"));
            }
            let (ours, theirs) = tokio::io::duplex(64 * 1024);
            let broken = Arc::new(AtomicBool::new(false));
            tokio::spawn(wire.serve(theirs, broken.clone()));
            Ok(Pipe(TokioIo::new(End { pipe: ours, broken })))
        })
    }
}

/// The client's end of a connection, as hyper wants it.
pub struct Pipe(TokioIo<End>);

impl Pipe {
    /// One that nobody breaks.
    pub fn whole(pipe: DuplexStream) -> Self {
        Self(TokioIo::new(End { pipe, broken: Arc::default() }))
    }
}

/// The client's end: after the server broke it, its end is an error.
struct End {
    pipe: DuplexStream,
    broken: Arc<AtomicBool>,
}

impl AsyncRead for End {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.pipe).poll_read(context, buffer);
        let ended = matches!(polled, Poll::Ready(Ok(()))) && buffer.filled().len() == before;
        if ended && self.broken.load(Ordering::SeqCst) {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionReset, "Connection reset by peer")));
        }
        polled
    }
}

impl AsyncWrite for End {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.pipe).poll_write(context, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(context)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_shutdown(context)
    }
}

impl hyper::rt::Read for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl hyper::rt::Write for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

impl Connection for Pipe {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

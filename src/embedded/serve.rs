//! A world behind a socket: HTTP/1.1 on an address of this machine.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use kreach::embedded::{ServeSettings, ServedCluster, serve};
//! let world = ServedCluster::seeded("S").expect("a world of that name");
//! let server = serve(world, "127.0.0.1:0", ServeSettings::default()).await?;
//! println!("{}", server.url());
//! # Ok(()) }
//! ```
//!
//! No TLS and no secrets: it is a demonstration and a tool for tests, and binds to loopback unless told otherwise.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::task::{JoinHandle, JoinSet};

use super::answer::ServerShared;
use super::review::{DEMO_USER, Requester};
use super::story::Story;
use super::world::ServedCluster;

/// How a world is served.
#[derive(Clone, Debug)]
pub struct ServeSettings {
    /// How often a watch that wants bookmarks gets one.
    pub bookmark_every: Duration,
    /// Who may ask; the one without a token stands for everybody who brings none.
    pub identities: Vec<Requester>,
}

impl Default for ServeSettings {
    fn default() -> ServeSettings {
        ServeSettings { bookmark_every: Duration::from_secs(60), identities: vec![Requester::demo()] }
    }
}

/// A world that is being served; dropping it ends the service and every connection.
#[derive(Debug)]
pub struct Server {
    pub addr: SocketAddr,
    pub handle: JoinHandle<()>,
}

impl Server {
    /// Where it listens, as a URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

/// Serves a world; it is reachable when this returns.
pub async fn serve(
    world: Arc<ServedCluster>,
    address: impl ToSocketAddrs,
    settings: ServeSettings,
) -> io::Result<Server> {
    start(world, address, settings, None).await
}

/// Serves the world of that name as the demo does: `story`, which begins to happen, or a seeded one.
pub async fn serve_named(name: &str, address: impl ToSocketAddrs, settings: ServeSettings) -> io::Result<Server> {
    if name.eq_ignore_ascii_case("story") {
        let mut story = Story::new(jiff::Timestamp::now());
        if settings.is_writable() {
            administrators().into_iter().for_each(|it| story.add(it));
        }
        return start(story.world().clone(), address, settings, Some(story)).await;
    }
    let unknown = || {
        let message = format!("no world is called {name:?}: there are {}", world_names().join(", "));
        io::Error::new(io::ErrorKind::InvalidInput, message)
    };
    start(ServedCluster::seeded(name).ok_or_else(unknown)?, address, settings, None).await
}

impl ServeSettings {
    /// For a demo that may be changed by its user.
    pub fn writable() -> ServeSettings {
        ServeSettings { identities: vec![Requester::demo_writer()], ..ServeSettings::default() }
    }

    fn is_writable(&self) -> bool {
        self.identities.iter().any(|it| it.token.is_none() && it.may("*", "*", "*"))
    }
}

/// The RBAC objects that say so of the demo's user.
fn administrators() -> [Value; 2] {
    let name = "demo-administrator";
    let group = "rbac.authorization.k8s.io";
    [
        json!({"apiVersion": format!("{group}/v1"), "kind": "ClusterRole", "metadata": {"name": name},
            "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}),
        json!({"apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": group, "kind": "User", "name": DEMO_USER}]}),
    ]
}

/// The names of all worlds, the demo's own first.
pub fn world_names() -> Vec<&'static str> {
    std::iter::once("story").chain(super::seeded::shapes::SHAPES.iter().map(|shape| shape.name)).collect()
}

async fn start(
    world: Arc<ServedCluster>,
    address: impl ToSocketAddrs,
    settings: ServeSettings,
    story: Option<Story>,
) -> io::Result<Server> {
    let listener = TcpListener::bind(address).await?;
    let addr = listener.local_addr()?;
    let service = Arc::new(ServerShared { world, settings });
    Ok(Server { addr, handle: tokio::spawn(accept(listener, service, story)) })
}

/// Takes connections; they end with this task, as the story does, since the set is its own.
async fn accept(listener: TcpListener, service: Arc<ServerShared>, story: Option<Story>) {
    let mut connections = JoinSet::new();
    if let Some(story) = story {
        connections.spawn(story.play());
    }
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        while connections.try_join_next().is_some() {}
        // Watches send small events: they shall not wait for more to send.
        let _ = stream.set_nodelay(true);
        let service = service.clone();
        let answer = service_fn(move |request| {
            let service = service.clone();
            async move { Ok::<_, Infallible>(service.answer(request).await) }
        });
        connections.spawn(async move {
            // A client that goes away ends its connection; there is nobody to tell.
            let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

//! From a selection to a client that reads, and with `--write` to one more that writes: TLS, proxy, credentials, deadlines.
//!
//! ```text
//! gate ─► authorize ─► impersonate, User-Agent ─► base URL, gzip ─► HTTP/1.1 over TLS ─► keepalive, 10 s
//! ```
//!
//! Our own stack of kube-rs's layers, since its ready-made one retries in silence for minutes (M4, M5), sets no
//! keepalive, and runs plugins on our screen (M15). What to try again, and when, is `follow`'s to say; a write is never
//! tried again (M4). What a client may send is settled where it is made, by the gate that is its outermost layer.

use std::path::Path;
use std::time::Duration;

use http::{HeaderValue, Uri, header::USER_AGENT};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ConfigExt as _};
use kube::{Client, Config};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use secrecy::ExposeSecret as _;
use tower::{BoxError, Service, ServiceBuilder};
use tower_http::decompression::DecompressionLayer;

use super::address::{self, Address, Login};
use super::bounded;
pub use super::credentials::Credentials;
use super::credentials::{self, Again, Authorize};
use super::fault::{LiveFault, LiveFaultClass};
use super::kubeconfig;
pub use super::kubeconfig::{ContextEntry, Flags, Selection, Surroundings, contexts, select};
pub use super::plugin::Plugins;
use super::proxy::proxy_for;
use super::write::Writer;
use super::{read_only, write_only};

/// How long a connection may take to stand, TLS included (N4).
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// After this much silence the kernel asks whether the other end is there, three times, 5 s apart (N7).
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;
/// How long sent bytes may stay unacknowledged (N7).
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);
/// How long an unused connection is kept; commands and probes are that far apart at most.
const IDLE: Duration = Duration::from_secs(30);

/// How much of an answer a connection holds at once; left alone, hyper would keep half a MiB for each watch.
const READ_BUFFER: usize = 32 << 10;

/// How kreach names itself in the server's audit log.
pub const AGENT: &str = concat!("kreach/", env!("CARGO_PKG_VERSION"));

/// A client and what the screen says of it.
#[derive(Clone)]
pub struct Connected {
    pub client: Client,
    /// What writes; nothing without `--write` or a configuration that says so.
    pub writer: Option<Writer>,
    /// Whether the configuration says that the context is production.
    pub production: bool,
    /// What gives its token; nothing where the token is kube-rs's own matter.
    pub credentials: Option<Credentials>,
    /// The context's name, or what stands for one (`in-cluster`).
    pub context: String,
    /// `https://10.0.0.5:6443`.
    pub server: String,
    pub user: String,
    /// The namespace of bare names.
    pub namespace: String,
    /// `--request-timeout`: how long one request of a command may take; watches are not bound by it.
    pub request_timeout: Option<std::time::Duration>,
    /// Whether anyone in between could answer as the server: that stands on the screen for as long as it holds (N3).
    pub insecure: bool,
    pub contexts: Vec<ContextEntry>,
    /// What was odd and did not stop us; `insecure-skip-tls-verify` is always among them (N3).
    pub warnings: Vec<String>,
}

/// Reads the kubeconfig, runs what gives credentials and builds a client; sends nothing to the server yet.
///
/// # Errors
/// One line and a hint; a command exits with 2.
pub async fn connect(flags: &Flags) -> Result<Connected, LiveFault> {
    connect_in(flags, &Surroundings::of_process()).await
}

/// [`connect`], in surroundings that are said.
///
/// # Errors
/// As [`connect`].
pub async fn connect_in(flags: &Flags, around: &Surroundings) -> Result<Connected, LiveFault> {
    connect_to(kubeconfig::select(flags, around)?, flags, around).await
}

/// [`connect_in`] to what was selected already by the same flags: a kubeconfig from a pipe can be read once alone.
///
/// # Errors
/// As [`connect`].
pub async fn connect_to(
    mut selection: Selection,
    flags: &Flags,
    around: &Surroundings,
) -> Result<Connected, LiveFault> {
    let again = {
        let (flags, around) = (flags.clone(), around.clone());
        Again::new(move || kubeconfig::user_again(&flags, &around))
    };
    // As in client-go: a token is more than the name and password of the address.
    let user = &selection.user;
    let has_token = user.token.is_some() || user.token_file.is_some() || user.exec.is_some();
    let credentials = credentials::take(&mut selection.user, &flags.plugins, again).await?;
    let (mut config, login, proxy) = config(&selection, around)?;
    if let Some(login) = login.filter(|_| !has_token && config.auth_info.username.is_none()) {
        (config.auth_info.username, config.auth_info.password) = (Some(login.user), Some(login.password));
    }
    let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    let insecure = config.accept_invalid_certs;
    if insecure {
        selection.warnings.push("insecure-skip-tls-verify: anyone in between can answer as the server".to_owned());
    }
    let make = |gate| client(config.clone(), proxy.clone(), credentials.clone(), gate);
    let writer = selection.writes.then(|| make(RequestGate::Writes).map(Writer::new)).transpose()?;
    let client = make(RequestGate::Reads)?;
    let context = [&selection.context, &selection.cluster_name, &server].into_iter().find(|it| !it.is_empty()).cloned();
    Ok(Connected {
        client,
        writer,
        production: selection.production,
        credentials,
        context: context.unwrap_or_default(),
        server,
        user: selection.user_name,
        namespace: selection.namespace,
        request_timeout: flags.request_timeout,
        insecure,
        contexts: selection.contexts,
        warnings: selection.warnings,
    })
}

/// A client for a bare address, such as that of the embedded server.
///
/// # Errors
/// The client cannot be built.
pub fn to_address(server: Uri) -> Result<Client, LiveFault> {
    client(Config::new(server), None, None, RequestGate::Reads)
}

/// What writes to a bare address.
///
/// # Errors
/// The client cannot be built.
pub fn writer_to_address(server: Uri) -> Result<Writer, LiveFault> {
    client(Config::new(server), None, None, RequestGate::Writes).map(Writer::new)
}

/// A client whose connections are made by `connector`: the whole stack above them is the one of [`connect`].
///
/// # Errors
/// The client cannot be built.
pub fn over<H>(connector: H, server: Uri) -> Result<Client, LiveFault>
where
    H: Service<Uri> + Clone + Send + Sync + 'static,
    H::Response: Connection + hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
    H::Future: Send + 'static,
    H::Error: Into<BoxError> + std::error::Error + Send + Sync + 'static,
{
    stack(connector, Config::new(server), None, None, RequestGate::Reads)
}

/// The same that writes.
///
/// # Errors
/// The client cannot be built.
pub fn writer_over<H>(connector: H, server: Uri) -> Result<Writer, LiveFault>
where
    H: Service<Uri> + Clone + Send + Sync + 'static,
    H::Response: Connection + hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
    H::Future: Send + 'static,
    H::Error: Into<BoxError> + std::error::Error + Send + Sync + 'static,
{
    stack(connector, Config::new(server), None, None, RequestGate::Writes).map(Writer::new)
}

/// What a client may send: settled once, where it is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum RequestGate {
    Reads,
    Writes,
}

impl RequestGate {
    fn permit(self, request: http::Request<Body>) -> Result<http::Request<Body>, BoxError> {
        match self {
            RequestGate::Reads => read_only::permit(request),
            RequestGate::Writes => write_only::permit(request),
        }
    }
}

fn fault(what: &str) -> LiveFault {
    LiveFault::new(LiveFaultClass::Config, what)
}

/// kube-rs's settings from our selection; `Config`'s own loader would ask the environment in its own way.
///
/// A login in the server's address is basic authentication, as Go's client does it; the proxy keeps its own.
fn config(selection: &Selection, around: &Surroundings) -> Result<(Config, Option<Login>, Option<Address>), LiveFault> {
    let cluster = &selection.cluster;
    let name = &selection.cluster_name;
    let server = cluster.server.as_deref().filter(|it| !it.is_empty());
    let server = server.ok_or_else(|| fault(&format!("cluster {name:?} has no server in the kubeconfig")))?;
    let certificates = certificates(cluster)?;
    let insecure = cluster.insecure_skip_tls_verify.unwrap_or(false);
    let secured = certificates.is_some() || insecure;
    let Address { uri, login } = server_address(server, secured)?;
    let mut config = Config::new(uri);
    let proxy = proxy_for(&config.cluster_url, cluster.proxy_url.as_deref(), |it| around.text(it))?;
    config.root_cert = certificates;
    config.accept_invalid_certs = insecure;
    config.tls_server_name = cluster.tls_server_name.clone().filter(|it| !it.is_empty());
    config.disable_compression = cluster.disable_compression.unwrap_or(false);
    config.default_namespace = selection.namespace.clone();
    config.auth_info = selection.user.clone();
    Ok((config, login, proxy))
}

/// The server's address; without a scheme it is `https` where TLS is set up, as in client-go.
fn server_address(server: &str, secured: bool) -> Result<Address, LiveFault> {
    let read = Address::read(server, if secured { "https" } else { "http" });
    let read = read.filter(|it| matches!(it.uri.scheme_str(), Some("http" | "https")));
    read.ok_or_else(|| fault(&format!("not the address of a server: {:?}", address::shown(server))))
}

/// The cluster's certificate authorities, DER.
fn certificates(cluster: &kube::config::Cluster) -> Result<Option<Vec<Vec<u8>>>, LiveFault> {
    use base64::Engine as _;
    let text = match (&cluster.certificate_authority_data, &cluster.certificate_authority) {
        (Some(data), _) if !data.is_empty() => base64::engine::general_purpose::STANDARD
            .decode(data.trim())
            .map_err(|_| fault("certificate-authority-data is not base64"))?,
        (_, Some(path)) if !path.is_empty() => {
            let read = bounded::file(Path::new(path), bounded::CREDENTIAL);
            read.map_err(|it| fault(&format!("cannot read certificate-authority {path}: {it}")))?
        }
        _ => return Ok(None),
    };
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let read = read.map_err(|it| fault(&format!("certificate-authority is not PEM: {it:?}")))?;
    if read.is_empty() {
        return Err(fault("certificate-authority holds no certificate"));
    }
    Ok(Some(read.into_iter().map(|it| it.as_ref().to_vec()).collect()))
}

fn client(
    config: Config,
    proxy: Option<Address>,
    credentials: Option<Credentials>,
    gate: RequestGate,
) -> Result<Client, LiveFault> {
    let Some(Address { uri, login }) = proxy else { return stack(http(), config, None, credentials, gate) };
    let name = named(&uri);
    match uri.scheme_str() {
        Some("socks5" | "socks5h") => {
            let socks = SocksV5::new(uri, http());
            let socks = match login {
                Some(login) => socks.with_auth(login.user, login.password.expose_secret().to_owned()),
                None => socks,
            };
            stack(socks, config, name, credentials, gate)
        }
        Some("http") => stack(tunnel(uri, login, http()), config, name, credentials, gate),
        Some("https") => {
            let connector = config.rustls_https_connector_with_connector(http()).map_err(|it| built(&it))?;
            stack(tunnel(uri, login, connector), config, name, credentials, gate)
        }
        _ => Err(fault(&format!("proxies of this kind are not supported: {uri}"))),
    }
}

/// The TCP end: keepalive, so that a connection that died in silence is noticed (N7).
fn http() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_keepalive(Some(KEEPALIVE));
    connector.set_keepalive_interval(Some(KEEPALIVE_INTERVAL));
    connector.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
    #[cfg(target_os = "linux")]
    connector.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
    connector
}

/// A tunnel through an HTTP proxy, with the name and password of its address.
fn tunnel<C>(proxy: Uri, login: Option<Login>, connector: C) -> Tunnel<C> {
    let tunnel = Tunnel::new(proxy, connector);
    match login.as_ref().and_then(Login::basic) {
        Some(header) => tunnel.with_auth(header),
        None => tunnel,
    }
}

/// A proxy as it is shown.
fn named(proxy: &Uri) -> Option<String> {
    let port = proxy.port().map(|it| format!(":{it}")).unwrap_or_default();
    proxy.host().map(|host| format!("{host}{port}"))
}

fn built(error: &kube::Error) -> LiveFault {
    LiveFault { class: LiveFaultClass::Config, hint: None, ..LiveFault::caused("cannot set up the connection", error) }
}

fn stack<H>(
    connector: H,
    mut config: Config,
    proxy: Option<String>,
    credentials: Option<Credentials>,
    gate: RequestGate,
) -> Result<Client, LiveFault>
where
    H: Service<Uri> + Clone + Send + Sync + 'static,
    H::Response: Connection + hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
    H::Future: Send + 'static,
    H::Error: Into<BoxError> + std::error::Error + Send + Sync + 'static,
{
    let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    config.headers.push((USER_AGENT, HeaderValue::from_static(AGENT)));
    let connector = config.rustls_https_connector_with_connector(connector).map_err(|it| built(&it))?;
    let mut connector = TimeoutConnector::new(connector);
    connector.set_connect_timeout(Some(CONNECT_DEADLINE));
    // A write goes once, on a connection of its own: nothing below us sends it again on another.
    let kept = if gate == RequestGate::Writes { 0 } else { usize::MAX };
    let client = hyper_util::client::legacy::Builder::new(TokioExecutor::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(kept)
        .retry_canceled_requests(gate == RequestGate::Reads)
        .http1_max_buf_size(READ_BUFFER)
        .build::<_, Body>(connector);
    let service = ServiceBuilder::new()
        .filter(move |request| gate.permit(request))
        .layer(Authorize(credentials))
        .option_layer(config.auth_layer().map_err(|it| built(&it))?)
        .layer(config.extra_headers_layer().map_err(|it| built(&it))?)
        .layer(config.base_uri_layer())
        .layer(DecompressionLayer::new().gzip(!config.disable_compression))
        .map_err(move |error| {
            BoxError::from(match &proxy {
                Some(proxy) => LiveFault::sent_through(&server, proxy, &error),
                None => LiveFault::sent(&server, &error),
            })
        })
        .service(client);
    Ok(Client::new(service, config.default_namespace))
}

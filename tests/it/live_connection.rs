//! What stands between kreach and an API server: names, certificates, proxies, refused tokens; each is one line.
//!
//! Over sockets of this machine, since TLS and proxies are made of connections; nothing leaves it.

use std::path::Path;
use std::sync::Arc;

use kreach::ask::needs::Needs;
use kreach::embedded::review::Requester;
use kreach::embedded::{ServeSettings, ServedCluster, serve};
use kreach::live::connect::{self, Flags, Surroundings};
use kreach::live::fault::{LiveFault, LiveFaultClass};
use kreach::live::read::Reader;
use kreach::model::cluster::Cluster;
use kreach::model::coverage::Coverage;
use kreach::model::id::Kind;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Asks for the pods, as any command does first, through this cluster entry and user of a kubeconfig.
async fn ask(cluster: Value, user: Value) -> Result<Cluster, LiveFault> {
    let folder = tempfile::tempdir().expect("a folder");
    ask_from(folder.path(), cluster, user).await
}

async fn ask_from(folder: &Path, cluster: Value, user: Value) -> Result<Cluster, LiveFault> {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it",
        "clusters": [{ "name": "it", "cluster": cluster }],
        "users": [{ "name": "it", "user": user }],
        "contexts": [{ "name": "it", "context": { "cluster": "it", "user": "it" } }],
    });
    let path = folder.join("config");
    std::fs::write(&path, config.to_string()).expect("written");
    let around = Surroundings::default();
    let connected = connect::connect_in(&Flags { kubeconfig: Some(path), ..Flags::default() }, &around).await?;
    let mut held = Cluster::new(Coverage::Unread);
    Reader::of(&connected, Vec::new()).read(&mut held, &Needs::all_of([Kind::POD])).await?;
    Ok(held)
}

/// The fault of asking: always one line, without what could command a terminal.
async fn fault(cluster: Value) -> LiveFault {
    let fault = ask(cluster, json!({})).await.expect_err("it cannot be asked");
    assert!(!fault.what.contains(['\n', '\u{1b}']), "{fault:?}");
    fault
}

pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).expect("no names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    fn pem(&self) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(self.0.pem())
    }

    /// A certificate for these names, with changes.
    pub fn certify(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> ServerConfig {
        let names: Vec<String> = names.iter().map(|it| (*it).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let signed = params.signed_by(&key, &self.0).expect("a certificate");
        let chain = vec![CertificateDer::from(signed.der().to_vec())];
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("its own versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate and its key")
    }
}

/// A TLS end before a plain server; gives its address.
pub async fn secured(config: ServerConfig, behind: std::net::SocketAddr) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("https://{}", listener.local_addr().expect("an address"));
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not trust us ends here.
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut plain = TcpStream::connect(behind).await.expect("the server is there");
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut plain).await;
            });
        }
    });
    address
}

/// A server of any words: answers each connection so, and closes it.
async fn saying(answer: &'static str) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    address
}

/// N3: which check of the certificate failed is said, and nothing is trusted by itself.
#[tokio::test]
async fn n3_a_certificate_that_does_not_hold_is_told_by_what_fails() {
    let server = serve(ServedCluster::told("tls"), "127.0.0.1:0", ServeSettings::default()).await.expect("a server");
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let sound = secured(ours.certify(&["127.0.0.1"], |_| {}), server.addr).await;
    let trusting = |address: &str| json!({ "server": address, "certificate-authority-data": ours.pem() });
    assert!(ask(trusting(&sound), json!({})).await.is_ok(), "a certificate that holds");

    let past = |it: &mut CertificateParams| it.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let future = |it: &mut CertificateParams| it.not_before = rcgen::date_time_ymd(3020, 1, 1);
    let expired = secured(ours.certify(&["127.0.0.1"], past), server.addr).await;
    let early = secured(ours.certify(&["127.0.0.1"], future), server.addr).await;
    let elsewhere = secured(ours.certify(&["other.example"], |_| {}), server.addr).await;
    let unknown = json!({ "server": sound, "certificate-authority-data": other.pem() });
    let cases = [
        (unknown, "UnknownIssuer"),
        (json!({ "server": sound }), "UnknownIssuer"),
        (trusting(&expired), "certificate expired"),
        (trusting(&early), "certificate not valid yet"),
        (trusting(&elsewhere), "other.example"),
    ];
    for (cluster, said) in cases {
        let fault = fault(cluster).await;
        assert_eq!(fault.class, LiveFaultClass::Tls, "{fault:?}");
        assert!(fault.what.starts_with("cannot reach https://127.0.0.1:") && fault.what.contains(said), "{fault:?}");
        assert!(fault.hint.as_deref().is_some_and(|it| it.contains("certificate-authority")), "{fault:?}");
    }
    let named =
        json!({ "server": elsewhere, "certificate-authority-data": ours.pem(), "tls-server-name": "other.example" });
    assert!(ask(named, json!({})).await.is_ok(), "the name that was said is the one that counts");
}

/// N3: TLS spoken to a server that speaks none.
#[tokio::test]
async fn n3_a_server_without_tls_is_told() {
    let plain = saying("HTTP/1.1 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n").await;
    let fault = fault(json!({ "server": format!("https://{plain}") })).await;
    assert_eq!(fault.class, LiveFaultClass::Tls, "{fault:?}");
}

/// N2: a name that is none, a port where nobody is, a page of HTML.
#[tokio::test]
async fn n2_names_ports_and_pages_are_told_by_their_class() {
    // A label of 64 letters is refused by the resolver itself: no server of names is asked.
    let name = "a".repeat(64);
    for scheme in ["http", "https"] {
        let unnamed = fault(json!({ "server": format!("{scheme}://{name}.example:6443") })).await;
        assert_eq!(unnamed.class, LiveFaultClass::Dns, "{unnamed:?}");
        assert!(unnamed.what.contains(&name) && unnamed.hint.as_deref().is_some_and(|it| it.contains("VPN")));
    }

    let nobody = fault(json!({ "server": "http://127.0.0.1:1" })).await;
    assert_eq!(nobody.class, LiveFaultClass::Tcp, "{nobody:?}");
    assert!(nobody.what.starts_with("cannot reach http://127.0.0.1:1"), "{nobody:?}");

    let page = "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>\n<title>502</title>\n\u{1b}[31mno upstream</html>";
    let page = fault(json!({ "server": format!("http://{}", saying(page).await) })).await;
    assert_eq!(page.class, LiveFaultClass::Http(502), "{page:?}");
    assert!(!page.what.contains('<') && page.what.contains("no upstream"), "{page:?}");
}

/// A proxy that wants a password, refuses, is away, or is no proxy is named; its own password is not.
#[tokio::test]
async fn a_proxy_that_stands_in_the_way_is_named() {
    let server = "https://api.example:6443";
    let wants = saying("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
    let refuses = saying("HTTP/1.1 403 Forbidden\r\n\r\n").await;
    let confused = saying("220 mail.example ESMTP\r\n").await;
    let away: std::net::SocketAddr = "127.0.0.1:1".parse().expect("an address");
    for (proxy, said) in
        [(wants, "authorization required"), (refuses, "unsuccessful"), (confused, ""), (away, "refused")]
    {
        let cluster = json!({ "server": server, "proxy-url": format!("http://user:hunter2@{proxy}") });
        let fault = fault(cluster).await;
        assert_eq!(fault.class, LiveFaultClass::Proxy, "{fault:?}");
        let begins = format!("cannot reach {server} through the proxy {proxy}: ");
        assert!(fault.what.starts_with(&begins) && fault.what.contains(said), "{fault:?}");
        assert!(!fault.what.contains("hunter2"), "{fault:?}");
        assert!(fault.hint.as_deref().is_some_and(|it| it.contains("proxy-url")), "{fault:?}");
    }
}

/// A1: a token that is refused is an error of a command, with what to do; the plugin's next one is taken.
#[tokio::test]
async fn a1_a_refused_token_is_told_and_a_new_one_is_taken() {
    let identities = vec![Requester { token: Some("t2".to_owned()), ..Requester::demo() }];
    let settings = ServeSettings { identities, ..ServeSettings::default() };
    let server = serve(ServedCluster::told("tokens"), "127.0.0.1:0", settings).await.expect("a server");
    let folder = tempfile::tempdir().expect("a folder");
    let runs = folder.path().join("runs").display().to_string();
    let script = format!(
        "echo run >> {runs}; n=$(wc -l < {runs} | tr -d ' '); echo \"{{\\\"status\\\": {{\\\"token\\\": \\\"t$n\\\"}}}}\""
    );
    let user = json!({ "exec": { "apiVersion": "client.authentication.k8s.io/v1", "command": "sh",
                                 "args": ["-c", script], "interactiveMode": "Never" } });
    let cluster = json!({ "server": server.url() });
    let refused = ask_from(folder.path(), cluster.clone(), user.clone()).await.expect_err("t1 is not accepted");
    assert_eq!(refused.class, LiveFaultClass::Http(401), "{refused:?}");
    assert_eq!(refused.hint.as_deref(), Some("the credentials are not accepted: log in again"));
    assert!(ask_from(folder.path(), cluster, user).await.is_ok(), "t2 is");
}

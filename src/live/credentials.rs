//! The bearer token that goes with each request, fresh.
//!
//! ```text
//! token file   read again every minute; it wins over an inline token, as in client-go (M16)
//! plugin       run again a minute before its token ends, and after a 401, at most once in 10 s (A1)
//! kubeconfig   read again after a 401, at most once in 10 s, and when the user asks: it may hold another token by now
//! ```
//!
//! What kube-rs does well stays its own: basic auth and client certificates. `auth-provider` is refused with what to use
//! instead.
//! A plugin's certificate is taken once, when the client is built.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::{HeaderValue, Request, Response, StatusCode, header::AUTHORIZATION};
use jiff::{SignedDuration, Timestamp};
use kube::config::{AuthInfo, ExecConfig};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tower::{BoxError, Layer, Service};

use super::bounded;
use super::fault::{LiveFault, LiveFaultClass};
use super::plugin::{self, Plugins};

/// How often a token file is read.
const FILE_AGE: Duration = Duration::from_secs(60);
/// How long before its end a plugin's token is renewed.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// How often a plugin may be run because the server refused its token.
const REFUSED_EVERY: Duration = Duration::from_secs(10);

/// Where the token comes from.
#[derive(Debug)]
enum TokenSource {
    Fixed,
    File(PathBuf),
    Plugin(Box<ExecConfig>),
}

/// The token as it is now.
#[derive(Debug)]
struct HeldToken {
    source: TokenSource,
    token: Option<SecretString>,
    expires: Option<Timestamp>,
    taken: Instant,
    refused: bool,
    plugins: Plugins,
    again: Again,
    /// The user's entry as it was read, to see whether it has changed.
    entry: UserEntry,
    /// When the entry was read.
    looked: Instant,
}

/// What a user's entry says of tokens; never shown.
#[derive(Clone, PartialEq)]
struct UserEntry {
    token: Option<String>,
    file: Option<String>,
    plugin: Option<String>,
}

impl UserEntry {
    fn of(user: &AuthInfo) -> Self {
        Self {
            token: user.token.as_ref().map(|it| it.expose_secret().to_owned()),
            file: user.token_file.clone(),
            // A plugin's configuration is plain data: its JSON is as good as itself.
            plugin: user.exec.as_ref().and_then(|it| serde_json::to_string(it).ok()),
        }
    }
}

impl fmt::Debug for UserEntry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Entry")
    }
}

/// Adds the token to requests; cheap to clone, one token for all clones.
///
/// The lock is what makes a refresh happen once: those who come meanwhile wait for its token.
#[derive(Clone, Debug)]
pub struct Credentials(Arc<Mutex<HeldToken>>);

/// Reads the user's entry of the kubeconfig again; nothing where it cannot be read, or not twice.
#[derive(Clone)]
pub struct Again(Arc<dyn Fn() -> Option<AuthInfo> + Send + Sync>);

impl Again {
    /// What is read so.
    pub fn new(read: impl Fn() -> Option<AuthInfo> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }
}

impl fmt::Debug for Again {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Again")
    }
}

/// Takes over from `user` what this module handles, and leaves the rest to kube-rs.
///
/// # Errors
/// The token file cannot be read and there is no other token; the plugin fails; an `auth-provider` is named.
pub async fn take(user: &mut AuthInfo, plugins: &Plugins, again: Again) -> Result<Option<Credentials>, LiveFault> {
    if let Some(provider) = &user.auth_provider {
        return Err(refused(&provider.name));
    }
    let entry = UserEntry::of(user);
    // What kube-rs puts into the same header is its own, and cannot change.
    let others = user.username.is_some();
    let held = match token(user, plugins).await? {
        None if others => return Ok(None),
        given => {
            let (source, token, expires) = given.unwrap_or((TokenSource::Fixed, None, None));
            let now = Instant::now();
            let plugins = plugins.clone();
            HeldToken { source, token, expires, taken: now, refused: false, plugins, again, entry, looked: now }
        }
    };
    Ok(Some(Credentials(Arc::new(Mutex::new(held)))))
}

type FoundToken = (TokenSource, Option<SecretString>, Option<Timestamp>);

/// The token that an entry leads to, and where the next one comes from; nothing where it speaks of none.
async fn token(user: &mut AuthInfo, plugins: &Plugins) -> Result<Option<FoundToken>, LiveFault> {
    let inline = user.token.take();
    let file = user.token_file.take().map(PathBuf::from);
    match (file, user.exec.take()) {
        (Some(path), _) => from_file(path, inline).map(Some),
        (None, _) if inline.is_some() => Ok(Some((TokenSource::Fixed, inline, None))),
        (None, Some(config)) => from_plugin(config, user, plugins).await.map(Some),
        (None, None) => Ok(None),
    }
}

/// What stands in the place of each `auth-provider`, which ran programs and renewed tokens inside of clients.
///
/// Source: <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins>.
const PROVIDERS: &[(&str, &str)] = &[
    ("gcp", "gke-gcloud-auth-plugin (gcloud container clusters get-credentials writes it)"),
    ("azure", "kubelogin (kubelogin convert-kubeconfig writes it)"),
    ("oidc", "kubectl oidc-login (kubelogin)"),
];

fn refused(provider: &str) -> LiveFault {
    let instead = PROVIDERS.iter().find(|it| it.0 == provider).map_or("a credential plugin", |it| it.1);
    let what = format!("auth-provider {provider} is not supported: credential plugins have replaced it");
    let hint = format!("use {instead} in users[].user.exec of the kubeconfig, or give --token");
    LiveFault::new(LiveFaultClass::Credentials, &what).hint(super::fault::one_line(&hint))
}

fn from_file(path: PathBuf, inline: Option<SecretString>) -> Result<FoundToken, LiveFault> {
    let token = match (read_token(&path), inline) {
        (Ok(token), _) | (Err(_), Some(token)) => token,
        (Err(cause), None) => {
            let what = format!("cannot read the token file {}: {cause}", path.display());
            return Err(LiveFault::new(LiveFaultClass::Credentials, &what));
        }
    };
    Ok((TokenSource::File(path), Some(token), None))
}

fn read_token(path: &Path) -> std::io::Result<SecretString> {
    Ok(SecretString::from(bounded::text(path, bounded::CREDENTIAL)?.trim().to_owned()))
}

async fn from_plugin(config: ExecConfig, user: &mut AuthInfo, plugins: &Plugins) -> Result<FoundToken, LiveFault> {
    let given = plugin::run(&config, plugins).await?;
    if let Some((certificate, key)) = given.identity {
        use base64::Engine as _;
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        user.client_certificate_data = Some(encode(&certificate));
        user.client_key_data = Some(encode(key.expose_secret()).into());
    }
    Ok((TokenSource::Plugin(Box::new(config)), given.token, given.expires))
}

impl HeldToken {
    /// Renews the token when it is due; the last one stays when that fails and it may still hold.
    async fn refresh(&mut self) -> Result<(), LiveFault> {
        if self.refused && self.looked.elapsed() >= REFUSED_EVERY {
            if self.look_again().await? {
                return Ok(());
            }
            // A token of the kubeconfig has no other source: the next 401 looks again.
            self.refused &= !matches!(self.source, TokenSource::Fixed);
        }
        match &self.source {
            TokenSource::File(path) if self.taken.elapsed() >= FILE_AGE || self.refused => {
                // A file that is gone keeps its last token (kubernetes/kubernetes#68164).
                self.token = read_token(path).ok().or(self.token.take());
                (self.taken, self.refused) = (Instant::now(), false);
            }
            TokenSource::Plugin(config) if self.is_due() => {
                let given = plugin::run(config, &self.plugins).await;
                (self.taken, self.refused) = (Instant::now(), false);
                let given = given?;
                (self.token, self.expires) = (given.token.or(self.token.take()), given.expires);
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads the kubeconfig again; whether it leads to another token.
    async fn look_again(&mut self) -> Result<bool, LiveFault> {
        self.looked = Instant::now();
        let Some(mut user) = (self.again.0)() else { return Ok(false) };
        let entry = UserEntry::of(&user);
        if entry == self.entry {
            return Ok(false);
        }
        let plugins = self.plugins.clone();
        let Some((source, token, expires)) = token(&mut user, &plugins).await? else { return Ok(false) };
        (self.source, self.token, self.expires, self.entry) = (source, token, expires, entry);
        (self.taken, self.refused) = (Instant::now(), false);
        Ok(true)
    }

    fn is_due(&self) -> bool {
        let ends = self.expires.is_some_and(|it| Timestamp::now() + MARGIN >= it);
        (ends || self.refused) && self.taken.elapsed() >= REFUSED_EVERY
    }
}

impl Credentials {
    /// Has the next request take its token anew, as after a 401: the user asks.
    pub async fn renew(&self) {
        let mut held = self.0.lock().await;
        held.refused = true;
        held.looked = Instant::now().checked_sub(REFUSED_EVERY).unwrap_or(held.looked);
    }

    async fn header(&self) -> Result<Option<HeaderValue>, LiveFault> {
        let mut held = self.0.lock().await;
        held.refresh().await?;
        let Some(token) = &held.token else { return Ok(None) };
        let header = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()));
        let mut header =
            header.map_err(|_| LiveFault::new(LiveFaultClass::Credentials, "the token is no header value"))?;
        header.set_sensitive(true);
        Ok(Some(header))
    }
}

/// Puts [`Credentials`] before a client.
#[derive(Clone)]
pub struct Authorize(pub Option<Credentials>);

impl<S> Layer<S> for Authorize {
    type Service = Authorized<S>;
    fn layer(&self, inner: S) -> Authorized<S> {
        Authorized { inner, credentials: self.0.clone() }
    }
}

/// A client whose requests carry the token.
#[derive(Clone)]
pub struct Authorized<S> {
    inner: S,
    credentials: Option<Credentials>,
}

impl<S, B, C> Service<Request<B>> for Authorized<S>
where
    S: Service<Request<B>, Response = Response<C>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Send + 'static,
    C: Send + 'static,
{
    type Response = Response<C>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // The one that is ready goes, its clone stays for the next call.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let credentials = self.credentials.clone();
        Box::pin(async move {
            let Some(credentials) = credentials else { return inner.call(request).await.map_err(Into::into) };
            if let Some(header) = credentials.header().await? {
                request.headers_mut().insert(AUTHORIZATION, header);
            }
            let answer = inner.call(request).await.map_err(Into::into)?;
            if answer.status() == StatusCode::UNAUTHORIZED {
                credentials.0.lock().await.refused = true;
            }
            Ok(answer)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unchanged() -> Again {
        Again::new(|| None)
    }

    async fn bearer(credentials: &Credentials) -> String {
        let header = credentials.header().await.expect("a header").expect("a token");
        header.to_str().expect("text").to_owned()
    }

    /// M16: client-go reads the file in preference to the inline token, and again every minute.
    #[tokio::test(start_paused = true)]
    async fn a_token_file_wins_over_an_inline_token_and_is_read_again() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "one\n").expect("written");
        let path = file.path().display().to_string();
        let mut user =
            AuthInfo { token: Some("inline".to_owned().into()), token_file: Some(path), ..AuthInfo::default() };
        let credentials = take(&mut user, &Plugins::default(), unchanged()).await.expect("credentials").expect("some");
        assert_eq!(bearer(&credentials).await, "Bearer one");
        std::fs::write(file.path(), "two").expect("written");
        assert_eq!(bearer(&credentials).await, "Bearer one");
        tokio::time::advance(FILE_AGE).await;
        assert_eq!(bearer(&credentials).await, "Bearer two");
        drop(file);
        tokio::time::advance(FILE_AGE).await;
        assert_eq!(bearer(&credentials).await, "Bearer two");
    }

    #[tokio::test]
    async fn an_auth_provider_is_refused_with_what_to_use_instead() {
        for (name, instead) in
            [("gcp", "gke-gcloud-auth-plugin"), ("oidc", "oidc-login"), ("x\u{1b}", "a credential plugin")]
        {
            let provider =
                serde_json::from_value(serde_json::json!({ "name": name, "config": {} })).expect("a provider");
            let mut user = AuthInfo { auth_provider: Some(provider), ..AuthInfo::default() };
            let fault = take(&mut user, &Plugins::default(), unchanged()).await.expect_err("it is refused");
            assert!(fault.what.contains("is not supported") && !fault.what.contains('\u{1b}'), "{fault}");
            assert!(fault.hint.as_deref().is_some_and(|it| it.contains(instead)), "{:?}", fault.hint);
        }
    }

    /// A1: a refused token runs the plugin again, at most once in ten seconds.
    #[tokio::test]
    async fn a_refused_token_is_renewed_by_its_plugin() {
        let folder = tempfile::tempdir().expect("a folder");
        let count = folder.path().join("runs").display().to_string();
        let script = format!("echo x >> {count}; n=$(wc -l < {count}); echo \"{{status: {{token: t$n}}}}\"");
        let plugin = ExecConfig {
            command: Some("sh".to_owned()),
            args: Some(vec!["-c".to_owned(), script]),
            ..ExecConfig::default()
        };
        let mut user = AuthInfo { exec: Some(plugin), ..AuthInfo::default() };
        let credentials = take(&mut user, &Plugins::default(), unchanged()).await.expect("credentials").expect("some");
        assert_eq!(bearer(&credentials).await, "Bearer t1");
        credentials.0.lock().await.refused = true;
        assert_eq!(bearer(&credentials).await, "Bearer t1", "not twice in ten seconds");
        credentials.0.lock().await.taken -= REFUSED_EVERY;
        assert_eq!(bearer(&credentials).await, "Bearer t2");
    }

    /// A1: the kubeconfig is read again after a 401, at most once in ten seconds, and at once when the user asks; it may
    /// name a token, a file or a plugin by now.
    #[tokio::test(start_paused = true)]
    async fn a_new_token_in_the_kubeconfig_is_taken_up_after_a_refusal() {
        let (written, looks) = (Arc::new(std::sync::Mutex::new(None)), Arc::new(std::sync::Mutex::new(0)));
        let (entry, count) = (written.clone(), looks.clone());
        let again = Again::new(move || {
            *count.lock().expect("no panic") += 1;
            let token: Option<&str> = *entry.lock().expect("no panic");
            token.map(|it| AuthInfo { token: Some(it.to_owned().into()), ..AuthInfo::default() })
        });
        let mut user = AuthInfo { token: Some("one".to_owned().into()), ..AuthInfo::default() };
        let credentials = take(&mut user, &Plugins::default(), again).await.expect("credentials").expect("some");
        let refuse = || async { credentials.0.lock().await.refused = true };
        let write = |token| *written.lock().expect("no panic") = Some(token);
        write("two");
        tokio::time::advance(REFUSED_EVERY).await;
        assert_eq!(bearer(&credentials).await, "Bearer one", "while it is accepted nothing is read");
        refuse().await;
        assert_eq!(bearer(&credentials).await, "Bearer two");
        write("three");
        refuse().await;
        assert_eq!(bearer(&credentials).await, "Bearer two", "not twice in ten seconds");
        tokio::time::advance(REFUSED_EVERY).await;
        assert_eq!(bearer(&credentials).await, "Bearer three", "it was refused all the same");
        write("four");
        credentials.renew().await;
        assert_eq!(bearer(&credentials).await, "Bearer four", "the user asked");
        assert_eq!(*looks.lock().expect("no panic"), 3);

        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "five").expect("written");
        let path = file.path().display().to_string();
        let again = Again::new(move || Some(AuthInfo { token_file: Some(path.clone()), ..AuthInfo::default() }));
        let none = take(&mut AuthInfo::default(), &Plugins::default(), again).await.expect("no fault").expect("some");
        assert!(none.header().await.expect("no fault").is_none(), "nobody has logged in");
        none.renew().await;
        assert_eq!(bearer(&none).await, "Bearer five");
    }
}

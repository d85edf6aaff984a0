//! The bearer token that goes with each request, fresh.
//!
//! ```text
//! token file   read again every minute; it wins over an inline token, as in client-go (M16)
//! plugin       run again a minute before its token ends, and after a 401, at most once in 10 s (A1)
//! ```
//!
//! What kube-rs does well stays its own: basic auth, OIDC and provider tokens, client certificates.
//! A plugin's certificate is taken once, when the client is built.

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

use super::fault::{Fault, FaultClass};
use super::plugin::{self, Plugins};

/// How often a token file is read.
const FILE_AGE: Duration = Duration::from_secs(60);
/// How long before its end a plugin's token is renewed.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// How often a plugin may be run because the server refused its token.
const REFUSED_EVERY: Duration = Duration::from_secs(10);

/// Where the token comes from.
#[derive(Debug)]
enum Source {
    Fixed,
    File(PathBuf),
    Plugin(Box<ExecConfig>, Plugins),
}

/// The token as it is now.
#[derive(Debug)]
struct Held {
    source: Source,
    token: Option<SecretString>,
    expires: Option<Timestamp>,
    taken: Instant,
    refused: bool,
}

/// Adds the token to requests; cheap to clone, one token for all clones.
///
/// The lock is what makes a refresh happen once: those who come meanwhile wait for its token.
#[derive(Clone, Debug)]
pub struct Credentials(Arc<Mutex<Held>>);

/// Takes over from `user` what this module handles, and leaves the rest to kube-rs.
///
/// # Errors
/// The token file cannot be read and there is no other token; the plugin fails.
pub async fn take(user: &mut AuthInfo, plugins: &Plugins) -> Result<Option<Credentials>, Fault> {
    let inline = user.token.take();
    let file = user.token_file.take().map(PathBuf::from);
    let held = match (file, user.exec.take()) {
        (Some(path), _) => from_file(path, inline)?,
        (None, _) if inline.is_some() => held(Source::Fixed, inline, None),
        (None, Some(config)) => from_plugin(config, user, plugins).await?,
        (None, None) => return Ok(None),
    };
    Ok(Some(Credentials(Arc::new(Mutex::new(held)))))
}

fn held(source: Source, token: Option<SecretString>, expires: Option<Timestamp>) -> Held {
    Held { source, token, expires, taken: Instant::now(), refused: false }
}

fn from_file(path: PathBuf, inline: Option<SecretString>) -> Result<Held, Fault> {
    let token = match (read_token(&path), inline) {
        (Ok(token), _) | (Err(_), Some(token)) => token,
        (Err(cause), None) => {
            let what = format!("cannot read the token file {}: {cause}", path.display());
            return Err(Fault::new(FaultClass::Credentials, &what));
        }
    };
    Ok(held(Source::File(path), Some(token), None))
}

fn read_token(path: &Path) -> std::io::Result<SecretString> {
    Ok(SecretString::from(std::fs::read_to_string(path)?.trim().to_owned()))
}

async fn from_plugin(config: ExecConfig, user: &mut AuthInfo, plugins: &Plugins) -> Result<Held, Fault> {
    let given = plugin::run(&config, plugins).await?;
    if let Some((certificate, key)) = given.identity {
        use base64::Engine as _;
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        user.client_certificate_data = Some(encode(&certificate));
        user.client_key_data = Some(encode(key.expose_secret()).into());
    }
    Ok(held(Source::Plugin(Box::new(config), plugins.clone()), given.token, given.expires))
}

impl Held {
    /// Renews the token when it is due; the last one stays when that fails and it may still hold.
    async fn refresh(&mut self) -> Result<(), Fault> {
        match &self.source {
            Source::File(path) if self.taken.elapsed() >= FILE_AGE || self.refused => {
                // A file that is gone keeps its last token (kubernetes/kubernetes#68164).
                self.token = read_token(path).ok().or(self.token.take());
                (self.taken, self.refused) = (Instant::now(), false);
            }
            Source::Plugin(config, plugins) if self.is_due() => {
                let given = plugin::run(config, plugins).await;
                (self.taken, self.refused) = (Instant::now(), false);
                let given = given?;
                (self.token, self.expires) = (given.token.or(self.token.take()), given.expires);
            }
            _ => {}
        }
        Ok(())
    }

    fn is_due(&self) -> bool {
        let ends = self.expires.is_some_and(|it| Timestamp::now() + MARGIN >= it);
        (ends || self.refused) && self.taken.elapsed() >= REFUSED_EVERY
    }
}

impl Credentials {
    async fn header(&self) -> Result<Option<HeaderValue>, Fault> {
        let mut held = self.0.lock().await;
        held.refresh().await?;
        let Some(token) = &held.token else { return Ok(None) };
        let header = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()));
        let mut header = header.map_err(|_| Fault::new(FaultClass::Credentials, "the token is no header value"))?;
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
        let credentials = take(&mut user, &Plugins::default()).await.expect("credentials").expect("some");
        assert_eq!(bearer(&credentials).await, "Bearer one");
        std::fs::write(file.path(), "two").expect("written");
        assert_eq!(bearer(&credentials).await, "Bearer one");
        tokio::time::advance(FILE_AGE).await;
        assert_eq!(bearer(&credentials).await, "Bearer two");
        drop(file);
        tokio::time::advance(FILE_AGE).await;
        assert_eq!(bearer(&credentials).await, "Bearer two");
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
        let credentials = take(&mut user, &Plugins::default()).await.expect("credentials").expect("some");
        assert_eq!(bearer(&credentials).await, "Bearer t1");
        credentials.0.lock().await.refused = true;
        assert_eq!(bearer(&credentials).await, "Bearer t1", "not twice in ten seconds");
        credentials.0.lock().await.taken -= REFUSED_EVERY;
        assert_eq!(bearer(&credentials).await, "Bearer t2");
    }
}

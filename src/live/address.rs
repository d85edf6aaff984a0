//! Addresses of servers and proxies: a name and a password in them are taken out before anything is said of them.
//!
//! ```text
//! https://ana:pa%40ss@10.0.0.5:6443   ─►   https://10.0.0.5:6443   and   ana, pa@ss
//! ```
//!
//! So no text that names a server or a proxy can hold its password: not on the screen, in an error, in `info` or in a
//! log. An address that cannot be read is shown without what stands before its last `@`.

use http::{HeaderValue, Uri};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};

/// Who one is at an address, by the address itself.
#[derive(Clone, Debug)]
pub struct Login {
    pub user: String,
    pub password: SecretString,
}

/// Where something is reached, and as whom.
#[derive(Clone, Debug)]
pub struct Address {
    /// Without the login; safe to show.
    pub uri: Uri,
    pub login: Option<Login>,
}

impl Address {
    /// Reads an address; without a scheme it has the one of `otherwise`. `None`: it is no address.
    pub fn read(text: &str, otherwise: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://").unwrap_or((otherwise, text));
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (login, host) = match authority.rsplit_once('@') {
            Some((login, host)) => (Some(Login::read(login)), host),
            None => (None, authority),
        };
        let uri: Uri = format!("{scheme}://{host}{path}").parse().ok()?;
        let name = uri.host().filter(|it| !it.is_empty())?;
        // A port that is none is no part of a name either.
        uri.port_u16().map(|_| ()).or_else(|| (name == host).then_some(()))?;
        Some(Self { uri, login })
    }
}

impl Login {
    fn read(text: &str) -> Self {
        let decoded = |it: &str| percent_decode_str(it).decode_utf8_lossy().into_owned();
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        Self { user: decoded(user), password: decoded(password).into() }
    }

    /// The header that tells it to a proxy; `None`: it fits in no header.
    pub fn basic(&self) -> Option<HeaderValue> {
        use base64::Engine as _;
        let both = format!("{}:{}", self.user, self.password.expose_secret());
        let encoded = base64::engine::general_purpose::STANDARD.encode(both);
        let mut header = HeaderValue::try_from(format!("Basic {encoded}")).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

/// What may be shown of a text that should have been an address.
pub fn shown(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((before, host)) => match before.split_once("://") {
            Some((scheme, _)) => format!("{scheme}://…@{host}"),
            None => format!("…@{host}"),
        },
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, Option<(String, String)>)> {
        let login = |it: Login| (it.user, it.password.expose_secret().to_owned());
        Address::read(text, "https").map(|it| (it.uri.to_string(), it.login.map(login)))
    }

    #[test]
    fn a_login_is_taken_out_of_an_address() {
        let login = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        let cases = [
            ("https://ana:pa%40ss@h:6443", Some(("https://h:6443/", login("ana", "pa@ss")))),
            ("ana:p:w@h", Some(("https://h/", login("ana", "p:w")))),
            ("http://ana@[::1]:80/k8s/clusters/c", Some(("http://[::1]:80/k8s/clusters/c", login("ana", "")))),
            ("socks5://a@b:c@h:1", Some(("socks5://h:1/", login("a@b", "c")))),
            ("h:6443", Some(("https://h:6443/", None))),
            ("https://h/a@b", Some(("https://h/a@b", None))),
            ("https://ana:pw@", None),
            ("https://ana:pw@h:x", None),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected.map(|(uri, login)| (uri.to_owned(), login)), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_shown_without_its_login() {
        assert_eq!(shown("https://ana:pw@h:x"), "https://…@h:x");
        assert_eq!(shown("https://ana:p/w@h"), "https://…@h");
        assert_eq!(shown("ana:pw@[::"), "…@[::");
        assert_eq!(shown("http://[::"), "http://[::");
    }
}

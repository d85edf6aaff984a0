//! What stood in the way of a request, in one line, with what to do about it.
//!
//! ```text
//! error: cannot reach https://10.0.0.5:6443: connection refused
//! hint: is the API server up, and is this its address?
//! ```
//!
//! Texts of servers, proxies and plugins are untrusted and may be pages of HTML: here they become one escaped,
//! short line (M11, N2). Nothing here decides whether to try again; `follow` does.

use std::error::Error as StdError;
use std::fmt;
use std::io::ErrorKind;
use std::time::Duration;

use hyper_util::client::legacy::Error as HttpError;

use crate::ask::{self, FaultKind};
use crate::kinds::{Status, WireError};
use crate::model::untrusted;

/// How much of a foreign text is shown.
const SHOWN: usize = 240;

/// Where it went wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LiveFaultClass {
    /// The kubeconfig, or what it names, cannot be used.
    Config,
    /// No credentials could be had.
    Credentials,
    Dns,
    Tcp,
    Tls,
    /// The proxy on the way does not let us through.
    Proxy,
    /// The server (or something on the way) answered with this status.
    Http(u16),
    /// Nothing was heard in time.
    Timeout,
    /// The connection ended in the middle of an answer.
    Closed,
    /// What came is not what the API defines.
    Garbled,
    /// An answer was larger than we are ready to hold.
    TooBig,
    /// A list has more objects than any cluster: it is not read on.
    Endless,
    /// We refused to send it: kreach only reads.
    Refused,
}

impl LiveFaultClass {
    /// A word for the status line.
    pub const fn as_str(self) -> &'static str {
        match self {
            LiveFaultClass::Config => "config",
            LiveFaultClass::Credentials => "credentials",
            LiveFaultClass::Dns => "DNS",
            LiveFaultClass::Tcp => "TCP",
            LiveFaultClass::Tls => "TLS",
            LiveFaultClass::Proxy => "proxy",
            LiveFaultClass::Http(_) => "HTTP",
            LiveFaultClass::Timeout => "timeout",
            LiveFaultClass::Closed => "closed",
            LiveFaultClass::Garbled => "garbled",
            LiveFaultClass::TooBig => "too big",
            LiveFaultClass::Endless => "endless",
            LiveFaultClass::Refused => "refused",
        }
    }
}

/// One thing that went wrong with a request, as whoever sent it has to know it; a face gets it as an [`ask::Fault`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LiveFault {
    pub class: LiveFaultClass,
    /// One clause, escaped: what failed and on what.
    pub what: String,
    /// What the user can do, where there is something.
    pub hint: Option<String>,
    /// `reason` of the API's `ErrorStatus`, such as `Expired`; empty when there was none.
    pub reason: String,
    /// How long the server asked us to wait (R1).
    pub retry_after: Option<Duration>,
    /// Whether the request surely never left: it was refused here, or there was no connection to send it on.
    pub is_unsent: bool,
}

impl fmt::Display for LiveFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.what)
    }
}

impl StdError for LiveFault {}

impl From<LiveFault> for ask::Fault {
    fn from(fault: LiveFault) -> Self {
        ask::Fault::of(FaultKind::Connection, fault.what).hinted(fault.hint.unwrap_or_default())
    }
}

impl LiveFault {
    /// A fault of this class; the text may be anyone's.
    pub fn new(class: LiveFaultClass, what: &str) -> Self {
        let is_unsent = matches!(class, LiveFaultClass::Config | LiveFaultClass::Credentials | LiveFaultClass::Refused);
        Self { class, what: one_line(what), hint: None, reason: String::new(), retry_after: None, is_unsent }
    }

    /// What came is not what the API defines.
    pub fn garbled(what: &str) -> Self {
        Self::new(LiveFaultClass::Garbled, what)
    }

    /// From an answer that is no page or no event.
    pub fn of_wire(error: &WireError) -> Self {
        match error {
            WireError::Status(status) => Self::of_status(status),
            WireError::Malformed(_) => Self::garbled("the answer is not what an API server writes"),
        }
    }

    /// From a `Status` that came where something else should.
    pub fn of_status(status: &Status) -> Self {
        let what = format!("the server answered {}: {}", status.code, status.message);
        let mut fault = Self::new(LiveFaultClass::Http(status.code), &what);
        fault.reason = one_line(&status.reason);
        fault
    }

    /// The same with a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The HTTP status, where one was answered.
    pub fn status(&self) -> Option<u16> {
        match self.class {
            LiveFaultClass::Http(status) => Some(status),
            _ => None,
        }
    }

    /// Whether the server said that an object is not there; a page of something in between has no reason.
    pub fn is_absence(&self) -> bool {
        self.status() == Some(404) && self.reason == "NotFound"
    }

    /// Whether the server said that the version or the continue token is too old, or too new (G1–G4).
    pub fn wants_relist(&self) -> bool {
        self.status() == Some(410)
            || matches!(self.reason.as_str(), "Expired" | "Gone")
            || (self.status() == Some(504) && self.what.contains("Too large resource version"))
    }

    /// From an HTTP error answer: its status and its body, which may be a `Status` or anything.
    pub fn answered(status: u16, body: &[u8]) -> Self {
        #[derive(serde::Deserialize, Default)]
        #[serde(default)]
        struct ErrorStatus {
            kind: String,
            message: String,
            reason: String,
        }
        let read: ErrorStatus = serde_json::from_slice(body).unwrap_or_default();
        let text = if read.kind == "Status" { read.message } else { plain_text(body) };
        let text = if text.trim().is_empty() { "no message".to_owned() } else { text };
        let mut fault = Self::new(LiveFaultClass::Http(status), &format!("the server answered {status}: {text}"));
        fault.reason = one_line(&read.reason);
        fault.hint = hint_for(status).map(str::to_owned);
        fault
    }

    /// From an error of sending to this server.
    pub fn sent(server: &str, error: &(dyn StdError + 'static)) -> Self {
        Self::caused(&format!("cannot reach {server}"), error)
    }

    /// From an error of sending to this server through a proxy, which is then the first to look at.
    pub fn sent_through(server: &str, proxy: &str, error: &(dyn StdError + 'static)) -> Self {
        let fault = Self::caused(&format!("cannot reach {server} through the proxy {proxy}"), error);
        match fault.class {
            LiveFaultClass::Dns | LiveFaultClass::Tcp | LiveFaultClass::Timeout | LiveFaultClass::Closed => {
                Self { hint: hint_of(LiveFaultClass::Proxy).map(str::to_owned), ..fault }
            }
            _ => fault,
        }
    }

    /// From an error of the client's stack, by walking its causes; `what` was not possible.
    pub fn caused(what: &str, error: &(dyn StdError + 'static)) -> Self {
        let mut chain = Vec::new();
        let mut next = Some(error);
        while let Some(cause) = next.filter(|_| chain.len() < 16) {
            if let Some(fault) = cause.downcast_ref::<LiveFault>() {
                return fault.clone();
            }
            chain.push(cause);
            next = cause.source();
        }
        let class = chain.iter().rev().find_map(|it| class_of(*it)).unwrap_or(LiveFaultClass::Tcp);
        let root = chain.last().map(|it| it.to_string()).unwrap_or_default();
        // What the runtime says of the deadline of connecting (N4).
        let root = root.replace("deadline has elapsed", "no connection within 10 s, TLS included");
        let fault = Self::new(class, &format!("{what}: {root}"));
        let is_unsent = chain.iter().any(|it| it.downcast_ref::<HttpError>().is_some_and(HttpError::is_connect));
        Self { hint: hint_of(class).map(str::to_owned), is_unsent, ..fault }
    }
}

/// The class of one cause; `None`: ask its cause.
fn class_of(cause: &(dyn StdError + 'static)) -> Option<LiveFaultClass> {
    let text = cause.to_string();
    if ["dns error", "failed to lookup address", "invalid dns name"].iter().any(|it| text.contains(it)) {
        return Some(LiveFaultClass::Dns);
    }
    if ["certificate", "received fatal alert", "corrupt message", "tls handshake"].iter().any(|it| text.contains(it)) {
        return Some(LiveFaultClass::Tls);
    }
    if text.contains("tunnel error") || text.contains("SOCKS error") {
        return Some(LiveFaultClass::Proxy);
    }
    if text.contains("connection closed before message completed") {
        return Some(LiveFaultClass::Closed);
    }
    let io = cause.downcast_ref::<std::io::Error>()?;
    match io.kind() {
        ErrorKind::TimedOut => Some(LiveFaultClass::Timeout),
        ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe => Some(LiveFaultClass::Closed),
        ErrorKind::InvalidData => Some(LiveFaultClass::Garbled),
        _ => None,
    }
}

fn hint_of(class: LiveFaultClass) -> Option<&'static str> {
    match class {
        LiveFaultClass::Dns => Some("check the server's name in the kubeconfig, and the VPN"),
        LiveFaultClass::Tcp => Some("is the API server up, and is this its address?"),
        LiveFaultClass::Tls => {
            Some("check certificate-authority and tls-server-name in the kubeconfig, and both clocks")
        }
        LiveFaultClass::Proxy => Some("check proxy-url in the kubeconfig, or HTTPS_PROXY and NO_PROXY"),
        LiveFaultClass::Timeout => Some("is the network there, and does a proxy stand in between?"),
        _ => None,
    }
}

fn hint_for(status: u16) -> Option<&'static str> {
    match status {
        401 => Some("the credentials are not accepted: log in again"),
        403 => Some("kreach needs get, list and watch: kreach rbac prints the ClusterRole"),
        429 => Some("the server asks us to slow down"),
        _ => None,
    }
}

/// The text of a body that is no `ErrorStatus`: HTML loses its tags, so that a proxy's page reads as a clause.
fn plain_text(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(16 * 1024)]);
    if !text.trim_start().starts_with('<') {
        return text.into_owned();
    }
    let mut plain = String::new();
    let mut depth = 0_u32;
    for character in text.chars() {
        match character {
            '<' => depth += 1,
            '>' => {
                depth = depth.saturating_sub(1);
                plain.push(' ');
            }
            it if depth == 0 => plain.push(it),
            _ => {}
        }
    }
    plain
}

/// Any text as one short escaped line.
pub fn one_line(text: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut shown: String = joined.chars().take(SHOWN).collect();
    if shown.len() < joined.len() {
        shown.push('…');
    }
    untrusted::show(&shown).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// N2 and M11: what a proxy or an attacker answers is one harmless line.
    #[test]
    fn foreign_texts_become_one_escaped_line() {
        let html = format!("<html>\n<head><title>502 Bad\nGateway</title></head>{}</html>", "x".repeat(10_000_000));
        let fault = LiveFault::answered(502, html.as_bytes());
        assert!(fault.what.starts_with("the server answered 502: 502 Bad Gateway xxx"), "{fault}");
        assert!(fault.what.chars().count() < 300 && !fault.what.contains('\n'));
        let status = r#"{"kind":"Status","message":"evil \u001b]0;pwned\u0007","reason":"Forbidden","code":403}"#;
        let fault = LiveFault::answered(403, status.as_bytes());
        assert_eq!(fault.what, "the server answered 403: evil \\u{1b}]0;pwned\\u{7}");
        assert_eq!((fault.reason.as_str(), fault.status()), ("Forbidden", Some(403)));
    }

    #[test]
    fn what_is_too_old_or_too_new_wants_a_new_list() {
        let expired = br#"{"kind":"Status","message":"too old resource version","reason":"Expired","code":410}"#;
        assert!(LiveFault::answered(410, expired).wants_relist());
        assert!(LiveFault::answered(410, b"gone").wants_relist());
        let large = br#"{"kind":"Status","message":"Too large resource version: 9, current: 5","reason":"Timeout"}"#;
        assert!(LiveFault::answered(504, large).wants_relist());
        assert!(!LiveFault::answered(504, b"upstream timed out").wants_relist());
    }
}

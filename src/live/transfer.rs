//! Sends a request and reads its answer, with a deadline and a cap on everything.
//!
//! ```text
//! head within 30 s │ then at least 6 KiB a minute │ a page ≤ 64 MiB │ a line ≤ 4 MiB
//! ```
//!
//! kube-rs waits for ever and reads without end (M3, N12); so nothing of it is used above `Client::send`.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, header};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use kube::Client;
use kube::client::Body;
use tokio::time::{Instant, timeout};

use super::fault::{LiveFault, LiveFaultClass};

/// How long a server may take to begin its answer (N5).
const HEAD_DEADLINE: Duration = Duration::from_secs(30);
/// In how long a time [`LEAST`] bytes must come (N5, N6).
const WINDOW: Duration = Duration::from_secs(60);
const LEAST: usize = 6 * 1024;
/// How much of an error's body is read, and how long.
const ERROR_CAP: usize = 64 * 1024;
const ERROR_DEADLINE: Duration = Duration::from_secs(5);
/// How large a page may be; 500 pods of the largest sort known (70 KB) are 35 MB (N12).
pub const PAGE_CAP: usize = 64 << 20;
/// How large a list may be that is asked for whole, the last resort of G3.
pub const WHOLE_CAP: usize = 1 << 30;
/// How large one event may be; etcd takes no object beyond 1.5 MB (N12).
pub const LINE_CAP: usize = 4 << 20;

/// Sends a request; an answer that is an error is a [`LiveFault`].
///
/// # Errors
/// Nothing was sent, nothing came in time, or the server said no.
pub async fn send(client: &Client, request: Request<Body>) -> Result<Incoming, LiveFault> {
    let answer = timeout(HEAD_DEADLINE, client.send(request)).await;
    let answer =
        answer.map_err(|_| LiveFault::new(LiveFaultClass::Timeout, "the server did not answer within 30 s"))?;
    let answer = answer.map_err(|it| LiveFault::caused("cannot reach the server", &it))?;
    let (head, body) = answer.into_parts();
    let mut incoming = Incoming { body, window: Instant::now(), bytes: 0 };
    if !head.status.is_success() {
        let text = timeout(ERROR_DEADLINE, incoming.upto(ERROR_CAP)).await.unwrap_or_default();
        let mut fault = LiveFault::answered(head.status.as_u16(), &text);
        fault.retry_after = retry_after(&head.headers, Timestamp::now());
        return Err(fault);
    }
    Ok(incoming)
}

/// Sends a request and reads its whole answer, up to `cap` bytes.
///
/// # Errors
/// As [`send`]; or the answer breaks off, comes too slowly, or is too large.
pub async fn read(client: &Client, request: Request<Body>, cap: usize) -> Result<Vec<u8>, LiveFault> {
    let mut incoming = send(client, request).await?;
    let mut text = Vec::new();
    while let Some(chunk) = incoming.chunk().await? {
        if text.len() + chunk.len() > cap {
            return Err(LiveFault::new(
                LiveFaultClass::TooBig,
                &format!("the answer is larger than {} MiB", cap >> 20),
            ));
        }
        text.extend_from_slice(&chunk);
    }
    Ok(text)
}

/// The body of an answer as it comes.
pub struct Incoming {
    body: Body,
    window: Instant,
    bytes: usize,
}

impl Incoming {
    /// The next piece; `None` at the proper end.
    ///
    /// # Errors
    /// The connection broke, or less came than a server that works would send.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, LiveFault> {
        let slow = || LiveFault::new(LiveFaultClass::Timeout, "the answer stopped coming");
        let until = self.window + WINDOW;
        let chunk = match tokio::time::timeout_at(until, self.next()).await {
            Ok(chunk) => chunk?,
            Err(_) if self.bytes < LEAST => return Err(slow()),
            Err(_) => {
                self.open_window();
                timeout(WINDOW, self.next()).await.map_err(|_| slow())??
            }
        };
        self.bytes += chunk.as_ref().map_or(0, Bytes::len);
        if self.window.elapsed() >= WINDOW {
            self.open_window();
        }
        Ok(chunk)
    }

    fn open_window(&mut self) {
        (self.window, self.bytes) = (Instant::now(), 0);
    }

    /// The next piece of a stream, for which any pace will do.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn next(&mut self) -> Result<Option<Bytes>, LiveFault> {
        loop {
            let Some(frame) = self.body.frame().await else { return Ok(None) };
            let frame = frame.map_err(|it| {
                // Whatever broke in the middle of an answer, the answer is not complete.
                let fault = LiveFault::caused("the connection broke", &it);
                if fault.class == LiveFaultClass::Tcp {
                    LiveFault { class: LiveFaultClass::Closed, hint: None, ..fault }
                } else {
                    fault
                }
            })?;
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
    }

    async fn upto(&mut self, cap: usize) -> Vec<u8> {
        let mut text = Vec::new();
        while let Ok(Some(chunk)) = self.next().await {
            text.extend_from_slice(&chunk[..chunk.len().min(cap - text.len())]);
            if text.len() == cap {
                break;
            }
        }
        text
    }
}

/// How long the server asks us to wait: seconds, or a date (R1); garbage asks for nothing.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// Cuts a stream into its lines.
#[derive(Default)]
pub struct LineCutter {
    begun: Vec<u8>,
}

impl LineCutter {
    /// Gives each whole line to `each`, until it says stop (`false` as the answer); keeps what has no end yet.
    ///
    /// # Errors
    /// A line is longer than [`LINE_CAP`].
    pub fn feed(
        &mut self,
        chunk: &[u8],
        mut each: impl FnMut(&[u8]) -> Result<(), LiveFault>,
    ) -> Result<(), LiveFault> {
        let mut from = 0;
        for end in memchr::memchr_iter(b'\n', chunk) {
            if self.begun.is_empty() {
                each(&chunk[from..end])?;
            } else {
                self.begun.extend_from_slice(&chunk[from..end]);
                let line = std::mem::take(&mut self.begun);
                each(&line)?;
                // The buffer is kept for the next line that a chunk cuts in two.
                self.begun = line;
                self.begun.clear();
            }
            from = end + 1;
        }
        if self.begun.len() + chunk.len() - from > LINE_CAP {
            return Err(LiveFault::new(LiveFaultClass::TooBig, "an event is larger than 4 MiB"));
        }
        self.begun.extend_from_slice(&chunk[from..]);
        Ok(())
    }

    /// What came after the last line end.
    pub fn rest(&self) -> &[u8] {
        &self.begun
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&str]) -> (Vec<String>, String) {
        let (mut lines, mut found) = (LineCutter::default(), Vec::new());
        for chunk in chunks {
            let mut each = |line: &[u8]| {
                found.push(String::from_utf8_lossy(line).into_owned());
                Ok(())
            };
            lines.feed(chunk.as_bytes(), &mut each).expect("short lines");
        }
        (found, String::from_utf8_lossy(lines.rest()).into_owned())
    }

    #[test]
    fn lines_are_whole_wherever_the_chunks_are_cut() {
        let text = "one\ntwo\n\nthree";
        for cut in 0..=text.len() {
            let (found, rest) = lines(&[&text[..cut], &text[cut..]]);
            assert_eq!(found, ["one", "two", ""], "cut at {cut}");
            assert_eq!(rest, "three");
        }
    }

    /// N12.
    #[test]
    fn a_line_without_end_is_not_held() {
        let (mut lines, chunk) = (LineCutter::default(), vec![b'x'; 1 << 20]);
        let fed: Vec<bool> = (0..5).map(|_| lines.feed(&chunk, |_| Ok(())).is_ok()).collect();
        assert_eq!(fed, [true, true, true, true, false]);
    }

    /// R1.
    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().expect("a time");
        let cases = [
            ("30", Some(30)),
            ("Mon, 23 Nov 2026 10:00:05 GMT", Some(5)),
            ("Mon, 23 Nov 2026 09:00:00 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
        ];
        for (text, seconds) in cases {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, text.parse().expect("a header"))]);
            assert_eq!(retry_after(&headers, now), seconds.map(Duration::from_secs), "{text}");
        }
    }
}

//! A plugin while it runs: what it prints is taken in up to a bound, and all that it started ends with it.
//!
//! ```text
//! behind the launcher   its pipe closes, and it ends the group           (kreach itself may be killed)
//! without one           it leads a group of its own, which is ended
//! while it may ask      it shares our group, for the terminal's sake: its descendants are looked up and ended
//! ```

use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, ChildStdin};

use super::end_group;

/// How much a plugin may print; a token or a certificate is a few kilobytes.
const OUTPUT_CAP: u64 = 1 << 20;
/// How much of its complaints is kept; only the first line is told.
const SAID_CAP: u64 = 1 << 16;
/// How long it is read on when a plugin has ended and something that it left holds its output open.
const GRACE: Duration = Duration::from_millis(500);

/// How a plugin is ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum PluginEnding {
    ByItsLauncher,
    WithItsGroup,
    WithItsDescendants,
}

/// What a plugin printed, and how it ended.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

/// Why there is nothing of the kind.
pub(super) enum Broken {
    TooMuch,
    Unreadable(std::io::Error),
}

impl From<std::io::Error> for Broken {
    fn from(error: std::io::Error) -> Self {
        Self::Unreadable(error)
    }
}

/// A plugin that runs; what is left of it ends when this is dropped.
pub(super) struct Running {
    child: Child,
    ends: PluginEnding,
    id: Option<Pid>,
    /// The launcher's pipe: it ends everything when this closes.
    _pipe: Option<ChildStdin>,
}

impl Running {
    pub(super) fn new(mut child: Child, ends: PluginEnding) -> Self {
        let id = child.id().and_then(|it| Pid::from_raw(it.try_into().ok()?));
        let pipe = child.stdin.take();
        Self { child, ends, id, _pipe: pipe }
    }

    /// Reads what it prints and waits for its end.
    pub(super) async fn ended(&mut self) -> Result<Ended, Broken> {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let (out, err) = (self.child.stdout.take(), self.child.stderr.take());
        let status = {
            let reading = async { tokio::try_join!(capped(out, &mut stdout), beginning(err, &mut stderr)) };
            tokio::pin!(reading);
            tokio::select! {
                read = &mut reading => {
                    read?;
                    self.child.wait().await?
                }
                status = self.child.wait() => {
                    let status = status?;
                    self.end();
                    // What still holds the output then is nothing that could be ended.
                    if let Ok(read) = tokio::time::timeout(GRACE, &mut reading).await {
                        read?;
                    }
                    status
                }
            }
        };
        Ok(Ended { status, stdout, stderr })
    }

    fn end(&self) {
        match (self.ends, self.id) {
            (PluginEnding::WithItsGroup, Some(id)) => end_group(id),
            (PluginEnding::WithItsDescendants, Some(id)) => end_descendants(id),
            _ => {}
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// All of it, or that it is too much.
async fn capped(from: Option<impl AsyncRead + Unpin>, to: &mut Vec<u8>) -> Result<(), Broken> {
    let Some(from) = from else { return Ok(()) };
    from.take(OUTPUT_CAP + 1).read_to_end(to).await?;
    if to.len() as u64 > OUTPUT_CAP { Err(Broken::TooMuch) } else { Ok(()) }
}

/// Its beginning; the rest is read so that whoever writes it goes on.
async fn beginning(from: Option<impl AsyncRead + Unpin>, to: &mut Vec<u8>) -> Result<(), Broken> {
    let Some(mut from) = from else { return Ok(()) };
    (&mut from).take(SAID_CAP).read_to_end(to).await?;
    tokio::io::copy(&mut from, &mut tokio::io::sink()).await?;
    Ok(())
}

/// Ends a process and those that it started, where the system lists processes; the process itself is ended anyhow.
fn end_descendants(of: Pid) {
    let parents = parents();
    let mut all = vec![of.as_raw_nonzero().get()];
    let mut next = 0;
    while let Some(parent) = all.get(next).copied() {
        all.extend(parents.iter().filter(|it| it.1 == parent).map(|it| it.0));
        next += 1;
    }
    // Children that were not there any more are nobody's.
    for id in all.into_iter().skip(1).filter_map(Pid::from_raw) {
        let _ = kill_process(id, Signal::KILL);
    }
}

/// Every process and its parent: Linux alone lists them in files.
fn parents() -> Vec<(i32, i32)> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let stat = |entry: std::fs::DirEntry| {
        let id: i32 = entry.file_name().to_str()?.parse().ok()?;
        let text = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // `4711 (a name) S 1 …`: the name may hold anything.
        let parent = text.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
        Some((id, parent))
    };
    entries.filter_map(stat).collect()
}

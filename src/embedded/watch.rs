//! Watches: what happens to a kind from a resource version on, an event a line.
//!
//! A watch without a version (or of version 0, or that asks for `sendInitialEvents`) begins with what exists. Bookmarks
//! come about once a minute and just before the server ends the watch. A version that is no longer held is answered in the
//! stream, as kube-apiserver does: status 200 and one `ERROR` event that holds a 410.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch::Receiver;
use tokio::time::{Instant, timeout_at};

use super::failure::Failure;
use super::list::{CHUNK, range};
use super::object_list::{ObjectItem, ObjectList};
use super::query::{Optional, Options};
use super::world::{Deleted, Gone, ObjectChange, ServedCluster};
use super::writer::{Columns, InitialEvents, ObjectWriter};

/// How long a watch lasts that does not say.
const LASTS: Duration = Duration::from_secs(45 * 60);

/// A watch that is being served.
pub struct ServedWatch {
    world: Arc<ServedCluster>,
    writer: ObjectWriter,
    options: Options,
    columns: Columns,
    /// Everything up to this version has been sent.
    version: u64,
    news: Receiver<u64>,
    initial: Option<(ObjectList, Range<usize>)>,
    bookmark_every: Duration,
    next_bookmark: Instant,
    ends: Instant,
    state: WatchState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WatchState {
    Going,
    Ended,
}

impl ServedWatch {
    /// Begins a watch; nothing is sent yet.
    pub fn new(
        world: Arc<ServedCluster>,
        writer: ObjectWriter,
        options: Options,
        bookmark_every: Duration,
    ) -> ServedWatch {
        // The receiver comes before the first look at the world: no change can fall between them.
        let news = world.subscribe();
        let now = Instant::now();
        let ends = now + options.timeout_seconds.map_or(LASTS, Duration::from_secs);
        let mut watch = ServedWatch {
            version: options.version.unwrap_or(0),
            next_bookmark: now + bookmark_every,
            columns: Columns::NotSent,
            initial: None,
            state: WatchState::Going,
            world,
            writer,
            options,
            news,
            bookmark_every,
            ends,
        };
        if watch.wants_initial_events() {
            watch.version = watch.world.version();
            let object_list = watch.world.object_list(watch.writer.kind, None).unwrap_or_else(|_| ObjectList::empty());
            let range = range(&object_list, &watch.options);
            watch.initial = Some((object_list, range));
        }
        watch
    }

    fn wants_initial_events(&self) -> bool {
        match self.options.initial_events {
            Some(wanted) => wanted == Optional::Yes,
            None => self.options.version.unwrap_or(0) == 0,
        }
    }

    /// The next lines; waits until there are some. None at the end.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        while self.state == WatchState::Going {
            let mut out = Vec::new();
            match &self.initial {
                Some(_) => self.write_initial(&mut out),
                None => self.write_changes(&mut out),
            }
            if !out.is_empty() {
                return Some(out);
            }
            if self.initial.is_some() {
                continue;
            }
            if let Some(bookmark) = self.wait().await {
                return Some(bookmark);
            }
        }
        None
    }

    /// Waits for news, for the time of a bookmark or for the end.
    async fn wait(&mut self) -> Option<Vec<u8>> {
        let wanted = self.options.bookmarks == Optional::Yes;
        let until = if wanted { self.next_bookmark.min(self.ends) } else { self.ends };
        if let Ok(Ok(())) = timeout_at(until, self.news.changed()).await {
            return None;
        }
        let now = Instant::now();
        if now >= self.ends {
            self.state = WatchState::Ended;
        }
        self.next_bookmark = now + self.bookmark_every;
        wanted.then(|| {
            let mut out = Vec::new();
            self.writer.bookmark(self.version.max(self.options.version.unwrap_or(0)), InitialEvents::No, &mut out);
            out
        })
    }

    fn write_initial(&mut self, out: &mut Vec<u8>) {
        let Some((object_list, mut range)) = self.initial.take() else { return };
        while out.len() < CHUNK {
            let Some(at) = range.next() else { break };
            if self.options.selector.selects(object_list.item(at)) {
                self.writer.event("ADDED", object_list.item(at), self.columns, out);
                self.columns = Columns::Sent;
            }
        }
        if !range.is_empty() {
            self.initial = Some((object_list, range));
        } else if self.options.initial_events == Some(Optional::Yes) && self.options.bookmarks == Optional::Yes {
            self.writer.bookmark(self.version, InitialEvents::End, out);
        }
    }

    fn write_changes(&mut self, out: &mut Vec<u8>) {
        // Seen before the changes are read: what comes meanwhile wakes us again.
        let reached = *self.news.borrow_and_update();
        match self.world.changes(self.writer.kind, self.version) {
            Ok(changes) => {
                for change in changes {
                    self.write_change(&change, out);
                    self.version = change.version;
                }
                self.version = self.version.max(reached);
            }
            Err(Gone(oldest)) => {
                let status = Failure::too_old(self.version, oldest).status();
                out.extend_from_slice(format!("{{\"type\":\"ERROR\",\"object\":{status}}}\n").as_bytes());
                self.state = WatchState::Ended;
            }
        }
    }

    /// A change as those see it who only see what they selected.
    fn write_change(&mut self, change: &ObjectChange, out: &mut Vec<u8>) {
        let inside = |namespace: &str| self.options.namespace.as_deref().is_none_or(|wanted| wanted == namespace);
        if !inside(&change.object.namespace) {
            return;
        }
        let selected = |value: &serde_json::Value| self.options.selector.selects_value(value);
        let before = change.before.as_ref().is_some_and(|object| selected(&object.value));
        let after = change.deleted == Deleted::No && selected(&change.object.value);
        let event = match (before, after) {
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
            (false, false) => return,
        };
        self.writer.event(event, ObjectItem::Held(&change.object), self.columns, out);
        self.columns = Columns::Sent;
    }
}

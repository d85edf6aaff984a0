//! The records of what was applied, as files of their owner alone: `applied-ID.json` in the program's folder.
//!
//! Each is there whole or as it was before, whenever the program ends.

use std::fs::File;
use std::io;

use jiff::Timestamp;

use crate::change::record::Record;
use crate::terminal::state;

/// How many bytes of a record are read.
const MOST: u64 = 64 << 20;
const BEGINNING: &str = "applied-";
const LOCK: &str = "applying.lock";

/// The records, and the right to write them: one program at a time.
pub struct Log {
    _lock: File,
}

/// Why nothing can be recorded now, and so nothing is applied.
#[derive(Debug, thiserror::Error)]
pub enum Busy {
    #[error("another kreach is applying changes")]
    Locked,
    #[error("the record of what is applied cannot be kept: {0}")]
    Io(#[from] io::Error),
}

impl Log {
    /// The log, for as long as it is held.
    ///
    /// # Errors
    /// Another program applies changes, or the folder cannot be had.
    pub fn open() -> Result<Self, Busy> {
        state::lock(LOCK)?.map(|it| Self { _lock: it }).ok_or(Busy::Locked)
    }

    /// A name for what is applied now: in the order of time, and nobody else's.
    pub fn new_id() -> String {
        format!("{}-{:05}", Timestamp::now().strftime("%Y%m%d-%H%M%S-%3f"), std::process::id() % 100_000)
    }

    /// The time, as records have it.
    pub fn now() -> String {
        Timestamp::from_second(Timestamp::now().as_second()).map(|it| it.to_string()).unwrap_or_default()
    }

    /// Keeps a record, in place of what was kept of it.
    ///
    /// # Errors
    /// It cannot be kept; what was there before is still there.
    pub fn keep(&self, record: &Record) -> io::Result<()> {
        state::keep(&name(&record.id), &record.text()).map(drop)
    }

    /// Notes in the record that another one takes back that it was, once all of that is made.
    ///
    /// # Errors
    /// It cannot be noted.
    pub fn note_undone(&self, by: &Record) -> io::Result<()> {
        let Some(of) = by.undoes.as_ref().filter(|_| by.is_made()) else { return Ok(()) };
        let (records, _) = Self::all(&by.server)?;
        let Some(mut undone) = records.into_iter().find(|it| it.id == *of) else { return Ok(()) };
        undone.undone_by = Some(by.id.clone());
        self.keep(&undone)
    }

    /// All records of a server, the newest first; and what is no record.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn all(server: &str) -> io::Result<(Vec<Record>, Vec<String>)> {
        let (mut records, mut odd) = (Vec::new(), Vec::new());
        for name in state::names(BEGINNING)?.into_iter().rev().filter(|it| it.ends_with(".json")) {
            match state::kept(&name, MOST).map_err(|it| it.to_string()).and_then(|it| read(it.as_deref())) {
                Ok(record) if record.server == server => records.push(record),
                Ok(_) => {}
                Err(why) => odd.push(format!("{name} is no record: {why}")),
            }
        }
        Ok((records, odd))
    }
}

fn read(text: Option<&str>) -> Result<Record, String> {
    Record::read(text.ok_or("it is gone")?)
}

fn name(id: &str) -> String {
    let plain: String = id.chars().filter(|it| it.is_ascii_alphanumeric() || *it == '-').take(80).collect();
    format!("{BEGINNING}{plain}.json")
}

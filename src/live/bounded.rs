//! Reading what people name, within bounds: no device, nothing without end, nothing larger than was reckoned with.
//!
//! A size is asked for before the first byte is read, and what is no text is given up at its first zero, so that
//! neither `/dev/zero` nor a file of holes takes memory (reliability.md §3.6).

use std::fs::{self, File, Metadata};
use std::io::{Error, ErrorKind, Read, Result};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

/// How large a token or a certificate may be.
pub const CREDENTIAL: usize = 1 << 20;
/// How much is read at a time.
const CHUNK: usize = 1 << 20;

/// Opens a file, a link to one or a pipe; a device or a socket is refused before it is opened.
pub fn open(path: &Path, limit: usize) -> Result<(File, Metadata)> {
    let about = fs::metadata(path)?;
    let kind = about.file_type();
    if kind.is_char_device() || kind.is_block_device() || kind.is_socket() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is a device or a socket, not a file"));
    }
    if about.is_file() && about.len() > limit as u64 {
        return Err(too_large(limit));
    }
    Ok((File::open(path)?, about))
}

/// All bytes of a file, at most `limit`.
pub fn file(path: &Path, limit: usize) -> Result<Vec<u8>> {
    let (mut file, about) = open(path, limit)?;
    let size = if about.is_file() { usize::try_from(about.len()).unwrap_or(0) } else { 0 };
    stream(&mut file, size, limit)
}

/// All text of a file, at most `limit` bytes.
pub fn text(path: &Path, limit: usize) -> Result<String> {
    String::from_utf8(file(path, limit)?).map_err(|_| Error::new(ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// All bytes of a reader, at most `limit`; `size` is how many are expected.
pub fn stream(from: &mut dyn Read, size: usize, limit: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(size.saturating_add(1));
    Bounded::new(from, limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A reader of text that fails behind `limit` bytes, and at the first zero.
pub struct Bounded<'r> {
    from: &'r mut dyn Read,
    limit: usize,
    read: usize,
    /// The first bytes: UTF-16 has zeros, and says so with these.
    begin: [u8; 2],
}

impl<'r> Bounded<'r> {
    /// Reads at most so many bytes of this.
    pub fn new(from: &'r mut dyn Read, limit: usize) -> Self {
        Self { from, limit, read: 0, begin: [0; 2] }
    }
}

impl Read for Bounded<'_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let most = into.len().min(CHUNK);
        let count = self.from.read(&mut into[..most])?;
        let own = &into[..count];
        for (slot, byte) in self.begin.iter_mut().skip(self.read).zip(own) {
            *slot = *byte;
        }
        self.read += count;
        if self.read > self.limit {
            return Err(too_large(self.limit));
        }
        if !matches!(self.begin, [0xff, 0xfe] | [0xfe, 0xff]) && memchr::memchr(0, own).is_some() {
            return Err(Error::new(ErrorKind::InvalidData, "it holds zero bytes, so it is not text"));
        }
        Ok(count)
    }
}

fn too_large(limit: usize) -> Error {
    let limit = if limit < 1 << 30 { format!("{} MiB", limit >> 20) } else { format!("{} GiB", limit >> 30) };
    Error::new(ErrorKind::FileTooLarge, format!("it is larger than the {limit} that are read at most"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_holes_and_endless_streams_are_refused() {
        let told = |it: Result<Vec<u8>>| it.expect_err("nothing to read").to_string();
        assert!(told(file(Path::new("/dev/zero"), 10)).contains("device"));
        let directory = tempfile::tempdir().expect("a folder");
        let path = directory.path().join("holes.yaml");
        let sparse = File::create(&path).expect("a file");
        sparse.set_len(1 << 33).expect("room");
        assert!(told(file(&path, 2 << 30)).contains("2 GiB"));
        sparse.set_len(1 << 30).expect("room");
        assert!(told(file(&path, 2 << 30)).contains("zero bytes"));
        assert!(told(stream(&mut std::io::repeat(b'a'), 0, 3 << 20)).contains("3 MiB"));
        assert_eq!(stream(&mut &b"abc"[..], 0, 3).expect("three bytes"), b"abc");
    }
}

//! Texts too large to be held: where their bytes are, to be read in parts as often as it takes.
//!
//! A file is where it is. What comes through a pipe comes once, and is kept packed: manifests repeat themselves, and
//! take a tenth or less.

use std::fs::File;
use std::io::{Error, ErrorKind, Read as _, Result};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::live::bounded::{self, Bounded};

/// How much is read and looked at at a time.
const PART: usize = 1 << 20;
/// How much is packed by itself, to be unpacked where somebody looks at an object in it.
const BLOCK: usize = 256 << 10;
/// How much of a text has to be seen to tell that it may be JSON.
const BEGIN: usize = 64;
const BYTE_ORDER: &[u8] = b"\xef\xbb\xbf";

/// A text that is read in parts.
#[derive(Debug)]
pub(super) enum Stored {
    File(File, usize),
    Packed(Packed),
}

/// What `--from` names, opened.
pub(super) enum Opened {
    /// All of its bytes.
    Whole(Vec<u8>),
    /// Large, and it begins as JSON does.
    Stored(Stored),
}

/// Opens a file, or standard input, of at most `limit` bytes; JSON from `large` bytes on is not held.
pub(super) fn open(path: Option<&Path>, limit: usize, large: usize) -> Result<Opened> {
    let Some(path) = path else {
        return piped(&mut Bounded::new(&mut std::io::stdin().lock(), limit), large);
    };
    let (mut file, about) = bounded::open(path, limit)?;
    if !about.is_file() {
        return piped(&mut Bounded::new(&mut file, limit), large);
    }
    let size = usize::try_from(about.len()).unwrap_or(usize::MAX);
    let mut begin = [0; BEGIN];
    let seen = if size >= large { file.read_at(&mut begin, 0)? } else { 0 };
    if begins_as_json(&begin[..seen]) {
        return Ok(Opened::Stored(Stored::File(file, size)));
    }
    bounded::stream(&mut file, size, limit).map(Opened::Whole)
}

/// The same for what comes once.
pub(super) fn piped(from: &mut Bounded<'_>, large: usize) -> Result<Opened> {
    let mut begin = Vec::new();
    from.take(large as u64).read_to_end(&mut begin)?;
    if begin.len() < large || !begins_as_json(&begin) {
        from.read_to_end(&mut begin)?;
        return Ok(Opened::Whole(begin));
    }
    let mut packed = Packed::default();
    let mut rest = begin.as_slice().chain(from);
    let mut block = Vec::with_capacity(BLOCK);
    while rest.by_ref().take(BLOCK as u64).read_to_end(&mut block)? > 0 {
        packed.push(&block);
        block.clear();
    }
    Ok(Opened::Stored(Stored::Packed(packed)))
}

fn begins_as_json(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(BYTE_ORDER).unwrap_or(bytes);
    matches!(text.trim_ascii_start().first(), Some(b'{' | b'['))
}

impl Stored {
    pub fn len(&self) -> usize {
        match self {
            Stored::File(_, size) => *size,
            Stored::Packed(packed) => packed.size,
        }
    }

    /// Reads a range of it in place of what `into` holds.
    pub fn read(&self, range: Range<usize>, into: &mut Vec<u8>) -> Result<()> {
        into.clear();
        match self {
            Stored::File(file, _) => {
                into.resize(range.len(), 0);
                file.read_exact_at(into, range.start as u64)
            }
            Stored::Packed(packed) => packed.read(range, into),
        }
    }

    /// Shows its parts in order, as long as they are wanted.
    pub fn parts(&self, mut visit: impl FnMut(&[u8]) -> bool) -> Result<()> {
        let mut part = Vec::new();
        for start in (0..self.len()).step_by(PART) {
            self.read(start..self.len().min(start + PART), &mut part)?;
            if !visit(&part) {
                break;
            }
        }
        Ok(())
    }

    /// Where its text begins.
    pub fn begin(&self) -> Result<usize> {
        let mut begin = Vec::new();
        self.read(0..self.len().min(BYTE_ORDER.len()), &mut begin)?;
        Ok(if begin == BYTE_ORDER { BYTE_ORDER.len() } else { 0 })
    }

    /// All of it, for a reader of whole texts.
    pub fn all(&self, limit: usize) -> Result<Vec<u8>> {
        match self {
            Stored::File(file, size) => bounded::stream(&mut { file }, *size, limit),
            Stored::Packed(packed) => {
                let mut bytes = Vec::with_capacity(packed.size);
                packed.read(0..packed.size, &mut bytes).map(|()| bytes)
            }
        }
    }
}

/// Bytes in packed blocks of one size.
#[derive(Debug, Default)]
pub(super) struct Packed {
    blocks: Vec<Box<[u8]>>,
    size: usize,
}

impl Packed {
    /// How many bytes they are.
    pub fn len(&self) -> usize {
        self.size
    }

    /// Adds a block; all but the last are whole ones.
    fn push(&mut self, block: &[u8]) {
        self.blocks.push(lz4_flex::block::compress(block).into_boxed_slice());
        self.size += block.len();
    }

    /// Adds a range of it to `into`.
    pub fn read(&self, range: Range<usize>, into: &mut Vec<u8>) -> Result<()> {
        let mut block = vec![0; BLOCK];
        for number in range.start / BLOCK..range.end.div_ceil(BLOCK) {
            let packed = self.blocks.get(number).ok_or(ErrorKind::UnexpectedEof)?;
            let size = lz4_flex::block::decompress_into(packed, &mut block).map_err(Error::other)?;
            let begin = number * BLOCK;
            let own = range.start.saturating_sub(begin)..size.min(range.end - begin);
            into.extend_from_slice(block.get(own).unwrap_or_default());
        }
        Ok(())
    }
}

/// Bytes as text: UTF-8, or UTF-16 as some shells write it.
pub(super) fn text(mut bytes: Vec<u8>) -> std::result::Result<String, &'static str> {
    let wide = |order: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|it| order([it[0], it[1]])).collect();
        String::from_utf16(&units).map_err(|_| "not text")
    };
    match bytes.as_slice() {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, ..] => {
            bytes.drain(..BYTE_ORDER.len());
            String::from_utf8(bytes).map_err(|_| "not UTF-8 text")
        }
        _ => String::from_utf8(bytes).map_err(|_| "not UTF-8 text"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn what_was_packed_is_read_in_any_range() {
        let bytes: Vec<u8> = (0..3 * BLOCK + 7).map(|it| (it / 100 % 251 + 1) as u8).collect();
        let text = [b"[".as_slice(), &bytes].concat();
        let mut input = text.as_slice();
        let opened = piped(&mut Bounded::new(&mut input, 1 << 30), 10).expect("bytes");
        let Opened::Stored(stored) = opened else { panic!("it is large") };
        assert_eq!((stored.len(), stored.all(1 << 30).expect("all")), (text.len(), text.clone()));
        let mut part = Vec::new();
        for range in [0..1, 5..BLOCK + 5, BLOCK..BLOCK, BLOCK - 1..2 * BLOCK + 1, text.len() - 1..text.len()] {
            stored.read(range.clone(), &mut part).expect("a range");
            assert_eq!(part, text[range]);
        }
        let mut all = Vec::new();
        stored.parts(|it| all.write_all(it).is_ok()).expect("parts");
        assert_eq!(all, text);
    }

    #[test]
    fn what_is_piped_is_bounded_while_it_is_read() {
        let told =
            |mut text: &[u8], limit| piped(&mut Bounded::new(&mut text, limit), 4).err().map(|it| it.to_string());
        assert_eq!(told(b"{\"a\": 1}", 9), None);
        assert!(told(&[b'['; 3 << 20], 2 << 20).is_some_and(|it| it.contains("2 MiB")));
        assert!(told(&[b'-'; 3 << 20], 2 << 20).is_some_and(|it| it.contains("2 MiB")));
        assert!(told(b"{\"a\": 1, \0", 100).is_some_and(|it| it.contains("zero bytes")));
    }
}

//! Lists as gzip, made as they are sent, at the level that kube-apiserver uses.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Chunks in, compressed chunks out.
pub struct Gzip<I> {
    chunks: I,
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl<I> Gzip<I> {
    pub fn new(chunks: I) -> Gzip<I> {
        Gzip { chunks, encoder: Some(GzEncoder::new(Vec::new(), Compression::fast())) }
    }
}

impl<I: Iterator<Item = Vec<u8>>> Iterator for Gzip<I> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut encoder = self.encoder.take()?;
        let Some(chunk) = self.chunks.next() else {
            return Some(encoder.finish().expect("writing to memory does not fail"));
        };
        encoder.write_all(&chunk).expect("writing to memory does not fail");
        let ready = std::mem::take(encoder.get_mut());
        self.encoder = Some(encoder);
        Some(ready)
    }
}

//! The id that a server gives each object, and the fingerprint of it that facts hold.

/// An object's unique id; a server gives UUIDs, manifests have none.
///
/// Only a snapshot shows it, so that facts hold its [`UidFingerprint`] and a cluster that was asked to the whole of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Uid {
    #[default]
    Absent,
    Uuid([u8; 16]),
    /// Of a static pod: 32 hexadecimal digits. A longer text stands here as its hash.
    Digest([u8; 16]),
    /// Any other text of up to sixteen bytes, filled up with zeros.
    Text([u8; 16]),
}

impl Uid {
    /// Reads a uid; what is no lower-case UUID is kept as text.
    pub fn parse(text: &str) -> Self {
        if text.is_empty() {
            return Uid::Absent;
        }
        let bytes = text.as_bytes();
        let is_hyphenated = bytes.len() == 36 && [8, 13, 18, 23].iter().all(|&at| bytes[at] == b'-');
        match hex_bytes(bytes.iter().filter(|it| !is_hyphenated || **it != b'-')) {
            Some(digits) if is_hyphenated => Uid::Uuid(digits),
            Some(digits) => Uid::Digest(digits),
            None => Self::of_text(bytes),
        }
    }

    fn of_text(text: &[u8]) -> Self {
        let mut kept = [0; 16];
        match kept.get_mut(..text.len()) {
            Some(room) if !text.contains(&0) => {
                room.copy_from_slice(text);
                Uid::Text(kept)
            }
            _ => Uid::Digest(digest(text)),
        }
    }
}

/// The bytes that 32 lower-case hexadecimal digits write.
fn hex_bytes<'a>(digits: impl Iterator<Item = &'a u8>) -> Option<[u8; 16]> {
    let mut digits = digits.map(|it| match it {
        b'0'..=b'9' => Some(it - b'0'),
        b'a'..=b'f' => Some(it - b'a' + 10),
        _ => None,
    });
    let mut bytes = [0; 16];
    for byte in &mut bytes {
        *byte = digits.next()?? << 4 | digits.next()??;
    }
    digits.next().is_none().then_some(bytes)
}

/// Sixteen bytes that tell long texts apart (FNV-1a).
fn digest(text: &[u8]) -> [u8; 16] {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    text.iter().fold(OFFSET, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME)).to_be_bytes()
}

impl std::fmt::Display for Uid {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (bytes, hyphens): (_, &[usize]) = match self {
            Uid::Absent => return Ok(()),
            Uid::Text(text) => return out.write_str(String::from_utf8_lossy(text).trim_end_matches('\0')),
            Uid::Uuid(bytes) => (bytes, &[4, 6, 8, 10]),
            Uid::Digest(bytes) => (bytes, &[]),
        };
        for (at, byte) in bytes.iter().enumerate() {
            if hyphens.contains(&at) {
                out.write_str("-")?;
            }
            write!(out, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// What facts hold of a [`Uid`]: a fingerprint, which tells an object from the next of the same name.
///
/// Two uids have the same one once in four thousand million times, and then it matters only if the later object of a
/// name has the *older* resourceVersion (a server that was put back to a backup, whose objects are listed anew): its
/// events would be ignored until the next list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct UidFingerprint(u32);

impl UidFingerprint {
    /// Whether the object has no uid: it never met a server.
    pub fn is_absent(self) -> bool {
        self == Self::default()
    }
}

impl From<Uid> for UidFingerprint {
    fn from(uid: Uid) -> Self {
        let (tag, bytes) = match uid {
            Uid::Absent => return Self::default(),
            Uid::Uuid(bytes) => (1, bytes),
            Uid::Digest(bytes) => (2, bytes),
            Uid::Text(bytes) => (3, bytes),
        };
        // FNV-1a.
        let hash = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        Self(bytes.iter().chain(&[tag]).fold(0x811c_9dc5, hash).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_print_as_they_were_written() {
        let digest = "0123abcd000040008000000000000fff";
        for text in ["", "0123abcd-0000-4000-8000-00000000ffff", digest, "uid-1", "sixteen-bytes-ok"] {
            assert_eq!(Uid::parse(text).to_string(), text);
        }
        assert!(matches!(Uid::parse("0123abcd-0000-4000-8000-00000000ffff"), Uid::Uuid(_)));
        // Longer ones are told apart, and read again as they were.
        let (one, other) =
            (Uid::parse("0123ABCD-0000-4000-8000-00000000FFFF"), Uid::parse("0123ABCD-0000-4000-8000-0"));
        assert!(one != other && Uid::parse(&one.to_string()) == one);
    }

    #[test]
    fn marks_tell_uids_apart() {
        let uids = ["", "0123abcd-0000-4000-8000-00000000ffff", "0123abcd-0000-4000-8000-00000000fffe", "uid-1"];
        let marks: std::collections::BTreeSet<UidFingerprint> =
            uids.into_iter().map(|it| Uid::parse(it).into()).collect();
        assert_eq!(marks.len(), uids.len());
        assert!(
            UidFingerprint::from(Uid::parse("")).is_absent() && !UidFingerprint::from(Uid::parse("uid-1")).is_absent()
        );
    }
}

//! The version of a server, and on which versions something holds.
//!
//! ```
//! use kreach::model::evidence::Outcome;
//! use kreach::rbac::version::{Span, Version};
//! let server = Version::parse("v1.36.4-gke.100");
//! assert_eq!(server.map(|it| it.to_string()).as_deref(), Some("1.36"));
//! assert_eq!(Span::Before(35).holds(server), Outcome::Deny);
//! assert_eq!(Span::Before(35).holds(None), Outcome::Unknown);
//! ```
//!
//! No answer rests on it: a tuple is judged alike on every version (CONTRACT §4). Notes and capabilities do.

use std::fmt;

use crate::model::evidence::Outcome;

/// A server's version, as far as behavior depends on it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
}

impl Version {
    /// Reads `v1.36.4`, `1.36`, `v1.33.5+k3s1`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
        // A server that was built without its version says `v0.0.0-master+$Format:%H$`.
        let major = parts.next()?.parse().ok().filter(|it| *it > 0)?;
        // Some providers write `1.33+`.
        let minor = parts.next()?;
        let end = minor.find(|it: char| !it.is_ascii_digit()).unwrap_or(minor.len());
        Some(Self { major, minor: minor[..end].parse().ok()? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.major, self.minor)
    }
}

/// On which minor versions of Kubernetes 1 something holds, features in their default state.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Span {
    Always,
    Before(u32),
    From(u32),
}

impl Span {
    /// Whether it holds on a server; unknown where the version decides and is not known.
    pub fn holds(self, version: Option<Version>) -> Outcome {
        let first = |minor| Version { major: 1, minor };
        let holds = match (self, version) {
            (Span::Always, _) => true,
            (_, None) => return Outcome::Unknown,
            (Span::Before(minor), Some(it)) => it < first(minor),
            (Span::From(minor), Some(it)) => it >= first(minor),
        };
        if holds { Outcome::Allow } else { Outcome::Deny }
    }
}

/// `on every version`, `before 1.35`, `from 1.36 on`.
impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Span::Always => write!(out, "on every version"),
            Span::Before(minor) => write!(out, "before 1.{minor}"),
            Span::From(minor) => write!(out, "from 1.{minor} on"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_servers_write_them() {
        let read = |text| Version::parse(text).map(|it| it.to_string());
        for (text, version) in [("v1.33.5+kreach-demo", "1.33"), ("1.30+", "1.30"), ("v1.36.0-beta.1", "1.36")] {
            assert_eq!(read(text).as_deref(), Some(version));
        }
        for text in ["", "v", "v1", "master", "v1.x"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_span_has_one_border() {
        let at = |minor| Some(Version { major: 1, minor });
        assert_eq!(Span::Before(35).holds(at(34)), Outcome::Allow);
        assert_eq!(Span::Before(35).holds(at(35)), Outcome::Deny);
        assert_eq!(Span::From(36).holds(at(35)), Outcome::Deny);
        assert_eq!(Span::From(36).holds(at(36)), Outcome::Allow);
        assert_eq!(Span::Always.holds(None), Outcome::Allow);
    }
}

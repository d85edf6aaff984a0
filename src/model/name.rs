//! A short shared string: a name, a namespace, a label's key or value.
//!
//! A cluster of 150,000 pods repeats a few thousand strings millions of times. A [`Name`] is one pointer wide,
//! its clone is a counter, and what reads objects ([`crate::kinds`]) hands out one allocation for equal strings.
//! It compares, orders and hashes as the string it holds; it is never shown without [`crate::model::untrusted`].

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;

use arcstr::ArcStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A short shared string; cheap to clone, equal and ordered by its text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Name(ArcStr);

impl Name {
    /// The empty name, which stands for "cluster-wide" where a namespace is meant; it allocates nothing.
    pub const fn empty() -> Self {
        Self(arcstr::literal!(""))
    }

    /// A name that the program itself gives; it allocates nothing.
    pub const fn fixed(text: ArcStr) -> Self {
        Self(text)
    }

    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How many holders this allocation has; an interner drops strings that only it still holds.
    pub fn holders(&self) -> usize {
        ArcStr::strong_count(&self.0).unwrap_or(usize::MAX)
    }
}

impl Deref for Name {
    type Target = str;
    #[inline]
    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    #[inline]
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Name {
    #[inline]
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self(ArcStr::from(text))
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self(ArcStr::from(text))
    }
}

impl From<ArcStr> for Name {
    fn from(text: ArcStr) -> Self {
        Self(text)
    }
}

impl From<&String> for Name {
    fn from(text: &String) -> Self {
        Self(ArcStr::from(text.as_str()))
    }
}

impl PartialEq<str> for Name {
    #[inline]
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Name {
    #[inline]
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), out)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), out)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl serde::de::Visitor<'_> for NameVisitor {
            type Value = Name;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a string")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Name, E> {
                Ok(Name::from(text))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

/// A name in the parts that it is held in, compared and shown as the one text that they make.
///
/// ```
/// use kreach::model::name::JoinedName;
/// let pod = JoinedName::of(["web-7d9f8b6c5", "-", "x2z4k"]);
/// assert!(pod == *"web-7d9f8b6c5-x2z4k" && pod < JoinedName::whole("web-8"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct JoinedName<'a>([&'a str; 3]);

impl<'a> JoinedName<'a> {
    /// A name that is held in one part.
    #[inline]
    pub fn whole(text: &'a str) -> Self {
        Self(["", "", text])
    }

    /// A name in three parts.
    #[inline]
    pub fn of(parts: [&'a str; 3]) -> Self {
        Self(parts)
    }

    /// The parts.
    pub fn parts(self) -> [&'a str; 3] {
        self.0
    }

    /// Its bytes, one by one.
    pub fn bytes(self) -> impl Iterator<Item = u8> + 'a {
        self.0.into_iter().flat_map(str::bytes)
    }

    /// The whole of it as a name of its own.
    pub fn to_name(self) -> Name {
        match self.0 {
            ["", "", whole] => Name::from(whole),
            parts => Name::from(parts.concat()),
        }
    }
}

impl PartialEq for JoinedName<'_> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (_, ["", "", whole]) => *self == *whole,
            (["", "", whole], _) => *other == *whole,
            _ => self.cmp(other).is_eq(),
        }
    }
}

impl Eq for JoinedName<'_> {}

/// Part by part, since a pod is looked for by its name in every answer about it.
impl PartialEq<str> for JoinedName<'_> {
    #[inline]
    fn eq(&self, other: &str) -> bool {
        let mut rest = other.as_bytes();
        let begins = |part: &str| match rest.split_at_checked(part.len()) {
            Some((mine, then)) if mine == part.as_bytes() => {
                rest = then;
                true
            }
            _ => false,
        };
        self.0.into_iter().all(begins) && rest.is_empty()
    }
}

impl PartialOrd for JoinedName<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for JoinedName<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (["", "", a], ["", "", b]) = (self.0, other.0) {
            return a.cmp(b);
        }
        let (mut left, mut right) = (self.0.map(str::as_bytes), other.0.map(str::as_bytes));
        let (mut a, mut b) = (0, 0);
        loop {
            // Nothing left of a part: on to the next.
            while a < left.len() && left[a].is_empty() {
                a += 1;
            }
            while b < right.len() && right[b].is_empty() {
                b += 1;
            }
            let (Some(mine), Some(theirs)) = (left.get_mut(a), right.get_mut(b)) else {
                return (a < left.len()).cmp(&(b < right.len()));
            };
            let both = mine.len().min(theirs.len());
            let ((mine_now, mine_then), (theirs_now, theirs_then)) = (mine.split_at(both), theirs.split_at(both));
            if mine_now != theirs_now {
                return mine_now.cmp(theirs_now);
            }
            (*mine, *theirs) = (mine_then, theirs_then);
        }
    }
}

impl fmt::Display for JoinedName<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            // A width that was asked for is a whole name's.
            ["", "", whole] => fmt::Display::fmt(whole, out),
            parts => fmt::Display::fmt(&parts.concat(), out),
        }
    }
}

/// A DNS subdomain of RFC 1123, as most objects are named.
pub fn is_dns_name(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_dns_part)
}

/// A DNS label of RFC 1123, as namespaces are named.
pub fn is_dns_label(text: &str) -> bool {
    text.len() <= 63 && is_dns_part(text)
}

/// Lower-case letters, digits and inner hyphens.
fn is_dns_part(text: &str) -> bool {
    let is_plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.first().copied().is_some_and(is_plain)
        && bytes.last().copied().is_some_and(is_plain)
        && bytes.iter().all(|it| is_plain(*it) || *it == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn names_are_looked_up_by_their_text() {
        let map = BTreeMap::from([(Name::from("shop"), 1)]);
        assert_eq!(map.get("shop"), Some(&1));
        assert_eq!(Name::empty(), Name::default());
        let (a, b) = (Name::from("a"), Name::from("b"));
        assert!(a < b);
    }

    #[test]
    fn names_in_parts_compare_as_whole_ones() {
        let texts = ["", "-", "a", "a-", "a-b", "ab", "ab-c", "b", "web-10", "web-1", "web-2", "ä"];
        let cuts = |text: &'static str| {
            let ends: Vec<usize> = (0..=text.len()).filter(|it| text.is_char_boundary(*it)).collect();
            let pairs = ends.clone().into_iter().flat_map(move |a| ends.clone().into_iter().map(move |b| (a, b)));
            pairs.filter(|(a, b)| a <= b).map(|(a, b)| JoinedName::of([&text[..a], &text[a..b], &text[b..]]))
        };
        for (one, other) in texts.iter().flat_map(|one| texts.iter().map(move |other| (*one, *other))) {
            for (a, b) in cuts(one).flat_map(|a| cuts(other).map(move |b| (a, b))) {
                assert_eq!(a.cmp(&b), one.cmp(other), "{a:?} {b:?}");
                assert_eq!((a == *other, &*a.to_name()), (one == other, one));
            }
        }
    }
}

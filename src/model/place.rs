//! Where in an object something stands, and what could not be read there.

use std::fmt;

use super::id::ObjectId;
use super::name::Name;

/// A path inside an object, such as `spec.ingress[2].from[0]`; empty: the whole object.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Place(pub Name);

impl Place {
    /// The place written so.
    pub fn new(path: impl Into<Name>) -> Self {
        Self(path.into())
    }

    /// This place's field `name`: `spec` → `spec.ingress`.
    pub fn field(&self, name: &str) -> Self {
        if self.0.is_empty() { Self(name.into()) } else { Self(format!("{}.{name}", self.0).into()) }
    }

    /// This place's element `index`: `spec.ingress` → `spec.ingress[2]`.
    pub fn item(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0).into())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Something in an object (or a file) that could not be read as the API defines it, or that the API would refuse.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Problem {
    /// The object, where one could be told.
    pub object: Option<ObjectId>,
    /// In the object, or where there is none the file and line of what is wrong.
    pub place: Place,
    /// One clause, lower case, no period: what is wrong and what was done about it.
    pub what: Name,
}

impl Problem {
    /// The object and the place in it, or the place of a document: `policy.yaml:9:7`.
    pub fn whole_place(&self) -> String {
        match &self.object {
            Some(object) if self.place.0.is_empty() => object.to_string(),
            Some(object) => format!("{object} {}", self.place),
            None => self.place.to_string(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.whole_place();
        if !place.is_empty() {
            write!(out, "{place}: ")?;
        }
        out.write_str(&self.what)
    }
}

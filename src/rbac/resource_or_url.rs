//! What a rule, a row or a part of a rule speaks of: a resource, or a URL.

use std::fmt;

use crate::model::name::Name;

/// A resource as rules write it, or a URL.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ResourceOrUrl {
    /// `name` empty for all objects.
    Resource {
        group: Name,
        resource: Name,
        name: Name,
    },
    Url(Name),
}

/// `pods.example.com/log "web"`, raw.
impl fmt::Display for ResourceOrUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (group, resource, name) = match self {
            ResourceOrUrl::Url(url) => return write!(out, "{url}"),
            ResourceOrUrl::Resource { group, resource, name } => (group, resource, name),
        };
        let (plural, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        write!(out, "{plural}")?;
        if !group.is_empty() {
            write!(out, ".{group}")?;
        }
        if !subresource.is_empty() {
            write!(out, "/{subresource}")?;
        }
        if name.is_empty() { Ok(()) } else { write!(out, " \"{name}\"") }
    }
}

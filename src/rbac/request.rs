//! What somebody asks to do: a verb on a resource, or an HTTP method on a URL.
//!
//! Nothing here is trimmed, resolved or filled in: a request is the tuple that the API server's authorizer sees
//! (rules 14–19). What users type is resolved before, in [`crate::rbac::served`].

use std::fmt;

use crate::model::name::Name;

/// A verb on a resource; empty texts are what the authorizer sees as empty.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ResourceRequest {
    pub verb: Name,
    /// Empty: the core group.
    pub group: Name,
    pub resource: Name,
    pub subresource: Name,
    pub name: Name,
    /// Another name that the server asks for besides, of which either allows: a signer's `DOMAIN/*`. Empty: none.
    pub domain: Name,
    /// Empty: cluster-wide, where no RoleBinding is asked (rule 2).
    pub namespace: Name,
}

impl ResourceRequest {
    /// Whether a rule's name is one that is asked for (rules 21 and 27).
    pub fn is_named(&self, name: &Name) -> bool {
        *name == self.name || !self.domain.is_empty() && *name == self.domain
    }

    /// `resource` or `resource/subresource`, as rules write it (rule 8).
    pub fn combined(&self) -> Name {
        if self.subresource.is_empty() {
            self.resource.clone()
        } else {
            format!("{}/{}", self.resource, self.subresource).into()
        }
    }
}

/// What is asked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Request {
    Resource(ResourceRequest),
    /// A URL that is no resource's, with the lower-case HTTP method as its verb (rules 28–31).
    Url {
        verb: Name,
        path: Name,
    },
}

impl Request {
    /// A request on a resource of a namespace (empty: cluster-wide).
    pub fn resource(verb: &str, group: &str, resource: &str, namespace: &str) -> Self {
        Self::Resource(ResourceRequest {
            verb: verb.into(),
            group: group.into(),
            resource: resource.into(),
            namespace: namespace.into(),
            ..ResourceRequest::default()
        })
    }

    /// A request for a URL.
    pub fn url(verb: &str, path: &str) -> Self {
        Self::Url { verb: verb.into(), path: path.into() }
    }

    /// The verb.
    pub fn verb(&self) -> &Name {
        match self {
            Request::Resource(it) => &it.verb,
            Request::Url { verb, .. } => verb,
        }
    }

    /// The namespace whose RoleBindings are asked; empty for none (rules 2 and 30).
    pub fn namespace(&self) -> &str {
        match self {
            Request::Resource(it) => &it.namespace,
            Request::Url { .. } => "",
        }
    }

    /// The same request in another namespace; a URL has none.
    pub fn in_namespace(&self, namespace: &Name) -> Self {
        match self {
            Request::Resource(it) => Request::Resource(ResourceRequest { namespace: namespace.clone(), ..it.clone() }),
            url => url.clone(),
        }
    }
}

/// `get pods.apps/log "web" in shop`, raw: whoever shows it escapes it.
impl fmt::Display for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let it = match self {
            Request::Url { verb, path } => return write!(out, "{verb} {path}"),
            Request::Resource(it) => it,
        };
        write!(out, "{} {}", it.verb, it.resource)?;
        if !it.group.is_empty() {
            write!(out, ".{}", it.group)?;
        }
        if !it.subresource.is_empty() {
            write!(out, "/{}", it.subresource)?;
        }
        if !it.name.is_empty() {
            write!(out, " {}", it.name)?;
        }
        if it.namespace.is_empty() { Ok(()) } else { write!(out, " in {}", it.namespace) }
    }
}

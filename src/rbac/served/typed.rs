//! What a user typed, read as a request (CONTRACT §4, "Typed requests").
//!
//! ```text
//! get deploy/scale web -n shop  ──►  get deployments.apps/scale web in shop    note: deploy is read as …
//! ```
//!
//! Everything is legal, since RBAC is; what was probably meant is said in notes, which change nothing.

use super::{Reach, Resource, STANDARD, Served, Source};
use crate::model::name::Name;
use crate::rbac::places;
use crate::rbac::request::{Request, ResourceRequest};

/// How a typed resource was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resolved {
    pub request: Request,
    /// What to say on stderr: a group that was guessed, a name that is not served, an ignored namespace.
    pub notes: Vec<Name>,
    /// Where it is asked: in a namespace or in none. `None`: nothing served is called so.
    pub reach: Option<Reach>,
}

/// What a user typed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Typed<'a> {
    pub verb: &'a str,
    /// `RESOURCE[.GROUP][/SUBRESOURCE]`, or `/URL`.
    pub resource: &'a str,
    pub name: &'a str,
    /// The namespace to ask in; empty for all.
    pub namespace: &'a str,
    /// Whether the namespace was given and not merely the context's.
    pub given: Given,
}

/// Whether something was typed or is a default.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Given {
    #[default]
    No,
    Yes,
}

/// Verbs that authorizers ask for besides the standard ones (rule 59).
pub(super) const SPECIAL: [&str; 9] =
    ["approve", "associate", "attest", "bind", "escalate", "impersonate", "proxy", "sign", "use"];

impl Served {
    /// The served plural that is nearest to a word, if any is near.
    pub fn nearest(&self, word: &str) -> Option<&Resource> {
        let far = |it: &Resource| distance(&it.name, word);
        let near = self.resources.iter().min_by_key(|it| far(it))?;
        (far(near) <= 1 + word.len() / 4).then_some(near)
    }

    /// Reads what a user typed as a request (CONTRACT §4, "Typed requests").
    pub fn resolve(&self, typed: &Typed<'_>) -> Resolved {
        if typed.resource.starts_with('/') {
            return Resolved { request: Request::url(typed.verb, typed.resource), notes: Vec::new(), reach: None };
        }
        let (resource, subresource) = typed.resource.split_once('/').unwrap_or((typed.resource, ""));
        let (word, group) = match resource.split_once('.') {
            Some((word, group)) => (word, Some(group)),
            None => (resource, None),
        };
        let mut notes = verb_notes(typed.verb);
        let found = self.meant(word, group, &mut notes);
        let (name, group) = match found {
            Some(it) => (it.name.clone(), it.group.clone()),
            None => (Name::from(word), Name::from(group.unwrap_or_default())),
        };
        let mut reach = found.map(|it| it.reach);
        let mut request = ResourceRequest {
            verb: typed.verb.into(),
            group,
            resource: name,
            subresource: subresource.into(),
            name: typed.name.into(),
            namespace: typed.namespace.into(),
            ..ResourceRequest::default()
        };
        request.domain = places::domain_of(&request);
        if reach == Some(Reach::Cluster) && places::is_elsewhere(&request) {
            reach = Some(Reach::Namespaced);
        }
        if reach == Some(Reach::Cluster) {
            request.namespace = places::of_cluster_scoped(&request);
            if typed.given == Given::Yes && !typed.namespace.is_empty() && request.namespace.is_empty() {
                notes.push(format!("{} stand in no namespace: -n is ignored", request.resource).into());
            }
        }
        Resolved { request: Request::Resource(request), notes, reach }
    }

    /// The served resource that a word and perhaps a group mean, with what there is to say about it.
    fn meant<'a>(&'a self, word: &'a str, group: Option<&str>, notes: &mut Vec<Name>) -> Option<&'a Resource> {
        if word == "*" {
            return None;
        }
        let all = self.named(word, group);
        if let Some(group) = group {
            if all.is_empty() {
                notes.push(self.unknown(&format!("{word}.{group}"), word));
            }
            return all.first().copied();
        }
        if let Some(core) = all.iter().find(|it| it.group.is_empty()) {
            return Some(core);
        }
        match all.as_slice() {
            [] => {
                notes.push(self.unknown(word, word));
                None
            }
            [only] => {
                notes.push(format!("{word} is read as {}.{}", only.name, only.group).into());
                Some(only)
            }
            several => {
                let groups: Vec<&str> = several.iter().map(|it| it.group.as_str()).collect();
                let groups = groups.join(", ");
                notes.push(
                    format!("{word} is served by {groups}: asked in the core group; name one as {word}.GROUP").into(),
                );
                None
            }
        }
    }

    fn unknown(&self, written: &str, word: &str) -> Name {
        let meant = match self.nearest(word) {
            Some(it) if it.group.is_empty() => format!("; did you mean {}?", it.name),
            Some(it) => format!("; did you mean {}.{}?", it.name, it.group),
            None => String::new(),
        };
        let by = match self.source {
            Source::BuiltIn => "is no resource of Kubernetes' own",
            Source::Discovery => "is legal but not served",
        };
        let unsure: Vec<&str> = self.unsure.iter().map(|it| if it.is_empty() { "core" } else { it }).collect();
        let but = match unsure.is_empty() {
            true => String::new(),
            false => format!("; what {} serves could not be asked", unsure.join(", ")),
        };
        format!("{written} {by}{meant}{but}").into()
    }
}

/// Verbs are taken as typed (rule 6); what is probably meant is said.
fn verb_notes(verb: &str) -> Vec<Name> {
    let meant = match verb.to_ascii_lowercase().as_str() {
        "read" | "view" | "describe" => "get",
        "write" | "edit" | "apply" => "update or patch",
        "post" => "create",
        "put" => "update",
        "exec" => "create on pods/exec",
        "attach" => "create on pods/attach",
        "portforward" | "port-forward" => "create on pods/portforward",
        lower if lower != verb && STANDARD.contains(&lower) => {
            return vec![format!("verbs are lower case: {lower}").into()];
        }
        lower if lower == "*" || SPECIAL.contains(&lower) || lower.contains(':') => return Vec::new(),
        lower => match STANDARD.iter().copied().chain(SPECIAL).find(|it| (1..=2).contains(&slips(it, lower))) {
            Some(near) => near,
            None => return Vec::new(),
        },
    };
    vec![format!("{verb} is no verb of Kubernetes' own; did you mean {meant}?").into()]
}

/// How many letters a typed verb is off; more than one, of a long one two, are no slip.
pub(super) fn slips(verb: &str, typed: &str) -> usize {
    let most = if typed.len() < 8 { 1 } else { 2 };
    Some(distance(verb, typed)).filter(|it| *it <= most).unwrap_or(usize::MAX)
}

/// How many letters two words differ by (Levenshtein).
pub(super) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let next = if x == *y { corner } else { 1 + corner.min(row[j]).min(row[j + 1]) };
            corner = std::mem::replace(&mut row[j + 1], next);
        }
    }
    row[b.len()]
}

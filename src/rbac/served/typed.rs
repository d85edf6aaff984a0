//! What a user typed, read as a request (CONTRACT §4, "Typed requests").
//!
//! ```text
//! get deploy/scale web -n shop  ──►  get deployments.apps/scale web in shop    note: deploy is read as …
//! ```
//!
//! Everything is legal, since RBAC is; what was probably meant is said in notes, which change nothing. What is proven not
//! to be served is refused, unless it is to be asked all the same.

use std::collections::BTreeSet;

use super::{Served, ServedFrom, ServedResource, is_own_group, is_version, urls, verbs};
use crate::model::id::ResourceScope;
use crate::model::name::Name;
use crate::rbac::places;
use crate::rbac::request::{Request, ResourceRequest};

/// How a typed resource was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResolvedResource {
    pub request: Request,
    /// What to say on stderr: a group that was guessed, a name that is not served, an ignored namespace.
    pub notes: Vec<Name>,
    /// Where it is asked: in a namespace or in none. `None`: nothing served is called so.
    pub scope: Option<ResourceScope>,
    /// That nothing can be asked so: what was typed is proven not to be served.
    pub refusal: Option<Refusal>,
}

/// Why a typed question is not asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    pub what: String,
    /// What is probably meant.
    pub hint: String,
}

impl ResolvedResource {
    /// The same, asked all the same: why it would not be is said with the notes.
    pub fn all_the_same(mut self) -> Self {
        let refusal = self.refusal.take();
        let told = |it: Refusal| if it.hint.is_empty() { it.what } else { format!("{}; {}", it.what, it.hint) };
        self.notes.extend(refusal.map(told).map(Name::from));
        self
    }
}

/// What a user typed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TypedResource<'a> {
    pub verb: &'a str,
    /// `RESOURCE[.GROUP][/SUBRESOURCE]`, or `/URL`.
    pub resource: &'a str,
    pub name: &'a str,
    /// The namespace to ask in; empty for all.
    pub namespace: &'a str,
    /// Whether the namespace was given and not merely the context's.
    pub given: TypedOrDefault,
}

/// Whether something was typed or is a default.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TypedOrDefault {
    #[default]
    No,
    Yes,
}

/// Verbs that authorizers ask for besides the standard ones (rule 59).
pub(super) const SPECIAL: [&str; 9] =
    ["approve", "associate", "attest", "bind", "escalate", "impersonate", "proxy", "sign", "use"];
/// Words of kubectl for several resources at once.
const CATEGORIES: [&str; 2] = ["all", "api-extensions"];

/// Paths that people type without their `/`.
const PATHS: [&str; 9] = ["healthz", "livez", "readyz", "metrics", "version", "openapi", "swagger", "apis", "debug"];

/// What is said of a word that no resource is called by.
enum Unserved {
    /// A server's discovery proves it.
    Refused(Refusal),
    Noted(Name),
}

impl Served {
    /// The served plural that is nearest to a word, if any is near.
    pub fn nearest(&self, word: &str) -> Option<&ServedResource> {
        let far = |it: &ServedResource| distance(&it.name, word);
        let near = self.resources.iter().min_by_key(|it| far(it))?;
        (far(near) <= 1 + word.len() / 4).then_some(near)
    }

    /// Reads what a user typed as a request (CONTRACT §4, "Typed requests").
    pub fn resolve(&self, typed: &TypedResource<'_>) -> ResolvedResource {
        if let Some(path) = urls::path_of(typed.resource) {
            return urls::resolve(typed, path);
        }
        let (resource, subresource) = typed.resource.split_once('/').unwrap_or((typed.resource, ""));
        let (word, group) = match resource.split_once('.') {
            Some((word, group)) => (word, Some(group)),
            None => (resource, None),
        };
        let mut notes: Vec<Name> = verbs::note(typed.verb).map(Name::from).into_iter().collect();
        let mut refusal = None;
        let found = self.meant(word, group, &mut notes, &mut refusal);
        let (name, group) = match found {
            Some(it) => (it.name.clone(), it.group.clone()),
            None => (Name::from(word), Name::from(group.unwrap_or_default())),
        };
        let mut scope = found.map(|it| it.scope);
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
        if scope == Some(ResourceScope::Cluster) && places::is_elsewhere(&request) {
            scope = Some(ResourceScope::Namespaced);
        }
        if scope == Some(ResourceScope::Cluster) {
            request.namespace = places::of_cluster_scoped(&request);
            if typed.given == TypedOrDefault::Yes && !typed.namespace.is_empty() && request.namespace.is_empty() {
                notes.push(format!("{} are cluster-scoped: -n is ignored", request.resource).into());
            }
        }
        notes.extend(no_name(&request, found, self).map(Name::from));
        if let Some((it, told)) = found.and_then(|it| Some((it, self.no_subresource(it, subresource, typed.verb)?))) {
            match self.is_proof(it) {
                true => refusal = Some(told),
                false => notes.push(format!("{}; {}", told.what, told.hint).into()),
            }
        }
        ResolvedResource { request: Request::Resource(request), notes, scope, refusal }
    }

    /// The served resource that a word and perhaps a group mean, with what there is to say about it.
    fn meant<'a>(
        &'a self,
        word: &'a str,
        group: Option<&str>,
        notes: &mut Vec<Name>,
        refusal: &mut Option<Refusal>,
    ) -> Option<&'a ServedResource> {
        if word == "*" || word.is_empty() {
            return None;
        }
        let all = self.named(word, group);
        if all.is_empty() {
            match self.unknown(word, group) {
                Unserved::Refused(told) => *refusal = Some(told),
                Unserved::Noted(note) => notes.push(note),
            }
            return None;
        }
        if group.is_some() {
            return all.first().copied();
        }
        if let Some(core) = all.iter().find(|it| it.group.is_empty()) {
            return Some(core);
        }
        match all.as_slice() {
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

    /// That nothing is called so: refused where a server's discovery proves it, else a note.
    fn unknown(&self, word: &str, group: Option<&str>) -> Unserved {
        let written = group.map_or_else(|| word.to_owned(), |group| format!("{word}.{group}"));
        let hint = self.hint(word, group);
        let what = format!("unknown resource {written:?}{hint}");
        let is_proven = self.source == ServedFrom::Discovery && self.is_known_group(group.unwrap_or("*"));
        if is_proven {
            return Unserved::Refused(Refusal { what, hint: "--unserved asks all the same".to_owned() });
        }
        let unsure: Vec<&str> = self.unsure.iter().map(|it| if it.is_empty() { "core" } else { it }).collect();
        match unsure.is_empty() {
            true => Unserved::Noted(what.into()),
            false => Unserved::Noted(format!("{what}; what {} serves could not be asked", unsure.join(", ")).into()),
        }
    }

    /// ` (did you mean secrets?)`, or whatever else is probably meant.
    fn hint(&self, word: &str, group: Option<&str>) -> String {
        let full = |it: &ServedResource| match it.group.is_empty() {
            true => it.name.to_string(),
            false => format!("{}.{}", it.name, it.group),
        };
        // `deployments.v1.apps`, as kubectl writes them: requests carry no version.
        let unversioned = group.map(|it| it.split_once('.').map_or((it, ""), |parts| parts));
        let unversioned = unversioned.filter(|(version, _)| is_version(version)).map(|(_, group)| group);
        if let Some(it) = unversioned.and_then(|group| self.named(word, Some(group)).first().copied()) {
            return format!(": requests carry no version (did you mean {}?)", full(it));
        }
        if CATEGORIES.contains(&word) {
            return format!(": {word} is kubectl's word for several resources; ask for one, or for '*'");
        }
        if PATHS.contains(&word) && group.is_none() {
            return format!(": URLs begin with / (did you mean /{word}?)");
        }
        // The same word in another group is meant before words that are near.
        let elsewhere = group.and_then(|_| self.named(word, None).first().copied());
        elsewhere.or_else(|| self.nearest(word)).map(|it| format!(" (did you mean {}?)", full(it))).unwrap_or_default()
    }

    /// That a resource has no such subresource, and what is meant: mostly an object's name.
    fn no_subresource(&self, it: &ServedResource, typed: &str, verb: &str) -> Option<Refusal> {
        let all = self.subresources_of(it)?;
        if typed.is_empty() || all.contains(typed) {
            return None;
        }
        let full = if it.group.is_empty() { it.name.to_string() } else { format!("{}.{}", it.name, it.group) };
        let near = all.iter().copied().filter(|it| distance(it, typed) <= 1 + typed.len() / 4);
        let near = near.min_by_key(|it| distance(it, typed));
        let mut hints: Vec<String> = near.map(|it| format!("did you mean {full}/{it}?")).into_iter().collect();
        hints.push(match (typed, typed.rsplit_once('/')) {
            ("*", _) => {
                format!("* is no wildcard here: name one of {}", all.into_iter().collect::<Vec<_>>().join(", "))
            }
            (_, Some((name, last))) if all.contains(last) => {
                format!("an object's name stands apart: {verb} {full}/{last} {name}")
            }
            _ => apart(verb, &full, typed, &all),
        });
        Some(Refusal { what: format!("{full} has no subresource {typed:?}"), hint: hints.join(" ") })
    }

    /// Whether what is known of a resource is all there is of it.
    fn is_proof(&self, it: &ServedResource) -> bool {
        match self.source {
            ServedFrom::Discovery => !self.unsure.contains(&it.group),
            ServedFrom::BuiltIn => is_own_group(&it.group) && self.is_known_group(&it.group),
        }
    }
}

/// That no object is called so, where a subresource was put behind its name: `get pods web-0/log`.
fn no_name(request: &ResourceRequest, found: Option<&ServedResource>, served: &Served) -> Option<String> {
    let (name, below) = request.name.split_once('/').filter(|_| request.subresource.is_empty())?;
    let found = found.filter(|it| served.subresources_of(it).is_some_and(|all| all.contains(below)))?;
    let full = if found.group.is_empty() { found.name.to_string() } else { format!("{}.{}", found.name, found.group) };
    let verb = &request.verb;
    Some(format!(
        "no object is called {:?}: a subresource stands with its resource ({verb} {full}/{below} {name})",
        request.name.as_str()
    ))
}

/// `an object's name stands apart: get pods web-0`, with what a word of kubectl's stands for in the verb's place.
fn apart(verb: &str, full: &str, typed: &str, below: &BTreeSet<&str>) -> String {
    let name = match typed.split_once('/') {
        Some((namespace, name)) => format!("{name} -n {namespace}"),
        None => typed.to_owned(),
    };
    let asked = match verbs::habit(verb) {
        Some("update or patch on the subresource scale") if below.contains("scale") => {
            format!("patch {full}/scale {name}")
        }
        // `create pods/exec`, of pods alone.
        Some(meant) if meant.contains(&format!(" {full}/")) => format!("{meant} {name}"),
        Some(meant) if !meant.contains(' ') => format!("{meant} {full} {name}"),
        Some(_) | None => format!("{verb} {full} {name}"),
    };
    format!("an object's name stands apart: {asked}")
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

//! What stands beside a list of who can: names, missing roles, aggregated roles that lag.
//!
//! ```text
//! ! 1 subject can for certain names only
//!     sa:prod/job: ledger-key
//! ! 1 binding grants nothing, for want of a role
//! ```

use crate::model::evidence::Outcome;
use crate::model::name::Name;
use crate::model::place::Place;
use crate::rbac::beside::{HolderOfNames, Missing, OtherHolders};
use crate::rbac::request::Request;
use crate::rbac::who::WhoCanAnswer;

use super::add_grants;
use super::reasons::no_role;
use crate::text::{About, Line, Mark, Page, words};

/// Puts it below the list, each part below a line that can be opened.
pub(super) fn add_beside(page: &mut Page, who: &WhoCanAnswer, beside: &OtherHolders) {
    if !beside.named.is_empty() {
        let count = words::count(beside.named.len() as u64, "subject", "subjects");
        page.say(1, Mark::Note, format!("{count} can for certain names only{}", how(&who.request)));
        for it in &beside.named {
            page.push(Line::new(2, Mark::Title, named(it)).on(About::Somebody(it.subject.clone())));
            add_grants(page, 3, Mark::Plain, &it.grants);
        }
    }
    if !beside.missing.is_empty() {
        let count = words::count(beside.missing.len() as u64, "binding grants", "bindings grant");
        page.say(1, Mark::Note, format!("{count} nothing, for want of a role"));
        for it in &beside.missing {
            let text = format!("{}: {}", it.binding.id(), missing(it));
            page.push(Line::new(2, Mark::Note, text).linked(&it.binding.id(), &Place::new("roleRef")));
        }
    }
    beside.lagging.iter().for_each(|it| page.say(1, Mark::Note, it));
}

/// How a request can have a name at all, where that is not plain (rules 22 and 24).
fn how(request: &Request) -> &'static str {
    match request {
        Request::Resource(it) if it.verb == "create" && it.subresource.is_empty() => " (by apply or PUT alone)",
        Request::Resource(it) if matches!(it.verb.as_str(), "list" | "watch") => {
            " (by the field selector metadata.name=NAME alone)"
        }
        _ => "",
    }
}

/// `sa:prod/job: ledger-key, db-0`.
pub fn named(it: &HolderOfNames) -> String {
    let names: Vec<&str> = it.names.iter().map(Name::as_str).collect();
    format!("{}: {}", it.subject, names.join(", "))
}

/// `ClusterRole/cluster-admin is not there; Kubernetes' own cluster-admin would allow it to sa:tools/installer`.
pub fn missing(it: &Missing) -> String {
    let why = no_role(&it.binding.role, &it.binding.id());
    let subjects = it.somebody();
    let shown: Vec<String> = subjects.iter().take(3).map(ToString::to_string).collect();
    let more = if subjects.len() > shown.len() {
        format!(" and {} more", subjects.len() - shown.len())
    } else {
        String::new()
    };
    let to = format!("{}{more}", shown.join(", "));
    match it.would {
        Some(Outcome::Allow) => format!("{why}; Kubernetes' own {} would allow it to {to}", it.binding.role.name),
        Some(_) => format!("{why}; Kubernetes' own {} would not allow it (bound to {to})", it.binding.role.name),
        None => format!("{why} (bound to {to})"),
    }
}

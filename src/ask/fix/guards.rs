//! What a candidate would break that clusters live by: one row for each, told beside the candidate with its reason.
//!
//! They stop nobody here: `apply` stops for those that say so, until they are overridden by name. Sources: the good
//! practices of RBAC and of network policies in the Kubernetes documentation.

mod network;
mod rights;

use serde_json::Value;

use crate::ask::World;
use crate::change::Impact;
use crate::change::edits::{Change, Op};
use crate::change::object::owner;
use crate::text::{Line, Mark};

/// What guards look at.
pub struct GuardedChange<'a> {
    pub before: &'a World,
    pub after: &'a World,
    pub impact: &'a Impact,
    pub changes: &'a [Change],
}

/// Something that clusters live by.
pub struct FixGuard {
    /// As `--override` names it.
    pub name: &'static str,
    /// Why it matters, a clause.
    pub why: &'static str,
    /// Whether `apply` stops for it.
    pub stops: Stops,
    /// What of it would break.
    finds: fn(&GuardedChange<'_>) -> Option<String>,
    /// Why it cannot be looked at: what it is about is not there, or not known.
    lacks: fn(&GuardedChange<'_>) -> Option<&'static str>,
}

/// Whether `apply` stops for a guard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stops {
    /// Until it is overridden by its name.
    Apply,
    /// It is said, and nothing more.
    Nothing,
}

/// A guard that found something.
#[derive(Clone)]
pub struct Tripped {
    pub guard: &'static FixGuard,
    /// What would break, a clause.
    pub what: String,
}

impl Tripped {
    /// A sentence.
    pub fn words(&self) -> String {
        format!("guard {}: {} ({})", self.guard.name, self.what, self.guard.why)
    }

    /// The same as a line, which says whether it stops what is applied.
    pub fn line(&self) -> Line {
        Line::new(0, if self.guard.stops == Stops::Apply { Mark::Deny } else { Mark::Note }, self.words())
    }
}

const fn guard(name: &'static str, why: &'static str, finds: fn(&GuardedChange<'_>) -> Option<String>) -> FixGuard {
    FixGuard { name, why, stops: Stops::Apply, finds, lacks: |_| None }
}

/// All guards.
pub const GUARDS: &[FixGuard] = &[
    FixGuard { lacks: network::no_dns, ..guard("dns", "names do not resolve without it", network::dns_is_lost) },
    FixGuard {
        lacks: network::no_api_server,
        ..guard("api-server", "controllers and operators stop without it", network::api_server_is_lost)
    },
    FixGuard { lacks: network::no_ingress, ..guard("ingress", "clients come in through it", network::ingress_is_lost) },
    FixGuard {
        lacks: network::no_monitoring,
        ..guard("monitoring", "alerts rest on what it scrapes", network::monitoring_is_lost)
    },
    FixGuard {
        lacks: network::no_webhooks,
        ..guard("webhooks", "the API server calls them from a node", network::webhooks_are_lost)
    },
    FixGuard { lacks: rights::no_identity, ..guard("own-access", "you could not undo it", rights::own_access_is_lost) },
    guard("last-administrator", "nobody else could repair it", rights::last_administrator_goes),
    guard("bootstrap", "the control plane and its controllers need it", rights::system_loses),
    guard("everyone", "every user and every service account is in it", rights::everyone_gets),
    guard("risky-permissions", "whoever holds them can come to hold more", rights::risky_is_given),
    guard("aggregated", "a controller fills aggregated ClusterRoles from their parts", rights::aggregated_is_edited),
    FixGuard {
        stops: Stops::Nothing,
        ..guard("exposure", "what is outside, or in kube-system, is rarely meant", network::outside_opens)
    },
    FixGuard { stops: Stops::Nothing, ..guard("managed", "whoever manages the object writes it back", is_managed) },
];

/// The guard of a name.
pub fn named_guard(name: &str) -> Option<&'static FixGuard> {
    GUARDS.iter().find(|it| it.name == name)
}

/// The guards that find something in a candidate.
pub fn tripped(seen: &GuardedChange<'_>) -> Vec<Tripped> {
    GUARDS.iter().filter_map(|guard| Some(Tripped { guard, what: (guard.finds)(seen)? })).collect()
}

/// What guards find in a candidate: a sentence each.
pub fn found(seen: &GuardedChange<'_>) -> Vec<String> {
    tripped(seen).iter().map(Tripped::words).collect()
}

/// Which guards cannot be looked at, where what is changed could be about them: a sentence each.
pub fn unchecked(seen: &GuardedChange<'_>) -> Vec<String> {
    GUARDS.iter().filter_map(|it| Some(format!("guard {} is not checked: {}", it.name, (it.lacks)(seen)?))).collect()
}

/// Whether rights are changed.
fn is_about_rights(seen: &GuardedChange<'_>) -> bool {
    seen.changes.iter().any(is_rbac)
}

fn is_rbac(change: &Change) -> bool {
    let version = change.object.get("apiVersion").and_then(Value::as_str);
    version.is_some_and(|it| it.starts_with("rbac.authorization.k8s.io"))
}

fn is_managed(seen: &GuardedChange<'_>) -> Option<String> {
    seen.changes.iter().filter(|it| it.op != Op::Create).find_map(|change| {
        let by = owner(&change.object)?;
        Some(format!("{} is managed by {by}", change.id().ok()?))
    })
}

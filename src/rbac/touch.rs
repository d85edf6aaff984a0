//! Who may touch an object: which requests change it, enter it, forward through it or delete it.
//!
//! ```text
//! touches(pod/shop/web)  →  change: update, patch pods web -n shop …   exec: create pods/exec web …   delete …
//! ```

use std::collections::BTreeMap;

use crate::kinds;
use crate::model::cluster::Cluster;
use crate::model::evidence::{Gap, Outcome};
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::role::Subject;

use super::covers::Leave;
use super::grant::Grant;
use super::identity::Identity;
use super::index::Index;
use super::powers::{self, Power};
use super::request::{Request, ResourceRequest};
use super::who::AskedPlaces;

/// One way to touch an object; any of its requests does it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TouchWay {
    /// `change`, `exec`, `forward`, `delete`, …
    pub word: &'static str,
    pub requests: Vec<Request>,
}

/// Who may touch an object, way by way.
#[derive(Clone, Debug)]
pub struct Touched {
    pub id: ObjectId,
    /// Somebody of whom it is said whether they may.
    pub acting: Option<Identity>,
    pub ways: Vec<HeldWay>,
}

/// One way, and who has it: `system:masters`, who may do everything, is left out.
#[derive(Clone, Debug)]
pub struct HeldWay {
    pub touch: TouchWay,
    /// Each once, with all their grants.
    pub holders: Vec<Toucher>,
    /// Why somebody may be missing.
    pub gaps: Vec<Gap>,
    /// Whether the one who acts may.
    pub acting: Option<Outcome>,
}

/// Somebody who may touch an object.
#[derive(Clone, Debug)]
pub struct Toucher {
    pub subject: Subject,
    pub grants: Vec<Grant>,
    /// What the guard against escalation says besides, of a change of a role or a binding (rules 47 and 50).
    pub guard: Option<Leave>,
}

impl Index {
    /// Who may touch an object; `None` where nothing is known of its kind.
    pub fn touched(&self, cluster: &Cluster, id: &ObjectId, acting: Option<&Identity>) -> Option<Touched> {
        let spec = kinds::spec(id.kind)?;
        let ways = touches(id, spec.group, spec.plural).into_iter();
        let ways = ways.map(|it| self.held_way(cluster, id, it, acting)).collect();
        Some(Touched { id: id.clone(), acting: acting.cloned(), ways })
    }

    fn held_way(&self, cluster: &Cluster, id: &ObjectId, touch: TouchWay, acting: Option<&Identity>) -> HeldWay {
        let mut holders: BTreeMap<Subject, Vec<Grant>> = BTreeMap::new();
        let mut gaps: Vec<Gap> = Vec::new();
        for request in &touch.requests {
            let who = self.who_can(cluster, request, AskedPlaces::Asked);
            for holder in who.holders.iter().filter(|it| !it.is_always()) {
                holders.entry(who.subject(holder).clone()).or_default().extend(who.grants(holder));
            }
            let new: Vec<Gap> = who.gaps.iter().filter(|it| !gaps.contains(it)).cloned().collect();
            gaps.extend(new);
        }
        let toucher = |(subject, mut grants): (Subject, Vec<Grant>)| {
            grants.sort_by(|a, b| a.order().cmp(&b.order()));
            grants.dedup_by(|a, b| a.order() == b.order());
            let guard = || self.may_change(&Identity::new(&subject, &[]), cluster, id);
            let guard = (touch.word == "change").then(guard).flatten();
            Toucher { subject, grants, guard }
        };
        let holders = holders.into_iter().map(toucher).collect();
        let acting = acting.map(|it| self.may(it, &touch.requests));
        HeldWay { holders, gaps, acting, touch }
    }

    /// Whether somebody may do any of these: the best of the outcomes.
    fn may(&self, identity: &Identity, requests: &[Request]) -> Outcome {
        let outcomes: Vec<Outcome> = requests.iter().map(|it| self.can(identity, it).outcome()).collect();
        let has = |outcome| outcomes.contains(&outcome).then_some(outcome);
        has(Outcome::Allow).or(has(Outcome::Unknown)).unwrap_or(Outcome::Deny)
    }
}

const CHANGE: &[&str] = &["update", "patch"];
const DELETE: &[&str] = &["delete", "deletecollection"];

const POD: &[(&str, Power)] = &[
    ("change", powers::CHANGE_PODS),
    ("relabel by status", powers::CHANGE_POD_STATUS),
    ("debug", powers::DEBUG),
    ("exec", powers::EXEC),
    ("attach", powers::ATTACH),
    ("forward", powers::FORWARD),
    ("proxy", powers::POD_PROXY),
    ("evict", powers::EVICT_PODS),
    ("delete", powers::DELETE_PODS),
];
const NAMESPACE: &[(&str, Power)] = &[
    ("change", powers::CHANGE_NAMESPACES),
    ("relabel by status", powers::CHANGE_NAMESPACE_STATUS),
    ("relabel by finalize", powers::FINALIZE_NAMESPACES),
    ("delete", powers::DELETE_NAMESPACES),
];

/// All ways to touch an object of a kind that `resource` (group, plural) serves.
pub fn touches(id: &ObjectId, group: &str, plural: &str) -> Vec<TouchWay> {
    let of_powers = |all: &'static [(&'static str, Power)]| {
        let touch = |(word, power): &(&'static str, Power)| TouchWay {
            word,
            requests: power.needs.iter().flat_map(|it| requests(id, it.group, it.resource, it.verbs)).collect(),
        };
        all.iter().map(touch).collect()
    };
    let any = |word, verbs| TouchWay { word, requests: requests(id, group, plural, verbs).collect() };
    match id.kind {
        Kind::POD => of_powers(POD),
        Kind::NAMESPACE => of_powers(NAMESPACE),
        _ => vec![any("change", CHANGE), any("delete", DELETE)],
    }
}

/// These verbs on an object; `resource` with its subresource.
///
/// The request for a Namespace is asked in that namespace (rule 16). A deletecollection has no name (rule 23).
fn requests(id: &ObjectId, group: &str, resource: &str, verbs: &[&str]) -> impl Iterator<Item = Request> {
    let namespace = if id.kind == Kind::NAMESPACE { &id.name } else { &id.namespace };
    let (plural, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    verbs.iter().map(move |verb| {
        Request::Resource(ResourceRequest {
            verb: Name::from(*verb),
            group: group.into(),
            resource: plural.into(),
            subresource: subresource.into(),
            name: if *verb == "deletecollection" { Name::empty() } else { id.name.clone() },
            namespace: namespace.clone(),
            ..ResourceRequest::default()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_is_touched_in_more_ways_than_a_policy() {
        let pod = touches(&ObjectId::new(Kind::POD, "shop", "web"), "", "pods");
        let exec = pod.iter().find(|it| it.word == "exec").expect("a way");
        assert_eq!(exec.requests[0].to_string(), "create pods/exec web in shop");
        let policy =
            touches(&ObjectId::new(Kind::NETWORK_POLICY, "shop", "db"), "networking.k8s.io", "networkpolicies");
        assert_eq!(policy[1].requests[1].to_string(), "deletecollection networkpolicies.networking.k8s.io in shop");
        let namespace = touches(&ObjectId::new(Kind::NAMESPACE, "", "shop"), "", "namespaces");
        assert_eq!(namespace[0].requests[0].to_string(), "update namespaces shop in shop");
    }
}

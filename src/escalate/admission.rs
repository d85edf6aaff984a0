//! What Pod Security admission makes of a pod in a namespace, as the namespace's labels say.
//!
//! ```text
//! enforce=baseline                         + a pod that is privileged     refused
//! enforce=baseline, enforce-version=v1.33  + a probe that names a host    admitted: refused since 1.34 only
//! no label                                 + a pod that is privileged     not known: the cluster's default is not visible
//! no label                                 + a pod that is restricted     admitted
//! ```
//!
//! Who is exempt (users, namespaces, runtime classes) stands in a file of the API server and is not visible.
//! Source: pod-security-admission's packages `api` and `admission`; CONTRACT §7.

use std::ops::RangeInclusive;

use crate::model::cluster::{AnyFact, Delta, ReadObject};
use crate::model::facts::Namespace;
use crate::model::id::{Kind, ObjectId};
use crate::model::labels::Labels;
use crate::model::name::Name;
use crate::model::security::{MetStandards, SecurityLevel};

use super::Ground;
use super::foothold::Foothold;
use super::held::Held;
use super::moves::{Move, Writing};
use super::powers::Permission;
use super::rights::Right;
use super::step::Certainty;
use crate::rbac::powers;

/// The label that says which level a namespace enforces.
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// The label that says of which version the level is.
const ENFORCE_VERSION: &str = "pod-security.kubernetes.io/enforce-version";

/// What admission says of a pod.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Admission {
    Admitted,
    /// The namespace enforces this level.
    Refused(SecurityLevel),
    /// Nothing that can be read says, for this reason.
    Unknown(&'static str),
}

/// What admission makes of a pod that meets this.
pub fn admission(ground: &Ground<'_>, namespace: &str, pod: impl Into<MetStandards>) -> Admission {
    let pod = pod.into();
    let labels = ground.cluster.namespaces.get("", namespace).map(|it| &it.labels);
    let label = |key| labels.and_then(|it| it.get(key));
    // A word that is no level is enforced as the strictest.
    let enforced = label(ENFORCE).map(|it| SecurityLevel::parse(it).unwrap_or(SecurityLevel::Restricted));
    let level = enforced.unwrap_or(SecurityLevel::Restricted);
    let Some(minors) = minors(ground, label(ENFORCE_VERSION).map(|it| &**it)) else {
        return match level == SecurityLevel::Privileged || pod == SecurityLevel::Restricted.into() {
            true => Admission::Admitted,
            false => Admission::Unknown("its Pod Security label names a version older than those that are known here"),
        };
    };
    let meets = |minor: u8| pod.level(minor) >= level;
    match (minors.clone().all(meets), minors.clone().any(meets)) {
        (true, _) => Admission::Admitted,
        (false, _) if enforced.is_none() => {
            Admission::Unknown("no Pod Security label: the cluster's default is not visible")
        }
        (false, false) => Admission::Refused(level),
        (false, true) => Admission::Unknown("whether it meets the level depends on the version, which is not known"),
    }
}

/// The versions of the standards that may be enforced; `None`: one of which nothing exact is known.
///
/// A namespace that names none has the cluster's default, which is the newest where nobody chose another. A server knows
/// none that are newer than itself.
fn minors(ground: &Ground<'_>, label: Option<&str>) -> Option<RangeInclusive<u8>> {
    const KNOWN: RangeInclusive<u8> = MetStandards::OLDEST..=MetStandards::NEWEST;
    let known = |minor: u32| u8::try_from(minor).unwrap_or(u8::MAX).clamp(*KNOWN.start(), *KNOWN.end());
    let server = ground.version.map(|it| known(it.minor));
    let newest = server.unwrap_or(*KNOWN.end());
    let named = label.and_then(|it| it.strip_prefix("v1.")).and_then(|it| it.parse::<u32>().ok());
    match (label, named) {
        (None, _) => Some(*KNOWN.start()..=newest),
        (Some(_), Some(minor)) if minor < u32::from(MetStandards::OLDEST) => None,
        (Some(_), Some(minor)) => Some(known(minor).min(newest)..=known(minor).min(newest)),
        // `latest`, and what is no version.
        (Some(_), None) => Some(server.unwrap_or(*KNOWN.start())..=newest),
    }
}

/// Changing a namespace's labels.
pub static RELABELS: Permission = Permission::of(powers::RELABEL_NAMESPACES.needs);

/// How somebody comes past admission with a pod.
#[derive(Clone, Copy, Debug)]
pub enum Pass<'a> {
    /// The namespace admits it, for this reason.
    Admitted(&'static str),
    /// Who may write the namespace's labels writes them first, and then it is certain.
    Relabelled(&'a Right),
    /// The namespace admits it, and this lets the pod use the constraint that does (OpenShift).
    Constrained(&'a Right),
    /// Nothing that can be read says, for this reason.
    Unknown(&'static str),
}

impl Pass<'_> {
    /// Whether it surely does.
    pub fn certainty(&self) -> Certainty {
        if matches!(self, Pass::Unknown(_)) { Certainty::Unsure } else { Certainty::Certain }
    }

    /// The move, with what admission says of it.
    pub fn on(&self, it: Move, namespace: &Name) -> Move {
        let object = ObjectId::new(Kind::NAMESPACE, "", namespace.clone());
        match self {
            Pass::Admitted(what) => it.state(object, *what),
            Pass::Constrained(right) => {
                it.may_at(right, namespace, &PRIVILEGED.into()).state(object, "its Pod Security label admits the pod")
            }
            Pass::Relabelled(right) => it.may_at(right, namespace, namespace).writing(relabelled, Some(object)),
            Pass::Unknown(why) => it.unsure_of(Some(object), why),
        }
    }
}

/// How whoever holds all this comes past admission with a pod that meets this; `None`: it is refused.
pub fn pass<'h>(
    ground: &Ground<'_>,
    held: &'h Held,
    namespace: &Name,
    pod: impl Into<MetStandards>,
) -> Option<Pass<'h>> {
    let pod = pod.into();
    let admission = admission(ground, namespace, pod);
    if pod != SecurityLevel::Restricted.into() && ground.is_openshift() {
        return constrained(held, namespace, &admission);
    }
    if admission == Admission::Admitted {
        return Some(Pass::Admitted(admitted(pod)));
    }
    let relabel = held.right_on(&RELABELS, namespace, namespace).map(Pass::Relabelled);
    relabel.or(match admission {
        Admission::Unknown(why) => Some(Pass::Unknown(why)),
        Admission::Admitted | Admission::Refused(_) => None,
    })
}

/// Why a pod is admitted that meets this.
pub fn admitted(pod: MetStandards) -> &'static str {
    match pod == SecurityLevel::Restricted.into() {
        true => "the pod meets the level restricted",
        false => "its Pod Security label admits the pod",
    }
}

/// The constraint of OpenShift that admits every pod (A45).
const PRIVILEGED: &str = "privileged";

/// Using a security context constraint.
pub static USES: Permission = Permission::of(powers::USE_CONSTRAINTS.needs);

/// OpenShift judges pods by constraints besides, and writes the labels of namespaces itself.
fn constrained<'h>(held: &'h Held, namespace: &Name, admission: &Admission) -> Option<Pass<'h>> {
    const WHY: &str = "OpenShift's security context constraints judge it too, and are not read";
    match admission {
        Admission::Refused(_) if held.right_on(&RELABELS, namespace, namespace).is_none() => None,
        Admission::Admitted => {
            let uses = held.right_on(&USES, namespace, PRIVILEGED);
            Some(uses.map_or(Pass::Unknown(WHY), Pass::Constrained))
        }
        _ => Some(Pass::Unknown(WHY)),
    }
}

/// The namespace with a label that admits every pod: the object, or that of the pod that the move leads to.
pub(super) fn relabelled(ground: &Ground<'_>, writing: &Writing<'_>) -> Option<Delta> {
    let name = match (writing.object, writing.to) {
        (Some(object), _) => &object.name,
        (None, Foothold::Pod(id)) => &id.namespace,
        (None, _) => return None,
    };
    let before = ground.cluster.namespaces.get("", name);
    let pairs = before.iter().flat_map(|it| it.labels.iter()).map(|(key, value)| (key.clone(), value.clone()));
    let labels = Labels::new(pairs.chain([(ENFORCE.into(), "privileged".into())]));
    let meta = match before {
        Some(it) => it.meta.clone(),
        None => crate::model::facts::Meta { name: name.clone(), ..Default::default() },
    };
    Some(Delta::Put(ReadObject::new(AnyFact::Namespace(Namespace { meta, labels, implied: false }.into()))))
}

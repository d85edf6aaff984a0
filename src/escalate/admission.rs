//! What Pod Security admission makes of a pod in a namespace, as the namespace's labels say.
//!
//! ```text
//! enforce=baseline   + a pod that is privileged   refused
//! no label           + a pod that is privileged   not known: the cluster's default is not visible
//! no label           + a pod that is restricted   admitted
//! ```
//!
//! Source: pod-security-admission's api package; CONTRACT §7.

use crate::model::cluster::{AnyFact, Delta, Entry};
use crate::model::facts::Namespace;
use crate::model::id::{Kind, ObjectId};
use crate::model::labels::Labels;
use crate::model::name::Name;
use crate::model::security::SecurityLevel;

use super::Ground;
use super::held::Holder;
use super::rights::{Right, rights};
use super::step::{Because, Step};
use crate::rbac::capability::Need;
use crate::rbac::served::Reach;

/// The label that says which level a namespace enforces.
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// What admission says of a pod.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Admission {
    Admitted,
    /// The namespace enforces this level.
    Refused(SecurityLevel),
    /// Nothing that can be read says.
    Unknown,
}

/// What admission makes of a pod of this level.
pub fn admission(ground: &Ground<'_>, namespace: &str, pod: SecurityLevel) -> Admission {
    if pod == SecurityLevel::Restricted {
        return Admission::Admitted;
    }
    let fact = ground.cluster.namespaces.get("", namespace);
    match fact.and_then(|it| it.labels.get(ENFORCE)).and_then(|it| SecurityLevel::parse(it)) {
        Some(level) if pod >= level => Admission::Admitted,
        Some(level) => Admission::Refused(level),
        None => Admission::Unknown,
    }
}

/// Who may change a namespace's labels.
const RELABEL: &[Need] = &[
    Need { verbs: &["patch", "update"], group: "", resource: "namespaces" },
    Need { verbs: &["patch", "update"], group: "", resource: "namespaces/status" },
    Need { verbs: &["update"], group: "", resource: "namespaces/finalize" },
];

/// The move of somebody who makes a pod of this level in a namespace, with what admission says; `None`: refused.
///
/// Whoever may write the namespace's labels writes them first, and then it is certain.
pub fn admitted(
    ground: &Ground<'_>,
    holders: &[Holder],
    step: Step,
    namespace: &Name,
    pod: SecurityLevel,
) -> Option<Step> {
    let object = ObjectId::new(Kind::NAMESPACE, "", namespace.clone());
    let admission = admission(ground, namespace, pod);
    if admission == Admission::Admitted {
        let what = match pod {
            SecurityLevel::Restricted => "the pod meets the level restricted".to_owned(),
            _ => format!("its Pod Security label admits a pod of the level {}", pod.as_str()),
        };
        return Some(step.because(Because::State { object, what: what.into() }));
    }
    let is_there = |it: &Right<'_>| it.is_in(namespace) && it.is_of(namespace);
    if let Some(right) = rights(holders, RELABEL, Reach::Namespaced).find(is_there) {
        let relabelled = relabelled(ground, namespace);
        let step = step.with(right.foothold()).because(right.because(ground, namespace, namespace));
        return Some(step.writing(relabelled));
    }
    match admission {
        Admission::Refused(_) | Admission::Admitted => None,
        Admission::Unknown => {
            let what = "no Pod Security label: the cluster's default is not visible";
            Some(step.unsure(Some(object), what))
        }
    }
}

/// The namespace with a label that admits every pod.
fn relabelled(ground: &Ground<'_>, name: &Name) -> Delta {
    let before = ground.cluster.namespaces.get("", name);
    let pairs = before.iter().flat_map(|it| it.labels.iter()).map(|(key, value)| (key.clone(), value.clone()));
    let labels = Labels::new(pairs.chain([(ENFORCE.into(), "privileged".into())]));
    let meta = match before {
        Some(it) => it.meta.clone(),
        None => crate::model::facts::Meta { name: name.clone(), ..Default::default() },
    };
    Delta::Put(Entry::new(AnyFact::Namespace(Namespace { meta, labels, implied: false }.into())))
}

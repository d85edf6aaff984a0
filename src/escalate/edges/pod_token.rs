//! What runs in a pod has the pod's token, if one is mounted.

use crate::model::facts::SharedPod;
use crate::model::id::{Kind, ObjectId, PodId};
use crate::model::role::Subject;
use crate::model::security::TokenMount;

use super::super::Ground;
use super::super::foothold::Foothold;
use super::super::moves::{Moves, Out};
use super::super::places::account;
use super::super::powers::Asks;
use super::super::region::{Region, Which};
use super::{Edge, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "TOKEN_STEAL",
    name: "use the pod's token",
    what: "acting as the service account of a pod",
    needs: "code in a pod in which the token of its account is mounted",
    limits: "what a token in a Secret or a file of the image is good for; audiences other than the API server's",
    leaves: MoveTrace::Audited,
    undo: "the token ends with the pod; what was done with it is in the audit log",
    sources: &["https://kubernetes.io/docs/concepts/security/service-accounts/"],
    together: None,
    asks: Asks::Nothing,
    moves,
};

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for (at, pod) in moves.new_pods() {
        let Some((object, what)) = mounting(moves.ground, pod) else { continue };
        out.add(&EDGE, at, account(pod.namespace(), pod.service_account()), |it| it.state(object, what));
    }
    for (which, at) in moves.new_every() {
        out.add(&EDGE, at, Region::Tokens(which), |it| it.from_some_pod(which, mounting_pod, telling));
    }
}

/// The first pod of a sort that mounts the token of an account.
fn mounting_pod(ground: &Ground<'_>, which: Which, account: &Foothold) -> Option<PodId> {
    let Foothold::Subject(Subject::ServiceAccount { namespace, name }) = account else { return None };
    ground.place(namespace).mounting(ground, name, which).map(|it| it.pod_id())
}

fn telling(ground: &Ground<'_>, pod: &Foothold, _: &Foothold) -> Option<(ObjectId, &'static str)> {
    let Foothold::Pod(id) = pod else { return None };
    mounting(ground, ground.pod(id)?)
}

/// What says that the token is mounted.
pub(in super::super) fn mounting(ground: &Ground<'_>, pod: &SharedPod) -> Option<(ObjectId, &'static str)> {
    let account = ObjectId::new(Kind::SERVICE_ACCOUNT, pod.namespace().clone(), pod.service_account().clone());
    match pod.token() {
        TokenMount::Always => Some((pod.pod_id().object(), "mounts the token of its service account")),
        TokenMount::Never => None,
        TokenMount::AsAccount => {
            let fact = ground.cluster.service_accounts.get(&account.namespace, &account.name);
            let withholds = fact.is_some_and(|it| it.withholds_token());
            (!withholds).then_some((account, "does not forbid that its token is mounted into its pods"))
        }
    }
}

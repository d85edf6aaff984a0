//! What runs in a pod has the pod's token, if one is mounted.

use crate::model::facts::SharedPod;
use crate::model::id::{Kind, ObjectId};
use crate::model::security::TokenMount;

use super::super::Ground;
use super::super::foothold::Foothold;
use super::super::places::account;
use super::super::step::{Because, Step};
use super::{Edge, Moves, Trace};

pub(super) const EDGE: Edge = Edge {
    id: "TOKEN_STEAL",
    name: "use the pod's token",
    what: "acting as the service account of a pod",
    needs: "code in a pod in which the token of its account is mounted",
    leaves: Trace::Audited,
    undo: "the token ends with the pod; what was done with it is in the audit log",
    sources: &["https://kubernetes.io/docs/concepts/security/service-accounts/"],
    moves,
};

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    for held in moves.last() {
        let Foothold::Pod(id) = held else { continue };
        let Some(pod) = moves.ground.pod(id) else { continue };
        let Some(object) = mounting(moves.ground, pod) else { continue };
        let account = account(pod.namespace(), &pod.mold.service_account);
        let (object, what) = object;
        steps.push(Step::new(&EDGE, held, account).because(Because::State { object, what: what.into() }));
    }
}

/// What says that the token is mounted.
fn mounting(ground: &Ground<'_>, pod: &SharedPod) -> Option<(ObjectId, &'static str)> {
    let account = ObjectId::new(Kind::SERVICE_ACCOUNT, pod.namespace().clone(), pod.mold.service_account.clone());
    match pod.mold.token {
        TokenMount::Always => Some((pod.pod_id().object(), "mounts the token of its service account")),
        TokenMount::Never => None,
        TokenMount::AsAccount => {
            let fact = ground.cluster.service_accounts.get(&account.namespace, &account.name);
            let withholds = fact.is_some_and(|it| it.withholds_token());
            (!withholds).then_some((account, "does not forbid that its token is mounted into its pods"))
        }
    }
}

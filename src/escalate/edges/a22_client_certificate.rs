//! A22: a client certificate that one approves oneself.

use std::collections::BTreeSet;

use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::capability::Need;
use crate::rbac::identity::{MASTERS, canonical};

use super::super::foothold::Foothold;
use super::super::step::Step;
use super::{Edge, Moves, Trace};

pub(super) const EDGE: Edge = Edge {
    id: "A22",
    name: "approve a client certificate",
    what: "acting as any user and in any group but system:masters, by a certificate that cannot be revoked",
    needs: "create certificatesigningrequests, update their approval, and approve the signer kube-apiserver-client",
    leaves: Trace::Object,
    undo: "client certificates cannot be revoked: they expire",
    sources: &["https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/", "CIS 5.1.11"],
    moves,
};

const GROUP: &str = "certificates.k8s.io";
const CREATE: &[Need] = &[Need { verbs: &["create"], group: GROUP, resource: "certificatesigningrequests" }];
const UPDATE: &[Need] =
    &[Need { verbs: &["update", "patch"], group: GROUP, resource: "certificatesigningrequests/approval" }];
const APPROVE: &[Need] = &[Need { verbs: &["approve"], group: GROUP, resource: "signers" }];
const SIGNERS: [&str; 2] = ["kubernetes.io/kube-apiserver-client", "kubernetes.io/*"];

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    if !moves.has_new_holders() {
        return;
    }
    let Some(create) = moves.all_cluster_rights(CREATE).find(|it| it.is_of_all()) else { return };
    for update in moves.all_cluster_rights(UPDATE) {
        let is_of_signer = |it: &super::super::rights::Right<'_>| {
            it.foothold() == update.foothold() && SIGNERS.iter().any(|signer| it.is_of(signer))
        };
        let Some(approve) = moves.all_cluster_rights(APPROVE).find(is_of_signer) else { continue };
        let signer = SIGNERS.into_iter().find(|it| approve.is_of(it)).unwrap_or_default();
        let name = update.names().first().cloned().unwrap_or_default();
        for subject in subjects(moves) {
            let step = Step::new(&EDGE, update.foothold(), Foothold::Subject(subject)).with(create.foothold());
            let reasons = [
                create.because(moves.ground, "", ""),
                update.because(moves.ground, "", &name),
                approve.because(moves.ground, "", signer),
            ];
            let step = step.because_of(reasons);
            steps.push(step.unsure(None, "whether the cluster's signer runs is not known"));
        }
    }
}

/// All users and groups that bindings or the question name, and the masters' accounts not.
fn subjects(moves: &Moves<'_>) -> BTreeSet<Subject> {
    let named = moves.ground.cluster.bindings.iter().flat_map(|it| it.subjects.iter().cloned());
    let wanted = moves.held.wanted().filter_map(|it| match it {
        Foothold::Subject(it) => Some(it.clone()),
        _ => None,
    });
    let accounts: Vec<Name> = Vec::new();
    let accounts = accounts.into_iter().map(Subject::User);
    let all = named.chain(wanted).chain(accounts);
    let is_certifiable = |it: &Subject| match it {
        Subject::User(name) => !name.is_empty(),
        Subject::Group(name) => name != MASTERS && !name.is_empty(),
        Subject::ServiceAccount { namespace, .. } => !namespace.is_empty(),
        Subject::Other { .. } => false,
    };
    all.filter(is_certifiable).map(|it| canonical(&it)).collect()
}

//! A44: a controller of custom resources that does what they say, with its own rights.

use crate::rbac::powers;

use super::super::foothold::Foothold;
use super::super::moves::{Moves, Out};
use super::super::places::account;
use super::super::powers::{Asks, Permission};
use super::super::seen::ControllerRole;
use super::super::step::Certainty;
use super::{Edge, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A44",
    name: "let a controller act",
    what: "what the service account of a controller may do, as far as its custom resources steer it",
    needs: "create, update or patch custom resources of a controller that runs: Flux, Argo CD, Tekton, cert-manager, …",
    limits: "controllers that are not seen running or not in the table, and never surely what they make of a custom resource",
    leaves: MoveTrace::Object,
    undo: "delete the custom resource, and what the controller made of it",
    sources: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/", "https://fluxcd.io/flux/security/"],
    together: None,
    asks: Asks::Anybody(&[
        &FLUX_KUSTOMIZE,
        &FLUX_HELM,
        &ARGO_CD,
        &ARGO_WORKFLOWS,
        &TEKTON,
        &CERT_MANAGER,
        &SECRETS_OPERATOR,
        &KYVERNO,
        &VELERO,
        &CROSSPLANE,
        &CLUSTER_API,
        &OLM,
        &KUBEVIRT,
        &KARPENTER,
        &SEALED_SECRETS,
        &KEDA,
        &GATEKEEPER,
        &CAPSULE,
    ]),
    moves,
};

/// One controller.
pub struct Deputy {
    pub name: &'static str,
    pub power: &'static Permission,
    /// What its pods are called.
    pub called: &'static [&'static str],
}

static FLUX_KUSTOMIZE: Permission = Permission::of(powers::FLUX_KUSTOMIZE.needs);
static FLUX_HELM: Permission = Permission::of(powers::FLUX_HELM.needs);
static ARGO_CD: Permission = Permission::of(powers::ARGO_CD.needs);
static ARGO_WORKFLOWS: Permission = Permission::of(powers::ARGO_WORKFLOWS.needs);
static TEKTON: Permission = Permission::of(powers::TEKTON.needs);
static CERT_MANAGER: Permission = Permission::of(powers::CERT_MANAGER.needs);
static SECRETS_OPERATOR: Permission = Permission::of(powers::SECRETS_OPERATOR.needs);
static KYVERNO: Permission = Permission::of(powers::KYVERNO.needs);
static VELERO: Permission = Permission::of(powers::VELERO.needs);
static CROSSPLANE: Permission = Permission::of(powers::CROSSPLANE.needs);
static CLUSTER_API: Permission = Permission::of(powers::CLUSTER_API.needs);
static OLM: Permission = Permission::of(powers::OLM.needs);
static KUBEVIRT: Permission = Permission::of(powers::KUBEVIRT.needs);
static KARPENTER: Permission = Permission::of(powers::KARPENTER.needs);
static SEALED_SECRETS: Permission = Permission::of(powers::SEALED_SECRETS.needs);
static KEDA: Permission = Permission::of(powers::KEDA.needs);
static GATEKEEPER: Permission = Permission::of(powers::GATEKEEPER.needs);
static CAPSULE: Permission = Permission::of(powers::CAPSULE.needs);

/// The controllers whose custom resources are known to steer them.
#[rustfmt::skip]
pub static DEPUTIES: &[Deputy] = &[
    Deputy { name: "Flux", power: &FLUX_KUSTOMIZE, called: &["kustomize-controller"] },
    Deputy { name: "Flux", power: &FLUX_HELM, called: &["helm-controller"] },
    Deputy { name: "Argo CD", power: &ARGO_CD, called: &["argocd-application-controller"] },
    Deputy { name: "Argo Workflows", power: &ARGO_WORKFLOWS, called: &["workflow-controller", "argo-workflows-workflow-controller", "argo"] },
    Deputy { name: "Tekton", power: &TEKTON, called: &["tekton-pipelines-controller", "tekton-pipelines"] },
    Deputy { name: "cert-manager", power: &CERT_MANAGER, called: &["cert-manager"] },
    Deputy { name: "External Secrets", power: &SECRETS_OPERATOR, called: &["external-secrets"] },
    Deputy { name: "Kyverno", power: &KYVERNO, called: &["kyverno", "background-controller", "kyverno-background-controller"] },
    Deputy { name: "Velero", power: &VELERO, called: &["velero"] },
    Deputy { name: "Crossplane", power: &CROSSPLANE, called: &["crossplane"] },
    Deputy { name: "Cluster API", power: &CLUSTER_API, called: &["capi-manager", "capi-controller-manager", "cluster-api"] },
    Deputy { name: "OLM", power: &OLM, called: &["olm-operator", "olm-operator-serviceaccount"] },
    Deputy { name: "KubeVirt", power: &KUBEVIRT, called: &["virt-controller", "kubevirt-controller"] },
    Deputy { name: "Karpenter", power: &KARPENTER, called: &["karpenter"] },
    Deputy { name: "Sealed Secrets", power: &SEALED_SECRETS, called: &["sealed-secrets", "sealed-secrets-controller"] },
    Deputy { name: "KEDA", power: &KEDA, called: &["keda-operator"] },
    Deputy { name: "Gatekeeper", power: &GATEKEEPER, called: &["gatekeeper", "gatekeeper-admin"] },
    Deputy { name: "Capsule", power: &CAPSULE, called: &["capsule"] },
];

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    if !out.takes(Certainty::Unsure) {
        return;
    }
    for (at, deputy) in DEPUTIES.iter().enumerate() {
        let Some(right) = moves.new_rights(deputy.power).next() else { continue };
        for pod in moves.ground.seen(ControllerRole::Deputy(at as u8)).iter() {
            let to: Foothold = account(pod.namespace(), pod.service_account());
            out.add(&EDGE, right, to, |it| {
                it.may_at(right, &right.scope, &right.a_name())
                    .state(pod.pod_id().object(), format!("runs: it is a controller of {}", deputy.name))
                    .unsure("how far its custom resources steer it is not known")
            });
        }
    }
}

//! What steers controllers that act with rights of their own: the custom resources that each of them reads.

use super::Power;
use super::table::{WRITE, here, power};

pub const FLUX_KUSTOMIZE: Power = power(
    "steer Flux's kustomizations",
    &[here("kustomize.toolkit.fluxcd.io", "kustomizations").by(WRITE), here("source.toolkit.fluxcd.io", "*").by(WRITE)],
);
pub const FLUX_HELM: Power = power(
    "steer Flux's releases",
    &[here("helm.toolkit.fluxcd.io", "helmreleases").by(WRITE), here("source.toolkit.fluxcd.io", "*").by(WRITE)],
);
pub const ARGO_CD: Power = power(
    "steer Argo CD",
    &[
        here("argoproj.io", "applications").by(WRITE),
        here("argoproj.io", "applicationsets").by(WRITE),
        here("argoproj.io", "appprojects").by(WRITE),
    ],
);
pub const ARGO_WORKFLOWS: Power = power(
    "steer Argo Workflows",
    &[
        here("argoproj.io", "workflows").by(WRITE),
        here("argoproj.io", "cronworkflows").by(WRITE),
        here("argoproj.io", "workflowtemplates").by(WRITE),
        here("argoproj.io", "clusterworkflowtemplates").by(WRITE),
    ],
);
pub const TEKTON: Power = power("steer Tekton", &[here("tekton.dev", "*").by(WRITE)]);
pub const CERT_MANAGER: Power = power("steer cert-manager", &[here("cert-manager.io", "*").by(WRITE)]);
pub const SECRETS_OPERATOR: Power = power("steer External Secrets", &[here("external-secrets.io", "*").by(WRITE)]);
pub const KYVERNO: Power = power(
    "steer Kyverno",
    &[
        here("kyverno.io", "policies").by(WRITE),
        here("kyverno.io", "clusterpolicies").by(WRITE),
        here("policies.kyverno.io", "*").by(WRITE),
    ],
);
pub const VELERO: Power = power("steer Velero", &[here("velero.io", "*").by(WRITE)]);
pub const CROSSPLANE: Power = power(
    "steer Crossplane",
    &[here("apiextensions.crossplane.io", "*").by(WRITE), here("pkg.crossplane.io", "*").by(WRITE)],
);
pub const CLUSTER_API: Power = power(
    "steer Cluster API",
    &[here("cluster.x-k8s.io", "*").by(WRITE), here("infrastructure.cluster.x-k8s.io", "*").by(WRITE)],
);
pub const OLM: Power = power("steer OLM", &[here("operators.coreos.com", "*").by(WRITE)]);
pub const KUBEVIRT: Power = power("steer KubeVirt", &[here("kubevirt.io", "*").by(WRITE)]);
pub const KARPENTER: Power = power("steer Karpenter", &[here("karpenter.sh", "*").by(WRITE)]);
pub const SEALED_SECRETS: Power = power("steer Sealed Secrets", &[here("bitnami.com", "sealedsecrets").by(WRITE)]);
pub const KEDA: Power = power("steer KEDA", &[here("keda.sh", "*").by(WRITE)]);
pub const GATEKEEPER: Power = power("steer Gatekeeper", &[here("mutations.gatekeeper.sh", "*").by(WRITE)]);
pub const CAPSULE: Power = power("steer Capsule", &[here("capsule.clastix.io", "*").by(WRITE)]);

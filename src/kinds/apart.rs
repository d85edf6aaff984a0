//! What an object is that no row of [`KINDS`] reads: nearly one of ours, everybody's, or a stranger (CONTRACT §1).
//!
//! ```text
//! networking.k8s.io/v1 Networkpolicy   nearly NetworkPolicy: a server would refuse it
//! rbac/v1 ClusterRole                  nearly: of rbac.authorization.k8s.io/v1
//! v1 ConfigMap                         everybody's
//! argoproj.io/v1alpha1 Rollout         not read
//! ```

use super::{KINDS, KindSpec, Presence, spec_of};

/// What an object of some apiVersion and kind is to us.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KnownKind {
    Read(&'static KindSpec),
    Apart(Apart),
}

/// What is read by no row of the table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Apart {
    /// `Endpoints`, which stand for slices where there are none.
    Endpoints,
    /// A `CustomResourceDefinition`: it says which resources there are.
    Definition,
    /// What a server would refuse, and what was probably meant, in one clause.
    Nearly(String),
    /// A kind of Kubernetes' own that no answer rests on.
    Everybodys,
    /// Any other: kind and group.
    Stranger { kind: String, group: String },
}

impl Apart {
    /// Whether its objects say something.
    pub fn is_read(&self) -> bool {
        matches!(self, Apart::Endpoints | Apart::Definition)
    }
}

impl PartialEq for KindSpec {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for KindSpec {}

/// Kinds of Kubernetes' own that no answer rests on, and of its tools.
const EVERYBODYS: &[&str] = &[
    "APIService",
    "Binding",
    "CSIDriver",
    "CSINode",
    "CSIStorageCapacity",
    "CertificateSigningRequest",
    "ClusterTrustBundle",
    "ComponentStatus",
    "ConfigMap",
    "ControllerRevision",
    "DeviceClass",
    "Event",
    "Eviction",
    "FlowSchema",
    "HorizontalPodAutoscaler",
    "IPAddress",
    "Ingress",
    "IngressClass",
    "Kustomization",
    "Lease",
    "LeaseCandidate",
    "LimitRange",
    "LocalSubjectAccessReview",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "NodeMetrics",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "PodCertificateRequest",
    "PodDisruptionBudget",
    "PodMetrics",
    "PodSecurityPolicy",
    "PodTemplate",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "ResourceClaim",
    "ResourceClaimTemplate",
    "ResourceQuota",
    "ResourceSlice",
    "RuntimeClass",
    "Scale",
    "Secret",
    "SelfSubjectAccessReview",
    "SelfSubjectReview",
    "SelfSubjectRulesReview",
    "ServiceCIDR",
    "Status",
    "StorageClass",
    "StorageVersion",
    "StorageVersionMigration",
    "SubjectAccessReview",
    "TokenRequest",
    "TokenReview",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
    "VolumeAttributesClass",
];

/// The versions that groups of Kubernetes' own ever had, of the kinds that we read.
const VERSIONS: &[(&str, &[&str])] = &[
    ("", &["v1"]),
    ("apps", &["v1", "v1beta2", "v1beta1"]),
    ("batch", &["v1", "v1beta1", "v2alpha1"]),
    ("discovery.k8s.io", &["v1", "v1beta1", "v1alpha1"]),
    ("extensions", &["v1beta1"]),
    ("networking.k8s.io", &["v1"]),
    ("rbac.authorization.k8s.io", &["v1", "v1beta1", "v1alpha1"]),
];

/// OpenShift's group of what it had before RBAC.
const OLD_OPENSHIFT: &str = "authorization.openshift.io";

/// What an object of this apiVersion and kind is.
pub fn recognize(api_version: &str, word: &str) -> KnownKind {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    match (group, word) {
        ("", "Endpoints") => return KnownKind::Apart(Apart::Endpoints),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => return KnownKind::Apart(Apart::Definition),
        _ => {}
    }
    if let Some(spec) = spec_of(api_version, word) {
        let had = VERSIONS.iter().find(|it| it.0 == group && spec.presence == Presence::Always);
        return match had.is_none_or(|it| it.1.contains(&version)) {
            true => KnownKind::Read(spec),
            false => KnownKind::Apart(nearly(api_version, word, spec)),
        };
    }
    let is_own = is_own_group(group);
    if is_own && EVERYBODYS.contains(&word) {
        return KnownKind::Apart(Apart::Everybodys);
    }
    KnownKind::Apart(match (nearly_apart(api_version, word), meant(group, word)) {
        (Some(nearly), _) => nearly,
        (_, Some(spec)) => nearly(api_version, word, spec),
        _ => Apart::Stranger {
            kind: word.to_owned(),
            group: if group.is_empty() { api_version } else { group }.to_owned(),
        },
    })
}

/// Whether only Kubernetes itself can have such a group: those of others are names of domains.
fn is_own_group(group: &str) -> bool {
    let is_protected = group.ends_with(".k8s.io") || group.ends_with(".kubernetes.io");
    !group.contains('.') || is_protected && !group.ends_with("x-k8s.io")
}

/// The row that was probably meant.
fn meant(group: &str, word: &str) -> Option<&'static KindSpec> {
    let is_near = |it: &&KindSpec| {
        let is_word = it.word == word || is_slip(it.word, word) || it.plural.eq_ignore_ascii_case(word);
        let is_group = it.group == group || (is_own_group(group) && it.presence == Presence::Always);
        is_word && (is_group || is_one_off(it.group, group) || is_old(it, group))
    };
    // Kubernetes' own come first, and the word as it is written before one that is nearly it.
    let mut near: Vec<&'static KindSpec> = KINDS.iter().filter(is_near).collect();
    near.sort_by_key(|it| (it.word != word, it.group != group));
    near.first().copied()
}

/// Whether this is what OpenShift had before it.
fn is_old(spec: &KindSpec, group: &str) -> bool {
    group == OLD_OPENSHIFT && spec.group == "rbac.authorization.k8s.io"
}

/// Whether a kind is another in wrong case, or one letter off; of short words a letter makes other words.
fn is_slip(word: &str, written: &str) -> bool {
    word.eq_ignore_ascii_case(written)
        || word.len() > 4 && is_one_off(&word.to_ascii_lowercase(), &written.to_ascii_lowercase())
}

/// Whether two words differ in one letter: one more, one less, another, or two that changed places.
fn is_one_off(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let same = |(x, y): &(&char, &char)| x == y;
    let before = a.iter().zip(&b).take_while(same).count();
    let (a, b) = (&a[before..], &b[before..]);
    let after = a.iter().rev().zip(b.iter().rev()).take_while(same).count();
    match (&a[..a.len() - after], &b[..b.len() - after]) {
        ([x, y], [z, w]) => (x, y) == (w, z),
        (a, b) => a.len().max(b.len()) == 1,
    }
}

fn nearly(api_version: &str, word: &str, spec: &KindSpec) -> Apart {
    let right = format!("{} {}", spec.api_version(), spec.word);
    let group = api_version.split_once('/').map_or("", |it| it.0);
    let is_openshift = spec.group == "rbac.authorization.k8s.io" && (group == OLD_OPENSHIFT || api_version == "v1");
    let what = match is_openshift {
        true => {
            format!("{api_version} {word} is what OpenShift had before RBAC ({OLD_OPENSHIFT}): write it as {right}")
        }
        false => format!("no API server knows {api_version} {word}: did you mean {right}?"),
    };
    Apart::Nearly(what)
}

/// What is nearly one of the kinds that answers rest on and that have no row.
fn nearly_apart(api_version: &str, word: &str) -> Option<Apart> {
    const RIGHT: [(&str, &str); 2] = [("v1", "Endpoints"), ("apiextensions.k8s.io/v1", "CustomResourceDefinition")];
    let is_meant = |(version, right): &&(&str, &str)| *version == api_version && is_slip(right, word);
    let (version, right) = RIGHT.iter().find(is_meant)?;
    Some(Apart::Nearly(format!("no API server knows {api_version} {word}: did you mean {version} {right}?")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(api_version: &str, word: &str) -> String {
        match recognize(api_version, word) {
            KnownKind::Read(spec) => format!("read as {}", spec.kind),
            KnownKind::Apart(Apart::Nearly(what)) => what,
            KnownKind::Apart(Apart::Stranger { kind, group }) => format!("{kind} ({group})"),
            KnownKind::Apart(it) => format!("{it:?}"),
        }
    }

    /// CONTRACT §1: wrong case, group, version, or one letter off.
    #[test]
    fn what_is_nearly_one_of_ours_is_told_with_what_was_meant() {
        for (api_version, word, meant) in [
            ("networking.k8s.io/v1", "Networkpolicy", "networking.k8s.io/v1 NetworkPolicy"),
            ("networking.k8s.io/v1", "NetworkPolcy", "networking.k8s.io/v1 NetworkPolicy"),
            ("networking.k8s.io/v1", "NetworkPoilcy", "networking.k8s.io/v1 NetworkPolicy"),
            ("networking.k8s.io/v1", "NetworkPolicies", "networking.k8s.io/v1 NetworkPolicy"),
            ("networking.k8s.io/v2", "NetworkPolicy", "networking.k8s.io/v1 NetworkPolicy"),
            ("networking.k8s.io/v1beta1", "NetworkPolicy", "networking.k8s.io/v1 NetworkPolicy"),
            ("network.k8s.io/v1", "NetworkPolicy", "networking.k8s.io/v1 NetworkPolicy"),
            ("v1", "NetworkPolicy", "networking.k8s.io/v1 NetworkPolicy"),
            ("apps/v1", "Pod", "v1 Pod"),
            ("v2", "Pod", "v1 Pod"),
            ("v1", "pod", "v1 Pod"),
            ("core/v1", "Service", "v1 Service"),
            ("v1", "Deployment", "apps/v1 Deployment"),
            ("app/v1", "Deployment", "apps/v1 Deployment"),
            ("rbac/v1", "ClusterRole", "rbac.authorization.k8s.io/v1 ClusterRole"),
            ("rbac.authorization.k8s.io", "Role", "rbac.authorization.k8s.io/v1 Role"),
            ("rbac.authorisation.k8s.io/v1", "Role", "rbac.authorization.k8s.io/v1 Role"),
            ("rbac.authorization.k8s.io/v1", "clusterRoleBinding", "rbac.authorization.k8s.io/v1 ClusterRoleBinding"),
            ("cilium.io/v2", "CiliumNetworkpolicy", "cilium.io/v2 CiliumNetworkPolicy"),
            ("v1", "Endpoint", "v1 Endpoints"),
            (
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinitions",
                "apiextensions.k8s.io/v1 CustomResourceDefinition",
            ),
        ] {
            assert_eq!(
                said(api_version, word),
                format!("no API server knows {api_version} {word}: did you mean {meant}?")
            );
        }
        for api_version in ["authorization.openshift.io/v1", "v1"] {
            let said = said(api_version, "RoleBinding");
            assert!(
                said.ends_with("(authorization.openshift.io): write it as rbac.authorization.k8s.io/v1 RoleBinding"),
                "{said}"
            );
        }
    }

    #[test]
    fn what_others_have_is_not_taken_for_ours() {
        for (api_version, word, expected) in [
            ("serving.knative.dev/v1", "Service", "Service (serving.knative.dev)"),
            ("batch.volcano.sh/v1alpha1", "Job", "Job (batch.volcano.sh)"),
            ("argoproj.io/v1alpha1", "Rollout", "Rollout (argoproj.io)"),
            ("apps.openshift.io/v1", "DeploymentConfig", "DeploymentConfig (apps.openshift.io)"),
            ("gateway.networking.k8s.io/v1", "HTTPRoute", "HTTPRoute (gateway.networking.k8s.io)"),
            ("cluster.x-k8s.io/v1beta1", "Cluster", "Cluster (cluster.x-k8s.io)"),
            ("v1", "Widget", "Widget (v1)"),
            ("v1", "ConfigMap", "Everybodys"),
            ("v1", "Binding", "Everybodys"),
            ("networking.k8s.io/v1", "Ingress", "Everybodys"),
            ("v1", "Endpoints", "Endpoints"),
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "Definition"),
            ("extensions/v1beta1", "NetworkPolicy", "read as networkpolicy"),
            ("rbac.authorization.k8s.io/v1beta1", "Role", "read as role"),
            ("cilium.io/v2alpha1", "CiliumNetworkPolicy", "read as ciliumnetworkpolicy"),
        ] {
            assert_eq!(said(api_version, word), expected, "{api_version} {word}");
        }
    }
}

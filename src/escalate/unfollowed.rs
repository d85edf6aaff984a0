//! Rights by which somebody may come further and that no edge follows: a "no" beside them is not known.
//!
//! Each row goes when an edge takes its place.

use crate::model::evidence::Gap;
use crate::rbac::capability::Need;
use crate::rbac::served::Reach;

use super::edges::core;
use super::held::Held;
use super::powers::Power;
use super::rights::Right;

/// One sort of rights.
pub struct Unfollowed {
    /// The numbers of docs/reach.md.
    pub id: &'static str,
    /// What it may lead to, in one clause.
    pub what: &'static str,
    pub power: Power,
    pub reach: Reach,
}

const WRITE: &[&str] = &["create", "update", "patch"];
const CHANGE: &[&str] = &["update", "patch"];
const ADMISSION: &str = "admissionregistration.k8s.io";

const fn need(verbs: &'static [&'static str], group: &'static str, resource: &'static str) -> Need {
    Need { verbs, group, resource }
}

const fn row(id: &'static str, what: &'static str, needs: &'static [Need], reach: Reach) -> Unfollowed {
    Unfollowed { id, what, power: Power::of(needs), reach }
}

/// All of them.
pub static UNFOLLOWED: [Unfollowed; 20] = [
    row(
        "A15",
        "authorizers that read the extra fields of a user may grant more",
        &[
            need(&["impersonate"], "authentication.k8s.io", "uids"),
            need(&["impersonate"], "authentication.k8s.io", "userextras"),
        ],
        Reach::Cluster,
    ),
    row(
        "A19",
        "a role with a label of an aggregated one may widen that",
        &[need(&["escalate"], "rbac.authorization.k8s.io", "clusterroles")],
        Reach::Cluster,
    ),
    row(
        "A23",
        "with a certificate authority's key, certificates can be signed",
        &[need(&["sign"], "certificates.k8s.io", "signers")],
        Reach::Cluster,
    ),
    row(
        "A27",
        "a kubelet's own API may show tokens in logs and checkpoints",
        &[need(&["get", "create"], "", "nodes/log"), need(&["create"], "", "nodes/checkpoint")],
        Reach::Cluster,
    ),
    row(
        "A30",
        "admission that stands in the way can be taken away",
        &[
            need(&["update", "patch", "delete"], ADMISSION, "validatingadmissionpolicies"),
            need(&["update", "patch", "delete"], ADMISSION, "validatingadmissionpolicybindings"),
            need(&["update", "patch", "delete"], ADMISSION, "validatingwebhookconfigurations"),
        ],
        Reach::Cluster,
    ),
    row(
        "A34",
        "a provisioner may give paths of nodes",
        &[need(&["create"], "storage.k8s.io", "storageclasses")],
        Reach::Cluster,
    ),
    row(
        "A35",
        "requests to an API group can be led to a server of one's own",
        &[need(WRITE, "apiregistration.k8s.io", "apiservices")],
        Reach::Cluster,
    ),
    row(
        "A36",
        "custom objects can be read and changed by a conversion webhook",
        &[need(WRITE, "apiextensions.k8s.io", "customresourcedefinitions")],
        Reach::Cluster,
    ),
    row(
        "A40",
        "pods can be driven to a node of one's own",
        &[need(CHANGE, "", "nodes"), need(CHANGE, "", "nodes/status")],
        Reach::Cluster,
    ),
    row(
        "A41",
        "a pending pod can be bound to a node of one's own, with other labels",
        &[core(&["create"], "pods/binding"), core(&["create"], "bindings")],
        Reach::Namespaced,
    ),
    row(
        "A43",
        "configuration of the cluster stands in ConfigMaps, which are not read",
        &[core(WRITE, "configmaps")],
        Reach::Namespaced,
    ),
    row(
        "A45",
        "privileged pods are admitted to whoever may use a constraint (OpenShift)",
        &[need(&["use"], "security.openshift.io", "securitycontextconstraints")],
        Reach::Namespaced,
    ),
    row("A47", "logs and environments may hold tokens", &[core(&["get"], "pods/log")], Reach::Namespaced),
    row(
        "A54",
        "certificates of pods and trust bundles can be asked for",
        &[
            need(WRITE, "certificates.k8s.io", "podcertificaterequests"),
            need(WRITE, "certificates.k8s.io", "clustertrustbundles"),
        ],
        Reach::Namespaced,
    ),
    row(
        "A14",
        "constrained impersonation (1.36) is not followed",
        &[need(&["impersonate:"], "authentication.k8s.io", "*")],
        Reach::Namespaced,
    ),
    row(
        "N16",
        "namespaces can be given labels that policies trust",
        &[core(CHANGE, "namespaces"), core(CHANGE, "namespaces/status"), core(&["create"], "namespaces")],
        Reach::Namespaced,
    ),
    row(
        "N32",
        "the API server's proxy may connect to Services",
        &[core(&["get", "create"], "services/proxy")],
        Reach::Namespaced,
    ),
    row(
        "N37",
        "an ingress controller can be made to lead there",
        &[need(WRITE, "networking.k8s.io", "ingresses"), need(WRITE, "gateway.networking.k8s.io", "*")],
        Reach::Namespaced,
    ),
    row(
        "N38",
        "Services can be exposed and their traffic led elsewhere",
        &[core(WRITE, "services")],
        Reach::Namespaced,
    ),
    row(
        "N52",
        "policies of other kinds can be written",
        &[
            need(WRITE, "policy.networking.k8s.io", "*"),
            need(WRITE, "cilium.io", "*"),
            need(WRITE, "projectcalico.org", "*"),
            need(WRITE, "crd.projectcalico.org", "*"),
            need(WRITE, "crd.antrea.io", "*"),
            need(WRITE, "security.istio.io", "*"),
        ],
        Reach::Namespaced,
    ),
];

/// What these rights may lead to, each sort once.
pub fn gaps(held: &Held) -> Vec<Gap> {
    let is_there = |row: &Unfollowed, it: &Right| row.reach == Reach::Namespaced || it.scope.is_empty();
    let held_by = |row: &&'static Unfollowed| held.rights_of(&row.power, 0).any(|it| is_there(row, it));
    let gap = |row: &Unfollowed| Gap::End { what: format!("{} ({}), which is not followed", row.what, row.id).into() };
    UNFOLLOWED.iter().filter(held_by).map(gap).collect()
}

//! Subjects of Kubernetes' own: the controllers and components of the control plane, bound by Kubernetes itself.
//!
//! A server makes its default bindings again whenever it starts, so whom they name holds their rights whatever is cut
//! (kubernetes.io/docs/reference/access-authn-authz/rbac/#auto-reconciliation). Whoever can act as one of them is told by
//! reach; that they may do much is no news of this cluster.

use std::collections::BTreeSet;

use crate::model::cluster::Cluster;
use crate::model::role::{Binding, Subject, SubjectKind};

use super::grant::named;
use super::identity::canonical;

/// Whether Kubernetes makes it again when the API server starts that this binding names this subject.
///
/// ```text
/// clusterrolebinding/system:controller:job-controller   sa:kube-system/job-controller   yes
/// clusterrolebinding/system:discovery                   group:platform                  no: somebody added it
/// ```
pub fn comes_back(binding: &Binding, subject: &Subject) -> bool {
    let name = &binding.meta.name;
    let is_default = name.starts_with("system:") || *name == *"cluster-admin";
    is_default && is_named_so(subject)
}

/// Whether default bindings may name it, by its name.
fn is_named_so(subject: &Subject) -> bool {
    match subject.kind() {
        SubjectKind::ServiceAccount => *subject.namespace() == *"kube-system",
        _ => subject.name().starts_with("system:"),
    }
}

/// Those of these subjects whom nothing but default bindings names, and one does.
pub fn of<'s>(cluster: &Cluster, subjects: impl IntoIterator<Item = &'s Subject>) -> BTreeSet<Subject> {
    let asked: BTreeSet<Subject> = subjects.into_iter().filter(|it| is_named_so(it)).map(canonical).collect();
    if asked.is_empty() {
        return asked;
    }
    let (mut own, mut others) = (BTreeSet::new(), BTreeSet::new());
    for binding in cluster.bindings.iter() {
        for subject in binding.subjects.iter().map(|it| canonical(&named(it, binding))) {
            if asked.contains(&subject) {
                let these = if comes_back(binding, &subject) { &mut own } else { &mut others };
                these.insert(subject);
            }
        }
    }
    own.retain(|it| !others.contains(it));
    own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::Kind;

    fn cluster(bindings: &[&str]) -> Cluster {
        let spec = crate::kinds::spec(Kind::CLUSTER_ROLE_BINDING).expect("it is read");
        let mut cluster = Cluster::default();
        for (name, subject) in bindings.iter().filter_map(|it| it.split_once(' ')) {
            let text = format!(
                "{{metadata: {{name: \"{name}\"}}, subjects: [{subject}], \
                 roleRef: {{kind: ClusterRole, name: x, apiGroup: rbac.authorization.k8s.io}}}}"
            );
            let read = spec.read_yaml(&text, "default", &mut crate::kinds::Intern::new());
            read.delta().into_iter().for_each(|it| drop(cluster.apply(it)));
        }
        cluster
    }

    /// Whoever got a binding besides is told like anybody else.
    #[test]
    fn who_is_named_by_default_bindings_alone_is_of_kubernetes() {
        let account = |name: &str| Subject::new(SubjectKind::ServiceAccount, "kube-system", name);
        let named = |name: &str| format!("{{kind: ServiceAccount, namespace: kube-system, name: {name}}}");
        let bindings = [
            format!("system:controller:job-controller {}", named("job-controller")),
            format!("system:controller:node-controller {}", named("node-controller")),
            format!("ops {}", named("node-controller")),
            format!("system:coredns {}", "{kind: User, name: ana, apiGroup: rbac.authorization.k8s.io}"),
        ];
        let cluster = cluster(&bindings.iter().map(String::as_str).collect::<Vec<_>>());
        let ana = Subject::User("ana".into());
        let all = [account("job-controller"), account("node-controller"), account("unbound"), ana];
        assert_eq!(of(&cluster, &all), BTreeSet::from([account("job-controller")]));
    }
}

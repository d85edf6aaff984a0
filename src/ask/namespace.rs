//! Whether a namespace that was typed is there, for commands whose answer does not need it to be.
//!
//! RBAC grants in a namespace that does not exist yet as in any other, so that a slip in `-n` is answered with a plain
//! "deny". It stays that answer; a word beside it says that nobody can have meant this namespace.

use std::collections::BTreeSet;

use crate::model::cluster::Cluster;
use crate::model::coverage::Coverage;
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::model::role::Subject;

use super::nearest::{did_you_mean, nearest};

/// `there is no namespace paymets; did you mean payments?`; `None` where it is there, or that is not known.
///
/// A namespace is there when anything stands in it or names it: files often hold no Namespace objects, and none holds
/// those that every cluster has.
pub fn absence(cluster: &Cluster, name: &Name) -> Option<String> {
    let names = mentioned(cluster);
    let is_known = cluster.coverage.is_complete(Kind::NAMESPACE, name);
    let is_own = *cluster.coverage.of(Kind::NAMESPACE, name) == Coverage::Closed && OWN.contains(&name.as_str());
    if name.is_empty() || !is_known || is_own || names.contains(name) {
        return None;
    }
    let known = names.iter().map(Name::as_str);
    let own = OWN.into_iter().filter(|it| !names.contains(*it));
    let near: Vec<String> = nearest(name, known.chain(own)).into_iter().map(str::to_owned).collect();
    let hint = if near.is_empty() { String::new() } else { format!("; {}", did_you_mean(&near)) };
    Some(format!("there is no namespace {name}{hint}"))
}

/// The namespaces that every cluster has.
const OWN: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// Every namespace that is defined, in which something stands, or that a subject of a binding names.
pub(super) fn mentioned(cluster: &Cluster) -> BTreeSet<Name> {
    let mut names = cluster.namespace_names();
    let others = cluster.roles.namespaces().chain(cluster.bindings.namespaces());
    let others = others.chain(cluster.service_accounts.namespaces()).chain(cluster.workloads.namespaces());
    let subjects = cluster.bindings.iter().flat_map(|it| it.subjects.iter()).map(Subject::namespace);
    names.extend(others.chain(subjects).filter(|it| !it.is_empty()).cloned());
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::cluster::{Delta, ReadObject};
    use crate::model::facts::{Meta, ServiceAccount};

    #[test]
    fn only_a_namespace_that_is_known_to_be_absent_is_told() {
        for (coverage, told) in [
            (Coverage::Closed, Some("there is no namespace paymets; did you mean payments?")),
            (Coverage::Live, Some("there is no namespace paymets; did you mean payments?")),
            (Coverage::Unread, None),
            (Coverage::Forbidden { why: "403".into() }, None),
        ] {
            let mut cluster = Cluster::new(coverage);
            let meta = Meta { namespace: "payments".into(), name: "default".into(), ..Meta::default() };
            cluster.apply(Delta::Put(ReadObject::new(ServiceAccount::new(meta))));
            assert_eq!(absence(&cluster, &"paymets".into()).as_deref(), told);
            assert_eq!(absence(&cluster, &"payments".into()), None);
        }
    }

    /// CONTRACT §4: in files absent is what nothing defines or mentions, but Kubernetes' own four.
    #[test]
    fn files_need_not_hold_the_namespaces_that_every_cluster_has() {
        let own = |coverage: Coverage| {
            OWN.iter().filter(|it| absence(&Cluster::new(coverage.clone()), &(**it).into()).is_some()).count()
        };
        assert_eq!((own(Coverage::Closed), own(Coverage::Live)), (0, 4));
        let nothing = Cluster::new(Coverage::Closed);
        assert_eq!(absence(&nothing, &"shop".into()).as_deref(), Some("there is no namespace shop"));
    }

    #[test]
    fn a_stranger_has_no_neighbours() {
        let mut cluster = Cluster::new(Coverage::Closed);
        let meta = Meta { namespace: "payments".into(), name: "default".into(), ..Meta::default() };
        cluster.apply(Delta::Put(ReadObject::new(ServiceAccount::new(meta))));
        assert_eq!(absence(&cluster, &"zzz".into()).as_deref(), Some("there is no namespace zzz"));
    }
}

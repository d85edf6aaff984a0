//! What moves findings: a change that cannot does not let them be looked for again.
//!
//! ```text
//! pod/shop/web-0 is ready no more, and so is its endpoint     no Service of it is entered from outside: nothing is another
//! pod/shop/web-0 runs                                         code in it acts as its account from now on
//! ```

use crate::model::cluster::{BeforeAfter, Cluster, FactChange};
use crate::model::facts::{EndpointSlice, SharedPod};

/// Whether what lists find may be something else after a change, in the cluster as it is then.
///
/// Of all that a pod is, readiness alone moves nothing but the backends of a Service without EndpointSlices; its phase does
/// more: in one that runs code can be run, and one that has ended has no address. What is in a slice is read of those
/// Services alone to which somebody comes from outside; that a slice is there bears on who may change it.
pub fn may_move(change: &FactChange, cluster: &Cluster) -> bool {
    match change {
        FactChange::Pod(BeforeAfter { before: Some(before), after: Some(after) }) => {
            !is_alike_but_for_readiness(before, after) || is_read_by_selector(after, cluster)
        }
        FactChange::EndpointSlice(BeforeAfter { before: Some(before), after: Some(after) }) => {
            is_entered(before, cluster) || is_entered(after, cluster)
        }
        _ => true,
    }
}

fn is_alike_but_for_readiness(before: &SharedPod, after: &SharedPod) -> bool {
    before.is_unready() != after.is_unready() && before.changed(|it| it.unready = after.is_unready()) == **after
}

/// Whether a Service that is entered from outside may have this pod for a backend because it is ready.
fn is_read_by_selector(pod: &SharedPod, cluster: &Cluster) -> bool {
    let here = cluster.services.of(pod.namespace());
    here.iter().any(|it| it.is_exposed() && !it.selector.is_empty())
}

/// Whether the Service of a slice is entered from outside.
fn is_entered(slice: &EndpointSlice, cluster: &Cluster) -> bool {
    let service = cluster.services.get(&slice.namespace, slice.service());
    service.is_some_and(|it| it.is_exposed())
}

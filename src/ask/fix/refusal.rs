//! What the API server will refuse of a candidate, as far as it is known who asks (rules 47–53).
//!
//! ```text
//! create rolebinding/shop/dev     needs create on rolebindings, and bind on its role or all that it gives
//! update clusterrole/edit         needs update on clusterroles, and escalate or all that it gives
//! delete of anything              needs delete alone (50)
//! ```

use crate::ask::World;
use crate::change::edits::{Change, Op};
use crate::kinds::{self, spec};
use crate::model::cluster::{AnyFact, Delta, ReadObject};
use crate::model::evidence::Outcome;
use crate::model::id::ObjectId;
use crate::rbac::covers::Leave;
use crate::rbac::{Identity, Request, ResourceRequest};

/// Why the server will refuse these changes of the operator; nothing where it is not known who that is.
pub fn refused(world: &World, after: &World, changes: &[Change]) -> Vec<String> {
    let Some(me) = world.told.me().map(|it| it.identity(&[])) else { return Vec::new() };
    let mut all: Vec<String> = Vec::new();
    for change in changes {
        let Ok(id) = change.id() else { continue };
        all.extend(verb(world, &me, change.op, &id));
        if change.op != Op::Delete {
            all.extend(guard(world, after, &me, change, &id));
        }
    }
    all.dedup();
    all
}

fn verb(world: &World, me: &Identity, op: Op, id: &ObjectId) -> Option<String> {
    let spec = spec(id.kind)?;
    // kubectl apply changes by patch.
    let verb = match op {
        Op::Create => "create",
        Op::Update => "patch",
        Op::Delete => "delete",
    };
    let request = Request::Resource(ResourceRequest {
        verb: verb.into(),
        group: spec.group.into(),
        resource: spec.plural.into(),
        namespace: id.namespace.clone(),
        // A create names nothing yet.
        name: if op == Op::Create { Default::default() } else { id.name.clone() },
        ..ResourceRequest::default()
    });
    let place = if id.namespace.is_empty() { String::new() } else { format!(" in {}", id.namespace) };
    let is_denied = world.rbac().can(me, &request).outcome() == Outcome::Deny;
    is_denied.then(|| format!("the server will refuse {id}: you may not {verb} {}{place}", spec.plural))
}

/// The guard against escalation: of what is written, not of what it replaces.
fn guard(world: &World, after: &World, me: &Identity, change: &Change, id: &ObjectId) -> Option<String> {
    let spec = spec(id.kind)?;
    let read = spec.read_json(&change.object.to_string(), &id.namespace, &mut kinds::Intern::new());
    let Some(Delta::Put(ReadObject { fact, .. })) = read.delta() else { return None };
    let leave = match fact {
        AnyFact::Role(role) => {
            let before = world.cluster.roles.get(&id.namespace, &id.name);
            let name = if change.op == Op::Create { "" } else { id.name.as_str() };
            world.rbac().may_write_role(me, &role, before.map(|it| &**it), name)
        }
        // Its role may be one that is created before it.
        AnyFact::Binding(binding) => match world.rbac().may_bind(me, &binding.role, &binding.meta.namespace) {
            Leave::NoRole => after.rbac().may_bind(me, &binding.role, &binding.meta.namespace),
            leave => leave,
        },
        _ => return None,
    };
    let why = match leave {
        Leave::Lacks(parts) => {
            const SHOWN: usize = 3;
            let shown: Vec<String> = parts.iter().take(SHOWN).map(ToString::to_string).collect();
            let more = if parts.len() > SHOWN { format!(" and {} more", parts.len() - SHOWN) } else { String::new() };
            format!("you do not hold {}{more}", shown.join(", "))
        }
        Leave::NoRole => "the role is not there, and you do not hold bind".to_owned(),
        _ => return None,
    };
    Some(format!("the server will refuse {id}, because {why}"))
}

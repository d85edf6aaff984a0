//! A19: any rule in a ClusterRole whose labels an aggregated one takes in that is bound to oneself (rules 43 and 45).
//!
//! Without `escalate` only rules that are held already can be written, which gives nothing new.

use crate::model::cluster::{AnyFact, Delta, ReadObject};
use crate::model::facts::Meta;
use crate::model::id::{Kind, ObjectId};
use crate::model::labels::{Labels, Operator, Selector};
use crate::model::name::Name;
use crate::model::role::{Role, RoleSource};
use crate::rbac::powers;

use super::super::Ground;
use super::super::foothold::Foothold;
use super::super::held::everything;
use super::super::moves::{Moves, Out, Writing};
use super::super::powers::{Asks, Permission};
use super::super::rights::Right;
use super::super::terrain::Granted;
use super::a16_escalate::{may_escalate, widened};
use super::{Edge, JointNeed, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A19",
    name: "widen an aggregated role",
    what: "any rule, in the scope of an aggregated role that is bound to oneself",
    needs: "escalate on clusterroles, and create one, or update or patch one, that the aggregated role takes in",
    limits: "anything without escalate: only rules that one holds can be written; who else holds the aggregated role gets them too",
    leaves: MoveTrace::Object,
    undo: "delete the role that was added, or its label: the aggregated role follows",
    sources: &["https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles"],
    together: Some(JointNeed::beside(2, |_| true)),
    asks: Asks::OneIdentity(&[&ESCALATES, &CREATES, &CHANGES]),
    moves,
};

static ESCALATES: Permission = Permission::of(powers::ESCALATE_CLUSTER_ROLES.needs);
static CREATES: Permission = Permission::of(powers::CREATE_CLUSTER_ROLES.needs);
static CHANGES: Permission = Permission::of(powers::CHANGE_CLUSTER_ROLES.needs);

/// The name of the role that is added.
const ADDED: &str = "reach";

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    if !may_escalate(moves.held) || moves.held.is_all() {
        return;
    }
    let Some((escalate, write, name)) = writable(moves) else { return };
    for (at, stand) in moves.stands().iter().enumerate() {
        for granted in stand.grants.iter().flat_map(|it| &it.all).filter(|it| is_aggregated(it)) {
            let Some((role, _)) = &granted.role else { continue };
            let goal = match granted.scope() {
                scope if scope.is_empty() => Foothold::ClusterAdmin,
                scope => Foothold::NamespaceAdmin(scope.clone()),
            };
            let (member, whole) = (object(&name), role.id());
            out.add(&EDGE, write, goal, |it| {
                // A create has no name yet, neither for the right to create nor for the one to escalate (rule 27).
                let asked = if write.need.verbs.contains(&"create") { Name::empty() } else { name.clone() };
                let it = it.may_at(escalate, &Name::empty(), &asked).may_at(write, &Name::empty(), &asked);
                let it = it.with(at as u32).state(granted.binding.id(), format!("binds {whole}"));
                let it = it.state(whole.clone(), "takes in the rules of roles by their labels");
                // The controller of Kubernetes' own writes the second for whoever writes the first.
                it.writing(member_of, Some(member)).writing(widened, Some(whole.clone()))
            });
        }
    }
}

/// A role that somebody may write whatever into: a new one, or one that is there.
fn writable<'a>(moves: &Moves<'a>) -> Option<(&'a Right, &'a Right, Name)> {
    let of_all = |it: &&Right| it.is_of_all();
    let creates = moves.all_cluster_rights(&CREATES).filter(of_all);
    let new = moves.of_one_identity(moves.all_cluster_rights(&ESCALATES).filter(of_all), creates);
    if let Some((escalate, create)) = new.into_iter().next() {
        return Some((escalate, create, ADDED.into()));
    }
    let pairs = moves.of_one_identity(moves.all_cluster_rights(&ESCALATES), moves.all_cluster_rights(&CHANGES));
    let roles = || moves.ground.cluster.roles.of("").iter().filter(|it| it.aggregates().is_none());
    let both = |(escalate, change): (&'a Right, &'a Right)| {
        let role = roles().find(|it| escalate.is_of(&it.meta.name) && change.is_of(&it.meta.name))?;
        Some((escalate, change, role.meta.name.clone()))
    };
    pairs.into_iter().find_map(both)
}

fn is_aggregated(granted: &Granted) -> bool {
    let selectors = granted.role.as_ref().and_then(|(role, _)| role.aggregates());
    selectors.is_some_and(|it| it.iter().any(|it| labels_for(it).is_some()))
}

fn object(name: &Name) -> ObjectId {
    ObjectId::new(Kind::CLUSTER_ROLE, "", name.clone())
}

/// Labels that a selector takes in.
fn labels_for(selector: &Selector) -> Option<Labels> {
    let mut pairs = Vec::new();
    for it in selector.all_of.iter() {
        match &it.operator {
            Operator::In(values) => pairs.push((it.key.clone(), values.first()?.clone())),
            Operator::Exists => pairs.push((it.key.clone(), "true".into())),
            Operator::NotIn(_) | Operator::DoesNotExist => {}
        }
    }
    let labels = Labels::new(pairs);
    selector.matches(&labels).then_some(labels)
}

/// The role that is taken in, with every rule: with the labels of every aggregated role.
fn member_of(ground: &Ground<'_>, writing: &Writing<'_>) -> Option<Delta> {
    let id = writing.object?;
    let before = ground.cluster.roles.get("", &id.name);
    let own = before.iter().flat_map(|it| it.labels().iter()).map(|(key, value)| (key.clone(), value.clone()));
    let wanted = ground.cluster.roles.of("").iter().flat_map(|it| it.aggregates().unwrap_or_default());
    let wanted = wanted.filter_map(labels_for).collect::<Vec<_>>();
    let pairs = wanted.iter().flat_map(|it| it.iter()).map(|(key, value)| (key.clone(), value.clone()));
    let labels = Labels::new(own.chain(pairs).collect::<std::collections::BTreeMap<_, _>>());
    let rules = before.iter().flat_map(|it| it.rules.iter().cloned()).chain([everything()]).collect::<Vec<_>>();
    let meta = before.map_or_else(|| Meta { name: id.name.clone(), ..Meta::default() }, |it| it.meta.clone());
    Some(Delta::Put(ReadObject::new(AnyFact::Role(
        Role::new(meta, rules.into(), RoleSource::Server).labeled(labels).into(),
    ))))
}

//! A52: every verb on every resource, or membership in `system:masters`.

use crate::model::name::Name;
use crate::model::role::RoleRule;
use crate::rbac::covers::uncovered;

use super::super::foothold::Foothold;
use super::super::held::{Holder, everything};
use super::super::step::{Because, Step};
use super::{Edge, Moves, Trace};

pub(super) const EDGE: Edge = Edge {
    id: "A52",
    name: "holds everything",
    what: "every verb on every resource: of the cluster, or of a namespace",
    needs: "* on * in every API group, or the group system:masters",
    leaves: Trace::Unseen,
    undo: "nothing was done",
    sources: &["https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles", "CIS 5.1.1"],
    moves,
};

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    for holder in &moves.holders()[moves.before..] {
        if holder.is_master() {
            let step = Step::new(&EDGE, &holder.foothold, Foothold::ClusterAdmin);
            steps.push(step.because(Because::Masters(holder.identity.subject.clone())));
        } else if holds_everything(holder, "") {
            steps.push(step(holder, Foothold::ClusterAdmin, "on every resource of the cluster"));
        }
        for scope in scopes(holder) {
            if holds_everything(holder, &scope) {
                steps.push(step(holder, Foothold::NamespaceAdmin(scope), "on every resource of the namespace"));
            }
        }
    }
    for held in moves.last() {
        if *held == Foothold::ClusterAdmin {
            let all = moves.ground.cluster.namespace_names();
            steps.extend(all.into_iter().map(|it| Step::new(&EDGE, held, Foothold::NamespaceAdmin(it))));
        }
    }
}

fn step(holder: &Holder, to: Foothold, what: &str) -> Step {
    let what = format!("its rules give every verb {what}");
    let because = Because::Holds { subject: holder.identity.subject.clone(), what: what.into() };
    Step::new(&EDGE, &holder.foothold, to).because(because)
}

/// The namespaces in which somebody has rules of their own.
fn scopes(holder: &Holder) -> Vec<Name> {
    let mut scopes: Vec<Name> = holder.rules.iter().map(|it| it.scope.clone()).filter(|it| !it.is_empty()).collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

fn holds_everything(holder: &Holder, scope: &str) -> bool {
    let rules = holder.rules.iter().filter(|it| it.scope.is_empty() || it.scope == *scope);
    // Only a rule of its own in the namespace makes it one of the namespace.
    let rules: Vec<RoleRule> = rules.map(|it| it.rule.clone()).collect();
    uncovered(&rules, &[everything()]).is_empty()
}

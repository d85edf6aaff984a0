//! N01: from where somebody stands.

use crate::model::evidence::Outcome;

use super::super::edges::{Edge, MoveTrace};
use super::super::powers::Asks;
use super::super::step::Step;
use super::{Case, edge};

pub(super) static STAND: Edge = edge(
    "N01",
    "connect from a pod",
    "every connection that policies allow to the pod or node that one stands in",
    "code in the pod, or root on the node",
    "that something listens there, or lets one in; what a mesh or the other end asks for besides",
    MoveTrace::Unseen,
    Asks::Nothing,
);

/// The first place from which it goes; else the first from which it may.
pub(super) fn steps(case: &Case<'_>, steps: &mut Vec<Step>) {
    let mut unsure = None;
    // Of pods of one template the first answers for all but where addresses alone are trusted.
    for (held, end) in case.distinct_places().into_iter().chain(case.places()) {
        match case.outcome(&end) {
            Outcome::Allow => {
                steps.push(Step::new(&STAND, &held, case.to()).because(case.connects(&end)));
                return;
            }
            Outcome::Unknown if unsure.is_none() => {
                let what = "whether policies allow the connection is not known";
                let step = Step::new(&STAND, &held, case.to()).because(case.connects(&end));
                unsure = Some(step.unsure(None, what));
            }
            _ => {}
        }
    }
    steps.extend(unsure);
}

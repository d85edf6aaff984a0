//! A06: the streams of a running pod's process.

use crate::rbac::powers;
use crate::rbac::version::Span;

use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Permission};
use super::super::region::Which;
use super::super::step::Certainty;
use super::{Edge, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A06",
    name: "attach to a pod",
    what: "the streams of a process in a running pod, which are a shell where it reads its stdin",
    needs: "create pods/attach (before 1.35 also get), and the pod runs",
    limits: "that the process reads its input: it is never sure",
    leaves: MoveTrace::Audited,
    undo: "nothing stays",
    sources: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/"],
    together: None,
    asks: Asks::Anybody(&[&CREATE, &GET]),
    moves,
};

static CREATE: Permission = Permission::of(powers::ATTACH.needs);
static GET: Permission = Permission::of(powers::ATTACH_BY_GET.needs);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    if !out.takes(Certainty::Unsure) {
        return;
    }
    for (power, span) in [(&CREATE, Span::Always), (&GET, Span::Before(35))] {
        let Some(sure) = moves.on(span) else { continue };
        for right in moves.new_rights(power) {
            for pods in moves.pods_of(right, Which::Running) {
                let why = "whether its process reads its stdin is not known";
                out.add(&EDGE, right, pods, |it| it.may(right).is("runs").on_versions(sure).unsure(why));
            }
        }
    }
}

//! Who a subject is: the worst of it, what is odd, what names it, and the pods that run as it.

use super::{count, linked};
use crate::ask::World;
use crate::ask::scope::CellContext;
use crate::model::finding::NEVER;
use crate::model::id::{Kind, PodId};
use crate::model::role::{Subject, SubjectKind};
use crate::text::rbac as words;
use crate::text::{Mark, Page, finding};

/// Who somebody is: the worst of it, what is odd, what names them, and the pods that run as them.
pub fn facts(page: &mut Page, view: CellContext<'_>, subject: &Subject) {
    let world = view.world;
    page.say(0, Mark::Title, subject.to_string());
    let is_me = world.is_me(subject);
    if is_me {
        page.say(0, Mark::Note, "you (SelfSubjectReview)");
    }
    if !is_me && !world.rbac().is_somebody(&world.cluster, subject) {
        return page.say(0, Mark::Note, "nothing names it");
    }
    let weight = world.weight(subject);
    weight.findings.iter().for_each(|it| page.push(finding::line(0, it)));
    match weight.danger() {
        Some(danger) => page.say(0, Mark::Note, format!("highest risk: {}. {}", danger.word, danger.doc)),
        None if weight.findings.iter().any(|it| *it.sort == NEVER) => {}
        None if !is_listed(world) => page.say(0, Mark::Unknown, "what is bound to it may not all be read"),
        None => page.say(0, Mark::Plain, "no risky permissions of its own"),
    }
    if let Some(danger) = weight.common_danger() {
        page.say(0, Mark::Note, format!("inherited from implicit groups: {}. {}", danger.word, danger.doc));
    }
    page.say(0, Mark::Plain, words::groups(&view.identity(subject)));
    bindings(page, view, subject);
    people(page, view, subject);
    running(page, view, subject);
}

/// Whether all bindings and roles were read.
fn is_listed(world: &World) -> bool {
    let kinds = [Kind::ROLE, Kind::CLUSTER_ROLE, Kind::ROLE_BINDING, Kind::CLUSTER_ROLE_BINDING];
    kinds.iter().all(|it| world.cluster.coverage.of(*it, "").is_complete())
}

fn bindings(page: &mut Page, view: CellContext<'_>, subject: &Subject) {
    let found = view.world.rbac().bindings_of(subject);
    page.say(0, Mark::Title, format!("{} by name", count(found.len(), "binding")));
    for binding in found {
        let place = match binding.meta.namespace.as_str() {
            "" => "everywhere".to_owned(),
            namespace => format!("in {namespace}"),
        };
        let what = format!("{} {} {place}", binding.role.kind.to_lowercase(), binding.role.name);
        page.push(linked(1, Mark::Plain, what, &binding.id()));
        page.push(linked(2, Mark::Plain, format!("by {}", binding.id()), &binding.id()));
    }
}

/// The people of a group, where a directory names them.
fn people(page: &mut Page, view: CellContext<'_>, subject: &Subject) {
    let (Some(people), SubjectKind::Group) = (&view.world.people, subject.kind()) else { return };
    let members = people.members_of(subject.name());
    page.say(
        0,
        Mark::Title,
        format!("{} in it, by the directory", crate::text::words::count(members.len() as u64, "person", "people")),
    );
    for person in members {
        page.say(1, Mark::Plain, words::person(person));
    }
}

/// The pods that run as a service account.
fn running(page: &mut Page, view: CellContext<'_>, subject: &Subject) {
    if subject.kind() != SubjectKind::ServiceAccount {
        return;
    }
    let pods = view.world.cluster.pods.of(subject.namespace()).iter();
    let pods: Vec<PodId> = pods.filter(|it| *it.service_account() == *subject.name()).map(|it| it.pod_id()).collect();
    page.say(
        0,
        Mark::Title,
        format!("{} as it", if pods.len() == 1 { "1 pod runs".to_owned() } else { format!("{} pods run", pods.len()) }),
    );
    for pod in pods {
        page.push(linked(1, Mark::Plain, pod.to_string(), &pod.object()));
    }
}

//! Pages about access: who a subject is, what it may do, and who may touch an object.
//!
//! Nothing here decides: it asks [`crate::rbac`] and shows what the subcommands print.

use super::explain::{count, linked};
use super::panes::Item;
use super::world::View;
use crate::model::id::PodId;
use crate::model::role::{Subject, SubjectKind};
use crate::rbac::subjects::{Oddity, person};
use crate::text::rbac as words;
use crate::text::{Mark, Page};

/// Who somebody is: the worst of it, what is odd, what names them, and the pods that run as them.
pub fn subject(page: &mut Page, view: View<'_>, subject: &Subject) {
    let world = view.world;
    page.say(0, Mark::Title, subject.to_string());
    if !world.rbac.is_somebody(&world.cluster, subject) {
        return page.say(0, Mark::Note, "nothing names it any more");
    }
    let weight = world.weight(subject);
    for oddity in &weight.oddities {
        let mark = if oddity.is_bad() { Mark::Deny } else { Mark::Note };
        page.say(0, mark, format!("{}: {}", oddity.as_str(), oddity.doc()));
    }
    match weight.danger() {
        Some(danger) => page.say(0, Mark::Note, format!("worst: {}. {}", danger.word, danger.doc)),
        None if weight.oddities.contains(&Oddity::Never) => {}
        None => page.say(0, Mark::Plain, "holds nothing of the table of dangers"),
    }
    page.say(0, Mark::Plain, words::groups(&person(subject, world.people.as_deref())));
    bindings(page, view, subject);
    people(page, view, subject);
    running(page, view, subject);
}

fn bindings(page: &mut Page, view: View<'_>, subject: &Subject) {
    let found = view.world.rbac.bindings_of(subject);
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
fn people(page: &mut Page, view: View<'_>, subject: &Subject) {
    let (Some(people), SubjectKind::Group) = (&view.world.people, &subject.kind) else { return };
    let members = people.members_of(&subject.name);
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
fn running(page: &mut Page, view: View<'_>, subject: &Subject) {
    if subject.kind != SubjectKind::ServiceAccount {
        return;
    }
    let pods = view.world.cluster.pods.of(&subject.namespace).iter();
    let pods: Vec<PodId> = pods.filter(|it| it.service_account == subject.name).map(|it| it.pod_id()).collect();
    page.say(0, Mark::Title, format!("{} run as it", count(pods.len(), "pod")));
    for pod in pods {
        page.push(linked(1, Mark::Plain, pod.to_string(), &pod.object()));
    }
}

/// What a subject may do, each grant with its binding, role and rule.
pub fn permissions(view: View<'_>, item: &Item) -> Page {
    let Item::Subject(subject) = item else { return Page::default() };
    let identity = person(subject, view.world.people.as_deref());
    words::permissions(&view.world.rbac.folded(&identity, None, &view.world.served))
}

/// Who may change the object, and what else they may do with it.
pub fn touch(view: View<'_>, item: &Item) -> Page {
    item.object().map(|it| words::touch(&view.world.rbac, &view.world.cluster, &it)).unwrap_or_default()
}

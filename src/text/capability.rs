//! What grants amount to, in words: a section of its own below somebody's permissions.
//!
//! ```text
//! what it amounts to
//!   v exec into pods in shop: runs commands in their containers (create pods/exec)
//!     rolebinding/shop/dev: clusterrole/edit rules[3]
//!   ? forward ports in shop before 1.35: by websocket, which such servers take for a get (get pods/portforward)
//! ```

use crate::model::name::Name;
use crate::model::place::Place;
use crate::rbac::capability::{By, Capability};
use crate::rbac::version::Span;

use super::{Line, Mark, Page};

/// The section; nothing where there is nothing to tell.
pub fn add(page: &mut Page, all: &[Capability]) {
    if all.is_empty() {
        return;
    }
    page.say(1, Mark::Title, "effective capabilities");
    for it in all {
        page.say(2, Mark::of(it.outcome), words(it));
        it.by.iter().for_each(|by| page.push(of_rule(by)));
    }
}

fn of_rule(by: &By) -> Line {
    let text = format!("{}: {} rules[{}]", by.binding, by.role, by.rule);
    Line::new(3, Mark::Plain, text).linked(&by.binding, &Place::new("roleRef"))
}

/// `bind roles in shop (only view, edit): in namespaces, beyond its own rights (bind clusterroles.rbac…)`.
pub fn words(it: &Capability) -> String {
    let place = if it.scope.is_empty() { "the whole cluster" } else { &it.scope };
    let span = if it.way.power.span == Span::Always { String::new() } else { format!(" {}", it.way.power.span) };
    let names: Vec<&str> = it.names.iter().map(Name::as_str).collect();
    let only = if names.is_empty() { String::new() } else { format!(" (only {})", names.join(", ")) };
    format!("{} in {place}{only}{span}: {} ({})", it.way.ability, it.way.what, it.way.need())
}

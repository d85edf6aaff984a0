//! The order in which changes are made, and what is told of the moments in between.
//!
//! ```text
//! v order: after each change it was checked that no flow and no right is interrupted
//! ! after 1 of 2 changes (create networkpolicy/shop/a): interrupts pod/shop/web -> pod/shop/db TCP 80
//! ```

use super::World;
use super::diff::side;
use super::many::unit_text;
use crate::change::order::{self, FlowLapse, Lapse, Moment, RightLapse};
use crate::change::{Change, Impact, Order, Unfit};
use crate::model::port::PortSet;
use crate::text::{Line, Mark, net};

/// How many lines are told of a moment.
const SHOWN: usize = 3;

/// The order for a world in which these changes are made; `after` is with all of them, and `impact` what differs then.
///
/// # Errors
/// An object is of no kind that is read, or has no name.
pub fn of(world: &World, after: &World, impact: &Impact, changes: &[Change]) -> Result<Order, Unfit> {
    order::order(&side(world), &side(after), &impact.flows, changes)
}

/// What is told of an order of these changes; nothing of a single one.
pub fn lines(order: &Order, changes: &[Change]) -> Vec<Line> {
    if order.moments.is_empty() {
        return Vec::new();
    }
    if order.is_clean() {
        let what = "order: after each change it was checked that no flow and no right is interrupted";
        return vec![Line::new(0, Mark::Allow, what)];
    }
    let made = order.of(changes);
    let moments = (1..).zip(&order.moments).filter(|it| !it.1.is_nothing());
    let mut lines: Vec<Line> = moments
        .flat_map(|(count, moment)| {
            let id = made.get(count - 1).and_then(|it| Some(format!("{} {}", it.op.as_str(), it.id().ok()?)));
            let place = format!("after {count} of {} changes ({})", made.len(), id.unwrap_or_default());
            self::moment(moment).into_iter().map(move |it| Line { text: format!("{place}: {}", it.text), ..it })
        })
        .collect();
    let best = match (order.never_cuts(), order.is_best) {
        (true, _) => "order: no flow and no right is interrupted",
        (false, true) => "order: no order of these changes avoids the interruption",
        (false, false) => "order: another order may avoid the interruption: not all were tried",
    };
    lines.insert(0, Line::new(0, if order.never_cuts() { Mark::Allow } else { Mark::Note }, best));
    lines
}

/// What is not as before and after at one moment, the worst first.
fn moment(moment: &Moment) -> Vec<Line> {
    let mut all: Vec<(Mark, String)> = Vec::new();
    let flows = |ports: fn(&FlowLapse) -> &PortSet| moment.flows.iter().filter(move |it| !ports(it).is_empty());
    let rights = |lapse: Lapse| moment.rights.iter().filter(move |it| it.lapse == lapse);
    all.extend(flows(|it| &it.cut).map(|it| (Mark::Deny, flow("interrupts", it, &it.cut))));
    all.extend(rights(Lapse::Missing).map(|it| (Mark::Deny, right(it, "lacks"))));
    all.extend(flows(|it| &it.may_be_cut).map(|it| (Mark::Unknown, flow("may interrupt", it, &it.may_be_cut))));
    all.extend(rights(Lapse::MayBeMissing).map(|it| (Mark::Unknown, right(it, "may lack"))));
    all.extend(flows(|it| &it.opened).map(|it| (Mark::Note, flow("allows for a moment", it, &it.opened))));
    all.extend(rights(Lapse::TooMuch).map(|it| (Mark::Note, right(it, "has for a moment"))));
    let more = all.len().saturating_sub(SHOWN);
    all.truncate(SHOWN);
    all.extend((more > 0).then(|| (Mark::Note, format!("and {more} more"))));
    all.into_iter().map(|(mark, text)| Line::new(1, mark, text)).collect()
}

fn flow(what: &str, lapse: &FlowLapse, ports: &PortSet) -> String {
    let ports = if ports.is_all() { "on all ports".to_owned() } else { net::ports(ports) };
    format!("{what} {} -> {} {ports}", unit_text(&lapse.from), unit_text(&lapse.to))
}

fn right(lapse: &RightLapse, what: &str) -> String {
    let place = if lapse.scope.is_empty() { "in the whole cluster".to_owned() } else { format!("in {}", lapse.scope) };
    format!("{} {what} {} {place}", lapse.subject, lapse.part)
}

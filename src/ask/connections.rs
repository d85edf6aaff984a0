//! Where somebody can connect to from the pods that they come into, which the rows of [`super::reaches`] do not say:
//! those are what is held, and a connection is not.

use crate::escalate::Foothold;
use crate::model::evidence::Outcome;
use crate::model::policy::Direction;
use crate::model::port::{PortSet, Protocol};
use crate::net::reach::{Granularity, Unit};
use crate::text::{About, Line, Mark, words};

use super::Asker;
use super::end::AskedEnd;
use super::escalation::Watch;
use super::many::{namespace_of, unit_text};
use super::reach_page::ports_text;
use super::reaches::Reached;

/// One unit, and the nearest of the pods that may connect to it.
#[derive(Clone, PartialEq, Debug)]
pub struct Connection {
    unit: Unit,
    ports: String,
    /// As a question has it: the unit with one of these ports; nothing for nodes and what is outside.
    goal: Option<String>,
    outcome: Outcome,
    from: String,
    /// To come into that pod.
    hops: usize,
}

/// All of them, and of how many workloads nobody asked.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Connections {
    pub found: Vec<Connection>,
    pub unasked: usize,
}

/// Of so many workloads it is asked where they connect to, the nearest first.
const MOST: usize = 64;

impl Asker<'_> {
    /// Where the pods among these rows may connect to, those that one surely comes into.
    pub fn connections(&self, rows: &[Reached], watch: Watch<'_>) -> Connections {
        let pod = |it: &Reached| match it.found.first() {
            Some(Foothold::Pod(pod)) if it.outcome == Outcome::Allow => Some(pod.clone()),
            _ => None,
        };
        let from: Vec<_> = rows.iter().filter_map(|it| Some((it, pod(it)?))).collect();
        let mut all = Connections { found: Vec::new(), unasked: from.len().saturating_sub(MOST) };
        for (at, (row, pod)) in from.iter().take(MOST).enumerate() {
            if !watch(at, from.len().min(MOST)) {
                break;
            }
            let Ok(reach) = self.reach(&AskedEnd::Pod(pod.clone()), Direction::Egress, Granularity::Workload) else {
                continue;
            };
            for it in reach.rows.iter().filter(|it| !it.summary.possible.is_empty()) {
                if all.found.iter().any(|held| held.unit == it.unit) {
                    continue;
                }
                let goal = first_port(&it.summary.some).filter(|_| namespace_of(&it.unit).is_some());
                all.found.push(Connection {
                    unit: it.unit.clone(),
                    ports: ports_text(&it.summary),
                    goal: goal.map(|port| format!("{}:{port}", unit_text(&it.unit))),
                    outcome: if it.summary.some.is_empty() { Outcome::Unknown } else { Outcome::Allow },
                    from: row.end.clone(),
                    hops: row.path.len(),
                });
            }
        }
        all.found.sort_by(|a, b| order(a).cmp(&order(b)));
        all
    }
}

fn order(it: &Connection) -> (bool, Option<&str>, String) {
    let namespace = namespace_of(&it.unit).map(|it| it.as_str());
    (namespace.is_none(), namespace, unit_text(&it.unit))
}

/// `5432/TCP`; of all ports none stands for the others.
fn first_port(ports: &PortSet) -> Option<String> {
    let first = |it: Protocol| ports.of(it).first().map(|range| format!("{}/{it}", range.0));
    if ports.is_all() { None } else { Protocol::ALL.into_iter().find_map(first) }
}

impl Connections {
    /// The units by namespace; those with a port lead to the way from `of`.
    pub fn lines(&self, of: &str) -> Vec<Line> {
        let mut lines = Vec::new();
        if self.found.is_empty() {
            return lines;
        }
        lines.push(Line::new(1, Mark::Title, "connections by network, from the pods above"));
        for part in self.found.chunk_by(|a, b| namespace_of(&a.unit) == namespace_of(&b.unit)) {
            let place = namespace_of(&part[0].unit).map_or("nodes and outside the cluster", |it| it.as_str());
            // As all that reach says of sets: what some can, the set can.
            let best = part.iter().map(|it| it.outcome).min().unwrap_or(Outcome::Allow);
            let count = words::count(part.len() as u64, "destination", "destinations");
            lines.push(Line::new(2, Mark::of(best), format!("{place}: {count}")));
            lines.extend(part.iter().map(|it| it.line(of)));
        }
        if self.unasked > 0 {
            let more = words::count(self.unasked as u64, "more workload", "more workloads");
            lines.push(Line::new(2, Mark::Note, format!("where {more} may connect to was not asked")));
        }
        lines
    }
}

impl Connection {
    fn line(&self, of: &str) -> Line {
        let steps = words::count(self.hops as u64, "step", "steps");
        let text = format!("{}  {}  from {} ({steps})", unit_text(&self.unit), self.ports, self.from);
        let line = Line::new(3, Mark::of(self.outcome), text);
        match &self.goal {
            Some(goal) => {
                line.on(About::Connection { of: of.to_owned(), from: self.from.to_string(), to: goal.clone() })
            }
            None => line,
        }
    }
}

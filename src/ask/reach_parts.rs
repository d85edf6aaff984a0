//! How an answer about reach reads, on the screen and in commands alike: its parts in one order, each left out until it
//! is known.
//!
//! ```text
//! sa:ci/runner can come to reach: 2 in 1 step, 1 in 2 steps; 1 unsure
//!   its own rights                 what it may do without any step
//!   whole cluster, pods, …         what it comes to, the worst first
//!   may connect to …               where it stands in the network, if it does
//!   connections by network         from the pods above
//!   whole cluster, unsure …        what it may come to
//!   what cannot be known from here
//! ```

use crate::escalate::Certainty;
use crate::model::role::Subject;
use crate::rbac::capability::Capability;
use crate::text::{About, Line, Mark, Page, capability, words};

use super::World;
use super::connections::Connections;
use super::many::NetworkReach;
use super::question::reach::unknown_rows;
use super::reaches::{ReachWay, Reaches};

/// The parts that are known.
pub struct Parts<'a> {
    /// The end as it was typed.
    pub of: &'a str,
    pub way: ReachWay,
    /// Of a subject: see [`own_rights`].
    pub own: Vec<Line>,
    /// Of an end of the network: see [`network`].
    pub network: Vec<Line>,
    /// What is come to, and where the pods among it may connect to; else why that is not there.
    pub ways: Result<(&'a Reaches, &'a Connections), &'static str>,
}

impl Parts<'_> {
    /// All of them; what proves a row stands folded below it.
    pub fn page(self) -> Page {
        let mut page = Page::default();
        let reaches = self.ways.map(|it| it.0);
        let is_nothing = reaches.is_ok_and(Reaches::tells_nothing);
        let counts = match reaches {
            // What the network says stands below: it is not nothing.
            Ok(_) if is_nothing && !self.network.is_empty() => "none in steps".to_owned(),
            Ok(reaches) => reaches.counts(),
            Err(why) => why.to_owned(),
        };
        page.say(0, Mark::Title, format!("{} {}: {counts}", self.of, self.way.verb()));
        if is_nothing && self.network.is_empty() {
            page.say(1, Mark::Note, self.way.nothing());
        }
        let reaches = reaches.ok();
        let ways = |certainty| reaches.map(|it| it.lines(self.of, self.way, certainty)).unwrap_or_default();
        page.lines.extend(self.own);
        page.lines.extend(ways(Certainty::Certain));
        page.lines.extend(self.network);
        page.lines.extend(self.ways.iter().flat_map(|it| it.1.lines(self.of)));
        page.lines.extend(ways(Certainty::Unsure));
        page.lines.extend(reaches.iter().flat_map(|it| it.limits()));
        page.fold = Some(2);
        page
    }
}

/// What a subject may do without any step, in lines.
pub fn own_rights(subject: &Subject, all: &[Capability]) -> Vec<Line> {
    let count = words::count(all.len() as u64, "effective capability", "effective capabilities");
    let head = Line::new(2, Mark::Plain, count).on(About::Somebody(subject.clone()));
    let each = all.iter().map(|it| Line::new(3, Mark::of(it.outcome), capability::words(it)));
    [Line::new(1, Mark::Title, "its own rights"), head].into_iter().chain(each).collect()
}

/// What an end connects to, or what connects to it, as a part of a larger answer: headings say what it is about.
pub fn network(reach: &NetworkReach, world: &World) -> Vec<Line> {
    let mut lines = reach.section().lines;
    lines.extend(unknown_rows(reach, world).into_iter().map(|it| Line { indent: 2, ..it }));
    lines
}

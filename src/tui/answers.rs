//! The questions that the screen asks, and their answers as pages: the same that the subcommands print.
//!
//! Asked anew whenever the cluster changes: an answer is microseconds, so there is no worker and no spinner; but see
//! [`super::matrix`].

use super::theme::Theme;
use crate::ask::end::{AskedEnd, PortAsk};
use crate::ask::reach_parts;
use crate::ask::reaches::ReachWay;
use crate::ask::{Fault, Here, Question, World};
use crate::model::policy::Direction;
use crate::net::reach::Granularity;
use crate::text::{Mark, Page};

pub use super::matrix::MatrixState;

/// A trace as far as it has been chosen.
#[derive(Clone, PartialEq, Debug)]
pub struct Tracing {
    from: Option<AskedEnd>,
    to: Option<AskedEnd>,
    pub port: PortAsk,
}

impl Default for Tracing {
    fn default() -> Self {
        Self { from: None, to: None, port: PortAsk::NONE }
    }
}

impl Tracing {
    /// Takes the next end; whether both are there now. A trace that is whole begins anew.
    pub fn take(&mut self, end: AskedEnd) -> bool {
        match (&self.from, &self.to) {
            (Some(_), None) => {
                self.to = Some(end);
                true
            }
            _ => {
                *self = Self { from: Some(end), ..Self::default() };
                false
            }
        }
    }

    /// Takes both ends.
    pub fn set(&mut self, from: AskedEnd, to: AskedEnd) {
        *self = Self { from: Some(from), to: Some(to), ..Self::default() };
    }

    /// Takes another destination.
    pub fn turn_to(&mut self, to: AskedEnd) {
        self.to = Some(to);
    }

    /// Both ends, once they are chosen.
    pub fn ends(&self) -> Option<(&AskedEnd, &AskedEnd)> {
        self.from.as_ref().zip(self.to.as_ref())
    }

    /// The source that waits for a destination.
    pub fn waiting(&self) -> Option<&AskedEnd> {
        self.from.as_ref().filter(|_| self.to.is_none())
    }

    /// Whether a destination is still to be chosen.
    pub fn is_half(&self) -> bool {
        self.waiting().is_some()
    }

    /// Source and destination change places; the port stays with neither.
    pub fn swap(&mut self) {
        std::mem::swap(&mut self.from, &mut self.to);
        self.port = PortAsk::NONE;
    }

    /// What stands above the verdict.
    pub fn title(&self, theme: Theme) -> String {
        match self.ends() {
            Some((from, to)) => format!(" {from} {} {}{} ", theme.arrow(), to, self.port),
            None => " trace ".into(),
        }
    }
}

/// The answer to a question as a page, as its command prints it.
pub fn page(world: &World, question: &Question, here: &Here) -> Page {
    match world.answer(question, here) {
        Ok(answer) => checked(world, answer.page(world)),
        Err(why) => fault(&why),
    }
}

/// The page under a banner where the naive evaluator says otherwise.
fn checked(world: &World, answer: Page) -> Page {
    bannered(&world.differences(), answer)
}

/// The page under a banner for each of these differences.
pub fn bannered(differences: &[String], answer: Page) -> Page {
    if differences.is_empty() {
        return answer;
    }
    let mut page = Page { fold: answer.fold, ..Page::default() };
    for difference in differences {
        page.say(0, Mark::Unknown, format!("SELF-CHECK FAILED, this is a defect of kreach: {difference}"));
    }
    page.add(0, answer);
    page
}

/// What an end may connect to, or what may connect to it: by namespace and workload, with the ports.
pub fn connections(world: &World, end: &AskedEnd, way: ReachWay) -> Page {
    let direction = if way == ReachWay::From { Direction::Egress } else { Direction::Ingress };
    match world.asker().reach(end, direction, Granularity::Workload) {
        Ok(reach) => checked(world, reach_parts::network(&reach, world).into_iter().collect()),
        Err(why) => fault(&why),
    }
}

/// A question that cannot be asked, and what to do about it.
pub fn fault(fault: &Fault) -> Page {
    let mut page = Page::default();
    page.say(0, Mark::Unknown, fault.to_string());
    for hint in &fault.hints {
        page.say(1, Mark::Note, hint);
    }
    page
}

/// The ports that an end offers, each with its name: a Service's own, else what containers declare.
pub fn ports(world: &World, end: &AskedEnd) -> Vec<(PortAsk, String)> {
    let found = world.asker().ports(end).unwrap_or_default();
    found.into_iter().map(|it| (it.ask(), it.name.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(name: &str) -> AskedEnd {
        AskedEnd::Namespace(name.into())
    }

    #[test]
    fn the_second_end_completes_a_trace_and_the_third_begins_another() {
        let mut tracing = Tracing::default();
        assert!(!tracing.take(end("a")) && tracing.is_half());
        assert!(tracing.take(end("b")));
        assert_eq!(tracing.ends(), Some((&end("a"), &end("b"))));
        tracing.swap();
        assert_eq!(tracing.ends(), Some((&end("b"), &end("a"))));
        assert!(!tracing.take(end("c")));
        assert_eq!(tracing.waiting(), Some(&end("c")));
    }
}

//! What is shown of changes that are tried, weighed, sent and watched.

use super::{ApplyPhase, Arrival, Sent, asked};
use crate::change::record::Record;
use crate::text::applied::{mark, step_line};
use crate::text::{Line, Mark, Page};
use crate::tui::app::App;
use crate::tui::job::JobState as Job;
use crate::tui::page::saying;

/// What is shown.
pub fn page(app: &App) -> Page {
    match &app.applying.phase {
        ApplyPhase::Idle => saying(Mark::Plain, "nothing is being applied (A in the stage tries what is staged)"),
        ApplyPhase::Trying => saying(Mark::Plain, "the server tries all changes (dry run); nothing is changed"),
        ApplyPhase::Stopped(why) => stopped(why),
        ApplyPhase::Tried { weighed: None, .. } => match app.answers.jobs.state() {
            Job::Failed => saying(Mark::Unknown, "the impact cannot be worked out; nothing is changed"),
            _ => saying(Mark::Plain, "the server takes all changes; computing what they change"),
        },
        ApplyPhase::Tried { weighed: Some(reading), .. } => {
            let mut page = reading.weighed.page();
            if let Some((word, why)) = asked(app) {
                page.lines
                    .insert(0, Line::new(0, Mark::Title, format!("{why}: Enter, then type {word}; Esc leaves it")));
            }
            page
        }
        ApplyPhase::Making { record, .. } => {
            let mut page = saying(Mark::Title, "the changes are being applied");
            steps(record, &mut page);
            page
        }
        ApplyPhase::Applied { sent, arrival, .. } => came(sent, arrival.as_deref()),
    }
}

fn stopped(why: &[String]) -> Page {
    let mut page = Page::default();
    why.iter().for_each(|it| page.say(0, Mark::Deny, it));
    page.say(0, Mark::Plain, "nothing was changed");
    page
}

fn came(Sent { record, unkept }: &Sent, arrival: Option<&Arrival>) -> Page {
    let back = if record.is_undoable() && record.undoes.is_none() { " (U takes it back)" } else { "" };
    let mut page = saying(mark(record), format!("{}{back}", record.words()));
    unkept.iter().for_each(|it| page.say(0, Mark::Unknown, it));
    steps(record, &mut page);
    match arrival {
        Some(arrival) => page.add(0, arrival.page.clone()),
        None if record.is_made() => page.say(0, Mark::Plain, "looking at what the cluster comes to"),
        None if record.is_open() => {}
        None if record.is_undoable() => page.say(0, Mark::Plain, "nothing more is sent"),
        None => page.say(0, Mark::Plain, "nothing was changed"),
    }
    page
}

fn steps(record: &Record, page: &mut Page) {
    (0..record.steps.len()).for_each(|at| page.push(step_line(record, at)));
}

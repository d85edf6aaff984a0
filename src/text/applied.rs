//! What became of changes that were applied, in words.

use super::{Line, Mark};
use crate::change::record::{ChangeState, Record};

/// What became of all changes together.
pub fn mark(record: &Record) -> Mark {
    match (record.is_made(), record.is_open()) {
        (true, _) => Mark::Allow,
        (false, true) => Mark::Unknown,
        (false, false) => Mark::Deny,
    }
}

/// What became of one change, a line.
pub fn step_line(record: &Record, at: usize) -> Line {
    let kept = &record.steps[at];
    let id = kept.id().map(|it| it.to_string()).unwrap_or_default();
    let (mark, said) = match kept.state {
        ChangeState::Made => (Mark::Allow, format!("{}d  {id}", kept.op.as_str())),
        ChangeState::Refused => (Mark::Deny, format!("not {}d  {id}", kept.op.as_str())),
        ChangeState::Unknown | ChangeState::Sending => {
            (Mark::Unknown, format!("{} of {id} is not known to have happened", kept.op.as_str()))
        }
        ChangeState::Waiting => (Mark::Plain, format!("not sent  {id}")),
    };
    let why = if kept.why.is_empty() { String::new() } else { format!(": {}", kept.why) };
    Line::new(1, mark, said + &why)
}

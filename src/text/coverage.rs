//! How much of a kind is known, in words.

use crate::kinds;
use crate::model::coverage::Coverage;
use crate::model::id::Kind;

/// The plural of a kind, as kubectl has it.
pub fn plural(kind: Kind) -> &'static str {
    kinds::spec(kind).map_or(kind.as_str(), |it| it.plural)
}

/// What a state of coverage means for a list that is empty.
pub fn words(coverage: &Coverage) -> String {
    match coverage {
        Coverage::Loading => "being listed".into(),
        Coverage::Forbidden { why } => format!("no right to list them ({why})"),
        Coverage::Unreadable { why } => format!("there may be more: {why}"),
        Coverage::Failed { why } => format!("could not be read: {why}"),
        Coverage::Unread => "not read".into(),
        other => other.as_str().into(),
    }
}

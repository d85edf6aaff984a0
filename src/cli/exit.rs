//! What the process says when it ends: the one contract of exit codes (CONTRACT §5).

use crate::ask::FaultKind;
use crate::model::evidence::Outcome;

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Exit {
    /// Yes, clean, the same, printed.
    Yes,
    /// No, findings, different.
    No,
    /// Usage, input or connection: nothing was answered.
    Failed,
    /// Cannot be decided, and why is printed.
    Unknown,
}

impl Exit {
    /// The process's exit code.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Yes => 0,
            Exit::No => 1,
            Exit::Failed => 2,
            Exit::Unknown => 3,
        }
    }
}

impl From<FaultKind> for Exit {
    /// Without an answer the code is one and the same: scripts need not know why, people are told.
    fn from(kind: FaultKind) -> Self {
        match kind {
            FaultKind::Usage
            | FaultKind::Input
            | FaultKind::Connection
            | FaultKind::Output
            | FaultKind::NobodyReads
            | FaultKind::System
            | FaultKind::Defect => Exit::Failed,
        }
    }
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Allow => Exit::Yes,
            Outcome::Deny => Exit::No,
            Outcome::Unknown => Exit::Unknown,
        }
    }
}

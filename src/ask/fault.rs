//! Why a question cannot be asked: an end that is none, a port that nothing declares, a file that is no file.

use std::fmt;

/// One line of what is wrong, and one of what to do; both lower case without a period.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    pub what: String,
    /// Empty when there is nothing to advise.
    pub hint: String,
}

impl Fault {
    /// A fault and its hint.
    pub fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: hint.into() }
    }

    /// Both in one line: `pod/shop/wbe does not exist: did you mean shop/web?`.
    pub fn whole(&self) -> String {
        if self.hint.is_empty() { self.what.clone() } else { format!("{}: {}", self.what, self.hint) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.what)
    }
}

impl std::error::Error for Fault {}

//! Why there is no answer: the one error of both faces, whichever floor it comes from.
//!
//! ```text
//! error: flows.txt:2: pod/shop/wbe does not exist         place: what
//! hint: did you mean shop/web?                            hints
//! exit code 2                                             kind, by `cli::Exit`
//! ```
//!
//! A question that cannot be asked is one by birth; what is in the way of a request to a server, what is wrong with
//! files and what the system refuses becomes one where it reaches a face. Faces show it and end by it, and ask nothing
//! else of it: who has to tell one cause from another (to try again, to ask for a login) does so before.

use std::{fmt, io};

use crate::change::Unfit;

/// What sort of thing went wrong: it settles the exit code, and whether anything is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// What was typed cannot be asked, or not so: an end that is none, a port that nothing declares.
    Usage,
    /// A file that was named cannot be read, or does not hold what it should.
    Input,
    /// The cluster cannot be asked, or did not answer.
    Connection,
    /// The answer, or a file that was asked for beside it, cannot be written.
    Output,
    /// Whoever read the answer has gone: nothing is said, as by other programs in a pipe.
    NobodyReads,
    /// The system does not give what is needed: a terminal, a thread.
    System,
    /// kreach contradicts itself.
    Defect,
}

/// One clause of what is wrong, and some of what to do; lower case without a period.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    pub kind: FaultKind,
    /// The file and the line that it speaks of, as `flows.txt:2`; empty: what was typed, or nothing that has a place.
    pub place: String,
    pub what: String,
    /// Empty when there is nothing to advise.
    pub hints: Vec<String>,
}

impl Fault {
    /// A question that cannot be asked, and a hint; an empty one is none.
    pub fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::of(FaultKind::Usage, what).hinted(hint)
    }

    /// A fault of this kind, without a hint.
    pub fn of(kind: FaultKind, what: impl Into<String>) -> Self {
        Self { kind, place: String::new(), what: what.into(), hints: Vec::new() }
    }

    /// The same with one hint more; an empty one is none.
    pub fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hints.extend(Some(hint.into()).filter(|it| !it.is_empty()));
        self
    }

    /// The same as the cause of this: `what the server serves is not known: …`.
    pub fn about(mut self, wanted: &str) -> Self {
        self.what = format!("{wanted}: {}", self.what);
        self
    }

    /// The same of this place.
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = place.into();
        self
    }

    /// All hints in one clause; `None`: there is nothing to advise.
    pub fn hint(&self) -> Option<String> {
        (!self.hints.is_empty()).then(|| self.hints.join("; "))
    }

    /// All of it in one line: `pod/shop/wbe does not exist: did you mean shop/web?`.
    pub fn whole(&self) -> String {
        self.hint().map_or_else(|| self.to_string(), |hint| format!("{self}: {hint}"))
    }

    /// The same with the hint as an aside, where the line is of the operator's own making: `no such key (try h)`.
    pub fn aside(&self) -> String {
        self.hint().map_or_else(|| self.to_string(), |hint| format!("{self} ({hint})"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(out, "{}: ", self.place)?;
        }
        out.write_str(&self.what)
    }
}

impl std::error::Error for Fault {}

/// From writing an answer, which is all that faces do with the world outside.
impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::of(FaultKind::NobodyReads, "nobody reads the answer"),
            _ => Self::of(FaultKind::Output, format!("cannot write the answer: {error}")),
        }
    }
}

impl From<Unfit> for Fault {
    fn from(error: Unfit) -> Self {
        Self::of(FaultKind::Input, error.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_told_with_its_place_and_its_hints() {
        let fault = Fault::new("it has no port", "").hinted("declare one").hinted("or name a number").at("e.txt:2");
        assert_eq!(fault.to_string(), "e.txt:2: it has no port");
        assert_eq!(fault.whole(), "e.txt:2: it has no port: declare one; or name a number");
        assert_eq!(fault.aside(), "e.txt:2: it has no port (declare one; or name a number)");
        assert_eq!(Fault::new("no", "").whole(), "no");
        assert_eq!(Fault::new("no", "").hint(), None);
    }

    #[test]
    fn a_reader_that_has_gone_is_told_nothing() {
        assert_eq!(Fault::from(io::Error::from(io::ErrorKind::BrokenPipe)).kind, FaultKind::NobodyReads);
        let full = Fault::from(io::Error::other("the disk is full"));
        assert_eq!((full.kind, full.what.as_str()), (FaultKind::Output, "cannot write the answer: the disk is full"));
    }
}

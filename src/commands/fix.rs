//! `kreach fix`: the file of what is kept is read, then it is a question like any other.

use crate::args::Args;
use crate::ask::Fault;
use crate::cli::fix::FixArgs;
use crate::cli::{Color, Exit};

use super::check::expectations;
use super::load;

/// Proposes changes and prints them.
pub(super) fn propose(args: &Args, asked: &FixArgs, color: Color) -> Result<Exit, Fault> {
    let mut asked = asked.clone();
    if let Some(path) = &asked.question.keep {
        super::stdin_once(args, (path == "-").then_some("--keep -"))?;
        let here = load::context(args, color).here;
        asked.question.kept = Some(expectations(std::slice::from_ref(path), &here)?.0);
    }
    super::answer(args, &asked, color)
}

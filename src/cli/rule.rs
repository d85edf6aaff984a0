//! `kreach rule [ID]`: what the rule says that an answer rests on.
//!
//! ```text
//! $ kreach rule S44
//!   S44: Existing connections on policy change: implementation-defined (may keep flowing). …
//!     source: W
//!     from docs/network-policy.md
//! ```

use std::io;

use clap::Args;

use crate::ask::{Fault, rules};

use super::Exit;

/// What a rule says that an answer rests on; without ID: all of them, a line each.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  kreach rule\n  kreach rule S44\n  kreach rule A05")]
pub struct RuleArgs {
    /// The number, as --verbose prints it behind a line
    #[arg(value_name = "ID")]
    pub id: Option<String>,
}

impl RuleArgs {
    /// Prints it.
    ///
    /// # Errors
    /// There is no such rule.
    pub fn print(&self, out: &mut dyn io::Write) -> Result<Exit, Fault> {
        let page = match &self.id {
            None => rules::list(),
            Some(id) => rules::named(id)?.lines(),
        };
        write!(out, "{page}")?;
        Ok(Exit::Yes)
    }
}

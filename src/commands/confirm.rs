//! What is asked before changes are sent: guards, the context's name and the word, or the flags in their place.

use crate::apply::is_production;
use crate::ask::{Fault, FaultKind};
use crate::cli::Exit;
use crate::cli::apply::{ApplyJson, Came};
use crate::terminal::question::{self, TerminalReply};
use crate::text::Mark;

use super::apply::{ApplySession, Prepared};
use super::print;

impl ApplySession<'_> {
    /// Guards, the context's name and the word; an exit where it ends here.
    pub(super) fn confirm(&self, prepared: &Prepared, overridden: &mut Vec<String>) -> Result<Option<Exit>, Fault> {
        let is_asking = !self.confirming.yes && !self.confirming.dry_run;
        for tripped in prepared.weighed.stopped_by(&overridden.clone()) {
            let name = tripped.guard.name;
            if is_asking && typed(&format!("guard {name} stops this; type {name} to go on all the same: "))? == name {
                overridden.push(name.to_owned());
            }
        }
        let reasons: Vec<String> = prepared.weighed.stopped_by(overridden).map(|it| it.words()).collect();
        if !reasons.is_empty() {
            let names: Vec<&str> = prepared.weighed.stopped_by(overridden).map(|it| it.guard.name).collect();
            let told = ApplyJson { reasons, ..self.of(prepared, overridden) };
            let exit = self.end(Came::Refused, &told, |page| {
                page.say(0, Mark::Deny, format!("stopped by guard {}; nothing was changed", names.join(", ")));
            })?;
            let flags: Vec<String> = names.iter().map(|it| format!("--override {it}")).collect();
            print::line(&format!("hint: {} goes on all the same", flags.join(" ")));
            return Ok(Some(exit));
        }
        if self.confirming.dry_run {
            let told = self.of(prepared, overridden);
            return self
                .end(Came::DryRun, &told, |page| page.say(0, Mark::Allow, "the dry run passed; nothing was changed"))
                .map(Some);
        }
        self.confirm_context(is_asking)?;
        if is_asking && typed("type apply to go on: ")? != "apply" {
            let told = ApplyJson { reasons: vec!["it was not confirmed".to_owned()], ..self.of(prepared, overridden) };
            return self
                .end(Came::Refused, &told, |page| page.say(0, Mark::Deny, "not confirmed; nothing was changed"))
                .map(Some);
        }
        Ok(None)
    }

    /// The name of a context of production must be said.
    fn confirm_context(&self, is_asking: bool) -> Result<(), Fault> {
        let context = &self.connected.context;
        let said = match &self.confirming.confirm_context {
            Some(said) => Some(said.clone()),
            None if !self.connected.production && !is_production(context, &self.pattern) => return Ok(()),
            None if is_asking => Some(typed(&format!("{context} is production; type its name to go on: "))?),
            None => None,
        };
        if said.as_deref() == Some(context) {
            return Ok(());
        }
        let what = match said {
            Some(said) => format!("the context is {context}, not {said}; nothing was changed"),
            None => format!("the context {context} is production"),
        };
        Err(Fault::new(what, format!("--confirm-context {context} says that it is meant")))
    }
}

/// What is typed on the terminal after this was asked; nothing where it was pasted.
fn typed(question: &str) -> Result<String, Fault> {
    match question::ask(question) {
        Ok(TerminalReply::Typed(line)) => Ok(line),
        Ok(TerminalReply::Pasted) => {
            print::line("what is pasted confirms nothing: type it");
            Ok(String::new())
        }
        Err(error) => Err(Fault::of(FaultKind::System, format!("cannot ask: {error}")).hinted("add --yes")),
    }
}

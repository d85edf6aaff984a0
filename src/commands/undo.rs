//! `kreach undo`: the record that is meant, and the changes that take it back, which are applied like any others.

use std::io;

use crate::apply::{Log, Stopped};
use crate::args::Args;
use crate::ask::{Fault, FaultKind};
use crate::change::record::meant;
use crate::cli::undo::{self, UndoArgs};
use crate::cli::{Color, Exit};

use super::apply::{ApplySession, connected, refuse};
use super::{load, print};

/// Takes back what was applied, or lists it.
pub(super) fn undo(args: &Args, asked: &UndoArgs, color: Color) -> Result<Exit, Fault> {
    if asked.list {
        return list(args, asked, color);
    }
    let selected = refuse(args, &asked.confirming, false)?;
    super::running(async {
        let session = ApplySession::open(args, &asked.confirming, asked.printed.output, color, selected).await?;
        session.undo(asked.id.as_deref()).await
    })
}

fn list(args: &Args, asked: &UndoArgs, color: Color) -> Result<Exit, Fault> {
    if !args.source.from.is_empty() {
        let hint = "leave --from out".to_owned();
        return Err(Fault::new("nothing is ever applied to --from", hint));
    }
    let connected = super::running(connected(args, None))?;
    let (records, odd) = Log::all(&connected.server).map_err(no_log)?;
    print::warnings(&odd);
    let context = load::context(args, color);
    print::answer(color, |out| Ok(undo::list(&records, &odd, asked.printed.output, &context, out).map(|()| Exit::Yes)?))
}

fn no_log(error: io::Error) -> Fault {
    Fault::of(FaultKind::Input, format!("what was applied cannot be read: {error}"))
}

impl ApplySession<'_> {
    async fn undo(self, id: Option<&str>) -> Result<Exit, Fault> {
        let (records, odd) = Log::all(&self.connected.server).map_err(no_log)?;
        print::warnings(&odd);
        let Some(mut record) = meant(records, id) else {
            let what = id.map_or("nothing is left to undo".to_owned(), |it| format!("nothing was applied as {it}"));
            return self
                .refused(&Stopped::No { what: vec![what], hint: "kreach undo --list shows what was".to_owned() });
        };
        if let Some(by) = &record.undone_by {
            let what = format!("{} was undone by {by}", record.id);
            return self.refused(&Stopped::No { what: vec![what], hint: format!("kreach undo {by} makes it again") });
        }
        let undoing = match self.applier.take_back(&self.log, &mut record).await.map_err(no_log)? {
            Ok(undoing) => undoing,
            Err(stopped) => return self.refused(&stopped),
        };
        let origin = vec![format!("undo of {}", record.id)];
        self.go(undoing.changes, origin, Some(record.id), undoing.notes).await
    }
}

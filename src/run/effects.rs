//! What the terminal sends goes to the screen, and what the screen asks for is carried out.
//!
//! ```text
//! keys ──► App::update ──► effects ──perform──► the terminal, the clipboard, files, the cluster
//! ```
//!
//! It decides nothing: which key asks for what is the screen's.

use std::io;

use crossterm::event::Event as Input;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::ask::Fault;
use crate::terminal::guard;
use crate::terminal::{clipboard, hangup, state, stop_job};
use crate::tui::event::{Effect, Event, Mouse};

use super::questions::Done;
use super::{LoopStep, Program, SLICE, stage};

impl Program {
    /// Takes what the terminal sent. What waits behind it is taken before the frame is drawn, since the loop looks
    /// for keys first: many keys are one frame.
    pub(super) fn input(&mut self, input: Option<io::Result<Input>>) -> io::Result<LoopStep> {
        let Some(Ok(input)) = input else { return Ok(LoopStep::End(hangup::EXIT as u8)) };
        let events = self.repair.take(input);
        self.inputs(events)
    }

    pub(super) fn inputs(&mut self, events: Vec<Input>) -> io::Result<LoopStep> {
        for event in events {
            let event = match event {
                Input::Key(key) => Event::Key(key),
                Input::Paste(text) => Event::Paste(text),
                Input::Mouse(mouse) => Event::Mouse(mouse),
                Input::Resize(width, height) => Event::Resize(width, height),
                Input::FocusGained | Input::FocusLost => continue,
            };
            let until = Instant::now() + SLICE;
            let effects = self.app.update_within(event, &mut || Instant::now() < until);
            self.due = Some(Instant::now());
            if let LoopStep::End(code) = self.perform(effects)? {
                return Ok(LoopStep::End(code));
            }
        }
        Ok(LoopStep::Go)
    }

    /// Does what the screen wants done.
    pub(super) fn perform(&mut self, effects: Vec<Effect>) -> io::Result<LoopStep> {
        for effect in effects {
            match effect {
                Effect::Quit => return Ok(LoopStep::End(0)),
                Effect::Suspend => {
                    self.guard = None;
                    stop_job()?;
                    self.take_back()?;
                }
                Effect::Redraw => self.screen.forget(),
                Effect::Fetch(id) => self.fetch(id),
                Effect::Copy(text) => {
                    self.tasks.spawn(async move { Done::Event(Event::came(clipboard::copy(&text).await)) });
                }
                Effect::Dump { text, svg } => {
                    self.tasks.spawn_blocking(move || Done::Event(Event::came(dump(&text, &svg))));
                }
                Effect::KeepStage { text, words } => self.keep_stage(text, words),
                Effect::StageFiles(path) => self.stage_files(path),
                Effect::Wholes { line, ids } => self.wholes(line, ids),
                Effect::Compare(ids) => self.compare(ids),
                Effect::Edit { id, text } => self.fetch_to_edit(id, text),
                Effect::Export { extension, text } => {
                    self.tasks.spawn_blocking(move || Done::Event(Event::came(stage::export(extension, &text))));
                }
                Effect::Try { number, changes, origin } => self.attempt(number, changes, origin),
                Effect::TryUndo { number } => self.attempt_undo(number),
                Effect::Make(order) => self.make(*order),
                Effect::Mouse(mouse) => guard::capture_mouse(mouse == Mouse::Program)?,
                Effect::Ask(review) => self.ask(review),
                Effect::Resync => self.resync(),
                Effect::Switch(context) => self.switch(context),
            }
            self.draw_soon();
        }
        Ok(LoopStep::Go)
    }
}

/// Keeps a screen as text and as a picture, and says where.
fn dump(text: &str, svg: &str) -> Result<String, Fault> {
    let stamp = Timestamp::now().strftime("%Y%m%d-%H%M%S");
    let stem = format!("screen-{stamp}");
    let kept = state::keep_anew(&stem, "txt", text).and_then(|_| state::keep_anew(&stem, "svg", svg));
    kept.map(|path| format!("kept {} and .txt beside it", path.display())).map_err(stage::not_kept)
}

//! The verdict on a connection, and all it rests on.

use super::View;
use crate::ask::question::trace::Trace;
use crate::ask::{Question, QuestionLine};
use crate::tui::app::App;
use crate::tui::job::What;
use crate::tui::{answers, questions, sidestepping};

/// The trace between the ends that were chosen.
pub struct Traced;

impl View for Traced {
    fn title(&self, app: &App, _: u16) -> String {
        app.answers.tracing.title(app.setup.theme)
    }

    fn question(&self, app: &App) -> Option<QuestionLine> {
        let (from, to) = app.answers.tracing.ends()?;
        Some(QuestionLine::of(Question::Trace(Trace::of(from, to, &app.answers.tracing.port))))
    }

    fn answer(&self, app: &mut App) {
        if let Some(line) = self.question(app) {
            let page = answers::page(&app.session.world, &line.question, &questions::here(app, &line));
            let page = sidestepping::judged(app, page);
            app.answers.reader.show(page);
        }
    }

    fn wanted(&self, app: &App) -> Option<What> {
        sidestepping::wanted(app)
    }

    fn hints(&self) -> &'static [&'static str] {
        &["open", "port", "swap", "sidestep", "fix", "copy menu", "leave", "help"]
    }

    fn name(&self) -> &'static str {
        "the trace"
    }
}

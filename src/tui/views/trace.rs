//! The verdict on a connection, and all it rests on.

use super::View;
use crate::ask::question::trace::Trace;
use crate::ask::{Line, Question};
use crate::tui::app::App;

/// The trace between the ends that were chosen.
pub struct Traced;

impl View for Traced {
    fn title(&self, app: &App, _: u16) -> String {
        app.answers.tracing.title(app.setup.theme)
    }

    fn question(&self, app: &App) -> Option<Line> {
        let (from, to) = app.answers.tracing.ends()?;
        Some(Line::of(Question::Trace(Trace::of(from, to, &app.answers.tracing.port))))
    }

    fn hints(&self) -> &'static [&'static str] {
        &["open", "port", "swap", "fix", "copy menu", "leave", "help"]
    }

    fn name(&self) -> &'static str {
        "the trace"
    }
}

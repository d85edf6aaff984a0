//! What somebody can come to reach, who can come there, and the way from one to the other.

use super::{Back, View};
use crate::ask::{Question, QuestionLine};
use crate::tui::app::App;
use crate::tui::job::What;
use crate::tui::layout::Holds;
use crate::tui::reaching::ReachAsOf;

pub use crate::tui::reaching::ReachAsked;

impl View for ReachAsked {
    fn title(&self, app: &App, _: u16) -> String {
        self.heading(app.answers.jobs.state(), app.setup.theme)
    }

    fn question(&self, app: &App) -> Option<QuestionLine> {
        Some(QuestionLine::of(Question::Reach(ReachAsOf::now(app.view(), self).question())))
    }

    fn holds(&self) -> Holds {
        Holds::Sheet
    }

    fn hints(&self) -> &'static [&'static str] {
        &["open", "reach", "who", "choke", "filter", "copy menu", "leave", "help"]
    }

    fn name(&self) -> &'static str {
        "reach"
    }

    fn answer(&self, app: &mut App) {
        let page = app.answers.reaching.page(app.view(), self, app.answers.jobs.state());
        app.answers.reader.show(page);
    }

    fn leads_back(&self) -> Back {
        Back::Answer
    }

    fn wanted(&self, app: &App) -> Option<What> {
        app.answers.reaching.wanted(app.view(), self)
    }

    fn has_something(&self, app: &App) -> bool {
        app.answers.reaching.has(app.view(), self)
    }
}

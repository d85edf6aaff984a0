//! The fewest grants to cut so that nobody, or not somebody, comes to a goal.

use super::{Back, View};
use crate::ask::QuestionLine;
use crate::rbac::review::Review;
use crate::tui::app::App;
use crate::tui::job::What;
use crate::tui::layout::Holds;

pub use crate::tui::choking::ChokeAsked;

impl View for ChokeAsked {
    fn title(&self, app: &App, _: u16) -> String {
        format!(" {}{} ", self.0.line, app.answers.jobs.state().words())
    }

    fn question(&self, _: &App) -> Option<QuestionLine> {
        Some(self.0.line.clone())
    }

    fn holds(&self) -> Holds {
        Holds::Sheet
    }

    fn name(&self) -> &'static str {
        "the grants to cut"
    }

    fn hints(&self) -> &'static [&'static str] {
        &["open", "yaml", "fix", "copy menu", "leave", "help"]
    }

    fn answer(&self, app: &mut App) {
        let page = self.page(app);
        app.answers.reader.show(page);
    }

    fn leads_back(&self) -> Back {
        Back::Answer
    }

    fn wanted(&self, app: &App) -> Option<What> {
        self.wanted(app)
    }

    fn has_something(&self, app: &App) -> bool {
        self.has(app)
    }

    fn appeal(&self, app: &App) -> Option<Review> {
        self.0.wants_word(app)
    }
}

//! Candidates that would make something otherwise, each with all that it changes; and what else is worked out beside the
//! loop because it rests on what manifests declare.

use super::{Back, View};
use crate::ask::{Here, QuestionLine};
use crate::rbac::review::Review;
use crate::tui::app::App;
use crate::tui::job::What;
use crate::tui::layout::Holds;

pub use crate::tui::proposing::FixAsked;

impl View for FixAsked {
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
        if self.is_about_fixes() { "the candidates" } else { "an explanation" }
    }

    fn hints(&self) -> &'static [&'static str] {
        match (self.is_about_fixes(), self.keeps_flows()) {
            (false, _) => &["open", "yaml", "copy menu", "leave", "help"],
            (true, true) => &["open", "stage it", "keep flow", "stage", "copy menu", "leave", "help"],
            (true, false) => &["open", "stage it", "stage", "copy menu", "leave", "help"],
        }
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

    fn wants_manifests(&self, _: &App) -> Option<Here> {
        self.wants_manifests()
    }

    fn has_something(&self, app: &App) -> bool {
        self.has(app)
    }

    fn appeal(&self, app: &App) -> Option<Review> {
        self.0.wants_word(app)
    }
}

//! A question that has no view of its own: its answer as a page, as its command prints it.

use super::{Back, View};
use crate::ask::Line;
use crate::rbac::review::Review;
use crate::tui::app::App;

pub use crate::tui::asked::Asked;

impl View for Asked {
    fn title(&self, _: &App, _: u16) -> String {
        format!(" {} ", self.line)
    }

    fn question(&self, _: &App) -> Option<Line> {
        Some(self.line.clone())
    }

    fn name(&self) -> &'static str {
        "the answer"
    }

    fn hints(&self) -> &'static [&'static str] {
        &["open", "yaml", "filter", "copy menu", "leave", "help"]
    }

    fn answer(&self, app: &mut App) {
        let page = self.page(app);
        app.answers.reader.show(page);
    }

    fn leads_back(&self) -> Back {
        Back::Answer
    }

    fn appeal(&self, app: &App) -> Option<Review> {
        self.wants_word(app)
    }
}

//! What somebody may do, each grant with its binding, role and rule.

use super::{Back, View};
use crate::ask::{Question, QuestionLine};
use crate::rbac::review::Review;
use crate::tui::access;
use crate::tui::app::{App, Typing};
use crate::tui::field::Field;
use crate::tui::grants;
use crate::tui::layout::ScreenSide;
use crate::tui::views::Shown;

pub use crate::tui::access::Permitted;

impl View for Permitted {
    fn title(&self, _: &App, _: u16) -> String {
        format!(" what {} may do ", self.subject)
    }

    fn question(&self, app: &App) -> Option<QuestionLine> {
        Some(QuestionLine::of(Question::Permissions(Permitted::question(self, app.view()))))
    }

    fn hints(&self) -> &'static [&'static str] {
        &["open", "who", "filter", "dangers only", "copy menu", "leave", "help"]
    }

    fn name(&self) -> &'static str {
        "the permissions"
    }

    fn answer(&self, app: &mut App) {
        let page = access::permitted(app.view(), self);
        app.answers.reader.show(page);
    }

    fn start_filter(&self) -> Option<Typing> {
        Some(Typing::Narrow(Field::holding(&self.filter)))
    }

    /// Of a cell of the sheet of subjects the filter is that cell: one goes back to it.
    fn widen(&self, app: &mut App) -> bool {
        let is_cell =
            app.focus.back.last().is_some_and(|it| it.shown == Shown::Abilities && it.side == ScreenSide::View);
        let is_narrow = !self.filter.is_empty() && !is_cell;
        if is_narrow {
            grants::narrow(app, "");
        }
        is_narrow
    }

    fn leads_back(&self) -> Back {
        Back::Answer
    }

    fn appeal(&self, app: &App) -> Option<Review> {
        access::appeal(app.view(), self)
    }
}

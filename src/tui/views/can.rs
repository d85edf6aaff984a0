//! One question about access, opened by itself.

use super::View;
use crate::rbac::review::Review;
use crate::tui::app::App;
use crate::tui::asked;

pub use crate::tui::asked::Question;

impl View for Question {
    fn title(&self, _: &App, _: u16) -> String {
        self.heading()
    }

    fn answer(&self, app: &mut App) {
        let page = asked::page(app.view(), self);
        app.reader.show(page);
    }

    fn appeal(&self, app: &App) -> Option<Review> {
        self.wants_word(app.view())
    }
}

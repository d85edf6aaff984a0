//! One question about access, opened by itself.

use super::View;
use crate::ask::question::can::Can;
use crate::ask::{Line, Question as Asked};
use crate::rbac::review::Review;
use crate::tui::app::App;
use crate::tui::asked;
use crate::tui::questions;

pub use crate::tui::asked::Question;

impl View for Question {
    fn title(&self, _: &App, _: u16) -> String {
        self.heading()
    }

    fn question(&self, _: &App) -> Option<Line> {
        let (subject, request) = self.parts();
        let (verb, resource, object, namespace) = questions::spelled(request);
        let (subject, verb, resource) = (Some(subject.to_string()), Some(verb), Some(resource));
        let can = Can { subject, verb, resource, object, ..Can::default() };
        Some(questions::in_namespace(Asked::Can(can), namespace))
    }

    fn name(&self) -> &'static str {
        "the answer"
    }

    fn answer(&self, app: &mut App) {
        let page = asked::page(app.view(), self);
        app.answers.reader.show(page);
    }

    fn appeal(&self, app: &App) -> Option<Review> {
        self.wants_word(app.view())
    }
}

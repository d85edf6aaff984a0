//! A question that has no view of its own: its answer as a page, as its command prints it.

use super::{Back, View};
use crate::ask::question::can::Can;
use crate::ask::{Question, QuestionLine};
use crate::rbac::review::Review;
use crate::tui::app::App;

pub use crate::tui::asked::AskedQuestion;

impl View for AskedQuestion {
    fn title(&self, app: &App, _: u16) -> String {
        match &self.line.question {
            Question::Can(it) => format!(" {} ", may(it, &self.line, app)),
            _ => format!(" {} ", self.line),
        }
    }

    fn question(&self, _: &App) -> Option<QuestionLine> {
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

/// `may you create pods/exec in payments`.
fn may(asked: &Can, line: &QuestionLine, app: &App) -> String {
    let subject = asked.subject.as_deref().unwrap_or("me");
    let is_you = subject == "me" || app.session.world.told.me().is_some_and(|it| it.subject().to_string() == subject);
    let place = match (&line.namespace, line.all_namespaces) {
        (Some(namespace), _) => format!(" in {namespace}"),
        (None, true) => " in all namespaces".to_owned(),
        (None, false) => String::new(),
    };
    let who = if is_you { "you" } else { subject };
    let what = [asked.verb.as_deref(), asked.resource.as_deref(), asked.object.as_deref()];
    let words: Vec<&str> = ["may", who].into_iter().chain(what.into_iter().flatten()).collect();
    words.join(" ") + &place
}

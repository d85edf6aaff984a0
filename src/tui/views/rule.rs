//! What the rule says that a line rests on; see [`crate::ask::rules`].

use super::{Back, View};
use crate::ask::rules;
use crate::tui::app::App;

/// The number of a rule.
#[derive(Clone, PartialEq, Debug)]
pub struct RuleAsked(pub &'static str);

impl View for RuleAsked {
    fn title(&self, _: &App, _: u16) -> String {
        format!(" rule {} ", self.0)
    }

    fn name(&self) -> &'static str {
        "a rule"
    }

    fn hints(&self) -> &'static [&'static str] {
        &["filter", "copy menu", "leave", "help"]
    }

    fn answer(&self, app: &mut App) {
        let page = rules::rule(self.0).map(|it| it.lines()).unwrap_or_default();
        app.answers.reader.show(page);
    }

    fn leads_back(&self) -> Back {
        Back::Before
    }
}

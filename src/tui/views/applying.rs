//! What is being applied: tried, weighed, confirmed, sent, and what the cluster came to.

use super::{Back, View};
use crate::tui::app::App;
use crate::tui::applying;
use crate::tui::event::Effect;
use crate::tui::job::What;

/// What is applied now, or was last.
pub struct Applied;

impl View for Applied {
    fn title(&self, app: &App, _: u16) -> String {
        format!(" apply to {}{} ", app.title(), app.answers.jobs.state().words())
    }

    fn name(&self) -> &'static str {
        "what is applied"
    }

    fn hints(&self) -> &'static [&'static str] {
        &["open", "undo applied", "stage", "export", "copy menu", "leave"]
    }

    fn answer(&self, app: &mut App) {
        let page = applying::page(app);
        app.answers.reader.show(page);
    }

    fn leads_back(&self) -> Back {
        Back::Answer
    }

    fn open(&self, app: &mut App) -> Vec<Effect> {
        match applying::not_asked(app) {
            Some(why) => {
                app.say(why);
                Vec::new()
            }
            None => applying::confirm(app),
        }
    }

    fn wanted(&self, app: &App) -> Option<What> {
        applying::wanted(app)
    }

    fn has_something(&self, app: &App) -> bool {
        app.applying.has_something()
    }
}

//! Everybody who can do something; of many only the grants of those that are opened.

use super::{Back, View};
use crate::ask::question::who_can::WhoCan;
use crate::ask::{Question, QuestionLine};
use crate::rbac::AskedPlaces;
use crate::tui::access;
use crate::tui::app::App;
use crate::tui::page::Seek;
use crate::tui::questions;

pub use crate::tui::access::WhoAsked;

impl View for WhoAsked {
    fn title(&self, _: &App, _: u16) -> String {
        format!(" who can {} ", self.request)
    }

    fn question(&self, _: &App) -> Option<QuestionLine> {
        let (verb, resource, object, namespace) = questions::spelled(&self.request);
        let question = Question::WhoCan(WhoCan { verb, resource, object, pods: self.pods, ..WhoCan::default() });
        Some(questions::in_namespace(question, namespace.filter(|_| self.places == AskedPlaces::Asked)))
    }

    fn hints(&self) -> &'static [&'static str] {
        &["open", "access", "reach", "next match", "copy menu", "leave", "help"]
    }

    /// Everybody is asked about again only when an answer about access may be another one.
    fn name(&self) -> &'static str {
        "who can"
    }

    fn answer(&self, app: &mut App) {
        let now = Some((self.clone(), app.session.world.access()));
        if app.answers.asked != now || app.answers.reader.wants_more() {
            let page = access::who_can(app.view(), self, &app.answers.reader);
            app.answers.reader.show(page);
        }
        app.answers.asked = now;
    }

    /// Lines that the page leaves out are looked through when none of the others has the letters.
    fn find(&self, app: &mut App, letters: &str, seek: Seek) -> bool {
        let is_found = app.answers.reader.find(letters, seek);
        if is_found || !app.answers.reader.is_partial() {
            return is_found;
        }
        let page = access::who_can_whole(app.view(), self);
        app.answers.reader.show(page);
        // The page that is shown then holds what the search opened, and no more.
        app.answers.asked = None;
        app.reanswer();
        app.answers.reader.find(letters, seek)
    }

    fn copies(&self, app: &App) -> Vec<(&'static str, String)> {
        let text = match app.answers.reader.is_partial() {
            true => access::who_can_whole(app.view(), self).to_string(),
            false => app.answers.reader.page.to_string(),
        };
        vec![("answer as text", text)]
    }

    fn leads_back(&self) -> Back {
        Back::Answer
    }
}

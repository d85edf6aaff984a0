//! One question about access, opened by itself: `:can user:alice get secrets/x -n …` as a page.
//!
//! ```text
//! :can ──► RBAC's answer ──where it leaves a gap──► Effect::Ask, once ──► Event::Told ──► the same page, decided
//! ```
//!
//! What is put to the server, and when, is [`crate::rbac::review::appeal`]'s to say (CONTRACT §4).

use super::app::{App, Shown};
use super::event::Effect;
use super::status::Origin;
use crate::ask::Fault;
use crate::ask::question::can::Allowed;
use crate::ask::scope::View;
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::request::Request;
use crate::rbac::review::{self, Reply, Review};
use crate::text::Page;

/// Whether somebody may do something.
#[derive(Clone, PartialEq, Debug)]
pub struct Question {
    subject: Subject,
    request: Request,
    /// How what was typed is read, where that is worth a word.
    notes: Vec<Name>,
}

impl Question {
    /// What stands above the answer.
    pub fn heading(&self) -> String {
        format!(" {}: {} ", self.subject, self.request)
    }

    /// Who is asked about, and what.
    pub fn parts(&self) -> (&Subject, &Request) {
        (&self.subject, &self.request)
    }

    /// What is to be put to the server, if it has not been.
    pub fn wants_word(&self, view: View<'_>) -> Option<Review> {
        let access = view.world.rbac().can(&view.identity(&self.subject), &self.request);
        review::appeal(&access, &view.world.told).filter(|it| !view.world.told.has(it))
    }
}

/// The answer as a page.
pub fn page(view: View<'_>, question: &Question) -> Page {
    let allowed = Allowed::of(&view.identity(&question.subject), &question.request, view.world);
    let mut page = allowed.page(view.world);
    page.head(&question.notes);
    page
}

/// Shows whether somebody may do something.
pub fn show(app: &mut App, subject: Subject, request: Request, notes: Vec<Name>) -> Vec<Effect> {
    app.open(Shown::Can(Question { subject, request, notes }));
    asks(app)
}

/// `:whoami`: who the server says the operator is.
pub fn who_am_i(app: &mut App, _: &str) -> Result<Vec<Effect>, Fault> {
    let said = match app.session.world.told.reply(&Review::Own) {
        Some(Reply::Me(me)) => {
            let groups: Vec<&str> = me.groups.iter().map(Name::as_str).collect();
            format!("you are {}, in {}", me.subject(), groups.join(", "))
        }
        Some(Reply::Silent(why)) => format!("the server does not say who you are: {why}"),
        _ if app.setup.origin == Origin::Files => "nobody asks a server: these are files".to_owned(),
        _ => "the server has not said yet who you are".to_owned(),
    };
    app.say(said);
    Ok(Vec::new())
}

/// What the shown answer wants to be put to the server, each question once.
pub fn asks(app: &mut App) -> Vec<Effect> {
    let wanted = app.focus.shown.view().appeal(app);
    let wanted = wanted.filter(|_| app.setup.origin == Origin::Live);
    let new = wanted.filter(|it| app.session.asking.insert(it.clone()));
    new.map(Effect::Ask).into_iter().collect()
}

//! One question about access, opened by itself: `:can user:alice get secrets/x -n …` as a page.
//!
//! ```text
//! :can ──► RBAC's answer ──where it leaves a gap──► Effect::Ask, once ──► Event::Told ──► the same page, decided
//! ```
//!
//! What is put to the server, and when, is [`crate::rbac::review::appeal`]'s to say (CONTRACT §4).

use super::access;
use super::app::{App, Shown};
use super::event::Effect;
use super::grants;
use super::status::Origin;
use crate::ask::Fault;
use crate::ask::scope::View;
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::grant::Access;
use crate::rbac::request::Request;
use crate::rbac::review::{self, Reply, Review};
use crate::text::rbac as words;
use crate::text::{Mark, Page};

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

    /// RBAC's answer, and the server's where it was asked.
    fn access(&self, view: View<'_>) -> Access {
        let world = view.world;
        let access = world.rbac().can(&access::identity(view, &self.subject), &self.request);
        let word = review::appeal(&access, &world.told).and_then(|it| world.told.word(&it).cloned());
        Access { word, ..access }
    }

    /// What is to be put to the server, if it has not been.
    pub fn asks(&self, view: View<'_>) -> Option<Review> {
        review::appeal(&self.access(view), &view.world.told).filter(|it| !view.world.told.has(it))
    }
}

/// The answer as a page.
pub fn page(view: View<'_>, question: &Question) -> Page {
    let (world, access) = (view.world, question.access(view));
    let mut page = words::access(&access, world.rbac());
    page.head(&question.notes);
    let notes = world.rbac().notes(&access, &world.cluster, world.version);
    notes.iter().for_each(|it| page.say(1, Mark::Note, it));
    if let Some(Reply::Silent(why)) = review::appeal(&access, &world.told).and_then(|it| world.told.reply(&it)) {
        page.say(1, Mark::Note, format!("the server was asked itself and does not say: {why}"));
    }
    page
}

/// `:can [SUBJECT] VERB RESOURCE [NAME] [-n NAMESPACE]`; without SUBJECT whom the operator sees with.
pub fn can(app: &mut App, words: &str) -> Result<Vec<Effect>, Fault> {
    let (who, typed) = grants::Typed::read(words, grants::Subjects::First)?;
    let namespace = typed.namespace(app).unwrap_or_else(|| "default".into());
    let subject = grants::typed_subject(app, who.unwrap_or_default(), &namespace)?;
    let resolved = typed.resolve(app, namespace)?;
    let notes = grants::unknown(app, &subject).into_iter().chain(resolved.notes).collect();
    app.open(Shown::Can(Question { subject, request: resolved.request, notes }));
    Ok(asks(app))
}

/// `:whoami`: who the server says the operator is.
pub fn who_am_i(app: &mut App, _: &str) -> Result<Vec<Effect>, Fault> {
    let said = match app.world.told.reply(&Review::Own) {
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
    let wanted = app.shown.view().appeal(app);
    let wanted = wanted.filter(|_| app.setup.origin == Origin::Live);
    let new = wanted.filter(|it| app.asking.insert(it.clone()));
    new.map(Effect::Ask).into_iter().collect()
}

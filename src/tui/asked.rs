//! A question that is shown by itself, as a page: what a command prints, answered anew whenever something changes.
//!
//! ```text
//! :can, :permissions --diff, --open … ──► World::answer ──► its page
//!                   what it rests on is still read ──► "loading", until it is there
//!                   what only the server can say   ──► Effect::Ask, once ──► Event::Told ──► the same page
//! ```
//!
//! What is read, and what is put to the server, is what its command reads and asks ([`crate::ask::question::Reads`]).

use super::answers;
use super::app::App;
use super::event::Effect;
use super::page::saying;
use super::status::Origin;
use crate::ask::{Fault, Here, QuestionLine, World};
use crate::model::name::Name;
use crate::rbac::review::{Reply, Review};
use crate::text::{Mark, Page, coverage};

/// A question that has no view of its own.
#[derive(Clone, PartialEq, Debug)]
pub struct AskedQuestion {
    /// In full: it asks the same wherever it is typed.
    pub line: QuestionLine,
    /// How it was read.
    pub here: Here,
    /// How what was typed is read, where that is worth a word.
    pub notes: Vec<Name>,
}

impl AskedQuestion {
    /// The answer as far as what it rests on is known.
    pub fn page(&self, app: &App) -> Page {
        let (world, here) = (&app.session.world, &self.here);
        if let Some(page) = self.unready(app) {
            return page;
        }
        let reads = self.line.question.reads();
        let mut page = answers::page(world, &self.line.question, here);
        let mut notes: Vec<Name> = reads.notes(here, world).into_iter().map(Name::from).collect();
        notes.extend(self.notes.iter().filter(|it| !notes.contains(it)).cloned().collect::<Vec<_>>());
        page.head(&notes);
        page
    }

    /// Why it is not answered now.
    pub fn unready(&self, app: &App) -> Option<Page> {
        let (world, here) = (&app.session.world, &self.here);
        if let Some(page) = self.loading(world) {
            return Some(page);
        }
        let knows_names = app.setup.origin != Origin::Live || !world.cluster.coverage.kinds.is_empty();
        let refusal = self.line.question.reads().refusal(here, world).filter(|_| knows_names);
        refusal.map(|it| answers::fault(&it))
    }

    /// What is shown while something that the answer rests on is still being read.
    fn loading(&self, world: &World) -> Option<Page> {
        let needs = self.line.question.reads().needs(&self.here, world).ok()?;
        let kinds: Vec<&str> = needs.loading(&world.cluster).into_iter().map(coverage::plural).collect();
        (!kinds.is_empty()).then(|| saying(Mark::Plain, format!("loading: {}", kinds.join(", "))))
    }

    /// What is to be put to the server next, if it has not been.
    pub fn wants_word(&self, app: &App) -> Option<Review> {
        let world = &app.session.world;
        let reviews = self.line.question.reads().reviews(&self.here, world).unwrap_or_default();
        reviews.into_iter().find(|it| !world.told.has(it))
    }
}

/// `:whoami`: who the server says the operator is.
pub fn who_am_i(app: &mut App, _: &str) -> Result<Vec<Effect>, Fault> {
    let said = match app.session.world.told.reply(&Review::Own) {
        Some(Reply::Me(me)) => {
            let groups: Vec<&str> = me.groups.iter().map(Name::as_str).collect();
            format!("you are {}, in {}", me.subject(), groups.join(", "))
        }
        Some(Reply::Silent(why)) => format!("the server does not say who you are: {why}"),
        _ if app.setup.origin == Origin::Files => "not available with --from".to_owned(),
        _ => "the server has not said yet who you are".to_owned(),
    };
    app.say(said);
    Ok(Vec::new())
}

/// What the shown answer wants to be put to the server, each question once.
pub fn asks(app: &mut App) -> Vec<Effect> {
    let wanted = app.focus.shown.view().appeal(app);
    // The server knows the cluster as it is, and nothing of what is staged.
    let wanted = wanted.filter(|_| app.setup.origin == Origin::Live && !app.session.world.is_staged());
    let new = wanted.filter(|it| app.session.asking.insert(it.clone()));
    new.map(Effect::Ask).into_iter().collect()
}

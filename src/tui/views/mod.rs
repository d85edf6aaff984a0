//! The answers that the screen can show beside its lists: one table of them, each a file here.
//!
//! ```text
//! Shown, what is asked ──view()──► View: title, question, place, answer, settle, draw, step, find, copies, open
//! ```
//!
//! What is asked is plain data, so that history is a list of it; what an answer keeps while it is shown (lines, a
//! cursor) is the program's. To add a view, write its file, give it a variant of [`Shown`], and a line in
//! [`Shown::view`]. Most views are a page of lines: they say what stands above it and what it is made of.

pub mod abilities;
pub mod applying;
pub mod asked;
pub mod choke;
pub mod explain;
pub mod fix;
pub mod map;
pub mod matrix;
pub mod permissions;
pub mod reach;
pub mod rule;
pub mod stage;
pub mod trace;
pub mod who_can;
pub mod working;
pub mod yaml;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::answers;
use super::app::{App, Typing};
use super::command::At;
use super::event::Effect;
use super::field::Field;
use super::job::What;
use super::layout::{Holds, ScreenSide};
use super::open_view;
use super::page::Seek;
use super::paint::FrameFocus;
use super::questions;
use crate::ask::end::AskedEnd;
use crate::ask::reaches::ReachWay;
use crate::ask::{Here, QuestionLine};
use crate::model::role::Subject;
use crate::rbac::review::Review;

/// What the answer side shows: the table of views.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Shown {
    /// What the selected object is.
    #[default]
    Explain,
    Trace,
    /// What can be reached, or the way to one thing.
    Reach(reach::ReachAsked),
    /// A question that has no view of its own.
    Asked(Box<asked::AskedQuestion>),
    /// Which grants to cut.
    Choke(Box<choke::ChokeAsked>),
    /// What would make something otherwise.
    Fix(Box<fix::FixAsked>),
    /// A page that is worked out beside the loop.
    Working(Box<working::Working>),
    /// Every allowed connection.
    Map(map::MapAsked),
    Matrix,
    /// What somebody may do.
    Permissions(permissions::Permitted),
    WhoCan(who_can::WhoAsked),
    /// What each subject in view may do.
    Abilities,
    Yaml(yaml::YamlAt),
    /// What a rule says.
    Rule(rule::RuleAsked),
    /// What is staged.
    Stage,
    /// One staged change.
    Staged(stage::StagedAt),
    /// The cluster as it is against what is staged.
    Impact,
    /// What is being applied, or was.
    Applying,
}

/// One answer on the screen.
pub trait View {
    /// What stands above it, in so many columns.
    fn title(&self, app: &App, width: u16) -> String;

    /// The question that it answers, as a command asks it.
    fn question(&self, _app: &App) -> Option<QuestionLine> {
        None
    }

    /// Which commands work in it.
    fn place(&self) -> At {
        At::Page
    }

    /// What it is called where a command does not work in it.
    fn name(&self) -> &'static str {
        "an explanation"
    }

    /// Which part of the screen it needs.
    fn holds(&self) -> Holds {
        Holds::Answer
    }

    /// The commands that are named in the last row, most useful first.
    fn hints(&self) -> &'static [&'static str] {
        &["open", "yaml", "next tab", "copy menu", "leave", "help"]
    }

    /// Answers it as the cluster is now: what a command prints, as far as nothing else is said.
    fn answer(&self, app: &mut App) {
        if let Some(line) = self.question(app) {
            let page = answers::page(&app.session.world, &line.question, &questions::here(app, &line));
            app.answers.reader.show(page);
        }
    }

    /// Keeps what one looks at within an area.
    fn settle(&self, app: &mut App, area: Rect) {
        app.answers.reader.settle(area);
    }

    /// Draws it in a frame.
    fn draw(&self, app: &App, buffer: &mut Buffer, area: Rect, focus: FrameFocus) {
        app.answers.reader.draw(buffer, area, &self.title(app, area.width), focus, app.setup.theme);
    }

    /// Moves by so many rows.
    fn step(&self, app: &mut App, rows: isize) {
        app.explain_reader().step(rows);
    }

    /// Goes right, or left; in a page lines are opened and closed.
    fn sideways(&self, app: &mut App, step: isize) {
        if step > 0 {
            app.explain_reader().open();
        } else if !app.explain_reader().close() {
            app.focus.side = ScreenSide::Pane;
        }
    }

    /// What `/` starts to type; nothing where nothing is searched.
    fn start_filter(&self) -> Option<Typing> {
        Some(Typing::Search(Field::default()))
    }

    /// Moves to the next line with these letters; whether there is one.
    fn find(&self, app: &mut App, letters: &str, seek: Seek) -> bool {
        app.explain_reader().find(letters, seek)
    }

    /// The columns that its rows can be sorted by.
    fn columns(&self) -> &'static [&'static str] {
        &[]
    }

    /// Sorts its rows by a column; by the same one again: the other way.
    fn sort(&self, _app: &mut App, _column: usize) {}

    /// Sorts them the other way.
    fn invert(&self, _app: &mut App) {}

    /// What can be copied of it: what that is called, and its text.
    fn copies(&self, app: &App) -> Vec<(&'static str, String)> {
        vec![("answer as text", app.answers.reader.page.to_string())]
    }

    /// Opens what is under the cursor.
    fn open(&self, app: &mut App) -> Vec<Effect> {
        open_view::follow(app)
    }

    /// The end of a connection that is under the cursor.
    fn end(&self, _app: &App, _way: ReachWay) -> Option<AskedEnd> {
        None
    }

    /// The subject that is under the cursor.
    fn subject(&self, _app: &App) -> Option<Subject> {
        None
    }

    /// Takes back what narrows it; whether something did.
    fn widen(&self, _app: &mut App) -> bool {
        false
    }

    /// Where one comes when it is left.
    fn leads_back(&self) -> Back {
        Back::List
    }

    /// What is to be worked out for it beside the loop, if what is shown is not of now.
    fn wanted(&self, _app: &App) -> Option<What> {
        None
    }

    /// Whether there is something to show meanwhile.
    fn has_something(&self, _app: &App) -> bool {
        true
    }

    /// How it is read, if it rests on what manifests declare, which is read for it.
    fn wants_manifests(&self, _app: &App) -> Option<Here> {
        None
    }

    /// What is to be put to the server for it.
    fn appeal(&self, _app: &App) -> Option<Review> {
        None
    }
}

/// Where one comes when a view is left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Back {
    /// To the list that it stands beside.
    List,
    /// To the answer that it was opened from, if it was.
    Answer,
    /// To wherever one was.
    Before,
}

impl Shown {
    /// The view that shows it.
    pub fn view(&self) -> &dyn View {
        match self {
            Shown::Explain => &explain::Explained,
            Shown::Trace => &trace::Traced,
            Shown::Reach(asked) => asked,
            Shown::Asked(asked) => &**asked,
            Shown::Choke(asked) => &**asked,
            Shown::Fix(asked) => &**asked,
            Shown::Working(asked) => &**asked,
            Shown::Map(asked) => asked,
            Shown::Matrix => &matrix::NamespaceMatrix,
            Shown::Permissions(of) => of,
            Shown::WhoCan(asked) => asked,
            Shown::Abilities => &abilities::Subjects,
            Shown::Yaml(at) => at,
            Shown::Rule(asked) => asked,
            Shown::Stage => &stage::StageView,
            Shown::Staged(at) => at,
            Shown::Impact => &stage::StagedComparison,
            Shown::Applying => &applying::Applied,
        }
    }
}

impl App {
    /// Runs something on the view that is shown.
    pub(super) fn with_shown<T>(&mut self, run: impl FnOnce(&dyn View, &mut App) -> T) -> T {
        // What is asked may be another thing afterwards.
        let shown = self.focus.shown.clone();
        run(shown.view(), self)
    }
}

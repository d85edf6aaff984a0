//! What each subject in view may do; see [`crate::tui::abilities`].

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::View;
use crate::ask::question::matrix as asked;
use crate::ask::scope;
use crate::ask::{Question, QuestionLine};
use crate::model::role::Subject;
use crate::tui::app::{App, Typing};
use crate::tui::command::At;
use crate::tui::event::Effect;
use crate::tui::grants;
use crate::tui::layout::Holds;
use crate::tui::page::Seek;
use crate::tui::paint::FrameFocus;

/// The sheet of subjects.
pub struct Subjects;

impl View for Subjects {
    fn title(&self, app: &App, _: u16) -> String {
        app.answers.abilities.title()
    }

    fn question(&self, _: &App) -> Option<QuestionLine> {
        Some(QuestionLine::of(Question::Matrix(asked::Matrix { of: asked::MatrixOf::Access })))
    }

    fn place(&self) -> At {
        At::Sheet
    }

    fn name(&self) -> &'static str {
        "the matrix of subjects"
    }

    fn holds(&self) -> Holds {
        Holds::Sheet
    }

    fn hints(&self) -> &'static [&'static str] {
        &["open", "access", "reach", "see as", "copy menu", "leave", "help"]
    }

    fn answer(&self, app: &mut App) {
        let subjects = app.subjects_in_view();
        let view = scope::CellContext {
            world: &app.session.world,
            scope: &app.focus.scope,
            acting: app.session.acting.as_ref(),
        };
        app.answers.abilities.show(subjects, view);
    }

    fn settle(&self, app: &mut App, area: Rect) {
        let view = scope::CellContext {
            world: &app.session.world,
            scope: &app.focus.scope,
            acting: app.session.acting.as_ref(),
        };
        app.answers.abilities.settle(area, view);
    }

    fn draw(&self, app: &App, buffer: &mut Buffer, area: Rect, focus: FrameFocus) {
        app.answers.abilities.draw(buffer, area, focus, app.setup.theme);
    }

    fn step(&self, app: &mut App, rows: isize) {
        app.answers.abilities.step(rows, 0);
    }

    fn sideways(&self, app: &mut App, step: isize) {
        app.answers.abilities.step(0, step);
    }

    fn start_filter(&self) -> Option<Typing> {
        None
    }

    fn find(&self, _: &mut App, _: &str, _: Seek) -> bool {
        false
    }

    fn copies(&self, app: &App) -> Vec<(&'static str, String)> {
        vec![("matrix as Markdown", app.answers.abilities.markdown())]
    }

    fn open(&self, app: &mut App) -> Vec<Effect> {
        grants::cell(app)
    }

    fn subject(&self, app: &App) -> Option<Subject> {
        app.answers.abilities.subject().cloned()
    }
}

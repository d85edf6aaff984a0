//! Which namespace may connect to which; see [`crate::tui::matrix`].

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::View;
use crate::ask::end::AskedEnd;
use crate::ask::question::matrix as asked;
use crate::ask::reaches::ReachWay;
use crate::ask::{Question, QuestionLine};
use crate::tui::app::{App, Typing};
use crate::tui::command::At;
use crate::tui::event::Effect;
use crate::tui::job::What;
use crate::tui::mapping::MapAsked;
use crate::tui::page::Seek;
use crate::tui::paint::FrameFocus;
use crate::tui::views::Shown;

/// The matrix of namespaces.
pub struct NamespaceMatrix;

impl View for NamespaceMatrix {
    fn title(&self, app: &App, _: u16) -> String {
        app.answers.matrix.title(app.answers.jobs.state())
    }

    fn question(&self, _: &App) -> Option<QuestionLine> {
        Some(QuestionLine::of(Question::Matrix(asked::Matrix { of: asked::MatrixOf::Namespaces })))
    }

    fn place(&self) -> At {
        At::Sheet
    }

    fn name(&self) -> &'static str {
        "the matrix"
    }

    fn hints(&self) -> &'static [&'static str] {
        &["open", "trace", "copy menu", "leave", "help"]
    }

    fn answer(&self, app: &mut App) {
        app.answers.matrix.show(&app.session.world, &app.focus.scope);
    }

    fn settle(&self, _: &mut App, _: Rect) {}

    fn draw(&self, app: &App, buffer: &mut Buffer, area: Rect, focus: FrameFocus) {
        app.answers.matrix.draw(buffer, area, app.answers.jobs.state(), focus, app.setup.theme);
    }

    fn step(&self, app: &mut App, rows: isize) {
        app.answers.matrix.step(rows, 0);
    }

    fn sideways(&self, app: &mut App, step: isize) {
        app.answers.matrix.step(0, step);
    }

    fn start_filter(&self) -> Option<Typing> {
        None
    }

    fn find(&self, _: &mut App, _: &str, _: Seek) -> bool {
        false
    }

    fn copies(&self, app: &App) -> Vec<(&'static str, String)> {
        vec![("matrix as Markdown", app.answers.matrix.markdown())]
    }

    fn open(&self, app: &mut App) -> Vec<Effect> {
        let Some(cell) = app.answers.matrix.selected() else { return Vec::new() };
        app.open(Shown::Map(MapAsked::between(cell)));
        Vec::new()
    }

    fn end(&self, app: &App, way: ReachWay) -> Option<AskedEnd> {
        let (from, to) = app.answers.matrix.selected()?;
        Some(AskedEnd::Namespace(if way == ReachWay::From { from } else { to }))
    }

    fn wanted(&self, app: &App) -> Option<What> {
        app.answers.matrix.is_behind(&app.session.world).then_some(What::Matrix)
    }

    fn has_something(&self, app: &App) -> bool {
        app.answers.matrix.is_counted()
    }
}

//! Every allowed connection; see [`crate::tui::mapping`].

use super::{Back, View};
use crate::ask::question::map::Map;
use crate::ask::{Question, QuestionLine};
use crate::tui::app::{App, Typing};
use crate::tui::field::Field;
use crate::tui::grants;
use crate::tui::job::What;
use crate::tui::layout::Holds;
use crate::tui::list::ListDirection;
use crate::tui::mapping::COLUMNS;
use crate::tui::views::Shown;

pub use crate::tui::mapping::MapAsked;

impl View for MapAsked {
    fn title(&self, app: &App, _: u16) -> String {
        let sorted = self.sort.map(|(at, run)| {
            let way = if run == ListDirection::Up { "" } else { ", descending" };
            format!(", by {}{way}", COLUMNS[at].to_lowercase())
        });
        let what = match &self.between {
            Some((from, to)) => format!("connections {from} {} {to}", app.setup.theme.arrow()),
            None => self.line().to_string(),
        };
        format!(" {what}{}{} ", sorted.unwrap_or_default(), app.answers.jobs.state().words())
    }

    fn question(&self, _: &App) -> Option<QuestionLine> {
        Some(self.line())
    }

    fn name(&self) -> &'static str {
        "the map"
    }

    fn holds(&self) -> Holds {
        Holds::Sheet
    }

    fn hints(&self) -> &'static [&'static str] {
        &["open", "filter", "sort", "invert sort", "copy menu", "leave", "help"]
    }

    fn answer(&self, app: &mut App) {
        let page = app.answers.mapping.page(self, app.answers.jobs.state());
        app.answers.reader.show(page);
    }

    fn start_filter(&self) -> Option<Typing> {
        Some(Typing::Narrow(Field::holding(&self.filter)))
    }

    fn columns(&self) -> &'static [&'static str] {
        COLUMNS
    }

    fn sort(&self, app: &mut App, column: usize) {
        let run = match self.sort {
            Some((held, run)) if held == column => run.inverted(),
            _ => ListDirection::Up,
        };
        app.show(Shown::Map(MapAsked { sort: Some((column, run)), ..self.clone() }));
    }

    fn invert(&self, app: &mut App) {
        let (column, run) = self.sort.unwrap_or_default();
        app.show(Shown::Map(MapAsked { sort: Some((column, run.inverted())), ..self.clone() }));
    }

    fn widen(&self, app: &mut App) -> bool {
        let is_narrow = !self.filter.is_empty();
        if is_narrow {
            grants::narrow(app, "");
        }
        is_narrow
    }

    fn leads_back(&self) -> Back {
        Back::Answer
    }

    fn wanted(&self, app: &App) -> Option<What> {
        app.answers.mapping.wanted(&app.session.world, &self.of)
    }

    fn has_something(&self, app: &App) -> bool {
        app.answers.mapping.has(&self.of)
    }
}

impl MapAsked {
    fn line(&self) -> QuestionLine {
        QuestionLine { namespace: self.of.only.clone(), ..QuestionLine::of(Question::Map(Map { by: self.of.by })) }
    }
}

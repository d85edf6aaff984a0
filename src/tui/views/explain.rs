//! What the selected object is; see [`crate::tui::explain`].

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::View;
use crate::ask::QuestionLine;
use crate::tui::app::App;
use crate::tui::explain;
use crate::tui::layout::Holds;
use crate::tui::paint::{self, FrameFocus};

/// The explanation of what the pane in front has selected; it is answered whether it is shown or not.
pub struct Explained;

impl View for Explained {
    /// ` shop/web-0 [facts] labels`, the shown tab in brackets; where there is no room for all the tabs come first.
    fn title(&self, app: &App, width: u16) -> String {
        let Some(item) = app.selected() else { return " explain ".into() };
        let tabs = explain::tabs(&item);
        let shown = app.focus.tab % tabs.len().max(1);
        let names: Vec<String> = tabs
            .iter()
            .enumerate()
            .map(|(at, it)| if at == shown { format!("[{}]", it.title) } else { it.title.to_owned() })
            .collect();
        let (name, tabs) = (item.name(), names.join(" "));
        match paint::width(name) + paint::width(&tabs) + 5 <= width {
            true => format!(" {name} {tabs} "),
            false => format!(" {tabs} {name} "),
        }
    }

    /// What the shown tab answers.
    fn question(&self, app: &App) -> Option<QuestionLine> {
        let item = app.selected()?;
        let (object, tabs) = (item.typed(), explain::tabs(&item));
        let tab = tabs.get(app.focus.tab % tabs.len().max(1))?;
        Some(QuestionLine::of((tab.question)(object)))
    }

    fn holds(&self) -> Holds {
        Holds::Explanation
    }

    fn answer(&self, _: &mut App) {}

    fn settle(&self, _: &mut App, _: Rect) {}

    fn draw(&self, app: &App, buffer: &mut Buffer, area: Rect, focus: FrameFocus) {
        app.answers.explain.draw(buffer, area, &self.title(app, area.width), focus, app.setup.theme);
    }

    fn copies(&self, app: &App) -> Vec<(&'static str, String)> {
        vec![("explanation as text", app.answers.explain.page.to_string())]
    }
}

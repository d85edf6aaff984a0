//! One object as YAML, at a place of it; see [`crate::tui::viewer`].

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Back, View};
use crate::ask::Fault;
use crate::model::id::ObjectId;
use crate::model::place::Place;
use crate::tui::app::{App, FetchedObject};
use crate::tui::command::At;
use crate::tui::event::Effect;
use crate::tui::page::Seek;
use crate::tui::paint::FrameFocus;

/// A place in an object.
#[derive(Clone, PartialEq, Debug)]
pub struct YamlAt {
    pub object: ObjectId,
    pub place: Place,
}

impl View for YamlAt {
    fn title(&self, app: &App, _: u16) -> String {
        app.answers.yaml.heading()
    }

    fn place(&self) -> At {
        At::Yaml
    }

    fn name(&self) -> &'static str {
        "YAML"
    }

    fn hints(&self) -> &'static [&'static str] {
        &["filter", "next match", "managed fields", "copy menu", "leave", "help"]
    }

    fn answer(&self, app: &mut App) {
        let staged = app.session.what_if.as_ref().and_then(|_| app.staging.stage.of(&self.object));
        let staged = staged.map(|it| FetchedObject {
            id: self.object.clone(),
            object: it.after().cloned().ok_or_else(|| Fault::new("it is deleted in the stage", "")),
        });
        app.answers.yaml.show(&self.object, &self.place, staged.as_ref().or(app.session.fetched.as_ref()));
    }

    fn settle(&self, app: &mut App, area: Rect) {
        app.answers.yaml.settle(area);
    }

    fn draw(&self, app: &App, buffer: &mut Buffer, area: Rect, focus: FrameFocus) {
        app.answers.yaml.draw(buffer, area, focus, app.setup.theme);
    }

    fn step(&self, app: &mut App, rows: isize) {
        app.answers.yaml.step(rows);
    }

    fn sideways(&self, app: &mut App, step: isize) {
        app.answers.yaml.shift = app.answers.yaml.shift.saturating_add_signed(step * 8);
    }

    fn find(&self, app: &mut App, letters: &str, seek: Seek) -> bool {
        app.answers.yaml.find(letters, seek)
    }

    fn copies(&self, app: &App) -> Vec<(&'static str, String)> {
        vec![("YAML", app.answers.yaml.text())]
    }

    fn open(&self, _: &mut App) -> Vec<Effect> {
        Vec::new()
    }

    fn leads_back(&self) -> Back {
        Back::Before
    }
}

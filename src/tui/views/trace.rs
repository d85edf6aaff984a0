//! The verdict on a connection, and all it rests on.

use super::View;
use crate::tui::answers;
use crate::tui::app::App;

/// The trace between the ends that were chosen.
pub struct Traced;

impl View for Traced {
    fn title(&self, app: &App, _: u16) -> String {
        app.tracing.title(app.setup.theme)
    }

    fn hints(&self) -> &'static [&'static str] {
        &["open", "port", "swap", "copy menu", "leave", "help"]
    }

    fn answer(&self, app: &mut App) {
        let page = answers::trace(&app.world, &app.tracing);
        app.reader.show(page);
    }
}

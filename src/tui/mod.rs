//! The screen: events in, effects out, a buffer drawn.
//!
//! ```text
//! prod-eu > shop  RO  LIVE             [1]Ns [2]Pods [3]Pol [4]Subj     status
//! ┌[2] Pods 12/1840──────────┐┌ shop/web-0 → shop/db-0 TCP/5432 ─────┐
//! │>payments/api-7d9  in+out ││ x deny                               │  panes and the answer
//! └──────────────────────────┘└──────────────────────────────────────┘
//! t trace  r reach  / filter  ? help                                    hints, or what is typed
//! ```
//!
//! [`app::App`] is the state (`state.rs` has its parts: the session, where one is, what is typed, what answers keep),
//! [`app::App::update`] changes it, [`draw`] only reads it. There is no IO here and no
//! clock: the loop in [`crate::run`] sends what happens and does what is asked for. What can be done stands in one
//! table, [`command::COMMANDS`]; what can be looked at in [`panes::PANES`], in `views` and in [`explain::TABS`].

mod abilities;
mod access;
pub mod answers;
pub mod app;
pub mod applying;
mod asked;
mod choices;
mod choking;
pub mod command;
mod complete;
mod copy;
pub mod declaring;
pub mod event;
pub mod explain;
mod field;
mod finding;
mod fixable;
mod grants;
mod grid;
mod impact;
pub mod job;
pub mod key;
pub mod layout;
pub mod list;
mod mapping;
pub mod matrix;
mod mouse;
mod navigate;
mod open_view;
mod page;
mod paint;
pub mod palette;
pub mod panes;
mod picker;
mod proposing;
pub mod questions;
mod reaching;
mod settle;
mod sidestepping;
pub mod staging;
mod state;
pub mod status;
pub mod svg;
pub mod table;
pub mod theme;
mod top;
mod typing;
mod update;
mod viewer;
mod views;
mod what_if;
pub mod working;
mod yaml;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use app::{App, Typing};
use layout::ScreenSide;
use paint::{FrameFocus, TextSlot};
use panes::{PANES, PaneFrame};
use theme::TextRole;
use views::View;

pub use copy::text;

/// Draws the whole screen.
///
/// The area is that of the last [`event::Event::Resize`]: lists are kept in sight for that size.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    if !layout::fits(area) {
        return draw_too_small(app, area, buffer);
    }
    let areas = app.areas();
    top::draw(app, areas.status, buffer);
    for (number, part) in areas.panes.into_iter().enumerate().filter(|it| !it.1.is_empty()) {
        draw_pane(app, number, part, buffer);
    }
    if !areas.explain.is_empty() {
        views::explain::Explained.draw(app, buffer, areas.explain, FrameFocus::Elsewhere);
    }
    if !areas.view.is_empty() {
        app.focus.shown.view().draw(app, buffer, areas.view, focus(app, ScreenSide::View));
        if areas.is_view_alone() {
            draw_way_back(app, areas.view, buffer);
        }
    }
    draw_hints(app, areas.hints, buffer);
    if let Some(picker) = &app.input.picker {
        picker.draw(buffer, area, app.setup.theme);
    }
}

/// An answer that takes the whole screen says in its frame where one came from.
fn draw_way_back(app: &App, area: Rect, buffer: &mut Buffer) {
    let theme = app.setup.theme;
    let slot = TextSlot { x: area.x + 1, y: area.bottom().saturating_sub(1), width: area.width / 2 };
    paint::put(buffer, slot, &format!(" Esc: back to {} ", navigate::way_back(app)), theme.style(TextRole::Dim), theme);
}

/// One honest line.
fn draw_too_small(app: &App, area: Rect, buffer: &mut Buffer) {
    let (width, height) = layout::SMALLEST;
    let words = format!("need {width}x{height}, have {}x{}; q quits", area.width, area.height);
    paint::put(buffer, TextSlot::row(area, 0), &words, Style::new(), app.setup.theme);
}

fn focus(app: &App, side: ScreenSide) -> FrameFocus {
    if app.focus.side == side && app.input.picker.is_none() { FrameFocus::Here } else { FrameFocus::Elsewhere }
}

fn draw_pane(app: &App, number: usize, area: Rect, buffer: &mut Buffer) {
    let is_front = number == app.focus.pane;
    let mut title = PANES[number].title.to_owned();
    let filter = &app.panes[number].filter;
    if !filter.is_empty() {
        title = format!("{title} /{filter}");
    }
    let frame = PaneFrame {
        area,
        number: number + 1,
        title: &title,
        focus: if is_front { focus(app, ScreenSide::Pane) } else { FrameFocus::Elsewhere },
        theme: app.setup.theme,
        shift: if is_front { app.focus.shift } else { 0 },
    };
    app.panes[number].list.draw(buffer, frame, app.view());
}

/// What is said stands over the hints; what is longer than the row, over those above as well.
fn draw_notice(notice: &str, area: Rect, buffer: &mut Buffer, theme: theme::Theme) {
    const MOST: usize = 3;
    let lines = paint::wrap(notice, usize::from(area.width.saturating_sub(1)));
    for (above, line) in (0..).zip(lines.iter().take(MOST).rev()) {
        let row = Rect { y: area.y.saturating_sub(above), ..area };
        if above > 0 {
            ratatui::widgets::Widget::render(ratatui::widgets::Clear, row, buffer);
        }
        paint::put(buffer, TextSlot::row(row, 0).after(1), line, theme.style(TextRole::Note), theme);
    }
}

fn draw_hints(app: &App, area: Rect, buffer: &mut Buffer) {
    let theme = app.setup.theme;
    let slot = TextSlot::row(area, 0);
    if let Some(typing) = &app.input.typing {
        let prompt = applying::prompt(app);
        let (before, field) = match typing {
            Typing::Filter(field) | Typing::Search(field) | Typing::Narrow(field) => ("/", field),
            Typing::Acting(field) => ("see as: ", field),
            Typing::Confirm(field) => (prompt.as_str(), field),
        };
        let taken = paint::put(buffer, slot, before, theme.style(TextRole::Key), theme);
        return picker::field(buffer, slot.after(taken), field, theme);
    }
    if let Some(notice) = &app.input.notice {
        return draw_notice(notice, area, buffer, theme);
    }
    let mut slot = slot.after(1);
    let half = app.answers.tracing.waiting().map(|half| format!("from {half}"));
    let staged = || (!app.staging.stage.is_empty()).then(|| format!("{} staged", app.staging.stage.items().len()));
    if let Some(words) = half.or_else(staged) {
        paint::put_right(buffer, slot, &words, theme.style(TextRole::Note), theme);
        slot.width = slot.width.saturating_sub(paint::width(&words) + 1);
    }
    for command in command::hints(app) {
        let key = command.keys[0];
        if paint::width(key) + paint::width(command.name) + 1 > slot.width {
            break;
        }
        slot = slot.after(paint::put(buffer, slot, key, theme.style(TextRole::Key), theme) + 1);
        slot = slot.after(paint::put(buffer, slot, command.name, theme.style(TextRole::Dim), theme) + 2);
    }
}

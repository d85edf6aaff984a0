//! The mouse, when the program has it: a click focuses and selects, the wheel moves.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::app::App;
use super::command;
use super::layout::ScreenSide;

/// How many rows one notch of the wheel moves.
const NOTCH: isize = 3;

/// Takes one movement of the mouse.
pub fn take(app: &mut App, mouse: MouseEvent) {
    let position = Position { x: mouse.column, y: mouse.row };
    match mouse.kind {
        MouseEventKind::ScrollDown => command::step(app, NOTCH),
        MouseEventKind::ScrollUp => command::step(app, -NOTCH),
        MouseEventKind::Down(MouseButton::Left) => click(app, position),
        _ => {}
    }
}

fn click(app: &mut App, position: Position) {
    let areas = app.areas();
    if areas.view.contains(position) {
        app.focus.side = ScreenSide::View;
        return;
    }
    let Some(pane) = areas.panes.iter().position(|it| it.contains(position)) else { return };
    (app.focus.pane, app.focus.side) = (pane, ScreenSide::Pane);
    if let Some(row) = row_in(areas.panes[pane], position) {
        let top = app.panes[pane].list.top();
        app.panes[pane].list.go(top + row);
    }
}

/// Which row of a pane's list a position is, its frame and header apart.
fn row_in(area: Rect, position: Position) -> Option<usize> {
    let row = position.y.checked_sub(area.y + 2)?;
    (position.y + 1 < area.bottom()).then_some(row.into())
}

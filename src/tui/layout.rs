//! Where things stand, as a function of the size alone.
//!
//! ```text
//! 160 and more   panes stacked │ explain │ answer
//! 100 to 159     panes stacked │ answer or explain
//! 80 to 99       one pane           │ answer or explain        tabs in the first row
//! 60 to 79       one pane or one answer, `d` and Esc go between
//! below 60×15    one honest line
//! ```

use ratatui::layout::Rect;

use super::panes::{COUNT, PANES};

/// The smallest screen that is drawn.
pub const SMALLEST: (u16, u16) = (60, 15);

/// How much of the screen the list takes beside the answer; `+` and `_` go through them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Share {
    #[default]
    Normal,
    /// The focused part takes two thirds.
    Wide,
    /// The focused part takes everything.
    Whole,
}

/// What has the keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Side {
    #[default]
    Pane,
    View,
}

/// The areas of one frame; an area of no size is not drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Areas {
    pub status: Rect,
    pub hints: Rect,
    /// The panes, in their order.
    pub panes: [Rect; COUNT],
    /// What explains the selected object, where there is room for it beside an answer.
    pub explain: Rect,
    /// The opened answer, or the explanation where there is room for one only.
    pub view: Rect,
}

/// Whether a frame of this size can be drawn.
pub fn fits(area: Rect) -> bool {
    area.width >= SMALLEST.0 && area.height >= SMALLEST.1
}

/// What the answer side holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holds {
    /// The explanation of what is selected, which then needs no part of its own.
    Explanation,
    Answer,
    /// A sheet of many columns, which takes a narrow screen whole.
    Sheet,
}

/// The areas for a screen of this size with this pane in front.
pub fn areas(area: Rect, pane: usize, (side, holds): (Side, Holds), share: Share) -> Areas {
    let status = Rect { height: 1, ..area };
    let hints = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
    let main = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
    let mut areas = Areas { status, hints, ..Areas::default() };
    let is_wide = side == Side::View && holds == Holds::Sheet && area.width < 160;
    let single = share == Share::Whole || is_wide || area.width < 80 || area.height < 20;
    if single {
        match side {
            Side::Pane => areas.panes[pane] = main,
            Side::View => areas.view = main,
        }
        return areas;
    }
    let columns = columns(area.width, side, share, pane);
    let (left, rest) = split(main, columns);
    areas.view = rest;
    if area.width < 100 || area.height < 30 {
        areas.panes[pane] = left;
        return areas;
    }
    areas.panes = stack(left, pane);
    if area.width >= 160 && holds != Holds::Explanation {
        (areas.explain, areas.view) = split(rest, rest.width * 9 / 20);
    }
    areas
}

/// How many columns the panes get.
fn columns(width: u16, side: Side, share: Share, pane: usize) -> u16 {
    let percent: u32 = match (share, side) {
        (Share::Normal, _) if width >= 160 => 38,
        (Share::Normal, _) if width >= 100 => 48,
        (Share::Normal, Side::Pane) => PANES[pane].percent.0,
        (Share::Normal, Side::View) => PANES[pane].percent.1,
        (_, Side::Pane) => 66,
        (_, Side::View) => 34,
    };
    (u32::from(width) * percent / 100) as u16
}

/// Two parts side by side.
fn split(area: Rect, columns: u16) -> (Rect, Rect) {
    let columns = columns.min(area.width);
    let left = Rect { width: columns, ..area };
    (left, Rect { x: area.x + columns, width: area.width - columns, ..area })
}

/// The panes above one another, the one in front as high as the others leave room.
fn stack(area: Rect, pane: usize) -> [Rect; COUNT] {
    let small = (area.height / 7).clamp(4, 10);
    let mut y = area.y;
    std::array::from_fn(|at| {
        let height = if at == pane { area.height - (COUNT as u16 - 1) * small } else { small };
        let part = Rect { y, height, ..area };
        y += height;
        part
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parts never leave the screen and never cover one another, whatever the size.
    #[test]
    fn parts_share_the_screen() {
        for (width, height) in (60..230).step_by(7).flat_map(|w| (15..80).step_by(5).map(move |h| (w, h))) {
            let screen = Rect::new(0, 0, width, height);
            for (pane, side) in [(0, (Side::Pane, Holds::Answer)), (2, (Side::View, Holds::Explanation))] {
                for share in [Share::Normal, Share::Wide, Share::Whole] {
                    let it = areas(screen, pane, side, share);
                    let parts: Vec<Rect> =
                        it.panes.into_iter().chain([it.status, it.hints, it.explain, it.view]).collect();
                    let cells: u32 = parts.iter().map(|it| it.area()).sum();
                    assert_eq!(cells, screen.area(), "{width}x{height} {share:?}");
                    assert!(parts.iter().all(|it| it.is_empty() || screen.union(*it) == screen));
                }
            }
        }
    }

    #[test]
    fn the_design_target_shows_a_list_and_an_answer() {
        let it = areas(Rect::new(0, 0, 80, 24), 1, (Side::Pane, Holds::Explanation), Share::Normal);
        assert_eq!((it.panes[1].width, it.view.width, it.view.height), (40, 40, 22));
        assert!(it.explain.is_empty() && it.panes[0].is_empty());
    }
}

//! Where things stand, as a function of the size and of how wide the list in front is.
//!
//! ```text
//! 160 and more   panes stacked │ explain │ answer
//! 100 to 159     panes stacked │ answer or explain
//! 80 to 99       one pane      │ explain; an answer over the whole width     tabs in the first row
//! 60 to 79       one pane or one answer, `d` and Esc go between
//! below 60×15    one honest line
//! ```
//!
//! A list takes as many columns as what stands in it needs, within bounds that leave the other side readable.

use ratatui::layout::Rect;

use super::panes::{COUNT, is_aside};

/// The smallest screen that is drawn.
pub const SMALLEST: (u16, u16) = (60, 15);

/// How much of the screen the list takes beside the answer; `+` and `_` go through them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ListShare {
    #[default]
    Normal,
    /// The focused part takes two thirds.
    Wide,
    /// The focused part takes everything.
    Whole,
}

/// What has the keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ScreenSide {
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

impl Areas {
    /// Whether the answer has the screen for itself.
    pub fn is_view_alone(&self) -> bool {
        !self.view.is_empty() && self.panes.iter().all(|it| it.is_empty())
    }
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

/// The pane in front.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrontPane {
    pub pane: usize,
    /// How many columns its first columns need to be read whole, without its frame.
    pub needs: u16,
    /// How many all of them would take.
    pub wants: u16,
}

/// The areas for a screen of this size with this pane in front.
pub fn areas(area: Rect, front: FrontPane, (side, holds): (ScreenSide, Holds), share: ListShare) -> Areas {
    let pane = front.pane;
    let status = Rect { height: 1, ..area };
    let hints = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
    let main = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
    let mut areas = Areas { status, hints, ..Areas::default() };
    let whole_below = match holds {
        Holds::Explanation => 80,
        Holds::Answer => 100,
        Holds::Sheet => 160,
    };
    let is_wide = side == ScreenSide::View && area.width < whole_below;
    let single = share == ListShare::Whole || is_wide || area.width < 80 || area.height < 20;
    if single {
        match side {
            ScreenSide::Pane => areas.panes[pane] = main,
            ScreenSide::View => areas.view = main,
        }
        return areas;
    }
    let columns = columns(area.width, side, share, front);
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

/// How many columns the panes get, in hundredths of the width: what the one in front needs, up to the last of three;
/// what it wants, up to the second.
fn columns(width: u16, side: ScreenSide, share: ListShare, front: FrontPane) -> u16 {
    let bounds: [u32; 3] = match (share, side) {
        (ListShare::Normal, _) if width >= 160 => [28, 36, 40],
        (ListShare::Normal, ScreenSide::View) if width >= 100 => [34, 40, 44],
        (ListShare::Normal, ScreenSide::Pane) if width >= 100 => [38, 48, 56],
        (ListShare::Normal, ScreenSide::Pane) => [36, 50, 62],
        (ListShare::Normal, ScreenSide::View) => [36, 36, 40],
        (_, ScreenSide::Pane) => [66; 3],
        (_, ScreenSide::View) => [34; 3],
    };
    let [least, usual, most] = bounds.map(|it| (u32::from(width) * it / 100) as u16);
    let within = |it: u16, most: u16| it.saturating_add(FRAME).clamp(least, most);
    within(front.needs, most).max(within(front.wants, usual))
}

/// What the frame of a list takes of its columns.
const FRAME: u16 = 2;

/// Two parts side by side.
fn split(area: Rect, columns: u16) -> (Rect, Rect) {
    let columns = columns.min(area.width);
    let left = Rect { width: columns, ..area };
    (left, Rect { x: area.x + columns, width: area.width - columns, ..area })
}

/// The panes above one another, the one in front as high as the others leave room; what is aside has none.
fn stack(area: Rect, pane: usize) -> [Rect; COUNT] {
    let small = (area.height / 7).clamp(4, 10);
    let others = (0..COUNT).filter(|it| *it != pane && !is_aside(*it, pane)).count() as u16;
    let mut y = area.y;
    std::array::from_fn(|at| {
        if is_aside(at, pane) {
            return Rect::default();
        }
        let height = if at == pane { area.height - others * small } else { small };
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
            for (pane, side) in [(0, (ScreenSide::Pane, Holds::Answer)), (2, (ScreenSide::View, Holds::Explanation))] {
                for (share, needs) in
                    [(ListShare::Normal, 20), (ListShare::Normal, 300), (ListShare::Wide, 60), (ListShare::Whole, 0)]
                {
                    let it = areas(screen, FrontPane { pane, needs, wants: needs }, side, share);
                    let parts: Vec<Rect> =
                        it.panes.into_iter().chain([it.status, it.hints, it.explain, it.view]).collect();
                    let cells: u32 = parts.iter().map(|it| it.area()).sum();
                    assert_eq!(cells, screen.area(), "{width}x{height} {share:?}");
                    assert!(parts.iter().all(|it| it.is_empty() || screen.union(*it) == screen));
                }
            }
        }
    }

    const SMALL: Rect = Rect::new(0, 0, 80, 24);

    #[test]
    fn a_list_takes_what_it_needs_and_leaves_the_other_side_readable() {
        let with = |needs, wants| {
            areas(SMALL, FrontPane { pane: 1, needs, wants }, (ScreenSide::Pane, Holds::Explanation), ListShare::Normal)
        };
        let it = with(44, 60);
        assert_eq!((it.panes[1].width, it.view.width, it.view.height), (46, 34, 22));
        assert!(it.explain.is_empty() && it.panes[0].is_empty());
        assert_eq!(with(30, 60).panes[1].width, 40, "more than it needs, but no more than half");
        assert_eq!((with(10, 10).panes[1].width, with(200, 200).panes[1].width), (28, 49));
    }

    #[test]
    fn an_answer_takes_a_narrow_screen_whole() {
        let front = FrontPane { pane: 1, needs: 40, wants: 40 };
        let it = areas(SMALL, front, (ScreenSide::View, Holds::Answer), ListShare::Normal);
        assert_eq!((it.view.width, it.panes[1].width), (80, 0));
        let it = areas(SMALL, front, (ScreenSide::View, Holds::Explanation), ListShare::Normal);
        assert_ne!(it.panes[1].width, 0, "an explanation stands beside what it explains");
    }
}

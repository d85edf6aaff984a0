//! When a frame is drawn and how large it is, also after somebody else had the terminal.
//!
//! What is on a frame is not decided here; see `tui`.

use std::io;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::time::Instant;

use crate::terminal::guard::Guard;
use crate::tui::event::Event;

use super::Program;

/// A terminal that takes longer than this for a frame gets half as many.
const SLOW: Duration = Duration::from_millis(20);

impl Program {
    /// Asks for a frame when the pace allows it; one that is due sooner stays so.
    pub(super) fn draw_soon(&mut self) {
        let paced = self.drawn + self.pace;
        self.due = Some(self.due.map_or(paced, |it| it.min(paced)));
    }

    pub(super) fn draw(&mut self) -> io::Result<()> {
        let (width, height) = self.app.size();
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        self.app.prepare();
        crate::tui::draw(&self.app, area, &mut buffer);
        let took = self.screen.show(buffer)?;
        if took > SLOW {
            self.pace = (self.pace * 2).min(Duration::from_millis(500));
        }
        self.drawn = Instant::now();
        self.due = None;
        Ok(())
    }

    /// Takes the terminal's size as it is now.
    pub(super) fn measure(&mut self) -> io::Result<()> {
        let (width, height) = crossterm::terminal::size()?;
        self.tell(Event::Resize(width, height));
        Ok(())
    }

    /// Takes the terminal again after somebody else had it.
    ///
    /// Keys go on to be read from the stream that was there before: a second one would wait for the lock that the first
    /// holds until a key comes, and the screen would stay empty until then.
    pub(super) fn take_back(&mut self) -> io::Result<()> {
        self.guard = None;
        self.guard = Some(Guard::enter()?);
        self.screen.forget();
        self.measure()
    }
}

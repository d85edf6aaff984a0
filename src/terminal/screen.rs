//! Cells onto the terminal: only those that changed, in one write, as one update; nothing when nothing changed.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// What the terminal shows, and where it is written to.
#[derive(Debug)]
pub struct Screen<W: Write> {
    out: W,
    shown: Buffer,
    /// The terminal must be cleared first: nobody knows what it shows.
    unknown: bool,
}

impl<W: Write> Screen<W> {
    /// A screen of which nothing is known.
    pub fn new(out: W) -> Self {
        Self { out, shown: Buffer::empty(Rect::default()), unknown: true }
    }

    /// Forgets what the terminal shows, so that everything is drawn next.
    pub fn forget(&mut self) {
        self.unknown = true;
    }

    /// Where it is written to.
    pub fn out(&mut self) -> &mut W {
        &mut self.out
    }

    /// Shows these cells; says how long the terminal took, so that a slow line can be spared.
    pub fn show(&mut self, next: Buffer) -> io::Result<Duration> {
        if next.area != self.shown.area {
            self.unknown = true;
        }
        if self.unknown {
            self.shown = Buffer::empty(next.area);
        }
        let bytes = self.bytes(&next)?;
        self.shown = next;
        self.unknown = false;
        if bytes.is_empty() {
            return Ok(Duration::ZERO);
        }
        let start = Instant::now();
        self.out.write_all(&bytes)?;
        self.out.flush()?;
        Ok(start.elapsed())
    }

    /// What has to be written.
    fn bytes(&self, next: &Buffer) -> io::Result<Vec<u8>> {
        let changed = self.shown.diff(next);
        if changed.is_empty() && !self.unknown {
            return Ok(Vec::new());
        }
        let mut bytes = Vec::with_capacity(1024);
        queue!(bytes, BeginSynchronizedUpdate)?;
        if self.unknown {
            queue!(bytes, Clear(ClearType::All))?;
        }
        CrosstermBackend::new(&mut bytes).draw(changed.into_iter())?;
        queue!(bytes, EndSynchronizedUpdate)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    fn buffer(text: &str) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 2));
        buffer.set_string(0, 0, text, Style::new());
        buffer
    }

    /// CONTRACT §6: nothing is written while no visible cell changes.
    #[test]
    fn only_what_changed_is_written() {
        let mut screen = Screen::new(Vec::new());
        screen.show(buffer("one")).expect("a vector takes all bytes");
        let full = screen.out().len();
        screen.show(buffer("one")).expect("a vector takes all bytes");
        assert_eq!(screen.out().len(), full, "nothing changed");
        screen.show(buffer("two")).expect("a vector takes all bytes");
        assert!(screen.out().len() > full);
        let before = screen.out().len();
        screen.forget();
        screen.show(buffer("two")).expect("a vector takes all bytes");
        assert!(screen.out().len() > before, "what is unknown is drawn again");
    }
}

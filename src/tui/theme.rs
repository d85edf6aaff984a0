//! Colors by meaning and characters by what the terminal can show.
//!
//! The sixteen ANSI colors and modifiers on the terminal's own ground: light, dark and solarized stay readable
//! without asking. No meaning hangs on color alone, red and green are not a pair, and without color only
//! modifiers remain (`Color::Reset` everywhere, or crossterm would write resets that wipe reverse: docs/terminal.md, colors).

use ratatui::style::{Color, Modifier, Style};

use crate::ask::listing::Tone;
use crate::text::Mark;

/// Whether colors are used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Colors {
    #[default]
    Ansi,
    /// `NO_COLOR`: bold, dim, underlined and reversed text only.
    None,
}

/// Which characters frames and ellipses are made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Glyphs {
    #[default]
    Unicode,
    Ascii,
}

/// How things look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Theme {
    pub colors: Colors,
    pub glyphs: Glyphs,
}

/// What a piece of text is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Text,
    Dim,
    Title,
    /// The title and frame of what has the focus.
    Focus,
    Allow,
    Deny,
    Unknown,
    Note,
    Link,
    /// A key in the hints.
    Key,
}

impl From<Tone> for Role {
    fn from(tone: Tone) -> Self {
        match tone {
            Tone::Plain => Role::Text,
            Tone::Dim => Role::Dim,
            Tone::Allow => Role::Allow,
            Tone::Deny => Role::Deny,
            Tone::Unknown => Role::Unknown,
            Tone::Note => Role::Note,
        }
    }
}

impl Theme {
    /// The look of a piece of text.
    pub fn style(self, role: Role) -> Style {
        let (color, modifier) = match role {
            Role::Text => (Color::Reset, Modifier::empty()),
            Role::Dim => (Color::Reset, Modifier::DIM),
            Role::Title => (Color::Reset, Modifier::BOLD),
            Role::Focus => (Color::Cyan, Modifier::BOLD),
            Role::Allow => (Color::Cyan, Modifier::empty()),
            Role::Deny => (Color::Yellow, Modifier::BOLD),
            Role::Unknown => (Color::Magenta, Modifier::UNDERLINED),
            // The plain blue of most palettes cannot be read on black.
            Role::Note => (Color::LightBlue, Modifier::empty()),
            Role::Link => (Color::Reset, Modifier::UNDERLINED),
            Role::Key => (Color::Cyan, Modifier::empty()),
        };
        let color = if self.colors == Colors::None { Color::Reset } else { color };
        Style::new().fg(color).add_modifier(modifier)
    }

    /// The look of a line of an answer.
    pub fn mark(self, mark: Mark) -> Style {
        self.style(match mark {
            Mark::Plain => Role::Text,
            Mark::Title => Role::Title,
            Mark::Allow => Role::Allow,
            Mark::Deny => Role::Deny,
            Mark::Unknown => Role::Unknown,
            Mark::Miss => Role::Dim,
            Mark::Note => Role::Note,
        })
    }

    /// What a selected row adds to its own look.
    pub fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// What ends text that did not fit.
    pub fn ellipsis(self) -> char {
        self.pick('…', '~')
    }

    /// `horizontal, vertical, top left, top right, bottom left, bottom right` of a frame; square on purpose: tmux
    /// in the C locale turns these into line drawing, and rounded ones into underscores.
    pub fn frame(self) -> [char; 6] {
        match self.glyphs {
            Glyphs::Unicode => ['─', '│', '┌', '┐', '└', '┘'],
            Glyphs::Ascii => ['-', '|', '+', '+', '+', '+'],
        }
    }

    /// The head of an arrow that ends at the upper edge of a box, and where one begins at the lower edge.
    pub fn joints(self) -> [char; 2] {
        [self.pick('▼', 'v'), self.pick('┬', '+')]
    }

    /// The arrow of a flow.
    pub fn arrow(self) -> &'static str {
        match self.glyphs {
            Glyphs::Unicode => "→",
            Glyphs::Ascii => "->",
        }
    }

    /// One of two characters.
    pub fn pick(self, unicode: char, ascii: char) -> char {
        if self.glyphs == Glyphs::Unicode { unicode } else { ascii }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// M of docs/terminal.md, colors: with NO_COLOR any color would be written as a reset.
    #[test]
    fn without_color_nothing_is_colored_and_everything_is_told_apart() {
        let theme = Theme { colors: Colors::None, glyphs: Glyphs::Ascii };
        let roles = [Role::Text, Role::Deny, Role::Unknown, Role::Allow, Role::Key, Role::Focus, Role::Note];
        assert!(roles.iter().all(|it| theme.style(*it).fg == Some(Color::Reset)));
        assert!(theme.selected().add_modifier.contains(Modifier::REVERSED));
        assert_ne!(theme.style(Role::Deny), theme.style(Role::Unknown));
    }
}

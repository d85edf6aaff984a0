//! Colors by meaning and characters by what the terminal can show.
//!
//! A color says a verdict or a risk, never both (WORDS): green allows, red denies, yellow is unknown; magenta is risk.
//! The default palette is the sixteen ANSI colors on the terminal's own ground: light, dark and solarized stay readable
//! without asking. No meaning hangs on color alone, and without color only modifiers remain (`Color::Reset`
//! everywhere, or crossterm would write resets that wipe reverse: docs/terminal.md, colors).

use ratatui::style::{Color, Modifier, Style};

use crate::ask::listing::Tone;
use crate::text::{Mark, Signs};

/// One set of colors.
pub struct Palette {
    /// As it is typed.
    pub name: &'static str,
    pub help: &'static str,
    look: fn(TextRole) -> (Color, Modifier),
}

/// All sets of colors; the first is the one that nobody has to choose.
pub const PALETTES: &[Palette] = &[
    Palette { name: "default", help: "the terminal's own sixteen colors", look: ansi },
    Palette { name: "high-contrast", help: "bright and bold, nothing dim", look: high_contrast },
    Palette { name: "color-blind", help: "blue allows, orange denies: no red beside green", look: color_blind },
    Palette { name: "truecolor", help: "soft colors for terminals of 24 bits", look: truecolor },
    Palette { name: "mono", help: "no color: bold, dim, underlined and reversed text", look: mono },
];

/// Which of [`PALETTES`] is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Colors(usize);

impl Colors {
    /// The palette of this name.
    pub fn named(name: &str) -> Option<Self> {
        PALETTES.iter().position(|it| it.name == name).map(Self)
    }

    /// Without any color.
    pub fn none() -> Self {
        Self(PALETTES.len() - 1)
    }

    /// The palette behind this one; behind the last the first.
    pub fn next(self) -> Self {
        Self((self.0 + 1) % PALETTES.len())
    }

    /// The palette.
    pub fn palette(self) -> &'static Palette {
        &PALETTES[self.0]
    }
}

const PLAIN: Modifier = Modifier::empty();

fn ansi(role: TextRole) -> (Color, Modifier) {
    match role {
        TextRole::Text => (Color::Reset, PLAIN),
        TextRole::Dim => (Color::Reset, Modifier::DIM),
        TextRole::Title => (Color::Reset, Modifier::BOLD),
        TextRole::Focus => (Color::Cyan, Modifier::BOLD),
        TextRole::Allow => (Color::Green, PLAIN),
        TextRole::Deny => (Color::Red, Modifier::BOLD),
        // Bold yellow cannot be read on white.
        TextRole::Unknown => (Color::Yellow, Modifier::UNDERLINED),
        TextRole::Risk => (Color::Magenta, Modifier::BOLD),
        // The plain blue of most palettes cannot be read on black.
        TextRole::Note => (Color::LightBlue, PLAIN),
        TextRole::Link => (Color::Reset, Modifier::UNDERLINED),
        TextRole::Key => (Color::Cyan, PLAIN),
    }
}

fn high_contrast(role: TextRole) -> (Color, Modifier) {
    match role {
        TextRole::Dim => (Color::Reset, PLAIN),
        TextRole::Allow => (Color::LightGreen, Modifier::BOLD),
        TextRole::Deny => (Color::LightRed, Modifier::BOLD),
        TextRole::Risk => (Color::LightMagenta, Modifier::BOLD),
        TextRole::Key | TextRole::Focus => (Color::Reset, Modifier::BOLD.union(Modifier::UNDERLINED)),
        TextRole::Note => (Color::Reset, Modifier::BOLD),
        role => ansi(role),
    }
}

fn color_blind(role: TextRole) -> (Color, Modifier) {
    match role {
        TextRole::Allow => (Color::Cyan, PLAIN),
        TextRole::Deny => (Color::Red, Modifier::BOLD),
        TextRole::Unknown => (Color::Magenta, Modifier::UNDERLINED),
        TextRole::Risk => (Color::Yellow, Modifier::UNDERLINED),
        role => ansi(role),
    }
}

fn truecolor(role: TextRole) -> (Color, Modifier) {
    match role {
        TextRole::Allow => (Color::Rgb(0x3f, 0xa3, 0x4d), PLAIN),
        TextRole::Deny => (Color::Rgb(0xe0, 0x4f, 0x4f), Modifier::BOLD),
        TextRole::Unknown => (Color::Rgb(0xc0, 0x8a, 0x1e), Modifier::UNDERLINED),
        TextRole::Risk => (Color::Rgb(0xb0, 0x5f, 0xc4), Modifier::BOLD),
        TextRole::Note => (Color::Rgb(0x4f, 0x8f, 0xd0), PLAIN),
        TextRole::Key => (Color::Rgb(0x2a, 0x9d, 0x9d), PLAIN),
        TextRole::Focus => (Color::Rgb(0x2a, 0x9d, 0x9d), Modifier::BOLD),
        role => ansi(role),
    }
}

fn mono(role: TextRole) -> (Color, Modifier) {
    let modifier = match role {
        TextRole::Risk => Modifier::BOLD.union(Modifier::UNDERLINED),
        role => ansi(role).1,
    };
    (Color::Reset, modifier)
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
pub enum TextRole {
    Text,
    Dim,
    Title,
    /// The title and frame of what has the focus.
    Focus,
    Allow,
    Deny,
    Unknown,
    /// What somebody could do harm with.
    Risk,
    Note,
    Link,
    /// A key in the hints.
    Key,
}

impl From<Tone> for TextRole {
    fn from(tone: Tone) -> Self {
        match tone {
            Tone::Plain => TextRole::Text,
            Tone::Dim => TextRole::Dim,
            Tone::Allow => TextRole::Allow,
            Tone::Deny => TextRole::Deny,
            Tone::Unknown => TextRole::Unknown,
            Tone::Risk => TextRole::Risk,
            Tone::Note => TextRole::Note,
        }
    }
}

impl Theme {
    /// The look of a piece of text.
    pub fn style(self, role: TextRole) -> Style {
        let (color, modifier) = (self.colors.palette().look)(role);
        Style::new().fg(color).add_modifier(modifier)
    }

    /// The look of a line of an answer.
    pub fn mark(self, mark: Mark) -> Style {
        self.style(match mark {
            Mark::Plain => TextRole::Text,
            Mark::Title => TextRole::Title,
            Mark::Allow => TextRole::Allow,
            Mark::Deny => TextRole::Deny,
            Mark::Unknown | Mark::Some => TextRole::Unknown,
            Mark::Miss => TextRole::Dim,
            Mark::Note => TextRole::Note,
        })
    }

    /// The look of a cell that is filled with a color.
    pub fn block(self, role: TextRole) -> Style {
        Style { add_modifier: Modifier::REVERSED, ..self.style(role) }
    }

    /// The character of a mark.
    pub fn glyph(self, mark: Mark) -> char {
        mark.sign(if self.glyphs == Glyphs::Unicode { Signs::Unicode } else { Signs::Ascii })
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
        let theme = Theme { colors: Colors::none(), glyphs: Glyphs::Ascii };
        let roles = [
            TextRole::Text,
            TextRole::Deny,
            TextRole::Unknown,
            TextRole::Allow,
            TextRole::Key,
            TextRole::Focus,
            TextRole::Note,
            TextRole::Risk,
        ];
        assert!(roles.iter().all(|it| theme.style(*it).fg == Some(Color::Reset)));
        assert!(theme.selected().add_modifier.contains(Modifier::REVERSED));
        assert_ne!(theme.style(TextRole::Deny), theme.style(TextRole::Unknown));
    }

    /// WORDS: one color says one thing, whatever the palette.
    #[test]
    fn verdicts_and_risk_look_different_in_every_palette() {
        for palette in PALETTES {
            let Some(colors) = Colors::named(palette.name) else { panic!("{} is not found", palette.name) };
            let theme = Theme { colors, glyphs: Glyphs::Unicode };
            let looks = [TextRole::Allow, TextRole::Deny, TextRole::Unknown, TextRole::Risk].map(|it| theme.style(it));
            let is_twice = |at: usize| looks[at + 1..].contains(&looks[at]);
            assert!(!(0..looks.len()).any(is_twice), "{}: {looks:?}", palette.name);
            // It cannot be read on a light ground.
            let is_pale = |it: &Style| {
                matches!(it.fg, Some(Color::Yellow | Color::LightYellow)) && it.add_modifier.contains(Modifier::BOLD)
            };
            assert!(!looks.iter().any(is_pale), "{}: {looks:?}", palette.name);
        }
        assert_eq!(Colors::none().next(), Colors::default());
    }
}

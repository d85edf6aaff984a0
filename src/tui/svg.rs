//! A screen as a picture: the cells of a buffer as SVG.
//!
//! Used by `ctrl-s` and for the picture in the README, so both show what the program draws and nothing else.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// The size of one cell, in pixels.
const CELL: (f32, f32) = (8.4, 18.0);
const PAPER: &str = "#1e1e1e";
const INK: &str = "#d0d0d0";
/// The sixteen colors of a terminal.
const PALETTE: [&str; 16] = [
    "#000000", "#cd3131", "#0dbc79", "#e5e510", "#4b9bea", "#d670d6", "#29b8db", "#e5e5e5", "#767676", "#f14c4c",
    "#23d18b", "#f5f543", "#6fb3f2", "#e08be0", "#5fd7ef", "#ffffff",
];

/// The buffer as one SVG document.
pub fn svg(buffer: &Buffer) -> String {
    let (width, height) = (f32::from(buffer.area.width) * CELL.0, f32::from(buffer.area.height) * CELL.1);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" width=\"{width:.0}\" \
         height=\"{height:.0}\">\n<rect width=\"100%\" height=\"100%\" fill=\"{PAPER}\"/>\n\
         <g font-family=\"DejaVu Sans Mono,Menlo,Consolas,monospace\" font-size=\"14\" xml:space=\"preserve\">\n"
    );
    for y in 0..buffer.area.height {
        row(&mut out, buffer, y);
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// One row, in runs of one look.
fn row(out: &mut String, buffer: &Buffer, y: u16) {
    let at = |x: u16| &buffer[(buffer.area.x + x, buffer.area.y + y)];
    let mut x = 0;
    while x < buffer.area.width {
        let start = x;
        let mut text = String::new();
        while x < buffer.area.width && look(at(x)) == look(at(start)) {
            text.push_str(at(x).symbol());
            x += 1;
        }
        run(out, (start, y), x - start, at(start), &text);
    }
}

/// What a run of cells shares.
fn look(cell: &Cell) -> (Color, Color, Modifier) {
    (cell.fg, cell.bg, cell.modifier)
}

fn run(out: &mut String, (x, y): (u16, u16), columns: u16, cell: &Cell, text: &str) {
    let (mut ink, mut paper) = (hex(cell.fg, INK), hex(cell.bg, PAPER));
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut ink, &mut paper);
    }
    let (left, top) = (f32::from(x) * CELL.0, f32::from(y) * CELL.1);
    let width = f32::from(columns) * CELL.0;
    if paper != PAPER {
        let height = CELL.1;
        let _ = writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{paper}\"/>"
        );
    }
    let words = text.trim_end();
    if !words.trim().is_empty() {
        let baseline = top + 13.5;
        let looks = attributes(cell.modifier);
        let _ =
            writeln!(out, "<text x=\"{left:.1}\" y=\"{baseline:.1}\" fill=\"{ink}\"{looks}>{}</text>", escape(words));
    }
}

fn attributes(modifier: Modifier) -> String {
    let known = [
        (Modifier::BOLD, " font-weight=\"bold\""),
        (Modifier::DIM, " opacity=\"0.6\""),
        (Modifier::UNDERLINED, " text-decoration=\"underline\""),
    ];
    known.into_iter().filter(|(it, _)| modifier.contains(*it)).map(|(_, text)| text).collect()
}

/// The words with what XML gives a meaning written out; the run's leading spaces hold its place.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace(' ', "\u{a0}")
}

fn hex(color: Color, otherwise: &str) -> String {
    let named = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    match named.iter().position(|it| *it == color) {
        Some(at) => PALETTE[at].into(),
        None => otherwise.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn looks_and_words_reach_the_picture() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 2));
        buffer.set_string(1, 0, "a<b", Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD));
        buffer.set_string(0, 1, "x", Style::new().add_modifier(Modifier::REVERSED));
        let picture = svg(&buffer);
        assert!(picture.contains("fill=\"#e5e510\" font-weight=\"bold\">a&lt;b</text>"), "{picture}");
        assert!(picture.contains(&format!("height=\"18\" fill=\"{INK}\"")), "reversed cells are filled: {picture}");
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
    }
}

//! A frame as a picture. Blocks and lines are drawn, not written, so that they join in every font.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

const WIDTH: f32 = 9.0;
const HEIGHT: f32 = 19.0;
const MARGIN: f32 = 14.0;
const TITLE: f32 = 30.0;
const BACKGROUND: &str = "#1b1e24";
const FOREGROUND: &str = "#d5d8dd";

/// The picture of a frame in a window with a title.
pub fn svg(buffer: &Buffer, title: &str) -> String {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let width = f32::from(columns) * WIDTH + 2.0 * MARGIN;
    let height = f32::from(rows) * HEIGHT + 2.0 * MARGIN + TITLE;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"15\">\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"9\" fill=\"{BACKGROUND}\"/>\n\
         <text x=\"{}\" y=\"21\" fill=\"#8b919b\" text-anchor=\"middle\" font-size=\"13\">{}</text>\n",
        width / 2.0,
        escape(title),
    );
    for (place, colour) in [(0.0, "#e0685f"), (18.0, "#e1b04b"), (36.0, "#6fae6a")] {
        let _ = writeln!(out, "<circle cx=\"{}\" cy=\"17\" r=\"5.5\" fill=\"{colour}\"/>", MARGIN + 7.0 + place);
    }
    for y in 0..rows {
        row(&mut out, buffer, y);
    }
    out.push_str("</svg>\n");
    out
}

/// The place of a cell's upper left corner.
fn corner(x: u16, y: u16) -> (f32, f32) {
    (MARGIN + f32::from(x) * WIDTH, MARGIN + TITLE + f32::from(y) * HEIGHT)
}

fn row(out: &mut String, buffer: &Buffer, y: u16) {
    let mut x = 0;
    while x < buffer.area.width {
        let cell = &buffer[(x, y)];
        let length = (x..buffer.area.width).take_while(|at| same_style(&buffer[(*at, y)], cell)).count() as u16;
        let (foreground, background) = colours(cell);
        if background != BACKGROUND {
            rectangle(out, corner(x, y), (f32::from(length) * WIDTH, HEIGHT), background, 1.0);
        }
        let mut words = String::new();
        for at in x..x + length {
            let symbol = buffer[(at, y)].symbol();
            words.push_str(if drawn(out, symbol, corner(at, y), foreground) { " " } else { symbol });
        }
        text(out, &words, corner(x, y), cell.modifier, foreground);
        x += length;
    }
}

fn same_style(one: &Cell, other: &Cell) -> bool {
    one.fg == other.fg && one.bg == other.bg && one.modifier == other.modifier
}

fn text(out: &mut String, words: &str, (x, y): (f32, f32), modifier: Modifier, colour: &str) {
    let indent = words.chars().take_while(|c| *c == ' ').count();
    let words = words.trim();
    if words.is_empty() {
        return;
    }
    let weight = if modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
    let line = if modifier.contains(Modifier::UNDERLINED) { " text-decoration=\"underline\"" } else { "" };
    let opacity = if modifier.contains(Modifier::DIM) { " opacity=\"0.65\"" } else { "" };
    let length = words.chars().count() as f32 * WIDTH;
    let _ = writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" textLength=\"{length}\" fill=\"{colour}\" xml:space=\"preserve\"{weight}{line}{opacity}>{}</text>",
        x + indent as f32 * WIDTH,
        y + 14.0,
        escape(words),
    );
}

/// Draws a block or a line; false for what is a letter.
fn drawn(out: &mut String, symbol: &str, (x, y): (f32, f32), colour: &str) -> bool {
    let Some(glyph) = symbol.chars().next() else { return false };
    let eighth = |from: char| (glyph as u32).wrapping_sub(from as u32) as f32 / 8.0;
    let middle = (x + WIDTH / 2.0 - 0.6, y + HEIGHT / 2.0 - 0.6);
    match glyph {
        '▁'..='█' => {
            let height = (eighth('▁') + 0.125) * HEIGHT;
            rectangle(out, (x, y + HEIGHT - height), (WIDTH, height), colour, 1.0);
        }
        '▉'..='▏' => rectangle(out, (x, y), ((0.875 - eighth('▉')) * WIDTH, HEIGHT), colour, 1.0),
        '░' => rectangle(out, (x, y), (WIDTH, HEIGHT), colour, 0.35),
        '─' => rectangle(out, (x, middle.1), (WIDTH, 1.2), colour, 0.8),
        '│' => rectangle(out, (middle.0, y), (1.2, HEIGHT), colour, 0.8),
        '┌' | '┐' | '└' | '┘' => {
            let left = if matches!(glyph, '┌' | '└') { middle.0 } else { x };
            let top = if matches!(glyph, '┌' | '┐') { middle.1 } else { y };
            rectangle(out, (left, middle.1), (WIDTH / 2.0 + 0.6, 1.2), colour, 0.8);
            rectangle(out, (middle.0, top), (1.2, HEIGHT / 2.0 + 0.6), colour, 0.8);
        }
        _ => return false,
    }
    true
}

fn rectangle(out: &mut String, (x, y): (f32, f32), (width, height): (f32, f32), colour: &str, opacity: f32) {
    let opacity = if opacity < 1.0 { format!(" opacity=\"{opacity}\"") } else { String::new() };
    let _ = writeln!(
        out,
        "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{colour}\"{opacity}/>"
    );
}

/// Foreground and background as they are seen.
fn colours(cell: &Cell) -> (&'static str, &'static str) {
    let (front, back) = (colour(cell.fg, FOREGROUND), colour(cell.bg, BACKGROUND));
    if cell.modifier.contains(Modifier::REVERSED) { (back, front) } else { (front, back) }
}

fn colour(colour: Color, default: &'static str) -> &'static str {
    match colour {
        Color::Black => "#15171b",
        Color::Red | Color::LightRed => "#e8776d",
        Color::Green | Color::LightGreen => "#8fbf7f",
        Color::Yellow | Color::LightYellow => "#e6bd63",
        Color::Blue | Color::LightBlue => "#71a7e8",
        Color::Magenta | Color::LightMagenta => "#c594d9",
        Color::Cyan | Color::LightCyan => "#6fc1c4",
        Color::Gray => "#b9bec6",
        Color::DarkGray => "#7d848f",
        Color::White => "#f4f5f7",
        Color::Indexed(243) => "#767676",
        Color::Indexed(196) => "#ff0000",
        Color::Indexed(166) => "#d75f00",
        Color::Indexed(136) => "#af8700",
        Color::Indexed(30) => "#008787",
        Color::Indexed(33) => "#0087ff",
        _ => default,
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

//! Cells as bytes, as few as a terminal needs: over a slow line they are what a key costs.
//!
//! The painter knows what stands on the terminal. So it leaves out what would look the same (a bold space), goes over a
//! short gap by writing what is there and over a long one by a step, clears the rest of a row at once, and says of a
//! style only what changes. It asks the terminal nothing.

use std::fmt::Write as _;
use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};

use crate::model::width;

/// A gap of so many cells is written over; stepping over it takes as many bytes.
const GAP: u16 = 4;
/// From so many blank cells to the end of a row it is cleared.
const BLANKS: usize = 4;
/// What can be seen of a blank cell.
const SEEN: Modifier = Modifier::REVERSED.union(Modifier::UNDERLINED).union(Modifier::CROSSED_OUT);

/// What the terminal writes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Pen {
    const PLAIN: Pen = Pen { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };

    fn of(cell: &Cell) -> Pen {
        Pen { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }

    /// Whether a blank that is written with it looks like an empty cell.
    fn leaves_blanks(self) -> bool {
        self.bg == Color::Reset && !self.modifier.intersects(SEEN)
    }
}

fn is_blank(cell: &Cell) -> bool {
    cell.symbol() == " " && Pen::of(cell).leaves_blanks()
}

fn looks_alike(a: &Cell, b: &Cell) -> bool {
    a == b || is_blank(a) && is_blank(b)
}

/// Ratatui's backend, over any writer.
#[derive(Debug)]
pub struct Painter<W: Write> {
    writer: W,
    /// What stands on the terminal: the rows; what is right of a row's end is empty.
    shown: Vec<Vec<Cell>>,
    pen: Pen,
    /// Where the terminal's cursor is, as far as that is known.
    at: Option<(u16, u16)>,
    cursor_shown: bool,
    bytes: String,
}

impl<W: Write> Painter<W> {
    /// A painter on an empty terminal whose cursor is hidden.
    pub fn new(writer: W) -> Painter<W> {
        Painter { writer, shown: Vec::new(), pen: Pen::PLAIN, at: None, cursor_shown: false, bytes: String::new() }
    }

    /// Takes a cell over; adds the columns that look other than what is there.
    fn take(&mut self, x: u16, y: u16, cell: &Cell, changed: &mut Vec<u16>) {
        let (at, y) = (usize::from(x), usize::from(y));
        if self.shown.len() <= y {
            self.shown.resize_with(y + 1, Vec::new);
        }
        let row = &mut self.shown[y];
        let end = at + width(cell.symbol()).max(1);
        if row.len() <= end {
            row.resize(end + 1, Cell::EMPTY);
        }
        if !looks_alike(&row[at], cell) {
            changed.push(x);
        }
        row[at] = cell.clone();
        for hidden in &mut row[at + 1..end] {
            hidden.set_symbol(HIDDEN);
        }
        // What was the right half of a wide one is left as the terminal likes.
        if row[end].symbol() == HIDDEN {
            row[end] = Cell::EMPTY;
            changed.push(end as u16);
        }
    }

    /// The cells of one row that changed.
    fn row(&mut self, y: u16, columns: &mut Vec<u16>) {
        columns.dedup();
        let row = std::mem::take(&mut self.shown[usize::from(y)]);
        let end = row.iter().rposition(|cell| !is_blank(cell)).map_or(0, |last| last + 1);
        let written = columns.partition_point(|x| usize::from(*x) < end);
        let (cells, blanks) = columns.split_at(if columns.len() - written < BLANKS { columns.len() } else { written });
        for x in cells {
            self.go(*x, y, &row);
            self.cell(*x, y, &row);
        }
        if let Some(first) = blanks.first() {
            self.go(*first, y, &row);
            if !self.pen.leaves_blanks() {
                self.set(Pen::PLAIN);
            }
            self.bytes.push_str("\x1b[K");
        }
        self.shown[usize::from(y)] = row;
    }

    fn go(&mut self, x: u16, y: u16, row: &[Cell]) {
        match self.at {
            Some(at) if at == (x, y) => {}
            Some((from, line)) if line == y && from < x => {
                let gap = row.get(usize::from(from)..usize::from(x)).unwrap_or_default();
                if x - from <= GAP && gap.iter().all(|cell| self.writes(cell)) {
                    gap.iter().for_each(|cell| self.bytes.push_str(cell.symbol()));
                } else if x - from == 1 {
                    self.bytes.push_str("\x1b[C");
                } else {
                    self.command(format_args!("\x1b[{}C", x - from));
                }
            }
            _ if x == 0 => self.command(format_args!("\x1b[{}H", y + 1)),
            _ => self.command(format_args!("\x1b[{};{}H", y + 1, x + 1)),
        }
        self.at = Some((x, y));
    }

    /// Whether a cell can be written as it is with the pen as it is.
    fn writes(&self, cell: &Cell) -> bool {
        let plain = cell.symbol().len() == 1;
        plain && (Pen::of(cell) == self.pen || is_blank(cell) && self.pen.leaves_blanks())
    }

    fn cell(&mut self, x: u16, y: u16, row: &[Cell]) {
        let Some(cell) = row.get(usize::from(x)) else { return };
        if !(is_blank(cell) && self.pen.leaves_blanks()) {
            self.set(Pen::of(cell));
        }
        self.bytes.push_str(cell.symbol());
        // Terminals differ in how wide they take what is not one column wide.
        self.at = (width(cell.symbol()) == 1).then_some((x + 1, y));
    }

    fn set(&mut self, pen: Pen) {
        if pen == self.pen {
            return;
        }
        let mut codes: Vec<String> = Vec::new();
        let mut from = self.pen;
        if pen == Pen::PLAIN || !(from.modifier - pen.modifier).is_empty() {
            from = Pen::PLAIN;
            codes.push(if pen == Pen::PLAIN { String::new() } else { "0".to_owned() });
        }
        let added = pen.modifier - from.modifier;
        let attributes = MODIFIERS.iter().filter(|(modifier, _)| added.contains(*modifier));
        codes.extend(attributes.map(|(_, code)| (*code).to_owned()));
        codes.extend((pen.fg != from.fg).then(|| colour(pen.fg, 30)));
        codes.extend((pen.bg != from.bg).then(|| colour(pen.bg, 40)));
        self.command(format_args!("\x1b[{}m", codes.join(";")));
        self.pen = pen;
    }

    fn command(&mut self, text: std::fmt::Arguments<'_>) {
        // A string takes everything.
        let _ = self.bytes.write_fmt(text);
    }

    fn send(&mut self) -> io::Result<()> {
        let sent = self.writer.write_all(self.bytes.as_bytes());
        self.bytes.clear();
        sent
    }
}

/// What a cell holds that lies under the wide one before it.
const HIDDEN: &str = "";

const MODIFIERS: [(Modifier, &str); 9] = [
    (Modifier::BOLD, "1"),
    (Modifier::DIM, "2"),
    (Modifier::ITALIC, "3"),
    (Modifier::UNDERLINED, "4"),
    (Modifier::SLOW_BLINK, "5"),
    (Modifier::RAPID_BLINK, "6"),
    (Modifier::REVERSED, "7"),
    (Modifier::HIDDEN, "8"),
    (Modifier::CROSSED_OUT, "9"),
];

/// A colour's code, of the foreground (30) or the background (40).
fn colour(colour: Color, base: u8) -> String {
    let named = |number: u8| if number < 8 { base + number } else { base + 52 + number };
    match colour {
        Color::Reset => (base + 9).to_string(),
        Color::Black => named(0).to_string(),
        Color::Red => named(1).to_string(),
        Color::Green => named(2).to_string(),
        Color::Yellow => named(3).to_string(),
        Color::Blue => named(4).to_string(),
        Color::Magenta => named(5).to_string(),
        Color::Cyan => named(6).to_string(),
        Color::Gray => named(7).to_string(),
        Color::DarkGray => named(8).to_string(),
        Color::LightRed => named(9).to_string(),
        Color::LightGreen => named(10).to_string(),
        Color::LightYellow => named(11).to_string(),
        Color::LightBlue => named(12).to_string(),
        Color::LightMagenta => named(13).to_string(),
        Color::LightCyan => named(14).to_string(),
        Color::White => named(15).to_string(),
        Color::Indexed(number) => format!("{};5;{number}", base + 8),
        Color::Rgb(red, green, blue) => format!("{};2;{red};{green};{blue}", base + 8),
    }
}

impl<W: Write> Backend for Painter<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        self.at = None;
        let (mut line, mut columns) = (0, Vec::new());
        for (x, y, cell) in content {
            if y != line && !columns.is_empty() {
                self.row(line, &mut columns);
                columns.clear();
            }
            line = y;
            self.take(x, y, cell, &mut columns);
        }
        if !columns.is_empty() {
            self.row(line, &mut columns);
        }
        self.set(Pen::PLAIN);
        self.send()
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.cursor_shown) {
            self.bytes.push_str("\x1b[?25l");
        }
        self.send()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.cursor_shown = true;
        self.bytes.push_str("\x1b[?25h");
        self.send()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.at.unwrap_or_default().into())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let Position { x, y } = position.into();
        self.at = None;
        self.go(x, y, &[]);
        self.send()
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    /// Only the whole is ever cleared: the console has all of the screen.
    fn clear_region(&mut self, _region: ClearType) -> io::Result<()> {
        self.shown.clear();
        (self.pen, self.at) = (Pen::PLAIN, None);
        self.bytes.push_str("\x1b[m\x1b[2J");
        self.send()
    }

    fn size(&self) -> io::Result<Size> {
        let (columns, rows) = crossterm::terminal::size()?;
        Ok(Size::new(columns, rows))
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::default() })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    const COLUMNS: u16 = 20;
    const ROWS: u16 = 4;

    fn frame(before: &Buffer, after: &Buffer, painter: &mut Painter<Vec<u8>>) -> Vec<u8> {
        painter.draw(before.diff(after).into_iter()).unwrap();
        std::mem::take(&mut painter.writer)
    }

    fn empty() -> Buffer {
        Buffer::empty(Rect::new(0, 0, COLUMNS, ROWS))
    }

    /// Texts at places in styles.
    fn buffer(texts: &[(u16, u16, String, Style)]) -> Buffer {
        let mut buffer = empty();
        for (x, y, text, style) in texts {
            buffer.set_string(*x, *y, text, *style);
        }
        buffer
    }

    fn colour_of(colour: Color) -> vt100::Color {
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
        ];
        match colour {
            Color::Indexed(number) => vt100::Color::Idx(number),
            Color::Rgb(red, green, blue) => vt100::Color::Rgb(red, green, blue),
            other => named
                .iter()
                .position(|named| *named == other)
                .map_or(vt100::Color::Default, |number| vt100::Color::Idx(number as u8)),
        }
    }

    /// Every cell of the terminal is the buffer's, as far as it can be seen.
    fn check(terminal: &vt100::Screen, buffer: &Buffer) -> Result<(), TestCaseError> {
        for y in 0..ROWS {
            let mut x = 0;
            while x < COLUMNS {
                let (shown, cell) = (terminal.cell(y, x).unwrap(), &buffer[(x, y)]);
                let symbol = if shown.has_contents() { shown.contents() } else { " " };
                prop_assert_eq!(symbol, cell.symbol(), "{} {}", x, y);
                prop_assert_eq!(shown.bgcolor(), colour_of(cell.bg));
                prop_assert_eq!(shown.inverse(), cell.modifier.contains(Modifier::REVERSED));
                prop_assert_eq!(shown.underline(), cell.modifier.contains(Modifier::UNDERLINED));
                if cell.symbol() != " " {
                    prop_assert_eq!(shown.fgcolor(), colour_of(cell.fg));
                    prop_assert_eq!(shown.bold(), cell.modifier.contains(Modifier::BOLD));
                }
                x += width(cell.symbol()).max(1) as u16;
            }
        }
        Ok(())
    }

    fn styles() -> impl Strategy<Value = Style> {
        let colours = [Color::Reset, Color::Red, Color::DarkGray, Color::LightRed, Color::Indexed(77)];
        let colours = prop::sample::select(colours.to_vec());
        let modifiers =
            [Modifier::empty(), Modifier::BOLD, Modifier::REVERSED, Modifier::UNDERLINED, Modifier::BOLD | SEEN];
        (
            colours.clone(),
            prop::sample::select(vec![Color::Reset, Color::Reset, Color::Blue]),
            prop::sample::select(modifiers.to_vec()),
        )
            .prop_map(|(fg, bg, modifier)| Style::new().fg(fg).bg(bg).add_modifier(modifier))
    }

    fn frames() -> impl Strategy<Value = Vec<Buffer>> {
        let text = (0..COLUMNS, 0..ROWS, "[a-c 日▃é]{0,24}", styles());
        prop::collection::vec(prop::collection::vec(text, 0..6).prop_map(|texts| buffer(&texts)), 1..8)
    }

    #[test]
    fn what_looks_the_same_is_not_written() {
        let mut painter = Painter::new(Vec::new());
        let plain = buffer(&[(0, 1, "a b".to_owned(), Style::new())]);
        assert_eq!(frame(&empty(), &plain, &mut painter), b"\x1b[2Ha b");
        let bold = buffer(&[(0, 1, "a b   ".to_owned(), Style::new().add_modifier(Modifier::BOLD))]);
        assert_eq!(frame(&plain, &bold, &mut painter), b"\x1b[2H\x1b[1ma b\x1b[m");
        assert_eq!(frame(&bold, &bold, &mut painter), b"");
    }

    #[test]
    fn a_row_that_became_empty_is_cleared_at_once() {
        let mut painter = Painter::new(Vec::new());
        let long = buffer(&[(2, 0, "a long text".to_owned(), Style::new().fg(Color::Red))]);
        assert_eq!(frame(&empty(), &long, &mut painter), b"\x1b[1;3H\x1b[31ma long text\x1b[m");
        let short = buffer(&[(2, 0, "a".to_owned(), Style::new().fg(Color::Red))]);
        assert_eq!(frame(&long, &short, &mut painter), b"\x1b[1;5H\x1b[K");
    }

    proptest! {
        #[test]
        fn the_terminal_shows_every_frame(frames in frames()) {
            let mut terminal = vt100::Parser::new(ROWS, COLUMNS, 0);
            let mut painter = Painter::new(Vec::new());
            let mut before = empty();
            for after in frames {
                terminal.process(&frame(&before, &after, &mut painter));
                check(terminal.screen(), &after)?;
                before = after;
            }
        }
    }
}

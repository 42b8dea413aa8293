//! A part of the frame to write on. Every text goes through [`clean`] here: what comes from the lake cannot act on the
//! terminal, whatever screen shows it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::glyphs::Glyphs;
use super::theme::{Role, Theme};
use crate::model::{clean, fit, shorten_middle, width, wrap};

/// A part of the frame; columns and rows count from its corner.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
    /// The styles.
    pub theme: Theme,
    /// The characters.
    pub glyphs: Glyphs,
}

impl<'a> Canvas<'a> {
    /// The whole of a buffer.
    pub fn new(buffer: &'a mut Buffer, theme: Theme, glyphs: Glyphs) -> Canvas<'a> {
        let area = buffer.area;
        Canvas { buffer, area, theme, glyphs }
    }

    /// A part of this one.
    pub fn part(&mut self, x: u16, y: u16, width: u16, height: u16) -> Canvas<'_> {
        let x = x.min(self.area.width);
        let y = y.min(self.area.height);
        let area = Rect {
            x: self.area.x + x,
            y: self.area.y + y,
            width: width.min(self.area.width - x),
            height: height.min(self.area.height - y),
        };
        Canvas { buffer: self.buffer, area, theme: self.theme, glyphs: self.glyphs }
    }

    /// Columns.
    pub fn width(&self) -> u16 {
        self.area.width
    }

    /// Rows.
    pub fn height(&self) -> u16 {
        self.area.height
    }

    /// Writes from a column on, cut at the edge; the column after it.
    pub fn text(&mut self, x: u16, y: u16, text: &str, role: Role) -> u16 {
        self.styled(x, y, text, self.theme.style(role))
    }

    fn styled(&mut self, x: u16, y: u16, text: &str, style: Style) -> u16 {
        if x >= self.area.width || y >= self.area.height {
            return x;
        }
        let room = usize::from(self.area.width - x);
        let (end, _) = self.buffer.set_stringn(self.area.x + x, self.area.y + y, clean(text), room, style);
        end - self.area.x
    }

    /// Writes so that it ends before a column.
    pub fn right(&mut self, end: u16, y: u16, text: &str, role: Role) {
        let columns = u16::try_from(width(&clean(text))).unwrap_or(u16::MAX);
        self.text(end.saturating_sub(columns), y, text, role);
    }

    /// Writes into a field, cut in the middle.
    pub fn field(&mut self, x: u16, y: u16, columns: u16, text: &str, role: Role) {
        let cut = self.cut(text, columns);
        self.text(x, y, &cut, role);
    }

    /// Writes a sentence, cut at its end: only names are cut in the middle.
    pub fn line(&mut self, x: u16, y: u16, columns: u16, text: &str, role: Role) {
        let text = clean(text);
        let columns = usize::from(columns);
        if width(&text) <= columns {
            self.text(x, y, &text, role);
            return;
        }
        let ellipsis = self.glyphs.ellipsis();
        let room = columns.saturating_sub(width(ellipsis));
        let mut used = 0;
        let kept = text.chars().take_while(|c| {
            used += width(c.encode_utf8(&mut [0; 4]));
            used <= room
        });
        let cut = kept.collect::<String>() + ellipsis;
        self.text(x, y, &cut, role);
    }

    /// Writes clauses, of which the last leave first where there is no room: half a word tells nobody anything.
    pub fn clauses(&mut self, x: u16, y: u16, columns: u16, text: &str, role: Role) {
        let text = clean(text);
        self.line(x, y, columns, whole_clauses(&text, usize::from(columns)), role);
    }

    /// Writes a text in as many rows as it needs.
    pub fn wrapped(&mut self, x: u16, y: u16, text: &str) {
        for (row, line) in wrap(text, usize::from(self.area.width.saturating_sub(x))).iter().enumerate() {
            self.text(x, y + row as u16, line, Role::Text);
        }
    }

    /// A text cut in the middle.
    pub fn cut(&self, text: &str, columns: u16) -> String {
        shorten_middle(&clean(text), usize::from(columns), self.glyphs.ellipsis()).into_owned()
    }

    /// A line across, with a title in it.
    pub fn rule(&mut self, y: u16, title: &str) {
        let line = self.glyphs.horizontal();
        let columns = usize::from(self.area.width);
        if title.is_empty() {
            self.text(0, y, &line.repeat(columns), Role::Dim);
            return;
        }
        let room = columns.saturating_sub(6);
        let title = shorten_middle(&clean(title), room, self.glyphs.ellipsis()).into_owned();
        let x = self.text(0, y, &format!("{} ", line.repeat(2)), Role::Dim);
        let x = self.text(x, y, &title, Role::Heading);
        let rest = columns.saturating_sub(usize::from(x) + 1);
        self.text(x, y, &format!(" {}", line.repeat(rest)), Role::Dim);
    }

    /// Makes a row bold, as the cursor's is.
    pub fn bold_row(&mut self, y: u16) {
        if y < self.area.height {
            let row = Rect { x: self.area.x, y: self.area.y + y, width: self.area.width, height: 1 };
            self.buffer.set_style(row, Style::new().add_modifier(Modifier::BOLD));
        }
    }

    /// Empties a part, as a box over the view needs it.
    pub fn clear(&mut self) {
        let blank = fit("", usize::from(self.area.width), "");
        for y in 0..self.area.height {
            for x in 0..self.area.width {
                if let Some(cell) = self.buffer.cell_mut((self.area.x + x, self.area.y + y)) {
                    cell.reset();
                }
            }
            self.text(0, y, &blank, Role::Text);
        }
    }

    /// A box with a heading; the part inside it.
    pub fn boxed(&mut self, x: u16, y: u16, width: u16, height: u16, title: &str) -> Canvas<'_> {
        self.part(x, y, width, height).clear();
        let mut frame = self.part(x, y, width, height);
        let [left_above, right_above, left_below, right_below] = frame.glyphs.corners();
        let (line, side) = (frame.glyphs.horizontal(), frame.glyphs.vertical());
        let inner = usize::from(width.saturating_sub(2));
        let across = line.repeat(inner);
        frame.text(0, 0, &format!("{left_above}{across}{right_above}"), Role::Text);
        frame.text(0, height.saturating_sub(1), &format!("{left_below}{across}{right_below}"), Role::Text);
        for row in 1..height.saturating_sub(1) {
            frame.text(0, row, side, Role::Text);
            frame.text(width.saturating_sub(1), row, side, Role::Text);
        }
        let title = frame.cut(title, width.saturating_sub(4));
        frame.text(1, 0, &format!(" {title} "), Role::Heading);
        self.part(x + 2, y + 1, width.saturating_sub(4), height.saturating_sub(2))
    }

    /// Strips colours: with NO_COLOR only modifiers are left, in this one place.
    pub fn strip_colours(&mut self) {
        use ratatui::style::Color::Reset;
        for cell in &mut self.buffer.content {
            (cell.fg, cell.bg) = (Reset, Reset);
        }
    }
}

/// As many whole clauses as fit; all of it where not even the first does.
fn whole_clauses(text: &str, columns: usize) -> &str {
    if width(text) <= columns {
        return text;
    }
    let ends = ["; ", ". ", "   "].into_iter().flat_map(|end| text.match_indices(end));
    let fitting = ends.map(|(at, _)| text[..at].trim_end()).filter(|head| !head.is_empty() && width(head) <= columns);
    fitting.max_by_key(|head| head.len()).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_leave_whole_where_there_is_no_room() {
        let text = "run p2c began; closing this window does not stop it   Ctrl-c stops";
        assert_eq!(whole_clauses(text, 80), text);
        assert_eq!(whole_clauses(text, 60), "run p2c began; closing this window does not stop it");
        assert_eq!(whole_clauses(text, 50), "run p2c began");
        assert_eq!(whole_clauses(text, 5), text);
    }
}

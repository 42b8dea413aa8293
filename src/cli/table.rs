//! Columns of text. Cells are made harmless, numbers stand at the right, widths are display widths; the last column is
//! not padded.

use crate::model::{clean, width};

/// A table that is being made.
#[derive(Clone, Debug, Default)]
pub struct Table {
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Begins with the headings; one that begins with `>` is of a column of numbers.
    pub fn new(headings: &[&str]) -> Table {
        let right = headings.iter().map(|heading| heading.starts_with('>')).collect();
        let names = headings.iter().map(|heading| heading.trim_start_matches('>').to_owned()).collect();
        Table { right, rows: vec![names] }
    }

    /// Adds a row.
    pub fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(|cell| clean(cell.as_ref()).into_owned()).collect());
    }

    /// The lines.
    pub fn text(&self) -> String {
        let columns = self.right.len();
        let cell = |row: &Vec<String>, column: usize| row.get(column).map_or(0, |cell| width(cell));
        let widths: Vec<usize> =
            (0..columns).map(|column| self.rows.iter().map(|row| cell(row, column)).max().unwrap_or(0)).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate().take(columns) {
                let padding = " ".repeat(widths[column] - width(cell));
                let space = if column == 0 { "" } else { "  " };
                match self.right[column] {
                    true => line.extend([space, &padding, cell]),
                    false => line.extend([space, cell, &padding]),
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_by_display_width() {
        let mut table = Table::new(&["name", ">files", "state"]);
        table.row(["表表", "5", "ok"]);
        table.row(["a\nb", "14,808", ""]);
        assert_eq!(table.text(), "name   files  state\n表表       5  ok\na\u{FFFD}b   14,808\n");
    }
}

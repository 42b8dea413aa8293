//! Columns of text, or sentences for those who hear it. Cells are made harmless, numbers stand at the right, widths are display widths; the last column is
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

    /// The rows as sentences, to be heard: nothing is padded, every cell is named by its heading, an empty one is left
    /// out. `sales.orders dt=1: files 14,808, after 16, time about 29 s`
    pub fn sentences(&self) -> String {
        let Some((headings, rows)) = self.rows.split_first() else { return String::new() };
        let mut text = String::new();
        for row in rows {
            let mut cells = row.iter().zip(headings).filter(|(cell, _)| !cell.trim().is_empty());
            let Some((first, _)) = cells.next() else { continue };
            let named = |(cell, heading): (&String, &String)| {
                let cell = aloud(cell.trim());
                if heading.is_empty() { cell } else { format!("{heading} {cell}") }
            };
            let rest: Vec<String> = cells.map(named).collect();
            let colon = if rest.is_empty() { "" } else { ": " };
            text.push_str(&format!("{}{colon}{}\n", first.trim(), rest.join(", ")));
        }
        text
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

/// A cell as it is read: `~29 s` is about 29 s, `14,002 -> 19` is 14,002 to 19.
pub fn aloud(cell: &str) -> String {
    let cell = cell.replace(" -> ", " to ");
    match cell.strip_prefix('~') {
        Some(rest) => format!("about {rest}"),
        None => cell,
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
        assert_eq!(table.sentences(), "表表: files 5, state ok\na\u{FFFD}b: files 14,808\n");
    }
}

//! The drawn characters, in Unicode and in ASCII.

/// Eighths of a cell, from the left and from below.
const LEFT: [&str; 9] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];
const BELOW: [&str; 9] = ["·", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const DIGITS: [&str; 9] = [".", "1", "2", "3", "4", "5", "6", "7", "8"];

/// A set of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyphs {
    ascii: bool,
}

impl Glyphs {
    /// The set.
    pub fn new(ascii: bool) -> Glyphs {
        Glyphs { ascii }
    }

    /// What cuts a name.
    pub fn ellipsis(self) -> &'static str {
        if self.ascii { ".." } else { "…" }
    }

    /// A vertical line.
    pub fn vertical(self) -> &'static str {
        if self.ascii { "|" } else { "│" }
    }

    /// A horizontal line.
    pub fn horizontal(self) -> &'static str {
        if self.ascii { "-" } else { "─" }
    }

    /// The corners of a box: left above, right above, left below, right below.
    pub fn corners(self) -> [&'static str; 4] {
        if self.ascii { ["+", "+", "+", "+"] } else { ["┌", "┐", "└", "┘"] }
    }

    /// Nothing, in a bar.
    pub fn dot(self) -> &'static str {
        if self.ascii { "." } else { "·" }
    }

    /// A count in one cell: the number of its digits.
    pub fn magnitude(self, count: u64) -> &'static str {
        let digits = count.checked_ilog10().map_or(0, |digits| digits as usize + 1).min(8);
        if self.ascii { DIGITS[digits] } else { BELOW[digits] }
    }

    /// A cell of a standing bar, filled by eighths.
    pub fn standing(self, eighths: usize) -> &'static str {
        match (self.ascii, eighths.min(8)) {
            (_, 0) => " ",
            (true, 1..4) => ":",
            (true, _) => "#",
            (false, eighths) => BELOW[eighths],
        }
    }

    /// A lying bar of eighths of cells.
    pub fn lying(self, eighths: usize) -> String {
        if self.ascii {
            return "#".repeat(eighths.div_ceil(8));
        }
        format!("{}{}", "█".repeat(eighths / 8), LEFT[eighths % 8])
    }

    /// A lying bar of what is predicted.
    pub fn predicted(self, eighths: usize) -> String {
        let cells = if eighths == 0 { 0 } else { (eighths / 8).max(1) };
        (if self.ascii { ":" } else { "░" }).repeat(cells)
    }
}

/// The length of a bar in eighths of `cells` cells: at least one where there is something.
pub fn eighths(value: u64, most: u64, cells: usize, logarithmic: bool) -> usize {
    if value == 0 || most == 0 {
        return 0;
    }
    let share =
        if logarithmic { (1.0 + value as f64).log2() / (1.0 + most as f64).log2() } else { value as f64 / most as f64 };
    ((share * cells as f64 * 8.0).round() as usize).clamp(1, cells * 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glyph_counts_digits() {
        let glyphs = Glyphs::new(false);
        let row: String = [0, 9, 10, 999, 1_000, 99_999_999, u64::MAX].map(|n| glyphs.magnitude(n)).concat();
        assert_eq!(row, "·▁▂▃▄██");
        assert_eq!([0, 9, 10, 12_345].map(|n| Glyphs::new(true).magnitude(n)).concat(), ".125");
    }

    #[test]
    fn bars_are_as_long_as_the_documented_ones() {
        // The pane of console.md: 24 eighths high, the most is 9,870.
        let heights = [12, 1_310, 9_870, 2_790, 16, 3, 1, 0].map(|n| eighths(n, 9_870, 3, true));
        assert_eq!(heights, [7, 19, 24, 21, 7, 4, 2, 0]);
        assert_eq!(Glyphs::new(false).lying(eighths(204, 268_402, 24, true)), "██████████▎");
    }
}

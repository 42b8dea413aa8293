//! Histograms as bars: standing in a pane, lying with now and afterwards beside each other.

use super::canvas::Canvas;
use super::glyphs::eighths;
use super::numbers::fitting_count;
use super::theme::Role;
use crate::app::{BarMode, edge};
use crate::model::{Histogram, Measure, Policy, bin_of, histogram_edges, size_text};

/// What the bars count.
pub fn measure(mode: BarMode) -> Measure {
    match mode {
        BarMode::BytesLinear => Measure::Bytes,
        _ => Measure::Files,
    }
}

fn number(value: u64, mode: BarMode, columns: usize) -> String {
    match mode {
        BarMode::BytesLinear => {
            let text =
                size_text(value).replace(" KiB", "K").replace(" MiB", "M").replace(" GiB", "G").replace(" TiB", "T");
            text.replace(" B", "")
        }
        _ => fitting_count(value, columns),
    }
}

/// Ten standing bars with counts and labels: `height` rows, the last two are those.
pub fn standing(canvas: &mut Canvas<'_>, y: u16, height: u16, histogram: &Histogram, policy: &Policy, mode: BarMode) {
    let bars = histogram.bars(policy.block_size);
    let values = bars.measure(measure(mode));
    let most = values.iter().copied().max().unwrap_or(0);
    let line = bars.line_before(policy.small_file_threshold());
    let cells = usize::from(height.saturating_sub(2));
    let labels = bars.labels();
    let edge = |bar: usize| 9 + 7 * bar as u16 + u16::from(bar >= line);
    for (bar, value) in values.iter().enumerate() {
        let filled = eighths(*value, most, cells, mode == BarMode::FilesLog);
        for cell in 0..cells {
            let part = filled.saturating_sub(cell * 8).min(8);
            let glyph = canvas.glyphs.standing(part);
            if part > 0 {
                canvas.text(edge(bar) - 5, y + (cells - 1 - cell) as u16, &glyph.repeat(5), Role::Bar);
            }
        }
        canvas.right(edge(bar), y + cells as u16, &number(*value, mode, 6), Role::Text);
        canvas.right(edge(bar), y + cells as u16 + 1, &labels[bar], Role::Dim);
    }
    let vertical = canvas.glyphs.vertical();
    for row in 0..height {
        canvas.text(9 + 7 * (line as u16 - 1), y + row, vertical, Role::Dim);
    }
}

/// A row of lying bars.
pub struct LyingRow {
    /// `16K-64K`.
    pub label: String,
    /// Now.
    pub now: u64,
    /// Afterwards, where it is known.
    pub after: Option<u64>,
    /// Whether small ends before this row.
    pub line_before: bool,
    /// Whether the target size lies in it.
    pub target: bool,
}

/// The rows of the ten bars, two bins each.
pub fn rows(now: &Histogram, after: Option<&Histogram>, policy: &Policy, mode: BarMode) -> Vec<LyingRow> {
    let bars = now.bars(policy.block_size);
    let line = bars.line_before(policy.small_file_threshold());
    let labels = bars.labels();
    let values = bars.measure(measure(mode));
    let afterwards = after.map(|after| after.bars(policy.block_size).measure(measure(mode)));
    (0..10)
        .map(|bar| LyingRow {
            label: match bar {
                0 => labels[0].clone(),
                9 => format!(">={}", labels[9].trim_end_matches('+')),
                _ => format!("{}-{}", labels[bar], labels[bar + 1].trim_end_matches('+')),
            },
            now: values[bar],
            after: afterwards.map(|values| values[bar]),
            line_before: bar == line,
            target: bar == 8,
        })
        .collect()
}

/// Each bin by itself, from the least to the largest that is there or the target: for wide screens. None where they are
/// more than `most`.
pub fn single_rows(
    now: &Histogram,
    after: Option<&Histogram>,
    policy: &Policy,
    mode: BarMode,
    most: usize,
) -> Option<Vec<LyingRow>> {
    let (target, small) = (bin_of(policy.block_size.0), bin_of(policy.small_file_threshold().0));
    let there = now.bins().iter().chain(after.into_iter().flat_map(Histogram::bins)).map(|(bin, ..)| *bin);
    let (lowest, highest) = there.fold((target - 1, target), |(low, high), bin| (low.min(bin), high.max(bin)));
    if usize::from(highest - lowest) >= most {
        return None;
    }
    let of = |histogram: &Histogram, bin: u8| {
        let found = histogram.bins().iter().find(|(other, ..)| *other == bin);
        found.map_or(0, |(_, files, bytes)| if measure(mode) == Measure::Bytes { *bytes } else { *files })
    };
    let label = |bin: u8| match histogram_edges(bin) {
        (0, _) => "0".to_owned(),
        (from, Some(to)) => format!("{}-{}", edge(from), edge(to)),
        (from, None) => format!(">={}", edge(from)),
    };
    let row = |bin: u8| LyingRow {
        label: label(bin),
        now: of(now, bin),
        after: after.map(|after| of(after, bin)),
        line_before: bin == small + 1 && bin > lowest,
        target: bin == target || bin + 1 == target,
    };
    Some((lowest..=highest).map(row).collect())
}

/// Now and afterwards, one row each bar, on one scale: as many rows as fit; the number used.
pub fn lying(canvas: &mut Canvas<'_>, y: u16, rows: &[LyingRow], mode: BarMode, threshold: &str) -> u16 {
    let most = rows.iter().map(|row| row.now.max(row.after.unwrap_or(0))).max().unwrap_or(0);
    let logarithmic = mode == BarMode::FilesLog;
    let wide = canvas.width() >= 100;
    let narrow = canvas.width() < 80;
    let (cells, after_cells) = if wide { (36, 27) } else { (24, 18) };
    let after_end = 22 + cells as u16 + 9;
    let mut line = y;
    for row in rows {
        if row.line_before {
            canvas.rule(line, threshold);
            line += 1;
        }
        canvas.right(11, line, &row.label, Role::Text);
        canvas.right(21, line, &number(row.now, mode, 8), Role::Text);
        let bar = canvas.glyphs.lying(eighths(row.now, most, cells, logarithmic));
        canvas.text(22, line, &bar, Role::Bar);
        if let Some(after) = row.after {
            canvas.right(after_end, line, &number(after, mode, 8), Role::Text);
        }
        if let Some(after) = row.after.filter(|_| !narrow) {
            let bar = canvas.glyphs.predicted(eighths(after, most, after_cells, logarithmic));
            canvas.text(after_end + 1, line, &bar, Role::Predicted);
        }
        if row.target && !narrow {
            canvas.text(after_end + 1 + after_cells as u16 - 3, line, "target", Role::Dim);
        }
        line += 1;
    }
    line - y
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Size;

    #[test]
    fn single_bins_hold_every_file_once_or_are_not_drawn() {
        let policy = Policy::default();
        let mut now = Histogram::default();
        for bin in 10..20 {
            now.add(Size(1 << bin));
        }
        let rows = single_rows(&now, None, &policy, BarMode::FilesLog, 20).unwrap();
        assert_eq!(rows.iter().map(|row| row.now).sum::<u64>(), now.files());
        assert_eq!((rows[0].label.as_str(), rows[rows.len() - 1].label.as_str()), ("1K-2K", "128M-256M"));
        let targets: Vec<&str> = rows.iter().filter(|row| row.target).map(|row| row.label.as_str()).collect();
        assert_eq!(targets, ["64M-128M", "128M-256M"]);
        let line: Vec<&str> = rows.iter().filter(|row| row.line_before).map(|row| row.label.as_str()).collect();
        assert_eq!(line, ["16M-32M"], "12.8 MiB is nearer to 16 than to 8");
        assert!(single_rows(&now, None, &policy, BarMode::FilesLog, rows.len()).is_some());
        assert!(single_rows(&now, None, &policy, BarMode::FilesLog, rows.len() - 1).is_none());
        now.add(Size(0));
        let rows = single_rows(&now, None, &policy, BarMode::BytesLinear, 40).unwrap();
        assert_eq!((rows[0].label.as_str(), rows[0].now), ("0", 0), "an empty file has no bytes");
        assert_eq!(rows.iter().map(|row| row.now).sum::<u64>(), now.bytes().0);
    }
}

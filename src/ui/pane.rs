//! The panes of Browse at 110 columns and more: the parent on the left, facts of the row on the right.

use super::canvas::Canvas;
use super::glyphs::eighths;
use super::numbers::{fitting_count, short_count, work_text};
use super::theme::Role;
use crate::app::{App, BarMode, PaneFacts};
use crate::model::{BINS, Histogram, Measure, Policy, count_text, counted, wrap};

/// The list of tables beside a table's partitions.
pub fn parent(app: &App, canvas: &mut Canvas<'_>, database: &str, current: &str) {
    let mut tables: Vec<&crate::model::TableStats> =
        app.data.tables.rows().iter().filter(|table| table.name.database == database).collect();
    tables.sort_by(|a, b| crate::model::worst_first(a, b));
    canvas.field(0, 0, canvas.width().saturating_sub(11), database, Role::Heading);
    let end = canvas.width();
    canvas.right(end, 0, &counted(tables.len() as u64, "table"), Role::Heading);
    let height = usize::from(canvas.height().saturating_sub(1));
    let at = tables.iter().position(|table| table.name.table == current).unwrap_or(0);
    let top = (at + 1).saturating_sub(height);
    for (line, table) in tables.iter().skip(top).take(height).enumerate() {
        let y = line as u16 + 1;
        let is_current = table.name.table == current;
        canvas.text(0, y, if is_current { ">" } else { " " }, Role::Key);
        let figure = match table.state() {
            state @ ("REFUSED" | "ERR" | "?" | "part" | "HOT") => state.to_owned(),
            _ => short_count(table.saves),
        };
        canvas.field(2, y, end.saturating_sub(figure.len() as u16 + 3), &table.name.table, Role::Text);
        canvas.right(end, y, &figure, Role::Text);
        if is_current {
            canvas.bold_row(y);
        }
    }
}

/// Facts of the row under the cursor.
pub fn facts(app: &App, canvas: &mut Canvas<'_>, facts: &PaneFacts) {
    let policy = &app.data.policy;
    canvas.field(0, 0, canvas.width(), &facts.name, Role::Heading);
    canvas.text(0, 1, &format!("{}  {}", counted(facts.files, "file"), facts.bytes), Role::Text);
    if facts.files == 0 {
        notes(canvas, 3, facts);
        return;
    }
    canvas.text(0, 2, &format!("avg {}  median {}", facts.average, facts.median), Role::Text);
    if let Some(small) = facts.small {
        let threshold = policy.small_file_threshold();
        canvas.text(0, 3, &format!("{} below {threshold}", count_text(small)), Role::Text);
    }
    let end = canvas.width();
    let predicted = facts.after.is_some();
    canvas.text(0, 5, &format!("  from  {}", app.bars.words()), Role::Heading);
    if predicted {
        canvas.right(end.saturating_sub(1), 5, "after", Role::Heading);
    }
    let room = canvas.height().saturating_sub(6 + 7);
    let used = bins(canvas, 6, room, facts, policy, app.bars);
    let mut y = 6 + used + 1;
    if let (Some(files), Some(after)) = (facts.after_files, &facts.after) {
        let _ = after;
        y = pair(canvas, y, "after", &format!("~{}", counted(files, "file")));
    }
    if facts.saves > 0 {
        let heap = facts.saves * 150 / 1_000_000;
        let heap = if heap > 0 { format!(", ~{heap} MB") } else { String::new() };
        y = pair(canvas, y, "saves", &format!("{} objects{heap}", short_count(facts.saves)));
        let measured = if app.data.rates.measured { "measured here" } else { "by default" };
        y = pair(canvas, y, "work", &format!("~{}, {measured}", work_text(facts.work)));
    }
    notes(canvas, y, facts);
}

fn notes(canvas: &mut Canvas<'_>, mut y: u16, facts: &PaneFacts) {
    for (word, text) in &facts.notes {
        let width = usize::from(canvas.width()).saturating_sub(9);
        let text = crate::model::clean(text).into_owned();
        let mut first = true;
        for line in wrap(&text, width) {
            y = pair(canvas, y, if first { word } else { "" }, &line);
            first = false;
        }
    }
}

fn pair(canvas: &mut Canvas<'_>, y: u16, word: &str, text: &str) -> u16 {
    canvas.text(0, y, word, Role::Dim);
    canvas.line(9, y, canvas.width().saturating_sub(9), text, Role::Text);
    y + 1
}

/// Bins as lying bars, and afterwards beside them; the rows used. Where single bins do not fit, several share a row:
/// the smallest files are what matters, and must not be cut.
fn bins(canvas: &mut Canvas<'_>, y: u16, room: u16, facts: &PaneFacts, policy: &Policy, mode: BarMode) -> u16 {
    let target = 64 - policy.block_size.0.leading_zeros() as u8;
    let small = 64 - policy.small_file_threshold().0.leading_zeros() as u8;
    let (first, last, step) = bin_rows(facts, target, small, room);
    let of = |histogram: &Histogram, from: u8| -> u64 {
        let within = histogram.bins().iter().filter(|(bin, _, _)| (from..from + step).contains(bin));
        let bytes = super::bars::measure(mode) == Measure::Bytes;
        within.map(|(_, files, size)| if bytes { *size } else { *files }).sum()
    };
    let rows = || (first..=last).step_by(usize::from(step));
    let most = rows().map(|bin| of(&facts.histogram, bin)).max().unwrap_or(0);
    let mut row = y;
    for bin in rows() {
        if bin == small + 1 && bin > first {
            let dash = canvas.glyphs.horizontal().repeat(2);
            canvas.text(0, row, &format!("{dash} small is above this line {dash}"), Role::Dim);
            row += 1;
        }
        let from = if bin == 0 { 0 } else { 1u64 << (bin - 1) };
        canvas.right(6, row, &crate::app::edge(from), Role::Text);
        let now = of(&facts.histogram, bin);
        let shown = if mode == BarMode::BytesLinear {
            crate::model::size_text(now).replace("iB", "").replace(' ', "")
        } else {
            fitting_count(now, 6)
        };
        canvas.right(13, row, &shown, Role::Text);
        let bar = canvas.glyphs.lying(eighths(now, most, 10, mode == BarMode::FilesLog));
        canvas.text(14, row, &bar, Role::Bar);
        if let Some(after) = facts.after.as_ref().map(|after| of(after, bin)).filter(|after| *after > 0) {
            canvas.right(28, row, &fitting_count(after, 4), Role::Text);
            let mark = canvas.glyphs.predicted(8);
            canvas.text(29, row, &mark, Role::Predicted);
        }
        row += 1;
    }
    row - y
}

/// The first bin, the last, and how many share a row, so that a row begins where small ends.
fn bin_rows(facts: &PaneFacts, target: u8, small: u8, room: u16) -> (u8, u8, u8) {
    let used = facts.histogram.bins().iter().chain(facts.after.iter().flat_map(|after| after.bins()));
    let (lowest, highest) = used.fold((target, target), |(low, high), (bin, _, _)| (low.min(*bin), high.max(*bin)));
    let room = u8::try_from(room).unwrap_or(u8::MAX).saturating_sub(1).max(1);
    let aligned = |step: u8| {
        let off = (small + 1).saturating_sub(lowest) % step;
        lowest.saturating_sub(if off == 0 { 0 } else { step - off })
    };
    let fits = |step: &u8| (highest - aligned(*step)) / step < room;
    let step = (1..=BINS).find(fits).unwrap_or(BINS);
    (aligned(step), highest, step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Size, Work};

    #[test]
    fn every_bin_has_a_row_however_low_the_pane() {
        let mut histogram = Histogram::default();
        for bin in 0..40 {
            histogram.add_bin(bin, 1, 0);
        }
        let facts = PaneFacts {
            growth: None,
            came: None,
            name: String::new(),
            files: 40,
            bytes: Size(0),
            average: Size(0),
            median: Size(0),
            small: None,
            histogram,
            after: None,
            after_files: None,
            saves: 0,
            work: Work::default(),
            notes: Vec::new(),
        };
        for room in 2..60 {
            let (first, last, step) = bin_rows(&facts, 28, 24, room);
            assert!(first == 0 && last == 39, "{room}");
            assert!(u16::from((last - first) / step) < room.max(2), "{room}");
            assert!(first == 0 || (25 - first) % step == 0, "{room}");
        }
    }
}

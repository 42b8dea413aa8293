//! The end of a run: what it holds, its files by size before and after beside what its plan said, and what readers that
//! cache listings should run.

use super::bars::measure;
use super::canvas::Canvas;
use super::glyphs::eighths;
use super::numbers::fitting_count;
use super::theme::Role;
use crate::app::{App, BarMode};
use crate::model::{ExchangedSizes, Histogram, Measure, RunId, RunKind, RunSnapshot, counted, size_text, width};

/// The line under the result: what lies in backups, and from when on it can be deleted.
pub fn held(app: &App, snapshot: &RunSnapshot, canvas: &mut Canvas<'_>) {
    let Some(summary) = app.data.runs.get(&snapshot.run).filter(|summary| summary.backup_files > 0) else { return };
    let held = format!("{}, {} in backups", counted(summary.backup_files, "file"), summary.backup_bytes);
    let from = match summary.cleanup_from {
        Some(from) if from > app.data.now => format!("; C can delete them from {} on", from.format("%m-%d %H:%M")),
        Some(_) => "; C deletes them".to_owned(),
        None => String::new(),
    };
    canvas.clauses(2, 1, canvas.width() - 2, &format!("{held}{from}"), Role::Text);
}

/// Sizes and statements, in as many rows as the layout gave them.
pub fn draw(app: &App, run: &RunId, canvas: &mut Canvas<'_>, (sizes, refresh): (u16, u16)) {
    let Some(shown) = app.data.runs.shown.get(run) else { return };
    let (columns, height) = (canvas.width(), canvas.height());
    // Where not all fit, statements leave first: `c` copies them anyway.
    let sizes = sizes.min(height);
    let refresh = refresh.min(height - sizes);
    if let Some(exchanged) = shown.sizes.as_ref().filter(|_| sizes > 0) {
        by_size(app, run, exchanged, &mut canvas.part(0, 0, columns, sizes));
    }
    if refresh > 0 {
        let mut part = canvas.part(0, sizes, columns, refresh);
        part.rule(0, "for engines that cache listings; c s copies all");
        for (y, line) in shown.refresh.iter().take(usize::from(refresh - 1)).enumerate() {
            part.field(1, 1 + y as u16, columns - 1, line, Role::Text);
        }
    }
}

fn by_size(app: &App, run: &RunId, sizes: &ExchangedSizes, canvas: &mut Canvas<'_>) {
    let mode = app.bars;
    let planned = match &sizes.predicted {
        Some(_) => format!("; {} = planned", canvas.glyphs.vertical()),
        None => String::new(),
    };
    let kind = app.data.runs.watched.get(run).map(|snapshot| snapshot.kind);
    let what = if kind == Some(RunKind::Rollback) { "rolled back" } else { "exchanged" };
    let what = if app.is_narrow() { String::new() } else { format!("what was {what}, ") };
    canvas.rule(0, &format!("{what}before and after: {}{planned}", mode.words()));
    let of = |histogram: &Histogram| histogram.bars(app.data.policy.block_size);
    let (before, after) = (of(&sizes.before), of(&sizes.after));
    let planned = sizes.predicted.as_ref().map(of);
    let values = (before.measure(measure(mode)), after.measure(measure(mode)));
    let planned = planned.map(|bars| bars.measure(measure(mode)));
    let most = values.0.iter().chain(&values.1).copied().max().unwrap_or(0);
    // Lengths of what is not written yet are the sums of their sources.
    let larger = sizes.predicted.as_ref().is_some_and(|predicted| sizes.after.bytes() > predicted.bytes());
    let unplanned = if larger { "larger than planned" } else { "smaller than planned" };
    let labels = before.labels();
    let rows = app.shown_bars(sizes).into_iter().map(|bar| Row {
        label: match bar {
            0 => labels[0].clone(),
            9 => format!(">={}", labels[9].trim_end_matches('+')),
            _ => format!("{}-{}", labels[bar], labels[bar + 1].trim_end_matches('+')),
        },
        before: values.0[bar],
        after: values.1[bar],
        planned: planned.map(|planned| planned[bar]),
        unplanned,
    });
    let rows: Vec<Row> = rows.collect();
    // Both bars are as long as the words beside them leave room for.
    let words = rows.iter().map(|row| width(&row.words(mode))).max().unwrap_or(0) as u16;
    let room = canvas.width().saturating_sub(BEFORE + 10 + 1 + words + 1);
    let cells = (room / 2).clamp(4, 36);
    for (line, row) in rows.iter().enumerate() {
        row.draw(canvas, 1 + line as u16, cells, most, mode);
    }
}

/// Where the bars of what was before begin.
const BEFORE: u16 = 22;

struct Row {
    label: String,
    before: u64,
    after: u64,
    planned: Option<u64>,
    /// What is said where nothing was planned.
    unplanned: &'static str,
}

impl Row {
    /// Whether it is as planned, in words.
    fn words(&self, mode: BarMode) -> String {
        match self.planned {
            None => String::new(),
            Some(0) if self.after == 0 => String::new(),
            Some(0) => self.unplanned.to_owned(),
            Some(planned) if planned == self.after => "as planned".to_owned(),
            Some(planned) => format!("planned {}", number(planned, mode)),
        }
    }

    fn draw(&self, canvas: &mut Canvas<'_>, y: u16, cells: u16, most: u64, mode: BarMode) {
        let length = |value: u64| eighths(value, most, usize::from(cells), mode == BarMode::FilesLog);
        canvas.right(11, y, &self.label, Role::Text);
        canvas.right(21, y, &number(self.before, mode), Role::Text);
        let bar = canvas.glyphs.lying(length(self.before));
        canvas.text(BEFORE, y, &bar, Role::Bar);
        let end = BEFORE + cells + 9;
        canvas.right(end, y, &number(self.after, mode), Role::Text);
        let bar = canvas.glyphs.lying(length(self.after));
        let x = canvas.text(end + 1, y, &bar, Role::Bar);
        let Some(planned) = self.planned else { return };
        if planned > 0 {
            let mark = end + 1 + length(planned).div_ceil(8) as u16;
            let vertical = canvas.glyphs.vertical();
            canvas.text(mark.max(x), y, vertical, Role::Predicted);
        }
        canvas.right(canvas.width(), y, &self.words(mode), Role::Dim);
    }
}

fn number(value: u64, mode: BarMode) -> String {
    if measure(mode) == Measure::Bytes { size_text(value) } else { fitting_count(value, 8) }
}

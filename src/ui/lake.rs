//! Lake: the worst tables of all databases.

use super::canvas::Canvas;
use super::columns::{self, Cells, Figures};
use super::numbers::short_count;
use super::theme::Role;
use crate::app::App;
use crate::model::{Scanned, TableStats, count_text, counted};

/// Draws it.
pub fn draw(app: &App, canvas: &mut Canvas<'_>) {
    let mut y = 0;
    if let Some(run) = app.data.runs.attention().next() {
        let what = match run.targets - run.targets_done.min(run.targets) {
            0 => "needs a person".to_owned(),
            _ => "stopped in the middle".to_owned(),
        };
        let text = format!("! {} {what}, {}@{}", run.run.short(), run.user, run.host);
        let end = canvas.width();
        canvas.line(0, y, end.saturating_sub(12), &text, Role::Bad);
        canvas.right(end, y, "! opens it", Role::Key);
        y += 1;
    }
    totals(app, canvas, y);
    let chosen = columns::choose(app, canvas.width(), true);
    columns::heading(canvas, y + 1, "table", &chosen, &app.data.policy);
    let rows = app.list().map(|list| list.rows()).unwrap_or_default();
    let shown = &rows[app.window()];
    let top = y + 2;
    let cursor = app.list().and_then(|list| list.selected());
    for (line, row) in shown.iter().enumerate() {
        let Some(table) = app.data.tables.rows().get(*row as usize) else { continue };
        let mut cells = table_cells(app, table, table.name.to_string());
        cells.cursor = cursor == Some(*row);
        columns::row(canvas, top + line as u16, &cells, &chosen, &app.data.policy);
    }
    if rows.is_empty() {
        empty(app, canvas, top);
    }
}

/// A table's cells.
pub fn table_cells(app: &App, table: &TableStats, name: String) -> Cells {
    let state = table.state();
    let figures = Figures {
        files: table.files(),
        bytes: table.bytes(),
        average: crate::model::Size(table.bytes().0.checked_div(table.files()).unwrap_or(0)),
        median: table.median,
        histogram: table.histogram.clone(),
        saves: table.saves,
        work: table.work(&app.data.rates),
        scanned: if table.error.is_some() && table.files() > 0 { Scanned::Whole } else { table.scanned },
        state,
    };
    let hot = table.newest.and_then(|newest| newest.age(app.data.now));
    let mut cells = Cells::of(name, figures).hot_since(hot);
    if table.scanned != Scanned::No {
        cells = cells.aged(app.data.now, table.at);
        cells.targets = format!("{}/{}", count_text(table.candidates), count_text(table.targets));
    }
    if table.scanned == Scanned::No && table.error.is_none() {
        // What the catalog claims goes stale with every insert.
        cells.files = table.claimed_files.map_or(String::new(), |files| format!("~{}", count_text(files)));
        cells.size = table.claimed_bytes.map_or(String::new(), |bytes| format!("~{bytes}"));
    }
    cells.marked = app.data.basket.of(&table.name).is_some();
    cells
}

fn totals(app: &App, canvas: &mut Canvas<'_>, y: u16) {
    let (totals, partial) = app.data.tables.totals();
    if totals.tables == 0 {
        return;
    }
    let plus = if partial { "+" } else { "" };
    let mut text = format!(
        "  {}  {}{plus} files  {}{plus} objects   saves {}{plus}",
        counted(totals.tables, "table"),
        short_count(totals.files),
        short_count(totals.objects),
        short_count(totals.saves)
    );
    let (files, bytes) = app.held();
    if files > 0 {
        let bytes = if canvas.width() >= 100 { format!(" files {bytes}") } else { String::new() };
        text.push_str(&format!("   in backups {}{bytes}", short_count(files)));
    }
    match app.in_trash() {
        crate::model::Size(0) => {}
        bytes => text.push_str(&format!("   in trash ~{bytes}")),
    }
    canvas.clauses(0, y, canvas.width(), &text, Role::Text);
}

fn empty(app: &App, canvas: &mut Canvas<'_>, y: u16) {
    let filter = app.list().map(|list| list.filter().text()).unwrap_or_default();
    let reading = !app.data.readings.is_empty() || !app.is_lake_loaded();
    let text = match (filter, reading) {
        ("", true) => format!("  looking for tables{}", canvas.glyphs.ellipsis()),
        ("", false) => "  This lake has no tables.".to_owned(),
        (filter, _) => format!("  No table matches /{filter}. Esc clears the filter."),
    };
    canvas.text(0, y, &text, Role::Text);
}

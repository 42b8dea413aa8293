//! Browse: databases, tables, partitions, files; the same columns at each level.

use super::bars;
use super::canvas::Canvas;
use super::columns::{self, Cells, Column, Figures};
use super::lake::table_cells;
use super::numbers::{row_age, short_count, work_text};
use super::pane;
use super::theme::{Role, role_of};
use crate::app::{App, PaneFacts, View, file_state};
use crate::model::{Scanned, TableName, count_text, counted, width};

const PARENT: u16 = 22;
const FACTS: u16 = 30;

/// Draws it.
pub fn draw(app: &App, canvas: &mut Canvas<'_>) {
    let (width, height) = (canvas.width(), canvas.height());
    let sections = app.sections();
    let summary = u16::from(sections.above > 1);
    if summary > 0 {
        summary_line(app, canvas);
    }
    let body = height - summary;
    if app.has_panes() {
        let parent = parent_of(app);
        let left = if parent.is_some() { PARENT } else { 0 };
        let gap = u16::from(left > 0);
        if let Some((database, table)) = parent {
            pane::parent(app, &mut canvas.part(0, summary, left, body), database, table);
            vertical(canvas, left, summary, body);
        }
        let list_width = width - left - gap - FACTS - 1;
        list(app, &mut canvas.part(left + gap, summary, list_width, body), body - 1);
        vertical(canvas, width - FACTS - 1, summary, body);
        if let Some(facts) = app.pane_facts() {
            pane::facts(app, &mut canvas.part(width - FACTS, summary, FACTS, body), &facts);
        }
        return;
    }
    let rows = height - sections.above - sections.below;
    list(app, &mut canvas.part(0, summary, width, rows + 1), rows);
    if sections.below > 0
        && let Some(facts) = app.pane_facts()
    {
        let mut below = canvas.part(0, height - sections.below, width, sections.below);
        if app.is_narrow() { short_facts(app, &mut below, &facts) } else { histogram(app, &mut below, &facts) }
    }
}

fn vertical(canvas: &mut Canvas<'_>, x: u16, y: u16, height: u16) {
    let line = canvas.glyphs.vertical();
    for row in 0..height {
        canvas.text(x, y + row, line, Role::Dim);
    }
}

fn parent_of(app: &App) -> Option<(&str, &str)> {
    match app.view() {
        View::Partitions(TableName { database, table }) => Some((database, table)),
        View::Files(target) => Some((&target.database, &target.table)),
        _ => None,
    }
}

fn summary_line(app: &App, canvas: &mut Canvas<'_>) {
    let end = canvas.width();
    let text = app.level_summary();
    canvas.text(0, 0, &format!("  {text}"), Role::Text);
    let sums = app.data.basket.sums();
    if app.data.basket.is_empty() {
        return;
    }
    let hidden = app.hidden_marks();
    let (files, bytes) = sums.shown();
    let mut parts = vec![format!("{} marked", count_text(sums.targets))];
    if hidden > 0 {
        parts[0].push_str(&format!(", {} hidden by the filter", count_text(hidden as u64)));
    }
    parts.extend([format!("{files} files"), bytes]);
    if end >= 110 {
        let work = work_text(sums.work(&app.data.rates));
        parts.extend([format!("saves {}", short_count(sums.saves)), format!("work ~{work}")]);
    }
    // Where there is no room for all of it, what is marked stays longest.
    let room = usize::from(end.saturating_sub(6)).saturating_sub(width(&text) + 2);
    while parts.len() > 1 && width(&parts.join("  ")) > room {
        parts.pop();
    }
    canvas.right(end.saturating_sub(3), 0, &parts.join("  "), Role::Text);
}

fn list(app: &App, canvas: &mut Canvas<'_>, height: u16) {
    let policy = &app.data.policy;
    let chosen = match app.view() {
        View::Files(_) => vec![Column::Size, Column::Age, Column::State],
        _ if app.has_panes() => list_columns(app, canvas.width()),
        _ => columns::choose(app, canvas.width(), false),
    };
    columns::heading(canvas, 0, &name_heading(app), &chosen, policy);
    let rows = app.list().map(|list| list.rows()).unwrap_or_default();
    let cursor = app.list().and_then(|list| list.selected());
    for (line, row) in rows[app.window()].iter().take(usize::from(height)).enumerate() {
        let mut cells = cells_of(app, *row);
        cells.cursor = cursor == Some(*row);
        columns::row(canvas, 1 + line as u16, &cells, &chosen, policy);
    }
    if rows.is_empty() {
        empty(app, canvas);
    }
}

/// Beside the panes there is less room, and the facts pane has the rest.
fn list_columns(app: &App, width: u16) -> Vec<Column> {
    let mut chosen = vec![Column::Files, Column::Size, Column::Spark, Column::Saves, Column::State];
    let extra = if app.wide { [Column::Average, Column::Median] } else { [Column::Average, Column::Average] };
    for column in extra {
        let used: u16 = chosen.iter().map(|column| column_width(*column)).sum();
        if width >= used + 9 + 3 + 20 && !chosen.contains(&column) {
            chosen.insert(2, column);
        }
    }
    chosen
}

fn column_width(column: Column) -> u16 {
    60u16.saturating_sub(columns::name_width(&[column], 63))
}

fn name_heading(app: &App) -> String {
    match app.view() {
        View::Databases => "database".to_owned(),
        View::Tables(_) => "table".to_owned(),
        View::Files(_) => "file".to_owned(),
        View::Partitions(table) => {
            app.partition_keys(table).map_or_else(|| "partition".to_owned(), |keys| keys.join("/"))
        }
        _ => String::new(),
    }
}

fn cells_of(app: &App, row: u32) -> Cells {
    match app.view() {
        View::Databases => match app.data.tables.databases().get(row as usize) {
            Some(database) => {
                let mut cells = table_cells(app, database, database.name.database.clone());
                let of = |table: &&crate::model::TableStats| table.name.database == database.name.database;
                let mut tables = app.data.tables.rows().iter().filter(of).peekable();
                cells.marked = tables.peek().is_some() && tables.all(|table| app.data.basket.has_table(&table.name));
                cells
            }
            None => Cells::default(),
        },
        View::Tables(_) => match app.data.tables.rows().get(row as usize) {
            Some(table) => table_cells(app, table, table.name.table.clone()),
            None => Cells::default(),
        },
        View::Partitions(table) => target_cells(app, table, row),
        View::Files(_) => file_cells(app, row),
        _ => Cells::default(),
    }
}

fn target_cells(app: &App, table: &TableName, row: u32) -> Cells {
    let Some(rows) = app.data.partitions.get(table).filter(|rows| (row as usize) < rows.len()) else {
        return Cells::default();
    };
    let (policy, now) = (&app.data.policy, app.data.now);
    let measures = rows.measures(row);
    let state = measures.state(policy, now);
    let hot = measures.is_hot(policy, now);
    let name = rows.name(row);
    let figures = Figures {
        files: measures.files,
        bytes: measures.bytes,
        average: measures.average(),
        median: measures.median,
        histogram: rows.histogram(row),
        saves: if hot || measures.scanned != Scanned::Whole { 0 } else { measures.saves(policy) },
        work: app.data.rates.estimate(measures.files, measures.bytes),
        scanned: measures.scanned,
        state,
    };
    let shown = if name.is_empty() { "(whole table)" } else { name }.to_owned();
    let mut cells = Cells::of(shown, figures).hot_since(measures.newest.and_then(|newest| newest.age(now)));
    if let Some(newest) = measures.newest {
        cells.age = row_age(now, newest.to_utc());
    }
    cells.marked = app.data.basket.has_table(table) || app.data.basket.has_target(table, name);
    cells
}

fn file_cells(app: &App, row: u32) -> Cells {
    let files = app.data.files.as_ref().and_then(|files| files.files.as_ref());
    let Some(file) = files.and_then(|files| files.get(row as usize)) else { return Cells::default() };
    Cells {
        name: file.name.clone(),
        size: file.length.to_string(),
        age: row_age(app.data.now, file.modified.to_utc()),
        state: file_state(file.length, app.data.policy.small_file_threshold()).to_owned(),
        ..Cells::default()
    }
}

fn empty(app: &App, canvas: &mut Canvas<'_>) {
    let filter = app.list().map(|list| list.filter().text()).unwrap_or_default();
    let dots = canvas.glyphs.ellipsis();
    let text = match app.view() {
        _ if !filter.is_empty() => format!("  Nothing matches /{filter}. Esc clears the filter."),
        _ if !app.data.readings.is_empty() || !app.is_lake_loaded() => format!("  listing{dots}"),
        View::Files(_) => match app.data.files.as_ref().and_then(|files| files.failure.as_ref()) {
            Some(failure) => format!("  ERR {}", failure.line()),
            None => "  No data files.".to_owned(),
        },
        View::Partitions(_) => "  No partitions.".to_owned(),
        _ => "  This lake has no tables.".to_owned(),
    };
    canvas.field(0, 1, canvas.width(), &text, role_of(text.trim_start()));
}

fn histogram(app: &App, canvas: &mut Canvas<'_>, facts: &PaneFacts) {
    let policy = &app.data.policy;
    let small = facts.small.map(|small| format!("  {} below {}", count_text(small), policy.small_file_threshold()));
    let title = format!(
        "{}  {}  {}{}  {}",
        facts.name,
        counted(facts.files, "file"),
        facts.bytes,
        small.unwrap_or_default(),
        app.bars.words()
    );
    canvas.rule(0, &title);
    if facts.files > 0 {
        bars::standing(canvas, 1, canvas.height() - 1, &facts.histogram, policy, app.bars);
    } else if let Some((word, text)) = facts.notes.first() {
        canvas.text(2, 1, &format!("{word}  {text}"), Role::Text);
    }
}

fn short_facts(app: &App, canvas: &mut Canvas<'_>, facts: &PaneFacts) {
    canvas.rule(0, &facts.name);
    let work = work_text(facts.work);
    let saves = if facts.saves > 0 { format!("  saves {}  ~{work}", short_count(facts.saves)) } else { String::new() };
    let small = facts.small.map(|small| format!("  {} small", count_text(small))).unwrap_or_default();
    let marked = app.data.basket.sums().targets;
    let marked = if marked > 0 { format!("  {marked} marked") } else { String::new() };
    canvas.text(0, 1, &format!("  {}{saves}{small}{marked}", facts.bytes), Role::Text);
}

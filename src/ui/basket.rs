//! Basket: what is marked, by table.

use super::canvas::Canvas;
use super::numbers::{short_count, work_text};
use super::theme::{Role, role_of};
use crate::app::{App, Marked};
use crate::error::{Code, Reason};
use crate::model::{TableName, count_text, counted, duration_text};

/// Draws it.
pub fn draw(app: &App, canvas: &mut Canvas<'_>) {
    let width = canvas.width();
    if app.data.basket.is_empty() {
        let help = "Nothing is marked. Space marks a row, a marks all in the filter, :budget 30m picks the best value.";
        return canvas.wrapped(2, 0, help);
    }
    let name = width.saturating_sub(59).clamp(18, 50);
    let ends = [name + 9, name + 20, name + 30, name + 37, name + 42];
    canvas.text(3, 0, "table", Role::Heading);
    for (end, word) in ends.iter().zip(["targets", "files", "size", "saves", "work"]) {
        canvas.right(*end, 0, word, Role::Heading);
    }
    canvas.text(ends[4] + 2, 0, "note", Role::Heading);
    let tables: Vec<(&TableName, &Marked)> = app.data.basket.tables().collect();
    let rows = app.list().map(|list| list.rows()).unwrap_or_default();
    let cursor = app.list().and_then(|list| list.selected());
    for (line, row) in rows[app.window()].iter().enumerate() {
        let Some((table, marked)) = tables.get(*row as usize) else { continue };
        let y = 1 + line as u16;
        canvas.text(0, y, if cursor == Some(*row) { ">" } else { " " }, Role::Key);
        canvas.field(3, y, name - 1, &table.to_string(), Role::Text);
        let sums = &marked.sums;
        let (files, bytes) = sums.shown();
        let cells =
            [count_text(sums.targets), files, bytes, short_count(sums.saves), work_text(sums.work(&app.data.rates))];
        for (end, cell) in ends.iter().zip(&cells) {
            canvas.right(*end, y, cell, Role::Text);
        }
        let note = note(app, table, marked);
        canvas.line(ends[4] + 2, y, width.saturating_sub(ends[4] + 2), &note, role_of(&note));
        if cursor == Some(*row) {
            canvas.bold_row(y);
        }
    }
    footer(app, canvas);
}

fn note(app: &App, table: &TableName, marked: &Marked) -> String {
    let stats = app.data.tables.get(table);
    if let Some(reason) = stats.and_then(|stats| stats.reasons.first()) {
        return refused(reason);
    }
    let held = app.data.runs.live().find(|run| run.tables.contains(&table.to_string()));
    if let Some(run) = held {
        return format!("held by {}", run.run.suffix());
    }
    if let Some(note) = app.basket_note(table, marked) {
        return note;
    }
    match (marked.whole, marked.sums.partial) {
        (true, _) if marked.sums.targets == 0 => "nothing to gain".to_owned(),
        (true, _) => "whole table".to_owned(),
        (false, true) => "not all listed yet".to_owned(),
        (false, false) => String::new(),
    }
}

fn refused(reason: &Reason) -> String {
    // `web.clicks_v2 has the same location: /data/clicks`
    match reason.text.split_once(" has the same location") {
        Some((other, _)) if reason.code == Code::SharedLocation => format!("shares its location with {other}"),
        _ => format!("REFUSED {}", reason.text),
    }
}

fn footer(app: &App, canvas: &mut Canvas<'_>) {
    let y = canvas.height().saturating_sub(app.sections().below);
    let sums = app.data.basket.sums();
    let after_objects = sums.objects.saturating_sub(sums.saves);
    let space = format!("   space ~{}", sums.bytes);
    let mut text = format!(
        "  {} files -> ~{}   objects {} -> ~{}",
        count_text(sums.files),
        count_text(sums.after),
        count_text(sums.objects),
        count_text(after_objects),
    );
    let tables = app.data.basket.len() as u64;
    let work = duration_text(sums.work(&app.data.rates).0);
    let mut count = format!("  {} in {}   about {work}", counted(sums.targets, "target"), counted(tables, "table"));
    if app.is_narrow() { &mut count } else { &mut text }.push_str(&space);
    if app.sections().below > 1 {
        canvas.text(0, y, &count, Role::Text);
        canvas.text(0, y + 1, &text, Role::Text);
    } else {
        canvas.text(0, y, &text, Role::Text);
    }
}

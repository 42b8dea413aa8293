//! Log: what runs said, the calls that changed the store among it.

use super::canvas::Canvas;
use super::run::log_line;
use super::theme::Role;
use crate::app::App;

/// Draws it.
pub fn draw(app: &App, canvas: &mut Canvas<'_>) {
    let rows = app.list().map(|list| list.rows()).unwrap_or_default();
    if rows.is_empty() {
        let level = app.data.log.level.word();
        canvas.text(
            2,
            0,
            &format!("No line at level {level} or above. e changes the level; runs write here."),
            Role::Text,
        );
        return;
    }
    let cursor = app.list().and_then(|list| list.selected());
    for (y, row) in rows[app.window()].iter().enumerate() {
        let Some(line) = app.data.log.lines.get(*row as usize) else { continue };
        canvas.text(0, y as u16, if cursor == Some(*row) { ">" } else { " " }, Role::Key);
        log_line(canvas, y as u16, line, true, 2);
        if cursor == Some(*row) {
            canvas.bold_row(y as u16);
        }
    }
}

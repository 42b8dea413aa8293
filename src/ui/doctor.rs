//! Doctor: what a run needs, a line a check.

use super::canvas::Canvas;
use super::theme::{Role, role_of};
use crate::app::App;
use crate::model::width;

/// Draws it.
pub fn draw(app: &App, canvas: &mut Canvas<'_>) {
    let doctor = &app.data.doctor;
    let columns = canvas.width();
    let elapsed = doctor.since.map(|since| (app.data.now - since).to_std().unwrap_or_default()).unwrap_or_default();
    let (text, role) = match &doctor.failure {
        Some(failure) => (failure.line(), Role::Bad),
        None if app.lake.offline => ("offline: no server is asked".to_owned(), Role::Text),
        None if doctor.is_busy() => {
            (format!("checking, {} s; each check has its own limit", elapsed.as_secs()), Role::Text)
        }
        None => {
            (format!("checked {} ago; nothing was changed", app.ago(doctor.since.unwrap_or(app.data.now))), Role::Dim)
        }
    };
    canvas.line(2, 0, columns.saturating_sub(2), &text, role);
    let longest = doctor.checks.iter().map(|check| width(&check.name)).max().unwrap_or(0);
    let name = u16::try_from(longest).unwrap_or(u16::MAX).clamp(8, columns / 3);
    let rows = app.list().map(|list| list.rows()).unwrap_or_default();
    let cursor = app.list().and_then(|list| list.selected());
    for (line, row) in rows[app.window()].iter().enumerate() {
        let Some(check) = doctor.checks.get(*row as usize) else { continue };
        let y = 1 + line as u16;
        canvas.text(0, y, if cursor == Some(*row) { ">" } else { " " }, Role::Key);
        canvas.field(2, y, name, &check.name, Role::Text);
        canvas.text(name + 3, y, check.health.word(), role_of(check.health.word()));
        canvas.line(name + 10, y, columns.saturating_sub(name + 10), &check.text, Role::Text);
        if cursor == Some(*row) {
            canvas.bold_row(y);
        }
    }
}

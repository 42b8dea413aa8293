//! The guided dry-run: the nine steps of one target. The step that one stands on is shown in full, in as many rows as
//! it needs; where there is no room for all of them, the rows around it are shown.

use super::canvas::Canvas;
use super::theme::{Role, role_of};
use crate::app::{App, StepPreview};
use crate::model::{Step, width, wrap};

/// The room to the left of a result.
const GAP: u16 = 1;

/// A row of the walk.
enum Row<'a> {
    /// The line from which on readers notice.
    Line,
    /// A part of a step.
    Part { step: Option<Step>, status: &'static str, text: String, result: &'a str, current: bool },
}

impl Row<'_> {
    fn is_current(&self) -> bool {
        matches!(self, Row::Part { current: true, .. })
    }
}

/// Draws it.
pub fn draw(app: &App, _target: usize, canvas: &mut Canvas<'_>) {
    let Some(state) = &app.data.plan else { return };
    let columns = if app.is_narrow() { Columns { status: 14, text: 28 } } else { Columns { status: 17, text: 31 } };
    let mut rows = Vec::new();
    for (number, step) in state.walk.iter().enumerate() {
        if step.step == Step::Exchange {
            rows.push(Row::Line);
        }
        rows.extend(columns.rows(step, number == state.step, app.is_narrow(), canvas.width()));
    }
    let height = usize::from(canvas.height());
    let first = rows.iter().position(Row::is_current).unwrap_or(0);
    let last = rows.iter().rposition(Row::is_current).unwrap_or(0);
    let top = (last + 1).saturating_sub(height).min(first);
    for (y, row) in rows.iter().skip(top).take(height).enumerate() {
        columns.draw(row, y as u16, canvas);
    }
}

struct Columns {
    status: u16,
    text: u16,
}

impl Columns {
    fn room(&self, columns: u16, result: &str) -> u16 {
        let result = width(result) as u16;
        columns.saturating_sub(self.text + if result > 0 { result + GAP } else { 0 })
    }

    fn rows<'a>(&self, step: &'a StepPreview, current: bool, narrow: bool, columns: u16) -> Vec<Row<'a>> {
        let mut rows = Vec::new();
        // Where rows are few, what is not looked at has one.
        let shown = if narrow && !current { 1 } else { step.lines.len() };
        for (at, line) in step.lines.iter().take(shown).enumerate() {
            let room = self.room(columns, &line.result);
            let parts = if current { wrap(&line.text, usize::from(room)) } else { vec![line.text.clone()] };
            for (part, text) in parts.into_iter().enumerate() {
                let first = part == 0;
                rows.push(Row::Part {
                    step: (at == 0 && first).then_some(step.step),
                    status: if first { line.status } else { "" },
                    text,
                    result: if first { &line.result } else { "" },
                    current,
                });
            }
        }
        rows
    }

    fn draw(&self, row: &Row<'_>, y: u16, canvas: &mut Canvas<'_>) {
        let Row::Part { step, status, text, result, current } = row else {
            let title = match self.status {
                17.. => "live files are untouched up to here; readers notice from here on",
                _ => "untouched up to here; readers notice below",
            };
            return canvas.rule(y, title);
        };
        if let Some(step) = step {
            canvas.text(0, y, if *current { ">" } else { " " }, Role::Key);
            let gap = if self.status < 17 { "" } else { " " };
            canvas.text(1, y, &format!("{gap}{:>2} {}", step.number(), step.word()), Role::Text);
        }
        let done = status.starts_with("done");
        canvas.text(self.status, y, status, if done { Role::Info } else { Role::Dim });
        let room = self.room(canvas.width(), result);
        // A path is cut in the middle, a sentence at its end.
        if text.contains(' ') {
            canvas.line(self.text, y, room, text, Role::Text);
        } else {
            canvas.field(self.text, y, room, text, Role::Text);
        }
        canvas.right(canvas.width(), y, result, role_of(result));
        if *current {
            canvas.bold_row(y);
        }
    }
}

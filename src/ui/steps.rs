//! The guided dry-run: the nine steps of one target.

use super::canvas::Canvas;
use super::theme::{Role, role_of};
use crate::app::App;
use crate::model::Step;

/// Draws it.
pub fn draw(app: &App, _target: usize, canvas: &mut Canvas<'_>) {
    let Some(state) = &app.data.plan else { return };
    let mut y = 0;
    let width = canvas.width();
    for (number, step) in state.walk.iter().enumerate() {
        if step.step == Step::Exchange {
            canvas.rule(y, "live files are untouched up to here; readers notice from here on");
            y += 1;
        }
        let current = number == state.step;
        for (at, line) in step.lines.iter().enumerate() {
            if at == 0 {
                canvas.text(0, y, if current { ">" } else { " " }, Role::Key);
                canvas.text(2, y, &format!("{:>2} {}", step.step.number(), step.step.word()), Role::Text);
            }
            let done = line.status.starts_with("done");
            canvas.text(17, y, line.status, if done { Role::Info } else { Role::Dim });
            let result = u16::try_from(line.result.len()).unwrap_or(0);
            canvas.line(31, y, width.saturating_sub(32 + result), &line.text, Role::Text);
            canvas.right(width, y, &line.result, role_of(&line.result));
            if current {
                canvas.bold_row(y);
            }
            y += 1;
        }
    }
}

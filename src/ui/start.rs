//! The first start, without a configuration.

use super::canvas::Canvas;
use super::theme::Role;
use crate::app::{App, start_choices};

/// Draws it.
pub fn draw(app: &App, canvas: &mut Canvas<'_>) {
    canvas.text(2, 0, "Nothing is set up and nothing has been contacted.", Role::Text);
    for (at, (_, name, help)) in start_choices().iter().enumerate() {
        let y = 1 + at as u16;
        let current = app.place == at;
        canvas.text(0, y, if current { ">" } else { " " }, Role::Key);
        canvas.text(2, y, &format!("{}  {name}", at + 1), Role::Text);
        canvas.text(34, y, help, Role::Dim);
        if current {
            canvas.bold_row(y);
        }
    }
}

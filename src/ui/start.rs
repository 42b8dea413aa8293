//! The first start, without a configuration.

use super::canvas::Canvas;
use super::theme::Role;
use crate::app::App;

/// Where what a way needs stands, where there is room beside its name.
const BESIDE: u16 = 34;

/// Draws it; on a narrow screen what a way needs stands below its name.
pub fn draw(app: &App, canvas: &mut Canvas<'_>) {
    canvas.text(2, 0, "Nothing is set up and nothing has been contacted.", Role::Text);
    let narrow = canvas.width() < 80;
    for (at, way) in app.ways().iter().enumerate() {
        let y = 1 + at as u16 * if narrow { 2 } else { 1 };
        let current = app.place == at;
        canvas.text(0, y, if current { ">" } else { " " }, Role::Key);
        canvas.text(2, y, &format!("{}  {}", at + 1, way.name), if way.on { Role::Text } else { Role::Dim });
        let (x, below) = if narrow { (5, y + 1) } else { (BESIDE, y) };
        let help = canvas.cut(&way.help, canvas.width().saturating_sub(x));
        canvas.text(x, below, &help, Role::Dim);
        if current {
            canvas.bold_row(y);
        }
    }
}

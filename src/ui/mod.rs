//! How the console looks: the state in, a frame out. Pure, and only the rows on screen are built.
//!
//! Decisions:
//! - State is a word; colour only repeats it. Without colours (NO_COLOR) they are stripped from the buffer in one place,
//!   so that reversed and bold stay.
//! - The cursor's row is bold with `>` before it: reversing rows would cost twice the bytes of a move.

mod bars;
mod basket;
mod browse;
mod canvas;
mod columns;
mod doctor;
mod glyphs;
mod header;
mod history;
mod inspect;
mod jobs;
mod keybar;
mod lake;
mod log;
mod message;
mod numbers;
mod overlay;
mod pane;
mod parts;
mod plan;
mod preview;
mod result;
mod run;
mod start;
mod steps;
mod theme;

use ratatui::Frame;
use ratatui::buffer::Buffer;

use crate::app::{App, View};
use canvas::Canvas;
use glyphs::Glyphs;
use theme::{Role, Theme};

/// Draws the console.
pub fn view(app: &App, frame: &mut Frame<'_>) {
    draw(app, frame.buffer_mut());
}

/// Draws the console into a buffer.
pub fn draw(app: &App, buffer: &mut Buffer) {
    let theme = Theme(app.look.theme, app.look.colours);
    let mut canvas = Canvas::new(buffer, theme, Glyphs::new(app.look.ascii));
    if app.is_too_small() || canvas.width() < 20 || canvas.height() < 4 {
        too_small(app, &mut canvas);
    } else {
        screen(app, &mut canvas);
    }
    if app.look.no_color {
        canvas.strip_colours();
    }
}

fn too_small(app: &App, canvas: &mut Canvas<'_>) {
    let (columns, rows) = app.size();
    canvas.text(0, 0, &format!("needs 60x16, has {columns}x{rows};"), Role::Text);
    canvas.text(0, 1, "lakehand rollback works at any width", Role::Text);
}

fn screen(app: &App, canvas: &mut Canvas<'_>) {
    let (width, height) = (canvas.width(), canvas.height());
    header::draw(app, canvas);
    {
        let mut body = canvas.part(0, 1, width, height.saturating_sub(3));
        match app.view() {
            View::Start => start::draw(app, &mut body),
            View::Lake => lake::draw(app, &mut body),
            View::Databases | View::Tables(_) | View::Partitions(_) | View::Files(_) => browse::draw(app, &mut body),
            View::Inspect(subject) => inspect::draw(app, subject, &mut body),
            View::Basket => basket::draw(app, &mut body),
            View::Plan => plan::draw(app, &mut body),
            View::Steps(target) => steps::draw(app, *target, &mut body),
            View::Jobs | View::History | View::Attention => history::draw(app, &mut body),
            View::Run(run) => run::draw(app, run, &mut body),
            View::RunTargets(run) => history::targets(app, run, &mut body),
            View::Preview => preview::draw(app, &mut body),
            View::Log => log::draw(app, &mut body),
            View::Doctor => doctor::draw(app, &mut body),
        }
        overlay::draw(app, &mut body);
    }
    message::draw(app, canvas, height - 2);
    keybar::draw(app, canvas, height - 1);
}

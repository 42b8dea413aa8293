//! Frames on the terminal.

use std::io::Write;

use ratatui::Terminal;
use ratatui::backend::Backend;

use crate::app::App;
use crate::error::Result;
use crate::term::{Guard, Multiplexer, Output, Painter, Probe, clipboard_sequence, strip_colours};
use crate::ui;

/// The terminal while the console has it.
pub(super) struct Screen {
    terminal: Terminal<Painter<Output>>,
    output: Output,
    guard: Guard,
    probe: Probe,
}

impl Screen {
    /// Takes the terminal.
    pub(super) fn enter(probe: &Probe, profile: &str) -> Result<Screen> {
        let title = format!("lakehand {profile}");
        let guard = Guard::enter(probe.commands.then_some(title.as_str()))?;
        let output = Output::new();
        let terminal = Terminal::new(Painter::new(output.clone()))?;
        Ok(Screen { terminal, output, guard, probe: *probe })
    }

    /// Draws a frame.
    pub(super) fn draw(&mut self, app: &App) -> Result<()> {
        let _frame = self.output.synchronized();
        self.terminal.draw(|frame| {
            ui::view(app, frame);
            if !self.probe.colours {
                strip_colours(frame.buffer_mut());
            }
        })?;
        Ok(())
    }

    /// Draws a frame over whatever is on the terminal now.
    pub(super) fn redraw(&mut self, app: &App) -> Result<()> {
        let _frame = self.output.synchronized();
        // Swapping forgets the last frame, so that the next one is compared with an empty screen.
        self.terminal.swap_buffers();
        self.terminal.backend_mut().clear()?;
        self.draw(app)
    }

    /// Gives the terminal back for a while.
    pub(super) fn leave(&self) {
        self.guard.leave();
    }

    /// Takes it again; the next frame should be a [`Screen::redraw`].
    pub(super) fn enter_again(&self) -> Result<()> {
        self.guard.enter_again()
    }

    /// Columns and rows.
    pub(super) fn size(&self) -> Result<(u16, u16)> {
        Ok(crossterm::terminal::size()?)
    }

    /// Whether nobody can see a frame any more.
    pub(super) fn is_gone(&self) -> bool {
        self.output.failed()
    }

    /// Puts text on the clipboard; false where the terminal takes none or not so much.
    pub(super) fn copy(&mut self, text: &str) -> bool {
        if !self.probe.commands {
            return false;
        }
        let Some(sequence) = clipboard_sequence(text, self.probe.multiplexer) else { return false };
        self.send(&sequence);
        true
    }

    /// Rings the bell, and where the terminal may know it, shows a notice.
    pub(super) fn notify(&mut self, text: &str) {
        let mut bytes = vec![b'\x07'];
        if self.probe.commands && self.probe.multiplexer == Multiplexer::None {
            let text = crate::model::clean(text).replace(';', ",");
            bytes.extend_from_slice(format!("\x1b]777;notify;lakehand;{text}\x1b\\").as_bytes());
        }
        self.send(&bytes);
    }

    fn send(&mut self, bytes: &[u8]) {
        // A failure is remembered by the output, see `is_gone`.
        let _ = self.output.write_all(bytes).and_then(|()| self.output.flush());
    }
}

//! The writer below the screen: whole frames, counted, in a bracket that lets the terminal show them at once.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::style::Color;

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// Writes to the terminal without the locks and the line buffer of `std::io::stdout`, so that it can also be used
/// while another writer is stuck or panicking.
pub(super) fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    let stdout = io::stdout();
    while !bytes.is_empty() {
        match rustix::io::write(stdout.as_fd(), bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(rustix::io::Errno::INTR) => {}
            // Another program on this terminal made it non-blocking.
            Err(rustix::io::Errno::AGAIN) => std::thread::sleep(Duration::from_millis(2)),
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

#[derive(Debug, Default)]
struct State {
    buffer: Vec<u8>,
    in_frame: bool,
    written: u64,
    failed: bool,
}

/// A handle to the writer; clones share it. Nothing leaves before a flush, and inside a frame not before its end.
#[derive(Clone, Debug, Default)]
pub struct Output {
    state: Arc<Mutex<State>>,
}

impl Output {
    /// Makes the writer.
    pub fn new() -> Output {
        Output::default()
    }

    /// Begins a frame, which ends when the returned value is dropped. A frame inside a frame is part of it.
    #[must_use]
    pub fn synchronized(&self) -> Synchronized {
        let mut state = self.state();
        let outermost = !state.in_frame;
        state.in_frame = true;
        Synchronized { output: self.clone(), outermost }
    }

    /// Bytes written so far.
    pub fn written(&self) -> u64 {
        self.state().written
    }

    /// Whether a write failed: the terminal is gone.
    pub fn failed(&self) -> bool {
        self.state().failed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A failure is remembered, not returned: whoever draws cannot do anything about it, and ratatui would print it.
    fn send(&mut self) {
        let bytes = std::mem::take(&mut self.buffer);
        if self.failed {
            return;
        }
        match write_all(&bytes) {
            Ok(()) => self.written += bytes.len() as u64,
            Err(_) => self.failed = true,
        }
    }

    fn end_frame(&mut self) {
        self.in_frame = false;
        if !self.buffer.is_empty() {
            self.buffer.splice(0..0, BEGIN.iter().copied());
            self.buffer.extend_from_slice(END);
            self.send();
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.state().buffer.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut state = self.state();
        if !state.in_frame && !state.buffer.is_empty() {
            state.send();
        }
        Ok(())
    }
}

/// A frame being written; see [`Output::synchronized`].
#[derive(Debug)]
pub struct Synchronized {
    output: Output,
    outermost: bool,
}

impl Drop for Synchronized {
    fn drop(&mut self) {
        if self.outermost {
            self.output.state().end_frame();
        }
    }
}

/// Takes the colours out of a frame and leaves reversed, bold and underlined. Crossterm's own way of honouring
/// `NO_COLOR` resets the attributes as well, so that the cursor's row vanished.
pub fn strip_colours(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        cell.fg = Color::Reset;
        cell.bg = Color::Reset;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(output: &mut Output, bytes: &[u8]) -> Vec<u8> {
        {
            let _frame = output.synchronized();
            let _inner = output.synchronized();
            output.write_all(bytes).unwrap();
            output.flush().unwrap();
        }
        std::mem::take(&mut output.state().buffer)
    }

    #[test]
    fn a_frame_without_a_change_is_not_written() {
        let mut output = Output::new();
        assert!(frame(&mut output, b"").is_empty());
        assert_eq!(output.written(), 0);
    }

    #[test]
    fn colours_go_and_attributes_stay() {
        use ratatui::layout::Rect;
        use ratatui::style::{Modifier, Style};
        let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 1));
        let style = Style::new().fg(Color::Red).bg(Color::Blue).add_modifier(Modifier::REVERSED | Modifier::BOLD);
        buffer.set_string(0, 0, "row", style);
        strip_colours(&mut buffer);
        for cell in &buffer.content {
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
            assert_eq!(cell.modifier, Modifier::REVERSED | Modifier::BOLD);
        }
    }
}

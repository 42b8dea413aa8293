//! Raw mode and the alternate screen as a guard with one restore function.

use std::io::Write;
use std::os::fd::AsFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use super::output::write_all;
use crate::error::{Code, Error, Result};
use crate::model::clean;

/// Alternate screen, cleared (some terminals have none), bracketed paste, reports of the focus, hidden cursor.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[2J\x1b[?2004h\x1b[?1004h\x1b[?25l";
/// The reverse, after ending a frame that may be open and resetting colours.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[0m\x1b[?1004l\x1b[?2004l\x1b[?25h\x1b[?1049l";
/// Saves the window's title; [`TITLE_POP`] brings it back.
const TITLE_PUSH: &[u8] = b"\x1b[22;2t";
const TITLE_POP: &[u8] = b"\x1b[23;2t";

/// What has to be undone; nothing when the terminal is as it was found.
static ENTERED: Mutex<Option<Entered>> = Mutex::new(None);
/// What is said after a panic, for example that a run goes on.
static FAREWELL: Mutex<String> = Mutex::new(String::new());

struct Entered {
    found: Termios,
    titled: bool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The terminal belongs to the console while this lives. Only one can be entered at a time.
#[derive(Debug)]
pub struct Guard {
    title: Option<String>,
}

impl Guard {
    /// Enters raw mode and the alternate screen. The title is set only where one is given.
    pub fn enter(title: Option<&str>) -> Result<Guard> {
        let guard = Guard { title: title.map(|title| clean(title).into_owned()) };
        guard.enter_again()?;
        Ok(guard)
    }

    /// Leaves until [`Guard::enter_again`], for a suspension.
    pub fn leave(&self) {
        restore();
    }

    /// Enters after [`Guard::leave`], or again after somebody else changed the terminal's modes.
    pub fn enter_again(&self) -> Result<()> {
        let mut entered = locked(&ENTERED);
        let (found, title) = match entered.take() {
            Some(entered) => (entered.found, None),
            None => (tcgetattr(std::io::stdin().as_fd()).map_err(no_terminal)?, self.title.as_ref()),
        };
        let mut raw = found.clone();
        raw.make_raw();
        *entered = Some(Entered { found, titled: self.title.is_some() });
        tcsetattr(std::io::stdin().as_fd(), OptionalActions::Now, &raw).map_err(no_terminal)?;
        let mut bytes = Vec::from(ENTER);
        if let Some(title) = title {
            bytes.extend_from_slice(TITLE_PUSH);
            bytes.extend_from_slice(format!("\x1b]2;{title}\x07").as_bytes());
        }
        write_all(&bytes)?;
        Ok(())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

fn no_terminal(errno: rustix::io::Errno) -> Error {
    Error::new(Code::NoTerminal, "the terminal cannot be switched to raw mode").source(std::io::Error::from(errno))
}

/// Gives the terminal back as it was found; does nothing when it already is. Errors are of no use here: the terminal
/// may be gone.
pub fn restore() {
    let Some(entered) = locked(&ENTERED).take() else { return };
    let mut bytes = Vec::from(LEAVE);
    if entered.titled {
        bytes.extend_from_slice(TITLE_POP);
    }
    let _ = write_all(&bytes);
    let _ = tcsetattr(std::io::stdin().as_fd(), OptionalActions::Now, &entered.found);
}

/// Sets what is printed after a panic, best the command that brings a run back on screen; empty for nothing.
pub fn set_farewell(text: &str) {
    text.clone_into(&mut locked(&FAREWELL));
}

/// On a panic of the console's own thread: the terminal is restored first, then the message and the farewell follow on
/// stderr. A panic of a background task reaches the console as that task's failure and must not write over a frame,
/// so nothing is printed while the terminal is entered; afterwards it goes to the hook that was there before.
pub fn install_panic_hook(console: ThreadId) {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() != console {
            if locked(&ENTERED).is_none() {
                before(panic);
            }
            return;
        }
        restore();
        let mut stderr = std::io::stderr();
        let _ =
            writeln!(stderr, "error: lakehand stopped on a fault of its own   [internal, exit 1]\n  why     {panic}");
        let farewell = locked(&FAREWELL);
        if !farewell.is_empty() {
            let _ = writeln!(stderr, "{farewell}");
        }
    }));
}

//! The terminal: everything that the console does to it, and how it is always given back as it was found.
//!
//! Invariants: whatever is switched on stands in one place (`guard`) and is switched off by one idempotent function,
//! from `Drop`, from the panic hook and from the watchdog of fatal signals. No query is ever sent to the terminal, so
//! nothing waits for an answer. Bytes go out in whole frames, through one counted writer.

mod clipboard;
mod guard;
mod input;
mod output;
mod paint;
mod probe;
mod signals;

pub use clipboard::{CLIPBOARD_LIMIT, clipboard_sequence};
pub use guard::{Guard, install_panic_hook, restore, set_farewell};
pub use input::{Input, InputStream};
pub use output::{Output, Synchronized, strip_colours};
pub use paint::Painter;
pub use probe::{Glyphs, Multiplexer, Probe, ProbeFlags};
pub use signals::{Signal, can_suspend, is_in_foreground, signals, stop_process_group};

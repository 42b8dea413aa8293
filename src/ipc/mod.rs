//! What passes between a worker and its views over the socket, what a worker is ordered to do, and where both find
//! each other.
//!
//! Decisions:
//! - One JSON document a line, of bounded length. Damaged input is an error, never a panic.
//! - The socket is found by the run's id in a directory that only its user can enter; beside it nothing is shared.
//! - A worker leaves two notes in the user's state directory: that it lives (who, since when), and how it ended.
//!   They are for the user's own console; the truth about a run is in the lake.

mod lines;
mod message;
mod note;
mod place;
mod process;

pub use crate::model::{Decision, Scope};
pub use lines::{Lines, MAXIMUM_LINE, encode, send};
pub use message::{Hello, Order, Reply, Request};
pub use note::{Launch, LiveNote, Report, read_note, write_note};
pub use place::{KEEP_NOTES, RunPlaces, private_directory};
pub use process::ProcessId;

//! Data files by their content: what they are, what a footer says, how Parquet files are merged without changing what
//! they hold, and how that is proved.
//!
//! Decisions that bind everything here:
//! - Copies are physical: typed values with definition and repetition levels, schema as it stands. No Arrow.
//! - A file is only believed after its length was checked against the listing; every number in it is checked against
//!   that length before anything is allocated by it.
//! - Decoding runs on blocking threads behind a guard: whatever a hostile file does to the decoder, it ends as
//!   `damaged_file`, never as a panic.
//! - Memory is drawn from one [`MemoryPool`] before it is used.

mod budget;
mod column;
mod copy;
mod delta;
mod digest;
mod driver;
mod encode;
mod expected;
mod facts;
mod footer;
mod group;
mod guard;
mod held;
mod locate;
mod memory;
mod merge;
mod output;
mod page_writer;
mod pages;
mod parallel;
mod properties;
mod sniff;
mod source;
#[cfg(test)]
mod tests;
mod thrift;
mod verify;

use crate::error::{Code, Error};

pub use facts::{facts, group_key};
pub use guard::is_decoding;
pub use memory::{MemoryPool, Permit};
pub use merge::{Merge, Merged, merge};
pub use sniff::sniff;
pub use verify::verify;

/// Told how far reading is. Called from any thread, often: must be cheap.
pub trait Progress: Send + Sync {
    /// Bytes of sources (merge) or of the output (verify) that were read or worked through since the last call.
    fn bytes_read(&self, bytes: u64);

    /// Source files that were worked through since the last call.
    fn files_read(&self, files: u64);
}

/// A [`Progress`] that nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Progress for Unwatched {
    fn bytes_read(&self, _: u64) {}

    fn files_read(&self, _: u64) {}
}

/// The error of work that was cancelled.
fn interrupted() -> Error {
    Error::new(Code::Interrupted, "stopped on request")
}

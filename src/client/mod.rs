//! The console's and the commands' side of a run: start its worker, attach to it, steer it, list what runs here.
//!
//! Decisions:
//! - Nothing here waits without an end: a start ends with the run's id, the worker's error, or a time-out; attaching
//!   to a worker that has died ends with what its guard left, or an error that names `recover`.
//! - A connection is a view. Dropping it stops nothing.

mod attach;
mod local;
mod socket;
mod start;

pub use attach::{Attached, attach};
pub use local::{Life, LocalRun, ended_runs, local_runs};
pub use start::{start, start_program};

use crate::config::Paths;
use crate::ipc::RunPlaces;

/// The files of this user's runs.
pub(crate) fn places(paths: &Paths) -> RunPlaces {
    RunPlaces::new(&paths.state, &paths.runtime)
}

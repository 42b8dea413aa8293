//! The process that owns a run, and the guard that is its parent.
//!
//! Decisions:
//! - The first process is the guard. It makes a session of its own, starts the worker, passes its one report on to
//!   whoever started the run, and waits. A worker that ends without having said that it finished has died: the guard
//!   then recovers what that began. It holds no locks and opens no lake before.
//! - The worker is the only process that opens a lake for writing. Without its guard it goes on.
//! - Nothing that a view does or leaves undone can hold the run up: events go through a bounded queue, and a view that
//!   is too slow for them gets a snapshot instead, or is dropped.
//! - SIGTERM and SIGINT cancel safely; SIGHUP is ignored by both.
//! - Only this user is served: the directory is his alone, and the peer's user is checked besides.

mod act;
mod board;
mod context;
mod guard;
mod life;
mod listen;
mod log;
mod serve;

use std::path::Path;

use crate::config::{Paths, Settings};
use crate::error::{Code, Error, Exit, Result};
use crate::ipc::{Launch, read_note};

type WorkerLaunch = Launch<Settings, Paths>;

/// Runs this process as a guard, or as the worker itself (`inner`), by an order file. Called before any runtime is
/// there, and ends the process's work: what it gives is the exit code.
pub fn main(order: &Path, inner: bool) -> Exit {
    let ended = if inner { life::main(order) } else { guard::main(order) };
    ended.unwrap_or_else(|error| {
        log::failed(&error);
        error.exit()
    })
}

/// Reads an order file.
fn read_launch(order: &Path) -> Result<WorkerLaunch> {
    let missing = || Error::new(Code::WorkerStart, format!("there is no order {}", order.display()));
    let launch = read_note::<WorkerLaunch>(order)?.ok_or_else(missing)?;
    if launch.format != WorkerLaunch::FORMAT {
        let why = format!("its format is {:?}, this program reads {:?}", launch.format, WorkerLaunch::FORMAT);
        return Err(Error::new(Code::WorkerStart, format!("the order {} cannot be read", order.display())).why(why));
    }
    Ok(launch)
}

/// The runtime of a process here.
fn runtime(threads: usize) -> Result<tokio::runtime::Runtime> {
    let built = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    built.map_err(|error| Error::from(error).context("start the runtime"))
}

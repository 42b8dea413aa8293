//! `worker --order FILE`: what this program starts by itself; nothing for a person.

use std::path::PathBuf;

use clap::Args;

use crate::error::Exit;

/// Carry out an order; started by lakehand itself.
#[derive(Debug, Args)]
pub struct Worker {
    #[arg(long)]
    order: PathBuf,
    /// This process is the worker itself, not its guard
    #[arg(long)]
    inner: bool,
}

impl Worker {
    /// Becomes the guard, or the worker that it starts.
    pub fn carry_out(self) -> Exit {
        crate::worker::main(&self.order, self.inner)
    }
}

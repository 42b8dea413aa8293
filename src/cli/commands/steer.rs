//! `pause|resume|cancel RUN`.

use clap::Args;

use crate::action;
use crate::cli::session::Session;
use crate::error::{Exit, Result};
use crate::ipc::Request;

/// Let a run finish the steps in hand and hold. Undone by resume.
#[derive(Debug, Args)]
pub struct Pause {
    /// Run id or a unique part of it; see: lakehand jobs
    run: String,
}

/// Let a paused run go on.
#[derive(Debug, Args)]
pub struct Resume {
    /// Run id or a unique part of it; see: lakehand jobs
    run: String,
}

/// Stop a run safely: at once before a target's exchange, after it inside. What is done stays done.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lakehand cancel p2c\n  lakehand rollback p2c        takes back what it did")]
pub struct Cancel {
    /// Run id or a unique part of it; see: lakehand jobs
    run: String,
}

impl Pause {
    /// Asks for it.
    pub fn carry_out(self, session: &Session) -> Result<Exit> {
        steer(session, &self.run, Request::Pause, "holds after the steps in hand")
    }
}

impl Resume {
    /// Asks for it.
    pub fn carry_out(self, session: &Session) -> Result<Exit> {
        steer(session, &self.run, Request::Resume, "goes on")
    }
}

impl Cancel {
    /// Asks for it.
    pub fn carry_out(self, session: &Session) -> Result<Exit> {
        steer(session, &self.run, Request::Cancel, "stops safely")
    }
}

fn steer(session: &Session, run: &str, request: Request, what: &str) -> Result<Exit> {
    session.block_on(async {
        let run = action::resolve_local_run(&session.edge.paths, run).await?;
        action::steer(&session.edge.paths, &run, request).await?;
        session.output.say(&format!("run {run} {what}"));
        Ok(Exit::Done)
    })
}

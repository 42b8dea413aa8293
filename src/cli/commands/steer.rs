//! `pause|resume|cancel RUN`, `limit RUN SPEED`, `until RUN TIME`.

use chrono::Utc;
use clap::Args;

use crate::action;
use crate::cli::session::Session;
use crate::error::{Exit, Result};
use crate::ipc::Request;
use crate::model::{deadline_in_words, limit_in_words, parse_rate, parse_until};

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

/// Let a run read and write no more than so many bytes a second, from now on. It goes on with its steps.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakehand limit p2c 50MB/s
  lakehand limit p2c off
What counts are the contents of data files, read, written and read back to verify; a bare number is MiB a second.
Exchanges are not held up. From the start: lakehand compact --limit 50MB/s")]
pub struct Limit {
    /// Run id or a unique part of it; see: lakehand jobs
    run: String,
    /// As 50MB/s or 200MiB/s; off takes the limit away
    #[arg(value_name = "SPEED")]
    speed: String,
}

/// Let a run begin no target after a time. Those in hand are ended; the others stay as they are, and can be run later.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakehand until p2c 05:30        the next 05:30, UTC
  lakehand until p2c 2h           two hours from now
  lakehand until p2c off
  lakehand compact --plan p2c     runs what it did not begin
From the start: lakehand compact --until 05:30")]
pub struct Until {
    /// Run id or a unique part of it; see: lakehand jobs
    run: String,
    /// As 05:30 (UTC), 2026-11-22T05:30 or 2h; off takes the limit away
    #[arg(value_name = "TIME")]
    time: String,
}

impl Limit {
    /// Asks for it.
    pub fn carry_out(self, session: &Session) -> Result<Exit> {
        let bytes_per_second = parse_rate(&self.speed)?;
        steer(session, &self.run, Request::Limit { bytes_per_second }, &limit_in_words(bytes_per_second))
    }
}

impl Until {
    /// Asks for it.
    pub fn carry_out(self, session: &Session) -> Result<Exit> {
        let now = Utc::now();
        let at = parse_until(&self.time, now)?;
        steer(session, &self.run, Request::Until { at }, &deadline_in_words(at, now))
    }
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

//! `attach [RUN]`: watch a run that works.

use clap::Args;

use crate::action;
use crate::cli::report;
use crate::cli::session::Session;
use crate::client::{self, Life};
use crate::error::{Code, Error, Exit, Result};
use crate::model::RunId;

/// Watch a run that works; Ctrl-C asks whether to leave or to stop it. Changes nothing by itself.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakehand attach              the only run that works
  lakehand attach p2c
Exit: as the run's own when it ends while it is watched")]
pub struct Attach {
    /// Run id or a unique part of it; see: lakehand jobs
    run: Option<String>,
}

impl Attach {
    /// Watches it.
    pub fn carry_out(self, session: &Session) -> Result<Exit> {
        session.block_on(async {
            let run = match &self.run {
                Some(text) => action::resolve_local_run(&session.edge.paths, text).await?,
                None => only_run(session).await?,
            };
            report::attached(session, &run).await
        })
    }
}

async fn only_run(session: &Session) -> Result<RunId> {
    let runs = client::local_runs(&session.edge.paths).await?;
    let mut live = runs.into_iter().filter(|run| run.life != Life::Ended).map(|run| run.snapshot.run);
    match (live.next(), live.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(Error::new(Code::RunNotFound, "no run of yours works on this host").next("lakehand history")),
        (Some(_), Some(_)) => Err(Error::new(Code::RunAmbiguous, "several runs work").next("lakehand jobs")),
    }
}

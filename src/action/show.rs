//! One run in full: its targets, what its worker wrote, what readers should refresh.

use chrono::Utc;

use super::{RunDetail, Session, refresh_statements};
use crate::client::local_runs;
use crate::error::Result;
use crate::ledger::run_detail;
use crate::model::{LogLine, RunId, RunSnapshot};

/// A run.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownRun {
    /// What the lake knows.
    pub detail: RunDetail,
    /// What its worker said last, where it ran on this host.
    pub snapshot: Option<RunSnapshot>,
    /// The statements by which readers refresh what they cached.
    pub refresh: Vec<String>,
}

impl ShownRun {
    /// The last lines of its log, oldest first.
    pub fn log(&self) -> &[LogLine] {
        self.snapshot.as_ref().map(|snapshot| snapshot.log.as_slice()).unwrap_or_default()
    }
}

/// Looks at one run.
pub async fn show_run(session: &Session, run: &RunId) -> Result<ShownRun> {
    let detail = run_detail(&session.ledger(), run, Utc::now()).await?;
    let lake = session.lake();
    let local = local_runs(&session.paths).await.unwrap_or_default().into_iter().map(|local| local.snapshot);
    let snapshot = local.into_iter().find(|snapshot| snapshot.run == *run && snapshot.lake == lake);
    let refresh = refresh_statements(session, &detail.outcomes);
    Ok(ShownRun { detail, snapshot, refresh })
}

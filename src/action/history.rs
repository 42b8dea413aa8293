//! History: every run of the lake, with what the runs of this host tell of themselves.

use chrono::Utc;

use super::Session;
use crate::client::{Life, LocalRun, local_runs};
use crate::error::Result;
use crate::ledger::list_runs;
use crate::model::{RunSnapshot, RunSummary, TargetId};

/// Every run of the lake, the newest first.
pub async fn history(session: &Session) -> Result<Vec<RunSummary>> {
    let mut runs = list_runs(&session.ledger(), Utc::now()).await?;
    let lake = session.lake();
    // What is known here only adds to what the lake holds; without it the list is still right.
    for local in local_runs(&session.paths).await.unwrap_or_default() {
        if local.snapshot.lake != lake || local.life == Life::Ended {
            continue;
        }
        match runs.iter_mut().find(|run| run.run == local.snapshot.run) {
            Some(run) => merge(run, &local),
            None => runs.push(summary(&local.snapshot)),
        }
    }
    runs.sort_by(|one, other| (other.started, &other.run).cmp(&(one.started, &one.run)));
    Ok(runs)
}

/// The runs of this lake that this host knows of itself, the newest first: for when the lake cannot be asked.
pub async fn local_history(session: &Session) -> Result<Vec<RunSummary>> {
    let lake = session.lake();
    let local = local_runs(&session.paths).await?;
    Ok(local.iter().filter(|run| run.snapshot.lake == lake).map(|run| summary(&run.snapshot)).collect())
}

/// The index is written twice a minute at most; a worker that answers knows better.
fn merge(run: &mut RunSummary, local: &LocalRun) {
    if local.life == Life::Live {
        let newer = summary(&local.snapshot);
        run.state = newer.state;
        run.pid = newer.pid;
        if newer.targets > 0 {
            (run.targets, run.targets_done) = (newer.targets, newer.targets_done);
        }
    }
}

/// A run that has not reached the index yet.
fn summary(snapshot: &RunSnapshot) -> RunSummary {
    let [done, ..] = snapshot.counts();
    let ids = snapshot.targets.iter().map(|target| &target.outcome.id);
    let mut tables: Vec<String> = ids.map(TargetId::table_name).map(|name| name.to_string()).collect();
    tables.sort();
    tables.dedup();
    RunSummary {
        run: snapshot.run.clone(),
        kind: snapshot.kind,
        of: snapshot.of.clone(),
        started: snapshot.started,
        finished: snapshot.finished,
        state: snapshot.state,
        user: snapshot.user.clone(),
        host: snapshot.host.clone(),
        pid: Some(snapshot.pid),
        targets_done: done as u64,
        targets: snapshot.targets.len() as u64,
        tables,
        backup_files: 0,
        backup_bytes: crate::model::Size(0),
        can: Vec::new(),
        cannot: Vec::new(),
        by: Vec::new(),
        cleanup_from: None,
        trashed_bytes: crate::model::Size(0),
        sign: None,
    }
}

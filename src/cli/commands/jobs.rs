//! `jobs`: the runs of this user on this host.

use clap::Args;
use serde::Serialize;

use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::client::{self, Life, LocalRun};
use crate::error::{Exit, Result};
use crate::model::{RunId, RunKind, RunState};

/// List your runs on this host: those that work, and those that need you.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakehand jobs
  lakehand attach p2c          watch one; pause and cancel are there
Runs of other users and hosts: lakehand history")]
pub struct Jobs {
    /// Also those that have ended
    #[arg(long)]
    all: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    runs: Vec<Job<'a>>,
}

#[derive(Serialize)]
struct Job<'a> {
    run: &'a RunId,
    kind: RunKind,
    of: Option<&'a RunId>,
    state: RunState,
    worker: &'static str,
    started: chrono::DateTime<chrono::Utc>,
    finished: Option<chrono::DateTime<chrono::Utc>>,
    pid: u32,
    targets: usize,
    targets_done: usize,
    share: f32,
    left_ms: Option<u64>,
    limit_bytes_per_second: Option<u64>,
    until: Option<chrono::DateTime<chrono::Utc>>,
    watchers: usize,
}

impl Jobs {
    /// Prints them.
    pub fn carry_out(self, session: &Session) -> Result<Exit> {
        let runs = session.block_on(client::local_runs(&session.edge.paths))?;
        let runs: Vec<LocalRun> = runs.into_iter().filter(|run| self.all || run.life != Life::Ended).collect();
        let document = Document { format: "lakehand.jobs/1", runs: runs.iter().map(job).collect() };
        session.output.either(&document, || text(&session.output, &runs))?;
        Ok(Exit::Done)
    }
}

fn job(run: &LocalRun) -> Job<'_> {
    let snapshot = &run.snapshot;
    Job {
        run: &snapshot.run,
        kind: snapshot.kind,
        of: snapshot.of.as_ref(),
        state: snapshot.state,
        worker: life(run.life),
        started: snapshot.started,
        finished: snapshot.finished,
        pid: snapshot.pid,
        targets: snapshot.targets.len(),
        targets_done: snapshot.counts()[0],
        share: snapshot.rates.share,
        left_ms: snapshot.rates.left_ms,
        limit_bytes_per_second: snapshot.limits.bytes_per_second,
        until: snapshot.limits.until,
        watchers: snapshot.watchers,
    }
}

fn life(life: Life) -> &'static str {
    match life {
        Life::Live => "live",
        Life::Silent => "silent",
        Life::Guarded => "guarded",
        Life::Dead => "dead",
        Life::Ended => "ended",
    }
}

fn text(output: &Output, runs: &[LocalRun]) -> String {
    if runs.is_empty() {
        return "no run of yours works on this host; all of the lake: lakehand history".to_owned();
    }
    let mut table = Table::new(&["run", "kind", ">targets", ">done", "state", "worker", "started", "limits"]);
    for run in runs {
        let snapshot = &run.snapshot;
        table.row([
            snapshot.run.short(),
            snapshot.kind.word(),
            &format!("{}/{}", snapshot.counts()[0], snapshot.targets.len()),
            &if run.life == Life::Ended { String::new() } else { format!("{:.0} %", snapshot.rates.share * 100.0) },
            snapshot.state.word(),
            life(run.life),
            &snapshot.started.format("%m-%d %H:%M").to_string(),
            &if run.life == Life::Ended { String::new() } else { snapshot.limits.text(chrono::Utc::now()) },
        ]);
    }
    output.table(&table)
}

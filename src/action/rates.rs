//! How fast this host works, by its last runs.

use crate::client::ended_runs;
use crate::config::Paths;
use crate::model::{RunKind, RunSnapshot, RunState, RunTotals, Size, TargetOutcome, WorkRates};

/// Runs that are looked at.
const RUNS: usize = 5;

/// A run that read less tells more about the start of a process than about the disk.
const ENOUGH: Size = Size::mib(64);

/// The speeds of the last compactions of a lake on this host; the defaults when there were none.
pub fn work_rates(paths: &Paths, lake: &str) -> WorkRates {
    let usable = |run: &RunSnapshot| run.kind == RunKind::Compact && run.lake == lake && run.state == RunState::Done;
    let mut factors: Vec<f64> =
        ended_runs(paths).unwrap_or_default().iter().filter(|run| usable(run)).filter_map(factor).take(RUNS).collect();
    factors.sort_by(f64::total_cmp);
    let Some(factor) = factors.get(factors.len() / 2) else { return WorkRates::default() };
    let usual = WorkRates::default();
    WorkRates {
        files_per_second: usual.files_per_second / factor,
        bytes_per_second: usual.bytes_per_second / factor,
        verify_per_second: usual.verify_per_second / factor,
        measured: true,
    }
}

/// How much longer a run took than the defaults say.
fn factor(run: &RunSnapshot) -> Option<f64> {
    let outcomes: Vec<TargetOutcome> = run.targets.iter().map(|target| target.outcome.clone()).collect();
    let totals = RunTotals::of(run.kind, &outcomes);
    let took = (run.finished? - run.started).to_std().ok()?.as_secs_f64();
    let usual = WorkRates::default().estimate(totals.files_before, totals.bytes_before).0.as_secs_f64();
    (totals.bytes_before >= ENOUGH && usual > 0.0 && took > 0.0).then(|| (took / usual).clamp(0.01, 100.0))
}
